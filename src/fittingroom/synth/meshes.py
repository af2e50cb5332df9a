"""Small operations on pieces of mesh: smoothing, cutting along a line, dividing; numpy only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from fittingroom.synth.shapes import Anatomy, Floats, Ints

Bools: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """A piece of mesh under work: vertices (V, 3), faces (F, 3), uv (F, 3, 2), origin (F,).

    origin: the number that each triangle had before cuts.
    """

    vertices: Floats
    faces: Ints
    uv: Floats
    origin: Ints


def ring(faces: Ints, count: int) -> Ints:
    """(count, 10) int32: up to ten neighbours of each vertex, itself where there are fewer."""
    pairs = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).astype(np.int64)
    pairs = np.concatenate([pairs, pairs[:, ::-1]])
    keys = np.unique(pairs[:, 0] * count + pairs[:, 1])
    start, end = keys // count, keys % count
    rank = np.arange(len(keys)) - np.searchsorted(start, start)
    out = np.repeat(np.arange(count, dtype=np.int32)[:, None], 10, 1)
    fits = rank < 10
    out[start[fits], rank[fits]] = end[fits]
    return out


def relax(vertices: Floats, ringed: Ints, weight: Floats, steps: Sequence[float]) -> Floats:
    """Moves vertices towards the mean of their neighbours, once per step, by step * weight.

    vertices: (V, 3); ringed: (V, 10) of `ring`; weight: (V,) 0..1. Negative steps after positive
    ones keep the volume (Taubin 1995).
    """
    chosen = np.flatnonzero(weight > 0)
    around = ringed[chosen]
    real = (around != chosen[:, None])[..., None].astype(np.float32)
    count = np.maximum(real.sum(1), 1)
    share = weight[chosen, None]
    out = vertices.astype(np.float32, copy=True)
    for step in steps:
        mean = (out[around] * real).sum(1) / count
        out[chosen] += np.float32(step) * share * (mean - out[chosen])
    return out


def clip(patch: Patch, value: Floats) -> tuple[Patch, Floats]:
    """Cuts a patch along value = 0 and keeps the positive side; value: (V,) float32.

    Returns the cut patch and the values of its vertices. Triangles that the line crosses are
    divided, so that edges of garments are smooth lines whatever the mesh.
    """
    inside = value[patch.faces] > 0
    count = inside.sum(1)
    keep, some = count == 3, (count == 1) | (count == 2)
    one, origin = count[some] == 1, patch.origin[some]
    odd = np.where(count == 1, inside.argmax(1), (~inside).argmax(1))[some]
    turn = (odd[:, None] + np.arange(3)) % 3
    faces = np.take_along_axis(patch.faces[some], turn, 1)
    uv = np.take_along_axis(patch.uv[some], turn[..., None], 1)
    number, points = _crossings(patch.vertices, faces, value)
    apex = value[faces[:, :1]]
    share = (apex / (apex - value[faces[:, 1:]]))[..., None].astype(np.float32)
    cut = uv[:, :1] + share * (uv[:, 1:] - uv[:, :1])
    new_faces = [
        patch.faces[keep],
        np.c_[faces[:, 0], number][one],
        np.c_[number[:, 0], faces[:, 1:]][~one],
        np.c_[number[:, 0], faces[:, 2], number[:, 1]][~one],
    ]
    new_uv = [
        patch.uv[keep],
        np.concatenate([uv[:, :1], cut], 1)[one],
        np.concatenate([cut[:, :1], uv[:, 1:]], 1)[~one],
        np.stack([cut[:, 0], uv[:, 2], cut[:, 1]], 1)[~one],
    ]
    out = Patch(
        np.concatenate([patch.vertices, points]),
        np.concatenate(new_faces).astype(np.int32),
        np.concatenate(new_uv).astype(np.float32),
        np.concatenate([patch.origin[keep], origin[one], origin[~one], origin[~one]]),
    )
    return out, np.concatenate([value, np.zeros(len(points), np.float32)])


def _crossings(vertices: Floats, faces: Ints, value: Floats) -> tuple[Ints, Floats]:
    """Where value is 0 on the two edges from each triangle's first corner.

    Returns the new vertices' numbers (F, 2), counted on from the old ones, and places (N, 3).
    """
    low, high = np.minimum(faces[:, :1], faces[:, 1:]), np.maximum(faces[:, :1], faces[:, 1:])
    keys, number = np.unique(low.astype(np.int64) * len(value) + high, return_inverse=True)
    start, end = keys // len(value), keys % len(value)
    t = (value[start] / (value[start] - value[end]))[:, None]
    points = vertices[start] + t * (vertices[end] - vertices[start])
    numbers = number.reshape(low.shape).astype(np.int32) + np.int32(len(vertices))
    return numbers, points.astype(np.float32)


def whole(anatomy: Anatomy, vertices: Floats, chosen: Bools) -> Patch:
    """The chosen triangles, (F,) bool, of the body as a patch."""
    number = np.flatnonzero(chosen).astype(np.int32)
    return Patch(vertices, anatomy.faces[number], anatomy.uv[number], number)


def compact(patch: Patch) -> Patch:
    """The same patch without vertices that no triangle uses."""
    used, faces = np.unique(patch.faces, return_inverse=True)
    return Patch(
        np.ascontiguousarray(patch.vertices[used]),
        faces.reshape(-1, 3).astype(np.int32),
        patch.uv,
        patch.origin,
    )


def chosen_faces(patch: Patch, chosen: Bools) -> Patch:
    """The patch's chosen triangles, (F,) bool, with all its vertices."""
    return Patch(patch.vertices, patch.faces[chosen], patch.uv[chosen], patch.origin[chosen])


