"""The body that a rig is laid on: joints completed, arms as tapered tubes, the torso's outline.

Sides are counted as seen: side 0 is on the picture's left. In a front view that is the wearer's
right. All lengths are in frame pixels.
"""

from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom.labels import Lip
from fittingroom.skeleton import Joint
from fittingroom.types import Mask, Person, Points, Pose, Size

Floats = NDArray[np.float32]

TORSO_LENGTHS_PER_UNIT: Final = 1.7
"""Neck to mid-hip over the usual shoulder width."""
LEVELS: Final = np.linspace(0.0, 1.8, 19, dtype=np.float32)
"""Heights on the torso: 0 at the neck joint, 1 between the hips."""
_HALF_WIDTHS: Final = np.interp(
    LEVELS,
    [0.0, 0.25, 0.45, 0.7, 1.0, 1.2, 1.8],
    [0.52, 0.51, 0.47, 0.43, 0.51, 0.54, 0.54],
).astype(np.float32)
"""Half the torso's width at LEVELS, in shoulder widths."""
_ARM_PLACES: Final = (0.0, 0.35, 0.95, 1.25, 1.9, 2.2)
_ARM_RADII: Final = (0.155, 0.14, 0.105, 0.105, 0.068, 0.07)
"""Radius of the arm at places 0 shoulder .. 1 elbow .. 2 wrist, in units."""
_SIDES: Final = (
    (Joint.RIGHT_SHOULDER, Joint.RIGHT_ELBOW, Joint.RIGHT_WRIST, Joint.RIGHT_HIP),
    (Joint.LEFT_SHOULDER, Joint.LEFT_ELBOW, Joint.LEFT_WRIST, Joint.LEFT_HIP),
)
_TORSO_LABELS: Final = (
    Lip.UPPER_CLOTHES, Lip.DRESS, Lip.PANTS, Lip.SKIRT, Lip.TORSO_SKIN, Lip.COAT,
)  # fmt: skip

_SHOULDER_LABELS: Final = (*_TORSO_LABELS, Lip.LEFT_ARM, Lip.RIGHT_ARM)


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """One person's upper body in the frame.

    neck, hip: (2,) middle of the shoulders and of the hips. shoulders, hips: (2, 2) by side.
    arms: per side (3, 2) shoulder, elbow, wrist. known: per side, how many of these joints were
    seen (1..3); the rest is guessed. unit: the usual shoulder width of a body of this height.
    width: shoulder width as seen, kept within bounds. halves: (2, levels) half widths of the
    torso by side at LEVELS. thickness: per side, upper arm as seen over the usual one, 1..1.6.
    shoulder_lines: per side (2, 2), where the neck meets the shoulder and
    the top of the shoulder's end. back: whether the person is seen from behind.
    """

    neck: Points
    hip: Points
    shoulders: Points
    hips: Points
    arms: tuple[Points, Points]
    known: tuple[int, int]
    unit: float
    width: float
    halves: Floats
    thickness: tuple[float, float]
    shoulder_lines: tuple[Points, Points]
    back: bool

    @property
    def down(self) -> Points:
        """Unit vector from the neck to the hips."""
        return _unit(self.hip - self.neck)

    @property
    def length(self) -> float:
        """Neck to mid-hip in pixels."""
        return float(np.linalg.norm(self.hip - self.neck))

    def across(self, level: float) -> Points:
        """Unit vector from side 0 to side 1 at a height of the torso."""
        share = float(np.clip(level, 0, 1))
        top = _unit(self.shoulders[1] - self.shoulders[0])
        bottom = _unit(self.hips[1] - self.hips[0])
        return _unit((1 - share) * top + share * bottom)

    def centre(self, level: float) -> Points:
        """Point (2,) on the torso's middle line."""
        return np.asarray(self.neck + level * (self.hip - self.neck), np.float32)

    def half(self, side: int, level: float) -> float:
        """Half width of the torso at a height."""
        return float(np.interp(level, LEVELS, self.halves[side]))

    def edge(self, side: int, level: float, half: float) -> Points:
        """Point (2,) at `half` pixels from the middle line, on a side."""
        sign = 2 * side - 1
        return np.asarray(self.centre(level) + sign * half * self.across(level), np.float32)

    def arm_radius(self, place: Floats) -> Floats:
        """Radius of the arm at places 0 shoulder .. 1 elbow .. 2 wrist."""
        radii = np.interp(place, _ARM_PLACES, _ARM_RADII)
        return np.asarray(radii * self.unit, np.float32)


def _unit(vector: NDArray[np.floating]) -> Points:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-6), np.float32)


def _complete_hips(pose: Pose, neck: Points, width: float) -> tuple[Points, Points]:
    """Both hips; a missing one mirrors the other or hangs below the shoulders."""
    right, left = Joint.RIGHT_HIP, Joint.LEFT_HIP
    if pose.sees(right, left):
        return pose.point(right), pose.point(left)
    if pose.sees(right) or pose.sees(left):
        seen = pose.point(right if pose.sees(right) else left)
        other = np.array([2 * neck[0] - seen[0], seen[1]], np.float32)
        return (seen, other) if pose.sees(right) else (other, seen)
    below = neck + np.array([0, TORSO_LENGTHS_PER_UNIT * width], np.float32)
    across = (pose.point(Joint.LEFT_SHOULDER) - pose.point(Joint.RIGHT_SHOULDER)) * 0.3
    return below - across, below + across


