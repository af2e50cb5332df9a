"""SCHP: from a picture of a person to body parts and clothes.

Li et al., "Self-Correction for Human Parsing", TPAMI 2020. The network knows the LIP-20 classes
and three of its own: bag, belt and small things, which decide what stays in front.
"""

from collections.abc import Mapping
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom.errors import FittingRoomError
from fittingroom.framing import choose_subject, try_on_frame
from fittingroom.geometry import Frame
from fittingroom.guided import Guide, Plane, apply_fit, scaling
from fittingroom.labels import (
    ACGPN_OF_CLASS,
    ATR_LEFT_LEG,
    ATR_OF_CLASS,
    ATR_RIGHT_LEG,
    CLASS_COUNT,
    MIRRORED_LABELS,
    LabelSet,
    Lip,
    Part,
)
from fittingroom.skeleton import JOINT_COUNT, MIRRORED, Joint
from fittingroom.types import (
    Image,
    LabelMap,
    Mask,
    Network,
    Parsing,
    Person,
    Points,
    Pose,
    Size,
)

WRIST_REACH: Final = 0.6
"""Small things this near to a wrist, in torso lengths, are held or worn on the hand."""

LEFT_ARM: Final = (Joint.LEFT_SHOULDER, Joint.LEFT_ELBOW, Joint.LEFT_WRIST)
RIGHT_ARM: Final = (Joint.RIGHT_SHOULDER, Joint.RIGHT_ELBOW, Joint.RIGHT_WRIST)
LEFT_LEG: Final = (Joint.LEFT_HIP, Joint.LEFT_KNEE, Joint.LEFT_ANKLE)
RIGHT_LEG: Final = (Joint.RIGHT_HIP, Joint.RIGHT_KNEE, Joint.RIGHT_ANKLE)
SIDED: Final = (
    (Lip.LEFT_ARM, Lip.RIGHT_ARM, LEFT_ARM, RIGHT_ARM),
    (Lip.LEFT_LEG, Lip.RIGHT_LEG, LEFT_LEG, RIGHT_LEG),
    (Lip.LEFT_SHOE, Lip.RIGHT_SHOE, LEFT_LEG, RIGHT_LEG),
)

PRESENT: Final = 0.25
"""Share of a pixel that a class must have somewhere, unless it leads there, to be considered."""
LARGEST: Final = 2048
"""Longer side of the part of a photo whose borders are refined pixel by pixel."""

ALL_THERE: Final = 10.0
"""Presence logit of a class that nobody doubts."""

Floats = NDArray[np.float32]

MAP_STRIDE: Final = 8
MAP_LIMBS: Final = tuple(
    pair
    for chain in (RIGHT_ARM, LEFT_ARM, RIGHT_LEG, LEFT_LEG)
    for pair in zip(chain, chain[1:], strict=False)
)
MAP_COUNT: Final = JOINT_COUNT + len(MAP_LIMBS)
MAP_SPREAD: Final = 0.12
"""Standard deviation of a joint's peak and of a limb's flank, in shoulder widths."""


def joint_maps(joints: Points, seen: NDArray[np.bool_], size: Size) -> NDArray[np.float32]:
    """Draw joints (18, 2), in pixels of a picture of `size`, as (26, h / 8, w / 8) float32.

    18 peaks in the order of the joints, then right and left upper arm, forearm, thigh and shin as
    ridges, all with a crest of 1. `seen` (18,) bool; what hangs on an unseen joint stays 0.
    """
    height, width = size.height // MAP_STRIDE, size.width // MAP_STRIDE
    maps = np.zeros((MAP_COUNT, height, width), np.float32)
    cells = (joints + 0.5) / MAP_STRIDE - 0.5
    spread = float(np.clip(MAP_SPREAD * _unit(joints, seen, size) / MAP_STRIDE, 0.7, 2.5))
    y, x = np.mgrid[:height, :width].astype(np.float32)
    for joint in np.flatnonzero(seen):
        square = (x - cells[joint, 0]) ** 2 + (y - cells[joint, 1]) ** 2
        maps[joint] = np.exp(-square / (2 * spread**2))
    for index, (start, end) in enumerate(MAP_LIMBS, JOINT_COUNT):
        if seen[start] and seen[end]:
            along = cells[end] - cells[start]
            off = np.stack([x - cells[start, 0], y - cells[start, 1]], axis=-1)
            place = np.clip(off @ along / max(float(along @ along), 1e-6), 0, 1)
            square = ((off - place[..., None] * along) ** 2).sum(axis=-1)
            maps[index] = np.exp(-square / (2 * spread**2))
    return maps


