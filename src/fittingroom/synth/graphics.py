"""Pictures printed on one place of a garment: words, badges, figures, photographs."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.random import Generator

from fittingroom.synth import outlines
from fittingroom.synth.noise import floats
from fittingroom.synth.outlines import Outline
from fittingroom.synth.palettes import Colour, contrasting, luminance, sample_vivid
from fittingroom.synth.scenery import draw_scene
from fittingroom.synth.shapes import Floats
from fittingroom.types import Image


class GraphicKind(StrEnum):
    """What a placed print shows."""

    WORD = "word"
    COLLEGE = "college"
    BOX = "box"
    REPEAT = "repeat"
    BADGE = "badge"
    NUMBER = "number"
    FIGURE = "figure"
    SUNSET = "sunset"
    SHAPES = "shapes"
    PICTURE = "picture"
    BANDS = "bands"


class Place(StrEnum):
    """Where on the garment it is printed; left is the wearer's."""

    CHEST = "chest"
    LEFT_CHEST = "left_chest"
    BACK = "back"


@dataclass(frozen=True, slots=True)
class Graphic:
    """A placed print.

    width: metres, before it is fitted to its panel. rise: metres above the chest's middle.
    """

    kind: GraphicKind
    place: Place
    width: float
    rise: float
    words: tuple[str, ...]
    inks: tuple[Colour, ...]
    seed: int


class Stamp(NamedTuple):
    """A drawn print: colours (h, w, 3) uint8 and coverage (h, w) float32."""

    colours: Image
    cover: Floats


Drawer: TypeAlias = Callable[[Graphic, int, Generator, Image | None], Stamp]

_STARTS: Final = (
    "Nor",
    "Val",
    "Lum",
    "Tor",
    "Kes",
    "Bra",
    "Sol",
    "Mar",
    "Fen",
    "Ori",
    "Ruk",
    "Ela",
)
_ENDS: Final = ("vik", "mont", "dale", "ane", "ova", "ley", "is", "ton", "ara", "und", "elle", "ox")
_NOTES: Final = (
    "ATHLETICS", "SURF CLUB", "DEPT. OF PLAY", "SINCE 1987", "EST. 2004", "TRAIL CREW", "STUDIO",
    "WORLD TOUR", "good days only", "slow morning", "STAY CURIOUS", "RADIO 88.4", "HARBOUR CO.",
    "NIGHT SHIFT", "be kind", "OUTDOOR DIV.", "No. 7", "NORTH SIDE", "bonjour", "ciao",
)  # fmt: skip


def sample_graphic(place: Place, ground: Colour, rng: Generator) -> Graphic:
    """Draw a print for one place of a garment of colour `ground`."""
    small = place is Place.LEFT_CHEST
    kinds = _SMALL if small else tuple(GraphicKind)
    kind = kinds[int(rng.integers(len(kinds)))]
    if not small and rng.random() < 0.3:
        kind = GraphicKind.PICTURE if rng.random() < 0.4 else GraphicKind.WORD
    return Graphic(
        kind=kind,
        place=place,
        width=float(rng.uniform(0.045, 0.09) if small else rng.uniform(0.18, 0.34)),
        rise=float(rng.uniform(0.0, 0.05)),
        words=_words(rng),
        inks=_inks(ground, rng),
        seed=int(rng.integers(2**31)),
    )


def draw_graphic(graphic: Graphic, width: int, photo: Image | None) -> Stamp:
    """Draw a placed print `width` pixels wide; `photo` (h, w, 3) is used where it shows one."""
    over = 1 if width >= 400 else 3
    rng = np.random.default_rng(graphic.seed)
    stamp = _DRAWERS[graphic.kind](graphic, max(width, 6) * over, rng, photo)
    height = max(round(stamp.cover.shape[0] / over), 1)
    size = (max(width, 6), height)
    return Stamp(
        np.asarray(cv2.resize(stamp.colours, size, interpolation=cv2.INTER_AREA), np.uint8),
        np.asarray(cv2.resize(stamp.cover, size, interpolation=cv2.INTER_AREA), np.float32),
    )


def _words(rng: Generator) -> tuple[str, ...]:
    brand = _STARTS[int(rng.integers(12))] + _ENDS[int(rng.integers(12))]
    case = int(rng.integers(3))
    brand = (brand, brand.upper(), brand.lower())[case]
    note = _NOTES[int(rng.integers(len(_NOTES)))]
    return brand, note, str(int(rng.integers(1, 100)))


