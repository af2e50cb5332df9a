"""Filling holes in pictures from chosen pixels alone: smooth colour plus mirrored texture."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom.masks import box, grow
from fittingroom.types import Image, LabelMap, Mask

Floats = NDArray[np.float32]

_MIRROR_DEPTH: Final = 48.0
"""Pixels over which the mirrored picture gives way to spread colours."""

_SHIFTS: Final = (0.6, 0.8, 1.05, 1.3, 1.6)
"""Sideways shifts that are tried for a piece, in widths of the piece."""

_LEAST_KNOWN: Final = 0.9
_SMALLEST_PIECE: Final = 150
_SMALLEST_RIM: Final = 12
_LARGEST_CHANGE: Final = 28.0
"""Where a copy must be changed by more than this, in grey levels, it shows something else."""

_RIM: Final = 7
"""Width of the rim along which a shifted copy must fit, in pixels."""


def push_pull(image: Image, known: Mask) -> Floats:
    """Spread the known pixels' colours smoothly over the others: (h, w, 3) float32.

    image: (h, w, 3) uint8. known: (h, w) mask, not empty.
    """
    return spread(image.astype(np.float32), known)


def spread(values: Floats, known: Mask) -> Floats:
    """Spread the known pixels' values (h, w, 3) smoothly over the others; `known` not empty."""
    weight = (known > 0).astype(np.float32)
    colour = values * weight[..., None]
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


def transplant(image: Image, known: Mask, hole: Mask) -> Mask:
    """Paint pieces of a hole of `image` in place with a shifted copy of the known picture.

    Walls and pavements go on as they are, where a mirror image would bend them. Each connected
    piece takes the shift whose surroundings fit best; what is left of the difference along its
    rim is spread over it. Returns the mask of what was painted.
    """
    painted = np.zeros_like(hole)
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(hole)
    for piece in range(1, count):
        left, top, width, height, area = stats[piece].tolist()
        if area < _SMALLEST_PIECE:
            continue
        window = (
            slice(max(0, top - _RIM), top + height + _RIM),
            slice(max(0, left - _RIM), left + width + _RIM),
        )
        inside = np.where(pieces[window] == piece, np.uint8(255), np.uint8(0))
        shift = _best_shift(image, known, window, inside, (width, height))
        if shift is not None:
            painted[window] |= _transplanted(image, known, window, inside, shift)
    return painted


def _rim(inside: Mask, known: Mask) -> Mask:
    return grow(inside, _RIM - 1) & ~inside & known


def _best_shift(
    image: Image,
    known: Mask,
    window: tuple[slice, slice],
    inside: Mask,
    size: tuple[int, int],
) -> tuple[int, int] | None:
    """The shift (dx, dy) whose rim differs least among those that lead to known pixels."""
    offset = np.array([window[0].start, window[1].start])
    cells = np.argwhere(inside > 0)[::7] + offset
    rim = np.argwhere(_rim(inside, known[window]) > 0)[::3] + offset
    best, least = None, np.inf
    if len(rim) < _SMALLEST_RIM:
        return best
    for dx in (round(sign * share * size[0]) for sign in (-1, 1) for share in _SHIFTS):
        for dy in (0, -size[1] // 10, size[1] // 10):
            if _share_known(known, cells, dx, dy) < _LEAST_KNOWN:
                continue
            there = rim[_inside(known.shape, rim, dx, dy)]
            there = there[known[there[:, 0] + dy, there[:, 1] + dx] > 0]
            if len(there) < 0.5 * len(rim):
                continue
            other = image[there[:, 0] + dy, there[:, 1] + dx].astype(np.float32)
            gap = float(np.abs(image[there[:, 0], there[:, 1]] - other).mean())
            if gap < least:
                best, least = (dx, dy), gap
    return best


def _inside(shape: tuple[int, ...], cells: NDArray[np.intp], dx: int, dy: int) -> NDArray[np.bool_]:
    y, x = cells[:, 0] + dy, cells[:, 1] + dx
    return np.asarray((y >= 0) & (y < shape[0]) & (x >= 0) & (x < shape[1]))


def _share_known(known: Mask, cells: NDArray[np.intp], dx: int, dy: int) -> float:
    """Share of the cells (n, 2), y and x, that are known after a shift."""
    within = cells[_inside(known.shape, cells, dx, dy)]
    return np.count_nonzero(known[within[:, 0] + dy, within[:, 1] + dx]) / max(1, len(cells))


def _transplanted(
    image: Image,
    known: Mask,
    window: tuple[slice, slice],
    inside: Mask,
    shift: tuple[int, int],
) -> Mask:
    """Paint one piece in place by its shift; returns what was painted, in the window."""
    matrix = np.array(
        [[1.0, 0.0, window[1].start + shift[0]], [0.0, 1.0, window[0].start + shift[1]]]
    )
    size = inside.shape[::-1]
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    copy = cv2.warpAffine(image, matrix, size, flags=flags).astype(np.float32)
    there = np.asarray(cv2.warpAffine(known, matrix, size, flags=flags), np.uint8)
    target = image[window]
    rim = _rim(inside, known[window]) & there
    change = spread(target.astype(np.float32) - copy, rim)
    fits = np.where(np.abs(cv2.blur(change, (31, 31))).max(2) < _LARGEST_CHANGE, np.uint8(255), 0)
    done = inside & there & np.asarray(fits, np.uint8)
    seamless = np.clip(copy + change, 0, 255).astype(np.uint8)
    np.copyto(target, seamless, where=done[..., None] > 0)
    return done


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
