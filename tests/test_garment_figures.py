"""Figures of the garment network: what is exact scores 1, what is off scores less."""

import json

import cv2
import numpy as np
import pytest

from fittingroom.errors import ErrorCode, FittingRoomError
from fittingroom.stages.garment import POINTS
from fittingroom.training.garment.cache import read_annotations, unplaced
from fittingroom.training.garment.evaluate import (
    Tally,
    look,
    lower_figures,
    overlap,
    real_figures,
    spread,
    synthetic_figures,
)
from fittingroom.training.garment.targets import POINT_COUNT, GarmentView
from fittingroom.types import Category, Garment, Landmark, Sleeve

SQUARE = [[20, 20], [79, 20], [79, 109], [20, 109]]
PLACES = {
    landmark.name: [20 + 4 * number, 30 + 5 * number, 1] for number, landmark in enumerate(Landmark)
}


def garment(image, shift=0.0, sleeve=Sleeve.SHORT):
    mask = np.zeros(image.shape[:2], np.uint8)
    mask[20:110, 20:80] = 255
    points = np.array([place[:2] for place in PLACES.values()], np.float32) + np.float32(shift)
    return Garment(image, mask, np.zeros_like(mask), points, Category.UPPER, sleeve)


@pytest.fixture
def data(tmp_path):
    (tmp_path / "images").mkdir()
    rows = ["image,sender_id,label,kids"]
    for name, label in (
        ("a", "T-Shirt"),
        ("b", "Pants"),
        ("c", "Skirt"),
        ("d", "Polo"),
        ("e", "Body"),
    ):
        cv2.imwrite(str(tmp_path / "images" / f"{name}.jpg"), np.full((130, 100, 3), 99, np.uint8))
        rows.append(f"{name},1,{label},False")
    (tmp_path / "images.csv").write_text("\n".join(rows) + "\n")
    waist = {"WAIST_RIGHT": [30, 20, 1], "WAIST_LEFT": [70, 20, 1], "HEM_LEFT": [90, 110, 1]}
    row = {**PLACES, "CUFF_LEFT_OUTER": None, "sleeve": "short", "ground": "floor", "usable": True}
    values = {
        "test": ["a"],
        "test_lower": ["c"],
        "sleeves": [],
        "outlined": ["b"],
        "landmarks": {"a": row, "c": {**waist, "kind": "skirt"}},
        "outlines": {"b": {"polygons": [SQUARE], "holes": [], "ground": "plain"}},
    }
    (tmp_path / "garments.json").write_text(json.dumps(values))
    return tmp_path


def figures(data, read):
    told = read_annotations(data / "garments.json")
    return real_figures(look(read, data, told), frozenset(told.lists["test"]))


def test_what_is_exact_scores_one(data):
    found = figures(data, garment)
    assert found["mask"]["all"] == {"median": 1, "p10": 1, "pictures": 1}
    assert found["mask"]["plain"]["pictures"] == 1
    assert found["landmarks"]["floor"] == found["landmarks"]["all"]
    assert found["landmarks"]["all"]["right"] == found["landmarks"]["all"]["all_right"] == 1
    assert "cuff_left_outer" not in found["landmarks"]["all"]["by_landmark"]
    assert found["sleeve"] == {"right": 1, "pictures": 1, "by_sleeve": {"short": 1}}
    assert found["category"] == {"right": 0.5, "pictures": 2}  # the second one is trousers


def test_what_is_off_or_not_found_scores_nothing(data):
    def fails(image):
        raise FittingRoomError(ErrorCode.GARMENT_NOT_FOUND, "nothing")

    for read in (fails, lambda image: garment(image, 50.0, Sleeve.LONG)):
        found = figures(data, read)
        assert found["landmarks"]["all"]["right"] == found["landmarks"]["all"]["all_right"] == 0
        assert found["sleeve"]["right"] == 0
    assert figures(data, fails)["mask"]["all"]["median"] == 0


def test_one_wrong_landmark_spoils_the_picture_only():
    true = np.array([place[:2] for place in PLACES.values()], np.float32)
    found = true.copy()
    found[Landmark.HEM_LEFT] += 30
    tally = Tally()
    tally.add(found, true, np.ones(len(Landmark), bool), 12)
    assert tally.figures()["right"] == pytest.approx(12 / 13)
    assert tally.figures()["all_right"] == 0
    assert tally.figures()["by_landmark"]["hem_left"] == 0


def test_overlap_and_spread():
    one, other = np.zeros((2, 4, 4), bool)
    one[:2], other[:1] = True, True
    assert overlap(one, other) == 0.5
    assert spread([]) == {"pictures": 0}
    assert spread([0.0, 1.0, 1.0])["median"] == 1


def test_only_untested_photos_of_clear_kinds_wait_for_their_points(data):
    assert unplaced(data, read_annotations(data / "garments.json")) == {"d": "Polo"}


def test_lower_points_are_measured_in_waist_widths(data):
    told = read_annotations(data / "garments.json")
    cells = (np.arange(64) + 0.5) * 4 - 0.5

    def network(inputs):
        """The same points, at places of the 100 x 130 photo, whatever is shown."""
        heat = np.zeros((1, POINT_COUNT, 64, 64), np.float32)
        for name, (x, y) in {
            "WAIST_RIGHT": (30, 20),
            "WAIST_LEFT": (70, 20),
            "HEM_LEFT": (85, 110),
        }.items():
            column = (x + 0.5) * 256 / 130 - 0.5 + 29.5
            row = (y + 0.5) * 256 / 130 - 0.5
            square = (cells[None] - column) ** 2 + (cells[:, None] - row) ** 2
            heat[0, POINTS.index(name)] = np.exp(-square / 72)
        zeros = {"classes": (1, 3, 64, 64), "category": (1, 3), "sleeve": (1, 4)}
        return {"heat": heat, **{key: np.zeros(size, np.float32) for key, size in zeros.items()}}

    found = lower_figures(network, data, told)
    assert set(found) == {"all", "skirt"}
    assert found["skirt"]["pictures"] == 1
    assert found["skirt"]["all_right"] == 1  # the hem is 5 of 40 pixels off, .125
    told.landmarks["c"]["HEM_LEFT"][0] += 3
    assert lower_figures(network, data, told)["skirt"]["by_landmark"]["hem_left"] == 0


def test_synthetic_pictures_are_judged_by_their_exact_truth():
    image = np.zeros((256, 156, 3), np.uint8)
    classes = np.zeros((256, 156), np.uint8)
    classes[20:110, 20:80] = 1
    points, known = np.zeros((POINT_COUNT, 2), np.float32), np.zeros(POINT_COUNT, bool)
    points[: len(Landmark)] = [place[:2] for place in PLACES.values()]
    known[: len(Landmark)] = True
    view = GarmentView(
        image, classes, points, known.astype(np.float32), known, known.astype(np.int8), 0, 1
    )
    found = synthetic_figures(garment, [view])
    assert found["mask"]["median"] == found["landmarks"]["right"] == 1
    assert found["sleeve"]["right"] == found["category"]["right"] == 1
    assert found["inner_back"] == {"pictures": 0}
