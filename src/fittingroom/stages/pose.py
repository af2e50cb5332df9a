"""OpenPose: from a photo to everyone's joints.

Cao et al., "Realtime Multi-Person 2D Pose Estimation using Part Affinity Fields", CVPR 2017. The
photo is seen twice: as a whole, and then in a frame around each person.
"""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom.framing import shoulder_width
from fittingroom.geometry import Frame
from fittingroom.skeleton import (
    JOINT_COUNT,
    LIMBS,
    LIMBS_THAT_START_A_PERSON,
    MIRRORED,
    PAF_CHANNELS,
    Joint,
)
from fittingroom.types import Image, Network, Pose, Size

STRIDE: Final = 4
PEAK_THRESHOLD: Final = 0.1
FIELD_THRESHOLD: Final = 0.05
"""Along a limb the field must point the limb's way by at least this much to count."""

FIELD_SAMPLES: Final = 10
LEAST_FIELD_SHARE: Final = 0.7
LEAST_JOINTS: Final = 4
LEAST_SHOULDERS: Final = 0.45
"""Mean score of neck and both shoulders, a missing one counting 0, from which on it is a person.

One of 129 garment photos kept out of training reaches it, with 0.53; of 200 validation pictures of
people two have 0.48 and 0.50, all others 0.68 or more. Not to find somebody costs more.
"""
BORDER: Final = 0.25
"""Within this many shoulder widths of the photo's border a joint must be surer than elsewhere."""

BORDER_THRESHOLD: Final = 0.25
"""Joints just outside the photo leave faint peaks inside it; they would be invented."""

REFINED_PEOPLE: Final = 4
"""Only this many people, the largest, are looked at a second time."""

SHOULDERS: Final = (Joint.NECK, Joint.RIGHT_SHOULDER, Joint.LEFT_SHOULDER)
TORSO: Final = (*SHOULDERS, Joint.RIGHT_HIP, Joint.LEFT_HIP)


class Peak(NamedTuple):
    """A candidate joint in map cells; `ident` is unique among all peaks of a picture."""

    x: float
    y: float
    score: float
    ident: int


class Connection(NamedTuple):
    """Two peaks joined by a limb; `quality` is the mean field along it."""

    start: Peak
    end: Peak
    quality: float

    @property
    def strength(self) -> float:
        """Quality weighed by both peaks: a faint peak on the way must not beat the joint itself."""
        return self.quality * float(np.sqrt(self.start.score * self.end.score))


def encode(image: Image) -> dict[str, NDArray[np.float32]]:
    """Picture (h, w, 3) uint8 to the network's input (1, 3, h, w), RGB 0..255."""
    return {"image": np.ascontiguousarray(image.transpose(2, 0, 1)[None], np.float32)}


def _mirrored_fields() -> tuple[list[int], NDArray[np.float32]]:
    """Channels of the fields in the order of a mirrored picture, and the sign of each."""
    order, signs = [0] * len(LIMBS) * 2, np.ones(len(LIMBS) * 2, np.float32)
    partners = [LIMBS.index((MIRRORED[start], MIRRORED[end])) for start, end in LIMBS]
    for limb, partner in enumerate(partners):
        for axis in (0, 1):
            order[PAF_CHANNELS[limb][axis]] = PAF_CHANNELS[partner][axis]
        signs[PAF_CHANNELS[limb][0]] = -1
    return order, signs


FIELD_ORDER, FIELD_SIGNS = _mirrored_fields()
HEAT_ORDER: Final = [*MIRRORED, JOINT_COUNT]


