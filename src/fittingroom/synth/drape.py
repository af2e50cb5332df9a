"""Putting a garment on: from the flat layout to the dress pose, the product pictures, a pose.

The order is that of `facts/synthetic_pairs.md`: panels hang before and behind the body in the
dress pose, close around it under gravity, then the body moves into its pose and the cloth
follows. Needs the extra [synth].
"""

from dataclasses import dataclass, replace
from typing import Any, Final

import cv2
import numpy as np
import warp as wp
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.spatial import cKDTree

from fittingroom.skeleton import Joint
from fittingroom.synth.bodies import posed_joints, vertex_normals
from fittingroom.synth.cloth import (
    CONTACT_DISTANCE,
    Collider,
    Hold,
    Simulation,
    Springs,
    springs_of,
    stretch_of,
)
from fittingroom.synth.kernels import depth, look_along_y
from fittingroom.synth.shapes import (
    Anatomy,
    Fabric,
    Floats,
    GarmentKind,
    GarmentMesh,
    Ints,
    Measurements,
)
from fittingroom.synth.sleeves import LARGEST_BARE, bare_length
from fittingroom.synth.tuck import TUCK_BAND, TUCK_DEPTH, trunk_of
from fittingroom.synth.underlayers import CUTS, TANK_LIFT, LowerStyle, load_zones, lower_skin
from fittingroom.types import Category, Sleeve

DRESS_FRAMES: Final = 60
CALM_FRAMES: Final = 30
SETTLE_FRAMES: Final = 16
LAY_FRAMES: Final = 40
STRAP: Final = 0.03
"""Metres from the highest point of a sleeveless garment that cling to the shoulder."""
GAP: Final = 0.012
"""Metres between the body and the panels before the drape."""
TAUT_STEPS: Final = 150
TUBE_LEVELS: Final = 24
TUBE_CORNERS: Final = 48
LARGEST_STRETCH: Final = 1.3
"""A drape is refused when 1 % of its edges are longer than this, as a share of their cut."""
LARGEST_DEPTH: Final = 0.006
LARGEST_SLIP: Final = 0.2
"""… or when a shoulder of it lies this many metres from the shoulder of the body."""
LARGEST_SUNK: Final = 0.01
"""… or when more than this share of its vertices lies deeper in the body than LARGEST_DEPTH."""


def depths_at(points: Floats, vertices: Floats, faces: Ints) -> Floats:
    """Where lines along y through (x, z) points (N, 2) enter and leave a body: (N, 2) float32 y.

    NaN where a line misses it.
    """
    mesh = wp.Mesh(
        points=wp.array(vertices, dtype=wp.vec3, device="cpu"),
        indices=wp.array(faces.reshape(-1), dtype=int, device="cpu"),
    )
    hits = wp.zeros(len(points), dtype=wp.vec2, device="cpu")
    at = wp.array(np.ascontiguousarray(points, np.float32), dtype=wp.vec2, device="cpu")
    wp.launch(look_along_y, len(points), [mesh.id, at, hits], device="cpu")
    found = np.array(hits.numpy(), np.float32)
    found[found[:, 0] > 8] = np.nan
    return found


def hang(mesh: GarmentMesh, vertices: Floats, faces: Ints) -> Floats:
    """Panels before and behind a body in the dress pose: (N, 3) float32.

    The front lies GAP before the body, the back GAP behind it, both taut over its hollows; what
    reaches beyond the body's outline, seams included, lies midway at the depth of the nearest
    place of the outline.
    """
    at = depths_at(mesh.flat, vertices, faces)
    hit = ~np.isnan(at[:, 0])
    y = at[hit].mean(1)[_nearest(mesh.flat, mesh.flat[hit])]
    front, back = mesh.side < 0, mesh.side > 0
    y[front & hit] = at[front & hit, 0] - GAP
    y[back & hit] = at[back & hit, 1] + GAP
    y = _taut(mesh, y)
    y[front] -= mesh.lift[front]
    y[back] += mesh.lift[back]
    return np.stack([mesh.flat[:, 0], y, mesh.flat[:, 1]], 1).astype(np.float32)


