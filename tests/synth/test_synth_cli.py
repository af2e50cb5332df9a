"""Commands on a finished set: sheet, check, judge; and what they count."""

import json
import re
import shutil
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from fittingroom import cli
from fittingroom.labels import MIRRORED_LABELS, Lip
from fittingroom.pipeline import Stages
from fittingroom.skeleton import MIRRORED, Joint
from fittingroom.synth import judging, reports
from fittingroom.synth.judging import GROUPS, Judgement, compose_render, judge
from fittingroom.synth.records import RecordError
from fittingroom.synth.reports import Findings, Garb, Stock, broken_laws
from fittingroom.synth.shapes import View
from fittingroom.types import Pose

SET = Path(__file__).parents[1] / "fixtures" / "synth"


def run(capsys, *arguments):
    code = cli.run(["synth", *map(str, arguments)])
    return code, *capsys.readouterr()


def fail(capsys, *arguments):
    """Run, expect one error line with advice; return it."""
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert re.fullmatch(r"error: [a-z_]+: \S.*\n", err), err
    return err


def test_a_sheet_has_a_row_for_each_sample(tmp_path, capsys):
    code, out, _ = run(capsys, "sheet", SET, "-o", tmp_path / "s.png", "--numbers", "2,0")
    assert code == 0
    assert out.startswith("samples 2, 0 in ")
    assert PIL.Image.open(tmp_path / "s.png").size == (6 * 144, 2 * 192 + 4)


def test_random_samples_of_a_sheet_hang_on_the_seed(tmp_path, capsys):
    texts = []
    for name, seed in (("a", 1), ("b", 1)):
        texts.append(
            run(capsys, "sheet", SET, "-o", tmp_path / f"{name}.png", "--count", 1, "--seed", seed)
        )
    assert texts[0][1].split(" in ")[0] == texts[1][1].split(" in ")[0]
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_count_beyond_the_set_means_all_of_it(tmp_path, capsys, monkeypatch):
    drawn = []

    def draw(folder, numbers, seed):
        drawn.extend(numbers)
        return np.zeros((8, 8, 3), np.uint8)

    monkeypatch.setattr("fittingroom.synth.cli.draw_sheet", draw)
    assert run(capsys, "sheet", SET, "-o", tmp_path / "s.jpg", "--count", 99)[0] == 0
    assert drawn == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (("sheet", SET, "-o", "s.png", "--numbers", "0,77"), "no sample 77"),
        (("sheet", SET, "-o", "s.png", "--numbers", "a"), "write them as 0,1,2"),
        (("sheet", SET, "-o", "s.gif"), "name the output"),
        (("sheet", SET, "-o", "nowhere/s.png"), "make the folder"),
        (("sheet", "nothing", "-o", "s.png"), "fittingroom synth render"),
        (("check", "nothing"), "fittingroom synth render"),
        (("check", SET, "--json", "c.txt"), "name this output .json"),
        (("check", SET, "--drapes", "no.zip"), "fittingroom synth drape"),
        (("judge", "nothing"), "fittingroom synth render"),
        (("render", "-o", "set", "--size", "big"), "write it as 512x384"),
        (("render", "-o", "set", "--drapes", "no.zip"), "fittingroom synth drape"),
        (("fixtures", "-o", "set", "--drapes", "no.zip"), "fittingroom synth drape"),
        (("dance",), "--help"),
    ],
)
def test_errors_are_one_line_with_advice(tmp_path, capsys, monkeypatch, arguments, advice):
    monkeypatch.chdir(tmp_path)
    assert advice in fail(capsys, *arguments)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_missing_product_is_told_by_its_name(tmp_path, capsys):
    shutil.copytree(SET, tmp_path / "set")
    for path in (tmp_path / "set" / "products").glob("*_sheet.zip"):
        path.unlink()
    said = fail(capsys, "sheet", tmp_path / "set", "-o", tmp_path / "s.png", "--numbers", "0")
    assert "_sheet.zip is missing; render the set again" in said
    assert not (tmp_path / "s.png").exists()


# --- check ---------------------------------------------------------------------------------


