import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from fittingroom.labels import Lip
from fittingroom.synth import hair, looks, makehuman, underlayers
from fittingroom.synth.bodies import load_anatomy, load_bodies, vertex_normals
from fittingroom.synth.hair import HairStyle
from fittingroom.synth.meshes import Patch, clip
from fittingroom.synth.shapes import Sex
from fittingroom.synth.underlayers import LowerStyle


@cache
def people():
    bodies = load_bodies()
    female = next(body for body in bodies if body.sex is Sex.FEMALE)
    male = next(body for body in bodies if body.sex is Sex.MALE)
    return load_anatomy(), female, male


@cache
def dressed():
    anatomy, body, _ = people()
    look = replace(looks.sample_look(body, np.random.default_rng(3)), hair=HairStyle.LONG, seed=1)
    return look, {s.name: s for s in looks.person_surfaces(anatomy, body, body.rest, look)}


def middles(surface):
    return surface.vertices[surface.faces].mean(1)


def areas(vertices, faces):
    corners = vertices[faces]
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return np.linalg.norm(cross, axis=1) / 2


def test_labels_are_on_the_right_sides():
    _, surfaces = dressed()
    skin = surfaces["skin"]
    x = middles(skin)[:, 0]
    for left, right in ((Lip.LEFT_ARM, Lip.RIGHT_ARM), (Lip.LEFT_LEG, Lip.RIGHT_LEG)):
        assert (x[skin.labels == left] > 0).all() and (skin.labels == left).any()
        assert (x[skin.labels == right] < 0).all() and (skin.labels == right).any()
    assert middles(surfaces["shoe_left"])[:, 0].min() > 0
    assert set(np.unique(surfaces["shoe_right"].labels)) == {Lip.RIGHT_SHOE}
    assert middles(skin)[skin.labels == Lip.FACE, 2].min() > 1.2


def test_surfaces_are_complete():
    _, surfaces = dressed()
    for surface in surfaces.values():
        assert len(surface.faces) == len(surface.labels) == len(surface.uv)
        assert surface.faces.max() < len(surface.vertices)
        assert np.isfinite(surface.vertices).all() and np.isfinite(surface.uv).all()
        assert surface.vertices.dtype == np.float32 and surface.texture.dtype == np.uint8
    assert (surfaces["hair"].labels == Lip.HAIR).all()
    assert (surfaces["base_tank"].labels == Lip.UPPER_CLOTHES).all()
    assert (surfaces["base_shorts"].labels == Lip.PANTS).all()


@pytest.mark.parametrize("who", [1, 2])
def test_no_skin_of_chest_or_hips_is_drawn(who):
    anatomy, body = people()[0], people()[who]
    zones = underlayers.load_zones(anatomy)
    drawn = anatomy.faces[looks.drawn_skin(anatomy)]
    height, tank = zones.height[drawn], zones.tank[drawn]
    hips = (height > 0.70) & (height < 0.96) & (zones.arm[drawn] < 0.3)
    assert not hips.all(1).any()
    assert not ((tank > 0.03) & (height > 0.95) & (height < 1.30)).all(1).any()
    for surface in underlayers.base_layer(anatomy, body.rest, (90, 90, 90)):
        assert surface.texture.shape[2] == 3


def test_base_layer_covers_where_skin_ends():
    anatomy, body, _ = people()
    zones = underlayers.load_zones(anatomy)
    hidden = np.unique(anatomy.faces[underlayers.hidden_skin(anatomy)])
    tank, shorts = underlayers.tank_field(zones), underlayers.shorts_field(zones)
    assert (np.maximum(tank, shorts)[hidden] > 0).all()


@pytest.mark.parametrize("style", [s for s in LowerStyle if s is not LowerStyle.NONE])
def test_lower_garment_lies_outside_the_base_layer(style):
    anatomy, _, body = people()
    moved = underlayers.lower_skin(anatomy, body.rest, style)
    skin = underlayers.base_skin(anatomy, body.rest)
    normals = vertex_normals(skin, anatomy.faces)
    zones = underlayers.load_zones(anatomy)
    cut = underlayers.CUTS[style]
    inside = (zones.height > cut.hem + 0.03) & (zones.height < cut.waist - 0.03)
    rise = ((moved - skin) * normals).sum(1)[inside & (zones.arm < 0.3) & zones.skin]
    assert np.percentile(rise, 2) > 0.004


def test_lower_garment_has_its_legs_on_their_sides():
    anatomy, _, body = people()
    style = LowerStyle.SLIM_JEANS
    surface = underlayers.lower_garment(anatomy, body.rest, style, (60, 70, 90), 1)
    assert (surface.labels == Lip.PANTS).all()
    u, x = surface.uv[..., 0].mean(1), middles(surface)[:, 0]
    legs = np.abs(x) > 0.02
    assert ((u < 0.5) == (x > 0))[legs].all()


def test_collision_body_contains_clothes():
    anatomy, body, _ = people()
    look = replace(dressed()[0], lower=LowerStyle.STRAIGHT_JEANS)
    hull, faces = looks.collision_body(anatomy, body, body.rest, look)
    assert hull.shape == body.rest.shape and faces.max() < len(hull)
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    _, uses = np.unique(edges, axis=0, return_counts=True)
    assert (uses == 2).mean() > 0.99
    moved = underlayers.lower_skin(anatomy, body.rest, LowerStyle.STRAIGHT_JEANS)
    normals = vertex_normals(moved, anatomy.faces)
    assert ((hull - moved) * normals).sum(1).min() > -1e-5


