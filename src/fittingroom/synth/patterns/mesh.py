"""From the outline of a cut piece to its triangles."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import spsolve
from scipy.spatial import Delaunay, cKDTree

from fittingroom.synth.patterns.outline import Curve

_CLEARANCE = 0.62
"""Least distance of an inner point from the outline, in spacings."""
_SMOOTHINGS = 3


def inside(points: Curve, loop: Curve) -> NDArray[np.bool_]:
    """Return (n,) whether each point lies within the closed polygon `loop` (m, 2)."""
    x, y = points[:, 0, None], points[:, 1, None]
    ax, ay = loop[:, 0], loop[:, 1]
    bx, by = np.roll(ax, -1), np.roll(ay, -1)
    spans = (ay > y) != (by > y)
    rise = np.where(by == ay, 1.0, by - ay)
    crossings = spans & (x < (bx - ax) * (y - ay) / rise + ax)
    return crossings.sum(1) % 2 == 1


def distance(points: Curve, loop: Curve) -> NDArray[np.float64]:
    """Return (n,) distance of each point from the closed polygon `loop` (m, 2), to about 1 %."""
    share = np.linspace(0, 1, 6, endpoint=False)[:, None, None]
    fine = (loop + share * (np.roll(loop, -1, axis=0) - loop)).reshape(-1, 2)
    return np.asarray(cKDTree(fine).query(points)[0])


def triangulated(loop: Curve, spacing: float) -> tuple[Curve, NDArray[np.int64]]:
    """Fill a closed polygon with a nearly regular mesh that keeps the polygon's own vertices.

    Args:
        loop: (m, 2) corners on the sheet (t downwards), in either direction.
        spacing: Edge length of the mesh in metres, about that of `loop` as well.

    Returns:
        Points (n, 2), the first m being `loop`, and triangles (k, 3), counter-clockwise when the
        sheet is looked at.

    Raises:
        ValueError: When an edge of the outline did not become an edge of the mesh.
    """
    inner = _hexagonal(loop, spacing)
    if len(inner):
        inner = _relaxed(loop, inner)
        inner = inner[inside(inner, loop) & (distance(inner, loop) > _CLEARANCE * spacing)]
    points = np.concatenate([loop, inner])
    faces = _delaunay(points, loop)
    used = np.zeros(len(points), bool)
    used[faces] = True
    if not used.all() or not _keeps_outline(faces, len(loop)):
        raise ValueError("the outline of a piece is too narrow or too sharp for its spacing")
    return points, faces


def spread(points: Curve, faces: NDArray[np.int64], rim: Curve) -> Curve:
    """Carry values on the rim into a mesh, as smoothly as its shape allows.

    points: (n, 2), rim: (m, k) values of the first m points, an affine function of position is
    kept exactly. Returns (n, k).
    """
    count, fixed = len(points), len(rim)
    if count == fixed:
        return rim
    rows, columns, weights = [], [], []
    for corner in range(3):
        i, j, k = (faces[:, (corner + turn) % 3] for turn in range(3))
        to_i, to_j = points[i] - points[k], points[j] - points[k]
        cross = to_i[:, 0] * to_j[:, 1] - to_i[:, 1] * to_j[:, 0]
        cotangent = (to_i * to_j).sum(1) / cross / -2
        rows += [i, j, i, j]
        columns += [j, i, i, j]
        weights += [-cotangent, -cotangent, cotangent, cotangent]
    parts = (np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns)))
    stiffness = coo_matrix(parts, shape=(count, count)).tocsc()
    solved = spsolve(stiffness[fixed:, fixed:], -(stiffness[fixed:, :fixed] @ rim))
    return np.concatenate([rim, solved.reshape(count - fixed, rim.shape[1])])


def _hexagonal(loop: Curve, spacing: float) -> Curve:
    """Points of a hexagonal grid well within the loop, symmetric about its middle."""
    low, high = loop.min(0), loop.max(0)
    rise = spacing * np.sqrt(3) / 2
    middle = (low + high) / 2
    across = int(np.ceil((high[0] - low[0]) / spacing / 2)) + 1
    down = int(np.ceil((high[1] - low[1]) / rise / 2)) + 1
    rows, columns = np.mgrid[-down : down + 1, -across : across + 1]
    s = middle[0] + (columns + (rows % 2) / 2) * spacing
    grid = np.column_stack([s.ravel(), (middle[1] + rows * rise).ravel()])
    grid = grid[inside(grid, loop)]
    return grid[distance(grid, loop) > _CLEARANCE * spacing]


def _delaunay(points: Curve, loop: Curve) -> NDArray[np.int64]:
    """Delaunay triangles whose middle lies within the loop, counter-clockwise with t down."""
    faces = np.asarray(Delaunay(points + _nudges(len(points))).simplices, np.int64)
    a, b, c = (points[faces[:, corner]] for corner in range(3))
    area = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    faces = np.where((area > 0)[:, None], faces[:, ::-1], faces)
    # Only triangles between points of the outline can lie outside it.
    doubtful = (faces < len(loop)).all(1)
    keep = np.ones(len(faces), bool)
    keep[doubtful] = inside(((a + b + c) / 3)[doubtful], loop)
    longest = np.max([((b - a) ** 2).sum(1), ((c - b) ** 2).sum(1), ((a - c) ** 2).sum(1)], axis=0)
    faces = faces[keep & (np.abs(area) > 0.02 * longest)]
    first = faces.argmin(1)[:, None]
    faces = np.take_along_axis(faces, (first + np.arange(3)) % 3, axis=1)
    return faces[np.lexsort(faces.T[::-1])]


def _nudges(count: int) -> Curve:
    """Up to half a micrometre for each point: no four lie on a circle by design.

    Otherwise rounding would choose the diagonal of a rectangle, and not every machine rounds
    alike; a stored drape needs the same triangles everywhere.
    """
    scrambled = (np.arange(2 * count, dtype=np.uint64) * 2654435761) % 2**32
    return (scrambled.reshape(count, 2) / 2**32 - 0.5) * 1e-6


def _relaxed(loop: Curve, inner: Curve) -> Curve:
    """Move every inner point towards the middle of its neighbours, several times."""
    points = np.concatenate([loop, inner])
    faces = _delaunay(points, loop)
    one, other = (np.concatenate([faces[:, a], faces[:, b], faces[:, c]]) for a, b, c in _TURNS)
    count = np.maximum(np.bincount(one, minlength=len(points)), 1)[:, None]
    for _ in range(_SMOOTHINGS):
        columns = [np.bincount(one, points[other, axis], len(points)) for axis in (0, 1)]
        points[len(loop) :] = (np.column_stack(columns) / count)[len(loop) :]
    return points[len(loop) :]


_TURNS = ((0, 1, 2), (1, 2, 0))


def _keeps_outline(faces: NDArray[np.int64], count: int) -> bool:
    """Whether the mesh's rim is the loop 0, 1, … count - 1 and nothing else."""
    total = int(faces.max()) + 1
    ends = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    keys, uses = np.unique(ends.min(1) * total + ends.max(1), return_counts=True)
    here = np.arange(count)
    after = (here + 1) % count
    want = np.minimum(here, after) * total + np.maximum(here, after)
    return np.array_equal(keys[uses == 1], np.sort(want))
