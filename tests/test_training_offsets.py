"""Laws of the way from a synthetic body's joints to where the teacher sees them."""

import numpy as np

from fittingroom.skeleton import MIRRORED, Joint
from fittingroom.training.offsets import as_the_teacher_sees, joint_axes

STANDING = np.array(
    [(50, 20), (50, 40), (35, 40), (30, 65), (28, 88), (65, 40), (70, 65), (72, 88), (40, 92),
     (39, 130), (38, 165), (60, 92), (61, 130), (62, 165), (47, 16), (53, 16), (43, 18), (57, 18)],
    np.float32,
)  # fmt: skip


def mirrored(joints: np.ndarray) -> np.ndarray:
    return (joints[list(MIRRORED)] * (-1, 1) + (100, 0)).astype(np.float32)


def test_both_sides_are_treated_alike() -> None:
    moved = as_the_teacher_sees(STANDING)
    np.testing.assert_allclose(as_the_teacher_sees(mirrored(STANDING)), mirrored(moved), atol=1e-3)


def test_offsets_turn_and_grow_with_the_person() -> None:
    turn = np.array([[0.8, -0.6], [0.6, 0.8]], np.float32)
    moved = as_the_teacher_sees(STANDING)
    turned = as_the_teacher_sees((3 * STANDING @ turn.T).astype(np.float32))
    np.testing.assert_allclose(turned, 3 * moved @ turn.T, atol=1e-2)


def test_a_wrist_moves_along_its_forearm_and_only_a_little() -> None:
    moved = as_the_teacher_sees(STANDING) - STANDING
    forearm = STANDING[Joint.LEFT_WRIST] - STANDING[Joint.LEFT_ELBOW]
    assert moved[Joint.LEFT_WRIST] @ forearm > 0
    assert np.linalg.norm(moved, axis=1).max() < 0.12 * 30


def test_outward_is_away_from_the_middle() -> None:
    outward = joint_axes(STANDING)[:, 0]
    assert outward[Joint.RIGHT_HIP, 0] < 0 < outward[Joint.LEFT_HIP, 0]
    back = STANDING[list(MIRRORED)]
    assert joint_axes(back)[Joint.RIGHT_HIP, 0, 0] > 0
