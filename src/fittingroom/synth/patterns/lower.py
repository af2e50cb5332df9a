"""Skirts, trousers and shorts."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fittingroom.synth.patterns.design import Design
from fittingroom.synth.patterns.figure import Figure
from fittingroom.synth.patterns.outline import (
    Curve,
    arc_length,
    bezier,
    mirrored,
    resampled_to,
    smoothed,
)
from fittingroom.synth.patterns.sewing import Line, Sewing, joined
from fittingroom.synth.patterns.upper import LEFT, RIGHT
from fittingroom.synth.shapes import Edge, Panel

_WAIST_EASE = 1.02
_CENTRE_SHARE = 0.35
"""Part of the step from waist to hips that the centre seams of trousers take."""
_LEGS_APART = 0.006
"""Least distance of a trouser leg from the middle in the flat layout."""


@dataclass(slots=True)
class Skirt:
    """Vertices by side: waists and hems from the side to the middle, side seams downwards."""

    waist_front: dict[int, Line]
    waist_back: dict[int, Line]
    side: dict[int, Line]


def sew_skirt(
    sewing: Sewing,
    design: Design,
    figure: Figure,
    waists: tuple[dict[int, Line], dict[int, Line]] | None,
) -> Skirt:
    """Add a skirt's two panels.

    waists: the front and back lines, from the side to the middle, to which it is sewn; without
    them it has a waistband of its own.
    """
    front, back = waists or _waistband(sewing, design, figure)
    top = sewing.at(front[LEFT])[0]
    side = _skirt_side(design, figure, top)
    hem = _skirt_hem(side, top[1])
    middles = [sewing.vertex(hem[-1], layer) for layer in (-1, 1)]
    skirt = Skirt(front, back, {})
    hems: list[dict[int, Line]] = [{}, {}]
    for sign in (LEFT, RIGHT):
        corner = sewing.vertex(side[-1] * (sign, 1), 0)
        skirt.side[sign] = sewing.line(mirrored(side, sign), 0, front[sign][0], corner)
        for row, layer in enumerate((-1, 1)):
            curve = mirrored(hem, sign)
            hems[row][sign] = sewing.line(curve, layer, corner, middles[row])
    for row, layer in enumerate((-1, 1)):
        waist, panel = (front, Panel.SKIRT_FRONT) if layer < 0 else (back, Panel.SKIRT_BACK)
        halves = [joined(waist[s][::-1], skirt.side[s], hems[row][s]) for s in (LEFT, RIGHT)]
        loop = joined(halves[0], halves[1][::-1])
        piece = sewing.piece(panel, panel.name, loop, sewing.at(loop) * (-layer, -1), side=layer)
        for sign in (LEFT, RIGHT):
            piece.mark(Edge.WAIST, waist[sign])
            piece.mark(Edge.SEAM, skirt.side[sign])
            piece.mark(Edge.HEM, hems[row][sign])
    return skirt


def _waistband(
    sewing: Sewing, design: Design, figure: Figure
) -> tuple[dict[int, Line], dict[int, Line]]:
    """Add the upper edge of a skirt or trousers, a little lower in front."""
    z = figure.m.waist_z - design.rise
    half = float(figure.girth(z)) / 4 * _WAIST_EASE
    u = np.linspace(0, 1, 30)
    middles = [sewing.vertex((0, z - dip), layer) for layer, dip in ((-1, 0.012), (1, 0.0))]
    front: dict[int, Line] = {}
    back: dict[int, Line] = {}
    for sign in (LEFT, RIGHT):
        corner = sewing.vertex((half * sign, z), 0)
        for lines, dip, layer, middle in (
            (front, 0.012, -1, middles[0]),
            (back, 0.0, 1, middles[1]),
        ):
            low = z - dip * (1 - np.cos(np.pi * u)) / 2
            curve = np.column_stack([sign * half * (1 - u), low])
            lines[sign] = sewing.line(curve, layer, corner, middle)
    return front, back


def _hip_line(
    design: Design, figure: Figure, z: NDArray[np.float64], start: float
) -> NDArray[np.float64]:
    """Half widths from `start` at the waist in one even curve to the hips, then straight down.

    Args:
        design: What to make.
        figure: Whom for.
        z: Heights, downwards from the waist.
        start: Half width at z[0].
    """
    body = figure.girth(z) / 4
    widest = float(np.max(body)) * (1.02 + 0.05 * design.fit)
    deep = max(float(z[0]) - figure.m.hip_z, 0.12)
    even = start + (max(widest, start) - start) * np.sin(
        np.pi / 2 * np.minimum((z[0] - z) / deep, 1.0)
    )
    # Only a body that is rounder than the even curve pushes it outwards.
    return np.maximum(even, start + (body - start) * np.minimum((z[0] - z) / 0.06, 1.0))


def _skirt_side(design: Design, figure: Figure, top: NDArray[np.float64]) -> Curve:
    m = figure.m
    bottom = m.crotch_z - design.skirt_length * (m.crotch_z - m.ankle_z)
    z = np.linspace(top[1], bottom, 80)
    fitted = _hip_line(design, figure, z, float(top[0]))
    below = np.maximum(m.hip_z - 0.03 - z, 0)
    narrowing = 0.09 * max(0.0, 0.25 - design.skirt_flare) * 4
    fitted = fitted - np.minimum(below * narrowing, 0.035)
    flared = top[0] + (top[1] - z) * 0.75 * design.skirt_flare
    x = np.logaddexp(fitted * 150, flared * 150) / 150
    x += (top[0] - x[0]) * np.clip(1 - (top[1] - z) / 0.1, 0, 1)
    return np.column_stack([x, z])


def _skirt_hem(side: Curve, top: float) -> Curve:
    """Hem from the side to the middle, as far below the waist there as along the side seam."""
    corner = side[-1]
    drop = min(arc_length(side)[-1] - (top - corner[1]), 0.25) + 0.004
    u = np.linspace(0, 1, 40)
    return np.column_stack([corner[0] * (1 - u), corner[1] - drop * np.sin(np.pi / 2 * u)])


@dataclass(slots=True)
class Trousers:
    """Vertices by side: waists from the side to the middle, out- and inseams downwards."""

    waist_front: dict[int, Line]
    waist_back: dict[int, Line]
    outseam: dict[int, Line]
    inseam: dict[int, Line]


def sew_trousers(sewing: Sewing, design: Design, figure: Figure) -> Trousers:
    """Add the four panels of trousers or shorts."""
    front, back = _waistband(sewing, design, figure)
    trousers = Trousers(front, back, {}, {})
    leg = _Leg(design, figure, sewing.at(front[LEFT])[0])
    crotch = sewing.vertex((0.0, leg.crotch_z), 0)
    rises = {}
    for layer, waist in ((-1, front), (1, back)):
        top = waist[LEFT][-1]
        line = np.stack([sewing.at([top])[0], [0.0, leg.crotch_z]])
        rises[layer] = sewing.line(line, layer, top, crotch)
    for sign in (LEFT, RIGHT):
        out_low = sewing.vertex(leg.out_flat[-1] * (sign, 1), 0)
        in_low = sewing.vertex(leg.in_flat[-1] * (sign, 1), 0)
        out = sewing.line(mirrored(leg.out_flat, sign), 0, front[sign][0], out_low)
        inner = sewing.line(mirrored(leg.in_flat, sign), 0, crotch, in_low)
        trousers.outseam[sign], trousers.inseam[sign] = out, inner
        for layer, waist in ((-1, front), (1, back)):
            hem = sewing.line(sewing.at([out_low, in_low]), layer, out_low, in_low)
            _leg_panel(sewing, leg, (waist[sign], rises[layer], inner, hem, out), sign, layer)
    return trousers


_LEGS = {
    (LEFT, -1): Panel.LEFT_LEG_FRONT,
    (LEFT, 1): Panel.LEFT_LEG_BACK,
    (RIGHT, -1): Panel.RIGHT_LEG_FRONT,
    (RIGHT, 1): Panel.RIGHT_LEG_BACK,
}


class _Leg:
    """Outline of the left leg's panels, in the flat layout and as cut.

    The cut has the hook that runs between the legs; in the flat layout the seam in the middle
    stays at x = 0, so that the cloth near the crotch lies up to a fifth narrower than it is cut.
    """

    def __init__(self, design: Design, figure: Figure, waist: NDArray[np.float64]) -> None:
        m = figure.m
        self.crotch_z = m.crotch_z - 0.012 - 0.025 * design.fit
        bottom = m.crotch_z - design.leg_length * (m.crotch_z - m.ankle_z)
        upper = np.linspace(waist[1], self.crotch_z, 40)
        z = np.linspace(self.crotch_z, bottom, 60)
        lying = _hip_line(design, figure, upper, float(waist[0]))
        self.inset = float(np.clip(_CENTRE_SHARE * (lying[-1] - waist[0]), 0, 0.02))
        hips = _hip_line(design, figure, upper, float(waist[0]) + self.inset)
        width = _leg_widths(design, figure, z)
        self.hook = float(np.clip(width[0] - hips[-1], 0.02, 0.085))
        width += (hips[-1] + self.hook - width[0]) * np.clip(1 - (z[0] - z) / 0.15, 0, 1)
        middle = (hips[-1] - self.hook) / 2
        lower = np.column_stack([middle + width / 2, z])
        self.out_cut = _eased(np.concatenate([np.column_stack([hips, upper]), lower[1:]]))
        self.in_cut = np.column_stack([middle - width / 2, z])
        apart = _LEGS_APART * np.clip((z[0] - z) / 0.05, 0, 1)
        inner = np.maximum(figure.leg_centre(z) - width / 2, apart)
        inner = apart + (inner - apart) * np.clip((z[0] - z) / 0.2, 0, 1)
        share = np.interp(z[0] - z, [0, 0.25], [hips[-1] / width[0], 1.0])
        self.in_flat = np.column_stack([inner, z])
        outer = np.column_stack([inner + width * share, z])
        self.out_flat = _eased(np.concatenate([np.column_stack([lying, upper]), outer[1:]]))

    def rise_cut(self, z: NDArray[np.float64]) -> Curve:
        """Cut of the centre seam for vertices at heights z (n,) in the flat layout, downwards."""
        bend = min(0.08, 0.5 * float(z[0] - z[-1]))
        corner = np.array([0.0, self.crotch_z])
        hook = bezier(corner + (0, bend), corner + (0, bend / 3), corner, corner - (self.hook, 0))
        down = np.linspace(0, 1, 20)[:-1]
        slant = self.inset * (1 + np.cos(np.pi * np.minimum(down / 0.9, 1))) / 2
        straight = np.column_stack([slant, z[0] + down * (hook[0, 1] - z[0])])
        curve = np.concatenate([straight, hook])
        length = arc_length(curve)
        at = (z[0] - z) / (z[0] - z[-1]) * length[-1]
        return np.column_stack([np.interp(at, length, curve[:, axis]) for axis in (0, 1)])


def _eased(curve: Curve) -> Curve:
    """Round the corners of an outseam (x, z) that runs downwards; its ends stay."""
    z = np.linspace(curve[0, 1], curve[-1, 1], 120)
    x = np.interp(-z, -curve[:, 1], curve[:, 0])
    reach = min(int(round(0.05 / max(float(z[0] - z[1]), 1e-4))), 30)
    return np.column_stack([smoothed(x, reach), z])


def _leg_widths(design: Design, figure: Figure, z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Half the girth of a trouser leg at heights z (n,) below the crotch."""
    m = figure.m
    body = figure.leg_girth(z) / 2
    close = body * (1.02 + 0.04 * design.fit)
    thigh = float(figure.leg_girth(m.crotch_z - 0.03)) / 2 * (1.04 + 0.12 * design.fit)
    hem = 0.13 + 0.19 * design.leg_width
    straight = np.interp(z, [m.ankle_z, m.knee_z, z[0]], [hem, 0.5 * (hem + 0.205), thigh])
    loose = min(1.0, design.leg_width * 4)
    width = np.maximum(close, loose * straight + (1 - loose) * close)
    return np.asarray(width + 0.08 * max(0.0, design.leg_width - 0.5), np.float64)


