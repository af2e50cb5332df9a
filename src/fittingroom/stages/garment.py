"""Product photo to Garment: the garment cut from its ground, its landmarks and its sleeve class.

By rule, without learning. The photo is looked at small (`WORK` pixels); two cuts compete, one
for plain grounds (a smooth ground colour, flooded from the border) and one for busy grounds
(colour models of border and centre, then GrabCut). The winner's edge is refined on the photo's
own pixels. Landmarks follow from the outline, the inner back from the neckline's edge.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom import masks
from fittingroom.errors import ErrorCode, FittingRoomError
from fittingroom.types import Category, Garment, Image, Landmark, Mask, Points, Sleeve

Floats: TypeAlias = NDArray[np.float32]
Spot: TypeAlias = tuple[float, float]

WORK: Final = 448  # longer side of the picture that the cuts look at, pixels
CUT: Final = 256  # longer side of the picture that GrabCut sees, pixels
SURE: Final = 1.12  # plainness of a ground from which on its flooded cut may stand alone
POOR: Final = 0.15  # quality of a cut below which the picture shows no garment
NOT_FOUND: Final = "use a photo that shows one garment whole, on a ground of another colour"
ONLY_UPPER: Final = "only upper garments work so far; use a top, or pass --category upper"


def isolate_garment(photo: Image, category: Category | None = None) -> Garment:
    """Cut the garment from its product photo (h, w, 3); `None` tells the category by shape.

    Raises FittingRoomError garment_not_found, or unsupported_category for all but tops.
    """
    if category not in (None, Category.UPPER):
        raise FittingRoomError(ErrorCode.UNSUPPORTED_CATEGORY, ONLY_UPPER)
    small, scale = _shrunk(photo, WORK)
    cut = _cut(small)
    if category is None and _category(cut) is not Category.UPPER:
        raise FittingRoomError(ErrorCode.UNSUPPORTED_CATEGORY, ONLY_UPPER)
    shape = find_landmarks(cut)
    inner, front = _inner_back(small, cut, shape.points)
    points = shape.points.copy()
    points[Landmark.COLLAR_FRONT] = front
    mask = _refined(photo, small, cut)
    inner_back = _enlarged(inner, mask)
    photo_points = ((points + 0.5) / scale - 0.5).astype(np.float32)
    return Garment(photo, mask, inner_back, photo_points, Category.UPPER, shape.sleeve)


def _shrunk(photo: Image, side: int) -> tuple[Image, Floats]:
    """Scale so that the longer side is `side` pixels: the picture and the scale (2,) in x, y."""
    height, width = photo.shape[:2]
    ratio = side / max(height, width)
    size = (max(16, round(width * ratio)), max(16, round(height * ratio)))
    way = cv2.INTER_AREA if ratio < 1 else cv2.INTER_LINEAR
    small = np.asarray(cv2.resize(photo, size, interpolation=way), np.uint8)
    return small, np.array([size[0] / width, size[1] / height], np.float32)


# --- the cut ------------------------------------------------------------------------------------


def _cut(image: Image) -> Mask:
    """Mask of the garment in the small picture, solid; raises garment_not_found."""
    lab = _lab(image)
    if float(lab.reshape(-1, 3).std(axis=0).max()) < 1.0:
        raise FittingRoomError(ErrorCode.GARMENT_NOT_FOUND, NOT_FOUND)
    ground = _Ground.of(lab)
    found = [_tidy(_cut_plain(lab, ground), lab, ground)]
    scores = [_quality(found[0], lab, ground) * ground.plainness]
    if ground.plainness < SURE or scores[0] < 0.5:
        found += [_tidy(mask, lab, ground) for mask in _cuts_busy(image, lab, ground)]
        scores += [_quality(mask, lab, ground) for mask in found[1:]]
    if max(scores) < POOR:
        raise FittingRoomError(ErrorCode.GARMENT_NOT_FOUND, NOT_FOUND)
    return found[int(np.argmax(scores))]


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


def _category(mask: Mask) -> Category:
    """Tell trousers and dresses by their outline; a top when unsure."""
    left, top, right, bottom = masks.box(mask)
    part = mask[top:bottom, left:right] > 0
    height, width = part.shape
    notch = part[int(0.55 * height) :, int(0.35 * width) : int(0.65 * width)]
    split = float((~notch).any(axis=1).mean())
    if height > 1.1 * width and split > 0.85 and part[: height // 3].mean() > 0.6:
        return Category.LOWER
    if height > 2.3 * width:
        return Category.DRESS
    return Category.UPPER


# --- the edge at full size ----------------------------------------------------------------------


def _refined(photo: Image, small: Image, cut: Mask) -> Mask:
    """The cut at the photo's size (h, w), its soft edge drawn from the photo's own colours.

    In the band around the cut's edge a pixel's opacity is its place between the colours a
    little inside and a little outside, where these differ; elsewhere the scaled cut stays.
    """
    size = (photo.shape[1], photo.shape[0])
    blurred = masks.feather(cut, 3.0)
    large = np.asarray(cv2.resize(blurred, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    mask = _steeper(large)
    rows, cols = np.nonzero((large > 8) & (large < 247))
    if not len(rows):
        return mask
    xs = (cols + 0.5) * (cut.shape[1] / size[0]) - 0.5
    ys = (rows + 0.5) * (cut.shape[0] / size[1]) - 0.5
    spots = np.stack([xs, ys], axis=-1).astype(np.float32)
    inner, outer = (_sampled(side, spots) for side in _side_colours(small, cut))
    mask[rows, cols] = _opacity(photo[rows, cols], inner, outer, large[rows, cols])
    return mask


def _steeper(large: Mask) -> Mask:
    """Narrow a soft edge to a third around its middle."""
    table = np.clip((np.arange(256) - 127.5) * 3.0 + 127.5, 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(large, table), np.uint8)


def _side_colours(small: Image, cut: Mask) -> tuple[Floats, Floats]:
    """Colours near each pixel of what is surely inside and surely outside: two (h, w, 6).

    The first three channels are the mean, the last three the mean square.
    """
    values = small.astype(np.float32)
    values = np.concatenate([values, values * values], axis=2)
    found = []
    for side in (masks.shrink(cut, 3), masks.shrink(masks.inverse(cut), 3)):
        weight = (side > 0).astype(np.float32)
        total = cv2.blur(values * weight[..., None], (13, 13))
        found.append(total / (cv2.blur(weight, (13, 13))[..., None] + 1e-4))
    return found[0], found[1]


def _opacity(colours: Image, inner: Floats, outer: Floats, prior: Mask) -> Mask:
    """Opacity (n,) uint8 of edge pixels from their colours (n, 3) and those beside them (n, 6).

    Colours are trusted where the two sides differ more than each side does in itself.
    """
    way = inner[:, :3] - outer[:, :3]
    length = (way * way).sum(axis=1)
    spread = sum((side[:, 3:] - side[:, :3] ** 2).sum(axis=1) for side in (inner, outer))
    along = ((colours - outer[:, :3]) * way).sum(axis=1) / (length + 1e-3)
    seen = np.clip((along - 0.5) * 1.4 + 0.5, 0, 1)
    shape = prior.astype(np.float32) / 255
    steep = np.clip((shape - 0.5) * 3.0 + 0.5, 0, 1)
    noise = 40.0**2 + 4 * np.maximum(spread, 0)
    trust = length / (length + noise) * np.clip(8 * shape * (1 - shape), 0, 1)
    mixed = trust * seen + (1 - trust) * steep
    return np.round(255 * np.clip((mixed - 0.5) * 1.3 + 0.5, 0, 1)).astype(np.uint8)


def _enlarged(inner: Mask, mask: Mask) -> Mask:
    """Scale the inner back to the photo's size and keep it within the garment's mask."""
    if not inner.any():
        return np.zeros_like(mask)
    size = (mask.shape[1], mask.shape[0])
    large = cv2.resize(masks.feather(inner, 1.5), size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.min(large, mask), np.uint8)


# --- landmarks ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """What the outline of a garment tells: points (13, 2) float32 by `Landmark`, sleeve class."""

    points: Points
    sleeve: Sleeve


@dataclass(frozen=True, slots=True, eq=False)
class _Half:
    """One half of an upright garment seen as the image's left one, axis at x = 0 growing outward.

    filled: (h, n) bool, n = distance from the axis in pixels. first: (n,) topmost row by distance,
    h where empty. reach: (h,) outer end of the run that starts at the axis, by row.
    """

    filled: NDArray[np.bool_]
    first: NDArray[np.int64]
    reach: NDArray[np.int64]
    top: int
    bottom: int

    @staticmethod
    def of(filled: NDArray[np.bool_]) -> "_Half":
        """Measure a half; columns run outward from the axis."""
        height, width = filled.shape
        first = np.where(filled.any(axis=0), filled.argmax(axis=0), height)
        gap = ~filled
        gap[:, : max(1, width // 40)] = False
        reach = np.where(gap.any(axis=1), gap.argmax(axis=1), width) - 1
        rows = np.flatnonzero(filled.any(axis=1))
        reach[~filled[:, : max(2, width // 12)].any(axis=1)] = 0
        return _Half(filled, first, reach, int(rows[0]), int(rows[-1]))

    @property
    def height(self) -> int:
        """Rows from top to bottom."""
        return self.bottom - self.top + 1

    @property
    def width(self) -> int:
        """Distance of the outermost column from the axis."""
        return int(np.flatnonzero(self.first < len(self.filled))[-1])


def find_landmarks(mask: Mask) -> Outline:
    """Find the 13 landmarks (13, 2) in pixels of a solid mask (h, w), and the sleeve class."""
    upright, matrix, axis = _upright(mask)
    filled = upright > 0
    halves = (_Half.of(filled[:, axis::-1]), _Half.of(filled[:, axis:]))
    arms = _arms(halves, _side_bends(upright, axis))
    sleeve = _sleeve_class(arms)
    points = np.zeros((len(Landmark), 2), np.float32)
    found = [_arm_points(half, arm, sleeve) for half, arm in zip(halves, arms, strict=True)]
    collars = _collars(halves, (found[0][0], found[1][0]))
    for collar, spots, sign, names in zip(collars, found, (-1, 1), _SIDES, strict=True):
        placed = [[axis + sign * u, y] for u, y in [collar, *spots]]
        points[list(names)] = np.array(placed, np.float32)
    points[Landmark.COLLAR_FRONT] = _default_front(points, halves)
    back = np.asarray(cv2.invertAffineTransform(matrix))
    limit = np.array([mask.shape[1] - 1, mask.shape[0] - 1], np.float32)
    points = np.clip(points @ back[:, :2].T + back[:, 2], 0, limit).astype(np.float32)
    return Outline(points, sleeve)


_SIDES: Final = (
    (
        Landmark.COLLAR_RIGHT,
        Landmark.SHOULDER_RIGHT,
        Landmark.ARMPIT_RIGHT,
        Landmark.CUFF_RIGHT_OUTER,
        Landmark.CUFF_RIGHT_INNER,
        Landmark.HEM_RIGHT,
    ),
    (
        Landmark.COLLAR_LEFT,
        Landmark.SHOULDER_LEFT,
        Landmark.ARMPIT_LEFT,
        Landmark.CUFF_LEFT_OUTER,
        Landmark.CUFF_LEFT_INNER,
        Landmark.HEM_LEFT,
    ),
)


def _upright(mask: Mask) -> tuple[Mask, NDArray[np.float64], int]:
    """Turn a mask so that its axis of symmetry stands upright.

    Returns the turned mask, the 2x3 matrix that turned it and the axis' column.
    """
    left, top, right, bottom = masks.box(mask)
    centre = ((left + right) / 2, (top + bottom) / 2)
    side = 96
    ratio = 0.8 * side / max(right - left, bottom - top)
    best = (-1.0, 0.0, 0.0)
    for turn in range(-20, 21, 4):
        matrix = cv2.getRotationMatrix2D(centre, turn, ratio)
        matrix[:, 2] += side / 2 - np.array(centre)
        turned = cv2.warpAffine(mask, matrix, (side, side), flags=cv2.INTER_LINEAR) > 127
        match, axis = _mirror_match(turned)
        best = max(best, (match - 0.0015 * abs(turn), float(turn), axis))
    _, angle, axis = best
    matrix = np.asarray(cv2.getRotationMatrix2D(centre, angle, 1.0))
    height, width = mask.shape
    pad = (0, 0) if angle == 0 else (width // 3, height // 3)
    matrix[:, 2] += pad
    size = (width + 2 * pad[0], height + 2 * pad[1])
    turned = np.asarray(cv2.warpAffine(mask, matrix, size, flags=cv2.INTER_LINEAR), np.uint8)
    column = round((axis - side / 2) / ratio + centre[0] + pad[0])
    return masks.solid(turned), matrix, int(np.clip(column, 2, size[0] - 3))


def _mirror_match(filled: NDArray[np.bool_]) -> tuple[float, float]:
    """Best overlap (0..1) of a mask with its mirror image, and the mirror's column."""
    side = filled.shape[1]
    area = max(1, int(filled.sum()))
    best = (0.0, side / 2)
    flipped = filled[:, ::-1]
    for shift in range(-16, 17):
        start, stop = max(0, shift), side + min(0, shift)
        both = filled[:, start:stop] & flipped[:, start - shift : stop - shift]
        best = max(best, (float(both.sum()) / area, (side - 1 + shift) / 2))
    return best


