"""Pictures, labels and joints as ACGPN's data set reads them; planes are float32 (c, 256, 192).

Everything is first resized to a width of 512, then to 256x192, by Pillow. That changes nothing in
labels and masks but softens photos, and the published networks have learned from soft photos.
"""

from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw

from fittingroom.types import Image, LabelMap, Mask, Size

Planes: TypeAlias = NDArray[np.float32]

SIZE: Final = Size(256, 192)
_FIRST_WIDTH: Final = 512
_JOINT_RADIUS: Final = 5
"""A joint is drawn as a square of twice this and one pixel."""


def resize_twice(picture: Pillow.Image, filter_: Pillow.Resampling) -> Pillow.Image:
    """Resize to a width of 512 (unless it is that), then to 256x192."""
    width, height = picture.size
    if width != _FIRST_WIDTH:
        picture = picture.resize((_FIRST_WIDTH, _FIRST_WIDTH * height // width), filter_)
    return picture.resize((SIZE.width, SIZE.height), filter_)


def encode_picture(image: Image) -> Planes:
    """RGB uint8 (h, w, 3) of any size to (3, 256, 192), -1..1."""
    return _signed(Pillow.fromarray(image)).transpose(2, 0, 1).copy()


def encode_mask(mask: Mask) -> Planes:
    """A grey picture (h, w) uint8 to (1, 256, 192), 0..1."""
    resized = resize_twice(Pillow.fromarray(mask), Pillow.Resampling.NEAREST)
    return (np.asarray(resized, np.float32) / np.float32(255))[None]


def encode_labels(labels: LabelMap) -> LabelMap:
    """ACGPN's labels (h, w) to (256, 192); a palette picture must be read as indices before."""
    return np.asarray(resize_twice(Pillow.fromarray(labels), Pillow.Resampling.NEAREST))


def encode_joints(joints: Sequence[tuple[float, float]]) -> Planes:
    """Joints (x, y) in pixels of 256x192, in OpenPose's COCO-18 order, to (18, 256, 192).

    Each plane is 1 in a square around its joint and -1 elsewhere, with soft rims. A joint with x
    or y of 1 or less is missing: its plane is -1 throughout. Confidence does not count.
    """
    return np.stack([_square(x, y) for x, y in joints])


def _square(x: float, y: float) -> Planes:
    plane = Pillow.new("L", (SIZE.width, SIZE.height))
    if x > 1 and y > 1:
        r = _JOINT_RADIUS
        ImageDraw.Draw(plane).rectangle((x - r, y - r, x + r, y + r), fill=255)
    return _signed(plane)


def _signed(picture: Pillow.Image) -> Planes:
    """Resize a photo, 0..255 to -1..1."""
    resized = np.asarray(resize_twice(picture, Pillow.Resampling.BICUBIC), np.float32)
    return (resized / np.float32(255) - np.float32(0.5)) / np.float32(0.5)
