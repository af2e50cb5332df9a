"""ACGPN's data encoding and the steps between its networks, against the authors' numbers.

Needs no torch; what the networks themselves give is in test_acgpn.py.
"""

import json

import numpy as np
import pytest
from name_seeded import FIXTURES, assert_close, numbers
from PIL import Image

from fittingroom.stages import acgpn
from fittingroom.stages.acgpn import Label, Networks, Sample
from fittingroom.stages.acgpn_encoding import (
    encode_joints,
    encode_labels,
    encode_mask,
    encode_picture,
)

SAMPLE = FIXTURES / "parity" / "acgpn_sample"
SIZE = (256, 192)


def picture(name, mode):
    return np.asarray(Image.open(SAMPLE / name).convert(mode))


def recorded_sample():
    data = numbers("acgpn_data")
    names = ("image", "color", "edge", "pose")
    planes = [data[f"test.{name}"][0] for name in names]
    return acgpn.make_sample(data["test.label"][0, 0].astype(np.uint8), *planes)


def small_sample(labels):
    """A person in one grey with the given labels (h, w); no garment, no pose."""
    blank = np.zeros((3, *labels.shape), np.float32)
    pose = -np.ones((18, *labels.shape), np.float32)
    return Sample(labels, blank + 0.5, blank, np.zeros(labels.shape, bool), pose)


@pytest.mark.parametrize(
    ("encode", "file", "mode", "recorded"),
    [
        (encode_picture, "test_img/000001_0.jpg", "RGB", "test.image"),
        (encode_picture, "test_color/000001_1.jpg", "RGB", "test.color"),
        (encode_mask, "test_edge/000001_1.jpg", "L", "test.edge"),
        (encode_mask, "test_mask/000001.png", "L", "train.mask"),
    ],
)
def test_pictures_are_read_as_the_data_set_reads_them(encode, file, mode, recorded):
    assert_close(encode(picture(file, mode)), numbers("acgpn_data")[recorded][0])


def test_labels_are_read_as_the_data_set_reads_them():
    labels = encode_labels(picture("test_label/000001_0.png", "L"))
    assert (labels == numbers("acgpn_data")["test.label"][0, 0]).all()


def test_joints_are_drawn_as_the_data_set_draws_them():
    text = (SAMPLE / "test_pose" / "000001_0_keypoints.json").read_text()
    flat = json.loads(text)["people"][0]["pose_keypoints"]
    joints = list(zip(flat[::3], flat[1::3], strict=True))
    assert_close(encode_joints(joints), numbers("acgpn_data")["test.pose"][0])


def test_a_missing_joint_is_drawn_nowhere():
    assert (encode_joints([(0.0, 0.0), (1.0, 90.0), (90.0, 1.0)]) == -1).all()


def test_final_layout_and_skin_colour_are_the_recorded_ones():
    recorded, sample = numbers("acgpn_compact"), recorded_sample()
    layout = recorded["pipe.label_argmax"][0, 0]
    mask = recorded["pipe.cloth_mask_final"][0, 0] > 0
    final = acgpn.final_layout(layout, mask, sample.labels)
    assert (final == recorded["pipe.G_in_label_onehot_argmax"][0, 0]).all()
    assert_close(acgpn.skin_colour(sample)[:, 0, 0], recorded["pipe.G_in_skin"][0])


def test_hardly_any_arm_gives_no_skin_colour():
    labels = np.zeros((16, 16), np.uint8)
    labels[0, :9] = Label.LEFT_ARM
    assert (acgpn.skin_colour(small_sample(labels)) == 0).all()
    labels[0, 9] = Label.RIGHT_ARM
    assert (acgpn.skin_colour(small_sample(labels)) == 0.5).all()


def test_saturated_scores_go_to_the_lowest_label():
    logits = np.full((14, 1, 1), -5, np.float32)
    logits[[4, 8]] = [[[20]], [[40]]]
    assert acgpn.read_layout(logits)[0, 0] == 4


def test_clothes_stay_inside_the_old_outline_and_off_the_arms():
    labels = np.full((8, 8), Label.FACE, np.uint8)
    labels[0] = Label.BACKGROUND
    layout = np.full((8, 8), Label.UPPER_CLOTHES, np.uint8)
    layout[:, 0] = Label.LEFT_ARM
    mask = acgpn.read_clothes_mask(np.full((1, 8, 8), 3, np.float32), layout, labels)
    assert mask[1:, 1:].all() and not mask[0].any() and not mask[:, 0].any()


def test_the_old_picture_is_forgotten_around_an_arm_that_comes_out():
    labels = np.full((64, 64), Label.UPPER_CLOTHES, np.uint8)
    labels[:, 40:] = Label.RIGHT_ARM
    labels[:, 60:] = Label.FACE
    layout = labels.copy()
    layout[30, 39] = Label.RIGHT_ARM
    body = acgpn.kept_body(small_sample(labels), layout, np.zeros((64, 64), bool))
    assert (body[:, 30, 40:50] == 0).all() and (body[:, 30, 50:] == 0.5).all()
    assert (body[:, 5, 40:] == 0.5).all() and (body[:, :, :40] == 0).all()


def test_a_try_on_hands_each_network_what_it_asks_for():
    """With G1 and G2 that call everything clothes, all of the person is replaced by clothes."""
    sample, shown = recorded_sample(), {}

    def layout(planes):
        shown["layout"] = planes
        return acgpn.one_hot(np.full(SIZE, Label.UPPER_CLOTHES, np.uint8))

    def fusion(planes):
        shown["fusion"] = planes
        return planes[17:20]

    networks = Networks(
        layout,
        lambda planes: np.ones_like(planes[:1]),
        lambda garment, mask, clothes: (np.zeros((4, *SIZE), np.float32), garment),
        fusion,
    )
    noises = tuple(acgpn.noise_plane(np.random.default_rng(0), SIZE) for _ in range(3))
    made = acgpn.try_on(networks, sample, noises)
    assert shown["layout"].shape == (37, *SIZE) and shown["fusion"].shape == (24, *SIZE)
    fused = shown["layout"][4:18].argmax(0)
    assert set(np.unique(fused)) == set(np.unique(sample.labels)) - {7, 11, 13}
    assert (made.clothes_mask == (sample.labels > 0)).all()
    assert (shown["fusion"][:3] == 0).all()
    assert_close(made.picture, np.tanh(made.clothes))
    halves = np.where(made.clothes_mask, sample.garment / 2, 0)
    assert_close(made.clothes, halves)


def test_noise_is_as_frequent_as_the_published_and_repeats_with_its_seed():
    planes = [acgpn.noise_plane(np.random.default_rng(5), SIZE) for _ in range(2)]
    assert (planes[0] == planes[1]).all()
    assert planes[0].mean() == pytest.approx(0.159, abs=0.005)
