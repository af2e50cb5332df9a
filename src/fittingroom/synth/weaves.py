"""How cloth is made, as brightness: ribs, twill, slubs, quilting, and the wear of denim."""

import math
from collections.abc import Callable
from enum import StrEnum
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.random import Generator

from fittingroom.synth.motifs import Field
from fittingroom.synth.noise import clouds, floats, smooth_noise, soft_step
from fittingroom.synth.palettes import WHITE_FROM
from fittingroom.synth.shapes import Floats, Panel
from fittingroom.types import Image

THREAD: Final = 0.0006
"""Metres; the noise of a thread fades as a pixel holds more of them."""


class Weave(StrEnum):
    """How a cloth is woven or knitted."""

    SMOOTH = "smooth"
    JERSEY = "jersey"
    PIQUE = "pique"
    MELANGE = "melange"
    RIB = "rib"
    CHUNKY = "chunky"
    CABLE = "cable"
    WAFFLE = "waffle"
    FLEECE = "fleece"
    LINEN = "linen"
    TWILL = "twill"
    DENIM = "denim"
    CORDUROY = "corduroy"
    SATIN = "satin"
    TWEED = "tweed"
    QUILT = "quilt"
    CRINKLE = "crinkle"


Relief: TypeAlias = Callable[[Field, float, Generator], Floats]


def apply_weave(image: Image, field: Field, weave: Weave, gauge: float, rng: Generator) -> Image:
    """Lay the structure of a weave on colours (H, W, 3) uint8; white stays white.

    gauge: size of the structure, about 1.
    """
    fine = _grain(field, rng)
    relief = 1 + _RELIEFS[weave](field, gauge, rng) + fine
    image = apply_relief(image, relief.astype(np.float32))
    if weave is Weave.DENIM:
        return _worn(image, field, rng)
    if weave in (Weave.MELANGE, Weave.TWEED):
        return _flecked(image, field, weave is Weave.TWEED, rng)
    return image


def apply_relief(image: Image, relief: Floats) -> Image:
    """Multiply colours by brightness (H, W); what was white stays at WHITE_FROM or above."""
    lit = cv2.multiply(image, cv2.merge([relief] * 3), dtype=cv2.CV_8U)
    return np.asarray(cv2.max(lit, cv2.min(image, _white(image))), np.uint8)


def _white(image: Image) -> Image:
    """Return the floor under white pixels; it falls away fast below white, without a step."""
    red, green, blue = cv2.split(image)
    least = cv2.min(cv2.min(red, green), blue)
    values = np.arange(256)
    below = np.maximum(WHITE_FROM - 6 * np.maximum(WHITE_FROM - values, 0), 0)
    return np.asarray(cv2.merge([cv2.LUT(least, below.astype(np.uint8))] * 3), np.uint8)


def seen(period: float, pixel: float) -> float:
    """Say how much of a structure of `period` metres a picture can show, 0 to 1."""
    return float(np.clip((period / pixel - 2) / 2, 0, 1))


def _grain(field: Field, rng: Generator) -> Floats:
    size = max(THREAD / field.pixel, 1.0)
    power = 0.03 * min(1.0, THREAD / field.pixel)
    return np.float32(power) * smooth_noise(field.shape, (size, size), rng)


def _wave(place: Floats, period: float) -> Floats:
    return np.asarray(np.sin(place * np.float32(math.tau / period)), np.float32)


def _rows(field: Field) -> Floats:
    return field.down[:, :1]


def _columns(field: Field) -> Floats:
    return field.across[:1]


def _smooth(field: Field, gauge: float, rng: Generator) -> Floats:
    return np.float32(0.004) * smooth_noise(field.shape, (0.02 / field.pixel,) * 2, rng)


def _jersey(field: Field, gauge: float, rng: Generator) -> Floats:
    period = 0.0011 * gauge
    power = 0.05 * seen(period, field.pixel)
    return np.float32(power) * _wave(_columns(field), period) + _smooth(field, gauge, rng)


def _pique(field: Field, gauge: float, rng: Generator) -> Floats:
    period = 0.0022 * gauge
    power = 0.08 * seen(period, field.pixel)
    grid = _wave(_columns(field), period) * _wave(_rows(field), period)
    return np.float32(power) * grid + _smooth(field, gauge, rng)


