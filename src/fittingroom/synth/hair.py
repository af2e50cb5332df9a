"""Procedural hair: ribbons of strands grown over the head and shoulders, and shells of short hair.

Every ribbon starts on the scalp, follows the head in the style's direction and falls with gravity;
whatever would enter the body is pushed out of it, with room for a garment on neck and shoulders.
Under the ribbons lies a cap in the same colour, so that no scalp shows through.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final, TypeAlias

import cv2
import numpy as np

from fittingroom.labels import Lip
from fittingroom.synth.bodies import vertex_normals
from fittingroom.synth.meshes import (
    Patch,
    clip,
    compact,
    relax,
    ring,
    subdivide,
    whole,
)
from fittingroom.synth.shapes import Anatomy, Body, BodyPart, Bytes, Floats, Ints, Material, Surface
from fittingroom.synth.underlayers import is_skin, load_zones

Colour: TypeAlias = tuple[int, int, int]

CLEARANCE: Final = 0.013
"""Metres that hair keeps from neck and torso: garments fit between."""
POINTS: Final = 18
COLUMNS: Final = 4
"""Ribbons share a texture of this many columns of strands."""


class HairStyle(StrEnum):
    """Hair styles; all but BALD have a cap or painted roots on the whole scalp."""

    BALD = "bald"
    SHAVED = "shaved"
    BUZZ = "buzz"
    CROP = "crop"
    SIDE_PART = "side_part"
    BOB = "bob"
    LONG = "long"
    WAVY = "wavy"
    BUN = "bun"
    PONYTAIL = "ponytail"
    AFRO = "afro"
    CURLY = "curly"


@dataclass(frozen=True, slots=True)
class Style:
    """How ribbons grow; metres.

    top, sides: length on top of the head and at its sides. count: ribbons. width: of a ribbon.
    part: x of the parting, beyond .1 = swept to one side. back: how much hair is combed back.
    lift: distance of the outermost layer from the scalp. wave: amplitude. gather: (y, z) from
    the head's centre of the point where hair is tied, None = loose. cap: thickness of the cap.
    """

    top: float
    sides: float
    count: int
    width: float
    part: float
    back: float
    lift: float
    wave: float
    gather: tuple[float, float] | None
    cap: float


STYLES: Final = {
    HairStyle.CROP: Style(0.055, 0.016, 420, 0.014, 0.3, -0.25, 0.013, 0.003, None, 0.006),
    HairStyle.SIDE_PART: Style(0.095, 0.03, 420, 0.016, 0.035, 0.35, 0.014, 0.002, None, 0.006),
    HairStyle.BOB: Style(0.245, 0.14, 420, 0.022, 0.02, 0.25, 0.016, 0.002, None, 0.006),
    HairStyle.LONG: Style(0.5, 0.42, 440, 0.022, 0.0, 0.25, 0.016, 0.002, None, 0.006),
    HairStyle.WAVY: Style(0.46, 0.38, 460, 0.021, 0.02, 0.25, 0.02, 0.011, None, 0.007),
    HairStyle.BUN: Style(0.3, 0.3, 340, 0.018, 0.0, 1.0, 0.008, 0.001, (0.1, 0.055), 0.005),
    HairStyle.PONYTAIL: Style(0.3, 0.3, 340, 0.018, 0.0, 1.0, 0.008, 0.001, (0.105, 0.04), 0.005),
}
SHELLS: Final = {
    HairStyle.BUZZ: (0.0045, 0.0, 3),
    HairStyle.CURLY: (0.034, 0.006, 7),
    HairStyle.AFRO: (0.062, 0.007, 9),
}
"""Height in metres, roughness in metres and number of shells of hair that stands off the head."""


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """The posed head and what hair must not enter.

    centre: (3,) between the ears at the eyes' height; axes: (3, 3), rows = the head's left, back
    and up in the world. points, normals: (M, 3) samples of the skin; margin: (M,) metres to keep.
    """

    centre: Floats
    axes: Floats
    points: Floats
    normals: Floats
    margin: Floats

    def local(self, points: Floats) -> Floats:
        """World to head coordinates: left, back, up from the centre."""
        return np.asarray((points - self.centre) @ self.axes.T, np.float32)

    def world(self, points: Floats) -> Floats:
        """Head to world coordinates."""
        return np.asarray(points @ self.axes + self.centre, np.float32)


@lru_cache(maxsize=2)
def _obstacles(anatomy: Anatomy) -> Ints:
    """Numbers of skin vertices from the chest up, ears excepted, about 1.4 cm apart."""
    zones = load_zones(anatomy)
    used = np.zeros(len(zones.height), bool)
    ear = anatomy.parts == BodyPart.EAR
    used[anatomy.faces[is_skin(anatomy) & ~ear]] = True
    chosen = np.flatnonzero(used & zones.skin & (zones.height > 1.0))
    cell = np.stack([zones.side, zones.height, zones.leg_u * 0.4], 1)[chosen] / 0.014
    _, first = np.unique(np.round(cell).astype(np.int32), axis=0, return_index=True)
    return chosen[np.sort(first)].astype(np.int32)


def posed_head(anatomy: Anatomy, body: Body, vertices: Floats) -> Head:
    """Finds head and obstacles on a posed body; vertices: (V, 3) metres."""
    zones = load_zones(anatomy)
    scalp = np.flatnonzero(zones.hair > 0)
    eyes = [body.heads[anatomy.bone(f"eye.{side}")] for side in "LR"]
    rest = body.rest[scalp]
    centre = np.array([0, (rest[:, 1].max() + np.mean(eyes, 0)[1] - 0.03) / 2, np.mean(eyes, 0)[2]])
    a, b = rest - rest.mean(0), vertices[scalp] - vertices[scalp].mean(0)
    u, _, vt = np.linalg.svd(a.T @ b)
    turn = u @ np.diag([1, 1, np.sign(np.linalg.det(u @ vt))]) @ vt
    where = (centre - rest.mean(0)) @ turn + vertices[scalp].mean(0)
    chosen = _obstacles(anatomy)
    normals = vertex_normals(vertices, anatomy.faces)[chosen]
    low = np.clip((1.50 - zones.height[chosen]) / 0.05, 0, 1)
    margin = 0.001 + (CLEARANCE - 0.001) * low
    return Head(
        where.astype(np.float32),
        turn.astype(np.float32),
        vertices[chosen],
        normals,
        margin.astype(np.float32),
    )


def nearest(head: Head, points: Floats) -> Ints:
    """(N,) int32: which sample of the skin is nearest to each of the points (N, 3)."""
    square = (head.points**2).sum(1)[None] - (2 * points) @ head.points.T
    return square.argmin(1).astype(np.int32)


def push_out(head: Head, points: Floats, lift: Floats, near: Ints) -> Floats:
    """Points (N, 3) moved to at least margin + lift (N,) off the skin at the samples `near`."""
    normals = head.normals[near]
    offset = points - head.points[near]
    short = np.maximum(head.margin[near] + lift - (offset * normals).sum(1), 0)
    short[(offset**2).sum(1) > 0.09**2] = 0
    return (points + short[:, None] * normals).astype(np.float32)


def _cling(head: Head, points: Floats, lift: Floats, near: Ints) -> Floats:
    """Points above the ears drawn back to margin + lift over the scalp, others as they are."""
    normals = head.normals[near]
    rise = ((points - head.points[near]) * normals).sum(1)
    high = np.clip((head.local(points)[:, 2] + 0.01) / 0.05, 0, 1)
    excess = np.maximum(rise - head.margin[near] - lift, 0) * high * 0.7
    return (points - excess[:, None] * normals).astype(np.float32)


def hair_surfaces(
    anatomy: Anatomy, body: Body, vertices: Floats, style: HairStyle, colour: Colour, seed: int
) -> list[Surface]:
    """Hair of one style on a posed body, label HAIR; vertices: (V, 3) metres, colour: sRGB.

    BALD and SHAVED give nothing: their scalp is painted in the skin's texture. Odd seeds of long
    styles let the side hair fall in front of the shoulders.
    """
    if style in SHELLS:
        return _shells(anatomy, body, vertices, style, colour, seed)
    if style not in STYLES:
        return []
    rng = np.random.default_rng(seed)
    how = STYLES[style]
    head = posed_head(anatomy, body, vertices)
    roots, lengths, lifts = _roots(anatomy, vertices, head, how, rng)
    paths, normals, nears = _grow(head, roots, lengths, lifts, how, seed)
    if how.wave:
        paths = _waved(paths, normals, how.wave, rng)
        paths = _off_face(head, paths.reshape(-1, 3), True).reshape(paths.shape)
    ribbons = _ribbons(head, (paths, normals, nears), how, lifts, rng)
    texture = strand_texture(colour, seed)
    out = [cap_surface(anatomy, vertices, how.cap, colour, seed)]
    out.append(_surface("hair", *ribbons, texture))
    if style is HairStyle.PONYTAIL:
        out.append(_tail(head, how, colour, seed))
    if style is HairStyle.BUN:
        out.append(_bun(head, how, colour, seed))
    return out


def _surface(name: str, vertices: Floats, faces: Ints, uv: Floats, texture: Bytes) -> Surface:
    labels = np.full(len(faces), Lip.HAIR, np.uint8)
    return Surface(name, Material.HAIR, vertices, faces, labels, uv, texture)


def _roots(
    anatomy: Anatomy, vertices: Floats, head: Head, how: Style, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """Where ribbons begin (N, 3), their lengths (N,) and how far they lie off the scalp (N,)."""
    hair = load_zones(anatomy).hair
    faces = anatomy.faces[(hair[anatomy.faces] > 0.001).all(1) & is_skin(anatomy)]
    corners = vertices[faces]
    area = np.linalg.norm(
        np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1
    )
    total = np.cumsum(area) / area.sum()
    pick = np.searchsorted(total, (np.arange(how.count) + rng.uniform(0, 1, how.count)) / how.count)
    pick = np.minimum(pick, len(faces) - 1)
    weights = rng.dirichlet((1, 1, 1), how.count)
    roots = (corners[pick] * weights[..., None]).sum(1).astype(np.float32)
    depth = (hair[faces[pick]] * weights).sum(1)
    local = head.local(roots)
    top = np.clip((local[:, 2] - 0.045) / 0.04, 0, 1) ** 1.5
    lengths = how.sides + (how.top - how.sides) * top
    lengths = lengths * rng.uniform(0.85, 1.05, how.count)
    layer = rng.permutation(np.arange(how.count) % 3) / 2
    lifts = 0.003 + (how.lift - 0.003) * (0.25 + 0.75 * layer) * np.clip(0.3 + depth / 0.03, 0, 1)
    return roots, lengths.astype(np.float32), lifts.astype(np.float32)


def _comb(local: Floats, how: Style) -> Floats:
    """Unit directions (N, 3), head coordinates, in which hair leaves the scalp."""
    side = np.where(local[:, 0] >= how.part, 1, -1)
    top = np.clip((local[:, 2] - 0.02) / 0.07, 0, 1)
    back = np.clip((local[:, 1] + 0.02) / 0.08, 0, 1)
    way = np.stack(
        [
            side * (0.2 + top * (1 - 0.5 * back)),
            how.back * (0.4 + top) + 0.5 * back * (how.back > 0),
            -(1 - top) - 0.3,
        ],
        1,
    )
    return np.asarray(way / np.linalg.norm(way, axis=1, keepdims=True), np.float32)


def _grow(
    head: Head, roots: Floats, lengths: Floats, lifts: Floats, how: Style, seed: int
) -> tuple[Floats, Floats, Ints]:
    """Paths (N, POINTS, 3), the skin's normals beside them, and numbers of skin samples there."""
    near = nearest(head, roots)
    place, normal = push_out(head, roots, np.zeros_like(lifts), near), head.normals[near]
    start = head.local(place)
    way = _comb(start, how) @ head.axes
    tie = None if how.gather is None else head.world(np.array([[0, *how.gather]], np.float32))
    step = (lengths / (POINTS - 1))[:, None]
    front = _falls_front(start, seed)
    paths, normals, nears = [place], [normal], [near]
    for k in range(1, POINTS):
        if tie is None:
            way = _bend(head, place, way, front, how)
        else:
            left = np.linalg.norm(tie - place, axis=1)[:, None]
            way = (tie - place) / np.maximum(left, 0.012)
            step = np.minimum(left / (POINTS - k) * 1.12, left)
        way = way - np.minimum((way * normal).sum(1), 0)[:, None] * normal * 0.9
        rise = lifts * min(1.0, k / 3)
        moved = place + step * way
        near = nearest(head, moved)
        moved = _cling(head, push_out(head, moved, rise, near), rise, near)
        moved = _off_face(head, moved, tie is None and how.sides > 0.1)
        normal = _unit(normal + head.normals[near])
        way = _flattened(head, moved, _unit(way + _unit(moved - place)), normal)
        place = moved
        paths.append(place)
        normals.append(normal)
        nears.append(near)
    return np.stack(paths, 1), np.stack(normals, 1), np.stack(nears, 1)


