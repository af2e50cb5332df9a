"""How a person looks beside the draped garments: skin, hair, eyes, shoes, base layer, trousers."""

from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fittingroom.labels import Lip
from fittingroom.synth import makehuman, shoes
from fittingroom.synth.bodies import vertex_normals
from fittingroom.synth.hair import HairStyle, hair_surfaces
from fittingroom.synth.meshes import Patch, clip, compact, whole
from fittingroom.synth.shapes import (
    Anatomy,
    Body,
    BodyPart,
    Bytes,
    Floats,
    Ints,
    Material,
    Sex,
    Surface,
)
from fittingroom.synth.skin_texture import (
    TONES,
    Complexion,
    eye_texture,
    skin_texture,
)
from fittingroom.synth.underlayers import (
    BODY_VERTICES,
    CUTS,
    TANK_LIFT,
    LowerStyle,
    ShoeStyle,
    base_layer,
    hidden_skin,
    load_zones,
    lower_garment,
    lower_skin,
    tank_field,
)

Colour: TypeAlias = tuple[int, int, int]

HAIR_COLOURS: Final[tuple[Colour, ...]] = (
    (26, 22, 21),
    (42, 30, 25),
    (66, 44, 32),
    (98, 66, 44),
    (134, 96, 60),
    (176, 138, 88),
    (206, 174, 126),
    (132, 62, 34),
    (138, 134, 130),
    (196, 192, 188),
)
"""sRGB: black, very dark brown to light brown, dark blond, blond, red, grey, white."""

EYE_COLOURS: Final[tuple[Colour, ...]] = (
    (62, 38, 24),
    (92, 60, 36),
    (116, 92, 56),
    (84, 104, 72),
    (92, 120, 146),
    (124, 134, 140),
)
LOWER_COLOURS: Final[dict[LowerStyle, tuple[Colour, ...]]] = {
    LowerStyle.NONE: ((0, 0, 0),),
    LowerStyle.SLIM_JEANS: ((50, 64, 94), (34, 40, 58), (82, 106, 146), (38, 38, 42)),
    LowerStyle.STRAIGHT_JEANS: ((62, 84, 124), (50, 64, 94), (112, 136, 170), (44, 46, 52)),
    LowerStyle.TROUSERS: ((40, 41, 47), (30, 34, 52), (84, 84, 88), (66, 56, 50)),
    LowerStyle.CHINOS: ((172, 148, 112), (116, 104, 78), (62, 70, 88), (148, 140, 128)),
    LowerStyle.LEGGINGS: ((28, 28, 31), (54, 54, 60), (40, 44, 66)),
    LowerStyle.SHORTS: ((150, 136, 108), (66, 84, 120), (52, 54, 60), (108, 110, 90)),
}
BASE_COLOURS: Final[tuple[Colour, ...]] = (
    (128, 128, 130),
    (104, 108, 116),
    (176, 174, 170),
    (96, 110, 134),
    (154, 138, 124),
    (172, 150, 130),
)
"""Mid-tones, on which shading is seen."""

SHOE_COLOURS: Final[tuple[Colour, ...]] = (
    (232, 230, 226),
    (36, 36, 38),
    (92, 60, 40),
    (52, 66, 98),
    (150, 148, 146),
)


@dataclass(frozen=True, slots=True)
class Look:
    """What a person looks like apart from body and draped garments; every value is JSON-able.

    tone: 0 (very light) .. 9 (very dark). Colours are sRGB. brow: weight of the eyebrows, 0.6 to
    1.5. stubble, makeup: 0..1. lower: fitted lower garment; NONE where a draped one is worn.
    seed: of everything that has no field of its own.
    """

    tone: int
    hair: HairStyle
    hair_colour: Colour
    brow: float
    eyes: Colour
    stubble: float
    makeup: float
    lipstick: Colour
    shoes: ShoeStyle
    shoe_colour: Colour
    lower: LowerStyle
    lower_colour: Colour
    base_colour: Colour
    seed: int

    def record(self) -> dict[str, object]:
        """The look as JSON values; `look_from` reads it."""
        return asdict(self)


def look_from(record: dict[str, object]) -> Look:
    """The look that `Look.record` wrote, also after JSON; raises KeyError or ValueError."""
    plain = {key: tuple(v) if isinstance(v, list) else v for key, v in record.items()}
    plain["hair"] = HairStyle(str(plain["hair"]))
    plain["shoes"] = ShoeStyle(str(plain["shoes"]))
    plain["lower"] = LowerStyle(str(plain["lower"]))
    return Look(*(plain[name] for name in Look.__slots__))  # type: ignore[arg-type]


