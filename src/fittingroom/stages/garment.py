"""Product photo to Garment: its cut, its landmarks, its category and its sleeve, by one network.

The network sees the photo small, once as it is and once mirrored. What it says of places is
brought back to the photo's own pixels, the cut along the photo's own edges.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from itertools import combinations, product
from typing import Final, NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom import masks
from fittingroom.errors import ErrorCode, FittingRoomError
from fittingroom.guided import Guide, apply_fit, scaling
from fittingroom.types import (
    Category,
    Garment,
    Image,
    Landmark,
    Mask,
    Network,
    Points,
    Size,
    Sleeve,
)

Floats: TypeAlias = NDArray[np.float32]

STRIDE: Final = 4
"""Pixels of the network's picture to a cell of its maps."""


class GarmentClass(IntEnum):
    """What a pixel of a product photo is."""

    GROUND = 0
    GARMENT = 1
    INNER_BACK = 2
    """The inside behind the collar: part of the garment, told apart."""


_LOWER: Final = (
    "WAIST_RIGHT",
    "WAIST_LEFT",
    "CROTCH",
    "LEG_RIGHT_OUTER",
    "LEG_RIGHT_INNER",
    "LEG_LEFT_OUTER",
    "LEG_LEFT_INNER",
)
POINTS: Final = (*(landmark.name for landmark in Landmark), *_LOWER)
"""Names of the network's landmarks: those of `Landmark` first, then those of lower garments."""


def _mirrored(name: str) -> str:
    if "RIGHT" in name:
        return name.replace("RIGHT", "LEFT")
    return name.replace("LEFT", "RIGHT")


MIRRORED: Final = tuple(POINTS.index(_mirrored(name)) for name in POINTS)
"""Number of each landmark's partner on the other side."""

CATEGORIES: Final = (Category.UPPER, Category.LOWER, Category.DRESS)
SLEEVES: Final = {
    "none": Sleeve.NONE,
    "short": Sleeve.SHORT,
    "three_quarter": Sleeve.LONG,
    "long": Sleeve.LONG,
}
"""The network's sleeve lengths, in its order, and what they count as."""

LEAST_AREA: Final = 0.012
"""Share of the picture that a garment covers at least."""
LEAST_TRUST: Final = 0.75
"""Mean share of a garment's cut that the network gives it at least."""
SIDE_PIECE: Final = 0.12
"""Size of a second piece, in that of the largest, from which it belongs to the garment."""
BAND: Final = 2
"""Half width of the band along the cut in which the photo's edges decide, in picture pixels."""
STEEPNESS: Final = 3.0
"""How much steeper an edge becomes than the network's share along the photo's edges."""
DETAIL: Final = 8
"""Pixels of the photo to one of the picture's, at most, in which its edges are looked at.

What is finer than GRAIN goes anyway; the cut's edge itself is as sharp as the photo.
"""
TILE: Final = 128
"""Side of the squares, in pixels, that are left out where no edge can be."""

RIVALS: Final = 4
"""Peaks of a heat map between which the others decide."""
LEAST_PEAK: Final = 0.06
"""Height that a peak has at least."""
UNSUITED: Final = 0.03
"""A peak off its place counts as little as one of this height."""
MOST_SKEW: Final = 2.2
"""How far a garment may be stretched one way, of the shape that most have."""
LEAST_WIDTH: Final = 16.0
"""Distance of the armpits, in picture pixels, from which on a place is believed."""

CUFF_WIDTHS: Final = (0.1, 0.45)
"""How wide the end of a sleeve may be, in armpit widths."""

_HALF: Final = (
    # collar, shoulder, armpit, outer and inner cuff, hem
    ((0.235, -0.55), 0.13), ((0.47, -0.46), 0.13), ((0.5, 0.0), 0.13), ((0.81, 0.41), 0.55),
    ((0.645, 0.51), 0.5), ((0.555, 0.92), 0.15),
)  # fmt: skip
_NAMES: Final = ("COLLAR", "SHOULDER", "ARMPIT", "CUFF_{}_OUTER", "CUFF_{}_INNER", "HEM")


