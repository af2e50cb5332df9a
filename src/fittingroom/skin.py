"""The person's own skin: its usual tone, and which pixels look like it."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom.labels import Lip
from fittingroom.masks import shrink
from fittingroom.types import Image, Mask, Person

Floats = NDArray[np.float32]

_ENOUGH: Final = 150
_TELLING: Final = 9.0
"""How far two colours' hues are apart before one is told from the other, in 8-bit Lab units."""
_FALLBACK: Final = (196, 152, 128)


def skin_tone(person: Person) -> Floats:
    """Usual skin colour (3,) float32 RGB of face and neck, else of arms and hands."""
    for kinds in ((Lip.FACE,), (Lip.TORSO_SKIN,), (Lip.LEFT_ARM, Lip.RIGHT_ARM)):
        tone = _usual(person, kinds)
        if tone is not None:
            return tone
    return np.array(_FALLBACK, np.float32)


def arm_tone(person: Person) -> Floats:
    """Usual skin colour (3,) float32 RGB of arms and hands, which may be lit unlike the face."""
    face = skin_tone(person)
    alike = looks_like_skin(person.image, face, 1.6, 0.3)
    own = _usual(person, (Lip.LEFT_ARM, Lip.RIGHT_ARM), alike)
    if own is None:
        return face
    tone = 0.35 * face + 0.65 * np.clip(own, 0.75 * face, 1.4 * face)
    return np.asarray(0.9 * tone + 0.1 * tone.mean(), np.float32)


def _usual(person: Person, kinds: tuple[Lip, ...], within: Mask | None = None) -> Floats | None:
    """Median of the better lit half of some labels' pixels; None where there are too few."""
    skin = shrink(person.parsing.mask(*kinds), 4) > 0
    if within is not None:
        skin &= within > 0
    if np.count_nonzero(skin) < _ENOUGH:
        return None
    pixels = person.image[skin].astype(np.float32)
    light = pixels.sum(1)
    middle = (light >= np.quantile(light, 0.45)) & (light <= np.quantile(light, 0.9))
    return np.asarray(np.median(pixels[middle], axis=0), np.float32)


def looks_like_skin(
    image: Image, tone: Floats, tolerance: float = 1.0, darkest: float = 0.35
) -> Mask:
    """Mask (h, w) of pixels with the tone's hue, as it would look in more or less light.

    tolerance: 1 is strict. darkest: least lightness, as a share of the tone's.
    """
    lab, wanted = _half_lab(image), _lab_of(tone)
    ratio = lab[..., 0] / max(float(wanted[0]), 1.0)
    chroma = float(np.hypot(wanted[1] - 128, wanted[2] - 128))
    allowed = tolerance * (4 + 0.55 * np.clip(ratio, 0.35, 1.1) * chroma)
    alike = (_hue_gap(lab, wanted) < allowed) & (ratio > darkest) & (ratio < 1.6)
    return _full(alike, image)


def nearer_in_hue(image: Image, tone: Floats, other: Floats) -> Mask:
    """Mask (h, w) of pixels whose hue is nearer to `other` (3,) than to the tone.

    Empty where the two are too much alike to tell.
    """
    lab, wanted, rival = _half_lab(image), _lab_of(tone), _lab_of(other)
    if float(np.hypot(*(wanted - rival)[1:])) < _TELLING:
        return np.zeros(image.shape[:2], np.uint8)
    return _full(_hue_gap(lab, rival) < _hue_gap(lab, wanted), image)


def _hue_gap(lab: Floats, wanted: Floats) -> Floats:
    """Distance (h, w) in hue from a Lab colour (3,), which fades as light does."""
    light = np.clip(lab[..., 0] / max(float(wanted[0]), 1.0), 0.35, 1.1)
    first = lab[..., 1] - 128 - light * (wanted[1] - 128)
    second = lab[..., 2] - 128 - light * (wanted[2] - 128)
    return np.asarray(np.hypot(first, second), np.float32)


def _half_lab(image: Image) -> Floats:
    size = (max(1, image.shape[1] // 2), max(1, image.shape[0] // 2))
    return _lab(np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8))


def _lab_of(colour: Floats) -> Floats:
    return np.asarray(_lab(np.clip(colour, 0, 255).astype(np.uint8)[None, None])[0, 0])


def _full(found: NDArray[np.bool_], image: Image) -> Mask:
    mask = np.where(found, np.uint8(255), np.uint8(0))
    full = cv2.resize(mask, image.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    return np.asarray(full, np.uint8)


def unlike(image: Image, among: Mask, least: float = 22) -> Mask:
    """Mask (h, w) of pixels whose colour is far from the usual colour of the pixels `among`.

    least: how far, in 8-bit Lab units. Everything counts as unlike where `among` is empty.
    """
    if not among.any():
        return np.full(among.shape, 255, np.uint8)
    lab = _half_lab(image)
    inside = cv2.resize(among, lab.shape[1::-1], interpolation=cv2.INTER_NEAREST) > 0
    gap = np.abs(lab - np.median(lab[inside][::3], axis=0).astype(np.float32))
    return _full(np.maximum(np.maximum(gap[..., 0], gap[..., 1]), gap[..., 2]) > least, image)


def _lab(image: Image) -> Floats:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2LAB), np.float32)
