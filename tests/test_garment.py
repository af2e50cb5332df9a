"""The garment stage by its laws, with a network that knows red things and their box."""

import cv2
import numpy as np
import pytest

from fittingroom.errors import ErrorCode, FittingRoomError
from fittingroom.stages import garment as stage
from fittingroom.stages.garment import (
    CATEGORIES,
    MIRRORED,
    POINTS,
    SHAPE,
    SLEEVES,
    GarmentReader,
    _along_neckline,
    agreed,
    arranged,
    decode,
    letterbox,
    peaks,
)
from fittingroom.types import Category, Landmark, Size, Sleeve

SIDE = 256
CELLS = SIDE // 4
RED, GREY, DARK = (200, 40, 50), (150, 152, 155), (70, 10, 12)
TALL, WIDE = (640, 480), (480, 640)


def spot(x, y, height=1.0):
    """A Gaussian (64, 64) around a place of the picture."""
    rows, cols = (np.mgrid[:CELLS, :CELLS] + 0.5) * 4 - 0.5
    return height * np.exp(-((cols - x) ** 2 + (rows - y) ** 2) / (2 * 6.0**2))


def base(name):
    return name.replace("RIGHT", "").replace("LEFT", "")


BASES = sorted({base(name) for name in POINTS})


def log_odds(share):
    return np.log((share + 1e-4) / (1 - share + 1e-4))


class KnowsRed:
    """A network to which red is garment and dark red its inner back; points lie about its box."""

    spec = {"input_size": [SIDE, SIDE]}

    def __init__(self, category=Category.UPPER, sleeve="short"):
        self.category, self.sleeve = category, sleeve

    def __call__(self, inputs):
        (picture,) = inputs["image"]
        assert picture.shape == (3, SIDE, SIDE)
        assert picture.dtype == np.float32
        red = (picture[0] > 1.6 * picture[1] + 20).astype(np.float32)
        dark = red * (picture[0] < 120)
        share, inner = (
            cv2.resize(plane, (CELLS, CELLS), interpolation=cv2.INTER_AREA) for plane in (red, dark)
        )
        classes = np.stack([-log_odds(share), 0 * share, log_odds(inner) - log_odds(1 - inner)])
        heat = np.stack([self._spot(red, name) for name in POINTS])
        category = np.array([8.0 * (kind is self.category) for kind in CATEGORIES])
        sleeve = np.array([8.0 * (name == self.sleeve) for name in SLEEVES])
        values = {"classes": classes, "heat": heat, "category": category, "sleeve": sleeve}
        return {name: value[None].astype(np.float32) for name, value in values.items()}

    def _spot(self, red, name):
        if not red.any():
            return np.zeros((CELLS, CELLS))
        rows, cols = np.flatnonzero(red.any(axis=1)), np.flatnonzero(red.any(axis=0))
        y = rows[0] + (0.05 + 0.07 * BASES.index(base(name))) * (rows[-1] - rows[0])
        side = -1 if "RIGHT" in name else 1 if "LEFT" in name else 0
        middle, half = (cols[0] + cols[-1]) / 2, (cols[-1] - cols[0]) / 2
        return spot(middle + 0.8 * side * half, y)


class Noise:
    """A network that says anything."""

    spec = {"input_size": [SIDE, SIDE]}

    def __call__(self, inputs):
        rng = np.random.default_rng(int(inputs["image"].sum()) % 2**32)
        shapes = {"classes": (3, CELLS, CELLS), "heat": (20, CELLS, CELLS)}
        shapes |= {"category": (3,), "sleeve": (4,)}
        drawn = {name: 6 * rng.standard_normal((1, *shape)) for name, shape in shapes.items()}
        return {name: value.astype(np.float32) for name, value in drawn.items()}


