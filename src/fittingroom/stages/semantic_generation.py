"""The semantic generation module (SGM): where body parts and clothes will lie after the change."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom.body import Body, arm_mask, arm_places, read_body
from fittingroom.labels import IGNORED, UPPER_LAYERS, Lip
from fittingroom.masks import grow, opened, solid, touching
from fittingroom.rig import Drape, Rig, build_rig, drape
from fittingroom.skin import arm_tone, looks_like_skin, nearer_in_hue, skin_tone, unlike
from fittingroom.types import Garment, LabelMap, Layout, Mask, Parsing, Person, Points, Size, Sleeve

Floats = NDArray[np.float32]

RIM: Final = 0.015
"""How far an old garment's colour is taken to reach beyond its label, in frame heights."""
_REACH: Final = 0.04
"""How far from old and new clothes anything may be removed, in frame heights."""
_ALWAYS_IN_FRONT: Final = (
    Lip.HAT, Lip.HAIR, Lip.GLOVE, Lip.SUNGLASSES, Lip.SCARF, Lip.FACE,
)  # fmt: skip
_ARMS: Final = (Lip.LEFT_ARM, Lip.RIGHT_ARM)
_LOWER: Final = (Lip.PANTS, Lip.SKIRT, Lip.LEFT_LEG, Lip.RIGHT_LEG)
_WAIST: Final = 0.62
"""Height of the waist on the torso: 0 neck, 1 hips."""
_ENOUGH: Final = 800
"""Pixels of one kind of clothes from which its colour counts."""
_THIGH: Final = 1.1
"""Height from which clothes hang over the thighs."""
_CROTCH: Final = 1.08
"""Height below which only what stands above trousers, skirt or leg is taken for them."""
_FLANK: Final = (
    (0.3, 9.0), (0.5, 9.0), (0.7, 9.0), (0.85, 0.48), (1.0, 0.48), (1.3, 0.46), (1.8, 0.42),
)  # fmt: skip
"""Heights at which the trunk's outline is taken, and its greatest half width in body widths."""
_WIDE_FLANK: Final = tuple((level, 9.0) for level, _ in _FLANK)
_SCRAP: Final = 0.12
"""Radius that must fit into a piece of scarf for it to be one, in units."""
_SLEEVE: Final = 1.4
_WIDE_SLEEVE: Final = 2.2
"""How far a sleeve reaches from the arm's bones, in arm radii, before and beside the trunk."""
_BARE_SHOULDER: Final = 0.3
"""Without sleeves, the place along the arm from which it is in front of the garment."""


@dataclass(frozen=True, slots=True, eq=False)
class _Arm:
    """One arm in the frame: place along it and distance from its bones per pixel.

    cuff: place where the new sleeve ends. sleeve: opacity of the new sleeve.
    inset: how far a pixel lies inward of the armpit, in units.
    """

    place: Floats
    distance: Floats
    radius: Floats
    cuff: float
    sleeveless: bool
    inset: Floats
    label: Lip
    sleeve: Mask


@dataclass(frozen=True, slots=True, eq=False)
class _Looks:
    """What the picture's colours say (h, w): surely skin, and surely no skin of an arm."""

    skin: Mask
    strange: Mask


def generate_semantics(person: Person, garment: Garment) -> Layout:
    """Decide by rule which parts of the person show what once the garment is on."""
    body = read_body(person)
    rig = build_rig(body, garment)
    draped = drape(rig, garment, person.size)
    arms = [_arm(body, rig, draped, side) for side in (0, 1)]
    looks = _looks(person)
    labels = _without_scraps(_repaired(person, body, arms, looks), body)
    labels = _as_dress(_as_top(labels, body), body)
    held = _carried(person, body)
    kept = _kept_in_front(labels, arms, draped.torso) | held
    removed = (_removed(labels, body, arms) | (person.held & ~held)) & ~kept
    stained = _stained(labels, removed, looks.skin) & ~held
    removed, kept = removed | stained, kept & ~stained
    painted = _uncovered_arms(body, arms, draped.torso) & removed
    clothes = solid(draped.mask) & ~kept & ~painted
    swallowed = _swallowed_arms(labels, arms, garment.sleeve) & ~(clothes | kept)
    removed = _with_rim(labels, removed | swallowed, held)
    new_skin = painted & ~person.parsing.mask(*_ARMS)
    removed &= _near(person.parsing.mask(*UPPER_LAYERS) | clothes | new_skin)
    painted &= removed
    new = _new_labels(labels, removed, body, rig)
    new[clothes > 0] = Lip.UPPER_CLOTHES
    for arm, side in zip(arms, (0, 1), strict=True):
        new[(painted > 0) & _nearer(arms, side)] = arm.label
    return Layout(Parsing(new), clothes, removed, kept | painted)


