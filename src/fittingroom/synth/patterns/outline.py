"""Curves in the plane: what the outline of a cut piece is made of."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Curve = NDArray[np.float64]
"""(n, 2) float64: points of a polyline, metres."""


def bezier(start: ArrayLike, lead: ArrayLike, arrive: ArrayLike, end: ArrayLike) -> Curve:
    """Return (49, 2) points of a cubic Bezier curve."""
    u = np.linspace(0, 1, 49)[:, None]
    a, b, c, d = (np.asarray(point, np.float64) for point in (start, lead, arrive, end))
    return (1 - u) ** 3 * a + 3 * u * (1 - u) ** 2 * b + 3 * u**2 * (1 - u) * c + u**3 * d


def arc_length(curve: Curve) -> NDArray[np.float64]:
    """Return (n,) distance of each point from the first, along the curve."""
    steps = np.linalg.norm(np.diff(curve, axis=0), axis=1)
    return np.concatenate([[0.0], np.cumsum(steps)])


def resampled(curve: Curve, spacing: float) -> Curve:
    """Return the curve with evenly spaced points about `spacing` apart, both ends kept."""
    return resampled_to(curve, max(1, round(arc_length(curve)[-1] / spacing)) + 1)


def resampled_to(curve: Curve, count: int) -> Curve:
    """Return `count` evenly spaced points of the curve, both ends kept."""
    along = arc_length(curve)
    at = np.linspace(0, along[-1], count)
    return np.column_stack([np.interp(at, along, curve[:, axis]) for axis in (0, 1)])


def stretched(curve: Curve, start: ArrayLike, end: ArrayLike) -> Curve:
    """Return the curve moved, turned and scaled so that it runs from `start` to `end`."""
    points = curve[:, 0] + 1j * curve[:, 1]
    first, last = (complex(*np.asarray(point, np.float64)) for point in (start, end))
    moved = first + (points - points[0]) * (last - first) / (points[-1] - points[0])
    return np.column_stack([moved.real, moved.imag])


def mirrored(curve: Curve, sign: int) -> Curve:
    """Return the curve of the wearer's left (sign 1) or, reflected at x = 0, right (-1)."""
    return curve * (sign, 1)


def outward(curve: Curve) -> Curve:
    """Return (n, 2) unit normals, to the right of the direction in which the curve runs."""
    tangent = np.gradient(curve, axis=0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
    return np.column_stack([tangent[:, 1], -tangent[:, 0]])


def smoothed(values: NDArray[np.float64], reach: int = 5) -> NDArray[np.float64]:
    """Mean over `reach` neighbours on both sides, the near ones weighing more; both ends stay."""
    if reach < 1:
        return values
    kernel = np.hanning(2 * reach + 3)[1:-1]
    kernel /= kernel.sum()
    ends = 2 * values[0] - values[reach:0:-1], 2 * values[-1] - values[-2 : -reach - 2 : -1]
    return np.convolve(np.concatenate([ends[0], values, ends[1]]), kernel, mode="valid")
