"""Dense maps from sparse points: thin-plate splines and triangle meshes.

Convention: maps run backwards. A map is float32 (h, w, 2): for each target pixel the x and y in
the source picture that it shows. Points are (x, y); integer coordinates are pixel centres.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom.types import Mask, Points, Size

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class ThinPlateSpline:
    """The smoothest map that carries `centres` to given values; affine where the values are.

    centres: (n, 2) float64, already divided by `scale`. weights: (n + 3, 2) float64.
    """

    centres: NDArray[np.float64]
    weights: NDArray[np.float64]
    scale: float

    def at(self, points: Points) -> Floats:
        """Carry points (m, 2); returns (m, 2) float32."""
        here = points.astype(np.float64) / self.scale
        kernel = _kernel(here, self.centres)
        flat = np.column_stack([np.ones(len(here)), here])
        carried = kernel @ self.weights[:-3] + flat @ self.weights[-3:]
        return carried.astype(np.float32)


def _kernel(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """r² log r between all pairs, (m, n)."""
    delta_x = first[:, :1] - second[:, 0]
    delta_y = first[:, 1:] - second[:, 1]
    squared = delta_x * delta_x + delta_y * delta_y
    values: NDArray[np.float64] = 0.5 * squared * np.log(np.maximum(squared, 1e-12))
    return values


def thin_plate_spline(points: Points, values: Points, stiffness: float) -> ThinPlateSpline:
    """Fit a spline that carries `points` (n, 2) to `values` (n, 2), n >= 3.

    stiffness: 0 passes through every value; larger bends less and comes close only.
    """
    scale = max(float(np.ptp(points, axis=0).max()), 1e-6)
    centres = points.astype(np.float64) / scale
    count = len(centres)
    system = np.zeros((count + 3, count + 3))
    system[:count, :count] = _kernel(centres, centres) + stiffness * np.eye(count)
    system[:count, count] = 1
    system[:count, count + 1 :] = centres
    system[count:, :count] = system[:count, count:].T
    wanted = np.zeros((count + 3, 2))
    wanted[:count] = values
    weights = np.asarray(np.linalg.lstsq(system, wanted, rcond=None)[0], np.float64)
    return ThinPlateSpline(centres, weights, scale)


def spline_map(spline: ThinPlateSpline, size: Size, step: int = 12) -> Floats:
    """Evaluate a spline at every pixel: exact on a grid of `step` pixels, bilinear between."""
    rows, columns = -(-size.height // step) + 2, -(-size.width // step) + 2
    x = (np.arange(columns) - 0.5) * step - 0.5
    y = (np.arange(rows) - 0.5) * step - 0.5
    grid = np.stack(np.meshgrid(x, y), axis=-1).astype(np.float32)
    coarse = spline.at(grid.reshape(-1, 2)).reshape(rows, columns, 2)
    full = cv2.resize(coarse, (columns * step, rows * step), interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(full[step : step + size.height, step : step + size.width])


def fold_share(dense: Floats, mask: Mask) -> float:
    """Share (0..1) of the pixels of `mask` where the map turns over (negative Jacobian)."""
    right = dense[:-1, 1:] - dense[:-1, :-1]
    down = dense[1:, :-1] - dense[:-1, :-1]
    turned = right[..., 0] * down[..., 1] - right[..., 1] * down[..., 0] <= 0
    inside = mask[:-1, :-1] >= 128
    return float(np.count_nonzero(turned & inside)) / max(1, int(np.count_nonzero(inside)))


def _triangles(mesh: Floats) -> Floats:
    """Two triangles for each cell of a (k, m, 2) mesh: (n, 3, 2)."""
    a, b = mesh[:-1, :-1], mesh[:-1, 1:]
    c, d = mesh[1:, :-1], mesh[1:, 1:]
    pairs = np.stack([np.stack([a, b, c], 2), np.stack([d, c, b], 2)], 2)
    return np.ascontiguousarray(pairs.reshape(-1, 3, 2))


def mesh_map(target: Floats, source: Floats, size: Size) -> tuple[Floats, Mask]:
    """Map of a mesh whose corners (k, m, 2) lie at `target` and show `source`.

    Returns the map (h, w, 2) and a mask of the pixels that the mesh covers; later rows of the
    mesh lie in front. Outside the mask the map is 0.
    """
    corners, shown = _triangles(target), _triangles(source)
    low = np.floor(corners.min(1)).astype(np.int32)
    spread = np.ceil(corners.max(1)).astype(np.int32) - low + 1
    across, down = int(spread[:, 0].max()), int(spread[:, 1].max())
    local = np.stack(np.meshgrid(np.arange(across), np.arange(down)), -1).reshape(1, -1, 2)
    pixels = low[:, None] + local
    first, second = _barycentric(corners, pixels)
    third = 1 - first - second
    inside = (first > -1e-4) & (second > -1e-4) & (third > -1e-4)
    inside &= ((pixels >= 0) & (pixels < (size.width, size.height))).all(-1)
    triangle, spot = np.nonzero(inside)
    weights = np.stack([third[inside], first[inside], second[inside]], -1)
    values = np.einsum("nc,ncd->nd", weights, shown[triangle])
    dense = np.zeros((*size, 2), np.float32)
    covered = np.zeros(size, np.uint8)
    x, y = pixels[triangle, spot].T
    dense[y, x] = values
    covered[y, x] = 255
    return dense, covered


def _barycentric(corners: Floats, pixels: NDArray[np.int32]) -> tuple[Floats, Floats]:
    """Weights of the second and third corner at pixels (n, p, 2), each (n, p)."""
    edge_b = (corners[:, 1] - corners[:, 0])[:, None]
    edge_c = (corners[:, 2] - corners[:, 0])[:, None]
    here = pixels - corners[:, :1]
    area = edge_b[..., 0] * edge_c[..., 1] - edge_b[..., 1] * edge_c[..., 0]
    area = np.where(np.abs(area) < 1e-6, np.nan, area)
    first = (here[..., 0] * edge_c[..., 1] - here[..., 1] * edge_c[..., 0]) / area
    second = (edge_b[..., 0] * here[..., 1] - edge_b[..., 1] * here[..., 0]) / area
    return first.astype(np.float32), second.astype(np.float32)
