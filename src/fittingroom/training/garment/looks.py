"""Colours of garments, plain grounds and cameras: what makes pictures of one garment differ."""

from typing import Final

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from fittingroom.types import Image

Floats = NDArray[np.float32]
_LUMA: Final = np.array([0.299, 0.587, 0.114], np.float32)


def recoloured(rng: Generator, colours: Image) -> Image:
    """Give a garment (h, w, 3) other colours: turned, white, dark, or nearly its own."""
    kind = rng.random()
    if kind < 0.14:
        return _toned(rng, colours, float(rng.uniform(222, 255)), float(rng.uniform(0.25, 0.9)))
    if kind < 0.24:
        return _toned(rng, colours, float(rng.uniform(18, 60)), float(rng.uniform(0.5, 1.6)))
    if kind < 0.5:
        return turned_colours(rng, colours)
    table = np.arange(256)
    gain, power = np.exp(rng.normal(0, 0.1)), np.exp(rng.normal(0, 0.2))
    curve = np.clip(255 * gain * (table / 255) ** power, 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(colours, curve), np.uint8)


def turned_colours(rng: Generator, colours: Image) -> Image:
    """Turn the hues of a picture (h, w, 3), and change how vivid and how bright it is."""
    hsv = cv2.cvtColor(colours, cv2.COLOR_RGB2HSV)
    table = np.arange(256)
    hue = ((table + int(rng.integers(180))) % 180).astype(np.uint8)
    saturation = np.clip(table * rng.uniform(0.3, 1.5), 0, 255).astype(np.uint8)
    value = (255 * (table / 255) ** np.exp(rng.normal(0, 0.35))).astype(np.uint8)
    lut = np.stack([hue, saturation, value], 1)[None]
    return np.asarray(cv2.cvtColor(cv2.LUT(hsv, lut), cv2.COLOR_HSV2RGB), np.uint8)


def _toned(rng: Generator, colours: Image, base: float, depth: float) -> Image:
    """Bring a garment to about one tone: its light parts at `base`, shades `depth` as deep."""
    grey = colours.astype(np.float32) @ _LUMA
    light = grey / max(float(np.quantile(grey[::4, ::4], 0.8)), 8.0)
    tint = base + rng.normal(0, 3, 3)
    toned = tint.astype(np.float32) * (1 + depth * (np.minimum(light, 1.3) - 1))[..., None]
    mixed = toned + 0.12 * (colours.astype(np.float32) - grey[..., None])
    return np.asarray(np.clip(mixed, 0, 255), np.uint8)


def plain_ground(rng: Generator, size: tuple[int, int], near: Floats | None) -> Image:
    """Draw a plain ground (h, w, 3): white, grey or coloured, even or shaded; close to `near`."""
    kind = rng.random()
    if near is not None:
        base = near + rng.normal(0, 9, 3)
    elif kind < 0.45:
        base = np.full(3, rng.choice([255.0, 255.0, 254.0, rng.uniform(240, 255)]))
    elif kind < 0.75:
        base = np.full(3, rng.uniform(60, 245)) + rng.normal(0, 4, 3)
    else:
        base = rng.uniform(20, 250, 3)
    if kind < 0.25 and near is None:
        return np.broadcast_to(base.astype(np.uint8), (*size, 3)).copy()
    y, x = (np.linspace(-0.5, 0.5, side, dtype=np.float32) for side in size)
    slope = rng.normal(0, 14, 3)
    light = slope[0] * y[:, None] + slope[1] * x + slope[2] * (y[:, None] ** 2 + x**2)
    noise = rng.standard_normal(size, np.float32) * np.float32(rng.uniform(0, 2.5))
    return np.clip(base + (light + noise)[..., None], 0, 255).astype(np.uint8)


def cropped_ground(rng: Generator, picture: Image, size: tuple[int, int]) -> Image:
    """Cut a ground (h, w, 3) from a picture: turned by quarters, mirrored, nearer or farther."""
    turned = np.rot90(picture, int(rng.integers(4)))[:, :: int(rng.choice([1, -1]))]
    height, width = turned.shape[:2]
    most = min(height / size[0], width / size[1])
    part = most * float(rng.uniform(0.55, 1.0))
    high, wide = max(int(size[0] * part), 8), max(int(size[1] * part), 8)
    top, left = int(rng.integers(height - high + 1)), int(rng.integers(width - wide + 1))
    crop = np.ascontiguousarray(turned[top : top + high, left : left + wide])
    if rng.random() < 0.3:
        gains = np.exp(rng.normal(0, 0.25, 3))
        table = np.clip(np.arange(256)[:, None] * gains, 0, 255).astype(np.uint8)
        crop = np.asarray(cv2.LUT(crop, table[None]), np.uint8)
    return np.asarray(cv2.resize(crop, size[::-1], interpolation=cv2.INTER_AREA), np.uint8)


