"""Nothing under a non-commercial licence can come in, and nothing is fetched."""

import ast
import re
import sys
from functools import cache
from pathlib import Path

import pytest

from fittingroom.synth import export

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "fittingroom"
SYNTH = sorted((SOURCE / "synth").rglob("*.py"))
EVERY = [*sorted(SOURCE.rglob("*.py")), *sorted((ROOT / "scripts").glob("*.py"))]
CALLERS = {"export.py", "make_look_zones.py"}
"""Whoever may ask anny for bodies: the exporter, and the script that painted the zones."""

FETCHERS = {
    "urllib", "urllib3", "requests", "httpx", "http", "ftplib", "socket", "aiohttp", "wget",
    "huggingface_hub", "gdown", "pooch", "subprocess",
}  # fmt: skip


@cache
def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def mentioning(paths, pattern):
    """Those of the files, with their trees, whose text holds the pattern: parsing takes longer."""
    for path in paths:
        if re.search(pattern, path.read_text(encoding="utf-8"), re.I):
            yield path, tree_of(path)


def said(tree):
    """All strings of a module that are not docstrings or notes on a constant."""
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node.value


def attributes(tree):
    return {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


def modules(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def anny_calls(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "Anny":
            yield node


def test_no_code_names_a_topology_of_smpl():
    for path, tree in mentioning(EVERY, "smpl"):
        assert not [text for text in said(tree) if "smpl" in text.lower()], path


def test_anny_is_asked_in_few_places_and_only_for_free_topologies():
    for path, tree in mentioning(EVERY, "anny"):
        for call in anny_calls(tree):
            assert path.name in CALLERS, path
            (topology,) = (key.value for key in call.keywords if key.arg == "topology")
            if isinstance(topology, ast.Call):
                assert ast.unparse(topology.func) == "allowed"
                (topology,) = topology.args
            assert isinstance(topology, ast.Constant)
            assert topology.value in export.TOPOLOGIES
            assert not any(key.arg is None for key in call.keywords), "a dictionary hides them"


def test_the_exporter_asks_through_the_guard():
    (call,) = anny_calls(tree_of(SOURCE / "synth" / "export.py"))
    assert "topology=allowed(" in ast.unparse(call)


@pytest.mark.parametrize("topology", ["smplx", "smpl", "soma", "SMPLX", "", "hand.L"])
def test_the_guard_refuses_all_other_topologies(topology):
    with pytest.raises(ValueError, match="not allowed here: .*non-commercial.*anny-full"):
        export.allowed(topology)


@pytest.mark.parametrize("topology", export.TOPOLOGIES)
def test_the_guard_lets_free_topologies_through(topology):
    assert export.allowed(topology) == topology


def test_the_guard_needs_no_anny(monkeypatch):
    monkeypatch.setitem(sys.modules, "anny", None)
    with pytest.raises(ValueError, match="not allowed"):
        export.allowed("smplx")


def test_nothing_is_fetched_by_the_generator():
    for path, tree in mentioning(SYNTH, "|".join(FETCHERS) + "|url|ftp"):
        assert not {name.split(".")[0] for name in modules(tree)} & FETCHERS, path
        assert not [text for text in said(tree) if re.search(r"https?://|ftp://", text)], path
        fetching = {"urlopen", "urlretrieve", "load_state_dict_from_url"}
        assert not attributes(tree) & fetching, path


def test_anny_is_imported_by_the_exporter_alone():
    for path, tree in mentioning(SYNTH, "anny"):
        named = {name.split(".")[0] for name in modules(tree)} | set(said(tree))
        assert "anny" not in named or path.name == "export.py", path


def table_files():
    text = (ROOT / "docs" / "synthetic.md").read_text(encoding="utf-8")
    table = text.split("Files in `src/fittingroom/assets/synth`:")[1].split("\n\nData:")[0]
    rows = re.findall(r"^\| `([^`]+)` \|([^|]+)\|([^|]+)\|$", table, re.M)
    return {name: (source.strip(), licence.strip()) for name, source, licence in rows}


def test_every_asset_is_in_the_table_of_licences():
    held = {path.name for path in (SOURCE / "assets" / "synth").iterdir()}
    assert held <= table_files().keys()


def test_every_asset_says_where_it_is_from_and_that_it_is_free():
    assert table_files()
    for name, (source, licence) in table_files().items():
        assert source, name
        assert "CC0" in licence, name


def test_every_package_of_the_extras_is_in_the_table():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    extras = "".join(re.findall(r"^(?:render|synth) = (.*)$", text, re.M))
    named = set(re.findall(r'"([a-z-]+)[>=]', extras)) - {"fittingroom"}
    assert {"anny", "warp-lang", "embreex", "scipy", "torch"} <= named
    docs = (ROOT / "docs" / "synthetic.md").read_text(encoding="utf-8")
    for name in named:
        assert re.search(rf"^\| {re.escape(name)} [0-9]", docs, re.M), name