def _unit(vectors: Floats) -> Floats:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-9), np.float32)


def _flattened(head: Head, points: Floats, way: Floats, normals: Floats) -> Floats:
    """Directions without what leads off the scalp, for points above the ears."""
    high = np.clip((head.local(points)[:, 2] + 0.01) / 0.05, 0, 1)
    off = np.maximum((way * normals).sum(1), 0) * 0.85 * high
    return _unit(way - off[:, None] * normals)


def _falls_front(start: Floats, seed: int) -> Floats:
    """(N,) -1 = this hair falls before the shoulder, +1 = behind it."""
    both, side = seed % 4 == 1, 1 if seed % 8 == 3 else -1
    chosen = (start[:, 0] * side > 0) if seed % 4 == 3 else np.full(len(start), both)
    forward = start[:, 1] < 0.035
    return np.where(chosen & forward, -1.0, 1.0).astype(np.float32)


def _bend(head: Head, place: Floats, way: Floats, front: Floats, how: Style) -> Floats:
    """The next directions of loose hair: gravity, and forwards or backwards beside the neck."""
    local = head.local(place)
    low = np.clip((0.06 - local[:, 2]) / 0.1, 0, 1)
    pull = (0.18 + 0.34 * low) * (1.0 if how.top > 0.15 else 0.45)
    target = np.zeros_like(way)
    target[:, 2] = -1
    neck = np.clip((-0.06 - local[:, 2]) / 0.05, 0, 1) * np.clip((0.225 + local[:, 2]) / 0.04, 0, 1)
    inwards = -np.clip(local[:, 0] / 0.08, -1, 1) * np.clip(np.abs(local[:, 0]) / 0.1 - 0.6, 0, 1)
    target += (1.2 * neck * front)[:, None] * head.axes[1]
    target += (0.8 * neck * inwards)[:, None] * head.axes[0]
    out = (1 - pull)[:, None] * way + pull[:, None] * target
    return np.asarray(out / np.linalg.norm(out, axis=1, keepdims=True), np.float32)


