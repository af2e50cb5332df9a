"""SCHP as published: ResNet-101, context, decoder, edge branch and fusion.

Li et al., "Self-Correction for Human Parsing", TPAMI 2020; the network is CE2P (Ruan et al., AAAI
2019) on a dilated ResNet (He et al., CVPR 2016) with the deep stem of the CSAIL release. For the
project's own parser, which is SCHP in the small, see `parsing.py`.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fittingroom.training.networks.official_state import load_official_state, official_shapes

WIDTH: Final = 64
DEPTHS: Final = (3, 4, 23, 3)
"""Bottlenecks of each level: ResNet-101."""

POOL_BINS: Final = (1, 2, 3, 6)
EXPANSION: Final = 4
HEAD_SLOPE: Final = 0.01
"""Slope of the leaky ReLU after every norm of the heads; the backbone has ordinary ReLUs."""

EPS: Final = 1e-5
MOMENTUM: Final = 0.1
DROPOUT: Final = 0.1


class SchpOutput(NamedTuple):
    """Logits at stride 4: parsing and fusion (n, classes, h, w), edge (n, 2, h, w).

    The fusion is the result.
    """

    parsing: Tensor
    edge: Tensor
    fusion: Tensor


class AbsoluteNorm(nn.Module):
    """Batch norm that scales by |weight| + eps, as in-place activated batch norm does.

    Rota Bulò et al., "In-Place Activated BatchNorm for Memory-Optimized Training of DNNs", CVPR
    2018. absolute: False scales by the weight itself, which is what most ports do; it gives other
    numbers wherever a stored weight is negative.
    """

    def __init__(self, channels: int, absolute: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))
        self.absolute = absolute
        self.momentum = MOMENTUM

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (n, channels, h, w); in training by the batch, with unbiased running_var."""
        scale = self.weight.abs() + EPS if self.absolute else self.weight
        return F.batch_norm(
            x,
            self.running_mean,
            self.running_var,
            scale,
            self.bias,
            self.training,
            self.momentum,
            EPS,
        )


class ConvNorm(nn.Module):
    """Convolution without bias, norm, then leaky ReLU of `slope`: 0 a plain one, 1 none at all."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 1,
        *,
        stride: int = 1,
        dilation: int = 1,
        slope: float = HEAD_SLOPE,
    ) -> None:
        super().__init__()
        padding = dilation * (kernel // 2)
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, bias=False)
        self.norm = AbsoluteNorm(outputs)
        self.slope = slope

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, inputs, h, w) to (n, outputs, h / stride, w / stride), sides rounded up."""
        y = self.norm(self.conv(x))
        return y if self.slope == 1 else F.leaky_relu(y, self.slope)


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 with a shortcut; the stride and the dilation are the 3x3's."""

    def __init__(
        self, inputs: int, width: int, stride: int = 1, dilation: int = 1, *, first: bool = False
    ) -> None:
        super().__init__()
        outputs = EXPANSION * width
        self.reduce = ConvNorm(inputs, width, slope=0)
        self.middle = ConvNorm(width, width, 3, stride=stride, dilation=dilation, slope=0)
        self.expand = ConvNorm(width, outputs, slope=1)
        self.shortcut = ConvNorm(inputs, outputs, stride=stride, slope=1) if first else None

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, inputs, h, w) to (n, 4 width, h / stride, w / stride)."""
        y = self.expand(self.middle(self.reduce(x)))
        return torch.relu(y + (x if self.shortcut is None else self.shortcut(x)))


def _level(inputs: int, width: int, depth: int, stride: int, dilation: int) -> nn.Sequential:
    later = (Bottleneck(EXPANSION * width, width, 1, dilation) for _ in range(depth - 1))
    return nn.Sequential(Bottleneck(inputs, width, stride, dilation, first=True), *later)


class Backbone(nn.Module):
    """ResNet with a stem of three convolutions; the last level dilates instead of striding."""

    def __init__(self, width: int, depths: tuple[int, int, int, int]) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            ConvNorm(3, width, 3, stride=2, slope=0),
            ConvNorm(width, width, 3, slope=0),
            ConvNorm(width, 2 * width, 3, slope=0),
        )
        self.levels = nn.ModuleList(
            [
                _level(2 * width, width, depths[0], 1, 1),
                _level(4 * width, 2 * width, depths[1], 2, 1),
                _level(8 * width, 4 * width, depths[2], 2, 1),
                _level(16 * width, 8 * width, depths[3], 1, 2),
            ]
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return the levels at strides 4, 8, 16 and 16: 4, 8, 16 and 32 times `width` channels."""
        y = F.max_pool2d(self.stem(x), 3, 2, 1)
        levels = []
        for level in self.levels:
            y = level(y)
            levels.append(y)
        return levels


