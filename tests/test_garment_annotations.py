"""The committed landmarks and outlines of real photos, read as training and figures read them."""

import json
from pathlib import Path

import numpy as np
import pytest

from fittingroom.stages.garment import POINTS, SLEEVES
from fittingroom.training.garment.cache import read_annotations
from fittingroom.training.garment.evaluate import outlined_mask, placed
from fittingroom.training.garment.photos import is_placed
from fittingroom.types import Landmark

FILE = Path(__file__).parents[1] / "annotations" / "garments.json"
LOWER = {"trousers", "jeans", "shorts", "skirt"}
WAIST = ("WAIST_RIGHT", "WAIST_LEFT")
WORDS = {"sleeve", "kind", "ground", "usable", "open", "view"}


@pytest.fixture(scope="module")
def told():
    return read_annotations(FILE)


def _no_twins(pairs):
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names))
    return dict(pairs)


def test_no_name_is_told_twice():
    values = json.loads(FILE.read_text(), object_pairs_hook=_no_twins)
    for key in ("test", "test_lower", "sleeves", "outlined"):
        assert len(values[key]) == len(set(values[key]))


def test_there_is_enough_of_everything(told):
    assert sum(is_placed(told.landmarks[name]) for name in told.lists["test"]) >= 78
    training = set(told.landmarks) - told.kept
    assert sum(is_placed(told.landmarks[name]) for name in training) >= 350
    assert {told.landmarks[name]["kind"] for name in told.lists["test_lower"]} == LOWER | {"dress"}
    assert len(told.lists["outlined"]) == 40


def test_photos_for_testing_and_for_training_are_apart(told):
    assert set(told.lists["test"]).isdisjoint(told.lists["sleeves"])
    assert set(told.outlines) <= set(told.lists["outlined"]) <= told.kept
    assert set(told.lists["test"]) | set(told.lists["test_lower"]) <= set(told.landmarks)
    assert told.measured.isdisjoint(told.lists["test_lower"])


def _points_of(kind):
    if kind == "dress":
        return {*POINTS[: len(Landmark)], *WAIST}
    if kind == "skirt":
        return {*WAIST, "HEM_RIGHT", "HEM_LEFT"}
    return set(POINTS[len(Landmark) :] if kind in LOWER else POINTS[: len(Landmark)])


def test_every_row_holds_known_words_and_places(told):
    for name, row in told.landmarks.items():
        points = {key for key in row if key.isupper()}
        assert points <= _points_of(row["kind"]), name
        assert set(row) - points <= WORDS, name
        assert row.get("sleeve") in {*SLEEVES, None} or not row["usable"], name
        for point in points:
            value = row[point]
            assert value is None or (len(value) == 3 and value[2] in (0, 1)), (name, point)


def test_left_and_right_are_the_wearers(told):
    for name, row in told.landmarks.items():
        points, known = placed(row)
        pits = [Landmark.ARMPIT_RIGHT, Landmark.ARMPIT_LEFT]
        hems = [Landmark.HEM_RIGHT, Landmark.HEM_LEFT]
        if known[pits + hems].all():
            down = points[hems].mean(axis=0) - points[pits].mean(axis=0)
            across = points[pits[1]] - points[pits[0]]
            turn = across[0] * down[1] - across[1] * down[0]
            assert (turn > 0) == (row.get("view") != "back"), name


def test_outlines_enclose_something(told):
    for name, outline in told.outlines.items():
        if outline.get("usable", True):
            high = max(y for polygon in outline["polygons"] for _, y in polygon)
            wide = max(x for polygon in outline["polygons"] for x, _ in polygon)
            mask = outlined_mask(outline, (int(high) + 2, int(wide) + 2))
            assert np.count_nonzero(mask) > 0.1 * mask.size, name


def test_holes_are_cut_out_of_outlines():
    square = [[2, 2], [12, 2], [12, 12], [2, 12]]
    hole = [[5, 5], [8, 5], [8, 8], [5, 8]]
    mask = outlined_mask({"polygons": [square], "holes": [hole]}, (16, 16))
    assert mask[6, 6] == 0
    assert np.count_nonzero(mask) == 11 * 11 - 4 * 4
