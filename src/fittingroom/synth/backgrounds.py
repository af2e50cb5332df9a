"""What lies behind people and under products: studios, walls, rooms, streets, leaves, floors.

Everything is drawn: no photograph is needed, though a user's own pictures can be mixed in. People
stand before what is out of focus, so most of it is painted small, blurred and enlarged.
"""

import math
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.random import Generator

from fittingroom.synth import outlines
from fittingroom.synth.noise import clouds, floats, smooth_noise, soft_step
from fittingroom.synth.palettes import sample_colour, sample_vivid
from fittingroom.synth.shapes import Floats
from fittingroom.types import Image

Size: TypeAlias = tuple[int, int]
Scene: TypeAlias = Callable[[Size, Generator], Floats]

_LARGEST: Final = 512
"""Pictures are drawn with at most this many pixels a side, then enlarged."""

_WALLS: Final = (
    (226, 222, 214),
    (206, 200, 190),
    (184, 188, 190),
    (240, 238, 234),
    (196, 178, 158),
    (156, 168, 172),
    (212, 186, 170),
    (120, 128, 128),
    (172, 182, 164),
)
_WOODS: Final = ((178, 132, 88), (142, 98, 62), (206, 170, 128), (104, 74, 52), (190, 178, 162))
_BRICKS: Final = ((160, 86, 66), (138, 74, 60), (178, 112, 84), (206, 196, 184), (122, 116, 112))


def sample_background(size: Size, rng: Generator, pictures: Sequence[Image] = ()) -> Image:
    """Draw what is behind a person: (h, w, 3) uint8 for size (h, w).

    pictures: a user's own (h, w, 3) uint8; given any, a third of the draws are crops of them.
    """
    if len(pictures) and rng.random() < 0.33:
        return _cropped(pictures[int(rng.integers(len(pictures)))], size, rng)
    return _finished(_draw(_BEHIND, size, rng), size, rng)


def sample_ground(size: Size, rng: Generator, pictures: Sequence[Image] = ()) -> Image:
    """Draw what is behind or under a product: (h, w, 3) uint8 for size (h, w); most is white."""
    if len(pictures) and rng.random() < 0.1:
        return _cropped(pictures[int(rng.integers(len(pictures)))], size, rng)
    if rng.random() < 0.3:
        return np.full((*size, 3), int(rng.choice([255, 255, 255, 253, 250])), np.uint8)
    return _finished(_draw(_UNDER, size, rng), size, rng)


def _draw(scenes: tuple[tuple[Scene, float], ...], size: Size, rng: Generator) -> Floats:
    powers = np.array([power for _, power in scenes])
    scene = scenes[int(rng.choice(len(scenes), p=powers / powers.sum()))][0]
    gain = min(1.0, _LARGEST / max(size))
    small = (max(round(size[0] * gain), 8), max(round(size[1] * gain), 8))
    return scene(small, rng)


def _finished(image: Floats, size: Size, rng: Generator) -> Image:
    """Bring a picture to its size and add the camera's grain."""
    if image.shape[:2] != size:
        image = cv2.resize(image, size[::-1], interpolation=cv2.INTER_CUBIC)
    power = float(rng.uniform(0.4, 2.6))
    grain = power * smooth_noise(size, (1, 1), rng)
    tinted = image + grain[..., None] + floats(rng.normal(0, 0.3, 3))
    return np.asarray(np.clip(np.round(tinted), 0, 255), np.uint8)


def _cropped(picture: Image, size: Size, rng: Generator) -> Image:
    """Cut a random part of a picture, mirrored or not, and put it out of focus."""
    height, width = picture.shape[:2]
    most = min(height / size[0], width / size[1])
    part = most * float(rng.uniform(0.6, 1.0))
    high, wide = max(int(size[0] * part), 1), max(int(size[1] * part), 1)
    top, left = int(rng.integers(height - high + 1)), int(rng.integers(width - wide + 1))
    crop = picture[top : top + high, left : left + wide][:, :: int(rng.choice([1, -1]))]
    image = cv2.resize(np.ascontiguousarray(crop), size[::-1], interpolation=cv2.INTER_AREA)
    spread = float(rng.uniform(0, 0.016)) * size[0]
    return _blurred(image.astype(np.float32), spread).round().clip(0, 255).astype(np.uint8)


