import numpy as np
import pytest
from scenes import camera, grid, sphere

from fittingroom.synth.raycast import Caster, Shell, camera_rays, project, sample_offsets


def wall(y, coverage=None, size=2.0):
    unit, faces = grid(2, 2)
    points = np.stack([(unit[:, 0] - 0.5) * size, np.full(4, y), (0.5 - unit[:, 1]) * size], 1)
    uv = np.stack([unit[:, 0], 1 - unit[:, 1]], 1).astype(np.float32)[faces]
    return Shell(
        points.astype(np.float32), faces, None if coverage is None else uv, coverage=coverage
    )


def straight(count, spread=0.8):
    """Rays along +y from a square at y = -3."""
    rng = np.random.default_rng(0)
    start = np.zeros((count, 3), np.float32)
    start[:, [0, 2]] = rng.uniform(-spread, spread, (count, 2))
    start[:, 1] = -3
    return start, np.tile(np.float32([[0, 1, 0]]), (count, 1))


def test_depth_of_a_sphere_is_exact():
    ball = sphere((0.1, 0.2, 1.0), 0.3)
    view = camera(64, 64, (0, 1.0), 2.5, 1.0)
    y, x = np.mgrid[:64, :64].astype(np.float32)
    rays = camera_rays(view, x.ravel(), y.ravel())
    eye = np.broadcast_to(np.float32(view.eye), rays.shape).copy()
    hits = Caster([Shell(ball.vertices, ball.faces)]).first(eye, rays)
    gap = eye - np.float32((0.1, 0.2, 1.0))
    a, b, c = (rays**2).sum(1), (rays * gap).sum(1), (gap**2).sum(1) - 0.09
    root = b * b - a * c
    clear = np.abs(root) > 0.01
    np.testing.assert_array_equal((hits.face >= 0)[clear], (root > 0)[clear])
    met = (root > 0.01) & (hits.face >= 0)
    away = hits.distance[met] - ((-b - np.sqrt(np.maximum(root, 0))) / a)[met]
    assert np.abs(away).max() < 2e-3


def test_a_projected_point_lies_on_its_own_ray():
    view = camera(48, 64, (0.2, 1.3), 2.0, 1.5)
    points = np.random.default_rng(1).uniform(0, 1, (20, 3)).astype(np.float32)
    x, y, depth = project(view, points).T
    again = np.float32(view.eye) + camera_rays(view, x, y) * depth[:, None]
    np.testing.assert_allclose(again, points, atol=1e-5)


def test_triangles_are_counted_through_all_shells():
    caster = Caster([wall(1.0), wall(0.0), wall(2.0)])
    hits = caster.first(*straight(50))
    assert set(caster.shell[hits.face]) == {1}
    np.testing.assert_allclose(hits.distance, 3, atol=1e-5)


def test_triangles_that_are_not_kept_are_not_there():
    gone = Shell(wall(0.0).vertices, wall(0.0).faces, keep=np.zeros(2, bool))
    hits = Caster([gone, wall(1.0)]).first(*straight(50))
    np.testing.assert_array_equal(hits.face >= 2, True)


@pytest.mark.parametrize("cover", [0, 64, 128, 255])
def test_thin_shells_are_hit_as_often_as_they_cover(cover):
    thin = wall(0.0, np.full((8, 8), cover, np.uint8))
    caster = Caster([thin, wall(1.0)])
    first, again = caster.first(*straight(4000)), caster.first(*straight(4000))
    share = (caster.shell[first.face] == 0).mean()
    assert abs(share - cover / 255) < 0.03
    np.testing.assert_array_equal(first.face, again.face)


def test_thin_layers_add_up():
    thin = [wall(0.1 * k, np.full((8, 8), 128, np.uint8)) for k in range(3)]
    caster = Caster([*thin, wall(1.0)])
    hits = caster.first(*straight(4000))
    share = np.bincount(caster.shell[hits.face], minlength=4) / 4000
    np.testing.assert_allclose(share, [0.5, 0.25, 0.125, 0.125], atol=0.04)
    np.testing.assert_allclose(hits.distance, 3 + 0.1 * caster.shell[hits.face] + 0.7 * (
        caster.shell[hits.face] == 3), atol=1e-4)  # fmt: skip


def test_only_what_lies_before_the_limit_blocks():
    caster = Caster([wall(0.0)])
    start, along = straight(4)
    limits = np.float32([2.9, 3.1, 2.9, 3.1])
    assert caster.blocked(start, along, limits).tolist() == [False, True, False, True]
    assert not Caster([]).blocked(start, along).any()


@pytest.mark.parametrize("samples", [1, 5, 9, 13, 25])
def test_rays_of_a_pixel_are_balanced(samples):
    offsets = sample_offsets(samples)
    np.testing.assert_array_equal(offsets[0], 0)
    np.testing.assert_allclose(offsets.mean(0), 0, atol=1e-6)
    for axis in (0, 1):
        assert len(np.unique(np.round(offsets[:, axis] * samples))) == samples
    with pytest.raises(ValueError, match="one of"):
        sample_offsets(4)
