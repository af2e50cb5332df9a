"""Validation figures of the garment network: on real photos kept out of training, by looking.

And on synthetic product pictures, whose truth is exact.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom.errors import FittingRoomError
from fittingroom.labels import IGNORED
from fittingroom.runtime import OnnxNetwork
from fittingroom.stages.garment import CATEGORIES, SLEEVES, GarmentClass, GarmentReader
from fittingroom.training.garment_cache import Annotations, open_source, read_annotations
from fittingroom.training.garment_photos import category_of, is_placed, read_labels
from fittingroom.training.garment_targets import UNKNOWN, GarmentView
from fittingroom.types import Garment, Image, Landmark, Mask

Read = Callable[[Image], Garment]
"""Reads a garment of any category; raises garment_not_found."""
Floats = NDArray[np.float32]

REACH: Final = 0.15
"""A landmark of a real photo is right within this share of the armpits' distance."""
SYNTHETIC_REACH: Final = 0.1
"""The same of a synthetic picture."""
SYNTHETIC: Final = 150
"""Synthetic pictures of either sort."""


@dataclass(slots=True)
class Tally:
    """Landmarks that were right, by their name, and pictures with none wrong."""

    right: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    whole: list[bool] = field(default_factory=list)

    def add(
        self, found: Floats | None, true: Floats, counted: NDArray[np.bool_], by: float
    ) -> None:
        """Compare points (13, 2), where `counted` (13,), within `by` armpit widths."""
        pits = true[[Landmark.ARMPIT_RIGHT, Landmark.ARMPIT_LEFT]]
        reach = by * float(np.linalg.norm(pits[0] - pits[1]))
        near = np.zeros(len(true), bool)
        if found is not None:
            near = np.linalg.norm(found - true, axis=1) <= reach
        for number in np.flatnonzero(counted).tolist():
            self.right[Landmark(number).name.lower()].append(bool(near[number]))
        self.whole.append(bool(near[counted].all()))

    def figures(self) -> dict[str, Any]:
        """Shares 0..1 of landmarks that are right, of pictures that are, and by landmark."""
        every = [right for shares in self.right.values() for right in shares]
        return {
            "right": _mean(every),
            "all_right": _mean(self.whole),
            "pictures": len(self.whole),
            "by_landmark": {name: _mean(shares) for name, shares in sorted(self.right.items())},
        }


def _mean(values: Iterable[float]) -> float | None:
    values = list(values)
    return float(np.mean(values)) if values else None


def spread(values: list[float]) -> dict[str, Any]:
    """Median and 10th percentile of values."""
    if not values:
        return {"pictures": 0}
    return {
        "median": float(np.median(values)),
        "p10": float(np.quantile(values, 0.1)),
        "pictures": len(values),
    }


def overlap(found: NDArray[np.bool_], true: NDArray[np.bool_]) -> float:
    """Intersection over union, 1 where both are empty."""
    return float((found & true).sum() / max((found | true).sum(), 1)) if true.any() else 1.0


def outlined_mask(outline: dict[str, Any], shape: tuple[int, int]) -> Mask:
    """Draw an outline of a photo (h, w): polygons less holes, points at pixel centres."""
    mask = np.zeros(shape, np.uint8)
    for value, key in ((255, "polygons"), (0, "holes")):
        for polygon in outline.get(key) or []:
            points = np.rint(np.array(polygon, np.float64) * 16).astype(np.int32)
            cv2.fillPoly(mask, [points], value, lineType=cv2.LINE_8, shift=4)
    return mask