@dataclass(frozen=True, slots=True, eq=False)
class _Bend:
    """Where the outline bends in: distance from the axis and row (`spot`), depth in pixels.

    roofed: whether the garment lies above it, as a sleeve lies above the room under it.
    """

    spot: Spot
    depth: float
    roofed: bool


def _side_bends(mask: Mask, axis: int) -> tuple[list[_Bend], list[_Bend]]:
    """The inward bends of the outline on both sides, the deepest first."""
    outlines, tree = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    _, top, _, bottom = masks.box(mask)
    spots: list[tuple[float, float, float]] = []
    for outline, links in zip(outlines, tree[0], strict=True):
        points = outline[:, 0].astype(np.float64)
        if links[3] >= 0:
            spots += [(*points[points[:, 1].argmin()], 3.0 * float(np.ptp(points[:, 0])))]
        elif len(points) > 40:
            spots += _bends(outline)
    roof = np.where((mask > 0).any(axis=0), (mask > 0).argmax(axis=0), bottom)
    sides: tuple[list[_Bend], list[_Bend]] = ([], [])
    for x, y, depth in sorted(spots, key=lambda spot: -spot[2]):
        level = (y - top) / (bottom - top)
        column = int(np.clip(x + 0.1 * (x - axis), 0, len(roof) - 1))
        roofed = bool(roof[column] < y - 4)
        deep = (0.05 if level > 0.8 else 0.025 if roofed else 0.022) * (bottom - top)
        if 0.08 < level < 0.95 and depth > deep and abs(x - axis) > 4:
            sides[int(x > axis)].append(_Bend((abs(x - axis), y), depth, roofed))
    return sides