def sample_look(body: Body, rng: np.random.Generator) -> Look:
    """A random look for a body: ten skin tones in equal shares, all else by sex and tone."""
    tone = int(rng.integers(len(TONES)))
    female = body.sex is Sex.FEMALE
    hair = _sample_style(female, tone, rng)
    lower = _sample_lower(female, rng)
    return Look(
        tone=tone,
        hair=hair,
        hair_colour=_sample_hair_colour(tone, rng),
        brow=float(rng.uniform(0.7, 1.05) if female else rng.uniform(0.95, 1.5)),
        eyes=EYE_COLOURS[int(rng.choice(6, p=_eye_shares(tone)))],
        stubble=0.0
        if female
        else float(
            rng.choice([0.0, rng.uniform(0.15, 0.4), 0.75], p=[0.5, 0.35, 0.15])
        ),  # fmt: skip
        makeup=float(rng.uniform(0, 0.6)) if female else 0.0,
        lipstick=((150, 62, 66), (170, 84, 84), (128, 44, 52))[int(rng.integers(3))],
        shoes=ShoeStyle.LOAFER if rng.random() < 0.3 else ShoeStyle.SNEAKER,
        shoe_colour=SHOE_COLOURS[int(rng.integers(len(SHOE_COLOURS)))],
        lower=lower,
        lower_colour=_varied(_choice(LOWER_COLOURS[lower], rng), 0.08, rng),
        base_colour=_choice(BASE_COLOURS, rng),
        seed=int(rng.integers(1 << 16)),
    )


def _choice(colours: tuple[Colour, ...], rng: np.random.Generator) -> Colour:
    return colours[int(rng.integers(len(colours)))]


def _varied(colour: Colour, amount: float, rng: np.random.Generator) -> Colour:
    gain = 1 + rng.uniform(-amount, amount)
    red, green, blue = (int(np.clip(round(c * gain), 0, 255)) for c in colour)
    return red, green, blue


def _eye_shares(tone: int) -> list[float]:
    if tone < 4:
        return [0.15, 0.25, 0.2, 0.12, 0.18, 0.1]
    return [0.6, 0.35, 0.05, 0.0, 0.0, 0.0]


def _sample_hair_colour(tone: int, rng: np.random.Generator) -> Colour:
    light = [0.08, 0.14, 0.18, 0.18, 0.12, 0.08, 0.06, 0.06, 0.06, 0.04]
    dark = [0.5, 0.28, 0.08, 0.02, 0.01, 0.01, 0.0, 0.0, 0.07, 0.03]
    middle = [0.3, 0.28, 0.18, 0.08, 0.03, 0.02, 0.01, 0.01, 0.06, 0.03]
    shares = light if tone < 4 else middle if tone < 6 else dark
    return _varied(HAIR_COLOURS[int(rng.choice(10, p=shares))], 0.12, rng)


def _sample_style(female: bool, tone: int, rng: np.random.Generator) -> HairStyle:
    curls = 3.0 if tone >= 6 else 0.6
    if female:
        shares = {
            HairStyle.LONG: 3.0,
            HairStyle.WAVY: 2.5,
            HairStyle.BOB: 2.0,
            HairStyle.BUN: 1.5,
            HairStyle.PONYTAIL: 1.5,
            HairStyle.AFRO: 0.3 * curls,
            HairStyle.CURLY: 0.7 * curls,
            HairStyle.CROP: 0.4,
            HairStyle.BUZZ: 0.1,
        }
    else:
        shares = {
            HairStyle.CROP: 2.5,
            HairStyle.SIDE_PART: 2.5,
            HairStyle.BUZZ: 1.2,
            HairStyle.SHAVED: 0.5,
            HairStyle.BALD: 0.5,
            HairStyle.CURLY: 0.6 * curls,
            HairStyle.AFRO: 0.15 * curls,
            HairStyle.BOB: 0.25,
            HairStyle.BUN: 0.2,
        }
    weights = np.array(list(shares.values()))
    return list(shares)[int(rng.choice(len(shares), p=weights / weights.sum()))]


def _sample_lower(female: bool, rng: np.random.Generator) -> LowerStyle:
    styles = [s for s in LowerStyle if s is not LowerStyle.NONE]
    shares = [0.34, 0.2, 0.14, 0.1, 0.14, 0.08] if female else [0.3, 0.28, 0.16, 0.16, 0.0, 0.1]
    return styles[int(rng.choice(len(styles), p=shares))]


