"""What is printed, woven or knitted all over a cloth: stripes, plaids, tossed shapes, clouds.

Every motif is a function of a `Field` (where the pixels lie, in metres) and a `Pattern` (colours
and size) that returns the cloth's colours (H, W, 3) uint8. What repeats is drawn once as a tile
with shapes cut at its border going on at the other side, and laid over the sheet by one remap.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from fittingroom.synth import outlines
from fittingroom.synth.noise import clouds, smooth_noise, soft_step
from fittingroom.synth.outlines import Outline
from fittingroom.synth.palettes import Colour, mix, shade
from fittingroom.synth.scenery import draw_scene
from fittingroom.synth.shapes import Bytes, Floats, Panel, Sheet
from fittingroom.types import Image

SLEEVES: Final = (
    Panel.LEFT_SLEEVE_FRONT,
    Panel.LEFT_SLEEVE_BACK,
    Panel.RIGHT_SLEEVE_FRONT,
    Panel.RIGHT_SLEEVE_BACK,
)

_ONE_PIECE: Final = (
    (Panel.LEFT_SLEEVE_FRONT, Panel.LEFT_SLEEVE_BACK),
    (Panel.RIGHT_SLEEVE_FRONT, Panel.RIGHT_SLEEVE_BACK),
    (Panel.COLLAR_FRONT, Panel.COLLAR_BACK),
)
"""Panels that are two halves of one piece of cloth."""


class Motif(StrEnum):
    """What a cloth shows all over."""

    PLAIN = "plain"
    STRIPES = "stripes"
    PINSTRIPES = "pinstripes"
    BRETON = "breton"
    IRREGULAR = "irregular"
    DIAGONAL = "diagonal"
    GINGHAM = "gingham"
    TARTAN = "tartan"
    WINDOWPANE = "windowpane"
    HOUNDSTOOTH = "houndstooth"
    ARGYLE = "argyle"
    CHEVRON = "chevron"
    DOTS = "dots"
    ICONS = "icons"
    GEOMETRIC = "geometric"
    DITSY = "ditsy"
    FLORAL = "floral"
    LEAVES = "leaves"
    LEOPARD = "leopard"
    ZEBRA = "zebra"
    CAMOUFLAGE = "camouflage"
    TIE_DYE = "tie_dye"
    OMBRE = "ombre"
    MARBLE = "marble"
    FAIR_ISLE = "fair_isle"
    CUT = "cut"
    RAGLAN = "raglan"
    PATCHES = "patches"
    LETTERS = "letters"
    PHOTO = "photo"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A motif with its colours.

    colours: sRGB, the ground first. scale: metres of one repeat. angle: radians, clockwise.
    vertical: stripes run down. matched: panels continue each other where they lie level on the
    sheet; otherwise each is cut from its own place of the cloth.
    """

    motif: Motif
    colours: tuple[Colour, ...]
    scale: float
    angle: float
    vertical: bool
    matched: bool


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """Where the pixels of a sheet lie on the bolt of cloth.

    pixel: metres. panel: (H, W) uint8. across, down: (H, W) float32 metres from the chest's
    middle, shifted by panel where panels do not match. photo: (h, w, 3) uint8 or None.
    """

    pixel: float
    panel: Bytes
    across: Floats
    down: Floats
    photo: Image | None

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.panel.shape[0], self.panel.shape[1]


Painter: TypeAlias = Callable[[Field, Pattern, Generator], Image]
Profile: TypeAlias = list[tuple[float, Colour]]


def field_of(sheet: Sheet, matched: bool, photo: Image | None, rng: Generator) -> Field:
    """Lay out a sheet's pixels; unless matched, every panel is cut from a place of its own."""
    height, width = sheet.panel.shape
    across = (np.arange(width, dtype=np.float32) + 0.5) * sheet.pixel - sheet.front[0]
    down = (np.arange(height, dtype=np.float32) + 0.5) * sheet.pixel - sheet.front[1]
    shifts = rng.uniform(0, 0.5, (2, 256)).astype(np.float32)
    for first, second in _ONE_PIECE:
        shifts[:, second] = shifts[:, first]
    moved = shifts[:, sheet.panel] if not matched else np.zeros((2, 1, 1), np.float32)
    return Field(
        pixel=sheet.pixel,
        panel=sheet.panel,
        across=np.ascontiguousarray(across[None, :] + moved[0] + np.zeros_like(down)[:, None]),
        down=np.ascontiguousarray(down[:, None] + moved[1] + np.zeros_like(across)[None, :]),
        photo=photo,
    )


