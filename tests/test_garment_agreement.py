"""Points on which a network agrees with itself: where it follows the picture, not the frame."""

import json

import cv2
import numpy as np
import pytest

from fittingroom.stages.garment import POINTS, STRIDE
from fittingroom.training.garment.agreement import agreed_points, place_photos
from fittingroom.training.garment.targets import POINT_COUNT, SIDE
from fittingroom.types import Category, Landmark

CELLS = SIDE // STRIDE
DOT = (150, 90)


def picture():
    image = np.zeros((SIDE, SIDE, 3), np.uint8)
    cv2.circle(image, DOT, 6, (255, 255, 255), -1)
    return image


class Spotter:
    """A network that puts COLLAR_FRONT where `spot` says and sees garment everywhere."""

    def __init__(self, spot, height=1.0):
        self.spot, self.height, self.calls = spot, height, 0

    def __call__(self, inputs):
        self.calls += 1
        x, y = self.spot(inputs["image"][0].mean(axis=0))
        cells = (np.arange(CELLS) + 0.5) * STRIDE - 0.5
        square = (cells[None] - x) ** 2 + (cells[:, None] - y) ** 2
        heat = np.zeros((1, POINT_COUNT, CELLS, CELLS), np.float32)
        heat[0, Landmark.COLLAR_FRONT] = self.height * np.exp(-square / 72)
        classes = np.zeros((1, 3, CELLS, CELLS), np.float32)
        classes[0, 1] = 9
        return {
            "classes": classes,
            "heat": heat,
            "category": np.zeros((1, 3), np.float32),
            "sleeve": np.zeros((1, 4), np.float32),
        }


def brightest(grey):
    rows, cols = np.nonzero(grey > 0.5 * grey.max())
    return cols.mean(), rows.mean()


def agreed(network):
    return agreed_points(network, picture(), Category.UPPER, np.random.default_rng(0))


def test_what_follows_the_picture_agrees_and_lies_where_it_is():
    points, kept = agreed(Spotter(brightest))
    assert np.flatnonzero(kept).tolist() == [Landmark.COLLAR_FRONT]
    assert points[Landmark.COLLAR_FRONT] == pytest.approx(DOT, abs=1.5)


def test_what_stays_in_the_frame_or_is_faint_does_not_agree():
    assert not agreed(Spotter(lambda grey: (60, 90)))[1].any()
    assert not agreed(Spotter(brightest, height=0.2))[1].any()


def test_points_are_written_in_the_photos_pixels_and_photos_are_read_once(tmp_path):
    (tmp_path / "images").mkdir()
    photo = cv2.resize(picture(), None, fx=2, fy=2)[:, 56:-56]
    cv2.imwrite(str(tmp_path / "images" / "a.jpg"), photo)
    cv2.imwrite(str(tmp_path / "images" / "b.jpg"), photo)
    out, network = tmp_path / "placed.json", Spotter(brightest)
    labels = {"a": "T-Shirt", "b": "Pants"}
    place_photos(network, tmp_path, labels, out, lambda name: None)
    seen = network.calls
    place_photos(network, tmp_path, labels, out, lambda name: None)
    assert network.calls == seen
    known = json.loads(out.read_text())
    assert known["b"] == {}  # trousers have no collar
    where = [2 * DOT[0] + 0.5 - 56, 2 * DOT[1] + 0.5]
    assert known["a"][POINTS[Landmark.COLLAR_FRONT]] == pytest.approx(where, abs=3)
