"""SCHP's published evaluation: scores of label maps from one confusion matrix over all pictures."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fittingroom.labels import IGNORED
from fittingroom.stages.schp import leave_square
from fittingroom.types import LabelMap, Size


class ParsingScores(NamedTuple):
    """All in percent; class_iou (classes,), 0 for a class that neither side shows."""

    pixel_accuracy: float
    mean_accuracy: float
    mean_iou: float
    class_iou: NDArray[np.float64]


def confusion(truth: LabelMap, predicted: LabelMap, classes: int) -> NDArray[np.int64]:
    """Pixels by true (rows) and predicted class, (classes, classes); truth 255 is left out."""
    counted = truth != IGNORED
    pairs = truth[counted].astype(np.int64) * classes + predicted[counted]
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes).astype(np.int64)


def scores(matrix: NDArray[np.int64]) -> ParsingScores:
    """Scores of a confusion matrix; means are over all classes, absent ones included."""
    right, true, said = np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    iou = 100 * right / np.maximum(1, true + said - right)
    accuracy = 100 * right / np.maximum(1, true)
    pixels = 100 * right.sum() / max(1, true.sum())
    return ParsingScores(float(pixels), float(accuracy.mean()), float(iou.mean()), iou)


def published_labels(square: LabelMap, picture: Size) -> LabelMap:
    """Labels of the square (side, side) in the picture (H, W), as the evaluation script lays them.

    It cuts the centre of the picture off to whole pixels, so they lie up to half a pixel aside;
    `stages.schp.leave_square` alone puts them right.
    """
    centre = (float((picture.width - 1) // 2), float((picture.height - 1) // 2))
    return leave_square(square, picture, centre)
