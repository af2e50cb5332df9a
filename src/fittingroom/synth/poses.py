"""Poses: standing people as catalogues and mirrors show them, and the way from one to another.

A pose is drawn once from its generator; then arms are opened step by step until they are far
enough from the body for cloth to lie between (`fittingroom.synth.clearances`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from fittingroom.synth.bodies import load_anatomy, load_bodies
from fittingroom.synth.clearances import arm_gap, clearance, gaps
from fittingroom.synth.limbs import (
    AHEAD,
    UP,
    Arm,
    Matrix,
    Posing,
    Side,
    Vector,
    about,
    exp,
    in_frame,
    mirrored,
    reach,
    rotvec,
    set_arm,
    set_leg,
    unit,
)
from fittingroom.synth.shapes import Anatomy, Body, BodyPose, Floats, PoseKind
from fittingroom.synth.trunk import Trunk, trunk_of

__all__ = [
    "arm_gap",
    "clearance",
    "dress_pose",
    "interpolate",
    "mannequin_pose",
    "path",
    "sample_pose",
]

DRESS_ARM_ANGLE: Final = float(np.deg2rad(45.0))
"""Both arms of the dress pose lie this far below horizontal."""

MANNEQUIN_ARM_ANGLE: Final = float(np.deg2rad(62.0))

MANNEQUIN_CLEARANCE: Final = 0.025

CLEARANCE: Final = 0.015
"""Metres that arms stay from the body at least."""

STEPS: Final = 20
"""How often an arm is opened before the widest is taken."""

DRAWS: Final = 4
"""How often a pose is drawn anew that leaves too little room."""

BETWEEN_ARMS: Final = 0.012
"""Metres that arms stay from each other at least."""


def dress_pose(anatomy: Anatomy, body: Body, arm_angle: float = DRESS_ARM_ANGLE) -> BodyPose:
    """Both arms straight in the frontal plane, legs slightly apart: what garments are put on in.

    arm_angle: radians below horizontal.
    """
    return BodyPose(PoseKind.CATALOGUE, _straight(anatomy, body, arm_angle, 1.25))


def mannequin_pose(anatomy: Anatomy, body: Body) -> BodyPose:
    """Arms further down, legs closer: how a garment hangs in the ghost-mannequin picture.

    A broad body's arms are held out a little further, down to 50 degrees below horizontal.
    """
    rotations = _straight(anatomy, body, MANNEQUIN_ARM_ANGLE, 1.0)
    for less in np.deg2rad((3.0, 6.0, 9.0, 12.0)):
        if min(gaps(anatomy, body, rotations)[0].values()) >= MANNEQUIN_CLEARANCE:
            break
        rotations = _straight(anatomy, body, MANNEQUIN_ARM_ANGLE - float(less), 1.0)
    return BodyPose(PoseKind.CATALOGUE, rotations)


def _straight(anatomy: Anatomy, body: Body, arm_angle: float, stance: float) -> Floats:
    """Straight arms and legs; stance: ankles apart, in hip joints' distance."""
    posing = Posing(anatomy, body)
    for side in Side:
        along = np.array([np.cos(arm_angle), 0.0, -np.sin(arm_angle)])
        inward = np.array([-np.sin(arm_angle), 0.0, -np.cos(arm_angle)])
        arm = Arm(along, along, AHEAD, along, inward, curl=0.05)
        set_arm(posing, side, mirrored(arm, side))
        ankle = posing.rest("foot", side).copy()
        ankle[0] = posing.rest("upperleg01", side)[0] * stance
        ankle[2] -= 0.02
        set_leg(posing, side, ankle, 0.06)
    return posing.result()


Plan: TypeAlias = Callable[[Posing, Trunk, Side, float], Arm]
"""The arm of a side, in space, opened by 0..1."""


