"""How far arms stay from torso, legs and each other: cloth lies between."""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fittingroom.synth.bodies import SKIN_VERTICES, skinned, vertex_normals
from fittingroom.synth.limbs import Side
from fittingroom.synth.shapes import Anatomy, Body, BodyPart, Floats, Ints

NEAR: Final = 0.03
"""Beside the nearest vertex by no more than this, the distance to its tangent plane counts."""

_TRUNK: Final = (BodyPart.TORSO, BodyPart.LEFT_LEG, BodyPart.RIGHT_LEG, BodyPart.NECK)
_HEAD: Final = (BodyPart.FACE, BodyPart.SCALP, BodyPart.EAR)
_ARM: Final = {
    Side.LEFT: (BodyPart.LEFT_ARM, BodyPart.LEFT_HAND),
    Side.RIGHT: (BodyPart.RIGHT_ARM, BodyPart.RIGHT_HAND),
}


@dataclass(frozen=True, slots=True, eq=False)
class Zones:
    """Vertices that are compared; `faces` index `vertices`, the others index `vertices` too.

    vertices: (N,) numbers of the body's vertices. trunk: torso, legs, neck and some of the head.
    arms: both arms from the middle of the upper arm down.
    """

    vertices: Ints
    faces: Ints
    trunk: Ints
    arms: dict[Side, Ints]


@cache
def zones(anatomy: Anatomy) -> Zones:
    """What `clearance` compares."""
    inside = anatomy.faces.max(1) < SKIN_VERTICES
    parts = anatomy.parts

    def used(*chosen: BodyPart) -> NDArray[np.int64]:
        return np.unique(anatomy.faces[np.isin(parts, chosen) & inside])

    faces = anatomy.faces[
        np.isin(parts, (*_TRUNK, *_HEAD, *_ARM[Side.LEFT], *_ARM[Side.RIGHT])) & inside
    ]
    vertices = np.unique(faces)
    low = np.zeros(len(anatomy.skin_bones), np.float32)
    names = ("upperarm02", "lowerarm", "wrist", "finger", "metacarpal")
    bones = [k for k, name in enumerate(anatomy.bone_names) if name.startswith(names)]
    low[:] = (anatomy.skin_weights * np.isin(anatomy.skin_bones, bones)).sum(1)
    arms: dict[Side, Ints] = {}
    for side, chosen in _ARM.items():
        hand, arm = used(chosen[1])[::5], used(chosen[0])
        mine = np.union1d(hand, arm[low[arm] > 0.97])
        arms[side] = np.searchsorted(vertices, mine).astype(np.int32)
    trunk = np.union1d(used(*_TRUNK), used(*_HEAD)[::10])
    return Zones(
        vertices.astype(np.int32),
        np.searchsorted(vertices, faces).astype(np.int32),
        np.searchsorted(vertices, trunk).astype(np.int32),
        arms,
    )


def signed_distances(points: Floats, surface: Floats, normals: Floats) -> Floats:
    """(N,) metres from points (N, 3) to a surface of vertices (M, 3); negative is inside."""
    squared = points @ (-2 * surface.T)
    squared += (surface**2).sum(1)
    nearest = squared.argmin(1)
    gap = points - surface[nearest]
    along = (gap * normals[nearest]).sum(1)
    length = np.linalg.norm(gap, axis=1)
    beside = np.sqrt(np.maximum(length**2 - along**2, 0))
    # Far beside the nearest vertex (the surface ends there) its plane says nothing of the side.
    sign = np.where(-along > beside, -1.0, 1.0)
    return np.where(beside < NEAR, along, sign * length).astype(np.float32)


def clearance(anatomy: Anatomy, vertices: Floats) -> float:
    """Smallest distance of hands, forearms and lower upper arms from torso, legs and head.

    vertices: (V, 3) posed. Metres; negative is how deep an arm is inside.
    """
    return min(_gaps(anatomy, vertices[zones(anatomy).vertices])[0].values())


def arm_gap(anatomy: Anatomy, vertices: Floats) -> float:
    """Smallest distance between both arms (V, 3), in metres; negative is how deep they meet."""
    return _gaps(anatomy, vertices[zones(anatomy).vertices])[1]


def gaps(anatomy: Anatomy, body: Body, rotations: Floats) -> tuple[dict[Side, float], float]:
    """Each arm's distance from the trunk and the distance between the arms, in metres."""
    return _gaps(anatomy, skinned(anatomy, body, rotations, zones(anatomy).vertices))


def _gaps(anatomy: Anatomy, points: Floats) -> tuple[dict[Side, float], float]:
    """`gaps` of the vertices of `zones`, (N, 3)."""
    chosen = zones(anatomy)
    normals = vertex_normals(points, chosen.faces)
    surface, outward = points[chosen.trunk], normals[chosen.trunk]
    trunk = {
        side: float(signed_distances(points[arm], surface, outward).min())
        for side, arm in chosen.arms.items()
    }
    left, right = chosen.arms[Side.LEFT], chosen.arms[Side.RIGHT]
    between = signed_distances(points[left], points[right], normals[right])
    return trunk, float(between.min())
