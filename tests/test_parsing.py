"""Laws of the parsing stage."""

import numpy as np
from numpy.typing import NDArray

from fittingroom.guided import scaling
from fittingroom.labels import CLASS_COUNT, LIP_COUNT, LabelSet, Lip, Part
from fittingroom.skeleton import Joint
from fittingroom.stages.parsing import (
    MAP_COUNT,
    Look,
    Parser,
    decode,
    held_things,
    joint_maps,
    mirrored_pose,
    mirrored_shares,
    take_sides,
    to_label_set,
    to_lip,
)
from fittingroom.types import Pose, Size

SIZE = Size(96, 72)


def standing(scale: float = 1.0) -> Pose:
    joints = np.array(
        [(50, 20), (50, 40), (35, 40), (30, 65), (28, 88), (65, 40), (70, 65), (72, 88), (40, 92),
         (39, 130), (38, 165), (60, 92), (61, 130), (62, 165), (47, 16), (53, 16), (43, 18),
         (57, 18)], np.float32,
    )  # fmt: skip
    return Pose(joints * np.float32(scale), np.ones(18, np.float32))


def test_decoding_keeps_each_place() -> None:
    shares = np.zeros((CLASS_COUNT, 24, 18), np.float32)
    shares[Lip.HAIR, :12], shares[Lip.PANTS, 12:] = 1, 1
    small = np.full((*SIZE, 3), 90, np.uint8)
    classes = decode(shares, small, scaling(SIZE, SIZE), small)
    assert classes.shape == SIZE
    assert (classes[:46] == Lip.HAIR).all() and (classes[50:] == Lip.PANTS).all()


def test_sides_follow_the_joints() -> None:
    pose = standing()
    classes = np.zeros((180, 100), np.uint8)
    classes[60:90, 25:35] = Lip.LEFT_ARM  # lies on the right arm
    classes[60:90, 66:76] = Lip.LEFT_ARM
    sided = take_sides(classes, pose)
    assert (sided[60:90, 25:35] == Lip.RIGHT_ARM).all()
    assert (sided[60:90, 66:76] == Lip.LEFT_ARM).all()


def test_small_things_take_the_label_around_them() -> None:
    classes = np.full((40, 40), Lip.UPPER_CLOTHES, np.uint8)
    classes[10:14, 10:14], classes[20:30, 20:30] = Part.BELT, Part.BAG
    lip = to_lip(classes)
    assert (lip[10:14, 10:14] == Lip.UPPER_CLOTHES).all()
    assert (lip[20:30, 20:30] == Lip.BACKGROUND).all()
    assert lip.max() < LIP_COUNT


def test_every_label_set_is_closed() -> None:
    classes = np.arange(CLASS_COUNT, dtype=np.uint8).repeat(20).reshape(-1, 20)
    limits = {LabelSet.LIP: 20, LabelSet.ATR: 18, LabelSet.ACGPN: 14}
    for labels, count in limits.items():
        assert to_label_set(classes, labels).max() < count


def test_atr_socks_go_to_the_leg_of_their_side() -> None:
    classes = np.zeros((30, 40), np.uint8)
    classes[25:, :10], classes[25:, 30:] = Lip.RIGHT_SHOE, Lip.LEFT_SHOE
    classes[10:25, :10], classes[10:25, 30:] = Lip.SOCKS, Lip.SOCKS
    atr = to_label_set(classes, LabelSet.ATR)
    assert (atr[10:25, :10] == 13).all() and (atr[10:25, 30:] == 12).all()


def test_bags_and_things_in_hand_are_held_and_necklaces_are_not() -> None:
    pose = standing()
    classes = np.zeros((180, 100), np.uint8)
    classes[100:110, 20:30] = Part.BAG
    classes[88:92, 26:30] = Part.SMALL_THING
    classes[44:48, 48:52] = Part.SMALL_THING
    held = held_things(classes, pose)
    assert held[105, 25] == 255 and held[90, 28] == 255 and held[46, 50] == 0
    assert pose.sees(Joint.RIGHT_WRIST)