def _rib(field: Field, gauge: float, rng: Generator) -> Floats:
    period = 0.005 * gauge
    wave = np.sqrt(np.abs(_wave(_columns(field), 2 * period))) - np.float32(0.75)
    return np.float32(0.3 * seen(period, field.pixel)) * wave + _smooth(field, gauge, rng)


def _chunky(field: Field, gauge: float, rng: Generator) -> Floats:
    wide, high = 0.007 * gauge, 0.0055 * gauge
    across = np.abs(((field.across / np.float32(wide)) % 1) - np.float32(0.5))
    lean = _wave(field.down + across * np.float32(1.4 * high), high)
    power = np.float32(seen(high, field.pixel))
    groove = np.float32(0.14) * power * (np.float32(0.5) - np.abs(across * 4 - 1))
    return np.float32(0.1) * power * lean + groove + _smooth(field, gauge, rng)


def _cable(field: Field, gauge: float, rng: Generator) -> Floats:
    pitch = 0.075 * gauge
    local = ((field.across / np.float32(pitch)) % 1) - np.float32(0.5)
    swing = np.float32(0.1) * _wave(field.down, 0.06 * gauge)
    first = np.exp(-(((local - swing) / np.float32(0.085)) ** 2))
    second = np.exp(-(((local + swing) / np.float32(0.085)) ** 2))
    rope = np.maximum(first, second) - np.float32(0.35)
    edge = np.exp(-(((np.abs(local) - np.float32(0.26)) / np.float32(0.03)) ** 2))
    ribs = np.where(np.abs(local) > 0.3, _wave(field.across, 0.008 * gauge), 0)
    stitches = _chunky(field, 0.7 * gauge, rng)
    return np.float32(0.2) * rope - np.float32(0.18) * edge + np.float32(0.06) * ribs + stitches / 2


def _waffle(field: Field, gauge: float, rng: Generator) -> Floats:
    period = 0.009 * gauge
    grid = np.maximum(_wave(_columns(field), period), _wave(_rows(field), period))
    power = 0.1 * seen(period, field.pixel)
    return np.float32(power) * (grid - np.float32(0.4)) + _smooth(field, gauge, rng)


def _fleece(field: Field, gauge: float, rng: Generator) -> Floats:
    cell = 0.004 * gauge / field.pixel
    return np.float32(0.025) * clouds(field.shape, cell, 2, rng)


def _linen(field: Field, gauge: float, rng: Generator) -> Floats:
    thin, long = 0.0011 * gauge / field.pixel, 0.03 * gauge / field.pixel
    weft = smooth_noise(field.shape, (thin, long), rng)
    warp = smooth_noise(field.shape, (long, thin), rng)
    power = 0.034 * min(1.0, max(thin, 0.5))
    return np.float32(power) * (weft + warp) + _smooth(field, gauge, rng)


def _twill(field: Field, gauge: float, rng: Generator) -> Floats:
    period = 0.0018 * gauge
    power = 0.07 * seen(period, field.pixel)
    return np.float32(power) * _wave(field.across + field.down, period) + _smooth(field, gauge, rng)


def _denim(field: Field, gauge: float, rng: Generator) -> Floats:
    slub = smooth_noise(field.shape, (0.05 / field.pixel, 0.0012 / field.pixel), rng)
    cross = smooth_noise(field.shape, (0.0012 / field.pixel, 0.01 / field.pixel), rng)
    return np.float32(0.04) * slub + np.float32(0.022) * cross + _twill(field, gauge, rng)


def _corduroy(field: Field, gauge: float, rng: Generator) -> Floats:
    period = 0.0042 * gauge
    wave = np.sqrt(np.abs(_wave(_columns(field), 2 * period))) - np.float32(0.75)
    nap = smooth_noise(field.shape, (0.012 / field.pixel, 0.002 / field.pixel), rng)
    return np.float32(0.34 * seen(period, field.pixel)) * wave + np.float32(0.04) * nap


def _satin(field: Field, gauge: float, rng: Generator) -> Floats:
    broad = smooth_noise(field.shape, (0.25 / field.pixel, 0.06 / field.pixel), rng)
    return np.float32(0.03) * broad


