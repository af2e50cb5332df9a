"""Cut-outs laid on grounds: sleeves turned, cloth pulled, hung up, moved, cut by the edge.

Coordinates: the *cut-out's* pixels become the *picture's* by a chain of maps; pictures are read
backwards through it, points go forwards, so that the truth is exact.
"""

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from fittingroom.splines import ThinPlateSpline, thin_plate_spline
from fittingroom.stages.garment import MIRRORED, POINTS
from fittingroom.training.garment.cutouts import Shape
from fittingroom.types import Category, Image

Floats = NDArray[np.float32]
STEP: Final = 8
"""Maps are computed on every eighth pixel and interpolated."""


def point(name: str) -> int:
    """Number of a landmark."""
    return POINTS.index(name)


@dataclass(frozen=True, slots=True, eq=False)
class Pull:
    """A smooth displacement: p goes to p + sum of a sin(k p + phase).

    waves: (n, 2) radians a pixel. phases: (n,). ways: (n, 2) pixels.
    """

    waves: Floats
    phases: Floats
    ways: Floats

    def forward(self, points: Floats) -> Floats:
        """Carry points (m, 2)."""
        moved = np.sin(points @ self.waves.T + self.phases) @ self.ways
        return np.asarray(points + moved, np.float32)

    def backward(self, points: Floats) -> Floats:
        """Carry points (m, 2) back, by iteration."""
        back = points
        for _ in range(4):
            back = points - (self.forward(back) - back)
        return back


def sample_pull(rng: Generator, size: float, strength: float) -> Pull:
    """Draw a pull that moves points of a picture `size` pixels large by about `strength` of it."""
    length = size * rng.uniform(0.45, 1.6, 4)
    angle = rng.uniform(0, 2 * math.pi, 4)
    waves = (2 * math.pi / length)[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    ways = rng.normal(0, strength * size / 2, (4, 2)) * np.minimum(1, length / size)[:, None]
    return Pull(
        waves.astype(np.float32),
        rng.uniform(0, 2 * math.pi, 4).astype(np.float32),
        ways.astype(np.float32),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Placing:
    """Where a picture goes: a pull in its own pixels, then a projective map (3, 3)."""

    pull: Pull
    matrix: NDArray[np.float64]
    mirrored: bool

    def forward(self, points: Floats) -> Floats:
        """Carry points (n, 2) of the source into the picture; sides keep their numbers."""
        moved = self.pull.forward(points).astype(np.float64)
        return np.asarray(cv2.perspectiveTransform(moved[None], self.matrix)[0], np.float32)

    def backward_map(
        self, size: tuple[int, int], spline: ThinPlateSpline | None = None
    ) -> tuple[Floats, Floats]:
        """Source x and y (h, w) of each pixel of a picture; through a sleeve's turn, if any."""
        rows, cols = -(-size[0] // STEP) + 2, -(-size[1] // STEP) + 2
        x = (np.arange(cols) - 0.5) * STEP - 0.5
        y = (np.arange(rows) - 0.5) * STEP - 0.5
        grid = np.stack(np.meshgrid(x, y), -1).reshape(1, -1, 2)
        back = cv2.perspectiveTransform(grid, np.linalg.inv(self.matrix))[0].astype(np.float32)
        back = self.pull.backward(back)
        if spline is not None:
            back = spline.at(back)
        coarse = back.reshape(rows, cols, 2)
        full = cv2.resize(coarse, (cols * STEP, rows * STEP), interpolation=cv2.INTER_LINEAR)
        part = full[STEP : STEP + size[0], STEP : STEP + size[1]]
        return np.ascontiguousarray(part[..., 0]), np.ascontiguousarray(part[..., 1])


def sample_turn(rng: Generator) -> float:
    """Draw how far a garment lies turned, radians; sometimes sideways or upside down."""
    kind = rng.random()
    if kind < 0.05:
        return float(rng.choice([-0.5, 0.5, 1.0]) * math.pi + rng.normal(0, 0.1))
    if kind < 0.3:
        return math.radians(float(rng.uniform(-27, 27)))
    return math.radians(float(rng.normal(0, 6)))


def sample_placing(
    rng: Generator, box: tuple[float, float, float, float], size: tuple[int, int], calm: bool
) -> Placing:
    """Draw where a garment with a box (left, top, right, bottom) goes in a picture (h, w).

    calm: as shops show it, upright, whole and in the middle.
    """
    left, top, right, bottom = box
    turn = math.radians(float(rng.normal(0, 1.5))) if calm else sample_turn(rng)
    mirrored = bool(rng.random() < 0.5)
    stretch = float(np.exp(rng.normal(0, 0.07)))
    base = np.array(
        [
            [(-1 if mirrored else 1) * stretch, float(rng.normal(0, 0.03 if calm else 0.07)), 0],
            [0, 1 / stretch, 0],
            [0, 0, 1],
        ]
    )
    cos, sin = math.cos(turn), math.sin(turn)
    base = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]]) @ base
    centre = _shift(-(left + right) / 2, -(top + bottom) / 2)
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)
    turned = cv2.perspectiveTransform(corners[None], base @ centre)[0]
    low, high = turned.min(0), turned.max(0)
    room = np.array(size[::-1], np.float64)
    scale = _fill(rng, calm) * float((room / (high - low)).min())
    tilt = np.eye(3)
    tilt[2, :2] = rng.normal(0, 0.02 if calm else 0.09, 2) / room
    free = room - scale * (high - low)
    reach = 0.12 if calm else 0.5
    offset = free * rng.uniform(-reach, reach, 2) + room / 2 - scale * (high + low) / 2
    matrix = _shift(*offset) @ tilt @ np.diag([scale, scale, 1]) @ base @ centre
    pull = sample_pull(rng, max(right - left, bottom - top), 0.01 if calm else 0.03)
    return Placing(pull, matrix, mirrored)