def findings_of(error=0.1, valid=0.95):
    findings = Findings()
    for number in range(4):
        errors = dict.fromkeys(View, error + number / 100)
        findings.garbs.append(Garb(number, f"shirt_{number}", errors, dict.fromkeys(View, valid)))
    for view in View:
        findings.counts[view][int(error * 1000)] = 1000
    return findings


def stock_of(**changes):
    stock = Stock(
        count=4,
        size=(512, 384),
        samples=1.0,
        products=2.0,
        bodies=2,
        poses={"arms_down": 4},
        patterns=4,
        drapes=8,
        kinds={"shirt": 8},
        tones=dict.fromkeys(range(10), 0.1),
        refused={"flow invalid": 1},
        given_up=0,
        undraped={"stretched": 3},
    )
    return replace(stock, **changes)


def test_a_good_set_breaks_no_law():
    assert broken_laws(findings_of(), stock_of()) == []


@pytest.mark.parametrize(
    ("findings", "changes", "law"),
    [
        (findings_of(error=0.6), {}, "flow to ghost: 99th percentile 0.601 px, allowed 0.5"),
        (findings_of(valid=0.8), {}, "valid flow: median 0.800"),
        (findings_of(valid=0.7), {}, "sample 0 shirt_0 0.700 < 0.75"),
        (findings_of(), {"samples": 4.0}, "1,000 samples take 1002 MB, allowed 450"),
        (findings_of(), {"count": 1000, "drapes": 249, "patterns": 80}, "249 drapes used"),
        (findings_of(), {"count": 1000, "drapes": 250, "patterns": 79}, "79 patterns used"),
    ],
)
def test_each_law_is_told_when_it_is_broken(findings, changes, law):
    broken = broken_laws(findings, stock_of(**changes))
    assert any(law in line for line in broken), broken


def test_the_percentile_is_that_of_all_pixels():
    findings, other = Findings(), Findings()
    findings.counts[View.GHOST][100] = 985
    other.counts[View.GHOST][700] = 15
    findings.add(other)
    assert findings.percentile(View.GHOST) == pytest.approx(0.701)
    assert findings.over(View.GHOST) == pytest.approx(0.015)


def test_stock_counts_what_the_samples_say(monkeypatch):
    class Rack:
        fittings = ()
        refused = {"stretched": 2}

    monkeypatch.setattr(reports, "Wardrobe", lambda path: Rack())
    stock = reports.take_stock(SET, Path("any.zip"))
    assert (stock.count, stock.size, stock.given_up) == (4, (192, 144), 0)
    assert 2 <= stock.patterns <= 8
    assert stock.patterns <= stock.drapes <= 8
    assert sum(stock.tones.values()) == pytest.approx(1)
    assert stock.samples + stock.products < 2
    assert stock.undraped == {"stretched": 2}


def test_the_wrong_archive_is_told(monkeypatch):
    class Rack:
        fittings = ()
        path = "other.zip"

    monkeypatch.setattr(reports, "Wardrobe", lambda path: Rack())
    with pytest.raises(ValueError, match="other.zip holds no garment .*--drapes"):
        reports.measure_set(SET, Path("other.zip"), 1, lambda: None)


def test_a_damaged_head_is_told(tmp_path):
    (tmp_path / "x.zip").write_bytes(b"no zip")
    with pytest.raises(RecordError, match="delete it and render it again"):
        reports.read_head(tmp_path / "x.zip")


@pytest.mark.parametrize(("error", "code"), [(0.1, 0), (0.6, 1)])
def test_check_prints_and_writes_and_tells_by_its_code(tmp_path, capsys, monkeypatch, error, code):
    monkeypatch.setattr(reports, "take_stock", lambda *_: stock_of())
    monkeypatch.setattr(reports, "measure_set", lambda *_: findings_of(error))
    target = tmp_path / "c.json"
    got, out, _ = run(capsys, "check", SET, "--json", target)
    assert got == code
    assert ("all laws hold" in out) == (code == 0)
    assert ("BROKEN: flow to ghost" in out) == (code == 1)
    assert "stretched 3" in out
    said = json.loads(target.read_text())
    assert bool(said["broken"]) == (code == 1)
    assert said["flow"]["ghost"]["worst"]["sample"] == 3


# --- judge ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def renders():
    return [compose_render(SET, number, 0) for number in range(4)]


