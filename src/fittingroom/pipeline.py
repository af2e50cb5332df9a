"""The whole method on one screen: from two photos to the dressed person."""

import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, ParamSpec, TypeVar

import cv2
import numpy as np

from fittingroom.framing import choose_subject, try_on_frame
from fittingroom.geometry import Frame
from fittingroom.labels import UPPER_LAYERS, Lip
from fittingroom.stages.composition import Composition
from fittingroom.stages.parsing import to_lip
from fittingroom.types import (
    Category,
    Fusion,
    Garment,
    Image,
    LabelMap,
    Layout,
    Mask,
    Notice,
    Person,
    Pose,
    Size,
    WarpedGarment,
)

P = ParamSpec("P")
R = TypeVar("R")

LEAST_LAYER = 0.01
"""Share of the removed clothes from which a layer is named in the report."""


class Background(StrEnum):
    """What happens to the surroundings of the person."""

    KEEP = "keep"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Stages:
    """The parts of a try-on, each a callable, so that tests may pass plain functions.

    estimate_pose: photo to everyone in it, in photo pixels, the main person first.
    parse_person: frame image and the pose in it to Person.
    parse_photo: photo and pose to the classes (h, w), `Lip` or `Part`, of the whole photo.
    isolate_garment: product photo and category, None to tell it, to Garment.
    generate_semantics: where body parts and garment will lie.
    warp_clothes: the garment in the shape that the layout asks for.
    fuse_content: what lies under the garment, and the light on it.
    compose: the frame's changes put back into the full-size photo.
    plain_background: the composition on a plain ground, by the photo's classes.
    """

    estimate_pose: Callable[[Image], tuple[Pose, ...]]
    parse_person: Callable[[Image, Pose], Person]
    parse_photo: Callable[[Image, Pose], LabelMap]
    isolate_garment: Callable[[Image, Category | None], Garment]
    generate_semantics: Callable[[Person, Garment], Layout]
    warp_clothes: Callable[[Person, Garment, Layout], WarpedGarment]
    fuse_content: Callable[[Person, Garment, Layout, WarpedGarment], Fusion]
    compose: Callable[[Image, Frame, Garment, WarpedGarment, Layout, Fusion], Composition]
    plain_background: Callable[[Composition, Image, LabelMap], Composition]


@dataclass(frozen=True, slots=True, eq=False)
class TryOn:
    """The dressed photo and every step that led to it.

    image: (h, w, 3) uint8, the photo's size. changed: mask (h, w) uint8 of the pixels that the
    composition might write; elsewhere image equals the photo.
    people: everyone found, as found; pose: the dressed person's, completed; both in photo pixels.
    labels: LIP labels (h, w) of the whole photo, where they were asked for.
    milliseconds: by stage, in the order they ran.
    """

    image: Image
    changed: Mask
    people: tuple[Pose, ...]
    pose: Pose
    frame: Frame
    person: Person
    garment: Garment
    layout: Layout
    warped: WarpedGarment
    fusion: Fusion
    labels: LabelMap | None
    notices: tuple[Notice, ...]
    milliseconds: dict[str, float]

    @property
    def removed_layers(self) -> tuple[Lip, ...]:
        """The layers of old clothes that the garment replaced, the largest first."""
        under = self.person.parsing.labels[self.layout.removed >= 128]
        counts = np.bincount(under, minlength=len(Lip))
        layers = sorted(UPPER_LAYERS, key=lambda layer: -int(counts[layer]))
        least = max(1.0, LEAST_LAYER * under.size)
        return tuple(layer for layer in layers if counts[layer] >= least)


def try_on(
    photo: Image,
    product: Image,
    category: Category | None,
    stages: Stages,
    background: Background = Background.KEEP,
    whole: bool = False,
) -> TryOn:
    """Dress the person of `photo` in the garment of `product`.

    category: None to tell it from the picture. whole: also label the whole photo, which a plain
    background does anyway. Raises FittingRoomError where the photos do not allow it.
    """
    milliseconds: dict[str, float] = {}
    stages = timed(stages, milliseconds)
    plain = background is Background.PLAIN
    people = stages.estimate_pose(photo)
    subject = choose_subject(people, Size(*photo.shape[:2]))
    frame = try_on_frame(subject.pose, Size(*photo.shape[:2]))
    garment = stages.isolate_garment(product, category)
    person = stages.parse_person(frame.enter(photo), frame.enter_pose(subject.pose))
    layout = stages.generate_semantics(person, garment)
    warped = stages.warp_clothes(person, garment, layout)
    fusion = stages.fuse_content(person, garment, layout, warped)
    composed = stages.compose(photo, frame, garment, warped, layout, fusion)
    classes = stages.parse_photo(photo, subject.pose) if plain or whole else None
    if plain and classes is not None:
        composed = stages.plain_background(composed, photo, classes)
    labels = None if classes is None else _photo_labels(classes, frame, person)
    return TryOn(
        composed.image, composed.changed, people, subject.pose, frame, person, garment, layout,
        warped, fusion, labels, subject.notices, milliseconds,
    )  # fmt: skip


def _photo_labels(classes: LabelMap, frame: Frame, person: Person) -> LabelMap:
    """LIP labels of the whole photo; inside the frame those that the try-on went by."""
    size = Size(*classes.shape)
    inside = frame.leave(np.ones(person.size, np.uint8), size, cv2.INTER_NEAREST)
    seen = frame.leave(person.parsing.labels, size, cv2.INTER_NEAREST)
    return np.where(inside > 0, seen, to_lip(classes))


def timed(stages: Stages, milliseconds: dict[str, float]) -> Stages:
    """Return stages that do the same and note how long each took, under its name."""
    calls: dict[str, Any] = {
        field.name: _timed(getattr(stages, field.name), field.name, milliseconds)
        for field in fields(stages)
    }
    return Stages(**calls)


def _timed(call: Callable[P, R], name: str, milliseconds: dict[str, float]) -> Callable[P, R]:
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        start = time.perf_counter()
        value = call(*args, **kwargs)
        milliseconds[name] = (time.perf_counter() - start) * 1000
        return value

    return run
