import cv2
import numpy as np
import pytest

from figures import SKIN, TROUSERS, make_garment, make_person
from fittingroom.geometry import Frame
from fittingroom.inpainting import extend, nearest, nearest_labels, push_pull, transplant
from fittingroom.labels import Lip, Part
from fittingroom.skin import arm_tone, looks_like_skin, skin_tone
from fittingroom.stages.background import plain_background
from fittingroom.stages.clothes_warping import warp_clothes
from fittingroom.stages.composition import Composition, compose
from fittingroom.stages.content_fusion import fuse_content
from fittingroom.stages.semantic_generation import generate_semantics
from fittingroom.types import Size, Sleeve

FRAME = Frame(0.0, 0.0, 1.0, Size(768, 576))


def dressed(person, sleeve=Sleeve.SHORT, photo=None, frame=FRAME):
    garment = make_garment(sleeve)
    layout = generate_semantics(person, garment)
    warped = warp_clothes(person, garment, layout)
    fusion = fuse_content(person, garment, layout, warped)
    photo = person.image if photo is None else photo
    return compose(photo, frame, garment, warped, layout, fusion), layout, fusion


@pytest.mark.parametrize("sleeve", Sleeve)
@pytest.mark.parametrize("old", ["", "short", "long"])
def test_unchanged_pixels_are_the_photos_own(sleeve, old):
    person = make_person(sleeves=old)
    composed, layout, _ = dressed(person, sleeve)
    kept = composed.changed == 0
    assert kept.any()
    assert (composed.image[kept] == person.image[kept]).all()
    assert set(np.unique(composed.changed)) <= {0, 255}
    old_clothes = person.parsing.mask(Lip.UPPER_CLOTHES, Lip.COAT) > 0
    assert (composed.changed[old_clothes] > 0).mean() > 0.95


def test_nothing_far_from_the_garments_changes():
    person = make_person(sleeves="long")
    composed, layout, _ = dressed(person)
    near = person.parsing.mask(Lip.UPPER_CLOTHES) | layout.clothes
    near |= layout.removed & layout.parsing.mask(Lip.TORSO_SKIN, Lip.LEFT_ARM, Lip.RIGHT_ARM)
    far = cv2.distanceTransform(cv2.bitwise_not(near), cv2.DIST_L2, 5) > 0.06 * 768
    assert not np.any(far & (composed.changed > 0))


def test_face_hair_and_hands_keep_their_pixels():
    person = make_person(sleeves="short")
    composed, *_ = dressed(person, Sleeve.LONG)
    inside = cv2.erode(person.parsing.mask(Lip.FACE, Lip.HAIR), np.ones((7, 7))) > 0
    assert (composed.image[inside] == person.image[inside]).all()
    assert (composed.image[550, 150] == person.image[550, 150]).all()


def test_the_garments_colour_arrives_and_the_old_one_goes():
    person = make_person(sleeves="long")
    composed, layout, _ = dressed(person)
    chest = composed.image[350, 288].astype(int)
    assert abs(chest - (200, 70, 60)).max() < 40
    green = composed.image[..., 1].astype(int) - composed.image[..., 0] > 25
    assert np.count_nonzero(green) < 60


def test_uncovered_arms_are_skin_and_uncovered_ground_is_ground():
    person = make_person(sleeves="long", coat=True)
    _, layout, fusion = dressed(person)
    arm = fusion.image[440, 421].astype(int)
    assert abs(arm - SKIN).max() < 45
    ground = (layout.removed > 0) & (layout.parsing.labels == 0)
    ground &= cv2.dilate(layout.clothes, np.ones((9, 9))) == 0
    ground &= cv2.dilate(layout.parsing.mask(14, 15), np.ones((9, 9))) == 0
    assert np.median(fusion.image[ground].min(-1)) > 200


def test_trousers_fill_what_a_coat_hid():
    person = make_person(coat=True)
    _, layout, fusion = dressed(person)
    filled = (layout.removed > 0) & (layout.parsing.labels == Lip.PANTS)
    filled = cv2.erode(filled.astype(np.uint8), np.ones((9, 9))) > 0
    assert filled.any()
    assert np.abs(np.median(fusion.image[filled], axis=0) - TROUSERS).max() < 25


@pytest.mark.parametrize("scale", [2.3, 1.0, 0.5])
def test_photos_of_any_size(scale):
    person = make_person()
    size = (round(576 * scale), round(768 * scale))
    photo = cv2.resize(person.image, size, interpolation=cv2.INTER_LINEAR)
    frame = Frame(0.0, 0.0, 1 / scale, Size(768, 576))
    composed, *_ = dressed(person, photo=photo, frame=frame)
    kept = composed.changed == 0
    assert composed.image.shape == photo.shape
    assert (composed.image[kept] == photo[kept]).all()
    x, y = round(288 * scale), round(350 * scale)
    assert abs(composed.image[y, x].astype(int) - (200, 70, 60)).max() < 40


