"""Pictures from buffers: painted sheets, skin, light and background become photographs.

All mixing is done in linear light. Buffers hold irradiance, not colour, so one drape can be shown
in any print, skin tone, light and place. Garment pixels of worn and product pictures are read from
the same painted sheet by `cloth.uv`.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from fittingroom.labels import Lip
from fittingroom.synth.noise import floats, smooth_noise
from fittingroom.synth.palettes import Colour, luminance, sample_colour, sample_denim
from fittingroom.synth.shapes import (
    Bytes,
    Cloth,
    Edge,
    Floats,
    Material,
    Outfit,
    Panel,
    Product,
    Sample,
    Sheet,
)
from fittingroom.synth.skin_texture import TONES
from fittingroom.types import Image

FULL_LIGHT: Final = 200
"""Value of `light` that means unoccluded and facing."""

SKIN_TONES: Final[Bytes] = np.array(TONES, np.uint8)
"""(10, 3) sRGB, very light to very dark; the tones that skin textures are made in."""

HAIR_COLOURS: Final[tuple[Colour, ...]] = (
    (24, 20, 20),
    (44, 32, 26),
    (74, 50, 36),
    (108, 74, 48),
    (146, 104, 64),
    (190, 150, 100),
    (222, 192, 148),
    (140, 70, 42),
    (168, 166, 164),
)

_LEVELS: Final = 4
"""Sizes of a sheet, each half of the one before: for pictures up to eight times as coarse."""

Rgb: TypeAlias = tuple[float, float, float]
_LUMA: Final = np.array([0.2126, 0.7152, 0.0722], np.float32)
_KNEE: Final = 0.9
"""Linear value above which highlights are pressed together instead of cut."""

_WHITE: Final = 0.9
"""Linear value, sRGB 243, of a perfect white in the full light of a sampled illumination."""

_BRIGHTEST: Final = 0.62
"""Linear value that recoloured pixels hardly exceed: light on pale hair is not white."""

SHEEN: Final = 0.02
"""Sheen of skin on photos: without it the darkest faces sink into black."""


@dataclass(frozen=True, slots=True)
class Illumination:
    """The light of a picture, in linear gains per channel.

    White cloth with both lights at `FULL_LIGHT` shows ambient + key, times exposure; gamma > 1
    makes shades darker (contrast). sheen: the share that skin throws back from its surface,
    whatever its tone.
    """

    ambient: Rgb
    key: Rgb
    exposure: float
    gamma: float
    sheen: float = 0.0


NEUTRAL: Final = Illumination((0.5, 0.5, 0.5), (0.5, 0.5, 0.5), 1.0, 1.0)
"""Colours come out as painted where the light is full."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a person is recoloured; None keeps what was rendered.

    skin: number in `SKIN_TONES`. hair, lower: sRGB. Use one look for all outfits of a sample.
    """

    skin: int | None
    hair: Colour | None
    lower: Colour | None


AS_RENDERED: Final = Look(None, None, None)


class Painted(NamedTuple):
    """A sheet with its picture (H, W, 3) uint8."""

    sheet: Sheet
    image: Image


class NeckLabel(NamedTuple):
    """A label sewn inside the back of the neck: box (left, top, right, bottom) in metres."""

    box: tuple[float, float, float, float]
    colour: Colour


def sample_illumination(rng: Generator) -> Illumination:
    """Draw the light of a photo of a person: softer or harder, warm or cold, never burnt out."""
    key = float(rng.uniform(0.35, 0.75))
    ambient = _tinted((1 - key) * float(rng.uniform(0.85, 1.1)), float(rng.normal(0, 0.04)), rng)
    direct = _tinted(key * 1.15, float(rng.normal(0.02, 0.05)), rng)
    exposure = float(np.exp(rng.normal(-0.12, 0.1)))
    return Illumination(
        ambient,
        direct,
        _unburnt(ambient, direct, exposure),
        float(rng.uniform(0.97, 1.12)),
        SHEEN,
    )


def sample_shop_light(rng: Generator) -> Illumination:
    """Draw the light of a product picture: soft and nearly neutral."""
    key = float(rng.uniform(0.2, 0.5))
    ambient = _tinted(1 - key, float(rng.normal(0, 0.015)), rng)
    direct = _tinted(key, float(rng.normal(0, 0.02)), rng)
    exposure = float(rng.uniform(0.84, 1.0))
    return Illumination(
        ambient, direct, _unburnt(ambient, direct, exposure), float(rng.uniform(0.98, 1.06))
    )


def _unburnt(ambient: Rgb, key: Rgb, exposure: float) -> float:
    """The exposure, less where white cloth in full light would come out brighter than `_WHITE`."""
    return min(exposure, _WHITE / max(a + k for a, k in zip(ambient, key, strict=True)))


def sample_look(rng: Generator) -> Look:
    """Draw a skin tone, evenly, and colours of hair and lower garment."""
    skin = int(rng.integers(len(SKIN_TONES)))
    shades = HAIR_COLOURS if skin < 6 else HAIR_COLOURS[:3]
    hair = shades[int(rng.integers(len(shades)))]
    lower = None
    if rng.random() < 0.6:
        lower = sample_denim(rng) if rng.random() < 0.4 else sample_colour(rng)
    return Look(skin, hair if rng.random() < 0.7 else None, lower)


def sample_label(sheet: Sheet, rng: Generator) -> NeckLabel | None:
    """Draw a label for a garment with a back neckline; None for others, or for those without."""
    if Edge.NECKLINE not in sheet.distance or rng.random() < 0.25:
        return None
    near = (sheet.distance[Edge.NECKLINE] < 0.004) & (sheet.panel == Panel.BACK)
    rows, cols = np.nonzero(near)
    if rows.size == 0:
        return None
    middle = (cols.min() + cols.max() + 1) / 2 * sheet.pixel
    top = float(rows.max() * sheet.pixel + rng.uniform(0.002, 0.012))
    half, high = float(rng.uniform(0.012, 0.03)), float(rng.uniform(0.012, 0.04))
    inks: tuple[Colour, ...] = ((246, 246, 244), (24, 24, 26), (232, 226, 212), (120, 120, 124))
    ink = inks[int(rng.integers(4))]
    return NeckLabel((float(middle - half), top, float(middle + half), top + high), ink)


def compose_worn(
    sample: Sample,
    outfit_name: str,
    painted: Painted | None,
    background: Image,
    light: Illumination,
    look: Look = AS_RENDERED,
) -> Image:
    """Compose a photo (h, w, 3) uint8 of a person in one outfit.

    painted: the worn garment's sheet; None only where the outfit has none. background: (h, w, 3)
    uint8, kept to the byte where nobody stands and no shadow falls.
    """
    outfit = sample.outfits[outfit_name]
    share = floats(outfit.share) / np.float32(255)
    lit = irradiance(_hair_evened(outfit), light)
    skin = np.equal(sample.body_parts, Material.SKIN).astype(np.float32)[..., None]
    body = (to_linear(dressed_body(sample, look)) + skin * np.float32(light.sheen)) * lit
    lower = to_linear(_lower_colour(sample.lower, look.lower)) * lit
    garment = np.zeros_like(body)
    if outfit.cloth is not None and painted is not None:
        garment = garment_colour(outfit.cloth, painted, None) * lit
    # In the base layer the third share is the base layer itself, which `body` shows.
    worn = share[..., 2] if outfit.cloth is not None else np.zeros_like(share[..., 2])
    bare = np.maximum(share[..., 0] - share[..., 1] - worn, 0)
    person = body * bare[..., None] + lower * share[..., 1:2] + garment * worn[..., None]
    behind = to_linear(background) * _ground_shade(outfit, background.shape[:2])
    return to_srgb(_toned(person, share[..., 0], light) + behind * (1 - share[..., :1]))


def compose_product(
    product: Product,
    painted: Painted,
    ground: Image,
    light: Illumination,
    label: NeckLabel | None = None,
) -> Image:
    """Compose a product picture (h, w, 3) uint8 on a ground of the same size."""
    share = floats(product.share)[..., None] / np.float32(255)
    lit = irradiance(product.light, light)
    depth = np.where(product.inner_back, np.float32(0.86), np.float32(1))
    garment = garment_colour(product.cloth, painted, label) * lit * depth[..., None]
    garment *= _rim(product.share)[..., None]
    shade = floats(product.shadow)[..., None] / np.float32(255)
    behind = to_linear(ground) * shade
    return to_srgb(_toned(garment * share, share[..., 0], light) + behind * (1 - share))


def garment_colour(cloth: Cloth, painted: Painted, label: NeckLabel | None) -> Floats:
    """Linear colours (h, w, 3) of cloth as painted; inner faces are paler, with the neck label.

    The border's half-covered pixels without cloth of their own take their neighbours' colour.
    """
    seen = cloth.panel < 255
    linear = _sampled(cloth, painted)
    inside = cloth.inside & seen
    linear[inside] = _inner_side(linear[inside])
    if label is not None:
        _sew_label(linear, cloth, label)
    return _spilled(linear, seen)


def irradiance(light: Bytes, lamp: Illumination) -> Floats:
    """Linear light (h, w, 3) that falls on each pixel, exposure included."""
    values = light.astype(np.float32) * np.float32(lamp.exposure / FULL_LIGHT)
    return np.asarray(
        values[..., :1] * floats(lamp.ambient) + values[..., 1:] * floats(lamp.key),
        np.float32,
    )


def dressed_body(sample: Sample, look: Look) -> Image:
    """Albedo (h, w, 3) uint8 of a sample's body in the colours of a look."""
    body = sample.body
    if look.skin is not None:
        tone = sample.record.get("skin_tone")
        if not isinstance(tone, int):
            raise ValueError("the sample's record does not say its skin_tone; leave look.skin None")
        body = retone_skin(body, sample.body_parts, tone, look.skin)
    if look.hair is not None:
        body = recoloured(body, np.equal(sample.body_parts, Material.HAIR), look.hair)
    return body if body is sample.body else _remixed(sample.body, body, sample.body_parts)


