import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import typer

from fakes import make_photo, make_pose, make_stages
from fittingroom import cli, images, weights
from fittingroom.errors import ErrorCode
from fittingroom.framing import HIPS
from fittingroom.images import read_photo, write_image
from fittingroom.preview import STEP_FILES
from fittingroom.room import FittingRoom
from fittingroom.stages.worn_garment import hidden
from fittingroom.types import Pose

STEPS = {
    "pose.png", "parsing.png", "labels.png", "garment.png", "layout.png", "warped.png",
    "changed.png",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    write_image(tmp_path / "p.png", make_photo())
    write_image(tmp_path / "g.png", make_photo(60, 50))
    write_image(tmp_path / "blank.png", np.full((60, 50, 3), 9, np.uint8))
    monkeypatch.chdir(tmp_path)
    open_with(monkeypatch)
    return tmp_path


def open_with(monkeypatch, people=None):
    monkeypatch.setattr(cli, "open_room", lambda: FittingRoom(make_stages(people)))


def succeed(capsys, *arguments):
    code = cli.run([str(a) for a in arguments])
    out, err = capsys.readouterr()
    assert code == 0, err
    return out, err


def fail(capsys, *arguments):
    """Run, expect one error line and exit code 2, nothing written; return the error's code."""
    before = sorted(os.walk("."))
    code = cli.run([str(a) for a in arguments])
    out, err = capsys.readouterr()
    assert code == 2
    assert out == ""
    match = re.fullmatch(r"error: ([a-z_]+): \S.*\n", err)
    assert match, err
    assert sorted(os.walk(".")) == before
    return match[1]


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".jpeg", ".webp"])
def test_try(folder, capsys, suffix):
    out, err = succeed(capsys, "try", "p.png", "g.png", "-o", f"out{suffix}")
    assert (out, err) == ("", "")
    assert read_photo(folder / f"out{suffix}").shape == (500, 400, 3)


def test_try_with_every_option(folder, capsys):
    succeed(
        capsys, "try", "p.png", "g.png", "--output", "out.png", "--category", "tops",
        "--background", "plain", "--report", "r.json", "--steps", "steps",
    )  # fmt: skip
    assert {path.name for path in (folder / "steps").iterdir()} == STEPS
    report = json.loads((folder / "r.json").read_text())
    assert report["warnings"] == []
    assert report["version"]
    with PIL.Image.open("steps/labels.png") as labels, PIL.Image.open("steps/changed.png") as mask:
        assert (labels.mode, mask.mode) == ("L", "L")
        assert labels.size == mask.size == (400, 500)
        kept = np.asarray(mask) == 0
    assert np.array_equal(read_photo("out.png")[kept], read_photo("p.png")[kept])


def test_steps_into_a_folder_that_exists(folder, capsys):
    assert set(STEP_FILES) == STEPS
    (folder / "steps").mkdir()
    succeed(capsys, "try", "p.png", "g.png", "-o", "out.png", "--steps", "steps")
    assert {path.name for path in (folder / "steps").iterdir()} == STEPS


def test_warnings(folder, capsys, monkeypatch):
    open_with(monkeypatch, (make_pose(mirrored=True, score=0.1), make_pose()))
    _, err = succeed(capsys, "try", "p.png", "g.png", "-o", "out.png", "--report", "r.json")
    said = [line.split(": ")[:2] for line in err.splitlines()]
    assert said == [
        ["warning", code] for code in ("several_persons", "back_view", "low_confidence")
    ]
    warned = [row["code"] for row in json.loads((folder / "r.json").read_text())["warnings"]]
    assert warned == [code for _, code in said]


