"""Arms, legs and fingers of a pose: from directions and targets in space to bone rotations.

Directions and points are in the body's frame (x to the person's left, -y ahead, z up), the pelvis
where the rest pose has it. Every bone's rotation is aligned with the world's axes, so a limb is
turned by comparing where it points with where it pointed at rest.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fittingroom.synth.shapes import BONE_COUNT, Anatomy, Body, Floats

Vector: TypeAlias = NDArray[np.float64]
Matrix: TypeAlias = NDArray[np.float64]

AHEAD: Final = np.array([0.0, -1.0, 0.0])
UP: Final = np.array([0.0, 0.0, 1.0])

TWIST_OF_BONE: Final = {"upperarm01": 0.35, "lowerarm01": 0.3, "lowerarm02": 0.75}
"""Share of a limb's twist that is done up to and with this bone, so that skin does not wring."""


class Side(StrEnum):
    """One side of the person; the value ends the names of its bones."""

    LEFT = "L"
    RIGHT = "R"

    @property
    def sign(self) -> float:
        """+1 where the side is towards +x."""
        return 1.0 if self is Side.LEFT else -1.0

    @property
    def other(self) -> "Side":
        """The other side."""
        return Side.RIGHT if self is Side.LEFT else Side.LEFT


@dataclass(frozen=True, slots=True, eq=False)
class Arm:
    """Where one arm goes, for a LEFT arm; a right arm is its mirror image.

    upper, fore: unit directions of upper arm and forearm. fold: the direction that the forearm
    folds towards, which tells the elbow's hinge where the arm is straight. hand: where the hand
    points; palm: where its palm faces. curl: radians at each finger joint.
    """

    upper: Vector
    fore: Vector
    fold: Vector
    hand: Vector
    palm: Vector
    curl: float = 0.25


def unit(vector: Vector) -> Vector:
    """A vector of length 1."""
    return vector / max(float(np.linalg.norm(vector)), 1e-12)


def about(axis: Vector, angle: float) -> Matrix:
    """(3, 3) rotation about a unit axis (Rodrigues)."""
    x, y, z = axis
    skew = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * skew + (1 - np.cos(angle)) * (skew @ skew)


def rotvec(matrix: Matrix) -> Vector:
    """Axis times angle (..., 3) of rotations (..., 3, 3), angle 0..pi."""
    trace = np.trace(matrix, axis1=-2, axis2=-1)
    angle = np.arccos(np.clip((trace - 1) / 2, -1, 1))
    axis = np.stack(
        [
            matrix[..., 2, 1] - matrix[..., 1, 2],
            matrix[..., 0, 2] - matrix[..., 2, 0],
            matrix[..., 1, 0] - matrix[..., 0, 1],
        ],
        -1,
    )
    length = np.linalg.norm(axis, axis=-1)
    factor = np.divide(angle, length, out=np.full_like(angle, 0.5), where=length > 1e-9)
    return axis * factor[..., None]


def exp(vector: Vector) -> Matrix:
    """(N, 3, 3) rotations of axis-times-angle vectors (N, 3)."""
    angle = np.linalg.norm(vector, axis=-1)
    axis = vector / np.maximum(angle, 1e-12)[:, None]
    zero = np.zeros(len(vector))
    x, y, z = axis.T
    skew = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(-1, 3, 3)
    sine, cosine = np.sin(angle)[:, None, None], np.cos(angle)[:, None, None]
    return np.eye(3) + sine * skew + (1 - cosine) * (skew @ skew)


def between(start: Vector, end: Vector) -> Matrix:
    """The smallest rotation that takes one unit direction to another."""
    axis = np.cross(start, end)
    sine = float(np.linalg.norm(axis))
    if sine < 1e-9:
        return np.eye(3)
    return about(axis / sine, float(np.arctan2(sine, start @ end)))


def frame(along: Vector, across: Vector) -> Matrix:
    """(3, 3) orthonormal columns: `along`, then `across` made perpendicular to it."""
    first = unit(along)
    second = unit(across - first * float(first @ across))
    return np.stack([first, second, np.cross(first, second)], 1)


def twist_about(matrix: Matrix, axis: Vector) -> float:
    """Angle of the part of a rotation that turns about a unit axis (swing-twist)."""
    seen = matrix @ axis
    rest = between(axis, seen).T @ matrix
    return float(rotvec(rest) @ axis)


