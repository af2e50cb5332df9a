"""ACGPN's content fusion module: G paints the try-on picture."""

from typing import ClassVar, Final

from fittingroom.training.networks.acgpn.semantic_generation import LABEL_COUNT
from fittingroom.training.networks.acgpn.unet import UNet

INPUTS: Final = 3 + LABEL_COUNT + 3 + 3 + 1
"""Kept body, one-hot labels, clothes, skin colour, noise."""


class ContentFusion(UNet):
    """G: the try-on picture (n, 3, h, w) before its tanh.

    Input (n, 24, h, w): kept body RGB -1..1 (0 where nothing is kept), one-hot final layout, warped
    and refined clothes RGB, skin colour RGB as planes, noise.
    """

    title: ClassVar[str] = "ACGPN's G"

    def __init__(self, width: int = 64, depth: int = 5, dropout: float = 0.0) -> None:
        super().__init__(INPUTS, 3, width, depth, dropout)
