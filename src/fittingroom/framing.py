"""Who is dressed, whether that can work, and the frame around them."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fittingroom.errors import ErrorCode, FittingRoomError, WarningCode
from fittingroom.geometry import Frame
from fittingroom.skeleton import Joint
from fittingroom.types import Notice, Points, Pose, Size

WORKING_SIZE: Final = Size(768, 576)
"""Size of the try-on frame: head to mid-thigh, so that a torso has about 300 pixels."""

SMALLEST_TORSO: Final = 40.0
"""Neck to hip, in photo pixels; below it a garment has no detail left to show."""

TORSO_OF_SHOULDERS: Final = 1.45
"""Neck to hip of an adult seen from the front, in shoulder widths."""

HIPS_OF_SHOULDERS: Final = 0.6
"""Distance between the hip joints, in shoulder widths."""

LEAST_TORSO_INSIDE: Final = 0.5
"""Share of the line from neck to hip that must lie inside the photo."""

GUESSED_SCORE: Final = 0.05
"""Score of a joint that was not seen but estimated from others."""

CONFIDENT: Final = 0.3
"""Mean score of torso and arms below which the result may be off."""

HEADROOM: Final = 0.8
"""From the neck to above the hair, in torso lengths."""

THIGHS: Final = 0.55
"""From the hips to the frame's lower border, in torso lengths."""

SIDE_MARGIN: Final = 0.35
"""Room for clothes beside the outermost joint, in torso lengths."""

HAND: Final = 0.35
"""From the wrist to beyond the finger tips, in torso lengths."""

SHOULDERS: Final = (Joint.RIGHT_SHOULDER, Joint.LEFT_SHOULDER)
HIPS: Final = (Joint.RIGHT_HIP, Joint.LEFT_HIP)
ELBOWS: Final = (Joint.RIGHT_ELBOW, Joint.LEFT_ELBOW)
WRISTS: Final = (Joint.RIGHT_WRIST, Joint.LEFT_WRIST)
EYES: Final = (Joint.RIGHT_EYE, Joint.LEFT_EYE)
EARS: Final = (Joint.RIGHT_EAR, Joint.LEFT_EAR)
DRESSED: Final = (Joint.NECK, *SHOULDERS, *HIPS, *ELBOWS, *WRISTS)


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """The person who is dressed.

    pose: in photo pixels, neck and hips complete: those not seen are estimated and carry
        GUESSED_SCORE. notices: what may lower the quality.
    """

    pose: Pose
    notices: tuple[Notice, ...]


def choose_subject(people: tuple[Pose, ...], photo: Size) -> Subject:
    """Return the first of `people`, fit to be dressed, or say why nobody is.

    people: in photo pixels, the main person first. Raises no_person, person_too_small or
    torso_not_visible.
    """
    if not people:
        advice = "nobody was found in the person photo; give one that shows head and torso"
        raise FittingRoomError(ErrorCode.NO_PERSON, advice)
    found = people[0]
    pose = _with_hips(_with_neck(found), photo)
    if torso_length(pose) < SMALLEST_TORSO:
        advice = f"neck to hip has under {SMALLEST_TORSO:.0f} pixels; give a closer or larger photo"
        raise FittingRoomError(ErrorCode.PERSON_TOO_SMALL, advice)
    if _share_inside(pose, photo) < LEAST_TORSO_INSIDE:
        raise _torso_not_visible("most of the torso lies outside the photo")
    return Subject(pose, _notices(people, found))


def try_on_frame(pose: Pose, photo: Size, working: Size = WORKING_SIZE) -> Frame:
    """Return the frame from above the head to mid-thigh that holds both arms.

    pose: a complete subject's, in photo pixels. The rectangle ends at the photo's borders, so
    that a half body fills the frame.
    """
    torso = max(torso_length(pose), shoulder_width(pose))
    neck, hips = pose.point(Joint.NECK), middle(pose, HIPS)
    body = _seen(pose, (*SHOULDERS, *HIPS, *ELBOWS))
    wrists, face = _seen(pose, WRISTS), _seen(pose, (Joint.NOSE, *EYES, *EARS))
    lowest = np.array([[hips[0], hips[1] + THIGHS * torso], [neck[0], neck[1] - HEADROOM * torso]])
    spread = np.array([SIDE_MARGIN * torso, 0])
    rows = [body - spread, body + spread, lowest]
    rows += [wrists - HAND * torso, wrists + HAND * torso, face - HAND * torso]
    corners = np.concatenate(rows)
    left, top = np.maximum(corners.min(axis=0), 0)
    right, bottom = np.minimum(corners.max(axis=0), (photo.width, photo.height))
    return Frame.covering(float(left), float(top), float(right), float(bottom), working)


