"""Background: the person on a plain studio ground."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom.geometry import Frame
from fittingroom.labels import Lip
from fittingroom.masks import feather
from fittingroom.stages.composition import Composition
from fittingroom.types import Image, LabelMap, Mask, Parsing, Size

Floats = NDArray[np.float32]

_LIGHTEST: Final = 240
_DARKEST: Final = 224
"""Grey of the ground at the photo's top and bottom."""
_BAND: Final = 512
"""Rows of the photo that are worked on at a time."""
_GUIDE_SIDE: Final = 1024
"""Longer side of the picture on which the outline is fitted to the photo's edges."""
_GUIDE_RADIUS: Final = 4
_GUIDE_NOISE: Final = 60.0
"""Variance of the guide, in grey levels squared, below which it counts as flat."""


def plain_background(composition: Composition, photo: Image, classes: LabelMap) -> Composition:
    """Replace the surroundings by a light ground; people keep a soft edge of 1 to 2 pixels.

    photo: (h, w, 3), as the person was photographed. classes: `Lip` or `Part` (h, w) of the
    photo; bags belong to the person.
    `changed` of the result also covers what was replaced.
    """
    size = Size(*photo.shape[:2])
    person = _people(composition, classes)
    slope, offset = _edge_fit(composition.image, person)
    image, changed = composition.image.copy(), composition.changed.copy()
    for start in range(0, size.height, _BAND):
        stop = min(start + _BAND, size.height)
        shown = _matte(image[start:stop], slope, offset, person[start:stop], start, size)
        image[start:stop] = _on_ground(image[start:stop], shown, start, size)
        replaced = (shown < 1) | (classes[start:stop] == Lip.BACKGROUND)
        changed[start:stop] |= np.where(replaced, np.uint8(255), np.uint8(0))
    return Composition(image, changed, composition.parsing, composition.frame)


def _people(composition: Composition, classes: LabelMap) -> Mask:
    """Mask (h, w) of who is in front of the background after the change."""
    people = np.where(classes != Lip.BACKGROUND, np.uint8(255), np.uint8(0))
    if composition.parsing is None or composition.frame is None:
        return people
    return _with_new(people, composition.changed, composition.parsing, composition.frame)


def _with_new(people: Mask, changed: Mask, parsing: Parsing, frame: Frame) -> Mask:
    """Follow the new labels where the composition changed the photo."""
    dressed = np.where(parsing.labels != Lip.BACKGROUND, np.uint8(255), np.uint8(0))
    new = frame.leave(feather(dressed, 1.5), Size(*people.shape), cv2.INTER_LINEAR)
    return np.where(changed > 0, np.where(new >= 128, np.uint8(255), np.uint8(0)), people)


def _edge_fit(image: Image, person: Mask) -> tuple[Floats, Floats]:
    """Slope and offset (small h, small w) by which grey tells person from ground locally."""
    ratio = min(1.0, _GUIDE_SIDE / max(image.shape[:2]))
    size = (max(1, round(image.shape[1] * ratio)), max(1, round(image.shape[0] * ratio)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    guide = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    wanted = cv2.resize(person, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    mean_guide, mean_wanted = _mean(guide), _mean(wanted)
    variance = _mean(guide * guide) - mean_guide * mean_guide
    slope = (_mean(guide * wanted) - mean_guide * mean_wanted) / (variance + _GUIDE_NOISE)
    return _mean(slope), _mean(mean_wanted - slope * mean_guide)


def _mean(values: NDArray[np.generic]) -> Floats:
    side = 2 * _GUIDE_RADIUS + 1
    return np.asarray(cv2.blur(np.asarray(values, np.float32), (side, side)), np.float32)


def _matte(
    rows: Image, slope: Floats, offset: Floats, person: Mask, start: int, size: Size
) -> Floats:
    """How far (rows, w) 0..1 the person shows in a band of the photo's rows."""
    ratio = np.array([slope.shape[1] / size.width, slope.shape[0] / size.height])
    matrix = np.diag(ratio) @ np.eye(2, 3)
    matrix[:, 2] = 0.5 * ratio - 0.5 + [0, start * ratio[1]]
    target = (rows.shape[1], rows.shape[0])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    line = [
        cv2.warpAffine(part, matrix, target, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        for part in (slope, offset)
    ]
    shown = line[0] * cv2.cvtColor(rows, cv2.COLOR_RGB2GRAY) + line[1]
    near = feather(person, 3.0).astype(np.float32) * (1 / 255)
    steep = np.clip((0.5 * shown + 0.5 * near - 0.5) * 2.2 + 0.42, 0, 1)
    steep[near <= 0] = 0
    steep[near >= 1] = 1
    return np.asarray(steep, np.float32)


def _on_ground(rows: Image, shown: Floats, start: int, size: Size) -> Image:
    """Blend a band of rows with the ground, which darkens softly downwards."""
    share = (np.arange(start, start + len(rows), dtype=np.float32) / max(1, size.height))[:, None]
    grey = _LIGHTEST + (_DARKEST - _LIGHTEST) * share
    tone = np.round(grey).astype(np.uint8)[..., None]
    ground = np.ascontiguousarray(np.broadcast_to(tone, rows.shape))
    rows = np.ascontiguousarray(rows)
    return np.asarray(cv2.blendLinear(rows, ground, shown, 1 - shown), np.uint8)