def retone_skin(body: Image, body_parts: Bytes, source: int, target: int) -> Image:
    """Turn skin (h, w, 3) of tone `source` into `target`, numbers in `SKIN_TONES`.

    One gain in linear light keeps shades, lips and freckles; eyes are no skin and stay. Where skin
    becomes lighter, what was much lighter than its tone (pixels shared with cloth or eyes) does
    not gain as much.
    """
    if source == target:
        return body
    skin = body_parts == Material.SKIN
    old, new = to_linear(SKIN_TONES[None, [source, target]])[0]
    linear = to_linear(body)
    own = linear[skin]
    gained = own * (new / old)
    if new @ _LUMA > old @ _LUMA:
        ratio = (own @ _LUMA / (old @ _LUMA))[:, None]
        limited = new * np.minimum(ratio, np.float32(1.12))
        gained += np.clip((ratio - np.float32(1.12)) / np.float32(0.3), 0, 1) * (limited - gained)
    linear[skin] = gained
    return to_srgb(_pressed(linear))


def recoloured(image: Image, where: NDArray[np.bool_], colour: Colour) -> Image:
    """Give pixels another usual colour, keeping their light and dark (linear)."""
    if not where.any():
        return image
    linear = to_linear(image)
    luma = linear[where] @ _LUMA
    gain = luma / max(float(np.median(luma)), 1e-3)
    own = to_linear(np.array([[colour]], np.uint8))[0, 0]
    most = max(min(3.0, _BRIGHTEST / max(float(own.max()), 1e-3)), 1.15)
    room = np.float32(most - 1)
    gain = np.where(gain > 1, 1 + room * np.tanh((gain - 1) / room), np.maximum(gain, 0.25))
    linear[where] = gain[:, None] * own
    return to_srgb(_pressed(linear))


