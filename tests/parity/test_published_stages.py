"""What comes before and after the published OpenPose and SCHP networks; needs no torch."""

from pathlib import Path

import numpy as np
import pytest

from fittingroom.skeleton import LIMBS, Joint
from fittingroom.stages import openpose, schp
from fittingroom.types import Size

PARITY = Path(__file__).resolve().parents[1] / "fixtures" / "parity"


def arrays(name):
    with np.load(PARITY / f"{name}.npz", allow_pickle=False) as file:
        return {key: file[key] for key in file.files}


@pytest.fixture(scope="module")
def poses():
    return arrays("openpose_decode")


@pytest.fixture(scope="module")
def parsing():
    return arrays("schp_prepost")


@pytest.mark.parametrize("name", ["viton", "odd"])
def test_openpose_input(poses, name):
    given = openpose.encode(poses[f"{name}.image_bgr"][:, :, ::-1])
    expected = poses[f"{name}.net_input"]
    assert given.shape == expected.shape and given.dtype == np.float32
    # One grey level at most, and hardly anywhere: OpenCV's cubic differs between its versions.
    assert np.abs(given - expected).max() <= 1 / 256
    assert (given == expected).mean() >= 0.999


@pytest.mark.parametrize("name", ["vga", "viton", "odd"])
def test_openpose_people(poses, name):
    size = Size(*poses[f"{name}.image_hw"].tolist())
    peaks, people = openpose.decode(poses[f"{name}.paf"], poses[f"{name}.heat"], size)
    candidate = np.array([peak for found in peaks for peak in found])
    subset = np.array([[*person.joints, person.score, person.count] for person in people])
    compact = arrays("openpose_compact")
    for reference in (poses[f"{name}.candidate"], compact[f"decode.{name}.candidate"]):
        np.testing.assert_array_equal(candidate[:, [0, 1, 3]], reference[:, [0, 1, 3]])
        np.testing.assert_allclose(candidate[:, 2], reference[:, 2], atol=1e-5)
    for reference in (poses[f"{name}.subset"], compact[f"decode.{name}.subset"]):
        np.testing.assert_array_equal(subset[:, :18], reference[:, :18])
        np.testing.assert_allclose(subset[:, 18:], reference[:, 18:], rtol=1e-5)


def test_openpose_poses_begin_with_the_surest(poses):
    size = Size(*poses["viton.image_hw"].tolist())
    peaks, people = openpose.decode(poses["viton.paf"], poses["viton.heat"], size)
    found = openpose.to_poses(peaks, people)
    scores = [person.score for person in people]
    first = people[int(np.argmax(scores))]
    everyone = [peak for joint in peaks for peak in joint]
    assert len(found) == len(people)
    for joint in Joint:
        ident = first.joints[joint]
        assert found[0].sees(joint) == (ident >= 0)
        if ident >= 0:
            assert found[0].point(joint).tolist() == [everyone[ident].x, everyone[ident].y]


def test_openpose_limbs_that_add_to_a_person():
    people, scores = [], [1.0] * 6
    ear, shoulder, hip = 17, LIMBS.index((Joint.NECK, Joint.RIGHT_SHOULDER)), 6

    def attach(limb, start, end):
        openpose.attach(people, limb, openpose.Connection(start, end, 0.5), scores)
        return [(p.joints[Joint.NECK], p.joints[LIMBS[limb][1]], p.score, p.count) for p in people]

    assert attach(ear, 0, 1) == []
    assert attach(shoulder, 0, 1) == [(0, 1, 2.5, 2)]
    assert attach(shoulder, 0, 2) == [(0, 2, 4.0, 3)], "the later end takes the place"
    assert attach(shoulder, 4, 2) == [(0, 2, 4.0, 3)], "found by its end alone"
    assert attach(hip, 5, 3) == [(0, -1, 4.0, 3), (5, 3, 2.5, 2)]
    assert attach(hip, 0, 3) == [(0, 3, 5.5, 4), (5, 3, 2.5, 2)], "two necks do not merge"


def test_openpose_without_anyone():
    nothing = openpose.decode(np.zeros((1, 38, 23, 18)), np.zeros((1, 19, 23, 18)), Size(256, 192))
    assert nothing == ([[]] * 18, [])
    assert openpose.to_poses(*nothing) == []


@pytest.mark.parametrize(("name", "side"), [("tall", 473), ("wide", 512)])
def test_schp_input(parsing, name, side):
    picture = parsing[f"{name}.image_bgr"][:, :, ::-1]
    matrix = schp.square_matrix(Size(*picture.shape[:2]), side)
    np.testing.assert_allclose(matrix, parsing[f"{name}.M_forward"], atol=1e-9)
    given = schp.encode(picture, side)
    assert given.shape == (1, 3, side, side) and given.dtype == np.float32
    # A matrix that differs in its last digits turns a pixel in 100,000 by one grey level.
    difference = np.abs(given[0] - parsing[f"{name}.input"].astype(np.float32))
    assert difference.max() < 1.1 / 255 / schp.STD.min()
    assert (difference > 2e-3).mean() < 1e-4
    sparse = arrays("schp_compact")[f"prepost.{name}.input_s16"]
    np.testing.assert_allclose(given[0][:, ::16, ::16], sparse, atol=0.02)


@pytest.mark.parametrize(("name", "side"), [("tall", 473), ("wide", 512)])
def test_schp_labels(parsing, name, side):
    logits = parsing[f"{name}.logits_small"]
    expected = parsing[f"{name}.logits_warped"]
    size = Size(*expected.shape[:2])
    warped = np.stack(list(schp.picture_logits(logits, size, side)), axis=2)
    np.testing.assert_allclose(warped, expected.astype(np.float32), atol=4e-3)
    labels = schp.decode(logits, size, side)
    assert labels.dtype == np.uint8
    for reference in (parsing, {key[8:]: v for key, v in arrays("schp_compact").items()}):
        assert (labels == reference[f"{name}.argmax"]).mean() >= 0.999
    nearest = schp.decode_nearest(logits, size, side)
    assert (nearest == parsing[f"{name}.nearest_label_warp"]).mean() >= 0.999


def test_schp_spreads_corner_on_corner():
    logits = np.arange(6, dtype=np.float32).reshape(1, 1, 2, 3)
    spread = schp.spread(logits, 5)[0]
    np.testing.assert_allclose(spread[[0, 0, -1, -1], [0, -1, 0, -1]], [0, 2, 3, 5])
    np.testing.assert_allclose(spread[2], [1.5, 2, 2.5, 3, 3.5])