def _arm(body: Body, rig: Rig, draped: Drape, side: int) -> _Arm:
    place, distance = arm_places(body.arms[side], Size(*draped.mask.shape))
    strip = rig.strips[side]
    cuff = _BARE_SHOULDER if strip is None else strip.cuff
    right = (side == 0) != body.back
    label = Lip.RIGHT_ARM if right else Lip.LEFT_ARM
    inset = _inset(body, rig.armholes[side][1], side, place.shape)
    radius = body.arm_radius(place)
    return _Arm(place, distance, radius, cuff, strip is None, inset, label, draped.sleeves[side])


def _inset(body: Body, armpit: Points, side: int, shape: tuple[int, ...]) -> Floats:
    """How far (h, w) each pixel lies inward of the armpit, in units."""
    inward = (1 - 2 * side) * body.across(0.3)
    x = np.arange(shape[1], dtype=np.float32)[None] - armpit[0]
    y = np.arange(shape[0], dtype=np.float32)[:, None] - armpit[1]
    return np.asarray((x * inward[0] + y * inward[1]) / body.unit, np.float32)


def _nearer(arms: list[_Arm], side: int) -> NDArray[np.bool_]:
    """Where a pixel is nearer to the arm of `side` than to the other."""
    return arms[side].distance < arms[1 - side].distance


def _looks(person: Person) -> _Looks:
    """Compare the picture with face and arms on one hand, with the old clothes on the other."""
    face, arms = skin_tone(person), arm_tone(person)
    clothes = _like_clothes(person, arms)
    alike = looks_like_skin(person.image, face) | looks_like_skin(person.image, arms)
    strange = ~looks_like_skin(person.image, arms, 1.6, 0.3) | clothes
    return _Looks(alike & ~clothes, strange)


def _like_clothes(person: Person, tone: Floats) -> Mask:
    """Where the picture's hue is nearer to one of the old clothes' colours than to skin."""
    alike = np.zeros(person.size, np.uint8)
    for kind in (Lip.UPPER_CLOTHES, Lip.COAT, Lip.DRESS):
        pixels = person.image[person.parsing.labels == kind]
        if len(pixels) > _ENOUGH:
            usual = np.median(pixels[::7], axis=0).astype(np.float32)
            alike |= nearer_in_hue(person.image, tone, usual)
    return alike


def _repaired(person: Person, body: Body, arms: list[_Arm], looks: _Looks) -> LabelMap:
    """Labels (h, w) with two slips of parsers mended.

    Arms, and parts of the neck beside clothes, that do not look like skin count as clothes;
    clothes along arms and on the neck that look like skin, while the rest does not, as skin.
    """
    labels, alike = person.parsing.labels.copy(), looks.skin
    clothes = person.parsing.mask(Lip.UPPER_CLOTHES, Lip.COAT)
    neck = opened(person.parsing.mask(Lip.TORSO_SKIN) & ~alike, 4)
    neck = touching(neck, grow(clothes | person.parsing.mask(Lip.DRESS), 4))
    limbs = looks.strange & person.parsing.mask(*_ARMS)
    limbs &= _mask(np.minimum(arms[0].place, arms[1].place) < 1.8)
    labels[(neck | opened(limbs, 4)) > 0] = Lip.UPPER_CLOTHES
    if np.count_nonzero(clothes & alike) < 0.2 * np.count_nonzero(clothes):
        bare = clothes & alike & unlike(person.image, clothes)
        labels[opened(bare & _throat(body, labels.shape), 3) > 0] = Lip.TORSO_SKIN
        for arm in arms:
            along = _mask((arm.distance < arm.radius) & (arm.place > 0.4) & (arm.place < 2.2))
            labels[opened(bare & along, 5) > 0] = arm.label
    return labels


def _throat(body: Body, shape: tuple[int, ...]) -> Mask:
    """Mask of the neck and the upper chest, where a collar may leave skin bare."""
    top, bottom = body.neck - 0.6 * body.unit * body.down, body.neck + 0.15 * body.unit * body.down
    mask = np.zeros(shape[:2], np.uint8)
    ends = [(round(float(x)), round(float(y))) for x, y in (top, bottom)]
    cv2.line(mask, ends[0], ends[1], 255, max(1, round(0.36 * body.unit)))
    return mask


def _height(body: Body, shape: tuple[int, ...]) -> Floats:
    """Height on the torso per pixel: 0 at the neck joint, 1 between the hips."""
    x = np.arange(shape[1], dtype=np.float32)[None] - body.neck[0]
    y = np.arange(shape[0], dtype=np.float32)[:, None] - body.neck[1]
    return np.asarray((x * body.down[0] + y * body.down[1]) / body.length, np.float32)


