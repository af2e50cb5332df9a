"""Validation figures of pose and parsing, on street photos and on studio cuts of them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom.labels import IGNORED, SKIN, Lip
from fittingroom.skeleton import Joint
from fittingroom.stages.parsing import Parser, to_lip
from fittingroom.stages.pose import PoseEstimator
from fittingroom.training.ccp import LabelledPhoto, shoulder_width
from fittingroom.training.views import cut_out, head_top, studio_ground

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


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A validation picture.

    image: (h, w, 3) uint8. classes: (h, w) uint8, 255 = not counted. joints: (18, 2) float32 of
    the teacher, NaN outside the picture. weights: (18,), 0 where the teacher is unsure.
    """

    name: str
    image: NDArray[np.uint8]
    classes: NDArray[np.uint8]
    joints: NDArray[np.float32]
    weights: NDArray[np.float32]
    unit: float


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


@dataclass(frozen=True, slots=True)
class PoseScore:
    """Shares 0..1; `right` counts a missed joint as wrong; `by_joint` in the joints' order.

    upper: as `right`, of neck, shoulders, elbows and wrists only. NaN where no picture shows a
    joint.
    """

    right: float
    upper: float
    missed: float
    invented: float
    by_joint: tuple[float, ...]


def score_pose(estimator: PoseEstimator, examples: Iterable[Example]) -> PoseScore:
    """Compare the main person's joints with the teacher's.

    `invented` is the share of joints outside the picture that were reported all the same.
    """
    right, missed, known = np.zeros(18), np.zeros(18), np.zeros(18)
    invented, outside = 0, 0
    for example in examples:
        people = estimator(example.image)
        pose = people[0] if people else None
        seen = np.zeros(18, bool) if pose is None else pose.scores > 0
        joints = np.zeros((18, 2)) if pose is None else pose.joints
        visible = np.isfinite(example.joints[:, 0])
        counted = visible & (example.weights > 0)
        off = np.linalg.norm(joints - np.nan_to_num(example.joints), axis=1)
        right += counted & seen & (off <= REACH * example.unit)
        missed += counted & ~seen
        known += counted
        invented += int((~visible & seen).sum())
        outside += int((~visible).sum())
    return PoseScore(
        float(right.sum() / known.sum()),
        float(right[UPPER].sum() / known[UPPER].sum()),
        float(missed.sum() / known.sum()),
        invented / max(1, outside),
        tuple(np.where(known > 0, right / np.maximum(known, 1), np.nan).tolist()),
    )


def count_peopled(estimator: PoseEstimator, pictures: Iterable[NDArray[np.uint8]]) -> int:
    """Number of pictures (h, w, 3) in which somebody is seen."""
    return sum(bool(estimator(picture)) for picture in pictures)


def score_parsing(
    parser: Parser, estimator: PoseEstimator, examples: Iterable[Example]
) -> dict[str, float]:
    """Intersection over union of each group, pixels of all pictures pooled, and their mean.

    Groups that no picture shows are left out. Somebody whom the pose network does not find counts
    as all background.
    """
    both, either, shown = (dict.fromkeys(GROUPS, 0) for _ in range(3))
    for example in examples:
        people = estimator(example.image)
        labels = np.zeros(example.classes.shape, np.uint8)
        if people:
            labels = to_lip(parser.parse_photo(example.image, people[0]))
        truth, counted = to_lip(example.classes), example.classes != IGNORED
        for group, members in GROUPS.items():
            predicted = np.isin(labels, members) & counted
            actual = np.isin(truth, members) & counted
            both[group] += int((predicted & actual).sum())
            either[group] += int((predicted | actual).sum())
            shown[group] += int(actual.sum())
    scores = {group: both[group] / either[group] for group in GROUPS if shown[group]}
    return {**scores, "mean": float(np.mean(list(scores.values())))}
