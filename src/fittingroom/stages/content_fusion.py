"""The content fusion module (CFM): skin, lower clothes and background where old clothes were."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom.body import arm_places, read_body
from fittingroom.inpainting import around, extend, nearest_labels, push_pull, transplant
from fittingroom.labels import Lip
from fittingroom.masks import feather, grow, shrink
from fittingroom.skin import arm_tone, looks_like_skin, skin_tone
from fittingroom.types import Fusion, Garment, Image, Layout, Mask, Person, WarpedGarment

Floats = NDArray[np.float32]

_ARMS: Final = (Lip.LEFT_ARM, Lip.RIGHT_ARM)
_LEGS: Final = (Lip.LEFT_LEG, Lip.RIGHT_LEG)
_DROP: Final = 5
"""How far below the garment its shadow falls, in pixels."""
_UNDERLAP: Final = 6
"""How far the painted ground reaches under the new garment, in pixels."""


def fuse_content(person: Person, garment: Garment, layout: Layout, warped: WarpedGarment) -> Fusion:
    """Paint by rule what lies under and around the new garment, each from its own kind."""
    under = nearest_labels(layout.parsing.labels, layout.clothes)
    paint = layout.removed & ~shrink(layout.clothes, _UNDERLAP)
    image = person.image.copy()
    _fill_background(image, person, layout, under, paint)
    _fill_lower(image, person, layout, under, paint)
    _fill_skin(image, person, layout, under, paint)
    shaded = _cast_shadow(image, layout, under)
    kept = layout.front & ~layout.removed
    opacity = (feather(grow(paint, 1), 2.0) | shaded) & ~shrink(kept, 1)
    return Fusion(image, _shading(person, layout), opacity)


def _mask(condition: NDArray[np.bool_]) -> Mask:
    return np.where(condition, np.uint8(255), np.uint8(0))


def _fill_background(
    image: Image, person: Person, layout: Layout, under: NDArray[np.uint8], paint: Mask
) -> None:
    """Paint uncovered background from background alone."""
    person_left = (_mask(person.parsing.labels != Lip.BACKGROUND) & ~layout.removed) | person.held
    clear = ~(layout.removed | grow(person_left, 4))
    bare = paint & _mask(under == Lip.BACKGROUND)
    done = transplant(image, clear, bare)
    extend(image, clear | done, bare & ~done)


def _fill_lower(
    image: Image, person: Person, layout: Layout, under: NDArray[np.uint8], paint: Mask
) -> None:
    """Let trousers, skirt or legs go on upwards."""
    for kinds in ((Lip.PANTS,), (Lip.SKIRT, Lip.DRESS), _LEGS):
        own = _mask(np.isin(person.parsing.labels, kinds)) & ~layout.removed
        extend(image, shrink(own, 3), paint & _mask(np.isin(under, kinds)))


def _fill_skin(
    image: Image, person: Person, layout: Layout, under: NDArray[np.uint8], paint: Mask
) -> None:
    """Paint neck, chest and arms in the person's own tone, round and with a fine grain."""
    kinds = (((Lip.TORSO_SKIN,), (Lip.TORSO_SKIN, Lip.FACE), skin_tone), (_ARMS, _ARMS, arm_tone))
    for painted, sources, usual in kinds:
        bare = paint & _mask(np.isin(under, painted))
        if not bare.any():
            continue
        tone = usual(person)
        seen = shrink(person.parsing.mask(*sources), 3) & ~layout.removed
        seen &= looks_like_skin(person.image, tone, darkest=0.7)
        light = _roundness(person) if painted == _ARMS else _under_chin(person)
        part = around(bare, seen)
        colour = _spread(person.image[part], seen[part], tone) + _grain(bare[part].shape)
        _lay(image[part], colour * light[part], feather(bare, 2.0)[part] & paint[part])


def _lay(image: Image, colour: Floats, opacity: Mask) -> None:
    """Paint a colour over an image in place."""
    soft = opacity[..., None].astype(np.float32) / 255
    mixed = image + soft * (np.clip(colour, 0, 255) - image)
    np.copyto(image, np.round(mixed).astype(np.uint8), where=soft > 0)


def _spread(image: Image, seen: Mask, tone: Floats) -> Floats:
    """Skin colour (h, w, 3): near visible skin like that, farther off the usual tone."""
    if not seen.any():
        return np.zeros((*seen.shape, 3), np.float32) + tone
    local = push_pull(image, seen)
    distance = cv2.distanceTransform(cv2.bitwise_not(seen), cv2.DIST_L2, 3)
    share = (0.25 + 0.6 * np.exp(-distance / 45))[..., None]
    return np.asarray(share * local + (1 - share) * tone, np.float32)


def _grain(size: tuple[int, ...]) -> Floats:
    """Fine unevenness of skin (h, w, 1) in grey levels, always the same."""
    noise = np.random.default_rng(0).normal(0, 1, (*size, 1)).astype(np.float32)
    fine = cv2.GaussianBlur(noise, (0, 0), 0.8)
    coarse = cv2.GaussianBlur(noise, (0, 0), 5)
    return np.asarray((4 * fine + 25 * coarse)[..., None], np.float32)


def _roundness(person: Person) -> Floats:
    """Light (h, w, 3) on the nearer arm as on a tube: darker and redder towards its edges."""
    body = read_body(person)
    shares = []
    for side in (0, 1):
        place, distance = arm_places(body.arms[side], person.size)
        shares.append(distance / body.arm_radius(place))
    share = np.minimum(np.minimum(shares[0], shares[1]), 1.15)
    light = 1.04 - 0.3 * share**2.5
    return np.stack([light**power for power in (0.85, 1.05, 1.1)], axis=-1)


def _under_chin(person: Person) -> Floats:
    """Light (h, w, 1) on the neck: darker below the face."""
    face = person.parsing.mask(Lip.FACE)
    reach = 0.09 * person.size.width
    away = cv2.distanceTransform(cv2.bitwise_not(face), cv2.DIST_L2, 3)
    return np.asarray(1 - 0.14 * np.exp(-((away / reach) ** 2))[..., None], np.float32)


def _cast_shadow(image: Image, layout: Layout, under: NDArray[np.uint8]) -> Mask:
    """Darken skin and lower clothes just below the new garment; returns where."""
    lowered = np.zeros_like(layout.clothes)
    lowered[_DROP:] = layout.clothes[:-_DROP]
    shadow = cv2.GaussianBlur(lowered, (0, 0), 0.8 * _DROP)
    takes = np.isin(under, (Lip.PANTS, Lip.SKIRT, Lip.TORSO_SKIN, *_ARMS, *_LEGS))
    takes &= (layout.front == 0) | (layout.removed > 0)
    shadow[~takes | (shadow < 12)] = 0
    light = 1 - shadow.astype(np.float32)[..., None] * (0.38 / 255)
    where = _mask(shadow > 0)
    np.copyto(image, (image * light).astype(np.uint8), where=(where > 0)[..., None])
    return where


def _shading(person: Person, layout: Layout) -> Mask:
    """Light on the new garment: soft shadows next to what lies in front of it."""
    labels = layout.parsing.labels
    limbs = _mask(np.isin(labels, _ARMS)) & layout.front
    near = cv2.GaussianBlur(np.roll(limbs, 6, axis=0), (0, 0), 7).astype(np.float32) / 255
    light = 128 * (1 - 0.35 * near)
    return np.asarray(np.clip(light, 0, 255), np.uint8)
