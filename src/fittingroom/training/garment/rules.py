"""Garments cut from their ground by rule, without learning: the first labels of real photos.

Two cuts compete, one for plain grounds (a smooth ground colour, flooded from the border) and one
for busy grounds (colour models of border and centre, then GrabCut). Where all agree the cut is
sure.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom import masks
from fittingroom.types import Image, Mask

Floats: TypeAlias = NDArray[np.float32]

CUT: Final = 256  # longer side of the picture that GrabCut sees, pixels


def cuts_of(image: Image) -> tuple[Mask, float, float]:
    """Cut a garment by rule: the mask, how far three cuts agree, and its quality."""
    lab = _lab(image)
    ground = _Ground.of(lab)
    found = [_tidy(_cut_plain(lab, ground), lab, ground)]
    found += [_tidy(mask, lab, ground) for mask in _cuts_busy(image, lab, ground)]
    scores = [_quality(mask, lab, ground) for mask in found]
    scores[0] *= ground.plainness
    best = found[int(np.argmax(scores))] > 0
    overlaps = [
        float((best & (mask > 0)).sum() / max((best | (mask > 0)).sum(), 1)) for mask in found
    ]
    return np.where(best, np.uint8(255), np.uint8(0)), min(overlaps), max(scores)


def _shrunk(photo: Image, side: int) -> tuple[Image, Floats]:
    """Scale so that the longer side is `side` pixels: the picture and the scale (2,) in x, y."""
    height, width = photo.shape[:2]
    ratio = side / max(height, width)
    size = (max(16, round(width * ratio)), max(16, round(height * ratio)))
    way = cv2.INTER_AREA if ratio < 1 else cv2.INTER_LINEAR
    small = np.asarray(cv2.resize(photo, size, interpolation=way), np.uint8)
    return small, np.array([size[0] / width, size[1] / height], np.float32)


def _lab(image: Image) -> Floats:
    """CIE Lab (h, w, 3) float32, L 0..100, lightly smoothed."""
    soft = cv2.GaussianBlur(image, (0, 0), 0.8).astype(np.float32) / 255
    return np.asarray(cv2.cvtColor(soft, cv2.COLOR_RGB2LAB), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class _Ground:
    """The ground as a smooth field of Lab colours.

    colour: (h, w, 3) float32, its colour at each pixel. spread: (3,) float32, one sigma of the
    border around it. inliers: share (0..1) of the border that follows it.
    """

    colour: Floats
    spread: Floats
    inliers: float

    @staticmethod
    def of(lab: Floats) -> "_Ground":
        """Fit quadratic fields to the border band, robustly."""
        height, width = lab.shape[:2]
        ys, xs = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
        basis = np.stack([np.ones_like(xs), xs, ys, xs * xs, xs * ys, ys * ys], axis=-1)
        band = masks.border((height, width), max(3, height // 28)) > 0
        rows, seen = basis[band], lab[band]
        keep = np.ones(len(rows), np.bool_)
        spread = np.ones(3, np.float32)
        for _ in range(5):
            kept = rows[keep]
            weights = np.linalg.solve(kept.T @ kept, kept.T @ seen[keep])
            rest = np.abs(seen - rows @ weights)
            spread = np.maximum(1.4826 * np.median(rest, axis=0), 0.4).astype(np.float32)
            keep = (rest < 3.0 * spread + 0.5).all(axis=1)
            if keep.mean() < 0.2:
                keep = np.ones(len(rows), np.bool_)
        colour = (basis @ weights).astype(np.float32)
        return _Ground(colour, spread, float(keep.mean()))

    @property
    def plainness(self) -> float:
        """How far a flood from the border may be trusted, about 0.5 to 1.2."""
        noise = float(np.linalg.norm(self.spread))
        return 0.5 + 0.7 * self.inliers * float(np.exp(-((noise / 3) ** 2)))

    def distance(self, lab: Floats) -> Floats:
        """How unlike the ground each pixel is, (h, w), in sigmas; soft shadow counts little."""
        delta = lab - self.colour
        light = delta[..., 0]
        shadow = np.where(light < 0, np.maximum(0, -light - 3.0) * 0.55, light)
        sigma = np.maximum(self.spread, np.array([0.9, 0.7, 0.7], np.float32))
        chroma = np.hypot(delta[..., 1] / sigma[1], delta[..., 2] / sigma[2])
        return np.hypot(shadow / sigma[0], chroma).astype(np.float32)


def _cut_plain(lab: Floats, ground: _Ground) -> Mask:
    """What differs from a smooth ground or hides it behind an edge; may have holes."""
    unlike = ground.distance(lab)
    steep = _steepness(lab)
    band = masks.border(unlike.shape, 8) > 0
    wall = float(np.clip(5 * np.quantile(steep[band], 0.8), 0.6, 6.0))
    is_ground = np.where((unlike < 3.2) & (steep < wall), np.uint8(255), np.uint8(0))
    is_ground = masks.opened(is_ground, 2)
    reached = masks.grow(masks.touching(is_ground, masks.border(is_ground.shape, 2)), 2)
    enclosed = cv2.subtract(is_ground, masks.grow(reached, 3))
    rest = masks.closed(masks.inverse(reached), 4)
    return np.asarray(cv2.subtract(rest, enclosed), np.uint8)


def _steepness(lab: Floats) -> Floats:
    """Length of the Lab gradient (h, w), in Lab units per pixel."""
    dx = np.asarray(cv2.Sobel(lab, cv2.CV_32F, 1, 0, scale=0.125))
    dy = np.asarray(cv2.Sobel(lab, cv2.CV_32F, 0, 1, scale=0.125))
    return np.sqrt((dx * dx + dy * dy).sum(axis=2)).astype(np.float32)


def _cuts_busy(image: Image, lab: Floats, ground: _Ground) -> tuple[Mask, Mask]:
    """Two cuts by colour models of border and centre: sharpened by GrabCut, and as believed."""
    small, _ = _shrunk(image, CUT)
    size = (lab.shape[1], lab.shape[0])
    prior = _prior(_lab(small), _evidence(lab, ground, small))
    belief = np.where(prior > 0.5, np.uint8(255), np.uint8(0))
    cuts = (_grab_cut(small, prior), belief)
    large = [np.asarray(cv2.resize(cut, size, interpolation=cv2.INTER_CUBIC)) for cut in cuts]
    return masks.solid(large[0]), masks.solid(large[1])


def _evidence(lab: Floats, ground: _Ground, small: Image) -> Floats:
    """Departure from a smooth ground in the shape of `small`: (h, w), -1..1."""
    size = (small.shape[1], small.shape[0])
    unlike = cv2.resize(ground.distance(lab), size, interpolation=cv2.INTER_AREA)
    floor = -0.7 * float(np.exp(-((np.linalg.norm(ground.spread) / 8) ** 2)))
    return (ground.inliers * np.clip((unlike - 4.0) / 4.0, floor, 1.0)).astype(np.float32)


def _grab_cut(image: Image, prior: Floats) -> Mask:
    """Sharpen a prior (h, w), 0..1, by colours and edges of the picture; a solid mask."""
    seeds = np.where(prior > 0.5, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    seeds[(masks.border(prior.shape, 2) > 0) & (prior < 0.6)] = cv2.GC_BGD
    seeds[prior < 0.08] = cv2.GC_BGD
    seeds[prior > 0.92] = cv2.GC_FGD
    if not (seeds & 1).any() or (seeds & 1).all():
        return np.zeros(prior.shape, np.uint8)
    bgr = np.ascontiguousarray(image[..., ::-1])
    cv2.setRNGSeed(0)
    cv2.grabCut(bgr, seeds, None, np.zeros((1, 65)), np.zeros((1, 65)), 3, cv2.GC_INIT_WITH_MASK)
    return np.where(seeds & 1, np.uint8(255), np.uint8(0))


def _prior(lab: Floats, evidence: Floats) -> Floats:
    """How likely each pixel is garment (h, w), 0..1: place, colour, and way from the border.

    evidence: (h, w), -1..1, how far the pixel departs from a smooth ground.
    """
    height, width = lab.shape[:2]
    ys, xs = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    place = np.exp(-((xs / 0.62) ** 4) - (ys / 0.72) ** 4).astype(np.float32)
    belief = np.clip(place + 0.5 * evidence, 0.02, 0.98).astype(np.float32)
    way = _way_in(lab)
    for _ in range(3):
        colour = _colour_odds(lab, belief)
        logit = 1.2 * colour + 2.2 * (place - 0.45) + 2.5 * (way - 0.5) + 1.6 * evidence
        belief = (1 / (1 + np.exp(-1.6 * logit))).astype(np.float32)
        belief = np.asarray(cv2.GaussianBlur(belief, (0, 0), 2.0), np.float32)
    return belief


def _colour_odds(lab: Floats, belief: Floats) -> Floats:
    """Log odds (h, w) of each pixel's colour between likely garment and likely ground."""
    steps = np.array([7.0, 7.0, 7.0], np.float32)
    index = np.floor((lab - np.array([0, -105, -105], np.float32)) / steps).astype(np.int32)
    shape = (16, 32, 32)
    sums = []
    for weight in (belief, 1 - belief):
        flat = np.ravel_multi_index(tuple(np.moveaxis(index, -1, 0)), shape, mode="clip")
        table = np.bincount(flat.ravel(), weight.ravel(), minlength=shape[0] * shape[1] * shape[2])
        smooth = _smooth_table(np.asarray(table, np.float64).reshape(shape))
        sums.append(smooth / float(weight.sum()))
    odds = np.log((sums[0] + 1e-5) / (sums[1] + 1e-5)).ravel()
    return np.clip(odds[flat], -2.5, 2.5).astype(np.float32)


