"""Filling holes in pictures from chosen pixels alone: smooth colour plus mirrored texture."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom.masks import box
from fittingroom.types import Image, LabelMap, Mask

Floats = NDArray[np.float32]

_MIRROR_DEPTH: Final = 48.0
"""Pixels over which the mirrored picture gives way to spread colours."""


def push_pull(image: Image, known: Mask) -> Floats:
    """Spread the known pixels' colours smoothly over the others: (h, w, 3) float32.

    image: (h, w, 3) uint8. known: (h, w) mask, not empty.
    """
    weight = (known > 0).astype(np.float32)
    colour = image.astype(np.float32) * weight[..., None]
    levels = [(colour, weight)]
    while min(weight.shape) > 2:
        size = ((weight.shape[1] + 1) // 2, (weight.shape[0] + 1) // 2)
        colour = cv2.resize(colour, size, interpolation=cv2.INTER_AREA)
        weight = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
        levels.append((colour, weight))
    coarse, mass = levels.pop()
    filled = coarse.sum((0, 1)) / max(float(mass.sum()), 1e-6) + np.zeros_like(coarse)
    for colour, weight in reversed(levels):
        size = (weight.shape[1], weight.shape[0])
        wide = cv2.resize(filled, size, interpolation=cv2.INTER_LINEAR)
        filled = colour + (1 - weight)[..., None] * wide
    return np.asarray(filled, np.float32)


def nearest(mask: Mask) -> NDArray[np.int32]:
    """For each pixel the y and x (h, w, 2) of the nearest pixel of a mask that is not empty."""
    index, table = _nearest_index(mask)
    return np.asarray(np.take(table, index, axis=0), np.int32)


def nearest_to(mask: Mask, y: NDArray[np.intp], x: NDArray[np.intp]) -> NDArray[np.int32]:
    """For chosen pixels the y and x (n, 2) of the nearest pixel of a mask that is not empty."""
    index, table = _nearest_index(mask)
    return np.asarray(table[index[y, x]], np.int32)


def _nearest_index(mask: Mask) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Number (h, w) of each pixel's nearest mask pixel, and the y and x (n, 2) by number."""
    _, index = cv2.distanceTransformWithLabels(
        np.where(mask > 0, np.uint8(0), np.uint8(255)),
        cv2.DIST_L2,
        5,
        labelType=cv2.DIST_LABEL_PIXEL,
    )
    y, x = np.nonzero(mask)
    table = np.zeros((len(y) + 1, 2), np.int32)
    table[index[y, x]] = np.stack([y, x], axis=1)
    return np.asarray(index, np.int32), table


def nearest_labels(labels: LabelMap, hidden: Mask) -> LabelMap:
    """Labels with those of the `hidden` pixels replaced by the nearest other pixel's."""
    if not hidden.any() or hidden.all():
        return labels.copy()
    y, x = np.nonzero(hidden)
    at = nearest_to(np.where(hidden > 0, np.uint8(0), np.uint8(255)), y, x)
    shown = labels.copy()
    shown[y, x] = labels[at[:, 0], at[:, 1]]
    return shown


def extend(image: Image, known: Mask, hole: Mask) -> None:
    """Paint a hole of `image` in place from the known pixels; without any, nothing happens.

    Near the hole's edge the known picture goes on mirrored; deeper inside its colours spread
    smoothly and only its fine texture is mirrored.
    """
    if not known.any() or not hole.any():
        return
    part = around(hole, known)
    target, known, hole = image[part], known[part], hole[part]
    smooth = push_pull(target, known)
    y, x = np.nonzero(hole)
    at = cv2.blur(nearest(known).astype(np.float32), (15, 15))[y, x]
    mirror = np.round(2 * at - np.stack([y, x], 1)).astype(np.int32)
    mirror = np.clip(mirror, 0, np.array(hole.shape) - 1)
    usable = known[mirror[:, 0], mirror[:, 1]] > 0
    seen = target[mirror[:, 0], mirror[:, 1]].astype(np.float32)
    even = _local_mean(target, known)[mirror[:, 0], mirror[:, 1]]
    depth = np.hypot(at[:, 0] - y, at[:, 1] - x)
    share = np.clip(1 - depth / _MIRROR_DEPTH, 0, 1)
    colour = smooth[y, x] + (usable * (1 - share))[:, None] * (seen - even)
    colour += (usable * share)[:, None] * (seen - smooth[y, x])
    target[y, x] = np.clip(colour, 0, 255).astype(np.uint8)


def around(hole: Mask, known: Mask) -> tuple[slice, slice]:
    """The part of the picture that matters for a hole: its box, widened by half its size."""
    left, top, right, bottom = box(hole)
    margin = 40 + max(right - left, bottom - top) // 4
    part = (
        slice(max(0, top - margin), bottom + margin),
        slice(max(0, left - margin), right + margin),
    )
    return part if known[part].any() else (slice(None), slice(None))


def _local_mean(image: Image, known: Mask) -> Floats:
    """Mean (h, w, 3) of the known pixels around each pixel, about 17 pixels wide."""
    weight = (known > 0).astype(np.float32)
    colour = cv2.blur(image.astype(np.float32) * weight[..., None], (17, 17))
    return np.asarray(colour / np.maximum(cv2.blur(weight, (17, 17)), 1e-3)[..., None], np.float32)
