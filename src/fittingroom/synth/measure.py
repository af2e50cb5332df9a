"""A body measured in the dress pose, as a tailor would: what patterns are drafted from."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fittingroom.synth.bodies import SKIN_VERTICES, bone_heads_posed, pose_body
from fittingroom.synth.poses import DRESS_ARM_ANGLE, dress_pose
from fittingroom.synth.shapes import Anatomy, Body, BodyPart, Floats, Ints, Measurements, Sex

TORSO_LEVELS: Final = 28
SHOULDER_SAMPLES: Final = 24
ARM_SAMPLES: Final = 18
LEG_LEVELS: Final = 20

_TRUNK: Final = (BodyPart.TORSO, BodyPart.LEFT_LEG, BodyPart.RIGHT_LEG)
_UPPER: Final = (BodyPart.TORSO, BodyPart.NECK, BodyPart.LEFT_ARM)

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Posed:
    """A body in the dress pose: (V, 3) vertices, (104, 3) bone heads, and what they belong to."""

    anatomy: Anatomy
    vertices: Floats
    heads: Floats

    def head(self, name: str) -> Floats:
        return self.heads[self.anatomy.bone(name)]

    def faces(self, *parts: BodyPart) -> Ints:
        """Triangles of the skin of these parts."""
        skin = self.anatomy.faces.max(1) < SKIN_VERTICES
        return self.anatomy.faces[np.isin(self.anatomy.parts, parts) & skin]

    def at(self, name: str) -> tuple[float, float]:
        """(x, z) of a bone's head."""
        head = self.head(name)
        return float(head[0]), float(head[2])


def cut(
    vertices: Floats, faces: Ints, normal: tuple[float, float, float] | Floats, offset: float
) -> Points:
    """(N, 2, 3) segments in which triangles cross the plane of the points with p.normal = offset.

    vertices: (V, 3). faces: (F, 3). normal: of any length, offset in its units.
    """
    height = vertices.astype(np.float64) @ np.asarray(normal, np.float64) - offset
    corner = height[faces]
    crossed = faces[(corner.min(1) < 0) & (corner.max(1) >= 0)]
    ends = []
    for a, b in ((0, 1), (1, 2), (2, 0)):
        one, other = crossed[:, a], crossed[:, b]
        span = height[one] - height[other]
        share = np.divide(height[one], span, out=np.full(len(one), -1.0), where=span != 0)
        mixed = vertices[one] + share[:, None] * (vertices[other] - vertices[one])
        mixed[(height[one] < 0) == (height[other] < 0)] = np.nan
        ends.append(mixed)
    points = np.stack(ends, 1)
    kept = ~np.isnan(points[:, :, 0])
    whole = kept.sum(1) == 2
    return points[whole][kept[whole]].reshape(-1, 2, 3)


def tape(points: Points) -> float:
    """Length of a tape measure around points (N, 2): the perimeter of their convex hull."""
    ring = hull(points)
    return float(np.linalg.norm(ring - np.roll(ring, 1, 0), axis=1).sum())


def hull(points: Points) -> Points:
    """(H, 2) corners of the convex hull of points (N, 2), counter-clockwise."""
    ordered = np.unique(points, axis=0)
    halves = []
    for run in (ordered, ordered[::-1]):
        chain: list[NDArray[np.float64]] = []
        for point in run:
            while len(chain) > 1 and _turn(chain[-2], chain[-1], point) <= 0:
                chain.pop()
            chain.append(point)
        halves.append(chain[:-1])
    return np.array(halves[0] + halves[1])


def _turn(a: Points, b: Points, c: Points) -> float:
    return float((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))