def _smooth_table(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Blur a colour table over its three axes by the kernel 1 2 1."""
    for axis in range(3):
        table = (np.roll(table, 1, axis) + 2 * table + np.roll(table, -1, axis)) / 4
    return table


def _way_in(lab: Floats) -> Floats:
    """Geodesic way from the border across colour steps (h, w), scaled to 0..1 by rank."""
    soft = np.asarray(cv2.bilateralFilter(lab, 5, 12.0, 3.0), np.float32)
    cost = np.maximum(_steepness(soft) - 0.5, 0.02)
    way = np.where(masks.border(cost.shape, 1) > 0, np.float32(0), np.float32(1e6))
    for _ in range(4):
        for axis in (0, 1):
            way = _swept(way, cost, axis)
    top = float(np.quantile(way, 0.9)) + 1e-6
    return np.clip(way / top, 0, 1).astype(np.float32)


def _swept(way: Floats, cost: Floats, axis: int) -> Floats:
    """Let shorter ways run along an axis in both directions."""
    for flip in (False, True):
        if flip:
            way, cost = np.flip(way, axis), np.flip(cost, axis)
        walked = np.cumsum(cost, axis=axis)
        way = np.minimum.accumulate(way - walked, axis=axis) + walked
        if flip:
            way = np.flip(way, axis)
    return way


def _tidy(mask: Mask, lab: Floats, ground: _Ground) -> Mask:
    """Drop hooks, specks and thin bits, keep the garment's piece, fill all but real holes."""
    height, width = mask.shape
    radius = max(1, round(max(height, width) / 150))
    gaps = _real_holes(mask, lab, ground)
    filled = cv2.subtract(masks.fill_holes(mask), gaps)
    body = masks.largest_piece(masks.opened(np.asarray(filled, np.uint8), 2 * radius))
    near = cv2.bitwise_and(filled, masks.grow(body, 2 * radius))
    whole = cv2.bitwise_or(body, masks.opened(np.asarray(near, np.uint8), radius))
    soft = cv2.GaussianBlur(cv2.subtract(whole, gaps), (0, 0), 1.2)
    return masks.largest_piece(masks.solid(np.asarray(soft, np.uint8)))


def _real_holes(mask: Mask, lab: Floats, ground: _Ground) -> Mask:
    """Holes that show the ground, as between sleeve and body; prints in its colour are none."""
    inside = masks.opened(masks.holes(mask), 1)
    if not inside.any():
        return inside
    left, _, right, _ = masks.box(mask)
    count, numbers, stats, centres = cv2.connectedComponentsWithStats(inside, connectivity=4)
    keep = np.zeros(count, np.uint8)
    for piece in range(1, count):
        off_axis = abs(centres[piece][0] - (left + right) / 2) / max(1, right - left)
        large = stats[piece, cv2.CC_STAT_AREA] > 0.0015 * mask.size
        tall = stats[piece, cv2.CC_STAT_HEIGHT] > 1.4 * stats[piece, cv2.CC_STAT_WIDTH]
        if large and tall and off_axis > 0.15:
            keep[piece] = 255 if _shows_ground(numbers == piece, mask, lab, ground) else 0
    return keep[numbers]


def _shows_ground(hole: NDArray[np.bool_], mask: Mask, lab: Floats, ground: _Ground) -> bool:
    """Whether the colour in a hole is nearer to the ground's than to the garment's around it."""
    weights = np.array([0.5, 1.0, 1.0], np.float32)  # shadow lies in it: lightness counts less
    spot = np.where(hole, np.uint8(255), np.uint8(0))
    around = (masks.grow(spot, 8) > 0) & (mask > 0)
    inside = np.median(lab[hole], axis=0)
    to_ground = np.linalg.norm((inside - np.median(ground.colour[hole], axis=0)) * weights)
    to_garment = np.linalg.norm((inside - np.median(lab[around], axis=0)) * weights)
    return bool(to_garment > 6 and to_ground < 0.6 * to_garment)


def _quality(mask: Mask, lab: Floats, ground: _Ground) -> float:
    """How well a cut looks like a garment: contrast along its edge, room to the border, shape.

    0 or less when it cannot be one.
    """
    area = masks.share(mask)
    if not 0.04 <= area <= 0.97:
        return 0.0
    rim = masks.border(mask.shape, 2)
    touch = float((mask[rim > 0] > 0).mean())
    if touch > 0.6:
        return 0.0
    shape = (1 - touch) ** 2 * _compactness(mask) * _place(mask)
    return _contrast(mask, lab) * shape * _coverage(mask, lab, ground)


def _coverage(mask: Mask, lab: Floats, ground: _Ground) -> float:
    """Penalty for leaving out what a smooth ground does not explain next to the cut, 0..1."""
    strange = np.where(ground.distance(lab) > 5.0, np.uint8(255), np.uint8(0))
    wide = masks.grow(mask, 4)
    strange = masks.touching(masks.opened(strange, 2), wide)
    left_out = masks.share(np.asarray(cv2.subtract(strange, wide))) / max(1e-6, masks.share(mask))
    return 1 - ground.inliers * min(1.0, 1.2 * left_out)


def _contrast(mask: Mask, lab: Floats) -> float:
    """Share of the outline across which the colour changes clearly, 0.05..1."""
    inside = (masks.shrink(mask, 2) > 0).astype(np.float32)
    outside = (masks.shrink(masks.inverse(mask), 2) > 0).astype(np.float32)
    means = []
    for part in (inside, outside):
        weight = cv2.blur(part, (11, 11)) + 1e-4
        means.append(cv2.blur(lab * part[..., None], (11, 11)) / weight[..., None])
    edge = cv2.subtract(mask, masks.shrink(mask, 1)) > 0
    step = np.linalg.norm(means[0] - means[1], axis=2)[edge]
    return 0.05 + float((step / (step + 8.0)).mean())


def _compactness(mask: Mask) -> float:
    """Penalty for ragged outlines, 0..1: area over squared outline against a garment's."""
    outlines = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)[0]
    length = sum(cv2.arcLength(outline, True) for outline in outlines)
    ratio = 4 * np.pi * np.count_nonzero(mask) / max(1.0, length * length)
    return float(min(1.0, ratio / 0.25))


def _place(mask: Mask) -> float:
    """Preference for a cut around the middle of the picture and of some size, 0..1."""
    left, top, right, bottom = masks.box(mask)
    off_x = abs((left + right) / mask.shape[1] - 1)
    off_y = abs((top + bottom) / mask.shape[0] - 1)
    size = min(1.0, masks.share(mask) / 0.12)
    return float(np.exp(-2 * off_x * off_x - off_y * off_y) * (0.5 + 0.5 * size))
