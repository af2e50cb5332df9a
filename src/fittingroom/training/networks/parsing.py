"""SCHP in the small: parsing, edge and fusion branches on an EfficientNet-Lite0 pyramid.

Li et al., "Self-Correction for Human Parsing", TPAMI 2020 (its network is CE2P, Ruan et al., AAAI
2019). The decoder steps down through strides 32, 16, 8 and 4 instead of jumping from 16 to 4.
"""

from typing import Final, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fittingroom.labels import CLASS_COUNT
from fittingroom.stages.parsing import MAP_COUNT
from fittingroom.training.networks.efficientnet import (
    PYRAMID_CHANNELS,
    EfficientNetLite0,
    conv_norm_relu,
    upsample,
)

POOL_BINS: Final = (1, 2, 3, 6)
FEATURES: Final = 64
EDGE_FEATURES: Final = 32


class ParsingOutput(NamedTuple):
    """Logits at stride 4: parsing and fusion (n, 23, h, w), edge (n, 2, h, w).

    presence (n, 23): logits of whether the picture shows a class at all. The fusion has them
    taken into account.
    """

    parsing: Tensor
    edge: Tensor
    fusion: Tensor
    presence: Tensor


def _pool_matrix(side: int, bins: int) -> Tensor:
    """Rows average the cells of each bin, as adaptive pooling does; (bins, side)."""
    matrix = np.zeros((bins, side), np.float32)
    for row in range(bins):
        low, high = row * side // bins, -(-(row + 1) * side // bins)
        matrix[row, low:high] = 1 / (high - low)
    return torch.from_numpy(matrix)  # built by numpy, so that export sees a constant


class ContextEncoding(nn.Module):
    """Pyramid pooling: averages over 1, 2, 3 and 6 bins beside the features themselves.

    Adaptive pooling is written as two matrix products, since ONNX has no operator for bins that
    do not divide the side.
    """

    def __init__(self, inputs: int, width: int, outputs: int) -> None:
        super().__init__()
        self.stages = nn.ModuleList(nn.Conv2d(inputs, width, 1) for _ in POOL_BINS)
        self.bottleneck = conv_norm_relu(inputs + width * len(POOL_BINS), outputs, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, inputs, h, w) to (n, outputs, h, w)."""
        pooled = []
        for bins, stage in zip(POOL_BINS, self.stages, strict=True):
            rows = _pool_matrix(int(x.shape[2]), bins).to(x)
            columns = _pool_matrix(int(x.shape[3]), bins).to(x)
            pooled.append(upsample(torch.relu(stage(rows @ x @ columns.T)), x))
        return self.bottleneck(torch.cat([*pooled, x], 1))


class EdgeBranch(nn.Module):
    """Edge logits from the levels at strides 4, 8 and 16, and the features they came from."""

    def __init__(self) -> None:
        super().__init__()
        self.reduce = nn.ModuleList(
            conv_norm_relu(inputs, EDGE_FEATURES, 1) for inputs in PYRAMID_CHANNELS[:3]
        )
        self.shared = nn.Conv2d(EDGE_FEATURES, 2, 3, padding=1)
        self.join = nn.Conv2d(6, 2, 1)

    def forward(self, levels: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Return edge logits (n, 2, h, w) and features (n, 96, h, w) at stride 4."""
        features = [reduce(level) for reduce, level in zip(self.reduce, levels[:3], strict=True)]
        edges = [upsample(self.shared(feature), levels[0]) for feature in features]
        features = [upsample(feature, levels[0]) for feature in features]
        return self.join(torch.cat(edges, 1)), torch.cat(features, 1)


