"""Dress every pair of sheets/pairs.csv and draw contact sheets into an ignored folder.

    python scripts/contact_sheet.py ../shared/data -o sheets/out [--rows 8]

A row is person | garment | parsing | warped | result. A refusal is shown as a refusal. Single
results lie beside the sheets, for a look at 1:1.
"""

import argparse
import csv
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom import FittingRoom, FittingRoomError
from fittingroom.labels import PALETTE
from fittingroom.pipeline import TryOn

CELL_HEIGHT, CELL_WIDTH = 480, 320


def cell(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Fit a picture into a cell of the sheet."""
    scale = min(CELL_HEIGHT / image.shape[0], CELL_WIDTH / image.shape[1])
    size = (max(1, int(image.shape[1] * scale)), max(1, int(image.shape[0] * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    canvas = np.full((CELL_HEIGHT, CELL_WIDTH, 3), 255, np.uint8)
    top, left = (CELL_HEIGHT - size[1]) // 2, (CELL_WIDTH - size[0]) // 2
    canvas[top : top + size[1], left : left + size[0]] = small
    return canvas


def warped_picture(steps: TryOn) -> NDArray[np.uint8]:
    """The warped garment alone, on white, in the frame."""
    image = cv2.remap(
        steps.garment.image,
        steps.warped.source,
        None,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    alpha = steps.warped.mask[..., None].astype(np.float32) / 255
    return (image * alpha + 255 * (1 - alpha)).astype(np.uint8)


def parsing_picture(steps: TryOn) -> NDArray[np.uint8]:
    """Labels over the frame's picture."""
    colours = PALETTE[steps.person.parsing.labels]
    return cv2.addWeighted(steps.person.image, 0.4, colours, 0.6, 0)


def note(text: str) -> NDArray[np.uint8]:
    """A cell with a few words."""
    canvas = np.full((CELL_HEIGHT, CELL_WIDTH, 3), 235, np.uint8)
    for line in range(0, len(text), 26):
        place = (8, 40 + line)
        words = text[line : line + 26]
        cv2.putText(canvas, words, place, cv2.FONT_HERSHEY_SIMPLEX, 0.6, (160, 0, 0), 1)
    return canvas


def row(room: FittingRoom, person: Path, garment: Path, target: Path) -> NDArray[np.uint8]:
    """Dress one pair and draw its row."""
    first = [cell(read(person)), cell(read(garment))]
    try:
        result = room.try_on(person, garment, category="upper")
    except FittingRoomError as error:
        return np.hstack([*first, note(str(error)), note(""), note("")])
    result.save(target)
    steps = result.steps
    pictures = (parsing_picture(steps), warped_picture(steps), result.image)
    strip = np.hstack([*first, *(cell(picture) for picture in pictures)])
    cv2.putText(strip, target.stem, (6, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 0, 0), 2)
    return strip


def read(path: Path) -> NDArray[np.uint8]:
    """Read a picture as RGB."""
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


def main() -> None:
    """Draw all sheets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("-o", "--out", type=Path, default=Path("sheets/out"))
    parser.add_argument("--pairs", type=Path, default=Path("sheets/pairs.csv"))
    parser.add_argument("--rows", type=int, default=4)
    parser.add_argument("--only", type=int, nargs="*", help="numbers of pairs, from 0")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with options.pairs.open() as file:
        pairs = list(enumerate(csv.DictReader(file)))
    if options.only:
        pairs = [pair for pair in pairs if pair[0] in options.only]
    room = FittingRoom()
    for start in range(0, len(pairs), options.rows):
        rows = [
            row(
                room,
                options.data / "ccp" / "photos" / f"{pair['person']}.jpg",
                options.data / "garments" / "images" / f"{pair['garment']}.jpg",
                options.out / f"{number:02d}_{pair['person']}.png",
            )
            for number, pair in pairs[start : start + options.rows]
        ]
        sheet = cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(options.out / f"sheet_{start // options.rows:02d}.png"), sheet)


if __name__ == "__main__":
    main()