def _bends(outline: NDArray[np.int32]) -> list[tuple[float, float, float]]:
    """Places where the outline bends in from the side or from below: x, y, depth in pixels.

    Of a bend's deepest tenth the topmost point is taken: a waist may lie as deep as the armpit.
    """
    hull = cv2.convexHull(outline, returnPoints=False)
    hull[::-1].sort(axis=0)
    defects = cv2.convexityDefects(outline, hull)
    points = outline[:, 0].astype(np.float64)
    found = []
    for start, end, far, depth in [] if defects is None else defects.reshape(-1, 4):
        middle = (points[start] + points[end]) / 2
        out = middle - points[far]
        if depth < 256 or out[1] < -0.88 * np.hypot(*out):
            continue
        way = np.arange(start, end + 1 if end > start else end + 1 + len(points)) % len(points)
        chord = points[end] - points[start]
        normal = np.array([-chord[1], chord[0]]) / max(1e-6, float(np.hypot(*chord)))
        depths = np.abs((points[way] - points[start]) @ normal)
        deep = points[way[depths >= 0.9 * depths.max()]]
        x, y = deep[deep[:, 1].argmin()]
        found.append((float(x), float(y), float(depths.max())))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Arm:
    """One side's armpit and shoulder (distance, row) and its sleeve's pixels (h, n) bool."""

    armpit: Spot
    shoulder: Spot
    sleeve: NDArray[np.bool_]

    @property
    def length(self) -> float:
        """Way from the sleeve's root to its farthest pixel, in half chest widths."""
        us, ys = _pixels(self.sleeve)
        if not len(us):
            return 0.0
        root_u, root_y = self.root
        return float(np.hypot(us - root_u, ys - root_y).max()) / max(4.0, self.armpit[0])

    def within(self, width: int) -> "_Arm":
        """The same arm on a half of another width."""
        sleeve = np.zeros((len(self.sleeve), width), np.bool_)
        shared = min(width, self.sleeve.shape[1])
        sleeve[:, :shared] = self.sleeve[:, :shared]
        return _Arm(self.armpit, self.shoulder, sleeve)

    @property
    def root(self) -> Spot:
        """Middle between armpit and shoulder."""
        return (self.armpit[0] + self.shoulder[0]) / 2, (self.armpit[1] + self.shoulder[1]) / 2


