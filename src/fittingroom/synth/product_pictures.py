"""The product pictures of a garment as buffers, and its sheet: where its prints and trims go."""

from dataclasses import asdict, replace
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom.synth.buffers import NOWHERE, Layer, cast_garment, cast_surfaces, render_outfit
from fittingroom.synth.lighting import Studio
from fittingroom.synth.raycast import at_vertices, project
from fittingroom.synth.shapes import (
    Bytes,
    Camera,
    Floats,
    GarmentMesh,
    Ints,
    Panel,
    Product,
    Sheet,
    View,
)

GRID: Final = 0.004
"""Step of `Product.sheet_to_pixel`, metres."""

NO_LINE: Final = 6.0
"""Distance where a panel has no line of that kind, metres."""

_DISTANCE: Final = 14.0
"""How far the product's camera stands away, metres: nearly no perspective."""
_WALL: Final = {View.GHOST: 0.25, View.FLAT: 0.003}
"""How far the ground lies behind the garment, metres."""
_FAINT: Final = {View.GHOST: 0.4, View.FLAT: 1.0}
"""How much of the shadow on the ground is kept."""
_NEAR: Final = 0.004
"""Cloth that lies less than this before a landmark does not hide it, metres."""
_HEM: Final = 0.01
"""How far a sheet's panels reach over their cut, metres."""
_BACKS: Final = (Panel.BACK, Panel.COLLAR_BACK, Panel.HOOD)

PRODUCT_STUDIO: Final = Studio(key=(-0.5, -1.0, 0.9), spread=0.3, sky=0.2, ambient_rays=4)


def product_camera(vertices: Floats, size: tuple[int, int], margin: float = 0.08) -> Camera:
    """Return the camera that shows a garment alone, in the middle, seen along +y.

    vertices: (N, 3) float32 metres. margin: free share of the picture at the tighter side.
    """
    height, width = size
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    middle = (low + high) / 2
    eye = (float(middle[0]), float(low[1]) - _DISTANCE, float(middle[2]))
    room = np.array([width, height]) * (1 - 2 * margin)
    scale = float((room / np.maximum(high - low, 1e-3)[[0, 2]]).min())
    return Camera(eye, round(scale * _DISTANCE, 3), ((width - 1) / 2, (height - 1) / 2), size)


def render_product(
    mesh: GarmentMesh,
    vertices: Floats,
    view: View,
    size: tuple[int, int],
    studio: Studio = PRODUCT_STUDIO,
    margin: float = 0.08,
    samples: int = 5,
) -> Product:
    """Render a garment alone.

    vertices: (N, 3) float32 metres, upright, as the camera sees them from -y: of a flat-lay the
    ground is the plane behind the largest y. studio: its wall and floor are set here.
    The camera is kept in `record["camera"]`.
    """
    camera = product_camera(vertices, size, margin)
    layer = cast_garment(mesh, vertices, camera, samples)
    lit = replace(studio, wall=float(vertices[:, 1].max()) + _WALL[view], floor=-100.0)
    outfit = render_outfit(lit, cast_surfaces([], camera, samples), None, layer, mesh.name)
    assert outfit.cloth is not None
    backs = np.isin(outfit.cloth.panel, [int(panel) for panel in _BACKS])
    return Product(
        garment=mesh.name,
        view=view,
        cloth=outfit.cloth,
        light=outfit.light,
        share=np.ascontiguousarray(outfit.share[..., 2]),
        shadow=_doubled(outfit.ground, size, _FAINT[view]),
        inner_back=backs & outfit.cloth.inside & _above_front(mesh, vertices, camera),
        landmarks=_landmarks(mesh, vertices, layer),
        sheet_to_pixel=_sheet_to_pixel(mesh, vertices, camera, grid_of(size)),
        grid=grid_of(size),
        record={"camera": asdict(camera), "kind": str(mesh.kind), "margin": margin},
    )


def _doubled(light: Bytes, size: tuple[int, int], strength: float) -> Bytes:
    """Return light (h // 2, w // 2) uint8 at twice its size, its shadows weaker."""
    large = cv2.resize(light, (size[1], size[0]), interpolation=cv2.INTER_LINEAR)
    return np.rint(255 - (255 - large.astype(np.float32)) * strength).astype(np.uint8)


def _above_front(mesh: GarmentMesh, vertices: Floats, camera: Camera) -> NDArray[np.bool_]:
    """Return (h, w) bool: rows above the lowest point of the front neckline, or all of them.

    An open front shows the back's inner side down to the hem.
    """
    height, width = camera.size
    last = height
    if "collar_front" in mesh.landmarks and not (mesh.panel == Panel.LEFT_FRONT).any():
        point = vertices[[mesh.landmarks["collar_front"]]]
        last = int(project(camera, point)[0, 1]) + 1 + height // 50
    return np.broadcast_to((np.arange(height) <= last)[:, None], (height, width))


