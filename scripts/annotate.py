"""Help to place points by looking: photos with a grid, and with the points that were placed.

    python scripts/annotate.py grid OUT.png PHOTO...        photos side by side under a pixel grid
    python scripts/annotate.py show OUT.png POINTS.json PHOTO...   the same with placed points

Points are in photo pixels: {photo name: {point name: [x, y, seen]}}, or a list of [x, y] for an
outline. A photo may be followed by a window, PHOTO:x0,y0,x1,y1, to look closer.
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE: Final = 1000
"""Longer side of a shown photo, pixels."""
SEEN, HIDDEN, LINE = (0, 0, 255), (255, 0, 255), (0, 255, 0)


def _window(word: str) -> tuple[Path, tuple[int, int, int, int] | None]:
    path, _, box = word.partition(":")
    if not box:
        return Path(path), None
    left, top, right, bottom = (int(value) for value in box.split(","))
    return Path(path), (left, top, right, bottom)


def _enlarged(word: str) -> tuple[str, NDArray[np.uint8], float, tuple[int, int]]:
    path, box = _window(word)
    photo = cv2.imread(str(path))
    if photo is None:
        raise SystemExit(f"{path} is not a readable picture")
    left, top, right, bottom = box or (0, 0, photo.shape[1], photo.shape[0])
    part = photo[top:bottom, left:right]
    zoom = SIDE / max(part.shape[:2])
    large = cv2.resize(part, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC)
    return path.stem, np.asarray(large, np.uint8), zoom, (left, top)


def _draw_grid(picture: NDArray[np.uint8], zoom: float, origin: tuple[int, int]) -> None:
    """Lines with their photo coordinates, about 80 shown pixels apart."""
    step = min((5, 10, 20, 25, 50, 100, 200, 500), key=lambda s: abs(s * zoom - 80))
    height, width = picture.shape[:2]
    for axis, length in ((0, width), (1, height)):
        first = -(-origin[axis] // step) * step
        for value in range(first, int(origin[axis] + length / zoom) + 1, step):
            at = int((value - origin[axis] + 0.5) * zoom)
            line = np.s_[:, at : at + 1] if axis == 0 else np.s_[at : at + 1, :]
            picture[line] = (0.5 * picture[line] + (128, 128, 0)).astype(np.uint8)
            place = (at + 2, 12) if axis == 0 else (2, at - 2)
            cv2.putText(picture, str(value), place, 0, 0.42, (0, 0, 0), 3, cv2.LINE_AA)
            cv2.putText(picture, str(value), place, 0, 0.42, (0, 255, 255), 1, cv2.LINE_AA)


def _draw_points(
    picture: NDArray[np.uint8], points: Any, zoom: float, origin: tuple[int, int]
) -> None:
    def spot(point: list[float]) -> tuple[int, int]:
        x, y = ((point[axis] - origin[axis] + 0.5) * zoom for axis in (0, 1))
        return int(x), int(y)

    if isinstance(points, list):
        outline = np.array([spot(point) for point in points])
        cv2.polylines(picture, [outline], True, LINE, 2)
        return
    for name, point in points.items():
        if not isinstance(point, list):  # a place that cannot be told, or a word like a sleeve's
            continue
        colour = SEEN if len(point) < 3 or point[2] else HIDDEN
        x, y = spot(point)
        cv2.circle(picture, (x, y), 4, colour, -1)
        cv2.putText(picture, name.lower(), (x + 5, y), 0, 0.4, (255, 255, 255), 3, cv2.LINE_AA)
        cv2.putText(picture, name.lower(), (x + 5, y), 0, 0.4, colour, 1, cv2.LINE_AA)


def main() -> None:
    """Draw one sheet."""
    if len(sys.argv) < 4 or sys.argv[1] not in ("grid", "show"):
        raise SystemExit(__doc__)
    table: dict[str, Any] = {}
    words = sys.argv[3:]
    if sys.argv[1] == "show":
        table, words = json.loads(Path(words[0]).read_text()), words[1:]
    pictures = []
    for word in words:
        name, picture, zoom, origin = _enlarged(word)
        if sys.argv[1] == "grid":
            _draw_grid(picture, zoom, origin)
        if name in table:
            _draw_points(picture, table[name], zoom, origin)
        below = SIDE - picture.shape[0] + 8
        pictures.append(cv2.copyMakeBorder(picture, 0, max(8, below), 0, 8, cv2.BORDER_CONSTANT))
    height = max(picture.shape[0] for picture in pictures)
    padded = [
        cv2.copyMakeBorder(picture, 0, height - picture.shape[0], 0, 0, cv2.BORDER_CONSTANT)
        for picture in pictures
    ]
    cv2.imwrite(sys.argv[2], np.hstack(padded))


if __name__ == "__main__":
    main()