@dataclass(frozen=True, slots=True)
class Stance:
    """How a person stands; radians and metres, drawn once for a pose.

    shift: pelvis towards +x. roll: pelvis up on the left. apart: ankles apart in hip joints'
    distance. step: how far the left foot stands before the right. toes: feet turned out.
    lean: spine forwards. sway: spine towards the left. twist: chest to the left. yaw, nod, tilt:
    the head's turn to the left, down and towards the left shoulder, against space for yaw.
    turn: the whole person to the left.
    """

    shift: float
    roll: float
    apart: float
    step: float
    toes: tuple[float, float]
    lean: float
    sway: float
    twist: float
    yaw: float
    nod: float
    tilt: float
    turn: float


def sample_pose(
    kind: PoseKind,
    anatomy: Anatomy,
    body: Body,
    rng: np.random.Generator,
    space: float = CLEARANCE,
) -> BodyPose:
    """A pose of a kind, with the variation that people have.

    space: metres that arms keep from the body.
    """
    best, best_room = None, -np.inf
    for _ in range(DRAWS):
        pose, room = _drawn(kind, Posing(anatomy, body), rng, space)
        if room >= 0:
            return pose
        if room > best_room:
            best, best_room = pose, room
    if best is None:
        raise ValueError("no pose was drawn")
    return best


def _drawn(
    kind: PoseKind, posing: Posing, rng: np.random.Generator, space: float
) -> tuple[BodyPose, float]:
    """One draw of a pose, its arms opened as far as they must be.

    Returns the pose and how much more room the arms have than asked for, negative if too little.
    """
    stance = _stance(kind, rng)
    plans = _plans(kind, rng)
    _stand(posing, stance)
    trunk = trunk_of(posing)
    start = posing.rotations.copy()
    opened = dict.fromkeys(Side, 0.0)
    outer, apart = next(iter(plans)), 0.0
    room = -np.inf
    for _ in range(STEPS):
        posing.rotations = start.copy()
        for side in Side:
            share = opened[side] + (apart if side is outer else 0.0)
            set_arm(posing, side, plans[side](posing, trunk, side, share))
        far, between_arms = gaps(posing.anatomy, posing.body, posing.result())
        tight = [side for side in Side if far[side] < space]
        room = min(min(far.values()) - space, between_arms - BETWEEN_ARMS)
        if room >= 0:
            break
        for side in tight:
            opened[side] += 1 / STEPS
        if not tight:
            apart += 1.5 / STEPS
    return BodyPose(kind, posing.result(), stance.turn), room


def _stance(kind: PoseKind, rng: np.random.Generator) -> Stance:
    """Draws how a person stands in a pose of this kind."""
    twist, turn = 0.0, float(rng.normal(0, 0.03))
    way = float(rng.choice((-1.0, 1.0)))
    yaw = float(np.clip(rng.normal(0, 0.10), -0.25, 0.25))
    if kind is PoseKind.TWIST_SLIGHT:
        twist = way * float(np.deg2rad(rng.uniform(8, 15)))
        yaw = twist * float(rng.uniform(0.2, 0.6))
    elif kind is PoseKind.TWIST_STRONG:
        twist = way * float(np.deg2rad(rng.uniform(20, 35)))
        turn = -twist * float(rng.uniform(0.1, 0.5))
        yaw = twist * float(rng.uniform(0.1, 0.4)) - turn * 0.5
    elif kind is PoseKind.THREE_QUARTER:
        turn = way * float(np.deg2rad(rng.uniform(20, 45)))
        yaw = -turn * float(rng.uniform(0.0, 0.75))
    weight = float(np.clip(rng.normal(0, 0.6), -1, 1))
    calm = 0.3 if kind is PoseKind.ARMS_DOWN else 1.0
    roll = calm * weight * 0.075
    return Stance(
        shift=calm * weight * 0.035,
        roll=roll,
        apart=float(rng.uniform(0.85, 1.6)),
        step=float(rng.normal(0, 0.025)),
        toes=(float(rng.uniform(0.02, 0.3)), float(rng.uniform(0.02, 0.3))),
        lean=float(rng.normal(0.0, 0.02)),
        sway=-roll * float(rng.uniform(0.9, 1.5)),
        twist=twist,
        yaw=yaw,
        nod=float(rng.normal(0.02, 0.05)),
        tilt=float(rng.normal(0, 0.035)),
        turn=turn,
    )


