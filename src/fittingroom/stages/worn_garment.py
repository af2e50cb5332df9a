"""A photo of somebody wearing a top to Garment, by rule: its mask, landmarks and sleeve.

The torso is read on a chart whose rows are heights of the torso and whose columns are distances
from its middle line; sleeves are read across the bones of the arms. What hair, hands and bags hide
is painted from the other side of the body, and from around where that is hidden too.
"""

from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom import masks
from fittingroom.body import LEVELS, Body, along_arm, arm_mask, read_body
from fittingroom.errors import ErrorCode, FittingRoomError
from fittingroom.framing import EYES, HIPS, SHOULDERS, shoulder_width
from fittingroom.inpainting import extend, spread
from fittingroom.labels import SKIN, UPPER_LAYERS, Lip
from fittingroom.skeleton import Joint
from fittingroom.types import (
    Category,
    Garment,
    Image,
    Landmark,
    Mask,
    Parsing,
    Person,
    Points,
    Pose,
    Size,
    Sleeve,
)

Floats: TypeAlias = NDArray[np.float32]

STEP: Final = 0.01
"""Of the chart: rows in torso lengths, columns in shoulder widths."""
ROWS: Final = np.arange(-0.4, 1.36, STEP, dtype=np.float32)
"""Heights on the torso: 0 at the neck joint, 1 between the hips."""
COLUMNS: Final = np.arange(0.0, 1.2, STEP, dtype=np.float32)
"""Distances from the middle line, on either side."""
LONGEST: Final = 1.3
"""Height at which a long garment is cut off; the warp lays none lower."""

BARE, CLOTH, HIDDEN = 0, 1, 2
"""What a pixel is to the garment: not of it, of it, or in front of it."""
_IN_FRONT: Final = (Lip.HAT, Lip.HAIR, Lip.GLOVE, Lip.SUNGLASSES, Lip.SCARF)
_ARMS: Final = (Lip.LEFT_ARM, Lip.RIGHT_ARM)
BESIDE: Final = 0.9
"""Arms farther out, in half widths of the torso, are beside and not in front of it."""
WIDEST: Final = 1.5
"""How wide a garment may stand off, in half widths of the torso."""

ARMPITS: Final = (0.2, 0.38)
"""Heights between which armpits lie."""
USUAL_ARMPIT: Final = 0.3
LOWEST_NECKLINE: Final = 0.45
SHORTEST: Final = 0.45
"""Height that any hem reaches."""
GAP: Final = 0.06
"""What is shorter than this, in torso lengths, does not end a garment."""

PLACES: Final = np.arange(0.2, 2.16, 0.05, dtype=np.float32)
"""Along the arm: 0 shoulder, 1 elbow, 2 wrist."""
ACROSS: Final = np.arange(-2.2, 2.21, 0.1, dtype=np.float32)
"""Across the arm, in its radii; above 0 is away from the torso."""
SLEEVELESS: Final = 0.35
"""Place above which a sleeve that ends is none."""
SHORT_UNTIL: Final = 1.1
"""Place from which on a sleeve counts as long."""
ARM_GAP: Final = 3
"""Places without cloth that do not end a sleeve."""
ON_TORSO: Final = 0.35
"""Share of a sleeve before the torso from which it cannot be used."""

MOST_HIDDEN: Final = 0.28
"""Share of the torso's cloth that may be hidden."""
NARROWEST: Final = 0.55
"""Shoulder width over the usual one, below which somebody is seen from the side."""
DRESS_HEM: Final = 1.45
"""Height of the hem from which a dress is one."""

LEAST_SKIN: Final = 0.03
"""Bare skin of somebody who wears a garment, in shoulder widths times torso lengths."""
SMALLEST: Final = 27.0
"""Shoulder width, in pixels, below which somebody only happens to be in a garment's photo."""
_WHOLE_ARMS: Final = (
    (Joint.RIGHT_SHOULDER, Joint.RIGHT_ELBOW, Joint.RIGHT_WRIST),
    (Joint.LEFT_SHOULDER, Joint.LEFT_ELBOW, Joint.LEFT_WRIST),
)
LEAST_COVER: Final = 0.35
"""Share of the torso's middle that a top covers at least."""
WAIST: Final = 0.5
MOSTLY: Final = 0.9
"""Share of a dress below the waist from which it is a skirt."""

