import concurrent.futures
import dataclasses

import numpy as np
import pytest

from fakes import make_photo, make_pose, make_stages
from fittingroom.errors import ErrorCode, FittingRoomError, WarningCode
from fittingroom.framing import GUESSED_SCORE, WORKING_SIZE, choose_subject, try_on_frame
from fittingroom.labels import Lip
from fittingroom.pipeline import Background, Stages, try_on
from fittingroom.room import FittingRoom
from fittingroom.skeleton import Joint
from fittingroom.types import Size

PHOTO = Size(500, 400)
HIPS = (Joint.RIGHT_HIP, Joint.LEFT_HIP)


def refusal(*people, photo=PHOTO):
    with pytest.raises(FittingRoomError) as caught:
        choose_subject(people, photo)
    return caught.value.code


def warned(*people, photo=PHOTO):
    return {notice.code for notice in choose_subject(people, photo).notices}


def test_a_plain_person_is_dressed_without_warning():
    pose = make_pose()
    subject = choose_subject((pose,), PHOTO)
    assert subject.pose is pose
    assert subject.notices == ()


def test_refusals():
    assert refusal() == ErrorCode.NO_PERSON
    assert refusal(make_pose(scale=0.39)) == ErrorCode.PERSON_TOO_SMALL
    assert refusal(make_pose(hidden=[Joint.LEFT_SHOULDER])) == ErrorCode.TORSO_NOT_VISIBLE
    assert refusal(make_pose(hidden=HIPS)) == ErrorCode.TORSO_NOT_VISIBLE
    assert refusal(make_pose(), photo=Size(160, 400)) == ErrorCode.TORSO_NOT_VISIBLE


def test_forty_pixels_are_enough():
    choose_subject((make_pose(scale=0.4001),), PHOTO)


def test_warnings():
    assert warned(make_pose(), make_pose()) == {WarningCode.SEVERAL_PERSONS}
    assert warned(make_pose(mirrored=True)) == {WarningCode.BACK_VIEW}
    faceless = make_pose(hidden=[Joint.NOSE, Joint.LEFT_EYE, Joint.RIGHT_EYE])
    assert warned(faceless) == {WarningCode.BACK_VIEW}
    assert warned(make_pose(score=0.1)) == {WarningCode.LOW_CONFIDENCE}
    assert warned(make_pose(hidden=[Joint.LEFT_HIP])) == {WarningCode.LOW_CONFIDENCE}


def test_hips_below_the_border_are_estimated():
    subject = choose_subject((make_pose(hidden=HIPS),), Size(190, 400))
    assert {notice.code for notice in subject.notices} == {WarningCode.LOW_CONFIDENCE}
    assert np.allclose(subject.pose.point(Joint.LEFT_HIP), (221, 221.5))
    assert subject.pose.scores[Joint.RIGHT_HIP] == np.float32(GUESSED_SCORE)


def test_one_hidden_hip_and_the_neck_are_estimated_from_the_others():
    pose = make_pose(hidden=[Joint.LEFT_HIP, Joint.NECK])
    subject = choose_subject((pose,), PHOTO)
    assert np.allclose(subject.pose.point(Joint.LEFT_HIP), (222, 220))
    assert np.allclose(subject.pose.point(Joint.NECK), (200, 120))


@pytest.mark.parametrize("scale", [0.5, 1.0, 1.1])
def test_the_frame_holds_head_arms_and_thighs(scale):
    pose = make_pose(neck=(200, 140), scale=scale)
    frame = try_on_frame(pose, PHOTO)
    assert frame.size == WORKING_SIZE
    upper = [j for j in Joint if "KNEE" not in j.name and "ANKLE" not in j.name]
    points = frame.enter_points(pose.joints[upper])
    assert (points > 10).all()
    assert (points < (WORKING_SIZE.width - 10, WORKING_SIZE.height - 10)).all()
    knees = frame.enter_points(pose.joints[[Joint.LEFT_KNEE]])
    assert knees[0, 1] > 0.9 * WORKING_SIZE.height


def test_the_frame_ends_at_the_photos_border():
    pose = choose_subject((make_pose(hidden=HIPS),), Size(190, 400)).pose
    frame = try_on_frame(pose, Size(190, 400))
    bottom = frame.top + frame.size.height / frame.scale
    assert bottom <= 190 + 0.3 * 190


def test_raised_arms_are_inside():
    joints = make_pose(neck=(200, 200)).joints.copy()
    joints[Joint.LEFT_WRIST] = (260, 40)
    pose = dataclasses.replace(make_pose(), joints=joints)
    point = try_on_frame(pose, PHOTO).enter_points(joints[[Joint.LEFT_WRIST]])
    assert (point > 10).all()


def test_try_on_keeps_every_step_and_times_each_stage():
    photo = make_photo()
    result = try_on(photo, make_photo(60, 50), None, make_stages())
    assert result.image.shape == photo.shape
    assert np.array_equal(result.image[result.changed == 0], photo[result.changed == 0])
    assert result.labels is None
    assert result.removed_layers == (Lip.UPPER_CLOTHES, Lip.COAT)
    ran = {field.name for field in dataclasses.fields(Stages)}
    ran -= {"parse_photo", "plain_background", "isolate_worn_garment"}
    assert set(result.milliseconds) == ran
    assert all(value >= 0 for value in result.milliseconds.values())


def test_a_plain_background_needs_the_labels_of_the_photo():
    result = try_on(make_photo(), make_photo(60, 50), None, make_stages(), Background.PLAIN)
    assert result.labels is not None
    assert (result.image[0, 0] == 240).all()
    assert result.changed[0, 0] == 255


def test_nobody_stops_before_the_garment_is_looked_at():
    blank = np.zeros((60, 50, 3), np.uint8)
    with pytest.raises(FittingRoomError) as caught:
        try_on(make_photo(), blank, None, make_stages(people=()))
    assert caught.value.code == ErrorCode.NO_PERSON


def test_many_threads_get_what_one_gets():
    room = FittingRoom(make_stages())
    photos = [make_photo(seed=seed) for seed in range(4)]
    garments = [make_photo(60, 50, seed=seed) for seed in range(4)]
    alone = [room.try_on(p, g).image for p, g in zip(photos, garments, strict=True)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(room.try_on, photos[n % 4], garments[n % 4]) for n in range(32)]
        for n, job in enumerate(jobs):
            assert np.array_equal(job.result().image, alone[n % 4])
