"""What is sewn on: ribs and bindings, hems, seams, plackets, buttons, zips, pockets, waistbands.

All trims follow the distance maps of a `Sheet`, so they keep their width on every garment.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom.synth.noise import floats
from fittingroom.synth.outlines import Outline
from fittingroom.synth.palettes import Colour, is_white, shade
from fittingroom.synth.shapes import Edge, Floats, Panel, Sheet
from fittingroom.synth.weaves import apply_relief, seen
from fittingroom.types import Image

OWNED: Final = 0.004
"""A panel has a line when some of its pixels are this near to it, in metres."""

THREAD_WIDTH: Final = 0.0012
COLLARS: Final = (Panel.COLLAR_FRONT, Panel.COLLAR_BACK)


class Finish(StrEnum):
    """How an edge is finished."""

    RAW = "raw"
    STITCHED = "stitched"
    RIB = "rib"
    BINDING = "binding"
    BAND = "band"


class Closure(StrEnum):
    """What closes an opening."""

    NONE = "none"
    BUTTONS = "buttons"
    ZIP = "zip"


class Pocket(StrEnum):
    """Pockets that are painted."""

    CHEST = "chest"
    KANGAROO = "kangaroo"
    PATCH = "patch"
    JEANS = "jeans"


@dataclass(frozen=True, slots=True)
class Border:
    """The finish along one edge: its width in metres; colour None = that of the cloth."""

    edge: Edge
    finish: Finish
    width: float
    colour: Colour | None


@dataclass(frozen=True, slots=True)
class Trims:
    """Everything sewn on.

    thread: colour of topstitching, None = not seen. seam: darkness of seams, 0 to 1. collar:
    colour of collar panels, None = cloth. tipping: stripes along collar and cuff borders, or None.
    button: its colour. spacing, radius: of buttons, metres.
    """

    borders: tuple[Border, ...]
    thread: Colour | None
    seam: float
    collar: Colour | None
    collar_rib: bool
    closure: Closure
    button: Colour
    spacing: float
    radius: float
    pockets: tuple[Pocket, ...]


class Strip(NamedTuple):
    """Pixels near an edge, on the panels that it runs along.

    pixels: (K,) numbers in the flattened sheet. distance: (K,) metres. panels: that have the edge.
    """

    pixels: NDArray[np.int64]
    distance: Floats
    panels: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    """A garment under the needle: relief and thread are (H, W) float32, drawn on in place."""

    sheet: Sheet
    strips: dict[Edge, Strip]
    relief: Floats
    thread: Floats

    def crease(self, index: NDArray[np.int64], cover: Floats, dark: float) -> None:
        """Darken pixels by `dark` where cover (K,) is 1."""
        self.relief.reshape(-1)[index] *= 1 - np.float32(dark) * cover

    def sew(self, index: NDArray[np.int64], cover: Floats) -> None:
        """Lay thread on pixels."""
        flat = self.thread.reshape(-1)
        flat[index] = np.maximum(flat[index], cover)

    def line(self, edge: Edge, at: float, width: float, dark: float, thread: bool) -> None:
        """Draw a line `at` metres from an edge: the dent that it makes, and its thread."""
        strip, pixel = self.strips[edge], self.sheet.pixel
        half = max(width, pixel) / 2
        near = np.abs(strip.distance - np.float32(at)) < half + pixel
        off = np.abs(strip.distance[near] - np.float32(at))
        cover = np.clip((half - off) / np.float32(pixel) + 0.5, 0, 1).astype(np.float32)
        cover *= np.float32(min(1.0, width / pixel))
        self.crease(strip.pixels[near], cover, dark)
        if thread:
            self.sew(strip.pixels[near], cover)

    def stitch(self, edge: Edge, at: float) -> None:
        """Sew along an edge."""
        self.line(edge, at, THREAD_WIDTH, 0.16, True)


def tint_trims(image: Image, sheet: Sheet, trims: Trims) -> Image:
    """Return the cloth's colours (H, W, 3) with collars and bands of other colours laid in."""
    out = image.copy()
    if trims.collar is not None:
        out[np.isin(sheet.panel, COLLARS)] = trims.collar
    for border in trims.borders:
        if border.colour is not None and border.edge in sheet.distance:
            strip = strip_along(sheet, border.edge, border.width + sheet.pixel)
            _tint(out, strip.pixels, _inner(strip, border.width, sheet.pixel), border.colour)
    return out