def _mean_shape() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where the landmarks of a top lie (13, 2), in armpit widths, and how far off they may (13,).

    The mean of the tops in annotations/garments.json that training knows.
    """
    shape, leeway = np.zeros((len(Landmark), 2)), np.zeros(len(Landmark))
    shape[Landmark.COLLAR_FRONT], leeway[Landmark.COLLAR_FRONT] = (0, -0.29), 0.22
    for side, sign in (("RIGHT", -1), ("LEFT", 1)):
        for name, (place, off) in zip(_NAMES, _HALF, strict=True):
            at = Landmark[name.format(side) if "{}" in name else f"{name}_{side}"]
            shape[at], leeway[at] = (sign * place[0], place[1]), off
    return shape, leeway


SHAPE, LEEWAY = _mean_shape()
_WITH_ONE: Final = np.hstack([SHAPE, np.ones((len(Landmark), 1))])
_BODY: Final = tuple(landmark for landmark in Landmark if "CUFF" not in landmark.name)
_CUFFS: Final = (
    (Landmark.CUFF_RIGHT_OUTER, Landmark.CUFF_RIGHT_INNER),
    (Landmark.CUFF_LEFT_OUTER, Landmark.CUFF_LEFT_INNER),
)
_NOWHERE: Final = -1e6  # score of a peak that is none
_THREES: Final = np.array(list(combinations(_BODY, 3)))
_CHOICES: Final = np.array(list(product(range(2), repeat=3)))

NEAR: Final = 6
"""What is so near to a piece, in picture pixels, goes with it."""
NECK_PLAY: Final = 2.0
"""How far below its curve a neckline may run, in picture pixels."""
SPILL: Final = 0.4
"""Share of the inner back that may be cut off below the neckline."""
MOST_OF_IT: Final = 0.5
"""Mean share of the inner back in the neck's opening from which on all of that is inner back."""
GRAIN: Final = 0.35
"""What is finer than this along an edge, in picture pixels, is the photo's noise."""
GUIDE_RADIUS: Final = 6
GUIDE_SOFTNESS: Final = 3e-4
"""See `guided`; a garment's edge may be faint."""
_BACK: Final = cv2.WARP_INVERSE_MAP

NOT_FOUND: Final = "use a photo that shows one garment whole, on a ground of another colour"
ONLY_UPPER: Final = "only upper garments work so far; use a top, or pass --category upper"


@dataclass(frozen=True, slots=True, eq=False)
class Letterbox:
    """A photo fitted into a square; what is beside it repeats its border's pixels.

    picture: (side, side, 3) uint8. window: rows and columns that the photo fills. matrix: 2x3
    float64, pixels of the photo to those of the picture.
    """

    picture: Image
    window: tuple[slice, slice]
    matrix: NDArray[np.float64]

    def enter(self, points: Points) -> Points:
        """Carry points (n, 2) of the photo into the picture."""
        return (points @ self.matrix[:, :2].T + self.matrix[:, 2]).astype(np.float32)

    def continued(self, plane: Floats) -> Floats:
        """Repeat a plane's values (side, side) at the photo's border beside it.

        The network never learned what is there.
        """
        rows, cols = self.window
        below, right = plane.shape[0] - rows.stop, plane.shape[1] - cols.stop
        return np.asarray(
            cv2.copyMakeBorder(
                plane[self.window], rows.start, below, cols.start, right, cv2.BORDER_REPLICATE
            ),
            np.float32,
        )

    def leave(self, points: Points) -> Points:
        """Carry points (n, 2) of the picture back into the photo."""
        back = np.asarray(cv2.invertAffineTransform(self.matrix))
        return (points @ back[:, :2].T + back[:, 2]).astype(np.float32)


