"""Procedural pictures that stand in for photographs on a print."""

import math
from collections.abc import Callable
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.random import Generator

from fittingroom.synth import outlines
from fittingroom.synth.noise import clouds, floats, smooth_noise, soft_step
from fittingroom.synth.shapes import Floats
from fittingroom.types import Image

Scene: TypeAlias = Callable[[tuple[int, int], Generator], Floats]

_SKIES: Final = (
    ((70, 120, 190), (214, 228, 240)),
    ((60, 40, 110), (250, 160, 90)),
    ((20, 28, 60), (226, 96, 110)),
    ((120, 150, 170), (236, 232, 222)),
    ((250, 190, 80), (250, 236, 200)),
    ((28, 96, 120), (250, 214, 170)),
)


def draw_scene(size: tuple[int, int], rng: Generator) -> Image:
    """Draw a picture (h, w, 3) uint8: mountains, sea, skyline, blossoms or marble; some duotone."""
    scene = _SCENES[int(rng.integers(len(_SCENES)))](size, rng)
    scene = scene + 5 * smooth_noise(size, (1, 1), rng)[..., None]
    image: Image = np.clip(scene, 0, 255).astype(np.uint8)
    return _duotone(image, rng) if rng.random() < 0.3 else image


def _rows(size: tuple[int, int]) -> Floats:
    return np.linspace(0, 1, size[0], dtype=np.float32)[:, None] + np.zeros(size, np.float32)


def _sky(size: tuple[int, int], rng: Generator) -> Floats:
    top, low = _SKIES[int(rng.integers(len(_SKIES)))]
    down = _rows(size)[..., None]
    sky = floats(top) * (1 - down) + floats(low) * down
    haze = soft_step(clouds(size, size[1] / 4, 5, rng) - 0.4, 0.6)[..., None]
    return (sky + (250 - sky) * 0.5 * haze * (1 - 0.5 * down)).astype(np.float32)


def _with_sun(sky: Floats, rng: Generator) -> Floats:
    height, width = sky.shape[:2]
    centre = (int(width * rng.uniform(0.25, 0.75)), int(height * rng.uniform(0.2, 0.55)))
    disc = np.zeros((height, width), np.float32)
    cv2.circle(disc, centre, int(width * rng.uniform(0.06, 0.18)), 1.0, -1, cv2.LINE_AA)
    sun = floats([255, 236, 190])
    glow = cv2.GaussianBlur(disc, (0, 0), width / 12)[..., None]
    sky = sky + (sun - sky) * np.clip(glow, 0, 0.6)
    return np.asarray(sky + (sun - sky) * disc[..., None], np.float32)


def _mountains(size: tuple[int, int], rng: Generator) -> Floats:
    image = _with_sun(_sky(size, rng), rng)
    down = _rows(size)
    near = floats(rng.uniform(10, 70, 3))
    far = floats([150, 165, 190])
    for layer in range(4):
        rough = clouds((1, size[1]), size[1] / (2 + layer), 5, rng)
        line = 0.45 + 0.13 * layer + 0.09 * rough
        part = soft_step(down - line, size[0])[..., None]
        tint = far + (near - far) * ((layer + 1) / 4)
        grain = 10 * clouds(size, size[1] / 10, 4, rng)[..., None]
        image = image + (tint + grain - image) * part
    return image


def _sea(size: tuple[int, int], rng: Generator) -> Floats:
    image = _with_sun(_sky(size, rng), rng)
    down = _rows(size)
    level = float(rng.uniform(0.5, 0.65))
    mirrored = image[::-1] * 0.75
    waves = smooth_noise(size, (size[0] / 70, size[1] / 9), rng)
    water = mirrored + 16 * (waves * (0.3 + down))[..., None]
    part = soft_step(down - level, size[0])[..., None]
    return np.asarray(image + (water - image) * part, np.float32)


