"""Garments drawn on several grounds, cut by rule."""

import cv2
import numpy as np
import pytest

from fittingroom.training.garment.rules import cuts_of

SIZE = (640, 480)
SHORT = [
    (200, 110), (110, 150), (60, 250), (115, 280), (145, 240), (150, 560),
    (330, 560), (335, 240), (365, 280), (420, 250), (370, 150), (280, 110),
]  # fmt: skip
LONG = [
    (200, 110), (130, 140), (30, 440), (80, 460), (150, 250), (155, 540),
    (325, 540), (330, 250), (400, 460), (450, 440), (350, 140), (280, 110),
]  # fmt: skip
NONE = [
    (195, 100), (165, 104), (168, 180), (130, 240), (130, 560),
    (350, 560), (350, 240), (312, 180), (315, 104), (285, 100),
]  # fmt: skip

WHITE = np.full((*SIZE, 3), 250, np.uint8)
GREY = np.full((*SIZE, 3), 190, np.uint8)


def _gradient():
    """A studio ground that darkens downward and to the sides."""
    ys, xs = np.mgrid[-1 : 1 : SIZE[0] * 1j, -1 : 1 : SIZE[1] * 1j]
    light = 225 - 15 * ys - 12 * xs * xs
    return np.repeat(light[..., None], 3, axis=2).astype(np.uint8)


def _checked():
    """A busy ground: coloured tiles with noise."""
    ys, xs = np.mgrid[: SIZE[0], : SIZE[1]]
    tile = ((ys // 40 + xs // 40) % 2)[..., None]
    noise = np.random.default_rng(0).integers(-12, 13, (*SIZE, 3))
    colours = np.where(tile, np.array([150, 120, 90]), np.array([190, 170, 130]))
    return np.clip(colours + noise, 0, 255).astype(np.uint8)


GROUNDS = {"white": WHITE, "grey": GREY, "gradient": _gradient(), "checked": _checked()}


def _mask(outline):
    mask = np.zeros(SIZE, np.uint8)
    cv2.fillPoly(mask, [np.array(outline, np.int32)], 255)
    return mask


def _photo(mask, ground, colour):
    """A garment of one colour with a dark collar inside, softly drawn on a ground."""
    image = ground.copy()
    image[mask > 0] = colour
    inside = np.zeros(SIZE, np.uint8)
    cv2.ellipse(inside, (240, 108), (38, 34), 0, 0, 180, 255, -1)
    image[(inside > 0) & (mask > 0)] = np.array(colour) // 2
    return cv2.GaussianBlur(image, (0, 0), 0.8)


def _cut(photo):
    """The cut at the photo's size; it is looked at half as large."""
    small = cv2.resize(photo, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    mask, agreed, quality = cuts_of(small)
    assert 0 <= agreed <= 1
    assert quality >= 0
    return cv2.resize(mask, photo.shape[1::-1])


def _overlap(found, true):
    one, other = found >= 128, true >= 128
    return float((one & other).sum() / (one | other).sum())


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("outline", [SHORT, LONG, NONE], ids=["short", "long", "none"])
def test_a_garment_is_cut_from_its_ground(ground, outline):
    mask = _mask(outline)
    assert _overlap(_cut(_photo(mask, GROUNDS[ground], (40, 70, 150))), mask) > 0.95


def test_a_white_garment_is_cut_from_a_near_white_ground():
    mask = _mask(SHORT)
    assert _overlap(_cut(_photo(mask, WHITE, (238, 237, 234))), mask) > 0.95


def test_soft_shadow_is_no_garment():
    mask = _mask(SHORT)
    shadow = cv2.GaussianBlur(np.roll(mask, (14, 10), (0, 1)), (0, 0), 14).astype(float) / 255
    ground = (GREY * (1 - 0.1 * shadow[..., None])).astype(np.uint8)
    assert _overlap(_cut(_photo(mask, ground, (150, 60, 50))), mask) > 0.95


def test_the_hook_of_a_hanger_is_no_garment():
    photo = _photo(_mask(SHORT), GREY, (40, 70, 150))
    cv2.line(photo, (240, 110), (240, 30), (90, 90, 90), 5)
    assert not _cut(photo)[:85].any()


def test_the_room_between_sleeve_and_body_stays_ground():
    mask = _mask(LONG)
    mask[430:460, 40:440] = 255  # the cuffs touch the body
    assert _cut(_photo(mask, GREY, (40, 70, 150)))[390, 130] == 0


def test_an_even_picture_has_no_sure_cut():
    _, agreed, quality = cuts_of(np.full((200, 160, 3), 128, np.uint8))
    assert min(agreed, quality) < 0.5
