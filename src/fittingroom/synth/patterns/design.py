"""What can be chosen about a garment, and choices drawn at random."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

import numpy as np

from fittingroom.synth.shapes import Fabric, GarmentKind


class Neckline(StrEnum):
    """The shape of a neck hole or what is sewn to it."""

    CREW = "crew"
    V = "v"
    SCOOP = "scoop"
    BOAT = "boat"
    TURTLE = "turtle"
    COLLAR = "collar"
    SQUARE = "square"
    HOOD = "hood"


class Opening(StrEnum):
    """How the front opens."""

    NONE = "none"
    PLACKET = "placket"
    BUTTONED = "buttoned"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Design:
    """A garment before it is cut to a body. Lengths in metres, shares 0..1 unless said otherwise.

    fit: 0 = tight (stretched), .5 = regular, 1 = oversized.
    neck_depth: front neckline below the pit of the neck (may be negative).
    neck_width: neckline's end outside the side of the neck. strap: width of a shoulder strap.
    collar: height of a turtleneck, width of a collar or hood at its narrowest.
    sleeve: share of the arm that is covered, 0 = none. sleeve_width: of the cuff, 0 = close.
    gathered: the sleeve's end is drawn together to a narrow cuff.
    length: hem of a top, 0 = waist, 1 = widest hip, below and beyond too. hem_curve: how much
    the middle of the hem lies below its sides. flare: a top or dress widens to its hem.
    skirt_length: 0 = crotch, 1 = ankle. skirt_flare: 0 = straight, 1 = very wide.
    leg_length: 0 = crotch, 1 = ankle. leg_width: 0 = skinny, .35 = straight, 1 = wide.
    rise: waistband below the waist. waist_seam: a dress has bodice and skirt.
    gap: distance of the two front edges of an open garment.
    fabric: a name in `FABRICS`.
    """

    kind: GarmentKind
    fit: float = 0.5
    neckline: Neckline = Neckline.CREW
    neck_depth: float = 0.015
    neck_width: float = 0.012
    strap: float = 0.0
    collar: float = 0.0
    sleeve: float = 0.0
    sleeve_width: float = 0.3
    gathered: bool = False
    length: float = 1.0
    hem_curve: float = 0.006
    flare: float = 0.0
    skirt_length: float = 0.4
    skirt_flare: float = 0.2
    leg_length: float = 1.0
    leg_width: float = 0.35
    rise: float = 0.03
    waist_seam: bool = False
    opening: Opening = Opening.NONE
    gap: float = 0.0
    fabric: str = "jersey"


FABRICS: Mapping[str, Fabric] = MappingProxyType(
    {
        fabric.name: fabric
        for fabric in (
            Fabric("silk", 0.0012, 0.45, 0.2, 0.0006, 0.08),
            Fabric("viscose", 0.0016, 0.45, 0.28, 0.0008, 0.13),
            Fabric("jersey", 0.003, 0.5, 0.4, 0.0010, 0.17),
            Fabric("rib", 0.005, 0.5, 0.5, 0.0014, 0.22),
            Fabric("poplin", 0.006, 0.8, 0.35, 0.0007, 0.12),
            Fabric("pique", 0.007, 0.65, 0.42, 0.0014, 0.21),
            Fabric("linen", 0.01, 0.85, 0.38, 0.0010, 0.18),
            Fabric("fine_knit", 0.006, 0.5, 0.5, 0.0018, 0.24),
            Fabric("chunky_knit", 0.018, 0.55, 0.58, 0.0035, 0.45),
            Fabric("fleece", 0.014, 0.6, 0.55, 0.0026, 0.32),
            Fabric("crepe", 0.003, 0.55, 0.32, 0.0010, 0.18),
            Fabric("twill", 0.016, 0.85, 0.42, 0.0014, 0.26),
            Fabric("denim", 0.025, 0.9, 0.48, 0.0018, 0.38),
            Fabric("wool", 0.03, 0.85, 0.5, 0.0028, 0.40),
            Fabric("felt", 0.05, 0.9, 0.55, 0.0035, 0.50),
        )
    }
)
"""How the cloths that are known move, by name."""


def fabric_of(design: Design, rng: np.random.Generator) -> Fabric:
    """Return the design's fabric, its behaviour varied a little as between two bolts of cloth."""
    base = FABRICS[design.fabric]
    wobble = np.exp(rng.normal(0, 0.15, 3))
    return Fabric(
        name=base.name,
        bend=float(np.clip(base.bend * wobble[0] ** 2, 1e-3, 5e-2)),
        compress=float(np.clip(base.compress * wobble[1] ** 0.5, 0.4, 0.9)),
        friction=float(np.clip(base.friction * wobble[2], 0.2, 0.6)),
        thickness=base.thickness,
        density=base.density,
    )


