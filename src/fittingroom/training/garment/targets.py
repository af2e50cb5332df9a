"""What the garment network learns from: one picture with as much truth as is known of it.

Points are (x, y) in pixels of the picture, integer coordinates are pixel centres; left and right
are the wearer's.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fittingroom.stages.garment import POINTS, STRIDE, GarmentClass

SIDE: Final = 256
"""Height and width of a training picture, pixels."""
SPREAD: Final = 1.5
"""One sigma of a landmark's spot, in cells."""
UNKNOWN: Final = -1
"""A category, sleeve or visibility that is not known."""

CLASS_COUNT: Final = len(GarmentClass)
EITHER: Final = 3
"""Truth only: garment or inner back, not told which (real photos cut as a whole)."""
POINT_COUNT: Final = len(POINTS)


@dataclass(frozen=True, slots=True, eq=False)
class GarmentView:
    """One training picture.

    image: (256, 256, 3) uint8 RGB. classes: (256, 256) uint8 `GarmentClass` or EITHER, 255 =
    not known.
    points: (L, 2) float32, by POINTS. weights: (L,) float32, 0 = nothing is known of a point;
    there: (L,) bool, the garment has such a point within the picture (else its map is empty).
    visible: (L,) int8, 1 = seen, 0 = hidden or not there, -1 = not known.
    category, sleeve: numbers in CATEGORIES and SLEEVES, -1 = not known.
    """

    image: NDArray[np.uint8]
    classes: NDArray[np.uint8]
    points: NDArray[np.float32]
    weights: NDArray[np.float32]
    there: NDArray[np.bool_]
    visible: NDArray[np.int8]
    category: int
    sleeve: int


def heat_maps(view: GarmentView) -> NDArray[np.float32]:
    """Spots (L, 64, 64), 1 on each landmark that is there."""
    side = SIDE // STRIDE
    cells = (np.arange(side, dtype=np.float32) + 0.5) * STRIDE - 0.5
    scale = np.float32(2 * (SPREAD * STRIDE) ** 2)
    across = np.exp(-((cells - view.points[:, :1]) ** 2) / scale)
    down = np.exp(-((cells - view.points[:, 1:]) ** 2) / scale)
    maps = down[:, :, None] * across[:, None, :]
    return np.asarray(maps * view.there[:, None, None], np.float32)