def photographic(image: Image, rng: Generator) -> Image:
    """Pass a picture (h, w, 3) uint8 through a camera: focus, white balance, noise, JPEG.

    Noise: standard deviation of at most 5 / 255 in the darks. Blur: at most 0.9 pixels of 512.
    """
    out = image.astype(np.float32)
    spread = float(rng.choice([0.0, 0.0, rng.uniform(0.3, 0.9)])) * min(image.shape[0] / 512, 2.0)
    if spread > 0:
        out = cv2.GaussianBlur(out, (0, 0), spread)
    if rng.random() < 0.25:
        out += float(rng.uniform(0.2, 0.7)) * (out - cv2.GaussianBlur(out, (0, 0), 1.2))
    gains = 1 + rng.normal(0, 0.025) + floats([1, 0, -1]) * rng.normal(0, 0.025)
    out *= floats(gains)
    power = float(rng.choice([0.0, rng.uniform(0.3, 1.5), rng.uniform(0.8, 2.8)]))
    if power > 0:
        size = (image.shape[0], image.shape[1])
        lump = float(rng.uniform(1, 1.8))
        dark = np.float32(power) * (1.25 - out.mean(axis=2) / 340)
        luma = smooth_noise(size, (lump, lump), rng)
        chroma = [smooth_noise(size, (2.5, 2.5), rng) for _ in range(3)]
        out += dark[..., None] * (0.85 * luma[..., None] + 0.35 * cv2.merge(chroma))
    return _jpeg(np.asarray(np.clip(np.round(out), 0, 255), np.uint8), rng)


