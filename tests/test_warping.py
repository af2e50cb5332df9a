import numpy as np
import pytest

from figures import make_garment, make_person, make_pose
from fittingroom.body import read_body
from fittingroom.rig import build_rig, drape
from fittingroom.skeleton import Joint
from fittingroom.splines import fold_share, mesh_map, spline_map, thin_plate_spline
from fittingroom.stages.clothes_warping import warp_clothes
from fittingroom.stages.semantic_generation import generate_semantics
from fittingroom.types import Landmark, Size, Sleeve

SIZE = Size(90, 120)
GRID = np.stack(np.meshgrid(np.linspace(5, 110, 5), np.linspace(5, 80, 4)), -1)
POINTS = GRID.reshape(-1, 2).astype(np.float32)
CROSSED = (
    (Joint.RIGHT_ELBOW, (170, 390)), (Joint.RIGHT_WRIST, (330, 400)),
    (Joint.LEFT_ELBOW, (406, 390)), (Joint.LEFT_WRIST, (246, 420)),
)  # fmt: skip
AKIMBO = (
    (Joint.RIGHT_ELBOW, (90, 370)), (Joint.RIGHT_WRIST, (190, 470)),
    (Joint.LEFT_ELBOW, (486, 370)), (Joint.LEFT_WRIST, (386, 470)),
)  # fmt: skip


def identity(size):
    return np.stack(np.meshgrid(np.arange(size.width), np.arange(size.height)), -1)


def test_a_spline_passes_through_its_points():
    values = POINTS + np.random.default_rng(0).normal(0, 4, POINTS.shape).astype(np.float32)
    spline = thin_plate_spline(POINTS, values, 0.0)
    np.testing.assert_allclose(spline.at(POINTS), values, atol=1e-3)


def test_a_spline_of_affine_points_is_affine():
    matrix, shift = np.array([[1.2, 0.3], [-0.2, 0.7]], np.float32), np.float32([5, -9])
    spline = thin_plate_spline(POINTS, POINTS @ matrix.T + shift, 0.01)
    dense = spline_map(spline, SIZE)
    np.testing.assert_allclose(dense, identity(SIZE) @ matrix.T + shift, atol=1e-2)


def test_identity_warp():
    dense = spline_map(thin_plate_spline(POINTS, POINTS, 0.0), SIZE)
    np.testing.assert_allclose(dense, identity(SIZE), atol=1e-2)
    assert fold_share(dense, np.full(SIZE, 255, np.uint8)) == 0


def test_a_mirrored_map_is_all_folds():
    dense = identity(SIZE).astype(np.float32)[:, ::-1].copy()
    assert fold_share(dense, np.full(SIZE, 255, np.uint8)) == 1


def test_a_mesh_shows_its_corners_and_is_straight_between():
    mesh = np.stack(np.meshgrid([10, 40, 70], [20, 50]), -1).astype(np.float32)
    dense, covered = mesh_map(mesh, mesh * 2 + 1, SIZE)
    ys, xs = np.nonzero(covered)
    assert (xs.min(), xs.max(), ys.min(), ys.max()) == (10, 70, 20, 50)
    np.testing.assert_allclose(dense[covered > 0], identity(SIZE)[covered > 0] * 2 + 1, atol=1e-2)


def test_a_mesh_may_leave_the_frame():
    mesh = np.stack(np.meshgrid([-50, 200], [-50, 200]), -1).astype(np.float32)
    dense, covered = mesh_map(mesh, mesh, SIZE)
    assert covered.all()
    np.testing.assert_allclose(dense, identity(SIZE), atol=1e-2)


def test_a_flat_mesh_covers_nothing():
    mesh = np.zeros((3, 3, 2), np.float32)
    assert mesh_map(mesh, mesh, SIZE)[1].sum() == 0