def _unit(joints: Points, seen: NDArray[np.bool_], size: Size) -> float:
    """max(shoulder width, half of neck to hip) as far as these are seen, pixels."""
    lengths = [
        share * float(np.linalg.norm(joints[a] - joints[b]))
        for a, b, share in (
            (Joint.RIGHT_SHOULDER, Joint.LEFT_SHOULDER, 1.0),
            (Joint.NECK, Joint.RIGHT_HIP, 0.5),
            (Joint.NECK, Joint.LEFT_HIP, 0.5),
        )
        if seen[a] and seen[b]
    ]
    return max(lengths, default=size.height / 6)


def encode(small: Image, pose: Pose) -> dict[str, NDArray[np.float32]]:
    """Picture (h, w, 3) uint8 of the network's size, and the pose in it, to its inputs.

    "image" (1, 3, h, w), RGB 0..255; "joints" (1, 26, h / 8, w / 8), see `joint_maps`.
    """
    maps = joint_maps(pose.joints, pose.scores > 0, Size(*small.shape[:2]))
    return {
        "image": np.ascontiguousarray(small.transpose(2, 0, 1)[None], np.float32),
        "joints": maps[None],
    }


def shares_of(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Softmax over the classes: (1, 23, h, w) to (23, h, w)."""
    powers = np.exp(logits[0] - logits[0].max(axis=0))
    shares: NDArray[np.float32] = powers / powers.sum(axis=0)
    return shares


def _mirror_order() -> list[int]:
    order = list(range(CLASS_COUNT))
    for left, right in MIRRORED_LABELS:
        order[left], order[right] = right, left
    return order


MIRROR: Final = _mirror_order()
"""Each class's partner in a mirrored picture."""


def mirrored_shares(shares: NDArray[np.float32]) -> NDArray[np.float32]:
    """Shares (23, h, w) of a mirrored picture, as they are of the picture itself."""
    return shares[MIRROR][:, :, ::-1]


def mirrored_pose(pose: Pose, width: int) -> Pose:
    """The pose of a mirrored picture: left and right change places."""
    joints = pose.joints[list(MIRRORED)].copy()
    joints[:, 0] = width - 1 - joints[:, 0]
    return Pose(joints, pose.scores[list(MIRRORED)])


def decode(
    shares: NDArray[np.float32], small: Image, matrix: NDArray[np.float64], photo: Image
) -> LabelMap:
    """Shares (23, h, w) to classes of `photo` (H, W) uint8, borders laid on the photo's edges.

    small: what the network saw. matrix: 2x3, pixels of the photo to those of `small`.
    """
    guide = Guide(small)
    height, width = small.shape[:2]
    best = np.full(photo.shape[:2], -np.inf, np.float32)
    classes = np.zeros(photo.shape[:2], np.uint8)
    likely = shares >= np.minimum(shares.max(axis=0), PRESENT)
    for index in np.flatnonzero(likely.any(axis=(1, 2))):
        share = cv2.resize(shares[index], (width, height), interpolation=cv2.INTER_LINEAR)
        window = _reach(share, guide.reach, matrix, photo)
        place = matrix.copy()
        place[:, 2] += matrix[:, :2] @ (window[1].start, window[0].start)
        plane = apply_fit(guide.fit(share), place, photo[window])
        _take(classes[window], best[window], int(index), plane)
    return classes


def _reach(
    share: Plane, reach: int, matrix: NDArray[np.float64], photo: Image
) -> tuple[slice, slice]:
    """The window of the photo in which a refined share can matter."""
    rows, columns = (np.flatnonzero((share > 0.02).any(axis=axis)) for axis in (1, 0))
    height, width = photo.shape[:2]
    back = cv2.invertAffineTransform(matrix)
    low = back[:, :2] @ (columns[0] - reach, rows[0] - reach) + back[:, 2]
    high = back[:, :2] @ (columns[-1] + reach, rows[-1] + reach) + back[:, 2]
    x0, y0 = (min(max(0, int(v)), n - 1) for v, n in zip(low, (width, height), strict=True))
    x1, y1 = (max(min(int(v) + 2, n), 1) for v, n in zip(high, (width, height), strict=True))
    return slice(y0, max(y1, y0 + 1)), slice(x0, max(x1, x0 + 1))


def _take(classes: LabelMap, best: NDArray[np.float32], index: int, plane: Plane) -> None:
    """Give a class the pixels where its plane is the largest so far.

    Planes come one after the other, so that never more than two full ones exist.
    """
    better = (plane > best).view(np.uint8)
    cv2.max(plane, best, dst=best)
    cv2.copyTo(np.full(classes.shape, index, np.uint8), better, classes)


def take_sides(classes: LabelMap, pose: Pose) -> LabelMap:
    """Name limb pixels after the nearer limb of the pose.

    The network sees left and right only by context; the joints know. Where one side's joints were
    not seen, the network's word stands.
    """
    sided = classes.copy()
    for left, right, left_limb, right_limb in SIDED:
        left_bones, right_bones = _bones(pose, left_limb), _bones(pose, right_limb)
        if not left_bones or not right_bones:
            continue
        pieces = np.isin(classes, (left, right)).astype(np.uint8)
        if not cv2.countNonZero(pieces):
            continue
        nearer_left = _distance(classes.shape, left_bones) < _distance(classes.shape, right_bones)
        sided[(pieces > 0) & nearer_left] = left
        sided[(pieces > 0) & ~nearer_left] = right
    return sided


def _bones(pose: Pose, limb: tuple[Joint, ...]) -> list[tuple[NDArray[np.int32], ...]]:
    seen = [joint for joint in limb if pose.sees(joint)]
    points = [np.rint(pose.point(joint)).astype(np.int32) for joint in seen]
    return list(zip(points, points[1:], strict=False))


def _distance(
    shape: tuple[int, ...], bones: list[tuple[NDArray[np.int32], ...]]
) -> NDArray[np.float32]:
    canvas = np.full(shape, 255, np.uint8)
    for start, end in bones:
        cv2.line(canvas, start.tolist(), end.tolist(), 0, 1)
    distance: NDArray[np.float32] = cv2.distanceTransform(canvas, cv2.DIST_L2, 3)
    return distance


def to_lip(classes: LabelMap) -> LabelMap:
    """Turn the network's classes to LIP-20.

    Bags go to background; belts and small things to the label that surrounds most of each piece.
    """
    lip = classes.copy()
    lip[classes == Part.BAG] = Lip.BACKGROUND
    small = np.isin(classes, (Part.BELT, Part.SMALL_THING)).astype(np.uint8)
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(small)
    for piece in range(1, count):
        x, y, width, height, _ = stats[piece].tolist()
        window = np.s_[max(0, y - 2) : y + height + 2, max(0, x - 2) : x + width + 2]
        inside = (pieces[window] == piece).astype(np.uint8)
        rim = (cv2.dilate(inside, np.ones((5, 5), np.uint8)) > 0) & (small[window] == 0)
        around = np.bincount(lip[window][rim], minlength=1)
        lip[window][inside > 0] = around.argmax()
    return lip


def held_things(classes: LabelMap, pose: Pose) -> Mask:
    """Mask of bags, and of small things near a wrist: what stays in front of the clothes."""
    held: Mask = np.where(classes == Part.BAG, 255, 0).astype(np.uint8)
    wrists = [joint for joint in (Joint.LEFT_WRIST, Joint.RIGHT_WRIST) if pose.sees(joint)]
    if not wrists:
        return held
    torso = pose.joints[[Joint.NECK, Joint.LEFT_HIP, Joint.RIGHT_HIP]]
    reach = max(1, int(WRIST_REACH * float(np.ptp(torso[:, 1]))))
    near = np.zeros_like(held)
    for wrist in wrists:
        cv2.circle(near, np.rint(pose.point(wrist)).astype(int).tolist(), reach, 255, -1)
    held[(classes == Part.SMALL_THING) & (near > 0)] = 255
    return held


def to_label_set(classes: LabelMap, labels: LabelSet) -> LabelMap:
    """Turn the network's classes into the labels of one of the field's sets."""
    if labels is LabelSet.LIP:
        return to_lip(classes)
    if labels is LabelSet.ACGPN:
        return ACGPN_OF_CLASS[classes]
    atr = ATR_OF_CLASS[np.where(classes == Part.SMALL_THING, to_lip(classes), classes)]
    return _socks_on_their_side(atr, classes)


def _socks_on_their_side(atr: LabelMap, classes: LabelMap) -> LabelMap:
    """ATR has no socks: each pixel of them goes to the leg of the nearer shoe or leg."""
    socks = classes == Lip.SOCKS
    if not socks.any():
        return atr
    distances = []
    for part in ((Lip.LEFT_SHOE, Lip.LEFT_LEG), (Lip.RIGHT_SHOE, Lip.RIGHT_LEG)):
        canvas = np.where(np.isin(classes, part), 0, 255).astype(np.uint8)
        distances.append(cv2.distanceTransform(canvas, cv2.DIST_L2, 3))
    right = socks & (distances[1] < distances[0])
    return np.where(right, ATR_RIGHT_LEG, np.where(socks, ATR_LEFT_LEG, atr)).astype(np.uint8)


class Look:
    """What the network says of a picture and of its mirror image.

    small: the picture (h, w, 3).
    """

    def __init__(
        self, small: Image, direct: Mapping[str, Floats], mirrored: Mapping[str, Floats]
    ) -> None:
        self.small = small
        self._direct, self._mirrored = direct, mirrored

    @property
    def presence(self) -> Floats:
        """Logits (23,) of whether each class shows at all; the mean of both pictures'."""
        both = _presence(self._direct) + _presence(self._mirrored)[MIRROR]
        return (both / 2).astype(np.float32)

    def shares(self, presence: Floats | None = None) -> Floats:
        """Shares (23, h/4, w/4) of the classes, the mean over both pictures.

        presence: (23,) what is known from elsewhere of the classes that show; each picture's own
        presence is then averaged with it.
        """
        told = self.presence
        if presence is not None:
            told = ((told + presence) / 2).astype(np.float32)
        direct = shares_of(_regated(self._direct, told))
        other = mirrored_shares(shares_of(_regated(self._mirrored, told[MIRROR])))
        return ((direct + other) / 2).astype(np.float32)


def _regated(answer: Mapping[str, Floats], presence: Floats) -> Floats:
    """Fusion logits (1, 23, h, w) as if the network had found another presence (23,)."""
    change = _log_sigmoid(presence) - _log_sigmoid(_presence(answer))
    change[Lip.BACKGROUND] = 0
    return answer["fusion"] + change[:, None, None]


def _presence(answer: Mapping[str, Floats]) -> Floats:
    """Presence (23,) in an answer; a network without that branch lets everything be there."""
    presence = answer.get("presence")
    return np.full(CLASS_COUNT, ALL_THERE, np.float32) if presence is None else presence[0]


def _log_sigmoid(logits: Floats) -> Floats:
    return -np.logaddexp(np.float32(0), -logits)


class Parser:
    """Labels people.

    network: inputs "image" (1, 3, h, w), RGB 0..255, and "joints" (1, 26, h/8, w/8); outputs
    "fusion" (1, 23, h/4, w/4), logits with the presence taken into account, and "presence"
    (1, 23), logits; its spec carries "input_size" as [height, width].
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._size = Size(*network.spec["input_size"])

    @property
    def size(self) -> Size:
        """What the network looks at."""
        return self._size

    def classes(self, image: Image, pose: Pose) -> LabelMap:
        """Classes (h, w) of a frame's picture, `Lip` or `Part`; pose in its pixels."""
        size = Size(*image.shape[:2])
        shrinks = size.height > self._size.height
        small = cv2.resize(
            image,
            (self._size.width, self._size.height),
            interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR,
        )
        matrix = scaling(self._size, size)
        look = self.look(small, _moved(pose, matrix))
        return take_sides(decode(look.shares(), small, matrix, image), pose)

    def look(self, small: Image, pose: Pose) -> "Look":
        """Run the network on a picture (h, w, 3) of `size` and on its mirror image.

        pose: in the picture's pixels.
        """
        mirrored = np.ascontiguousarray(small[:, ::-1])
        direct = self._network(encode(small, pose))
        other = self._network(encode(mirrored, mirrored_pose(pose, small.shape[1])))
        return Look(small, direct, other)

    def parse_person(self, image: Image, pose: Pose) -> Person:
        """Label the person of a frame: image (h, w, 3), pose in its pixels."""
        classes = self.classes(image, pose)
        return Person(image, pose, Parsing(to_lip(classes)), held_things(classes, pose))

    def parse_photo(self, photo: Image, pose: Pose) -> LabelMap:
        """Classes of the main person of a whole photo, (h, w) uint8 of the photo's size.

        The person is looked at in a frame around the whole body, and again in the try-on frame,
        whose labels win where it reaches. pose: in photo pixels.
        """
        size = Size(*photo.shape[:2])
        classes = np.zeros(size, np.uint8)
        whole: Look | None = None
        for frame in self._frames(pose, size):
            window = _window(frame, size)
            part, matrix = _part(photo, window, frame)
            look = self.look(frame.enter(photo), frame.enter_pose(pose))
            whole = whole or look
            decoded = decode(look.shares(whole.presence), look.small, matrix, part)
            inside = _moved(pose, cv2.invertAffineTransform(matrix) @ _squared(frame.matrix))
            seen = take_sides(decoded, inside)
            target = classes[window]
            target[:] = cv2.resize(seen, target.shape[::-1], interpolation=cv2.INTER_NEAREST)
        return classes

    def _frames(self, pose: Pose, photo: Size) -> list[Frame]:
        frames = [body_frame(pose, photo, self._size)]
        try:
            subject = choose_subject((pose,), photo)
        except FittingRoomError:  # too little is seen to dress, yet enough to label
            return frames
        return [*frames, try_on_frame(subject.pose, photo, self._size)]


def body_frame(pose: Pose, photo: Size, size: Size) -> Frame:
    """Frame around a whole body with room for hair, clothes and bags, inside the photo.

    Where no ankle was seen the frame goes on downward, as far as legs could reach.
    """
    points = pose.joints[[joint for joint in Joint if pose.sees(joint)]]
    low, high = points.min(axis=0), points.max(axis=0)
    margin = 0.15 * float(max(high - low)) + 4
    below = high[1] + margin
    if not (pose.sees(Joint.LEFT_ANKLE) or pose.sees(Joint.RIGHT_ANKLE)):
        below = high[1] + 2.5 * float(high[1] - low[1])
    return Frame.covering(
        max(0.0, float(low[0]) - margin),
        max(0.0, float(low[1]) - margin),
        min(float(photo.width), float(high[0]) + margin),
        min(float(photo.height), float(below)),
        size,
    )


def _moved(pose: Pose, matrix: NDArray[np.float64]) -> Pose:
    joints = pose.joints @ matrix[:, :2].T + matrix[:, 2]
    return Pose(joints.astype(np.float32), pose.scores)


def _squared(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.vstack([matrix, [0.0, 0.0, 1.0]])


def _window(frame: Frame, photo: Size) -> tuple[slice, slice]:
    """The part of the photo that a frame overlaps."""
    x0, y0 = max(0, round(frame.left)), max(0, round(frame.top))
    x1 = min(photo.width, round(frame.left + frame.size.width / frame.scale))
    y1 = min(photo.height, round(frame.top + frame.size.height / frame.scale))
    return slice(y0, y1), slice(x0, x1)


def _part(
    photo: Image, window: tuple[slice, slice], frame: Frame
) -> tuple[Image, NDArray[np.float64]]:
    """A window of the photo, reduced to at most LARGEST, and the matrix to the frame's pixels."""
    part = photo[window]
    full = Size(*part.shape[:2])
    ratio = min(1.0, LARGEST / max(full))
    size = Size(max(1, round(full.height * ratio)), max(1, round(full.width * ratio)))
    if size != full:
        part = cv2.resize(part, (size.width, size.height), interpolation=cv2.INTER_AREA)
    place = scaling(full, size)
    place[:, 2] += (window[1].start, window[0].start)
    return part, frame.matrix @ _squared(place)