def _fill(rng: Generator, calm: bool) -> float:
    """Draw how much of the picture a garment fills, along its tighter side."""
    kind = rng.random()
    if calm or kind < 0.8:
        return float(rng.uniform(0.68, 0.99))
    return float(rng.uniform(0.99, 1.25) if kind < 0.92 else rng.uniform(0.4, 0.68))


def sample_shake(rng: Generator, source: tuple[int, int], size: tuple[int, int]) -> Placing:
    """Draw how a whole photo (h, w) is seen in a picture (h, w): about as it is, a little nearer.

    Turned, pulled and mirrored as garments are.
    """
    turn = sample_turn(rng) if rng.random() < 0.7 else 0.0
    mirrored = bool(rng.random() < 0.5)
    room = np.array(size[::-1], np.float64)
    fit = min(size[0] / source[0], size[1] / source[1])
    scale = fit * float(np.exp(rng.normal(0.07, 0.16))) * np.exp(rng.normal(0, 0.05, 2))
    cos, sin = math.cos(turn), math.sin(turn)
    base = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    base = base @ np.diag([(-1 if mirrored else 1) * scale[0], scale[1], 1])
    tilt = np.eye(3)
    tilt[2, :2] = rng.normal(0, 0.06, 2) / room
    offset = room / 2 + room * rng.normal(0, 0.04, 2)
    matrix = _shift(*offset) @ tilt @ base @ _shift(-source[1] / 2, -source[0] / 2)
    pull = sample_pull(rng, max(source), float(rng.uniform(0.01, 0.04)))
    return Placing(pull, matrix, mirrored)


def _shift(x: float, y: float) -> NDArray[np.float64]:
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Arm:
    """A sleeve in its new place.

    spline: from new places back to the cut-out's pixels. cuffs: (2, 2) float32, the new outer and
    inner corner of its end. length: factor on its length.
    """

    spline: ThinPlateSpline
    cuffs: Floats
    length: float


def sample_arms(rng: Generator, shape: Shape) -> dict[int, Arm]:
    """Turn, bend and lengthen both sleeves: {1: right, 2: left}; none where there are none."""
    if shape.arm < 0.1 or not shape.part.any():
        return {}
    wild = 0.3 if shape.ghost else 1.0
    long = shape.arm > 0.6
    common = float(rng.normal(0, 24 if long else 9)) * wild
    length = float(np.exp(rng.normal(0, 0.1)))
    if rng.random() < 0.25:
        length *= float(rng.uniform(0.55, 0.9))
    arms = {}
    for part, side in ((1, "RIGHT"), (2, "LEFT")):
        own = common + float(rng.normal(0, 12 if long else 5)) * wild
        if long and not shape.ghost and rng.random() < 0.12:
            own = float(rng.uniform(-75, 60))
        bend = float(rng.normal(0, 18)) * wild if long else 0.0
        if long and not shape.ghost and rng.random() < 0.12:
            bend = float(rng.uniform(-95, 40))
        sign = -1 if part == 1 else 1
        arms[part] = _turned_arm(shape, side, (sign * own, sign * bend), length)
    return arms