def test_hair_keeps_off_neck_and_shoulders():
    anatomy, body, _ = people()
    _, surfaces = dressed()
    head = hair.posed_head(anatomy, body, body.rest)
    points = surfaces["hair"].vertices
    points = points[head.local(points)[:, 2] < -0.15]
    near = hair.nearest(head, points)
    rise = ((points - head.points[near]) * head.normals[near]).sum(1)
    assert len(points) > 500
    assert np.percentile(rise, 1) > 0.008


@pytest.mark.parametrize("style", ["bald", "shaved", "buzz", "crop", "wavy", "bun", "afro"])
def test_every_style_of_hair_starts_at_the_scalp(style):
    anatomy, body, _ = people()
    made = hair.hair_surfaces(anatomy, body, body.rest, HairStyle(style), (60, 40, 30), 3)
    assert bool(made) == (style not in {"bald", "shaved"})
    for surface in made:
        assert (surface.labels == Lip.HAIR).all()
        assert np.linalg.norm(surface.vertices - body.rest[:, :].mean(0), axis=1).max() < 1.5
        assert surface.vertices[:, 2].max() < body.height + 0.1


def test_surfaces_are_deterministic():
    anatomy, body, _ = people()
    look, first = dressed()
    for surface in looks.person_surfaces(anatomy, body, body.rest, look):
        assert np.array_equal(surface.vertices, first[surface.name].vertices)
        assert np.array_equal(surface.texture, first[surface.name].texture)


def test_ten_tones_have_equal_shares():
    body, rng = people()[1], np.random.default_rng(0)
    made = [looks.sample_look(body, rng) for _ in range(1000)]
    shares = np.bincount([look.tone for look in made], minlength=10)
    assert shares.min() > 70 and shares.max() < 130
    again = looks.look_from(json.loads(json.dumps(made[0].record())))
    assert again == made[0]


def test_skin_texture_has_the_tone_of_the_look():
    anatomy, body, _ = people()
    zones = underlayers.load_zones(anatomy)
    for tone in (0, 9):
        look = replace(dressed()[0], tone=tone)
        made = looks.complexion(look, body.sex)
        texture = looks.skin_texture(made, (zones.brows, zones.lids), None)
        arms = texture[150:230, 150:600].reshape(-1, 3)
        assert np.abs(np.median(arms, axis=0) - looks.TONES[tone]).max() < 8


def test_bound_hair_follows_the_head(tmp_path):
    anatomy, body, _ = people()
    scalp = anatomy.base_index[np.flatnonzero(underlayers.load_zones(anatomy).hair > 0.05)[:3]]
    a, b, c = (int(k) for k in scalp)
    (tmp_path / "tuft.mhclo").write_text(
        "basemesh hm08\nobj_file tuft.obj\nx_scale 5399 11998 1.4\nz_scale 962 5320 1.85\n"
        f"y_scale 791 881 2.2\nverts 0\nmaterial tuft.mhmat\n{a} {b} {c} .5 .3 .2 0 .1 0\n"
        f"{a} {b} {c} .2 .3 .5 0 .1 0\n{c}\n"
    )
    (tmp_path / "tuft.obj").write_text("v 0 0 0\nvt 0 0\nvt 1 0\nvt 1 1\nf 1/1 2/2 3/3\n")
    wear = makehuman.read_wear(tmp_path / "tuft.mhclo")
    moved = body.rest + np.float32(0.1)
    still = makehuman.worn(wear, anatomy, body, body.rest, np.eye(3, dtype=np.float32))
    after = makehuman.worn(wear, anatomy, body, moved, np.eye(3, dtype=np.float32))
    assert np.allclose(after - still, 0.1, atol=1e-5)
    at = np.flatnonzero(anatomy.base_index == c)
    assert np.allclose(still[2], body.rest[at], atol=1e-5)
    assert 0.005 < still[0, 2] - body.rest[np.isin(anatomy.base_index, scalp), 2].mean() < 0.05


def test_absent_assets_give_procedural_hair(tmp_path):
    anatomy, body, _ = people()
    wanted = (HairStyle.LONG, (60, 40, 30), 1)
    assert makehuman.hair_surfaces(anatomy, body, body.rest, wanted, tmp_path) == []


def test_clip_cuts_along_the_line():
    square = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float32)
    faces = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    patch = Patch(square, faces, square[faces][..., :2], np.arange(2, dtype=np.int32))
    cut, _ = clip(patch, square[:, 0] - np.float32(0.3))
    assert np.isclose(areas(cut.vertices, cut.faces).sum(), 0.7)
    assert np.allclose(cut.uv, cut.vertices[cut.faces][..., :2], atol=1e-6)


def test_the_tank_covers_the_bust_and_leaves_shoulders_and_neck_bare():
    depth = underlayers.tank_depth
    bust = np.array([[x, -0.15, z] for x in (-0.11, -0.05, 0.0, 0.09, 0.12) for z in (1.2, 1.25)])
    bare = np.array([[0, -0.1, 1.3], [0.16, 0, 1.4], [0.08, 0, 1.41], [0, 0.06, 1.3]])
    assert (depth(bust.astype(np.float32), np.zeros(len(bust), np.float32)) > 0.005).all()
    assert (depth(bare.astype(np.float32), np.zeros(len(bare), np.float32)) < -0.01).all()
    across = np.stack([np.arange(0.08, 0.16, 5e-4), np.zeros(160), np.full(160, 1.4)], 1)
    strap = (depth(across.astype(np.float32), np.zeros(160, np.float32)) > 0).sum() * 5e-4
    assert 0.012 <= strap <= 0.015
