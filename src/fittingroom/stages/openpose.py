"""OpenPose's published COCO-18 network: from a photo to its input, from its maps to people.

Cao et al., "Realtime Multi-Person 2D Pose Estimation using Part Affinity Fields", CVPR 2017, step
by step as the PyTorch port does it, so that its weights give its numbers here. The project's own
estimator, which decodes at sub-pixel precision, is in `pose.py`.
"""

from dataclasses import dataclass
from itertools import product
from typing import Final, NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom.skeleton import (
    JOINT_COUNT,
    LIMBS,
    LIMBS_THAT_START_A_PERSON,
    PAF_CHANNELS,
    Joint,
)
from fittingroom.types import Image, Pose, Size

STRIDE: Final = 8
NETWORK_HEIGHT: Final = 184
"""Half of the 368 pixels that the network was trained at: the port's one active scale."""

PADDING: Final = 128
BLUR: Final = 3.0
BLUR_RADIUS: Final = 12
PEAK_THRESHOLD: Final = 0.1
FIELD_THRESHOLD: Final = 0.05
FIELD_SAMPLES: Final = 10
FIELD_AGREEING: Final = 8
"""More than so many of the samples along a limb must exceed the threshold."""

LEAST_LENGTH: Final = 1e-3
LEAST_JOINTS: Final = 4
LEAST_MEAN_SCORE: Final = 0.4
NONE: Final = -1

Map: TypeAlias = NDArray[np.float32]


class Peak(NamedTuple):
    """A candidate joint at whole pixels of the photo; `ident` counts through all joints."""

    x: int
    y: int
    score: float
    ident: int


class Connection(NamedTuple):
    """Two peaks, by their idents, joined by a limb."""

    start: int
    end: int
    quality: float


@dataclass(slots=True)
class Assembly:
    """A person in the making: peak of each joint or -1, total score, number of joined peaks."""

    joints: list[int]
    score: float
    count: int


def network_size(photo: Size) -> Size:
    """Height and width of the photo as the network sees it, before padding."""
    factor = NETWORK_HEIGHT / photo.height
    return Size(round(photo.height * factor), round(photo.width * factor))


def encode(photo: Image) -> NDArray[np.float32]:
    """RGB (H, W, 3) uint8 to the network's input (1, 3, h, w), B, G, R / 256 - 0.5.

    184 high, padded to the right and below with 128 to multiples of 8.
    """
    factor = NETWORK_HEIGHT / photo.shape[0]
    small = cv2.resize(
        photo[:, :, ::-1], (0, 0), fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC
    )
    below, right = (-side % STRIDE for side in small.shape[:2])
    padded = np.pad(small, ((0, below), (0, right), (0, 0)), constant_values=PADDING)
    planes = np.ascontiguousarray(padded.transpose(2, 0, 1)[None], np.float32)
    return planes / np.float32(256) - np.float32(0.5)


def full_size(plane: Map, photo: Size) -> Map:
    """One map (h/8, w/8) of the padded picture to (H, W) of the photo, cubic twice over."""
    pixels = cv2.resize(plane, (0, 0), fx=STRIDE, fy=STRIDE, interpolation=cv2.INTER_CUBIC)
    inside = network_size(photo)
    pixels = pixels[: inside.height, : inside.width]
    full: Map = cv2.resize(pixels, (photo.width, photo.height), interpolation=cv2.INTER_CUBIC)
    return full


def find_peaks(heat: Map, photo: Size) -> list[list[Peak]]:
    """Peaks of each of the 18 joints; heat: (18 or more, h/8, w/8).

    A pixel is a peak if, after the blur, none of its four neighbours exceeds it and it exceeds
    the threshold; its score is the unblurred value. A plateau has several.
    """
    peaks: list[list[Peak]] = []
    ident = 0
    for joint in Joint:
        plane = full_size(heat[joint], photo).astype(np.float64)
        rows, columns = np.nonzero(_is_peak(_blurred(plane)))
        found = [
            Peak(int(x), int(y), float(plane[y, x]), ident + index)
            for index, (y, x) in enumerate(zip(rows, columns, strict=True))
        ]
        ident += len(found)
        peaks.append(found)
    return peaks