def _inks(ground: Colour, rng: Generator) -> tuple[Colour, ...]:
    plain = (250, 250, 248) if luminance(ground) < 130 else (22, 22, 26)
    first = plain if rng.random() < 0.55 else contrasting(ground, rng, 110)
    return (first, *(sample_vivid(rng) for _ in range(3)))


def _lettering(text: str, width: int, italic: bool) -> Floats:
    """Return a word's coverage (h, width), cropped to its letters."""
    font = cv2.FONT_HERSHEY_SCRIPT_COMPLEX if italic else cv2.FONT_HERSHEY_DUPLEX
    (wide, high), below = cv2.getTextSize(text, font, 2, 4)
    gain = 2 * max(width, 8) / max(wide, 1)
    thick = max(round(2 * gain), 1)
    (wide, high), below = cv2.getTextSize(text, font, gain, thick)
    edge = thick + 4
    canvas = np.zeros((high + below + 2 * edge, wide + 2 * edge), np.uint8)
    cv2.putText(canvas, text, (edge, high + edge), font, gain, 255, thick, cv2.LINE_AA)
    rows, cols = np.nonzero(canvas.max(axis=1))[0], np.nonzero(canvas.max(axis=0))[0]
    if rows.size == 0:
        return np.zeros((4, width), np.float32)
    crop = canvas[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
    height = max(round(crop.shape[0] * width / crop.shape[1]), 1)
    shaped = cv2.resize(crop, (width, height), interpolation=cv2.INTER_AREA)
    return shaped.astype(np.float32) / 255


def _inked(cover: Floats, ink: Colour) -> Stamp:
    return Stamp(np.full((*cover.shape, 3), ink, np.uint8), cover)


def _stacked(parts: list[Stamp], gap: int) -> Stamp:
    """Put prints below each other, centred."""
    width = max(part.cover.shape[1] for part in parts)
    height = sum(part.cover.shape[0] + gap for part in parts) - gap
    colours = np.zeros((height, width, 3), np.uint8)
    cover = np.zeros((height, width), np.float32)
    top = 0
    for part in parts:
        high, wide = part.cover.shape
        left = (width - wide) // 2
        colours[top : top + high] = part.colours[:1, :1]
        colours[top : top + high, left : left + wide] = part.colours
        cover[top : top + high, left : left + wide] = part.cover
        top += high + gap
    return Stamp(colours, cover)


def _over(below: Stamp, above: Stamp, left: int, top: int) -> None:
    """Print one stamp on another, in place; what sticks out is cut."""
    left, top = max(left, 0), max(top, 0)
    high = min(above.cover.shape[0], below.cover.shape[0] - top)
    wide = min(above.cover.shape[1], below.cover.shape[1] - left)
    if high <= 0 or wide <= 0:
        return
    where = np.s_[top : top + high, left : left + wide]
    part = above.cover[:high, :wide, None]
    there = below.colours[where].astype(np.float32)
    mixed = there + (above.colours[:high, :wide] - there) * part
    below.colours[where] = np.round(mixed).astype(np.uint8)
    below.cover[where] = np.maximum(below.cover[where], part[..., 0])


def _squeezed(cover: Floats, tall: float) -> Floats:
    size = (cover.shape[1], max(round(cover.shape[0] * tall), 2))
    return np.asarray(cv2.resize(cover, size, interpolation=cv2.INTER_LINEAR), np.float32)


def _arched(cover: Floats, bend: float) -> Floats:
    """Bend lettering upwards in its middle by `bend` of its width."""
    height, width = cover.shape
    drop = bend * width
    across = (np.arange(width, dtype=np.float32) / width * 2 - 1) ** 2 * np.float32(drop)
    rows = np.arange(height + math.ceil(drop), dtype=np.float32)[:, None] - across
    cols = np.arange(width, dtype=np.float32)[None, :] + np.zeros_like(rows)
    return np.asarray(cv2.remap(cover, cols, rows, cv2.INTER_LINEAR), np.float32)


def _word(graphic: Graphic, width: int, rng: Generator, photo: Image | None) -> Stamp:
    cover = _squeezed(_lettering(graphic.words[0], width, rng.random() < 0.4), _tall(rng))
    if rng.random() < 0.3:
        cover = _arched(cover, float(rng.uniform(0.1, 0.25)))
    stamp = _inked(cover, graphic.inks[0])
    if rng.random() < 0.35:
        stamp = _outlined(stamp, graphic.inks[1], width)
    if rng.random() < 0.4:
        note = _lettering(graphic.words[1], round(width * rng.uniform(0.4, 0.8)), False)
        stamp = _stacked([stamp, _inked(note, graphic.inks[0])], width // 16)
    return stamp


def _tall(rng: Generator) -> float:
    return float(rng.choice([1.0, 1.0, 1.3, 1.8]))


def _outlined(stamp: Stamp, ink: Colour, width: int) -> Stamp:
    """Put a border of another ink around lettering."""
    edge = max(width // 50, 1)
    cover = cv2.copyMakeBorder(stamp.cover, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=0)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * edge + 1, 2 * edge + 1))
    wide = cv2.dilate(cover, kernel)
    colours = np.full((*cover.shape, 3), ink, np.float32)
    colours += (floats(stamp.colours[0, 0]) - colours) * cover[..., None]
    return Stamp(np.round(colours).astype(np.uint8), wide)


def _college(graphic: Graphic, width: int, rng: Generator, photo: Image | None) -> Stamp:
    first = _arched(_squeezed(_lettering(graphic.words[0].upper(), width, False), 1.2), 0.12)
    second = _lettering(graphic.words[1].upper(), round(width * 0.8), False)
    year = _lettering(str(1950 + int(rng.integers(60))), round(width * 0.28), False)
    parts = [_outlined(_inked(first, graphic.inks[0]), graphic.inks[1], width)]
    parts += [_inked(second, graphic.inks[0]), _inked(year, graphic.inks[0])]
    return _stacked(parts[: int(rng.integers(2, 4))], width // 22)


def _box(graphic: Graphic, width: int, rng: Generator, photo: Image | None) -> Stamp:
    word = _lettering(graphic.words[0], round(width * 0.8), rng.random() < 0.5)
    edge = round(width * 0.1)
    shape = (word.shape[0] + edge, width)
    box = Stamp(np.full((*shape, 3), graphic.inks[1], np.uint8), np.ones(shape, np.float32))
    light = (250, 250, 250) if luminance(graphic.inks[1]) < 150 else (20, 20, 22)
    _over(box, _inked(word, light), edge, edge // 2)
    return box


def _repeat(graphic: Graphic, width: int, rng: Generator, photo: Image | None) -> Stamp:
    word = _lettering(graphic.words[int(rng.integers(2))].upper(), width, False)
    one_ink = rng.random() < 0.5
    inks = [graphic.inks[0 if one_ink else k % 4] for k in range(int(rng.integers(3, 6)))]
    return _stacked([_inked(word, ink) for ink in inks], max(word.shape[0] // 4, 1))


def _badge(graphic: Graphic, width: int, rng: Generator, photo: Image | None) -> Stamp:
    shape = (width, width)
    cover = np.zeros(shape, np.float32)
    frames = (outlines.circle(60), outlines.polygon(6), outlines.star(18, 0.88))
    frame = frames[int(rng.integers(len(frames)))]
    _fill(cover, frame * 0.98, 1.0)
    stamp = _inked(cover, graphic.inks[0])
    light = (250, 250, 250) if luminance(graphic.inks[0]) < 140 else (24, 24, 28)
    inner = np.zeros(shape, np.float32)
    _fill(inner, frame * 0.86, 1.0)
    _fill(inner, frame * 0.82, 0.0)
    icons = outlines.icons()
    _fill(inner, icons[int(rng.integers(len(icons)))] * 0.34 - np.array([0, 0.28]), 1.0)
    _over(stamp, _inked(inner, light), 0, 0)
    word = _lettering(graphic.words[0], round(width * 0.62), False)
    _over(stamp, _inked(word, light), round(width * 0.19), round(width * 0.58))
    return stamp


def _fill(cover: Floats, outline: Outline, value: float) -> None:
    """Fill an outline given in units of half the width, in place."""
    half = cover.shape[1] / 2
    points = np.round((outline * half + (half, cover.shape[0] / 2)) * 8).astype(np.int32)
    cv2.fillPoly(cover, [points], value, cv2.LINE_AA, 3)


def _number(graphic: Graphic, width: int, rng: Generator, photo: Image | None) -> Stamp:
    digits = _squeezed(_lettering(graphic.words[2].zfill(2), width, False), 1.3)
    stamp = _outlined(_inked(digits, graphic.inks[0]), graphic.inks[1], width)
    name = _lettering(graphic.words[0].upper(), round(width * 0.9), False)
    return _stacked([_inked(name, graphic.inks[0]), stamp], width // 14)


def _figure(graphic: Graphic, width: int, rng: Generator, photo: Image | None) -> Stamp:
    icons = outlines.icons()
    cover = np.zeros((width, width), np.float32)
    shape = icons[int(rng.integers(len(icons)))]
    _fill(cover, shape * 0.95, 1.0)
    if rng.random() < 0.4:
        _fill(cover, shape * 0.8, 0.0)
    stamp = _inked(cover, graphic.inks[int(rng.integers(2))])
    if rng.random() < 0.5:
        word = _lettering(graphic.words[0], round(width * 0.9), rng.random() < 0.5)
        stamp = _stacked([stamp, _inked(word, graphic.inks[0])], width // 14)
    return stamp


def _sunset(graphic: Graphic, width: int, rng: Generator, photo: Image | None) -> Stamp:
    cover = np.zeros((width, width), np.float32)
    _fill(cover, outlines.circle(72) * 0.98, 1.0)
    part = np.linspace(0, 1, width)[:, None, None]
    colours = np.array(graphic.inks[1]) * (1 - part) + np.array(graphic.inks[2]) * part
    stamp = Stamp(np.broadcast_to(colours, (width, width, 3)).astype(np.uint8), cover)
    for step in range(5):
        top = round(width * (0.5 + 0.1 * step))
        cover[top : top + max(round(width * 0.014 * (step + 1)), 1)] = 0
    if rng.random() < 0.6:
        ridge = width * (0.8 - 0.12 * np.abs(np.sin(np.linspace(0, 9, width) + rng.uniform(0, 6))))
        low = np.arange(width)[:, None] > ridge
        stamp.colours[low] = graphic.inks[0]
    word = _lettering(graphic.words[0], round(width * 0.8), False)
    return _stacked([stamp, _inked(word, graphic.inks[0])], width // 16)


def _shapes(graphic: Graphic, width: int, rng: Generator, photo: Image | None) -> Stamp:
    cover = np.zeros((round(width * 1.1), width), np.float32)
    stamp = _inked(cover, graphic.inks[0])
    kinds = [outlines.circle(), outlines.polygon(3), outlines.polygon(4), outlines.cross(0.12)]
    for number in range(int(rng.integers(3, 7))):
        layer = np.zeros_like(cover)
        shape = outlines.turned(kinds[int(rng.integers(4))], float(rng.uniform(0, 6)))
        place = rng.uniform(-0.4, 0.4, 2)
        _fill(layer, shape * float(rng.uniform(0.3, 0.6)) + place, 1.0)
        _over(stamp, _inked(layer, graphic.inks[number % 4]), 0, 0)
    return stamp


def _picture(graphic: Graphic, width: int, rng: Generator, photo: Image | None) -> Stamp:
    shape = (round(width * rng.uniform(0.8, 1.3)), width)
    image = photo if photo is not None else draw_scene((min(shape[0], 480), min(width, 400)), rng)
    colours = cv2.resize(image, shape[::-1], interpolation=cv2.INTER_AREA)
    stamp = Stamp(np.asarray(colours, np.uint8), np.ones(shape, np.float32))
    if rng.random() < 0.25:
        stamp.cover[:] = 0
        _fill(stamp.cover, outlines.circle(72) * min(1.0, shape[0] / width) * 0.98, 1.0)
    if rng.random() < 0.5:
        word = _lettering(graphic.words[0].upper(), width, False)
        stamp = _stacked([stamp, _inked(word, graphic.inks[0])], width // 18)
    return stamp


def _bands(graphic: Graphic, width: int, rng: Generator, photo: Image | None) -> Stamp:
    shape = (round(width * rng.uniform(0.2, 0.5)), width)
    cover, colours = np.ones(shape, np.float32), np.zeros((*shape, 3), np.uint8)
    count = int(rng.integers(3, 6))
    for band in range(count):
        rows = np.s_[shape[0] * band // count : shape[0] * (band + 1) // count]
        colours[rows] = graphic.inks[band % 4]
    return Stamp(colours, cover)


_SMALL: Final = (
    GraphicKind.WORD,
    GraphicKind.BOX,
    GraphicKind.BADGE,
    GraphicKind.FIGURE,
    GraphicKind.NUMBER,
)
_DRAWERS: Final[dict[GraphicKind, Drawer]] = {
    GraphicKind.WORD: _word,
    GraphicKind.COLLEGE: _college,
    GraphicKind.BOX: _box,
    GraphicKind.REPEAT: _repeat,
    GraphicKind.BADGE: _badge,
    GraphicKind.NUMBER: _number,
    GraphicKind.FIGURE: _figure,
    GraphicKind.SUNSET: _sunset,
    GraphicKind.SHAPES: _shapes,
    GraphicKind.PICTURE: _picture,
    GraphicKind.BANDS: _bands,
}
