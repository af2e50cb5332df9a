"""The coarse warp by rule: a garment's outline laid on a body, as a spline and sleeve strips.

The rig serves two stages: the semantic generation module asks it where the garment will lie, the
clothes warping module how each pixel gets there. Sides are counted as seen (see `body`).
"""

from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom.body import Body, along_arm
from fittingroom.masks import closed, grow, largest_piece, shrink
from fittingroom.splines import fold_share, mesh_map, spline_map, thin_plate_spline
from fittingroom.types import Garment, Landmark, Mask, Points, Size, Sleeve

Floats = NDArray[np.float32]

WORN_LENGTH: Final = 0.84
"""Worn tops look shorter than product pictures of them, at the same width."""
EASE: Final = 1.05
"""Garment over body width at the chest."""
_STIFFNESS: Final = (1e-4, 1e-3, 1e-2, 1e-1)
_NOTCH: Final = 0.012
"""Notches in the garment's outline that are closed, in garment widths."""
_STRIP_ROWS: Final = 26
_STRIP_COLUMNS: Final = np.array([-0.08, 0.0, 0.25, 0.5, 0.75, 1.0, 1.08], np.float32)
_SIDE_LANDMARKS: Final = (
    (
        Landmark.COLLAR_RIGHT, Landmark.SHOULDER_RIGHT, Landmark.ARMPIT_RIGHT,
        Landmark.HEM_RIGHT, Landmark.CUFF_RIGHT_OUTER, Landmark.CUFF_RIGHT_INNER,
    ),
    (
        Landmark.COLLAR_LEFT, Landmark.SHOULDER_LEFT, Landmark.ARMPIT_LEFT,
        Landmark.HEM_LEFT, Landmark.CUFF_LEFT_OUTER, Landmark.CUFF_LEFT_INNER,
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """A garment's outline in its product picture, by side as seen.

    collar, shoulder, armpit, hem: (2, 2) landmarks by side. front: (2,) middle of the collar.
    sides: per side (n, 2) from armpit to hem. bottom: (n, 2) hem from side 0 to side 1.
    outer, inner: per side (rows, 2) sleeve edges from shoulder or armpit to the cuff.
    """

    collar: Points
    shoulder: Points
    armpit: Points
    hem: Points
    front: Points
    sides: tuple[Points, Points]
    bottom: Points
    outer: tuple[Points, Points]
    inner: tuple[Points, Points]


@dataclass(frozen=True, slots=True, eq=False)
class Strip:
    """A sleeve: mesh corners (rows, columns, 2) in the frame and in the product picture.

    cuff: place along the arm where it ends (0 shoulder, 1 elbow, 2 wrist).
    """

    target: Floats
    source: Floats
    cuff: float


@dataclass(frozen=True, slots=True, eq=False)
class Rig:
    """The garment on the body: points (n, 2) of the torso in frame and product picture.

    scale: frame pixels per product picture pixel. armholes: per side (2, 2) seam and armpit.
    collars: per side (2,). strips: per side a sleeve or None. All but `cut` in the frame.
    """

    target: Points
    source: Points
    scale: float
    armholes: tuple[Points, Points]
    collars: tuple[Points, Points]
    strips: tuple[Strip | None, Strip | None]
    cut: Cut


@dataclass(frozen=True, slots=True, eq=False)
class Drape:
    """The garment on the body: source map (h, w, 2) and opacities (h, w) of its layers.

    sleeves: opacity per side, zero where there is no strip. mask: all layers together.
    """

    source: Floats
    torso: Mask
    sleeves: tuple[Mask, Mask]
    mask: Mask


def _resampled(points: Points, count: int) -> Points:
    """`count` points at even distances along an open line."""
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    wanted = np.linspace(0, along[-1], count)
    columns = [np.interp(wanted, along, points[:, axis]) for axis in (0, 1)]
    return np.stack(columns, axis=1).astype(np.float32)


def _contour(mask: Mask) -> Points:
    contours, _ = cv2.findContours(
        (mask >= 128).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    if not contours:
        return np.zeros((1, 2), np.float32)
    return np.asarray(max(contours, key=cv2.contourArea)[:, 0], np.float32)


def _edge_between(contour: Points, start: Points, end: Points, count: int) -> Points:
    """The outline from `start` to `end`, (count, 2); straight where the outline strays."""
    straight = np.linspace(start, end, count, dtype=np.float32)
    chord = float(np.linalg.norm(end - start))
    gaps = [np.linalg.norm(contour - point, axis=1) for point in (start, end)]
    first, last = int(gaps[0].argmin()), int(gaps[1].argmin())
    if max(gaps[0].min(), gaps[1].min()) > 0.15 * chord + 4 or chord < 4:
        return straight
    forward = np.roll(contour, -first, axis=0)[: (last - first) % len(contour) + 1]
    backward = np.roll(contour[::-1], first + 1, axis=0)[: (first - last) % len(contour) + 1]
    arc = forward if len(forward) <= len(backward) else backward
    length = float(np.linalg.norm(np.diff(arc, axis=0), axis=1).sum()) if len(arc) > 1 else 0.0
    if not 0.7 * chord < length < 2.2 * chord:
        return straight
    return _resampled(np.concatenate([start[None], arc[2:-2], end[None]]), count)


def read_cut(garment: Garment) -> Cut:
    """Trace an upper garment's edges between its landmarks, in product picture pixels."""
    contour = _contour(garment.mask)
    named = [[garment.point(landmark) for landmark in side] for side in _SIDE_LANDMARKS]
    collar, shoulder, armpit, hem = (
        np.stack([named[0][index], named[1][index]]) for index in range(4)
    )
    sides, outer, inner = [], [], []
    for _, top, pit, low, cuff_outer, cuff_inner in named:
        sides.append(_edge_between(contour, pit, low, 24))
        outer.append(_edge_between(contour, top, cuff_outer, _STRIP_ROWS))
        inner.append(_edge_between(contour, pit, cuff_inner, _STRIP_ROWS))
    return Cut(
        collar, shoulder, armpit, hem, garment.point(Landmark.COLLAR_FRONT),
        (sides[0], sides[1]), _edge_between(contour, hem[0], hem[1], 25),
        (outer[0], outer[1]), (inner[0], inner[1]),
    )  # fmt: skip


def _with_usable_sleeves(cut: Cut, mask: Mask, sleeve: Sleeve) -> Cut:
    """Take a sleeve that is hidden or badly traced from the other side."""
    filled = [
        _filled_share(cut, side, mask) if _sleeve_is_plausible(cut, side, sleeve) else 0.0
        for side in (0, 1)
    ]
    worse = int(filled[1] < filled[0])
    good = 1 - worse
    if filled[worse] > 0.92 or filled[good] < filled[worse] + 0.06:
        return cut
    return replace(
        cut, outer=(cut.outer[good], cut.outer[good]), inner=(cut.inner[good], cut.inner[good])
    )


def _filled_share(cut: Cut, side: int, mask: Mask) -> float:
    """Share (0..1) of the sleeve between its edges that shows garment."""
    columns = np.array([0.2, 0.4, 0.6, 0.8], np.float32)[None, :, None]
    spots = cut.outer[side][:, None] * (1 - columns) + cut.inner[side][:, None] * columns
    spots = np.round(spots.reshape(-1, 2)).astype(int)
    spots = np.clip(spots, 0, np.array(mask.shape[::-1]) - 1)
    return float(np.count_nonzero(mask[spots[:, 1], spots[:, 0]] >= 128)) / len(spots)


def _levels(body: Body, cut: Cut, scale: float, length: float) -> tuple[float, float]:
    """Heights on the torso of armpits and hem; `length`: how much of the seen length is kept."""
    top = cut.shoulder[:, 1].mean()
    pit = cut.armpit[:, 1].mean()
    low = cut.hem[:, 1].mean()
    armpit = float(np.clip((pit - top) * scale * 0.85 / body.length - 0.06, 0.25, 0.36))
    hem = armpit + (low - pit) * scale * length / body.length
    return armpit, float(np.clip(hem, 0.88, 1.2))


def _scale(body: Body, cut: Cut) -> float:
    """Frame pixels per product picture pixel, by the width at the armpits."""
    chest = body.half(0, 0.28) + body.half(1, 0.28)
    return EASE * chest / max(float(np.linalg.norm(cut.armpit[1] - cut.armpit[0])), 1.0)


def _shoulder_points(
    body: Body, cut: Cut, side: int, scale: float, sleeved: bool
) -> tuple[Points, Points]:
    """Targets (2,) of collar and shoulder seam on a side."""
    neck, end = body.shoulder_lines[side]
    reach = float(np.linalg.norm(end - body.neck))
    middle = float(cut.armpit[:, 0].mean())
    seam = abs(float(cut.shoulder[side, 0]) - middle) * scale
    collar = abs(float(cut.collar[side, 0]) - middle) * scale
    inner = 0.19 * body.width
    seam = float(np.clip(seam, 0.7 * reach, 1.02 * reach))
    widest = 0.62 if sleeved else 0.8
    collar = float(np.clip(collar, 0.97 * inner, widest * seam))
    shares = [(half - inner) / max(reach - inner, 1.0) for half in (collar, seam)]
    line = [np.asarray(neck + share * (end - neck), np.float32) for share in shares]
    return line[0], line[1]


def _side_targets(
    body: Body, cut: Cut, side: int, scale: float, levels: tuple[float, float]
) -> tuple[Points, Points]:
    """Targets (5, 2) from armpit to hem on a side, and their source points (5, 2)."""
    armpit, hem = levels
    edge = _resampled(cut.sides[side], 5)
    middle = np.linspace(cut.armpit[:, 0].mean(), cut.hem[:, 0].mean(), 5)
    targets = []
    for point, centre, share in zip(edge, middle, np.linspace(0, 1, 5), strict=True):
        level = armpit + float(share) * (hem - armpit)
        least = body.half(side, level) * 1.03
        wanted = abs(float(point[0]) - float(centre)) * scale
        targets.append(body.edge(side, level, float(np.clip(wanted, least, 1.28 * least))))
    return np.stack(targets), edge


def _hem_targets(cut: Cut, ends: Points, scale: float) -> tuple[Points, Points]:
    """Targets and sources (3, 2) on the hem between its ends (2, 2)."""
    shares = np.array([0.25, 0.5, 0.75], np.float32)[:, None]
    source = cut.bottom[[6, 12, 18]]
    straight = cut.hem[0] + shares * (cut.hem[1] - cut.hem[0])
    sag = np.clip((source - straight)[:, 1:] * scale, -0.06, 0.1 * np.ptp(ends[:, 0]))
    target = ends[0] + shares * (ends[1] - ends[0])
    target[:, 1:] += sag
    return target.astype(np.float32), source


def build_rig(body: Body, garment: Garment) -> Rig:
    """Lay the garment's outline on the body."""
    cut = _with_usable_sleeves(read_cut(garment), garment.mask, garment.sleeve)
    scale = _scale(body, cut)
    levels = _levels(body, cut, scale, 1.0 if garment.worn else WORN_LENGTH)
    targets, sources, holes = [], [], []
    ends = []
    for side in (0, 1):
        collar, seam = _shoulder_points(body, cut, side, scale, garment.sleeve is not Sleeve.NONE)
        edge, edge_source = _side_targets(body, cut, side, scale, levels)
        holes.append(np.stack([seam, edge[0]]))
        ends.append(edge[-1])
        targets += [collar[None], seam[None], edge, ((seam + edge[0]) / 2)[None]]
        armhole = (cut.shoulder[side] + cut.armpit[side]) / 2
        sources += [cut.collar[side][None], cut.shoulder[side][None], edge_source, armhole[None]]
    depth = (cut.front[1] - cut.collar[:, 1].mean()) * scale * 0.95
    targets.append(((targets[0] + targets[4]) / 2 + depth * body.down).astype(np.float32))
    sources.append(cut.front[None])
    hem, hem_source = _hem_targets(cut, np.stack(ends), scale)
    strips = [_strip(body, cut, side, scale, holes[side], garment.sleeve) for side in (0, 1)]
    return Rig(
        np.concatenate([*targets, hem]), np.concatenate([*sources, hem_source]), scale,
        (holes[0], holes[1]), (targets[0][0], targets[4][0]), (strips[0], strips[1]), cut,
    )  # fmt: skip


def _smoothed(line: Points, radius: float) -> Points:
    """Round off a line's corner; its ends stay."""
    step = max(float(np.linalg.norm(np.diff(line, axis=0), axis=1).mean()), 1e-3)
    sigma = max(radius / step, 0.3)
    reach = int(3 * sigma) + 1
    before = 2 * line[0] - line[reach:0:-1] if reach < len(line) else line[:0]
    after = 2 * line[-1] - line[-2 : -reach - 2 : -1] if reach < len(line) else line[:0]
    padded = np.concatenate([before, line, after])
    soft = cv2.GaussianBlur(padded, (1, 2 * reach + 1), 0.3, sigmaY=sigma)
    return np.asarray(soft[len(before) : len(before) + len(line)], np.float32)


def _cuff_place(body: Body, cut: Cut, side: int, scale: float, sleeve: Sleeve) -> float:
    """Where the sleeve ends along the arm: 0 shoulder, 1 elbow, 2 wrist."""
    if sleeve is Sleeve.LONG:
        return 1.98
    arm = body.arms[side]
    upper = max(float(np.linalg.norm(arm[1] - arm[0])), 0.6 * body.unit)
    middle = (cut.outer[side] + cut.inner[side]) / 2
    length = float(np.linalg.norm(np.diff(middle, axis=0), axis=1).sum()) * scale
    return float(np.clip(length / upper + 0.12, 0.42, 0.85))


def _half_widths(body: Body, cut: Cut, side: int, scale: float, places: Floats) -> Floats:
    """Half width (rows,) of the sleeve: the garment's own, but not tighter than the arm."""
    own = np.linalg.norm(cut.outer[side] - cut.inner[side], axis=1) / 2 * scale
    arm = body.arm_radius(places) * body.thickness[side]
    return np.asarray(np.clip(own, 1.15 * arm, 1.35 * arm), np.float32)


def _sleeve_is_plausible(cut: Cut, side: int, sleeve: Sleeve) -> bool:
    """Whether the cuff lies apart from the hem's corner and the sleeve has some length.

    A long sleeve may hang down beside the hem, a short one may not.
    """
    cuff = (cut.outer[side][-1] + cut.inner[side][-1]) / 2
    width = float(np.linalg.norm(cut.armpit[1] - cut.armpit[0]))
    start = (cut.shoulder[side] + cut.armpit[side]) / 2
    least = 0.05 if sleeve is Sleeve.LONG else 0.12
    apart = float(np.linalg.norm(cuff - cut.hem[side])) > least * width
    return apart and float(np.linalg.norm(cuff - start)) > 0.1 * width


def _strip(
    body: Body, cut: Cut, side: int, scale: float, hole: Points, sleeve: Sleeve
) -> Strip | None:
    """Lay a sleeve along shoulder, elbow and wrist; None without sleeve."""
    if sleeve is Sleeve.NONE or not _sleeve_is_plausible(cut, side, sleeve):
        return None
    cuff = _cuff_place(body, cut, side, scale, sleeve)
    pit = _place_beside(body.arms[side], hole[1])
    outer_places = np.linspace(0, cuff, _STRIP_ROWS, dtype=np.float32)
    inner_places = np.linspace(pit, cuff, _STRIP_ROWS, dtype=np.float32)
    half = _half_widths(body, cut, side, scale, outer_places)[:, None]
    outer = _offset(body, side, outer_places, half, hole[0])
    inner = _offset(body, side, inner_places, -half, hole[1])
    inner = _beside_torso(body, side, inner, inner_places, hole[1])
    columns = _STRIP_COLUMNS[None, :, None]
    target = outer[:, None] + columns * (inner - outer)[:, None]
    edges = cut.outer[side], cut.inner[side]
    source = edges[0][:, None] + columns * (edges[1] - edges[0])[:, None]
    return Strip(_extended(target), _extended(source), cuff)


def _place_beside(arm: Points, armpit: Points) -> float:
    """Place along the arm, 0 shoulder .. 1 elbow, that lies beside the armpit."""
    upper = arm[1] - arm[0]
    share = (armpit - arm[0]) @ upper / max(float(upper @ upper), 1e-6)
    return float(np.clip(share, 0.05, 0.4))


def _offset(body: Body, side: int, places: Floats, half: Floats, start: Points) -> Points:
    """A sleeve's edge (rows, 2), `half` beside the arm's bones; it begins at `start`."""
    line = _smoothed(along_arm(body.arms[side], places), 0.12 * body.unit)
    tangent = np.gradient(line, axis=0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-6)
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1) * (1 - 2 * side)
    edge = line + half * normal
    blend = np.clip((places - places[0]) / 0.45, 0, 1)[:, None]
    blend = blend * blend * (3 - 2 * blend)
    early = start + 0.8 * (line - line[0])
    return np.asarray((1 - blend) * early + blend * edge, np.float32)


def _beside_torso(body: Body, side: int, inner: Points, places: Floats, armpit: Points) -> Points:
    """Keep a hanging upper arm's inner edge (rows, 2) from sliding over the chest."""
    outward = (2 * side - 1) * body.across(0.5)
    sideways = inner @ outward
    levels = np.clip((inner - body.neck) @ body.down / body.length, 0, 1.8)
    flank = np.array([body.edge(side, level, body.half(side, level)) @ outward for level in levels])
    least = np.minimum(flank - 0.03 * body.unit, armpit @ outward)
    push = np.maximum(least - sideways, 0) * np.clip((1.15 - places) / 0.3, 0, 1)
    hangs = float(np.clip(_unit_along(body.arms[side]) @ body.down * 2 - 0.4, 0, 1))
    return np.asarray(inner + (hangs * push)[:, None] * outward, np.float32)


def _unit_along(arm: Points) -> Points:
    """Direction (2,) of an upper arm."""
    along = arm[1] - arm[0]
    return np.asarray(along / max(float(np.linalg.norm(along)), 1e-6), np.float32)


def _extended(mesh: Floats) -> Floats:
    """Lengthen a strip beyond its cuff by two thirds of a row, for a soft edge."""
    beyond = mesh[-1] + 0.67 * (mesh[-1] - mesh[-2])
    return np.asarray(np.concatenate([mesh, beyond[None]]), np.float32)


def _layer_masks(garment: Garment, rig: Rig, factor: int) -> list[Mask]:
    """What torso and both sleeves show of the garment, reduced by `factor`; no inner back.

    A large picture is halved until it is at most twice as large as what is returned.
    """
    first = max(1, factor // 2)
    cut = _reduced_cut(rig.cut, first)
    front = _reduced_mask(garment.mask & ~garment.inner_back, garment.mask.shape, first)
    front = shrink(front, 1)
    torso = largest_piece(front & _torso_area(cut, rig.strips, front.shape))
    layers = [torso, *(front & _sleeve_area(cut, side, front.shape, 0.03) for side in (0, 1))]
    notch = max(1, round(_NOTCH * float(np.ptp(rig.cut.armpit[:, 0])) / factor))
    small = [_reduced_mask(layer, garment.mask.shape, factor) for layer in layers]
    return [closed(layer, notch) for layer in small]


def _reduced_mask(mask: Mask, full: tuple[int, ...], factor: int) -> Mask:
    """A mask of the product picture at 1 / `factor` of that picture's `full` size."""
    size = (max(1, full[1] // factor), max(1, full[0] // factor))
    return np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_AREA), np.uint8)


def _reduced_cut(cut: Cut, factor: int) -> Cut:
    """The outline in a product picture reduced by `factor`."""

    def move(points: Points) -> Points:
        return np.asarray((points + 0.5) / factor - 0.5, np.float32)

    def both(pair: tuple[Points, Points]) -> tuple[Points, Points]:
        return move(pair[0]), move(pair[1])

    return Cut(
        move(cut.collar), move(cut.shoulder), move(cut.armpit), move(cut.hem), move(cut.front),
        both(cut.sides), move(cut.bottom), both(cut.outer), both(cut.inner),
    )  # fmt: skip


def _sleeve_area(cut: Cut, side: int, shape: tuple[int, ...], tuck: float) -> Mask:
    """The sleeve in the product picture, between its outer and its inner edge.

    tuck: how far it reaches into the torso, in garment widths; negative leaves a bit of it out.
    """
    width = float(np.linalg.norm(cut.armpit[1] - cut.armpit[0]))
    outer, inner = cut.outer[side], cut.inner[side]
    sign = np.sign(cut.shoulder[:, 0].mean() - outer[0, 0])
    inward = np.array([sign * tuck * width, 0], np.float32)
    start = 0 if tuck > 0 else 2
    polygon = np.concatenate(
        [outer[:1] + inward, outer[start:], inner[:start:-1], inner[:1] + inward]
    )
    area = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(area, [np.round(polygon).astype(np.int32)], 255)
    return grow(area, 2)


def _torso_area(
    cut: Cut, strips: tuple[Strip | None, Strip | None], shape: tuple[int, ...]
) -> Mask:
    """The product picture without its sleeves, but a bit of them under the arm."""
    area = np.full(shape[:2], 255, np.uint8)
    width = float(np.linalg.norm(cut.armpit[1] - cut.armpit[0]))
    for side, strip in enumerate(strips):
        if strip is None:
            continue
        sleeve = _sleeve_area(cut, side, area.shape, -0.02)
        tuck = np.array([(2 * side - 1) * 0.06 * width, 0], np.float32)
        bridge = np.stack(
            [cut.shoulder[side], cut.armpit[side] + tuck, cut.armpit[side] - 4 * tuck]
        )
        keep = np.zeros_like(area)
        cv2.fillPoly(keep, [np.round(bridge).astype(np.int32)], 255)
        area &= ~(sleeve & ~keep)
    return area


def _sampled(mask: Mask, source: Floats, factor: int) -> Mask:
    """Opacity (h, w) of the frame's pixels from a mask reduced by `factor`."""
    at = (source + 0.5) / factor - 0.5
    return np.asarray(
        cv2.remap(mask, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderValue=0), np.uint8
    )


def drape(rig: Rig, garment: Garment, size: Size) -> Drape:
    """Carry the rig to every pixel of the frame."""
    factor = max(1, round(0.8 / rig.scale))
    layers = _layer_masks(garment, rig, factor)
    source, torso = _torso_layer(rig, layers[0], size, factor)
    mask, sleeves = torso.copy(), []
    for strip, layer in zip(rig.strips, layers[1:], strict=True):
        sleeve = np.zeros(size, np.uint8)
        if strip is not None:
            strip_source, covered = mesh_map(strip.target, strip.source, size)
            sleeve = _sampled(layer, strip_source, factor) & covered
            chosen = (sleeve >= 100) | ((covered > 0) & (mask < 40))
            source[chosen] = strip_source[chosen]
            mask = np.maximum(mask, sleeve)
        sleeves.append(sleeve)
    return Drape(source, torso, (sleeves[0], sleeves[1]), mask)


def _torso_layer(rig: Rig, front: Mask, size: Size, factor: int) -> tuple[Floats, Mask]:
    """Source map and opacity of the torso; the spline is stiffened until it has no folds."""
    for stiffness in _STIFFNESS:
        spline = thin_plate_spline(rig.target, rig.source, stiffness)
        source = spline_map(spline, size)
        mask = _sampled(front, source, factor)
        if fold_share(source, mask) == 0:
            break
    return source, mask