def _off_face(head: Head, points: Floats, ears: bool) -> Floats:
    """Moves points from before the face to its sides and, if asked, those in the ears out."""
    local = head.local(points)
    width = np.interp(local[:, 2], [-0.14, -0.10, -0.03, 0.03, 0.06, 0.085],
                      [0.045, 0.052, 0.060, 0.060, 0.050, 0.0])  # fmt: skip
    before = (local[:, 1] < -0.035) & (local[:, 2] > -0.16) & (np.abs(local[:, 0]) < width)
    side = np.where(local[:, 0] >= 0, 1, -1)
    width = np.where(before, width, 0)
    ear = (np.abs(local[:, 1] - 0.012) < 0.035) & (local[:, 2] > -0.06) & (local[:, 2] < 0.045)
    width = np.where(ears & ear & (np.abs(local[:, 0]) > 0.06), 0.09, width)
    short = np.maximum(width - np.abs(local[:, 0]), 0) * side
    local[:, 0] += (0.6 * short).astype(np.float32)
    return head.world(local)


def _waved(paths: Floats, normals: Floats, wave: float, rng: np.random.Generator) -> Floats:
    """Paths with waves to the side and outwards that grow towards the tips."""
    along = np.gradient(paths, axis=1)
    side = np.cross(along, normals)
    side /= np.maximum(np.linalg.norm(side, axis=2, keepdims=True), 1e-6)
    length = np.cumsum(np.linalg.norm(along, axis=2), 1)
    phase = rng.uniform(0, 1.6, (len(paths), 1)) + 2.5 * np.sign(paths[:, :1, 0])
    grown = np.clip(length / 0.16, 0, 1) * wave
    swing = np.sin(length / 0.011 * 0.9 + phase) * grown
    out = paths + swing[..., None] * side
    return np.asarray(out + (0.5 * (grown - np.abs(swing)))[..., None] * normals, np.float32)


