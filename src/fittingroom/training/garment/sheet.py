"""Sample sheets of the garment network: picture, truth, answer."""

from typing import Any, Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from fittingroom.stages.garment import POINTS, peaks
from fittingroom.training.garment.losses import images_tensor
from fittingroom.training.garment.targets import SIDE, GarmentView
from fittingroom.types import Image

COLUMNS: Final = 4
"""Pictures beside each other; each is three squares wide."""
_TINTS: Final = np.zeros((256, 3), np.float32)
_TINTS[1], _TINTS[2], _TINTS[3], _TINTS[255] = (0, 255, 0), (255, 0, 0), (0, 200, 255), (99, 99, 99)
_RIGHT, _LEFT = (255, 255, 0), (0, 255, 255)


def tinted(image: Image, classes: NDArray[np.uint8]) -> Image:
    """Lay the colours of classes (h, w) thinly over a picture; ground stays as it is."""
    part = np.where(classes == 0, 0, 0.35).astype(np.float32)[..., None]
    mixed = image * (1 - part) + _TINTS[classes] * part
    return np.ascontiguousarray(mixed.clip(0, 255).astype(np.uint8))


def dotted(image: Image, points: NDArray[np.float32], shown: NDArray[np.bool_]) -> Image:
    """Draw landmarks (L, 2), in place: the wearer's right yellow, left cyan."""
    for number in np.flatnonzero(shown):
        x, y = (int(round(float(value))) for value in points[number])
        colour = _RIGHT if "RIGHT" in POINTS[number] else _LEFT
        cv2.circle(image, (x, y), 2, colour, -1)
    return image


@torch.no_grad()
def garment_sheet(network: Any, views: list[GarmentView]) -> Image:
    """Draw views and what the network says of them: (h, w, 3) uint8."""
    output = network(images_tensor(views, next(network.parameters()).device))
    tiles = []
    for number, view in enumerate(views):
        logits = output.classes[number].float().cpu().numpy().transpose(1, 2, 0)
        classes = cv2.resize(logits, (SIDE, SIDE)).argmax(2).astype(np.uint8)
        spots, heights = peaks(output.heat[number].float().cpu().numpy(), 1)
        truth = dotted(tinted(view.image, view.classes), view.points, view.there)
        found = dotted(tinted(view.image, classes), spots[:, 0], heights[:, 0] > 0.3)
        tiles.append(np.hstack([view.image, truth, found]))
    blank = np.zeros_like(tiles[0])
    tiles += [blank] * (-len(tiles) % COLUMNS)
    rows = [np.hstack(tiles[at : at + COLUMNS]) for at in range(0, len(tiles), COLUMNS)]
    return np.asarray(np.vstack(rows), np.uint8)
