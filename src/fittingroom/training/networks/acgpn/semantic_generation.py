"""ACGPN's semantic generation module: G1 lays out the body, G2 cuts the clothes."""

from typing import ClassVar, Final

from fittingroom.training.networks.acgpn.unet import UNet

LABEL_COUNT: Final = 14
"""Channels of a one-hot label map in ACGPN's own numbering."""
POSE_COUNT: Final = 18
INPUTS: Final = 1 + 3 + LABEL_COUNT + POSE_COUNT + 1
"""Garment mask, masked garment, one-hot labels, pose maps, noise."""


class BodyLayoutGenerator(UNet):
    """G1: logits of the new layout (n, 14, h, w), each channel to be put through a sigmoid.

    Input (n, 37, h, w): garment mask, masked garment RGB -1..1, one-hot labels with arms and
    clothes merged, pose maps, noise.
    """

    title: ClassVar[str] = "ACGPN's G1"

    def __init__(self, width: int = 64, depth: int = 5, dropout: float = 0.0) -> None:
        super().__init__(INPUTS, LABEL_COUNT, width, depth, dropout)


class ClothesMaskGenerator(UNet):
    """G2: logit of the clothes' mask (n, 1, h, w).

    Input (n, 37, h, w) as of `BodyLayoutGenerator`, with the new layout as labels.
    """

    title: ClassVar[str] = "ACGPN's G2"

    def __init__(self, width: int = 64, depth: int = 5, dropout: float = 0.0) -> None:
        super().__init__(INPUTS, 1, width, depth, dropout)