def _turned_arm(shape: Shape, side: str, degrees: tuple[float, float], length: float) -> Arm:
    names = (f"SHOULDER_{side}", f"ARMPIT_{side}", f"CUFF_{side}_OUTER", f"CUFF_{side}_INNER")
    shoulder, armpit, outer, inner = (shape.points[point(name)] for name in names)
    pivot, middle = (shoulder + armpit) / 2, np.stack([shoulder + outer, armpit + inner]) / 2
    turn, bend = (_rotation(math.radians(angle)) for angle in degrees)
    half = _rotation(math.radians(degrees[0]) * 0.85)
    elbow = pivot + (middle - pivot) @ half.T * length
    ends, seam = np.stack([outer, inner]), np.stack([shoulder, armpit])
    cuffs = pivot + (ends - pivot) @ turn.T * length
    joint = elbow.mean(0)
    cuffs = joint + (cuffs - joint) @ bend.T
    away = np.linalg.norm(ends - seam, axis=1) / max(float(np.linalg.norm(shoulder - armpit)), 1.0)
    loose = np.clip(away / 0.7, 0, 1)[:, None]  # what is sewn close to the seam hardly turns
    cuffs, elbow = ends + loose * (cuffs - ends), middle + loose * (elbow - middle)
    new = np.concatenate([[shoulder, armpit], elbow, cuffs]).astype(np.float32)
    old = np.concatenate([[shoulder, armpit], middle, [outer, inner]]).astype(np.float32)
    return Arm(thin_plate_spline(new, old, 0.0), cuffs.astype(np.float32), length)