def sample_design(kind: GarmentKind, rng: np.random.Generator) -> Design:
    """Draw a garment of a kind as shops sell it."""
    return _SAMPLERS[kind](rng)


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    return float(rng.uniform(low, high))


def _pick(rng: np.random.Generator, *choices: str) -> str:
    return str(rng.choice(choices))


def _neck(rng: np.random.Generator, *choices: Neckline) -> tuple[Neckline, float, float]:
    """Draw a neckline with its depth and width."""
    neckline = choices[int(rng.integers(len(choices)))]
    depth, width = _NECKS[neckline]
    return neckline, _between(rng, *depth), _between(rng, *width)


_NECKS = {
    Neckline.CREW: ((0.0, 0.022), (0.006, 0.02)),
    Neckline.V: ((0.05, 0.12), (0.01, 0.028)),
    Neckline.SCOOP: ((0.035, 0.08), (0.025, 0.045)),
    Neckline.BOAT: ((-0.025, -0.005), (0.045, 0.06)),
    Neckline.SQUARE: ((0.04, 0.075), (0.03, 0.045)),
    Neckline.TURTLE: ((-0.012, -0.004), (0.0, 0.004)),
    Neckline.COLLAR: ((0.0, 0.012), (0.004, 0.01)),
    Neckline.HOOD: ((0.005, 0.02), (0.008, 0.016)),
}
"""Depth and width ranges in metres."""


def _tshirt(rng: np.random.Generator) -> Design:
    neckline, depth, width = _neck(
        rng, *[Neckline.CREW] * 4, Neckline.V, Neckline.SCOOP, Neckline.BOAT
    )
    return Design(
        GarmentKind.TSHIRT,
        fit=float(np.clip(rng.normal(0.52, 0.18), 0.15, 1)),
        neckline=neckline,
        neck_depth=depth,
        neck_width=width,
        sleeve=_between(rng, 0.28, 0.45),
        sleeve_width=_between(rng, 0.1, 0.45),
        length=_between(rng, 0.85, 1.45),
        fabric=_pick(rng, "jersey", "jersey", "rib", "linen", "viscose"),
    )


def _long_sleeve(rng: np.random.Generator) -> Design:
    neckline, depth, width = _neck(
        rng, *[Neckline.CREW] * 3, Neckline.V, Neckline.SCOOP, Neckline.BOAT, Neckline.TURTLE
    )
    return Design(
        GarmentKind.LONG_SLEEVE,
        fit=float(np.clip(rng.normal(0.45, 0.2), 0.1, 1)),
        neckline=neckline,
        neck_depth=depth,
        neck_width=width,
        collar=_between(rng, 0.05, 0.11),
        sleeve=_between(rng, 0.96, 1.04) if rng.random() < 0.8 else _between(rng, 0.66, 0.8),
        sleeve_width=_between(rng, 0.0, 0.25),
        length=_between(rng, 0.85, 1.4),
        fabric=_pick(rng, "jersey", "jersey", "rib", "viscose", "fine_knit"),
    )


def _tank(rng: np.random.Generator) -> Design:
    neckline, depth, width = _neck(rng, Neckline.SCOOP, Neckline.CREW, Neckline.V, Neckline.SQUARE)
    return Design(
        GarmentKind.TANK,
        fit=_between(rng, 0.0, 0.6),
        neckline=neckline,
        neck_depth=depth,
        neck_width=max(width, 0.018),
        strap=_between(rng, 0.035, 0.075),
        length=_between(rng, 0.8, 1.35),
        fabric=_pick(rng, "jersey", "rib", "viscose", "fine_knit"),
    )


def _cami(rng: np.random.Generator) -> Design:
    return Design(
        GarmentKind.CAMI,
        fit=_between(rng, 0.15, 0.6),
        neckline=Neckline.V if rng.random() < 0.6 else Neckline.SQUARE,
        neck_depth=_between(rng, 0.015, 0.06),
        neck_width=_between(rng, 0.035, 0.05),
        strap=_between(rng, 0.011, 0.02),
        length=_between(rng, 0.6, 1.2),
        flare=_between(rng, 0.0, 0.25),
        fabric=_pick(rng, "silk", "viscose", "crepe", "jersey"),
    )


def _crop(rng: np.random.Generator) -> Design:
    neckline, depth, width = _neck(
        rng, Neckline.CREW, Neckline.SCOOP, Neckline.V, Neckline.SQUARE, Neckline.TURTLE
    )
    sleeve = (0.0, _between(rng, 0.27, 0.42), _between(rng, 0.96, 1.02))[int(rng.integers(3))]
    narrow = not sleeve and neckline is not Neckline.TURTLE
    return Design(
        GarmentKind.CROP,
        fit=_between(rng, 0.0, 0.7) if sleeve else _between(rng, 0.0, 0.35),
        neckline=neckline,
        neck_depth=depth,
        neck_width=width,
        strap=_between(rng, 0.035, 0.06) if narrow else 0.0,
        collar=_between(rng, 0.04, 0.08),
        sleeve=sleeve,
        sleeve_width=_between(rng, 0.0, 0.4),
        length=_between(rng, -0.45, 0.2),
        fabric=_pick(rng, "jersey", "rib", "fine_knit"),
    )