def _skyline(size: tuple[int, int], rng: Generator) -> Floats:
    image = _with_sun(_sky(size, rng), rng)
    canvas = np.ascontiguousarray(image)
    for layer in range(3):
        tint = floats([140, 140, 160]) * (1 - 0.4 * layer) - 10 * layer
        left = 0
        while left < size[1]:
            wide = int(size[1] * rng.uniform(0.03, 0.12)) + 2
            top = int(size[0] * rng.uniform(0.3 + 0.14 * layer, 0.75 + 0.06 * layer))
            canvas[top:, left : left + wide] = tint + float(rng.normal(0, 6))
            _windows(canvas[top:, left : left + wide], rng)
            left += wide
    return canvas


def _windows(house: Floats, rng: Generator) -> None:
    """Light some windows of a house, in place."""
    step = 5
    lit = rng.random((house.shape[0] // step, house.shape[1] // step)) < 0.25
    for row, col in np.argwhere(lit):
        house[row * step + 1 : row * step + 3, col * step + 1 : col * step + 3] += (90, 80, 40)


def _palms(size: tuple[int, int], rng: Generator) -> Floats:
    image = np.ascontiguousarray(_with_sun(_sky(size, rng), rng))
    dark = floats(rng.uniform(8, 50, 3)).tolist()
    for _ in range(int(rng.integers(2, 5))):
        foot = np.array([size[1] * rng.uniform(0.1, 0.9), size[0] * 1.0])
        crown = foot + np.array([size[1] * rng.normal(0, 0.08), -size[0] * rng.uniform(0.4, 0.75)])
        cv2.line(image, _fixed(foot), _fixed(crown), dark, max(size[1] // 60, 1), cv2.LINE_AA)
        for turn in np.linspace(math.pi * 0.9, math.pi * 2.1, 9) + rng.normal(0, 0.1, 9):
            leaf = outlines.turned(outlines.frond(), float(turn)) * size[1] * 0.17 + crown
            cv2.fillPoly(image, [np.round(leaf).astype(np.int32)], dark, cv2.LINE_AA)
    return image


def _fixed(place: outlines.Outline) -> tuple[int, int]:
    return round(float(place[0])), round(float(place[1]))


def _blossoms(size: tuple[int, int], rng: Generator) -> Floats:
    image = np.empty((*size, 3), np.float32)
    image[:] = rng.uniform(30, 110, 3)
    image += 22 * clouds(size, size[1] / 5, 3, rng)[..., None]
    for layer in range(3):
        for _ in range(8 - 2 * layer):
            place = rng.uniform(0, 1, 2) * (size[1], size[0])
            radius = size[1] * (0.08 + 0.07 * layer) * float(rng.uniform(0.8, 1.3))
            _rose(image, place, radius, rng)
        image = cv2.GaussianBlur(image, (0, 0), max((2 - layer) * size[1] / 90, 0.5))
    return image


def _rose(image: Floats, place: outlines.Outline, radius: float, rng: Generator) -> None:
    """Draw a flower of many shaded petals, in place."""
    ink = rng.uniform(90, 255, 3)
    for ring in range(6):
        long = radius * (1 - 0.15 * ring)
        for turn in np.linspace(0, math.tau, 8) + ring * 0.4:
            petal = outlines.turned(outlines.petal(0.42), float(turn)) * long + place
            tint = np.clip(ink * (0.62 + 0.1 * ring) + rng.normal(0, 9), 0, 255).tolist()
            cv2.fillPoly(image, [np.round(petal).astype(np.int32)], tint, cv2.LINE_AA)


def _abstract(size: tuple[int, int], rng: Generator) -> Floats:
    first = clouds(size, size[1] / 3, 5, rng)
    inks = floats(rng.uniform(10, 250, (3, 3)))
    part = soft_step(first, 0.5)[..., None]
    veins = np.exp(-((clouds(size, size[1] / 3, 4, rng) * 5) ** 2))[..., None]
    image = inks[0] + (inks[1] - inks[0]) * part
    return np.asarray(image + (inks[2] - image) * 0.8 * veins, np.float32)


def _duotone(image: Image, rng: Generator) -> Image:
    """Print a picture in two inks."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)[..., None] / 255
    dark, light = floats(rng.uniform(0, 70, 3)), floats(rng.uniform(170, 255, 3))
    return np.asarray(dark + (light - dark) * grey, np.uint8)


_SCENES: Final[tuple[Scene, ...]] = (_mountains, _sea, _skyline, _palms, _blossoms, _abstract)