def _mask(condition: NDArray[np.bool_]) -> Mask:
    return np.where(condition, np.uint8(255), np.uint8(0))


def _carried(person: Person, body: Body) -> Mask:
    """The held things without buttons, buckles and the like: small and away from any hand."""
    large = opened(person.held, round(0.07 * body.unit))
    hands = grow(person.parsing.mask(*_ARMS, Lip.GLOVE), round(0.08 * body.unit))
    return touching(person.held, large | (hands & person.held))


def _kept_in_front(labels: LabelMap, arms: list[_Arm], torso: Mask) -> Mask:
    """What covers the garment with the photo's own pixels: hair, face, hands, bare forearms."""
    front = np.isin(labels, _ALWAYS_IN_FRONT)
    bare = np.isin(labels, _ARMS)
    for side, arm in enumerate(arms):
        front |= bare & _nearer(arms, side) & _beyond_cuff(arm, torso)
    return _mask(front)


def _beyond_cuff(arm: _Arm, torso: Mask) -> NDArray[np.bool_]:
    """Where an arm is out of its new sleeve.

    Over the torso only clearly below the cuff, and beside the armpit more the farther down.
    """
    free = arm.place > (-0.5 if arm.sleeveless else arm.cuff - 0.08)
    beside = (arm.place > 1) | (arm.inset < (arm.place - arm.cuff) * 0.6)
    over = (arm.place > arm.cuff) & beside
    return np.asarray(np.where(torso >= 128, over, free) & (arm.sleeve < 128), bool)


def _without_scraps(labels: LabelMap, body: Body) -> LabelMap:
    """Small pieces of scarf amid the clothes count as clothes: they are its print or its lining."""
    scarf = _mask(labels == Lip.SCARF)
    scraps = scarf & ~touching(scarf, opened(scarf, round(_SCRAP * body.unit)))
    return np.where(scraps > 0, np.uint8(Lip.UPPER_CLOTHES), labels)


def _as_top(labels: LabelMap, body: Body) -> LabelMap:
    """A dress that ends above trousers is a top: parsers take long tops for dresses."""
    dress = labels == Lip.DRESS
    below = _height(body, labels.shape) > _THIGH
    trousers = below & np.isin(labels, (Lip.PANTS, Lip.SKIRT))
    if np.count_nonzero(dress & below) >= 0.3 * np.count_nonzero(trousers):
        return labels
    return np.where(dress, np.uint8(Lip.UPPER_CLOTHES), labels)


def _as_dress(labels: LabelMap, body: Body) -> LabelMap:
    """Labels (h, w) where what hangs below the waist counts as dress, if it is one.

    That is a top in one piece with a dress, and a coat that hides all lower clothes: nobody
    knows what is under it.
    """
    height = _height(body, labels.shape)
    counts = np.bincount(labels[height > _THIGH], minlength=256)
    upper = int(counts[[Lip.UPPER_CLOTHES, Lip.COAT]].sum())
    lower = int(counts[list(_LOWER)].sum())
    last = labels[-4:][height[-4:] > _THIGH]
    ends = np.count_nonzero(np.isin(last, (Lip.UPPER_CLOTHES, Lip.COAT)))
    hides = ends > 2 * body.width and lower + int(counts[Lip.DRESS]) <= 0.3 * upper
    joined = int(counts[Lip.DRESS]) > max(lower, 0.3 * int(counts[Lip.UPPER_CLOTHES]))
    if not (hides or joined):
        return labels
    kinds = (Lip.UPPER_CLOTHES, Lip.COAT) if hides else (Lip.UPPER_CLOTHES,)
    return np.where(np.isin(labels, kinds) & (height > _WAIST), np.uint8(Lip.DRESS), labels)


def _removed(labels: LabelMap, body: Body, arms: list[_Arm]) -> Mask:
    """The old clothes that go: top and coat; of a dress what is above the waist, and sleeves."""
    removed = (labels == Lip.UPPER_CLOTHES) | (labels == Lip.COAT)
    dress = labels == Lip.DRESS
    if dress.any():
        removed |= dress & (_height(body, labels.shape) < _WAIST)
        for arm in arms:
            reach = np.where(arm.inset < 0, _WIDE_SLEEVE, _SLEEVE) * arm.radius
            removed |= dress & (arm.place < 2.2) & (arm.distance < reach)
    return _mask(removed)