ONLY_UPPER: Final = "only upper garments work so far; use a top, or pass --category upper"
NO_TOP: Final = "nobody in the garment's photo wears a top that can be seen; use another photo"
TOO_MUCH: Final = "arms, hair or things hide too much of the garment"
FRONT_ADVICE: Final = (
    "use a photo from the front with the arms a little away from the body, or one of the garment "
    "alone"
)


def hidden(reason: str) -> FittingRoomError:
    """The error for a garment of which too much cannot be seen."""
    return FittingRoomError(ErrorCode.GARMENT_HIDDEN, f"{reason}; {FRONT_ADVICE}")


@dataclass(frozen=True, slots=True, eq=False)
class Chart:
    """What a body wears, straightened.

    kinds: (2, rows, columns) uint8 by side as seen: BARE, CLOTH or HIDDEN at ROWS, COLUMNS.
    arms: (2, rows, columns) bool, where the side's arm is.
    """

    body: Body
    kinds: NDArray[np.uint8]
    arms: NDArray[np.bool_]

    def point(self, side: int, level: float, distance: float) -> Points:
        """The place (2,) in the frame; distance in shoulder widths."""
        return self.body.edge(side, level, distance * self.body.width)


@dataclass(frozen=True, slots=True, eq=False)
class Torso:
    """The garment on the torso, by side: levels in torso lengths, distances in shoulder widths.

    ends: (2, rows) where it ends at ROWS. gaps: level of the first gap to the arm, NaN if none.
    hems, collars, shoulders: (2, 2) level and distance. front: level of the neckline's middle.
    """

    ends: Floats
    gaps: Floats
    hems: Floats
    collars: Floats
    shoulders: Floats
    front: float


@dataclass(frozen=True, slots=True, eq=False)
class Arm:
    """A sleeve in the frame.

    cuff: place along the arm where it ends. ends: (2, 2) outer and inner corner of the cuff.
    slit: (n, 2) where it touches the torso along its inner edge. on_torso: share of it that lies
    before the torso. seen: whether the elbow was.
    """

    cuff: float
    ends: Points
    slit: list[Points]
    on_torso: float
    seen: bool


def may_wear(pose: Pose) -> bool:
    """Whether a pose may be a person who wears a top: shoulders with a face, or with limbs."""
    faced = pose.sees(Joint.NOSE) and any(pose.sees(eye) for eye in EYES)
    armed = any(pose.sees(*arm) for arm in _WHOLE_ARMS) and any(pose.sees(hip) for hip in HIPS)
    return pose.sees(*SHOULDERS) and (faced or armed) and shoulder_width(pose) > SMALLEST


def looks_worn(person: Person) -> bool:
    """Whether somebody of flesh and blood wears a top: skin and cloth where they must be."""
    body = read_body(person)
    skin = person.parsing.mask(*SKIN)
    if np.count_nonzero(skin) < LEAST_SKIN * (body.unit * body.length):
        return False
    return sum(_layer_shares(body, person).values()) >= LEAST_COVER


def isolate_worn_garment(person: Person, category: Category | None = None) -> Garment:
    """Cut the top that somebody wears out of the frame around them, in the frame's pixels.

    What hides it is painted over. `None` tells the category. Raises FittingRoomError
    garment_not_found, garment_hidden or, for all but tops, unsupported_category.
    """
    body = read_body(person)
    _check_view(body)
    _check_category(body, person, category)
    person = _with_one_top(body, person)
    chart = read_chart(body, person)
    torso = read_torso(chart)
    arms = read_arms(chart, torso, person)
    sleeve = _sleeve(arms)
    kept = (_is_usable(arms[0]), _is_usable(arms[1]))
    if sleeve is Sleeve.LONG and not any(kept):
        raise hidden("both sleeves lie on the garment")
    mask, hole = _mask(chart, torso, arms, kept, person)
    image = _painted(person.image, mask, hole, body)
    landmarks = _landmarks(chart, torso, arms, kept, sleeve)
    limit = np.array([mask.shape[1] - 1, mask.shape[0] - 1], np.float32)
    soft = masks.feather(mask, 1.5)
    none = np.zeros_like(mask)
    return Garment(image, soft, none, np.clip(landmarks, 0, limit), Category.UPPER, sleeve)


