"""Noise as pictures: the same seed gives the same clouds at any resolution."""

import math
from typing import Final

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike

from fittingroom.synth.shapes import Floats

_CUBIC_SPREAD: Final = 0.75
_SPLINE_SPREAD: Final = 0.48
"""Standard deviations that the two ways of interpolating leave of unit noise."""

_LARGE_CELL: Final = 6


def floats(values: ArrayLike) -> Floats:
    """Return values as a float32 array."""
    return np.asarray(values, np.float32)


def smooth_noise(shape: tuple[int, int], cell: tuple[float, float], rng: Generator) -> Floats:
    """Noise (h, w) float32 of mean 0 and standard deviation about 1.

    cell: (height, width) of a lump in pixels; less than a pixel is taken as one.
    """
    height, width = max(cell[0], 1.0), max(cell[1], 1.0)
    rows, cols = math.ceil(shape[0] / height) + 4, math.ceil(shape[1] / width) + 4
    grid = rng.standard_normal((rows, cols), dtype=np.float32)
    if height == width == 1:
        return grid[: shape[0], : shape[1]]
    if min(height, width) >= _LARGE_CELL:
        smooth = _spline(shape[0], rows, height) @ grid @ _spline(shape[1], cols, width).T
        return floats(smooth / np.float32(_SPLINE_SPREAD))
    size = (max(round(cols * width), cols), max(round(rows * height), rows))
    smooth = cv2.resize(grid, size, interpolation=cv2.INTER_CUBIC)
    return smooth[: shape[0], : shape[1]] / np.float32(_CUBIC_SPREAD)


def _spline(count: int, knots: int, cell: float) -> Floats:
    """Weights (count, knots) of a cubic B-spline with a knot every `cell` pixels."""
    place = np.arange(count) / cell
    first = place.astype(np.int64)
    part = place - first
    taps = [
        (1 - part) ** 3,
        3 * part**3 - 6 * part**2 + 4,
        -3 * part**3 + 3 * part**2 + 3 * part + 1,
        part**3,
    ]
    weights = np.zeros((count, knots), np.float32)
    for tap, values in enumerate(taps):
        weights[np.arange(count), first + tap] = values / 6
    return weights


def clouds(shape: tuple[int, int], cell: float, octaves: int, rng: Generator) -> Floats:
    """Fractal noise (h, w) float32, mean 0 and standard deviation about 1; cell in pixels."""
    total = np.zeros(shape, np.float32)
    power = 0.0
    for octave in range(octaves):
        gain = 0.5**octave
        size = cell * gain
        total += np.float32(gain) * smooth_noise(shape, (size, size), rng)
        power += gain * gain
    return total / np.float32(math.sqrt(power))


def soft_step(values: Floats, gain: float) -> Floats:
    """Return 0 below zero, 1 above, with a linear ramp of width 1 / gain between."""
    return np.clip(values * np.float32(gain) + np.float32(0.5), 0, 1)
