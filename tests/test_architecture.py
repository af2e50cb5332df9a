"""Imports run one way: a module may import only what stands in an earlier line."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "fittingroom"

LAYERS = [
    {"errors", "version", "skeleton"},
    {"types"},
    {"labels", "geometry"},
    {"masks", "splines", "images", "guided"},
    {"body", "inpainting", "skin"},
    {"rig", "framing"},
    {"stages"},
    {"pipeline"},
    {"options", "weights", "runtime"},
    {"report"},
    {"loading"},
    {"room"},
    {"batch", "preview", "outputs"},
    {"synth"},
    {"training"},
    {"cli"},
    {"__main__"},
]
"""From left to right; `types` needs the warning codes and the joints, hence the first line."""

RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
FILES = sorted(path for path in SOURCE.rglob("*.py") if path.stat().st_size)
STAGES = [path for path in FILES if path.parent.name == "stages"]


def imported(path):
    """Full names of everything that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def part_of(name):
    return name.split(".")[1] if name.startswith("fittingroom.") else None


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_run_one_way(path):
    inside = path.relative_to(SOURCE).with_suffix("").parts
    if inside == ("__init__",):
        return
    assert inside[0] in RANK, f"{inside[0]} has no place in LAYERS"
    for name in imported(path):
        part = part_of(name)
        if part in RANK and part != inside[0]:
            assert RANK[part] < RANK[inside[0]], f"{path.name} imports {name}"


@pytest.mark.parametrize("path", STAGES, ids=lambda path: path.name)
def test_stages_do_not_know_each_other(path):
    # The plain background continues a composition and shares its type, nothing else.
    allowed = {"fittingroom.stages.composition"} if path.name == "background.py" else set()
    known = {".".join(name.split(".")[:3]) for name in imported(path)}
    assert {name for name in known if name.startswith("fittingroom.stages")} <= allowed


@pytest.mark.parametrize(
    ("package", "places"),
    [
        ("onnxruntime", ("runtime.py", "training")),
        ("torch", ("training", "synth")),
        ("onnx", ("training",)),
        ("ai_edge_litert", ("training",)),
        ("typer", ("cli.py", "training", "synth")),
        ("rich", ("cli.py", "training", "synth")),
        ("anny", ("synth",)),
        ("warp", ("synth",)),
        ("embreex", ("synth",)),
        ("scipy", ("synth",)),
    ],
)
def test_packages_stay_where_they_belong(package, places):
    for path in FILES:
        if path.relative_to(SOURCE).parts[0] not in places:
            assert package not in {name.split(".")[0] for name in imported(path)}, path


def test_only_the_train_command_knows_training():
    for path in FILES:
        inside = path.relative_to(SOURCE).parts[0]
        if inside not in ("training", "cli.py"):
            assert not any(part_of(name) == "training" for name in imported(path)), path
    top = ast.parse((SOURCE / "cli.py").read_text(encoding="utf-8")).body
    for node in top:
        if isinstance(node, ast.ImportFrom):
            assert "training" not in (node.module or "")