def sew_trims(image: Image, sheet: Sheet, trims: Trims) -> Image:
    """Return the picture (H, W, 3) with lines, ribs, buttons, zips and pockets drawn."""
    shape = sheet.panel.shape
    reaches = {border.edge: border.width + 0.01 for border in trims.borders}
    strips = {edge: strip_along(sheet, edge, reaches.get(edge, 0.02)) for edge in sheet.distance}
    work = _Work(sheet, strips, np.ones(shape, np.float32), np.zeros(shape, np.float32))
    _seams(work, trims)
    for border in trims.borders:
        if border.edge in sheet.distance:
            _finish(work, border, trims.thread is not None)
    if trims.collar_rib:
        _collar_rib(work)
    for pocket in trims.pockets:
        _POCKETS[pocket](work)
    _placket(work, trims)
    out = apply_relief(image, work.relief)
    if trims.thread is not None:
        index = np.flatnonzero(work.thread)
        cover = work.thread.reshape(-1)[index] * _dashes(index, sheet)
        _tint(out, index, cover, trims.thread)
    if Edge.OPENING in sheet.distance:
        _close(out, work, trims)
    return out


def strip_along(sheet: Sheet, edge: Edge, reach: float) -> Strip:
    """Find the pixels within `reach` metres of an edge on the panels that have it."""
    distance, panel = sheet.distance[edge].reshape(-1), sheet.panel.reshape(-1)
    near = np.flatnonzero(distance < reach)
    there, off = panel[near], distance[near]
    counts = np.bincount(there[off < max(OWNED, sheet.pixel)], minlength=256)
    having = counts > 3
    having[255] = False
    kept = having[there]
    return Strip(near[kept], off[kept], tuple(np.flatnonzero(having).tolist()))


def _inner(strip: Strip, width: float, pixel: float) -> Floats:
    """Coverage (K,) of the band of `width` metres along an edge."""
    return np.clip((width - strip.distance) / np.float32(pixel) + 0.5, 0, 1).astype(np.float32)


def _tint(image: Image, index: NDArray[np.int64], cover: Floats, colour: Colour) -> None:
    """Lay a colour over pixels, in place."""
    flat = image.reshape(-1, 3)
    there = flat[index].astype(np.float32)
    flat[index] = np.round(there + (floats(colour) - there) * cover[:, None]).astype(np.uint8)


def _dashes(index: NDArray[np.int64], sheet: Sheet) -> Floats:
    """Return the gaps (K,) between stitches where a picture is fine enough to show them."""
    if sheet.pixel > 0.0011:
        return np.full(index.shape, 0.75, np.float32)
    rows, cols = np.divmod(index, sheet.panel.shape[1])
    return np.where((rows + cols) * sheet.pixel % 0.0042 < 0.003, 1.0, 0.15).astype(np.float32)


def _seams(work: _Work, trims: Trims) -> None:
    if Edge.SEAM not in work.strips:
        return
    work.line(Edge.SEAM, 0, 0.0016, 0.5 * trims.seam, False)
    strip = work.strips[Edge.SEAM]
    dip = np.exp(-((strip.distance / np.float32(0.004)) ** 2))
    work.crease(strip.pixels, dip, 0.12 * trims.seam)
    if trims.thread is not None:
        work.line(Edge.SEAM, 0.002, THREAD_WIDTH, 0, True)
        work.line(Edge.SEAM, 0.008, THREAD_WIDTH, 0, True)


