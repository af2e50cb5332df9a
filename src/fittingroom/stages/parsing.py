"""SCHP: from a picture of a person to body parts and clothes.

Li et al., "Self-Correction for Human Parsing", TPAMI 2020. The network knows the LIP-20 classes
and three of its own: bag, belt and small things, which decide what stays in front.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom.errors import FittingRoomError
from fittingroom.framing import choose_subject, try_on_frame
from fittingroom.geometry import Frame
from fittingroom.labels import (
    ACGPN_OF_CLASS,
    ATR_LEFT_LEG,
    ATR_OF_CLASS,
    ATR_RIGHT_LEG,
    CLASS_COUNT,
    LabelSet,
    Lip,
    Part,
)
from fittingroom.skeleton import Joint
from fittingroom.types import Image, LabelMap, Mask, Network, Parsing, Person, Pose, Size

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


def encode(image: Image, size: Size) -> dict[str, NDArray[np.float32]]:
    """Picture (h, w, 3) uint8 to the network's input (1, 3, *size), RGB 0..255."""
    shrinks = image.shape[0] > size.height
    small = cv2.resize(
        image,
        (size.width, size.height),
        interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR,
    )
    return {"image": np.ascontiguousarray(small.transpose(2, 0, 1)[None], np.float32)}


def decode(logits: NDArray[np.float32], size: Size) -> LabelMap:
    """Logits (1, 23, h, w) to classes (*size) uint8: scaled up first, then the largest wins.

    Channels are compared one after the other, so that never more than two full planes exist.
    """
    best = np.full(size, -np.inf, np.float32)
    classes = np.zeros(size, np.uint8)
    for index in range(CLASS_COUNT):
        plane = cv2.resize(
            logits[0, index], (size.width, size.height), interpolation=cv2.INTER_LINEAR
        )
        better = (plane > best).view(np.uint8)
        cv2.max(plane, best, dst=best)
        cv2.copyTo(np.full(size, index, np.uint8), better, classes)
    return classes


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


class Parser:
    """Labels people.

    network: input "image" (1, 3, h, w), RGB 0..255; output "fusion" (1, 23, h/4, w/4) logits; its
    spec carries "input_size" as [height, width].
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._size = Size(*network.spec["input_size"])

    def classes(self, image: Image, pose: Pose) -> LabelMap:
        """Classes (h, w) of a frame's picture, `Lip` or `Part`; pose in its pixels."""
        logits = self._network(encode(image, self._size))["fusion"]
        return take_sides(decode(logits, Size(*image.shape[:2])), pose)

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
        for frame in self._frames(pose, size):
            seen = self.classes(frame.enter(photo), frame.enter_pose(pose))
            _lay(classes, frame, seen)
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


def _lay(classes: LabelMap, frame: Frame, seen: LabelMap) -> None:
    """Write a frame's classes over the photo's, where the frame and the photo overlap."""
    height, width = classes.shape
    x0, y0 = max(0, round(frame.left)), max(0, round(frame.top))
    x1 = min(width, round(frame.left + frame.size.width / frame.scale))
    y1 = min(height, round(frame.top + frame.size.height / frame.scale))
    inverse = cv2.invertAffineTransform(frame.matrix)
    inverse[:, 2] -= (x0, y0)
    classes[y0:y1, x0:x1] = cv2.warpAffine(
        seen, inverse, (x1 - x0, y1 - y0), flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
    )
