from functools import cache

import numpy as np
import pytest
from scenes import SIZE, camera, doll, layered, pipe, plain, sphere, tube, worn

from fittingroom.labels import Lip
from fittingroom.skeleton import Joint
from fittingroom.synth.buffers import (
    cast_garment,
    cast_surfaces,
    garment_surface,
    render_albedo,
    render_body,
    render_outfit,
)
from fittingroom.synth.cameras import Framing, joint_pixels, sample_camera
from fittingroom.synth.checks import exactness
from fittingroom.synth.lighting import Studio
from fittingroom.synth.product_pictures import NO_LINE, make_sheet, render_product
from fittingroom.synth.raycast import Caster, Shell, project
from fittingroom.synth.shapes import Edge, Material, Panel, Surface, View

FRONTAL = Studio(key=(0, -1, 0), spread=0.02, sky=0.0)


@cache
def dressed():
    view = camera(96, 72, (0, 1.1), 3.0, 1.3)
    person = cast_surfaces(doll(), view)
    mesh = tube()
    garment = cast_garment(mesh, worn(mesh), view)
    return view, person, garment, render_outfit(FRONTAL, person, None, garment, "tube", (False, 1))


def test_the_left_arm_is_on_the_pictures_right():
    labels = dressed()[3].labels
    left, right = (np.nonzero(labels == label)[1] for label in (Lip.LEFT_ARM, Lip.RIGHT_ARM))
    assert left.min() > 36 > right.max()


def test_labels_name_what_is_in_front():
    view, _, _, outfit = dressed()
    points = np.float32([[0, -0.11, 1.6], [0, -0.16, 1.1], [-0.14, -0.2, 1.2], [0.08, -0.07, 0.6]])
    x, y = np.rint(project(view, points)[:, :2]).astype(int).T
    seen = outfit.labels[y, x].tolist()
    assert seen == [Lip.FACE, Lip.UPPER_CLOTHES, Lip.RIGHT_ARM, Lip.LEFT_LEG]
    assert outfit.labels[0, 0] == Lip.BACKGROUND


def test_shares_agree_with_each_other_and_with_the_labels():
    outfit = dressed()[3]
    person, lower, top = np.moveaxis(outfit.share.astype(int), 2, 0)
    assert (person >= lower + top).all() and set(np.unique(person)) <= set(range(0, 256, 51))
    assert (lower == 0).all()
    np.testing.assert_array_equal(outfit.cloth.panel != 255, top > 0)
    assert (outfit.labels[top > 160] == Lip.UPPER_CLOTHES).all()
    assert (outfit.labels[top < 90] != Lip.UPPER_CLOTHES).all()
    assert (outfit.light[person == 0] == 0).all()


def test_the_amodal_mask_goes_on_behind_the_arm():
    outfit = dressed()[3]
    hidden = outfit.amodal & (outfit.labels == Lip.RIGHT_ARM)
    assert hidden.sum() > 30
    assert (outfit.amodal | (outfit.share[..., 2] < 128)).all()


def test_uv_is_exact_on_a_plane():
    mesh = tube()
    view = camera(96, 72, (0, 1.1), 3.0, 1.0)
    flat = layered(mesh)
    flat[:, 1] = np.where(mesh.side > 0, 0.01, 0)
    garment = cast_garment(mesh, flat, view)
    outfit = render_outfit(FRONTAL, cast_surfaces([], view), None, garment)
    rows, columns = np.nonzero((garment.face[0] >= 0) & (outfit.cloth.panel == Panel.FRONT))
    scale = 3.0 / view.focal
    s = (columns - view.centre[0]) * scale + SIZE[0] / 2 + 0.02
    t = 1.4 - (view.eye[2] - (rows - view.centre[1]) * scale) + 0.02
    np.testing.assert_allclose(outfit.cloth.uv[rows, columns], np.stack([s, t], 1), atol=1e-5)
    assert not outfit.cloth.inside.any()


def test_the_inner_side_is_seen_through_the_neck_from_above():
    mesh = tube()
    high = camera(96, 72, (0, 1.1), 3.0, 1.0)
    high = type(high)((0, -2.0, 3.0), high.focal * 0.7, (35.5, -60.0), high.size)
    outfit = render_outfit(
        FRONTAL, cast_surfaces([], high), None, cast_garment(mesh, worn(mesh), high)
    )
    inside = outfit.cloth.inside
    assert inside.sum() > 50 and (outfit.cloth.panel[inside] == Panel.BACK).all()
    assert not inside[outfit.cloth.panel == Panel.FRONT].any()