def _check_view(body: Body) -> None:
    if body.back:
        raise hidden("the garment is seen from behind")
    shoulders = float(np.linalg.norm(body.shoulders[1] - body.shoulders[0]))
    if shoulders < NARROWEST * body.unit:
        raise hidden("the garment is seen from the side")


def _check_category(body: Body, person: Person, category: Category | None) -> None:
    if category not in (None, Category.UPPER):
        raise FittingRoomError(ErrorCode.UNSUPPORTED_CATEGORY, ONLY_UPPER)
    shares = _layer_shares(body, person)
    if sum(shares.values()) < LEAST_COVER:
        if _hidden_share(body, person) > MOST_HIDDEN:
            raise hidden(TOO_MUCH)
        raise FittingRoomError(ErrorCode.GARMENT_NOT_FOUND, NO_TOP)
    is_dress = shares[Lip.DRESS] == max(shares.values())
    if (
        category is None
        and is_dress
        and np.quantile(_levels(body, person, Lip.DRESS), 0.98) > DRESS_HEM
    ):
        raise FittingRoomError(ErrorCode.UNSUPPORTED_CATEGORY, ONLY_UPPER)


def _layer_shares(body: Body, person: Person) -> dict[Lip, float]:
    """Share of the torso's middle that each upper layer covers."""
    within = _between(body, person.size, 0.05, 0.7) > 0
    labels = person.parsing.labels[within]
    return {layer: float((labels == layer).mean()) for layer in UPPER_LAYERS}


def _hidden_share(body: Body, person: Person) -> float:
    """Share of the torso's middle that something lies before."""
    within = _between(body, person.size, 0.05, 0.7) > 0
    return float(((person.parsing.mask(*_IN_FRONT, *_ARMS) | person.held)[within] > 0).mean())


def _with_one_top(body: Body, person: Person) -> Person:
    """The person with all layers of the top under one label.

    An open coat is taken with what shows under it: alone it would leave the body's middle bare.
    """
    shares = _layer_shares(body, person)
    table = np.arange(256, dtype=np.uint8)
    table[list(UPPER_LAYERS)] = Lip.UPPER_CLOTHES
    below = float(np.mean(_levels(body, person, Lip.DRESS) > WAIST))
    if shares[Lip.DRESS] < max(shares.values()) and below > MOSTLY:
        table[Lip.DRESS] = Lip.SKIRT  # which it is often taken for
    return replace(person, parsing=Parsing(table[person.parsing.labels]))


def _between(body: Body, size: Size, top: float, bottom: float) -> Mask:
    """The middle of the torso between two heights."""
    mask = np.zeros(size, np.uint8)
    corners = [
        body.edge(side, level, 0.7 * body.half(side, level))
        for side, level in ((0, top), (1, top), (1, bottom), (0, bottom))
    ]
    cv2.fillConvexPoly(mask, np.rint(np.stack(corners)).astype(np.int32), 255)
    return mask


def _levels(body: Body, person: Person, label: Lip) -> NDArray[np.floating]:
    """Heights (n,) on the torso at which a label lies; at least one."""
    y, x = np.nonzero(person.parsing.labels == label)
    points = np.stack([x, y], axis=1) if len(x) else body.neck[None]
    return np.asarray((points - body.neck) @ body.down / body.length)