def warped(sleeve=Sleeve.SHORT, hidden=(), moved=(), scale=1.0):
    person, garment = make_person(make_pose(hidden, moved)), make_garment(sleeve, scale)
    return warp_clothes(person, garment, generate_semantics(person, garment)), garment


@pytest.mark.parametrize("sleeve", Sleeve)
@pytest.mark.parametrize("moved", [(), CROSSED, AKIMBO], ids=["down", "crossed", "akimbo"])
def test_the_map_stays_within_the_garment(sleeve, moved):
    cloth, garment = warped(sleeve, moved=moved)
    shown = cloth.source[cloth.mask > 128]
    assert len(shown) > 20_000
    assert np.isfinite(cloth.source).all()
    x, y = np.round(shown).astype(int).T
    assert np.count_nonzero(garment.mask[y, x]) > 0.98 * len(x)
    assert np.count_nonzero(garment.inner_back[y, x]) < 0.01 * len(x)


@pytest.mark.parametrize("sleeve", Sleeve)
def test_the_torso_has_no_folds(sleeve):
    person, garment = make_person(), make_garment(sleeve)
    draped = drape(build_rig(read_body(person), garment), garment, person.size)
    rig = build_rig(read_body(person), garment)
    only_torso = draped.torso & ~draped.sleeves[0] & ~draped.sleeves[1]
    assert fold_share(draped.source, only_torso) < 0.005
    assert (rig.strips[0] is None) == (sleeve is Sleeve.NONE)


def test_the_garment_covers_the_torso_without_holes():
    cloth, _ = warped(Sleeve.LONG)
    assert (cloth.mask[300:480, 210:366] > 250).all()


def test_sleeves_reach_the_wrists():
    cloth, _ = warped(Sleeve.LONG)
    for x, y in ((150, 490), (426, 490), (160, 380), (416, 380)):
        assert cloth.mask[y, x] > 250


def test_sleeves_follow_a_bent_arm():
    cloth, _ = warped(Sleeve.LONG, moved=AKIMBO)
    assert cloth.mask[370, 100] > 200
    assert cloth.mask[430, 145] > 200


@pytest.mark.parametrize(
    "hidden",
    [
        (Joint.RIGHT_WRIST,),
        (Joint.RIGHT_ELBOW, Joint.RIGHT_WRIST),
        (Joint.LEFT_HIP,),
        (Joint.LEFT_HIP, Joint.RIGHT_HIP),
    ],
)
def test_missing_joints_are_guessed(hidden):
    whole, part = warped(Sleeve.LONG)[0], warped(Sleeve.LONG, hidden)[0]
    assert 0.6 < np.count_nonzero(part.mask) / np.count_nonzero(whole.mask) < 1.6


def test_left_and_right_of_the_garment_stay_apart():
    cloth, garment = warped(Sleeve.SHORT)
    middle = garment.point(Landmark.COLLAR_FRONT)[0]
    assert cloth.source[400, 220, 0] < middle < cloth.source[400, 356, 0]


def test_seen_from_behind_the_right_shoulder_lies_on_the_right():
    swap = [
        (Joint[f"{a}_{part}"], tuple(make_pose().point(Joint[f"{b}_{part}"])))
        for part in ("SHOULDER", "ELBOW", "WRIST", "HIP")
        for a, b in (("LEFT", "RIGHT"), ("RIGHT", "LEFT"))
    ]
    turned = make_person(make_pose(moved=swap))
    body = read_body(turned)
    assert body.back
    assert body.shoulders[0, 0] < body.shoulders[1, 0]


def test_a_larger_product_picture_gives_the_same_shape():
    small, large = warped(scale=1.0)[0], warped(scale=2.5)[0]
    differing = np.count_nonzero((small.mask > 128) != (large.mask > 128))
    assert differing < 0.02 * np.count_nonzero(small.mask > 128)


def test_the_same_input_gives_the_same_map():
    np.testing.assert_array_equal(warped()[0].source, warped()[0].source)