def _finish(work: _Work, border: Border, topstitch: bool) -> None:
    edge, width = border.edge, border.width
    if border.finish is Finish.STITCHED:
        work.stitch(edge, width)
        if edge in (Edge.HEM, Edge.CUFF) and not topstitch:
            work.stitch(edge, width + 0.004)
    if border.finish is Finish.BAND:
        work.line(edge, width, 0.002, 0.4, False)
        work.stitch(edge, 0.003)
        work.stitch(edge, width - 0.003)
    if border.finish is Finish.BINDING:
        work.line(edge, width, 0.0015, 0.4, False)
    if border.finish is Finish.RIB:
        _rib(work, edge, width)
        work.line(edge, width, 0.002, 0.35, False)
        work.line(edge, width + 0.002, 0.0015, 0.15, False)


def _ribbed(along: NDArray[np.float64], period: float, pixel: float) -> Floats:
    """Brightness (K,) of knitted ribs by metres along them."""
    power = 0.16 * seen(period, pixel) + 0.012
    wave = np.sqrt(np.abs(np.sin(along * (math.pi / max(period, 2.5 * pixel))))) - 0.7
    return (1 + power * wave).astype(np.float32)


def _rib(work: _Work, edge: Edge, width: float) -> None:
    """Knit ribs across a band, in place."""
    strip, sheet = work.strips[edge], work.sheet
    inside = strip.distance < width
    index, distance = strip.pixels[inside], strip.distance[inside]
    there = sheet.panel.reshape(-1)[index]
    for panel in strip.panels:
        own = index[there == panel]
        rows, cols = np.divmod(own, sheet.panel.shape[1])
        places = np.stack([cols, rows], axis=1) * sheet.pixel
        along = _along(edge, places, places[distance[there == panel] < OWNED])
        period = 0.0045 if width > 0.03 else 0.0032
        work.relief.reshape(-1)[own] = _ribbed(along, period, sheet.pixel)