def read_chart(body: Body, person: Person) -> Chart:
    """Straighten what a body wears."""
    table = np.full(256, BARE, np.uint8)
    table[Lip.UPPER_CLOTHES] = CLOTH
    table[[*_IN_FRONT, *_ARMS]] = HIDDEN
    kinds = table[person.parsing.labels]
    kinds[person.held > 0] = HIDDEN
    bare_arms = person.parsing.mask(*_ARMS)
    sides, arms = [], []
    for side in (0, 1):
        grid = _grid(body, side)
        limit = BESIDE * _halves(body, side)[:, None]
        beside = (_looked_up(bare_arms, grid) > 0) & (COLUMNS > limit)
        sides.append(np.where(beside, np.uint8(BARE), _looked_up(kinds, grid)))
        arms.append(_looked_up(arm_mask(body, side, person.size, 1.0, 2.0, 0.15), grid) > 0)
    return Chart(body, np.stack(sides), np.stack(arms))


def _grid(body: Body, side: int) -> Floats:
    """Where the chart's cells lie in the frame (rows, columns, 2)."""
    sign = 2 * side - 1
    starts = np.stack([body.centre(level) for level in ROWS.tolist()])
    ways = np.stack([body.across(level) for level in ROWS.tolist()]) * sign * body.width
    return np.asarray(starts[:, None] + COLUMNS[None, :, None] * ways[:, None], np.float32)


def _halves(body: Body, side: int) -> Floats:
    """Half widths (rows,) of the torso at ROWS, in shoulder widths."""
    return np.asarray(np.interp(ROWS, LEVELS, body.halves[side]) / body.width, np.float32)


def _looked_up(plane: Mask, grid: Floats) -> Mask:
    return np.asarray(cv2.remap(plane, grid, None, cv2.INTER_NEAREST, borderValue=0), np.uint8)


def read_torso(chart: Chart) -> Torso:
    """Measure the garment on the torso."""
    hems = _hems(chart)
    ends, gaps = _ends(chart, hems)
    corners = np.stack([_corner(chart, side, hems[side], ends[side]) for side in (0, 1)])
    tops = np.stack([_tops(kinds) for kinds in chart.kinds])
    collars = np.stack([_collar(chart, side, tops[side]) for side in (0, 1)])
    shoulders = np.stack([_shoulder(chart, side, tops[side], collars[side]) for side in (0, 1)])
    front = tops[:, COLUMNS < 0.05]
    neckline = collars[:, 0].mean() + 0.1
    if np.isfinite(front).any():
        neckline = np.nanmedian(front)
    neckline = float(np.clip(neckline, collars[:, 0].mean(), LOWEST_NECKLINE))
    return Torso(ends, gaps, corners, collars, shoulders, neckline)


def _corner(chart: Chart, side: int, hem: float, ends: Floats) -> Points:
    """Level and distance (2,) of the hem's corner, which may lie higher than its middle."""
    distance = float(np.interp(hem - 4 * STEP, ROWS, ends))
    outermost = (COLUMNS > 0.8 * distance) & (COLUMNS < 0.97 * distance)
    rows = (ROWS > hem - 0.15) & (ROWS <= hem + GAP)
    cloth = (chart.kinds[side][:, outermost] != BARE).mean(axis=1) > 0.5
    level = float(ROWS[rows & cloth][-1]) if (rows & cloth).any() else hem
    return np.array([min(level, hem + 0.03), distance], np.float32)


def _hems(chart: Chart) -> Floats:
    """Level (2,) on each side down to which the garment goes."""
    hems = []
    for side, kinds in enumerate(chart.kinds):
        half = _halves(chart.body, side)[:, None]
        band = (COLUMNS > 0.3 * half) & (COLUMNS < 0.8 * half)
        counts = [(band & (kinds == kind)).sum(axis=1) for kind in (BARE, CLOTH, HIDDEN)]
        covered = counts[CLOTH] > counts[BARE]
        unknown = counts[HIDDEN] > 0.6 * band.sum(axis=1)
        hems.append(_last(covered, unknown))
    return np.asarray(hems, np.float32)


def _last(covered: NDArray[np.bool_], unknown: NDArray[np.bool_]) -> float:
    """Level of the last covered row before the cloth ends."""
    last, missed = SHORTEST, 0
    for level, here, neutral in zip(ROWS.tolist(), covered, unknown, strict=True):
        if level < USUAL_ARMPIT:
            continue
        missed = 0 if here else missed + (not neutral)
        if missed * STEP > GAP or level > LONGEST:
            break
        last = max(last, level) if here else last
    return last


