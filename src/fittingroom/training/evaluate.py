"""Validation figures of pose and parsing, on street photos and on studio cuts of them.

Every picture is looked at once and counted by itself; figures of any choice of pictures are sums
of such counts.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom.labels import IGNORED, LIP_COUNT, SKIN, Lip
from fittingroom.skeleton import Joint
from fittingroom.stages.parsing import Parser, to_lip
from fittingroom.stages.pose import PoseEstimator
from fittingroom.training.ccp import LabelledPhoto, shoulder_width
from fittingroom.training.tones import face_tone
from fittingroom.training.views import cut_out, head_top, studio_ground
from fittingroom.types import Image, LabelMap, Pose

Counts: TypeAlias = NDArray[np.int64]

REACH: Final = 0.25
"""A joint is right within this share of max(shoulder width, half of neck to hip)."""

UPPER: Final = [
    Joint.NECK,
    Joint.RIGHT_SHOULDER,
    Joint.LEFT_SHOULDER,
    Joint.RIGHT_ELBOW,
    Joint.LEFT_ELBOW,
    Joint.RIGHT_WRIST,
    Joint.LEFT_WRIST,
]

GROUPS: Final[dict[str, tuple[int, ...]]] = {
    "background": (Lip.BACKGROUND,),
    "hair": (Lip.HAIR,),
    "skin": SKIN,
    "top": (Lip.UPPER_CLOTHES, Lip.COAT),
    "dress": (Lip.DRESS,),
    "pants": (Lip.PANTS,),
    "skirt": (Lip.SKIRT,),
    "shoes": (Lip.LEFT_SHOE, Lip.RIGHT_SHOE),
}

SIDES: Final[dict[str, tuple[Lip, Lip]]] = {
    "arm": (Lip.LEFT_ARM, Lip.RIGHT_ARM),
    "leg": (Lip.LEFT_LEG, Lip.RIGHT_LEG),
}
"""Bare limbs of which each side is also measured alone."""


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A validation picture.

    image: (h, w, 3) uint8. classes: (h, w) uint8, 255 = not counted. joints: (18, 2) float32 of
    the teacher, NaN outside the picture. weights: (18,), 0 where the teacher is unsure. tone:
    light, middle or dark, None where it is not known.
    """

    name: str
    image: NDArray[np.uint8]
    classes: NDArray[np.uint8]
    joints: NDArray[np.float32]
    weights: NDArray[np.float32]
    unit: float
    tone: str | None = None


def street_example(photo: LabelledPhoto) -> Example:
    """The photo as it is."""
    assert photo.classes is not None
    return Example(
        photo.name,
        photo.image,
        photo.classes,
        _inside(photo.pose.joints, photo.image.shape),
        photo.pose.weights,
        shoulder_width(photo.pose.joints),
        face_tone(photo.image, photo.classes),
    )


def studio_example(photo: LabelledPhoto) -> Example:
    """The same person cut at waist or thigh, with a clean matte, on a plain ground.

    Drawn by the photo's own name, so that it is the same every time. Three wide, four high.
    """
    assert photo.classes is not None
    rng = np.random.default_rng(int(photo.name))
    joints = photo.pose.joints
    hips = float(joints[[Joint.LEFT_HIP, Joint.RIGHT_HIP], 1].mean())
    knees = float(joints[[Joint.LEFT_KNEE, Joint.RIGHT_KNEE], 1].mean())
    torso = hips - float(joints[Joint.NECK, 1])
    bottom = int(rng.uniform(hips - 0.25 * torso, (hips + knees) / 2))
    top = int(head_top(joints) - rng.uniform(0.1, 0.4) * torso)
    height = bottom - top
    width = int(0.75 * height)
    left = int(joints[Joint.NECK, 0] + rng.normal(0, 0.04) * width - width / 2)
    matrix = np.array([[1.0, 0.0, -left], [0.0, 1.0, -top]])
    ground = cv2.resize(studio_ground(rng), (width, height), interpolation=cv2.INTER_LINEAR)
    image, classes = cut_out(photo, matrix, ground)
    moved = (joints - np.array([left, top])).astype(np.float32)
    return Example(
        photo.name,
        image,
        classes,
        _inside(moved, image.shape),
        photo.pose.weights,
        shoulder_width(joints),
        face_tone(photo.image, photo.classes),
    )


def read_checked(path: Path, photos: list[LabelledPhoto]) -> list[Example]:
    """Street photos whose joints were checked by looking.

    path: JSON {photo name: {joint name: [x, y, seen] or null}}. A joint that was not checked, or
    is hidden, is not counted.
    """
    checked: dict[str, dict[str, list[float] | None]] = json.loads(path.read_text())
    examples = []
    for photo in photos:
        if photo.name in checked:
            example = street_example(photo)
            joints, weights = example.joints.copy(), np.zeros(18, np.float32)
            for name, point in checked[photo.name].items():
                joints[Joint[name]] = np.nan if point is None else point[:2]
                weights[Joint[name]] = 0 if point is None else point[2]
            examples.append(replace(example, joints=joints, weights=weights))
    return examples


