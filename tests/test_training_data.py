"""Laws of the training data: classes, views. Needs neither torch nor the photos."""

import numpy as np
import pytest
from numpy.typing import NDArray

from fittingroom.labels import IGNORED, Lip
from fittingroom.skeleton import Joint
from fittingroom.training import ccp
from fittingroom.training.renders import degraded, is_held_back
from fittingroom.training.teacher import TeacherPose
from fittingroom.training.views import Mix, View, ViewMaker

NAMES = sorted({name for line in ccp.CLASS_NAMES.values() for name in line.split()})
ALL_NAMES = [*NAMES, "skin", *sorted(ccp.SHOE_NAMES)]

JOINTS = 4 * np.array(
    [(50, 20), (50, 40), (35, 40), (30, 65), (28, 88), (65, 40), (70, 65), (72, 88), (40, 92),
     (39, 130), (38, 165), (60, 92), (61, 130), (62, 165), (47, 16), (53, 16), (43, 18), (57, 18)],
    np.float32,
)  # fmt: skip


def drawn_photo() -> ccp.LabelledPhoto:
    """A paper doll: hair, face, top, trousers, and a right arm of skin."""
    image = np.full((720, 400, 3), 200, np.uint8)
    classes = np.zeros((720, 400), np.uint8)
    for part, rows, columns in (
        (Lip.HAIR, slice(30, 60), slice(170, 230)),
        (Lip.FACE, slice(60, 140), slice(175, 225)),
        (Lip.UPPER_CLOTHES, slice(140, 360), slice(140, 260)),
        (Lip.RIGHT_ARM, slice(160, 360), slice(105, 140)),
        (Lip.PANTS, slice(360, 680), slice(145, 255)),
    ):
        classes[rows, columns] = part
        image[rows, columns] = (10 * part, 255 - 10 * part, 128)
    pose = TeacherPose(JOINTS, np.ones(18, np.float32), ())
    return ccp.LabelledPhoto("0001", image, classes, pose)


def maker() -> ViewMaker:
    mix = Mix(labelled=True, rendered=0.3)
    return ViewMaker([drawn_photo()], [np.full((300, 300, 3), 90, np.uint8)], mix, [drawn_photo()])


def test_every_name_has_a_class_and_an_unknown_one_is_an_error() -> None:
    assert len(ccp.class_table(ALL_NAMES)) == 59
    with pytest.raises(ValueError, match="toga"):
        ccp.class_table([*ALL_NAMES, "toga"])


def skin_parts(rows: slice, columns: slice) -> set[int]:
    skin = np.zeros((720, 400), np.uint8)
    skin[rows, columns] = 1
    divided = ccp.divide_skin(skin, JOINTS)
    assert (divided[skin == 0] == 0).all()
    return set(np.unique(divided[skin > 0]).tolist())


def test_skin_goes_to_the_part_whose_bones_are_near() -> None:
    assert skin_parts(slice(300, 350), slice(108, 125)) == {Lip.RIGHT_ARM}
    assert skin_parts(slice(300, 350), slice(275, 292)) == {Lip.LEFT_ARM}
    assert skin_parts(slice(55, 95), slice(185, 215)) == {Lip.FACE}
    assert skin_parts(slice(600, 640), slice(148, 160)) == {Lip.RIGHT_LEG}


def test_face_and_neck_of_one_piece_are_told_apart() -> None:
    parts = skin_parts(slice(55, 180), slice(185, 215))
    assert {Lip.FACE, Lip.TORSO_SKIN} <= parts <= {Lip.FACE, Lip.TORSO_SKIN, IGNORED}


def draw(seed: int, count: int) -> list[View]:
    rng = np.random.default_rng(seed)
    source = maker()
    return [source.draw(rng) for _ in range(count)]


def test_views_are_the_same_for_the_same_seed() -> None:
    for a, b in zip(draw(3, 12), draw(3, 12), strict=True):
        assert np.array_equal(a.image, b.image) and np.array_equal(a.classes, b.classes)


def test_views_show_nobody_one_and_several_people() -> None:
    counts = {len(view.people) for view in draw(0, 120)}
    assert counts == {0, 1, 2, 3}


def on_class(view: View, joint: Joint) -> int:
    x, y = np.rint(view.people[0].joints[joint]).astype(int)
    return int(view.classes[y, x])


def test_joints_stay_on_their_labels_under_every_camera() -> None:
    """The nose lies on the face, whatever was turned, mirrored or scaled; rims are ignored."""
    seen = 0
    for view in draw(1, 80):
        if len(view.people) == 1 and np.isfinite(view.people[0].joints[Joint.NOSE, 0]):
            seen += 1
            assert on_class(view, Joint.NOSE) in (Lip.FACE, IGNORED)
    assert seen > 25


def right_arm_is_named_after_its_side(view: View) -> bool:
    """The doll's only arm is its right one; a mirrored doll's is its left."""
    arms = set(np.unique(view.classes)) & {Lip.LEFT_ARM, Lip.RIGHT_ARM}
    if len(view.people) != 1 or not arms:
        return True
    side = Joint.RIGHT_ELBOW if arms == {Lip.RIGHT_ARM} else Joint.LEFT_ELBOW
    elbow = view.people[0].joints[side]
    if not np.isfinite(elbow[0]):
        return True
    mask: NDArray[np.bool_] = np.isin(view.classes, list(arms))
    rows, columns = np.nonzero(mask)
    return bool(np.hypot(columns - elbow[0], rows - elbow[1]).min() < 6)


def test_mirrored_views_swap_left_and_right_in_joints_and_labels_alike() -> None:
    assert all(right_arm_is_named_after_its_side(view) for view in draw(2, 80))


def test_roughened_labels_keep_their_classes_and_most_of_their_places() -> None:
    classes = drawn_photo().classes
    assert classes is not None
    small = classes[::3, ::3]
    rough = degraded(small, np.random.default_rng(2))
    assert set(np.unique(rough)) <= set(np.unique(small)) | {Lip.SKIRT, Lip.COAT}
    assert 0.95 < (rough == small).mean() < 1


def test_a_body_is_held_back_by_its_number_with_all_that_it_wears() -> None:
    assert is_held_back("female08") and is_held_back("male16")
    assert not is_held_back("female09")
