"""Laws that every drafted garment keeps."""

from dataclasses import replace
from functools import lru_cache

import cv2
import numpy as np
import pytest
from scipy.spatial import cKDTree

from fittingroom.synth.patterns import FABRICS, Design, Neckline, draft, fabric_of, sample_design
from fittingroom.synth.patterns.figure import Figure
from fittingroom.synth.patterns.mesh import spread, triangulated
from fittingroom.synth.shapes import Edge, GarmentKind, Measurements, Panel
from fittingroom.types import Category, Landmark, Sleeve

LOWERS = (GarmentKind.SKIRT, GarmentKind.TROUSERS, GarmentKind.SHORTS)
TOPS = tuple(kind for kind in GarmentKind if kind not in LOWERS)
COARSE = 0.03
"""Spacing of most meshes here: the laws do not depend on it."""


def floats(*values, scale=1.0):
    return (np.array(values) * scale).astype(np.float32)


def typical(scale=1.0, girth=1.0, arm_angle=0.8):
    """A made-up adult, 1.68 m tall and of average girth at scale 1."""
    broad = scale * girth**0.5
    arm = np.array([np.cos(arm_angle), -np.sin(arm_angle)])
    joint = np.array([0.165 * broad, 1.365 * scale])
    levels = np.linspace(0.78, 1.29, 18)
    heights = [0.78, 0.86, 0.94, 1.05, 1.15, 1.22, 1.29]
    girths = np.interp(levels, heights, [0.94, 0.97, 0.9, 0.72, 0.8, 0.9, 0.88]) * scale * girth
    shoulder_x = np.linspace(0.065, 0.19, 9) * broad
    shoulder_z = np.interp(np.linspace(0, 1, 9), [0, 0.3, 1], [1.475, 1.445, 1.405]) * scale
    return Measurements(
        arm_angle=arm_angle,
        neck_side=(shoulder_x[0], shoulder_z[0]),
        neck_front=1.405 * scale,
        neck_back=1.46 * scale,
        neck_girth=0.36 * broad,
        shoulder=(shoulder_x[-1], shoulder_z[-1]),
        armpit=(0.155 * broad, 1.29 * scale),
        elbow=tuple(joint + 0.27 * scale * arm),
        wrist=tuple(joint + 0.52 * scale * arm),
        levels=floats(*levels, scale=scale),
        girths=floats(*girths),
        half_widths=floats(*girths, scale=0.19),
        fronts=floats(*girths, scale=-0.13),
        backs=floats(*girths, scale=0.13),
        shoulder_x=floats(*shoulder_x),
        shoulder_z=floats(*shoulder_z),
        arm_at=floats(0.1, 0.15, 0.27, 0.33, 0.52, scale=scale),
        arm_girths=floats(0.3, 0.275, 0.24, 0.235, 0.155, scale=scale * girth),
        leg_at=floats(0.76, 0.6, 0.48, 0.35, 0.1, scale=scale),
        leg_girths=floats(0.56, 0.46, 0.37, 0.36, 0.23, scale=scale * girth),
        leg_x=floats(0.09, 0.092, 0.09, 0.088, 0.085, scale=broad),
        chest_z=1.22 * scale,
        waist_z=1.05 * scale,
        hip_z=0.86 * scale,
        crotch_z=0.78 * scale,
        knee_z=0.48 * scale,
        ankle_z=0.1 * scale,
    )


BODIES = {
    "typical": typical(),
    "tall_slim": typical(1.06, 0.9, 0.65),
    "short_round": typical(0.94, 1.25, 0.85),
}


@lru_cache
def drafted(kind, body="typical", seed=1):
    design = sample_design(kind, np.random.default_rng([seed, list(GarmentKind).index(kind)]))
    return draft(design, BODIES[body], f"{kind}-{seed}", COARSE)


every_kind = pytest.mark.parametrize("kind", GarmentKind, ids=str)
every_top = pytest.mark.parametrize("kind", TOPS, ids=str)


def edges_of(faces):
    """One number for each side of each triangle, the same from both sides of a seam."""
    ends = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).astype(np.int64)
    return ends.min(1) << 32 | ends.max(1)


def areas(points):
    """Signed areas of triangles (F, 3, 2), positive = counter-clockwise with y upwards."""
    first, second = points[:, 1] - points[:, 0], points[:, 2] - points[:, 0]
    return (first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]) / 2


def sides(points):
    """Lengths (F, 3) of the sides of triangles (F, 3, 2)."""
    return np.linalg.norm(points - np.roll(points, -1, axis=1), axis=2)


def of_panels(mesh, *panels):
    return np.isin(mesh.panel, panels)