@pytest.mark.parametrize(
    ("people", "code"),
    [
        ((), "no_person"),
        ((make_pose(scale=0.3),), "person_too_small"),
        ((make_pose(hidden=HIPS),), "torso_not_visible"),
    ],
)
def test_people_who_cannot_be_dressed(folder, capsys, monkeypatch, people, code):
    open_with(monkeypatch, people)
    line = "try", "p.png", "g.png", "-o", "out.png", "--steps", "steps", "--report", "r.json"
    assert fail(capsys, *line) == code


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("try p.png blank.png -o out.png", "garment_not_found"),
        ("try p.png g.png -o out.png --category lower", "unsupported_category"),
        ("try p.png g.png -o out.png --category dress", "unsupported_category"),
        ("try p.png g.png -o out.png --category hat", "bad_option"),
        ("try p.png g.png -o out.png --background beach", "bad_option"),
        ("try absent.png g.png -o out.png", "missing_file"),
        ("try p.png absent.png -o out.png", "missing_file"),
        ("try . g.png -o out.png", "bad_image"),
        ("try p.png g.png -o out.gif", "bad_option"),
        ("try p.png g.png -o p.png", "bad_option"),
        ("try p.png g.png -o out.png --report out.png", "bad_option"),
        ("try p.png g.png -o absent/out.png", "not_writable"),
        ("try p.png g.png -o out.png --report absent/r.json", "not_writable"),
        ("try p.png g.png -o out.png --steps absent/steps", "not_writable"),
        ("try p.png g.png -o out.png --steps p.png", "not_writable"),
        ("try p.png g.png", "bad_option"),
        ("try p.png -o out.png", "bad_option"),
        ("try p.png g.png -o", "bad_option"),
        ("try p.png g.png -o out.png --unknown", "bad_option"),
        ("try p.png g.png more.png -o out.png", "bad_option"),
        ("unknown", "bad_option"),
        ("--unknown", "bad_option"),
        ("weights", "bad_option"),
        ("weights unknown", "bad_option"),
        ("pose absent.png -o pose.json", "missing_file"),
        ("pose p.png -o absent/pose.json", "not_writable"),
        ("pose p.png -o pose.json --draw x.gif", "bad_option"),
        ("pose p.png -o pose.json --draw absent/x.png", "not_writable"),
        ("parse p.png -o labels.jpg", "bad_option"),
        ("parse p.png -o labels.png --labels coco", "bad_option"),
        ("parse p.png -o absent/labels.png", "not_writable"),
        ("garment g.png -o cut.jpg", "bad_option"),
        ("garment blank.png -o cut.png", "garment_not_found"),
        ("garment g.png -o cut.png --mask mask.jpg", "bad_option"),
        ("garment g.png -o cut.png --mask cut.png", "bad_option"),
        ("batch absent.csv -o out", "missing_file"),
        ("batch pairs.csv -o absent/out", "not_writable"),
        ("demo -o absent/out.png", "not_writable"),
        ("demo -o out.gif", "bad_option"),
    ],
)  # fmt: skip
def test_refusals(folder, capsys, arguments, code):
    (folder / "pairs.csv").write_text("p.png,g.png\n")
    assert fail(capsys, *arguments.split()) == code


def test_steps_never_replace_an_input_or_another_output(folder, capsys):
    (folder / "steps").mkdir()
    (folder / "garment.png").write_bytes((folder / "g.png").read_bytes())
    for line in (
        "try p.png garment.png -o out.png --steps .",
        "try p.png g.png -o steps/pose.png --steps steps",
        "try p.png g.png -o out.png --report steps/labels.png --steps steps",
        "try p.png g.png -o new.png --steps new.png",
    ):
        assert fail(capsys, *line.split()) == "bad_option"
    (folder / "steps" / "changed.png").mkdir()
    (folder / "out.png").write_bytes(b"kept")
    line = "try p.png g.png -o out.png --steps steps"
    assert fail(capsys, *line.split()) == "not_writable"
    assert (folder / "out.png").read_bytes() == b"kept"


def test_names_that_no_file_can_have(folder, capsys):
    long, loop = "x" * 300, folder / "loop.png"
    loop.symlink_to(loop)
    for line in (
        f"try p.png g.png -o {long}.png",
        f"try p.png g.png -o out.png --report {long}",
        f"try p.png g.png -o out.png --steps {long}",
        f"batch pairs.csv -o {long}",
        "try p.png g.png -o loop.png",
    ):
        (folder / "pairs.csv").write_text("p.png,g.png\n")
        assert fail(capsys, *line.split()) == "not_writable"
    assert fail(capsys, "try", long, "g.png", "-o", "out.png") == "missing_file"