def upsampled(x: Tensor, like: Tensor) -> Tensor:
    """Bilinear to the height and width of `like`, corners on corners."""
    return F.interpolate(x, like.shape[2:], mode="bilinear", align_corners=True)


def averages(side: int, bins: int) -> Tensor:
    """Matrix (bins, side) whose rows average the cells of each bin, as adaptive pooling does."""
    matrix = np.zeros((bins, side), np.float32)
    for row in range(bins):
        low, high = row * side // bins, -(-(row + 1) * side // bins)
        matrix[row, low:high] = 1 / (high - low)
    return torch.from_numpy(matrix)  # built by numpy, so that export sees a constant


def pooled(x: Tensor, bins: int) -> Tensor:
    """Adaptive average pooling (n, c, h, w) to (n, c, bins, bins).

    Two matrix products, since ONNX has no operator for bins that do not divide the side.
    """
    rows, columns = (averages(int(side), bins).to(x) for side in x.shape[2:])
    return rows @ x @ columns.T


class Context(nn.Module):
    """Pyramid pooling: averages over 1, 2, 3 and 6 bins before the features themselves."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.pools = nn.ModuleList(ConvNorm(inputs, outputs) for _ in POOL_BINS)
        self.join = ConvNorm(inputs + outputs * len(POOL_BINS), outputs, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, inputs, h, w) to (n, outputs, h, w)."""
        coarse = [
            upsampled(pool(pooled(x, bins)), x)
            for bins, pool in zip(POOL_BINS, self.pools, strict=True)
        ]
        return self.join(torch.cat([*coarse, x], 1))


class Decoder(nn.Module):
    """The context at stride 4, joined with a little of the first level."""

    def __init__(self, context: int, detail: int, width: int, classes: int) -> None:
        super().__init__()
        narrow = detail * 3 // 16
        self.context = ConvNorm(context, width)
        self.detail = ConvNorm(detail, narrow)
        self.join = ConvNorm(width + narrow, width)
        self.refine = ConvNorm(width, width)
        self.parsing = nn.Conv2d(width, classes, 1)

    def forward(self, context: Tensor, level: Tensor) -> tuple[Tensor, Tensor]:
        """Return parsing logits (n, classes, h, w) and features (n, width, h, w) at stride 4."""
        coarse = upsampled(self.context(context), level)
        features = self.refine(self.join(torch.cat([coarse, self.detail(level)], 1)))
        return self.parsing(features), features