def _ribbons(
    head: Head,
    grown: tuple[Floats, Floats, Ints],
    how: Style,
    lifts: Floats,
    rng: np.random.Generator,
) -> tuple[Floats, Ints, Floats]:
    """Vertices, faces and uv of flat ribbons along paths, outer faces away from the body.

    grown: what `_grow` returns.
    """
    paths, normals, nears = grown
    count = len(paths)
    along = np.gradient(paths, axis=1)
    side = np.cross(normals, along)
    side /= np.maximum(np.linalg.norm(side, axis=2, keepdims=True), 1e-6)
    for _ in range(2):
        side[:, 1:-1] = (side[:, :-2] + side[:, 1:-1] + side[:, 2:]) / 3
    profile = np.interp(np.arange(POINTS), [0, 3, 12, POINTS - 1], [0.7, 1.0, 1.0, 0.65])
    width = how.width / 2 * profile * rng.uniform(0.75, 1.2, (count, 1))
    tilt = rng.normal(0, 0.12, (count, 1, 1)) * normals
    both = [paths - sign * width[..., None] * (side + sign * tilt) for sign in (1, -1)]
    flat = np.stack(both, 2).reshape(-1, 3).astype(np.float32)
    least = np.repeat(lifts, POINTS * 2) * 0.5
    least = least * np.tile(np.repeat(np.clip(np.arange(POINTS) / 3, 0, 1), 2), count)
    near = np.repeat(nears.ravel(), 2)
    vertices = push_out(head, flat, least.astype(np.float32), near)
    for _ in range(2):
        vertices = _cling(head, vertices, least.astype(np.float32) * 2 + how.wave + 0.003, near)
    faces, uv = _strips(count, rng)
    return vertices, faces, uv


