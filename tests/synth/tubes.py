"""Small garments and bodies whose answers are known."""

import numpy as np

from fittingroom.synth.shapes import Edge, GarmentKind, GarmentMesh, Panel
from fittingroom.types import Category, Sleeve


def cylinder(radius, bottom, top, corners=48, levels=40):
    """A closed upright cylinder: vertices (V, 3) float32 and outward faces (F, 3) int32."""
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    ring = np.stack([np.cos(angle), np.sin(angle)], 1) * radius
    rows = [np.column_stack([ring, np.full(corners, z)]) for z in np.linspace(bottom, top, levels)]
    vertices = np.concatenate([*rows, [[0, 0, bottom], [0, 0, top]]]).astype(np.float32)
    faces = []
    for level in range(levels - 1):
        for k in range(corners):
            a, b = level * corners + k, level * corners + (k + 1) % corners
            faces += [(a, b, a + corners), (b, b + corners, a + corners)]
    low, high = len(vertices) - 2, len(vertices) - 1
    last = (levels - 1) * corners
    for k in range(corners):
        after = (k + 1) % corners
        faces += [(low, after, k), (high, last + k, last + after)]
    return vertices, np.array(faces, np.int32)


def tube_garment(width, low, high, spacing=0.013):
    """Two rectangles sewn together at their sides, open above and below.

    FRONT lies on the left of the sheet, BACK 4 cm to its right, mirrored.
    """
    columns = round(width / spacing) + 1
    rows = round((high - low) / spacing) + 1
    x, z = np.linspace(-width / 2, width / 2, columns), np.linspace(high, low, rows)
    grid = np.stack(np.meshgrid(x, z), -1).reshape(-1, 2)
    number = np.arange(rows * columns).reshape(rows, columns)
    inner = number[:, 1:-1].reshape(-1)
    behind = number.copy()
    behind[:, 1:-1] = rows * columns + np.arange(inner.size).reshape(rows, columns - 2)
    flat = np.concatenate([grid, grid[inner]])
    side = np.full(len(flat), -1, np.int8)
    side[rows * columns :] = 1
    side[number[:, [0, -1]].reshape(-1)] = 0
    front, back = _quads(number), _quads(behind)[:, ::-1]
    here = np.concatenate([flat[front], flat[back]])
    s = np.where(
        (np.arange(len(here)) < len(front))[:, None],
        here[..., 0] + width / 2 + 0.02,
        width / 2 - here[..., 0] + width + 0.06,
    )
    uv = np.stack([s, high - here[..., 1] + 0.02], -1).astype(np.float32)
    panel = np.repeat([Panel.FRONT, Panel.BACK], [len(front), len(back)]).astype(np.uint8)
    hem = np.array([[[0.02, high - low + 0.02], [width + 0.02, high - low + 0.02]]], np.float32)
    return GarmentMesh(
        name="tube",
        kind=GarmentKind.TANK,
        category=Category.UPPER,
        sleeve=Sleeve.NONE,
        flat=flat.astype(np.float32),
        side=side,
        faces=np.concatenate([front, back]).astype(np.int32),
        panel=panel,
        uv=uv,
        sheet=(2 * width + 0.08, high - low + 0.04),
        edges={Edge.HEM: hem},
        landmarks={"hem_left": int(number[-1, -1]), "hem_right": int(number[-1, 0])},
        belt=number[rows // 2].astype(np.int32),
        lift=np.zeros(len(flat), np.float32),
    )


def _quads(number):
    """Triangles that face -y, of a grid whose columns run to +x and rows to -z."""
    a, b = number[:-1, :-1].reshape(-1), number[:-1, 1:].reshape(-1)
    c, d = number[1:, :-1].reshape(-1), number[1:, 1:].reshape(-1)
    return np.concatenate([np.stack([a, c, b], 1), np.stack([b, c, d], 1)])