def measure(anatomy: Anatomy, body: Body) -> Measurements:
    """Measures a body in the dress pose; see `Measurements` for what and where."""
    rotations = dress_pose(anatomy, body).rotations
    posed = _Posed(
        anatomy,
        pose_body(anatomy, body, rotations),
        bone_heads_posed(anatomy, body, rotations),
    )
    shoulder_x = float(posed.head("upperarm01.L")[0])
    armpit = _armpit(posed)
    crotch = _crotch(posed)
    levels = np.linspace(crotch, armpit[1], TORSO_LEVELS)
    girths, half_widths, fronts, backs = _torso(posed, levels)
    xs, tops = _shoulder_line(posed, shoulder_x)
    front, back = _neck_ends(posed)
    arm_at, arm_girths = _arm(posed, armpit)
    ankle = float(posed.head("foot.L")[2])
    leg_at, leg_girths, leg_x = _leg(posed, crotch, ankle)
    fullest = -fronts if body.sex is Sex.FEMALE else girths
    chest, waist, hip = _lines(posed, levels, girths, fullest)
    return Measurements(
        arm_angle=DRESS_ARM_ANGLE,
        neck_side=(float(xs[0]), float(tops[0])),
        neck_front=float(front[2]),
        neck_back=float(back[2]),
        neck_girth=_neck_girth(posed, front, back, float(xs[0])),
        shoulder=(shoulder_x, float(np.interp(shoulder_x, xs, tops))),
        armpit=armpit,
        elbow=posed.at("lowerarm01.L"),
        wrist=posed.at("wrist.L"),
        levels=levels.astype(np.float32),
        girths=girths,
        half_widths=half_widths,
        fronts=fronts,
        backs=backs,
        shoulder_x=xs,
        shoulder_z=tops,
        arm_at=arm_at,
        arm_girths=arm_girths,
        leg_at=leg_at,
        leg_girths=leg_girths,
        leg_x=leg_x,
        chest_z=chest,
        waist_z=waist,
        hip_z=hip,
        crotch_z=crotch,
        knee_z=float(posed.head("lowerleg01.L")[2]),
        ankle_z=ankle,
    )


def _armpit(posed: _Posed) -> tuple[float, float]:
    """(x, z) of the highest point between arm and torso, as seen from the front."""
    faces = posed.faces(*_TRUNK, *_UPPER)
    faces = faces[posed.vertices[faces, 0].max(1) > 0]
    top = posed.at("upperarm01.L")[1]
    for z in np.arange(top, top - 0.4, -0.003):
        segments = cut(posed.vertices, faces, (0, 0, 1), float(z))
        spans = np.sort(segments[:, :, 0], 1)
        spans = spans[np.argsort(spans[:, 0])]
        reach = np.maximum.accumulate(spans[:, 1])
        gaps = np.flatnonzero(spans[1:, 0] > reach[:-1] + 1e-4)
        if len(gaps):
            first = int(gaps[0])
            return float((reach[first] + spans[first + 1, 0]) / 2), float(z)
    raise ValueError("the arm lies on the torso")


def _crotch(posed: _Posed) -> float:
    """Height of the lowest point on the body's middle line, between the legs."""
    faces = posed.faces(*_TRUNK)
    return float(cut(posed.vertices, faces, (1, 0, 0), 0.0)[:, :, 2].min())


def _torso(posed: _Posed, levels: NDArray[np.float64]) -> tuple[Floats, Floats, Floats, Floats]:
    """Girths, half widths, fronts and backs at heights (K,)."""
    faces = posed.faces(*_TRUNK)
    rows = []
    for z in levels:
        points = cut(posed.vertices, faces, (0, 0, 1), float(z)).reshape(-1, 3)
        x, y = points[:, 0], points[:, 1]
        rows.append((tape(points[:, :2]), float(np.abs(x).max()), y.min(), y.max()))
    columns = np.array(rows, np.float32).T
    return columns[0], columns[1], columns[2], columns[3]


def _shoulder_line(posed: _Posed, shoulder_x: float) -> tuple[Floats, Floats]:
    """(x, z) of the top of neck, shoulder and arm from where the neck is no steeper than 45°."""
    faces = posed.faces(*_UPPER, BodyPart.FACE)
    fine = np.arange(0.03, shoulder_x + 0.10, 0.003)
    tops = np.array([cut(posed.vertices, faces, (1, 0, 0), float(x))[:, :, 2].max() for x in fine])
    slope = np.gradient(np.convolve(np.pad(tops, 2, "edge"), np.full(5, 0.2), "valid"), fine)
    inner = fine < shoulder_x * 0.75
    steep = np.flatnonzero((slope < -1.0) & inner)
    start = int(steep[-1]) + 1 if len(steep) else 0
    xs = np.linspace(fine[start], fine[-1], SHOULDER_SAMPLES)
    return xs.astype(np.float32), np.interp(xs, fine, tops).astype(np.float32)