def shirt(size=TALL, shift=0, colour=RED, ground=GREY):
    """A photo of a short-sleeved shirt, its dark collar inside, and its mask."""
    height, width = size
    scale = height / 640
    right = [(0, 110), (-40, 100), (-130, 140), (-180, 250), (-125, 280), (-95, 240), (-90, 560)]
    outline = [*right, *((-x, y) for x, y in reversed(right))]
    middle = width / 2 - 0.5 + shift
    points = np.rint([(middle + scale * x, scale * y) for x, y in outline]).astype(np.int32)
    mask, back = np.zeros((2, height, width), np.uint8)
    cv2.fillPoly(mask, [points], 255)
    centre = (round(middle), round(112 * scale))
    axes = (round(34 * scale), round(40 * scale))
    cv2.ellipse(back, centre, axes, 0, 0, 360, 255, -1)
    photo = np.full((height, width, 3), ground, np.uint8)
    photo[mask > 0] = colour
    photo[(mask > 0) & (back > 0)] = DARK
    return photo, mask, cv2.min(mask, back)


def overlap(found, true):
    one, other = found >= 128, true >= 128
    return (one & other).sum() / (one | other).sum()


def code_of(reader, photo, category=None):
    with pytest.raises(FittingRoomError) as raised:
        reader.isolate_garment(photo, category)
    return raised.value.code


@pytest.mark.parametrize("size", [(640, 480), (480, 640), (256, 256), (90, 41), (3, 700)])
def test_points_enter_a_letterbox_and_leave_it(size):
    box = letterbox(np.zeros((*size, 3), np.uint8), SIDE)
    corners = np.array([(-0.5, -0.5), (size[1] - 0.5, size[0] - 0.5), (7.25, 1.5)], np.float32)
    assert np.allclose(box.leave(box.enter(corners)), corners, atol=1e-3 * max(size))
    inside = box.enter(corners)
    rows, cols = box.window
    assert np.allclose(inside[0], (cols.start - 0.5, rows.start - 0.5), atol=1e-3)
    assert np.allclose(inside[1], (cols.stop - 0.5, rows.stop - 0.5), atol=1e-3)


def test_a_letterbox_repeats_the_border():
    photo, _, _ = shirt(TALL)
    picture = letterbox(photo, SIDE).picture
    assert picture.shape == (SIDE, SIDE, 3)
    assert (picture[:, :20] == picture[:, 40:41]).all()


@pytest.mark.parametrize("at", [(100.0, 80.0), (61.3, 120.9), (7.2, 247.4), (130.2, 9.0)])
def test_a_peak_is_found_within_a_fraction_of_a_pixel(at):
    found = peaks(np.stack([spot(*at), spot(*at, 0.4)]).astype(np.float32))
    assert np.abs(found.spots[:, 0] - at).max() < 0.1
    assert found.heights[:, 0] == pytest.approx([1, 0.4], rel=0.1)
    assert not found.heights[:, 1:].any()


def test_an_empty_map_has_no_peak():
    found = peaks(np.zeros((2, CELLS, CELLS), np.float32))
    assert not found.heights.any()
    assert np.isfinite(arranged(np.zeros((len(POINTS), CELLS, CELLS), np.float32))).all()


def laid(angle, scale=70.0):
    """The mean shape, turned, in picture pixels (13, 2)."""
    turn = np.radians(angle)
    matrix = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return scale * (SHAPE - (0, 0.2)) @ matrix + 128


@pytest.mark.parametrize("angle", [0, 25, -40, 180])
def test_a_stray_peak_gives_way_to_one_that_suits_the_others(angle):
    points = laid(angle)
    heat = np.stack([spot(*point, 0.5) for point in points])
    for landmark, other in ((Landmark.HEM_LEFT, Landmark.HEM_RIGHT), (3, 5), (6, 10)):
        heat[landmark] = np.maximum(heat[landmark], spot(*points[other], 0.9))
    found = arranged(heat.astype(np.float32))
    assert np.abs(found - points).max() < 0.5


def test_both_corners_of_a_cuff_are_told_apart():
    points = laid(0, 120.0)
    outer, inner = points[Landmark.CUFF_LEFT_OUTER], points[Landmark.CUFF_LEFT_INNER]
    heat = np.stack([spot(*point) for point in points])
    heat[Landmark.CUFF_LEFT_INNER] = np.maximum(spot(*outer, 0.6), spot(*inner, 0.5))
    assert np.abs(arranged(heat.astype(np.float32)) - points).max() < 0.5


