"""Synthetic people as labelled photos, as `compose_people` left them in a folder.

Every `HELD_BACK`th body is kept out of training, with all that it wears.
"""

import json
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom.labels import IGNORED, Lip
from fittingroom.training.ccp import LabelledPhoto, read_rgb
from fittingroom.training.offsets import as_the_teacher_sees
from fittingroom.training.teacher import TeacherPose

HELD_BACK: Final = 8
"""Bodies whose number divides by this are for validation."""

ROUGHNESS: Final = 1.5
"""Standard deviation, in pixels of a view, by which a training label's borders stray."""

MISTAKE: Final = 0.06
"""Share of the views in which one class is taken for another that photos mix it up with."""

MIXED_UP: Final = (
    (Lip.UPPER_CLOTHES, Lip.COAT),
    (Lip.DRESS, Lip.UPPER_CLOTHES),
    (Lip.SKIRT, Lip.DRESS),
    (Lip.PANTS, Lip.SKIRT),
)


def read_person(path: Path, exact: bool = False) -> tuple[LabelledPhoto, dict[str, Any]]:
    """Read one composed person by its .json file; also return its facts.

    Joints are where the teacher would see them, or with `exact` where the body has them.
    """
    facts = json.loads(path.read_text())
    joints = np.array(facts["joints"], np.float32)
    points = joints[:, :2] if exact else as_the_teacher_sees(joints[:, :2])
    classes = cv2.imread(str(path.with_suffix(".png")), cv2.IMREAD_UNCHANGED)
    if classes is None:
        raise ValueError(f"{path.with_suffix('.png')} is not a readable picture")
    pose = TeacherPose(points, (joints[:, 2] > 0).astype(np.float32), ())
    image = read_rgb(path.with_suffix(".jpg"))
    return LabelledPhoto(path.stem, image, np.asarray(classes, np.uint8), pose), facts


def read_people(folder: Path, held_back: bool) -> list[LabelledPhoto]:
    """Read the composed people for training, or those of the bodies that are held back."""
    people = []
    for path in sorted(folder.glob("*.json")):
        photo, facts = read_person(path)
        if is_held_back(str(facts["body"])) == held_back:
            people.append(photo)
    return people


def is_held_back(body: str) -> bool:
    """Whether a body, by its name, is for validation."""
    return int("".join(filter(str.isdigit, body)) or 0) % HELD_BACK == 0


def degraded(classes: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Roughen exact labels (h, w) to the mistakes of hand-made ones.

    Borders stray by a smooth random field; now and then a class is taken for a similar one.
    """
    height, width = classes.shape
    coarse = rng.normal(0, 1, (2, height // 12 + 2, width // 12 + 2)).astype(np.float32)
    stray = [cv2.resize(plane, (width, height), interpolation=cv2.INTER_CUBIC) for plane in coarse]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    moved = cv2.remap(
        classes,
        x + ROUGHNESS * stray[0],
        y + ROUGHNESS * stray[1],
        cv2.INTER_NEAREST,
        borderMode=cv2.BORDER_REPLICATE,
    )
    result: NDArray[np.uint8] = np.asarray(moved, np.uint8)
    if rng.random() < MISTAKE:
        taken, given = MIXED_UP[rng.integers(len(MIXED_UP))]
        result[result == taken] = given
    assert not (result == IGNORED).any() or (classes == IGNORED).any()
    return result