def letterbox(photo: Image, side: int) -> Letterbox:
    """Fit a photo (h, w, 3) into a square of `side` pixels."""
    full = Size(*photo.shape[:2])
    factor = side / max(full)
    size = Size(max(1, round(full.height * factor)), max(1, round(full.width * factor)))
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    small = cv2.resize(photo, (size.width, size.height), interpolation=way)
    top, left = (side - size.height) // 2, (side - size.width) // 2
    below, right = side - size.height - top, side - size.width - left
    picture = cv2.copyMakeBorder(small, top, below, left, right, cv2.BORDER_REPLICATE)
    matrix = scaling(size, full)
    matrix[:, 2] += (left, top)
    window = (slice(top, top + size.height), slice(left, left + size.width))
    return Letterbox(np.asarray(picture, np.uint8), window, matrix)


def encode(picture: Image) -> dict[str, Floats]:
    """Picture (h, w, 3) uint8 to the network's input "image" (1, 3, h, w), RGB 0..255."""
    return {"image": np.ascontiguousarray(picture.transpose(2, 0, 1)[None], np.float32)}


class Answer(NamedTuple):
    """What the network says of one picture.

    shares: (3, h, w) by `GarmentClass`, sum 1. heat: (20, h, w), 1 on a landmark. category: (3,)
    and sleeve: (4,), by CATEGORIES and SLEEVES, sum 1.
    """

    shares: Floats
    heat: Floats
    category: Floats
    sleeve: Floats


def decode(outputs: Mapping[str, Floats]) -> Answer:
    """The network's outputs, the first picture of a batch."""
    return Answer(
        _softmax(outputs["classes"][0]),
        outputs["heat"][0],
        _softmax(outputs["category"][0]),
        _softmax(outputs["sleeve"][0]),
    )


def _softmax(logits: Floats) -> Floats:
    shares = np.exp(logits - logits.max(axis=0))
    return np.asarray(shares / shares.sum(axis=0), np.float32)


def agreed(answer: Answer, mirrored: Answer) -> Answer:
    """The mean of the answers to a picture and to its mirror image, in the picture's places."""
    turned = Answer(
        mirrored.shares[..., ::-1],
        mirrored.heat[list(MIRRORED), :, ::-1],
        mirrored.category,
        mirrored.sleeve,
    )
    means = [(one + other) / np.float32(2) for one, other in zip(answer, turned, strict=True)]
    return Answer(*means)


class Peaks(NamedTuple):
    """The highest places of heat maps: spots (n, k, 2) in picture pixels, the highest first.

    heights: (n, k), 0 where a map has no more.
    """

    spots: Points
    heights: Floats


def peaks(heat: Floats, count: int = RIVALS) -> Peaks:
    """Find the peaks of heat maps (n, h, w), each finer than a cell."""
    found = Peaks(
        np.zeros((len(heat), count, 2), np.float32), np.zeros((len(heat), count), np.float32)
    )
    for number, plane in enumerate(heat):
        crest = cv2.dilate(plane, np.ones((5, 5), np.uint8))
        rows, cols = np.nonzero((plane >= crest) & (plane > LEAST_PEAK))
        order = np.argsort(-plane[rows, cols], kind="stable")[:count]
        rows, cols = rows[order], cols[order]
        found.heights[number, : len(order)] = plane[rows, cols]
        found.spots[number, : len(order)] = _finer(plane, rows, cols)
    return found


def _finer(plane: Floats, rows: NDArray[np.int64], cols: NDArray[np.int64]) -> Points:
    """Peaks (n, 2) in picture pixels: a spot is a Gaussian, whose logarithm is a parabola."""
    logs = np.log(np.maximum(np.pad(plane, 1, mode="reflect"), 1e-3))
    middle, shifts = logs[rows + 1, cols + 1], []
    for low, high in (
        (logs[rows + 1, cols], logs[rows + 1, cols + 2]),
        (logs[rows, cols + 1], logs[rows + 2, cols + 1]),
    ):
        bend = np.minimum(2 * (low + high - 2 * middle), -1e-3)
        shifts.append(np.clip((low - high) / bend, -0.5, 0.5))
    cells = np.stack([cols, rows], axis=1) + np.stack(shifts, axis=1)
    return ((cells + 0.5) * STRIDE - 0.5).astype(np.float32)


