"""Where the photographer stands, and where the joints fall in the picture."""

from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fittingroom.skeleton import Joint
from fittingroom.synth.raycast import Caster, project
from fittingroom.synth.shapes import Camera, Floats

_FILM: Final = 0.036
"""Long side of a 35 mm negative, metres."""

_WIDEST: Final = 1.15
"""How much a picture of half a person may grow so that the hands fit in; then they are cut."""

_EYES: Final = (1.0, 1.4, 1.6)
"""Lowest, most frequent and highest eye of a photographer, metres: lower ones make giants."""

_REACH: Final[dict[Joint, float]] = {
    Joint.NOSE: 0.04, Joint.NECK: 0.13, Joint.RIGHT_EYE: 0.04, Joint.LEFT_EYE: 0.04,
    Joint.RIGHT_EAR: 0.04, Joint.LEFT_EAR: 0.04,
    Joint.RIGHT_SHOULDER: 0.11, Joint.LEFT_SHOULDER: 0.11,
    Joint.RIGHT_ELBOW: 0.08, Joint.LEFT_ELBOW: 0.08,
    Joint.RIGHT_WRIST: 0.06, Joint.LEFT_WRIST: 0.06,
    Joint.RIGHT_HIP: 0.17, Joint.LEFT_HIP: 0.17,
    Joint.RIGHT_KNEE: 0.11, Joint.LEFT_KNEE: 0.11,
    Joint.RIGHT_ANKLE: 0.09, Joint.LEFT_ANKLE: 0.09,
}  # fmt: skip
"""How much of the own limb and the clothes on it may lie before a joint, metres."""


class Framing(StrEnum):
    """How much of the person is in the picture."""

    HALF = "half"
    """Head to between hips and mid thigh."""
    THREE_QUARTER = "three_quarter"
    """Head to about the knees."""
    FULL = "full"
    """Head to toe."""


def sample_camera(
    kind: Framing, joints: Floats, rng: np.random.Generator, size: tuple[int, int]
) -> Camera:
    """Draw a camera that frames a person.

    joints: (18, 3) float32, COCO-18 in metres, turned as the person stands. size: (height, width)
    in pixels. The lens is 35 to 85 mm, the distance 2 to 4.5 m, the eye 1 to 1.6 m high.
    """
    height, width = size
    top = float(joints[[Joint.NOSE, Joint.RIGHT_EYE, Joint.LEFT_EYE], 2].max()) + 0.17
    top = max(top, float(joints[:, 2].max()) + 0.06) + rng.uniform(0.04, 0.12)
    bottom = _bottom(kind, joints, rng)
    sides = _reached(joints)
    sides = sides[sides[:, 2] > bottom, 0]
    left, right = float(sides.min()) - 0.06, float(sides.max()) + 0.06
    wide = (right - left) * height / width
    if kind is not Framing.FULL:
        wide = min(wide, _WIDEST * (top - bottom))
    extent = max(top - bottom, wide)
    top += (extent - (top - bottom)) * 0.3
    distance = float(np.clip(rng.uniform(0.035, 0.085) / _FILM * extent, 2.0, 4.5))
    depth = float(joints[:, 1].mean())
    focal = height * distance / extent
    eye = ((left + right) / 2 + rng.uniform(-0.08, 0.08), depth - distance, rng.triangular(*_EYES))
    slack = max(width / height * extent - (right - left), 0.0) / 2
    middle = (left + right) / 2 + rng.uniform(-0.25, 0.25) * slack
    centre = (
        (width - 1) / 2 - focal * (middle - eye[0]) / distance,
        (height - 1) / 2 + focal * (top - extent / 2 - eye[2]) / distance,
    )
    return Camera(
        tuple(round(value, 5) for value in eye),  # type: ignore[arg-type]
        round(focal, 3),
        (round(centre[0], 3), round(centre[1], 3)),
        size,
    )


def _reached(joints: Floats) -> Floats:
    """Return the joints (18, 3) and where hands and shoulders end: (22, 3)."""
    ends = []
    for elbow, wrist in (
        (Joint.LEFT_ELBOW, Joint.LEFT_WRIST),
        (Joint.RIGHT_ELBOW, Joint.RIGHT_WRIST),
    ):
        ends.append(joints[wrist] + 0.75 * (joints[wrist] - joints[elbow]))
    for shoulder in (Joint.LEFT_SHOULDER, Joint.RIGHT_SHOULDER):
        ends.append(joints[shoulder] + 0.4 * (joints[shoulder] - joints[Joint.NECK]))
    return np.concatenate([joints, np.array(ends, np.float32)])


def _bottom(kind: Framing, joints: Floats, rng: np.random.Generator) -> float:
    """Return the height at which the picture ends, metres."""
    hip = float(joints[[Joint.RIGHT_HIP, Joint.LEFT_HIP], 2].mean())
    knee = float(joints[[Joint.RIGHT_KNEE, Joint.LEFT_KNEE], 2].mean())
    if kind is Framing.HALF:
        return hip - float(rng.uniform(0.1, 0.6)) * (hip - knee)
    if kind is Framing.THREE_QUARTER:
        return knee - float(rng.uniform(-0.06, 0.14))
    return -float(rng.uniform(0.05, 0.12))


def joint_pixels(camera: Camera, joints: Floats, caster: Caster) -> Floats:
    """Return (18, 3) float32: x, y in pixels and 1 = seen, .5 = hidden, 0 = outside the picture.

    joints: (18, 3) float32 metres. A joint is hidden when something lies before it that is not
    the limb around it or the clothes on that limb. `caster` holds the person.
    """
    eye = np.array(camera.eye, np.float32)
    rays = joints.astype(np.float32) - eye
    length = np.linalg.norm(rays, axis=1)
    reach = np.array([_REACH[joint] for joint in Joint], np.float32)
    blocked = caster.blocked(
        np.broadcast_to(eye, rays.shape).copy(),
        (rays / length[:, None]).astype(np.float32),
        (length - reach).astype(np.float32),
    )
    answer = project(camera, joints)
    answer[:, 2] = np.where(blocked, 0.5, 1.0)
    answer[~inside(camera, answer[:, :2]), 2] = 0
    return answer


def inside(camera: Camera, points: Floats) -> NDArray[np.bool_]:
    """Return (n,) bool, whether pixels x, y (n, 2) are in the picture."""
    edge = np.array([camera.size[1], camera.size[0]], np.float32) - 0.5
    return np.asarray(((points >= -0.5) & (points < edge)).all(axis=1), bool)
