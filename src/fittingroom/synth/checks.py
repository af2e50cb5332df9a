"""Whether the stored correspondence is exact: worn picture, product picture and meshes agree."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fittingroom.synth.raycast import Caster, Shell, at_vertices, camera_rays, corners, project
from fittingroom.synth.records import flow, product_camera_of
from fittingroom.synth.shapes import Camera, Cloth, Floats, GarmentMesh, Ints, Product

_SAME: Final = 0.0015
"""Cloth this near before a point is the point itself, metres."""


@dataclass(frozen=True, slots=True)
class Exactness:
    """How well the flow of one worn garment meets its product picture; errors in product pixels.

    seen: worn pixels whose surface point the product's camera sees, by ray. p50, p99, worst: of
    their error, where the cloth's coordinates at the flow's target differ from the pixel's own.
    valid: share of the worn garment's pixels that `flow` calls valid. missed: share of `seen`
    that it does not call valid.
    """

    seen: int
    p50: float
    p99: float
    worst: float
    valid: float
    missed: float


@dataclass(frozen=True, slots=True, eq=False)
class FlowErrors:
    """The flow of one worn garment, pixel by pixel.

    errors: (n,) float64, product pixels, of worn pixels whose surface point the product's camera
    sees. worn: number of pixels where the garment is worn. valid and missed: how many of `worn`
    are called valid, and how many of the n are not.
    """

    errors: NDArray[np.float64]
    worn: int
    valid: int
    missed: int

    def summary(self) -> Exactness:
        """Return quantiles and shares."""
        share = self.valid / max(self.worn, 1)
        if not len(self.errors):
            return Exactness(0, 0.0, 0.0, 0.0, share, 0.0)
        # "higher" never takes the mean of a finite error and an infinite one.
        ranks = np.quantile(self.errors, [0.5, 0.99, 1.0], method="higher")
        middle, most, worst = (float(rank) for rank in ranks)
        count = len(self.errors)
        return Exactness(count, middle, most, worst, share, self.missed / count)


def exactness(
    mesh: GarmentMesh, product_vertices: Floats, cloth: Cloth, product: Product
) -> Exactness:
    """Measure the flow worn -> product by casting rays at the product.

    product_vertices: (N, 3) float32 metres, those that `product` was rendered from.
    """
    return flow_errors(mesh, product_vertices, cloth, product).summary()


def worn_points(mesh: GarmentMesh, cloth: Cloth) -> tuple[Ints, Floats, Floats]:
    """Return `on_sheet` of the worn pixels, row by row: the same for every product picture."""
    return on_sheet(mesh, cloth.uv[cloth.panel != 255])


def flow_errors(
    mesh: GarmentMesh,
    product_vertices: Floats,
    cloth: Cloth,
    product: Product,
    points: tuple[Ints, Floats, Floats] | None = None,
) -> FlowErrors:
    """Measure the flow as `exactness` does, and keep the error of every pixel.

    points: `worn_points`, where they are known already.
    """
    camera = product_camera_of(product)
    target, valid = flow(cloth, product)
    worn = np.nonzero(cloth.panel != 255)
    if not len(worn[0]):
        return FlowErrors(np.zeros(0), 0, 0, 0)
    uv = cloth.uv[worn]
    face, u, v = worn_points(mesh, cloth) if points is None else points
    there = at_vertices(product_vertices, mesh.faces[face], u, v)
    caster = Caster([Shell(product_vertices, mesh.faces)])
    seen = (face >= 0) & _seen(caster, camera, there)
    seen &= _inside(mesh, product_vertices, camera, there, face) == cloth.inside[worn]
    error = _errors(mesh, caster, camera, target[worn][seen], uv[seen])
    called = valid[worn]
    return FlowErrors(error, len(uv), int(called.sum()), int((~called[seen]).sum()))


def on_sheet(mesh: GarmentMesh, uv: Floats) -> tuple[Ints, Floats, Floats]:
    """Return the triangle (-1 = none) and its u, v at points of the sheet uv (n, 2), (n,) each."""
    flat = np.zeros((len(mesh.faces) * 3, 3), np.float32)
    flat[:, :2] = mesh.uv.reshape(-1, 2)
    caster = Caster([Shell(flat, np.arange(len(flat), dtype=np.int32).reshape(-1, 3))])
    start = np.concatenate([uv, np.full((len(uv), 1), -1)], axis=1).astype(np.float32)
    down = np.tile(np.array([[0, 0, 1]], np.float32), (len(uv), 1))
    hits = caster.first(start, down)
    return hits.face, hits.u, hits.v


def _seen(caster: Caster, camera: Camera, points: Floats) -> NDArray[np.bool_]:
    """Return (n,) bool, whether the camera sees points (n, 3) and they are in the picture."""
    eye = np.array(camera.eye, np.float32)
    rays = points - eye
    length = np.linalg.norm(rays, axis=1)
    rays = (rays / length[:, None]).astype(np.float32)
    start = np.broadcast_to(eye, rays.shape).copy()
    hidden = caster.blocked(start, rays, (length - _SAME).astype(np.float32))
    pixel = project(camera, points)
    edge = np.array([camera.size[1], camera.size[0]]) - 1
    answer: NDArray[np.bool_] = ~hidden & (pixel[:, :2] >= 0).all(1) & (pixel[:, :2] <= edge).all(1)
    return answer


def _inside(
    mesh: GarmentMesh, vertices: Floats, camera: Camera, points: Floats, face: Ints
) -> NDArray[np.bool_]:
    """Return (n,) bool, whether the camera looks at the inner side of the triangles `face`."""
    a, b, c = (vertices[mesh.faces[face, corner]] for corner in range(3))
    normal = np.cross(b - a, c - a)
    answer: NDArray[np.bool_] = (normal * (points - np.array(camera.eye))).sum(axis=1) > 0
    return answer


def _errors(
    mesh: GarmentMesh, caster: Caster, camera: Camera, target: Floats, uv: Floats
) -> NDArray[np.float64]:
    """Return the distance (n,) in product pixels between where the flow points and where uv lies.

    The cloth seen at the target has coordinates of its own; their difference to uv counts in
    the pixels that it spans on that triangle. A target off the garment counts as infinite.
    """
    eye = np.broadcast_to(np.array(camera.eye, np.float32), (len(target), 3)).copy()
    clean = np.nan_to_num(target, nan=-1e4)
    hits = caster.first(eye, camera_rays(camera, clean[:, 0], clean[:, 1]))
    corner = mesh.uv.astype(np.float64)
    sides = np.stack([corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]], axis=2)
    whole = np.abs(np.linalg.det(sides)) > 1e-10
    met = np.flatnonzero((hits.face >= 0) & whole[hits.face])
    face = hits.face[met]
    gap = (uv[met] - corners(mesh.uv, face, hits.u[met], hits.v[met])).astype(np.float64)
    pixel = project(camera, caster.vertices)[:, :2].astype(np.float64)[mesh.faces[face]]
    picture = np.stack([pixel[:, 1] - pixel[:, 0], pixel[:, 2] - pixel[:, 0]], axis=2)
    error = np.full(len(target), np.inf)
    moved = np.linalg.solve(sides[face], gap[..., None])
    error[met] = np.linalg.norm((picture @ moved)[..., 0], axis=1)
    return error