def test_faces_below_the_belt_can_be_dropped():
    mesh = tube()
    view = camera()
    keep = mesh.uv[..., 1].mean(1) < 0.3
    cut = cast_garment(mesh, worn(mesh), view, keep=keep)
    assert 0 < (cut.face >= 0).sum() < (cast_garment(mesh, worn(mesh), view).face >= 0).sum()
    assert keep[cut.face[cut.face >= 0]].all()


def test_skin_that_pokes_through_a_little_stays_covered():
    mesh = tube()
    view = camera()
    garment = cast_garment(mesh, worn(mesh), view)
    body = [pipe((0, 0, 0.9), (0, 0, 1.3), SIZE[0] / np.pi + poke) for poke in (0.003, 0.02)]
    near, far = (render_outfit(FRONTAL, cast_surfaces([one], view), None, garment) for one in body)
    middle = (slice(40, 56), slice(30, 42))
    assert (near.labels[middle] == Lip.UPPER_CLOTHES).all()
    assert (far.labels[middle] == Lip.TORSO_SKIN).all()


def test_unblocked_light_that_faces_is_200_and_a_shadow_is_dark():
    outfit = dressed()[3]
    ambient, key = outfit.light[..., 0], outfit.light[..., 1]
    face = outfit.labels == Lip.FACE
    assert abs(int(np.percentile(key[face], 98)) - 200) <= 6
    assert 170 <= np.percentile(ambient[face], 90) <= 200
    side = Studio(key=(-1, -0.4, 0), spread=0.02)
    shadow = render_outfit(side, *dressed()[1:2], None, dressed()[2]).light[..., 1]
    torso = outfit.labels == Lip.UPPER_CLOTHES
    assert shadow[torso].min() < 20 and shadow[torso].max() > 120


def test_the_ground_is_darker_near_the_feet():
    view = camera(96, 72, (0, 0.4), 3.0, 1.4)
    person = cast_surfaces(doll(), view)
    ground = render_outfit(Studio(), person, None, None).ground
    assert ground.shape == (48, 36)
    x, y = (project(view, np.float32([[0, 0, 0.0]]))[0, :2] / 2).astype(int)
    assert ground[y, x] < ground[:8, :8].mean() - 30


def test_covered_colours_do_not_bleed_into_the_body():
    view = camera(96, 72, (0, 1.1), 3.0, 1.3)
    base = pipe((0, 0, 0.9), (0, 0, 1.4), 0.142, Lip.UPPER_CLOTHES, Material.CLOTH, (255, 255, 255))
    person = cast_surfaces([*doll(), base], view)
    mesh = tube()
    garment = cast_garment(mesh, worn(mesh), view)
    body, parts = render_body(person, [(None, garment)])
    outfit = render_outfit(FRONTAL, person, None, garment)
    bare = outfit.share[..., 0].astype(int) - outfit.share[..., 2] > 0
    arm = bare & (outfit.labels != Lip.FACE) & (parts == Material.SKIN) & (outfit.share[..., 2] > 0)
    assert arm.sum() > 10 and (body[arm].max(axis=1) <= 201).all()
    bottom = render_outfit(FRONTAL, person, None, None)
    assert (bottom.share[..., 2] == 255).sum() > 300 and bottom.cloth is None


def test_colours_are_those_of_the_texture():
    texture = plain(64, 64)
    texture[:, :32] = (10, 200, 30)
    mesh = tube()
    view = camera(96, 72, (0, 1.1), 3.0, 1.0)
    surface = garment_surface(mesh, layered(mesh, 0.01), texture)
    colour = render_albedo(cast_surfaces([surface], view))
    assert tuple(colour[48, 36]) == (10, 200, 30) and (colour[0, 0] == 0).all()


def test_hair_is_seen_through_where_its_texture_is():
    view = camera(96, 72, (0, 1.6), 3.0, 0.4)
    head = sphere((0, 0, 1.6), 0.1)
    veil = sphere((0, 0, 1.6), 0.11, Lip.HAIR, Material.HAIR)
    texture = np.dstack([plain(), np.full((4, 4), 128, np.uint8)])
    veil = Surface("veil", Material.HAIR, veil.vertices, veil.faces, veil.labels, veil.uv, texture)
    hits = cast_surfaces([head, veil], view)
    met = hits.face[:, 44:52, 32:40]
    assert (met >= 0).all()
    assert 0.35 < (hits.caster.shell[met] == 1).mean() < 0.65