def _stand(posing: Posing, stance: Stance) -> None:
    """Writes pelvis, legs, spine and head into a pose."""
    ahead, right = np.array([0.0, 1.0, 0.0]), np.array([1.0, 0.0, 0.0])
    posing.rotations[posing.bone("root")] = about(ahead, -stance.roll)
    ankles: dict[Side, Vector] = {}
    for side in Side:
        hip = abs(posing.rest("upperleg01", side)[0])
        ankles[side] = np.array(
            [
                side.sign * hip * stance.apart - stance.shift,
                posing.rest("foot", side)[1] - side.sign * stance.step / 2,
                0.0,
            ]
        )
    floor = max(_lowest_ankle(posing, side, ankles[side]) for side in Side)
    for side, toes in zip(Side, stance.toes, strict=True):
        ankles[side][2] = floor
        set_leg(posing, side, ankles[side], toes)
    spine = {"spine05": 0.15, "spine04": 0.2, "spine03": 0.25, "spine02": 0.25, "spine01": 0.15}
    for name, share in spine.items():
        posing.turn(
            name,
            about(UP, stance.twist * share)
            @ about(ahead, stance.sway * share)
            @ about(right, stance.lean * share),
        )
    left = stance.yaw - stance.twist
    upright = -(stance.sway - stance.roll) * 0.8
    for name, share in {"neck01": 0.2, "neck02": 0.2, "neck03": 0.2, "head": 0.4}.items():
        posing.turn(
            name,
            about(UP, left * share)
            @ about(ahead, (stance.tilt + upright) * share)
            @ about(right, stance.nod * share),
        )


def _lowest_ankle(posing: Posing, side: Side, ankle: Vector) -> float:
    """Height at which a leg to an ankle's (x, y) is all but straight."""
    hip = posing.head(posing.bone("upperleg01", side))
    knee = posing.rest("lowerleg01", side)
    length = np.linalg.norm(knee - posing.rest("upperleg01", side)) + np.linalg.norm(
        posing.rest("foot", side) - knee
    )
    beside = np.linalg.norm(ankle[:2] - hip[:2])
    return float(hip[2] - np.sqrt(max(float((0.995 * length) ** 2 - beside**2), 0.0)))


def _plans(kind: PoseKind, rng: np.random.Generator) -> dict[Side, Plan]:
    """Draws what each arm does in a pose of this kind; the first is the outer of two that meet."""
    near = Side.LEFT if rng.random() < 0.5 else Side.RIGHT
    if kind in _LOOSE:
        out, bend = _LOOSE[kind]
        return {side: _hang(rng, out, bend) for side in Side}
    if kind in _TURNED and rng.random() >= 0.3:
        return {side: _hang(rng, (3, 14), (5, 24)) for side in Side}
    if kind is PoseKind.BOTH_ARMS_BENT:
        return _both(rng, near)
    if kind is PoseKind.ARMS_CROSSED:
        return _crossed(rng, near)
    if kind in _PAIRS:
        return {side: _PAIRS[kind](rng) for side in (near, near.other)}
    return {near: _busy(kind, rng), near.other: _hang(rng, (5, 15), (6, 24))}


def _busy(kind: PoseKind, rng: np.random.Generator) -> Plan:
    """Draws what the busy arm does where the other one hangs."""
    if kind is PoseKind.ARM_RAISED:
        return _raised(rng)
    if kind is PoseKind.ONE_ARM_BENT:
        return _waist(rng) if rng.random() < 0.6 else _lifted(rng)
    return _hip(rng)


def _degrees(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.deg2rad(rng.uniform(low, high)))


