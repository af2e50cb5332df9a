"""OpenPose in the small: part affinity fields and heat maps, refined in stages.

Cao et al., "Realtime Multi-Person 2D Pose Estimation using Part Affinity Fields", CVPR 2017, on an
EfficientNet-Lite0 pyramid instead of VGG-19 and at stride 4 instead of 8.
"""

from typing import Final

import torch
from torch import Tensor, nn

from fittingroom.skeleton import JOINT_COUNT, LIMBS
from fittingroom.training.networks.efficientnet import (
    PYRAMID_CHANNELS,
    EfficientNetLite0,
    conv_norm_relu,
    upsample,
)

FIELD_CHANNELS: Final = 2 * len(LIMBS)
HEAT_CHANNELS: Final = JOINT_COUNT + 1
BACKBONE_DEPTH: Final = 13
"""Two blocks short of the whole: 1.9 MB less in half precision."""

WIDTHS: Final = (64, 96, 128, 128)
"""Channels of the top-down features at strides 4, 8, 16 and 32."""


class PoseStage(nn.Module):
    """One stage: a shared trunk, then one head for the fields and one for the heat maps."""

    def __init__(self, inputs: int, width: int, depth: int) -> None:
        super().__init__()
        layers = [conv_norm_relu(inputs, width, 3)]
        layers += [conv_norm_relu(width, width, 3) for _ in range(depth - 1)]
        self.trunk = nn.Sequential(*layers)
        self.fields = nn.Conv2d(width, FIELD_CHANNELS, 1)
        self.heat = nn.Conv2d(width, HEAT_CHANNELS, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return fields (n, 38, h, w) and heat maps (n, 19, h, w)."""
        y = self.trunk(x)
        return self.fields(y), self.heat(y)


class PoseNetwork(nn.Module):
    """RGB 0..255 (n, 3, h, w) to fields and heat maps at stride 4, one pair for each stage."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = EfficientNetLite0(BACKBONE_DEPTH)
        self.lateral = nn.ModuleList(
            conv_norm_relu(inputs, width, 1)
            for inputs, width in zip(PYRAMID_CHANNELS, WIDTHS, strict=True)
        )
        self.merge = nn.ModuleList(
            conv_norm_relu(WIDTHS[level + 1] + WIDTHS[level], WIDTHS[level], 3 if level else 1)
            for level in range(3)
        )
        self.first = PoseStage(WIDTHS[0], 64, 2)
        self.second = PoseStage(WIDTHS[0] + FIELD_CHANNELS + HEAT_CHANNELS, 64, 4)

    def features(self, x: Tensor) -> Tensor:
        """Top-down features (n, 64, h / 4, w / 4)."""
        levels = [
            lateral(level) for lateral, level in zip(self.lateral, self.backbone(x), strict=True)
        ]
        y = levels[3]
        for index in (2, 1, 0):
            y = self.merge[index](torch.cat([upsample(y, levels[index]), levels[index]], 1))
        return y

    def forward(self, x: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Return (fields, heat) of each stage; the last pair is the result."""
        features = self.features(x)
        first = self.first(features)
        second = self.second(torch.cat([features, *first], 1))
        return [first, second]
