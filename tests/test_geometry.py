import cv2
import numpy as np
import pytest

from fakes import make_photo, make_pose
from fittingroom.geometry import Frame
from fittingroom.types import Size

FRAMES = [
    Frame(0.0, 0.0, 1.0, Size(50, 40)),
    Frame(12.25, 7.5, 2.5, Size(80, 60)),
    Frame(-20.0, -10.0, 0.3, Size(96, 72)),
]


def gradient(height, width):
    y, x = np.mgrid[:height, :width]
    return np.dstack([y * 200 / height, x * 200 / width, (x + y) * 0.2]).astype(np.uint8)


@pytest.mark.parametrize("frame", FRAMES)
def test_points_there_and_back(frame):
    points = np.random.default_rng(0).uniform(0, 300, (40, 2)).astype(np.float32)
    assert np.allclose(frame.leave_points(frame.enter_points(points)), points, atol=1e-3)


@pytest.mark.parametrize("frame", FRAMES)
def test_pose_there_and_back_keeps_the_scores(frame):
    pose = make_pose()
    back = frame.leave_pose(frame.enter_pose(pose))
    assert np.allclose(back.joints, pose.joints, atol=1e-3)
    assert np.array_equal(back.scores, pose.scores)


def test_a_frame_of_scale_one_is_a_crop():
    photo = make_photo()
    frame = Frame(30.0, 20.0, 1.0, Size(100, 80))
    assert np.array_equal(frame.enter(photo), photo[20:120, 30:110])


def test_a_crop_laid_back_is_where_it_was():
    photo = make_photo()
    frame = Frame(30.0, 20.0, 1.0, Size(100, 80))
    back = frame.leave(frame.enter(photo), Size(500, 400), cv2.INTER_NEAREST)
    assert np.array_equal(back[20:120, 30:110], photo[20:120, 30:110])
    assert not back[:20].any()
    assert not back[:, 110:].any()


@pytest.mark.parametrize("scale", [0.3, 0.5, 1.7, 3.0])
def test_smooth_pictures_come_back(scale):
    photo = gradient(300, 200)
    frame = Frame(0.0, 0.0, scale, Size(round(300 * scale), round(200 * scale)))
    back = frame.leave(frame.enter(photo), Size(300, 200), cv2.INTER_LINEAR)
    inner = (slice(8, -8), slice(8, -8))
    assert np.abs(back[inner].astype(int) - photo[inner]).max() <= 4


def test_image_and_points_enter_alike():
    photo = np.zeros((300, 200, 3), np.uint8)
    photo[140:161, 90:111] = 255
    for scale in (0.4, 1.0, 2.2):
        frame = Frame(25.0, 60.0, scale, Size(round(200 * scale), round(150 * scale)))
        seen = frame.enter(photo)[:, :, 0].astype(float)
        y, x = np.mgrid[: seen.shape[0], : seen.shape[1]]
        centre = np.array([[(x * seen).sum(), (y * seen).sum()]]) / seen.sum()
        expected = frame.enter_points(np.array([[100, 150]], np.float32))
        assert np.allclose(centre, expected, atol=0.3)


def test_covering_holds_the_rectangle_centred():
    frame = Frame.covering(10, 20, 110, 120, Size(768, 576))
    corners = frame.enter_points(np.array([[9.5, 19.5], [109.5, 119.5]], np.float32))
    assert np.allclose(corners[0, 0], -0.5, atol=1e-3)
    assert np.allclose(corners[1, 0], 575.5, atol=1e-3)
    assert np.allclose(corners[:, 1].mean(), 383.5, atol=1e-3)


def test_beyond_the_border_the_edge_goes_on():
    photo = make_photo(50, 40)
    seen = Frame(-10.0, -5.0, 1.0, Size(60, 60)).enter(photo)
    assert np.array_equal(seen[5:55, 10:50], photo)
    assert np.array_equal(seen[5:55, 0], photo[:, 0])