def arranged(heat: Floats) -> Points:
    """Landmarks (13, 2) in picture pixels: peaks of their maps that suit each other.

    A map often has a second peak, on the other side or at the next landmark. Any three peaks say
    where all of SHAPE would lie; the likeliest place of the whole decides between the peaks of
    each. A landmark without any peak comes to lie where the shape has it.
    """
    found = peaks(heat[: len(Landmark)])
    places = _places(found)
    if not len(places):
        return found.spots[:, 0]
    scores = _scores(places, found)
    best = int(scores.max(axis=2).sum(axis=1).argmax())
    choice = scores[best].argmax(axis=1)
    unit = float(np.sqrt(np.linalg.det(places[best, :2])))
    for pair in _CUFFS:
        choice[list(pair)] = _as_cuff(found.spots[list(pair)] / unit, scores[best, list(pair)])
    points = found.spots[np.arange(len(Landmark)), choice]
    default = (_WITH_ONE @ places[best]).astype(np.float32)
    return np.where(found.heights[:, :1] > 0, points, default)


def _as_cuff(spots: NDArray[np.floating], scores: NDArray[np.float64]) -> tuple[int, int]:
    """Choose both corners of a cuff, of peaks (2, k, 2) in armpit widths: neither far nor one."""
    width = np.linalg.norm(spots[0][:, None] - spots[1], axis=2)
    low, high = CUFF_WIDTHS
    narrow, wide = np.maximum(0, low - width) / 0.04, np.maximum(0, width - high) / 0.12
    both = scores[0][:, None] + scores[1] - (narrow**2 + wide**2) / 2
    outer, inner = np.unravel_index(both.argmax(), both.shape)
    return int(outer), int(inner)


def _places(found: Peaks) -> NDArray[np.float64]:
    """Affine maps (n, 3, 2) from SHAPE to the picture, one for any three of the body's peaks."""
    threes = np.repeat(_THREES, len(_CHOICES), axis=0)
    choices = np.tile(_CHOICES, (len(_THREES), 1))
    there = (found.heights[threes, choices] > 0).all(axis=1)
    threes, choices = threes[there], choices[there]
    places = np.linalg.inv(_WITH_ONE[threes]) @ found.spots[threes, choices].astype(np.float64)
    if not len(places):
        return places
    linear = places[:, :2]
    stretch = np.linalg.svd(linear, compute_uv=False)
    likely = (np.linalg.det(linear) > 0) & (stretch[:, 0] < MOST_SKEW * stretch[:, 1])
    return np.asarray(places[likely & (stretch[:, 1] > LEAST_WIDTH)])


def _scores(places: NDArray[np.float64], found: Peaks) -> NDArray[np.float64]:
    """How well (n, 13, k) each peak suits each place of the shape, as logarithms."""
    linear = places[:, :2]
    unit = np.sqrt(np.linalg.det(linear))[:, None]
    expected = _WITH_ONE @ places
    square = ((expected[:, :, None] - found.spots) ** 2).sum(axis=3)
    off = square / (unit * LEEWAY)[:, :, None] ** 2
    stretch = np.linalg.svd(linear, compute_uv=False)
    skew = np.log(stretch[:, 0] / stretch[:, 1]) / 0.4
    suited = np.log(np.maximum(found.heights, 1e-6)) - off / 2
    scores = np.maximum(suited, np.log(UNSUITED) - 1e-4 * off)
    scores = np.where(found.heights > 0, scores, _NOWHERE)
    return np.asarray(scores - (skew**2 / 2 / len(Landmark))[:, None, None])


