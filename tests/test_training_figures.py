"""Laws of the validation figures: counts, pooling, tones. Needs neither torch nor the photos."""

from dataclasses import replace
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from fittingroom.labels import IGNORED, LIP_COUNT, Lip, Part
from fittingroom.skeleton import Joint
from fittingroom.stages.parsing import Parser
from fittingroom.stages.pose import PoseEstimator
from fittingroom.synth.skin_texture import TONES
from fittingroom.training import evaluate, tones
from fittingroom.types import Image, LabelMap, Pose
from test_training_data import JOINTS, drawn_photo

DOLL = drawn_photo()


def doll_classes() -> LabelMap:
    assert DOLL.classes is not None
    return DOLL.classes.copy()


def told(joints: NDArray[np.float32]) -> Pose:
    return Pose(joints.copy(), np.ones(len(joints), np.float32))


class Knowing:
    """Stands in for both networks: says what it was made with."""

    def __init__(self, poses: list[Pose], classes: LabelMap) -> None:
        self.poses, self.classes = poses, classes

    def __call__(self, image: Image) -> list[Pose]:
        return self.poses

    def parse_photo(self, photo: Image, pose: Pose) -> LabelMap:
        return self.classes


def labelled(poses: list[Pose], classes: LabelMap) -> LabelMap:
    network = Knowing(poses, classes)
    pose = evaluate.main_pose(cast(PoseEstimator, network), DOLL.image)
    return evaluate.label_person(cast(Parser, network), pose, DOLL.image)


def noisy(seed: int) -> LabelMap:
    return np.random.default_rng(seed).integers(0, LIP_COUNT, (40, 30)).astype(np.uint8)


def test_a_perfect_parser_scores_one_in_everything() -> None:
    classes = doll_classes()
    classes[200:210, 150:250] = Part.BELT
    classes[400:420, 300:320] = Part.BAG
    scores = evaluate.score_parsing(
        evaluate.count_pixels(labelled([told(JOINTS)], classes), classes)
    )
    assert set(scores.values()) == {1.0}
    assert {"hair", "top", "right_arm", "mean", "mean_without_dress"} <= set(scores)


def test_somebody_who_is_not_found_counts_as_background() -> None:
    classes = doll_classes()
    scores = evaluate.score_parsing(evaluate.count_pixels(labelled([], classes), classes))
    assert 0 < scores["background"] < 1
    assert scores["top"] == scores["right_arm"] == 0


def test_counts_of_two_pictures_add_up_to_those_of_both_as_one() -> None:
    truth, said = [noisy(0), noisy(1)], [noisy(2), noisy(3)]
    parts = [evaluate.count_pixels(a, b) for a, b in zip(said, truth, strict=True)]
    whole = evaluate.count_pixels(np.hstack(said), np.hstack(truth))
    assert np.array_equal(parts[0] + parts[1], whole)


def test_a_score_is_intersection_over_union() -> None:
    truth, said = noisy(4), noisy(5)
    scores = evaluate.score_parsing(evaluate.count_pixels(said, truth))
    for group, members in evaluate.GROUPS.items():
        actual, predicted = np.isin(truth, members), np.isin(said, members)
        both, either = (actual & predicted).sum(), (actual | predicted).sum()
        assert scores[group] == pytest.approx(both / either)


def test_what_nobody_knows_is_not_counted() -> None:
    classes = doll_classes()
    classes[:300] = IGNORED
    table = evaluate.count_pixels(np.zeros_like(classes), classes)
    assert table.sum() == (classes != IGNORED).sum()


def test_sides_that_change_places_cost_both_arms_and_no_skin() -> None:
    classes = doll_classes()
    classes[160:360, 260:295] = Lip.LEFT_ARM
    swapped = classes.copy()
    swapped[classes == Lip.LEFT_ARM] = Lip.RIGHT_ARM
    swapped[classes == Lip.RIGHT_ARM] = Lip.LEFT_ARM
    scores = evaluate.score_parsing(evaluate.count_pixels(swapped, classes))
    assert scores["skin"] == 1
    assert scores["left_arm"] == scores["right_arm"] == scores["arms"] == 0
    assert "left_leg" not in scores and "legs" not in scores