def _blurred(image: Floats, spread: float) -> Floats:
    if spread < 0.3:
        return image
    blurred = cv2.GaussianBlur(image, (0, 0), spread, borderType=cv2.BORDER_REFLECT)
    return np.asarray(blurred, np.float32)


def _flat(size: Size, colour: Sequence[float]) -> Floats:
    image = np.empty((*size, 3), np.float32)
    image[:] = colour
    return image


def _axes(size: Size) -> tuple[Floats, Floats]:
    """Return x (1, w) and y (h, 1), both from 0 to 1."""
    across = np.linspace(0, 1, size[1], dtype=np.float32)[None, :]
    return across, np.linspace(0, 1, size[0], dtype=np.float32)[:, None]


def _lamp(size: Size, rng: Generator, depth: float) -> Floats:
    """Brightness (h, w, 1) of a wall lit from one place: 1 there, 1 - depth far away."""
    across, down = _axes(size)
    place = rng.uniform(-0.1, 1.1, 2).astype(np.float32)
    reach = np.float32(rng.uniform(0.5, 1.3))
    far = ((across - place[0]) ** 2 * 0.6 + (down - place[1]) ** 2) / reach**2
    return np.asarray(1 - np.float32(depth) * (1 - np.exp(-far)), np.float32)[..., None]


def _backdrop(rng: Generator) -> Sequence[float]:
    """Draw the colour of a studio's paper: white, grey, or a tint."""
    chance = rng.random()
    if chance < 0.45:
        return (float(rng.uniform(232, 255)),) * 3
    if chance < 0.7:
        return tuple((rng.uniform(110, 225) + rng.normal(0, 3, 3)).tolist())
    vivid = sample_vivid(rng) if rng.random() < 0.3 else sample_colour(rng)
    pale = rng.uniform(0.0, 0.65)
    return tuple((np.array(vivid) * (1 - pale) + 245 * pale).tolist())


def _studio(size: Size, rng: Generator) -> Floats:
    image = _flat(size, _backdrop(rng)) * _lamp(size, rng, float(rng.uniform(0, 0.35)))
    across, down = _axes(size)
    if rng.random() < 0.55:
        line, soft = float(rng.uniform(0.68, 0.92)), float(rng.choice([3, 8, 30, 90]))
        floor = soft_step(down - np.float32(line), soft)
        gain = float(rng.uniform(0.82, 1.06))
        image = image * (1 + (gain - 1) * floor)[..., None]
    if rng.random() < 0.5:
        far = (across - 0.5) ** 2 + (down - 0.5) ** 2
        image = image * (1 - np.float32(rng.uniform(0.05, 0.5)) * far)[..., None]
    paper = 0.6 * clouds(size, size[1] / 3, 3, rng)
    return np.asarray(image + paper[..., None], np.float32)


def _mottled(size: Size, rng: Generator) -> Floats:
    """Draw a photographer's painted canvas."""
    base = floats(_backdrop(rng)) * 0.8
    paint = clouds(size, size[1] / float(rng.uniform(2, 6)), 4, rng)
    image = base + 14 * paint[..., None] * floats(rng.uniform(0.6, 1.2, 3))
    return np.asarray(image * _lamp(size, rng, 0.45), np.float32)


def _plaster(size: Size, rng: Generator) -> Floats:
    base = floats(_WALLS[int(rng.integers(len(_WALLS)))])
    if rng.random() < 0.25:
        base = floats(sample_colour(rng)) * 0.6 + 90
    rough = clouds(size, size[1] / 3, 3, rng) + 0.7 * clouds(size, size[1] / 40, 3, rng)
    return np.asarray(base + float(rng.uniform(1, 7)) * rough[..., None], np.float32)