def to_linear(image: Image) -> Floats:
    """Linear light (…, 3) float32, 0 to 1, of sRGB bytes."""
    return np.asarray(cv2.LUT(np.ascontiguousarray(image), _LINEAR), np.float32)


def to_srgb(linear: Floats) -> Image:
    """Return sRGB bytes of linear light; what is outside 0 to 1 is cut."""
    steps = np.clip(linear, 0, 1) * np.float32(_STEPS) + np.float32(0.5)
    return np.asarray(_SRGB[steps.astype(np.int32)], np.uint8)


_STEPS: Final = 65535


def _decoding() -> Floats:
    values = np.arange(256) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return linear.astype(np.float32)


def _encoding() -> Bytes:
    values = np.arange(_STEPS + 1) / _STEPS
    coded = np.where(values <= 0.0031308, values * 12.92, 1.055 * values ** (1 / 2.4) - 0.055)
    return np.round(coded * 255).astype(np.uint8)


_LINEAR: Final = _decoding()
_SRGB: Final = _encoding()


def _tinted(power: float, warmth: float, rng: Generator) -> Rgb:
    green = float(rng.normal(0, 0.008))
    return power * (1 + warmth), power * (1 + green), power * (1 - warmth)


def _toned(colour: Floats, cover: Floats, light: Illumination) -> Floats:
    """Apply contrast and press highlights of colours (h, w, 3) that hold `cover` of each pixel."""
    whole = np.maximum(cover, np.float32(1 / 255))[..., None]
    pure = np.maximum(colour / whole, 0)
    if light.gamma != 1:
        pure = cv2.pow(pure, light.gamma)
    return _pressed(pure) * cover[..., None]


def _pressed(linear: Floats) -> Floats:
    """Press what is above the knee below 1."""
    high = linear > _KNEE
    if not high.any():
        return linear
    room, out = np.float32(1 - _KNEE), linear.copy()
    out[high] = np.float32(_KNEE) + room * np.tanh((linear[high] - np.float32(_KNEE)) / room)
    return out


def _hair_evened(outfit: Outfit) -> Bytes:
    """The light (h, w, 2) of an outfit, evened out on hair.

    Strands shade each other in steps too fine for the buffers, which leaves dark dots.
    """
    hair = outfit.labels == Lip.HAIR
    rows, cols = np.nonzero(hair)
    if rows.size == 0:
        return outfit.light
    spread = 2.0 * outfit.labels.shape[0] / 512
    top, left = max(int(rows.min()) - 8, 0), max(int(cols.min()) - 8, 0)
    box = np.s_[top : int(rows.max()) + 9, left : int(cols.max()) + 9]
    here, light = hair[box], outfit.light[box].astype(np.float32)
    weight = here.astype(np.float32)[..., None]
    total = cv2.GaussianBlur(weight, (0, 0), spread)[here][:, None]
    mean = cv2.GaussianBlur(light * weight, (0, 0), spread)[here] / np.maximum(total, 1e-3)
    out = outfit.light.copy()
    out[rows, cols] = np.clip(np.round(0.75 * mean + 0.25 * light[here]), 0, 255).astype(np.uint8)
    return out