def _landmarks(
    mesh: GarmentMesh, vertices: Floats, layer: Layer
) -> dict[str, tuple[float, float, float]]:
    """Return x, y in pixels and 1 = seen or 0 = hidden of each landmark."""
    names = list(mesh.landmarks)
    points = vertices[[mesh.landmarks[name] for name in names]]
    eye = np.array(layer.camera.eye, np.float32)
    rays = points - eye
    length = np.linalg.norm(rays, axis=1)
    rays = (rays / length[:, None]).astype(np.float32)
    start = np.broadcast_to(eye, rays.shape).copy()
    hidden = layer.caster.blocked(start, rays, (length - _NEAR).astype(np.float32))
    pixels = project(layer.camera, points)
    return {
        name: (round(float(x), 2), round(float(y), 2), float(not blocked))
        for name, (x, y, _), blocked in zip(names, pixels, hidden, strict=True)
    }


def grid_of(size: tuple[int, int]) -> float:
    """Metres on the sheet from one stored place to the next, for a picture (height, width).

    GRID at 512 pixels of height and more, coarser for smaller pictures as their pixels are.
    """
    return GRID * max(1.0, 512 / size[0])


def _sheet_to_pixel(mesh: GarmentMesh, vertices: Floats, camera: Camera, grid: float) -> Floats:
    """Return `Product.sheet_to_pixel`; element (i, j) belongs to s = j grid, t = i grid."""
    face, u, v = rasterise(mesh, grid, reach=2)
    answer = np.full((*face.shape, 2), np.nan, np.float32)
    there = np.nonzero(face >= 0)
    points = at_vertices(vertices, mesh.faces[face[there]], u[there], v[there])
    answer[there] = project(camera, points)[:, :2]
    return answer


def rasterise(mesh: GarmentMesh, cell: float, reach: int) -> tuple[Ints, Floats, Floats]:
    """Return the triangle (-1 = none) at each point (j cell, i cell) of the sheet, and its u, v.

    All (H, W). Points up to `reach` cells off a panel belong to its nearest triangle, with
    weights beyond 0..1.
    """
    width, height = (int(np.ceil(side / cell)) + 1 for side in mesh.sheet)
    place, depth, rows, u, v = _candidates(
        mesh.uv.astype(np.float64) / cell, (height, width), reach
    )
    order = np.lexsort((-rows, depth))
    face = np.full(height * width, -1, np.int32)
    us, vs = np.zeros((2, height * width), np.float32)
    face[place[order]] = rows[order]
    us[place[order]], vs[place[order]] = u[order], v[order]
    shape = (height, width)
    return face.reshape(shape), us.reshape(shape), vs.reshape(shape)


_Numbers: TypeAlias = NDArray[np.int64]
_Reals: TypeAlias = NDArray[np.float64]


def _candidates(
    corner: _Reals, shape: tuple[int, int], reach: int
) -> tuple[_Numbers, _Reals, _Numbers, _Reals, _Reals]:
    """Return all pairs of a point and a triangle (F, 3, 2) that is at most about `reach` off.

    Each (n,): the point's flat number, how far it is off (0 or less), the triangle, u and v.
    """
    low = np.floor(corner.min(axis=1)).astype(np.int64) - reach
    spans = (np.ceil(corner.max(axis=1)).astype(np.int64) + reach - low).max(axis=0) + 1
    a = corner[:, 0]
    ab, ac = corner[:, 1] - a, corner[:, 2] - a
    area = ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]
    flat = np.abs(area) < 1e-9
    area[flat] = np.inf
    tall = np.abs(area) / np.maximum(np.sqrt(np.maximum((ab**2).sum(1), (ac**2).sum(1))), 1e-9)
    tall[flat] = 0
    found = []
    for dx, dy in np.ndindex(int(spans[0]), int(spans[1])):
        at = low + (dx, dy)
        gap = at - a
        u = (gap[:, 0] * ac[:, 1] - gap[:, 1] * ac[:, 0]) / area
        v = (ab[:, 0] * gap[:, 1] - ab[:, 1] * gap[:, 0]) / area
        depth = np.minimum(np.minimum(u, v), 1 - u - v) * tall
        fits = (depth > -reach) & ~flat & (at >= 0).all(1) & (at < (shape[1], shape[0])).all(1)
        rows = np.flatnonzero(fits)
        place = at[rows, 1] * shape[1] + at[rows, 0]
        found.append((place, np.minimum(depth[rows], 0), rows, u[rows], v[rows]))
    place, depth, rows, u, v = (np.concatenate(part) for part in zip(*found, strict=True))
    return place, depth, rows, u, v


def make_sheet(mesh: GarmentMesh, pixel: float = 0.002) -> Sheet:
    """Return what a print must know of a garment.

    Pixel (i, j) has its centre at s = (j + .5) pixel, t = (i + .5) pixel. Distances count lines
    of the same panel only and are `NO_LINE` where it has none.
    """
    width, height = (int(np.ceil(side / pixel - 1e-6)) for side in mesh.sheet)
    panel = _panel_map(mesh, pixel, (height, width))
    return Sheet(
        garment=mesh.name,
        kind=mesh.kind,
        category=mesh.category,
        sleeve=mesh.sleeve,
        pixel=pixel,
        panel=panel,
        distance={
            edge: _distances(segments, panel, pixel) for edge, segments in mesh.edges.items()
        },
        front=_chest(mesh),
    )


