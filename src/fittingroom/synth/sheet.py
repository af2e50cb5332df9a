"""Contact sheets of a rendered set: `fittingroom synth sheet`.

One row a sample: product picture and wearer of garment a, the same of garment b, the base layer,
labels with joints. Colours, prints, light and backgrounds are drawn here, as a data loader does.
"""

from pathlib import Path
from typing import Final

import cv2
import numpy as np

from fittingroom.labels import LIP_COUNT
from fittingroom.synth.backgrounds import sample_background, sample_ground
from fittingroom.synth.compose import (
    Painted,
    compose_product,
    compose_worn,
    photographic,
    sample_illumination,
    sample_label,
    sample_look,
    sample_shop_light,
)
from fittingroom.synth.prints import paint, sample_print
from fittingroom.synth.records import read_product, read_sample, read_sheet
from fittingroom.synth.scenes import product_path, sample_path, sheet_path
from fittingroom.synth.shapes import Sample, View
from fittingroom.types import Image

GAP: Final = 4
JOINT_COLOURS: Final = {1.0: (40, 220, 60), 0.5: (230, 60, 50)}


def draw_row(folder: Path, number: int, seed: int) -> Image:
    """One sample as a row of six pictures of its own size."""
    sample = read_sample(sample_path(folder, number))
    rng = np.random.default_rng([seed, 5, number])
    size = sample.body.shape[:2]
    background = sample_background((size[0], size[1]), rng)
    light, look = sample_illumination(rng), sample_look(rng)
    pictures = []
    for name in "ab":
        painted, product = _garment(folder, sample, name, rng)
        worn = compose_worn(sample, name, painted, background, light, look)
        pictures += [product, photographic(worn, rng)]
    bare = compose_worn(sample, "base", None, background, light, look)
    return np.hstack([*pictures, bare, draw_labels(sample, "a")])


def _garment(
    folder: Path, sample: Sample, name: str, rng: np.random.Generator
) -> tuple[Painted, Image]:
    """The painted sheet of a sample's garment, and one of its two product pictures."""
    garment = str(sample.outfits[name].garment)
    sheet = read_sheet(sheet_path(folder, garment))
    painted = Painted(sheet, paint(sheet, sample_print(sheet, rng)))
    view = View.GHOST if rng.random() < 0.5 else View.FLAT
    product = read_product(product_path(folder, garment, view))
    height, width = product.share.shape
    ground = sample_ground((height, width), rng)
    label = sample_label(sheet, rng) if view is View.GHOST else None
    return painted, compose_product(product, painted, ground, sample_shop_light(rng), label)


def draw_labels(sample: Sample, name: str) -> Image:
    """Part labels in colours, with joints: green = seen, red = hidden."""
    hue = (np.arange(LIP_COUNT) * 53 % 180).astype(np.uint8)
    table = np.stack([hue, np.full(LIP_COUNT, 150), np.full(LIP_COUNT, 210)], 1).astype(np.uint8)
    colours = cv2.cvtColor(table[None], cv2.COLOR_HSV2RGB)[0]
    colours[0] = 245
    picture = colours[sample.outfits[name].labels]
    for x, y, seen in sample.joints:
        if seen:
            cv2.circle(picture, (round(x), round(y)), 3, JOINT_COLOURS[float(seen)], -1)
    return picture


def draw_sheet(folder: Path, numbers: list[int], seed: int) -> Image:
    """Rows of samples below each other; raises FileNotFoundError where a sample is not there."""
    rows = [draw_row(folder, number, seed) for number in numbers]
    gap = np.full((GAP, rows[0].shape[1], 3), 255, np.uint8)
    return np.vstack([part for row in rows for part in (row, gap)][:-1])


def stored_numbers(folder: Path) -> list[int]:
    """Numbers of the samples in a set's folder; raises ValueError when there are none."""
    found = sorted(int(path.stem) for path in (folder / "samples").glob("*.zip"))
    if not found:
        raise ValueError(f"{folder} holds no samples; make some with: fittingroom synth render")
    return found
