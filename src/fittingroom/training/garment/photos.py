"""Real photos of garments with what is known of them: placed landmarks, sure cuts, categories.

`annotations/garments.json` names the photos and holds what people placed by looking; photos of
its test part are never trained on.
"""

import csv
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom.labels import IGNORED
from fittingroom.stages.garment import CATEGORIES, POINTS, SLEEVES, GarmentClass
from fittingroom.training.garment.rules import cuts_of
from fittingroom.training.garment.targets import EITHER, POINT_COUNT, UNKNOWN
from fittingroom.types import Category, Image, Landmark, Mask

Floats = NDArray[np.float32]
LONGER: Final = 320
"""Longer side of a photo in memory, pixels."""
AGREED: Final = 0.92
"""Three cuts by rule overlap at least so far where the cut is called sure."""
GOOD: Final = 0.7
"""Quality of a sure cut, 0..1."""
BAND: Final = 3
"""Half width, in stored pixels, of the band along a cut's outline that no loss looks at."""
AGREED_WEIGHT: Final = 0.5
"""Weight of a landmark that nobody placed but on which the network agrees with itself."""

_LOWER: Final = ("Skirt", "Pants", "Shorts")
_UNCLEAR: Final = ("Body", "Other", "Not sure", "Shoes", "Hat", "Skip")
_SLEEVES: Final = {
    "T-Shirt": "short",
    "Undershirt": "none",
    "Top": "none",
    "Hoodie": "long",
    "Blazer": "long",
}
"""Kinds whose sleeve is nearly always the same (of 190 photos looked at, all but 3)."""
_CUFFS: Final = [landmark for landmark in Landmark if "CUFF" in landmark.name]
_HEMS: Final = [Landmark.HEM_RIGHT, Landmark.HEM_LEFT]
_LEGS: Final = list(range(POINTS.index("CROTCH"), POINT_COUNT))


@dataclass(frozen=True, slots=True, eq=False)
class GarmentPhoto:
    """A photo at LONGER with its truth.

    image: (h, w, 3) uint8. classes: (h, w) uint8, 255 = not known. points, weights, there,
    visible as in `GarmentView`; category and sleeve are numbers, -1 = not known. placed: whether
    its points were placed by looking.
    """

    name: str
    image: Image
    classes: NDArray[np.uint8]
    points: Floats
    weights: Floats
    there: NDArray[np.bool_]
    visible: NDArray[np.int8]
    category: int
    sleeve: int
    placed: bool


def read_labels(data: Path) -> dict[str, str]:
    """Kinds of garment by photo name, children's left out."""
    with (data / "images.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kids"] != "True"]
    return {row["image"]: row["label"] for row in rows}


def category_of(label: str) -> int:
    """Number in CATEGORIES of a kind in images.csv, -1 where it does not tell."""
    if label in _UNCLEAR:
        return UNKNOWN
    kinds = {"Dress": Category.DRESS, **dict.fromkeys(_LOWER, Category.LOWER)}
    return CATEGORIES.index(kinds.get(label, Category.UPPER))


def read_image(data: Path, name: str) -> tuple[Image, float]:
    """Read a photo at LONGER (RGB) and the factor from its own pixels."""
    image = cv2.imread(str(data / "images" / f"{name}.jpg"))
    if image is None:
        raise FileNotFoundError(data / "images" / f"{name}.jpg")
    factor = LONGER / max(image.shape[:2])
    small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(small[..., ::-1]), factor