def test_joints_are_seen_hidden_or_outside():
    view = camera(96, 72, (0, 1.4), 3.0, 0.6)
    joints = np.tile(np.float32([[0, 0, 1.6]]), (18, 1))
    joints[Joint.NECK] = (0, 0, 1.4)
    joints[Joint.LEFT_ELBOW] = (0, 0.4, 1.4)
    joints[Joint.LEFT_ANKLE] = (0, 0, 0.1)
    wall = pipe((0, 0, 0.9), (0, 0, 1.5), 0.1)
    seen = joint_pixels(view, joints, Caster([Shell(wall.vertices, wall.faces)]))
    assert seen[Joint.NECK, 2] == 1 and seen[Joint.LEFT_ELBOW, 2] == 0.5
    assert seen[Joint.LEFT_ANKLE, 2] == 0
    np.testing.assert_allclose(seen[Joint.NECK, :2], (35.5, 47.5), atol=0.01)


def standing():
    joints = np.zeros((18, 3), np.float32)
    for joint, x, z in (
        (0, 0, 1.6), (1, 0, 1.42), (2, -0.19, 1.41), (3, -0.3, 1.15), (4, -0.35, 0.92),
        (8, -0.1, 0.9), (9, -0.1, 0.48), (10, -0.1, 0.08), (14, -0.03, 1.63), (16, -0.07, 1.6),
    ):  # fmt: skip
        joints[joint] = (x, 0, z)
    for left, right in ((5, 2), (6, 3), (7, 4), (11, 8), (12, 9), (13, 10), (15, 14), (17, 16)):
        joints[left] = joints[right] * (-1, 1, 1)
    return joints


@pytest.mark.parametrize("kind", list(Framing))
def test_cameras_hold_the_head_and_end_where_they_should(kind):
    joints = standing()
    for seed in range(30):
        view = sample_camera(kind, joints, np.random.default_rng(seed), (512, 384))
        points = np.float32([[0, 0, 1.76], [0, 0, 0.9], [0, 0, 0.48], [0, 0, 0], [0.44, 0, 0.8]])
        x, y = project(view, points)[:, :2].T
        assert 0 < y[0] < 110 and y[1] < 500
        assert (y[2] < 512) == (kind is not Framing.HALF) or kind is Framing.THREE_QUARTER
        assert 0 < x[4] < 384 or kind is Framing.HALF
        assert (y[3] < 512) == (kind is Framing.FULL)
        assert 1.0 <= view.eye[2] <= 1.6 and 2.0 <= -view.eye[1] <= 4.5
        assert joint_pixels(view, joints, Caster([]))[Joint.NECK, 2] == 1


@pytest.mark.parametrize("view", list(View))
def test_the_flow_from_worn_to_product_is_exact(view):
    mesh = tube()
    flat = layered(mesh, 0.03)
    flat[:, 1] += 0.008 * np.sin(flat[:, 0] * 40 + flat[:, 2] * 25)
    product = render_product(mesh, flat, view, (256, 192))
    result = exactness(mesh, flat, dressed()[3].cloth, product)
    assert result.seen > 500 and result.p99 <= 0.1
    assert result.valid > 0.97 and result.missed < 0.01


def test_a_product_fills_its_picture_and_is_seen_from_the_front():
    mesh = tube()
    product = render_product(mesh, layered(mesh, 0.03), View.GHOST, (256, 192))
    rows, columns = np.nonzero(product.share)
    margin = min(rows.min(), columns.min(), 255 - rows.max(), 191 - columns.max())
    assert 0.06 * 192 <= margin <= 0.1 * 192
    assert (product.cloth.panel[product.share > 0] == Panel.FRONT).mean() > 0.98
    x, y, seen = product.landmarks["collar_front"]
    assert abs(x - 95.5) < 1 and abs(y - rows.min()) < 2 and seen == 1
    assert product.shadow.shape == (256, 192) and product.shadow.max() > 230
    assert not product.inner_back[128:].any()


def test_a_sheet_knows_its_panels_and_lines():
    mesh = tube()
    sheet = make_sheet(mesh, 0.002)
    assert sheet.panel.shape == (320, 530)
    assert sheet.panel[160, 135] == Panel.FRONT and sheet.panel[160, 400] == Panel.BACK
    assert sheet.panel[0, 0] == 255 and sheet.panel[160, 7] == Panel.FRONT
    distance = sheet.distance[Edge.NECKLINE]
    assert abs(distance[100, 135] - (100.5 * 0.002 - 0.02)) < 1e-5
    assert (distance[sheet.panel == Panel.BACK] == np.float32(NO_LINE)).all()
    np.testing.assert_allclose(sheet.front, (0.27, 0.32), atol=1e-3)
