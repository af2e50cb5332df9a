"""From a design and a body's measurements to a sewn garment."""

import numpy as np

from fittingroom.synth.patterns.collar import sew_collar
from fittingroom.synth.patterns.design import Design
from fittingroom.synth.patterns.figure import Figure
from fittingroom.synth.patterns.lower import sew_skirt, sew_trousers
from fittingroom.synth.patterns.sewing import Sewing
from fittingroom.synth.patterns.upper import (
    LEFT,
    RIGHT,
    SleeveLines,
    Torso,
    sew_sleeve,
    sew_torso,
    torso_outline,
)
from fittingroom.synth.shapes import GarmentKind, GarmentMesh, Ints, Measurements, Panel
from fittingroom.types import Category, Sleeve

_LAYERS = {GarmentKind.CARDIGAN: 0.006, GarmentKind.JACKET: 0.010}
"""Extra distance from the body of what is worn over a top, metres."""
_ELBOW = 0.55
"""Share of the arm up to which a sleeve counts as short."""
_SKIRTS = (Panel.SKIRT_FRONT, Panel.SKIRT_BACK)
_BELTED = (Panel.FRONT, Panel.BACK, Panel.LEFT_FRONT, Panel.RIGHT_FRONT, *_SKIRTS)
_NAMES = {LEFT: "left", RIGHT: "right"}


def draft(
    design: Design, measurements: Measurements, name: str, spacing: float = 0.013
) -> GarmentMesh:
    """Cut and sew a garment to a body.

    Args:
        design: What to make.
        measurements: The body in the dress pose.
        name: The garment's name, passed on.
        spacing: Edge length of the mesh in metres.

    Raises:
        ValueError: When a piece comes out too narrow to be meshed at this spacing.
    """
    figure = Figure(measurements)
    sewing = Sewing(spacing)
    if design.kind is GarmentKind.SKIRT:
        landmarks, belt = _skirt(sewing, design, figure)
    elif design.kind in (GarmentKind.TROUSERS, GarmentKind.SHORTS):
        landmarks, belt = _trousers(sewing, design, figure)
    else:
        landmarks = _upper(sewing, design, figure)
        belt = _around(sewing, figure.m.waist_z)
    return _finished(sewing, design, name, landmarks, belt)


def _upper(sewing: Sewing, design: Design, figure: Figure) -> dict[str, int]:
    """Add the panels of a top or dress; returns its landmarks."""
    torso = sew_torso(sewing, design, torso_outline(design, figure, _bottom(design, figure)))
    sleeves = {}
    if design.sleeve:
        for sign in (LEFT, RIGHT):
            sleeves[sign] = sew_sleeve(sewing, design, figure, torso, sign)
    sew_collar(sewing, design, figure, torso)
    marks = _upper_landmarks(torso, sleeves)
    if design.waist_seam:
        skirt = sew_skirt(sewing, design, figure, (torso.hem_front, torso.hem_back))
        for sign, side in _NAMES.items():
            marks[f"waist_{side}"] = skirt.side[sign][0]
            marks[f"hem_{side}"] = skirt.side[sign][-1]
    return marks


def _bottom(design: Design, figure: Figure) -> float:
    """Height of the torso panels' lower end: the hem, or the waist seam of a dress."""
    m = figure.m
    if design.kind is not GarmentKind.DRESS:
        return m.waist_z + (m.hip_z - m.waist_z) * design.length
    if design.waist_seam:
        return m.waist_z
    return m.crotch_z - design.skirt_length * (m.crotch_z - m.ankle_z)


def _skirt(sewing: Sewing, design: Design, figure: Figure) -> tuple[dict[str, int], Ints]:
    skirt = sew_skirt(sewing, design, figure, None)
    marks = {}
    for sign, side in _NAMES.items():
        marks[f"waist_{side}"] = skirt.side[sign][0]
        marks[f"hem_{side}"] = skirt.side[sign][-1]
    return marks, _ring(skirt.waist_front, skirt.waist_back)