class GarmentReader:
    """Reads garments off product photos.

    network: input "image" (1, 3, h, w), RGB 0..255; outputs "classes" (1, 3, h/4, w/4) logits,
    "heat" (1, 20, h/4, w/4), "category" (1, 3) and "sleeve" (1, 4) logits; its spec carries
    "input_size" as [height, width], a square.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._side = int(max(network.spec["input_size"]))

    def isolate_garment(self, photo: Image, category: Category | None = None) -> Garment:
        """Cut the garment from its product photo (h, w, 3); `None` tells the category.

        Raises FittingRoomError garment_not_found, or unsupported_category for all but tops.
        """
        if category not in (None, Category.UPPER):
            raise FittingRoomError(ErrorCode.UNSUPPORTED_CATEGORY, ONLY_UPPER)
        garment = self.read(photo, category)
        if garment.category is not Category.UPPER:
            raise FittingRoomError(ErrorCode.UNSUPPORTED_CATEGORY, ONLY_UPPER)
        return garment

    def read(self, photo: Image, category: Category | None = None) -> Garment:
        """Read any garment; its landmarks mean nothing where it is a lower one.

        Raises FittingRoomError garment_not_found.
        """
        step = _step(Size(*photo.shape[:2]), DETAIL * self._side)
        near = _reduced(photo, step)
        box = letterbox(near, self._side)
        answer = self._answer(box.picture)
        cut = _cut(answer.shares, box)
        kind = category or CATEGORIES[int(answer.category.argmax())]
        sleeve = _sleeve(answer.sleeve)
        landmarks = _landmarks(answer.heat, sleeve)
        inner = _inner_share(answer.shares[GarmentClass.INNER_BACK], cut, box, landmarks)
        guide = Guide(box.picture, GUIDE_RADIUS, GUIDE_SOFTNESS)
        size = Size(*photo.shape[:2])
        mask, back = (_opacity(share, guide, box, near, step, size) for share in (cut, inner))
        inner_back = np.asarray(cv2.min(mask, back), np.uint8)
        points = step * (box.leave(landmarks) + np.float32(0.5)) - np.float32(0.5)
        limit = np.array([photo.shape[1] - 1, photo.shape[0] - 1], np.float32)
        return Garment(photo, mask, inner_back, np.clip(points, 0, limit), kind, sleeve)

    def _answer(self, picture: Image) -> Answer:
        return agreed(
            decode(self._network(encode(picture))),
            decode(self._network(encode(picture[:, ::-1]))),
        )


def _sleeve(shares: Floats) -> Sleeve:
    """The likeliest sleeve, shares (4,) of what counts as one added up."""
    totals = dict.fromkeys(Sleeve, 0.0)
    for sleeve, share in zip(SLEEVES.values(), shares, strict=True):
        totals[sleeve] += float(share)
    return max(totals, key=lambda sleeve: totals[sleeve])


def _landmarks(heat: Floats, sleeve: Sleeve) -> Points:
    """Landmarks (13, 2) in picture pixels; where no sleeve is, the cuff lies at its root."""
    points = arranged(heat)
    if sleeve is Sleeve.NONE:
        for side in ("RIGHT", "LEFT"):
            points[Landmark[f"CUFF_{side}_OUTER"]] = points[Landmark[f"SHOULDER_{side}"]]
            points[Landmark[f"CUFF_{side}_INNER"]] = points[Landmark[f"ARMPIT_{side}"]]
    return points


def _cut(shares: Floats, box: Letterbox) -> Floats:
    """Share (side, side) of the garment in the picture, stray pieces removed.

    Raises garment_not_found.
    """
    side = box.picture.shape[0]
    share = box.continued(1 - cv2.resize(shares[GarmentClass.GROUND], (side, side)))
    pieces = masks.large_pieces((255 * share).astype(np.uint8), SIDE_PIECE)
    inside = pieces[box.window] > 0
    trusted = inside.any() and float(share[box.window][inside].mean()) >= LEAST_TRUST
    if not trusted or inside.mean() < LEAST_AREA:
        raise FittingRoomError(ErrorCode.GARMENT_NOT_FOUND, NOT_FOUND)
    return np.where(masks.grow(pieces, NEAR) > 0, share, 0).astype(np.float32)


def _inner_share(share: Floats, cut: Floats, box: Letterbox, landmarks: Points) -> Floats:
    """Share (side, side) of the inner back: what reaches the neck's opening, above the neckline."""
    large = np.minimum(box.continued(cv2.resize(share, cut.shape[::-1])), cut)
    opening = np.zeros(cut.shape, np.uint8)
    collar = landmarks[[Landmark.COLLAR_RIGHT, Landmark.COLLAR_FRONT, Landmark.COLLAR_LEFT]]
    cv2.polylines(opening, [np.rint(collar).astype(np.int32)], True, 255, NEAR)
    cv2.fillConvexPoly(opening, np.rint(collar).astype(np.int32), 255)
    pieces = masks.touching((255 * large).astype(np.uint8), opening)
    found = np.where(masks.grow(pieces, NEAR) > 0, large, 0)
    return _along_neckline(found, cut, collar).astype(np.float32)


