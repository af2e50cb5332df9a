"""The U-Net that all four generators of ACGPN share.

Yang et al., "Towards Photo-Realistic Virtual Try-On by Adaptively Generating-Preserving Image
Content", CVPR 2020. Instance norms have eps 1e-5, no parameters and no running statistics.
"""

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fittingroom.training.networks.acgpn.key_names import unet_names
from fittingroom.training.networks.official_state import load_official_state, official_shapes


def norm_relu(x: Tensor) -> Tensor:
    """Instance norm without parameters, then ReLU."""
    return F.relu(F.instance_norm(x))


class ConvPair(nn.Module):
    """Twice a 3x3 convolution with instance norm and ReLU; (n, inputs, h, w) to outputs."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, outputs, h, w)."""
        return norm_relu(self.second(norm_relu(self.first(x))))


class UNet(nn.Module):
    """(n, inputs, h, w) to (n, outputs, h, w) without an output activation.

    depth: levels, each half as large as the one above and twice as wide, from `width`; sides must
    be multiples of 2^(depth - 1), the published network's (width 64, depth 5) of 16.
    dropout: share of values dropped in training after the two deepest encoder levels; what a level
    hands over to the decoder is dropped too.
    """

    title: ClassVar[str] = "an ACGPN U-Net"
    """What errors call the network."""

    def __init__(
        self, inputs: int, outputs: int, width: int = 64, depth: int = 5, dropout: float = 0.0
    ) -> None:
        super().__init__()
        widths = [width << level for level in range(depth)]
        self.encoder = nn.ModuleList(
            ConvPair(before, after)
            for before, after in zip([inputs, *widths[:-1]], widths, strict=True)
        )
        self.dropout = nn.Dropout(dropout)
        upwards = list(zip(widths[:0:-1], widths[-2::-1], strict=True))
        self.enlarge = nn.ModuleList(
            nn.Conv2d(coarse, fine, 3, padding=1) for coarse, fine in upwards
        )
        self.decoder = nn.ModuleList(ConvPair(2 * fine, fine) for _, fine in upwards)
        self.head = nn.Conv2d(width, outputs, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, outputs, h, w)."""
        levels: list[Tensor] = []
        for level, pair in enumerate(self.encoder):
            x = pair(F.max_pool2d(x, 2) if level else x)
            if level >= len(self.encoder) - 2:
                x = self.dropout(x)
            levels.append(x)
        skips = reversed(levels[:-1])
        for enlarge, pair, skip in zip(self.enlarge, self.decoder, skips, strict=True):
            x = norm_relu(enlarge(F.interpolate(x, scale_factor=2, mode="nearest")))
            x = pair(torch.cat([skip, x], 1))
        return self.head(x)

    def official_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of every tensor by its key in the published file."""
        return official_shapes(self, unet_names(len(self.encoder)))

    def load_official(self, state: Mapping[str, Tensor]) -> None:
        """Fill from a published file's state dict; raises bad_weights, naming all that misfits."""
        load_official_state(self, unet_names(len(self.encoder)), state, self.title)


def initialise(network: nn.Module) -> None:
    """Draw the weights of all convolutions from N(0, 0.02), as the published training does."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.normal_(module.weight, 0.0, 0.02)