def _trousers(sewing: Sewing, design: Design, figure: Figure) -> tuple[dict[str, int], Ints]:
    trousers = sew_trousers(sewing, design, figure)
    marks = {"crotch": trousers.inseam[LEFT][0]}
    for sign, side in _NAMES.items():
        marks[f"waist_{side}"] = trousers.outseam[sign][0]
        marks[f"leg_{side}_outer"] = trousers.outseam[sign][-1]
        marks[f"leg_{side}_inner"] = trousers.inseam[sign][-1]
    return marks, _ring(trousers.waist_front, trousers.waist_back)


def _ring(*lines: dict[int, list[int]]) -> Ints:
    """All vertices of lines, each once."""
    return np.unique([v for line in lines for half in line.values() for v in half]).astype(np.int32)


def _upper_landmarks(torso: Torso, sleeves: dict[int, SleeveLines]) -> dict[str, int]:
    marks = {"collar_front": torso.neck_front[LEFT][0]}
    for sign, side in _NAMES.items():
        tip, underarm = torso.shoulder[sign][-1], torso.side[sign][0]
        sleeve = sleeves.get(sign)
        marks[f"collar_{side}"] = torso.shoulder[sign][0]
        marks[f"shoulder_{side}"] = tip
        marks[f"armpit_{side}"] = underarm
        marks[f"cuff_{side}_outer"] = sleeve.fold[-1] if sleeve else tip
        marks[f"cuff_{side}_inner"] = sleeve.underarm[-1] if sleeve else underarm
        marks[f"hem_{side}"] = torso.side[sign][-1]
    return marks


def _around(sewing: Sewing, z: float) -> Ints:
    """Vertices of the torso in a narrow band at height z; none when the hem lies higher."""
    torso = [piece.vertices for piece in sewing.pieces if piece.panel in _BELTED]
    vertices = np.unique(np.concatenate(torso))
    near = np.abs(np.array(sewing.flat)[vertices, 1] - z) < 0.55 * sewing.spacing
    return vertices[near].astype(np.int32)


def _finished(
    sewing: Sewing, design: Design, name: str, landmarks: dict[str, int], belt: Ints
) -> GarmentMesh:
    """Put the pieces onto the sheet and into one mesh."""
    laid, sheet = sewing.laid_out()
    faces = [piece.vertices[piece.faces] for piece in sewing.pieces]
    uv = [cut[piece.faces] for piece, cut in zip(sewing.pieces, laid, strict=True)]
    panel = [np.full(len(piece.faces), piece.panel) for piece in sewing.pieces]
    lift = np.array(sewing.lift) + _LAYERS.get(design.kind, 0.0)
    return GarmentMesh(
        name=name,
        kind=design.kind,
        category=_category(design.kind),
        sleeve=_sleeve_class(design),
        flat=np.array(sewing.flat, np.float32),
        side=np.array(sewing.side, np.int8),
        faces=np.concatenate(faces).astype(np.int32),
        panel=np.concatenate(panel).astype(np.uint8),
        uv=np.concatenate(uv).astype(np.float32),
        sheet=(float(sheet[0]), float(sheet[1])),
        edges=sewing.edges(laid),
        landmarks=landmarks,
        belt=belt,
        lift=lift.astype(np.float32),
    )


def _category(kind: GarmentKind) -> Category:
    if kind in (GarmentKind.SKIRT, GarmentKind.TROUSERS, GarmentKind.SHORTS):
        return Category.LOWER
    return Category.DRESS if kind is GarmentKind.DRESS else Category.UPPER


def _sleeve_class(design: Design) -> Sleeve:
    if not design.sleeve or _category(design.kind) is Category.LOWER:
        return Sleeve.NONE
    return Sleeve.SHORT if design.sleeve < _ELBOW else Sleeve.LONG