def _blurred(plane: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gaussian as SciPy's: cut off at four standard deviations, borders mirrored at pixel edges."""
    steps = np.arange(-BLUR_RADIUS, BLUR_RADIUS + 1)
    kernel = np.exp(-0.5 * (steps / BLUR) ** 2)
    kernel /= kernel.sum()
    blurred: NDArray[np.float64] = cv2.sepFilter2D(
        plane, cv2.CV_64F, kernel, kernel, borderType=cv2.BORDER_REFLECT
    )
    return blurred


def _is_peak(plane: NDArray[np.float64]) -> NDArray[np.bool_]:
    around = np.pad(plane, 1)
    height, width = plane.shape
    highest = plane > PEAK_THRESHOLD
    for dy, dx in ((0, 1), (2, 1), (1, 0), (1, 2)):
        highest &= plane >= around[dy : dy + height, dx : dx + width]
    return highest


def connect(starts: list[Peak], ends: list[Peak], field: tuple[Map, Map]) -> list[Connection]:
    """Join peaks by the field between them: greedy by quality, each peak used once.

    field: its x and y component, (H, W) each.
    """
    candidates = [
        Connection(start.ident, end.ident, quality)
        for start, end in product(starts, ends)
        if (quality := _quality(start, end, field)) > 0
    ]
    chosen: list[Connection] = []
    used: set[int] = set()
    for candidate in sorted(candidates, key=lambda c: -c.quality):
        if used.isdisjoint({candidate.start, candidate.end}):
            used |= {candidate.start, candidate.end}
            chosen.append(candidate)
    return chosen


def _quality(start: Peak, end: Peak, field: tuple[Map, Map]) -> float:
    """Mean of field · direction, less what the limb is longer than half the photo's height.

    0 where too few of the ten samples agree.
    """
    way = np.array([end.x - start.x, end.y - start.y])
    length = max(float(np.hypot(*way)), LEAST_LENGTH)
    columns = np.rint(np.linspace(start.x, end.x, FIELD_SAMPLES)).astype(int)
    rows = np.rint(np.linspace(start.y, end.y, FIELD_SAMPLES)).astype(int)
    x, y = (component[rows, columns] for component in field)
    along = (x * way[0] + y * way[1]) / length
    if np.count_nonzero(along > FIELD_THRESHOLD) <= FIELD_AGREEING:
        return 0.0
    return float(along.mean()) + min(0.5 * field[0].shape[0] / length - 1, 0.0)


def assemble(peaks: list[list[Peak]], fields: Map, photo: Size) -> list[Assembly]:
    """Put people together limb by limb, fields (38, h/8, w/8); the weak ones are dropped."""
    scores = [peak.score for found in peaks for peak in found]
    people: list[Assembly] = []
    for index, (start, end) in enumerate(LIMBS):
        if not (peaks[start] and peaks[end]):
            continue
        x, y = (full_size(fields[channel], photo) for channel in PAF_CHANNELS[index])
        for connection in connect(peaks[start], peaks[end], (x, y)):
            attach(people, index, connection, scores)
    return [
        person
        for person in people
        if person.count >= LEAST_JOINTS and person.score / person.count >= LEAST_MEAN_SCORE
    ]


def attach(people: list[Assembly], limb: int, connection: Connection, scores: list[float]) -> None:
    """Add a limb to the person it belongs to, merge the two it joins, or start a new one.

    Where three people hold one of its ends the published code fails; here the first two count.
    """
    start, end = LIMBS[limb]
    owners = [
        person
        for person in people
        if person.joints[start] == connection.start or person.joints[end] == connection.end
    ]
    if not owners:
        if limb < LIMBS_THAT_START_A_PERSON:
            people.append(_started(limb, connection, scores))
        return
    if len(owners) > 1 and _disjoint(owners[0], owners[1]):
        _merge(owners[0], owners[1], connection.quality)
        people.remove(owners[1])
        return
    if len(owners) > 1 or owners[0].joints[end] != connection.end:
        owners[0].joints[end] = connection.end
        owners[0].count += 1
        owners[0].score += scores[connection.end] + connection.quality


def _started(limb: int, connection: Connection, scores: list[float]) -> Assembly:
    joints = [NONE] * JOINT_COUNT
    start, end = LIMBS[limb]
    joints[start], joints[end] = connection.start, connection.end
    both = scores[connection.start] + scores[connection.end]
    return Assembly(joints, both + connection.quality, 2)


def _disjoint(a: Assembly, b: Assembly) -> bool:
    return all(NONE in pair for pair in zip(a.joints, b.joints, strict=True))


def _merge(person: Assembly, other: Assembly, quality: float) -> None:
    person.joints = [max(pair) for pair in zip(person.joints, other.joints, strict=True)]
    person.score += other.score + quality
    person.count += other.count


def decode(
    fields: NDArray[np.float32], heat: NDArray[np.float32], photo: Size
) -> tuple[list[list[Peak]], list[Assembly]]:
    """The network's fields (1, 38, h/8, w/8) and heat maps (1, 19, h/8, w/8) to people.

    Maps are brought to the photo's size one by one, so that a large photo does not need them all.
    Returns the peaks of each joint, in pixels of the photo, and the people put together of them.
    """
    peaks = find_peaks(heat[0], photo)
    return peaks, assemble(peaks, fields[0], photo)


def to_poses(peaks: list[list[Peak]], people: list[Assembly]) -> list[Pose]:
    """People as poses in pixels of the photo, the one with the highest total score first."""
    everyone = [peak for found in peaks for peak in found]
    poses = []
    for person in sorted(people, key=lambda person: -person.score):
        joints = np.zeros((JOINT_COUNT, 2), np.float32)
        scores = np.zeros(JOINT_COUNT, np.float32)
        for joint, ident in enumerate(person.joints):
            if ident != NONE:
                peak = everyone[ident]
                joints[joint] = (peak.x, peak.y)
                scores[joint] = np.clip(peak.score, 1e-3, 1)
        poses.append(Pose(joints, scores))
    return poses
