"""Poses: rigid rotations, feet on the floor, arms off the body, the same seed the same pose."""

import numpy as np
import pytest

from fittingroom.skeleton import Joint
from fittingroom.synth.bodies import load_anatomy, load_bodies, pose_body, posed_joints
from fittingroom.synth.limbs import about, between, exp, rotvec
from fittingroom.synth.poses import (
    CLEARANCE,
    arm_gap,
    clearance,
    dress_pose,
    interpolate,
    mannequin_pose,
    path,
    sample_pose,
)
from fittingroom.synth.shapes import BodyPart, PoseKind

ANATOMY = load_anatomy()
BODIES = load_bodies()


def drawn(kind, number, seed=4):
    return sample_pose(kind, ANATOMY, BODIES[number], np.random.default_rng(seed))


@pytest.mark.parametrize("kind", PoseKind)
def test_a_sampled_pose_is_sound(kind):
    number = 5 + 3 * list(PoseKind).index(kind)
    pose = drawn(kind, number)
    rotations = pose.rotations.astype(np.float64)
    assert pose.kind is kind
    assert np.allclose(rotations @ np.swapaxes(rotations, 1, 2), np.eye(3), atol=1e-5)
    assert np.allclose(np.linalg.det(rotations), 1, atol=1e-5)
    vertices = pose_body(ANATOMY, BODIES[number], pose.rotations)
    assert clearance(ANATOMY, vertices) >= CLEARANCE - 1e-3
    assert arm_gap(ANATOMY, vertices) >= 0.011
    for foot in (BodyPart.LEFT_FOOT, BodyPart.RIGHT_FOOT):
        sole = vertices[np.unique(ANATOMY.faces[ANATOMY.parts == foot]), 2].min()
        assert 0 <= sole < 0.01


def test_the_same_seed_draws_the_same_pose_and_another_one_another():
    one, same = drawn(PoseKind.CATALOGUE, 5), drawn(PoseKind.CATALOGUE, 5)
    assert (one.rotations == same.rotations).all() and one.turn == same.turn
    assert (one.rotations != drawn(PoseKind.CATALOGUE, 5, seed=5).rotations).any()


def test_more_room_can_be_asked_for():
    pose = sample_pose(PoseKind.ARMS_DOWN, ANATOMY, BODIES[2], np.random.default_rng(1), 0.025)
    assert clearance(ANATOMY, pose_body(ANATOMY, BODIES[2], pose.rotations)) >= 0.024


def test_clearance_is_negative_for_an_arm_in_the_body():
    rotations = dress_pose(ANATOMY, BODIES[0]).rotations.copy()
    bone = ANATOMY.bone("upperarm01.L")
    rotations[bone] = about(np.array([0.0, 1.0, 0.0]), 0.9) @ rotations[bone]
    assert clearance(ANATOMY, pose_body(ANATOMY, BODIES[0], rotations)) < 0


@pytest.mark.parametrize("number", [0, 13, 39])
def test_the_dress_pose_holds_straight_arms_in_the_frontal_plane(number):
    body = BODIES[number]
    vertices = pose_body(ANATOMY, body, dress_pose(ANATOMY, body).rotations)
    joints = posed_joints(ANATOMY, vertices)
    along = joints[Joint.LEFT_WRIST] - joints[Joint.LEFT_ELBOW]
    along /= np.linalg.norm(along)
    assert np.degrees(np.arctan2(-along[2], along[0])) == pytest.approx(45, abs=5)
    assert abs(along[1]) < 0.1
    assert clearance(ANATOMY, vertices) > 0.04
    low = pose_body(ANATOMY, body, mannequin_pose(ANATOMY, body).rotations)
    assert posed_joints(ANATOMY, low)[Joint.LEFT_WRIST, 2] < joints[Joint.LEFT_WRIST, 2]
    assert clearance(ANATOMY, low) > 0.02


def test_three_quarter_views_turn_the_person():
    assert 0.3 < abs(drawn(PoseKind.THREE_QUARTER, 0).turn) < 0.8
    assert abs(drawn(PoseKind.CATALOGUE, 0).turn) < 0.15


def test_a_path_starts_ends_and_stays_off_the_body():
    body = BODIES[8]
    start = dress_pose(ANATOMY, body).rotations
    end = drawn(PoseKind.ARMS_CROSSED, 8).rotations
    way = path(start, end, 9, ANATOMY, body)
    assert way.shape == (9, 104, 3, 3)
    assert np.allclose(way[0], start, atol=1e-4) and np.allclose(way[-1], end, atol=1e-4)
    assert np.allclose(way @ np.swapaxes(way, 2, 3), np.eye(3), atol=1e-4)
    tightest = min(clearance(ANATOMY, pose_body(ANATOMY, body, step)) for step in way[2:8:2])
    assert tightest > 0.005


def test_half_way_is_half_the_angle():
    start = np.tile(np.eye(3, dtype=np.float32), (104, 1, 1))
    end = np.tile(about(np.array([0.0, 0.6, 0.8]), 1.0).astype(np.float32), (104, 1, 1))
    angle = np.linalg.norm(rotvec(interpolate(start, end, 0.5).astype(np.float64)), axis=1)
    assert np.allclose(angle, 0.5, atol=1e-4)


def test_rotations_and_their_vectors_are_inverse():
    vectors = np.random.default_rng(2).normal(0, 0.8, (20, 3))
    assert np.allclose(rotvec(exp(vectors)), vectors, atol=1e-6)
    first, second = np.array([0.0, 0.0, 1.0]), np.array([0.6, 0.0, -0.8])
    assert np.allclose(between(first, second) @ first, second)
