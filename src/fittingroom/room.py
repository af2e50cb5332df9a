"""The public face: a fitting room that loads its networks once and dresses many people."""

import os
from dataclasses import dataclass
from typing import Any

from fittingroom.errors import ErrorCode, FittingRoomError
from fittingroom.images import PhotoSource, read_photo, write_image
from fittingroom.options import (
    AUTO,
    background_named,
    category_named,
    label_set_named,
    photo_kind_named,
)
from fittingroom.pipeline import Background, Stages, TryOn, find_garment, try_on
from fittingroom.report import try_on_report
from fittingroom.stages.parsing import to_label_set
from fittingroom.types import Garment, Image, LabelMap, Pose
from fittingroom.weights import WeightsCard, load_cards


@dataclass(frozen=True, slots=True, eq=False)
class TryOnResult:
    """A dressed photo.

    steps: every intermediate value. report: what was used, done and found, as JSON values.
    """

    steps: TryOn
    report: dict[str, Any]

    @property
    def image(self) -> Image:
        """The dressed photo, (h, w, 3) uint8 RGB, of the person photo's size."""
        return self.steps.image

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the image in the format of the path's suffix; raises bad_option, not_writable."""
        write_image(path, self.image)


class FittingRoom:
    """Dresses people of photos; safe to use from several threads.

    Photos are paths, encoded bytes, PIL images or arrays (see `images.read_photo`). Everything
    raises FittingRoomError where a photo does not allow what is asked. Nothing is kept from one
    call to the next.
    """

    def __init__(self, stages: Stages | None = None, threads: int | None = None) -> None:
        """Load the networks, or use `stages` that are ready; threads: None = all cores."""
        self._cards: tuple[WeightsCard, ...] = ()
        if stages is None:
            # Only here, so that a room with its own stages opens without ONNX Runtime.
            from fittingroom.loading import load_stages  # noqa: PLC0415

            stages = load_stages(threads)
            self._cards = load_cards()
        self._stages = stages

    def try_on(
        self,
        person: PhotoSource,
        garment: PhotoSource,
        category: str = AUTO,
        background: str = Background.KEEP,
        whole: bool = False,
        garment_kind: str = AUTO,
    ) -> TryOnResult:
        """Dress the person in the garment.

        category: "auto", "upper", "lower", "dress", or an alias. background: "keep" or "plain".
        whole: also label the whole photo, for `result.steps.labels`. garment_kind: whether the
        garment's photo is a "product" photo or shows it "worn"; "auto" looks.
        """
        dressed, ground = category_named(category), background_named(background)
        kind = photo_kind_named(garment_kind)
        photo, product = read_photo(person), read_photo(garment)
        steps = try_on(photo, product, dressed, self._stages, ground, whole, kind)
        return TryOnResult(steps, try_on_report(steps, self._cards))

    def pose(self, photo: PhotoSource) -> tuple[Pose, ...]:
        """Find everyone, the main person first, in photo pixels; raises no_person."""
        people = self._stages.estimate_pose(read_photo(photo))
        if not people:
            advice = "nobody was found in the photo; give one that shows head and torso"
            raise FittingRoomError(ErrorCode.NO_PERSON, advice)
        return people

    def parse(self, photo: PhotoSource, labels: str = "lip") -> LabelMap:
        """Label the main person's parts and clothes: (h, w) uint8 of the photo's size.

        labels: "lip", "atr" or "acgpn".
        """
        label_set = label_set_named(labels)
        image = read_photo(photo)
        classes = self._stages.parse_photo(image, self.pose(image)[0])
        return to_label_set(classes, label_set)

    def garment(
        self, photo: PhotoSource, category: str = AUTO, garment_kind: str = AUTO
    ) -> Garment:
        """Cut the garment from its photo.

        garment_kind: whether that is a "product" photo or shows it "worn"; "auto" looks.
        """
        dressed, kind = category_named(category), photo_kind_named(garment_kind)
        return find_garment(read_photo(photo), dressed, self._stages, kind)
