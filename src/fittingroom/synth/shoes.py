"""Procedural shoes: a loft around each foot, with a sole, laces or a plain vamp painted on."""

from functools import lru_cache
from typing import Final

import cv2
import numpy as np

from fittingroom.labels import Lip
from fittingroom.synth.shapes import Anatomy, Body, Bytes, Floats, Ints, Material, Surface
from fittingroom.synth.underlayers import Colour, ShoeStyle, is_skin, load_zones

STATIONS: Final = 26
AROUND: Final = 25
ANKLE: Final = 0.075
"""Template height below which the foot's skin is inside the shoe."""


def foot_skin(anatomy: Anatomy) -> Ints:
    """(F,) bool as int32 0/1: triangles of the feet that shoes hide."""
    height = load_zones(anatomy).height
    inside = (height[anatomy.faces] < ANKLE - 0.012).all(1) & is_skin(anatomy)
    return inside.astype(np.int32)


def shoe_surfaces(
    anatomy: Anatomy, body: Body, vertices: Floats, style: ShoeStyle, colour: Colour
) -> list[Surface]:
    """Both shoes on a posed body, labels LEFT_SHOE and RIGHT_SHOE; vertices: (V, 3) metres."""
    zones = load_zones(anatomy)
    texture = _texture(style, colour)
    out = []
    for sign, label in ((1, Lip.LEFT_SHOE), (-1, Lip.RIGHT_SHOE)):
        foot = np.flatnonzero(zones.skin & (zones.height < ANKLE) & (zones.side * sign > 0))
        loft = _loft(body.rest[foot], style)
        a, b = body.rest[foot], vertices[foot]
        u, _, vt = np.linalg.svd((a - a.mean(0)).T @ (b - b.mean(0)))
        turn = u @ np.diag([1, 1, np.sign(np.linalg.det(u @ vt))]) @ vt
        posed = ((loft - a.mean(0)) @ turn + b.mean(0)).astype(np.float32)
        faces, uv = _grid()
        labels = np.full(len(faces), label, np.uint8)
        name = "shoe_left" if sign > 0 else "shoe_right"
        out.append(Surface(name, Material.OTHER, posed, faces, labels, uv, texture))
    return out


def _loft(foot: Floats, style: ShoeStyle) -> Floats:
    """(STATIONS * AROUND, 3) points around a resting foot (N, 3), from heel to toe."""
    flat = foot[:, :2] - foot[:, :2].mean(0)
    way = np.linalg.svd(flat, full_matrices=False)[2][0]
    way = way if way[1] < 0 else -way
    across = np.array([-way[1], way[0]])
    along, aside = foot[:, :2] @ way, foot[:, :2] @ across
    start, end = along.min() - 0.007, along.max() + 0.012
    at = start + (end - start) * 0.5 * (1 - np.cos(np.linspace(0, np.pi, STATIONS)))
    low, high, top = np.zeros((3, STATIONS))
    for k, here in enumerate(at):
        near = np.abs(along - np.clip(here, along.min() + 0.012, along.max() - 0.016)) < 0.014
        low[k], high[k] = aside[near].min(), aside[near].max()
        top[k] = foot[near, 2].max()
    share = (at - start) / (end - start)
    low, high, top = (np.convolve(np.pad(x, 2, "edge"), np.ones(5) / 5, "valid")
                      for x in (low, high, top))  # fmt: skip
    ends = (1 - np.abs(2 * share - 1) ** np.where(share > 0.5, 3.2, 5.0)) ** 0.5
    half = ((high - low) / 2 + 0.006) * np.maximum(ends, 0.02)
    middle = (high + low) / 2
    collar = 0.088 if style is ShoeStyle.SNEAKER else 0.07
    height = np.interp(share, [0, 0.32, 0.5, 0.75, 1], [collar, collar, 0.078, 0.055, 0.04])
    height = np.maximum(height, np.minimum(top, collar) + 0.004) * (0.35 + 0.65 * ends)
    turn = np.linspace(0, np.pi, AROUND)[None]
    side = -np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** 0.55
    rise = np.sin(turn) ** 0.75
    x = middle[:, None] + half[:, None] * side
    z = -0.004 + (height + 0.004)[:, None] * rise
    points = at[:, None, None] * way + x[..., None] * across
    return np.concatenate([points, z[..., None]], 2).reshape(-1, 3).astype(np.float32)


def _grid() -> tuple[Ints, Floats]:
    """Faces and uv of the loft and its flat sole: u around from the inner sole, v heel to toe."""
    i, j = np.meshgrid(np.arange(STATIONS - 1), np.arange(AROUND - 1), indexing="ij")
    at = (i * AROUND + j).ravel()
    k = np.arange(STATIONS - 1) * AROUND
    last = k + AROUND - 1
    quads = np.concatenate(
        [
            np.stack([at, at + 1, at + AROUND + 1, at + AROUND], 1),
            np.stack([last, k, k + AROUND, last + AROUND], 1),
        ]
    )
    faces = np.concatenate([quads[:, [0, 2, 1]], quads[:, [0, 3, 2]]]).astype(np.int32)
    number = np.arange(STATIONS * AROUND)
    uv = np.stack([0.01 + 0.98 * (number % AROUND) / (AROUND - 1),
                   0.01 + 0.98 * (number // AROUND) / (STATIONS - 1)], 1)  # fmt: skip
    return faces, uv[faces].astype(np.float32)


@lru_cache(maxsize=8)
def _texture(style: ShoeStyle, colour: Colour) -> Bytes:
    """(256, 256, 3) uint8: u around, v (upwards) from heel to toe."""
    size = 256
    u = ((np.arange(size) + 0.5) / size)[None]
    v = (1 - (np.arange(size) + 0.5) / size)[:, None]
    picture = np.full((size, size, 3), colour, np.float32)
    noise = np.random.default_rng(3).normal(size=(size, size)).astype(np.float32)
    picture *= (1 + 0.05 * cv2.GaussianBlur(noise, (0, 0), 1.2))[..., None]
    side = np.minimum(u, 1 - u) + 0 * v
    sole = (236, 234, 228) if style is ShoeStyle.SNEAKER else (36, 30, 28)
    picture[side < 0.10] = sole
    picture[(side > 0.10) & (side < 0.112)] *= 0.6
    if style is ShoeStyle.SNEAKER:
        tongue = (np.abs(u - 0.5) < 0.085) & (v > 0.42) & (v < 0.78)
        picture[tongue] *= 0.82
        lace = tongue & (np.mod(v * 24, 1) < 0.42)
        picture[lace] = (228, 226, 220)
        cap = np.abs(v - 0.82 - 0.25 * (u - 0.5) ** 2) < 0.006
        picture[cap & (side > 0.112)] *= 0.7
    else:
        seam = np.abs(v - 0.62 - 0.9 * (u - 0.5) ** 2) < 0.008
        picture[seam & (side > 0.112)] *= 0.6
    return np.clip(picture, 0, 255).astype(np.uint8)