def test_a_frame_may_reach_over_the_photo():
    person = make_person()
    photo = np.ascontiguousarray(person.image[40:700, 100:480])
    composed, *_ = dressed(person, photo=photo, frame=Frame(-100.0, -40.0, 1.0, Size(768, 576)))
    assert composed.image.shape == photo.shape
    assert (composed.image[composed.changed == 0] == photo[composed.changed == 0]).all()


def test_read_only_input_is_enough_and_stays_as_it_was():
    person = make_person()
    photo = person.image.copy()
    photo.flags.writeable = False
    composed, *_ = dressed(person, photo=photo)
    assert (photo == person.image).all()
    assert composed.image.flags.writeable


def test_the_plain_background_is_light_and_keeps_the_person():
    person = make_person()
    composed, *_ = dressed(person)
    plain = plain_background(composed, person.image, person.parsing.labels)
    assert (plain.image[:50, :50] > 215).all()
    assert (plain.changed[person.parsing.labels == 0] > 0).mean() > 0.9
    assert (plain.image[125, 288] == person.image[125, 288]).all()
    assert (plain.image[plain.changed == 0] == person.image[plain.changed == 0]).all()


def test_spread_colours_keep_what_is_known():
    image = np.random.default_rng(0).integers(0, 255, (40, 50, 3), np.uint8)
    known = np.zeros((40, 50), np.uint8)
    known[:, :20] = 255
    filled = push_pull(image, known)
    np.testing.assert_allclose(filled[:, :20], image[:, :20], atol=0.5)
    assert np.isfinite(filled).all()


def test_a_flat_picture_goes_on_flat():
    image = np.full((60, 60, 3), (10, 120, 200), np.uint8)
    hole = np.zeros((60, 60), np.uint8)
    hole[20:40, 20:40] = 255
    image[hole > 0] = 0
    extend(image, cv2.bitwise_not(hole), hole)
    assert np.abs(image.astype(int) - (10, 120, 200)).max() <= 1


def test_nothing_known_changes_nothing():
    image = np.full((20, 20, 3), 7, np.uint8)
    extend(image, np.zeros((20, 20), np.uint8), np.full((20, 20), 255, np.uint8))
    assert (image == 7).all()


def test_nearest_known_pixels():
    mask = np.zeros((9, 9), np.uint8)
    mask[4, 4] = 255
    assert (nearest(mask) == 4).all()
    labels = np.arange(9, dtype=np.uint8)[None].repeat(9, 0)
    hidden = np.zeros((9, 9), np.uint8)
    hidden[:, 6:] = 255
    assert (nearest_labels(labels, hidden)[:, 6:] == 5).all()


def test_skin_is_told_by_the_persons_own():
    person = make_person()
    assert np.abs(skin_tone(person) - SKIN).max() < 3
    assert np.abs(arm_tone(person) - SKIN).max() < 8
    alike = looks_like_skin(person.image, skin_tone(person))
    assert alike[125, 288] == 255
    assert alike[400, 288] == 0


def test_a_plain_background_keeps_the_bag():
    photo = np.full((300, 200, 3), 60, np.uint8)
    classes = np.zeros((300, 200), np.uint8)
    classes[50:250, 60:140] = Lip.PANTS
    classes[150:230, 140:190] = Part.BAG
    untouched = Composition(photo, np.zeros((300, 200), np.uint8))
    plain = plain_background(untouched, photo, classes)
    assert (plain.image[190, 165] == photo[190, 165]).all()
    assert (plain.image[20, 20] > 215).all()


def test_a_patterned_wall_goes_on_behind_a_hole():
    """A mirror image would bend slanting lines at the rim; a shifted copy continues them."""
    y, x = np.mgrid[:300, :400]
    wall = np.where(((x + 2 * y) // 12) % 2, 200, 90).astype(np.uint8)
    photo = cv2.merge([wall, wall, wall])
    hole = np.zeros((300, 400), np.uint8)
    hole[100:220, 150:210] = 255
    torn = np.where(hole[..., None] > 0, np.uint8(0), photo)
    image = torn.copy()
    painted = transplant(image, cv2.bitwise_not(hole), hole)
    assert np.array_equal(image[painted == 0], torn[painted == 0])
    assert not painted[hole == 0].any()
    assert np.count_nonzero(painted) > 0.8 * np.count_nonzero(hole)
    off = np.abs(image.astype(int) - photo)[painted > 0].mean()
    assert off < 5, "a mirror image is about 60 off"
