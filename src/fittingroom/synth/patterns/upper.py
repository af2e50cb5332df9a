"""Torso panels, set-in sleeves and their seams."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fittingroom.synth.patterns.design import Design, Neckline, Opening
from fittingroom.synth.patterns.figure import Figure
from fittingroom.synth.patterns.outline import Curve, bezier, mirrored, resampled, smoothed
from fittingroom.synth.patterns.sewing import Line, Piece, Sewing, joined
from fittingroom.synth.shapes import Edge, GarmentKind, Panel

LEFT, RIGHT = 1, -1

SLEEVE_FULLNESS = 1.07
"""A sleeve is cut wider than it lies in the flat layout; makes the cap ease of about 3 %."""
_STEEPER, _SHALLOWER = 0.1, -0.17
"""How far a sleeve may leave the armhole steeper or shallower than the arm, radians."""
_FLATTEST = 0.6
"""A sleeve may always be set as flat as this, radians below horizontal."""
_CAP_ANGLE, _CAP_ROUND = 1.3, 0.05
"""A cap starts at this angle to its fold (radians) and meets the armhole after so many metres."""
_BACK_NECK_DROP = 0.02
_NECK_FORWARD = 0.052
"""The pit of the neck lies so far before its sides: cloth that reaches it is cut longer."""


@dataclass(frozen=True, slots=True)
class Outline:
    """The left half of a torso, (n, 2) curves in the frontal plane.

    neck_front, neck_back: middle to shoulder. shoulder: neck to tip. armhole_front and _back:
    tip to underarm. side: underarm to hem. hem_front, hem_back: side to middle.
    fold_angle: of the sleeve's upper fold where it leaves the shoulder, below horizontal.
    """

    neck_front: Curve
    neck_back: Curve
    shoulder: Curve
    armhole_front: Curve
    armhole_back: Curve
    side: Curve
    hem_front: Curve
    hem_back: Curve
    fold_angle: float


@dataclass(slots=True)
class Torso:
    """Vertices of the torso's lines by wearer's side (LEFT, RIGHT), directions as in `Outline`."""

    outline: Outline
    neck_front: dict[int, Line]
    neck_back: dict[int, Line]
    shoulder: dict[int, Line]
    armhole_front: dict[int, Line]
    armhole_back: dict[int, Line]
    side: dict[int, Line]
    hem_front: dict[int, Line]
    hem_back: dict[int, Line]


def ease(design: Design) -> float:
    """Share by which a torso is wider than the body, from -.04 (tight) to .3 (oversized)."""
    return -0.04 + 0.22 * design.fit + 0.12 * design.fit**2


def sleeve_width(design: Design, figure: Figure, along: float) -> float:
    """Half the sleeve's girth in metres that the arm needs at a distance from the shoulder."""
    spare = 1.05 + 0.28 * design.fit
    return float(figure.arm_girth(along)) / 2 * spare


def torso_outline(design: Design, figure: Figure, bottom: float) -> Outline:
    """Draft the left half of a torso down to the height `bottom` (x, z in metres)."""
    tip_x = float(figure.tip[0]) + _drop(design)
    neck_x = min(figure.m.neck_side[0] + design.neck_width, tip_x - max(design.strap, 0.03))
    tip_x = neck_x + design.strap if design.strap else tip_x
    shoulder = figure.shoulder_line(neck_x, tip_x)
    tip = shoulder[-1]
    underarm, angle = _underarm(design, figure, tip)
    side = _side_seam(design, figure, underarm, min(bottom, float(underarm[1]) - 0.06))
    curve = design.hem_curve
    return Outline(
        neck_front=neck_curve(design, figure, shoulder[0]),
        neck_back=_back_neck(design, figure, shoulder[0]),
        shoulder=shoulder,
        armhole_front=_armhole(design, figure, tip, underarm, 0.022),
        armhole_back=_armhole(design, figure, tip, underarm, 0.012),
        side=side,
        hem_front=_hem(side[-1], curve),
        hem_back=_hem(side[-1], curve * 1.15),
        fold_angle=angle,
    )