def _along_neckline(inner: Floats, cut: Floats, collar: Points) -> Floats:
    """Fill what lies above a neckline through the collar's points (3, 2), cut off what is below.

    A neckline runs between a parabola and a squarer curve. It is filled only where the network
    found most of the opening (the collar of a shirt is no opening), and cut off only where little
    would go: else the points are wrong, not the network.
    """
    right, front, left = collar
    width = max(1.0, float(np.linalg.norm(left - right)))
    across, middle = (left - right) / width, (left + right) / 2
    y, x = np.mgrid[: inner.shape[0], : inner.shape[1]].astype(np.float32)
    place = 2 * np.abs((x - middle[0]) * across[0] + (y - middle[1]) * across[1]) / width
    below = (y - middle[1]) * across[0] - (x - middle[0]) * across[1]
    depth = max(0.0, float((front - middle) @ (-across[1], across[0])))
    opening = (place < 1) & (below < depth * (1 - place**2)) & (below > -depth) & (cut > 0.5)
    if opening.any() and float(inner[opening].mean()) > MOST_OF_IT:
        inner = np.where(opening, cut, inner)
    lowest = depth * np.sqrt(np.clip(1 - place**4, 0, 1)) + NECK_PLAY
    kept = inner * np.clip(lowest + 0.5 - below, 0, 1)
    return kept if float((inner - kept).sum()) < SPILL * float(inner.sum()) else inner


