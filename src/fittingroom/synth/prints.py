"""What a garment looks like: `sample_print` draws a design, `paint` paints it on the sheet.

A design is in metres, so the same one can be painted coarsely for training and finely for
pictures to look at. Worn and product picture both take their colours from the painted sheet.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.random import Generator

from fittingroom.synth.graphics import Graphic, Place, Stamp, draw_graphic, sample_graphic
from fittingroom.synth.motifs import Field, Motif, Pattern, field_of, paint_motif
from fittingroom.synth.palettes import (
    Colour,
    contrasting,
    is_white,
    luminance,
    sample_colour,
    sample_denim,
    sample_palette,
    sample_vivid,
    shade,
)
from fittingroom.synth.shapes import Edge, GarmentKind, Panel, Sheet
from fittingroom.synth.trims import (
    Border,
    Closure,
    Finish,
    Pocket,
    Trims,
    left_chest,
    panel_at,
    sew_trims,
    tint_trims,
)
from fittingroom.synth.weaves import Weave, apply_weave
from fittingroom.types import Category, Image

Weights: TypeAlias = dict[Motif, float]


@dataclass(frozen=True, slots=True, eq=False)
class Print:
    """One design of a garment.

    seed: of everything that the painter draws itself. photo: (h, w, 3) uint8 used where the
    design shows a photograph, None = a drawn one; it is not in the record.
    """

    seed: int
    pattern: Pattern
    weave: Weave
    gauge: float
    graphics: tuple[Graphic, ...]
    trims: Trims
    photo: Image | None

    def to_record(self) -> dict[str, Any]:
        """Return the design as JSON values; a photo is only named as there or not."""
        return {
            "seed": self.seed,
            "pattern": asdict(self.pattern),
            "weave": self.weave.value,
            "gauge": self.gauge,
            "graphics": [asdict(graphic) for graphic in self.graphics],
            "trims": asdict(self.trims),
            "photo": self.photo is not None,
        }


def sample_print(sheet: Sheet, rng: Generator, photos: Sequence[Image] = ()) -> Print:
    """Draw a design that a garment of this kind could have.

    photos: pictures (h, w, 3) uint8 that prints may show or be made of.
    """
    motif = _sample_motif(sheet.kind, rng)
    weave = _sample_weave(sheet.kind, motif, rng)
    denim = weave is Weave.DENIM
    ground = sample_denim(rng) if denim else sample_colour(rng)
    pattern = Pattern(
        motif=motif,
        colours=sample_palette(ground, 4 if motif in _MANY_INKS else 3, rng),
        scale=_sample_scale(motif, rng),
        angle=float(rng.choice([0.0, 0.0, rng.uniform(0, 6.28)])),
        vertical=bool(rng.random() < (0.65 if sheet.kind in _WOVEN else 0.12)),
        matched=bool(rng.random() < 0.6) or motif in _PLACED,
    )
    return Print(
        seed=int(rng.integers(2**31)),
        pattern=pattern,
        weave=weave,
        gauge=float(rng.uniform(0.75, 1.4)),
        graphics=_sample_graphics(sheet, pattern, rng),
        trims=_sample_trims(sheet, pattern, weave, rng),
        photo=photos[int(rng.integers(len(photos)))] if len(photos) else None,
    )


def paint(sheet: Sheet, print_: Print) -> Image:
    """Paint a design on a sheet: (H, W, 3) uint8 sRGB, light not included."""
    field = field_of(sheet, print_.pattern.matched, print_.photo, _stream(print_, 0))
    image = paint_motif(field, print_.pattern, _stream(print_, 1))
    image = tint_trims(image, sheet, print_.trims)
    image = apply_weave(image, field, print_.weave, print_.gauge, _stream(print_, 2))
    for graphic in print_.graphics:
        _stamp(image, sheet, field, graphic)
    return sew_trims(image, sheet, print_.trims)


def _stream(print_: Print, number: int) -> Generator:
    """Return the numbers of one step of the painter, which do not depend on the other steps."""
    return np.random.default_rng((print_.seed, number))


_WOVEN: Final = (GarmentKind.SHIRT, GarmentKind.BLOUSE, GarmentKind.TROUSERS, GarmentKind.SHORTS)
_KNITTED: Final = (GarmentKind.SWEATER, GarmentKind.CARDIGAN)
_SPORTY: Final = (
    GarmentKind.TSHIRT,
    GarmentKind.LONG_SLEEVE,
    GarmentKind.TANK,
    GarmentKind.CROP,
    GarmentKind.HOODIE,
)
_MANY_INKS: Final = (
    Motif.IRREGULAR,
    Motif.TARTAN,
    Motif.FLORAL,
    Motif.FAIR_ISLE,
    Motif.PATCHES,
    Motif.TIE_DYE,
    Motif.MARBLE,
)
_PLACED: Final = (Motif.BRETON, Motif.CUT, Motif.FAIR_ISLE, Motif.OMBRE, Motif.TIE_DYE)
"""Motifs that change at a height of the garment."""

_ALL: Final[Weights] = {motif: 0.6 for motif in Motif}
_TOPS: Final[Weights] = {
    **_ALL,
    Motif.PLAIN: 20,
    Motif.STRIPES: 3,
    Motif.BRETON: 2,
    Motif.IRREGULAR: 1.5,
    Motif.CUT: 1.5,
    Motif.RAGLAN: 2,
    Motif.PHOTO: 1.2,
    Motif.FAIR_ISLE: 0.1,
}
_SHIRTS: Final[Weights] = {
    **_ALL,
    Motif.PLAIN: 9,
    Motif.STRIPES: 3,
    Motif.PINSTRIPES: 3,
    Motif.TARTAN: 4,
    Motif.GINGHAM: 2,
    Motif.WINDOWPANE: 1,
    Motif.FLORAL: 1.5,
    Motif.DITSY: 1.5,
    Motif.LEAVES: 1.5,
    Motif.RAGLAN: 0.1,
    Motif.FAIR_ISLE: 0,
}
_KNITS: Final[Weights] = {
    Motif.PLAIN: 14,
    Motif.STRIPES: 3,
    Motif.BRETON: 1.5,
    Motif.IRREGULAR: 1.5,
    Motif.FAIR_ISLE: 3.5,
    Motif.ARGYLE: 1,
    Motif.CUT: 1.5,
    Motif.RAGLAN: 0.5,
    Motif.PATCHES: 0.5,
    Motif.OMBRE: 0.4,
    Motif.LEOPARD: 0.3,
    Motif.CHEVRON: 0.5,
}
_COATS: Final[Weights] = {
    Motif.PLAIN: 16,
    Motif.TARTAN: 1,
    Motif.HOUNDSTOOTH: 1,
    Motif.WINDOWPANE: 0.6,
    Motif.PINSTRIPES: 0.6,
    Motif.CAMOUFLAGE: 1,
    Motif.CUT: 0.8,
    Motif.RAGLAN: 0.8,
    Motif.FLORAL: 0.3,
    Motif.LEOPARD: 0.3,
}
_BOTTOMS: Final[Weights] = {
    Motif.PLAIN: 22,
    Motif.PINSTRIPES: 1,
    Motif.WINDOWPANE: 0.6,
    Motif.TARTAN: 0.8,
    Motif.HOUNDSTOOTH: 0.6,
    Motif.CAMOUFLAGE: 1,
    Motif.FLORAL: 0.6,
    Motif.STRIPES: 0.6,
    Motif.TIE_DYE: 0.3,
    Motif.LEAVES: 0.4,
}
_DRESSES: Final[Weights] = {
    **_ALL,
    Motif.PLAIN: 10,
    Motif.FLORAL: 5,
    Motif.DITSY: 4,
    Motif.DOTS: 2.5,
    Motif.LEAVES: 2,
    Motif.STRIPES: 2,
    Motif.LEOPARD: 1,
    Motif.CAMOUFLAGE: 0,
    Motif.FAIR_ISLE: 0,
    Motif.RAGLAN: 0,
}
_MOTIFS: Final[dict[GarmentKind, Weights]] = {
    GarmentKind.SHIRT: _SHIRTS,
    GarmentKind.BLOUSE: _DRESSES,
    GarmentKind.SWEATER: _KNITS,
    GarmentKind.CARDIGAN: _KNITS,
    GarmentKind.JACKET: _COATS,
    GarmentKind.TROUSERS: _BOTTOMS,
    GarmentKind.SHORTS: _BOTTOMS,
    GarmentKind.SKIRT: _DRESSES,
    GarmentKind.DRESS: _DRESSES,
}
_SCALES: Final[dict[Motif, tuple[float, float]]] = {
    Motif.STRIPES: (0.006, 0.07),
    Motif.PINSTRIPES: (0.008, 0.03),
    Motif.IRREGULAR: (0.02, 0.09),
    Motif.DIAGONAL: (0.015, 0.08),
    Motif.GINGHAM: (0.006, 0.04),
    Motif.TARTAN: (0.03, 0.18),
    Motif.WINDOWPANE: (0.025, 0.08),
    Motif.HOUNDSTOOTH: (0.012, 0.06),
    Motif.ARGYLE: (0.04, 0.1),
    Motif.CHEVRON: (0.015, 0.08),
    Motif.DOTS: (0.01, 0.05),
    Motif.DITSY: (0.014, 0.03),
    Motif.FLORAL: (0.04, 0.12),
    Motif.LEAVES: (0.05, 0.14),
    Motif.LEOPARD: (0.022, 0.045),
    Motif.CAMOUFLAGE: (0.04, 0.12),
    Motif.LETTERS: (0.05, 0.14),
    Motif.PHOTO: (0.05, 0.14),
}
_KNIT_WEAVES: Final = (Weave.RIB, Weave.CHUNKY, Weave.CABLE, Weave.JERSEY, Weave.MELANGE)
_WEAVES: Final[dict[GarmentKind, tuple[Weave, ...]]] = {
    GarmentKind.POLO: (Weave.PIQUE, Weave.PIQUE, Weave.JERSEY),
    GarmentKind.SHIRT: (Weave.SMOOTH, Weave.SMOOTH, Weave.LINEN, Weave.TWILL, Weave.DENIM),
    GarmentKind.BLOUSE: (Weave.SMOOTH, Weave.SATIN, Weave.LINEN, Weave.CRINKLE),
    GarmentKind.SWEATER: _KNIT_WEAVES,
    GarmentKind.CARDIGAN: _KNIT_WEAVES,
    GarmentKind.HOODIE: (Weave.FLEECE, Weave.JERSEY, Weave.MELANGE),
    GarmentKind.JACKET: (Weave.TWILL, Weave.DENIM, Weave.QUILT, Weave.TWEED, Weave.CORDUROY),
    GarmentKind.TROUSERS: (Weave.DENIM, Weave.DENIM, Weave.TWILL, Weave.CORDUROY, Weave.LINEN),
    GarmentKind.SHORTS: (Weave.DENIM, Weave.TWILL, Weave.LINEN, Weave.JERSEY),
    GarmentKind.SKIRT: (Weave.SMOOTH, Weave.SATIN, Weave.DENIM, Weave.TWILL, Weave.CRINKLE),
    GarmentKind.DRESS: (Weave.SMOOTH, Weave.SATIN, Weave.LINEN, Weave.CRINKLE, Weave.JERSEY),
    GarmentKind.CAMI: (Weave.SATIN, Weave.SMOOTH, Weave.RIB),
    GarmentKind.TANK: (Weave.JERSEY, Weave.RIB),
    GarmentKind.CROP: (Weave.JERSEY, Weave.RIB, Weave.WAFFLE),
    GarmentKind.LONG_SLEEVE: (Weave.JERSEY, Weave.MELANGE, Weave.RIB, Weave.WAFFLE),
}


def _sample_motif(kind: GarmentKind, rng: Generator) -> Motif:
    weights = _MOTIFS.get(kind, _TOPS)
    powers = np.array(list(weights.values()))
    return list(weights)[int(rng.choice(len(powers), p=powers / powers.sum()))]


def _sample_weave(kind: GarmentKind, motif: Motif, rng: Generator) -> Weave:
    choices = _WEAVES.get(kind, (Weave.JERSEY, Weave.JERSEY, Weave.JERSEY, Weave.MELANGE))
    weave = choices[int(rng.integers(len(choices)))]
    if motif is Motif.FAIR_ISLE:
        return Weave.CHUNKY
    if motif is not Motif.PLAIN and weave in (Weave.DENIM, Weave.CABLE, Weave.TWEED, Weave.MELANGE):
        return choices[0] if choices[0] is not weave else Weave.TWILL
    return weave


def _sample_scale(motif: Motif, rng: Generator) -> float:
    low, high = _SCALES.get(motif, (0.02, 0.08))
    return float(low * (high / low) ** rng.random())


def _sample_graphics(sheet: Sheet, pattern: Pattern, rng: Generator) -> tuple[Graphic, ...]:
    """Draw chest and back prints, mostly on plain shirts and hoodies."""
    calm = pattern.motif in (Motif.PLAIN, Motif.RAGLAN, Motif.CUT, Motif.OMBRE)
    if sheet.category is Category.LOWER:
        return ()
    ground = pattern.colours[0]
    chance = 0.6 if sheet.kind in _SPORTY else 0.12
    graphics = []
    if rng.random() < chance * (1 if calm else 0.15):
        small = rng.random() < (0.3 if sheet.kind in _SPORTY else 0.9)
        place = Place.LEFT_CHEST if small else Place.CHEST
        graphics.append(sample_graphic(place, ground, rng))
    if sheet.kind in _SPORTY and calm and rng.random() < 0.12:
        graphics.append(sample_graphic(Place.BACK, ground, rng))
    return tuple(graphics)


def _sample_trims(sheet: Sheet, pattern: Pattern, weave: Weave, rng: Generator) -> Trims:
    ground = pattern.colours[0]
    denim = weave is Weave.DENIM
    accent = _accent(pattern, rng)
    coat = sheet.kind is GarmentKind.JACKET
    pale = shade(ground, 1.6) if luminance(ground) < 120 else shade(ground, 0.75)
    thread = ((206, 150, 84) if rng.random() < 0.7 else pale) if denim else None
    if thread is None and sheet.kind in (*_WOVEN, GarmentKind.JACKET) and rng.random() < 0.2:
        thread = pale
    collar = accent if rng.random() < 0.2 else None
    return Trims(
        borders=tuple(_sample_border(sheet, edge, accent, rng) for edge in _BORDERED),
        thread=thread,
        seam=float(rng.uniform(0.25, 0.8)),
        collar=collar if sheet.kind in (GarmentKind.POLO, GarmentKind.SHIRT) else None,
        collar_rib=sheet.kind in (GarmentKind.POLO, *_KNITTED),
        closure=_sample_closure(sheet.kind, rng),
        button=_sample_button(ground, rng),
        spacing=float(rng.uniform(0.075, 0.1) if sheet.kind is not GarmentKind.POLO else 0.05),
        radius=float(rng.uniform(0.008, 0.012) if coat else rng.uniform(0.0045, 0.0065)),
        pockets=_sample_pockets(sheet.kind, denim, rng),
    )


_BORDERED: Final = (Edge.NECKLINE, Edge.CUFF, Edge.HEM, Edge.WAIST)


def _accent(pattern: Pattern, rng: Generator) -> Colour | None:
    """Draw the colour of trims that differ from the cloth, None = they do not."""
    if rng.random() < (0.72 if pattern.motif is Motif.PLAIN else 0.5):
        return None
    if pattern.motif is not Motif.PLAIN:
        return pattern.colours[1]
    return contrasting(pattern.colours[0], rng)


def _sample_border(sheet: Sheet, edge: Edge, accent: Colour | None, rng: Generator) -> Border:
    finish, low, high = _FINISHES.get((sheet.kind, edge), _finish_of(sheet, edge))
    shown = finish in (Finish.RIB, Finish.BINDING) and rng.random() < 0.75
    width = float(rng.uniform(low, high))
    return Border(edge, finish, width, accent if shown else None)


def _finish_of(sheet: Sheet, edge: Edge) -> tuple[Finish, float, float]:
    knitted = sheet.kind in (*_KNITTED, GarmentKind.HOODIE)
    if edge is Edge.NECKLINE:
        if sheet.kind in (*_SPORTY, *_KNITTED):
            return Finish.RIB, 0.012, 0.026
        return Finish.STITCHED, 0.004, 0.008
    if edge is Edge.WAIST:
        return Finish.BAND, 0.034, 0.042
    if knitted:
        return Finish.RIB, 0.045, 0.065
    if edge is Edge.CUFF and sheet.kind in (GarmentKind.SHIRT, GarmentKind.BLOUSE):
        return Finish.BAND, 0.05, 0.065
    return Finish.STITCHED, 0.012, 0.026


_FINISHES: Final[dict[tuple[GarmentKind, Edge], tuple[Finish, float, float]]] = {
    (GarmentKind.TANK, Edge.NECKLINE): (Finish.BINDING, 0.006, 0.012),
    (GarmentKind.TANK, Edge.CUFF): (Finish.BINDING, 0.006, 0.012),
    (GarmentKind.CAMI, Edge.NECKLINE): (Finish.BINDING, 0.004, 0.008),
    (GarmentKind.CAMI, Edge.CUFF): (Finish.BINDING, 0.004, 0.008),
    (GarmentKind.POLO, Edge.CUFF): (Finish.RIB, 0.018, 0.028),
    (GarmentKind.HOODIE, Edge.NECKLINE): (Finish.STITCHED, 0.018, 0.022),
    (GarmentKind.JACKET, Edge.CUFF): (Finish.STITCHED, 0.025, 0.05),
    (GarmentKind.TROUSERS, Edge.CUFF): (Finish.STITCHED, 0.012, 0.03),
    (GarmentKind.SHIRT, Edge.HEM): (Finish.STITCHED, 0.005, 0.008),
}


def _sample_closure(kind: GarmentKind, rng: Generator) -> Closure:
    if kind in (GarmentKind.JACKET, GarmentKind.HOODIE):
        return Closure.ZIP if rng.random() < 0.6 else Closure.BUTTONS
    return Closure.BUTTONS


def _sample_button(ground: Colour, rng: Generator) -> Colour:
    if rng.random() < 0.45:
        return shade(ground, 0.8) if not is_white(ground) else (238, 236, 230)
    choices: tuple[Colour, ...] = ((240, 236, 226), (40, 36, 36), (116, 84, 58), (190, 186, 176))
    return choices[int(rng.integers(4))] if rng.random() < 0.9 else sample_vivid(rng)


def _sample_pockets(kind: GarmentKind, denim: bool, rng: Generator) -> tuple[Pocket, ...]:
    chance = rng.random()
    if kind in (GarmentKind.TROUSERS, GarmentKind.SHORTS):
        return (Pocket.JEANS,) if denim or chance < 0.6 else ()
    if kind is GarmentKind.HOODIE:
        return (Pocket.KANGAROO,) if chance < 0.85 else ()
    if kind is GarmentKind.JACKET:
        return (Pocket.PATCH, Pocket.CHEST) if denim or chance < 0.3 else (Pocket.PATCH,)
    if kind is GarmentKind.CARDIGAN:
        return (Pocket.PATCH,) if chance < 0.35 else ()
    if kind is GarmentKind.SHIRT:
        return (Pocket.CHEST,) if chance < 0.5 else ()
    return (Pocket.CHEST,) if kind in _SPORTY and chance < 0.07 else ()


def _stamp(image: Image, sheet: Sheet, field: Field, graphic: Graphic) -> None:
    """Print a graphic on the one panel that it belongs to, in place."""
    place = _place_of(sheet, graphic)
    panel = panel_at(sheet, place)
    if panel == 255:
        return
    room = _room(sheet, place, panel)
    width = min(graphic.width, 0.82 * room)
    stamp = draw_graphic(graphic, round(width / sheet.pixel), field.photo)
    high, wide = stamp.cover.shape
    left = round(place[0] / sheet.pixel - wide / 2)
    top = round(place[1] / sheet.pixel - min(high / 2, (0.06 + graphic.rise) / sheet.pixel))
    _lay(image, sheet, stamp, (left, top), panel)


def _lay(image: Image, sheet: Sheet, stamp: Stamp, corner: tuple[int, int], panel: int) -> None:
    left, top = max(corner[0], 0), max(corner[1], 0)
    high = min(stamp.cover.shape[0], image.shape[0] - top)
    wide = min(stamp.cover.shape[1], image.shape[1] - left)
    if high <= 0 or wide <= 0:
        return
    where = np.s_[top : top + high, left : left + wide]
    part = stamp.cover[:high, :wide, None] * (sheet.panel[where] == panel)[..., None] * 0.96
    there = image[where].astype(np.float32)
    mixed = there + (stamp.colours[:high, :wide] - there) * part
    image[where] = np.round(mixed).astype(np.uint8)


def _place_of(sheet: Sheet, graphic: Graphic) -> tuple[float, float]:
    """Place (s, t) of a graphic's upper middle."""
    if graphic.place is Place.LEFT_CHEST:
        return left_chest(sheet)
    if graphic.place is Place.BACK:
        rows, cols = np.nonzero(sheet.panel == Panel.BACK)
        if rows.size == 0:
            return -1.0, -1.0
        middle = (cols.min() + cols.max()) / 2 * sheet.pixel
        return float(middle), float(rows.min() * sheet.pixel + 0.2)
    return sheet.front


def _room(sheet: Sheet, place: tuple[float, float], panel: int) -> float:
    """Metres of a panel's width, centred on a place, that are free from there to 12 cm below."""
    col = int(place[0] / sheet.pixel)
    free = sheet.panel.shape[1]
    for down in (-0.06, 0.0, 0.06, 0.12):
        number = int((place[1] + down) / sheet.pixel)
        inside = 0 <= number < sheet.panel.shape[0]
        if not inside or sheet.panel[number, col] != panel:
            continue
        off = np.flatnonzero(sheet.panel[number] != panel) - col
        right = int(off[off > 0].min(initial=free))
        left = int(-off[off < 0].max(initial=-free))
        free = min(free, left, right)
    return float(2 * free * sheet.pixel)
