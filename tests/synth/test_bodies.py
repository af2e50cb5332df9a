"""The bodies: adults, skinned right, with joints where they belong."""

import numpy as np
import pytest

from fittingroom.skeleton import MIRRORED, Joint
from fittingroom.synth.bodies import (
    SKIN_VERTICES,
    bone_heads_posed,
    load_anatomy,
    load_bodies,
    load_body,
    pose_body,
    posed_joints,
    turned,
    unpacked,
    vertex_normals,
)
from fittingroom.synth.export import packed, wishes
from fittingroom.synth.limbs import about
from fittingroom.synth.shapes import BONE_COUNT, BodyPart, Sex

STILL = np.tile(np.eye(3, dtype=np.float32), (BONE_COUNT, 1, 1))


def test_all_bodies_are_adults_of_human_height():
    bodies = load_bodies()
    assert len(bodies) == 40
    assert sum(body.sex is Sex.FEMALE for body in bodies) == 20
    for body in bodies:
        assert 0.65 <= body.phenotype["age"] <= 0.95
        assert 1.50 <= body.height <= 1.95
        assert body.rest[:SKIN_VERTICES, 2].min() == pytest.approx(0, abs=1e-6)
        assert load_body(body.name) is body


def test_anatomy_is_consistent():
    anatomy = load_anatomy()
    count = len(anatomy.base_index)
    assert anatomy.faces.max() < count
    assert anatomy.uv.shape == (*anatomy.faces.shape, 2)
    assert 0 <= anatomy.uv.min() and anatomy.uv.max() <= 1
    assert set(np.unique(anatomy.parts)) == {part.value for part in BodyPart}
    assert np.allclose(anatomy.skin_weights.sum(1), 1, atol=1e-5)
    assert np.allclose(anatomy.joint_weights.sum(1), 1, atol=1e-5)
    assert (np.diff(anatomy.base_index) > 0).all()
    assert (anatomy.base_index[:SKIN_VERTICES] == np.arange(SKIN_VERTICES)).all()
    assert all(parent < bone for bone, parent in enumerate(anatomy.parents))


def test_faces_look_outward():
    anatomy, body = load_anatomy(), load_bodies()[0]
    corners = body.rest[anatomy.faces].astype(np.float64)
    volume = (np.cross(corners[:, 0], corners[:, 1]) * corners[:, 2]).sum() / 6
    assert 0.03 < volume < 0.15
    length = np.linalg.norm(vertex_normals(body.rest, anatomy.faces), axis=1)
    assert np.allclose(length[np.unique(anatomy.faces)], 1, atol=1e-5)


def test_no_rotation_is_the_rest_pose():
    anatomy, body = load_anatomy(), load_bodies()[3]
    assert np.abs(pose_body(anatomy, body, STILL) - body.rest).max() < 1e-5
    assert np.abs(bone_heads_posed(anatomy, body, STILL) - body.heads).max() < 1e-5


def test_turning_the_root_turns_everything():
    anatomy, body = load_anatomy(), load_bodies()[25]
    rotations = STILL.copy()
    rotations[0] = about(np.array([0.0, 0.0, 1.0]), 0.7)
    assert np.abs(pose_body(anatomy, body, rotations) - turned(body.rest, 0.7)).max() < 1e-4


def test_a_bone_moves_only_what_hangs_on_it():
    anatomy, body = load_anatomy(), load_bodies()[1]
    rotations = STILL.copy()
    rotations[anatomy.bone("lowerarm01.L")] = about(np.array([1.0, 0.0, 0.0]), -0.8)
    moved = np.linalg.norm(pose_body(anatomy, body, rotations) - body.rest, axis=1)
    hand = np.unique(anatomy.faces[anatomy.parts == BodyPart.LEFT_HAND])
    other = np.unique(anatomy.faces[anatomy.parts == BodyPart.RIGHT_HAND])
    assert moved[hand].min() > 0.05
    assert moved[other].max() < 1e-5


@pytest.mark.parametrize("number", [0, 13, 39])
def test_joints_are_mirrored_and_in_order(number):
    body = load_bodies()[number]
    joints = posed_joints(load_anatomy(), body.rest)
    flipped = joints[list(MIRRORED)] * (-1, 1, 1)
    assert np.abs(joints - flipped).max() < 5e-3
    down = [Joint.LEFT_EYE, Joint.NOSE, Joint.NECK, Joint.LEFT_HIP, Joint.LEFT_KNEE]
    assert (np.diff([joints[joint, 2] for joint in [*down, Joint.LEFT_ANKLE]]) < 0).all()
    assert joints[Joint.LEFT_WRIST, 0] > 0.2
    assert joints[Joint.NOSE, 1] < joints[Joint.LEFT_EAR, 1]


def test_parts_lie_where_they_belong():
    anatomy, body = load_anatomy(), load_bodies()[22]
    middle = body.rest[anatomy.faces].mean(1)

    def zone(part):
        return middle[anatomy.parts == part]

    assert zone(BodyPart.LEFT_HAND)[:, 0].min() > 0.2
    assert zone(BodyPart.RIGHT_LEG)[:, 0].max() < 0.02
    assert zone(BodyPart.SCALP)[:, 2].max() > body.height - 0.02
    assert zone(BodyPart.FACE)[:, 2].min() > zone(BodyPart.NECK)[:, 2].min()
    assert zone(BodyPart.EYE)[:, 1].mean() < zone(BodyPart.EAR)[:, 1].mean()
    assert zone(BodyPart.LEFT_FOOT)[:, 2].max() < 0.15


def test_packing_is_undone():
    values = np.random.default_rng(0).integers(-60000, 60000, (50, 3))
    assert (unpacked(packed(values)) == values).all()


def test_wishes_are_adults_and_the_same_each_time():
    wished = wishes(12, 3)
    assert [wish.phenotype for wish in wished] == [wish.phenotype for wish in wishes(12, 3)]
    assert all(wish.phenotype["age"] >= 0.65 and 1.5 < wish.height < 1.95 for wish in wished)