def person_surfaces(
    anatomy: Anatomy, body: Body, vertices: Floats, look: Look, assets: Path | None = None
) -> list[Surface]:
    """Skin, eyes, base layer, shoes and hair of a person; no skin under the base layer.

    vertices: (V, 3) float32 metres, the posed body. assets: a copy of MakeHuman's CC0 skins and
    hair, used where it has what the look asks for; None = all procedural.
    """
    out = [_skin(anatomy, body, vertices, look, assets), _eyes(anatomy, body, vertices, look.eyes)]
    out += base_layer(anatomy, vertices, look.base_colour)
    out += shoes.shoe_surfaces(anatomy, body, vertices, look.shoes, look.shoe_colour)
    out += _hair(anatomy, body, vertices, look, assets)
    return out


def lower_surface(anatomy: Anatomy, body: Body, vertices: Floats, look: Look) -> Surface:
    """The look's fitted lower garment on a posed body (V, 3); KeyError where it has none."""
    del body
    return lower_garment(anatomy, vertices, look.lower, look.lower_colour, look.seed)


def collision_body(
    anatomy: Anatomy, body: Body, vertices: Floats, look: Look
) -> tuple[Floats, Ints]:
    """What a simulated garment must not enter: (V, 3) float32 vertices and (F, 3) int32 faces.

    The body's own mesh, moved outwards onto base layer and lower garment (look.lower may be
    NONE); closed but for the eyeballs, which are left out. Numbers of vertices are the body's.
    """
    del body
    zones = load_zones(anatomy)
    moved = lower_skin(anatomy, vertices, look.lower)
    normals = vertex_normals(moved, anatomy.faces)
    rise = np.where(tank_field(zones) > 0, TANK_LIFT, 0).astype(np.float32)
    if look.lower is not LowerStyle.NONE:
        cut = CUTS[look.lower]
        inside = np.minimum(zones.height - cut.hem, cut.waist - zones.height) > 0
        rise = np.maximum(rise, np.where(inside & (zones.arm < 0.4), 0.003 * cut.folds, 0))
    faces = anatomy.faces[(anatomy.base_index[anatomy.faces] < BODY_VERTICES).all(1)]
    return (moved + rise[:, None] * normals).astype(np.float32), faces


@lru_cache(maxsize=2)
def skin_labels(anatomy: Anatomy) -> Bytes:
    """(F,) uint8 `Lip` of each triangle of bare skin, hands with the arms, feet with the legs."""
    table = np.zeros(len(BodyPart), np.uint8)
    table[[BodyPart.SCALP, BodyPart.FACE, BodyPart.EYE, BodyPart.MOUTH, BodyPart.EAR]] = Lip.FACE
    table[[BodyPart.NECK, BodyPart.TORSO]] = Lip.TORSO_SKIN
    table[[BodyPart.LEFT_ARM, BodyPart.LEFT_HAND]] = Lip.LEFT_ARM
    table[[BodyPart.RIGHT_ARM, BodyPart.RIGHT_HAND]] = Lip.RIGHT_ARM
    table[[BodyPart.LEFT_LEG, BodyPart.LEFT_FOOT]] = Lip.LEFT_LEG
    table[[BodyPart.RIGHT_LEG, BodyPart.RIGHT_FOOT]] = Lip.RIGHT_LEG
    labels = table[anatomy.parts]
    zones = load_zones(anatomy)
    arm = np.isin(labels, (Lip.LEFT_ARM, Lip.RIGHT_ARM, Lip.TORSO_SKIN))
    far = (zones.arm[anatomy.faces] > 0.5).all(1)
    left = zones.side[anatomy.faces].mean(1) > 0
    side = np.where(left, Lip.LEFT_ARM, Lip.RIGHT_ARM)
    return np.where(arm, np.where(far, side, Lip.TORSO_SKIN), labels).astype(np.uint8)


def drawn_skin(anatomy: Anatomy) -> NDArray[np.bool_]:
    """(F,) bool: skin that is drawn: not under the base layer, not inside shoes, no eyeballs."""
    skin = (anatomy.base_index[anatomy.faces] < BODY_VERTICES).all(1)
    hidden = hidden_skin(anatomy) | (shoes.foot_skin(anatomy) > 0)
    return np.asarray(skin & ~hidden, bool)