def _panel_map(mesh: GarmentMesh, pixel: float, shape: tuple[int, int]) -> Bytes:
    """Return the panel at each pixel, 255 = more than 1 cm off all panels."""
    panel = np.full(shape, NOWHERE, np.uint8)
    nearest = np.full(shape, _HEM / pixel, np.float32)
    corners = np.rint((mesh.uv / pixel - 0.5) * 256).astype(np.int32)
    for number in np.unique(mesh.panel):
        mask = np.full(shape, 255, np.uint8)
        for triangle in corners[mesh.panel == number]:
            cv2.fillConvexPoly(mask, triangle, 0, cv2.LINE_8, 8)
        away = cv2.distanceTransform(mask, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        mine = away <= nearest
        panel[mine] = number
        nearest[mine] = away[mine]
    return panel


def _distances(segments: Floats, panel: Bytes, pixel: float) -> Floats:
    """Return (H, W) float32 metres to the nearest of segments (n, 2, 2) on the same panel."""
    height, width = panel.shape
    answer = np.full(panel.shape, NO_LINE, np.float32)
    middle = segments.mean(axis=1) / pixel - 0.5
    rows = np.clip(np.rint(middle[:, 1]).astype(int), 0, height - 1)
    columns = np.clip(np.rint(middle[:, 0]).astype(int), 0, width - 1)
    owner = panel[rows, columns]
    for number in np.unique(owner[owner != NOWHERE]):
        inside = np.nonzero(panel == number)
        window = tuple(slice(int(side.min()), int(side.max()) + 1) for side in inside)
        start = np.array([window[1].start, window[0].start])
        lines = segments[owner == number] / pixel - 0.5 - start
        shape = panel[window].shape
        away = _line_distance(lines.astype(np.float64), (shape[0], shape[1])) * pixel
        mine = panel[window] == number
        answer[window][mine] = away[mine]
    return answer


def _line_distance(lines: NDArray[np.float64], shape: tuple[int, int]) -> Floats:
    """Return the distance in pixels from each pixel to the nearest line (n, 2, 2) of x, y.

    The nearest pixel that a line crosses says which line; the distance to that line is exact.
    """
    owner = np.full(shape, -1, np.int32)
    steps = int(np.ceil(np.abs(lines[:, 1] - lines[:, 0]).max())) * 2 + 2
    share = np.linspace(0, 1, steps)[None, :, None]
    points = np.rint(lines[:, :1] * (1 - share) + lines[:, 1:] * share).astype(int)
    numbers = np.broadcast_to(np.arange(len(lines))[:, None], points.shape[:2])
    x = np.clip(points[..., 0], 0, shape[1] - 1)
    y = np.clip(points[..., 1], 0, shape[0] - 1)
    owner[y, x] = numbers
    free = (owner < 0).astype(np.uint8)
    _, labels = cv2.distanceTransformWithLabels(
        free, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    table = np.zeros(int(labels.max()) + 1, np.int32)
    table[labels[owner >= 0]] = owner[owner >= 0]
    line = lines[table[labels]]
    at = np.stack(np.meshgrid(np.arange(shape[1]), np.arange(shape[0])), -1).astype(float)
    along = line[..., 1, :] - line[..., 0, :]
    gap = at - line[..., 0, :]
    part = (gap * along).sum(-1) / np.maximum((along**2).sum(-1), 1e-12)
    away = gap - np.clip(part, 0, 1)[..., None] * along
    return np.sqrt((away**2).sum(-1)).astype(np.float32)


def _chest(mesh: GarmentMesh) -> tuple[float, float]:
    """Return (s, t) of the middle of the chest, or of the front of what has none."""
    fronts = (Panel.FRONT, Panel.SKIRT_FRONT, Panel.LEFT_FRONT, Panel.LEFT_LEG_FRONT)
    panel = next((front for front in fronts if (mesh.panel == front).any()), mesh.panel[0])
    faces = mesh.panel == panel
    numbers, uv = mesh.faces[faces].ravel(), mesh.uv[faces].reshape(-1, 2)
    flat = mesh.flat[numbers]
    goal = (flat.min(axis=0) + flat.max(axis=0)) / 2
    arms = [mesh.landmarks[name] for name in ("armpit_left", "armpit_right")
            if name in mesh.landmarks]  # fmt: skip
    if arms and panel in (Panel.FRONT, Panel.LEFT_FRONT):
        goal[1] = mesh.flat[arms, 1].mean()
        goal[0] = 0 if panel == Panel.FRONT else goal[0]
    nearest = int(((flat - goal) ** 2).sum(axis=1).argmin())
    gap = goal - flat[nearest]
    return float(uv[nearest, 0] + gap[0]), float(uv[nearest, 1] - gap[1])
