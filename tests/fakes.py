"""Plain functions in the place of the stages, so that the house is tested without networks."""

import numpy as np

from fittingroom.errors import ErrorCode, FittingRoomError
from fittingroom.labels import Lip
from fittingroom.pipeline import Stages
from fittingroom.skeleton import Joint
from fittingroom.stages.composition import Composition
from fittingroom.types import (
    Category,
    Fusion,
    Garment,
    Landmark,
    Layout,
    Parsing,
    Person,
    Pose,
    Sleeve,
    WarpedGarment,
)

FRONT = {
    Joint.NOSE: (0, -45), Joint.NECK: (0, 0), Joint.RIGHT_SHOULDER: (-35, 0),
    Joint.RIGHT_ELBOW: (-45, 55), Joint.RIGHT_WRIST: (-45, 100), Joint.LEFT_SHOULDER: (35, 0),
    Joint.LEFT_ELBOW: (45, 55), Joint.LEFT_WRIST: (45, 100), Joint.RIGHT_HIP: (-20, 100),
    Joint.RIGHT_KNEE: (-20, 180), Joint.RIGHT_ANKLE: (-20, 260), Joint.LEFT_HIP: (20, 100),
    Joint.LEFT_KNEE: (20, 180), Joint.LEFT_ANKLE: (20, 260), Joint.RIGHT_EYE: (-8, -52),
    Joint.LEFT_EYE: (8, -52), Joint.RIGHT_EAR: (-16, -48), Joint.LEFT_EAR: (16, -48),
}  # fmt: skip
"""A person seen from the front whose torso is 100 long, the neck at the origin."""


def make_pose(neck=(200, 120), scale=1.0, hidden=(), score=0.8, mirrored=False):
    side = -1 if mirrored else 1
    points = [(neck[0] + side * scale * x, neck[1] + scale * y) for x, y in map(FRONT.get, Joint)]
    scores = [0.0 if joint in hidden else score for joint in Joint]
    return Pose(np.array(points, np.float32), np.array(scores, np.float32))


def make_photo(height=500, width=400, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def make_garment(photo=None):
    image = make_photo(60, 50) if photo is None else photo
    mask = np.zeros(image.shape[:2], np.uint8)
    mask[10:-10, 10:-10] = 255
    points = np.zeros((len(Landmark), 2), np.float32)
    return Garment(image, mask, np.zeros_like(mask), points, Category.UPPER, Sleeve.SHORT)


def _parse_person(image, pose):
    labels = np.zeros(image.shape[:2], np.uint8)
    labels[200:400, 200:400] = Lip.UPPER_CLOTHES
    labels[400:500, 200:400] = Lip.COAT
    return Person(image, pose, Parsing(labels), np.zeros_like(labels))


def _parse_photo(photo, pose):
    classes = np.zeros(photo.shape[:2], np.uint8)
    classes[100:200, 150:250] = Lip.UPPER_CLOTHES
    return classes


def _isolate(photo, category):
    if photo.max() == photo.min():
        raise FittingRoomError(ErrorCode.GARMENT_NOT_FOUND, "no garment stands out; give another")
    return make_garment(photo)


def _generate(person, garment):
    clothes = person.parsing.mask(Lip.UPPER_CLOTHES)
    removed = person.parsing.mask(Lip.UPPER_CLOTHES, Lip.COAT)
    return Layout(person.parsing, clothes, removed, np.zeros_like(clothes))


def _warp(person, garment, layout):
    return WarpedGarment(np.zeros((*layout.clothes.shape, 2), np.float32), layout.clothes)


def _fuse(person, garment, layout, warped):
    return Fusion(person.image, np.full_like(layout.clothes, 128), layout.removed)


def _compose(photo, frame, garment, warped, layout, fusion):
    image, changed = photo.copy(), np.zeros(photo.shape[:2], np.uint8)
    image[100:200, 150:250] = garment.image.mean(axis=(0, 1)).astype(np.uint8)
    changed[100:200, 150:250] = 255
    return Composition(image, changed)


def _plain(composition, photo, labels):
    image = np.where(labels[:, :, None] == 0, np.uint8(240), composition.image)
    return Composition(image, np.where(labels == 0, np.uint8(255), composition.changed))


def make_stages(people=None):
    found = (make_pose(),) if people is None else people
    return Stages(
        estimate_pose=lambda photo: found if photo.shape[0] > 100 else (),
        parse_person=_parse_person,
        parse_photo=_parse_photo,
        isolate_garment=_isolate,
        isolate_worn_garment=lambda person, category: make_garment(person.image),
        generate_semantics=_generate,
        warp_clothes=_warp,
        fuse_content=_fuse,
        compose=_compose,
        plain_background=_plain,
    )
