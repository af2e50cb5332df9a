import json
import zipfile

import numpy as np
import pytest

from fittingroom.synth.bodies import load_anatomy, load_bodies
from fittingroom.synth.codec import coding_order, pack
from fittingroom.synth.measure import measure
from fittingroom.synth.patterns import Design, draft
from fittingroom.synth.poses import dress_pose, mannequin_pose, sample_pose
from fittingroom.synth.shapes import GarmentKind, PoseKind
from fittingroom.synth.wardrobe import (
    VERSION,
    Fitting,
    StoredDrape,
    StoredGarment,
    Wardrobe,
    body_named,
    fitting_from_record,
    fitting_record,
    mesh_digest,
    pose_from_record,
    pose_record,
    write_archive,
)

BODY = "female00"


def pose_of(kind, seed=3):
    anatomy = load_anatomy()
    return sample_pose(kind, anatomy, load_bodies()[0], np.random.default_rng(seed))


@pytest.fixture(scope="module")
def mesh():
    return draft(Design(GarmentKind.TANK), measure(load_anatomy(), body_named(BODY)), "tank_x")


def drapes_of(mesh):
    still = np.concatenate([mesh.flat, 0.1 * mesh.side[:, None]], 1)[:, [0, 2, 1]]
    return [(still + np.float32([0, 0, step])).astype(np.float32) for step in (0, 0.01, 0.02)]


def fitting_of(mesh, digest=None):
    garment = StoredGarment(
        mesh.name,
        Design(GarmentKind.TANK),
        "jersey",
        digest or mesh_digest(mesh),
        (StoredDrape(1, 0.9),),
    )
    anatomy, body = load_anatomy(), load_bodies()[0]
    poses = (dress_pose(anatomy, body), mannequin_pose(anatomy, body))
    return Fitting(BODY, "jeans", poses, (garment,))


@pytest.fixture(scope="module")
def packed(mesh):
    return {mesh.name: pack(coding_order(mesh.faces, len(mesh.flat)), drapes_of(mesh))}


def archive_of(path, packed, fitting):
    index = {
        "version": VERSION,
        "seed": 4,
        "refused": {"stretched": 2},
        "fittings": [fitting_record(fitting, load_anatomy())],
    }
    write_archive(path, index, packed)
    return path


@pytest.mark.parametrize("kind", [PoseKind.ARMS_CROSSED, PoseKind.ARM_RAISED])
def test_a_pose_comes_back_within_a_ten_thousandth_of_a_radian(kind):
    pose, anatomy = pose_of(kind), load_anatomy()
    back = pose_from_record(json.loads(json.dumps(pose_record(pose, anatomy))), anatomy)
    assert back.kind is kind
    assert back.turn == pytest.approx(pose.turn, abs=1e-4)
    apart = np.einsum("bij,bik->bjk", pose.rotations, back.rotations)
    angle = np.linalg.norm(apart - np.eye(3), axis=(1, 2)) / np.sqrt(2)
    assert angle.max() < 2e-4


def test_a_pose_stores_only_bones_that_turn():
    anatomy = load_anatomy()
    pose = dress_pose(anatomy, load_bodies()[0])
    turned = np.abs(pose.rotations - np.eye(3)).max(axis=(1, 2)) > 1e-4
    assert len(pose_record(pose, anatomy)["rotations"]) <= turned.sum() + 3
    assert turned.sum() < len(turned)


def test_a_fitting_comes_back_as_it_was(mesh):
    anatomy, fitting = load_anatomy(), fitting_of(mesh)
    back = fitting_from_record(json.loads(json.dumps(fitting_record(fitting, anatomy))), anatomy)
    assert (back.body, back.lower, back.garments) == (BODY, "jeans", fitting.garments)
    assert [pose.kind for pose in back.poses] == [pose.kind for pose in fitting.poses]


def test_an_archive_gives_garments_and_drapes_back(tmp_path, mesh, packed):
    wardrobe = Wardrobe(archive_of(tmp_path / "a.zip", packed, fitting_of(mesh)))
    assert (wardrobe.seed, wardrobe.refused) == (4, {"stretched": 2})
    (fitting,) = wardrobe.fittings
    dressed = wardrobe.open(fitting, fitting.garments[0])
    assert np.array_equal(dressed.mesh.faces, mesh.faces)
    ghost, flat, posed = drapes_of(mesh)
    for have, want in ((dressed.ghost, ghost), (dressed.flat, flat), (dressed.posed[1], posed)):
        assert np.abs(have - want).max() <= 0.00026
    assert dressed.tuck(1) == 0.9


def test_the_same_drapes_give_the_same_bytes(tmp_path, mesh, packed):
    one, other = (
        archive_of(tmp_path / name, packed, fitting_of(mesh)).read_bytes() for name in ("a", "b")
    )
    assert one == other


def test_a_garment_that_is_drafted_differently_is_refused(tmp_path, mesh, packed):
    wardrobe = Wardrobe(archive_of(tmp_path / "a.zip", packed, fitting_of(mesh, "0" * 12)))
    with pytest.raises(ValueError, match="drafted differently now; drape again"):
        wardrobe.open(wardrobe.fittings[0], wardrobe.fittings[0].garments[0])


def test_what_is_no_archive_is_refused_with_advice(tmp_path):
    path = tmp_path / "a.zip"
    with pytest.raises(ValueError, match="no archive of drapes; make one with"):
        Wardrobe(path)
    path.write_bytes(b"PK")
    with pytest.raises(ValueError, match="no archive of drapes"):
        Wardrobe(path)


def test_another_version_is_refused(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("index.json", json.dumps({"version": VERSION + 1}))
    with pytest.raises(ValueError, match=f"version {VERSION + 1}, this program reads {VERSION}"):
        Wardrobe(path)


def test_a_body_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="no body 'nobody'"):
        body_named("nobody")
