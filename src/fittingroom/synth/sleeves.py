"""Whether arms are in their sleeves: a bone line that leaves a sleeve anywhere but at its cuff."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from fittingroom.skeleton import Joint
from fittingroom.synth.shapes import Floats, GarmentMesh, Panel

HAND: Final = 0.09
"""Metres of the hand that the line along the bones goes on for, straight on from the forearm."""
LARGEST_BARE: Final = 0.01
"""An arm is outside its sleeve when more metres of its bone line than this are, before the cuff."""

_ARMS: Final = (
    (
        (Panel.LEFT_SLEEVE_FRONT, Panel.LEFT_SLEEVE_BACK),
        (Joint.LEFT_SHOULDER, Joint.LEFT_ELBOW, Joint.LEFT_WRIST),
    ),
    (
        (Panel.RIGHT_SLEEVE_FRONT, Panel.RIGHT_SLEEVE_BACK),
        (Joint.RIGHT_SHOULDER, Joint.RIGHT_ELBOW, Joint.RIGHT_WRIST),
    ),
)


def bare_length(mesh: GarmentMesh, vertices: Floats, joints: Floats) -> float:
    """Metres that an arm runs outside its sleeve, having left it through the cloth.

    vertices: (N, 3) of the garment, joints: (18, 3) of its wearer in the same pose. The larger of
    both arms; 0 where the cloth is never crossed, as when the arm leaves through the cuff, and of
    garments without sleeves. After an odd number of crossings the line is outside.
    """
    longest = 0.0
    for panels, chain in _ARMS:
        cloth = vertices[mesh.faces[np.isin(mesh.panel, panels)]]
        line = joints[list(chain)].astype(np.float64)
        along = line[2] - line[1]
        line = np.vstack([line, line[2] + along / np.linalg.norm(along) * HAND])
        longest = max(longest, _outside(line, cloth.astype(np.float64)))
    return longest


def _outside(line: NDArray[np.float64], cloth: NDArray[np.float64]) -> float:
    """Length of a polyline (P, 3) between its odd and its even crossings of triangles (F, 3, 3)."""
    found: list[float] = []
    start = 0.0
    for first, last in zip(line[:-1], line[1:], strict=True):
        length = float(np.linalg.norm(last - first))
        found += (start + length * crossings(first, last, cloth)).tolist()
        start += length
    # Where it meets the edge between two triangles it meets both, yet crosses the cloth once.
    at: list[float] = np.unique(np.round(found, 7)).tolist()
    if len(at) % 2:
        at.append(start)
    return sum(at[1::2]) - sum(at[::2])


def crossings(
    first: NDArray[np.float64], last: NDArray[np.float64], cloth: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Where a line between two points (3,) meets triangles (F, 3, 3): (K,), 0..1 along it."""
    ray, corner = last - first, cloth[:, 0]
    one, other = cloth[:, 1] - corner, cloth[:, 2] - corner
    across = np.cross(ray, other)
    size = (one * across).sum(1)
    size[np.abs(size) < 1e-15] = np.inf  # parallel: met nowhere
    gap = first - corner
    u = (gap * across).sum(1) / size
    turned = np.cross(gap, one)
    v, along = turned @ ray / size, (other * turned).sum(1) / size
    met = (u >= 0) & (v >= 0) & (u + v <= 1) & (along >= 0) & (along < 1) & np.isfinite(size)
    found: NDArray[np.float64] = along[met]
    return found