def bodies_of(kind):
    """Two of the bodies: all kinds on one, each on one of the others."""
    return "typical", ("tall_slim", "short_round")[list(GarmentKind).index(kind) % 2]


@pytest.mark.parametrize(("kind", "body"), [(k, b) for k in GarmentKind for b in bodies_of(k)])
def test_every_kind_can_be_cut_to_several_bodies(kind, body):
    mesh = drafted(kind, body)
    assert mesh.kind is kind
    assert mesh.faces.dtype == np.int32 and mesh.flat.dtype == np.float32
    assert mesh.side.dtype == np.int8 and mesh.panel.dtype == np.uint8
    assert mesh.uv.shape == (len(mesh.faces), 3, 2) and mesh.uv.dtype == np.float32
    assert len(mesh.flat) == len(mesh.side) == len(mesh.lift)
    assert set(np.unique(mesh.faces)) == set(range(len(mesh.flat)))
    assert np.isfinite(mesh.flat).all() and np.isfinite(mesh.uv).all()


@every_kind
def test_triangles_are_well_shaped_and_of_the_wanted_size(kind):
    uv = drafted(kind).uv.astype(float)
    ahead, back = np.roll(uv, -1, axis=1) - uv, np.roll(uv, 1, axis=1) - uv
    lengths = np.linalg.norm(ahead, axis=2) * np.linalg.norm(back, axis=2)
    angles = np.degrees(np.arccos(np.clip((ahead * back).sum(2) / lengths, -1, 1)))
    assert angles.min() > 12
    assert 0.8 * COARSE < np.median(sides(uv)) < 1.25 * COARSE


@every_kind
def test_faces_look_outwards(kind):
    mesh = drafted(kind)
    assert (areas(mesh.uv * (1, -1)) > 0).all()
    turned = areas(mesh.flat[mesh.faces].astype(float))
    before = (mesh.side[mesh.faces].min(1) < 0) | np.isin(mesh.panel % 2, 0)
    layer = mesh.side[mesh.faces].sum(1)
    assert before.any()
    # Counter-clockwise as x and z are seen from -y: the front's normal points to -y.
    assert (turned[layer < 0] > 0).mean() > 0.995
    assert (turned[layer > 0] < 0).mean() > 0.995


@every_top
def test_the_flat_layout_has_the_cut_s_true_lengths(kind):
    mesh = drafted(kind)
    torso = of_panels(mesh, Panel.FRONT, Panel.BACK, Panel.LEFT_FRONT, Panel.RIGHT_FRONT)
    ratio = sides(mesh.uv) / sides(mesh.flat[mesh.faces])
    assert np.allclose(ratio[torso], 1, atol=1e-3)
    sleeves = (mesh.panel >= Panel.LEFT_SLEEVE_FRONT) & (mesh.panel <= Panel.RIGHT_SLEEVE_BACK)
    if sleeves.any():
        # Long sleeves are bent to lie along the arm; caps are rounded near the shoulder's tip.
        assert 0.8 < ratio[sleeves].min() and ratio[sleeves].max() < 1.35
        if mesh.sleeve is Sleeve.SHORT:
            assert np.percentile(ratio[sleeves], 1) > 0.98
            assert np.percentile(ratio[sleeves], 90) < 1.09


def test_the_flat_layout_of_lower_garments_is_near_the_cut():
    skirt = drafted(GarmentKind.SKIRT)
    assert np.allclose(sides(skirt.uv), sides(skirt.flat[skirt.faces]), atol=1e-4)
    trousers = drafted(GarmentKind.TROUSERS)
    ratio = sides(trousers.uv) / sides(trousers.flat[trousers.faces])
    low, high = np.percentile(ratio, [5, 95])
    # The hook between the legs has no room in a frontal layout.
    assert 0.88 < low and high < 1.25


@every_kind
def test_panels_lie_apart_on_the_sheet(kind):
    mesh = drafted(kind)
    scale = 250
    size = np.ceil(np.array(mesh.sheet) * scale).astype(int)
    cover = np.zeros((size[1], size[0]), np.uint8)
    for triangle in np.round(mesh.uv * scale * 16).astype(np.int32):
        cv2.fillConvexPoly(cover, triangle, 1, cv2.LINE_4, 4)
    assert mesh.uv.min() >= 0.01 and (mesh.uv.max((0, 1)) <= np.array(mesh.sheet) - 0.01).all()
    apart = cv2.connectedComponents(cover)[0]
    grown = cv2.dilate(cover, np.ones((5, 5), np.uint8))
    assert apart == cv2.connectedComponents(grown)[0] > 2
    assert areas(mesh.uv * (1, -1)).sum() == pytest.approx(cover.sum() / scale**2, rel=0.05)