def _hang(rng: np.random.Generator, out: tuple[float, float], bend: tuple[float, float]) -> Plan:
    """A hanging arm, `out` degrees from the body, the elbow bent by `bend` degrees."""
    aside, folded = _degrees(rng, *out), _degrees(rng, *bend)
    ahead = _degrees(rng, -9, 6)
    back = _degrees(rng, 5, 40)
    inward = _degrees(rng, 0, 25)
    curl = float(rng.uniform(0.15, 0.4))

    def plan(posing: Posing, trunk: Trunk, side: Side, share: float) -> Arm:
        out_now = aside + share * 0.6
        upper = unit(np.array([np.sin(out_now), -np.sin(ahead), -np.cos(out_now)]))
        fold = unit(np.array([-np.sin(inward) * (1 - min(3 * share, 1.0)), -np.cos(inward), 0.0]))
        fold = unit(fold - upper * float(fold @ upper))
        fore = np.cos(folded) * upper + np.sin(folded) * fold
        palm = np.array([-np.cos(back), np.sin(back), -0.25])
        hand = unit(fore + np.array([-0.05, 0.0, -0.15]))
        return _outward(Arm(upper, fore, fold, hand, palm, curl), side, posing.facing())

    return plan


def _outward(arm: Arm, side: Side, turn: Matrix) -> Arm:
    """A left arm's directions in the chest's frame as that side's in space."""
    return in_frame(mirrored(arm, side), turn)


def _aim(hand: Vector, palm: Vector, side: Side, turn: Matrix, curl: float) -> Arm:
    """An arm that says only what the hand does; `reach` fills in the rest."""
    down = np.array([0.0, 0.0, -1.0])
    return _outward(Arm(down, down, AHEAD, unit(hand), unit(palm), curl), side, turn)


def _point(x: float, y: float, z: float, side: Side) -> Vector:
    return np.array([side.sign * x, y, z])


def _hip(rng: np.random.Generator) -> Plan:
    """A hand on the hip, the elbow out."""
    level = float(rng.uniform(-0.1, 0.5))
    behind = float(rng.uniform(0.01, 0.05))
    elbow_back = float(rng.uniform(0.1, 0.6))
    down = float(rng.uniform(-0.7, -0.3))
    curl = float(rng.uniform(0.02, 0.12))

    def plan(posing: Posing, trunk: Trunk, side: Side, share: float) -> Arm:
        z = trunk.hip_z + level * (trunk.waist_z - trunk.hip_z) + 0.05
        x, y = trunk.side_at(z, side)
        wrist = np.array([x + side.sign * (0.045 + 0.14 * share), y + behind, z])
        aim = _aim(
            np.array([-0.25 + 0.4 * share, -0.8, down]),
            np.array([-1.0, 0.0, -0.2]),
            side,
            np.eye(3),
            curl,
        )
        return reach(posing, side, wrist, _point(1.0, elbow_back, 0.0, side), aim)

    return plan


def _pocket(rng: np.random.Generator) -> Plan:
    """A hand where trousers have their pocket, the elbow bent and back."""
    level = float(rng.uniform(-0.02, 0.05))
    ahead = float(rng.uniform(0.02, 0.05))
    elbow_out = float(rng.uniform(0.5, 1.1))
    curl = float(rng.uniform(0.02, 0.12))

    def plan(posing: Posing, trunk: Trunk, side: Side, share: float) -> Arm:
        z = trunk.hip_z + level
        x, y = trunk.side_at(z, side)
        wrist = np.array([x + side.sign * (0.032 + 0.14 * share), y - ahead, z + 0.02])
        aim = _aim(
            np.array([-0.12 + 0.3 * share, -0.3, -0.95]),
            np.array([-1.0, 0.35, 0.1]),
            side,
            np.eye(3),
            curl,
        )
        return reach(posing, side, wrist, _point(elbow_out, 0.8, 0.0, side), aim)

    return plan


