"""What is sewn to the neckline: collars, turtlenecks, hoods."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fittingroom.synth.patterns.design import Design, Neckline, Opening
from fittingroom.synth.patterns.figure import Figure
from fittingroom.synth.patterns.outline import Curve, arc_length, bezier, mirrored, resampled_to
from fittingroom.synth.patterns.sewing import Line, Sewing, joined
from fittingroom.synth.patterns.upper import LEFT, RIGHT, Torso
from fittingroom.synth.shapes import Edge, Panel

_COLLAR_LIFT = 0.010
_COLLAR_SPREAD = 0.13
"""A collar is cut so much longer at its edge, per metre of width, on both sides of a shoulder seam;
else it is too short to lie down around the neck."""
_HOOD_LIFT = 0.012
_TURTLE_LIFT = 0.001


def sew_collar(sewing: Sewing, design: Design, figure: Figure, torso: Torso) -> None:
    """Add the panels of a collar, turtleneck or hood, if the neckline has one."""
    if design.neckline is Neckline.TURTLE:
        _turtle(sewing, design, figure, torso)
        return
    along = torso.outline.shoulder[4] - torso.outline.shoulder[0]
    shoulder, w = float(np.arctan2(along[1], along[0])), design.collar
    if design.neckline is Neckline.COLLAR:
        tip = -1.15 if design.opening is not Opening.OPEN else -1.35
        panels = Panel.COLLAR_FRONT, Panel.COLLAR_BACK
        widths = (1.3 * w, 0.9 * w, 0.85 * w)
        spread = _COLLAR_SPREAD
        _sew_fall(sewing, torso, _Fall(widths, tip, shoulder, _COLLAR_LIFT, *panels, spread))
    elif design.neckline is Neckline.HOOD:
        panels = Panel.HOOD, Panel.HOOD
        widths = (w, 2.2 * w, 6 * w)
        _sew_fall(sewing, torso, _Fall(widths, -1.3, shoulder, _HOOD_LIFT, *panels))


@dataclass(frozen=True, slots=True)
class _Fall:
    """A strip that lies around the neckline on front, shoulders and back.

    widths: at the middle of the front, over the shoulder seam, at the middle of the back.
    tip: direction of its front edge, radians from x. shoulder: of the shoulder seam. lift: metres.
    spread: how much longer than it lies the edge is cut beside a shoulder seam, times the width.
    """

    widths: tuple[float, float, float]
    tip: float
    shoulder: float
    lift: float
    front: Panel
    back: Panel
    spread: float = 0.0


def _sew_fall(sewing: Sewing, torso: Torso, fall: _Fall) -> None:
    """Add the panels of a fall; its two ends are not sewn together.

    The cut is the strip unfolded at the shoulders, the back upright.
    """
    neck = torso.neck_back
    rim = _offset(sewing.at(neck[LEFT]), fall.widths[2], fall.widths[1], -np.pi / 2, fall.shoulder)
    middle = sewing.vertex(rim[0], 1, fall.lift)
    halves = []
    spread = {}
    for sign in (LEFT, RIGHT):
        fold = _fall_front(sewing, torso, fall, sign)
        outer = sewing.line(mirrored(rim, sign), 1, middle, fold[0], fall.lift)
        halves.append((outer, fold))
        spread.update(_spread(sewing, fall, outer, fold, sign))
    (left, left_fold), (right, right_fold) = halves
    loop = joined(left, left_fold, neck[LEFT][::-1], neck[RIGHT], right_fold[::-1], right[::-1])
    cut = _moved(sewing.at(loop), loop, spread)
    piece = sewing.piece(fall.back, "collar", loop, cut * (-1, -1), side=1)
    piece.mark(Edge.SEAM, neck[LEFT], neck[RIGHT])
    piece.mark(Edge.NECKLINE, left, right)


def _fall_front(sewing: Sewing, torso: Torso, fall: _Fall, sign: int) -> Line:
    """Add one front part; returns its line over the shoulder, from outside to the neck."""
    neck = torso.neck_front[sign]
    left = mirrored(sewing.at(neck), sign)
    outer = _offset(left, fall.widths[0], fall.widths[1], fall.tip, fall.shoulder)
    if fall.front is Panel.COLLAR_FRONT:
        outer = _pointed(outer)
    end = sewing.vertex(outer[-1] * (sign, 1), 0, fall.lift)
    point = sewing.vertex(outer[0] * (sign, 1), -1, fall.lift)
    edge = sewing.line(sewing.at([neck[0], point]), -1, neck[0], point, fall.lift)
    rim = sewing.line(mirrored(outer, sign), -1, point, end, fall.lift)
    fold = sewing.line(sewing.at([end, neck[-1]]), 0, end, neck[-1], fall.lift)
    loop = joined(edge, rim, fold, neck[::-1])
    lying = _moved(sewing.at(loop), loop, _spread(sewing, fall, rim, fold, sign))
    cut = _unfolded(mirrored(lying, sign), left[-1], fall.shoulder)
    piece = sewing.piece(fall.front, "collar", loop, cut * (-sign, -1), side=-1)
    piece.mark(Edge.SEAM, neck)
    piece.mark(Edge.NECKLINE, edge, rim)
    return fold


def _spread(
    sewing: Sewing, fall: _Fall, rim: Line, fold: Line, sign: int
) -> dict[int, NDArray[np.float64]]:
    """How far the cut of rim and fold lies beyond the flat layout, by vertex."""
    ends = sewing.at([fold[0], fold[-1]])
    size = fall.spread * float(np.linalg.norm(ends[0] - ends[1]))
    away = size * np.array([-np.sin(fall.shoulder) * sign, np.cos(fall.shoulder)])
    shares: dict[int, float] = {}
    for line, power in ((rim, 2), (fold[::-1], 1)):
        along = arc_length(sewing.at(line))
        shares.update(zip(line, (along / along[-1]) ** power, strict=True))
    return {vertex: share * away for vertex, share in shares.items()}


def _moved(points: Curve, line: Line, by: dict[int, NDArray[np.float64]]) -> Curve:
    return points + np.array([by.get(vertex, np.zeros(2)) for vertex in line])


def _offset(neck: Curve, first: float, last: float, start: float, end: float) -> Curve:
    """Outer edge beside a neckline: distances and directions (radians) at both of its ends."""
    u = arc_length(neck)
    u = u / u[-1]
    smooth = u * u * (3 - 2 * u)
    width = first + (last - first) * smooth
    angle = start + (end - start) * smooth
    return neck + width[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])


def _pointed(rim: Curve) -> Curve:
    """A shirt collar's edge: straight from its point, then rounded towards the shoulder."""
    ends = rim[0], rim[-1]
    after = (rim[-1] - rim[-2]) / np.linalg.norm(rim[-1] - rim[-2])
    reach = float(np.linalg.norm(ends[1] - ends[0]))
    lead = ends[0] + 0.45 * (ends[1] - 0.3 * reach * after - ends[0])
    return bezier(ends[0], lead, ends[1] - 0.3 * reach * after, ends[1])