def _polo(rng: np.random.Generator) -> Design:
    neckline, depth, width = _neck(rng, Neckline.COLLAR)
    return Design(
        GarmentKind.POLO,
        fit=_between(rng, 0.3, 0.75),
        neckline=neckline,
        neck_depth=depth,
        neck_width=width,
        collar=_between(rng, 0.045, 0.06),
        sleeve=_between(rng, 0.3, 0.42) if rng.random() < 0.8 else _between(rng, 0.97, 1.02),
        sleeve_width=_between(rng, 0.1, 0.35),
        length=_between(rng, 0.95, 1.35),
        opening=Opening.PLACKET,
        fabric=_pick(rng, "pique", "pique", "jersey", "fine_knit"),
    )


def _shirt(rng: np.random.Generator) -> Design:
    neckline, depth, width = _neck(rng, Neckline.COLLAR)
    return Design(
        GarmentKind.SHIRT,
        fit=_between(rng, 0.35, 0.85),
        neckline=neckline,
        neck_depth=depth,
        neck_width=width,
        collar=_between(rng, 0.05, 0.065),
        sleeve=_between(rng, 0.99, 1.04) if rng.random() < 0.7 else _between(rng, 0.34, 0.46),
        sleeve_width=_between(rng, 0.15, 0.35),
        gathered=bool(rng.random() < 0.4),
        length=_between(rng, 1.15, 1.7),
        hem_curve=_between(rng, 0.03, 0.065) if rng.random() < 0.6 else 0.006,
        opening=Opening.BUTTONED,
        fabric=_pick(rng, "poplin", "poplin", "linen", "denim", "viscose"),
    )


def _blouse(rng: np.random.Generator) -> Design:
    neckline, depth, width = _neck(
        rng, Neckline.V, Neckline.V, Neckline.CREW, Neckline.BOAT, Neckline.COLLAR, Neckline.SQUARE
    )
    wide = _between(rng, 0.4, 1.0)
    return Design(
        GarmentKind.BLOUSE,
        fit=_between(rng, 0.35, 0.85),
        neckline=neckline,
        neck_depth=depth,
        neck_width=width,
        collar=_between(rng, 0.045, 0.06),
        sleeve=_between(rng, 0.95, 1.04) if rng.random() < 0.6 else _between(rng, 0.35, 0.75),
        sleeve_width=wide,
        gathered=bool(rng.random() < 0.6),
        length=_between(rng, 0.9, 1.7),
        flare=_between(rng, 0.0, 0.3),
        opening=Opening.BUTTONED if neckline is Neckline.COLLAR else Opening.NONE,
        fabric=_pick(rng, "silk", "viscose", "crepe", "poplin"),
    )


def _sweater(rng: np.random.Generator) -> Design:
    neckline, depth, width = _neck(
        rng, Neckline.CREW, Neckline.CREW, Neckline.V, Neckline.TURTLE, Neckline.BOAT
    )
    return Design(
        GarmentKind.SWEATER,
        fit=_between(rng, 0.35, 1.0),
        neckline=neckline,
        neck_depth=depth,
        neck_width=width,
        collar=_between(rng, 0.05, 0.11),
        sleeve=_between(rng, 0.97, 1.06),
        sleeve_width=_between(rng, 0.15, 0.45),
        gathered=bool(rng.random() < 0.5),
        length=_between(rng, 0.7, 1.35),
        fabric=_pick(rng, "fine_knit", "chunky_knit", "chunky_knit", "fleece"),
    )


def _hoodie(rng: np.random.Generator) -> Design:
    neckline, depth, width = _neck(rng, Neckline.HOOD)
    return Design(
        GarmentKind.HOODIE,
        fit=_between(rng, 0.5, 1.0),
        neckline=neckline,
        neck_depth=depth,
        neck_width=width,
        collar=_between(rng, 0.03, 0.042),
        sleeve=_between(rng, 0.99, 1.05),
        sleeve_width=_between(rng, 0.2, 0.4),
        gathered=True,
        length=_between(rng, 0.8, 1.3),
        fabric=_pick(rng, "fleece", "fleece", "jersey"),
    )