def test_bad_pictures(folder, capsys):
    (folder / "empty.png").touch()
    (folder / "text.jpg").write_text("no picture")
    (folder / "cut.png").write_bytes((folder / "p.png").read_bytes()[:5000])
    for name in ("empty.png", "text.jpg", "cut.png"):
        assert fail(capsys, "try", name, "g.png", "-o", "out.png") == "bad_image"
        assert fail(capsys, "try", "p.png", name, "-o", "out.png") == "bad_image"


def test_too_large(folder, capsys, monkeypatch):
    monkeypatch.setattr(images, "MAX_PIXELS", 1000)
    assert fail(capsys, "pose", "p.png", "-o", "pose.json") == "too_large"


def test_bad_weights(folder, capsys, monkeypatch):
    monkeypatch.setattr(weights.load_cards, "__defaults__", (folder,))
    assert fail(capsys, "weights", "list") == "bad_weights"


def test_garment_hidden(folder, capsys, monkeypatch):
    def refuse(person, category):
        raise hidden("arms hide it")

    stages = replace(make_stages(), isolate_worn_garment=refuse)
    monkeypatch.setattr(cli, "open_room", lambda: FittingRoom(stages))
    line = "try", "p.png", "p.png", "--garment-kind", "worn", "-o", "out.png"
    assert fail(capsys, *line) == "garment_hidden"
    assert fail(capsys, *line[:-3], "worm", "-o", "out.png") == "bad_option"


def test_a_fault_of_ours_is_one_line_too(folder, capsys, monkeypatch):
    monkeypatch.setattr(cli, "open_room", lambda: 1 / 0)
    assert fail(capsys, "pose", "p.png", "-o", "pose.json") == "internal"


def test_a_full_disk_leaves_nothing(folder, capsys, monkeypatch):
    written = []

    def full(self, content):
        written.append(self)
        if len(written) == 3:
            raise OSError(28, "No space left on device", str(self))
        with open(self, "wb") as stream:
            stream.write(content)

    monkeypatch.setattr(type(folder), "write_bytes", full)
    line = "try", "p.png", "g.png", "-o", "out.png", "--report", "r.json", "--steps", "steps"
    assert fail(capsys, *line) == "not_writable"


def test_every_code_is_tested():
    tested = {
        "no_person", "person_too_small", "torso_not_visible", "garment_not_found",
        "garment_hidden",
        "unsupported_category", "bad_image", "too_large", "missing_file", "not_writable",
        "bad_option", "bad_weights", "internal",
    }  # fmt: skip
    assert {code.value for code in ErrorCode} == tested


def test_pose(folder, capsys, monkeypatch):
    hidden = make_pose(neck=(100, 100), hidden=HIPS)
    open_with(monkeypatch, (make_pose(), hidden))
    succeed(capsys, "pose", "p.png", "-o", "pose.json", "--draw", "draw.png")
    document = json.loads((folder / "pose.json").read_text())
    assert document["version"] == 1.3
    main, other = (person["pose_keypoints_2d"] for person in document["people"])
    assert len(main) == len(other) == 54
    assert main[3:6] == [200.0, 120.0, pytest.approx(0.8)]
    assert other[3 * 8 : 3 * 9] == [0.0, 0.0, 0.0]
    drawn = read_photo("draw.png")
    assert drawn.shape == (500, 400, 3)
    assert not np.array_equal(drawn, read_photo("p.png"))


@pytest.mark.parametrize(("labels", "index"), [(None, 5), ("lip", 5), ("atr", 4), ("acgpn", 4)])
def test_parse(folder, capsys, labels, index):
    option = ["--labels", labels] if labels else []
    succeed(capsys, "parse", "p.png", "-o", "labels.png", "--draw", "draw.jpg", *option)
    with PIL.Image.open("labels.png") as picture:
        assert (picture.mode, picture.size) == ("L", (400, 500))
        assert np.asarray(picture).max() == index
    assert read_photo("draw.jpg").shape == (500, 400, 3)


