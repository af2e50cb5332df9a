"""Figures of the garment network: what is exact scores 1, what is off scores less."""

import json

import cv2
import numpy as np
import pytest

from fittingroom.errors import ErrorCode, FittingRoomError
from fittingroom.training.evaluate_garment import (
    Tally,
    look,
    overlap,
    real_figures,
    spread,
    synthetic_figures,
)
from fittingroom.training.garment_cache import read_annotations
from fittingroom.training.garment_targets import POINT_COUNT, GarmentView
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
    for name, label in (("a", "T-Shirt"), ("b", "Pants")):
        cv2.imwrite(str(tmp_path / "images" / f"{name}.jpg"), np.full((130, 100, 3), 99, np.uint8))
        rows.append(f"{name},1,{label},False")
    (tmp_path / "images.csv").write_text("\n".join(rows) + "\n")
    row = {**PLACES, "CUFF_LEFT_OUTER": None, "sleeve": "short", "ground": "floor", "usable": True}
    values = {
        "test": ["a"],
        "sleeves": [],
        "outlined": ["b"],
        "landmarks": {"a": row},
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
    tally.add(found, true, np.ones(len(Landmark), bool), 0.15)
    assert tally.figures()["right"] == pytest.approx(12 / 13)
    assert tally.figures()["all_right"] == 0
    assert tally.figures()["by_landmark"]["hem_left"] == 0


def test_overlap_and_spread():
    one, other = np.zeros((2, 4, 4), bool)
    one[:2], other[:1] = True, True
    assert overlap(one, other) == 0.5
    assert spread([]) == {"pictures": 0}
    assert spread([0.0, 1.0, 1.0])["median"] == 1


def test_synthetic_pictures_are_judged_by_their_exact_truth():
    image = np.zeros((256, 256, 3), np.uint8)
    classes = np.full((256, 256), 255, np.uint8)  # letterboxed: 50 columns on either side
    classes[:, 50:-50] = 0
    classes[20:110, 70:130] = 1
    points, known = np.zeros((POINT_COUNT, 2), np.float32), np.zeros(POINT_COUNT, bool)
    points[: len(Landmark)] = [(place[0] + 50, place[1]) for place in PLACES.values()]
    known[: len(Landmark)] = True
    view = GarmentView(
        image, classes, points, known.astype(np.float32), known, known.astype(np.int8), 0, 1
    )
    found = synthetic_figures(garment, [view])
    assert found["mask"]["median"] == found["landmarks"]["right"] == 1
    assert found["sleeve"]["right"] == found["category"]["right"] == 1
    assert found["inner_back"] == {"pictures": 0}