def _along(
    edge: Edge, places: NDArray[np.float64], line: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Metres (K,) along an edge with pixels `line` (L, 2): about a neck, else straight on."""
    if line.shape[0] < 3:
        return places[:, 0]
    if edge is Edge.NECKLINE:
        centre = np.array([line[:, 0].mean(), line[:, 1].min() - 0.02])
        away, own = places - centre, line - centre
        return np.arctan2(away[:, 0], away[:, 1]) * np.linalg.norm(own, axis=1).mean()
    off = line - line.mean(axis=0)
    found: NDArray[np.float64] = places @ np.linalg.eigh(off.T @ off)[1][:, 1]
    return found


def _collar_rib(work: _Work) -> None:
    """Knit upright ribs on collar panels, in place."""
    index = np.flatnonzero(np.isin(work.sheet.panel, COLLARS))
    across = index % work.sheet.panel.shape[1] * work.sheet.pixel
    work.relief.reshape(-1)[index] *= _ribbed(across, 0.0036, work.sheet.pixel)


def _placket(work: _Work, trims: Trims) -> None:
    if Edge.OPENING not in work.strips or trims.closure is Closure.NONE:
        return
    if trims.closure is Closure.BUTTONS:
        work.line(Edge.OPENING, 0.016, 0.002, 0.35, False)
        work.stitch(Edge.OPENING, 0.013)
        return
    work.line(Edge.OPENING, 0.011, 0.002, 0.3, False)
    work.stitch(Edge.OPENING, 0.014)


def _close(image: Image, work: _Work, trims: Trims) -> None:
    """Draw buttons or a zip along the opening, in place."""
    strip, pixel = work.strips[Edge.OPENING], work.sheet.pixel
    if trims.closure is Closure.ZIP:
        _tint(image, strip.pixels, _inner(strip, 0.006, pixel), (46, 46, 50))
        _tint(image, strip.pixels, _inner(strip, 0.0028, pixel) * 0.9, (168, 168, 172))
    if trims.closure is Closure.BUTTONS:
        for place in _button_places(work.sheet, strip, trims.spacing):
            _button(image, work.sheet, place, trims)


def _button_places(sheet: Sheet, strip: Strip, spacing: float) -> list[tuple[float, float]]:
    """Places (s, t) of buttons; of two front edges only the wearer's right carries them."""
    split = Panel.RIGHT_FRONT in strip.panels
    panel = Panel.RIGHT_FRONT if split else Panel.FRONT
    near = strip.distance < max(0.75 * sheet.pixel, 0.001)
    index = strip.pixels[near & (sheet.panel.reshape(-1)[strip.pixels] == panel)]
    if index.size == 0:
        return []
    rows, cols = np.divmod(index, sheet.panel.shape[1])
    inward = np.sign(np.nonzero(sheet.panel == panel)[1].mean() - cols.mean())
    inset = 0.013 * inward if split else 0.0
    first, last = rows.min() * sheet.pixel + 0.014, rows.max() * sheet.pixel - 0.012
    places = []
    for down in np.arange(first, max(last, first + 1e-3), spacing):
        level = np.abs(rows * sheet.pixel - down) < 1.5 * sheet.pixel
        if level.any():
            across = (float(cols[level].mean()) + 0.5) * sheet.pixel + inset
            places.append((float(across), float(down)))
    return places


def _button(image: Image, sheet: Sheet, place: tuple[float, float], trims: Trims) -> None:
    radius = trims.radius / sheet.pixel
    rim = (206, 206, 204) if is_white(trims.button) else shade(trims.button, 0.62)
    centre = np.array(place) / sheet.pixel
    _disc(image, centre, radius * 1.08, rim)
    _disc(image, centre - 0.06 * radius, radius * 0.86, trims.button)
    if radius > 4:
        for turn in (0.8, 2.4, 3.9, 5.5):
            hole = centre + 0.3 * radius * np.array([math.cos(turn), math.sin(turn)])
            _disc(image, hole, radius * 0.11, rim)


def _disc(image: Image, centre: NDArray[np.float64], radius: float, colour: Colour) -> None:
    at = np.round((centre - 0.5) * 16).astype(int).tolist()
    cv2.circle(image, at, max(round(radius * 16), 8), colour, -1, cv2.LINE_AA, 4)


def _outline(work: _Work, points: Outline, panel: int, closed: bool = True) -> None:
    """Sew the border of a pocket, (K, 2) in metres, onto one panel, in place."""
    sheet = work.sheet
    cover = np.zeros(sheet.panel.shape, np.uint8)
    fixed = np.round((points / sheet.pixel - 0.5) * 8).astype(np.int32)
    thick = max(round(THREAD_WIDTH / sheet.pixel), 1)
    cv2.polylines(cover, [fixed], closed, 255, thick, cv2.LINE_AA, 3)
    index = np.flatnonzero(cover)
    index = index[sheet.panel.reshape(-1)[index] == panel]
    part = cover.reshape(-1)[index].astype(np.float32) / 255
    work.sew(index, part * np.float32(min(1, THREAD_WIDTH / sheet.pixel)))
    work.crease(index, part, 0.28 * min(1.0, 0.002 / sheet.pixel))


def _box(sheet: Sheet, panel: int) -> tuple[float, float, float, float] | None:
    """Bounding box (left, top, right, bottom) of a panel in metres, None where there is none."""
    rows, cols = np.nonzero(sheet.panel == panel)
    if rows.size == 0:
        return None
    low, high = (cols.min(), rows.min()), (cols.max() + 1, rows.max() + 1)
    return (
        float(low[0] * sheet.pixel),
        float(low[1] * sheet.pixel),
        float(high[0] * sheet.pixel),
        float(high[1] * sheet.pixel),
    )


def panel_at(sheet: Sheet, place: tuple[float, float]) -> int:
    """Panel at (s, t) in metres, 255 = none."""
    row, col = int(place[1] / sheet.pixel), int(place[0] / sheet.pixel)
    inside = 0 <= row < sheet.panel.shape[0] and 0 <= col < sheet.panel.shape[1]
    return int(sheet.panel[row, col]) if inside else 255


def left_chest(sheet: Sheet) -> tuple[float, float]:
    """Place (s, t) of a chest pocket or small logo: the wearer's left, the picture's right."""
    box = _box(sheet, Panel.LEFT_FRONT)
    if box is not None and (sheet.panel == Panel.FRONT).sum() == 0:
        return box[0] + 0.45 * (box[2] - box[0]), sheet.front[1] - 0.02
    return sheet.front[0] + 0.085, sheet.front[1] - 0.03


def _chest_pocket(work: _Work) -> None:
    sheet = work.sheet
    place = left_chest(sheet)
    panel = panel_at(sheet, place)
    if panel == 255:
        return
    shape = np.array([[-0.052, 0], [0.052, 0], [0.052, 0.105], [0, 0.122], [-0.052, 0.105]])
    _outline(work, shape + place, panel)
    top = np.array([[-0.052, 0.022], [0.052, 0.022]])
    _outline(work, top + place, panel, closed=False)


def _kangaroo(work: _Work) -> None:
    sheet = work.sheet
    box = _box(sheet, Panel.FRONT)
    if box is None:
        return
    low = box[3] - 0.075
    shape = np.array(
        [[-0.09, -0.2], [0.09, -0.2], [0.16, -0.06], [0.16, 0], [-0.16, 0], [-0.16, -0.06]]
    )
    _outline(work, shape + (sheet.front[0], low), Panel.FRONT)


def _patch_pockets(work: _Work) -> None:
    sheet = work.sheet
    for panel in (Panel.LEFT_FRONT, Panel.RIGHT_FRONT):
        box = _box(sheet, panel)
        if box is None:
            continue
        centre, low = (box[0] + box[2]) / 2, box[3] - 0.06
        shape = np.array([[-0.07, -0.17], [0.07, -0.17], [0.07, 0], [-0.07, 0]])
        _outline(work, shape + (centre, low), panel)


def _jeans_pockets(work: _Work) -> None:
    sheet = work.sheet
    for panel, sign in ((Panel.LEFT_LEG_FRONT, 1), (Panel.RIGHT_LEG_FRONT, -1)):
        corner = _hip_corner(sheet, panel, sign)
        if corner is not None:
            angle = np.linspace(0, math.pi / 2, 12)
            arc = np.stack([-0.1 * sign * np.cos(angle), 0.085 * np.sin(angle) + 0.005], axis=1)
            _outline(work, arc + corner, panel, closed=False)
            _outline(work, arc * 0.94 + corner, panel, closed=False)
    for panel in (Panel.LEFT_LEG_BACK, Panel.RIGHT_LEG_BACK):
        box = _box(sheet, panel)
        if box is None:
            continue
        centre = (box[0] + box[2]) / 2, box[1] + 0.11
        shape = np.array([[-0.07, 0], [0.07, 0], [0.065, 0.12], [0, 0.145], [-0.065, 0.12]])
        _outline(work, shape + centre, panel)


def _hip_corner(sheet: Sheet, panel: int, sign: int) -> tuple[float, float] | None:
    """Place (s, t) under the waistband at a leg's outer edge; sign +1 = on the picture's right."""
    rows, cols = np.nonzero(sheet.panel == panel)
    if rows.size == 0:
        return None
    row = rows.min() + round(0.05 / sheet.pixel)
    level = cols[rows == min(row, rows.max())]
    col = level.max() if sign > 0 else level.min()
    return float(col * sheet.pixel), float(row * sheet.pixel)


_POCKETS: Final = {
    Pocket.CHEST: _chest_pocket,
    Pocket.KANGAROO: _kangaroo,
    Pocket.PATCH: _patch_pockets,
    Pocket.JEANS: _jeans_pockets,
}