def _drop(design: Design) -> float:
    """How far the shoulder seam ends beyond the tip of the shoulder."""
    return 0.012 + 0.055 * max(0.0, design.fit - 0.35)


def neck_curve(design: Design, figure: Figure, end: NDArray[np.float64]) -> Curve:
    """Draft the left half of the front neckline, from the middle to the shoulder at `end`."""
    if design.kind is GarmentKind.CAMI:
        return _strap_neck(design, figure, end, design.neck_depth)
    drop = float(end[1]) - figure.m.neck_front + design.neck_depth
    depth = float(np.hypot(max(drop, 0.0), _NECK_FORWARD))
    low = np.array([0.0, end[1] - depth])
    x = float(end[0])
    if design.neckline is Neckline.V:
        return bezier(low, low + (x * 0.36, depth * 0.3), end - (x * 0.1, depth * 0.33), end)
    if design.neckline is Neckline.SQUARE:
        round_off = bezier(low, low + (x * 0.8, 0), low + (x * 0.9, 0), low + (x * 0.92, 0.02))
        return np.concatenate([round_off, [end]])
    u = np.linspace(0, np.pi / 2, 40)
    return np.column_stack([x * np.sin(u), end[1] - depth * np.cos(u)])


def _strap_neck(design: Design, figure: Figure, end: NDArray[np.float64], drop: float) -> Curve:
    """Upper edge between two thin straps, `drop` lower in the middle, then up the strap."""
    base = np.array([end[0], _strap_base(design, figure)])
    low = base - (end[0], drop)
    if design.neckline is Neckline.V:
        edge = bezier(low, low + (0.3 * end[0], 0.3 * drop), base - (0.02, 0.35 * drop), base)
    else:
        edge = bezier(low, low + (0.4 * end[0], 0), base - (0.4 * end[0], 0.1 * drop), base)
    return np.concatenate([edge, [end]])


def _strap_base(design: Design, figure: Figure) -> float:
    """Height at which thin straps meet the body of a camisole."""
    return figure.m.armpit[1] + 0.03 - 0.02 * design.fit


def _back_neck(design: Design, figure: Figure, end: NDArray[np.float64]) -> Curve:
    if design.kind is GarmentKind.CAMI:
        return _strap_neck(design, figure, end, min(design.neck_depth, 0.03))
    drop = _BACK_NECK_DROP + 0.25 * max(0.0, design.neck_width - 0.02)
    low = np.array([0.0, end[1] - drop])
    return bezier(low, low + (0.75 * end[0], 0), end - (0.3 * drop, 0.75 * drop), end)


