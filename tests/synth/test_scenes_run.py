"""What is drawn before anything is rendered, and one run of everything at a small size."""

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from fittingroom.synth import scenes
from fittingroom.synth.bodies import load_anatomy, load_bodies
from fittingroom.synth.poses import dress_pose
from fittingroom.synth.records import read_sample
from fittingroom.synth.scenes import Shot, Work, render_all, render_sample, shots
from fittingroom.synth.shapes import GarmentKind
from fittingroom.synth.wardrobe import Fitting, StoredDrape

SET = Path(__file__).parents[1] / "fixtures" / "synth"


@dataclass
class Piece:
    drapes: tuple[StoredDrape, ...]


@dataclass
class Rack:
    """A wardrobe of which only the index is asked."""

    fittings: tuple[Fitting, ...]
    path: Path = field(default=Path("rack.zip"))


def rack(*worn, poses=3):
    """worn: for each fitting, for each garment the numbers of the poses it was draped in."""
    pose = dress_pose(load_anatomy(), load_bodies()[0])
    fittings = []
    for garments in worn:
        pieces = tuple(Piece(tuple(StoredDrape(p, None) for p in drapes)) for drapes in garments)
        fittings.append(Fitting("female00", None, (pose,) * poses, pieces))
    return Rack(tuple(fittings))


FULL = ((0, 1, 2),) * 3


def test_every_pair_of_every_pose_is_dealt_equally_often():
    dealt = shots(rack(FULL, FULL), 54, 1)
    assert [shot.number for shot in dealt] == list(range(54))
    counts = Counter((s.fitting, s.pose, frozenset(s.garments)) for s in dealt)
    assert len(counts) == 18
    assert set(counts.values()) == {3}


def test_no_pair_comes_again_before_all_have_come():
    dealt = shots(rack(FULL, FULL), 25, 1)
    counts = Counter((s.fitting, s.pose, frozenset(s.garments)) for s in dealt)
    assert set(counts.values()) == {1, 2}


def test_only_garments_draped_in_the_same_pose_are_paired():
    dealt = shots(rack([(0,), (0, 2), (1, 2)]), 12, 0)
    assert {(s.pose, frozenset(s.garments)) for s in dealt} == {(0, frozenset({0, 1})),
                                                               (2, frozenset({1, 2}))}  # fmt: skip


def test_either_garment_may_be_the_first():
    dealt = shots(rack(FULL), 60, 2)
    first = sum(s.garments[0] < s.garments[1] for s in dealt)
    assert 15 < first < 45


def test_the_same_seed_deals_the_same_and_a_longer_run_begins_alike():
    stock = rack(FULL, FULL)
    assert shots(stock, 30, 5) == shots(stock, 30, 5)
    assert shots(stock, 10, 5) == shots(stock, 30, 5)[:10]
    assert shots(stock, 30, 5) != shots(stock, 30, 6)


def test_an_archive_without_pairs_is_refused():
    with pytest.raises(ValueError, match="no pose in two garments; drape more bodies"):
        shots(rack([(0,), (1,)]), 5, 0)


def test_lights_come_from_the_front_and_above():
    for seed in range(50):
        studio = scenes.sample_studio(np.random.default_rng(seed))
        assert studio.key[1] < 0 < studio.key[2]
        assert 0 < studio.spread < 1


def test_a_finished_sample_is_left_as_it_is(tmp_path):
    work, shot = Work(tmp_path / "none.zip", tmp_path, (96, 72), 0), Shot(7, 0, 0, (0, 1))
    target = scenes.sample_path(tmp_path, 7)
    target.parent.mkdir()
    target.write_bytes(b"whole")
    assert render_sample(work, shot) == {}
    assert target.read_bytes() == b"whole"


def test_a_sample_that_was_given_up_is_not_tried_again(tmp_path):
    work, shot = Work(tmp_path / "none.zip", tmp_path, (96, 72), 0), Shot(7, 0, 0, (0, 1))
    given_up = scenes.sample_path(tmp_path, 7).with_suffix(".refused.json")
    given_up.parent.mkdir()
    given_up.write_text("{}")
    assert render_sample(work, shot) == {}
    assert [path.name for path in given_up.parent.iterdir()] == [given_up.name]


@pytest.mark.parametrize(("share", "reason"), [(0.049, "garment hardly seen"), (0.051, "")])
def test_a_garment_must_fill_a_twentieth_of_the_picture(share, reason):
    outfit = read_sample(scenes.sample_path(SET, 0)).outfits["a"]
    worn = np.flatnonzero(outfit.cloth.panel != 255)
    panel = outfit.cloth.panel.copy()
    panel.flat[worn[round(share * panel.size) :]] = 255
    smaller = replace(outfit, cloth=replace(outfit.cloth, panel=panel))
    assert scenes._invisible(SET, smaller) == reason


def test_a_run_without_an_archive_says_how_to_make_one(tmp_path):
    with pytest.raises(ValueError, match="fittingroom synth drape"):
        render_all(Work(tmp_path / "none.zip", tmp_path, (96, 72), 0), 1, 1, lambda what: None)


def region(kind):
    if kind in (GarmentKind.TROUSERS, GarmentKind.SKIRT, GarmentKind.SHORTS):
        return "lower"
    return "dress" if kind is GarmentKind.DRESS else "upper"


def test_plans_deal_garments_and_poses_evenly():
    pytest.importorskip("warp")
    from fittingroom.synth import fitting

    plans = fitting.plan(3, 20)
    assert plans == fitting.plan(3, 20)
    assert plans != fitting.plan(4, 20)
    assert [plan.number for plan in plans] == list(range(20))
    poses = Counter(kind for plan in plans for kind in plan.poses)
    assert max(poses.values()) - min(poses.values()) <= 1
    for plan in plans:
        assert len(plan.kinds) == len(plan.poses) == 3
        assert len({region(kind) for kind in plan.kinds}) == 1, "they must answer each other"


def test_a_plan_for_single_kinds_holds_no_other():
    pytest.importorskip("warp")
    from fittingroom.synth import fitting

    kinds = {kind for plan in fitting.plan(0, 4, (GarmentKind.POLO,)) for kind in plan.kinds}
    assert kinds == {GarmentKind.POLO}
