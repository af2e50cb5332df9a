"""Colours that clothes are sold in."""

from typing import Final, TypeAlias

import numpy as np
from numpy.random import Generator

Colour: TypeAlias = tuple[int, int, int]
"""sRGB, 0 to 255."""

WHITE_FROM: Final = 235
"""The least channel of a white garment."""

_CLOTHES: Final[tuple[tuple[Colour, float, float], ...]] = (
    # colour, weight, jitter
    ((250, 250, 250), 20, 3),
    ((243, 238, 226), 5, 5),
    ((27, 27, 29), 14, 6),
    ((58, 58, 62), 4, 8),
    ((30, 38, 66), 10, 7),
    ((128, 129, 133), 5, 14),
    ((186, 187, 189), 6, 10),
    ((216, 201, 176), 5, 10),
    ((178, 150, 116), 3, 12),
    ((92, 66, 48), 3, 10),
    ((86, 88, 62), 4, 10),
    ((160, 172, 148), 2, 12),
    ((36, 74, 56), 3, 10),
    ((168, 196, 224), 4, 12),
    ((62, 92, 140), 4, 14),
    ((34, 84, 176), 3, 14),
    ((184, 34, 44), 4, 12),
    ((108, 28, 44), 4, 9),
    ((236, 184, 190), 4, 12),
    ((214, 74, 124), 2, 14),
    ((222, 168, 62), 3, 12),
    ((246, 222, 110), 2, 12),
    ((226, 108, 50), 2, 14),
    ((172, 92, 66), 2, 12),
    ((60, 144, 146), 2, 12),
    ((122, 88, 150), 2, 14),
    ((196, 182, 220), 2, 12),
    ((96, 176, 112), 2, 14),
)
_DENIM: Final[tuple[Colour, ...]] = (
    (44, 58, 92),
    (64, 88, 128),
    (98, 126, 164),
    (150, 174, 200),
    (38, 42, 56),
    (60, 60, 64),
    (190, 204, 216),
)
_VIVID: Final[tuple[Colour, ...]] = (
    (214, 40, 48),
    (240, 120, 36),
    (250, 200, 48),
    (44, 152, 88),
    (28, 96, 190),
    (96, 60, 160),
    (232, 84, 140),
    (20, 160, 176),
    (250, 250, 248),
    (24, 24, 28),
)


def sample_colour(rng: Generator) -> Colour:
    """Draw the colour of a garment: much white, black, navy, grey and beige, some loud ones."""
    weights = np.array([row[1] for row in _CLOTHES])
    row = _CLOTHES[int(rng.choice(len(_CLOTHES), p=weights / weights.sum()))]
    return _jittered(row[0], row[2], rng)


def sample_denim(rng: Generator) -> Colour:
    """Draw a wash of denim: indigo, light, black."""
    return _jittered(_DENIM[int(rng.integers(len(_DENIM)))], 8, rng)


def sample_vivid(rng: Generator) -> Colour:
    """Draw an ink: saturated, black or white."""
    return _jittered(_VIVID[int(rng.integers(len(_VIVID)))], 12, rng)


def sample_palette(ground: Colour, count: int, rng: Generator) -> tuple[Colour, ...]:
    """Return `ground` and `count` more colours; the second stands out against the first."""
    colours = [ground, contrasting(ground, rng)]
    while len(colours) <= count:
        colours.append(sample_vivid(rng) if rng.random() < 0.45 else sample_colour(rng))
    return tuple(colours[: count + 1])


def contrasting(ground: Colour, rng: Generator, least: float = 75) -> Colour:
    """Draw a colour at least `least` from `ground` (RGB distance), else black or white."""
    for _ in range(12):
        colour = sample_vivid(rng) if rng.random() < 0.35 else sample_colour(rng)
        if np.linalg.norm(np.subtract(colour, ground)) >= least:
            return colour
    return (252, 252, 252) if luminance(ground) < 128 else (24, 24, 28)


def shade(colour: Colour, gain: float) -> Colour:
    """Return a darker (gain < 1) colour, or one mixed with white (gain > 1, at most 2)."""
    values = np.array(colour, np.float64)
    mixed = values * gain if gain <= 1 else values + (255 - values) * (gain - 1)
    return _bytes(mixed)


def mix(first: Colour, second: Colour, part: float) -> Colour:
    """Return `first` with `part` of `second`."""
    return _bytes(np.array(first) * (1 - part) + np.array(second) * part)


def luminance(colour: Colour) -> float:
    """Return the luma of a colour, 0 to 255."""
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]


def is_white(colour: Colour) -> bool:
    """Say whether a garment of this colour is called white."""
    return min(colour) >= WHITE_FROM


def _jittered(colour: Colour, amount: float, rng: Generator) -> Colour:
    moved = np.array(colour) + rng.normal(0, amount) + rng.normal(0, amount / 3, 3)
    if is_white(colour):
        moved = np.maximum(moved, WHITE_FROM + 6)
    return _bytes(np.clip(moved, 12, 255))


def _bytes(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Colour:
    red, green, blue = np.clip(np.round(values), 0, 255).astype(int).tolist()
    return red, green, blue
