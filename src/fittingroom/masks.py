"""Pure operations on masks: uint8 (height, width), 0 = no, 255 = yes. None changes its input."""

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom.types import Mask


def disc(radius: int) -> Mask:
    """Return a round structuring element (2 radius + 1, 2 radius + 1) of zeros and ones."""
    side = 2 * max(0, radius) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)


def grow(mask: Mask, radius: int) -> Mask:
    """Widen a mask by `radius` pixels on all sides."""
    if radius <= 0:
        return mask.copy()
    return np.asarray(cv2.dilate(mask, disc(radius)), np.uint8)


def shrink(mask: Mask, radius: int) -> Mask:
    """Narrow a mask by `radius` pixels; the picture's border does not narrow it."""
    if radius <= 0:
        return mask.copy()
    return np.asarray(cv2.erode(mask, disc(radius)), np.uint8)


def opened(mask: Mask, radius: int) -> Mask:
    """Remove what is thinner than a disc of `radius` pixels."""
    return grow(shrink(mask, radius), radius)


def closed(mask: Mask, radius: int) -> Mask:
    """Fill gaps that are thinner than a disc of `radius` pixels."""
    return shrink(grow(mask, radius), radius)


def feather(mask: Mask, radius: float) -> Mask:
    """Soften the edge over about `radius` pixels to either side, Gaussian; 0 changes nothing."""
    if radius <= 0:
        return mask.copy()
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), radius / 2), np.uint8)


def solid(mask: Mask, level: int = 128) -> Mask:
    """Return 255 where the mask is at least `level`, else 0."""
    return np.where(mask >= level, np.uint8(255), np.uint8(0))


def inverse(mask: Mask) -> Mask:
    """Swap yes and no."""
    return np.asarray(cv2.bitwise_not(mask), np.uint8)


def _pieces(mask: Mask) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Number the connected pieces of a solid mask: map (h, w), areas (n + 1,); 0 is no piece."""
    _, numbers, stats, _ = cv2.connectedComponentsWithStats(solid(mask), connectivity=4)
    areas = np.asarray(stats[:, cv2.CC_STAT_AREA], np.int32).copy()
    areas[0] = 0
    return np.asarray(numbers, np.int32), areas


def largest_piece(mask: Mask) -> Mask:
    """Keep the largest connected piece, as a solid mask; an empty mask stays empty."""
    return large_pieces(mask, 1.0)


def large_pieces(mask: Mask, share: float) -> Mask:
    """Keep the pieces that have at least `share` (0..1) of the largest one's area, solid."""
    numbers, areas = _pieces(mask)
    keep = (areas > 0) & (areas >= share * areas.max())
    if share >= 1:
        keep = (areas > 0) & (np.arange(len(areas)) == areas.argmax())
    return np.where(keep, np.uint8(255), np.uint8(0))[numbers]


def touching(mask: Mask, seeds: Mask) -> Mask:
    """Keep the connected pieces of `mask` that share a pixel with `seeds`, as a solid mask."""
    numbers, areas = _pieces(mask)
    keep = np.zeros(len(areas), np.uint8)
    keep[numbers[seeds >= 128]] = 255
    keep[0] = 0
    return keep[numbers]


def holes(mask: Mask) -> Mask:
    """Mask of the empty places that the mask encloses (not joined to the picture's border)."""
    padded = cv2.copyMakeBorder(solid(mask), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    cv2.floodFill(padded, None, (0, 0), 255)
    return inverse(np.asarray(padded[1:-1, 1:-1], np.uint8))


def fill_holes(mask: Mask) -> Mask:
    """Fill what the mask encloses, whatever its size."""
    return np.asarray(cv2.bitwise_or(mask, holes(mask)), np.uint8)


def box(mask: Mask) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom (exclusive) of the pixels above 0; zeros when empty."""
    left, top, width, height = cv2.boundingRect(mask)
    return int(left), int(top), int(left + width), int(top + height)


def border(shape: tuple[int, int], width: int) -> Mask:
    """Mask (height, width) of the band of `width` pixels along the picture's border."""
    band = np.full(shape, 255, np.uint8)
    band[width : shape[0] - width, width : shape[1] - width] = 0
    return band


def share(mask: Mask) -> float:
    """Return the share (0..1) of pixels that are at least half covered."""
    return float(np.count_nonzero(mask >= 128)) / mask.size