def _complete_arm(
    pose: Pose, joints: tuple[Joint, Joint, Joint], outward: float, unit: float
) -> tuple[Points, int]:
    """Shoulder, elbow and wrist (3, 2) and how many were seen without a gap."""
    shoulder, elbow, wrist = (pose.point(joint) for joint in joints)
    if not pose.sees(joints[1]):
        hang = np.array([0.2 * outward, 0.97], np.float32) * unit
        return np.stack([shoulder, shoulder + 0.85 * hang, shoulder + 1.6 * hang]), 1
    if not pose.sees(joints[2]):
        forearm = _unit(elbow - shoulder) * 0.75 * unit
        return np.stack([shoulder, elbow, elbow + forearm]), 2
    return np.stack([shoulder, elbow, wrist]), 3


def read_body(person: Person) -> Body:
    """Complete a person's joints and measure the torso; both shoulders must have been seen."""
    pose = person.pose
    right, left = pose.point(Joint.RIGHT_SHOULDER), pose.point(Joint.LEFT_SHOULDER)
    back = bool(right[0] > left[0])
    neck = np.asarray((right + left) / 2, np.float32)
    seen_width = float(np.linalg.norm(right - left))
    hips = _complete_hips(pose, neck, seen_width)
    hip = np.asarray((hips[0] + hips[1]) / 2, np.float32)
    unit = max(float(np.linalg.norm(hip - neck)) / TORSO_LENGTHS_PER_UNIT, 1.0)
    sides = _SIDES[::-1] if back else _SIDES
    arms = [
        _complete_arm(pose, joints[:3], 2.0 * side - 1, unit) for side, joints in enumerate(sides)
    ]
    body = Body(
        neck=neck,
        hip=hip,
        shoulders=np.stack([right, left][:: -1 if back else 1]),
        hips=np.stack(hips[:: -1 if back else 1]),
        arms=(arms[0][0], arms[1][0]),
        known=(arms[0][1], arms[1][1]),
        unit=unit,
        width=float(np.clip(seen_width, 0.7 * unit, 1.3 * unit)),
        halves=np.zeros((2, len(LEVELS)), np.float32),
        thickness=(1.0, 1.0),
        shoulder_lines=(arms[0][0], arms[1][0]),
        back=back,
    )
    return _measured(body, person)


def _measured(body: Body, person: Person) -> Body:
    """Give the body its torso's half widths, as seen in the labels within the usual bounds."""
    usual = _HALF_WIDTHS * body.width
    arms = np.zeros(person.size, np.uint8)
    for side in (0, 1):
        arms |= arm_mask(body, side, person.size, 1.0, 2.0, 1.0)
    torso = person.parsing.mask(*_TORSO_LABELS) & ~arms
    coat = person.parsing.mask(Lip.COAT)
    halves = np.stack([_half_widths(body, side, usual, torso, coat) for side in (0, 1)])
    lines = [_shoulder_line(body, side, person) for side in (0, 1)]
    thick = [_thickness(body, side, person) for side in (0, 1)]
    return replace(
        body,
        halves=halves,
        thickness=(thick[0], thick[1]),
        shoulder_lines=(lines[0], lines[1]),
    )


def _thickness(body: Body, side: int, person: Person) -> float:
    """How far the bare upper arm reaches outward of its bone, over the usual radius, 1..1.6."""
    places = np.linspace(0.35, 0.95, 9, dtype=np.float32)
    points = along_arm(body.arms[side], places)
    along = _unit(body.arms[side][1] - body.arms[side][0])
    outward = np.array([-along[1], along[0]]) * (1 - 2 * side)
    bare = person.parsing.mask(Lip.LEFT_ARM, Lip.RIGHT_ARM)
    reaches = []
    for point, radius in zip(points, body.arm_radius(places), strict=True):
        steps = np.arange(0.3, 2.0, 0.05) * radius
        spots = np.round(point + steps[:, None] * outward).astype(int)
        spots = np.clip(spots, 0, np.array(bare.shape[::-1]) - 1)
        seen = bare[spots[:, 1], spots[:, 0]] > 0
        if seen[0]:
            reaches.append(steps[-1 if seen.all() else int(seen.argmin())] / radius)
    return float(np.clip(np.median(reaches), 1, 1.6)) if len(reaches) > 3 else 1.0