def _waist(rng: np.random.Generator, across: tuple[float, float] = (0.0, 0.10)) -> Plan:
    """A forearm before the waist."""
    beside = float(rng.uniform(*across))
    level = float(rng.uniform(0.0, 0.7))
    upward = float(rng.uniform(-0.1, 0.3))
    curl = float(rng.uniform(0.15, 0.4))

    def plan(posing: Posing, trunk: Trunk, side: Side, share: float) -> Arm:
        z = trunk.waist_z + level * 0.3 * (trunk.chest_z - trunk.waist_z)
        y = min(trunk.front_at(z), trunk.front_at(z + 0.05), trunk.front_at(z - 0.05))
        wrist = np.array([side.sign * beside, y - 0.06 - 0.18 * share, z])
        turn = posing.facing()
        aim = _aim(np.array([-0.9, -0.25, upward]), np.array([0.15, 0.95, -0.2]), side, turn, curl)
        return reach(
            posing, side, turn @ wrist, turn @ _point(0.8 + share, 0.35 - share, -0.6, side), aim
        )

    return plan


def _lifted(rng: np.random.Generator) -> Plan:
    """A forearm held up before the shoulder, or forwards."""
    height = float(rng.uniform(-0.18, 0.02))
    beside = float(rng.uniform(0.0, 0.07))
    ahead = float(rng.uniform(0.20, 0.27))
    curl = float(rng.uniform(0.3, 0.7))

    def plan(posing: Posing, trunk: Trunk, side: Side, share: float) -> Arm:
        shoulder = posing.head(posing.bone("upperarm01", side))
        turn = posing.facing()
        wrist = shoulder + turn @ _point(beside, -ahead - 0.1 * share, height, side)
        aim = _aim(np.array([-0.25, -0.3, 0.9]), np.array([-0.7, 0.6, 0.0]), side, turn, curl)
        return reach(posing, side, wrist, turn @ _point(0.45 + share, 0.1, -1.0, side), aim)

    return plan


def _both(rng: np.random.Generator, near: Side) -> dict[Side, Plan]:
    """Both arms bent: hands before the waist, one lifted, or both lifted."""
    way = rng.random()
    if way < 0.5:
        # One hand lies higher, so that they do not meet.
        return {near: _waist(rng, (0.10, 0.16)), near.other: _waist(rng, (0.10, 0.16))}
    if way < 0.8:
        return {near: _lifted(rng), near.other: _waist(rng, (0.04, 0.12))}
    return {side: _lifted(rng) for side in Side}


def _crossed(rng: np.random.Generator, near: Side) -> dict[Side, Plan]:
    """Arms crossed before the chest, `near` on the outside."""
    level = float(rng.uniform(-0.08, 0.01))
    return {
        near: _across(rng, level, 0.095, 0.07),
        near.other: _across(rng, level - 0.03, 0.0, 0.03),
    }


def _across(rng: np.random.Generator, level: float, before: float, beyond: float) -> Plan:
    """One of two crossed arms: its wrist before the other side of the chest."""
    beyond += float(rng.uniform(0.0, 0.03))
    curl = float(rng.uniform(0.2, 0.4))

    def plan(posing: Posing, trunk: Trunk, side: Side, share: float) -> Arm:
        z = (trunk.waist_z + trunk.chest_z) / 2 + level
        y = min(trunk.front_at(z + d) for d in (-0.06, -0.03, 0.0, 0.03, 0.06))
        x = beyond * (1 - share) - 0.02 * share
        wrist = np.array([-side.sign * x, y - 0.055 - before - (0.07 + before) * share, z])
        turn = posing.facing()
        aim = _aim(np.array([-0.95, -0.1, 0.25]), np.array([0.0, 0.95, -0.25]), side, turn, curl)
        return reach(
            posing,
            side,
            turn @ wrist,
            turn @ _point(1 + share, 0.1 - share, share - 0.8, side),
            aim,
        )

    return plan