def _taut(mesh: GarmentMesh, y: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Depths (N,) of panels stretched over the hollows of what they lie on, seams left alone."""
    first, second = mesh.faces[:, [0, 1, 2]].reshape(-1), mesh.faces[:, [1, 2, 0]].reshape(-1)
    ones = np.ones(2 * len(first))
    ends = np.concatenate([first, second]), np.concatenate([second, first])
    near = coo_matrix((ones, ends), shape=(len(y), len(y))).tocsr()
    count = np.maximum(np.asarray(near.sum(1))[:, 0], 1)
    front, back = mesh.side < 0, mesh.side > 0
    for _ in range(TAUT_STEPS):
        mean = (near @ y / count).astype(y.dtype)
        y = np.where(front, np.minimum(y, mean), np.where(back, np.maximum(y, mean), y))
    return y


def _nearest(points: Floats, among: Floats) -> Ints:
    """For each of points (N, 2) the number of the nearest of `among` (M, 2)."""
    found: Ints = cKDTree(among).query(points)[1]
    return found


def tube(vertices: Floats, top: float, bottom: float) -> Floats:
    """A convex tube around both legs and the hips: (TUBE_LEVELS * TUBE_CORNERS, 3) float32.

    A hem would be pinched between the thighs without it. vertices: the body's, arms left out.
    """
    rings = []
    for level in np.linspace(top, bottom, TUBE_LEVELS):
        away = np.abs(vertices[:, 2] - level)
        near = vertices[away < max(0.02, np.sort(away)[TUBE_CORNERS])]
        hull = cv2.convexHull(near[:, :2].astype(np.float32))[:, 0]
        rings.append(np.column_stack([_around(hull), np.full(TUBE_CORNERS, level)]))
    return np.concatenate(rings).astype(np.float32)


def _around(hull: Floats) -> Floats:
    """TUBE_CORNERS points of a convex outline at even angles about its middle, from +x on."""
    middle = (hull.min(0) + hull.max(0)) / 2
    angle = np.linspace(0, 2 * np.pi, TUBE_CORNERS, endpoint=False)
    ray = np.stack([np.cos(angle), np.sin(angle)], 1)
    start, end = hull - middle, np.roll(hull, -1, axis=0) - middle
    side = end - start
    normal = np.stack([side[:, 1], -side[:, 0]], 1)
    offset = (normal * start).sum(1)
    facing = ray @ normal.T * np.sign(offset)
    reach = np.where(facing > 1e-9, np.abs(offset) / np.maximum(facing, 1e-9), np.inf).min(1)
    return middle + ray * reach[:, None]


def tube_faces(first: int) -> Ints:
    """Triangles (F, 3) int32, outward, of a tube whose vertices start at number `first`."""
    ring = np.arange(TUBE_CORNERS)
    after = (ring + 1) % TUBE_CORNERS
    rows = np.arange(TUBE_LEVELS - 1)[:, None] * TUBE_CORNERS + first
    a, b = rows + ring, rows + after
    c, d = a + TUBE_CORNERS, b + TUBE_CORNERS
    return np.concatenate(
        [np.stack([a, c, b], -1).reshape(-1, 3), np.stack([b, c, d], -1).reshape(-1, 3)]
    ).astype(np.int32)


def outer_skin(anatomy: Anatomy, vertices: Floats, lower: LowerStyle) -> Floats:
    """Posed skin (V, 3), moved out onto the base layer and the lower garment: what cloth meets."""
    outer = lower_skin(anatomy, vertices, lower)
    tank = np.clip(load_zones(anatomy).tank / 0.01, 0, 1) * TANK_LIFT
    over = ((outer - vertices) * vertex_normals(vertices, anatomy.faces)).sum(1)
    lift = np.maximum(tank - np.maximum(over, 0), 0)[:, None]
    return (outer + lift * vertex_normals(outer, anatomy.faces)).astype(np.float32)


def walked(anatomy: Anatomy, frames: Floats, lower: LowerStyle) -> Floats:
    """`outer_skin` of a walk (T, V, 3).

    Exact in the last frame; before that the thickness of the first one along each frame's own
    normals, which is twenty times faster.
    """
    first = outer_skin(anatomy, frames[0], lower)
    thick = ((first - frames[0]) * vertex_normals(frames[0], anatomy.faces)).sum(1)
    moved = [
        frame + vertex_normals(frame, anatomy.faces) * thick[:, None] for frame in frames[1:-1]
    ]
    last = outer_skin(anatomy, frames[-1], lower)
    return np.stack([first, *moved, last]).astype(np.float32)


def waistline(anatomy: Anatomy, vertices: Floats, lower: LowerStyle) -> float:
    """Height z of the upper edge of a lower garment on a posed body (V, 3)."""
    zones = load_zones(anatomy)
    near = np.abs(zones.height - CUTS[lower].waist) < 0.01
    return float(np.median(vertices[near & zones.skin & (zones.arm < 0.1), 2]))


def lower_share(anatomy: Anatomy) -> Floats:
    """How far each vertex belongs to hips and legs, (V,) 0..1, by the bones that move it."""
    names = ("pelvis", "upperleg", "lowerleg", "root")
    lower = np.array([name.startswith(names) for name in anatomy.bone_names])
    return (anatomy.skin_weights * lower[anatomy.skin_bones]).sum(1)


def wearer_of(anatomy: Anatomy, mesh: GarmentMesh, measures: Measurements) -> "Wearer":
    """What a garment is draped on; legs are bridged unless it has legs of its own."""
    used = np.zeros(len(anatomy.base_index), bool)
    used[anatomy.faces] = True
    legs = np.flatnonzero(used & (lower_share(anatomy) > 0.5)).astype(np.int32)
    bottom = max(min(float(mesh.flat[:, 1].min()) - 0.06, measures.crotch_z - 0.08), 0.15)
    parted = mesh.kind in (GarmentKind.TROUSERS, GarmentKind.SHORTS)
    return Wearer(anatomy.faces, legs, measures.hip_z, None if parted else bottom)


@dataclass(frozen=True, slots=True, eq=False)
class Wearer:
    """What a garment is draped on: the posed skin (or what lies on it) and how to bridge legs.

    faces: (F, 3) int32, closed and outward. legs: numbers of the vertices of hips and legs.
    top, bottom: heights between which the legs are bridged by a convex tube; None for trousers.
    """

    faces: Ints
    legs: Ints
    top: float
    bottom: float | None

    def collider(self, frames: Floats) -> Collider:
        """Collider of posed vertices (T, V, 3), the tube around the legs included."""
        if self.bottom is None:
            return Collider(self.faces, frames)
        tubes = np.stack([tube(frame[self.legs], self.top, self.bottom) for frame in frames])
        faces = np.concatenate([self.faces, tube_faces(frames.shape[1])])
        return Collider(faces, np.concatenate([frames, tubes], axis=1))


@dataclass(frozen=True, slots=True, eq=False)
class Draping:
    """One garment on one wearer: everything that its simulations share."""

    mesh: GarmentMesh
    fabric: Fabric
    springs: Springs
    wearer: Wearer

    @classmethod
    def of(cls, mesh: GarmentMesh, fabric: Fabric, wearer: Wearer) -> "Draping":
        """Work out the constraints once."""
        return cls(mesh, fabric, springs_of(mesh, fabric), wearer)

    def dress(self, body: Floats) -> Floats:
        """Close the garment around a body (V, 3) in the dress pose: (N, 3) float32."""
        frames = np.repeat(body[None], DRESS_FRAMES, axis=0)
        collider = self.wearer.collider(frames[:1])
        start = hang(self.mesh, collider.frames[0], collider.faces)
        return self._run(start, frames, self._held(CALM_FRAMES), CALM_FRAMES)

    def tuck_line(self, dressed: Floats, waistline: float) -> float | None:
        """Where the garment is tucked in: z in its flat layout of what lies at a waistline.

        None where it does not reach that far.
        """
        trunk = np.flatnonzero(trunk_of(self.mesh))
        near = trunk[np.abs(dressed[trunk, 2] - (waistline - TUCK_DEPTH)) < TUCK_BAND]
        if dressed[trunk, 2].min() > waistline - 0.05 or not len(near):
            return None
        return round(float(np.median(self.mesh.flat[near, 1])), 4)

    def move(self, dressed: Floats, path: Floats, tuck: float | None = None) -> Floats:
        """Let a dressed garment follow a body along path (T, V, 3) and settle: (N, 3) float32.

        tuck: `tuck_line`; the body must then be without the lower garment.
        """
        frames = np.concatenate([path, np.repeat(path[-1:], SETTLE_FRAMES, axis=0)])
        if tuck is None:
            return self._run(dressed, frames, self._held(0))
        trunk, z = trunk_of(self.mesh), self.mesh.flat[:, 1]
        held = np.flatnonzero(trunk & (np.abs(z - tuck) < TUCK_BAND)).astype(np.int32)
        under = np.where(trunk & (z < tuck + TUCK_DEPTH), -CONTACT_DISTANCE, 0.0)
        return self._run(dressed, frames, Hold(held, 0.0, 0), extra=under.astype(np.float32))

    def _held(self, frame: int) -> Hold | None:
        """What holds a garment: the waistband from a frame on, or straps on the shoulders."""
        if self.mesh.category is Category.LOWER:
            return Hold(self.mesh.belt, 0.005, frame)
        if self.mesh.sleeve is not Sleeve.NONE:
            return None
        # Real straps cling; without this they slide off, at the latest when an arm is lifted.
        top = self.mesh.flat[:, 1]
        straps = np.flatnonzero(trunk_of(self.mesh) & (top > top.max() - STRAP)).astype(np.int32)
        return Hold(straps, CONTACT_DISTANCE, 0, 0.2)

    def _run(
        self,
        start: Floats,
        frames: Floats,
        hold: Hold | None,
        calm: int = 0,
        extra: Floats | None = None,
    ) -> Floats:
        collider = self.wearer.collider(frames)
        lift = self.mesh.lift if extra is None else self.mesh.lift + extra
        simulation = Simulation(self.springs, self.fabric, start, collider, lift, hold, calm)
        simulation.run()
        return simulation.vertices


def lay_flat(mesh: GarmentMesh, fabric: Fabric, rng: np.random.Generator) -> Floats:
    """The garment laid on a ground, seen from above: (N, 3) float32, the ground is y = 0.

    Starts from the flat layout, pushed together here and there so that it has cloth for
    wrinkles, sleeves turned a little; the front lies on the back by contact with two planes.
    """
    flat = _creased(mesh.flat, rng)
    bumps = 0.5 + 0.5 * np.sin(_wave(mesh.flat, rng)) * np.sin(_wave(mesh.flat, rng))
    y = np.where(mesh.side > 0, -0.004, np.where(mesh.side < 0, -0.012 - 0.012 * bumps, -0.006))
    y -= mesh.lift
    start = np.stack([flat[:, 0], y, flat[:, 1]], 1).astype(np.float32)
    faces, corners = _ground(mesh.flat)
    # The front stays further from the ground by the back that it lies on.
    extra = np.where(mesh.side > 0, 0.0, 0.004).astype(np.float32) + mesh.lift
    collider = Collider(faces, np.repeat(corners[None], LAY_FRAMES, axis=0))
    # Smoothed by hand, as for a photo: stiffer and lighter than it is when worn.
    stiff = replace(fabric, bend=min(10 * fabric.bend, 0.2), friction=0.6)
    simulation = Simulation(springs_of(mesh, stiff), stiff, start, collider, extra)
    simulation.run(gravity=(0.0, 2.5, 0.0))
    return _front_over_back(mesh, simulation.vertices)


def _front_over_back(mesh: GarmentMesh, vertices: Floats) -> Floats:
    """Lift the front of a flat-lay 2 mm over the back where the back's wrinkles reach through."""
    behind = (mesh.side[mesh.faces] >= 0).all(1)
    front = np.flatnonzero(mesh.side < 0)
    below = depths_at(vertices[front][:, [0, 2]], vertices, mesh.faces[behind])[:, 0]
    lifted = vertices.copy()
    over = np.fmin(vertices[front, 1], below - 0.002)
    lifted[front, 1] = over
    return lifted


def _creased(flat: Floats, rng: np.random.Generator) -> Floats:
    """The flat layout (N, 2), moved by smooth waves that leave cloth for a few wrinkles."""
    moved = flat * 0.996
    for _ in range(4):
        direction = rng.normal(size=2)
        direction /= np.linalg.norm(direction)
        moved = moved + 0.0012 * np.sin(_wave(flat, rng))[:, None] * direction
    return moved.astype(np.float32)


def _wave(flat: Floats, rng: np.random.Generator) -> Floats:
    """Phase of a plane wave of random direction, 12 to 40 cm long, at points (N, 2)."""
    direction = rng.normal(size=2)
    direction /= np.linalg.norm(direction)
    length, start = rng.uniform(0.12, 0.4), rng.uniform(0, 6.28)
    return (2 * np.pi * (flat @ direction) / length + start).astype(np.float32)


def _ground(flat: Floats) -> tuple[Ints, Floats]:
    """A rectangle at y = 0 that faces -y and reaches half a metre beyond the garment."""
    low, high = flat.min(0) - 0.5, flat.max(0) + 0.5
    corners = [
        (low[0], 0, low[1]),
        (high[0], 0, low[1]),
        (high[0], 0, high[1]),
        (low[0], 0, high[1]),
    ]
    return np.array([[0, 1, 2], [0, 2, 3]], np.int32), np.array(corners, np.float32)


def fault(mesh: GarmentMesh, vertices: Floats, body: Floats, anatomy: Anatomy) -> str | None:
    """Why a drape must be refused, or None.

    One of "exploded", "stretched", "sunk", "slid" and "arm outside its sleeve".
    vertices: (N, 3) of the garment, body: (V, 3) posed skin or what lies on it, of `anatomy`.
    """
    faces = anatomy.faces
    if not np.isfinite(vertices).all() or np.abs(vertices).max() > 4:
        return "exploded"
    if np.percentile(stretch_of(mesh, vertices), 99) > LARGEST_STRETCH:
        return "stretched"
    if sunk(vertices, body, faces) > LARGEST_SUNK:
        return "sunk"
    joints = posed_joints(anatomy, body)
    if _slid(mesh, vertices, joints):
        return "slid"
    bare = bare_length(mesh, vertices, joints) > LARGEST_BARE
    return "arm outside its sleeve" if bare else None


def _slid(mesh: GarmentMesh, vertices: Floats, joints: Floats) -> bool:
    """Whether a shoulder of the garment hangs further from its joint than LARGEST_SLIP."""
    pairs = (("shoulder_left", Joint.LEFT_SHOULDER), ("shoulder_right", Joint.RIGHT_SHOULDER))
    gaps = [
        np.linalg.norm(vertices[mesh.landmarks[name]] - joints[joint])
        for name, joint in pairs
        if name in mesh.landmarks
    ]
    return bool(gaps) and float(max(gaps)) > LARGEST_SLIP


def sunk(vertices: Floats, body: Floats, faces: Ints) -> float:
    """Share of a garment's vertices that lie deeper in a body than LARGEST_DEPTH."""
    points = wp.array(vertices, dtype=wp.vec3, device="cpu")
    corners = wp.array(faces.reshape(-1), dtype=int, device="cpu")
    mesh = wp.Mesh(points=wp.array(body, dtype=wp.vec3, device="cpu"), indices=corners)
    deep = wp.zeros(len(vertices), dtype=float, device="cpu")
    normals = wp.array(vertex_normals(body, faces), dtype=wp.vec3, device="cpu")
    wp.launch(depth, len(vertices), [mesh.id, points, normals, deep], device="cpu")
    return float((deep.numpy() > LARGEST_DEPTH).mean())