def _unfolded(points: Curve, at: NDArray[np.float64], angle: float) -> Curve:
    """Reflect points at the line through `at` in a direction (radians)."""
    axis = np.array([np.cos(angle), np.sin(angle)])
    away = points - at
    return at + 2 * (away @ axis)[:, None] * axis - away


def _turtle(sewing: Sewing, design: Design, figure: Figure, torso: Torso) -> None:
    """Add a tube that rises from the neckline, front and back half.

    Its cut is a band as long as neckline and neck; the flat layout shows it bent to the neckline,
    near the shoulder seams much narrower than it is cut.
    """
    height, half = design.collar, float(np.clip(0.21 * figure.m.neck_girth, 0.082, 0.105))
    corners, sides = {}, {}
    for sign in (LEFT, RIGHT):
        start = torso.neck_front[sign][-1]
        top = np.array([half * 0.92 * sign, sewing.flat[start][1] + height])
        corners[sign] = sewing.vertex(top, 0, _TURTLE_LIFT)
        seam = np.stack([sewing.at([start])[0], top])
        sides[sign] = sewing.line(seam, 0, start, corners[sign], _TURTLE_LIFT)
    for panel, necks, side in (
        (Panel.COLLAR_FRONT, torso.neck_front, -1),
        (Panel.COLLAR_BACK, torso.neck_back, 1),
    ):
        bottom = [*necks[RIGHT][:0:-1], *necks[LEFT]]
        rise = _top_of_turtle(sewing, corners, 0.5 * float(np.ptp(sewing.at(bottom)[:, 1])), side)
        low = _straight(sewing.at(bottom), None, 0)
        high = _straight(sewing.at(rise), 2 * half, -height)
        count = len(sides[LEFT])
        right, left = (resampled_to(np.stack([low[i], high[i]]), count) for i in (0, -1))
        loop = [*bottom, *sides[LEFT][1:], *rise[-2:0:-1], *sides[RIGHT][:0:-1]]
        cut = np.concatenate([low, left[1:], high[-2:0:-1], right[:0:-1]])
        piece = sewing.piece(panel, panel.name, loop, cut * (-side, 1), side=side)
        piece.mark(Edge.NECKLINE, rise)
        piece.mark(Edge.SEAM, bottom, sides[LEFT], sides[RIGHT])


def _top_of_turtle(sewing: Sewing, corners: dict[int, int], dip: float, side: int) -> Line:
    """Upper edge from the wearer's right to left, `dip` lower in the middle."""
    ends = sewing.at([corners[RIGHT], corners[LEFT]])
    u = np.linspace(0, 1, 30)[:, None]
    curve = ends[0] + u * (ends[1] - ends[0]) - (0, dip) * np.sin(np.pi * u)
    return sewing.line(curve, side, corners[RIGHT], corners[LEFT], _TURTLE_LIFT)


def _straight(curve: Curve, length: float | None, t: float) -> Curve:
    """The curve laid out straight about s = 0 at height t, scaled to `length` if given."""
    along = arc_length(curve)
    s = along - along[-1] / 2
    if length is not None:
        s *= length / along[-1]
    return np.column_stack([s, np.full(len(s), t)])