def _rotation(angle: float) -> Floats:
    cos, sin = math.cos(angle), math.sin(angle)
    return np.array([[cos, -sin], [sin, cos]], np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """A garment in a picture of h x w, before the picture is finished.

    image: (h, w, 3) float32. cover, inner: (h, w) float32, 0..1. points: (L, 2) float32, and
    there, seen, known: (L,) bool as in `Shape`, sides swapped where the garment was mirrored.
    """

    image: Floats
    cover: Floats
    inner: Floats
    points: Floats
    there: NDArray[np.bool_]
    seen: NDArray[np.bool_]
    known: NDArray[np.bool_]
    length: float


def moved_points(shape: Shape, arms: dict[int, Arm], placing: Placing) -> Floats:
    """Landmarks (L, 2) in the picture, numbered as on the garment."""
    points = shape.points.copy()
    for part, side in ((1, "RIGHT"), (2, "LEFT")):
        if part in arms:
            points[[point(f"CUFF_{side}_OUTER"), point(f"CUFF_{side}_INNER")]] = arms[part].cuffs
    return placing.forward(points)


def lay(
    shape: Shape, colours: Image, ground: Image, arms: dict[int, Arm], placing: Placing
) -> Laid:
    """Lay a cut-out on a ground (h, w, 3): body first, then its sleeves with their shadows."""
    size = (ground.shape[0], ground.shape[1])
    image = ground.astype(np.float32)
    cover, inner = np.zeros((2, *size), np.float32)
    over = np.zeros(size, np.float32)
    body = _body(shape)
    for part in (0, *sorted(arms)):
        mine = body if part == 0 and arms else (shape.part == part) | (not arms)
        planes = cv2.merge([shape.share * mine.astype(np.uint8), shape.inner])
        x, y = placing.backward_map(size, arms[part].spline if part else None)
        alpha, back = cv2.split(cv2.remap(planes, x, y, cv2.INTER_LINEAR).astype(np.float32) / 255)
        colour = cv2.remap(colours, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        if part:
            image *= (1 - 0.3 * cv2.GaussianBlur(alpha, (0, 0), 2.5) * cover)[..., None]
            over = np.maximum(over, alpha)
        image += alpha[..., None] * (colour.astype(np.float32) - image)
        inner = inner * (1 - alpha) + back * alpha
        cover = np.maximum(cover, alpha)
    points = moved_points(shape, arms, placing)
    seen = shape.seen & ~_hidden(points, over)
    order = np.array(MIRRORED) if placing.mirrored else np.arange(len(POINTS))
    length = min((arm.length for arm in arms.values()), default=1.0)
    return Laid(
        image=image,
        cover=cover,
        inner=inner,
        points=points[order],
        there=shape.there[order],
        seen=seen[order],
        known=shape.known[order],
        length=length,
    )


def _body(shape: Shape) -> NDArray[np.uint8]:
    """Where (h, w) the body of a garment is, 0 or 1, a little way into its sleeves."""
    own = (shape.part == 0).astype(np.uint8)
    core = cv2.morphologyEx(own * (shape.share > 128), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    return np.maximum(own, cv2.dilate(core, np.ones((9, 9), np.uint8)))


_UNDER: Final = [point(name) for name in ("HEM_RIGHT", "HEM_LEFT", "WAIST_RIGHT", "WAIST_LEFT")]


def _hidden(points: Floats, over: Floats) -> NDArray[np.bool_]:
    """Which points (L,) lie under a sleeve."""
    hidden = np.zeros(len(points), bool)
    for number in _UNDER:
        x, y = np.rint(points[number]).astype(int)
        if 0 <= x < over.shape[1] and 0 <= y < over.shape[0]:
            hidden[number] = over[y, x] > 0.5
    return hidden


def box_of(shape: Shape, arms: dict[int, Arm]) -> tuple[float, float, float, float]:
    """Box (left, top, right, bottom) of a cut-out with its sleeves in their new places."""
    own = shape.share * (shape.part == 0) if arms else shape.share
    rows, cols = np.flatnonzero(own.max(1) > 99), np.flatnonzero(own.max(0) > 99)
    if not len(rows) or not len(cols):
        return 0.0, 0.0, float(shape.share.shape[1]), float(shape.share.shape[0])
    spots = [[cols[0], rows[0]], [cols[-1], rows[-1]], *(c for a in arms.values() for c in a.cuffs)]
    low, high = np.min(spots, axis=0), np.max(spots, axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def draw_hanger(
    rng: Generator, image: Image, laid_points: Floats, category: Category
) -> NDArray[np.uint8]:
    """Draw a hanger into a ground, in place; returns where it is, (h, w) uint8 0..255."""
    mask = np.zeros(image.shape[:2], np.uint8)
    right, left = laid_points[point("COLLAR_RIGHT")], laid_points[point("COLLAR_LEFT")]
    if category is Category.LOWER:
        return mask
    hem = (laid_points[point("HEM_RIGHT")] + laid_points[point("HEM_LEFT")]) / 2
    neck = (right + left) / 2
    up = (neck - hem) / max(float(np.linalg.norm(neck - hem)), 1.0)
    ends = [laid_points[point(f"SHOULDER_{side}")] for side in ("RIGHT", "LEFT")]
    width = float(np.linalg.norm(ends[0] - ends[1]))
    top = neck + up * width * float(rng.uniform(0.0, 0.08))
    thick = max(2, round(width * float(rng.uniform(0.02, 0.06))))
    low = [top + (end - top) * 0.85 - up * 0.03 * width for end in ends]
    lines = [np.array([low[0], top, low[1]])]
    if rng.random() < 0.5:
        lines.append(np.array([low[0], low[1]]))
    curl = np.array([up[1], -up[0]]) * (1 if rng.random() < 0.5 else -1)
    radius = width * 0.06
    turn = np.linspace(-0.5 * math.pi, math.pi, 12)[:, None]
    bow = top + up * (width * 0.14 + radius) + radius * (np.cos(turn) * curl + np.sin(turn) * up)
    lines.append(np.concatenate([[top], bow]))
    for line, thickness in zip(lines, (thick, thick, max(1, thick // 2)), strict=False):
        cv2.polylines(mask, [np.round(line * 8).astype(np.int32)], False, 255, thickness, 16, 3)
    colour = rng.choice([(20, 20, 22), (235, 235, 230), (176, 132, 88), (150, 152, 156)])
    spread = np.clip(colour + rng.normal(0, 12, 3), 0, 255)
    image[:] = image + (mask[..., None] / 255 * (spread - image)).astype(np.float32)
    return mask