def _ends(chart: Chart, hems: Floats) -> tuple[Floats, Floats]:
    """Where the garment ends (2, rows) beside the torso, and the first gap to each arm (2,)."""
    ends = np.full((2, len(ROWS)), np.nan, np.float32)
    gaps = np.full(2, np.nan, np.float32)
    for side, kinds in enumerate(chart.kinds):
        half = _halves(chart.body, side)
        bare, known = np.zeros((2, len(ROWS)), bool)
        for row, level in enumerate(ROWS.tolist()):
            if 0 <= level <= hems[side]:
                found = _end(kinds[row], chart.arms[side, row], float(half[row]))
                ends[side, row], bare[row], known[row] = found
        ends[side, ~known] = np.nan
        gaps[side] = _first_gap(bare & known)
    return _completed(ends, chart), gaps


def _end(kinds: NDArray[np.uint8], arm: NDArray[np.bool_], half: float) -> tuple[float, bool, bool]:
    """Where a row's cloth ends, whether in a gap, and whether that is to be seen."""
    bare = (kinds == BARE) & (COLUMNS >= 0.5 * half)
    bare[:-1] &= bare[1:]
    stop = bare | (arm & (COLUMNS >= 0.95 * half)) | (COLUMNS > WIDEST * half)
    last = int(stop.argmax())
    before = kinds[max(0, last - 8) : last]
    seen = bool((before == CLOTH).mean() > 0.5) if last else False
    return float(COLUMNS[last]), bool(bare[last]), seen


def _first_gap(bare: NDArray[np.bool_]) -> float:
    """Level of the first row from which on most of the next rows have a gap."""
    for row in np.flatnonzero(bare & (ROWS > 0.1) & (ROWS < SHORTEST)):
        if bare[row : row + 6].mean() > 0.7:
            return float(ROWS[row])
    return float("nan")


def _completed(ends: Floats, chart: Chart) -> Floats:
    """Ends that are hidden on one side are taken from the other, and from the rows around."""
    both = np.where(np.isfinite(ends), ends, ends[::-1])
    smooth = []
    for side in (0, 1):
        seen = np.isfinite(both[side])
        line = _halves(chart.body, side) * 1.03
        if seen.any():
            line = np.interp(ROWS, ROWS[seen], both[side][seen]).astype(np.float32)
        line = cv2.medianBlur(line[None].astype(np.float32), 5)
        smooth.append(cv2.GaussianBlur(line, (9, 1), 2, borderType=cv2.BORDER_REPLICATE)[0])
    return np.asarray(np.stack(smooth), np.float32)


def _tops(kinds: NDArray[np.uint8]) -> Floats:
    """Level (columns,) at which each column's cloth begins; NaN where something hides that."""
    cloth = kinds == CLOTH
    cloth[:-1] &= cloth[1:]
    first = cloth.argmax(axis=0)
    tops = ROWS[first].copy()
    for column, row in enumerate(first):
        above = kinds[max(0, row - 4) : row, column]
        if not cloth[row, column] or 2 * np.count_nonzero(above == HIDDEN) > max(1, len(above)):
            tops[column] = np.nan
    return tops


def _collar(chart: Chart, side: int, tops: Floats) -> Points:
    """Level and distance (2,) where the neckline meets the shoulder: the cloth's highest place."""
    near = np.isfinite(tops) & (COLUMNS > 0.08) & (COLUMNS < 0.5) & (tops < 0.25)
    if near.sum() < 6:
        return _placed(chart, side, chart.body.shoulder_lines[side][0])
    high = near & (tops <= tops[near].min() + 0.02)
    column = np.flatnonzero(high)[-1]
    return np.array([tops[column], COLUMNS[column]], np.float32)