def paint_motif(field: Field, pattern: Pattern, rng: Generator) -> Image:
    """Colours (H, W, 3) uint8 of the bare cloth."""
    return _PAINTERS[pattern.motif](field, pattern, rng)


def _plain(field: Field, pattern: Pattern, rng: Generator) -> Image:
    return np.full((*field.shape, 3), pattern.colours[0], np.uint8)


def _along(field: Field, profile: Profile, down: bool) -> Image:
    """Paint stripes of (metres, colour), repeated for ever."""
    lengths = np.array([length for length, _ in profile])
    colours = np.array([colour for _, colour in profile], np.float64)
    count = max(round(lengths.sum() / field.pixel), 2)
    ends = np.concatenate([[0], np.cumsum(lengths)]) * count / lengths.sum()
    first = np.arange(count)[:, None]
    cover = np.clip(np.minimum(first + 1, ends[1:]) - np.maximum(first, ends[:-1]), 0, 1)
    table = np.round(cover @ colours).astype(np.uint8)
    gain = np.float32(count / lengths.sum())
    place = np.floor((field.down if down else field.across) * gain)
    found: Image = table[place.astype(np.int32) % count]
    return found


def _stripes(field: Field, pattern: Pattern, rng: Generator) -> Image:
    part = float(rng.choice([0.5, 0.5, 0.35, 0.25, 0.65])) * pattern.scale
    profile: Profile = [(pattern.scale - part, pattern.colours[0]), (part, pattern.colours[1])]
    if rng.random() < 0.25:
        profile = [*profile, (pattern.scale - part, pattern.colours[0]), (part, pattern.colours[2])]
    return _along(field, profile, not pattern.vertical)


def _pinstripes(field: Field, pattern: Pattern, rng: Generator) -> Image:
    line = float(rng.uniform(0.0012, 0.0028))
    gap = max(pattern.scale * 0.6, 3 * line)
    return _along(field, [(gap, pattern.colours[0]), (line, pattern.colours[1])], False)


def _breton(field: Field, pattern: Pattern, rng: Generator) -> Image:
    line = float(rng.uniform(0.005, 0.011))
    gap = line * float(rng.uniform(1.0, 2.4))
    image = _along(field, [(gap, pattern.colours[0]), (line, pattern.colours[1])], True)
    if rng.random() < 0.6:
        bare = field.down < np.float32(rng.uniform(-0.12, -0.02))
        image[bare] = pattern.colours[0]
    return image


def _irregular(field: Field, pattern: Pattern, rng: Generator) -> Image:
    count = int(rng.integers(6, 14))
    lengths = rng.uniform(0.2, 1, count) ** 2 * pattern.scale * 2
    numbers = rng.integers(0, len(pattern.colours), count)
    profile = [(float(a), pattern.colours[int(n)]) for a, n in zip(lengths, numbers, strict=True)]
    return _along(field, profile, not pattern.vertical)


def _spread(field: Field, tile: Image, period: float, angle: float) -> Image:
    """Repeat a tile of `period` metres of width all over the cloth."""
    gain = np.float32(tile.shape[1] / period)
    cos, sin = np.float32(math.cos(angle)) * gain, np.float32(math.sin(angle)) * gain
    across = field.across * cos + field.down * sin
    down = field.down * cos - field.across * sin
    return cv2.remap(tile, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)


class _Tile:
    """A square of cloth whose left edge continues its right one."""

    def __init__(self, period: float, pixel: float, ground: Colour) -> None:
        self.period = period
        self.count = int(np.clip(round(period / pixel), 4, 1600))
        self.over = int(np.clip(round(pixel / 0.0005), 2, 4))
        side = self.count * self.over
        self.canvas = np.full((side, side, 3), ground, np.uint8)

    def draw(self, outline: Outline, colour: Colour) -> None:
        """Fill an outline (K, 2) in metres."""
        side = self.canvas.shape[0]
        points = np.asarray(outline, np.float64) * (side / self.period)
        low, high = points.min(axis=0), points.max(axis=0)
        for lap_x in range(-math.floor(high[0] / side), 1 - math.floor(low[0] / side)):
            for lap_y in range(-math.floor(high[1] / side), 1 - math.floor(low[1] / side)):
                moved = (points + (lap_x * side, lap_y * side)) * 8
                fixed = np.round(moved).astype(np.int32)
                cv2.fillPoly(self.canvas, [fixed], colour, cv2.LINE_AA, 3)

    def image(self) -> Image:
        """Return the tile at the sheet's resolution."""
        size = (self.count, self.count)
        return np.asarray(cv2.resize(self.canvas, size, interpolation=cv2.INTER_AREA), np.uint8)