_MIXED: Final = (Material.SKIN, Material.HAIR, Material.CLOTH)


def _remixed(old: Image, new: Image, parts: Bytes) -> Image:
    """Mend a recoloured body (h, w, 3) where pixels hold two materials.

    Pixels between skin, hair and cloth are split into the pure old colours on either side of the
    border, and put together from the new ones.
    """
    square = np.ones((3, 3), np.uint8)
    masks = [np.equal(parts, kind).astype(np.uint8) for kind in _MIXED]
    near = np.stack([cv2.dilate(mask, square) for mask in masks])
    rows, cols = np.nonzero((near.sum(0) > 1) & (np.stack(masks).sum(0) > 0))
    if rows.size == 0:
        return new
    top, low = max(int(rows.min()) - 8, 0), int(rows.max()) + 9
    left, right = max(int(cols.min()) - 8, 0), int(cols.max()) + 9
    box = np.s_[top:low, left:right]
    here = rows - top, cols - left
    both = np.concatenate([to_linear(old[box]), to_linear(new[box])], 2)
    pure = np.zeros((3, rows.size, 6), np.float32)
    seen = near[:, rows, cols] > 0
    for k, mask in enumerate(masks):
        weight = floats(mask[box]) * np.where(near[:, top:low, left:right].sum(0) > 1, 0.02, 1.0)
        weight = weight.astype(np.float32)
        total = cv2.GaussianBlur(weight, (0, 0), 2.0)[here]
        for c in range(6):
            mean = cv2.GaussianBlur(both[..., c] * weight, (0, 0), 2.0)[here]
            pure[k, :, c] = mean / np.maximum(total, 1e-6)
        seen[k] &= total > 1e-4
    own = np.stack([mask[rows, cols] for mask in masks]).argmax(0)
    every = np.arange(rows.size)
    others = seen.copy()
    others[own, every] = False
    usable = others.any(0) & seen[own, every]
    mixed = _mixture(both[here][:, :3], pure[own, every], pure[others.argmax(0), every])
    out = new.copy()
    out[rows[usable], cols[usable]] = to_srgb(mixed[usable])
    return out


def _mixture(colour: Floats, first: Floats, second: Floats) -> Floats:
    """New colours (n, 3) of mixtures (n, 3) of two pure ones (n, 6: old, new)."""
    way = first[:, :3] - second[:, :3]
    share = ((colour - second[:, :3]) * way).sum(1) / np.maximum((way**2).sum(1), 1e-5)
    part = np.clip(share, 0, 1)[:, None]
    return np.asarray(part * first[:, 3:] + (1 - part) * second[:, 3:], np.float32)


def _lower_colour(lower: Image, colour: Colour | None) -> Image:
    return lower if colour is None else recoloured(lower, lower.max(axis=2) > 0, colour)


def _ground_shade(outfit: Outfit, size: tuple[int, int]) -> Floats:
    """Light (h, w, 1) that the person leaves on what is behind."""
    shade = cv2.resize(outfit.ground, (size[1], size[0]), interpolation=cv2.INTER_LINEAR)
    return shade.astype(np.float32)[..., None] / 255