def _shoulder_line(body: Body, side: int, person: Person) -> Points:
    """Neck side and shoulder end (2, 2) on a side: by rule, then moved to what is seen."""
    outward = (2 * side - 1) * body.across(0)
    neck = body.neck + outward * 0.19 * body.width - body.down * 0.25 * body.unit
    end = body.shoulders[side] + outward * 0.04 * body.unit - body.down * 0.10 * body.unit
    line = np.stack([neck, end])
    shares = np.linspace(0.1, 1, 10, dtype=np.float32)[:, None]
    rises = _rises(line[0] + shares * (line[1] - line[0]), body, person)
    near, far = rises[:4], rises[6:]
    for index, part in enumerate((near, far)):
        found = part[np.isfinite(part)]
        if len(found) >= 2:
            line[index, 1] += np.clip(np.median(found), -0.09 * body.unit, 0.09 * body.unit)
    return line.astype(np.float32)


def _rises(points: Points, body: Body, person: Person) -> Floats:
    """How much lower (n,) than each point the shoulder's visible top lies; NaN where hidden."""
    labels = person.parsing.labels
    reach = round(0.28 * body.unit)
    rises = np.full(len(points), np.nan, np.float32)
    for index, (x, y) in enumerate(np.round(points).astype(int)):
        top, bottom = max(0, y - reach), y + reach
        if not (0 <= x < labels.shape[1] and 0 < bottom < labels.shape[0]):
            continue
        column = labels[top:bottom, x]
        own = np.isin(column, _SHOULDER_LABELS)
        start = int(own.argmax())
        if own.any() and start > 0 and column[start - 1] == Lip.BACKGROUND:
            thick = 0.04 * body.unit if column[start] == Lip.COAT else 0.0
            rises[index] = top + start - y + thick
    return rises


def _half_widths(body: Body, side: int, usual: Floats, torso: Mask, coat: Mask) -> Floats:
    """Half widths (levels,) of the torso on a side."""
    reach = np.arange(0, 1.0, 0.01) * body.width
    seen = np.empty(len(LEVELS), np.float32)
    for index, level in enumerate(LEVELS):
        start, direction = body.centre(level), (2 * side - 1) * body.across(level)
        spots = np.round(start + reach[:, None] * direction).astype(int)
        spots = np.clip(spots, 0, np.array(torso.shape[::-1]) - 1)
        empty = np.nonzero(torso[spots[:, 1], spots[:, 0]] == 0)[0]
        empty = empty[empty > 25]
        end = int(empty[0]) if len(empty) else len(reach) - 1
        most = 1.06 if coat[spots[end - 1, 1], spots[end - 1, 0]] else 1.3
        seen[index] = np.clip(reach[end], 0.9 * usual[index], most * usual[index])
    smooth = cv2.GaussianBlur(seen[None], (7, 1), 1.2, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(smooth[0], np.float32)


def arm_mask(
    body: Body, side: int, size: Size, widen: float, until: float, start: float = 0.0
) -> Mask:
    """Mask of an arm as a tapered tube from place `start` to `until` (0 shoulder .. 2 wrist)."""
    mask = np.zeros(size, np.uint8)
    places = np.linspace(start, until, 24, dtype=np.float32)
    points = along_arm(body.arms[side], places)
    for point, radius in zip(points, body.arm_radius(places) * widen, strict=True):
        centre = (round(float(point[0]) * 16), round(float(point[1]) * 16))
        cv2.circle(mask, centre, round(float(radius) * 16), 255, -1, cv2.LINE_8, 4)
    return mask


def along_arm(arm: Points, places: Floats) -> Points:
    """Points (n, 2) at places 0 shoulder .. 1 elbow .. 2 wrist, and straight on beyond it."""
    bend = np.minimum(places, 1)[:, None]
    beyond = np.maximum(places - 1, 0)[:, None]
    points = arm[0] + bend * (arm[1] - arm[0]) + beyond * (arm[2] - arm[1])
    return np.asarray(points, np.float32)


def arm_places(arm: Points, size: Size) -> tuple[Floats, Floats]:
    """For every pixel its place along the arm (0 shoulder .. 2 wrist, beyond: hand), distance.

    Both (h, w) float32; worked out on every second pixel.
    """
    x = np.arange(0.5, size.width, 2, dtype=np.float32)[None]
    y = np.arange(0.5, size.height, 2, dtype=np.float32)[:, None]
    upper, upper_gap = _along_bone(arm[0], arm[1], x, y, (-0.5, 1.0))
    lower, lower_gap = _along_bone(arm[1], arm[2], x, y, (0.0, 9.0))
    place = np.where(lower_gap < upper_gap, 1 + lower, upper)
    both = np.stack([place, np.minimum(upper_gap, lower_gap)], axis=-1)
    full = cv2.resize(both, (size.width, size.height), interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(full[..., 0]), np.ascontiguousarray(full[..., 1])


def _along_bone(
    start: Points, end: Points, x: Floats, y: Floats, reach: tuple[float, float]
) -> tuple[Floats, Floats]:
    """Place along a bone (0 start .. 1 end, within `reach`) and distance from it, (h, w) each."""
    bone = end - start
    length = max(float(bone @ bone), 1e-6)
    share = np.clip(((x - start[0]) * bone[0] + (y - start[1]) * bone[1]) / length, *reach)
    gap = np.hypot(x - start[0] - share * bone[0], y - start[1] - share * bone[1])
    return np.asarray(share, np.float32), np.asarray(gap, np.float32)