def with_things(rng: Generator, ground: Image, other: Image) -> None:
    """Lay one or two simple things near the border of a ground, in place."""
    height, width = ground.shape[:2]
    for _ in range(int(rng.integers(1, 3))):
        mask = np.zeros((height, width), np.uint8)
        spot = rng.uniform(0, 1, 2)
        spot[int(rng.integers(2))] = rng.choice([-0.02, 1.02]) + rng.normal(0, 0.04)
        centre = (spot * (width, height)).astype(int)
        axes = np.maximum(rng.uniform(0.04, 0.2, 2) * (width, height), 2).astype(int)
        box = (centre.astype(float).tolist(), (2 * axes).astype(float).tolist())
        angle = float(rng.uniform(0, 180))
        if rng.random() < 0.5:
            cv2.ellipse(mask, (box[0], box[1], angle), 255, -1)
        else:
            corners = cv2.boxPoints((box[0], box[1], angle))
            cv2.fillConvexPoly(mask, corners.astype(np.int32), 255)
        soft = cv2.GaussianBlur(mask, (0, 0), 0.8)[..., None].astype(np.float32) / 255
        fill = other if rng.random() < 0.5 else rng.uniform(0, 255, 3)
        ground[:] = (ground * (1 - soft) + fill * soft).astype(np.uint8)


def shadowed(rng: Generator, ground: Image, cover: Floats) -> Floats:
    """Light (h, w, 1) that a garment leaves on its ground: a soft shadow beside it."""
    shift = rng.normal(0, 3.5, 2)
    spread = float(rng.uniform(1.0, 9.0))
    moved = cv2.warpAffine(cover, np.array([[1, 0, shift[0]], [0, 1, shift[1]]]), cover.shape[::-1])
    soft = cv2.GaussianBlur(moved, (0, 0), spread)
    return np.asarray(1 - np.float32(rng.uniform(0, 0.55)) * soft[..., None], np.float32)


def as_drawing(rng: Generator, image: Image, cover: Floats) -> Image:
    """Turn a picture (h, w, 3) into a drawing: few tones, dark lines, or lines only."""
    levels = int(rng.integers(3, 7))
    flat = cv2.medianBlur(image, 5)
    if rng.random() < 0.35:
        tone = np.float32(rng.uniform(225, 255))
        keep = np.float32(rng.uniform(0, 0.35))
        flat = (tone + keep * (flat.astype(np.float32) - tone)).astype(np.uint8)
    else:
        step = 256 // levels
        flat = (np.minimum(flat // step, levels - 1) * step + step // 2).astype(np.uint8)
    edges = cv2.Canny(
        cv2.cvtColor(cv2.GaussianBlur(image, (0, 0), 1.2), cv2.COLOR_RGB2GRAY), 30, 80
    )
    edges[cover < 0.4] = 0
    outline = ((cover > 0.3) & (cover < 0.75)).astype(np.uint8) * 255
    lines = cv2.GaussianBlur(np.maximum(edges // 2, outline), (0, 0), float(rng.uniform(0.5, 1.0)))
    ink = np.float32(rng.uniform(0, 80))
    part = np.minimum(lines.astype(np.float32) / 120, 1)[..., None] * np.float32(0.9)
    return np.asarray(flat * (1 - part) + ink * part, np.uint8)


def photographed(rng: Generator, image: Floats, rough: float = 1.0) -> Image:
    """Pass a picture (h, w, 3) float32 through a camera: light, colour, focus, noise, JPEG."""
    height, width = image.shape[:2]
    if rng.random() < 0.5:
        y, x = (np.linspace(-0.5, 0.5, side, dtype=np.float32) for side in (height, width))
        slope = rng.normal(0, 0.18 * rough, 2)
        light = 1 + slope[0] * y[:, None] + slope[1] * x
        image = np.multiply(image, light[..., None], dtype=np.float32)
    if rng.random() < 0.12:
        image = np.multiply(image, _band(rng, (height, width))[..., None], dtype=np.float32)
    gains = np.exp(rng.normal(0, 0.08 * rough) + rng.normal(0, 0.05 * rough, 3))
    image = np.multiply(image, gains, dtype=np.float32)
    grey = (image @ _LUMA)[..., None]
    vivid = np.float32(np.exp(rng.normal(0, 0.18 * rough)))
    image = np.asarray(grey + vivid * (image - grey), np.float32)
    contrast = np.float32(np.exp(rng.normal(0, 0.1 * rough)))
    image = 128 + contrast * (image - 128)
    if rng.random() < 0.35:
        image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.3, 1.3)))
    if rng.random() < 0.5:
        power = np.float32(rng.uniform(0, 7 * rough))
        image = image + power * rng.standard_normal(image.shape, np.float32)
    out = np.clip(image, 0, 255).astype(np.uint8)
    if rng.random() < 0.6:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 96))]
        out = np.asarray(cv2.imdecode(cv2.imencode(".jpg", out, quality)[1], 1), np.uint8)
    return out


def _band(rng: Generator, size: tuple[int, int]) -> Floats:
    """Light (h, w) with a soft-edged shadow across it, as of a phone or a curtain."""
    y, x = (np.linspace(-0.5, 0.5, side, dtype=np.float32) for side in size)
    angle = rng.uniform(0, 2 * np.pi)
    along = np.cos(angle) * x + np.sin(angle) * y[:, None] - rng.uniform(-0.4, 0.4)
    edge = 1 / (1 + np.exp(-along / np.float32(rng.uniform(0.005, 0.06))))
    return np.asarray(1 - np.float32(rng.uniform(0.1, 0.45)) * edge, np.float32)
