"""Pose labels from BlazePose, the permissive teacher of the pose network.

Lugaresi et al., MediaPipe (Apache-2.0); Bazarevsky et al., "BlazePose: On-device Real-time Body
Pose tracking", 2020. The model files are those of the npm package `@mediapipe/pose`:
`pose_landmark_heavy.tflite`, and `pose_detection.tflite` cut out of
`pose_solution_packed_assets.data`. Needs `ai-edge-litert`, which the extra `[train]` brings.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom.skeleton import JOINT_COUNT, MIRRORED, Joint

LANDMARK_SIDE: Final = 256
DETECTOR_SIDE: Final = 224
VIEW_SCALES: Final = (1.1, 1.25, 1.5)
"""Sides of the square regions shown to the teacher, in person heights."""

SPREAD_LIMIT: Final = 0.1
"""Spread of a joint over the views, in shoulder widths, beyond which the label is not used."""

VISIBILITY_LIMIT: Final = 0.5

BLAZEPOSE_OF_JOINT: Final[dict[Joint, int]] = {
    Joint.NOSE: 0,
    Joint.RIGHT_SHOULDER: 12,
    Joint.RIGHT_ELBOW: 14,
    Joint.RIGHT_WRIST: 16,
    Joint.LEFT_SHOULDER: 11,
    Joint.LEFT_ELBOW: 13,
    Joint.LEFT_WRIST: 15,
    Joint.RIGHT_HIP: 24,
    Joint.RIGHT_KNEE: 26,
    Joint.RIGHT_ANKLE: 28,
    Joint.LEFT_HIP: 23,
    Joint.LEFT_KNEE: 25,
    Joint.LEFT_ANKLE: 27,
    Joint.RIGHT_EYE: 5,
    Joint.LEFT_EYE: 2,
    Joint.RIGHT_EAR: 8,
    Joint.LEFT_EAR: 7,
}


@dataclass(frozen=True, slots=True, eq=False)
class TeacherPose:
    """Joints of the one main person of a photo, as the teacher sees them.

    joints: (18, 2) float32, x and y in photo pixels.
    weights: (18,) float32, 1 where the label may be trained on, 0 where the teacher is unsure.
    others: boxes (left, top, right, bottom) in photo pixels of further people, to be masked out.
    """

    joints: NDArray[np.float32]
    weights: NDArray[np.float32]
    others: tuple[tuple[float, float, float, float], ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain lists, rounded to a tenth of a pixel."""
        return {
            "joints": np.round(self.joints.astype(float), 1).tolist(),
            "weights": self.weights.tolist(),
            "others": [[round(v, 1) for v in box] for box in self.others],
        }

    @staticmethod
    def from_json(value: dict[str, Any]) -> "TeacherPose":
        """Read what `to_json` wrote."""
        return TeacherPose(
            np.array(value["joints"], np.float32),
            np.array(value["weights"], np.float32),
            tuple(tuple(box) for box in value["others"]),
        )


def read_poses(path: Path) -> dict[str, TeacherPose]:
    """Read {photo name: teacher pose}, as `label_folder` writes it."""
    return {k: TeacherPose.from_json(v) for k, v in json.loads(path.read_text()).items()}


