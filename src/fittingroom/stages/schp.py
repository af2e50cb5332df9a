"""SCHP's published networks: from a picture to their input, from their logits to a label map.

Li et al., "Self-Correction for Human Parsing", TPAMI 2020, as its single-person script does it: the
whole picture is one person, squared without moving its centre. The project's own parser, which
looks at a frame around the person, is in `parsing.py`.
"""

from collections.abc import Iterator
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom.types import Image, LabelMap, Size

LIP_SIDE: Final = 473
ATR_SIDE: Final = 512
"""Side of the square that the ATR and the Pascal network see."""

MEAN: Final = np.array([0.406, 0.456, 0.485], np.float32)
STD: Final = np.array([0.225, 0.224, 0.229], np.float32)
"""In the order B, G, R, as the network takes its channels."""

Matrix = NDArray[np.float64]


def square_matrix(picture: Size, side: int, centre: tuple[float, float] | None = None) -> Matrix:
    """The 2x3 matrix from pixels of the picture to those of the square.

    centre: (x, y) that comes to lie in the square's middle, by default the picture's. The longer
    of (width - 1, height - 1) becomes side - 1.
    """
    x, y = centre or ((picture.width - 1) / 2, (picture.height - 1) / 2)
    scale = (side - 1) / max(picture.width - 1, picture.height - 1, 1)
    middle = (side - 1) / 2
    return np.array([[scale, 0, middle - scale * x], [0, scale, middle - scale * y]])


def encode(picture: Image, side: int) -> NDArray[np.float32]:
    """RGB (H, W, 3) uint8 to the network's input (1, 3, side, side); black around the picture."""
    matrix = square_matrix(Size(*picture.shape[:2]), side)
    square = cv2.warpAffine(
        np.ascontiguousarray(picture[:, :, ::-1]), matrix, (side, side), flags=cv2.INTER_LINEAR
    )
    scaled = (square.astype(np.float32) / 255 - MEAN) / STD
    return np.ascontiguousarray(scaled.transpose(2, 0, 1)[None])


def decode(logits: NDArray[np.float32], picture: Size, side: int) -> LabelMap:
    """Fusion logits (1, classes, h, w) to the labels (H, W) uint8 of the picture."""
    labels = np.zeros(picture, np.uint8)
    best = np.full(picture, -np.inf, np.float32)
    for label, plane in enumerate(picture_logits(logits, picture, side)):
        labels[plane > best] = label
        np.maximum(plane, best, out=best)
    return labels


def picture_logits(
    logits: NDArray[np.float32], picture: Size, side: int
) -> Iterator[NDArray[np.float32]]:
    """Fusion logits (1, classes, h, w) in the picture's own pixels: (H, W) of one class by one.

    One by one, so that a large photo does not need them all at once.
    """
    matrix = square_matrix(picture, side)
    for plane in spread(logits, side):
        yield np.asarray(_left(plane, matrix, picture, cv2.INTER_LINEAR), np.float32)


def decode_nearest(logits: NDArray[np.float32], picture: Size, side: int) -> LabelMap:
    """As `decode`, but the labels are taken in the square and come back by nearest neighbour.

    This is what the published evaluation does; borders are coarser.
    """
    labels = spread(logits, side).argmax(axis=0).astype(np.uint8)
    return leave_square(labels, picture)


def leave_square(
    labels: LabelMap, picture: Size, centre: tuple[float, float] | None = None
) -> LabelMap:
    """Labels (side, side) of the square to (H, W) of the picture, nearest; see `square_matrix`."""
    matrix = square_matrix(picture, labels.shape[0], centre)
    return _left(labels, matrix, picture, cv2.INTER_NEAREST).astype(np.uint8)


def spread(logits: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Logits (1, classes, h, w) to (classes, side, side), bilinear with corners on corners."""
    rows, columns = (_corner_weights(length, side) for length in logits.shape[2:])
    return np.asarray(rows @ logits[0] @ columns.T, np.float32)


def _corner_weights(length: int, side: int) -> NDArray[np.float32]:
    """(side, length): each row weighs the two samples that a point of the longer axis is between.

    OpenCV has no resizing with corners on corners, and its remapping rounds to 1/32 pixel.
    """
    place = np.arange(side) * ((length - 1) / (side - 1))
    low = np.minimum(place.astype(int), max(length - 2, 0))
    weights = np.zeros((side, length), np.float32)
    weights[np.arange(side), low] = 1 - (place - low)
    if length > 1:
        weights[np.arange(side), low + 1] = place - low
    return weights


def _left(
    plane: NDArray[np.generic], matrix: Matrix, picture: Size, interpolation: int
) -> NDArray[np.generic]:
    target = (picture.width, picture.height)
    flags = interpolation | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(plane, matrix, target, flags=flags))