class PlainNetwork:
    """Calls everything pants."""

    spec = {"input_size": [64, 48]}

    def __call__(self, inputs: dict[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        """Return constant logits."""
        assert inputs["image"].shape == (1, 3, 64, 48)
        assert inputs["joints"].shape == (1, MAP_COUNT, 8, 6)
        logits = np.zeros((1, CLASS_COUNT, 16, 12), np.float32)
        logits[0, Lip.PANTS] = 1
        return {"fusion": logits}


def test_a_photo_gets_labels_of_its_own_size() -> None:
    labels = Parser(PlainNetwork()).parse_photo(np.zeros((700, 401, 3), np.uint8), standing(3.0))
    assert labels.shape == (700, 401) and labels.dtype == np.uint8
    assert (labels[60:480, 100:200] == Lip.PANTS).all()


def test_joint_maps_peak_on_the_joint_and_run_along_the_limb() -> None:
    pose = standing(2.0)
    seen = np.ones(18, bool)
    seen[Joint.LEFT_WRIST] = False
    maps = joint_maps(pose.joints, seen, Size(360, 200))
    assert maps.shape == (MAP_COUNT, 45, 25) and maps.max() <= 1
    x, y = pose.point(Joint.NECK) / 8
    row, column = np.unravel_index(maps[Joint.NECK].argmax(), maps.shape[1:])
    assert abs(row - y) <= 1 and abs(column - x) <= 1
    assert maps[Joint.LEFT_WRIST].max() == 0
    upper, fore = 18 + 2, 18 + 3  # of the left arm
    middle = (pose.point(Joint.LEFT_SHOULDER) + pose.point(Joint.LEFT_ELBOW)) / 16
    assert maps[upper, round(float(middle[1])), round(float(middle[0]))] > 0.5
    assert maps[fore].max() == 0


def test_mirroring_twice_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    shares = rng.random((CLASS_COUNT, 6, 5), dtype=np.float32)
    np.testing.assert_array_equal(mirrored_shares(mirrored_shares(shares)), shares)
    assert mirrored_shares(shares)[Lip.LEFT_ARM, 0, 0] == shares[Lip.RIGHT_ARM, 0, -1]
    pose = standing()
    again = mirrored_pose(mirrored_pose(pose, 100), 100)
    np.testing.assert_allclose(again.joints, pose.joints)
    assert mirrored_pose(pose, 100).point(Joint.LEFT_WRIST)[0] == 99 - 28


def answer(presence: dict[int, float], first: int) -> dict[str, NDArray[np.float32]]:
    """Equal pixels that lean to one class, with presence logits of a few classes, else +10."""
    told = np.full((1, CLASS_COUNT), 10.0, np.float32)
    for part, logit in presence.items():
        told[0, part] = logit
    logits = np.zeros((1, CLASS_COUNT, 4, 4), np.float32)
    logits[0, first] = 2
    gate = -np.logaddexp(0, -told[0])
    logits[0, 1:] += gate[1:, None, None]
    return {"fusion": logits, "presence": told}


def look(presence: dict[int, float], first: int = Lip.DRESS) -> Look:
    given = answer(presence, first)
    return Look(np.zeros((16, 16, 3), np.uint8), given, given)


def test_a_class_known_to_be_elsewhere_only_loses_its_pixels() -> None:
    seen = look({Lip.DRESS: 0.5})
    assert (seen.shares().argmax(axis=0) == Lip.DRESS).all()
    elsewhere = np.full(CLASS_COUNT, 10.0, np.float32)
    elsewhere[Lip.DRESS] = -12
    assert not (seen.shares(elsewhere).argmax(axis=0) == Lip.DRESS).any()
    np.testing.assert_allclose(seen.shares(elsewhere).sum(axis=0), 1, rtol=1e-5)


def test_the_same_presence_changes_nothing() -> None:
    seen = look({Lip.SKIRT: -3.0, Lip.PANTS: 1.0}, first=Lip.PANTS)
    np.testing.assert_allclose(seen.shares(seen.presence), seen.shares(), rtol=1e-5)


def test_the_background_is_never_thought_away() -> None:
    seen = look({Lip.BACKGROUND: 5.0}, first=Lip.BACKGROUND)
    elsewhere = np.full(CLASS_COUNT, 10.0, np.float32)
    elsewhere[Lip.BACKGROUND] = -30
    np.testing.assert_allclose(seen.shares(elsewhere), seen.shares(), rtol=1e-5)