def _pixels(filled: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Distances (n,) and rows (n,) of the pixels of a half."""
    ys, us = np.nonzero(filled)
    return us.astype(np.float32), ys.astype(np.float32)


def _arms(halves: tuple[_Half, _Half], bends: tuple[list[_Bend], list[_Bend]]) -> tuple[_Arm, _Arm]:
    """Both arms; an armpit that one side hides is taken from the other, else by proportion.

    A roofed bend is an armpit; low down it is the end of a sleeve that lies on the body. The
    armholes of a sleeveless garment have no roof.
    """
    gaps = [_gap(half, side) for half, side in zip(halves, bends, strict=True)]
    pits = [
        gap if gap and _level(half, gap) < 0.6 else None
        for half, gap in zip(halves, gaps, strict=True)
    ]
    if _is_sleeveless(halves, bends):
        return _bare_arm(halves[0], bends[0]), _bare_arm(halves[1], bends[1])
    found = []
    for half, gap, own, other in zip(halves, gaps, pits, pits[::-1], strict=True):
        chest = _top_at(half, 0.5 * half.width)
        guess = (0.66 * half.width, chest + 0.3 * (half.bottom - chest))
        if gap and not own:
            guess = (0.5 * guess[0] + 0.5 * gap[0], guess[1])
        armpit = own or _inward(half, other or guess)
        shoulder = _shoulder(half, armpit)
        down = gap if gap and not own else (1.12 * armpit[0], float(half.bottom))
        found.append(_Arm(armpit, shoulder, _sleeve_part(half, armpit, shoulder, down)))
    return _agreeing(found[0], found[1], (pits[0] is not None, pits[1] is not None))


def _agreeing(first: _Arm, second: _Arm, sure: tuple[bool, bool]) -> tuple[_Arm, _Arm]:
    """Both arms; one much longer than the other, whose armpit was only guessed, is not one.

    It is a strip of the body's side that the guess cut off: the other arm, mirrored, replaces it.
    """
    if not sure[0] and first.length > 1.8 * second.length:
        return second.within(first.sleeve.shape[1]), second
    if not sure[1] and second.length > 1.8 * first.length:
        return first, first.within(second.sleeve.shape[1])
    return first, second


def _level(half: _Half, spot: Spot) -> float:
    """How far down a spot lies, 0 at the top and 1 at the bottom."""
    return (spot[1] - half.top) / half.height


def _gap(half: _Half, bends: list[_Bend]) -> Spot | None:
    """The deepest roofed bend away from the middle, if any."""
    spots = [bend.spot for bend in bends if bend.roofed and bend.spot[0] > 0.2 * half.width]
    return spots[0] if spots else None


def _inward(half: _Half, spot: Spot) -> Spot:
    """Move a guessed armpit inward until some sleeve is left beside it."""
    row = int(np.clip(spot[1], 0, len(half.reach) - 1))
    return min(spot[0], max(4.0, 0.82 * float(half.reach[row]))), spot[1]


def _is_sleeveless(halves: tuple[_Half, _Half], bends: tuple[list[_Bend], list[_Bend]]) -> bool:
    """Whether armholes bend in at mid height and nothing hangs over any such bend."""
    sides = [_middle_bends(half, side) for half, side in zip(halves, bends, strict=True)]
    roofed = [bend.depth for side in bends for bend in side if bend.roofed]
    deep = max(roofed, default=0.0) > 0.09 * halves[0].height
    levels = [(bend, _level(halves[0], bend.spot)) for side in sides for bend in side]
    clear = 0.05 * halves[0].height  # a deep bend high up: the waist below it is no armpit
    hollow = _top_at(halves[0], 0) > halves[0].top + 0.02 * halves[0].height  # no hood
    high = [bend for bend, level in levels if level < 0.4 and not bend.roofed]
    armhole = hollow and any(bend.depth > clear for bend in high)
    armpit = any(bend.roofed and (level < 0.5 or not armhole) for bend, level in levels)
    return bool(levels) and not deep and not armpit


def _middle_bends(half: _Half, bends: list[_Bend]) -> list[_Bend]:
    """Bends of a half where an armhole or an armpit may be; not those beside a neck.

    An armhole lies about straight below the shoulder, a bent sleeve's elbow far outside of it.
    """
    across = np.flatnonzero(half.filled[half.top + int(0.12 * half.height)])
    shoulder = float(across[-1]) if len(across) else 0.0
    return [
        bend
        for bend in bends
        if _level(half, bend.spot) < 0.66
        and bend.spot[0] > (0.2 if bend.roofed else 0.4) * half.width
        and (bend.roofed or shoulder > 0.7 * bend.spot[0])
    ]


def _bare_arm(half: _Half, bends: list[_Bend]) -> _Arm:
    """The arm of a sleeveless garment: armpit and the strap's corner."""
    spots = [bend.spot for bend in _middle_bends(half, bends) if not bend.roofed]
    bend = spots[0] if spots else (0.8 * half.width, half.top + 0.2 * half.height)
    strap = _strap_corner(half, bend)
    armpit = _armhole_end(half, bend, strap)
    return _Arm(armpit, strap, np.zeros(half.filled.shape, np.bool_))


def _shoulder(half: _Half, armpit: Spot) -> Spot:
    """Where a sleeve begins at the top: above the armpit, a little inward."""
    u = min(0.93 * armpit[0], half.width)
    return u, _top_at(half, u)


def _sleeve_part(half: _Half, armpit: Spot, shoulder: Spot, down: Spot) -> NDArray[np.bool_]:
    """Pixels (h, n) of the sleeve: what a cut from armpit to shoulder parts from the body.

    Where the sleeve also touches the body lower down, a second cut goes from the armpit to `down`.
    """
    solid = half.filled.astype(np.uint8)
    pit, top = (round(armpit[0]), round(armpit[1])), (round(shoulder[0]), round(shoulder[1]) - 2)
    cut, near = np.zeros_like(solid), np.zeros_like(solid)
    cv2.line(cut, pit, top, 1, 2)
    cv2.line(near, ((pit[0] + top[0]) // 2, (pit[1] + top[1]) // 2), top, 1, 7)
    piece = _outer_piece(solid * (1 - cut), near, 0.85 * pit[0])
    if not piece.any():
        low = (round(down[0]), round(down[1]))
        cv2.line(cut, pit, low, 1, 2)
        cv2.line(cut, low, (low[0], half.bottom), 1, 2)
        piece = _outer_piece(solid * (1 - cut), near, 0.85 * pit[0])
    return piece


def _outer_piece(solid: Mask, near: Mask, beyond: float) -> NDArray[np.bool_]:
    """Largest piece (h, n) next to `near`, not the body, on average farther out than `beyond`."""
    _, numbers = cv2.connectedComponents(solid, connectivity=4)
    areas = np.bincount(numbers.ravel())
    areas[0] = 0
    wanted = 0.012 * areas.sum()
    best = 0
    for piece in np.unique(numbers[near > 0]):
        if piece != areas.argmax() and areas[piece] > max(wanted, areas[best]):
            best = int(piece) if np.nonzero(numbers == piece)[1].mean() > beyond else best
    return np.asarray((numbers == best) & (best > 0), np.bool_)


def _sleeve_class(arms: tuple[_Arm, _Arm]) -> Sleeve:
    """Sleeve class by the length of the longer sleeve."""
    length = max(arm.length for arm in arms)
    if length < 0.3:
        return Sleeve.NONE
    return Sleeve.LONG if length > 1.3 else Sleeve.SHORT


def _arm_points(half: _Half, arm: _Arm, sleeve: Sleeve) -> list[Spot]:
    """Shoulder, armpit, outer and inner cuff, hem of one half, as (distance, row)."""
    outer, inner = (arm.shoulder, arm.armpit) if sleeve is Sleeve.NONE else _cuff(arm)
    return [arm.shoulder, arm.armpit, outer, inner, _hem(half, arm.armpit, arm.sleeve)]


def _armhole_end(half: _Half, bend: Spot, strap: Spot) -> Spot:
    """The outer corner at the armhole's lower end: where the outline stands out most.

    A bend high up lies in the armhole, with the corner below it; a low one is the waist.
    """
    low = half.top + 0.9 * half.height
    hem = (float(half.reach[int(low)]), low)
    (u0, y0), (u1, y1) = (strap, bend) if _level(half, bend) > 0.4 else (bend, hem)
    last = min(y1, half.top + 0.55 * half.height)
    rows = np.arange(int(y0) + 1, max(int(y0) + 2, int(last)))
    chord = u0 + (u1 - u0) * (rows - y0) / max(1.0, y1 - y0)
    at = int(np.argmax(half.reach[rows] - chord))
    return float(half.reach[rows[at]]), float(rows[at])


def _strap_corner(half: _Half, armpit: Spot) -> Spot:
    """The strap's outer upper corner, above the armpit."""
    tops = half.first[: half.width + 1].astype(np.float64)
    tops[tops >= armpit[1]] = 1e6
    at = int(np.argmin(tops - 1.2 * np.arange(half.width + 1)))
    return float(at), float(min(tops[at], half.bottom))


def _top_at(half: _Half, u: float) -> float:
    """Topmost row of the garment at a distance from the axis; its nearest column when empty."""
    at = int(np.clip(round(u), 0, half.width))
    return float(min(half.first[at], half.bottom))


def _collars(halves: tuple[_Half, _Half], shoulders: tuple[Spot, Spot]) -> tuple[Spot, Spot]:
    """Both collar points: the top outline's corners above the chords from axis to shoulders.

    They are sought at one distance from the axis, then moved a little, each on its own. Below a
    hood or a high neck it is the corner where that meets the shoulder.
    """
    reach = max(8.0, (shoulders[0][0] + shoulders[1][0]) / 2)
    us = np.arange(int(0.14 * reach), int(0.85 * reach) + 1)
    rises = [_rise(half, shoulder, us) for half, shoulder in zip(halves, shoulders, strict=True)]
    both = rises[0] + rises[1] - 0.08 * np.abs(us - 0.45 * reach)
    common = int(np.argmax(both))
    found = []
    for half, shoulder, rise in zip(halves, shoulders, rises, strict=True):
        own = int(np.argmax(rise - 0.5 * np.abs(us - us[common])))
        u = _neck_base(half, shoulder, int(us[own]))
        found.append((float(u), _top_at(half, u)))
    return found[0], found[1]


def _rise(half: _Half, shoulder: Spot, us: NDArray[np.int64]) -> NDArray[np.float64]:
    """Height (n,) of the top outline above the chord from axis to shoulder, at distances `us`."""
    start = _top_at(half, 0)
    chord = start + (shoulder[1] - start) * us / max(8.0, shoulder[0])
    return chord - np.array([_top_at(half, float(u)) for u in us])


def _neck_base(half: _Half, shoulder: Spot, collar: int) -> int:
    """Distance of the corner below a hood or high neck; `collar` itself where there is none."""
    us = np.arange(collar, max(collar + 2, int(0.9 * shoulder[0])))
    tops = np.array([_top_at(half, float(u)) for u in us])
    chord = tops[0] + (shoulder[1] - tops[0]) * (us - collar) / max(1.0, shoulder[0] - collar)
    depth = tops - chord
    return int(us[np.argmax(depth)]) if depth.max() > 0.22 * shoulder[0] else collar


def _hem(half: _Half, armpit: Spot, sleeve: NDArray[np.bool_]) -> Spot:
    """The lower outer corner of the body below the armpit."""
    rows = np.arange(int(armpit[1]), half.bottom + 1)
    gap = ~half.filled[rows] | sleeve[rows]
    gap[:, : int(0.3 * armpit[0])] = False
    reach = np.where(gap.any(axis=1), gap.argmax(axis=1), gap.shape[1]) - 1
    reach = np.where(half.filled[rows, np.maximum(reach, 0)], reach, 0)
    body = (reach > 0.4 * armpit[0]) & (reach < 1.8 * max(armpit[0], 1.0))
    if not body.any():
        return armpit[0], float(half.bottom)
    at = int(np.argmax(np.where(body, rows + 0.5 * reach, -1.0)))
    return float(reach[at]), float(rows[at])


def _cuff(arm: _Arm) -> tuple[Spot, Spot]:
    """Outer and inner corner of the sleeve's end."""
    us, ys = _pixels(arm.sleeve)
    if len(us) < 12:
        return arm.shoulder, arm.armpit
    root = np.array(arm.root)
    away = np.hypot(us - root[0], ys - root[1])
    end = away > np.quantile(away, 0.6)
    way = np.array([us[end].mean(), ys[end].mean()]) - root
    way = way / max(1e-6, float(np.hypot(*way)))
    along = (us - root[0]) * way[0] + (ys - root[1]) * way[1]
    across = (us - root[0]) * way[1] - (ys - root[1]) * way[0]
    outer, inner = int(np.argmax(along + across)), int(np.argmax(along - across))
    return (float(us[outer]), float(ys[outer])), (float(us[inner]), float(ys[inner]))


def _default_front(points: Points, halves: tuple[_Half, _Half]) -> Points:
    """Lowest front neckline point (2,) when nothing but the outline is known."""
    right, left = points[Landmark.COLLAR_RIGHT], points[Landmark.COLLAR_LEFT]
    middle = (right + left) / 2
    dip = max(_top_at(halves[0], 0), float(middle[1]) + 0.18 * float(left[0] - right[0]))
    return np.array([middle[0], dip], np.float32)


# --- inner back ---------------------------------------------------------------------------------


def _inner_back(image: Image, mask: Mask, points: Points) -> tuple[Mask, Points]:
    """Mask (h, w) of the inner back in the small picture, and the front neckline's lowest point.

    Arcs of several depths and shapes are laid between the collar points; the one with the
    clearest step from dark above to light below wins. Empty when none is clear.
    """
    empty = np.zeros_like(mask)
    right, left = points[Landmark.COLLAR_RIGHT], points[Landmark.COLLAR_LEFT]
    width = float(np.hypot(*(left - right)))
    if width < 8 or _is_high_neck(mask, right, left):
        return empty, points[Landmark.COLLAR_FRONT]
    lab = _lab(image)
    arcs = _arcs(right, left)
    dip = arcs[:, arcs.shape[1] // 2, 1] - (right[1] + left[1]) / 2
    scores = _arc_scores(lab, mask, arcs, width) - 12 * np.maximum(0, dip / width - 0.75)
    at = int(np.argmax(scores))
    if scores[at] < 6.0:
        return empty, points[Landmark.COLLAR_FRONT]
    front: Points = arcs[at, arcs.shape[1] // 2]
    return _above_arc(mask, arcs[at], right, left), front


def _is_high_neck(mask: Mask, right: Points, left: Points) -> bool:
    """Whether a hood or high collar stands above the collar points: it hides the inside."""
    middle = (right + left) / 2
    rows = np.flatnonzero(mask[:, int(middle[0])])
    return bool(len(rows)) and float(middle[1]) - rows[0] > 0.42 * float(np.hypot(*(left - right)))


_SHAPES: Final = (1.0, 1.5, 2.0, 3.0)  # V neck, between, ellipse, square
_DEPTHS: Final = np.linspace(0.08, 1.1, 40)  # of the collar's width
_PARTS: Final = (slice(4, 12), slice(12, 21), slice(21, 29))  # left, lower and right of an arc
_WIDTHS: Final = (0.92, 1.0, 1.1)  # of the collar's width


def _arcs(right: Points, left: Points) -> Floats:
    """Candidate necklines (n, 33, 2) from collar point to collar point."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, 33)
    across = (left - right) / 2
    down = np.array([-across[1], across[0]]) * 2
    found = []
    for bend in _SHAPES:
        u = np.sign(angle) * np.abs(np.sin(angle)) ** (2 / bend)
        dip = np.abs(np.cos(angle)) ** (2 / bend)
        for wide in _WIDTHS:
            base = (right + left) / 2 + wide * u[:, None] * across
            found += [base + (depth * dip)[:, None] * down for depth in _DEPTHS]
    return np.array(found, np.float32)


def _arc_scores(lab: Floats, mask: Mask, arcs: Floats, width: float) -> Floats:
    """Step in lightness and colour (n,) from just inside to just outside each arc.

    The weakest of the arc's left, lower and right part counts: prints only match one of them.
    """
    step = max(1.2, 0.03 * width)
    along = np.gradient(arcs, axis=1)
    normal = np.stack([along[..., 1], -along[..., 0]], axis=-1)
    normal = step * normal / (np.linalg.norm(normal, axis=2, keepdims=True) + 1e-6)
    inside, outside = (_sampled(lab, arcs + way * normal) for way in (1, -1))
    within = _sampled(mask.astype(np.float32)[..., None], arcs)[..., 0] > 128
    lighter = (outside - inside)[..., 0]
    colour = np.linalg.norm((outside - inside)[..., 1:], axis=2)
    gain = np.where(within, np.clip(lighter, -10, 20) + 0.3 * np.minimum(colour, 15), 0)
    parts = [np.median(gain[:, part], axis=1) for part in _PARTS]
    unsteady = 0.15 * gain.std(axis=1)
    usable = within[:, 4:29].mean(axis=1) > 0.8
    return np.where(usable, 0.6 * np.min(parts, axis=0) + 0.4 * gain.mean(axis=1) - unsteady, 0)


def _sampled(field: Floats, points: Floats) -> Floats:
    """Values (..., c) of a field (h, w, c) at points (..., 2)."""
    flat = points.reshape(-1, 2)
    padded = np.zeros((-(-len(flat) // 1024) * 1024, 2), np.float32)  # remap's rows are short
    padded[: len(flat)] = flat
    xs, ys = (np.ascontiguousarray(padded[:, k].reshape(-1, 1024)) for k in (0, 1))
    values = np.asarray(cv2.remap(field, xs, ys, cv2.INTER_LINEAR), np.float32)
    return values.reshape(len(padded), -1)[: len(flat)].reshape(*points.shape[:-1], -1)


def _above_arc(mask: Mask, arc: Floats, right: Points, left: Points) -> Mask:
    """The part of the mask between an arc and the top, widened by a pixel or two."""
    high = min(float(right[1]), float(left[1])) - float(np.hypot(*(left - right)))
    lid = np.array([[left[0], high], [right[0], high]], np.float32)
    room = np.zeros_like(mask)
    cv2.fillPoly(room, [np.round(np.vstack([arc, lid])).astype(np.int32)], 255)
    return np.asarray(cv2.bitwise_and(masks.grow(room, 2), mask), np.uint8)