def _diagonal(field: Field, pattern: Pattern, rng: Generator) -> Image:
    tile = _Tile(pattern.scale, field.pixel, pattern.colours[0])
    part = float(rng.uniform(0.2, 0.5)) * pattern.scale
    bar = np.array([[0, 0], [part, 0], [part, pattern.scale], [0, pattern.scale]])
    tile.draw(bar, pattern.colours[1])
    return _spread(field, tile.image(), pattern.scale, math.pi / 4)


def _crossed(field: Field, profile: Profile) -> Image:
    """Weave a profile with itself."""
    warp, weft = _along(field, profile, False), _along(field, profile, True)
    return cv2.addWeighted(warp, 0.5, weft, 0.5, 0)


def _gingham(field: Field, pattern: Pattern, rng: Generator) -> Image:
    half = max(pattern.scale / 2, 0.003)
    return _crossed(field, [(half, pattern.colours[0]), (half, pattern.colours[1])])


def _tartan(field: Field, pattern: Pattern, rng: Generator) -> Image:
    count = int(rng.integers(3, 6))
    lengths = [float(rng.uniform(0.3, 1))] + [float(rng.uniform(0.05, 0.5)) for _ in range(count)]
    colours = [pattern.colours[k % len(pattern.colours)] for k in range(count + 1)]
    half = [(a, c) for a, c in zip(lengths, colours, strict=True)]
    sett = half + half[-2:0:-1]
    gain = 2 * pattern.scale / sum(a for a, _ in sett)
    return _crossed(field, [(a * gain, c) for a, c in sett])


def _windowpane(field: Field, pattern: Pattern, rng: Generator) -> Image:
    line = float(rng.uniform(0.002, 0.005))
    profile: Profile = [(pattern.scale, pattern.colours[0]), (line, pattern.colours[1])]
    warp, weft = _along(field, profile, False), _along(field, profile, True)
    dark = sum(pattern.colours[1]) < sum(pattern.colours[0])
    return cv2.min(warp, weft) if dark else cv2.max(warp, weft)


def _houndstooth(field: Field, pattern: Pattern, rng: Generator) -> Image:
    row, col = np.mgrid[0:8, 0:8]
    twill = (col - row) % 4 < 2
    dark = np.where(twill, col % 8 < 4, row % 8 < 4)
    cells = np.where(dark[..., None], pattern.colours[1], pattern.colours[0]).astype(np.uint8)
    return _stitched(field, cells, pattern.scale)


