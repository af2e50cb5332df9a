"""Cut pieces, the seams between them, and the sheet on which they lie."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fittingroom.synth.patterns.mesh import spread, triangulated
from fittingroom.synth.patterns.outline import Curve, resampled
from fittingroom.synth.shapes import Edge, Floats, Panel

_MARGIN = 0.015
_GAP = 0.025

Line = list[int]
"""Vertex numbers along a seam or a free edge, evenly spaced, both ends included."""


@dataclass(slots=True)
class Piece:
    """One panel's cloth, meshed.

    block: pieces with the same block are laid on the sheet as one, in shared (s, t) coordinates.
    vertices: (n,) numbers in the garment; cut: (n, 2) their (s, t); faces: (k, 3) within the piece.
    """

    panel: Panel
    block: str
    vertices: NDArray[np.int64]
    cut: Curve
    faces: NDArray[np.int64]
    lines: list[tuple[Edge, Curve]] = field(default_factory=list)

    def mark(self, edge: Edge, *lines: Line) -> None:
        """Note that lines of vertices are an edge of a kind."""
        place = {vertex: row for row, vertex in enumerate(self.vertices.tolist())}
        for line in lines:
            self.lines.append((edge, self.cut[[place[vertex] for vertex in line]]))

    def mark_inside(self, edge: Edge, curve: Curve) -> None:
        """Note an edge that runs across the piece: (n, 2) in cut coordinates."""
        self.lines.append((edge, curve))


class Sewing:
    """A garment under construction: vertices in the flat layout and the pieces between them."""

    def __init__(self, spacing: float) -> None:
        self.spacing = spacing
        self.flat: list[tuple[float, float]] = []
        self.side: list[int] = []
        self.lift: list[float] = []
        self.pieces: list[Piece] = []

    def vertex(self, point: ArrayLike, side: int, lift: float = 0.0) -> int:
        """Add a vertex at (x, z) in the flat layout and return its number."""
        x, z = np.asarray(point, np.float64)
        self.flat.append((float(x), float(z)))
        self.side.append(side)
        self.lift.append(lift)
        return len(self.flat) - 1

    def line(self, curve: Curve, side: int, start: int, end: int, lift: float = 0.0) -> Line:
        """Add the vertices of a curve between two that exist, about one spacing apart."""
        between = resampled(curve, self.spacing)[1:-1]
        return [start, *(self.vertex(point, side, lift) for point in between), end]

    def at(self, line: Sequence[int]) -> Curve:
        """Return (n, 2) flat positions of a line's vertices."""
        return np.array([self.flat[vertex] for vertex in line])

    def piece(self, panel: Panel, block: str, loop: Line, cut: Curve, side: int) -> Piece:
        """Mesh a panel.

        loop: vertices around it, each once. cut: (n, 2), where they lie on the sheet (t down).
        side: -1 before the body, +1 behind it.
        """
        points, faces = triangulated(cut, self.spacing)
        rim = np.column_stack([self.at(loop), [self.lift[vertex] for vertex in loop]])
        inner = spread(points, faces, rim)[len(loop) :]
        numbers = [*loop, *(self.vertex(row[:2], side, float(row[2])) for row in inner)]
        piece = Piece(panel, block, np.array(numbers), points, faces)
        self.pieces.append(piece)
        return piece

    def laid_out(self) -> tuple[list[Curve], tuple[float, float]]:
        """Move each piece to its place; returns their (n, 2) sheet positions and (width, height).

        Blocks stand in rows, the longest first, on the smallest sheet that is not a long strip.
        """
        names = list(dict.fromkeys(piece.block for piece in self.pieces))
        boxes = {name: _box(p.cut for p in self.pieces if p.block == name) for name in names}
        names.sort(key=lambda name: -round(float(boxes[name][1][1]) / 0.03))
        sizes = [boxes[name][1] for name in names]
        layouts = [_rows(sizes, width) for width in np.arange(0.8, 2.41, 0.1)]
        places, size = min(layouts, key=lambda layout: _sheet_cost(layout[1]))
        offsets = {name: p - boxes[name][0] for name, p in zip(names, places, strict=True)}
        return [p.cut + offsets[p.block] for p in self.pieces], size

    def edges(self, laid: list[Curve]) -> dict[Edge, Floats]:
        """Return the segments (n, 2, 2) of each kind of edge on the sheet."""
        found: dict[Edge, list[Curve]] = {}
        for piece, cut in zip(self.pieces, laid, strict=True):
            offset = cut[0] - piece.cut[0]
            for edge, curve in piece.lines:
                segments = np.stack([curve[:-1], curve[1:]], axis=1) + offset
                found.setdefault(edge, []).append(segments)
        return {edge: np.concatenate(found[edge]).astype(np.float32) for edge in sorted(found)}


def joined(*lines: Iterable[int]) -> Line:
    """Return a closed loop from lines that follow one another, without repeated corners."""
    loop: Line = []
    for line in lines:
        for vertex in line:
            if not loop or loop[-1] != vertex:
                loop.append(vertex)
    return loop[:-1] if loop[0] == loop[-1] else loop


def _rows(
    sizes: list[NDArray[np.float64]], width: float
) -> tuple[list[NDArray[np.float64]], tuple[float, float]]:
    """Set boxes into rows no wider than `width` if they fit; returns corners and the sheet."""
    places = []
    s = t = _MARGIN
    tall = wide = 0.0
    for size in sizes:
        if s > _MARGIN and s + size[0] + _MARGIN > width:
            s, t, tall = _MARGIN, t + tall + _GAP, 0.0
        places.append(np.array([s, t]))
        s += float(size[0]) + _GAP
        tall, wide = max(tall, float(size[1])), max(wide, s - _GAP + _MARGIN)
    return places, (wide, t + tall + _MARGIN)


def _sheet_cost(size: tuple[float, float]) -> float:
    """Area of a sheet, more when it is a long strip."""
    return size[0] * size[1] * max(1.0, max(size) / min(size) / 1.8)


def _box(cuts: Iterable[Curve]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    points = np.concatenate(list(cuts))
    return points.min(0), np.ptp(points, axis=0)