def _cardigan(rng: np.random.Generator) -> Design:
    neckline, depth, width = _neck(rng, Neckline.V, Neckline.V, Neckline.CREW)
    return Design(
        GarmentKind.CARDIGAN,
        fit=_between(rng, 0.4, 0.9),
        neckline=neckline,
        neck_depth=depth + (0.06 if neckline is Neckline.V else 0.0),
        neck_width=width,
        sleeve=_between(rng, 0.97, 1.05),
        sleeve_width=_between(rng, 0.1, 0.4),
        length=_between(rng, 0.7, 2.2),
        opening=Opening.OPEN,
        gap=_between(rng, 0.006, 0.11),
        fabric=_pick(rng, "fine_knit", "chunky_knit", "rib"),
    )


def _jacket(rng: np.random.Generator) -> Design:
    neckline, depth, width = _neck(rng, Neckline.COLLAR, Neckline.V, Neckline.CREW)
    return Design(
        GarmentKind.JACKET,
        fit=_between(rng, 0.55, 0.95),
        neckline=neckline,
        neck_depth=depth + (0.06 if neckline is Neckline.V else 0.01),
        neck_width=width + 0.012,
        collar=_between(rng, 0.055, 0.075),
        sleeve=_between(rng, 0.99, 1.06),
        sleeve_width=_between(rng, 0.2, 0.4),
        length=_between(rng, 0.6, 1.8),
        opening=Opening.OPEN,
        gap=_between(rng, 0.006, 0.12),
        fabric=_pick(rng, "denim", "wool", "twill", "felt"),
    )


def _skirt(rng: np.random.Generator) -> Design:
    length = _between(rng, 0.12, 0.95)
    return Design(
        GarmentKind.SKIRT,
        fit=_between(rng, 0.1, 0.7),
        rise=_between(rng, 0.01, 0.06),
        skirt_length=length,
        skirt_flare=_between(rng, 0.0, min(0.8, 0.28 / length)),
        fabric=_pick(rng, "denim", "twill", "crepe", "viscose", "silk", "jersey"),
    )


def _trousers(rng: np.random.Generator) -> Design:
    width = _between(rng, 0.0, 1.0)
    stretch = width < 0.2
    return Design(
        GarmentKind.TROUSERS,
        fit=_between(rng, 0.0, 0.3) if stretch else _between(rng, 0.25, 0.9),
        rise=_between(rng, 0.02, 0.075),
        leg_length=_between(rng, 0.86, 1.06),
        leg_width=width,
        fabric=_pick(rng, "denim", "twill", "linen", "crepe", "jersey"),
    )


def _shorts(rng: np.random.Generator) -> Design:
    return Design(
        GarmentKind.SHORTS,
        fit=_between(rng, 0.2, 0.9),
        rise=_between(rng, 0.02, 0.075),
        leg_length=_between(rng, 0.12, 0.48),
        leg_width=_between(rng, 0.3, 1.0),
        fabric=_pick(rng, "denim", "twill", "linen", "jersey"),
    )


def _dress(rng: np.random.Generator) -> Design:
    neckline, depth, width = _neck(
        rng, Neckline.V, Neckline.CREW, Neckline.SCOOP, Neckline.SQUARE, Neckline.BOAT
    )
    seam = bool(rng.random() < 0.55)
    length = _between(rng, 0.15, 0.95)
    covered = (0.0, 0.0, _between(rng, 0.28, 0.45), _between(rng, 0.9, 1.02))
    sleeve = covered[int(rng.integers(4))]
    strap = _between(rng, 0.035, 0.07) if not sleeve and neckline is not Neckline.BOAT else 0.0
    return Design(
        GarmentKind.DRESS,
        fit=_between(rng, 0.2, 0.5) if seam else _between(rng, 0.15, 0.8),
        neckline=neckline,
        neck_depth=depth,
        neck_width=width,
        strap=strap,
        sleeve=sleeve,
        sleeve_width=_between(rng, 0.05, 0.6),
        flare=0.0 if seam else _between(rng, 0.0, min(0.35, 0.18 / length)),
        skirt_length=length,
        skirt_flare=_between(rng, 0.15, min(0.85, 0.3 / length)),
        waist_seam=seam,
        fabric=_pick(rng, "viscose", "crepe", "silk", "jersey", "poplin", "linen"),
    )


_SAMPLERS = {
    GarmentKind.TSHIRT: _tshirt,
    GarmentKind.LONG_SLEEVE: _long_sleeve,
    GarmentKind.TANK: _tank,
    GarmentKind.CAMI: _cami,
    GarmentKind.CROP: _crop,
    GarmentKind.POLO: _polo,
    GarmentKind.SHIRT: _shirt,
    GarmentKind.BLOUSE: _blouse,
    GarmentKind.SWEATER: _sweater,
    GarmentKind.HOODIE: _hoodie,
    GarmentKind.CARDIGAN: _cardigan,
    GarmentKind.JACKET: _jacket,
    GarmentKind.SKIRT: _skirt,
    GarmentKind.TROUSERS: _trousers,
    GarmentKind.SHORTS: _shorts,
    GarmentKind.DRESS: _dress,
}