def _underarm(
    design: Design, figure: Figure, tip: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """Find the underarm point and the sleeve's angle at which the sleeve is wide enough."""
    room, spare = max(ease(design), -0.02), 0.016 + 0.03 * design.fit
    if not design.sleeve:
        room, spare = 0.5 * room, 0.4 * spare
    chest = np.linspace(figure.m.chest_z, figure.m.armpit[1] - 0.06, 5)
    x = float(figure.girth(chest).max()) / 4 * (1 + room)
    z = min(figure.m.armpit[1] - 0.025 - spare, figure.beneath_arm(x) - spare)
    arm = figure.m.arm_angle
    if not design.sleeve:
        return np.array([x, z]), arm
    want = sleeve_width(design, figure, 0.14) / SLEEVE_FULLNESS
    angles = np.linspace(arm + _STEEPER, min(arm + _SHALLOWER, _FLATTEST), 67)
    widths = (tip[1] - z) * np.cos(angles) - (x - tip[0]) * np.sin(angles)
    enough = np.flatnonzero(widths >= want)
    angle = float(angles[enough[0] if len(enough) else -1])
    deeper = (want + (x - tip[0]) * np.sin(angle)) / np.cos(angle)
    z = max(min(z, float(tip[1]) - deeper), figure.m.waist_z + 0.05)
    return np.array([x, z]), angle


def _armhole(
    design: Design,
    figure: Figure,
    tip: NDArray[np.float64],
    underarm: NDArray[np.float64],
    inset: float,
) -> Curve:
    """S-curve from the shoulder's tip, inwards and down, then out to the underarm point."""
    if design.kind is GarmentKind.CAMI:
        base = np.array([tip[0], _strap_base(design, figure)])
        lead = base + (0.15 * (underarm[0] - base[0]), 0.4 * (underarm[1] - base[1]))
        return np.concatenate([[tip], bezier(base, lead, underarm - (0.05, -0.01), underarm)])
    depth = float(tip[1] - underarm[1])
    straight = float(np.clip(1.4 - 1.2 * design.fit, 0.3, 1.0))
    inwards = inset * straight
    run = float(underarm[0] - tip[0])
    lead = tip + (-0.35 * inwards - 0.012, -0.42 * depth)
    arrive = underarm + (-(run + 1.6 * inwards) * 0.9, 0.1 * depth)
    return bezier(tip, lead, arrive, underarm)


def _side_seam(
    design: Design, figure: Figure, underarm: NDArray[np.float64], bottom: float
) -> Curve:
    """Side from the underarm to the hem: waisted when tight, straight when loose."""
    z = np.linspace(underarm[1], bottom, 60)
    body = figure.girth(z) / 4
    shape = 1.0 if design.waist_seam else float(np.clip(0.95 - 1.1 * design.fit, 0, 1))
    x = shape * body * (1 + ease(design)) + (1 - shape) * underarm[0]
    share = np.interp(z, [figure.m.hip_z, figure.m.chest_z], [0.4, 0.9])
    x = np.maximum(x, body * (1 + np.minimum(ease(design) * share, 0.1)))
    reach = int(np.clip(0.07 / (z[0] - z[1]), 5, 25))
    x = smoothed(x + design.flare * 0.6 * np.maximum(0, underarm[1] - z - 0.04), reach)
    x += (underarm[0] - x[0]) * np.clip(1 - (underarm[1] - z) / 0.08, 0, 1)
    if design.waist_seam:
        x += (body[-1] * 1.03 - x[-1]) * np.clip(1 - (z - bottom) / 0.12, 0, 1)
    return np.column_stack([x, z])


def _hem(corner: NDArray[np.float64], curve: float) -> Curve:
    """Hem from the side to the middle, which lies `curve` lower; flat at both ends."""
    u = np.linspace(0, 1, 40)
    return np.column_stack([corner[0] * (1 - u), corner[1] - curve * (1 - np.cos(np.pi * u)) / 2])


def sew_torso(sewing: Sewing, design: Design, outline: Outline) -> Torso:
    """Add vertices and panels of the torso, shoulder and side seams closed."""
    lines = _torso_lines(sewing, outline, design.opening is Opening.OPEN, design.gap)
    if design.opening is Opening.OPEN:
        for sign, panel in ((LEFT, Panel.LEFT_FRONT), (RIGHT, Panel.RIGHT_FRONT)):
            _half_front(sewing, design, lines, sign, panel)
    else:
        _whole_front(sewing, design, lines)
    back = _back_loop(lines)
    cut = sewing.at(back) * (-1, -1)
    piece = sewing.piece(Panel.BACK, "back", back, cut, side=1)
    _mark_torso(piece, design, lines, "back", (LEFT, RIGHT))
    return lines


def _whole_front(sewing: Sewing, design: Design, lines: Torso) -> None:
    loop = _front_loop(lines)
    piece = sewing.piece(Panel.FRONT, "front", loop, sewing.at(loop) * (1, -1), side=-1)
    _mark_torso(piece, design, lines, "front", (LEFT, RIGHT))
    _mark_placket(piece, design, lines.outline)


def _torso_lines(sewing: Sewing, outline: Outline, parted: bool, gap: float) -> Torso:
    """Add the vertices of all lines, the right side the mirror image of the left."""
    torso = Torso(outline, {}, {}, {}, {}, {}, {}, {}, {})
    half = gap / 2 if parted else 0.0
    neck, hem = _from_x(outline.neck_front, half), _from_x(outline.hem_front[::-1], half)[::-1]
    shared = (outline.neck_back[0], outline.hem_back[-1])
    neck_middle, hem_middle = (sewing.vertex(point, 1) for point in shared)
    if not parted:
        front_neck, front_hem = sewing.vertex(neck[0], -1), sewing.vertex(hem[-1], -1)
    for sign in (LEFT, RIGHT):
        if parted:
            front_neck = sewing.vertex(neck[0] * (sign, 1), -1)
            front_hem = sewing.vertex(hem[-1] * (sign, 1), -1)
        corners = (outline.shoulder[0], outline.shoulder[-1], outline.side[0], outline.side[-1])
        at_neck, tip, underarm, corner = (sewing.vertex(p * (sign, 1), 0) for p in corners)
        for name, curve, side, start, end in (
            ("neck_front", neck, -1, front_neck, at_neck),
            ("neck_back", outline.neck_back, 1, neck_middle, at_neck),
            ("shoulder", outline.shoulder, 0, at_neck, tip),
            ("armhole_front", outline.armhole_front, -1, tip, underarm),
            ("armhole_back", outline.armhole_back, 1, tip, underarm),
            ("side", outline.side, 0, underarm, corner),
            ("hem_front", hem, -1, corner, front_hem),
            ("hem_back", outline.hem_back, 1, corner, hem_middle),
        ):
            getattr(torso, name)[sign] = sewing.line(mirrored(curve, sign), side, start, end)
    return torso


def _from_x(curve: Curve, x: float) -> Curve:
    """Cut off a curve that runs outwards from the middle where it has not reached x."""
    if x <= 0:
        return curve
    start = [x, np.interp(x, curve[:, 0], curve[:, 1])]
    return np.concatenate([[start], curve[curve[:, 0] > x + 1e-4]])


def _front_half(torso: Torso, sign: int) -> list[Line]:
    """Lines around one half of the front, from the middle of the neck to that of the hem."""
    return [
        torso.neck_front[sign],
        torso.shoulder[sign],
        torso.armhole_front[sign],
        torso.side[sign],
        torso.hem_front[sign],
    ]


def _back_half(torso: Torso, sign: int) -> list[Line]:
    return [
        torso.neck_back[sign],
        torso.shoulder[sign],
        torso.armhole_back[sign],
        torso.side[sign],
        torso.hem_back[sign],
    ]


def _front_loop(torso: Torso) -> Line:
    return joined(*_front_half(torso, LEFT), joined(*_front_half(torso, RIGHT))[::-1])


def _back_loop(torso: Torso) -> Line:
    return joined(*_back_half(torso, LEFT), joined(*_back_half(torso, RIGHT))[::-1])


def _half_front(sewing: Sewing, design: Design, torso: Torso, sign: int, panel: Panel) -> None:
    """Add one front of an open garment with its free front edge."""
    start, end = torso.hem_front[sign][-1], torso.neck_front[sign][0]
    edge = sewing.line(sewing.at([start, end]), -1, start, end)
    loop = joined(*_front_half(torso, sign), edge)
    block = "left front" if sign == LEFT else "right front"
    piece = sewing.piece(panel, block, loop, sewing.at(loop) * (1, -1), side=-1)
    _mark_torso(piece, design, torso, "front", (sign,))
    piece.mark(Edge.OPENING, edge)


class _Ends:
    """What neckline, armhole and hem of a torso are: free edges, or seams to other panels."""

    def __init__(self, design: Design) -> None:
        collared = design.neckline in (Neckline.TURTLE, Neckline.COLLAR, Neckline.HOOD)
        self.neck = Edge.SEAM if collared else Edge.NECKLINE
        self.armhole = Edge.SEAM if design.sleeve else Edge.CUFF
        self.hem = Edge.WAIST if design.waist_seam else Edge.HEM


def _mark_torso(
    piece: Piece, design: Design, torso: Torso, layer: str, sides: tuple[int, ...]
) -> None:
    """Mark the lines of a torso panel by what happens at them."""
    ends = _Ends(design)
    for sign in sides:
        piece.mark(ends.neck, getattr(torso, f"neck_{layer}")[sign])
        piece.mark(Edge.SEAM, torso.shoulder[sign], torso.side[sign])
        piece.mark(ends.armhole, getattr(torso, f"armhole_{layer}")[sign])
        piece.mark(ends.hem, getattr(torso, f"hem_{layer}")[sign])


def _mark_placket(piece: Piece, design: Design, outline: Outline) -> None:
    """Draw the line of a placket or a buttoned front down the middle."""
    if design.opening is Opening.NONE:
        return
    top, bottom = -outline.neck_front[0, 1], -outline.hem_front[-1, 1]
    if design.opening is Opening.PLACKET:
        bottom = top + 0.15
    curve = np.column_stack([np.zeros(2), [top, bottom]])
    piece.mark_inside(Edge.OPENING, resampled(curve, 0.02))


@dataclass(frozen=True, slots=True)
class SleeveLines:
    """Vertices of one sleeve: fold from shoulder to cuff, cuffs from fold to underarm."""

    fold: Line
    underarm: Line
    cuff_front: Line
    cuff_back: Line


def sew_sleeve(
    sewing: Sewing, design: Design, figure: Figure, torso: Torso, sign: int
) -> SleeveLines:
    """Add one sleeve, front and back half joined along the upper fold, set into the armhole."""
    shape = _Sleeve(design, figure, torso.outline)
    tip, underarm = torso.shoulder[sign][-1], torso.side[sign][0]
    top, low = shape.cuff
    cuff_top, cuff_low = (sewing.vertex(shape.flat(p[None])[0] * (sign, 1), 0) for p in (top, low))
    seams: dict[str, Line] = {}
    cuts: dict[int, NDArray[np.float64]] = {}
    for name, curve, side, start, end in (
        ("fold", shape.fold, 0, tip, cuff_top),
        ("underarm", shape.underarm, 0, underarm, cuff_low),
        ("cuff_front", np.stack([top, low]), -1, cuff_top, cuff_low),
        ("cuff_back", np.stack([top, low]), 1, cuff_top, cuff_low),
    ):
        even = resampled(curve, sewing.spacing)
        flat = mirrored(shape.flat(even), sign)
        seams[name] = [start, *(sewing.vertex(point, side) for point in flat[1:-1]), end]
        cuts.update(zip(seams[name], even, strict=True))
    lines = SleeveLines(**seams)
    for hole, layer in ((torso.armhole_front[sign], -1), (torso.armhole_back[sign], 1)):
        cuts.update(zip(hole, shape.cap(mirrored(sewing.at(hole), sign)), strict=True))
        _sleeve_half(sewing, lines, hole, cuts, sign, layer)
    return lines


def _sleeve_half(
    sewing: Sewing,
    lines: SleeveLines,
    hole: Line,
    cuts: dict[int, NDArray[np.float64]],
    sign: int,
    layer: int,
) -> None:
    """Add a sleeve's front (layer -1) or back half (1), each on its side of the fold."""
    cuff = lines.cuff_front if layer < 0 else lines.cuff_back
    loop = joined(hole, lines.underarm, cuff[::-1], lines.fold[::-1])
    cut = np.array([cuts[vertex] for vertex in loop]) * (sign * layer, 1)
    piece = sewing.piece(_SLEEVES[sign, layer], f"sleeve {sign}", loop, cut, side=layer)
    piece.mark(Edge.SEAM, hole, lines.underarm)
    piece.mark(Edge.CUFF, cuff)


_SLEEVES = {
    (LEFT, -1): Panel.LEFT_SLEEVE_FRONT,
    (LEFT, 1): Panel.LEFT_SLEEVE_BACK,
    (RIGHT, -1): Panel.RIGHT_SLEEVE_FRONT,
    (RIGHT, 1): Panel.RIGHT_SLEEVE_BACK,
}


class _Sleeve:
    """The cut shape of the left sleeve, and how it lies along the arm.

    Cut coordinates are (across, along): across from the fold towards the underarm, along from the
    shoulder's tip down the fold. The sleeve leaves the armhole in the armhole's own plane and
    bends from the underarm on so that it lies around the arm.
    """

    def __init__(self, design: Design, figure: Figure, outline: Outline) -> None:
        self.tip = outline.shoulder[-1]
        self.angle = outline.fold_angle
        self._axis = np.array([np.cos(self.angle), -np.sin(self.angle)])
        self._normal = np.array([np.sin(self.angle), np.cos(self.angle)])
        across, along = self.cut(outline.side[:1])[0]
        length = max(design.sleeve * figure.arm_length, along + 0.005)
        low_end = max(length - 0.3 * max(0.0, along + 0.05 - length), along + 0.03)
        self._start, self._middle = float(along), float(across) / 2 / SLEEVE_FULLNESS
        widths = _sleeve_widths(design, figure, (float(across), float(along)), low_end)
        self.underarm = widths
        self.cuff = (np.array([0.0, length]), widths[-1])
        self.fold = np.array([[0.0, 0.0], [0.0, length]])
        self._bend = self._bending(figure, float(widths[-1, 0]), length)

    def cut(self, flat: Curve) -> Curve:
        """Cut coordinates of flat points (n, 2) before the sleeve bends."""
        away = flat - self.tip
        return np.column_stack([-(away @ self._normal) * SLEEVE_FULLNESS, away @ self._axis])

    def cap(self, hole: Curve) -> Curve:
        """Cut coordinates of the armhole from the tip on, rounded where the sleeve is highest.

        Without it the cloth around the shoulder's tip adds up to a cone that stands out.
        """
        points = self.cut(hole)
        away = np.hypot(points[:, 0], points[:, 1])
        angle = np.arctan2(points[:, 0], points[:, 1])
        first = float(angle[1])
        angle = angle + max(0.0, _CAP_ANGLE - first) * np.exp(-((away / _CAP_ROUND) ** 2))
        return np.column_stack([away * np.sin(angle), away * np.cos(angle)])

    def flat(self, cut: Curve) -> Curve:
        """Flat layout (x, z) of cut coordinates (n, 2)."""
        beyond = np.maximum(cut[:, 1] - self._start, 0)
        turn = self.angle + self._bend * beyond
        if abs(self._bend) > 1e-6:
            run = np.column_stack(
                [np.sin(turn) - np.sin(self.angle), np.cos(turn) - np.cos(self.angle)]
            )
            run /= self._bend
        else:
            run = beyond[:, None] * self._axis
        spine = self.tip + np.minimum(cut[:, 1], self._start)[:, None] * self._axis + run
        normal = np.column_stack([np.sin(turn), np.cos(turn)])
        beside = cut[:, :1] / SLEEVE_FULLNESS - self._middle
        return spine - self._middle * self._normal - beside * normal

    def _bending(self, figure: Figure, width: float, length: float) -> float:
        """Curvature with which the cuff's middle comes to lie on the arm's axis, 1/m."""
        reach = length - self._start
        if reach < 0.1:
            return 0.0
        best, least = 0.0, np.inf
        most = min(0.6 / reach, 1.6)
        for bend in np.linspace(-most, most, 121):
            self._bend = float(bend)
            middle = self.flat(np.array([[width / 2, length]]))
            off = abs(float(figure.over_arm(middle)[0]))
            if off < least:
                best, least = float(bend), off
        return best


def _sleeve_widths(design: Design, figure: Figure, start: tuple[float, float], end: float) -> Curve:
    """The underarm seam in cut coordinates, from the underarm point to the cuff."""
    along = np.linspace(start[1], end, 30)
    needed = figure.arm_girth(along) / 2
    close = needed * (1.06 + 0.2 * design.fit)
    last = float(close[-1]) + 0.14 * design.sleeve_width * min(1.0, 4 * (end - start[1]))
    share = (along - start[1]) / max(end - start[1], 1e-6)
    floor = start[0] + (needed * 1.04 - start[0]) * np.clip((along - start[1]) / 0.08, 0, 1)
    across = np.maximum(start[0] + (last - start[0]) * share, floor)
    if design.gathered:
        narrow = float(needed[-1]) * 1.12
        drawn = np.clip(1 - (end - along) / 0.035, 0, 1)
        across = across * (1 - drawn) + narrow * drawn
    return np.column_stack([across, along])