def joined(pieces: Sequence[Patch]) -> Patch:
    """Patches as one, their vertices not merged."""
    shift = np.cumsum([0] + [len(piece.vertices) for piece in pieces[:-1]])
    faces = [piece.faces + start for piece, start in zip(pieces, shift, strict=True)]
    return Patch(
        np.concatenate([piece.vertices for piece in pieces]),
        np.concatenate(faces).astype(np.int32),
        np.concatenate([piece.uv for piece in pieces]),
        np.concatenate([piece.origin for piece in pieces]),
    )


def subdivide(patch: Patch, steps: Sequence[float]) -> Patch:
    """Every triangle into four, then smoothed by `relax`; the patch's rim stays where it is."""
    faces, count = patch.faces.astype(np.int64), len(patch.vertices)
    ends = np.stack([faces, np.roll(faces, -1, 1)], 2)
    keys = ends.min(2) * count + ends.max(2)
    unique, number, uses = np.unique(keys, return_inverse=True, return_counts=True)
    middle = number.reshape(keys.shape) + count
    a, b, c = faces.T
    ab, bc, ca = middle.T
    out = np.concatenate(
        [np.c_[a, ab, ca], np.c_[ab, b, bc], np.c_[ca, bc, c], np.c_[ab, bc, ca]]
    ).astype(np.int32)
    points = 0.5 * (patch.vertices[unique // count] + patch.vertices[unique % count])
    vertices = np.concatenate([patch.vertices, points]).astype(np.float32)
    u0, u1, u2 = patch.uv[:, 0], patch.uv[:, 1], patch.uv[:, 2]
    m0, m1, m2 = (u0 + u1) / 2, (u1 + u2) / 2, (u2 + u0) / 2
    quarters = ((u0, m0, m2), (m0, u1, m1), (m2, m1, u2), (m0, m1, m2))
    uv = np.concatenate([np.stack(q, 1) for q in quarters])
    weight = np.ones(len(vertices), np.float32)
    rim = unique[uses == 1]
    weight[np.r_[rim // count, rim % count, np.flatnonzero(uses == 1) + count]] = 0
    vertices = relax(vertices, ring(out, len(vertices)), weight, steps)
    return Patch(vertices, out, uv.astype(np.float32), np.tile(patch.origin, 4))
