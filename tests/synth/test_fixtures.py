"""The few real samples under tests/fixtures/synth: what is exact there must be exact here."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from fittingroom.labels import Lip
from fittingroom.skeleton import Joint
from fittingroom.synth.judging import torso_of
from fittingroom.synth.records import (
    RecordError,
    flow,
    read_product,
    read_sample,
    read_sheet,
    write_sample,
)
from fittingroom.synth.scenes import product_path, sample_path, sheet_path
from fittingroom.synth.shapes import View
from fittingroom.synth.sheet import stored_numbers
from fittingroom.types import Category

FOLDER = Path(__file__).parents[1] / "fixtures" / "synth"
NUMBERS = stored_numbers(FOLDER)
SAMPLES = {number: read_sample(sample_path(FOLDER, number)) for number in NUMBERS}
WORN = [(number, name) for number in NUMBERS for name in "ab"]
FLOWS = [(number, name, view) for number, name in WORN for view in View]
FOLD = 0.05
"""Metres of cloth between neighbouring pixels from which a fold lies between them."""
CLOTHES = {
    Category.UPPER: (Lip.UPPER_CLOTHES, Lip.COAT),
    Category.LOWER: (Lip.PANTS, Lip.SKIRT),
    Category.DRESS: (Lip.DRESS,),
}


def outfit_of(number, name):
    return SAMPLES[number].outfits[name]


def product_of(number, name, view):
    return read_product(product_path(FOLDER, outfit_of(number, name).garment, view))


def overlap(one, other):
    return (one & other).sum() / (one | other).sum()


def moved(picture, target):
    return cv2.remap(np.float32(picture), target, None, cv2.INTER_LINEAR, borderValue=np.nan)


def smooth(cloth):
    """(h, w) bool, where the cloth goes on to all neighbours without a seam or a fold."""
    kernel, folded = np.ones((3, 3), np.uint8), np.zeros(cloth.panel.shape, bool)
    piece = cloth.panel + 300.0 * cloth.inside
    for plane, limit in ((piece, 0), (cloth.uv[..., 0], FOLD), (cloth.uv[..., 1], FOLD)):
        values = np.float32(plane)
        folded |= cv2.dilate(values, kernel) - cv2.erode(values, kernel) > limit
    return ~folded & (cloth.panel != 255)


def metres_per_pixel(product):
    """About how much of the sheet a product pixel spans."""
    uv, panel = product.cloth.uv, product.cloth.panel
    same = (panel[:, 1:] == panel[:, :-1]) & (panel[:, 1:] != 255)
    return float(np.median(np.linalg.norm(uv[:, 1:] - uv[:, :-1], axis=2)[same]))


def test_they_are_a_handful_and_small():
    assert 3 <= len(NUMBERS) <= 5
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) < 2e6


def test_every_category_of_garment_is_there():
    sheets = [read_sheet(sheet_path(FOLDER, outfit_of(*worn).garment)) for worn in WORN]
    assert {sheet.category for sheet in sheets} == set(Category)


@pytest.mark.parametrize(("number", "name", "view"), FLOWS)
def test_a_product_moved_by_the_flow_is_the_worn_garment(number, name, view):
    # Both pictures are painted with colours that say the place on the sheet: end-point error.
    cloth, product = outfit_of(number, name).cloth, product_of(number, name, view)
    target, valid = flow(cloth, product)
    # At seams and folds the mean of four neighbours mixes places that are far from each other.
    inner = valid & (moved(smooth(product.cloth), target) == 1)
    assert inner.sum() > 0.5 * valid.sum()
    painted = moved(np.dstack([product.cloth.uv, product.cloth.panel]), target)
    assert (painted[inner][:, 2] == cloth.panel[inner]).mean() > 0.98
    off = np.linalg.norm(painted[..., :2] - cloth.uv, axis=2)[inner] / metres_per_pixel(product)
    assert np.median(off) < 0.05
    assert np.quantile(off, 0.9) < 0.1
    assert (off > 1).mean() < 0.02


@pytest.mark.parametrize(("number", "name", "view"), FLOWS)
def test_a_valid_flow_lands_on_the_garment(number, name, view):
    product = product_of(number, name, view)
    target, valid = flow(outfit_of(number, name).cloth, product)
    x, y = np.rint(target[valid]).astype(int).T
    assert (cv2.dilate(product.share, np.ones((3, 3)))[y, x] > 0).all()


@pytest.mark.parametrize(("number", "name"), WORN)
def test_most_of_what_is_worn_is_valid_in_the_ghost_picture(number, name):
    cloth = outfit_of(number, name).cloth
    _, valid = flow(cloth, product_of(number, name, View.GHOST))
    assert valid[cloth.panel != 255].mean() >= 0.75
    assert not valid[cloth.panel == 255].any()


@pytest.mark.parametrize(("number", "name"), WORN)
def test_the_amodal_mask_holds_the_visible_one(number, name):
    outfit = outfit_of(number, name)
    seen = outfit.share[..., 2] >= 128
    assert seen.mean() > 0.01
    assert outfit.amodal[seen].all()
    assert overlap(seen, outfit.amodal) > 0.5


@pytest.mark.parametrize(("number", "name"), WORN)
def test_mask_labels_and_shares_tell_of_one_garment(number, name):
    outfit = outfit_of(number, name)
    sheet = read_sheet(sheet_path(FOLDER, outfit.garment))
    share = outfit.share[..., 2]
    assert np.array_equal(outfit.cloth.panel != 255, share > 0)
    labels = np.isin(outfit.labels, CLOTHES[sheet.category])
    # A tank under an open or short top is UPPER_CLOTHES too.
    assert overlap(share >= 128, labels) > 0.9
    assert labels[share >= 128].mean() > 0.99


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("name", ["a", "b", "base"])
def test_labels_and_shares_tell_of_one_person(number, name):
    outfit = outfit_of(number, name)
    assert overlap(outfit.labels != Lip.BACKGROUND, outfit.share[..., 0] >= 128) > 0.97
    assert (outfit.share[..., 0].astype(int) + 1 >= outfit.share[..., 2]).all()
    assert outfit.labels.max() <= max(Lip)


@pytest.mark.parametrize("number", NUMBERS)
def test_the_base_layer_wears_no_garment(number):
    base = outfit_of(number, "base")
    assert base.cloth is None
    assert base.garment is None
    assert (base.labels == Lip.UPPER_CLOTHES).any()
    body = SAMPLES[number].body_parts
    assert overlap(body != 255, base.labels != Lip.BACKGROUND) > 0.9


@pytest.mark.parametrize("number", NUMBERS)
def test_joints_lie_in_the_picture_or_say_that_they_do_not(number):
    joints = SAMPLES[number].joints
    height, width = SAMPLES[number].body.shape[:2]
    inside = (joints[:, :2] >= -0.5).all(1) & (joints[:, :2] < (width - 0.5, height - 0.5)).all(1)
    assert np.array_equal(joints[:, 2] > 0, inside)
    assert set(np.unique(joints[:, 2])) <= {0, 0.5, 1}
    assert inside[[Joint.NECK, Joint.LEFT_SHOULDER, Joint.RIGHT_SHOULDER]].all()
    assert torso_of(joints) > height / 8


@pytest.mark.parametrize("number", NUMBERS)
def test_shown_joints_lie_on_the_person(number):
    sample = SAMPLES[number]
    person = cv2.dilate((sample.outfits["a"].labels > 0).astype(np.uint8), np.ones((5, 5)))
    x, y = np.rint(sample.joints[sample.joints[:, 2] == 1, :2]).astype(int).T
    assert person[y, x].all()


def test_one_pose_is_frontal_and_the_persons_left_is_on_the_right():
    frontal = [s for s in SAMPLES.values() if abs(s.record["turn"]) < 0.15]
    assert frontal
    for sample in frontal:
        for part in ("SHOULDER", "HIP", "EYE"):
            left, right = (sample.joints[Joint[f"{side}_{part}"]] for side in ("LEFT", "RIGHT"))
            assert left[0] > right[0]
        rows, left = np.nonzero(sample.outfits["base"].labels == Lip.LEFT_ARM)
        _, right = np.nonzero(sample.outfits["base"].labels == Lip.RIGHT_ARM)
        assert left.mean() > right.mean()


@pytest.mark.parametrize("view", View)
def test_landmarks_of_a_top_have_the_wearers_sides(view):
    product = product_of(0, "a", view)
    for part in ("shoulder", "armpit", "hem"):
        assert product.landmarks[f"{part}_left"][0] > product.landmarks[f"{part}_right"][0]


def test_a_sample_written_again_has_the_same_pixels_and_the_same_bytes(tmp_path):
    for name in ("again.zip", "twice.zip"):
        write_sample(tmp_path / name, SAMPLES[NUMBERS[0]])
    again = read_sample(tmp_path / "again.zip")
    there = outfit_of(NUMBERS[0], "a")
    assert np.array_equal(again.outfits["a"].cloth.uv, there.cloth.uv)
    assert np.array_equal(again.outfits["a"].light, there.light)
    assert (tmp_path / "again.zip").read_bytes() == (tmp_path / "twice.zip").read_bytes()


def test_another_outfit_changes_nothing_else(tmp_path):
    sample = SAMPLES[NUMBERS[0]]
    write_sample(tmp_path / "one.zip", replace(sample, record={}))
    assert np.array_equal(read_sample(tmp_path / "one.zip").joints, sample.joints)


@pytest.mark.parametrize("place", [0.2, 0.5, 0.8])
def test_the_reader_refuses_a_flipped_byte(tmp_path, place):
    data = bytearray(sample_path(FOLDER, NUMBERS[0]).read_bytes())
    data[int(len(data) * place)] ^= 0x40
    path = tmp_path / "bad.zip"
    path.write_bytes(data)
    with pytest.raises(RecordError, match="delete it and render it again"):
        read_sample(path)
