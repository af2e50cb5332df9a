"""Validation figures of one network, as plain values."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fittingroom.runtime import OnnxNetwork
from fittingroom.skeleton import Joint
from fittingroom.stages.parsing import Parser
from fittingroom.stages.pose import PoseEstimator
from fittingroom.training import ccp, evaluate, views
from fittingroom.training.evaluate import Example
from fittingroom.training.garment.evaluate import measure_garment
from fittingroom.training.renders import is_held_back, read_person
from fittingroom.training.sources import Folders
from fittingroom.training.teacher import read_poses
from fittingroom.training.tones import by_tone, painted_tone
from fittingroom.weights import FOLDER


def measure(network: str, path: Path, folders: Folders) -> dict[str, Any]:
    """Measure the ONNX file of a network on what was kept out of its training.

    Parsing is given the joints of the shipped pose network, as in use. `by_tone` has the figures
    of each set by skin tone, see `tones.by_tone`.
    """
    if network == "garment":
        return _garment_figures(path, folders)
    assert folders.poses
    photos = _validation_photos(folders.data / "ccp", folders.poses)
    sets = {
        "street": [evaluate.street_example(photo) for photo in photos],
        "val_studio": [evaluate.studio_example(photo) for photo in photos],
    }
    if folders.renders:
        sets["synthetic"] = list(_held_back(folders.renders))
    if network == "parsing":
        estimator = PoseEstimator(OnnxNetwork(FOLDER / "pose.onnx"))
        return _parsing_figures(Parser(OnnxNetwork(path)), estimator, sets)
    checked = []
    if folders.annotations:
        checked = evaluate.read_checked(folders.annotations / "pose.json", photos)
    estimator = PoseEstimator(OnnxNetwork(path))
    figures = _pose_figures(estimator, sets, checked)
    garments = views.unseen_empty(folders.data / "garments" / "images")
    seen = evaluate.count_peopled(estimator, garments)
    figures["garments"] = {"somebody_seen": seen, "pictures": len(garments)}
    return figures


def _validation_photos(root: Path, poses: Path) -> list[ccp.LabelledPhoto]:
    labels, names = read_poses(poses), ccp.read_names(root)
    _, validation = ccp.split_names(root, labels)
    return [ccp.read_photo(root, name, labels[name], names) for name in validation]


def _held_back(folder: Path) -> Iterator[Example]:
    """The synthetic people kept out of training, with the tone that they were composed in.

    Folders composed before facts had `skin` leave the tone unknown: their `tone` is that of the
    render, which composing paints over.
    """
    for path in sorted(folder.glob("*.json")):
        facts = json.loads(path.read_text())
        if is_held_back(str(facts["body"])):
            person, _ = read_person(path)
            tone = painted_tone(facts["skin"]) if "skin" in facts else None
            yield replace(evaluate.street_example(person), tone=tone)


def _parsing_figures(
    parser: Parser, estimator: PoseEstimator, sets: dict[str, list[Example]]
) -> dict[str, Any]:
    figures: dict[str, Any] = {"by_tone": {}}
    for title, examples in sets.items():
        tables = np.stack([_pixels(parser, estimator, example) for example in examples])
        figures[title] = evaluate.score_parsing(tables.sum(axis=0))
        figures["by_tone"][title] = _parsing_by_tone(tables, [e.tone for e in examples])
    return figures


def _pixels(parser: Parser, estimator: PoseEstimator, example: Example) -> evaluate.Counts:
    pose = evaluate.main_pose(estimator, example.image)
    labels = evaluate.label_person(parser, pose, example.image)
    return evaluate.count_pixels(labels, example.classes)


def _parsing_by_tone(tables: evaluate.Counts, tones: list[str | None]) -> dict[str, dict[str, Any]]:
    """The mean is over the groups of labels that people of every tone show."""
    shared = set(evaluate.GROUPS)
    for tone in {tone for tone in tones if tone}:
        same = np.array([other == tone for other in tones])
        shared &= set(evaluate.score_parsing(tables[same].sum(axis=0)))

    def figures(numbers: list[int]) -> dict[str, float]:
        scores = evaluate.score_parsing(tables[numbers].sum(axis=0))
        mean = float(np.mean([scores[group] for group in sorted(shared) if group in scores]))
        return {"mean": mean, "skin": scores.get("skin", float("nan"))}

    return by_tone(tones, figures)


def _pose_figures(
    estimator: PoseEstimator, sets: dict[str, list[Example]], checked: list[Example]
) -> dict[str, Any]:
    """checked: some of the street photos, with the joints that were placed by looking."""
    figures: dict[str, Any] = {"by_tone": {}}
    poses = {
        title: [evaluate.main_pose(estimator, example.image) for example in examples]
        for title, examples in sets.items()
    }
    street = dict(zip((example.name for example in sets["street"]), poses["street"], strict=True))
    if checked:
        sets = {**sets, "checked": checked}
        poses["checked"] = [street[example.name] for example in checked]
    for title, examples in sets.items():
        counts = [
            evaluate.count_joints(pose, example)
            for pose, example in zip(poses[title], examples, strict=True)
        ]
        figures[title] = _pose_score(evaluate.score_pose(counts))
        figures["by_tone"][title] = _pose_by_tone(counts, [e.tone for e in examples])
    return figures


def _pose_by_tone(
    counts: list[evaluate.JointCounts], tones: list[str | None]
) -> dict[str, dict[str, Any]]:
    def figures(numbers: list[int]) -> dict[str, float]:
        score = evaluate.score_pose([counts[number] for number in numbers])
        return {"right": score.right, "upper": score.upper}

    return by_tone(tones, figures)


def _pose_score(score: evaluate.PoseScore) -> dict[str, Any]:
    return {
        "right": score.right,
        "upper": score.upper,
        "missed": score.missed,
        "invented": score.invented,
        "seen": score.seen,
        "pictures": score.pictures,
        "by_joint": {
            joint.name.lower(): share for joint, share in zip(Joint, score.by_joint, strict=True)
        },
    }


def _garment_figures(path: Path, folders: Folders) -> dict[str, Any]:
    assert folders.cutouts and folders.annotations
    placed = folders.annotations / "garments.json"
    return measure_garment(path, folders.data / "garments", folders.cutouts, placed)