def _tweed(field: Field, gauge: float, rng: Generator) -> Floats:
    return _twill(field, 2.2 * gauge, rng) + _fleece(field, gauge, rng)


def _quilt(field: Field, gauge: float, rng: Generator) -> Floats:
    period = float(rng.uniform(0.05, 0.09)) * gauge
    if rng.random() < 0.5:
        first = np.abs(_wave(field.across + field.down, 2 * period))
        second = np.abs(_wave(field.across - field.down, 2 * period))
        depth = np.minimum(first, second)
    else:
        depth = np.abs(_wave(field.down, 2 * period))
    pucker = smooth_noise(field.shape, (0.03 / field.pixel, 0.008 / field.pixel), rng)
    seam = np.exp(-((depth / np.float32(0.12)) ** 2))
    return np.float32(0.14) * (np.sqrt(depth) - 1) - seam * (np.float32(0.12) + 0.02 * pucker)


def _crinkle(field: Field, gauge: float, rng: Generator) -> Floats:
    cell = (0.05 / field.pixel, 0.004 * gauge / field.pixel)
    return np.float32(0.018) * smooth_noise(field.shape, cell, rng)


def _flecked(image: Image, field: Field, coloured: bool, rng: Generator) -> Image:
    """Mix in light and dark fibres; in tweed some of colour."""
    cell = (0.0009 / field.pixel, 0.0045 / field.pixel)
    fibres = smooth_noise(field.shape, cell, rng)
    power = 6.0 * min(1.0, 0.0012 / field.pixel)
    added = [np.float32(power) * fibres] * 3
    if coloured:
        spots = soft_step(smooth_noise(field.shape, (0.003 / field.pixel,) * 2, rng) - 1.6, 2)
        added = [added[0] + spots * np.float32(v) for v in rng.uniform(-60, 90, 3)]
    mixed = cv2.add(image, cv2.merge(added), dtype=cv2.CV_8U)
    return np.asarray(cv2.max(mixed, cv2.min(image, _white(image))), np.uint8)


def _worn(image: Image, field: Field, rng: Generator) -> Image:
    """Fade denim where it rubs: thighs, knees, seats, and in clouds."""
    fade = np.float32(0.07) * clouds(field.shape, 0.12 / field.pixel, 2, rng)
    strength = float(rng.choice([0.0, 0.2, 0.35, 0.5]))
    for panel in (Panel.LEFT_LEG_FRONT, Panel.RIGHT_LEG_FRONT, Panel.SKIRT_FRONT):
        rows, cols = np.nonzero(field.panel == panel)
        if rows.size == 0:
            continue
        middle = (cols.min() + cols.max()) / 2
        across = (np.arange(field.shape[1], dtype=np.float32) - middle) * field.pixel / 0.07
        down = np.arange(field.shape[0], dtype=np.float32) - rows.min()
        lobe = (down * field.pixel - 0.33) / 0.22
        rubbed = np.exp(-(across[None] ** 2) - (lobe[:, None] ** 2))
        fade = fade + np.float32(strength) * rubbed * (field.panel == panel)
    part = np.clip(fade, -0.15, 0.75)[..., None]
    pale = floats([206, 216, 226])
    mixed = image + (pale - image) * part
    return np.asarray(np.clip(mixed, 0, 255), np.uint8)


_RELIEFS: Final[dict[Weave, Relief]] = {
    Weave.SMOOTH: _smooth,
    Weave.JERSEY: _jersey,
    Weave.PIQUE: _pique,
    Weave.MELANGE: _jersey,
    Weave.RIB: _rib,
    Weave.CHUNKY: _chunky,
    Weave.CABLE: _cable,
    Weave.WAFFLE: _waffle,
    Weave.FLEECE: _fleece,
    Weave.LINEN: _linen,
    Weave.TWILL: _twill,
    Weave.DENIM: _denim,
    Weave.CORDUROY: _corduroy,
    Weave.SATIN: _satin,
    Weave.TWEED: _tweed,
    Weave.QUILT: _quilt,
    Weave.CRINKLE: _crinkle,
}