@every_kind
def test_only_open_edges_are_not_sewn(kind):
    mesh = drafted(kind)
    ends = edges_of(mesh.faces)
    corners = np.concatenate([mesh.uv[:, [0, 1]], mesh.uv[:, [1, 2]], mesh.uv[:, [2, 0]]])
    _, place, uses = np.unique(ends, return_inverse=True, return_counts=True)
    alone = corners[uses[place] == 1].mean(1)
    free = [Edge.NECKLINE, Edge.CUFF, Edge.HEM, Edge.OPENING]
    free += [Edge.WAIST] if mesh.category is Category.LOWER else []
    middles = np.concatenate([mesh.edges[edge].mean(1) for edge in free if edge in mesh.edges])
    assert cKDTree(middles).query(alone)[0].max() < 1e-5
    assert uses.max() <= 3 and (uses == 3).sum() < 60
    seams = corners[uses[place] >= 2].mean(1)
    assert cKDTree(seams).query(mesh.edges[Edge.SEAM].mean(1))[0].max() < 1e-5


@every_kind
def test_a_garment_hangs_together(kind):
    faces = drafted(kind).faces
    group = np.arange(faces.max() + 1)
    for _ in range(400):
        lowest = group[faces].min(1)
        before = group.copy()
        np.minimum.at(group, faces.ravel(), np.repeat(lowest, 3))
        group = group[group]
        if (group == before).all():
            break
    assert (group == 0).all()


@every_top
def test_tops_have_all_landmarks_on_the_right_side(kind):
    mesh = drafted(kind)
    assert {mark.name.lower() for mark in Landmark} <= set(mesh.landmarks)
    at = {name: mesh.flat[vertex] for name, vertex in mesh.landmarks.items()}
    for name, point in at.items():
        if name != "collar_front":
            assert (point[0] > 0) == ("left" in name), name
    middle = mesh.landmarks["collar_front"]
    assert abs(at["collar_front"][0]) < 0.07 and mesh.side[middle] == -1
    assert at["collar_left"][1] > at["shoulder_left"][1] > at["armpit_left"][1]
    assert at["armpit_left"][1] >= at["hem_left"][1]
    if mesh.sleeve is not Sleeve.NONE:
        assert at["cuff_left_outer"][0] > at["cuff_left_inner"][0]


def test_lower_garments_have_their_landmarks():
    trousers, skirt = drafted(GarmentKind.TROUSERS), drafted(GarmentKind.SKIRT)
    at = {name: trousers.flat[vertex] for name, vertex in trousers.landmarks.items()}
    assert at["crotch"][0] == 0 and at["crotch"][1] < BODIES["typical"].crotch_z
    assert at["leg_left_outer"][0] > at["leg_left_inner"][0] > 0
    assert at["leg_right_outer"][0] < at["leg_right_inner"][0] < 0
    assert skirt.flat[skirt.landmarks["waist_left"]][0] > 0
    assert skirt.flat[skirt.landmarks["hem_right"]][1] < BODIES["typical"].crotch_z + 0.01


@every_kind
def test_belt_runs_around_the_waist(kind):
    mesh, body = drafted(kind), BODIES["typical"]
    if mesh.flat[:, 1].min() > body.waist_z:
        assert len(mesh.belt) == 0
        return
    assert np.abs(mesh.flat[mesh.belt, 1] - body.waist_z).max() < 0.09
    assert {-1, 1} <= set(mesh.side[mesh.belt].tolist())
    width = np.ptp(mesh.flat[mesh.belt, 0])
    assert width > 0.49 * float(Figure(body).girth(float(mesh.flat[mesh.belt, 1].max())))


@every_top
def test_the_underarm_point_lies_beneath_the_arm(kind):
    for name in bodies_of(kind):
        mesh, body = drafted(kind, name), BODIES[name]
        x, z = mesh.flat[mesh.landmarks["armpit_left"]]
        assert z < body.armpit[1] - 0.02
        assert z < Figure(body).beneath_arm(float(x))


def test_a_chest_print_reads_from_outside():
    mesh = drafted(GarmentKind.TSHIRT)
    for panel, across in ((Panel.FRONT, 1), (Panel.BACK, -1)):
        rows = of_panels(mesh, panel)
        flat, uv = mesh.flat[mesh.faces[rows]].reshape(-1, 2), mesh.uv[rows].reshape(-1, 2)
        offset = uv - flat * (across, -1)
        assert np.ptp(offset, axis=0).max() < 1e-4