def test_a_landmark_without_a_peak_lies_where_the_shape_has_it():
    points = laid(10)
    heat = np.stack([spot(*point) for point in points])
    heat[Landmark.ARMPIT_LEFT] = 0
    found = arranged(heat.astype(np.float32))
    assert np.abs(found - points).max() < 1


def test_partners_are_each_others():
    assert [MIRRORED[MIRRORED[number]] for number in range(len(POINTS))] == list(range(len(POINTS)))
    assert POINTS[MIRRORED[Landmark.CUFF_LEFT_OUTER]] == "CUFF_RIGHT_OUTER"
    assert MIRRORED[Landmark.COLLAR_FRONT] == Landmark.COLLAR_FRONT


def test_answers_to_a_picture_and_its_mirror_image_agree():
    image = np.zeros((1, 3, SIDE, SIDE), np.float32)
    one, other = (decode(Noise()({"image": image + step})) for step in (0, 1))
    there, back = agreed(one, other), agreed(other, one)
    assert np.allclose(there.shares, back.shares[..., ::-1])
    assert np.allclose(there.heat, back.heat[list(MIRRORED), :, ::-1])
    assert there.shares.sum(axis=0) == pytest.approx(1)


@pytest.mark.parametrize("size", [TALL, WIDE, (1500, 1100), (200, 160)])
def test_mask_and_inner_back_lie_on_the_photo(size):
    photo, mask, back = shirt(size)
    found = GarmentReader(KnowsRed()).isolate_garment(photo)
    assert found.mask.shape == size
    assert overlap(found.mask, mask) > 0.96
    assert overlap(found.inner_back, back) > 0.8
    assert (found.inner_back <= found.mask).all()
    assert found.category is Category.UPPER
    assert found.sleeve is Sleeve.SHORT


def test_an_inner_back_away_from_the_neck_is_none():
    photo, _, _ = shirt()
    kept = GarmentReader(KnowsRed()).isolate_garment(photo)
    photo[380:440, 200:260] = DARK
    found = GarmentReader(KnowsRed()).isolate_garment(photo)
    assert not found.inner_back[360:460].any()
    assert found.inner_back.any() == kept.inner_back.any()


def test_the_edge_is_the_photos_own():
    photo, mask, _ = shirt((2000, 1500))
    found = GarmentReader(KnowsRed()).isolate_garment(photo).mask
    off = cv2.absdiff(found, mask) >= 128
    distance = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
    distance += cv2.distanceTransform(255 - mask, cv2.DIST_L2, 3)
    assert np.quantile(distance[off], 0.9) < 12  # a cell of the network is 31 pixels here


def test_only_the_band_along_the_cut_is_looked_at_and_its_tiles_leave_no_seam(monkeypatch):
    photo, mask, _ = shirt(TALL)
    tiled = GarmentReader(KnowsRed()).isolate_garment(photo)
    refined = []
    tile_of = stage._tile
    monkeypatch.setattr(stage, "_tile", lambda *a: refined.append(a[2].size) or tile_of(*a))
    GarmentReader(KnowsRed()).isolate_garment(photo)
    assert 0 < sum(refined) < 0.6 * photo.size
    monkeypatch.setattr(stage, "TILE", 4 * max(TALL))
    whole = GarmentReader(KnowsRed()).isolate_garment(photo)
    assert cv2.absdiff(whole.mask, tiled.mask).max() <= 2 * stage.STEEPNESS
    assert cv2.absdiff(whole.inner_back, tiled.inner_back).max() <= 2 * stage.STEEPNESS