def _shoulder(chart: Chart, side: int, tops: Floats, collar: Points) -> Points:
    """Level and distance (2,) of the shoulder's end, or where a narrower garment ends before it."""
    level, distance = _placed(chart, side, chart.body.shoulder_lines[side][1]).tolist()
    column = int(np.clip(round(distance / STEP), 0, len(COLUMNS) - 1))
    if not abs(tops[column] - level) >= 0.12:
        level = tops[column] if np.isfinite(tops[column]) else level
        return np.array([level, distance], np.float32)
    on_line = (tops < max(level, collar[0]) + 0.12) & (COLUMNS >= collar[1]) & (COLUMNS <= distance)
    if not on_line.any():
        return np.array([level, distance], np.float32)
    last = np.flatnonzero(on_line)[-1]
    return np.array([tops[last], COLUMNS[last]], np.float32)


def _placed(chart: Chart, side: int, point: Points) -> Points:
    """Level and distance (2,) of a place in the frame."""
    body = chart.body
    ways = np.stack([body.down * body.length, (2 * side - 1) * body.across(0) * body.width], axis=1)
    return np.linalg.solve(ways.astype(np.float64), point - body.neck).astype(np.float32)


def read_arms(chart: Chart, torso: Torso, person: Person) -> tuple[Arm, Arm]:
    """Measure both sleeves."""
    inside = _torso_area(chart, torso, person.size, 0.9)
    kinds = np.full(person.size, BARE, np.uint8)
    kinds[person.parsing.mask(Lip.UPPER_CLOTHES) > 0] = CLOTH
    kinds[person.parsing.mask(*_IN_FRONT) > 0] = HIDDEN
    kinds[person.held > 0] = HIDDEN
    right, left = (_arm(chart.body, side, kinds, inside) for side in (0, 1))
    return right, left


def _arm(body: Body, side: int, kinds: Mask, inside: Mask) -> Arm:
    bone = along_arm(body.arms[side], PLACES)
    radius = body.arm_radius(PLACES)[:, None] * body.thickness[side]
    outward = _outward(bone, side)
    grid = bone[:, None] + (ACROSS * radius)[..., None] * outward[:, None]
    seen = _looked_up(kinds, np.asarray(grid, np.float32))
    cuff, last = _cuff(seen)
    out, inn, touching = _edges(seen)
    corners = bone + np.stack([out, inn])[..., None] * radius * outward
    over = _looked_up(inside, np.asarray(bone[None], np.float32))[0] > 0
    sleeve = slice(0, last + 1)
    below = PLACES[sleeve] > SLEEVELESS
    share = float(over[sleeve][below].mean()) if below.any() else 0.0
    edge = bone - 1.15 * radius * outward
    slit = [edge[row] for row in range(last) if touching[row] and PLACES[row] > SLEEVELESS]
    return Arm(cuff, corners[:, last].astype(np.float32), slit, share, body.known[side] > 1)


def _outward(bone: Points, side: int) -> Points:
    """Unit vectors (n, 2) across an arm's line, away from the torso."""
    along = cv2.GaussianBlur(np.gradient(bone, axis=0).astype(np.float32), (1, 5), 1.5)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-6)
    turned = np.stack([-along[:, 1], along[:, 0]], axis=1)
    return np.asarray(turned * (1 - 2 * side), np.float32)


def _cuff(seen: Mask) -> tuple[float, int]:
    """Place where a sleeve ends, and its number among PLACES."""
    outward = seen[:, (ACROSS > -0.25) & (ACROSS < 0.85)]  # the torso may lie behind the rest
    cloth, bare = (outward == CLOTH).mean(axis=1), (outward == BARE).mean(axis=1)
    last, missed = -1, 0
    for number in range(len(PLACES)):
        covered = cloth[number] > max(0.3, bare[number])
        missed = 0 if covered else missed + (bare[number] > 0.4)
        if missed > ARM_GAP:
            break
        last = number if covered else last
    return (float(PLACES[last]), last) if last >= 0 else (0.0, 0)