def test_means_leave_out_what_no_picture_shows_and_the_second_the_dress_too() -> None:
    classes = doll_classes()
    classes[300:360, 140:260] = Lip.DRESS
    said = np.where(classes == Lip.DRESS, Lip.UPPER_CLOTHES, classes).astype(np.uint8)
    scores = evaluate.score_parsing(evaluate.count_pixels(said, classes))
    shown = ["background", "hair", "skin", "top", "dress", "pants"]
    assert not {"shoes", "skirt"} & set(scores)
    assert scores["dress"] == 0
    assert scores["mean"] == pytest.approx(np.mean([scores[group] for group in shown]))
    without = [scores[group] for group in shown if group != "dress"]
    assert scores["mean_without_dress"] == pytest.approx(np.mean(without))


def example() -> evaluate.Example:
    joints = JOINTS.copy()
    joints[Joint.LEFT_ANKLE] = np.nan
    return replace(evaluate.street_example(DOLL), joints=joints)


def test_joints_are_right_missed_or_invented() -> None:
    joints, scores = JOINTS.copy(), np.ones(18, np.float32)
    joints[Joint.NOSE] += 1000
    scores[Joint.RIGHT_WRIST] = 0
    score = evaluate.score_pose([evaluate.count_joints(Pose(joints, scores), example())])
    assert score.right == pytest.approx(15 / 17)
    assert score.upper == pytest.approx(6 / 7)
    assert score.missed == pytest.approx(1 / 17)
    assert score.invented == 1
    assert np.isnan(score.by_joint[Joint.LEFT_ANKLE])


def test_joints_of_pictures_are_pooled_and_those_with_nobody_are_missed() -> None:
    found = evaluate.count_joints(told(JOINTS), example())
    lost = evaluate.count_joints(None, example())
    score = evaluate.score_pose([found, lost, lost])
    assert score.right == pytest.approx(1 / 3)
    assert score.missed == pytest.approx(2 / 3)
    assert (score.seen, score.pictures) == (1, 3)


def test_painted_tones_go_from_light_to_dark_in_all_three_groups() -> None:
    groups = [tones.painted_tone(skin) for skin in range(10)]
    assert groups == sorted(groups, key=tones.TONE_GROUPS.index)
    assert set(groups) == set(tones.TONE_GROUPS)


@pytest.mark.parametrize("skin", [0, 4, 9])
def test_a_face_has_the_tone_of_its_middle(skin: int) -> None:
    image, face = DOLL.image.copy(), doll_classes() == Lip.FACE
    image[face] = TONES[skin]
    rows, columns = np.nonzero(face)
    image[rows.min() : rows.min() + 3, columns] = (255, 255, 255) if skin > 4 else (0, 0, 0)
    assert tones.face_tone(image, doll_classes()) == tones.painted_tone(skin)


def test_without_a_face_there_is_no_tone() -> None:
    assert tones.face_tone(DOLL.image, np.zeros(DOLL.image.shape[:2], np.uint8)) is None


def test_tones_divide_the_pictures_among_them() -> None:
    seen: list[str | None] = ["light", "dark", None, "light", "middle", "dark", "light"]
    counted: list[list[int]] = []

    def figures(numbers: list[int]) -> dict[str, float]:
        counted.append(sorted(numbers))
        return {"right": 1.0 if 0 in numbers else 0.5}

    result = tones.by_tone(seen, figures)
    assert counted[:3] == [[0, 3, 6], [4], [1, 5]]
    assert [result[group]["pictures"] for group in tones.TONE_GROUPS] == [3, 1, 2]
    assert result["light"]["right"] == 1
    assert result["gap"]["right"] == result["gap_by_chance"]["right"] == 0.5
    assert all(sorted(sum(counted[k : k + 3], [])) == [0, 1, 3, 4, 5, 6] for k in range(3, 603, 3))


def test_one_tone_alone_has_no_gap() -> None:
    assert tones.by_tone(["dark", None, "dark"], lambda numbers: {"right": 1.0}) == {}