def _concrete(size: Size, rng: Generator) -> Floats:
    grey = float(rng.uniform(110, 205))
    stains = 9 * clouds(size, size[1] / 3, 5, rng) + 3 * smooth_noise(size, (1.5, 1.5), rng)
    pores = soft_step(smooth_noise(size, (3, 3), rng) - 2.4, 2)
    image = _flat(size, (grey, grey * 0.99, grey * 0.96)) + (stains - 35 * pores)[..., None]
    across, down = _axes(size)
    pitch = float(rng.uniform(0.35, 0.9))
    joint = np.minimum(np.abs((across + 0.3) % pitch), np.abs((down + 0.2) % (pitch * 0.8)))
    line = soft_step(0.004 - joint, 200)
    return np.asarray(image * (1 - 0.3 * line)[..., None], np.float32)


def _bricks(size: Size, rng: Generator) -> Floats:
    high = size[0] / float(rng.uniform(16, 42))
    wide = high * float(rng.uniform(2.6, 3.4))
    rows = np.arange(size[0], dtype=np.float32)[:, None] / np.float32(high)
    row = np.floor(rows).astype(np.int32)
    cols = np.arange(size[1], dtype=np.float32)[None, :] / np.float32(wide) + 0.5 * (row % 2)
    col = np.floor(cols).astype(np.int32)
    tones = rng.normal(0, 1, (row.max() + 2, col.max() + 2)).astype(np.float32)[row, col]
    base = floats(_BRICKS[int(rng.integers(len(_BRICKS)))])
    grain = 6 * clouds(size, high / 2, 3, rng)
    image = base + (float(rng.uniform(5, 16)) * tones + grain)[..., None]
    edge = np.minimum(
        np.minimum(rows - row, 1 - rows + row) * high, np.minimum(cols - col, 1 - cols + col) * wide
    )
    mortar = soft_step(np.float32(0.07 * high) - edge, 1)[..., None]
    joint = np.float32(rng.uniform(130, 215)) + grain[..., None]
    return np.asarray(image + (joint - image) * mortar, np.float32)


def _planks(size: Size, rng: Generator) -> Floats:
    """Draw boards that run down the picture."""
    wide = size[1] / float(rng.uniform(4, 11))
    across = np.arange(size[1], dtype=np.float32) / np.float32(wide)
    board = np.floor(across).astype(np.int32)
    base = floats(_WOODS[int(rng.integers(len(_WOODS)))])
    tones = rng.normal(0, 0.07, board.max() + 1).astype(np.float32)[board]
    shifts = rng.uniform(0, 60, board.max() + 1).astype(np.float32)[board]
    bend = clouds(size, size[0] / 3, 2, rng)
    rings = np.sin((across * 9 + shifts)[None] + 2.2 * bend)
    fibre = smooth_noise(size, (size[0] / 8, 1.2), rng)
    gain = 1 + tones[None] + 0.05 * rings + 0.045 * fibre
    edge = np.minimum(across - board, 1 - across + board) * wide
    gain = gain * (1 - 0.55 * soft_step(1.0 - edge, 1))[None]
    return np.asarray(base * gain[..., None], np.float32)


def _floor(size: Size, rng: Generator) -> Floats:
    """Draw a wooden floor, boards either way."""
    if rng.random() < 0.5:
        return _planks(size, rng)
    return np.ascontiguousarray(_planks((size[1], size[0]), rng).swapaxes(0, 1))


def _tiles(size: Size, rng: Generator) -> Floats:
    pitch = size[1] / float(rng.uniform(5, 14))
    image = _flat(size, _WALLS[int(rng.integers(len(_WALLS)))])
    rows = np.arange(size[0], dtype=np.float32)[:, None] / np.float32(pitch)
    cols = np.arange(size[1], dtype=np.float32)[None, :] / np.float32(pitch)
    tones = rng.normal(0, 4, (int(rows.max()) + 1, int(cols.max()) + 1)).astype(np.float32)
    edge = np.minimum(np.abs(rows - np.round(rows)), np.abs(cols - np.round(cols))) * pitch
    joint = soft_step(1.2 - edge, 1)
    marks = tones[rows.astype(np.int32), cols.astype(np.int32)] - 40 * joint
    return np.asarray(image + marks[..., None], np.float32)