def _tried(read: Read, image: Image) -> Garment | None:
    try:
        return read(image)
    except FittingRoomError:
        return None


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A real photo, what people said of it and what was read (None = nothing found)."""

    name: str
    label: str
    row: dict[str, Any]
    outline: dict[str, Any]
    shape: tuple[int, int]
    garment: Garment | None

    @property
    def grounds(self) -> tuple[str, str]:
        """The groups that the photo counts for."""
        return "all", str(self.row.get("ground") or self.outline.get("ground"))


def look(read: Read, data: Path, annotations: Annotations) -> Iterator[Seen]:
    """Read every real photo that is kept out of training."""
    labels = read_labels(data)
    for name in sorted(annotations.kept):
        image = cv2.imread(str(data / "images" / f"{name}.jpg"))
        if image is None:
            raise FileNotFoundError(data / "images" / f"{name}.jpg")
        row, outline = annotations.landmarks.get(name, {}), annotations.outlines.get(name, {})
        garment = _tried(read, np.ascontiguousarray(image[..., ::-1]))
        yield Seen(name, labels.get(name, ""), row, outline, image.shape[:2], garment)


def placed(row: dict[str, Any]) -> tuple[Floats, NDArray[np.bool_]]:
    """Landmarks (13, 2) that people placed, and which of them (13,) have a place."""
    points = np.zeros((len(Landmark), 2), np.float32)
    known = np.zeros(len(Landmark), bool)
    for landmark in Landmark:
        if row.get(landmark.name):
            points[landmark], known[landmark] = row[landmark.name][:2], True
    return points, known


class RealFigures:
    """Figures of real photos; `tops` names those whose landmarks count."""

    def __init__(self, tops: frozenset[str]) -> None:
        self._tops = tops
        self._cuts: dict[str, list[float]] = defaultdict(list)
        self._tallies: dict[str, Tally] = defaultdict(Tally)
        self._sleeves: dict[str, list[bool]] = defaultdict(list)
        self._categories: list[bool] = []

    def add(self, photo: Seen) -> None:
        """Count a photo for whatever is known of it."""
        if photo.outline.get("usable", bool(photo.outline)):
            for ground in photo.grounds:
                self._cuts[ground].append(_outline_overlap(photo))
        if category_of(photo.label) != UNKNOWN:
            category = CATEGORIES[category_of(photo.label)]
            self._categories.append(
                photo.garment is not None and photo.garment.category is category
            )
        if photo.row.get("usable", False) and photo.row.get("sleeve") in SLEEVES:
            sleeve = SLEEVES[photo.row["sleeve"]]
            right = photo.garment is not None and photo.garment.sleeve is sleeve
            self._sleeves[photo.row["sleeve"]].append(right)
        if photo.name in self._tops and is_placed(photo.row):
            self._add_landmarks(photo)

    def _add_landmarks(self, photo: Seen) -> None:
        points, known = placed(photo.row)
        if known[[Landmark.ARMPIT_RIGHT, Landmark.ARMPIT_LEFT]].all():
            found = None if photo.garment is None else photo.garment.landmarks
            for ground in photo.grounds:
                self._tallies[ground].add(found, points, known, REACH)

    def figures(self) -> dict[str, Any]:
        """As plain values, masks and landmarks also by kind of ground."""
        return {
            "mask": {ground: spread(values) for ground, values in sorted(self._cuts.items())},
            "landmarks": {
                ground: tally.figures() for ground, tally in sorted(self._tallies.items())
            },
            "sleeve": _shares(self._sleeves),
            "category": {"right": _mean(self._categories), "pictures": len(self._categories)},
        }


def real_figures(seen: Iterable[Seen], tops: frozenset[str]) -> dict[str, Any]:
    """Figures of real photos; `tops` names those whose landmarks count."""
    figures = RealFigures(tops)
    for photo in seen:
        figures.add(photo)
    return figures.figures()


def _shares(answers: dict[str, list[bool]]) -> dict[str, Any]:
    every = [right for values in answers.values() for right in values]
    return {
        "right": _mean(every),
        "pictures": len(every),
        "by_sleeve": {name: _mean(values) for name, values in sorted(answers.items())},
    }


def _outline_overlap(photo: Seen) -> float:
    if photo.garment is None:
        return 0.0
    true = outlined_mask(photo.outline, photo.shape) > 0
    return overlap(photo.garment.mask >= 128, true)


def synthetic_figures(read: Read, views: Iterable[GarmentView]) -> dict[str, Any]:
    """Figures of synthetic pictures: mask, inner back, landmarks of what has armpits."""
    cuts, backs, tally = [], [], Tally()
    categories, sleeves = [], []
    for view in map(unboxed, views):
        garment = _tried(read, view.image)
        known = view.classes != IGNORED
        mask, back = (np.zeros(known.shape, np.uint8) for _ in range(2))
        if garment is not None:
            mask, back = garment.mask, garment.inner_back
        cuts.append(overlap((mask >= 128) & known, (view.classes > 0) & known))
        inner = (view.classes == GarmentClass.INNER_BACK) & known
        if inner.sum() >= 40:
            backs.append(overlap((back >= 128) & known, inner))
        counted = (view.there & (view.weights > 0))[: len(Landmark)]
        if counted[[Landmark.ARMPIT_RIGHT, Landmark.ARMPIT_LEFT]].all():
            found = None if garment is None else garment.landmarks
            tally.add(found, view.points[: len(Landmark)], counted, SYNTHETIC_REACH)
        if garment is not None and view.category != UNKNOWN:
            categories.append(garment.category is CATEGORIES[view.category])
        if garment is not None and view.sleeve != UNKNOWN:
            sleeves.append(garment.sleeve is list(SLEEVES.values())[view.sleeve])
    return {
        "mask": spread(cuts),
        "inner_back": spread(backs),
        "landmarks": tally.figures(),
        "category": {"right": _mean(categories), "pictures": len(categories)},
        "sleeve": {"right": _mean(sleeves), "pictures": len(sleeves)},
    }


def unboxed(view: GarmentView) -> GarmentView:
    """The picture alone, without what a letterbox put beside it."""
    left, top, width, height = cv2.boundingRect((view.classes != IGNORED).astype(np.uint8))
    window = np.s_[top : top + height, left : left + width]
    image = np.ascontiguousarray(view.image[window])
    points = view.points - np.array([left, top], np.float32)
    return replace(view, image=image, classes=view.classes[window], points=points)


def synthetic_views(cache: Path, calm: bool, count: int = SYNTHETIC) -> Iterator[GarmentView]:
    """Draw garments held out of training, the same every time; calm: as shops show them."""
    source = open_source(cache, [], held=True)
    for number in range(count):
        yield source.draw_synthetic(np.random.default_rng([11, number]), calm)


def measure_garment(path: Path, data: Path, cache: Path, annotations: Path) -> dict[str, Any]:
    """Measure an ONNX file on everything that was kept out of its training.

    data: with images/ and images.csv. cache: as `prepare_cache` made it. annotations: the
    committed file.
    """
    return measure_reader(GarmentReader(OnnxNetwork(path)).read, data, cache, annotations)


def measure_reader(read: Read, data: Path, cache: Path, annotations: Path) -> dict[str, Any]:
    """Measure anything that reads garments."""
    told = read_annotations(annotations)
    return {
        "real": real_figures(look(read, data, told), frozenset(told.lists["test"])),
        "shop": synthetic_figures(read, synthetic_views(cache, calm=True)),
        "synthetic": synthetic_figures(read, synthetic_views(cache, calm=False)),
    }