def _sampled(cloth: Cloth, painted: Painted) -> Floats:
    """Linear colours (h, w, 3) of a sheet, each the mean of about the cloth that a pixel shows.

    Mip maps, trilinear (Williams, SIGGRAPH 1983): fine prints far away turn to their mean colour
    instead of false stripes.
    """
    sheet, pixel = to_linear(painted.image), painted.sheet.pixel
    level = _level(cloth, pixel)
    linear = np.zeros((*cloth.panel.shape, 3), np.float32)
    for number in range(_LEVELS):
        places = cloth.uv / np.float32(pixel) - np.float32(0.5)
        colour = cv2.remap(
            sheet, places[..., 0], places[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        linear += np.maximum(1 - np.abs(level - number), 0)[..., None] * colour
        height, width = sheet.shape[0] // 2, sheet.shape[1] // 2
        even = sheet[: 2 * height, : 2 * width]
        sheet = np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA))
        pixel *= 2
    return linear


def _level(cloth: Cloth, pixel: float) -> Floats:
    """How often (h, w) a sheet's pixel must be doubled to span a picture's, 0 to `_LEVELS` - 1.

    In the mean of both directions; where only one is known, in that one.
    """
    steps = np.stack([_step(cloth, axis) for axis in (0, 1)]) / np.float32(pixel)
    known = np.isfinite(steps) & (steps > 0)
    doubled = np.log2(np.where(known, steps, 1)).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return np.asarray(np.clip(doubled, 0, _LEVELS - 1), np.float32)


def _step(cloth: Cloth, axis: int) -> Floats:
    """Metres of cloth (h, w) from a pixel to the next along an axis; infinite off the panel.

    Of both neighbours the nearer counts: the other may lie beyond a fold.
    """
    gap = np.linalg.norm(np.diff(cloth.uv, axis=axis), axis=2)
    gap[np.diff(cloth.panel, axis=axis) != 0] = np.inf
    edge = np.full_like(gap.take([0], axis), np.inf)
    before, after = np.concatenate([edge, gap], axis), np.concatenate([gap, edge], axis)
    return np.minimum(before, after)


def _inner_side(colour: Floats) -> Floats:
    """Linear colours (K, 3) of the wrong side of cloth: paler, less saturated."""
    grey = (colour @ _LUMA)[:, None]
    faded = colour + 0.35 * (grey - colour)
    return faded + np.float32(0.05) * (np.float32(0.8) - faded)


def _sew_label(linear: Floats, cloth: Cloth, label: NeckLabel) -> None:
    """Draw a label on the inside of the back, in place."""
    left, top, right, low = label.box
    across, down = cloth.uv[..., 0], cloth.uv[..., 1]
    within = (across > left) & (across < right) & (down > top) & (down < low)
    within &= cloth.inside & (cloth.panel == Panel.BACK)
    if not within.any():
        return
    linear[within] = to_linear(np.array([[label.colour]], np.uint8))[0, 0]
    middle, high = (left + right) / 2, low - top
    word = within & (np.abs(down - (top + 0.4 * high)) < 0.12 * high)
    word &= np.abs(across - middle) < 0.3 * (right - left)
    ink = (30, 30, 32) if luminance(label.colour) > 128 else (235, 235, 235)
    linear[word] = 0.5 * (linear[word] + to_linear(np.array([[ink]], np.uint8))[0, 0])


def _spilled(linear: Floats, seen: NDArray[np.bool_]) -> Floats:
    """Fill two pixels around the cloth with its border's colour."""
    out = linear * seen[..., None]
    have = seen.astype(np.float32)
    for _ in range(2):
        near = cv2.blur(have, (3, 3), borderType=cv2.BORDER_CONSTANT)
        colour = cv2.blur(out, (3, 3), borderType=cv2.BORDER_CONSTANT)
        fresh = (have == 0) & (near > 1e-4)
        out[fresh] = colour[fresh] / near[fresh][:, None]
        have = np.where(fresh, np.float32(1), have)
    return np.asarray(out, np.float32)


def _rim(share: Bytes) -> Floats:
    """Brightness (h, w) that falls a little at the outline, where cloth turns away."""
    spread = max(share.shape[0] / 200, 0.8)
    soft = cv2.GaussianBlur(share, (0, 0), spread).astype(np.float32) / 255
    return 1 - np.float32(0.14) * np.clip(1 - soft, 0, 1)


def _jpeg(image: Image, rng: Generator) -> Image:
    quality = int(rng.integers(55, 97))
    _, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])