def find_cuts(data: Path, names: list[str], folder: Path, tick: Callable[[str], None]) -> None:
    """Cut photos by rule into `folder` (NAME.png) and say in cuts.json how sure each is."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "cuts.json"
    known: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    for name in names:
        if name in known:
            continue
        mask, agreed, quality = cuts_of(read_image(data, name)[0])
        cv2.imwrite(str(folder / f"{name}.png"), mask)
        known[name] = {"agreed": agreed, "quality": quality}
        tick(name)
    path.write_text(json.dumps(known))


def sure_cuts(folder: Path) -> list[str]:
    """Names of the photos whose cuts by rule are sure."""
    known: dict[str, Any] = json.loads((folder / "cuts.json").read_text())
    return sorted(
        name for name, v in known.items() if v["agreed"] >= AGREED and v["quality"] >= GOOD
    )


def classes_of(mask: Mask) -> NDArray[np.uint8]:
    """Truth (h, w) of a cut: EITHER inside, ground outside, 255 along its outline."""
    kernel = np.ones((2 * BAND + 1, 2 * BAND + 1), np.uint8)
    solid = (mask > 0).astype(np.uint8)
    band = cv2.dilate(solid, kernel) != cv2.erode(solid, kernel)
    classes = np.where(solid > 0, np.uint8(EITHER), np.uint8(GarmentClass.GROUND))
    classes[band] = IGNORED
    return classes


def placed_points(row: Mapping[str, Any], factor: float) -> tuple[Floats, Floats, Any, Any]:
    """Points, weights, there and visible of a photo whose landmarks were placed by looking."""
    points = np.zeros((POINT_COUNT, 2), np.float32)
    weights = np.zeros(POINT_COUNT, np.float32)
    there = np.zeros(POINT_COUNT, bool)
    visible = np.full(POINT_COUNT, UNKNOWN, np.int8)
    for number, name in enumerate(POINTS):
        value = row.get(name)
        if value:
            points[number] = (np.array(value[:2], np.float32) + 0.5) * factor - 0.5
            weights[number], there[number] = 1, True
            visible[number] = int(bool(value[2]))
    return points, weights, there, visible


def agreed_points(row: Mapping[str, Any], factor: float) -> tuple[Floats, Floats]:
    """Points and weights of a photo on which nobody placed any; see `agreement`."""
    points = np.zeros((POINT_COUNT, 2), np.float32)
    weights = np.zeros(POINT_COUNT, np.float32)
    for name, place in row.items():
        number = POINTS.index(name)
        points[number] = (np.array(place, np.float32) + 0.5) * factor - 0.5
        weights[number] = AGREED_WEIGHT
    return points, weights


def absent_points(label: str, sleeve: str) -> NDArray[np.bool_]:
    """Which points (L,) a garment of a kind and with a sleeve cannot have."""
    absent = np.zeros(POINT_COUNT, bool)
    category = category_of(label)
    if category == UNKNOWN:
        return absent
    absent[_CUFFS] = sleeve == "none"
    if CATEGORIES[category] is Category.UPPER:
        absent[len(Landmark) :] = True
    elif CATEGORIES[category] is Category.DRESS or label == "Skirt":
        absent[_LEGS] = True
    if CATEGORIES[category] is Category.LOWER:
        absent[: Landmark.HEM_RIGHT] = True
        absent[_HEMS] |= label != "Skirt"
    return absent


def is_placed(row: Mapping[str, Any]) -> bool:
    """Whether a photo is usable and its landmarks were placed."""
    return bool(row.get("usable", True)) and any(row.get(name) for name in POINTS)


def tells_sides(row: Mapping[str, Any]) -> bool:
    """Whether a photo's landmarks are learned from: not where the garment shows its back.

    Few do, and front and back of most garments look alike.
    """
    return is_placed(row) and row.get("view") != "back"


def read_photo(
    data: Path,
    name: str,
    label: str,
    row: Mapping[str, Any],
    agreed: Mapping[str, Any],
    cuts: Path | None,
) -> GarmentPhoto:
    """Read a photo with what is known of it.

    row: what was placed by looking. agreed: points on which the network agrees with itself, used
    where no points were placed. cuts: only where the photo's cut is sure.
    """
    image, factor = read_image(data, name)
    classes = np.full(image.shape[:2], IGNORED, np.uint8)
    if cuts is not None:
        mask = cv2.imread(str(cuts / f"{name}.png"), cv2.IMREAD_GRAYSCALE)
        if mask is not None:
            size = (image.shape[1], image.shape[0])
            classes = classes_of(cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST))
    looked = tells_sides(row)
    points, weights, there, visible = placed_points(row if looked else {}, factor)
    if not is_placed(row):
        points, weights = agreed_points(agreed, factor)
        there = weights > 0
    sleeve = str(row.get("sleeve") or _SLEEVES.get(label, ""))
    absent = absent_points(label, sleeve) & ~there
    weights[absent], visible[absent] = 1, 0
    return GarmentPhoto(
        name=name,
        image=image,
        classes=classes,
        points=points,
        weights=weights,
        there=there,
        visible=visible,
        category=category_of(label),
        sleeve=list(SLEEVES).index(sleeve) if sleeve in SLEEVES else UNKNOWN,
        placed=looked,
    )
