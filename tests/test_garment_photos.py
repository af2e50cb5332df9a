"""What is known of a real photo, and how it is shown in training."""

import cv2
import numpy as np
import pytest

from fittingroom.stages.garment import POINTS, SLEEVES
from fittingroom.training.garment.photos import (
    AGREED_WEIGHT,
    LONGER,
    absent_points,
    read_photo,
)
from fittingroom.training.garment.source import framed, photo_view
from fittingroom.training.garment.targets import EITHER, SIDE, GarmentView
from fittingroom.types import Landmark

LEGS = [POINTS.index(name) for name in POINTS if "LEG" in name or name == "CROTCH"]
CUFFS = [landmark for landmark in Landmark if "CUFF" in landmark.name]
ROW = {"ARMPIT_RIGHT": [20, 30, 1], "ARMPIT_LEFT": [80, 30, 0], "HEM_LEFT": None, "usable": True}


@pytest.fixture
def read(tmp_path):
    (tmp_path / "images").mkdir()
    cv2.imwrite(str(tmp_path / "images" / "a.jpg"), np.full((100, 100, 3), 120, np.uint8))

    def _read(label, row, agreed):
        return read_photo(tmp_path, "a", label, row, agreed, None)

    return _read


def test_placed_points_count_whole_and_go_before_agreed_ones(read):
    photo = read("Shirt", ROW, {"COLLAR_LEFT": [5, 5]})
    assert photo.placed
    assert photo.weights[Landmark.ARMPIT_LEFT] == 1
    assert photo.visible[[Landmark.ARMPIT_RIGHT, Landmark.ARMPIT_LEFT]].tolist() == [1, 0]
    assert photo.weights[[Landmark.COLLAR_LEFT, Landmark.HEM_LEFT]].tolist() == [0, 0]
    assert photo.points[Landmark.ARMPIT_RIGHT] == pytest.approx(
        (np.array([20, 30]) + 0.5) * LONGER / 100 - 0.5
    )


def test_agreed_points_count_less(read):
    photo = read("Shirt", {}, {"COLLAR_LEFT": [5, 5]})
    assert not photo.placed
    assert photo.there[Landmark.COLLAR_LEFT]
    assert photo.weights[Landmark.COLLAR_LEFT] == AGREED_WEIGHT
    assert photo.visible[Landmark.COLLAR_LEFT] == -1


def test_points_of_a_back_are_not_learned(read):
    photo = read("Shirt", {**ROW, "view": "back"}, {"COLLAR_LEFT": [5, 5]})
    assert not photo.placed
    assert not photo.there.any()


def test_a_kind_tells_its_sleeve_unless_it_was_looked_at(read):
    names = list(SLEEVES)
    assert read("T-Shirt", {}, {}).sleeve == names.index("short")
    assert read("T-Shirt", {**ROW, "sleeve": "long"}, {}).sleeve == names.index("long")
    assert read("Shirt", {}, {}).sleeve == -1


def test_points_that_a_kind_cannot_have():
    assert absent_points("Pants", "")[: len(Landmark)].all()
    assert not absent_points("Pants", "")[LEGS].any()
    assert absent_points("Skirt", "")[LEGS].all()
    assert not absent_points("Skirt", "")[[Landmark.HEM_RIGHT, Landmark.HEM_LEFT]].any()
    assert absent_points("Undershirt", "none")[CUFFS].all()
    assert not absent_points("T-Shirt", "short")[: len(Landmark)].any()
    assert not absent_points("Other", "").any()


def test_a_moved_photo_keeps_its_points_on_what_they_mark(read):
    photo = read("Shirt", ROW, {})
    x, y = np.rint(photo.points[Landmark.ARMPIT_RIGHT]).astype(int)
    cv2.circle(photo.image, (int(x), int(y)), 9, (255, 0, 0), -1)
    shown = 0
    for seed in range(8):
        view = framed(photo_view(np.random.default_rng(seed), photo))
        assert view.image.shape == (SIDE, SIDE, 3)
        for point in (Landmark.ARMPIT_RIGHT, Landmark.ARMPIT_LEFT):
            if view.there[point] and view.visible[point] == 1:
                column, row = np.rint(view.points[point]).astype(int)
                patch = view.image[max(row - 2, 0) : row + 3, max(column - 2, 0) : column + 3]
                spread = view.image.reshape(-1, 3).astype(int)
                contrast = np.abs(patch.astype(int) - np.median(spread, axis=0)).max()
                assert contrast > 40
                shown += 1
    assert shown >= 4


def test_classes_go_on_beside_a_narrow_picture_as_the_picture_does():
    classes = np.zeros((SIDE, 100), np.uint8)
    classes[60:90, :50] = EITHER
    points = np.zeros((len(POINTS), 2), np.float32)
    none = np.zeros(len(POINTS), bool)
    view = GarmentView(
        np.repeat(classes[..., None], 3, axis=2), classes, points, none.astype(np.float32), none,
        none.astype(np.int8), 0, 0,
    )  # fmt: skip
    whole = framed(view)
    assert whole.classes.shape == (SIDE, SIDE)
    assert np.array_equal(whole.classes, whole.image[..., 0])
    assert (whole.classes[75, :78] == EITHER).all()
    assert not whole.classes[75, -78:].any()
    assert whole.points[0] == pytest.approx((78, 0))
