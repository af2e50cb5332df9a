import numpy as np
import pytest

from fittingroom.synth import backgrounds
from fittingroom.synth.backgrounds import sample_background, sample_ground


@pytest.mark.parametrize("draw", [sample_background, sample_ground])
def test_one_seed_gives_one_picture(draw):
    pictures = [draw((64, 48), np.random.default_rng(seed)) for seed in (3, 3, 4)]
    assert np.array_equal(pictures[0], pictures[1])
    assert not np.array_equal(pictures[0], pictures[2])


@pytest.mark.parametrize("size", [(96, 72), (48, 100), (16, 16), (540, 400)])
def test_sizes_are_kept(size):
    for seed in range(6):
        for draw in (sample_background, sample_ground):
            image = draw(size, np.random.default_rng(seed))
            assert image.shape == (*size, 3)
            assert image.dtype == np.uint8


@pytest.mark.parametrize("scene", [s for s, _ in (*backgrounds._BEHIND, *backgrounds._UNDER)])
def test_every_scene_is_finite_and_neither_black_nor_burnt(scene):
    for seed in range(3):
        image = scene((80, 60), np.random.default_rng(seed))
        assert image.shape == (80, 60, 3)
        assert np.isfinite(image).all()
        assert 8 < np.clip(image, 0, 255).mean() <= 255


def test_many_grounds_are_white():
    means = [sample_ground((32, 24), np.random.default_rng(seed)).mean() for seed in range(60)]
    assert 0.25 < np.mean(np.array(means) > 235) < 0.8


def test_a_users_pictures_are_mixed_in():
    picture = np.zeros((50, 90, 3), np.uint8)
    picture[..., 1] = 200
    green = [
        sample_background((40, 30), np.random.default_rng(seed), [picture]).reshape(-1, 3).mean(0)
        for seed in range(40)
    ]
    found = np.mean([np.abs(colour - (0, 200, 0)).max() < 1 for colour in green])
    assert 0.15 < found < 0.6