def _edges(seen: Mask) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """How far cloth reaches outward and inward of the bone, in radii, and where it goes on."""
    middle = len(ACROSS) // 2
    outer, inner, touching = [], [], []
    for row in seen == BARE:
        out = int(row[middle:].argmax()) if row[middle:].any() else 12
        inn = int(row[middle::-1].argmax()) if row[middle::-1].any() else 0
        outer.append(np.clip(out, 8, 16) * 0.1)
        inner.append(-np.clip(inn, 8, 16) * 0.1 if inn else -1.15)
        touching.append(not row[middle::-1].any())
    reaches = np.array([outer, inner], np.float32)
    return reaches[0], reaches[1], np.array(touching, bool)


def _sleeve(arms: tuple[Arm, Arm]) -> Sleeve:
    """The sleeve's length by the longer of those to be seen."""
    seen = [arm for arm in arms if arm.seen and _is_usable(arm)] or list(arms)
    cuff = max(arm.cuff for arm in seen)
    if cuff < SLEEVELESS:
        return Sleeve.NONE
    return Sleeve.SHORT if cuff < SHORT_UNTIL else Sleeve.LONG


def _is_usable(arm: Arm) -> bool:
    return arm.on_torso < ON_TORSO


def _torso_area(chart: Chart, torso: Torso, size: Size, share: float = 1.0) -> Mask:
    """The garment on the torso, between its ends; share: of its width."""
    halves = []
    for side in (0, 1):
        levels = np.arange(USUAL_ARMPIT, float(torso.hems[side, 0]), 2 * STEP)
        reach = np.interp(levels, ROWS, torso.ends[side]) * share
        line = [chart.point(side, *torso.collars[side] * (1, share))]
        line.append(chart.point(side, torso.shoulders[side, 0], torso.shoulders[side, 1] * share))
        line += [chart.point(side, *at) for at in zip(levels, reach, strict=True)]
        halves.append(line)
    neckline = chart.point(0, torso.front, 0)
    outline = np.stack([*halves[0], *halves[1][::-1], neckline])
    area = np.zeros(size, np.uint8)
    cv2.fillPoly(area, [np.rint(outline).astype(np.int32)], 255)
    return area


def _mask(
    chart: Chart, torso: Torso, arms: tuple[Arm, Arm], kept: tuple[bool, bool], person: Person
) -> tuple[Mask, Mask]:
    """The whole garment, solid, and the part of it that is hidden.

    Raises garment_hidden when that is too much.
    """
    body = chart.body
    area = _torso_area(chart, torso, person.size)
    cloth = person.parsing.mask(Lip.UPPER_CLOTHES) & ~person.held & _reach(chart, area, arms)
    hole = area & (person.parsing.mask(*_IN_FRONT, *_ARMS) | person.held)
    tubes = np.zeros_like(area)
    for side, arm in enumerate(arms):
        tube = arm_mask(body, side, person.size, 0.9, max(arm.cuff - 0.05, 0.05))
        if kept[side]:
            tubes |= tube & (person.parsing.mask(*_IN_FRONT) | person.held)
        else:
            hole |= area & arm_mask(body, side, person.size, 1.3, arm.cuff, SLEEVELESS)
    if np.count_nonzero(hole) > MOST_HIDDEN * np.count_nonzero(area):
        raise hidden(TOO_MUCH)
    specks = masks.holes(cloth) & masks.shrink(area, 3) & ~hole
    hole = masks.grow(hole | tubes, max(1, round(0.02 * body.unit))) & (area | tubes | cloth)
    mask = _cut_off(cloth | hole | specks, torso, chart)
    for arm, keep in zip(arms, kept, strict=True):
        if keep and len(arm.slit) > 1:
            line = np.rint(np.stack(arm.slit)).astype(np.int32)
            cv2.polylines(mask, [line], False, 0, max(1, round(0.01 * body.unit)))
    mask = masks.largest_piece(mask)
    return mask, hole & mask


def _reach(chart: Chart, area: Mask, arms: tuple[Arm, Arm]) -> Mask:
    """Where cloth may belong to the garment: near the torso, and around the arms up to a cuff."""
    body = chart.body
    reach = masks.grow(area, round(0.22 * body.unit))
    for side, arm in enumerate(arms):
        reach |= arm_mask(body, side, Size(*area.shape), 2.3, max(arm.cuff + 0.1, 0.4))
    return reach


