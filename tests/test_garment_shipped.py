"""The shipped garment network on the examples."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from fittingroom.errors import ErrorCode, FittingRoomError
from fittingroom.stages.garment import GarmentReader
from fittingroom.types import Category, Landmark, Sleeve
from fittingroom.weights import read_networks

pytestmark = pytest.mark.weights

EXAMPLES = Path(__file__).parents[1] / "src/fittingroom/assets/examples"
SLEEVES = {
    1: Sleeve.LONG, 2: Sleeve.SHORT, 3: Sleeve.SHORT, 4: Sleeve.LONG, 5: Sleeve.NONE,
    6: Sleeve.LONG,
}  # fmt: skip


@pytest.fixture(scope="module")
def reader():
    from fittingroom.runtime import OnnxNetwork

    return GarmentReader(OnnxNetwork(read_networks(names=("garment",))["garment"]))


@pytest.fixture(scope="module", params=SLEEVES)
def example(request, reader):
    image = cv2.imread(str(EXAMPLES / f"garment_{request.param}.jpg"))
    return request.param, reader.isolate_garment(np.ascontiguousarray(image[..., ::-1]))


def test_examples_have_their_sleeve_class(example):
    number, garment = example
    assert garment.sleeve is SLEEVES[number]
    assert garment.category is Category.UPPER


def test_examples_have_plausible_landmarks(example):
    at = example[1].point
    assert at(Landmark.COLLAR_RIGHT)[0] < at(Landmark.COLLAR_FRONT)[0] < at(Landmark.COLLAR_LEFT)[0]
    assert at(Landmark.SHOULDER_RIGHT)[0] < at(Landmark.COLLAR_RIGHT)[0]
    assert at(Landmark.SHOULDER_LEFT)[0] > at(Landmark.COLLAR_LEFT)[0]
    for side in ("RIGHT", "LEFT"):
        pit, hem = at(Landmark[f"ARMPIT_{side}"]), at(Landmark[f"HEM_{side}"])
        assert at(Landmark[f"SHOULDER_{side}"])[1] < pit[1] < hem[1]
    widths = at(Landmark.ARMPIT_LEFT)[0] - at(Landmark.ARMPIT_RIGHT)[0]
    assert 0.15 < widths / example[1].mask.shape[1] < 0.6


def test_examples_touch_nothing_but_the_garment(example):
    mask = example[1].mask
    assert 0.08 < (mask > 128).mean() < 0.5
    count, _, stats, _ = cv2.connectedComponentsWithStats((mask > 16).astype(np.uint8))
    assert sum(stats[1:count, cv2.CC_STAT_AREA] > 200) == 1


@pytest.mark.parametrize("value", [0, 128, 255])
def test_an_even_picture_holds_no_garment(reader, value):
    with pytest.raises(FittingRoomError) as raised:
        reader.isolate_garment(np.full((300, 200, 3), value, np.uint8))
    assert raised.value.code is ErrorCode.GARMENT_NOT_FOUND