def _inside(joints: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    x, y = joints[:, 0], joints[:, 1]
    inside = (x >= 0) & (x < shape[1]) & (y >= 0) & (y < shape[0])
    return np.where(inside[:, None], joints, np.nan).astype(np.float32)


def main_pose(estimator: PoseEstimator, image: Image) -> Pose | None:
    """Pose of the main person of a picture (h, w, 3); None where nobody is seen."""
    people = estimator(image)
    return people[0] if people else None


@dataclass(frozen=True, slots=True, eq=False)
class JointCounts:
    """What became of one picture's joints, each (18,) bool.

    known: visible, and the teacher is sure. right, missed: of the known ones. outside: outside
    the picture. invented: reported all the same. peopled: whether anybody was seen.
    """

    known: NDArray[np.bool_]
    right: NDArray[np.bool_]
    missed: NDArray[np.bool_]
    outside: NDArray[np.bool_]
    invented: NDArray[np.bool_]
    peopled: bool


def count_joints(pose: Pose | None, example: Example) -> JointCounts:
    """Compare the main person's joints with the teacher's."""
    seen = np.zeros(18, bool) if pose is None else pose.scores > 0
    joints = np.zeros((18, 2)) if pose is None else pose.joints
    visible = np.isfinite(example.joints[:, 0])
    known = visible & (example.weights > 0)
    off = np.linalg.norm(joints - np.nan_to_num(example.joints), axis=1)
    near = seen & (off <= REACH * example.unit)
    return JointCounts(
        known, known & near, known & ~seen, ~visible, ~visible & seen, pose is not None
    )


@dataclass(frozen=True, slots=True)
class PoseScore:
    """Shares 0..1; `right` counts a missed joint as wrong; `by_joint` in the joints' order.

    upper: as `right`, of neck, shoulders, elbows and wrists only. invented: of the joints outside
    the picture, those reported all the same. NaN where no picture shows a joint. seen: number of
    the pictures in which anybody was seen.
    """

    right: float
    upper: float
    missed: float
    invented: float
    seen: int
    pictures: int
    by_joint: tuple[float, ...]


def score_pose(counts: Sequence[JointCounts]) -> PoseScore:
    """Pool the joints of some pictures."""
    known, right, missed, outside, invented = (
        np.sum([getattr(count, name) for count in counts], axis=0)
        for name in ("known", "right", "missed", "outside", "invented")
    )
    return PoseScore(
        _share(right.sum(), known.sum()),
        _share(right[UPPER].sum(), known[UPPER].sum()),
        _share(missed.sum(), known.sum()),
        invented.sum() / max(1, outside.sum()),
        sum(count.peopled for count in counts),
        len(counts),
        tuple(_share(*pair) for pair in zip(right, known, strict=True)),
    )


def _share(part: np.int64, whole: np.int64) -> float:
    return float(part / whole) if whole else float("nan")


def count_peopled(estimator: PoseEstimator, pictures: Iterable[NDArray[np.uint8]]) -> int:
    """Number of pictures (h, w, 3) in which somebody is seen."""
    return sum(bool(estimator(picture)) for picture in pictures)


def label_person(parser: Parser, pose: Pose | None, image: Image) -> LabelMap:
    """LIP-20 labels (h, w) of a picture's main person; all background where nobody is seen."""
    if pose is None:
        return np.zeros(image.shape[:2], np.uint8)
    return to_lip(parser.parse_photo(image, pose))


def count_pixels(labels: LabelMap, classes: LabelMap) -> Counts:
    """Pixels (20, 20) by true class, down, and predicted label, across.

    labels: (h, w), `Lip`. classes: the truth (h, w), `Lip` or `Part`, 255 = not counted.
    """
    truth = to_lip(classes)
    counted = (classes != IGNORED) & (truth != IGNORED)
    pairs = truth[counted].astype(np.int64) * LIP_COUNT + labels[counted]
    return np.bincount(pairs, minlength=LIP_COUNT**2).reshape(LIP_COUNT, LIP_COUNT)


def score_parsing(table: Counts) -> dict[str, float]:
    """Intersection over union of each group, and means, of counts (20, 20) of pixels.

    The counts of several pictures are added before. Groups and sides that no picture shows are
    left out. `mean` is over the groups that are left, `mean_without_dress` over these but the
    dress; people in a dress still count in the other groups. A studio cut shows no shoes, so its
    means are over seven and six groups. Of arms and legs each side is also told alone
    (`left_arm`), and `arms` and `legs` are the means of both; the truth of photos took its sides
    from the teacher's joints.
    """
    groups = {name: iou(table, members) for name, members in GROUPS.items()}
    shown = {name: value for name, value in groups.items() if value is not None}
    figures = dict(shown)
    figures["mean"] = _mean(shown.values())
    figures["mean_without_dress"] = _mean(v for name, v in shown.items() if name != "dress")
    for limb, (left, right) in SIDES.items():
        both = {f"left_{limb}": iou(table, (left,)), f"right_{limb}": iou(table, (right,))}
        known = {name: value for name, value in both.items() if value is not None}
        figures |= known
        if len(known) == 2:
            figures[f"{limb}s"] = _mean(known.values())
    return figures


def iou(table: Counts, members: Sequence[int]) -> float | None:
    """Intersection over union of some labels taken as one; None where the truth has none."""
    actual = int(table[list(members)].sum())
    if actual == 0:
        return None
    both = int(table[np.ix_(members, members)].sum())
    return both / (actual + int(table[:, list(members)].sum()) - both)


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))
