"""Validation figures of the garment network: on real photos kept out of training, by looking.

And on synthetic product pictures, whose truth is exact.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom.errors import FittingRoomError
from fittingroom.labels import IGNORED
from fittingroom.runtime import OnnxNetwork
from fittingroom.stages.garment import (
    CATEGORIES,
    POINTS,
    SLEEVES,
    GarmentClass,
    GarmentReader,
    agreed,
    decode,
    encode,
    letterbox,
)
from fittingroom.training.garment.agreement import points_in
from fittingroom.training.garment.cache import Annotations, open_source, read_annotations
from fittingroom.training.garment.photos import (
    category_of,
    is_placed,
    read_labels,
    tells_sides,
)
from fittingroom.training.garment.targets import SIDE, UNKNOWN, GarmentView
from fittingroom.types import Category, Garment, Image, Landmark, Mask, Network

Read = Callable[[Image], Garment]
"""Reads a garment of any category; raises garment_not_found."""
Floats = NDArray[np.float32]

REACH: Final = 0.15
"""A landmark of a real photo is right within this share of the armpits' distance."""
SYNTHETIC_REACH: Final = 0.1
"""The same of a synthetic picture."""
SYNTHETIC: Final = 150
"""Synthetic pictures of either sort."""
TOP_POINTS: Final = POINTS[: len(Landmark)]
ARMPITS: Final = (Landmark.ARMPIT_RIGHT.value, Landmark.ARMPIT_LEFT.value)
WAIST: Final = (POINTS.index("WAIST_RIGHT"), POINTS.index("WAIST_LEFT"))


@dataclass(slots=True)
class Tally:
    """Landmarks that were right, by their name, and pictures with none wrong."""

    right: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    whole: list[bool] = field(default_factory=list)

    def add(
        self, found: Floats | None, true: Floats, counted: NDArray[np.bool_], reach: float
    ) -> None:
        """Compare points (n, 2), n <= L, where `counted` (n,), within `reach` of their pixels."""
        near = np.zeros(len(true), bool)
        if found is not None:
            near = np.linalg.norm(found - true, axis=1) <= reach
        for number in np.flatnonzero(counted).tolist():
            self.right[POINTS[number].lower()].append(bool(near[number]))
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


def _apart(points: Floats, pair: tuple[int, int]) -> float:
    """Distance of two of the points, which a reach is measured in."""
    return float(np.linalg.norm(points[pair[0]] - points[pair[1]]))


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
    """Read every real photo that is kept out of training but those of lower garments' points."""
    labels = read_labels(data)
    for name in sorted(annotations.measured):
        image = _read(data, name)
        row, outline = annotations.landmarks.get(name, {}), annotations.outlines.get(name, {})
        garment = _tried(read, image)
        yield Seen(name, labels.get(name, ""), row, outline, image.shape[:2], garment)


def placed(
    row: dict[str, Any], names: tuple[str, ...] = TOP_POINTS
) -> tuple[Floats, NDArray[np.bool_]]:
    """Points (n, 2) that people placed, by their names, and which of them (n,) have a place."""
    points = np.zeros((len(names), 2), np.float32)
    known = np.zeros(len(names), bool)
    for number, name in enumerate(names):
        if row.get(name):
            points[number], known[number] = row[name][:2], True
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
        if known[list(ARMPITS)].all():
            found = None if photo.garment is None else photo.garment.landmarks
            reach = REACH * _apart(points, ARMPITS)
            for ground in photo.grounds:
                self._tallies[ground].add(found, points, known, reach)

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
    for view in views:
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
        if counted[list(ARMPITS)].all():
            found = None if garment is None else garment.landmarks
            true = view.points[: len(Landmark)]
            tally.add(found, true, counted, SYNTHETIC_REACH * _apart(true, ARMPITS))
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


def synthetic_views(cache: Path, calm: bool, count: int = SYNTHETIC) -> Iterator[GarmentView]:
    """Draw garments held out of training, the same every time; calm: as shops show them."""
    source = open_source(cache, [], held=True)
    for number in range(count):
        yield source.draw_synthetic(np.random.default_rng([11, number]), calm)


def read_points(network: Network, photo: Image, category: Category) -> Floats:
    """All points (L, 2) of a photo (h, w, 3) of a garment of a category, in its pixels."""
    box = letterbox(photo, SIDE)
    straight, mirrored = (
        decode(network(encode(picture))) for picture in (box.picture, box.picture[:, ::-1])
    )
    return box.leave(points_in(agreed(straight, mirrored).heat, category))


def lower_figures(network: Network, data: Path, annotations: Annotations) -> dict[str, Any]:
    """Figures of points of lower garments and dresses, by kind.

    Right is what lies within REACH waist widths, of a dress REACH armpit widths. Seen from the
    back, sides cannot be told, so those photos do not count.
    """
    labels = read_labels(data)
    tallies: dict[str, Tally] = defaultdict(Tally)
    for name in annotations.lists["test_lower"]:
        row, category = annotations.landmarks[name], CATEGORIES[category_of(labels[name])]
        true, known = placed(row, POINTS)
        pair = ARMPITS if category is Category.DRESS else WAIST
        if not tells_sides(row) or not known[list(pair)].all():
            continue
        found = read_points(network, _read(data, name), category)
        for kind in ("all", str(row["kind"])):
            tallies[kind].add(found, true, known, REACH * _apart(true, pair))
    return {kind: tally.figures() for kind, tally in sorted(tallies.items())}


def _read(data: Path, name: str) -> Image:
    image = cv2.imread(str(data / "images" / f"{name}.jpg"))
    if image is None:
        raise FileNotFoundError(data / "images" / f"{name}.jpg")
    return np.ascontiguousarray(image[..., ::-1])


def measure_garment(path: Path, data: Path, cache: Path, annotations: Path) -> dict[str, Any]:
    """Measure an ONNX file on everything that was kept out of its training.

    data: with images/ and images.csv. cache: as `prepare_cache` made it. annotations: the
    committed file.
    """
    network = OnnxNetwork(path)
    figures = measure_reader(GarmentReader(network).read, data, cache, annotations)
    return {**figures, "lower": lower_figures(network, data, read_annotations(annotations))}


def measure_reader(read: Read, data: Path, cache: Path, annotations: Path) -> dict[str, Any]:
    """Measure anything that reads garments."""
    told = read_annotations(annotations)
    return {
        "real": real_figures(look(read, data, told), frozenset(told.lists["test"])),
        "shop": synthetic_figures(read, synthetic_views(cache, calm=True)),
        "synthetic": synthetic_figures(read, synthetic_views(cache, calm=False)),
    }
