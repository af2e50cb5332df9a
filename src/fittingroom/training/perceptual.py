"""Distances between pictures as VGG-19 sees them.

Simonyan and Zisserman, ICLR 2015; as a loss: Johnson et al., ECCV 2016. The weights are the user's
own file, torchvision's vgg19-dcbb9e9d.pth.
"""

from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fittingroom.training.networks.official_state import load_official_state, official_shapes

_BLOCKS: Final = ((0, 2), (5, 7), (10, 12, 14, 16), (19, 21, 23, 25), (28,))
"""Official numbers of the convolutions up to relu5_1, between poolings."""
_FURTHER: Final = ("features.30.", "features.32.", "features.34.", "classifier.")
"""What the file holds beyond."""
LEVEL_WEIGHTS: Final = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1.0)
"""Weights of relu1_1 to relu5_1 in `perceptual_distance`."""


class Vgg19(nn.Module):
    """(n, 3, h, w) to the features after the first convolution of each of VGG-19's five blocks.

    width: channels of the first block; they double from block to block, up to eightfold. The
    weights are frozen.
    """

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        widths = [width * min(8, 1 << block) for block in range(len(_BLOCKS))]
        before = 3
        self.blocks = nn.ModuleList()
        for after, numbers in zip(widths, _BLOCKS, strict=True):
            inputs = [before] + [after] * (len(numbers) - 1)
            self.blocks.append(nn.ModuleList(nn.Conv2d(n, after, 3, padding=1) for n in inputs))
            before = after
        self.requires_grad_(False)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return relu1_1 (n, 64, h, w), relu2_1 (n, 128, h/2, w/2), ... relu5_1, (n, 512, ...)."""
        features = []
        for level, block in enumerate(self.blocks):
            x = F.relu(block[0](F.max_pool2d(x, 2) if level else x))
            features.append(x)
            if level < len(self.blocks) - 1:
                for convolution in block[1:]:
                    x = F.relu(convolution(x))
        return features

    def official_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of every tensor by its key in torchvision's file."""
        return official_shapes(self, _names())

    def load_official(self, state: Mapping[str, Tensor]) -> None:
        """Fill from torchvision's state dict; its later layers may be there. Raises bad_weights."""
        used = {key: value for key, value in state.items() if not key.startswith(_FURTHER)}
        load_official_state(self, _names(), used, "VGG-19")


def _names() -> dict[str, str]:
    return {
        f"blocks.{block}.{index}": f"features.{number}"
        for block, numbers in enumerate(_BLOCKS)
        for index, number in enumerate(numbers)
    }


def imagenet_normalised(picture: Tensor) -> Tensor:
    """RGB -1..1 (n, 3, h, w) as VGG-19 learned to see it, which the published ACGPN leaves out."""
    mean = picture.new_tensor((0.485, 0.456, 0.406))[:, None, None]
    deviation = picture.new_tensor((0.229, 0.224, 0.225))[:, None, None]
    return ((picture + 1) / 2 - mean) / deviation


def perceptual_distance(features: list[Tensor], truth: list[Tensor]) -> Tensor:
    """Sum over levels of weight times mean |f - t|; no gradient to the truth."""
    distances = [
        weight * F.l1_loss(made, true.detach())
        for weight, made, true in zip(LEVEL_WEIGHTS, features, truth, strict=True)
    ]
    return torch.stack(distances).sum()


def deepest_distance(features: list[Tensor], truth: list[Tensor]) -> Tensor:
    """Mean |f - t| of the deepest level alone; no gradient to the truth."""
    return F.l1_loss(features[-1], truth[-1].detach())
