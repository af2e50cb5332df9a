"""Validation figures of one network, as plain values."""

from pathlib import Path
from typing import Any

from fittingroom.runtime import OnnxNetwork
from fittingroom.skeleton import Joint
from fittingroom.stages.parsing import Parser
from fittingroom.stages.pose import PoseEstimator
from fittingroom.training import evaluate, views
from fittingroom.training.evaluate_garment import measure_garment
from fittingroom.training.renders import read_people
from fittingroom.training.sources import Folders, read_split
from fittingroom.training.teacher import read_poses
from fittingroom.weights import FOLDER


def measure(network: str, path: Path, folders: Folders) -> dict[str, Any]:
    """Measure the ONNX file of a network on what was kept out of its training.

    Parsing is given the joints of the shipped pose network, as in use.
    """
    if network == "garment":
        return _garment_figures(path, folders)
    assert folders.poses
    _, photos = read_split(folders.data / "ccp", read_poses(folders.poses))
    sets = {
        "street": [evaluate.street_example(photo) for photo in photos],
        "val_studio": [evaluate.studio_example(photo) for photo in photos],
    }
    if folders.renders:
        held_back = read_people(folders.renders, held_back=True)
        sets["synthetic"] = [evaluate.street_example(person) for person in held_back]
    if network == "pose":
        if folders.annotations:
            sets["checked"] = evaluate.read_checked(folders.annotations / "pose.json", photos)
        return _pose_figures(PoseEstimator(OnnxNetwork(path)), sets, folders)
    estimator = PoseEstimator(OnnxNetwork(FOLDER / "pose.onnx"))
    parser = Parser(OnnxNetwork(path))
    return {
        title: evaluate.score_parsing(parser, estimator, examples)
        for title, examples in sets.items()
    }


def _pose_figures(
    estimator: PoseEstimator, sets: dict[str, list[evaluate.Example]], folders: Folders
) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for title, examples in sets.items():
        score = evaluate.score_pose(estimator, examples)
        figures[title] = {
            "right": score.right,
            "upper": score.upper,
            "missed": score.missed,
            "invented": score.invented,
            "seen": evaluate.count_peopled(estimator, (example.image for example in examples)),
            "pictures": len(examples),
            "by_joint": {
                joint.name.lower(): share
                for joint, share in zip(Joint, score.by_joint, strict=True)
            },
        }
    garments = views.unseen_empty(folders.data / "garments" / "images")
    seen = evaluate.count_peopled(estimator, garments)
    figures["garments"] = {"somebody_seen": seen, "pictures": len(garments)}
    return figures


def _garment_figures(path: Path, folders: Folders) -> dict[str, Any]:
    assert folders.cutouts and folders.annotations
    placed = folders.annotations / "garments.json"
    return measure_garment(path, folders.data / "garments", folders.cutouts, placed)