def _raised(rng: np.random.Generator) -> Plan:
    """One arm up to the side or overhead, the elbow bent upwards."""
    up = _degrees(rng, -15, 40)
    ahead = _degrees(rng, 5, 30)
    bend = _degrees(rng, 5, 75)
    curl = float(rng.uniform(0.2, 0.6))

    def plan(posing: Posing, trunk: Trunk, side: Side, share: float) -> Arm:
        upper = np.array([np.cos(up) * np.cos(ahead), -np.cos(up) * np.sin(ahead), np.sin(up)])
        fold = unit(np.array([0.1 * share, -0.35, 1.0]))
        fold = unit(fold - upper * float(fold @ upper))
        folded = bend * (1 - share)
        fore = np.cos(folded) * upper + np.sin(folded) * fold
        palm = np.array([-0.5, -0.8, -0.2])
        return _outward(Arm(upper, fore, fold, fore, palm, curl), side, posing.facing())

    return plan


_LOOSE: Final = {
    PoseKind.CATALOGUE: ((7.0, 20.0), (6.0, 26.0)),
    PoseKind.ARMS_DOWN: ((2.0, 7.0), (4.0, 14.0)),
}
"""Degrees that hanging arms are held out and bent by."""

_TURNED: Final = (PoseKind.THREE_QUARTER, PoseKind.TWIST_SLIGHT, PoseKind.TWIST_STRONG)

_PAIRS: Final[dict[PoseKind, Callable[[np.random.Generator], Plan]]] = {
    PoseKind.HANDS_ON_HIPS: _hip,
    PoseKind.HANDS_IN_POCKETS: _pocket,
}


def interpolate(start: Floats, end: Floats, share: float) -> Floats:
    """(104, 3, 3) rotations at a share 0..1 of the shortest way, each bone for itself (slerp)."""
    first = start.astype(np.float64)
    step = rotvec(np.swapaxes(first, 1, 2) @ end.astype(np.float64))
    return (first @ exp(step * share)).astype(np.float32)


def path(
    start: Floats, end: Floats, steps: int, anatomy: Anatomy | None = None, body: Body | None = None
) -> Floats:
    """(steps, 104, 3, 3) rotations from start to end, both included, slow at both ends.

    Where the shortest way would drive an arm into the body, the arms swing ahead or aside midway;
    it is judged on `body` (the first without it).
    """
    known = anatomy or load_anatomy()
    judged = body or load_bodies()[0]
    best, best_gap = None, -np.inf
    for ahead, aside in ((0.0, 0.0), (0.35, 0.0), (0.0, 0.35), (0.35, 0.3), (0.7, 0.0), (0.7, 0.5)):
        bow = (known, ahead, aside)
        gap = min(
            min(gaps(known, judged, _bowed(start, end, at, bow))[0].values())
            for at in (0.35, 0.5, 0.65, 0.8, 0.9)
        )
        if gap > best_gap + 0.003:
            best, best_gap = bow, gap
        if gap > 0.012:
            break
    chosen = best or (known, 0.0, 0.0)
    eased = (1 - np.cos(np.pi * np.linspace(0, 1, steps))) / 2
    return np.stack([_bowed(start, end, float(share), chosen) for share in eased])


def _bowed(start: Floats, end: Floats, share: float, bow: tuple[Anatomy, float, float]) -> Floats:
    """`interpolate`, with the upper arms swung ahead and aside midway."""
    anatomy, ahead, aside = bow
    rotations = interpolate(start, end, share)
    much = float(np.sin(np.pi * share))
    for side in Side:
        bone = anatomy.bone(f"upperarm01.{side.value}")
        swing = about(np.array([1.0, 0.0, 0.0]), -ahead * much) @ about(
            np.array([0.0, 1.0, 0.0]), -side.sign * aside * much
        )
        rotations[bone] = (swing @ rotations[bone]).astype(np.float32)
    return rotations
