"""A garment's product photo seen at once: cut-out, landmarks, visibility, category and sleeve.

An EfficientNet-Lite0 pyramid without its last blocks and a light top-down decoder. What is where
comes from maps at stride 4; what the whole garment is comes from the coarsest features.
"""

from typing import Final, NamedTuple

import torch
from torch import Tensor, nn

from fittingroom.stages.garment import CATEGORIES, SLEEVES
from fittingroom.training.garment.targets import CLASS_COUNT, POINT_COUNT
from fittingroom.training.networks.efficientnet import (
    PYRAMID_CHANNELS,
    EfficientNetLite0,
    conv_norm_relu,
    upsample,
)

BACKBONE_DEPTH: Final = 13
WIDTHS: Final = (48, 72, 96, 112)
"""Channels of the top-down features at strides 4, 8, 16 and 32."""

SHARPNESS: Final = 12.0
"""How strongly a heat map is trusted when visibility is read at its peak."""


class GarmentOutput(NamedTuple):
    """What the network says of (n, 3, h, w) pictures.

    classes: (n, 3, h / 4, w / 4) logits by `GarmentClass`. heat: (n, L, h / 4, w / 4), 1 on a
    landmark. visible: (n, L), category: (n, 3) and sleeve: (n, 4) logits.
    """

    classes: Tensor
    heat: Tensor
    visible: Tensor
    category: Tensor
    sleeve: Tensor


class GarmentNetwork(nn.Module):
    """RGB 0..255 (n, 3, h, w), sides multiples of 32, to `GarmentOutput`."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = EfficientNetLite0(BACKBONE_DEPTH)
        self.lateral = nn.ModuleList(
            conv_norm_relu(inputs, width, 1)
            for inputs, width in zip(PYRAMID_CHANNELS, WIDTHS, strict=True)
        )
        self.context = nn.Sequential(
            conv_norm_relu(2 * WIDTHS[3], WIDTHS[3], 1), conv_norm_relu(WIDTHS[3], WIDTHS[3], 3)
        )
        self.merge = nn.ModuleList(
            conv_norm_relu(WIDTHS[level + 1] + WIDTHS[level], WIDTHS[level], 3)
            for level in range(3)
        )
        self.cut = nn.Sequential(conv_norm_relu(WIDTHS[0], 48, 3), nn.Conv2d(48, CLASS_COUNT, 1))
        self.points = nn.Sequential(
            conv_norm_relu(WIDTHS[0], 64, 3), nn.Conv2d(64, 2 * POINT_COUNT, 1)
        )
        self.whole = nn.Sequential(nn.Linear(2 * WIDTHS[3], 96), nn.ReLU())
        self.visible = nn.Linear(96, POINT_COUNT)
        self.category = nn.Linear(96, len(CATEGORIES))
        self.sleeve = nn.Linear(96, len(SLEEVES))

    def forward(self, x: Tensor) -> GarmentOutput:
        """Return maps at stride 4 and what is said of the whole picture."""
        levels = [
            lateral(level) for lateral, level in zip(self.lateral, self.backbone(x), strict=True)
        ]
        coarse = levels[3]
        overall = coarse.mean((2, 3), keepdim=True).expand_as(coarse)
        y = self.context(torch.cat([coarse, overall], 1))
        whole = self.whole(torch.cat([y.mean((2, 3)), y.amax((2, 3))], 1))
        for index in (2, 1, 0):
            y = self.merge[index](torch.cat([upsample(y, levels[index]), levels[index]], 1))
        heat, seen = self.points(y).split(POINT_COUNT, 1)
        attention = (SHARPNESS * heat.detach().flatten(2)).softmax(2)
        visible = self.visible(whole) + (attention * seen.flatten(2)).sum(2)
        return GarmentOutput(self.cut(y), heat, visible, self.category(whole), self.sleeve(whole))