def _strips(count: int, rng: np.random.Generator) -> tuple[Ints, Floats]:
    """Faces and uv of `count` strips of POINTS pairs; u lies in one column, v = 1 at the root."""
    k = np.arange(POINTS - 1)
    quad = np.stack([2 * k, 2 * k + 1, 2 * k + 2, 2 * k + 3], 1)
    tri = np.concatenate([quad[:, [0, 2, 1]], quad[:, [1, 2, 3]]])
    faces = (tri[None] + 2 * POINTS * np.arange(count)[:, None, None]).reshape(-1, 3)
    column = rng.integers(0, COLUMNS, count)
    v = 1 - np.repeat(np.arange(POINTS), 2) / (POINTS - 1)
    u = np.tile([0.03, 0.97], POINTS)
    corner = np.stack([u, v], 1)[tri]
    uv = np.repeat(corner[None], count, 0)
    uv[..., 0] = (uv[..., 0] + column[:, None, None]) / COLUMNS
    uv[..., 1] = 0.004 + 0.992 * uv[..., 1]
    return faces.astype(np.int32), uv.reshape(-1, 3, 2).astype(np.float32)


def _streaks(rng: np.random.Generator, height: int, width: int) -> Floats:
    """(height, width) float32, mean 0 and deviation 1: strands that run downwards."""
    noise = rng.normal(size=(height // 8, width)).astype(np.float32)
    long = cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    long = cv2.GaussianBlur(long, (0, 0), sigmaX=0.55, sigmaY=height / 14)
    broad = cv2.GaussianBlur(long, (0, 0), sigmaX=4, sigmaY=1)
    out = long / long.std() + 1.2 * broad / broad.std()
    return np.asarray(out / out.std(), np.float32)


def strand_texture(colour: Colour, seed: int) -> Bytes:
    """(512, 256, 4) uint8 sRGB and coverage: COLUMNS tufts of strands, roots at the top."""
    rng = np.random.default_rng(seed)
    height, width = 512, 256
    streak = _streaks(rng, height, width)
    v = (np.arange(height) + 0.5)[:, None] / height
    u = np.mod((np.arange(width) + 0.5) / (width / COLUMNS), 1)[None]
    edge = np.clip((0.5 - np.abs(u - 0.5)) / 0.28, 0, 1)
    tip = np.clip((1 - v) / 0.35, 0, 1)
    root = np.clip(v / 0.06, 0, 1)
    cover = 2.6 * edge + 1.4 * tip + 0.6 * root - 3.1 + 0.8 * streak
    alpha = np.clip(cover * 1.6, 0, 1).astype(np.float32)
    column = np.repeat(rng.uniform(0.86, 1.14, COLUMNS), width // COLUMNS)[None]
    shade = (1 + 0.24 * streak) * column * (0.72 + 0.28 * np.clip(v / 0.25, 0, 1) + 0.08 * v)
    return _coloured(colour, shade.astype(np.float32), alpha)


def _coloured(colour: Colour, shade: Floats, alpha: Floats) -> Bytes:
    """RGBA of one hair colour under a shade factor; lights are a little warmer than darks."""
    shade = np.clip(shade, 0.35, 1.7)[..., None]
    warm = 1 + (shade - 1) * np.array([0.08, 0.0, -0.10])
    rgb = np.array(colour, np.float32) * shade * warm
    out = np.concatenate([rgb, 255 * np.asarray(alpha)[..., None]], 2)
    return np.clip(out, 0, 255).astype(np.uint8)


def _scalp(anatomy: Anatomy, vertices: Floats, seed: int) -> tuple[Patch, Floats]:
    """The scalp cut along an irregular hairline, and metres above that line per vertex."""
    zones = load_zones(anatomy)
    jitter = np.random.default_rng(seed).normal(0, 0.0015, len(zones.hair)).astype(np.float32)
    field = zones.hair + np.where(zones.hair > -0.02, jitter, 0) - np.float32(0.001)
    chosen = (field[anatomy.faces] > 0).any(1) & is_skin(anatomy)
    patch, field = clip(whole(anatomy, vertices, chosen), field)
    used = np.unique(patch.faces)
    return compact(patch), field[used]


def cap_surface(
    anatomy: Anatomy, vertices: Floats, height: float, colour: Colour, seed: int
) -> Surface:
    """A thin cover of the scalp under the ribbons, thinning out at the hairline."""
    patch, field = _scalp(anatomy, vertices, seed)
    normals = vertex_normals(patch.vertices, patch.faces)
    lift = np.clip(0.0008 + field * 0.22, 0, height)[:, None].astype(np.float32)
    rng = np.random.default_rng(seed + 1)
    shade = 0.76 + 0.14 * _streaks(rng, 256, 256)
    texture = _coloured(colour, shade, np.ones((256, 256), np.float32))[..., :3]
    return _surface("hair_cap", patch.vertices + lift * normals, patch.faces, patch.uv * 3, texture)


def _shells(
    anatomy: Anatomy, body: Body, vertices: Floats, style: HairStyle, colour: Colour, seed: int
) -> list[Surface]:
    """Buzz cut, curls or an afro: shells whose coverage thins out from the head outwards."""
    height, rough, count = SHELLS[style]
    rng = np.random.default_rng(seed)
    head = posed_head(anatomy, body, vertices)
    patch, field = _scalp(anatomy, vertices, seed)
    patch = Patch(patch.vertices, patch.faces, _with_field(patch, field), patch.origin)
    fine = subdivide(patch, (0.3, 0.3))
    depth = np.zeros(len(fine.vertices), np.float32)
    depth[fine.faces.ravel()] = fine.uv[..., 2].ravel()
    outward = _outward(head, fine, 0.75 if height > 0.01 else 0.0)
    taper = np.clip(depth / (0.5 * height + 0.006), 0, 1) ** 0.6
    bumps = rng.normal(0, 1, len(fine.vertices)).astype(np.float32)
    bumps = relax(bumps[:, None], ring(fine.faces, len(bumps)), np.ones_like(bumps), (0.5, 0.5))
    bumps = bumps[:, 0] / max(float(bumps.std()), 1e-6) * rough
    out = []
    for k in range(count):
        share = (k + 1) / count
        far = (height * share + bumps * share) * taper + 0.0006
        moved = fine.vertices + far[:, None].astype(np.float32) * outward
        texture = _fur_texture(style, colour, share, seed)
        uv = np.ascontiguousarray(fine.uv[..., :2]) * (5 if rough else 8)
        out.append(_surface(f"hair_{k}", moved.astype(np.float32), fine.faces, uv, texture))
    return out


def _with_field(patch: Patch, field: Floats) -> Floats:
    return np.concatenate([patch.uv, field[patch.faces][..., None]], 2).astype(np.float32)


def _outward(head: Head, patch: Patch, share: float) -> Floats:
    """Unit directions in which standing hair grows: between the normal and away from the head."""
    normals = vertex_normals(patch.vertices, patch.faces)
    away = patch.vertices - head.world(np.array([[0, 0.0, 0.01]], np.float32))
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    out = (1 - share) * normals + share * away
    return np.asarray(out / np.linalg.norm(out, axis=1, keepdims=True), np.float32)


def _fur_texture(style: HairStyle, colour: Colour, share: float, seed: int) -> Bytes:
    """(256, 256, 4) uint8 of one shell; `share` 0..1 = how far out it lies."""
    rng = np.random.default_rng(seed)
    fine = rng.normal(size=(256, 256)).astype(np.float32)
    if style is HairStyle.BUZZ:
        noise = cv2.GaussianBlur(fine, (0, 0), 0.8)
    else:
        scale = 3.2 if style is HairStyle.CURLY else 2.2
        a = cv2.GaussianBlur(fine, (0, 0), scale)
        noise = -np.abs(a / a.std()) + 0.5 * cv2.GaussianBlur(fine, (0, 0), 1.0) / 0.28
    noise = (noise - noise.mean()) / noise.std()
    need = np.interp(share, [0, 0.45, 1], [-6, -1.6, 0.75])
    alpha = np.clip((noise - need) * 2.5, 0, 1)
    shade = np.interp(share, [0, 1], [0.55, 1.05]) * (1 + 0.16 * noise)
    return _coloured(colour, np.asarray(shade, np.float32), alpha)


def _tail(head: Head, how: Style, colour: Colour, seed: int) -> Surface:
    """The loose end of a ponytail that falls from the tie."""
    rng = np.random.default_rng(seed + 2)
    count = 46
    tie = np.array([0, *(how.gather or (0.1, 0.04))], np.float32)
    local = tie + rng.normal(0, 0.007, (count, 3)).astype(np.float32) + [0, 0.012, 0]
    place = head.world(local.astype(np.float32))
    way = (np.array([0, 0.8, 0.35]) + rng.normal(0, 0.12, (count, 3))) @ head.axes
    normal = np.broadcast_to(head.axes[1], (count, 3)).astype(np.float32)
    length = rng.uniform(0.24, 0.32, (count, 1))
    spread = rng.uniform(0.004, 0.03, count).astype(np.float32)
    paths, nears = [place], [nearest(head, place)]
    for _ in range(1, POINTS):
        way = 0.78 * way + 0.22 * np.array([0, 0, -1.0])
        way /= np.linalg.norm(way, axis=1, keepdims=True)
        place = (place + length / (POINTS - 1) * way).astype(np.float32)
        near = nearest(head, place)
        place = push_out(head, place, spread, near)
        paths.append(place)
        nears.append(near)
    lifts = np.full(count, 0.004, np.float32)
    normals = np.repeat(normal[:, None], POINTS, 1)
    grown = np.stack(paths, 1), normals, np.stack(nears, 1)
    ribbons = _ribbons(head, grown, how, lifts, rng)
    return _surface("hair_tail", *ribbons, strand_texture(colour, seed + 2))


def _bun(head: Head, how: Style, colour: Colour, seed: int) -> Surface:
    """A knot of hair at the tie: a rough ball wound with strands."""
    rng = np.random.default_rng(seed + 3)
    rows, columns = 14, 24
    a, b = np.meshgrid(np.linspace(0, np.pi, rows), np.linspace(0, 2 * np.pi, columns))
    ball = np.stack([np.sin(a) * np.cos(b), np.cos(a), np.sin(a) * np.sin(b)], -1)
    size = 0.034 + 0.010 * rng.random()
    coil = 1 + 0.07 * np.sin(3 * b + 5 * a) + 0.03 * np.sin(7 * b - 3 * a)
    ball = ball * (size * coil)[..., None] * [1.0, 0.75, 1.0]
    tie = np.array([0, *(how.gather or (0.1, 0.05))]) + [0, 0.02, 0.006]
    vertices = head.world((ball + tie).reshape(-1, 3).astype(np.float32))
    i, j = np.meshgrid(np.arange(columns - 1), np.arange(rows - 1), indexing="ij")
    at = (i * rows + j).ravel()
    faces = np.concatenate(
        [np.stack([at, at + 1, at + rows], 1), np.stack([at + 1, at + rows + 1, at + rows], 1)]
    ).astype(np.int32)
    uv = np.stack([(b / (2 * np.pi) * 2 + a / 3), a / np.pi], -1).reshape(-1, 2)[faces]
    shade = 0.95 + 0.22 * _streaks(rng, 256, 256)
    texture = _coloured(colour, shade, np.ones((256, 256), np.float32))[..., :3]
    return _surface("hair_bun", vertices, faces, uv.astype(np.float32), texture)