def unmirrored(maps: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
    """What the network says of a mirrored picture, as it is of the picture itself."""
    fields = maps["fields"][:, FIELD_ORDER, :, ::-1] * FIELD_SIGNS[None, :, None, None]
    return {"heat": maps["heat"][:, HEAT_ORDER, :, ::-1], "fields": fields}


def find_peaks(heat: NDArray[np.float32]) -> list[list[Peak]]:
    """Peaks of each of the 18 heat maps (18 or more, h, w), with sub-cell positions."""
    peaks: list[list[Peak]] = []
    ident = 0
    for joint in Joint:
        plane = cv2.GaussianBlur(heat[joint], (0, 0), 0.7)
        highest = cv2.dilate(plane, np.ones((3, 3), np.uint8))
        rows, columns = np.nonzero((plane >= highest) & (heat[joint] > PEAK_THRESHOLD))
        found = []
        for y, x in zip(rows.tolist(), columns.tolist(), strict=True):
            dx, dy = _offset(plane, x, y)
            found.append(Peak(x + dx, y + dy, float(heat[joint, y, x]), ident))
            ident += 1
        peaks.append(found)
    return peaks


def _offset(plane: NDArray[np.float32], x: int, y: int) -> tuple[float, float]:
    """Vertex of the parabola through a peak and its neighbours, at most half a cell away."""

    def vertex(before: float, at: float, after: float) -> float:
        bend = before - 2 * at + after
        return 0.0 if bend >= 0 else float(np.clip(0.5 * (before - after) / bend, -0.5, 0.5))

    height, width = plane.shape
    row, column = plane[y], plane[:, x]
    dx = vertex(*row[x - 1 : x + 2]) if 0 < x < width - 1 else 0.0
    dy = vertex(*column[y - 1 : y + 2]) if 0 < y < height - 1 else 0.0
    return dx, dy


def connect(starts: list[Peak], ends: list[Peak], fields: NDArray[np.float32]) -> list[Connection]:
    """Join peaks by the field (2, h, w) between them: greedy by strength, each peak used once."""
    candidates = [
        Connection(start, end, quality)
        for start in starts
        for end in ends
        if (quality := _field_along(start, end, fields)) > 0
    ]
    chosen: list[Connection] = []
    used: set[int] = set()
    for candidate in sorted(candidates, key=lambda c: -c.strength):
        if used.isdisjoint({candidate.start.ident, candidate.end.ident}):
            used |= {candidate.start.ident, candidate.end.ident}
            chosen.append(candidate)
    return chosen


def _field_along(start: Peak, end: Peak, fields: NDArray[np.float32]) -> float:
    """Mean of field · direction from start to end; 0 where too little of the way agrees.

    Limbs longer than the picture is high lose; OpenPose's own limit, half of that, would cut the
    hips off half bodies.
    """
    way = np.array([end.x - start.x, end.y - start.y])
    length = float(np.hypot(*way))
    if length < 1e-3:
        return 0.0
    height, width = fields.shape[1:]
    steps = np.linspace(0, 1, FIELD_SAMPLES)
    columns = np.clip(np.rint(start.x + steps * way[0]).astype(int), 0, width - 1)
    rows = np.clip(np.rint(start.y + steps * way[1]).astype(int), 0, height - 1)
    along = (fields[0, rows, columns] * way[0] + fields[1, rows, columns] * way[1]) / length
    if float((along > FIELD_THRESHOLD).mean()) < LEAST_FIELD_SHARE:
        return 0.0
    too_long = min(height / length - 1, 0.0)
    return float(along.mean()) + too_long


def assemble(peaks: list[list[Peak]], fields: NDArray[np.float32]) -> list[dict[Joint, Peak]]:
    """Put people together limb by limb; fields (38, h, w). Weak ones are dropped."""
    people: list[dict[Joint, Peak]] = []
    for index, (start, end) in enumerate(LIMBS):
        limb_fields = fields[list(PAF_CHANNELS[index])]
        for connection in connect(peaks[start], peaks[end], limb_fields):
            _attach(people, start, end, connection, index < LIMBS_THAT_START_A_PERSON)
    return [person for person in people if _is_person(person)]


def _is_person(peaks: dict[Joint, Peak]) -> bool:
    """Whether enough joints were joined, and neck and shoulders are sure enough."""
    shoulders = [peaks[joint].score for joint in SHOULDERS if joint in peaks]
    return len(peaks) >= LEAST_JOINTS and sum(shoulders) / len(SHOULDERS) >= LEAST_SHOULDERS


def _attach(
    people: list[dict[Joint, Peak]],
    start: Joint,
    end: Joint,
    connection: Connection,
    may_start: bool,
) -> None:
    """Add a limb to the person it belongs to, merge the two it joins, or start a new one."""
    ends = {start: connection.start, end: connection.end}
    owners = [
        person for person in people if any(person.get(joint) == ends[joint] for joint in ends)
    ]
    if not owners:
        if may_start:
            people.append(ends)
        return
    owner = owners[0]
    if len(owners) > 1 and owner.keys().isdisjoint(owners[1]):
        owner.update(owners[1])
        people.remove(owners[1])
        return
    for joint, peak in ends.items():
        owner.setdefault(joint, peak)


def decode(maps: Mapping[str, NDArray[np.float32]]) -> list[Pose]:
    """Network output "heat" (1, 19, h, w), "fields" (1, 38, h, w) to poses in input pixels."""
    people = assemble(find_peaks(maps["heat"][0]), maps["fields"][0])
    return [_to_pose(peaks) for peaks in people]


def _to_pose(peaks: dict[Joint, Peak]) -> Pose:
    joints = np.zeros((JOINT_COUNT, 2), np.float32)
    scores = np.zeros(JOINT_COUNT, np.float32)
    for joint, peak in peaks.items():
        joints[joint] = ((peak.x + 0.5) * STRIDE - 0.5, (peak.y + 0.5) * STRIDE - 0.5)
        scores[joint] = min(max(peak.score, 1e-3), 1.0)
    return Pose(joints, scores)


def prominence(pose: Pose) -> tuple[int, float]:
    """What makes a person the main one: first a complete torso, then its size."""
    complete = sum(pose.sees(joint) for joint in TORSO)
    points = pose.joints[[joint for joint in Joint if pose.sees(joint)]]
    torso = pose.joints[[joint for joint in TORSO if pose.sees(joint)]]
    size = float(np.prod(np.ptp(torso, axis=0) + 1)) if len(torso) > 1 else 0.0
    return min(complete, 3), size + 1e-3 * float(np.prod(np.ptp(points, axis=0) + 1))


def person_box(pose: Pose) -> tuple[float, float, float, float]:
    """Box (left, top, right, bottom) around the joints with room for hair, hands and feet."""
    points = pose.joints[[joint for joint in Joint if pose.sees(joint)]]
    low, high = points.min(axis=0), points.max(axis=0)
    margin = 0.12 * float(max(high - low)) + 4
    return (
        float(low[0]) - margin,
        float(low[1]) - margin,
        float(high[0]) + margin,
        float(high[1]) + margin,
    )


class PoseEstimator:
    """Finds everyone in a photo.

    network: input "image" (1, 3, h, w), RGB 0..255; outputs "heat" (1, 19, h/4, w/4) and "fields"
    (1, 38, h/4, w/4); its spec carries "input_size" as [height, width].
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._size = Size(*network.spec["input_size"])

    def __call__(self, photo: Image) -> tuple[Pose, ...]:
        """Return the poses in photo pixels, the main person first; empty when nobody is there."""
        height, width = photo.shape[:2]
        whole = Frame.covering(0, 0, width, height, self._size)
        people = sorted(self._look(photo, whole), key=prominence, reverse=True)
        refined = [self._refine(photo, pose) for pose in people[:REFINED_PEOPLE]]
        everyone = _without_twins([*refined, *people[REFINED_PEOPLE:]])
        return tuple(sorted(everyone, key=prominence, reverse=True))

    def _look(self, photo: Image, frame: Frame, twice: bool = False) -> list[Pose]:
        """People in a frame; `twice`: the mirrored picture is seen too, and both are averaged."""
        picture = frame.enter(photo)
        maps = self._network(encode(picture))
        if twice:
            other = unmirrored(self._network(encode(picture[:, ::-1])))
            maps = {name: np.asarray((maps[name] + other[name]) / 2, np.float32) for name in other}
        inside = _within(photo)
        people = [inside(frame.leave_pose(pose)) for pose in decode(maps)]
        # Where the frame reaches over the photo's border, people may be seen in the padding.
        return [pose for pose in people if len(pose.missing) <= JOINT_COUNT - LEAST_JOINTS]

    def _refine(self, photo: Image, coarse: Pose) -> Pose:
        """Look again, in a frame around the person; keep the first look if the second fails."""
        frame = Frame.covering(*person_box(coarse), self._size)
        seen = self._look(photo, frame, twice=True)
        found = [pose for pose in seen if len(_shared(pose, coarse)) > 0]
        if not found:
            return coarse
        nearest = min(found, key=lambda pose: _distance(pose, coarse))
        kept = len(nearest.missing) <= len(coarse.missing) + 2
        return nearest if kept else coarse


def _within(photo: Image) -> Callable[[Pose], Pose]:
    """A function that drops joints which lie outside the photo: they would be invented."""
    height, width = photo.shape[:2]

    def clipped(pose: Pose) -> Pose:
        x, y = pose.joints[:, 0], pose.joints[:, 1]
        room = np.min([x, y, width - 1 - x, height - 1 - y], axis=0)
        broad = pose.sees(Joint.RIGHT_SHOULDER, Joint.LEFT_SHOULDER)
        unit = shoulder_width(pose) if broad else 0.0
        margin = np.where(pose.scores < BORDER_THRESHOLD, BORDER * unit, -0.5)
        scores = np.where(room >= margin, pose.scores, 0).astype(np.float32)
        return Pose(np.where(scores[:, None] > 0, pose.joints, 0).astype(np.float32), scores)

    return clipped


def _shared(a: Pose, b: Pose) -> list[Joint]:
    return [joint for joint in Joint if a.sees(joint) and b.sees(joint)]


def _distance(a: Pose, b: Pose) -> float:
    shared = _shared(a, b)
    return float(np.linalg.norm(a.joints[shared] - b.joints[shared], axis=1).mean())


def _without_twins(people: list[Pose]) -> list[Pose]:
    """Drop a pose that repeats an earlier, more prominent one."""
    kept: list[Pose] = []
    for pose in people:
        box = person_box(pose)
        reach = 0.1 * max(box[2] - box[0], box[3] - box[1])
        if all(not _shared(pose, other) or _distance(pose, other) > reach for other in kept):
            kept.append(pose)
    return kept
