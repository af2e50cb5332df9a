import dataclasses

import numpy as np
import pytest

from figures import make_garment, make_person, make_pose
from fittingroom.labels import Lip
from fittingroom.skeleton import Joint
from fittingroom.stages.semantic_generation import generate_semantics
from fittingroom.types import Parsing, Sleeve


def layout_of(person, sleeve=Sleeve.SHORT):
    return generate_semantics(person, make_garment(sleeve))


def share(part, whole):
    return np.count_nonzero((part > 0) & (whole > 0)) / max(1, np.count_nonzero(whole))


@pytest.mark.parametrize("sleeve", Sleeve)
@pytest.mark.parametrize("old", ["", "short", "long"])
def test_masks_agree(sleeve, old):
    person = make_person(sleeves=old)
    layout = layout_of(person, sleeve)
    assert not np.any((layout.clothes > 0) & (layout.front > 0))
    assert ((layout.parsing.labels == Lip.UPPER_CLOTHES) == (layout.clothes > 0)).all()
    assert share(layout.removed, person.parsing.mask(Lip.UPPER_CLOTHES)) > 0.97


def test_a_coat_goes_with_the_top():
    person = make_person(coat=True)
    layout = layout_of(person)
    assert share(layout.removed, person.parsing.mask(Lip.COAT)) > 0.97
    assert not layout.parsing.mask(Lip.COAT).any()


def test_a_dress_stays_as_a_skirt_below_the_hem():
    person = make_person(dress=True)
    layout = layout_of(person)
    assert (layout.parsing.labels[650:, 250:330] == Lip.SKIRT).all()
    assert not layout.removed[650:].any()
    assert (layout.removed[300:380, 250:330] > 0).all()
    assert not layout.parsing.mask(Lip.DRESS).any()


def test_a_top_taken_for_a_dress_goes_whole():
    person = make_person()
    labels = person.parsing.labels.copy()
    labels[labels == Lip.UPPER_CLOTHES] = Lip.DRESS
    layout = layout_of(dataclasses.replace(person, parsing=Parsing(labels)))
    assert share(layout.removed, person.parsing.mask(Lip.UPPER_CLOTHES)) > 0.97
    assert not layout.parsing.mask(Lip.SKIRT).any()


def test_face_hair_and_held_things_are_in_front():
    held = np.zeros((768, 576), np.uint8)
    held[380:460, 260:320] = 255
    person = make_person(held=held)
    layout = layout_of(person)
    for mask in (person.parsing.mask(Lip.FACE, Lip.HAIR), held):
        assert share(layout.front, mask) == 1
        assert share(layout.removed, mask) == 0


def test_hands_stay_in_front_of_long_sleeves():
    layout = layout_of(make_person(sleeves=""), Sleeve.LONG)
    for x, y in ((150, 545), (426, 545)):
        assert layout.front[y, x]
    for x, y in ((155, 440), (421, 440)):
        assert layout.clothes[y, x]


def test_a_bare_forearm_across_the_torso_stays_in_front():
    moved = ((Joint.RIGHT_ELBOW, (170, 390)), (Joint.RIGHT_WRIST, (300, 400)))
    layout = layout_of(make_person(make_pose(moved=moved), sleeves=""), Sleeve.SHORT)
    assert layout.front[396, 250]
    assert not layout.clothes[396, 250]


def test_an_arm_appears_where_a_long_sleeve_becomes_short():
    layout = layout_of(make_person(sleeves="long"), Sleeve.SHORT)
    assert layout.parsing.labels[440, 155] == Lip.RIGHT_ARM
    assert layout.parsing.labels[440, 421] == Lip.LEFT_ARM
    assert layout.removed[440, 155]


def test_trousers_go_on_upwards_below_a_shorter_top():
    person = make_person()
    layout = layout_of(person)
    bare = (person.parsing.labels == Lip.UPPER_CLOTHES) & (layout.clothes == 0)
    hips = bare[560:590, 210:366]
    if hips.any():
        assert (layout.parsing.labels[560:590, 210:366][hips] == Lip.PANTS).mean() > 0.9


def test_a_neck_in_the_colour_of_the_clothes_is_cleared():
    person = make_person()
    image, labels = person.image.copy(), person.parsing.labels.copy()
    image[170:215, 262:314] = (40, 90, 60)
    strange = type(person)(image, person.pose, type(person.parsing)(labels), person.held)
    layout = layout_of(strange)
    assert layout.removed[195, 288]
    assert layout.parsing.labels[195, 288] == Lip.TORSO_SKIN


def test_a_sleeve_that_the_parser_calls_arm_is_cleared():
    person = make_person(sleeves="long")
    labels = person.parsing.labels.copy()
    labels[300:480, 120:180][labels[300:480, 120:180] == Lip.UPPER_CLOTHES] = Lip.RIGHT_ARM
    mistaken = type(person)(person.image, person.pose, type(person.parsing)(labels), person.held)
    layout = layout_of(mistaken)
    assert layout.removed[430, 155]
    assert layout.parsing.labels[430, 155] == Lip.RIGHT_ARM


def test_a_scrap_of_scarf_amid_the_clothes_goes_and_a_scarf_stays():
    person = make_person()
    labels = person.parsing.labels.copy()
    labels[400:410, 280:290] = Lip.SCARF
    labels[190:260, 230:350] = Lip.SCARF
    layout = layout_of(dataclasses.replace(person, parsing=Parsing(labels)))
    assert layout.removed[405, 285] and not layout.front[405, 285]
    assert layout.front[225, 290]