def _neck_ends(posed: _Posed) -> tuple[Floats, Floats]:
    """The lowest points of the neck on the middle line: the pit of the neck, the 7th vertebra."""
    points = posed.vertices[np.unique(posed.faces(BodyPart.NECK))]
    middle = points[np.abs(points[:, 0]) < 0.015]
    ahead = middle[:, 1] < points[:, 1].mean()
    front, back = middle[ahead], middle[~ahead]
    return front[front[:, 2].argmin()], back[back[:, 2].argmin()]


def _neck_girth(posed: _Posed, front: Floats, back: Floats, half: float) -> float:
    """Tape measure around the neck's base, in the plane through its ends and the side points."""
    along = (back - front).astype(np.float64)
    along[0] = 0.0
    along /= np.linalg.norm(along)
    normal = np.array([0.0, -along[2], along[1]])
    faces = posed.faces(BodyPart.NECK, BodyPart.TORSO)
    points = cut(posed.vertices, faces, normal.astype(np.float32), float(normal @ front))
    flat = np.stack([points[..., 0].ravel(), points.reshape(-1, 3) @ along], 1)
    return tape(flat[np.abs(flat[:, 0]) <= half + 0.003])


def _arm(posed: _Posed, armpit: tuple[float, float]) -> tuple[Floats, Floats]:
    """Distances along shoulder, elbow and wrist and the arm's girth there, armpit to wrist."""
    shoulder, elbow, wrist = (
        posed.head(name).astype(np.float64) for name in ("upperarm01.L", "lowerarm01.L", "wrist.L")
    )
    upper, fore = np.linalg.norm(elbow - shoulder), np.linalg.norm(wrist - elbow)
    along = (elbow - shoulder) / upper
    start = float((np.array([armpit[0], shoulder[1], armpit[1]]) - shoulder) @ along)
    at = np.linspace(max(start, 0.03) + 0.005, upper + fore, ARM_SAMPLES)
    faces = posed.faces(BodyPart.LEFT_ARM, BodyPart.LEFT_HAND)
    girths = []
    for distance in at:
        if distance < upper:
            girths.append(_ring(posed, faces, shoulder + along * distance, along))
        else:
            down = (wrist - elbow) / fore
            girths.append(_ring(posed, faces, elbow + down * (distance - upper), down))
    return at.astype(np.float32), np.array(girths, np.float32)


def _ring(posed: _Posed, faces: Ints, point: Points, along: Points) -> float:
    """Tape measure around a limb at a point of its axis."""
    points = cut(posed.vertices, faces, along.astype(np.float32), float(along @ point))
    across = np.array([0.0, 1.0, 0.0])
    across -= along * float(along @ across)
    across /= np.linalg.norm(across)
    flat = points.reshape(-1, 3) - point
    return tape(np.stack([flat @ across, flat @ np.cross(along, across)], 1))


def _leg(posed: _Posed, crotch: float, ankle: float) -> tuple[Floats, Floats, Floats]:
    """Heights below the crotch, the left leg's girth and the x of its centre there."""
    # A hand's breadth above the joint, the heel is out of the way.
    levels = np.linspace(crotch - 0.01, ankle + 0.04, LEG_LEVELS)
    faces = posed.faces(BodyPart.LEFT_LEG, BodyPart.LEFT_FOOT, BodyPart.TORSO)
    girths, centres = [], []
    for z in levels:
        points = cut(posed.vertices, faces, (0, 0, 1), float(z)).reshape(-1, 3)
        points = points[points[:, 0] > 0]
        girths.append(tape(points[:, :2]))
        centres.append((points[:, 0].min() + points[:, 0].max()) / 2)
    return (
        levels.astype(np.float32),
        np.array(girths, np.float32),
        np.array(centres, np.float32),
    )


def _lines(
    posed: _Posed, levels: NDArray[np.float64], girths: Floats, fullest: Floats
) -> tuple[float, float, float]:
    """Heights of chest (where `fullest` is largest), waist (slimmest about the navel) and hips."""
    low, high = float(posed.head("spine04")[2]), float(posed.head("spine02")[2])
    window = (levels >= low) & (levels <= high)
    waist = float(levels[window][girths[window].argmin()])
    above = levels > high + 0.2 * (levels[-1] - high)
    chest = float(levels[above][fullest[above].argmax()])
    root = float(posed.head("root")[2])
    below = (levels < min(root + 0.04, waist - 0.04)) & (
        levels > levels[0] + 0.3 * (root - levels[0])
    )
    hip = float(levels[below][girths[below].argmax()])
    return chest, waist, hip