class Posing:
    """A pose being made: rotations that limbs are written into, parents before children."""

    def __init__(self, anatomy: Anatomy, body: Body) -> None:
        """Starts at the rest pose."""
        self.anatomy = anatomy
        self.body = body
        self.heads = body.heads.astype(np.float64)
        self.rotations: Matrix = np.tile(np.eye(3), (BONE_COUNT, 1, 1))
        self._number = {name: k for k, name in enumerate(anatomy.bone_names)}

    def bone(self, name: str, side: Side | None = None) -> int:
        """Number of a bone."""
        return self._number[name if side is None else f"{name}.{side.value}"]

    def rest(self, name: str, side: Side | None = None) -> Vector:
        """Head of a bone at rest."""
        return self.heads[self.bone(name, side)]

    def turn(self, name: str, rotation: Matrix, side: Side | None = None) -> None:
        """Turns a bone against its parent, in the rest pose's axes."""
        bone = self.bone(name, side)
        self.rotations[bone] = self.rotations[bone] @ rotation

    def world(self, bone: int) -> Matrix:
        """A bone's turn against the rest pose, its ancestors' included."""
        matrix = self.rotations[bone]
        parent = int(self.anatomy.parents[bone])
        while parent >= 0:
            matrix = self.rotations[parent] @ matrix
            parent = int(self.anatomy.parents[parent])
        return matrix

    def head(self, bone: int) -> Vector:
        """Where a bone's head is."""
        parent = int(self.anatomy.parents[bone])
        if parent < 0:
            return self.heads[bone]
        return self.head(parent) + self.world(parent) @ (self.heads[bone] - self.heads[parent])

    def set_world(self, bone: int, matrix: Matrix) -> None:
        """Turns a bone so that its turn against the rest pose is `matrix`."""
        parent = int(self.anatomy.parents[bone])
        self.rotations[bone] = matrix if parent < 0 else self.world(parent).T @ matrix

    def result(self) -> Floats:
        """(104, 3, 3) float32 rotations as `BodyPose` holds them."""
        return self.rotations.astype(np.float32)

    def facing(self) -> Matrix:
        """The upright turn of the chest: rotation about z alone."""
        ahead = self.world(self.bone("spine01")) @ AHEAD
        return about(UP, float(np.arctan2(ahead[0], -ahead[1])))


def mirrored(arm: Arm, side: Side) -> Arm:
    """The arm as it is on that side."""
    if side is Side.LEFT:
        return arm
    flip = np.array([-1.0, 1.0, 1.0])
    return Arm(
        arm.upper * flip, arm.fore * flip, arm.fold * flip, arm.hand * flip, arm.palm * flip,
        arm.curl,
    )  # fmt: skip


def in_frame(arm: Arm, turn: Matrix) -> Arm:
    """An arm whose directions are turned by (3, 3)."""
    return Arm(
        turn @ arm.upper, turn @ arm.fore, turn @ arm.fold, turn @ arm.hand, turn @ arm.palm,
        arm.curl,
    )  # fmt: skip


def set_arm(posing: Posing, side: Side, arm: Arm) -> None:
    """Writes an arm (directions in space, that side's) into the pose, fingers included."""
    _set_shoulder(posing, side, arm.upper)
    upper_rest = unit(posing.rest("lowerarm01", side) - posing.rest("upperarm01", side))
    fore_rest = unit(posing.rest("wrist", side) - posing.rest("lowerarm01", side))
    hinge_rest = np.cross(upper_rest, fore_rest)
    hinge = np.cross(arm.upper, arm.fold)
    upper = frame(arm.upper, hinge) @ frame(upper_rest, hinge_rest).T
    fore = frame(arm.fore, hinge) @ frame(fore_rest, hinge_rest).T
    shoulder = posing.world(posing.bone("shoulder01", side))
    # What swings goes to the first bone, what twists is spread along the limb.
    swing = between(shoulder @ upper_rest, arm.upper) @ shoulder
    twist = twist_about(swing.T @ upper, upper_rest)
    posing.set_world(
        posing.bone("upperarm01", side),
        swing @ about(upper_rest, twist * TWIST_OF_BONE["upperarm01"]),
    )
    posing.set_world(posing.bone("upperarm02", side), upper)
    hand = _hand(posing, side, arm)
    turn = twist_about(fore.T @ hand, fore_rest)
    for name in ("lowerarm01", "lowerarm02"):
        posing.set_world(
            posing.bone(name, side), fore @ about(fore_rest, turn * TWIST_OF_BONE[name])
        )
    posing.set_world(posing.bone("wrist", side), hand)
    curl_fingers(posing, side, arm.curl)


def _set_shoulder(posing: Posing, side: Side, upper: Vector) -> None:
    """Lets collar bone and shoulder blade go along with a raised or reaching arm."""
    chest = posing.world(posing.bone("spine01"))
    local = chest.T @ upper
    raised = float(np.arcsin(np.clip(local[2], -1, 1))) + np.pi / 4
    ahead = float(np.clip(-local[1], -0.5, 1.0))
    lift = float(np.clip(raised * (0.25 if raised > 0 else 0.12), -0.12, 0.5))
    # About -y the left arm rises; about -z it reaches ahead.
    up, reach = -side.sign * lift, -side.sign * 0.28 * ahead
    for name, share in (("clavicle", 0.65), ("shoulder01", 0.35)):
        turn = about(np.array([0.0, 1.0, 0.0]), up * share) @ about(UP, reach * share)
        posing.set_world(
            posing.bone(name, side),
            chest @ turn
            if name == "clavicle"
            else (posing.world(posing.bone("clavicle", side)) @ turn),
        )