@pytest.mark.parametrize("size", [(1500, 1100), (1501, 1103)])
def test_a_large_photo_is_looked_at_reduced_and_its_edge_stays_where_it_was(monkeypatch, size):
    photo, mask, _ = shirt(size)
    monkeypatch.setattr(stage, "DETAIL", 10)
    full = GarmentReader(KnowsRed()).isolate_garment(photo)
    monkeypatch.setattr(stage, "DETAIL", 3)  # two pixels in one
    reduced = GarmentReader(KnowsRed()).isolate_garment(photo)
    assert overlap(reduced.mask, full.mask) > 0.995
    assert overlap(reduced.inner_back, full.inner_back) > 0.98
    assert overlap(reduced.mask, mask) > overlap(full.mask, mask) - 0.003
    assert np.allclose(reduced.landmarks, full.landmarks, atol=2)
    soft = (reduced.mask > 0) & (reduced.mask < 255)
    assert soft.sum() < 1.5 * ((full.mask > 0) & (full.mask < 255)).sum()


@pytest.mark.parametrize("size", [(12, 18), (13, 17), (5, 3), (1, 400)])
@pytest.mark.parametrize("step", [1, 2, 3])
def test_reducing_and_enlarging_keep_a_ramp_in_its_place(size, step):
    step = min(step, *size)
    ramp = np.add.outer(np.arange(size[0]), np.arange(size[1])).astype(np.uint8)
    small = stage._reduced(np.dstack([ramp] * 3), step)
    back = stage._enlarged(np.ascontiguousarray(small[..., 0]), step, Size(*size))
    inner = np.s_[step : size[0] - 2 * step, step : size[1] - 2 * step]
    assert back.shape == size
    assert np.abs(back[inner].astype(int) - ramp[inner]).max(initial=0) <= 1


def test_a_print_leaves_no_hole_and_a_like_coloured_thing_beside_is_left_out():
    photo, mask, _ = shirt(TALL)
    photo[300:420, 190:290] = (205, 100, 40)
    photo[600:632, 400:440] = RED
    found = GarmentReader(KnowsRed()).isolate_garment(photo).mask
    assert found[320:400, 200:280].min() == 255
    assert found[595:, 390:].max() == 0
    assert overlap(found, mask) > 0.95


@pytest.mark.parametrize("shift", [0, 31, -60])
@pytest.mark.parametrize("size", [TALL, WIDE])
def test_a_mirrored_photo_has_the_mirrored_garment(size, shift):
    photo, _, _ = shirt(size, shift)
    reader = GarmentReader(KnowsRed())
    one = reader.isolate_garment(photo)
    other = reader.isolate_garment(np.ascontiguousarray(photo[:, ::-1]))
    turned = other.landmarks[list(MIRRORED[: len(Landmark)])] * (-1, 1) + (size[1] - 1, 0)
    assert np.allclose(one.landmarks, turned, atol=1.0)
    assert cv2.absdiff(one.mask, other.mask[:, ::-1].copy()).max() <= 32  # a soft edge


@pytest.mark.parametrize("size", [TALL, WIDE])
def test_landmarks_come_back_in_photo_pixels(size):
    photo, mask, _ = shirt(size)
    found = GarmentReader(KnowsRed()).isolate_garment(photo)
    cols = np.flatnonzero(mask.any(axis=0))
    middle, half = (cols[0] + cols[-1]) / 2, (cols[-1] - cols[0]) / 2
    for landmark in Landmark:
        side = -1 if "RIGHT" in landmark.name else 1 if "LEFT" in landmark.name else 0
        assert abs(found.point(landmark)[0] - (middle + 0.8 * side * half)) < 0.01 * size[1]


@pytest.mark.parametrize("name", SLEEVES)
def test_sleeves_are_told(name):
    photo, _, _ = shirt()
    found = GarmentReader(KnowsRed(sleeve=name)).isolate_garment(photo)
    assert found.sleeve is SLEEVES[name]
    at = found.point
    rooted = np.array_equal(at(Landmark.CUFF_LEFT_OUTER), at(Landmark.SHOULDER_LEFT))
    assert rooted == (name == "none")
    assert np.array_equal(at(Landmark.CUFF_RIGHT_INNER), at(Landmark.ARMPIT_RIGHT)) == rooted


