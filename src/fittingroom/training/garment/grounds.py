"""Real grounds and real cloth, taken from photos of garments whose cut is sure.

A ground is the photo with its garment painted over by what lies around it, mirrored at the
garment's outline; a texture is the largest upright rectangle inside the garment.
"""

from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom.types import Image, Mask

SIDE: Final = 320
"""Longer side of a stored ground, pixels."""
_MARGIN: Final = 11
"""Pixels around a cut that are painted over as well: shadow and what the cut missed."""


def uncovered(image: Image, mask: Mask) -> Image | None:
    """Return a photo (h, w, 3) without its garment, or None when too little ground is seen."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _MARGIN + 1, 2 * _MARGIN + 1))
    hole = cv2.dilate(mask, kernel) > 0
    if hole.mean() > 0.8:
        return None
    out = image.copy()
    for _ in range(4):
        hole = _reflected(out, hole)
        if not hole.any():
            return out
    out[hole] = np.median(image[~hole], axis=0).astype(np.uint8)
    return out


def _reflected(image: Image, hole: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Fill a hole by points mirrored at its rim, in place; returns what could not be filled."""
    _, labels = cv2.distanceTransformWithLabels(
        hole.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    rows, cols = np.nonzero(~hole)
    place = np.zeros((int(labels.max()) + 1, 2), np.int64)
    place[labels[rows, cols]] = np.stack([rows, cols], 1)
    y, x = np.nonzero(hole)
    nearest = place[labels[y, x]]
    mirror = 2 * nearest - np.stack([y, x], 1)
    limit = np.array(hole.shape) - 1
    mirror = np.abs(mirror)
    mirror = limit - np.abs(limit - mirror)
    mirror = np.clip(mirror, 0, limit)
    good = ~hole[mirror[:, 0], mirror[:, 1]]
    image[y[good], x[good]] = image[mirror[good, 0], mirror[good, 1]]
    rest = hole.copy()
    rest[y[good], x[good]] = False
    return rest


def cloth(image: Image, mask: Mask) -> Image | None:
    """Return the largest upright rectangle of a photo well inside its garment, or None."""
    inside = cv2.erode((mask > 0).astype(np.uint8), np.ones((13, 13), np.uint8))
    left, top, right, bottom = _largest_box(inside)
    if right - left < 60 or bottom - top < 60:
        return None
    return np.ascontiguousarray(image[top:bottom, left:right])


def _largest_box(inside: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Largest rectangle of ones (left, top, right, bottom), searched on every fourth row."""
    heights = np.zeros(inside.shape[1], np.int64)
    best, box = 0, (0, 0, 0, 0)
    for row in range(inside.shape[0]):
        heights = np.where(inside[row] > 0, heights + 1, 0)
        if row % 4:
            continue
        for high in np.unique(heights[heights > 0])[::-6]:
            runs = np.diff(np.concatenate([[0], (heights >= high).astype(np.int8), [0]]))
            starts, ends = np.flatnonzero(runs == 1), np.flatnonzero(runs == -1)
            widest = int(np.argmax(ends - starts))
            area = int(high * (ends[widest] - starts[widest]))
            if area > best:
                best = area
                box = (int(starts[widest]), row + 1 - int(high), int(ends[widest]), row + 1)
    return box


def read_pictures(folder: Path) -> list[Image]:
    """All pictures (h, w, 3) RGB of a folder, by name."""
    pictures = [cv2.imread(str(path)) for path in sorted(folder.glob("*.jpg"))]
    return [np.ascontiguousarray(picture[..., ::-1]) for picture in pictures if picture is not None]
