"""Where the teacher sees a joint and where a synthetic body has it: the mean offset of each joint.

A body model's wrist is a point in the bone, the teacher's is where annotators clicked. A network
that learns from both must be told one place, so synthetic joints are moved to the teacher's.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fittingroom.skeleton import JOINT_COUNT, MIRRORED, Joint
from fittingroom.training.ccp import LabelledPhoto, shoulder_width
from fittingroom.training.teacher import TeacherPose, TfliteModel, label_pose

Floats = NDArray[np.float32]

BONE_TO: Final = {
    Joint.RIGHT_ELBOW: Joint.RIGHT_SHOULDER,
    Joint.LEFT_ELBOW: Joint.LEFT_SHOULDER,
    Joint.RIGHT_WRIST: Joint.RIGHT_ELBOW,
    Joint.LEFT_WRIST: Joint.LEFT_ELBOW,
    Joint.RIGHT_KNEE: Joint.RIGHT_HIP,
    Joint.LEFT_KNEE: Joint.LEFT_HIP,
    Joint.RIGHT_ANKLE: Joint.RIGHT_KNEE,
    Joint.LEFT_ANKLE: Joint.LEFT_KNEE,
}
"""Where the bone that ends in a joint begins; the other joints go by neck and hips."""

_OFFSETS: Final = {
    "NOSE": (0.0, -0.004),
    "NECK": (0.0, -0.018),
    "SHOULDER": (-0.01, -0.018),
    "ELBOW": (-0.051, 0.025),
    "WRIST": (-0.035, 0.067),
    "HIP": (-0.019, -0.028),
    "KNEE": (-0.006, 0.051),
    "ANKLE": (0.021, 0.079),
    "EYE": (0.002, -0.005),
    "EAR": (-0.042, -0.044),
}
"""The teacher's median offset over 100 synthetic people, in shoulder widths: outward and along
(see `joint_axes`), by the name that both sides share. Measured by `train offsets`."""


def joint_axes(joints: Floats) -> Floats:
    """Axes of each joint's offset, unit vectors (18, 2, 2): [outward, along], x and y in pixels.

    joints: (18, 2). Along is the way of the bone that ends in the joint, or from neck to hips;
    outward is square to it, away from the body's middle when limbs hang down.
    """
    hips = (joints[Joint.LEFT_HIP] + joints[Joint.RIGHT_HIP]) / 2
    down = _unit(hips - joints[Joint.NECK])
    rightward = np.sign(
        _square(down) @ (joints[Joint.RIGHT_SHOULDER] - joints[Joint.LEFT_SHOULDER])
    )
    axes = np.zeros((JOINT_COUNT, 2, 2), np.float32)
    for joint in Joint:
        start = BONE_TO.get(joint)
        along = down if start is None else _unit(joints[joint] - joints[start])
        side = -1.0 if "LEFT" in joint.name else 1.0
        axes[joint] = _square(along) * side * rightward, along
    return axes


def _unit(way: Floats) -> Floats:
    length: Floats = way / max(float(np.linalg.norm(way)), 1e-6)
    return length


def _square(way: Floats) -> Floats:
    return np.array([-way[1], way[0]], np.float32)


def as_the_teacher_sees(joints: Floats) -> Floats:
    """Move exact joints (18, 2) of a synthetic body by the teacher's mean offsets."""
    offsets = np.array([_OFFSETS[joint.name.split("_")[-1]] for joint in Joint], np.float32)
    moved = np.einsum("jk,jkx->jx", offsets, joint_axes(joints)) * shoulder_width(joints)
    return (joints + moved).astype(np.float32)


def measure_offsets(
    models: Path, people: Iterable[LabelledPhoto]
) -> dict[str, tuple[float, float]]:
    """Median offset of each joint, outward and along, in shoulder widths, both sides taken as one.

    models: folder of BlazePose's files. people: synthetic people with their exact joints; what is
    hidden from the camera, or what the teacher is unsure of, is not counted.
    """
    landmarks = TfliteModel(models / "pose_landmark_heavy.tflite")
    detector = TfliteModel(models / "pose_detection.tflite")
    off: dict[Joint, list[Floats]] = {joint: [] for joint in Joint}
    for person in people:
        seen = label_pose(landmarks, detector, person.image)
        for joint, offset in _offsets(seen, person.pose).items():
            off[joint].append(offset)
            off[Joint(MIRRORED[joint])].append(offset)
    middle = {joint: np.median(rows, axis=0).round(3) for joint, rows in off.items() if rows}
    return {joint.name: (float(pair[0]), float(pair[1])) for joint, pair in middle.items()}


def _offsets(seen: TeacherPose, exact: TeacherPose) -> dict[Joint, Floats]:
    axes, unit = joint_axes(exact.joints), shoulder_width(exact.joints)
    off = (seen.joints - exact.joints) / unit
    counted = (seen.weights > 0) & (exact.weights > 0)
    return {joint: axes[joint] @ off[joint] for joint in Joint if counted[joint]}
