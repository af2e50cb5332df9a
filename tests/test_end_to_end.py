"""The whole way with the shipped networks, on the bundled examples."""

import json
import subprocess
import sys

import cv2
import numpy as np
import PIL.Image
import pytest

from fittingroom import ErrorCode, FittingRoom, FittingRoomError
from fittingroom.cli import EXAMPLES
from fittingroom.images import read_photo
from fittingroom.labels import SKIN, UPPER_LAYERS, Lip
from fittingroom.types import Size

pytestmark = pytest.mark.weights

REACH = 0.06
"""How far a change may lie from what calls for it, in frame heights."""


@pytest.fixture(scope="module")
def room():
    return FittingRoom(threads=1)


@pytest.fixture(scope="module", params=[(1, 1), (2, 3), (1, 5)], ids=str)
def dressed(room, request):
    person, garment = request.param
    photo = EXAMPLES / f"person_{person}.jpg"
    result = room.try_on(photo, EXAMPLES / f"garment_{garment}.jpg", whole=True)
    return read_photo(photo), result


def at_photo_size(steps, mask):
    return steps.frame.leave(mask, Size(*steps.image.shape[:2]), cv2.INTER_NEAREST) > 0


def test_the_rest_of_the_photo_is_untouched(dressed):
    photo, result = dressed
    kept = result.steps.changed == 0
    assert result.image.shape == photo.shape
    assert np.array_equal(result.image[kept], photo[kept])
    assert not np.array_equal(result.image, photo)


def test_the_old_garment_may_change(dressed):
    _, result = dressed
    old = np.isin(result.steps.labels, (Lip.UPPER_CLOTHES, Lip.COAT))
    assert old.sum() > 0.02 * old.size
    assert (result.steps.changed[old] > 0).mean() >= 0.95


def test_nothing_far_from_the_garments_may_change(dressed):
    _, result = dressed
    steps = result.steps
    before, after = steps.person.parsing.labels, steps.layout.parsing.labels
    filled_skin = np.isin(after, SKIN) & (before != after)
    called_for = np.maximum(steps.person.parsing.mask(*UPPER_LAYERS), steps.layout.clothes)
    called_for = np.where(filled_skin, np.uint8(255), called_for)
    near = at_photo_size(steps, called_for).astype(np.uint8)
    distance = cv2.distanceTransform(1 - near, cv2.DIST_L2, 5)
    frame_height = steps.frame.size.height / steps.frame.scale
    assert distance[steps.changed > 0].max() <= REACH * frame_height


def test_the_garment_arrives(dressed):
    _, result = dressed
    steps = result.steps
    clothes = at_photo_size(steps, cv2.erode(steps.layout.clothes, np.ones((25, 25))))
    garment = steps.garment.image[steps.garment.mask > 128]
    seen = np.median(result.image[clothes], axis=0)
    assert np.abs(seen - np.median(garment, axis=0)).max() < 60


def test_same_input_same_output(room, dressed):
    photo, result = dressed
    again = room.try_on(photo, result.steps.garment.image)
    assert np.array_equal(again.image, result.image)


def test_a_garment_photo_is_no_person(room):
    for number in range(1, 7):
        with pytest.raises(FittingRoomError) as caught:
            room.try_on(EXAMPLES / f"garment_{number}.jpg", EXAMPLES / "garment_1.jpg")
        assert caught.value.code == ErrorCode.NO_PERSON


def test_the_command(tmp_path):
    line = [sys.executable, "-m", "fittingroom", "try", EXAMPLES / "person_1.jpg"]
    line += [EXAMPLES / "garment_2.jpg", "-o", "out.png", "--steps", "steps"]
    line += ["--background", "plain", "--report", "r.json"]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "r.json").read_text())
    assert set(report["weights"]) == {"garment.onnx", "parsing.onnx", "pose.onnx"}
    photo, out = read_photo(EXAMPLES / "person_1.jpg"), read_photo(tmp_path / "out.png")
    with PIL.Image.open(tmp_path / "steps" / "changed.png") as changed:
        kept = np.asarray(changed) == 0
    assert np.array_equal(out[kept], photo[kept])