def _cut_off(mask: Mask, torso: Torso, chart: Chart) -> Mask:
    """A mask without what hangs lower than the hem."""
    body, (height, width) = chart.body, mask.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    level = ((x - body.neck[0]) * body.down[0] + (y - body.neck[1]) * body.down[1]) / body.length
    lowest = float(torso.hems[:, 0].max()) + GAP
    near = np.abs((x - body.neck[0]) * body.down[1] - (y - body.neck[1]) * body.down[0])
    below = (level > lowest) & (near < 0.8 * body.width)
    return np.where(below, np.uint8(0), mask)


def _painted(image: Image, mask: Mask, hole: Mask, body: Body) -> Image:
    """The image (h, w, 3) with the garment's hidden parts painted.

    First from the other side of the body, then from around.
    """
    picture = image.copy()
    if not hole.any():
        return picture
    known = masks.shrink(mask, 2) & ~hole
    if not known.any():
        return picture
    matrix = _mirror(body)
    size = (mask.shape[1], mask.shape[0])
    way = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    copy = cv2.warpAffine(image, matrix, size, flags=way).astype(np.float32)
    there = np.asarray(cv2.warpAffine(known, matrix, size, flags=way), np.uint8)
    there = np.where(there == 255, np.uint8(255), np.uint8(0))
    rim = masks.grow(hole, max(3, round(0.05 * body.unit))) & known & there
    done = hole & there
    if rim.any() and done.any():
        change = spread(image.astype(np.float32) - copy, rim)
        seamless = np.clip(copy + change, 0, 255).astype(np.uint8)
        np.copyto(picture, seamless, where=done[..., None] > 0)
        known |= done
    extend(picture, known, mask & ~known & masks.grow(hole, 3))
    return picture


def _mirror(body: Body) -> NDArray[np.float64]:
    """The 2x3 matrix of the reflection about the middle line of the torso."""
    down = body.down.astype(np.float64)
    turn = 2 * np.outer(down, down) - np.eye(2)
    return np.hstack([turn, (body.neck - turn @ body.neck)[:, None]])


_SIDES: Final = ("RIGHT", "LEFT")


def _landmarks(
    chart: Chart, torso: Torso, arms: tuple[Arm, Arm], kept: tuple[bool, bool], sleeve: Sleeve
) -> Points:
    """Landmarks (13, 2) in the frame; where no sleeve is or can be used, its cuff is its root."""
    points = np.zeros((len(Landmark), 2), np.float32)
    points[Landmark.COLLAR_FRONT] = chart.point(0, torso.front, 0)
    for side, name in enumerate(_SIDES):
        armpit = _armpit(torso, side, sleeve)
        reach = float(np.interp(armpit, ROWS, torso.ends[side]))
        points[Landmark[f"COLLAR_{name}"]] = chart.point(side, *torso.collars[side])
        points[Landmark[f"SHOULDER_{name}"]] = chart.point(side, *torso.shoulders[side])
        points[Landmark[f"ARMPIT_{name}"]] = chart.point(side, armpit, reach)
        points[Landmark[f"HEM_{name}"]] = chart.point(side, *torso.hems[side])
        cuff = arms[side].ends
        if sleeve is Sleeve.NONE or not kept[side]:
            cuff = points[[Landmark[f"SHOULDER_{name}"], Landmark[f"ARMPIT_{name}"]]]
        points[Landmark[f"CUFF_{name}_OUTER"]], points[Landmark[f"CUFF_{name}_INNER"]] = cuff
    return points


def _armpit(torso: Torso, side: int, sleeve: Sleeve) -> float:
    """Height of the armpit: a bit above where a gap to the arm begins."""
    gap = float(torso.gaps[side])
    if sleeve is Sleeve.NONE:
        inside = (ROWS > ARMPITS[0]) & (ROWS < ARMPITS[1])
        wide = inside & (torso.ends[side] >= 0.96 * torso.ends[side][inside].max())
        return float(ROWS[wide][0])
    return USUAL_ARMPIT if np.isnan(gap) else float(np.clip(gap - 0.03, *ARMPITS))
