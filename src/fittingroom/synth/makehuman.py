"""Hair of the MakeHuman project (CC0 1.0), bound to the body by its own `.mhclo` files.

Each vertex is a weighted mean of three vertices of the base mesh hm08 plus an offset that scales
with the distances between named vertices, so that hair follows every head. The files are optional
and never part of the package.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, TypeAlias

import cv2
import numpy as np

from fittingroom.labels import Lip
from fittingroom.synth.hair import (
    HairStyle,
    Head,
    cap_surface,
    nearest,
    posed_head,
    push_out,
)
from fittingroom.synth.shapes import Anatomy, Body, Bytes, Floats, Ints, Material, Surface

Colour: TypeAlias = tuple[int, int, int]

FILES: Final[dict[HairStyle, tuple[str, ...]]] = {
    HairStyle.CROP: ("short02", "short04"),
    HairStyle.LONG: ("long01", "braid01"),
    HairStyle.PONYTAIL: ("ponytail01",),
}
"""Styles that the assets have a mesh and a texture for; the others stay procedural.

Not used, for they cover an eye: bob02, short01, short03.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Wear:
    """One `.mhclo` with its mesh.

    bind: (N, 3) int32 hm08 vertex numbers; weights, offsets: (N, 3) float32, offsets in the
    package's axes (left, back, up) before scaling. scales: for left, back and up: two hm08
    vertices and their reference distance. faces: (F, 3) int32; uv: (F, 3, 2) float32.
    """

    bind: Ints
    weights: Floats
    offsets: Floats
    scales: tuple[tuple[int, int, float], ...]
    faces: Ints
    uv: Floats


@lru_cache(maxsize=16)
def read_wear(path: Path) -> Wear:
    """Reads an `.mhclo` file and the `.obj` that it names; raises OSError or ValueError."""
    scales: dict[str, tuple[int, int, float]] = {}
    rows: list[list[str]] = []
    mesh = path.with_suffix(".obj")
    reading = False
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0] in {"x_scale", "y_scale", "z_scale"}:
            scales[words[0][0]] = int(words[1]), int(words[2]), float(words[3])
        elif words[0] == "obj_file":
            mesh = path.parent / words[1]
        elif words[0] == "verts":
            reading = True
        elif reading and words[0].isdigit():
            rows.append(words)
        elif words[0] in {"delete_verts", "weights"}:
            reading = False
    bind, weights, offsets = _bindings(rows)
    faces, uv = _read_obj(mesh)
    order = scales["x"], scales["z"], scales["y"]
    return Wear(bind, weights, offsets, order, faces, uv)


def _bindings(rows: list[list[str]]) -> tuple[Ints, Floats, Floats]:
    """Bound vertices, weights and offsets of the rows; a row of one number is that vertex."""
    full = [row if len(row) >= 9 else [row[0]] * 3 + ["1", "0", "0", "0", "0", "0"] for row in rows]
    table = np.array([row[:9] for row in full], np.float64)
    offsets = table[:, [6, 8, 7]] * [1, -1, 1]
    return (
        table[:, :3].astype(np.int32),
        table[:, 3:6].astype(np.float32),
        offsets.astype(np.float32),
    )


def _read_obj(path: Path) -> tuple[Ints, Floats]:
    """Triangles (F, 3) int32 and their uv (F, 3, 2) float32 of an .obj file."""
    points: list[tuple[float, float]] = []
    faces: list[tuple[tuple[int, int], ...]] = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        words = line.split()
        if not words:
            continue
        if words[0] == "vt":
            points.append((float(words[1]), float(words[2])))
        elif words[0] == "f":
            pairs = [word.split("/") for word in words[1:]]
            corner = [(int(pair[0]) - 1, int(pair[1]) - 1) for pair in pairs]
            faces += [(corner[0], corner[k], corner[k + 1]) for k in range(1, len(corner) - 1)]
    table = np.array(faces, np.int32)
    uv = np.clip(np.array(points, np.float32), 0.002, 0.998)  # the texture would repeat at 1
    return np.ascontiguousarray(table[..., 0]), uv[table[..., 1]]


def worn(wear: Wear, anatomy: Anatomy, body: Body, vertices: Floats, turn: Floats) -> Floats:
    """(N, 3) float32 vertices of what is worn on a posed body (V, 3); turn: (3, 3) of the head."""
    number = np.full(max(int(anatomy.base_index.max()), int(wear.bind.max())) + 1, -1)
    number[anatomy.base_index] = np.arange(len(anatomy.base_index))
    if (number[wear.bind] < 0).any():
        message = "the anatomy lacks vertices that the file binds to"
        raise ValueError(message)
    size = [
        abs(float(body.rest[number[a], axis] - body.rest[number[b], axis])) / distance
        for axis, (a, b, distance) in enumerate(wear.scales)
    ]
    base = (vertices[number[wear.bind]] * wear.weights[..., None]).sum(1)
    return np.asarray(base + (wear.offsets * np.array(size, np.float32)) @ turn, np.float32)


def hair_surfaces(
    anatomy: Anatomy,
    body: Body,
    vertices: Floats,
    hair: tuple[HairStyle, Colour, int],
    assets: Path,
) -> list[Surface]:
    """Hair from the assets, label HAIR, over a procedural cap.

    Empty where they have none and for every second or fourth seed. vertices: (V, 3)
    metres; hair: style, sRGB colour and seed; assets: the folder with `hair/`.
    """
    style, colour, seed = hair
    names = FILES.get(style, ())
    if not names:
        return []
    if seed % (2 if len(names) == 1 else 4) == 0:  # procedural hair has its share too
        return []
    folder = assets / "hair" / names[seed % len(names)]
    path, picture = folder / f"{folder.name}.mhclo", folder / f"{folder.name}_diffuse.png"
    if not path.is_file() or not picture.is_file():
        return []
    wear = read_wear(path)
    head = posed_head(anatomy, body, vertices)
    points = worn(wear, anatomy, body, vertices, head.axes)
    points = _clear(head, points)
    texture = recoloured(_texture(picture), colour)
    labels = np.full(len(wear.faces), Lip.HAIR, np.uint8)
    strands = Surface("hair", Material.HAIR, points, wear.faces, labels, wear.uv, texture)
    return [cap_surface(anatomy, vertices, 0.002, colour, seed), strands]


def _clear(head: Head, points: Floats) -> Floats:
    """Points pushed off the skin, further off neck and shoulders."""
    out, none = points, np.zeros(len(points), np.float32)
    for _ in range(2):
        out = push_out(head, out, none, nearest(head, out))
    return out


@lru_cache(maxsize=10)
def _texture(path: Path) -> Bytes:
    """(h, w, 4) uint8 RGBA, at most 1024 high."""
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if image.shape[0] > 1024:
        size = (round(1024 * image.shape[1] / image.shape[0]), 1024)
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGRA2RGBA), np.uint8)


def recoloured(texture: Bytes, colour: Colour) -> Bytes:
    """A hair texture (h, w, 4) in another colour: only its luminance is kept, evened out."""
    light = texture[..., :3].astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    covered = texture[..., 3] > 100
    middle = max(float(np.median(light[covered])), 8.0) if covered.any() else 128.0
    most = min(2.4, max(225 / max(*colour, 1), 1.0) ** (1 / 0.75))  # pale hair is not white
    shade = np.clip(light / middle, 0.25, most) ** np.float32(0.75)
    rgb = np.clip(shade[..., None] * np.array(colour, np.float32), 0, 255).astype(np.uint8)
    return np.concatenate([rgb, texture[..., 3:]], 2)