def _uncovered_arms(body: Body, arms: list[_Arm], torso: Mask) -> Mask:
    """Where bare arm shows from the new cuff to the hand."""
    bare = np.zeros(torso.shape, np.uint8)
    for side, arm in enumerate(arms):
        if arm.cuff < 1.9:
            start = 0.0 if arm.sleeveless else arm.cuff - 0.1
            tube = arm_mask(body, side, Size(*torso.shape), 1.0, 2.1, start)
            bare |= tube & _mask(_beyond_cuff(arm, torso))
    return bare


def _stained(labels: LabelMap, removed: Mask, alike: Mask) -> Mask:
    """Rims of neck and arms in the colour of the old clothes beside them."""
    skin = _mask(np.isin(labels, (Lip.TORSO_SKIN, *_ARMS)))
    return grow(removed, 7) & skin & ~alike


def _swallowed_arms(labels: LabelMap, arms: list[_Arm], sleeve: Sleeve) -> Mask:
    """Bare arm that the new sleeve should hide but is too narrow for."""
    if sleeve is Sleeve.NONE:
        return np.zeros(labels.shape, np.uint8)
    bare = np.isin(labels, _ARMS)
    hidden = np.zeros(labels.shape, bool)
    for side, arm in enumerate(arms):
        hidden |= bare & _nearer(arms, side) & (arm.place < arm.cuff - 0.04)
    return _mask(hidden)


def _with_rim(labels: LabelMap, removed: Mask, held: Mask) -> Mask:
    """Widen what goes into background, as old colour reaches beyond its label."""
    wide = grow(removed, round(RIM * labels.shape[0]))
    return removed | (wide & _mask(labels == Lip.BACKGROUND) & ~held)


def _near(mask: Mask) -> Mask:
    """What lies so near to old or new clothes that it may change because of them."""
    away = cv2.distanceTransform(cv2.bitwise_not(mask), cv2.DIST_L2, 3)
    return _mask(away < _REACH * mask.shape[0])


def _new_labels(labels: LabelMap, removed: Mask, body: Body, rig: Rig) -> LabelMap:
    """Labels of what shows where old clothes went, without the new garment."""
    new = labels.copy()
    gone = removed > 0
    new[new == Lip.DRESS] = Lip.SKIRT
    new[gone] = Lip.BACKGROUND
    lower = _lower_label(labels)
    height = _height(body, labels.shape)
    inside = _trunk(body, rig, labels.shape, _FLANK) > 0
    new[gone & inside & (height < _WAIST)] = Lip.TORSO_SKIN
    below = _first_left_below(labels, gone)
    wide = grow(_trunk(body, rig, labels.shape, _WIDE_FLANK), 6) > 0
    legs = (wide & np.isin(below, (*_LOWER, Lip.DRESS))) | (
        inside & ((height < _CROTCH) | (below == IGNORED))
    )
    new[gone & legs & (height >= _WAIST)] = lower
    return new


def _first_left_below(labels: LabelMap, gone: NDArray[np.bool_]) -> LabelMap:
    """Label (h, w) of the first pixel below that is not removed; IGNORED where there is none."""
    height = labels.shape[0]
    rows = np.where(gone, height, np.arange(height)[:, None])
    below = np.minimum.accumulate(rows[::-1], axis=0)[::-1]
    padded = np.concatenate([labels, np.full((1, labels.shape[1]), IGNORED, np.uint8)])
    return np.asarray(np.take_along_axis(padded, below, axis=0), np.uint8)


def _lower_label(labels: LabelMap) -> int:
    """What the person wears below: the most frequent of trousers, skirt and bare legs."""
    counts = np.bincount(labels.ravel(), minlength=256)
    counts[Lip.SKIRT] += counts[Lip.DRESS]
    best = max((int(label) for label in _LOWER), key=lambda label: int(counts[label]))
    return best if counts[best] > 0 else int(Lip.PANTS)


def _trunk(
    body: Body, rig: Rig, shape: tuple[int, ...], flanks: tuple[tuple[float, float], ...]
) -> Mask:
    """The bare trunk's outline: neck, shoulders and torso down to below the hips.

    Where the garment has sleeves, shoulders are bare only up to its collar. flanks: heights, and
    the greatest half width there in body widths.
    """
    chin = body.neck - body.down * 0.55 * body.unit
    points: list[Points] = []
    for side in (0, 1):
        outward = (2 * side - 1) * body.across(0)
        line = body.shoulder_lines[side]
        sleeved = rig.strips[side] is not None
        end = rig.collars[side] + 0.06 * body.unit * outward if sleeved else line[1]
        top = [chin + outward * 0.145 * body.unit, line[0], end]
        flank = [
            body.edge(side, level, min(body.half(side, level), most * body.width))
            for level, most in flanks
        ]
        points += top + flank if side == 0 else (top + flank)[::-1]
    trunk = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(trunk, [np.round(np.stack(points)).astype(np.int32)], 255)
    return trunk
