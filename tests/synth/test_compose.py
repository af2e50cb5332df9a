from dataclasses import replace

import numpy as np
import pytest
from paper import make_product, make_sample, make_sheet

from fittingroom.synth import compose
from fittingroom.synth.compose import NEUTRAL, Look, NeckLabel, Painted
from fittingroom.synth.shapes import Cloth, Material

COLOUR = (70, 120, 180)


@pytest.fixture(scope="module")
def painted():
    sheet = make_sheet(pixel=0.004)
    return Painted(sheet, np.full((*sheet.panel.shape, 3), COLOUR, np.uint8))


@pytest.fixture(scope="module")
def sample(painted):
    return make_sample(painted.sheet)


def ground(shape=(96, 72)):
    return np.random.default_rng(0).integers(0, 256, (*shape, 3)).astype(np.uint8)


def test_linear_light_and_back_is_exact():
    every = np.arange(256, dtype=np.uint8)[:, None].repeat(3, axis=1)
    assert np.array_equal(compose.to_srgb(compose.to_linear(every)), every)


def test_colours_come_back_in_full_light(sample, painted):
    image = compose.compose_worn(sample, "a", painted, ground(), NEUTRAL)
    assert np.abs(image[35:55, 28:46].astype(int) - COLOUR).max() <= 1
    assert np.abs(image[65:75, 28:46].astype(int) - (50, 60, 90)).max() <= 1
    assert np.abs(image[84:88, 24:50].astype(int) - (180, 140, 120)).max() <= 1


def test_nobody_leaves_the_background_as_it_was(sample, painted):
    behind = ground()
    image = compose.compose_worn(sample, "a", painted, behind, NEUTRAL)
    empty = sample.outfits["a"].share[..., 0] == 0
    assert np.array_equal(image[empty], behind[empty])


def test_worn_and_product_show_the_same_sheet(sample, painted):
    rng = np.random.default_rng(1)
    noisy = Painted(painted.sheet, rng.integers(0, 256, painted.image.shape).astype(np.uint8))
    product = make_product(painted.sheet)
    uv = sample.outfits["a"].cloth.uv
    product = replace(
        product,
        cloth=sample.outfits["a"].cloth,
        share=np.where(product.share, 255, 255).astype(np.uint8),
    )
    worn = compose.compose_worn(sample, "a", noisy, ground(), NEUTRAL)
    shop = compose.compose_product(product, noisy, ground(), NEUTRAL)
    inner = np.s_[31:59, 25:49]
    assert uv.shape == (96, 72, 2)
    assert np.array_equal(worn[inner], shop[inner])


def striped(sheet, period):
    rows = np.arange(sheet.panel.shape[0]) % period < period // 2
    image = np.where(rows[:, None, None], np.uint8(240), np.uint8(20))
    return Painted(sheet, np.broadcast_to(image, (*sheet.panel.shape, 3)).copy())


def seen_from(distance, shape=(40, 40)):
    """Cloth of one panel, `distance` metres of it from pixel to pixel."""
    down, across = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    uv = np.stack([0.06 + across * distance, 0.06 + down * distance], axis=-1).astype(np.float32)
    return Cloth(uv, np.zeros(shape, np.uint8), np.zeros(shape, bool))


@pytest.mark.parametrize("times", [1.7, 1.875, 2.6, 3.5])
def test_fine_stripes_far_away_turn_to_their_mean_colour(times):
    sheet = make_sheet(pixel=0.004)
    painted = striped(sheet, 2)
    mean = compose.to_linear(np.uint8([[[240] * 3, [20] * 3]])).mean()
    linear = compose.garment_colour(seen_from(times * sheet.pixel), painted, None)
    assert linear.mean() == pytest.approx(mean, rel=0.05)
    assert linear.std() < 0.2 * mean


def test_stripes_that_a_picture_can_show_stay(sample):
    sheet = make_sheet(pixel=0.004)
    painted = striped(sheet, 12)
    linear = compose.garment_colour(seen_from(1.2 * sheet.pixel), painted, None)
    bright, dark = compose.to_linear(np.uint8([[[240] * 3, [20] * 3]]))[0, :, 0]
    assert linear.max() == pytest.approx(bright, rel=0.02)
    assert linear.min() == pytest.approx(dark, rel=0.3)


def test_a_fold_does_not_blur_what_lies_beside_it():
    sheet = make_sheet(pixel=0.004)
    cloth = seen_from(sheet.pixel)
    cloth.uv[:, 20:] += np.float32(0.3)
    sharp = compose.garment_colour(cloth, striped(sheet, 4), None)
    assert sharp[:, 18:22].std() == pytest.approx(sharp[:, 5:9].std(), rel=0.1)


def test_half_the_light_is_half_as_bright(painted):
    dim = make_sample(painted.sheet, light=100)
    image = compose.compose_worn(dim, "a", painted, ground(), NEUTRAL)
    want = compose.to_linear(np.uint8([[COLOUR]]))[0, 0] / 2
    assert np.abs(compose.to_linear(image[40:41, 36:37])[0, 0] - want).max() < 0.004