def _stitched(field: Field, cells: Image, period: float) -> Image:
    """Repeat a picture of stitches or threads (h, w, 3) with crisp borders."""
    count = max(round(period / field.pixel), 4)
    times = max(-(-4 * count // cells.shape[1]), 1)
    fine = cells.repeat(times, axis=0).repeat(times, axis=1)
    high = max(round(count * cells.shape[0] / cells.shape[1]), 1)
    tile = cv2.resize(fine, (count, high), interpolation=cv2.INTER_AREA)
    return _spread(field, tile, period, 0)


def _argyle(field: Field, pattern: Pattern, rng: Generator) -> Image:
    size = pattern.scale * 1.6
    tile = _Tile(size, field.pixel, pattern.colours[0])
    diamond = np.array([[0.5, 0], [1, 0.5], [0.5, 1], [0, 0.5]]) * size
    tile.draw(diamond, pattern.colours[1])
    thin = float(rng.uniform(0.001, 0.002))
    colour = pattern.colours[2]
    for sign in (1, -1):
        line = np.array([[0, 0], [1, sign], [1, sign], [0, 0]]) * size
        line[2:, 1] += 2 * thin
        line[:2, 1] -= thin
        tile.draw(line + (0.0, 0.0), colour)
    return _spread(field, tile.image(), size, 0)


def _chevron(field: Field, pattern: Pattern, rng: Generator) -> Image:
    size = pattern.scale
    tile = _Tile(size, field.pixel, pattern.colours[0])
    band = np.array([[0, 0], [0.5, 0.4], [1, 0], [1, 0.5], [0.5, 0.9], [0, 0.5]]) * size
    tile.draw(band, pattern.colours[1])
    return _spread(field, tile.image(), size, 0 if rng.random() < 0.7 else math.pi / 2)


def _lattice(count: int, period: float, loose: float, rng: Generator) -> NDArray[np.float64]:
    """Places (K, 2) in metres, staggered and moved by `loose` of their distance."""
    step = period / count
    places = [(col + (row % 2) / 2, row) for row in range(count) for col in range(count)]
    moved = np.array(places) + rng.uniform(-loose, loose, (len(places), 2))
    return (moved + 0.5) * step


def _dots(field: Field, pattern: Pattern, rng: Generator) -> Image:
    count = 4
    period = count * pattern.scale
    tile = _Tile(period, field.pixel, pattern.colours[0])
    loose = float(rng.choice([0, 0, 0.3]))
    radius = float(rng.uniform(0.12, 0.34)) * pattern.scale
    inks = pattern.colours[1:2] if rng.random() < 0.7 else pattern.colours[1:]
    for place in _lattice(count, period, loose, rng):
        size = radius * (1 if loose == 0 else float(rng.uniform(0.5, 1.2)))
        tile.draw(outlines.circle() * size + place, inks[int(rng.integers(len(inks)))])
    return _spread(field, tile.image(), period, 0)


def _toss(
    field: Field, pattern: Pattern, rng: Generator, shapes: list[Outline], size: float
) -> Image:
    """Scatter outlines, `size` of their distance wide, turned at will."""
    count = 4
    period = count * pattern.scale
    tile = _Tile(period, field.pixel, pattern.colours[0])
    upright = rng.random() < 0.5
    for place in _lattice(count, period, 0.12, rng):
        shape = shapes[int(rng.integers(len(shapes)))]
        turn = float(rng.normal(0, 0.25) if upright else rng.uniform(0, 2 * math.pi))
        ink = pattern.colours[1 + int(rng.integers(len(pattern.colours) - 1))]
        tile.draw(outlines.turned(shape, turn) * size * pattern.scale + place, ink)
    return _spread(field, tile.image(), period, 0)


def _icons(field: Field, pattern: Pattern, rng: Generator) -> Image:
    icons = outlines.icons()
    picked = [icons[int(k)] for k in rng.choice(len(icons), int(rng.integers(1, 3)), False)]
    return _toss(field, pattern, rng, picked, float(rng.uniform(0.2, 0.34)))


def _geometric(field: Field, pattern: Pattern, rng: Generator) -> Image:
    sides = int(rng.choice([3, 4, 6]))
    count = 4
    period = count * pattern.scale
    tile = _Tile(period, field.pixel, pattern.colours[0])
    outer = float(rng.uniform(0.42, 0.6)) * pattern.scale
    for place in _lattice(count, period, 0, rng):
        ink = pattern.colours[1 + int(rng.integers(len(pattern.colours) - 1))]
        tile.draw(outlines.polygon(sides) * outer + place, ink)
        tile.draw(outlines.polygon(sides) * outer * 0.6 + place, pattern.colours[0])
        tile.draw(outlines.polygon(sides) * outer * 0.3 + place, ink)
    return _spread(field, tile.image(), period, 0)


def _blossom(
    tile: _Tile, place: NDArray[np.float64], size: float, ink: Colour, rng: Generator
) -> None:
    """Draw one flower: two rings of petals, darker at their base, and a centre."""
    petals = int(rng.integers(5, 8))
    start = float(rng.uniform(0, math.tau))
    wide = float(rng.uniform(0.36, 0.5)) * 5 / petals * 1.15
    base = shade(ink, 0.8)
    for ring, colour in ((1.0, base), (0.93, ink), (0.55, shade(ink, 1.35))):
        for petal in range(petals):
            turn = start + math.tau * (petal + (0.5 if ring < 0.6 else 0)) / petals
            shape = outlines.petal(wide) * (size * ring)
            tile.draw(outlines.turned(shape, turn) + place, colour)
    heart = (232, 186, 66) if rng.random() < 0.6 else shade(ink, 0.45)
    tile.draw(outlines.circle() * size * 0.2 + place, heart)


def _spray(tile: _Tile, place: NDArray[np.float64], size: float, rng: Generator) -> None:
    """Draw leaves around a flower's place."""
    green = mix((60, 92, 62), (122, 142, 96), float(rng.random()))
    for _ in range(int(rng.integers(1, 4))):
        turn = float(rng.uniform(0, math.tau))
        leaf = outlines.leaf(float(rng.uniform(0.2, 0.34)))
        long = size * float(rng.uniform(1.4, 2.0))
        tile.draw(outlines.turned(leaf, turn) * long + place, green)
        vein = outlines.leaf(0.025) * (0.9 * long)
        tile.draw(outlines.turned(vein, turn) + place, shade(green, 0.7))


def _ditsy(field: Field, pattern: Pattern, rng: Generator) -> Image:
    return _flowers(field, pattern, rng, 6, float(rng.uniform(0.2, 0.34)))


def _floral(field: Field, pattern: Pattern, rng: Generator) -> Image:
    return _flowers(field, pattern, rng, 4, float(rng.uniform(0.36, 0.58)))


def _flowers(field: Field, pattern: Pattern, rng: Generator, count: int, size: float) -> Image:
    period = count * pattern.scale
    tile = _Tile(period, field.pixel, pattern.colours[0])
    places = _lattice(count, period, 0.28, rng)
    sizes = pattern.scale * size * rng.uniform(0.55, 1.25, len(places))
    with_leaves = rng.random() < 0.8
    for place, radius in zip(places, sizes, strict=True):
        if with_leaves:
            _spray(tile, place, float(radius), rng)
    for place, radius in zip(places, sizes, strict=True):
        ink = pattern.colours[1 + int(rng.integers(len(pattern.colours) - 1))]
        _blossom(tile, place, float(radius), ink, rng)
    return _spread(field, tile.image(), period, pattern.angle)


def _leaves(field: Field, pattern: Pattern, rng: Generator) -> Image:
    count = 4
    period = count * pattern.scale
    tile = _Tile(period, field.pixel, pattern.colours[0])
    fronds = [outlines.leaf(0.36), outlines.frond(), outlines.monstera()]
    kinds = rng.choice(3, int(rng.integers(1, 4)), False)
    inks = [mix(c, (70, 120, 80), 0.5) for c in pattern.colours[1:]]
    if rng.random() < 0.4:
        inks = list(pattern.colours[1:])
    for layer in (0.72, 1.0):
        for place in _lattice(count, period, 0.35, rng):
            ink = shade(inks[int(rng.integers(len(inks)))], layer)
            turn = float(rng.uniform(0, math.tau))
            long = pattern.scale * float(rng.uniform(0.6, 1.05))
            leaf = outlines.turned(fronds[int(rng.choice(kinds))], turn) * long
            tile.draw(leaf + place, ink)
            vein = outlines.turned(outlines.leaf(0.02), turn) * (0.95 * long)
            tile.draw(vein + place, shade(ink, 0.75))
    return _spread(field, tile.image(), period, 0)


def _leopard(field: Field, pattern: Pattern, rng: Generator) -> Image:
    grounds = ((206, 166, 112), (224, 196, 152), (186, 180, 172), pattern.colours[0])
    ground = grounds[int(rng.integers(4))]
    count = 7
    period = count * min(pattern.scale, 0.045)
    tile = _Tile(period, field.pixel, ground)
    for place in _lattice(count, period, 0.22, rng):
        size = period / count * float(rng.uniform(0.36, 0.48))
        tile.draw(outlines.blob(rng) * size * 0.75 + place, shade(ground, 0.72))
        for _ in range(int(rng.integers(2, 5))):
            turn = float(rng.uniform(0, math.tau))
            spot = outlines.blob(rng) * np.array([0.42, 0.24]) * size
            where = place + 0.78 * size * np.array([math.cos(turn), math.sin(turn)])
            tile.draw(outlines.turned(spot, turn + math.pi / 2) + where, (38, 30, 26))
    return _spread(field, tile.image(), period, 0)


def _blend(low: Image, high: Image | Colour, part: Floats) -> Image:
    """Lay `high` over `low` where part (H, W) is 1."""
    over = np.asarray(high, np.float32)
    mixed = low + (over - low) * part[..., None]
    return np.round(mixed).astype(np.uint8)


def _zebra(field: Field, pattern: Pattern, rng: Generator) -> Image:
    cell = 2.2 * pattern.scale / field.pixel
    bend = smooth_noise(field.shape, (cell, cell), rng)
    wave = np.sin(math.tau / pattern.scale * field.down + 2.4 * bend)
    sharp = pattern.scale / field.pixel / 5
    return _blend(_plain(field, pattern, rng), pattern.colours[1], soft_step(wave, sharp))


def _camouflage(field: Field, pattern: Pattern, rng: Generator) -> Image:
    sets = (
        ((104, 106, 74), (62, 70, 46), (142, 130, 96), (38, 38, 34)),
        ((150, 150, 150), (96, 98, 102), (196, 196, 196), (46, 48, 52)),
        ((200, 180, 146), (160, 134, 96), (120, 98, 70), (222, 208, 180)),
        (*pattern.colours, *pattern.colours)[:4],
    )
    colours = sets[int(rng.integers(4))]
    image = np.full((*field.shape, 3), colours[0], np.uint8)
    cell = pattern.scale / field.pixel
    for colour in colours[1:]:
        lumps = clouds(field.shape, cell, 3, rng) - np.float32(0.45)
        image = _blend(image, colour, soft_step(lumps, max(cell / 3, 1)))
    return image


def _ramp(colours: tuple[Colour, ...]) -> Image:
    """Colours (256, 3) that pass through all of `colours` and come back to the first."""
    ring = np.array([*colours, colours[0]], np.float64)
    at = np.linspace(0, len(colours), 256)
    columns = [np.interp(at, np.arange(len(ring)), ring[:, k]) for k in range(3)]
    return np.round(np.stack(columns, axis=1)).astype(np.uint8)


def _tie_dye(field: Field, pattern: Pattern, rng: Generator) -> Image:
    rough = clouds(field.shape, 0.05 / field.pixel, 4, rng)
    centre = rng.uniform(-0.06, 0.06, 2).astype(np.float32)
    across, down = field.across - centre[0], field.down - centre[1]
    if rng.random() < 0.6:
        far = cv2.magnitude(across, down)
        arms = int(rng.integers(1, 4))
        phase = arms * np.arctan2(down, across) / math.tau + far * np.float32(rng.uniform(1, 4))
    else:
        phase = np.abs(down) * np.float32(rng.uniform(2, 5))
    index = ((phase + 0.07 * rough) * 256).astype(np.int32) & 255
    bleach = soft_step(smooth_noise(field.shape, (0.03 / field.pixel,) * 2, rng) - 1.2, 0.6)
    image: Image = _ramp(pattern.colours)[index]
    return _blend(image, (250, 248, 244), 0.7 * bleach)


def _ombre(field: Field, pattern: Pattern, rng: Generator) -> Image:
    wide = float(rng.uniform(0.08, 0.3))
    rough = smooth_noise(field.shape, (0.06 / field.pixel, 0.02 / field.pixel), rng)
    part = soft_step(field.down - np.float32(0.12) + 0.012 * rough, 1 / wide)
    smooth = part * part * (3 - 2 * part)
    return _blend(_plain(field, pattern, rng), pattern.colours[1], smooth)


def _marble(field: Field, pattern: Pattern, rng: Generator) -> Image:
    cell = 2.5 * pattern.scale / field.pixel
    first = clouds(field.shape, cell, 4, rng)
    wide = clouds(field.shape, cell, 3, rng)
    index = ((first * 0.2 + np.sin(3 * wide) * 0.16) * 256).astype(np.int32) & 255
    image: Image = _ramp(pattern.colours)[index]
    return image


def _fair_isle(field: Field, pattern: Pattern, rng: Generator) -> Image:
    rows: list[NDArray[np.int64]] = []
    side = 24
    for _ in range(int(rng.integers(3, 6))):
        high = int(rng.choice([1, 3, 5, 7]))
        ink = int(rng.integers(1, len(pattern.colours)))
        width = int(rng.choice([2, 4, 6, 12]))
        quarter = rng.random(((high + 1) // 2, width)) < 0.5
        half = np.concatenate([quarter, quarter[:, ::-1]], axis=1)
        full = np.concatenate([half, half[-2::-1]], axis=0)[:high]
        rows.append(np.tile(full, (1, side // (2 * width))) * ink)
        rows.append(np.zeros((int(rng.integers(1, 5)), side), np.int64))
    cells = np.array(pattern.colours, np.uint8)[np.concatenate(rows)]
    image = _stitched(field, cells, side * 0.0045)
    if rng.random() < 0.5:
        plain = np.abs(field.down + np.float32(0.05)) > np.float32(rng.uniform(0.06, 0.14))
        image[plain] = pattern.colours[0]
    return image


def _cut(field: Field, pattern: Pattern, rng: Generator) -> Image:
    lean = np.float32(rng.choice([0, 0, 0, 0.5, 1.0]))
    edges = np.sort(rng.uniform(-0.08, 0.3, int(rng.integers(1, 3))))
    image = _plain(field, pattern, rng)
    for number, edge in enumerate(edges):
        part = soft_step(field.down + lean * field.across - np.float32(edge), 1 / field.pixel)
        image = _blend(image, pattern.colours[1 + number], part)
    return image


def _raglan(field: Field, pattern: Pattern, rng: Generator) -> Image:
    image = _plain(field, pattern, rng)
    others = SLEEVES if rng.random() < 0.7 else (*SLEEVES, Panel.BACK, Panel.HOOD)
    image[np.isin(field.panel, others)] = pattern.colours[1]
    return image


def _patches(field: Field, pattern: Pattern, rng: Generator) -> Image:
    cells = rng.integers(0, len(pattern.colours), (6, 6))
    colours = np.array(pattern.colours, np.uint8)[cells]
    return _stitched(field, colours, 6 * max(pattern.scale * 2.5, 0.09))


def _letters(field: Field, pattern: Pattern, rng: Generator) -> Image:
    words = ("AV", "ORU", "MK", "lumo", "NOR", "TAVI", "RK", "sol")
    word = words[int(rng.integers(len(words)))]
    period = 2 * pattern.scale
    tile = _Tile(period, field.pixel, pattern.colours[0])
    side = tile.canvas.shape[0]
    font = cv2.FONT_HERSHEY_TRIPLEX
    (width, high), _ = cv2.getTextSize(word, font, 1, 2)
    gain = 0.36 * side / max(width, high)
    size, _ = cv2.getTextSize(word, font, gain, max(round(gain * 2), 1))
    for row in range(2):
        for col in range(2):
            at = (round((col + 0.5) * side / 2 - size[0] / 2), round((row + 0.5) * side / 2))
            ink = pattern.colours[1 + (row + col) % 2]
            thick = max(round(gain * 2), 1)
            cv2.putText(tile.canvas, word, at, font, gain, ink, thick, cv2.LINE_AA)
    return _spread(field, tile.image(), period, pattern.angle)


def _photo(field: Field, pattern: Pattern, rng: Generator) -> Image:
    image = field.photo if field.photo is not None else draw_scene((256, 256), rng)
    whole = max(pattern.scale * 4, 0.12)
    count = int(np.clip(whole / field.pixel, 16, 1600))
    high = max(round(count * image.shape[0] / image.shape[1]), 1)
    small = cv2.resize(image, (count, high), interpolation=cv2.INTER_AREA)
    pair = np.concatenate([small, small[:, ::-1]], axis=1)
    tile = np.ascontiguousarray(np.concatenate([pair, pair[::-1]], axis=0))
    return _spread(field, tile, 2 * whole, 0)


_PAINTERS: Final[dict[Motif, Painter]] = {
    Motif.PLAIN: _plain,
    Motif.STRIPES: _stripes,
    Motif.PINSTRIPES: _pinstripes,
    Motif.BRETON: _breton,
    Motif.IRREGULAR: _irregular,
    Motif.DIAGONAL: _diagonal,
    Motif.GINGHAM: _gingham,
    Motif.TARTAN: _tartan,
    Motif.WINDOWPANE: _windowpane,
    Motif.HOUNDSTOOTH: _houndstooth,
    Motif.ARGYLE: _argyle,
    Motif.CHEVRON: _chevron,
    Motif.DOTS: _dots,
    Motif.ICONS: _icons,
    Motif.GEOMETRIC: _geometric,
    Motif.DITSY: _ditsy,
    Motif.FLORAL: _floral,
    Motif.LEAVES: _leaves,
    Motif.LEOPARD: _leopard,
    Motif.ZEBRA: _zebra,
    Motif.CAMOUFLAGE: _camouflage,
    Motif.TIE_DYE: _tie_dye,
    Motif.OMBRE: _ombre,
    Motif.MARBLE: _marble,
    Motif.FAIR_ISLE: _fair_isle,
    Motif.CUT: _cut,
    Motif.RAGLAN: _raglan,
    Motif.PATCHES: _patches,
    Motif.LETTERS: _letters,
    Motif.PHOTO: _photo,
}
