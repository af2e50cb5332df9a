"""Label sets of human parsing, and the maps between them, as tables."""

from enum import IntEnum, StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray


class Lip(IntEnum):
    """LIP-20 as the project writes it; 10 is neck and bare torso, as in CIHP, never jumpsuits."""

    BACKGROUND = 0
    HAT = 1
    HAIR = 2
    GLOVE = 3
    SUNGLASSES = 4
    UPPER_CLOTHES = 5
    DRESS = 6
    COAT = 7
    SOCKS = 8
    PANTS = 9
    TORSO_SKIN = 10
    SCARF = 11
    SKIRT = 12
    FACE = 13
    LEFT_ARM = 14
    RIGHT_ARM = 15
    LEFT_LEG = 16
    RIGHT_LEG = 17
    LEFT_SHOE = 18
    RIGHT_SHOE = 19


class LabelSet(StrEnum):
    """The label sets that a label map can be written in."""

    LIP = "lip"
    ATR = "atr"
    ACGPN = "acgpn"


class Part(IntEnum):
    """The parsing network's own classes beyond LIP-20."""

    BAG = 20
    BELT = 21
    SMALL_THING = 22


LIP_COUNT: Final = len(Lip)
CLASS_COUNT: Final = LIP_COUNT + len(Part)
IGNORED: Final = 255
"""Label of pixels that no loss and no score counts."""

SKIN: Final = (
    Lip.FACE,
    Lip.TORSO_SKIN,
    Lip.LEFT_ARM,
    Lip.RIGHT_ARM,
    Lip.LEFT_LEG,
    Lip.RIGHT_LEG,
)
UPPER_LAYERS: Final = (Lip.UPPER_CLOTHES, Lip.COAT, Lip.DRESS)
"""What an upper garment replaces; of a dress only the part above the waist."""

MIRRORED_LABELS: Final = ((14, 15), (16, 17), (18, 19))
"""Pairs that change places when a picture is mirrored."""

_TO_ATR: Final[dict[Lip | Part, int]] = {
    Lip.BACKGROUND: 0, Lip.HAT: 1, Lip.HAIR: 2, Lip.GLOVE: 0, Lip.SUNGLASSES: 3,
    Lip.UPPER_CLOTHES: 4, Lip.DRESS: 7, Lip.COAT: 4, Lip.PANTS: 6, Lip.TORSO_SKIN: 11,
    Lip.SCARF: 17, Lip.SKIRT: 5, Lip.FACE: 11, Lip.LEFT_ARM: 14, Lip.RIGHT_ARM: 15,
    Lip.LEFT_LEG: 12, Lip.RIGHT_LEG: 13, Lip.LEFT_SHOE: 9, Lip.RIGHT_SHOE: 10,
    Part.BAG: 16, Part.BELT: 8, Part.SMALL_THING: 0,
}  # fmt: skip
"""ATR-18 by class; socks go to the leg of their side, which a table cannot say."""

_TO_ACGPN: Final[dict[Lip | Part, int]] = {
    Lip.BACKGROUND: 0, Lip.HAT: 1, Lip.HAIR: 1, Lip.GLOVE: 7, Lip.SUNGLASSES: 12,
    Lip.UPPER_CLOTHES: 4, Lip.DRESS: 4, Lip.COAT: 4, Lip.SOCKS: 7, Lip.PANTS: 8,
    Lip.TORSO_SKIN: 0, Lip.SCARF: 7, Lip.SKIRT: 8, Lip.FACE: 12, Lip.LEFT_ARM: 11,
    Lip.RIGHT_ARM: 13, Lip.LEFT_LEG: 9, Lip.RIGHT_LEG: 10, Lip.LEFT_SHOE: 5, Lip.RIGHT_SHOE: 6,
    Part.BAG: 7, Part.BELT: 8, Part.SMALL_THING: 7,
}  # fmt: skip


def _table(mapping: dict[Lip | Part, int]) -> NDArray[np.uint8]:
    table = np.full(256, IGNORED, np.uint8)
    for source, target in mapping.items():
        table[source] = target
    return table


ATR_OF_CLASS: Final = _table({**_TO_ATR, Lip.SOCKS: 12})
ATR_LEFT_LEG: Final = 12
ATR_RIGHT_LEG: Final = 13
ACGPN_OF_CLASS: Final = _table(_TO_ACGPN)


def _palette() -> NDArray[np.uint8]:
    """VOC colours (256, 3) by bit interleaving, as label pictures of the field carry them."""
    colours = np.zeros((256, 3), np.uint8)
    for index in range(256):
        bits = index
        for shift in range(7, -1, -1):
            for channel in range(3):
                colours[index, channel] |= ((bits >> channel) & 1) << shift
            bits >>= 3
    return colours


PALETTE: Final = _palette()
"""Colour of each label, (256, 3) uint8 RGB."""