def _leg_panel(
    sewing: Sewing,
    leg: _Leg,
    lines: tuple[Line, Line, Line, Line, Line],
    sign: int,
    layer: int,
) -> None:
    """Add one panel; lines: waist, rise (downwards), inseam, hem (out to in), outseam."""
    waist, rise, inner, hem, out = lines
    cuts: dict[int, NDArray[np.float64]] = {}
    for line, curve in (
        (waist, mirrored(sewing.at(waist), sign) + (leg.inset, 0)),
        (rise, leg.rise_cut(sewing.at(rise)[:, 1])),
        (inner, _as_cut(sewing, inner, leg.in_cut)),
        (out, _as_cut(sewing, out, leg.out_cut)),
        (hem, resampled_to(np.stack([leg.out_cut[-1], leg.in_cut[-1]]), len(hem))),
    ):
        cuts.update(zip(line, curve, strict=True))
    loop = joined(waist, rise, inner, hem[::-1], out[::-1])
    cut = np.array([cuts[vertex] for vertex in loop]) * (-sign * layer, -1)
    panel = _LEGS[sign, layer]
    piece = sewing.piece(panel, panel.name, loop, cut, side=layer)
    piece.mark(Edge.WAIST, waist)
    piece.mark(Edge.SEAM, rise, inner, out)
    piece.mark(Edge.HEM, hem)


def _as_cut(sewing: Sewing, line: Line, curve: Curve) -> Curve:
    """Cut positions of a seam's vertices: as far along the cut as in the flat layout."""
    share = arc_length(sewing.at(line))
    length = arc_length(curve)
    at = share / share[-1] * length[-1]
    return np.column_stack([np.interp(at, length, curve[:, axis]) for axis in (0, 1)])