def complexion(look: Look, sex: Sex) -> Complexion:
    """What of a look shows in the skin's texture."""
    scalp_share = {HairStyle.BALD: 0.0, HairStyle.SHAVED: 0.72}.get(look.hair, 0.93)
    tint = 0.8 if sum(look.hair_colour) < 330 else 0.62
    red, green, blue = (int(c * tint) for c in look.hair_colour)
    return Complexion(
        look.tone, sex, look.hair_colour, (red, green, blue), look.brow, scalp_share,
        look.stubble, look.makeup, look.lipstick, look.seed,
    )  # fmt: skip


def _skin(
    anatomy: Anatomy, body: Body, vertices: Floats, look: Look, assets: Path | None
) -> Surface:
    zones = load_zones(anatomy)
    patch, labels = _divided(anatomy, vertices)
    if look.hair is not HairStyle.BALD:
        scalp = zones.hair[anatomy.faces[patch.origin]].mean(1) > 0.003
        labels = np.where(scalp, np.uint8(Lip.HAIR), labels)
    texture = skin_texture(complexion(look, body.sex), (zones.brows, zones.lids), assets)
    return Surface("skin", Material.SKIN, patch.vertices, patch.faces, labels, patch.uv, texture)


def _divided(anatomy: Anatomy, vertices: Floats) -> tuple[Patch, Bytes]:
    """The drawn skin and its labels; triangles are cut where arms begin: labels end in a line."""
    zones = load_zones(anatomy)
    arm = zones.arm - np.float32(0.5)
    drawn = drawn_skin(anatomy)
    high = (arm[anatomy.faces] > 0).sum(1)
    crossed = drawn & (high > 0) & (high < 3)
    border = whole(anatomy, vertices, crossed)
    pieces = [whole(anatomy, vertices, drawn & ~crossed)]
    pieces += [clip(border, -arm)[0], clip(border, arm)[0]]
    labels = skin_labels(anatomy)[pieces[0].origin]
    inner = np.full(len(pieces[1].faces), Lip.TORSO_SKIN, np.uint8)
    left = zones.side[anatomy.faces[pieces[2].origin]].mean(1) > 0
    outer = np.where(left, Lip.LEFT_ARM, Lip.RIGHT_ARM).astype(np.uint8)
    shift = np.cumsum([0] + [len(piece.vertices) for piece in pieces[:-1]]).astype(np.int32)
    patch = Patch(
        np.concatenate([piece.vertices for piece in pieces]),
        np.concatenate([piece.faces + k for piece, k in zip(pieces, shift, strict=True)]),
        np.concatenate([piece.uv for piece in pieces]),
        np.concatenate([piece.origin for piece in pieces]),
    )
    return compact(patch), np.concatenate([labels, inner, outer])


def _eyes(anatomy: Anatomy, body: Body, vertices: Floats, iris: Colour) -> Surface:
    """Both eyeballs, label FACE; their uv is the angle from the gaze at rest."""
    faces = anatomy.faces[(anatomy.base_index[anatomy.faces] >= 14598).all(1)]
    uv = np.zeros((len(faces), 3, 2), np.float32)
    left = body.rest[faces[:, 0], 0] > 0
    for side in (left, ~left):
        ball = body.rest[np.unique(faces[side])]
        centre = (ball.min(0) + ball.max(0)) / 2
        way = body.rest[faces[side]] - centre
        way /= np.maximum(np.linalg.norm(way, axis=2, keepdims=True), 1e-9)
        angle = np.arccos(np.clip(-way[..., 1], -1, 1)) / np.pi
        flat = way[..., [0, 2]]
        flat = flat / np.maximum(np.linalg.norm(flat, axis=2, keepdims=True), 1e-9)
        uv[side] = np.clip(0.5 + angle[..., None] * flat, 0.01, 0.99)
    labels = np.full(len(faces), Lip.FACE, np.uint8)
    return Surface("eyes", Material.OTHER, vertices, faces, labels, uv, eye_texture(iris))


def _hair(
    anatomy: Anatomy, body: Body, vertices: Floats, look: Look, assets: Path | None
) -> list[Surface]:
    if assets is not None:
        bound = makehuman.hair_surfaces(
            anatomy, body, vertices, (look.hair, look.hair_colour, look.seed), assets
        )
        if bound:
            return bound
    return hair_surfaces(anatomy, body, vertices, look.hair, look.hair_colour, look.seed)