@pytest.mark.parametrize("size", [(600, 200), (200, 600)])
def test_what_the_network_says_beside_the_photo_is_not_heard(size):
    class Imagines(KnowsRed):
        def __call__(self, inputs):
            outputs = super().__call__(inputs)
            bars = np.s_[..., :16] if size[0] > size[1] else np.s_[:, :, :16]
            outputs["classes"][:, 1][bars] += 20
            return outputs

    photo = np.full((*size, 3), GREY, np.uint8)
    assert code_of(GarmentReader(Imagines()), photo) is ErrorCode.GARMENT_NOT_FOUND
    photo[size[0] // 4 : -size[0] // 4, size[1] // 4 : -size[1] // 4] = RED
    mask = GarmentReader(Imagines()).isolate_garment(photo).mask
    assert overlap(mask, np.where(photo[..., 1] == RED[1], 255, 0)) > 0.9


def test_a_garment_that_the_photo_cuts_off_reaches_its_border():
    photo, mask, _ = shirt(TALL)
    found = GarmentReader(KnowsRed()).isolate_garment(np.ascontiguousarray(photo[150:500, 100:380]))
    assert overlap(found.mask, mask[150:500, 100:380]) > 0.96
    assert found.mask[-1, 100:180].min() == 255


@pytest.mark.parametrize("size", [TALL, (3, 3), (1, 500), (500, 1), (16, 16)])
def test_where_nothing_is_nothing_is_found(size):
    photo = np.full((*size, 3), GREY, np.uint8)
    assert code_of(GarmentReader(KnowsRed()), photo) is ErrorCode.GARMENT_NOT_FOUND


def test_a_speck_is_no_garment():
    photo = np.full((*TALL, 3), GREY, np.uint8)
    photo[300:330, 200:230] = RED
    assert code_of(GarmentReader(KnowsRed()), photo) is ErrorCode.GARMENT_NOT_FOUND


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("size", [(300, 200), (1, 400), (5, 5)])
def test_a_confused_network_fails_by_name(seed, size):
    photo = np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)
    try:
        found = GarmentReader(Noise()).isolate_garment(photo, Category.UPPER)
    except FittingRoomError as error:
        assert error.code is ErrorCode.GARMENT_NOT_FOUND
        assert "\n" not in error.advice
    else:
        assert np.isfinite(found.landmarks).all()


@pytest.mark.parametrize("category", [Category.LOWER, Category.DRESS])
def test_only_tops_are_served_unless_the_user_knows_better(category):
    photo, _, _ = shirt()
    reader = GarmentReader(KnowsRed(category))
    assert code_of(reader, photo) is ErrorCode.UNSUPPORTED_CATEGORY
    assert code_of(reader, photo, category) is ErrorCode.UNSUPPORTED_CATEGORY
    assert reader.isolate_garment(photo, Category.UPPER).category is Category.UPPER
    assert reader.read(photo).category is category


def test_the_same_photo_gives_the_same_garment_and_stays_as_it_was():
    photo, _, _ = shirt()
    kept = photo.copy()
    photo.flags.writeable = False
    one, other = (GarmentReader(KnowsRed()).isolate_garment(photo) for _ in range(2))
    assert np.array_equal(one.mask, other.mask)
    assert np.array_equal(one.landmarks, other.landmarks)
    assert np.array_equal(photo, kept)


def test_the_inner_back_ends_at_the_neckline_and_fills_what_lies_above():
    collar = np.array([[80, 100], [128, 130], [176, 100]], np.float32)
    cut = np.zeros((256, 256), np.float32)
    cut[98:220, 60:196] = 1
    patchy = np.zeros_like(cut)
    patchy[98:138, 100:156] = 0.9  # spills below the neckline, misses its corners
    inner = _along_neckline(patchy, cut, collar)
    assert inner[134:].max() == 0 and inner[128, 128] > 0.8
    assert inner[104, 90] == 1
    wrong_points = collar - np.float32([0, 60])
    np.testing.assert_array_equal(_along_neckline(patchy, cut, wrong_points), patchy)
    sparse = np.zeros_like(cut)
    sparse[98:102, 120:136] = 0.9  # the collar of a shirt: hardly any inside to be seen
    assert _along_neckline(sparse, cut, collar)[110, 128] == 0