class JointEncoding(nn.Module):
    """What the joints say, added to the decoder at strides 16 and 8.

    The last convolution of each level starts at zero, so that a network trained without joints
    begins where it stood.
    """

    def __init__(self) -> None:
        super().__init__()
        self.maps = nn.Sequential(
            conv_norm_relu(MAP_COUNT, 48, 3),
            conv_norm_relu(48, 48, 3),
        )
        self.coarse = conv_norm_relu(48, 64, 3)
        self.to16 = nn.Conv2d(64, 128, 1)
        self.to8 = nn.Conv2d(48, 96, 1)
        for last in (self.to16, self.to8):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    def forward(self, maps: Tensor) -> tuple[Tensor, Tensor]:
        """Map (n, 26, h/8, w/8) to (n, 128, h/16, w/16) and (n, 96, h/8, w/8)."""
        fine = self.maps(maps)
        coarse = self.coarse(F.avg_pool2d(fine, 2))
        return self.to16(coarse), self.to8(fine)


class PresenceBranch(nn.Module):
    """Which classes a picture shows: each one's score, averaged where its attention lies.

    A network that decides pixel by pixel mixes dress, skirt and trousers within one garment; what
    is worn is better decided once for the whole picture (as in Zhang et al., "Context Encoding for
    Semantic Segmentation", CVPR 2018).
    """

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.reduce = conv_norm_relu(inputs, width, 1)
        self.score = nn.Conv2d(width, CLASS_COUNT, 1)
        self.attention = nn.Conv2d(width, CLASS_COUNT, 1)
        # Everything is there at first, so that an older network begins where it stood.
        nn.init.zeros_(self.score.weight)
        nn.init.constant_(self.score.bias, 3.0)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, inputs, h, w) to logits (n, 23)."""
        y = self.reduce(x)
        attention = self.attention(y).flatten(2).softmax(2)
        return (self.score(y).flatten(2) * attention).sum(2)


def gated(logits: Tensor, presence: Tensor) -> Tensor:
    """Add log sigmoid(presence) to the logits (n, 23, h, w) of every class but the background."""
    gate = F.logsigmoid(presence)
    return logits + torch.cat([torch.zeros_like(gate[:, :1]), gate[:, 1:]], 1)[:, :, None, None]


def _joined(coarse: Tensor, level: Tensor) -> Tensor:
    return torch.cat([upsample(coarse, level), level], 1)


class ParsingNetwork(nn.Module):
    """RGB 0..255 (n, 3, h, w) and joint maps to `ParsingOutput`; fusion is the result."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = EfficientNetLite0()
        self.context = ContextEncoding(PYRAMID_CHANNELS[3], 48, 128)
        self.decode16 = conv_norm_relu(128 + PYRAMID_CHANNELS[2], 128, 3)
        self.decode8 = conv_norm_relu(128 + PYRAMID_CHANNELS[1], 96, 3)
        self.decode4 = conv_norm_relu(96 + PYRAMID_CHANNELS[0], FEATURES, 3)
        self.joints = JointEncoding()
        self.parsing = nn.Conv2d(FEATURES, CLASS_COUNT, 1)
        self.edge = EdgeBranch()
        self.fuse = conv_norm_relu(FEATURES + 3 * EDGE_FEATURES, 96, 1)
        self.dropout = nn.Dropout2d(0.1)
        self.fusion = nn.Conv2d(96, CLASS_COUNT, 1)
        self.presence = PresenceBranch(128, 128)

    def forward(self, x: Tensor, maps: Tensor) -> ParsingOutput:
        """Return logits at stride 4. maps: (n, 26, h/8, w/8), see `stages.parsing.joint_maps`."""
        levels = self.backbone(x)
        joints16, joints8 = self.joints(maps)
        y = self.context(levels[3])
        y = self.decode16(_joined(y, levels[2])) + joints16
        presence = self.presence(y)
        y = self.decode8(_joined(y, levels[1])) + joints8
        y = self.decode4(_joined(y, levels[0]))
        edge, edge_features = self.edge(levels)
        fused = self.dropout(self.fuse(torch.cat([y, edge_features], 1)))
        fusion = gated(self.fusion(fused), presence)
        return ParsingOutput(self.parsing(y), edge, fusion, presence)
