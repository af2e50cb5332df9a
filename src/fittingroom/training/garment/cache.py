"""The folder from which garment pictures are drawn, and the truth that goes with real photos.

Everything in the folder is made from the data and from a rendered set; it is never committed. The
names and coordinates that people placed by looking are, in one JSON file:
{"test": [names], "test_lower": [names], "sleeves": [names], "outlined": [names], "landmarks":
{name: {LANDMARK: [x, y, seen], "sleeve": ...}}, "outlines": {name: {"polygons": ..., "holes":
...}}}; nothing of a photo in one of the four lists is ever trained on.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from fittingroom.synth.backgrounds import sample_ground
from fittingroom.training.garment.cutouts import CutoutShelf, prepare_cutouts
from fittingroom.training.garment.grounds import cloth, read_pictures, uncovered
from fittingroom.training.garment.photos import (
    GarmentPhoto,
    category_of,
    find_cuts,
    read_image,
    read_labels,
    read_photo,
    sure_cuts,
)
from fittingroom.training.garment.source import GarmentSource, Grounds
from fittingroom.training.garment.targets import UNKNOWN
from fittingroom.types import Image

DRAWN: Final = 400
"""Drawn grounds in the folder."""
PAINTINGS: Final = 10
"""How often each product picture is painted."""
_TOPS: Final = ("test", "sleeves", "outlined")
_KEPT: Final = (*_TOPS, "test_lower")


@dataclass(frozen=True, slots=True, eq=False)
class Annotations:
    """What people placed by looking; see the module's text."""

    lists: dict[str, list[str]]
    landmarks: dict[str, dict[str, Any]]
    outlines: dict[str, dict[str, Any]]

    @property
    def kept(self) -> frozenset[str]:
        """Names of photos that are never trained on."""
        return frozenset(name for key in _KEPT for name in self.lists[key])

    @property
    def measured(self) -> frozenset[str]:
        """Names of the photos on which all but the points of lower garments is measured."""
        return frozenset(name for key in _TOPS for name in self.lists[key])


def read_annotations(path: Path) -> Annotations:
    """Read the committed file."""
    values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    lists = {key: list(values[key]) for key in _KEPT}
    return Annotations(lists, values["landmarks"], values["outlines"])


def trainable(data: Path, kept: frozenset[str]) -> dict[str, str]:
    """Kinds of garment by name of the photos that may be trained on."""
    return {name: label for name, label in read_labels(data).items() if name not in kept}


def unplaced(data: Path, annotations: Annotations) -> dict[str, str]:
    """Kinds by name of the photos that may be trained on and whose points nobody placed.

    Only of kinds that tell what points there can be.
    """
    photos = trainable(data, annotations.kept)
    return {
        name: label
        for name, label in photos.items()
        if name not in annotations.landmarks and category_of(label) != UNKNOWN
    }


def prepare_cache(
    products: Path, data: Path, cache: Path, kept: frozenset[str], tick: Callable[[str], None]
) -> None:
    """Fill the folder: cuts by rule, real and drawn grounds, textures, painted cut-outs.

    products: the folder `products` of a rendered set. data: the folder with images.csv. Goes on
    where it was stopped.
    """
    find_cuts(data, list(trainable(data, kept)), cache / "cuts", tick)
    _keep_grounds(data, cache, tick)
    (cache / "drawn").mkdir(exist_ok=True)
    for number in range(DRAWN):
        path = cache / "drawn" / f"{number:04d}.jpg"
        if not path.exists():
            _write(path, sample_ground((320, 280), np.random.default_rng([5, number])))
    textures = read_pictures(cache / "textures")
    prepare_cutouts(products, cache / "cutouts", PAINTINGS, textures, tick)


def _keep_grounds(data: Path, cache: Path, tick: Callable[[str], None]) -> None:
    for folder in ("grounds", "textures"):
        (cache / folder).mkdir(exist_ok=True)
    for number, name in enumerate(sure_cuts(cache / "cuts")):
        if (cache / "grounds" / f"{name}.jpg").exists():
            continue
        image, _ = read_image(data, name)
        mask = np.asarray(cv2.imread(str(cache / "cuts" / f"{name}.png"), 0), np.uint8)
        mask = np.asarray(cv2.resize(mask, image.shape[1::-1], interpolation=0), np.uint8)
        ground, texture = uncovered(image, mask), cloth(image, mask)
        if texture is not None and number % 2:
            _write(cache / "textures" / f"{name}.jpg", texture)
        if ground is not None:
            _write(cache / "grounds" / f"{name}.jpg", ground)
        tick(name)


def _write(path: Path, image: Image) -> None:
    cv2.imwrite(str(path), image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 94])


def read_agreed(path: Path) -> dict[str, dict[str, Any]]:
    """Read what `train placed` wrote: {name: {POINT: [x, y]}}."""
    rows: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return rows


def read_photos(
    data: Path,
    cache: Path,
    annotations: Annotations,
    agreed: Mapping[str, Mapping[str, Any]],
) -> list[GarmentPhoto]:
    """All photos that may be trained on, with what is known of each."""
    sure = set(sure_cuts(cache / "cuts"))
    return [
        read_photo(
            data,
            name,
            label,
            annotations.landmarks.get(name, {}),
            agreed.get(name, {}),
            cache / "cuts" if name in sure else None,
        )
        for name, label in trainable(data, annotations.kept).items()
    ]


def open_source(cache: Path, photos: Sequence[GarmentPhoto], held: bool = False) -> GarmentSource:
    """Open what `prepare_cache` made; with `held` only synthetic garments kept out of training."""
    grounds = Grounds(read_pictures(cache / "grounds"), read_pictures(cache / "drawn"))
    return GarmentSource(CutoutShelf(cache / "cutouts", held), grounds, photos)