def middle(pose: Pose, joints: tuple[Joint, ...]) -> NDArray[np.float32]:
    """Return the mean (2,) of joints, x and y."""
    return pose.joints[list(joints)].mean(axis=0)


def shoulder_width(pose: Pose) -> float:
    """Distance between the shoulders, in the pose's pixels."""
    right, left = (pose.point(joint) for joint in SHOULDERS)
    return float(np.hypot(*(left - right)))


def torso_length(pose: Pose) -> float:
    """Distance from the neck to the middle of the hips, in the pose's pixels."""
    return float(np.hypot(*(middle(pose, HIPS) - pose.point(Joint.NECK))))


def _seen(pose: Pose, joints: tuple[Joint, ...]) -> Points:
    """Points (n, 2) of those of `joints` that were seen."""
    return pose.joints[[joint for joint in joints if pose.sees(joint)]]


def _torso_not_visible(reason: str) -> FittingRoomError:
    advice = f"{reason}; give a photo that shows shoulders and waist from the front"
    return FittingRoomError(ErrorCode.TORSO_NOT_VISIBLE, advice)


def _completed(pose: Pose, points: dict[Joint, NDArray[np.floating]]) -> Pose:
    joints, scores = pose.joints.copy(), pose.scores.copy()
    for joint, point in points.items():
        joints[joint], scores[joint] = point, GUESSED_SCORE
    return Pose(joints, scores)


def _with_neck(pose: Pose) -> Pose:
    if not pose.sees(*SHOULDERS):
        raise _torso_not_visible("the shoulders are not both visible")
    if pose.sees(Joint.NECK):
        return pose
    return _completed(pose, {Joint.NECK: middle(pose, SHOULDERS)})


def _with_hips(pose: Pose, photo: Size) -> Pose:
    """Estimate hips that the photo's lower border cuts off, or one that something hides."""
    unseen = [joint for joint in HIPS if not pose.sees(joint)]
    if not unseen:
        return pose
    right, left = (pose.point(joint) for joint in SHOULDERS)
    across = (left - right) * HIPS_OF_SHOULDERS
    if len(unseen) == 1:
        other = HIPS[1 - HIPS.index(unseen[0])]
        sign = 1 if unseen[0] == Joint.LEFT_HIP else -1
        return _completed(pose, {unseen[0]: pose.point(other) + sign * across})
    width = shoulder_width(pose)
    drop = np.array([0.0, TORSO_OF_SHOULDERS * width])
    below = pose.point(Joint.NECK) + drop
    if below[1] < photo.height - 0.35 * width:
        raise _torso_not_visible("the hips are hidden")
    return _completed(
        pose, {Joint.RIGHT_HIP: below - across / 2, Joint.LEFT_HIP: below + across / 2}
    )


def _share_inside(pose: Pose, photo: Size) -> float:
    """Share of the line from neck to hip that lies inside the photo."""
    steps = np.linspace(0, 1, 41)[:, None]
    line = pose.point(Joint.NECK) * (1 - steps) + middle(pose, HIPS) * steps
    inside = np.all((line >= 0) & (line <= (photo.width, photo.height)), axis=1)
    return float(inside.mean())


def _notices(people: tuple[Pose, ...], pose: Pose) -> tuple[Notice, ...]:
    notices = []
    if len(people) > 1:
        text = f"{len(people)} people were found; the one with the largest torso is dressed"
        notices.append(Notice(WarningCode.SEVERAL_PERSONS, text))
    if _turned_away(pose):
        text = "the person seems to be seen from behind; the garment's front is shown"
        notices.append(Notice(WarningCode.BACK_VIEW, text))
    unsure = _seen_score(pose) < CONFIDENT
    if unsure or not pose.sees(*HIPS):
        text = "torso and arms are hard to see; " if unsure else "the hips are not in the photo; "
        notices.append(Notice(WarningCode.LOW_CONFIDENCE, text + "look at the result closely"))
    return tuple(notices)


def _seen_score(pose: Pose) -> float:
    """Mean score of the joints of torso and arms that were seen."""
    scores = pose.scores[list(DRESSED)]
    return float(scores[scores > 0].mean())


def _turned_away(pose: Pose) -> bool:
    """Whether the shoulders are crossed, or ears show where no nose and eyes do."""
    right, left = (pose.point(joint) for joint in SHOULDERS)
    faceless = not any(pose.sees(joint) for joint in (Joint.NOSE, *EYES))
    eared = any(pose.sees(joint) for joint in EARS)
    return bool(right[0] > left[0]) or (faceless and eared)
