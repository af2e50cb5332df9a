"""Textures of the fitted lower garments: denim with fading and stitches, wool, cotton, jersey.

All are painted in the uv of `underlayers.lower_garment`, left leg and mirrored right leg.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

import cv2
import numpy as np

from fittingroom.synth.shapes import Bytes, Floats

Rgb: TypeAlias = tuple[float, float, float]

SIZE: Final = 1024
TOP: Final = 1.03
"""Template height in metres at the texture's upper edge; the lower edge is the floor."""


@dataclass(frozen=True, slots=True)
class Weave:
    """What a lower garment's cloth shows besides its colour.

    fade: strength of worn areas; grain: contrast of the yarns; stitch: sRGB of the topstitching
    or None for tone on tone; pockets: pockets, fly and waistband are there; crease: pressed.
    """

    fade: float
    grain: float
    stitch: tuple[int, int, int] | None
    pockets: bool
    crease: bool
    waist: float
    hem: float


def paint(colour: tuple[int, int, int], weave: Weave, seed: int) -> Bytes:
    """(1024, 1024, 3) uint8 sRGB albedo of a lower garment; colour: sRGB of the unworn cloth."""
    rng = np.random.default_rng(seed)
    base = np.array(colour, np.float32)
    pale = base * 0.35 + np.array([168, 182, 198], np.float32) * 0.65
    halves = []
    for side in (0, 1):
        shade = (1 + weave.grain * np.roll(_grain(side), int(rng.integers(SIZE)), 0))[..., None]
        faded = weave.fade * _worn(rng) if weave.fade else np.zeros((SIZE, SIZE // 2), np.float32)
        ground = base + faded[..., None] * (pale - base)
        picture = (ground * shade * _seams(weave)[..., None]).astype(np.float32)
        if weave.pockets:
            _details(picture, weave, side)
        halves.append(picture)
    out = np.concatenate([halves[0], halves[1][:, ::-1]], 1)
    return np.clip(out, 0, 255).astype(np.uint8)


@lru_cache(maxsize=2)
def _grain(side: int) -> Floats:
    """(SIZE, SIZE / 2) float32: yarns that run down the leg, and unevenness."""
    rng, half = np.random.default_rng(side), SIZE // 2
    noise = rng.normal(size=(SIZE, half)).astype(np.float32)
    warp = cv2.GaussianBlur(noise, (0, 0), sigmaX=0.6, sigmaY=5)
    coarse = cv2.resize(rng.normal(size=(SIZE // 16, half // 16)).astype(np.float32), (half, SIZE))
    return np.asarray(2.2 * warp + 0.28 * noise + 0.35 * coarse, np.float32)


def _around(length: int) -> Floats:
    """(1, length): u around one leg."""
    return ((np.arange(length) + 0.5) / length)[None].astype(np.float32)


def _heights(length: int) -> Floats:
    """(length, 1): template heights, the highest first."""
    z = (length - np.arange(length, dtype=np.float32) - 0.5) / length * TOP
    return z[:, None].astype(np.float32)


def _bell(values: Floats, width: float) -> Floats:
    return np.exp(-((values / np.float32(width)) ** 2)).astype(np.float32)


def _worn(rng: np.random.Generator) -> Floats:
    """0..1: thighs, knees and seat are worn; whiskers run out from the crotch."""
    u, z = _around(SIZE // 4), _heights(SIZE // 2)
    front, back = _bell(u - 0.27, 0.11), _bell(u - 0.72, 0.12)
    worn = front * (0.8 * _bell(z - 0.68, 0.13) + 0.55 * _bell(z - 0.48, 0.08) + 0.18)
    worn = worn + 0.5 * back * _bell(z - 0.86, 0.09) + 0.1
    near = _bell(u - 0.2, 0.1)
    for k in range(5):
        line = 0.80 + 0.028 * k + (u - 0.1) * (0.10 - 0.12 * k) + rng.normal(0, 0.004)
        worn += 0.28 * near * _bell(z - line.astype(np.float32), 0.0045)
    blotch = rng.normal(size=(24, 12)).astype(np.float32)
    worn *= 1 + 0.25 * cv2.resize(blotch, worn.shape[::-1], interpolation=cv2.INTER_CUBIC)
    return np.clip(cv2.resize(worn, (SIZE // 2, SIZE)), 0, 1).astype(np.float32)


def _seams(weave: Weave) -> Floats:
    """A factor on the albedo: dark seams with a paler ridge, crease, hem and waistband."""
    u, z = _around(SIZE // 2), _heights(SIZE)
    across = 1 - 0.30 * _bell(u - 0.5, 0.004) + 0.10 * _bell(u - 0.512, 0.006)
    across -= 0.28 * _bell(np.minimum(u, 1 - u), 0.005)
    along = -0.18 * _bell(z - weave.hem - 0.022, 0.0018) + 0.05 * (z - weave.hem < 0.02)
    along -= 0.28 * _bell(z - weave.waist + 0.038, 0.0016) * weave.pockets
    factor = across + along
    if weave.crease:
        press = 0.13 * _bell(u - 0.25, 0.005) - 0.10 * _bell(u - 0.262, 0.008)
        factor = factor + press * (z < 0.9)
    return np.clip(factor, 0.4, 1.3).astype(np.float32)


def _details(picture: Floats, weave: Weave, side: int) -> None:
    """Draws waistband, loops, fly (left only), pockets and their stitches in place."""
    mean = picture.mean((0, 1))
    dark = _rgb(mean * 0.62)
    stitch = weave.stitch or _rgb(np.minimum(mean * 1.12, 255))
    band = weave.waist - 0.038
    mouth = [(0.2 + 0.27 * t, band - 0.085 * t**2.2) for t in np.linspace(0, 1, 14)]
    _line(picture, [(u, z - 0.001) for u, z in mouth], dark, 4)
    _line(picture, [(u - 0.006, z - 0.007) for u, z in mouth], stitch, 1)
    _line(picture, [(u - 0.009, z - 0.012) for u, z in mouth], stitch, 1)
    pocket = [(0.61, band - 0.05), (0.87, band - 0.045), (0.85, band - 0.135)]
    pocket += [(0.745, band - 0.155), (0.635, band - 0.14), (0.61, band - 0.05)]
    _line(picture, pocket, dark, 3)
    inner = [(0.74 + 0.94 * (u - 0.74), band - 0.1 + 0.94 * (z - band + 0.1)) for u, z in pocket]
    _line(picture, inner, stitch, 1)
    _line(picture, [(0.0, band + 0.033), (1.0, band + 0.033)], stitch, 1)
    _line(picture, [(0.0, band + 0.005), (1.0, band + 0.005)], stitch, 1)
    for loop in (0.17, 0.52, 0.97):
        ends = [(loop, band - 0.006), (loop, band + 0.038)]
        _line(picture, ends, dark, 9)
        _line(picture, ends, _rgb(mean * 0.93), 6)
    _line(picture, [(0.515, 0.1), (0.515, band)], stitch, 1)
    if side == 0:
        _fly(picture, band, dark, stitch)


def _fly(picture: Floats, band: float, dark: Rgb, stitch: Rgb) -> None:
    fly = [(0.075, band), (0.078, band - 0.09), (0.06, band - 0.125), (0.0, band - 0.14)]
    _line(picture, fly, stitch, 1)
    _line(picture, [(u * 0.9, z) for u, z in fly], stitch, 1)
    _line(picture, [(0.004, band), (0.004, band - 0.15)], dark, 3)
    button = _at(0.03, band + 0.019)
    cv2.circle(picture, button, 8 * 8, dark, -1, cv2.LINE_AA, 3)
    cv2.circle(picture, button, 6 * 8, (176, 160, 128), -1, cv2.LINE_AA, 3)


def _rgb(colour: Floats) -> Rgb:
    red, green, blue = (float(c) for c in colour)
    return red, green, blue


def _at(u: float, z: float) -> tuple[int, int]:
    """Pixel of a point in eighths: u around one leg, z = template height."""
    return round(u * SIZE / 2 * 8), round((1 - z / TOP) * SIZE * 8)


def _line(picture: Floats, points: list[tuple[float, float]], colour: Rgb, width: int) -> None:
    where = np.array([_at(*point) for point in points], np.int32)
    cv2.polylines(picture, [where], False, colour, width, cv2.LINE_AA, 3)
