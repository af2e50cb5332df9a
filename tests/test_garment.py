"""Garments drawn on several grounds, and the examples: mask, landmarks, sleeve class, errors."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from fittingroom.errors import ErrorCode, FittingRoomError
from fittingroom.stages.garment import find_landmarks, isolate_garment
from fittingroom.types import Category, Garment, Image, Landmark, Mask, Sleeve

EXAMPLES = Path(__file__).parents[1] / "src/fittingroom/assets/examples"
SIZE = (640, 480)

SHORT = [
    (200, 110),
    (110, 150),
    (60, 250),
    (115, 280),
    (145, 240),
    (150, 560),
    (330, 560),
    (335, 240),
    (365, 280),
    (420, 250),
    (370, 150),
    (280, 110),
]
LONG = [
    (200, 110),
    (130, 140),
    (30, 440),
    (80, 460),
    (150, 250),
    (155, 540),
    (325, 540),
    (330, 250),
    (400, 460),
    (450, 440),
    (350, 140),
    (280, 110),
]
NONE = [
    (195, 100), (165, 104), (168, 180), (130, 240), (130, 560),
    (350, 560), (350, 240), (312, 180), (315, 104), (285, 100),
]  # fmt: skip
TROUSERS = [(150, 60), (110, 600), (215, 600), (240, 180), (265, 600), (370, 600), (330, 60)]
SHAPES = {Sleeve.SHORT: SHORT, Sleeve.LONG: LONG, Sleeve.NONE: NONE}

WHITE = np.full((*SIZE, 3), 250, np.uint8)
GREY = np.full((*SIZE, 3), 190, np.uint8)


def _gradient() -> Image:
    """A studio ground that darkens downward and to the sides."""
    ys, xs = np.mgrid[-1 : 1 : SIZE[0] * 1j, -1 : 1 : SIZE[1] * 1j]
    light = 225 - 15 * ys - 12 * xs * xs
    return np.repeat(light[..., None], 3, axis=2).astype(np.uint8)


def _checked() -> Image:
    """A busy ground: coloured tiles with noise."""
    ys, xs = np.mgrid[: SIZE[0], : SIZE[1]]
    tile = ((ys // 40 + xs // 40) % 2)[..., None]
    noise = np.random.default_rng(0).integers(-12, 13, (*SIZE, 3))
    colours = np.where(tile, np.array([150, 120, 90]), np.array([190, 170, 130]))
    return np.clip(colours + noise, 0, 255).astype(np.uint8)


GROUNDS = {"white": WHITE, "grey": GREY, "gradient": _gradient(), "checked": _checked()}


def _mask(outline: list[tuple[int, int]]) -> Mask:
    mask = np.zeros(SIZE, np.uint8)
    cv2.fillPoly(mask, [np.array(outline, np.int32)], 255)
    return mask


def _photo(mask: Mask, ground: Image, colour: tuple[int, int, int]) -> Image:
    """A garment of one colour with a dark collar inside, softly drawn on a ground."""
    image = ground.copy()
    image[mask > 0] = colour
    inside = np.zeros(SIZE, np.uint8)
    cv2.ellipse(inside, (240, 108), (38, 34), 0, 0, 180, 255, -1)
    image[(inside > 0) & (mask > 0)] = np.array(colour) // 2
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 0.8), np.uint8)


def _overlap(found: Mask, true: Mask) -> float:
    one, other = found >= 128, true >= 128
    return float((one & other).sum() / (one | other).sum())


@pytest.fixture(scope="module", params=range(1, 7))
def example(request: pytest.FixtureRequest) -> tuple[int, Garment]:
    image = cv2.imread(str(EXAMPLES / f"garment_{request.param}.jpg"))
    assert image is not None
    return request.param, isolate_garment(np.ascontiguousarray(image[..., ::-1]), None)


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("sleeve", SHAPES)
def test_a_garment_is_cut_from_its_ground(ground: str, sleeve: Sleeve) -> None:
    mask = _mask(SHAPES[sleeve])
    found = isolate_garment(_photo(mask, GROUNDS[ground], (40, 70, 150)), Category.UPPER)
    assert _overlap(found.mask, mask) > 0.96
    assert found.sleeve is sleeve


def test_a_white_garment_is_cut_from_a_near_white_ground() -> None:
    mask = _mask(SHORT)
    found = isolate_garment(_photo(mask, WHITE, (238, 237, 234)), Category.UPPER)
    assert _overlap(found.mask, mask) > 0.95


def test_soft_shadow_is_no_garment() -> None:
    mask = _mask(SHORT)
    shadow = cv2.GaussianBlur(np.roll(mask, (14, 10), (0, 1)), (0, 0), 14).astype(float) / 255
    ground = (GREY * (1 - 0.1 * shadow[..., None])).astype(np.uint8)
    found = isolate_garment(_photo(mask, ground, (150, 60, 50)), Category.UPPER)
    assert _overlap(found.mask, mask) > 0.96


def test_the_hook_of_a_hanger_is_no_garment() -> None:
    mask = _mask(SHORT)
    photo = _photo(mask, GREY, (40, 70, 150))
    cv2.line(photo, (240, 110), (240, 30), (90, 90, 90), 5)
    found = isolate_garment(photo, Category.UPPER)
    assert not found.mask[:85].any()


def test_the_room_between_sleeve_and_body_stays_ground() -> None:
    mask = _mask(LONG)
    mask[430:460, 40:440] = 255  # the cuffs touch the body
    found = isolate_garment(_photo(mask, GREY, (40, 70, 150)), Category.UPPER)
    assert found.mask[390, 130] == 0


@pytest.mark.parametrize("sleeve", SHAPES)
def test_landmarks_lie_where_they_were_drawn(sleeve: Sleeve) -> None:
    outline = np.array(SHAPES[sleeve], np.float32)
    found = find_landmarks(_mask(SHAPES[sleeve])).points
    corners = {Landmark.HEM_RIGHT: (-1, 1), Landmark.HEM_LEFT: (1, 1)}
    body = outline[(outline[:, 0] > 120) & (outline[:, 0] < 360)]
    for name, way in corners.items():
        corner = body[np.argmax(body @ np.array(way))]
        assert np.hypot(*(found[name] - corner)) < 15
    pits = {Sleeve.SHORT: 240, Sleeve.LONG: 250, Sleeve.NONE: 240}
    for name, x in ((Landmark.ARMPIT_RIGHT, 145), (Landmark.ARMPIT_LEFT, 335)):
        assert np.hypot(*(found[name] - (x, pits[sleeve]))) < 25


def test_a_mirrored_garment_has_mirrored_landmarks() -> None:
    mask = _mask(LONG)
    one, other = find_landmarks(mask).points, find_landmarks(mask[:, ::-1].copy()).points
    width = mask.shape[1] - 1
    assert abs(one[Landmark.HEM_RIGHT][0] - (width - other[Landmark.HEM_LEFT][0])) < 6
    assert abs(one[Landmark.ARMPIT_RIGHT][1] - other[Landmark.ARMPIT_LEFT][1]) < 8


@pytest.mark.parametrize("angle", [-10, 8])
def test_landmarks_turn_with_the_garment(angle: int) -> None:
    matrix = cv2.getRotationMatrix2D((240, 330), angle, 0.85)
    turned = cv2.warpAffine(_mask(SHORT), matrix, SIZE[::-1])
    straight, found = find_landmarks(_mask(SHORT)).points, find_landmarks(turned).points
    expected = straight @ matrix[:, :2].T + matrix[:, 2]
    assert np.median(np.hypot(*(found - expected).T)) < 15


@pytest.mark.parametrize("seed", range(6))
def test_any_blob_has_finite_landmarks_inside_the_picture(seed: int) -> None:
    noise = np.random.default_rng(seed).random((120, 100)).astype(np.float32)
    mask = np.where(cv2.GaussianBlur(noise, (0, 0), 6) > 0.5, 255, 0).astype(np.uint8)
    points = find_landmarks(mask).points
    assert np.isfinite(points).all()
    assert (points >= 0).all()
    assert (points <= (99, 119)).all()


def test_the_inner_back_lies_in_the_mask_and_covers_the_collar() -> None:
    mask = _mask(SHORT)
    found = isolate_garment(_photo(mask, GREY, (160, 90, 60)), Category.UPPER)
    assert (found.inner_back <= found.mask).all()
    assert found.inner_back[125, 240] > 128
    assert found.inner_back[200, 240] == 0


def test_examples_have_their_sleeve_class_and_an_inner_back(example: tuple[int, Garment]) -> None:
    number, garment = example
    classes = {1: Sleeve.LONG, 2: Sleeve.SHORT, 3: Sleeve.SHORT, 5: Sleeve.NONE}
    assert garment.sleeve is classes.get(number, Sleeve.LONG)
    assert garment.category is Category.UPPER
    share = (garment.inner_back > 128).sum() / (garment.mask > 128).sum()
    assert 0.008 < share < 0.15


def test_examples_have_plausible_landmarks(example: tuple[int, Garment]) -> None:
    at = example[1].point
    assert at(Landmark.COLLAR_RIGHT)[0] < at(Landmark.COLLAR_FRONT)[0] < at(Landmark.COLLAR_LEFT)[0]
    assert at(Landmark.SHOULDER_RIGHT)[0] < at(Landmark.COLLAR_RIGHT)[0]
    assert at(Landmark.SHOULDER_LEFT)[0] > at(Landmark.COLLAR_LEFT)[0]
    for side in ("RIGHT", "LEFT"):
        pit, hem = at(Landmark[f"ARMPIT_{side}"]), at(Landmark[f"HEM_{side}"])
        assert at(Landmark[f"SHOULDER_{side}"])[1] < pit[1] < hem[1]
    widths = at(Landmark.ARMPIT_LEFT)[0] - at(Landmark.ARMPIT_RIGHT)[0]
    assert 0.15 < widths / example[1].mask.shape[1] < 0.6


def test_examples_touch_nothing_but_the_garment(example: tuple[int, Garment]) -> None:
    mask = example[1].mask
    assert 0.08 < (mask > 128).mean() < 0.5
    count, _, stats, _ = cv2.connectedComponentsWithStats((mask > 16).astype(np.uint8))
    assert sum(stats[1:count, cv2.CC_STAT_AREA] > 200) == 1


def test_the_same_photo_gives_the_same_garment() -> None:
    photo = _photo(_mask(LONG), _checked(), (40, 70, 150))
    one, other = isolate_garment(photo, Category.UPPER), isolate_garment(photo, Category.UPPER)
    assert np.array_equal(one.mask, other.mask)
    assert np.array_equal(one.landmarks, other.landmarks)


@pytest.mark.parametrize("value", [0, 128, 255])
def test_an_even_picture_holds_no_garment(value: int) -> None:
    with pytest.raises(FittingRoomError) as raised:
        isolate_garment(np.full((300, 200, 3), value, np.uint8), Category.UPPER)
    assert raised.value.code is ErrorCode.GARMENT_NOT_FOUND


def test_a_speck_is_no_garment() -> None:
    photo = GREY.copy()
    photo[300:320, 200:220] = 30
    with pytest.raises(FittingRoomError) as raised:
        isolate_garment(photo, None)
    assert raised.value.code is ErrorCode.GARMENT_NOT_FOUND


@pytest.mark.parametrize("shape", [(1, 500), (500, 1), (3, 3), (16, 16)])
def test_tiny_pictures_fail_by_name(shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (*shape, 3)).astype(np.uint8)
    try:
        isolate_garment(noise, Category.UPPER)
    except FittingRoomError as error:
        assert error.code is ErrorCode.GARMENT_NOT_FOUND


@pytest.mark.parametrize("category", [Category.LOWER, Category.DRESS])
def test_other_categories_are_not_served_yet(category: Category) -> None:
    with pytest.raises(FittingRoomError) as raised:
        isolate_garment(_photo(_mask(SHORT), GREY, (40, 70, 150)), category)
    assert raised.value.code is ErrorCode.UNSUPPORTED_CATEGORY


def test_trousers_are_told_by_shape_unless_the_user_knows_better() -> None:
    photo = _photo(_mask(TROUSERS), GREY, (40, 50, 110))
    with pytest.raises(FittingRoomError) as raised:
        isolate_garment(photo, None)
    assert raised.value.code is ErrorCode.UNSUPPORTED_CATEGORY
    assert isolate_garment(photo, Category.UPPER).category is Category.UPPER
