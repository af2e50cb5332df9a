"""The whole method on one screen: from two photos to the dressed person."""

import time
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any, ParamSpec, TypeVar

import cv2
import numpy as np

from fittingroom.errors import ErrorCode, FittingRoomError, WarningCode
from fittingroom.framing import WORKING_SIZE, Subject, choose_subject, try_on_frame
from fittingroom.geometry import Frame
from fittingroom.labels import UPPER_LAYERS, Lip
from fittingroom.stages.composition import Composition
from fittingroom.stages.parsing import to_lip
from fittingroom.stages.worn_garment import hidden, looks_worn, may_wear
from fittingroom.types import (
    Category,
    Fusion,
    Garment,
    Image,
    LabelMap,
    Layout,
    Mask,
    Notice,
    Parsing,
    Person,
    Pose,
    Size,
    WarpedGarment,
)

P = ParamSpec("P")
R = TypeVar("R")

LEAST_LAYER = 0.01
"""Share of the removed clothes from which a layer is named in the report."""

NOBODY = "nobody wears a garment in its photo; leave the garment's kind to auto or say product"

FINEST_WORN = 2.5
"""Size of the frame that a worn garment is read in, at most, over that of the try-on."""


class Background(StrEnum):
    """What happens to the surroundings of the person."""

    KEEP = "keep"
    PLAIN = "plain"


class PhotoKind(StrEnum):
    """How a photo shows the garment: alone, or on somebody."""

    PRODUCT = "product"
    WORN = "worn"


@dataclass(frozen=True, slots=True)
class Stages:
    """The parts of a try-on, each a callable, so that tests may pass plain functions.

    estimate_pose: photo to everyone in it, in photo pixels, the main person first.
    parse_person: frame image and the pose in it to Person.
    parse_photo: photo and pose to the classes (h, w), `Lip` or `Part`, of the whole photo.
    isolate_garment: product photo and category, None to tell it, to Garment.
    isolate_worn_garment: a frame's person and the category to Garment, in the frame's pixels.
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
    isolate_worn_garment: Callable[[Person, Category | None], Garment]
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
    kind: PhotoKind | None = None,
) -> TryOn:
    """Dress the person of `photo` in the garment of `product`.

    category, kind: None to tell it from the picture. whole: also label the whole photo, which a
    plain background does anyway. Raises FittingRoomError where the photos do not allow it.
    """
    milliseconds: dict[str, float] = {}
    stages = timed(stages, milliseconds)
    plain = background is Background.PLAIN
    people = stages.estimate_pose(photo)
    subject = choose_subject(people, Size(*photo.shape[:2]))
    frame = try_on_frame(subject.pose, Size(*photo.shape[:2]))
    garment = find_garment(product, category, stages, kind)
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


def find_garment(
    photo: Image, category: Category | None, stages: Stages, kind: PhotoKind | None = None
) -> Garment:
    """Cut a garment out of its photo, in that photo's pixels, be it alone or on somebody.

    category, kind: None to tell it from the picture. Raises FittingRoomError.
    """
    wearer = None if kind is PhotoKind.PRODUCT else _wearer(photo, stages, kind)
    if wearer is None:
        return stages.isolate_garment(photo, category)
    frame, person = wearer
    return _in_photo(stages.isolate_worn_garment(person, category), person, frame, photo)


def _wearer(photo: Image, stages: Stages, kind: PhotoKind | None) -> tuple[Frame, Person] | None:
    """Who wears the garment of a photo, and the frame around them; None where nobody does."""
    people, size = stages.estimate_pose(photo), Size(*photo.shape[:2])
    if kind is None and not (people and may_wear(people[0])):
        return None
    if not people:
        raise FittingRoomError(ErrorCode.GARMENT_NOT_FOUND, NOBODY)
    subject = _subject(people, size, told=kind is not None)
    if subject is None:
        return None
    frame = try_on_frame(subject.pose, size)
    finer = min(max(1.0, 1 / frame.scale), FINEST_WORN)
    fine = Size(*(round(finer * length) for length in WORKING_SIZE))
    frame = try_on_frame(subject.pose, size, fine)
    person = stages.parse_person(frame.enter(photo), frame.enter_pose(subject.pose))
    person = _inside(person, frame, size)
    if kind is None and not looks_worn(person):
        return None
    if any(notice.code is WarningCode.BACK_VIEW for notice in subject.notices):
        raise hidden("the garment is seen from behind")
    return frame, person


def _subject(people: tuple[Pose, ...], photo: Size, told: bool) -> Subject | None:
    """Who wears the garment; unless we are told of a wearer, somebody hardly seen is nobody.

    A jacket laid out with its hood looks like shoulders and arms to the pose network.
    """
    try:
        return choose_subject(people, photo)
    except FittingRoomError:
        if told:
            raise
        return None


def _inside(person: Person, frame: Frame, photo: Size) -> Person:
    """The person without what was labelled beyond the photo's border."""
    inside = frame.enter(np.full(photo, 255, np.uint8), cv2.BORDER_CONSTANT)
    labels = np.where(inside >= 128, person.parsing.labels, np.uint8(Lip.BACKGROUND))
    return replace(person, parsing=Parsing(labels), held=person.held & inside)


def _in_photo(garment: Garment, person: Person, frame: Frame, photo: Image) -> Garment:
    """A garment of a frame in the pixels of its photo; the photo shows what was painted."""
    size, image = Size(*photo.shape[:2]), photo
    painted = (garment.image != person.image).any(axis=2)
    if painted.any():
        image = photo.copy()
        over = frame.leave(painted.astype(np.uint8), size, cv2.INTER_NEAREST)
        cv2.copyTo(frame.leave(garment.image, size, cv2.INTER_LINEAR), over, image)
    mask = frame.leave(garment.mask, size, cv2.INTER_LINEAR)
    inner_back = frame.leave(garment.inner_back, size, cv2.INTER_LINEAR)
    limit = np.array([size.width - 1, size.height - 1], np.float32)
    points = np.clip(frame.leave_points(garment.landmarks), 0, limit)
    return Garment(image, mask, inner_back, points, garment.category, garment.sleeve, worn=True)


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
        spent = (time.perf_counter() - start) * 1000
        milliseconds[name] = milliseconds.get(name, 0.0) + spent
        return value

    return run
