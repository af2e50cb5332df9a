"""A drawn person and drawn garments, for tests of the stages that work by rule."""

import cv2
import numpy as np

from fittingroom.labels import Lip
from fittingroom.skeleton import Joint
from fittingroom.types import Category, Garment, Parsing, Person, Pose, Sleeve

SIZE = (768, 576)
SKIN = (205, 150, 120)
SHIRT = (40, 90, 60)
TROUSERS = (50, 60, 110)
GROUND = (228, 226, 222)
HAIR = (60, 40, 30)
JOINTS = {
    Joint.NOSE: (288, 120), Joint.NECK: (288, 240), Joint.RIGHT_SHOULDER: (198, 240),
    Joint.RIGHT_ELBOW: (160, 380), Joint.RIGHT_WRIST: (150, 510), Joint.LEFT_SHOULDER: (378, 240),
    Joint.LEFT_ELBOW: (416, 380), Joint.LEFT_WRIST: (426, 510), Joint.RIGHT_HIP: (238, 545),
    Joint.LEFT_HIP: (338, 545),
}  # fmt: skip
HAND = (0, 45)


def make_pose(hidden=(), moved=()):
    """The drawn person's pose; `moved` is ((joint, (x, y)), ...)."""
    joints = np.zeros((len(Joint), 2), np.float32)
    scores = np.zeros(len(Joint), np.float32)
    for joint, point in {**JOINTS, **dict(moved)}.items():
        joints[joint] = point
        scores[joint] = joint not in hidden
    return Pose(joints, scores)


def _limb(picture, points, width, value):
    cv2.polylines(picture, [np.array(points, np.int32)], False, value, width, cv2.LINE_8)


def _draw(picture, values, pose, sleeves, dress, coat):
    """Draw the person with values[label] into a label map or an image."""
    torso = [(190, 225), (250, 190), (326, 190), (386, 225), (372, 400), (390, 590), (186, 590)]
    lower = Lip.DRESS if dress else Lip.PANTS
    top = Lip.DRESS if dress else Lip.UPPER_CLOTHES
    cv2.rectangle(picture, (192, 540), (384, 767), values[lower], -1)
    cv2.fillPoly(picture, [np.array([*torso, (204, 400)], np.int32)], values[top])
    cv2.rectangle(picture, (262, 160), (314, 215), values[Lip.TORSO_SKIN], -1)
    cv2.ellipse(picture, (288, 110), (66, 84), 0, 0, 360, values[Lip.HAIR], -1)
    cv2.ellipse(picture, (288, 125), (52, 66), 0, 0, 360, values[Lip.FACE], -1)
    for side, label in (("RIGHT", Lip.RIGHT_ARM), ("LEFT", Lip.LEFT_ARM)):
        arm = [pose.point(Joint[f"{side}_{part}"]) for part in ("SHOULDER", "ELBOW", "WRIST")]
        _limb(picture, [*arm, arm[2] + HAND], 42, values[label])
        if sleeves:
            _limb(picture, arm[: 2 + (sleeves == "long")], 50, values[top])
    if coat:
        cv2.rectangle(picture, (186, 215), (250, 640), values[Lip.COAT], -1)
        cv2.rectangle(picture, (326, 215), (390, 640), values[Lip.COAT], -1)


def make_person(pose=None, sleeves="short", dress=False, coat=False, held=None):
    """The drawn person; sleeves "", "short" (to the elbow) or "long"."""
    pose = make_pose() if pose is None else pose
    labels = np.zeros(SIZE, np.uint8)
    image = np.full((*SIZE, 3), GROUND, np.uint8)
    shades = dict.fromkeys(Lip, SKIN)
    shades |= {Lip.UPPER_CLOTHES: SHIRT, Lip.DRESS: SHIRT, Lip.COAT: (90, 30, 40)}
    shades |= {Lip.PANTS: TROUSERS, Lip.HAIR: HAIR}
    _draw(labels, {label: int(label) for label in Lip}, pose, sleeves, dress, coat)
    _draw(image, shades, pose, sleeves, dress, coat)
    held = np.zeros(SIZE, np.uint8) if held is None else held
    return Person(image, pose, Parsing(labels), held)


OUTLINES = {
    Sleeve.SHORT: [
        (190, 60), (310, 60), (370, 80), (470, 200), (410, 240), (380, 190), (380, 560),
        (120, 560), (120, 190), (90, 240), (30, 200), (130, 80),
    ],
    Sleeve.LONG: [
        (190, 60), (310, 60), (370, 80), (490, 430), (440, 450), (380, 190), (380, 560),
        (120, 560), (120, 190), (60, 450), (10, 430), (130, 80),
    ],
    Sleeve.NONE: [
        (190, 60), (310, 60), (350, 70), (350, 150), (380, 190), (380, 560), (120, 560),
        (120, 190), (150, 150), (150, 70),
    ],
}  # fmt: skip
CUFFS = {
    Sleeve.SHORT: [(30, 200), (90, 240), (470, 200), (410, 240)],
    Sleeve.LONG: [(10, 430), (60, 450), (490, 430), (440, 450)],
    Sleeve.NONE: [(120, 190), (120, 190), (380, 190), (380, 190)],
}


def make_garment(sleeve=Sleeve.SHORT, scale=1.0):
    """A red garment with a diagonal colour ramp on a white ground, 600 x 500 times `scale`."""
    outline = np.array(OUTLINES[sleeve], np.float32) * scale
    height, width = round(620 * scale), round(500 * scale)
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [np.round(outline).astype(np.int32)], 255)
    inner = np.zeros_like(mask)
    centre = (round(250 * scale), round(60 * scale))
    cv2.ellipse(inner, centre, (round(60 * scale), round(40 * scale)), 0, 0, 180, 255, -1)
    y, x = np.mgrid[:height, :width]
    cloth = np.stack([np.full_like(x, 200), 40 + 60 * x // width, 40 + 60 * y // height], -1)
    image = np.where(mask[..., None] > 0, cloth, 250).astype(np.uint8)
    shoulders = [(150, 70), (350, 70)] if sleeve is Sleeve.NONE else [(130, 80), (370, 80)]
    points = [(190, 60), (250, 100), (310, 60), *shoulders, (120, 190), (380, 190)]
    points += [*CUFFS[sleeve], (120, 560), (380, 560)]
    landmarks = np.array(points, np.float32) * np.float32(scale)
    return Garment(image, mask, inner & mask, landmarks, Category.UPPER, sleeve)