def test_garment(folder, capsys):
    succeed(capsys, "garment", "g.png", "-o", "cut.png", "--mask", "mask.png")
    with PIL.Image.open("cut.png") as cut, PIL.Image.open("mask.png") as mask:
        assert (cut.mode, mask.mode) == ("RGBA", "L")
        assert cut.size == mask.size == (50, 60)
        assert np.array_equal(np.asarray(cut)[:, :, 3], np.asarray(mask))


def test_batch(folder, capsys):
    (folder / "pairs.csv").write_text(
        "person,garment\np.png,g.png\nabsent.png,g.png\np.png,g.png\n"
    )
    code = cli.run(["batch", "pairs.csv", "-o", "out"])
    out, err = capsys.readouterr()
    assert code == 1
    assert out.split() == ["out/p__g.jpg", "out/p__g-2.jpg"]
    assert "error: missing_file: line 3: absent.png" in err
    assert "1 of 3 pairs failed" in err
    (folder / "good.csv").write_text("p.png,g.png\n")
    succeed(capsys, "batch", "good.csv", "-o", "new")


def test_batch_refuses_before_making_the_folder(folder, capsys, monkeypatch):
    (folder / "pairs.csv").write_text("p.png,g.png\n")
    monkeypatch.setattr(cli, "open_room", lambda: 1 / 0)
    assert fail(capsys, "batch", "pairs.csv", "-o", "out") == "internal"


def test_demo(folder, capsys, monkeypatch):
    scaled = make_pose(neck=(512, 400), scale=3)
    open_with(monkeypatch, (Pose(scaled.joints, scaled.scores),))
    out, _ = succeed(capsys, "demo")
    assert (folder / "fittingroom-demo.jpg").is_file()
    assert str(folder / "fittingroom-demo.jpg") in out.replace("\n", "")
    assert "estimate_pose" in out
    succeed(capsys, "demo", "-o", "mine.webp")


def test_weights_list_and_verify(folder, capsys, monkeypatch):
    card = weights.WeightsCard("pose", "pose.onnx", "ab" * 32, 7, "Apache-2.0", "x", "y")
    monkeypatch.setattr(weights, "load_cards", lambda folder=None: (card,))
    out, _ = succeed(capsys, "weights", "list")
    assert out == f"pose\tpose.onnx\t7\tApache-2.0\t{'ab' * 32}\n"
    monkeypatch.setattr(weights, "missing", dict)
    out, _ = succeed(capsys, "weights", "verify")
    assert out == "pose\tok\nparsing\tok\ngarment\tok\n"
    monkeypatch.setattr(weights, "missing", lambda: {"pose": "wrong size"})
    assert cli.run(["weights", "verify"]) == 2
    assert capsys.readouterr().err.startswith("error: bad_weights: pose: wrong size")


def test_version_and_help(capsys):
    from fittingroom import __version__

    assert succeed(capsys, "--version")[0] == f"fittingroom {__version__}\n"
    for line in ((), ("--help",), ("try", "--help"), ("weights", "--help")):
        out, err = succeed(capsys, *line)
        assert "Usage" in out
        assert err == ""


def commands(group, name="fittingroom"):
    for key, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{name} {key}")
        else:
            yield f"{name} {key}", command


def test_every_option_has_a_help_sentence():
    for name, command in commands(typer.main.get_command(cli.app)):
        assert command.help, name
        for parameter in command.params:
            assert parameter.help, f"{name} {parameter.name}"


def test_the_readme_knows_every_command_and_code():
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    for name, command in commands(typer.main.get_command(cli.app)):
        first, *rest = name.removeprefix("fittingroom ").split()
        assert f"fittingroom {first}" in readme
        assert all(word in readme for word in rest)
        for parameter in command.params:
            if first != "demo" and parameter.opts[0].startswith("--"):
                assert any(option in readme for option in parameter.opts), parameter.opts
    for code in ErrorCode:
        assert f"| `{code}` |" in readme


def test_training_without_torch_says_what_to_install(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "fittingroom.training.cli", None)
    assert cli.run(["train", "pose", "--help"]) == 2
    assert "fittingroom[train]" in capsys.readouterr().err


def test_python_dash_m(tmp_path):
    line = [sys.executable, "-m", "fittingroom", "try", "absent.jpg", "x.jpg", "-o", "out.png"]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "error: missing_file: absent.jpg does not exist; check the name\n"