class EdgeBranch(nn.Module):
    """Edge logits from the levels at strides 4, 8 and 16, and the features they came from."""

    def __init__(self, inputs: tuple[int, int, int], width: int) -> None:
        super().__init__()
        self.reduce = nn.ModuleList(ConvNorm(channels, width) for channels in inputs)
        self.shared = nn.Conv2d(width, 2, 3, padding=1)
        self.join = nn.Conv2d(2 * len(inputs), 2, 1)

    def forward(self, levels: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Return edge logits (n, 2, h, w) and features (n, 3 width, h, w) at stride 4."""
        features = [reduce(level) for reduce, level in zip(self.reduce, levels, strict=True)]
        edges = [self.shared(feature) for feature in features]
        joined = self.join(_stacked(edges))
        return joined, _stacked(features)


def _stacked(maps: list[Tensor]) -> Tensor:
    return torch.cat([maps[0], *(upsampled(coarse, maps[0]) for coarse in maps[1:])], 1)


class SchpNetwork(nn.Module):
    """Normalised B, G, R (n, 3, h, w) to `SchpOutput`; see `stages.schp` for both ends.

    classes: 20 for LIP, 18 for ATR, 7 for Pascal-Person-Part. width: channels of the stem, of
    which all others are multiples. absolute: see `AbsoluteNorm`.
    """

    def __init__(
        self,
        classes: int,
        width: int = WIDTH,
        depths: tuple[int, int, int, int] = DEPTHS,
        *,
        absolute: bool = True,
    ) -> None:
        super().__init__()
        head = 4 * width
        self._names = _official_names(depths)
        self.backbone = Backbone(width, depths)
        self.context = Context(32 * width, 8 * width)
        self.decoder = Decoder(8 * width, 4 * width, head, classes)
        self.edge = EdgeBranch((4 * width, 8 * width, 16 * width), head)
        self.fuse = ConvNorm(4 * head, head)
        self.dropout = nn.Dropout2d(DROPOUT)
        self.fusion = nn.Conv2d(head, classes, 1)
        self.scale_absolutely(absolute)

    def scale_absolutely(self, absolute: bool) -> None:
        """Choose for every norm whether it scales by |weight| + eps or by the weight."""
        for module in self.modules():
            if isinstance(module, AbsoluteNorm):
                module.absolute = absolute

    def forward(self, x: Tensor) -> SchpOutput:
        """Return logits at stride 4; sides of x: any, strides round up."""
        levels = self.backbone(x)
        parsing, features = self.decoder(self.context(levels[3]), levels[0])
        edge, edge_features = self.edge(levels[:3])
        fused = self.dropout(self.fuse(torch.cat([features, edge_features], 1)))
        return SchpOutput(parsing, edge, self.fusion(fused))

    def official_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each tensor by its key in the authors' file, without `module.`."""
        return official_shapes(self, self._names)

    def load_official(self, state: Mapping[str, Tensor]) -> None:
        """Load the `state_dict` entry of the authors' checkpoint, with or without `module.`.

        Raises `FittingRoomError` (bad_weights) that names missing, surplus and misshapen tensors;
        then nothing was changed.
        """
        title = f"SCHP with {self.fusion.out_channels} classes"
        load_official_state(self, self._names, _unwrapped(state), title)


def _unwrapped(state: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """Without the prefix that DataParallel puts before every key."""
    prefix = "module."
    if not all(str(key).startswith(prefix) for key in state):
        return state
    return {key.removeprefix(prefix): tensor for key, tensor in state.items()}


_HEAD_PAIRS: Final = {
    "context.pools.0": ("context_encoding.stages.0.1", "context_encoding.stages.0.2"),
    "context.pools.1": ("context_encoding.stages.1.1", "context_encoding.stages.1.2"),
    "context.pools.2": ("context_encoding.stages.2.1", "context_encoding.stages.2.2"),
    "context.pools.3": ("context_encoding.stages.3.1", "context_encoding.stages.3.2"),
    "context.join": ("context_encoding.bottleneck.0", "context_encoding.bottleneck.1"),
    "decoder.context": ("decoder.conv1.0", "decoder.conv1.1"),
    "decoder.detail": ("decoder.conv2.0", "decoder.conv2.1"),
    "decoder.join": ("decoder.conv3.0", "decoder.conv3.1"),
    "decoder.refine": ("decoder.conv3.2", "decoder.conv3.3"),
    "edge.reduce.0": ("edge.conv1.0", "edge.conv1.1"),
    "edge.reduce.1": ("edge.conv2.0", "edge.conv2.1"),
    "edge.reduce.2": ("edge.conv3.0", "edge.conv3.1"),
    "fuse": ("fushion.0", "fushion.1"),
}
"""Heads: each pair of convolution and norm, to the official names of the two."""

_STEM_PAIRS: Final = {f"backbone.stem.{i}": (f"conv{i + 1}", f"bn{i + 1}") for i in range(3)}
_BLOCK_PAIRS: Final = {
    "reduce": ("conv1", "bn1"),
    "middle": ("conv2", "bn2"),
    "expand": ("conv3", "bn3"),
    "shortcut": ("downsample.0", "downsample.1"),
}
_LONE_CONVOLUTIONS: Final = {
    "decoder.parsing": "decoder.conv4",
    "edge.shared": "edge.conv4",
    "edge.join": "edge.conv5",
    "fusion": "fushion.3",
}


def _official_names(depths: tuple[int, ...]) -> dict[str, str]:
    """The mapping table: path of each convolution and norm in `SchpNetwork` to its official path.

    It may name shortcuts that only the first block of a level has.
    """
    blocks = {
        f"backbone.levels.{level}.{block}.{own}": (
            f"layer{level + 1}.{block}.{conv}",
            f"layer{level + 1}.{block}.{norm}",
        )
        for level, depth in enumerate(depths)
        for block in range(depth)
        for own, (conv, norm) in _BLOCK_PAIRS.items()
    }
    names = dict(_LONE_CONVOLUTIONS)
    for own, (conv, norm) in {**_STEM_PAIRS, **blocks, **_HEAD_PAIRS}.items():
        names[f"{own}.conv"] = conv
        names[f"{own}.norm"] = norm
    return names
