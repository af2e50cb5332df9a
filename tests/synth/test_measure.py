"""Measurements: human, ordered from head to foot, the same each time."""

import numpy as np
import pytest

from fittingroom.synth.bodies import load_anatomy, load_bodies
from fittingroom.synth.measure import hull, measure, tape
from fittingroom.synth.shapes import Sex


@pytest.mark.parametrize("number", [0, 13, 37])
def test_a_body_measures_like_a_person(number):
    body = load_bodies()[number]
    found = measure(load_anatomy(), body)
    down = [
        body.height, found.neck_side[1], found.shoulder[1], found.armpit[1], found.waist_z,
        found.hip_z, found.crotch_z, found.knee_z, found.ankle_z, 0,
    ]  # fmt: skip
    assert (np.diff(down) < 0).all()
    assert found.waist_z < found.chest_z <= found.armpit[1] + 1e-6
    assert found.neck_front < found.neck_back
    across = (found.neck_side[0], found.shoulder[0], found.elbow[0], found.wrist[0])
    assert (np.diff(across) > 0.04).all()

    def girth(z):
        return float(np.interp(z, found.levels, found.girths))

    assert 0.7 < girth(found.chest_z) < 1.4
    assert 0.55 < girth(found.waist_z) < 1.3
    assert 0.8 < girth(found.hip_z) < 1.4
    if body.sex is Sex.FEMALE:
        assert girth(found.waist_z) < girth(found.hip_z)
    assert 0.3 < found.neck_girth < 0.6
    assert (found.fronts < found.backs).all()
    assert (np.diff(found.levels) > 0).all()
    assert (2 * found.half_widths < found.girths).all()
    assert 0.2 < found.arm_girths[0] < 0.55 and 0.1 < found.arm_girths[-1] < 0.25
    assert 0.4 < found.leg_girths[0] < 0.85 and 0.15 < found.leg_girths[-1] < 0.35
    assert (found.leg_x > 0.05).all() and (np.diff(found.shoulder_x) > 0).all()


def test_measuring_twice_says_the_same():
    anatomy, body = load_anatomy(), load_bodies()[6]
    one, other = measure(anatomy, body), measure(anatomy, body)
    assert (one.girths == other.girths).all() and one.armpit == other.armpit


def test_a_tape_runs_over_hollows():
    square = np.array([(0, 0), (1, 0), (1, 1), (0, 1), (0.5, 0.5), (0.9, 0.5)], float)
    assert tape(square) == pytest.approx(4)
    assert len(hull(square)) == 4