def _step(photo: Size, most: int) -> int:
    """How many pixels of a photo go into one, so that none of its sides is longer than `most`."""
    return min(-(-max(photo) // most), *photo)


def _reduced(photo: Image, step: int) -> Image:
    """A photo whose pixels are the means of `step` by `step`; what is left over is cut off."""
    if step == 1:
        return photo
    height, width = (length // step for length in photo.shape[:2])
    even = photo[: height * step, : width * step]
    return np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _opacity(
    share: Floats, guide: Guide, box: Letterbox, near: Image, step: int, photo: Size
) -> Mask:
    """A share (side, side) of the picture as opacity (h, w) of the photo, along its edges.

    near: the photo reduced by `step`, as it is in the box.
    """
    mask = np.zeros(photo, np.uint8)
    solid = np.where(share > 0.5, np.uint8(255), np.uint8(0))
    if not solid.any():
        return mask
    window = _reach(solid, box, Size(*near.shape[:2]))
    refined = _refined(share, solid, guide, _shifted(box.matrix, window), near[window])
    even = _whole(refined, solid, GRAIN / float(box.matrix[0, 0]))
    stops = (
        whole if part.stop == length else part.stop * step
        for part, length, whole in zip(window, near.shape, photo, strict=False)
    )
    rows, cols = (slice(part.start * step, stop) for part, stop in zip(window, stops, strict=True))
    mask[rows, cols] = _steeper(_enlarged(even, step, Size(*mask[rows, cols].shape)))
    return mask


def _reach(solid: Mask, box: Letterbox, near: Size) -> tuple[slice, slice]:
    """The part of the photo in the box in which the edge of a cut can lie."""
    left, top, right, bottom = masks.box(solid)
    corners = np.array([[left - 4 * BAND, top - 4 * BAND], [right + 4 * BAND, bottom + 4 * BAND]])
    first, last = box.leave(corners.astype(np.float32)).astype(int)
    return (
        slice(max(0, int(first[1])), min(near.height, int(last[1]))),
        slice(max(0, int(first[0])), min(near.width, int(last[0]))),
    )


def _shifted(matrix: NDArray[np.float64], window: tuple[slice, slice]) -> NDArray[np.float64]:
    """A 2x3 matrix from a whole picture's pixels as one from those of a part of it."""
    shifted = matrix.copy()
    shifted[:, 2] += matrix[:, :2] @ (window[1].start, window[0].start)
    return shifted


def _refined(
    share: Floats, solid: Mask, guide: Guide, matrix: NDArray[np.float64], near: Image
) -> Mask:
    """Refine a share (side, side) of the picture to the pixels of a part of the photo.

    Only in a band along the cut's own edge. matrix: 2x3, pixels of that part to the picture's.
    """
    inside, within = _bounds(solid)
    flat = cv2.warpAffine(inside, matrix, near.shape[1::-1], flags=_BACK | cv2.INTER_NEAREST)
    mask = np.asarray(flat, np.uint8)
    planes = [guide.fit(share), _soft(inside), _soft(within)]
    for tile in _tiles((planes[1] < 1) & (planes[2] > 0), matrix, Size(*near.shape[:2])):
        mask[tile] = _tile(planes, _shifted(matrix, tile), near[tile])
    return mask


def _tiles(
    band: NDArray[np.bool_], matrix: NDArray[np.float64], size: Size
) -> Iterator[tuple[slice, slice]]:
    """Tiles of what has `size` that touch a band in the picture; matrix: to the picture."""
    for top, left in product(range(0, size.height, TILE), range(0, size.width, TILE)):
        bottom, right = min(top + TILE, size.height), min(left + TILE, size.width)
        corners = np.array([[left, top], [right, bottom]]) @ matrix[:, :2].T + matrix[:, 2]
        (x0, y0), (x1, y1) = np.maximum(corners.astype(int) + ((-1, -1), (2, 2)), 0).tolist()
        if band[y0:y1, x0:x1].any():
            yield slice(top, bottom), slice(left, right)


def _whole(mask: Mask, solid: Mask, grain: float) -> Mask:
    """A refined mask without what only a print or noise in the photo left out along its edge.

    solid: the cut in the picture, whose holes stay. grain: in the mask's pixels.
    """
    even = masks.feather(mask, 2 * grain)
    if masks.holes(solid).any():
        return even
    rims_too = masks.grow(masks.holes(even), round(grain) + 1)
    return np.asarray(cv2.max(even, rims_too), np.uint8)


def _enlarged(mask: Mask, step: int, size: Size) -> Mask:
    """Undo `_reduced`; what was cut off repeats the border."""
    if step == 1:
        return mask
    shift = 0.5 / step - 0.5
    matrix = np.array([[1 / step, 0, shift], [0, 1 / step, shift]])
    way = _BACK | cv2.INTER_LINEAR
    large = cv2.warpAffine(mask, matrix, size[::-1], flags=way, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(large, np.uint8)


def _steeper(mask: Mask) -> Mask:
    """Narrow a mask's soft edge to where it is half covered."""
    table = np.clip((np.arange(256) - 127.5) * STEEPNESS + 127.5, 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(mask, table), np.uint8)


def _bounds(solid: Mask) -> tuple[Mask, Mask]:
    """What is surely inside of a cut, and what may be."""
    return masks.shrink(solid, BAND), masks.grow(solid, BAND)


def _soft(mask: Mask) -> Floats:
    return np.asarray(masks.feather(mask, 2.0), np.float32) / np.float32(255)


def _tile(planes: list[Floats], place: NDArray[np.float64], tile: Image) -> Mask:
    """Opacity (h, w) uint8 of a part of the photo; planes: fit, surely inside, perhaps inside."""
    size = (tile.shape[1], tile.shape[0])
    plane = (apply_fit(planes[0], place, tile) - 0.5) * STEEPNESS + 0.5
    low, high = (
        cv2.warpAffine(
            bound, place, size, flags=_BACK | cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        for bound in planes[1:]
    )
    np.clip(plane, low, high, out=plane)
    np.clip(plane, 0, 1, out=plane)
    return np.rint(plane * 255).astype(np.uint8)
