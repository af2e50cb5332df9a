"""Simple people and garments whose pictures can be worked out by hand."""

import numpy as np

from fittingroom.labels import Lip
from fittingroom.synth.shapes import (
    Camera,
    Edge,
    GarmentKind,
    GarmentMesh,
    Material,
    Panel,
    Surface,
)
from fittingroom.types import Category, Sleeve

GRID = (25, 31)
"""Columns and rows of vertices of one panel."""
SIZE = (0.5, 0.6)
"""Width and height of one panel in metres."""
MARGIN = 0.02


def plain(height=4, width=4, colour=(200, 150, 120)):
    return np.full((height, width, 3), colour, np.uint8)


def grid(columns, rows):
    """Unit coordinates (n, 2), first to the right, then down, and faces (F, 3) seen from -y."""
    x, y = np.meshgrid(np.linspace(0, 1, columns), np.linspace(0, 1, rows))
    at = np.arange(columns * rows).reshape(rows, columns)
    a, b, c, d = at[:-1, :-1], at[:-1, 1:], at[1:, 1:], at[1:, :-1]
    faces = np.concatenate([np.stack([a, d, c], -1), np.stack([a, c, b], -1)])
    return np.stack([x.ravel(), y.ravel()], 1), faces.reshape(-1, 3).astype(np.int32)


def tube(top=1.4):
    """A garment of a front and a back panel, open above and below, sewn at both sides."""
    unit, faces = grid(*GRID)
    count = len(unit)
    flat = np.stack([(unit[:, 0] - 0.5) * SIZE[0], top - unit[:, 1] * SIZE[1]], 1)
    rim = np.isin(unit[:, 0], (0, 1))
    number = np.arange(count) + count
    number[rim] = np.arange(count)[rim]
    keep = np.unique(number)
    fresh = np.zeros(2 * count, np.int32)
    fresh[:count] = np.arange(count)
    fresh[keep[keep >= count]] = count + np.arange((keep >= count).sum())
    back = fresh[number[faces[:, [0, 2, 1]]]]
    uv_front = (unit * SIZE + (MARGIN, MARGIN)).astype(np.float32)
    uv_back = uv_front + np.float32([SIZE[0] + MARGIN, 0])
    side = np.where(rim, 0, -1)
    inner = ~rim
    top_row = np.float32([[uv_front[0], uv_front[GRID[0] - 1]]])
    return GarmentMesh(
        name="tube",
        kind=GarmentKind.TSHIRT,
        category=Category.UPPER,
        sleeve=Sleeve.NONE,
        flat=np.concatenate([flat, flat[inner]]).astype(np.float32),
        side=np.concatenate([side, np.ones(inner.sum())]).astype(np.int8),
        faces=np.concatenate([faces, back]).astype(np.int32),
        panel=np.repeat(np.uint8([Panel.FRONT, Panel.BACK]), len(faces)),
        uv=np.concatenate([uv_front[faces], uv_back[faces[:, [0, 2, 1]]]]),
        sheet=(2 * SIZE[0] + 3 * MARGIN, SIZE[1] + 2 * MARGIN),
        edges={Edge.NECKLINE: top_row},
        landmarks={"collar_front": GRID[0] // 2, "hem_left": count - 1},
        belt=np.zeros(0, np.int32),
        lift=np.zeros(count + inner.sum(), np.float32),
    )


def layered(mesh, gap=0.02, before=0.0):
    """The garment flat: front and back panels `gap` apart."""
    y = mesh.side * gap / 2 + before
    return np.stack([mesh.flat[:, 0], y, mesh.flat[:, 1]], 1).astype(np.float32)


def worn(mesh):
    """The garment as a round tube around the z axis: each panel becomes half a cylinder."""
    radius = SIZE[0] / np.pi
    angle = mesh.flat[:, 0] / SIZE[0] * np.pi
    sign = np.where(mesh.side > 0, 1, -1)
    points = [radius * np.sin(angle), sign * radius * np.cos(angle), mesh.flat[:, 1]]
    return np.stack(points, 1).astype(np.float32)


def sphere(centre, radius, label=Lip.FACE, material=Material.SKIN, colour=(200, 150, 120)):
    unit, faces = grid(97, 49)
    along, down = unit[:, 0] * 2 * np.pi, unit[:, 1] * np.pi
    points = [np.sin(down) * np.sin(along), np.sin(down) * np.cos(along), np.cos(down)]
    points[0], points[1] = points[0], -points[1]
    vertices = (np.stack(points, 1) * radius + centre).astype(np.float32)
    uv = np.stack([unit[:, 0], 1 - unit[:, 1]], 1).astype(np.float32)[faces]
    labels = np.full(len(faces), label, np.uint8)
    return Surface("ball", material, vertices, faces, labels, uv, plain(colour=colour))


def pipe(bottom, top, radius, label=Lip.TORSO_SKIN, material=Material.SKIN, colour=(190, 140, 110)):
    """A round pipe between two points, closed at neither end."""
    bottom, top = np.asarray(bottom, float), np.asarray(top, float)
    unit, faces = grid(49, 60)
    axis = top - bottom
    axis /= np.linalg.norm(axis)
    right = np.cross(axis, (0, 1, 0))
    right /= np.linalg.norm(right)
    back = np.cross(axis, right)
    angle = (unit[:, 0] - 0.5) * 2 * np.pi
    ring = np.sin(angle)[:, None] * right - np.cos(angle)[:, None] * back
    vertices = top + (bottom - top) * unit[:, 1:] + ring * radius
    uv = np.stack([unit[:, 0], 1 - unit[:, 1]], 1).astype(np.float32)[faces]
    labels = np.full(len(faces), label, np.uint8)
    return Surface(
        "pipe", material, vertices.astype(np.float32), faces, labels, uv, plain(colour=colour)
    )


def camera(height=96, width=72, middle=(0.0, 1.1), distance=3.0, extent=1.2):
    """A camera that sees `extent` metres of height around (x, z) `middle` at y = 0."""
    centre = ((width - 1) / 2, (height - 1) / 2)
    eye = (middle[0], -distance, middle[1])
    return Camera(eye, height * distance / extent, centre, (height, width))


def doll():
    """A head, a trunk, two arms and two legs."""
    return [
        sphere((0, 0, 1.6), 0.11),
        pipe((0, 0, 0.85), (0, 0, 1.5), 0.14),
        pipe((0.34, -0.1, 0.85), (0.2, 0, 1.42), 0.045, Lip.LEFT_ARM),
        pipe((-0.1, -0.28, 1.1), (-0.22, 0, 1.42), 0.045, Lip.RIGHT_ARM),
        pipe((0.09, 0, 0.0), (0.08, 0, 0.9), 0.07, Lip.LEFT_LEG),
        pipe((-0.09, 0, 0.0), (-0.08, 0, 0.9), 0.07, Lip.RIGHT_LEG),
    ]
