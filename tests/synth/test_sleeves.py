"""Arms are in their sleeves: they leave them at the cuff, not through the cloth."""

from dataclasses import replace

import numpy as np
import pytest
from scenes import tube, worn

from fittingroom.skeleton import Joint
from fittingroom.synth.bodies import load_anatomy, pose_body, posed_joints
from fittingroom.synth.shapes import Panel
from fittingroom.synth.sleeves import HAND, LARGEST_BARE, bare_length, crossings
from fittingroom.synth.wardrobe import Wardrobe, body_named

RADIUS = 0.5 / np.pi
"""Of the tube around the z axis, which reaches from z = 1.4 down to 0.8."""
LEFT = (Joint.LEFT_SHOULDER, Joint.LEFT_ELBOW, Joint.LEFT_WRIST)
RIGHT = (Joint.RIGHT_SHOULDER, Joint.RIGHT_ELBOW, Joint.RIGHT_WRIST)
SLEEVES = (
    (LEFT, (Panel.LEFT_SLEEVE_FRONT, Panel.LEFT_SLEEVE_BACK)),
    (RIGHT, (Panel.RIGHT_SLEEVE_FRONT, Panel.RIGHT_SLEEVE_BACK)),
)


def sleeve(panels):
    mesh = tube()
    return replace(mesh, panel=np.uint8(panels)[mesh.panel])


def bare(arm, *points, panels=SLEEVES[0][1]):
    """`bare_length` of a tube as a sleeve and an arm whose shoulder, elbow and wrist are given."""
    mesh, joints = sleeve(panels), np.zeros((18, 3), np.float32)
    joints[:, 0] = np.linspace(2, 3, 18)  # the other arm is far away
    joints[list(arm)] = points
    return bare_length(mesh, worn(mesh), joints)


@pytest.mark.parametrize(("arm", "panels"), SLEEVES)
@pytest.mark.parametrize("wrist", [1.0, 0.85, 0.7])
def test_an_arm_that_ends_in_its_sleeve_or_leaves_it_at_the_cuff_is_inside(arm, panels, wrist):
    assert bare(arm, (0, 0, 1.5), (0.02, 0, 1.2), (0.03, 0.01, wrist), panels=panels) == 0


@pytest.mark.parametrize(("arm", "panels"), SLEEVES)
def test_a_forearm_through_the_cloth_is_outside_from_there_to_the_hand(arm, panels):
    outside = bare(arm, (0, 0, 1.5), (0, 0, 1.2), (0.5, 0, 1.2), panels=panels)
    assert outside == pytest.approx(0.5 - RADIUS + HAND, abs=1e-3)


def test_an_elbow_through_the_cloth_is_outside_until_the_forearm_is_back():
    outside = bare(LEFT, (0, 0, 1.3), (0.3, 0, 1.3), (0.0, 0, 1.3))
    assert outside == pytest.approx(2 * (0.3 - RADIUS), abs=2e-3)


def test_a_hand_beside_its_cuff_is_outside():
    outside = bare(LEFT, (0, 0, 1.5), (0, 0, 1.2), (RADIUS - 0.01, 0, 0.9))
    assert LARGEST_BARE < outside < HAND


def test_what_is_no_sleeve_of_that_arm_may_be_crossed():
    through = ((0, 0, 1.5), (0, 0, 1.2), (0.5, 0, 1.2))
    assert bare(LEFT, *through, panels=(Panel.FRONT, Panel.BACK)) == 0
    assert bare(LEFT, *through, panels=SLEEVES[1][1]) == 0


def test_a_line_in_the_plane_of_a_triangle_does_not_meet_it():
    triangle = np.float64([[[0, 0, 0], [1, 0, 0], [0, 1, 0]]])
    assert crossings(np.float64([-1, 0.2, 0]), np.float64([1, 0.2, 0]), triangle).size == 0
    assert crossings(np.float64([0.2, 0.2, -1]), np.float64([0.2, 0.2, 3]), triangle) == [0.25]


def long_sleeves():
    """Garment, body and posed vertices of the first long sleeve in the shipped archive."""
    wardrobe, anatomy = Wardrobe(), load_anatomy()
    fitting, garment = next(
        (fitting, garment)
        for fitting in wardrobe.fittings
        for garment in fitting.garments
        if garment.design.sleeve > 0.9 and garment.drapes
    )
    dressed, pose = wardrobe.open(fitting, garment), garment.drapes[0].pose
    body = pose_body(anatomy, body_named(fitting.body), fitting.poses[pose].rotations)
    return dressed.mesh, dressed.posed[pose], body


def test_a_shipped_long_sleeve_holds_its_arms_until_they_are_moved():
    mesh, vertices, body = long_sleeves()
    joints = posed_joints(load_anatomy(), body)
    assert bare_length(mesh, vertices, joints) <= LARGEST_BARE
    joints[Joint.LEFT_WRIST] = joints[Joint.LEFT_ELBOW] + (0.2, -0.2, 0.1)
    assert bare_length(mesh, vertices, joints) > 0.1


def test_a_drape_with_an_arm_outside_is_refused(monkeypatch):
    pytest.importorskip("warp")
    from fittingroom.synth import drape

    mesh, vertices, body = long_sleeves()
    assert drape.fault(mesh, vertices, body, load_anatomy()) is None
    monkeypatch.setattr(drape, "bare_length", lambda *what: LARGEST_BARE + 0.001)
    assert drape.fault(mesh, vertices, body, load_anatomy()) == "arm outside its sleeve"


def test_the_shipped_archive_says_what_was_refused():
    wardrobe = Wardrobe()
    garments = [garment for fitting in wardrobe.fittings for garment in fitting.garments]
    assert any(reason.startswith("arm outside its sleeve") for reason in wardrobe.refused)
    assert len(garments) >= 80
    assert sum(len(garment.drapes) for garment in garments) >= 250
