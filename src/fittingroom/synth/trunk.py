"""The outline of a posed torso: where its sides and its front are at a height."""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fittingroom.synth.bodies import SKIN_VERTICES, skinned
from fittingroom.synth.limbs import Posing, Side
from fittingroom.synth.shapes import Anatomy, BodyPart, Floats, Ints

BAND: Final = 0.025
"""Metres above and below a height that are looked at."""


@dataclass(frozen=True, slots=True, eq=False)
class Trunk:
    """A posed torso with its thighs, in the body's frame.

    points: (N, 3) vertices. turned: the same in the chest's frame (its turn about z undone).
    hip_z, waist_z, chest_z: heights.
    """

    points: Floats
    turned: Floats
    hip_z: float
    waist_z: float
    chest_z: float

    def side_at(self, z: float, side: Side) -> tuple[float, float]:
        """(x, y) of the outermost point of a side at a height."""
        band = self.points[np.abs(self.points[:, 2] - z) < BAND]
        best = band[(band[:, 0] * side.sign).argmax()]
        return float(best[0]), float(best[1])

    def front_at(self, z: float) -> float:
        """The smallest y at a height, in the chest's frame."""
        return float(self.turned[np.abs(self.turned[:, 2] - z) < BAND, 1].min())


@cache
def _numbers(anatomy: Anatomy) -> Ints:
    """Vertices of torso and legs."""
    chosen = np.isin(anatomy.parts, (BodyPart.TORSO, BodyPart.LEFT_LEG, BodyPart.RIGHT_LEG))
    faces = anatomy.faces[chosen & (anatomy.faces.max(1) < SKIN_VERTICES)]
    return np.unique(faces).astype(np.int32)


def trunk_of(posing: Posing) -> Trunk:
    """The torso of a pose whose spine and legs are set."""
    points = skinned(posing.anatomy, posing.body, posing.result(), _numbers(posing.anatomy))
    facing: NDArray[np.float64] = posing.facing()
    return Trunk(
        points=points,
        turned=(points @ facing).astype(np.float32),
        hip_z=float(posing.head(posing.bone("upperleg01", Side.LEFT))[2]),
        waist_z=float(posing.head(posing.bone("spine03"))[2]),
        chest_z=float(posing.head(posing.bone("spine01"))[2]),
    )