def test_a_sleeve_is_one_piece_of_cloth_folded_over_the_arm():
    mesh = drafted(GarmentKind.LONG_SLEEVE)
    tops = {}
    for panel in (Panel.LEFT_SLEEVE_FRONT, Panel.LEFT_SLEEVE_BACK):
        rows = of_panels(mesh, panel)
        corners = zip(mesh.faces[rows].ravel(), mesh.uv[rows].reshape(-1, 2), strict=True)
        tops[panel] = {int(vertex): point for vertex, point in corners}
    front, back = tops.values()
    common = [v for v in front if v in back and np.allclose(front[v], back[v], atol=1e-6)]
    cuff, tip = mesh.landmarks["cuff_left_outer"], mesh.landmarks["shoulder_left"]
    assert {cuff, tip} <= set(common)
    # The grain runs down the sleeve, the front half lies on the left of the left sleeve's fold.
    assert front[cuff][1] > front[tip][1] + 0.2 and front[cuff][0] == pytest.approx(front[tip][0])
    assert np.mean([p[0] for p in front.values()]) < front[tip][0]


def test_the_same_seed_gives_the_same_garment():
    rng = [np.random.default_rng(7) for _ in range(2)]
    designs = [sample_design(GarmentKind.BLOUSE, one) for one in rng]
    assert designs[0] == designs[1]
    first, second = (draft(design, BODIES["typical"], "a", COARSE) for design in designs)
    assert first.uv.tobytes() == second.uv.tobytes()
    assert first.flat.tobytes() == second.flat.tobytes()
    assert (first.faces == second.faces).all()


def test_category_and_sleeve_say_what_was_cut():
    assert drafted(GarmentKind.SKIRT).category is Category.LOWER
    assert drafted(GarmentKind.DRESS).category is Category.DRESS
    assert drafted(GarmentKind.TANK).sleeve is Sleeve.NONE
    assert drafted(GarmentKind.TSHIRT).sleeve is Sleeve.SHORT
    assert drafted(GarmentKind.HOODIE).sleeve is Sleeve.LONG


@pytest.mark.parametrize("neckline", Neckline, ids=str)
def test_every_neckline_can_be_sewn(neckline):
    base = Design(GarmentKind.LONG_SLEEVE, sleeve=1.0, collar=0.06, neckline=neckline)
    mesh = draft(base, BODIES["typical"], "n", COARSE)
    collars = of_panels(mesh, Panel.COLLAR_FRONT, Panel.COLLAR_BACK, Panel.HOOD)
    sewn = (Neckline.TURTLE, Neckline.COLLAR, Neckline.HOOD)
    assert collars.any() == (neckline in sewn)
    if neckline in (Neckline.COLLAR, Neckline.HOOD):
        assert mesh.lift.max() >= 0.006


def test_fit_sets_the_width():
    base = Design(GarmentKind.TSHIRT, sleeve=0.35)
    chest = []
    for fit in (0.0, 0.5, 1.0):
        mesh = draft(replace(base, fit=fit), BODIES["typical"], "w", COARSE)
        chest.append(2 * mesh.flat[mesh.landmarks["armpit_left"], 0])
    body = float(Figure(BODIES["typical"]).girth(1.23)) / 2
    assert chest[0] < body * 1.0 < chest[1] < chest[2]


def test_waists_hold():
    for kind in LOWERS:
        mesh, body = drafted(kind), BODIES["typical"]
        ends = mesh.flat[[mesh.landmarks["waist_left"], mesh.landmarks["waist_right"]]]
        girth = float(Figure(body).girth(float(ends[0, 1])))
        assert 1.0 <= 2 * (ends[0, 0] - ends[1, 0]) / girth <= 1.05


def test_fabrics_stay_within_what_the_simulation_takes():
    rng = np.random.default_rng(3)
    for kind in GarmentKind:
        fabric = fabric_of(sample_design(kind, rng), rng)
        assert fabric.name in FABRICS
        assert 1e-3 <= fabric.bend <= 5e-2
        assert 0.4 <= fabric.compress <= 0.9 and 0.2 <= fabric.friction <= 0.6


def test_triangulation_refuses_an_outline_that_it_cannot_keep():
    bow = np.array([[0, 0], [0.1, 0.1], [0.1, 0], [0, 0.1]])
    with pytest.raises(ValueError, match="narrow"):
        triangulated(bow, 0.02)


def test_spread_keeps_affine_functions():
    u = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    loop = np.column_stack([0.2 * np.cos(u), 0.15 * np.sin(u)])
    points, faces = triangulated(loop, 0.025)
    values = points @ [[1.0, -0.3], [0.4, 2.0]] + [0.1, 0.2]
    assert np.allclose(spread(points, faces, values[: len(loop)]), values, atol=1e-9)
