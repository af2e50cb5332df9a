"""Laws of the pose stage: what is drawn as a target is found again by the decoder."""

import numpy as np
import pytest
from numpy.typing import NDArray

from fittingroom.skeleton import LIMBS, MIRRORED, PAF_CHANNELS, Joint
from fittingroom.stages.pose import PoseEstimator, decode, prominence, unmirrored
from fittingroom.training.targets import pose_target
from fittingroom.training.views import View, ViewPerson
from fittingroom.types import Pose

STANDING = np.array(
    [(50, 20), (50, 40), (35, 40), (30, 65), (28, 88), (65, 40), (70, 65), (72, 88), (40, 92),
     (39, 130), (38, 165), (60, 92), (61, 130), (62, 165), (47, 16), (53, 16), (43, 18), (57, 18)],
    np.float32,
)  # fmt: skip


def view_of(*people: NDArray[np.float32]) -> View:
    blank = np.zeros((256, 192), np.uint8)
    persons = tuple(ViewPerson(joints, np.ones(18, np.float32), 30.0) for joints in people)
    return View(np.zeros((256, 192, 3), np.uint8), blank, blank.astype(bool), persons)


def maps_of(*people: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    target = pose_target(view_of(*people))
    return {"heat": target.heat[None], "fields": target.fields[None]}


def test_a_drawn_person_is_found_where_it_was_drawn() -> None:
    (pose,) = decode(maps_of(STANDING + 10))
    assert pose.missing == ()
    assert np.abs(pose.joints - (STANDING + 10)).max() < 1.5


def test_two_people_stay_two() -> None:
    second = STANDING + np.array([90, 40], np.float32)
    found = decode(maps_of(STANDING, second))
    assert len(found) == 2
    lefts = sorted(float(pose.joints[Joint.NECK, 0]) for pose in found)
    assert lefts == pytest.approx([50, 140], abs=2)


def test_joints_outside_the_picture_are_missing() -> None:
    half = STANDING.copy()
    half[[Joint.LEFT_KNEE, Joint.RIGHT_KNEE, Joint.LEFT_ANKLE, Joint.RIGHT_ANKLE]] = np.nan
    (pose,) = decode(maps_of(half))
    assert set(pose.missing) == {
        Joint.LEFT_KNEE, Joint.RIGHT_KNEE, Joint.LEFT_ANKLE, Joint.RIGHT_ANKLE
    }  # fmt: skip


def test_maps_of_a_mirrored_person_are_turned_back() -> None:
    mirrored = STANDING[list(MIRRORED)] * (-1, 1) + (191, 0)
    maps, back = maps_of(STANDING), unmirrored(maps_of(mirrored.astype(np.float32)))
    assert np.abs(maps["heat"] - back["heat"]).max() < 1e-5
    # Where a limb's border runs through a cell's centre it may fall to either side.
    off = np.abs(maps["fields"] - back["fields"]) > 1e-5
    assert off.mean() < 1e-3


def test_empty_maps_show_nobody() -> None:
    empty = {"heat": np.zeros((1, 19, 64, 48), np.float32),
             "fields": np.zeros((1, 38, 64, 48), np.float32)}  # fmt: skip
    assert decode(empty) == []


class DrawnNetwork:
    """Answers with the maps of a person who stands at a fixed place of the photo."""

    spec = {"input_size": [256, 192]}

    def __call__(self, inputs: dict[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        """Find the person by the red, green and blue channels: they hold x, y and 255."""
        image = inputs["image"][0]
        joints = np.full((18, 2), np.nan, np.float32)
        for joint, (x, y) in enumerate(STANDING * 4):
            error = np.abs(image[0] - x / 3) + np.abs(image[1] - y / 4)
            row, column = np.unravel_index(int(error.argmin()), error.shape)
            joints[joint] = (column, row)
        mirrored = image[0, :, 0].sum() > image[0, :, -1].sum()
        return maps_of(joints[list(MIRRORED)] if mirrored else joints)


def test_joints_come_back_in_photo_pixels() -> None:
    """A photo whose colours are its coordinates: the estimator must undo its own frames."""
    y, x = np.mgrid[:768, :576]
    photo = np.stack([x / 3, y / 4, np.full(x.shape, 255)], axis=2).astype(np.uint8)
    (pose,) = PoseEstimator(DrawnNetwork())(photo)
    assert np.abs(pose.joints - STANDING * 4).max() < 12


class PaddingNetwork:
    """Sees a person at the very top of every frame."""

    spec = {"input_size": [256, 192]}

    def __call__(self, inputs: dict[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        """Answer the same, whatever is shown."""
        assert inputs["image"].shape == (1, 3, 256, 192)
        return maps_of(STANDING * 0.4)


def test_people_seen_in_the_padding_are_nobody() -> None:
    """A landscape photo fills only the middle of the frame; above it there is no photo."""
    wide = np.zeros((60, 190, 3), np.uint8)
    assert PoseEstimator(PaddingNetwork())(wide) == ()


def test_the_largest_complete_torso_is_the_main_person() -> None:
    scores = np.ones(18, np.float32)
    small, large = Pose(STANDING, scores), Pose(STANDING * 2, scores)
    faceless = np.where(np.arange(18) < 2, 1, 0).astype(np.float32)
    assert prominence(large) > prominence(small) > prominence(Pose(STANDING * 9, faceless))


def test_tables_are_complete() -> None:
    assert sorted(channel for pair in PAF_CHANNELS for channel in pair) == list(range(38))
    assert len(LIMBS) == len(PAF_CHANNELS)
    assert [MIRRORED[MIRRORED[joint]] for joint in Joint] == list(Joint)
