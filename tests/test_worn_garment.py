"""A garment on somebody, by its laws: on paper dolls and on rendered people with exact answers."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from fakes import make_photo, make_pose, make_stages
from fittingroom.body import along_arm, arm_places
from fittingroom.errors import ErrorCode, FittingRoomError
from fittingroom.framing import HIPS, try_on_frame
from fittingroom.labels import Lip
from fittingroom.options import photo_kind_named
from fittingroom.pipeline import PhotoKind, find_garment
from fittingroom.skeleton import Joint
from fittingroom.stages.worn_garment import isolate_worn_garment, looks_worn, may_wear
from fittingroom.synth.records import flow, read_product, read_sample, read_sheet
from fittingroom.synth.scenes import product_path, sample_path, sheet_path
from fittingroom.synth.shapes import View
from fittingroom.types import Category, Landmark, Parsing, Person, Pose, Size, Sleeve

RENDERED = Path(__file__).parent / "fixtures" / "synth"
SIZE = Size(768, 576)
NECK, SCALE = (288, 230), 3.0
CLOTH, SKIN, BEHIND = (170, 30, 40), (205, 160, 130), (90, 120, 90)
MIRRORED = [Landmark[name.name.replace("RIGHT", "?").replace("LEFT", "RIGHT").replace("?", "LEFT")]
            for name in Landmark]  # fmt: skip
ARMS = {
    "down": {},
    "out": {"ELBOW": (75, 45), "WRIST": (105, 95)},
    "up": {"ELBOW": (75, -5), "WRIST": (84, -62)},
    "akimbo": {"ELBOW": (85, 55), "WRIST": (45, 90)},
    "crossed": {"ELBOW": (50, 55), "WRIST": (-25, 45)},
}


def doll(arms="out", cuff=0.6, hem=1.0, layer=Lip.UPPER_CLOTHES):
    """Somebody flat whose sleeves end at `cuff` along the arm, the top at `hem` on the torso."""
    pose = make_pose(NECK, SCALE)
    joints = pose.joints.copy()
    for name, (x, y) in ARMS[arms].items():
        for side, sign in (("RIGHT", -1), ("LEFT", 1)):
            joints[Joint[f"{side}_{name}"]] = np.add(NECK, (SCALE * sign * x, SCALE * y))
    pose = Pose(joints, pose.scores)
    labels = np.zeros(SIZE, np.uint8)

    def at(x, y):
        return [round(NECK[0] + SCALE * x), round(NECK[1] + SCALE * y)]

    cv2.circle(labels, at(0, -55), round(22 * SCALE), int(Lip.FACE), -1)
    cv2.line(labels, at(0, -50), at(0, 0), int(Lip.TORSO_SKIN), round(16 * SCALE))
    low = np.interp(hem, [0, 1, 2], [35, 32, 30])
    cv2.fillPoly(labels, [np.array([at(-30, 80), at(30, 80), at(34, 190), at(-34, 190)])], 9)
    top = [at(-14, -10), at(-35, -4), at(-35, 20), at(-low, 100 * hem)]
    top += [at(low, 100 * hem), at(35, 20), at(35, -4), at(14, -10), at(0, 4)]
    cv2.fillPoly(labels, [np.array(top)], int(layer))
    for side in ("RIGHT", "LEFT"):
        chain = [Joint[f"{side}_{name}"] for name in ("SHOULDER", "ELBOW", "WRIST")]
        bones = joints[chain]
        place, off = arm_places(bones, SIZE)
        arm = (place > 0) & (place < 2.2) & (off < 6.5 * SCALE)
        labels[arm & (labels != layer)] = Lip[f"{side}_ARM"]
        labels[(place > 0) & (place < cuff) & (off < 8.5 * SCALE)] = layer
    image = np.full((*SIZE, 3), BEHIND, np.uint8)
    image[labels > 0] = SKIN
    image[labels == layer] = CLOTH
    return Person(image, pose, Parsing(labels), np.zeros_like(labels))


def with_bag(person, *corners):
    held = person.held.copy()
    cv2.fillPoly(held, [np.array([np.add(NECK, np.multiply(SCALE, c)) for c in corners], int)], 255)
    image = person.image.copy()
    image[held > 0] = (20, 20, 200)
    labels = np.where(held > 0, 0, person.parsing.labels).astype(np.uint8)
    return replace(person, image=image, parsing=Parsing(labels), held=held)


def mirrored(person):
    order = [Joint[j.name.replace("RIGHT", "?").replace("LEFT", "RIGHT").replace("?", "LEFT")]
             for j in Joint]  # fmt: skip
    joints = person.pose.joints[order] * (-1, 1) + (person.size.width - 1, 0)
    table = np.arange(256, dtype=np.uint8)
    table[[Lip.LEFT_ARM, Lip.RIGHT_ARM]] = Lip.RIGHT_ARM, Lip.LEFT_ARM
    turned = [np.ascontiguousarray(plane[:, ::-1]) for plane in
              (person.image, table[person.parsing.labels], person.held)]  # fmt: skip
    pose = Pose(joints.astype(np.float32), person.pose.scores[order])
    return Person(turned[0], pose, Parsing(turned[1]), turned[2])


def enlarged(person, factor):
    size = (SIZE.width * factor, SIZE.height * factor)
    image, labels, held = (
        cv2.resize(plane, size, interpolation=cv2.INTER_NEAREST)
        for plane in (person.image, person.parsing.labels, person.held)
    )
    joints = (person.pose.joints + 0.5) * factor - 0.5
    return Person(image, Pose(joints.astype(np.float32), person.pose.scores), Parsing(labels), held)


def refusal(person, category=None):
    with pytest.raises(FittingRoomError) as raised:
        isolate_worn_garment(person, category)
    assert "\n" not in raised.value.advice
    return raised.value.code


def armpit_width(points):
    return float(np.linalg.norm(points[Landmark.ARMPIT_LEFT] - points[Landmark.ARMPIT_RIGHT]))


def covers(garment, person):
    """Recall and precision of the mask, by what is labelled as top."""
    found, true = garment.mask >= 128, person.parsing.labels == Lip.UPPER_CLOTHES
    return (found & true).sum() / true.sum(), (found & true).sum() / found.sum()


@pytest.mark.parametrize("arms", ["down", "out", "up", "akimbo"])
@pytest.mark.parametrize("cuff", [0.6, 0.8, 1.4, 1.8])
def test_cuffs_lie_where_the_sleeves_end_along_the_arms(arms, cuff):
    person = doll(arms, cuff)
    garment = isolate_worn_garment(person)
    assert garment.sleeve is (Sleeve.SHORT if cuff < 1 else Sleeve.LONG)
    for side in ("RIGHT", "LEFT"):
        bones = person.pose.joints[[Joint[f"{side}_{j}"] for j in ("SHOULDER", "ELBOW", "WRIST")]]
        end = along_arm(bones, np.array([cuff], np.float32))[0]
        corners = np.stack(
            [garment.point(Landmark[f"CUFF_{side}_{edge}"]) for edge in ("OUTER", "INNER")]
        )
        assert np.linalg.norm(corners.mean(axis=0) - end) < 0.17 * armpit_width(garment.landmarks)


def test_without_sleeves_the_cuff_is_the_sleeves_root():
    garment = isolate_worn_garment(doll("out", 0.0))
    assert garment.sleeve is Sleeve.NONE
    at = garment.point
    assert np.array_equal(at(Landmark.CUFF_LEFT_OUTER), at(Landmark.SHOULDER_LEFT))
    assert np.array_equal(at(Landmark.CUFF_RIGHT_INNER), at(Landmark.ARMPIT_RIGHT))


@pytest.mark.parametrize("hem", [0.6, 0.8, 1.0, 1.15])
def test_the_hem_is_where_the_cloth_ends(hem):
    person = doll(hem=hem)
    garment = isolate_worn_garment(person)
    expected = NECK[1] + 100 * SCALE * hem
    for landmark in (Landmark.HEM_RIGHT, Landmark.HEM_LEFT):
        assert abs(garment.point(landmark)[1] - expected) < 12
    recall, precision = covers(garment, person)
    assert recall > 0.98
    assert precision > 0.98


def test_a_long_coat_ends_where_the_warp_does_and_a_skirt_is_none_of_it():
    coat = isolate_worn_garment(doll(hem=1.6, layer=Lip.COAT))
    assert coat.point(Landmark.HEM_LEFT)[1] < NECK[1] + 100 * SCALE * 1.36
    skirted = doll(hem=0.7)
    labels = skirted.parsing.labels.copy()
    labels[(labels == Lip.PANTS)] = Lip.DRESS  # which a parser makes of skirts
    garment = isolate_worn_garment(replace(skirted, parsing=Parsing(labels)))
    assert covers(garment, skirted)[1] > 0.97


@pytest.mark.parametrize("arms", ["down", "out", "akimbo"])
def test_a_mirrored_person_has_the_mirrored_garment(arms):
    person = with_bag(doll(arms, 1.5), (-40, 60), (-5, 50), (-5, 90), (-40, 95))
    one, other = isolate_worn_garment(person), isolate_worn_garment(mirrored(person))
    turned = other.landmarks[MIRRORED] * (-1, 1) + (SIZE.width - 1, 0)
    assert np.abs(turned - one.landmarks).max() < 0.04 * armpit_width(one.landmarks)
    assert one.sleeve is other.sleeve


def test_a_person_twice_as_large_has_the_garment_twice_as_large():
    person = doll("akimbo", 1.4)
    one, other = isolate_worn_garment(person), isolate_worn_garment(enlarged(person, 2))
    small = (other.landmarks + 0.5) / 2 - 0.5
    assert np.abs(small - one.landmarks).max() < 0.04 * armpit_width(one.landmarks)


def test_what_hides_the_cloth_is_painted_over():
    person = with_bag(doll("out", 0.7), (-20, 40), (5, 35), (8, 75), (-18, 80))
    garment = isolate_worn_garment(person)
    held = person.held > 0
    assert (garment.mask[held] == 255).all()
    assert np.abs(garment.image[held].astype(int) - CLOTH).mean() < 4
    away = cv2.dilate(person.held, np.ones((41, 41))) == 0
    assert np.array_equal(garment.image[away], person.image[away])


def test_a_layer_under_an_open_coat_goes_with_it():
    person = doll(layer=Lip.COAT)
    labels = person.parsing.labels.copy()
    middle = np.s_[NECK[1] : NECK[1] + 250, NECK[0] - 30 : NECK[0] + 30]
    labels[middle] = np.where(labels[middle] == Lip.COAT, Lip.UPPER_CLOTHES, labels[middle])
    garment = isolate_worn_garment(replace(person, parsing=Parsing(labels)))
    assert (garment.mask[middle][40:] == 255).all()


def test_a_garment_that_is_hidden_too_much_is_refused_by_name():
    person = doll()
    behind, aside = person.pose.joints.copy(), person.pose.joints.copy()
    behind[:, 0] = 2 * NECK[0] - behind[:, 0]
    aside[[Joint.LEFT_SHOULDER, Joint.RIGHT_SHOULDER], 0] = NECK[0] + 30, NECK[0] - 30
    for joints in (behind, aside):
        turned = replace(person, pose=Pose(joints, person.pose.scores))
        assert refusal(turned) is ErrorCode.GARMENT_HIDDEN
    bag = with_bag(person, (-40, 25), (40, 25), (40, 75), (-40, 75))
    assert refusal(bag) is ErrorCode.GARMENT_HIDDEN
    assert refusal(doll("crossed", 2.0)) is ErrorCode.GARMENT_HIDDEN


def test_only_tops_are_served():
    assert refusal(doll(), Category.LOWER) is ErrorCode.UNSUPPORTED_CATEGORY
    dress = doll(hem=1.75, layer=Lip.DRESS)
    assert refusal(dress) is ErrorCode.UNSUPPORTED_CATEGORY
    assert isolate_worn_garment(dress, Category.UPPER).category is Category.UPPER
    assert isolate_worn_garment(doll(hem=1.0, layer=Lip.DRESS)).category is Category.UPPER
    bare = doll()
    labels = np.where(bare.parsing.labels == Lip.UPPER_CLOTHES, Lip.TORSO_SKIN, 0)
    nothing = replace(bare, parsing=Parsing(labels.astype(np.uint8)))
    assert refusal(nothing) is ErrorCode.GARMENT_NOT_FOUND


def test_the_person_stays_as_it_was():
    person = with_bag(doll(), (-20, 40), (5, 35), (8, 75), (-18, 80))
    kept = person.image.copy(), person.parsing.labels.copy()
    isolate_worn_garment(person)
    assert np.array_equal(person.image, kept[0])
    assert np.array_equal(person.parsing.labels, kept[1])


def test_a_mannequin_or_a_flat_product_is_not_taken_for_a_wearer():
    person = doll()
    assert looks_worn(person)
    labels = person.parsing.labels
    skinless = np.where(labels == Lip.UPPER_CLOTHES, labels, 0).astype(np.uint8)
    assert not looks_worn(replace(person, parsing=Parsing(skinless)))
    unclothed = np.where(labels == Lip.UPPER_CLOTHES, Lip.TORSO_SKIN, labels).astype(np.uint8)
    assert not looks_worn(replace(person, parsing=Parsing(unclothed)))


def test_a_pose_may_wear_a_top_when_shoulders_and_a_face_or_limbs_are_seen():
    head = [Joint.NOSE, Joint.LEFT_EYE, Joint.RIGHT_EYE, Joint.LEFT_EAR, Joint.RIGHT_EAR]
    limbs = [joint for joint in Joint if "WRIST" in joint.name or "HIP" in joint.name]
    assert may_wear(make_pose())
    assert may_wear(make_pose(hidden=head))
    assert may_wear(make_pose(hidden=limbs))
    assert not may_wear(make_pose(hidden=[*head, *limbs]))
    assert not may_wear(make_pose(hidden=[Joint.LEFT_SHOULDER]))
    assert not may_wear(make_pose(scale=0.3))


# Rendered people.


WORN = [(number, name) for number in (0, 1) for name in "ab"]


def rendered(number, name):
    """A rendered person in the try-on frame, the outfit and the frame."""
    sample = read_sample(sample_path(RENDERED, number))
    outfit = sample.outfits[name]
    size = Size(*outfit.labels.shape)
    pose = Pose(sample.joints[:, :2], (sample.joints[:, 2] > 0).astype(np.float32))
    frame = try_on_frame(pose, size)
    labels = cv2.warpAffine(outfit.labels, frame.matrix, frame.size[::-1], flags=cv2.INTER_NEAREST)
    picture = frame.enter(np.repeat(outfit.light[..., :1], 3, axis=2))
    picture[labels == Lip.UPPER_CLOTHES] = CLOTH
    person = Person(picture, frame.enter_pose(pose), Parsing(labels), np.zeros_like(labels))
    return person, outfit, frame


def true_landmarks(outfit, frame):
    """Landmarks (13, 2) in the frame, by the flow to the product pictures; NaN where hidden."""
    points = np.full((len(Landmark), 2), np.nan, np.float32)
    for view in View:
        product = read_product(product_path(RENDERED, outfit.garment, view))
        target, _ = flow(outfit.cloth, product)
        y, x = np.nonzero(np.isfinite(target).all(axis=2) & ~outfit.cloth.inside)
        right, left = (product.landmarks[f"armpit_{side}"] for side in ("right", "left"))
        for landmark in Landmark:
            place = product.landmarks[landmark.name.lower()][:2]
            off = np.linalg.norm(target[y, x] - place, axis=1)
            if off.min() < 0.06 * abs(left[0] - right[0]) and np.isnan(points[landmark]).any():
                points[landmark] = x[off.argmin()], y[off.argmin()]
    return frame.enter_points(points)


@pytest.mark.parametrize(("number", "name"), WORN)
def test_landmarks_of_rendered_people_are_right(number, name):
    person, outfit, frame = rendered(number, name)
    garment = isolate_worn_garment(person)
    off = np.linalg.norm(garment.landmarks - true_landmarks(outfit, frame), axis=1)
    off = off[np.isfinite(off)] / armpit_width(garment.landmarks)
    assert len(off) >= 7
    assert np.median(off) < 0.1
    assert off.max() < 0.2
    assert garment.sleeve is read_sheet(sheet_path(RENDERED, outfit.garment)).sleeve


@pytest.mark.parametrize(("number", "name"), WORN)
def test_masks_of_rendered_people_hold_the_garment_and_little_else(number, name):
    person, outfit, frame = rendered(number, name)
    found = isolate_worn_garment(person).mask >= 128
    seen, amodal = (
        cv2.warpAffine(plane, frame.matrix, frame.size[::-1], flags=cv2.INTER_NEAREST) > 0
        for plane in (np.where(outfit.share[..., 2] >= 128, 255, 0).astype(np.uint8),
                      outfit.amodal.astype(np.uint8))
    )  # fmt: skip
    assert found[seen].mean() > 0.97
    assert amodal[found].mean() > 0.93


def test_a_hand_before_a_rendered_garment_is_painted_over():
    person, _, _ = rendered(1, "a")
    garment = isolate_worn_garment(person)
    hand = person.parsing.mask(Lip.LEFT_ARM, Lip.RIGHT_ARM) & garment.mask
    inner = cv2.erode(hand, np.ones((7, 7))) > 0
    assert inner.sum() > 500
    assert np.abs(garment.image[inner].astype(int) - CLOTH).mean() < 12


# The pipeline.


def spying_stages(people=None, calls=None):
    stages = make_stages(people)
    worn, alone = stages.isolate_worn_garment, stages.isolate_garment
    return replace(
        stages,
        isolate_worn_garment=lambda *a: calls.append("worn") or worn(*a),
        isolate_garment=lambda *a: calls.append("product") or alone(*a),
        parse_person=lambda image, pose: replace(
            make_doll_like(image, pose), held=np.zeros(image.shape[:2], np.uint8)
        ),
    )


def make_doll_like(image, pose):
    """A person all in cloth but for the face."""
    labels = np.full(image.shape[:2], Lip.UPPER_CLOTHES, np.uint8)
    x, y = np.rint(pose.point(Joint.NOSE)).astype(int)
    cv2.circle(labels, (int(x), int(y)), 40, int(Lip.FACE), -1)
    return Person(image, pose, Parsing(labels), np.zeros_like(labels))


def kind_found(photo, people=None, kind=None):
    calls = []
    find_garment(photo, None, spying_stages(people, calls), kind)
    return calls


def test_how_a_garment_is_shown_is_found_by_looking_unless_told():
    photo = make_photo()
    assert kind_found(photo) == ["worn"]
    assert kind_found(photo, ()) == ["product"]
    assert kind_found(photo, kind=PhotoKind.PRODUCT) == ["product"]
    faceless = make_pose(hidden=[j for j in Joint if j > Joint.LEFT_ANKLE or j == Joint.NOSE])
    handless = [j for j in Joint if "WRIST" in j.name]
    headless = make_pose(hidden=[*faceless.missing, *handless])
    assert kind_found(photo, (headless,)) == ["product"]
    halved = make_pose(hidden=HIPS)
    assert kind_found(photo, (halved,)) == ["product"]
    with pytest.raises(FittingRoomError) as raised:
        kind_found(photo, (halved,), PhotoKind.WORN)
    assert raised.value.code is ErrorCode.TORSO_NOT_VISIBLE
    assert kind_found(photo, (make_pose(hidden=handless),), PhotoKind.WORN) == ["worn"]
    with pytest.raises(FittingRoomError) as raised:
        kind_found(photo, (), PhotoKind.WORN)
    assert raised.value.code is ErrorCode.GARMENT_NOT_FOUND


def test_a_back_view_is_refused_for_a_garment():
    with pytest.raises(FittingRoomError) as raised:
        kind_found(make_photo(), (make_pose(mirrored=True),))
    assert raised.value.code is ErrorCode.GARMENT_HIDDEN


def test_a_worn_garment_comes_back_in_its_photos_pixels():
    photo = make_photo(1000, 800)
    pose = make_pose((390, 300), 2.0)

    def painted(person, category):
        garment = make_stages().isolate_worn_garment(person, category)
        image = person.image.copy()
        image[100:200, 100:200] = 7
        at = np.tile(person.pose.point(Joint.NECK), (len(Landmark), 1))
        return replace(garment, image=image, landmarks=at)

    stages = replace(spying_stages((pose,), []), isolate_worn_garment=painted)
    garment = find_garment(photo, None, stages)
    assert garment.image.shape == photo.shape
    assert garment.mask.shape == photo.shape[:2]
    assert np.allclose(garment.landmarks, (390, 300), atol=0.1)
    changed = (garment.image != photo).any(axis=2)
    assert 0.003 < changed.mean() < 0.1
    assert (garment.image[changed] == 7).mean() > 0.97


def test_the_kind_of_a_garments_photo_has_names():
    assert photo_kind_named(" Auto") is None
    assert photo_kind_named("WORN") is PhotoKind.WORN
    assert photo_kind_named("product") is PhotoKind.PRODUCT
    with pytest.raises(FittingRoomError) as raised:
        photo_kind_named("flat")
    assert raised.value.code is ErrorCode.BAD_OPTION
