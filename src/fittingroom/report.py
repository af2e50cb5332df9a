"""What is said about a result in JSON: the report of a try-on and OpenPose's pose files."""

from typing import Any

from fittingroom.pipeline import TryOn
from fittingroom.types import Pose
from fittingroom.version import __version__
from fittingroom.weights import WeightsCard


def try_on_report(result: TryOn, cards: tuple[WeightsCard, ...]) -> dict[str, Any]:
    """Return what was used, done and found, as plain JSON values; times in milliseconds."""
    times = {name: round(value, 1) for name, value in result.milliseconds.items()}
    return {
        "version": __version__,
        "weights": {card.file: card.sha256 for card in cards},
        "category": result.garment.category.value,
        "milliseconds": {**times, "total": round(sum(result.milliseconds.values()), 1)},
        "joints_missing": [joint.name.lower() for joint in result.people[0].missing],
        "layers_removed": [layer.name.lower() for layer in result.removed_layers],
        "warnings": [{"code": n.code.value, "text": n.text} for n in result.notices],
    }


def openpose_document(people: tuple[Pose, ...]) -> dict[str, Any]:
    """Return OpenPose's JSON, version 1.3, COCO-18, in the photo's pixels; 0, 0, 0 = not seen."""
    return {"version": 1.3, "people": [_openpose_person(pose) for pose in people]}


def _openpose_person(pose: Pose) -> dict[str, Any]:
    numbers: list[float] = []
    for (x, y), score in zip(pose.joints.tolist(), pose.scores.tolist(), strict=True):
        seen = (round(x, 3), round(y, 3), round(score, 6))
        numbers += seen if score > 0 else (0.0, 0.0, 0.0)
    return {"person_id": [-1], "pose_keypoints_2d": numbers}
