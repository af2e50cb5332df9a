"""Landmarks of photos on which nobody placed any, as far as the network agrees with itself.

A photo is read as it is, mirrored, turned and warped by a thin-plate spline. A point that comes to
lie at the same place of the photo each time becomes training truth, one that does not is left out.
"""

import json
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from fittingroom.splines import ThinPlateSpline, spline_map, thin_plate_spline
from fittingroom.stages.garment import (
    CATEGORIES,
    MIRRORED,
    POINTS,
    STRIDE,
    Answer,
    GarmentClass,
    arranged,
    decode,
    encode,
    letterbox,
    peaks,
)
from fittingroom.training.garment.photos import absent_points, category_of
from fittingroom.training.garment.targets import POINT_COUNT, SIDE, UNKNOWN
from fittingroom.types import Category, Image, Landmark, Network, Size

Floats = NDArray[np.float32]
APART: Final = 0.03
"""How far from their median the places of a point may lie, in widths of the garment."""
LEAST_HEIGHT: Final = 0.25
"""Height of the heat map at a point, at least, in every view."""
_NODES: Final = np.stack(np.meshgrid(*[np.linspace(0, SIDE - 1, 4)] * 2), -1).reshape(-1, 2)


class Copy(NamedTuple):
    """How a picture is distorted: what a pixel of the copy shows, then whether it is mirrored."""

    back: ThinPlateSpline
    mirrored: bool


def copies(rng: Generator) -> list[Copy]:
    """Draw the copies of a picture (SIDE, SIDE): itself, mirrored, turned, and warped."""
    angle = np.radians(rng.uniform(7, 15)) * rng.choice([-1, 1])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = (SIDE - 1) / 2
    turned = (_NODES - middle) @ turn.T * 1.1 + middle
    warped = (_NODES - middle) * 1.05 + middle + rng.normal(0, 0.025 * SIDE, _NODES.shape)
    return [
        Copy(_spline(values), mirrored)
        for values, mirrored in (
            (_NODES, False),
            (_NODES, True),
            (turned, False),
            (warped, True),
        )
    ]


def _spline(values: NDArray[np.float64]) -> ThinPlateSpline:
    return thin_plate_spline(_NODES.astype(np.float32), values.astype(np.float32), 0.0)


def read_copy(network: Network, picture: Image, copy: Copy) -> Answer:
    """What a network says of a copy of a picture (SIDE, SIDE, 3), in the copy's places."""
    dense = spline_map(copy.back, Size(SIDE, SIDE))
    shown = cv2.remap(picture, dense, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    if not copy.mirrored:
        return decode(network(encode(np.asarray(shown, np.uint8))))
    answer = decode(network(encode(np.ascontiguousarray(shown[:, ::-1]))))
    heat = answer.heat[list(MIRRORED), :, ::-1]
    return answer._replace(shares=answer.shares[..., ::-1], heat=heat)


def points_in(heat: Floats, category: Category) -> Floats:
    """All points (L, 2) of heat maps (L, h, w), in picture pixels; not all need be there.

    Those of tops and dresses suit each other, those of lower garments are the highest peaks.
    """
    points = peaks(heat, 1).spots[:, 0]
    if category is not Category.LOWER:
        points[: len(Landmark)] = arranged(heat)
    return points


def _heights(heat: Floats, points: Floats) -> Floats:
    """Height (L,) of the heat maps (L, h, w) at their points."""
    cells = np.rint((points + 0.5) / STRIDE - 0.5).astype(int)
    x, y = np.clip(cells, 0, heat.shape[1] - 1).T
    return np.asarray(heat[np.arange(len(heat)), y, x], np.float32)


def agreed_points(
    network: Network, picture: Image, category: Category, rng: Generator
) -> tuple[Floats, NDArray[np.bool_]]:
    """Points (L, 2) of a picture (SIDE, SIDE, 3) and on which of them (L,) all copies agree."""
    places, heights, width = [], [], 0
    for number, copy in enumerate(copies(rng)):
        answer = read_copy(network, picture, copy)
        points = points_in(answer.heat, category)
        heights.append(_heights(answer.heat, points))
        places.append(copy.back.at(points))
        if number == 0:
            cut = (answer.shares[GarmentClass.GROUND] < 0.5).astype(np.uint8)
            width = cv2.boundingRect(cut)[2] * STRIDE
    middle = np.median(places, axis=0).astype(np.float32)
    apart = np.linalg.norm(np.array(places) - middle, axis=2).max(axis=0)
    return middle, (apart <= APART * width) & (np.min(heights, axis=0) >= LEAST_HEIGHT)


def place_photo(network: Network, photo: Image, name: str, label: str) -> dict[str, Any]:
    """Points of a photo (h, w, 3) that agree, {POINT: [x, y]} in its pixels; empty where none.

    label: the kind in images.csv, which says what points there can be.
    """
    category = category_of(label)
    if category == UNKNOWN:
        return {}
    box = letterbox(photo, SIDE)
    rng = np.random.default_rng([17, zlib.crc32(name.encode())])
    points, agreed = agreed_points(network, box.picture, CATEGORIES[category], rng)
    agreed &= ~absent_points(label, "")
    places = box.leave(points)
    return {
        POINTS[number]: [round(float(value), 1) for value in places[number]]
        for number in range(POINT_COUNT)
        if agreed[number]
    }


def place_photos(
    network: Network,
    data: Path,
    labels: Mapping[str, str],
    out: Path,
    tick: Callable[[str], None],
) -> None:
    """Write {name: {POINT: [x, y]}} of the photos in `labels`; goes on where it was stopped."""
    known: dict[str, Any] = json.loads(out.read_text()) if out.exists() else {}
    for number, (name, label) in enumerate(labels.items()):
        if name not in known:
            image = cv2.imread(str(data / "images" / f"{name}.jpg"))
            if image is None:
                raise FileNotFoundError(data / "images" / f"{name}.jpg")
            known[name] = place_photo(network, np.ascontiguousarray(image[..., ::-1]), name, label)
        if number % 50 == 0 or number == len(labels) - 1:
            out.write_text(json.dumps(known))
        tick(name)