def _wall(size: Size, rng: Generator) -> Floats:
    """Draw a wall, mostly a little out of focus, lit from a side or through a window."""
    kinds = (_plaster, _plaster, _concrete, _bricks, _planks, _tiles, _panelled)
    image = kinds[int(rng.integers(len(kinds)))](size, rng)
    if rng.random() < 0.35:
        image = _with_floor(image, size, rng)
    if rng.random() < 0.3:
        image = image * _window_light(size, rng)
    image = image * _lamp(size, rng, float(rng.uniform(0.05, 0.5)))
    return _blurred(image, float(rng.uniform(0, 0.01)) * size[0])


def _panelled(size: Size, rng: Generator) -> Floats:
    """Draw a wall with mouldings."""
    image = _plaster(size, rng)
    left, top = rng.uniform(0.02, 0.2), rng.uniform(0.03, 0.25)
    while left < 0.95:
        wide = float(rng.uniform(0.3, 0.5))
        corners = np.array([[left, top], [left + wide, top], [left + wide, 0.9], [left, 0.9]])
        points = np.round(corners * (size[1], size[0])).astype(np.int32)
        shift = max(size[0] // 170, 1)
        mean = float(image.mean())
        cv2.polylines(image, [points], True, (0.82 * mean,) * 3, shift, cv2.LINE_AA)
        light = (min(1.08 * mean, 255.0),) * 3
        cv2.polylines(image, [points + shift], True, light, shift, cv2.LINE_AA)
        left += wide + 0.08
    return image


def _with_floor(image: Floats, size: Size, rng: Generator) -> Floats:
    """Lay a floor below a wall, with a skirting board or a dark joint."""
    kinds = (_floor, _concrete, _tiles, _plaster)
    floor = kinds[int(rng.integers(4))](size, rng) * float(rng.uniform(0.7, 1.05))
    level = round(size[0] * float(rng.uniform(0.72, 0.92)))
    out = image.copy()
    rows = size[0] - level
    out[level:] = cv2.resize(floor, (size[1], rows), interpolation=cv2.INTER_AREA)
    board = max(round(size[0] * float(rng.uniform(0.004, 0.03))), 1)
    out[level - board : level] = np.float32(rng.uniform(60, 240))
    out[level : level + 1 + board // 3] *= 0.6
    return out


def _window_light(size: Size, rng: Generator) -> Floats:
    """Brightness (h, w, 1) of slanted panes of sunlight on a wall."""
    light = np.zeros(size, np.float32)
    lean, foot = float(rng.uniform(-0.35, 0.35)), rng.uniform(0.05, 0.6, 2)
    wide, high = float(rng.uniform(0.12, 0.3)), float(rng.uniform(0.15, 0.4))
    for col in range(2):
        for row in range(2):
            left, top = foot[0] + col * wide * 1.1, foot[1] + row * high * 1.08
            corners = [(left, top), (left + wide, top + lean * wide)]
            corners += [(left + wide, top + lean * wide + high), (left, top + high)]
            points = np.round(np.array(corners) * (size[1], size[0])).astype(np.int32)
            cv2.fillPoly(light, [points], 1.0, cv2.LINE_AA)
    soft = _blurred(light, size[0] * float(rng.uniform(0.003, 0.02)))
    tint = floats([1.05, 1.0, 0.9]) * float(rng.uniform(0.2, 0.45))
    return np.asarray(0.85 + soft[..., None] * tint, np.float32)


def _bokeh(size: Size, rng: Generator) -> Floats:
    """Draw a city at night or dusk, far out of focus."""
    base = floats(rng.uniform(18, 110, 3))
    image = base + 22 * clouds(size, size[1] / 2, 3, rng)[..., None]
    for _ in range(int(rng.integers(12, 60))):
        layer = np.zeros(size, np.float32)
        place = (int(rng.uniform(0, size[1])), int(rng.normal(0.45, 0.2) * size[0]))
        radius = max(int(size[1] * rng.uniform(0.012, 0.06)), 2)
        cv2.circle(layer, place, radius, float(rng.uniform(0.12, 0.5)), -1, cv2.LINE_AA)
        cv2.circle(layer, place, radius, float(rng.uniform(0.3, 0.6)), 1, cv2.LINE_AA)
        warm = floats([255, rng.uniform(150, 240), rng.uniform(80, 220)])
        tint = warm if rng.random() < 0.7 else floats(rng.uniform(60, 255, 3))
        image += layer[..., None] * tint * 0.7
    return _blurred(np.minimum(image, 255), size[0] * float(rng.uniform(0.004, 0.012)))


def _boxes(
    image: Floats, rng: Generator, count: int, span: tuple[float, float], colours: Floats
) -> None:
    """Put up things: boxes of all sizes between two heights, in place."""
    height, width = image.shape[:2]
    for _ in range(count):
        left, top = rng.uniform(-0.1, 1) * width, rng.uniform(*span) * height
        wide, high = rng.uniform(0.05, 0.3) * width, rng.uniform(0.05, 0.35) * height
        tint = colours[int(rng.integers(len(colours)))] * float(rng.uniform(0.6, 1.2))
        low, far = (int(left), int(top)), (int(left + wide), int(top + high))
        cv2.rectangle(image, low, far, tint.tolist(), -1)
        lit = (tint * float(rng.uniform(0.7, 1.3))).tolist()
        cv2.rectangle(image, low, (int(left + wide * 0.3), int(top + high)), lit, -1)


def _interior(size: Size, rng: Generator) -> Floats:
    """Draw a room out of focus: wall, floor, shelves, pictures, a window."""
    image = _with_floor(_plaster(size, rng), size, rng)
    colours = floats([sample_colour(rng) for _ in range(6)])
    _boxes(image, rng, int(rng.integers(2, 7)), (0.05, 0.5), colours * 0.8 + 30)
    _boxes(image, rng, int(rng.integers(2, 6)), (0.5, 0.8), colours * 0.8 + 20)
    if rng.random() < 0.6:
        left, wide = int(rng.uniform(0, 0.7) * size[1]), int(rng.uniform(0.2, 0.45) * size[1])
        top, low = int(rng.uniform(0, 0.15) * size[0]), int(rng.uniform(0.4, 0.7) * size[0])
        image[top:low, left : left + wide] = (250, 250, 252)
        middle = left + wide // 2
        image[top:low, middle : middle + max(size[1] // 90, 1)] = 150
    soft = _blurred(image, size[0] * float(rng.uniform(0.014, 0.035)))
    glow = _blurred(np.maximum(soft - 225, 0), size[0] * 0.08)
    return np.asarray((soft + 2.5 * glow) * _lamp(size, rng, 0.4), np.float32)


def _foliage(size: Size, rng: Generator) -> Floats:
    """Draw leaves in layers, from dark and soft to light and less soft."""
    base = floats([rng.uniform(20, 60), rng.uniform(45, 85), rng.uniform(18, 50)])
    image = base + 14 * clouds(size, size[1] / 3, 3, rng)[..., None]
    green = floats([rng.uniform(0.55, 1.0), 1.0, rng.uniform(0.3, 0.6)])
    for layer in range(3):
        for _ in range(90):
            leaf = outlines.leaf(float(rng.uniform(0.2, 0.45)))
            long = size[1] * float(rng.uniform(0.03, 0.12))
            place = rng.uniform(-0.05, 1.05, 2) * (size[1], size[0])
            points = outlines.turned(leaf, float(rng.uniform(0, math.tau))) * long + place
            tint = green * float(rng.uniform(50, 110) + 40 * layer)
            fixed = np.round(points * 8).astype(np.int32)
            cv2.fillPoly(image, [fixed], tint.tolist(), cv2.LINE_AA, 3)
        image = _blurred(image, size[0] * 0.012 * (3 - layer) / 2)
    spots = soft_step(smooth_noise(size, (size[1] / 22,) * 2, rng) - 1.5, 1.2)
    image = image + _blurred(spots, size[0] * 0.006)[..., None] * floats([130, 140, 100])
    blur = size[0] * float(rng.uniform(0.004, 0.02))
    return _blurred(image, blur) * _lamp(size, rng, 0.4)


def _street(size: Size, rng: Generator) -> Floats:
    """Draw houses along a street that runs away from us, out of focus."""
    height, width = size
    sky = floats([rng.uniform(185, 245), rng.uniform(205, 245), rng.uniform(215, 250)])
    image = _flat(size, sky.tolist())
    end = np.array([rng.uniform(0.3, 0.7) * width, rng.uniform(0.38, 0.55) * height])
    ground = np.float32(rng.uniform(95, 165)) + floats([0, 0, 4])
    image[int(end[1]) :] = ground
    for side in (0, width):
        _houses(image, end, side, rng)
    kerb = np.array([[width * 0.1, height], end, [width * 0.25, height]])
    cv2.fillPoly(image, [np.round(kerb).astype(np.int32)], (ground * 1.2).tolist(), cv2.LINE_AA)
    colours = floats([sample_colour(rng) for _ in range(5)])
    low = end[1] / height
    _boxes(image, rng, int(rng.integers(1, 6)), (low, low + 0.12), colours * 0.7 + 20)
    image += 5 * clouds(size, width / 8, 4, rng)[..., None]
    return _blurred(image, height * float(rng.uniform(0.009, 0.026)))


def _houses(image: Floats, end: outlines.Outline, side: int, rng: Generator) -> None:
    """Draw one row of houses towards the vanishing point, nearest last, in place."""
    height = image.shape[0]
    parts = np.sort(rng.uniform(0, 0.9, 5))[::-1]
    for near, far in zip(np.append(parts[1:], 0.0), parts, strict=True):
        base = _WALLS[int(rng.integers(len(_WALLS)))]
        tint = floats(base) * float(rng.uniform(0.55, 1.0))
        top = -height * float(rng.uniform(0.0, 0.6))

        def at(part: float, level: float) -> list[float]:
            return (np.array([side, level]) * (1 - part) + end * part).tolist()

        low = height * 0.95
        corners = np.array([at(near, top), at(far, top), at(far, low), at(near, low)])
        cv2.fillPoly(image, [np.round(corners).astype(np.int32)], tint.tolist(), cv2.LINE_AA)
        for level in np.linspace(top, low, 9)[1:-1]:
            for step in np.linspace(near, far, 5)[:-1]:
                wide = (far - near) / 8
                drop = (low - top) / 18
                pane = [at(step, level), at(step + wide, level)]
                pane += [at(step + wide, level + drop), at(step, level + drop)]
                points = np.round(np.array(pane)).astype(np.int32)
                shade = (tint * float(rng.uniform(0.35, 0.75))).tolist()
                cv2.fillPoly(image, [points], shade, cv2.LINE_AA)


def _park(size: Size, rng: Generator) -> Floats:
    """Draw a lawn with trees and sky, out of focus."""
    across, down = _axes(size)
    sky = floats([rng.uniform(180, 235), rng.uniform(205, 240), rng.uniform(225, 255)])
    image = _flat(size, sky.tolist())
    trees = clouds((1, size[1]), size[1] / 3, 4, rng) * 0.12 + np.float32(rng.uniform(0.1, 0.35))
    leaves = 22 * clouds(size, size[1] / 8, 5, rng)[..., None] * floats([0.8, 1, 0.6])
    wood = floats([rng.uniform(45, 90), rng.uniform(75, 110), rng.uniform(35, 60)]) + leaves
    image = image + (wood - image) * soft_step(down - trees, size[0] / 4)[..., None]
    line = np.float32(rng.uniform(0.5, 0.75))
    lawn = floats([rng.uniform(90, 150), rng.uniform(130, 165), rng.uniform(60, 90)])
    blades = 10 * clouds(size, size[1] / 16, 4, rng)[..., None]
    if rng.random() < 0.3:
        lawn = floats([198, 186, 160])
    image = image + (lawn + blades - image) * soft_step(down - line, size[0] / 5)[..., None]
    return _blurred(np.asarray(image, np.float32), size[0] * float(rng.uniform(0.006, 0.02)))


def _paper(size: Size, rng: Generator) -> Floats:
    """Draw what shops use: near white or light grey, often with a soft gradient."""
    tone = float(rng.choice([rng.uniform(244, 255), rng.uniform(205, 245), rng.uniform(150, 215)]))
    tint = np.float32(tone + rng.normal(0, 1.5, 3))
    return np.asarray(tint * _lamp(size, rng, float(rng.uniform(0, 0.16))), np.float32)


def _colour_paper(size: Size, rng: Generator) -> Floats:
    tint = floats(_backdrop(rng))
    return np.asarray(tint * _lamp(size, rng, float(rng.uniform(0, 0.25))), np.float32)


def _sheet(size: Size, rng: Generator) -> Floats:
    """Draw a bed sheet with soft wrinkles."""
    base = floats(sample_colour(rng)) * 0.45 + 130 if rng.random() < 0.5 else np.float32(238)
    turn = float(rng.uniform(0, math.pi))
    span = int(1.5 * max(size))
    folds = clouds((span, span), span / 3, 2, rng)
    creases = smooth_noise((span, span), (span / 3, span / 16), rng) * (0.6 + 0.4 * np.abs(folds))
    fine = smooth_noise((span, span), (span / 10, span / 40), rng)
    height = creases + 0.35 * fine + 0.8 * folds
    around = cv2.getRotationMatrix2D((span / 2, span / 2), math.degrees(turn), 1.0)
    turned = cv2.warpAffine(height, around, (span, span), borderMode=cv2.BORDER_REFLECT)
    off = (span - size[0]) // 2, (span - size[1]) // 2
    bump = turned[off[0] : off[0] + size[0], off[1] : off[1] + size[1]]
    slope = cv2.Sobel(bump, cv2.CV_32F, 1, 1, ksize=5) + cv2.Sobel(bump, cv2.CV_32F, 1, 0, ksize=5)
    shade = np.tanh(slope / (3 * slope.std() + 1e-6)) * float(rng.uniform(0.06, 0.16))
    image = (_flat(size, (1, 1, 1)) * base) * (1 + shade - 0.03 * np.abs(bump))[..., None]
    return np.asarray(image * _lamp(size, rng, 0.2), np.float32)


def _carpet(size: Size, rng: Generator) -> Floats:
    base = floats(sample_colour(rng)) * 0.7 + 40
    pile = 0.8 * smooth_noise(size, (1.6, 1.6), rng) + 0.5 * clouds(size, size[1] / 12, 3, rng)
    return np.asarray(base * (1 + 0.1 * pile)[..., None] * _lamp(size, rng, 0.25), np.float32)


def _busy(size: Size, rng: Generator) -> Floats:
    """Draw a patterned bedspread or rug: repeated figures of a few colours."""
    image = _flat(size, sample_colour(rng))
    inks = [sample_colour(rng) for _ in range(3)]
    shapes = (*outlines.icons(), outlines.circle(), outlines.polygon(4), outlines.polygon(6))
    shape = shapes[int(rng.integers(len(shapes)))]
    pitch = size[1] / float(rng.uniform(4, 12))
    for row in range(int(size[0] / pitch) + 2):
        for col in range(int(size[1] / pitch) + 2):
            place = np.array([col + 0.5 * (row % 2), row]) * pitch
            points = np.round((shape * pitch * 0.38 + place) * 8).astype(np.int32)
            cv2.fillPoly(image, [points], inks[(row + col) % 3], cv2.LINE_AA, 3)
    soft = _blurred(image, float(rng.uniform(0.3, 1.5)))
    return soft * _lamp(size, rng, 0.3)


_BEHIND: Final[tuple[tuple[Scene, float], ...]] = (
    (_studio, 40),
    (_mottled, 4),
    (_wall, 20),
    (_interior, 11),
    (_foliage, 7),
    (_street, 9),
    (_park, 5),
    (_bokeh, 4),
)
_UNDER: Final[tuple[tuple[Scene, float], ...]] = (
    (_paper, 40),
    (_colour_paper, 14),
    (_floor, 12),
    (_sheet, 14),
    (_carpet, 6),
    (_concrete, 5),
    (_plaster, 4),
    (_busy, 5),
)
