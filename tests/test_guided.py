"""Laws of guided up-sampling: borders go to the photo's edges, flat photos change nothing."""

import cv2
import numpy as np

from fittingroom.guided import Guide, apply_fit, scaling
from fittingroom.stages.parsing import decode
from fittingroom.types import Size

SMALL, LARGE = Size(96, 72), Size(768, 576)


def photo_with_edge(column: int) -> np.ndarray:
    """Dark left of a column, bright right of it, a little grain."""
    rng = np.random.default_rng(0)
    photo = np.full((*LARGE, 3), (60, 80, 70), np.float64)
    photo[:, column:] = (190, 170, 200)
    return np.clip(photo + rng.normal(0, 3, photo.shape), 0, 255).astype(np.uint8)


def shrunk(photo: np.ndarray) -> np.ndarray:
    return cv2.resize(photo, (SMALL.width, SMALL.height), interpolation=cv2.INTER_AREA)


def test_a_border_that_is_off_by_some_pixels_moves_to_the_edge() -> None:
    photo = photo_with_edge(301)
    shares = np.zeros((23, 24, 18), np.float32)
    shares[5, :, 10:] = 1  # the edge lies at 9.4 of these cells
    shares[0, :, :10] = 1
    plain = 5 * (cv2.resize(shares[5], (LARGE.width, LARGE.height)) > 0.5)
    refined = decode(shares, shrunk(photo), scaling(SMALL, LARGE), photo)
    truth = np.zeros(LARGE, np.uint8)
    truth[:, 301:] = 5
    assert (plain != truth).mean() > 0.01
    assert (refined != truth).mean() < 0.002


def test_on_a_flat_photo_a_plane_is_only_blurred() -> None:
    flat = np.full((*LARGE, 3), 128, np.uint8)
    ramp = np.tile(np.linspace(0, 1, SMALL.width, dtype=np.float32), (SMALL.height, 1))
    plane = apply_fit(Guide(shrunk(flat)).fit(ramp), scaling(SMALL, LARGE), flat)
    expected = cv2.resize(ramp, (LARGE.width, LARGE.height), interpolation=cv2.INTER_LINEAR)
    inner = np.s_[150:-150, 150:-150]
    np.testing.assert_allclose(plane[inner], expected[inner], atol=0.01)


def test_the_scaling_keeps_pixel_centres() -> None:
    matrix = scaling(Size(2, 2), Size(4, 4))
    corners = matrix[:, :2] @ np.array([[0, 3], [0, 3]]) + matrix[:, 2:]
    np.testing.assert_allclose(corners, [[-0.25, 1.25], [-0.25, 1.25]])