def stages_of(pose, parse):
    """Stages of which only these two can be called."""
    nothing = dict.fromkeys((field.name for field in fields(Stages)), None)
    return Stages(**(nothing | {"estimate_pose": pose, "parse_photo": parse}))


def oracle(renders, mirrored=False):
    """Stages that know the truth, or hold the person's left for the right."""
    truth = {render.image.tobytes(): render for render in renders}
    order = list(MIRRORED) if mirrored else list(Joint)
    table = np.arange(256, dtype=np.uint8)
    for left, right in MIRRORED_LABELS if mirrored else ():
        table[[left, right]] = right, left

    def pose(image):
        joints = truth[image.tobytes()].joints[order]
        return (Pose(joints[:, :2].copy(), (joints[:, 2] > 0).astype(np.float32)),)

    def parse(image, _):
        return table[truth[image.tobytes()].labels]

    return stages_of(pose, parse)


def test_a_render_hangs_on_the_seed_alone(renders):
    again = compose_render(SET, 1, 0)
    assert np.array_equal(again.image, renders[1].image)
    assert not np.array_equal(compose_render(SET, 1, 1).image, again.image)


def test_who_knows_the_truth_is_right_everywhere(renders):
    ticks = []
    found = judge(renders, oracle(renders), lambda: ticks.append(1))
    said = judging.as_json(found)
    assert len(ticks) == said["pictures"] == 4
    assert said["pose"]["right"] == said["pose"]["found"] == 1
    assert said["pose"]["p90"] == said["pose"]["invented"] == said["pose"]["swapped"] == 0
    assert set(said["iou"].values()) == {1}
    assert set(said["wrong_side"].values()) <= {0, None}
    assert said["lost"] == said["crowds"] == []


def test_who_confuses_left_and_right_is_found_out(renders):
    said = judging.as_json(judge(renders, oracle(renders, mirrored=True), lambda: None))
    assert said["joints"]["left_shoulder"]["swapped"] == 1
    assert said["joints"]["nose"]["swapped"] == 0
    assert said["wrong_side"]["arms"] == 1
    assert said["iou"]["arms"] == 1


def test_where_nobody_is_found_all_is_background(renders):
    stages = stages_of(lambda image: (), None)
    said = judging.as_json(judge(renders, stages, lambda: None))
    assert said["lost"] == [0, 1, 2, 3]
    assert said["pose"]["found"] == 0
    assert said["pose"]["median"] is None
    assert said["recall"]["background"] == 1
    assert said["mistaken"]["face"] == ["background", 1.0]


def test_errors_are_told_in_shares_of_the_torso():
    truth = np.zeros((18, 3), np.float32)
    truth[:, 2] = 1
    truth[Joint.NECK, :2] = (50, 20)
    truth[[Joint.LEFT_HIP, Joint.RIGHT_HIP], 1] = 120
    truth[[Joint.LEFT_HIP, Joint.RIGHT_HIP], 0] = (60, 40)
    truth[Joint.NOSE] = (0, 0, 0)
    found = Judgement()
    joints = truth[:, :2].copy()
    joints[Joint.NECK] += (0, 10)
    found.add_pose(truth, Pose(joints, np.ones(18, np.float32)))
    assert found.offs[Joint.NECK] == pytest.approx([0.1])
    assert found.found_outside[Joint.NOSE] == 1
    assert found.right[Joint.NECK] == 1


def test_every_label_belongs_to_one_group():
    members = [label for group in GROUPS.values() for label in group]
    assert sorted(members) == sorted(Lip)


def test_judge_prints_joints_and_labels(tmp_path, capsys, monkeypatch, renders):
    drawn = {render.number: render for render in renders}
    monkeypatch.setattr(judging, "compose_render", lambda folder, number, seed: drawn[number])
    monkeypatch.setattr("fittingroom.loading.load_stages", lambda threads: oracle(renders))
    target = tmp_path / "j.json"
    code, out, _ = run(capsys, "judge", SET, "--count", 2, "--json", target)
    assert code == 0
    assert out.startswith("2 pictures; nobody found in 0")
    assert re.search(r"^left_wrist +\d", out, re.M)
    assert re.search(r"^face +100\.0 +100\.0", out, re.M)
    assert json.loads(target.read_text())["pictures"] == 2