def _hand(posing: Posing, side: Side, arm: Arm) -> Matrix:
    """The hand's turn against the rest pose."""
    wrist = posing.rest("wrist", side)
    along = unit(posing.rest("finger3-1", side) - wrist)
    across = posing.rest("finger2-1", side) - posing.rest("finger5-1", side)
    # On a left hand the fingers crossed with the way to the thumb's side face out of the palm.
    palm = np.cross(along, across) * side.sign
    bent = float(np.arccos(np.clip(arm.hand @ arm.fore, -1, 1)))
    hand = arm.hand
    if bent > WRIST_LIMIT:
        hand = about(unit(np.cross(arm.fore, arm.hand)), WRIST_LIMIT) @ arm.fore
    return frame(hand, arm.palm) @ frame(along, palm).T


WRIST_LIMIT: Final = 1.1


def curl_fingers(posing: Posing, side: Side, curl: float) -> None:
    """Bends the fingers by `curl` radians a joint, the small finger most, the thumb least."""
    across = unit(posing.rest("finger2-1", side) - posing.rest("finger5-1", side))
    middle = _finger(posing, side, 3)
    for finger in range(2, 6):
        along = _finger(posing, side, finger)
        closed = exp(rotvec(between(along, middle))[None] * CLOSING)[0]
        amount = curl * (0.8 + 0.1 * (finger - 2))
        for joint, share in ((1, 0.8), (2, 1.2), (3, 0.8)):
            name = f"finger{finger}-{joint}"
            bone = posing.bone(name, side)
            bend = about(across, -side.sign * amount * share)
            posing.rotations[bone] = bend @ closed if joint == 1 else bend
    thumb = _finger(posing, side, 1)
    nearer = exp(rotvec(between(thumb, middle))[None] * (0.3 + 0.2 * curl))[0]
    posing.rotations[posing.bone("finger1-1", side)] = nearer


def _finger(posing: Posing, side: Side, finger: int) -> Vector:
    """Direction of a finger at rest."""
    return unit(posing.rest(f"finger{finger}-2", side) - posing.rest(f"finger{finger}-1", side))


CLOSING: Final = 0.6
"""How much of the fingers' spread at rest is taken away."""


def reach(posing: Posing, side: Side, wrist: Vector, elbow: Vector, arm: Arm) -> Arm:
    """The arm that brings the wrist's joint to a point, with the elbow towards a direction.

    wrist: point in space. elbow: direction from the line shoulder-wrist. arm: hand, palm and curl,
    in space, that side's. A point out of reach is drawn nearer.
    """
    upper_length = float(
        np.linalg.norm(posing.rest("lowerarm01", side) - posing.rest("upperarm01", side))
    )
    fore_length = float(
        np.linalg.norm(posing.rest("wrist", side) - posing.rest("lowerarm01", side))
    )
    found = arm
    for _ in range(4):
        _set_shoulder(posing, side, found.upper)
        shoulder = posing.head(posing.bone("upperarm01", side))
        gap = wrist - shoulder
        span = float(
            np.clip(
                np.linalg.norm(gap),
                1.05 * abs(upper_length - fore_length) + 0.05,
                0.995 * (upper_length + fore_length),
            )
        )
        line = unit(gap)
        side_way = unit(elbow - line * float(line @ elbow))
        cosine = (upper_length**2 + span**2 - fore_length**2) / (2 * upper_length * span)
        angle = float(np.arccos(np.clip(cosine, -1, 1)))
        upper = np.cos(angle) * line + np.sin(angle) * side_way
        fore = unit(line * span - upper * upper_length)
        found = replace(arm, upper=upper, fore=fore, fold=unit(fore - upper * float(fore @ upper)))
    return found


def set_leg(posing: Posing, side: Side, ankle: Vector, toes: float) -> None:
    """Brings an ankle to a point, the foot flat and turned out by `toes` radians.

    The knee points ahead, turned out with the foot by half.
    """
    hip = posing.head(posing.bone("upperleg01", side))
    knee_rest, ankle_rest = posing.rest("lowerleg01", side), posing.rest("foot", side)
    hip_rest = posing.rest("upperleg01", side)
    thigh, shin = np.linalg.norm(knee_rest - hip_rest), np.linalg.norm(ankle_rest - knee_rest)
    gap = ankle - hip
    span = min(float(np.linalg.norm(gap)), 0.9995 * float(thigh + shin))
    line = unit(gap)
    outward = about(UP, side.sign * toes * 0.5)
    pole = outward @ AHEAD
    pole = unit(pole - line * float(line @ pole))
    cosine = (thigh**2 + span**2 - shin**2) / (2 * thigh * span)
    angle = float(np.arccos(np.clip(cosine, -1, 1)))
    upper = np.cos(angle) * line + np.sin(angle) * pole
    lower = unit(line * span - upper * thigh)
    for names, now, then in (
        (("upperleg01", "upperleg02"), upper, knee_rest - hip_rest),
        (("lowerleg01", "lowerleg02"), lower, ankle_rest - knee_rest),
    ):
        matrix = between(unit(outward @ unit(then)), now) @ outward
        posing.set_world(posing.bone(names[0], side), matrix)
        posing.rotations[posing.bone(names[1], side)] = np.eye(3)
    posing.set_world(posing.bone("foot", side), about(UP, side.sign * toes))