def test_white_on_white_keeps_its_edge(painted):
    white = Painted(painted.sheet, np.full_like(painted.image, 252))
    behind = np.full((96, 72, 3), 255, np.uint8)
    image = compose.compose_product(make_product(painted.sheet), white, behind, NEUTRAL)
    assert image[50, 36].min() >= 244
    assert image[50, 16].max() < image[50, 36].min()


def test_shadows_fall_on_the_ground_only(painted):
    product = make_product(painted.sheet)
    dark = replace(product, shadow=np.full_like(product.shadow, 128))
    behind = np.full((96, 72, 3), 255, np.uint8)
    bright, shaded = (compose.compose_product(p, painted, behind, NEUTRAL) for p in (product, dark))
    assert shaded[2, 2].max() < 200
    assert np.array_equal(bright[40:60, 30:40], shaded[40:60, 30:40])


def test_a_label_is_sewn_inside_the_back_only(painted):
    product = make_product(painted.sheet)
    label = NeckLabel((0.25, 0.25, 0.4, 0.5), (250, 40, 40))
    outer = compose.compose_product(product, painted, ground(), NEUTRAL, label)
    assert np.array_equal(outer, compose.compose_product(product, painted, ground(), NEUTRAL))
    cloth = replace(
        product.cloth,
        panel=np.where(product.cloth.panel < 255, 1, 255).astype(np.uint8),
        inside=product.cloth.panel < 255,
    )
    inner = compose.compose_product(
        replace(product, cloth=cloth), painted, ground(), NEUTRAL, label
    )
    assert (inner[..., 0] > 240).any()
    assert not (outer[25:75, 20:50, 0] > 240).any()


def test_labels_are_drawn_at_the_back_neck():
    sheet = make_sheet(pixel=0.004)
    labels = [compose.sample_label(sheet, np.random.default_rng(seed)) for seed in range(8)]
    boxes = [label.box for label in labels if label is not None]
    assert boxes
    for left, top, right, low in boxes:
        assert 0.9 < (left + right) / 2 < 0.98
        assert 0.06 < top < low < 0.2


def test_darker_tones_are_darker_and_detail_stays():
    body = np.full((20, 20, 3), compose.SKIN_TONES[3], np.uint8)
    body[:10] = (body[:10] * 0.8).astype(np.uint8)
    parts = np.full((20, 20), Material.SKIN, np.uint8)
    luma = []
    for tone in range(10):
        image = compose.retone_skin(body, parts, 3, tone)
        assert np.abs(image[15, 5].astype(int) - compose.SKIN_TONES[tone]).max() <= 4
        assert image[5, 5].sum() < image[15, 5].sum()
        luma.append(image.mean())
    assert np.all(np.diff(luma) < 0)


def test_the_white_of_eyes_and_all_but_skin_stay():
    body = np.full((4, 4, 3), compose.SKIN_TONES[3], np.uint8)
    body[0] = (226, 226, 226)
    parts = np.full((4, 4), Material.SKIN, np.uint8)
    parts[0] = Material.OTHER
    parts[3] = Material.CLOTH
    image = compose.retone_skin(body, parts, 3, 9)
    assert np.array_equal(image[[0, 3]], body[[0, 3]])
    assert np.array_equal(compose.retone_skin(body, parts, 3, 3), body)


def test_white_cloth_in_full_light_is_never_burnt_out():
    full = np.full((1, 2, 2), compose.FULL_LIGHT, np.uint8)
    full[0, 1] = 0.9 * compose.FULL_LIGHT
    for seed in range(60):
        rng = np.random.default_rng(seed)
        for light in (compose.sample_illumination(rng), compose.sample_shop_light(rng)):
            lit = compose.irradiance(full, light) ** np.float32(light.gamma)
            white = compose.to_srgb(lit).astype(int)
            assert 190 < white[0, 0].max() <= 246
            assert (white[0, 0] - white[0, 1] >= 8).all()


def test_pale_hair_keeps_its_light_and_dark():
    body = np.full((6, 4, 3), 60, np.uint8)
    body[:2], body[4:] = 40, 120
    image = compose.recoloured(body, np.ones((6, 4), bool), (196, 192, 188))
    assert image[0, 0].max() < image[3, 0].max() < image[5, 0].max() < 225


def test_a_look_recolours_hair_skin_and_lower_garment(sample, painted):
    look = Look(skin=9, hair=(200, 160, 100), lower=(30, 120, 60))
    image = compose.compose_worn(sample, "a", painted, ground(), NEUTRAL, look)
    assert np.abs(image[13, 36].astype(int) - (200, 160, 100)).max() <= 6
    assert np.abs(image[70, 36].astype(int) - (30, 120, 60)).max() <= 6
    assert image[86, 36].mean() < 90


def test_what_is_drawn_at_random_follows_the_seed(sample, painted):
    def draw(seed):
        rng = np.random.default_rng(seed)
        light, look = compose.sample_illumination(rng), compose.sample_look(rng)
        image = compose.compose_worn(sample, "a", painted, ground(), light, look)
        return compose.photographic(image, rng), compose.sample_shop_light(rng)

    first, again, other = draw(1), draw(1), draw(2)
    assert np.array_equal(first[0], again[0])
    assert first[1] == again[1]
    assert not np.array_equal(first[0], other[0])
    assert first[0].shape == (96, 72, 3)