class TfliteModel:
    """A TensorFlow Lite file with one float image input."""

    def __init__(self, path: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter = Interpreter(str(path), num_threads=1)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = {d["name"]: d["index"] for d in self._interpreter.get_output_details()}

    def __call__(self, image: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Run on (height, width, 3) float32 and return every output by name."""
        self._interpreter.set_tensor(self._input, image[None])
        self._interpreter.invoke()
        return {n: self._interpreter.get_tensor(i).copy() for n, i in self._outputs.items()}


def square_region(
    image: NDArray[np.uint8], centre: tuple[float, float], side: float, target: int
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Cut a square around `centre` (x, y), scaled to `target` pixels, values 0..1; black outside.

    Returns the region and the 2x3 matrix from photo to region pixels.
    """
    scale = target / side
    matrix = np.array(
        [[scale, 0, target / 2 - scale * centre[0]], [0, scale, target / 2 - scale * centre[1]]]
    )
    flag = cv2.INTER_AREA if scale < 0.5 else cv2.INTER_LINEAR
    region = cv2.warpAffine(image, matrix, (target, target), flags=flag)
    return region.astype(np.float32) / 255, matrix


def _landmarks(
    model: TfliteModel, image: NDArray[np.uint8], centre: tuple[float, float], side: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the 33 BlazePose points (33, 2) in photo pixels and their visibility (33,) 0..1."""
    region, matrix = square_region(image, centre, side, LANDMARK_SIDE)
    raw = model(region)["Identity"].reshape(39, 5)[:33].astype(np.float64)
    points = (raw[:, :2] - matrix[:, 2]) / matrix[0, 0]
    return points, 1 / (1 + np.exp(-raw[:, 3]))


def _to_coco(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pick the COCO-18 joints out of 33 BlazePose rows; the neck is the middle of the shoulders."""
    rows = np.zeros((JOINT_COUNT, *values.shape[1:]))
    for joint, index in BLAZEPOSE_OF_JOINT.items():
        rows[joint] = values[index]
    rows[Joint.NECK] = (rows[Joint.LEFT_SHOULDER] + rows[Joint.RIGHT_SHOULDER]) / 2
    return rows


def _extent(points: NDArray[np.float64]) -> tuple[tuple[float, float], float]:
    """Centre and height of a body from its BlazePose points (eyes to heels, plus the skull)."""
    low, high = points.min(axis=0), points.max(axis=0)
    height = max(float(high[1] - low[1]) * 1.08, float(high[0] - low[0]))
    return (float(low[0] + high[0]) / 2, float(high[1]) - height / 2), height


def label_pose(
    landmarks: TfliteModel, detector: TfliteModel, image: NDArray[np.uint8]
) -> TeacherPose:
    """Label the main person of a whole-body photo (uint8 RGB) from six views.

    The first pass trusts that the person is alone, centred and about 0.92 of the photo high; the
    six views are then laid around what it found. A joint is the median over the views; its weight
    is 0 where the views disagree by more than a tenth of the shoulder width or where the teacher
    calls the joint hidden.
    """
    height, width = image.shape[:2]
    points, _ = _landmarks(landmarks, image, (width / 2, height / 2), 1.25 * 0.92 * height)
    centre, extent = _extent(points)
    mirror = np.ascontiguousarray(image[:, ::-1])
    joints, seen = [], []
    for scale in VIEW_SCALES:
        points, visibility = _landmarks(landmarks, image, centre, scale * extent)
        joints.append(_to_coco(points))
        seen.append(_to_coco(visibility))
        points, visibility = _landmarks(
            landmarks, mirror, (width - centre[0], centre[1]), scale * extent
        )
        points[:, 0] = width - points[:, 0]
        joints.append(_to_coco(points)[list(MIRRORED)])
        seen.append(_to_coco(visibility)[list(MIRRORED)])
    median = np.median(joints, axis=0)
    shoulder = np.linalg.norm(median[Joint.LEFT_SHOULDER] - median[Joint.RIGHT_SHOULDER])
    limit = SPREAD_LIMIT * max(float(shoulder), 0.12 * extent)
    spread = np.median(np.linalg.norm(np.array(joints) - median, axis=2), axis=0)
    good = (spread < limit) & (np.median(seen, axis=0) >= VISIBILITY_LIMIT)
    others = _others(detector, image, median)
    return TeacherPose(median.astype(np.float32), good.astype(np.float32), others)


def _anchors() -> NDArray[np.float64]:
    """Centres (2254, 2), in 0..1, of BlazePose's detector: two a cell at 28 and 14, six at 7."""
    centres = []
    for cells, count in ((28, 2), (14, 2), (7, 6)):
        y, x = np.mgrid[:cells, :cells]
        grid = np.stack([(x + 0.5) / cells, (y + 0.5) / cells], axis=2).reshape(-1, 2)
        centres.append(np.repeat(grid, count, axis=0))
    return np.concatenate(centres)


def _others(
    detector: TfliteModel, image: NDArray[np.uint8], joints: NDArray[np.float64]
) -> tuple[tuple[float, float, float, float], ...]:
    """Boxes of detected people whose hips are not the main person's, found in three tiles."""
    height, width = image.shape[:2]
    hips = (joints[Joint.LEFT_HIP] + joints[Joint.RIGHT_HIP]) / 2
    body = float(np.ptp(joints[:, 1]))
    boxes = []
    for centre, side in (
        ((width / 2, height / 2), float(height)),
        ((width * 0.25, height * 0.45), height * 0.45),
        ((width * 0.75, height * 0.45), height * 0.45),
    ):
        region, matrix = square_region(image, centre, side, DETECTOR_SIDE)
        out = detector(region * 2 - 1)
        scores = out["Identity_1"].reshape(-1)
        raw = out["Identity"].reshape(-1, 12).astype(np.float64)[scores > 0]
        anchors = _anchors()[scores > 0]
        for row, anchor in zip(raw, anchors, strict=True):
            hip = (row[4:6] + anchor * DETECTOR_SIDE - matrix[:, 2]) / matrix[0, 0]
            top = (row[6:8] + anchor * DETECTOR_SIDE - matrix[:, 2]) / matrix[0, 0]
            radius = float(np.hypot(*(top - hip)))
            if np.hypot(*(hip - hips)) < 0.2 * body or radius > 0.45 * body:
                continue
            x, y = float(hip[0]), float(hip[1])
            boxes.append((x - radius * 0.6, y - radius, x + radius * 0.6, y + radius))
    return tuple(boxes)


def label_folder(models: Path, photos: list[Path], target: Path) -> None:
    """Label every photo and write {name: pose} as JSON; names already in the file are kept."""
    done: dict[str, Any] = json.loads(target.read_text()) if target.exists() else {}
    landmarks = TfliteModel(models / "pose_landmark_heavy.tflite")
    detector = TfliteModel(models / "pose_detection.tflite")
    for count, path in enumerate(photos):
        if path.stem in done:
            continue
        image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        done[path.stem] = label_pose(landmarks, detector, image).to_json()
        if count % 100 == 99:
            _write(target, done)
    _write(target, done)


def _write(target: Path, labels: dict[str, Any]) -> None:
    partial = target.with_suffix(".partial")
    partial.write_text(json.dumps(dict(sorted(labels.items()))))
    partial.rename(target)
