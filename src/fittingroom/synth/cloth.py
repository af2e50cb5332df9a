"""Cloth by position based dynamics (Mueller et al. 2007) on warp's CPU backend.

One sweep of Gauss-Seidel over stretch and bending constraints in each of many small steps, then
contact with an animated, closed body. Gauss-Seidel changes positions in place, so each kernel is
one thread that loops: the result does not depend on any order of threads. Needs the extra [synth].
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import warp as wp

from fittingroom.synth.bodies import vertex_normals
from fittingroom.synth.kernels import (
    find_contacts,
    hold_lengths,
    predict,
    pull,
    touch,
    update_speed,
)
from fittingroom.synth.shapes import Fabric, Floats, GarmentMesh, Ints

SUBSTEPS: Final = 20
FRAME_SECONDS: Final = 1 / 60
CONTACT_DISTANCE: Final = 0.003
"""Metres between the middle of a cloth and the body."""
REACH: Final = 0.06
"""Contacts are looked for this far from a vertex, in metres; further off nothing can touch."""
LARGEST_PUSH: Final = 0.01
"""A vertex is moved out of the body by at most this many metres a step, or it shoots away."""
FASTEST: Final = 1.2
"""Metres a second; nothing that hangs on a moving arm is faster."""
CALM: Final = 0.4
"""… and in frames in which cloth is only to find its place, or it crumples on arrival."""
DRAG: Final = 6.0
"""Share of the speed that air takes in a second."""


@dataclass(frozen=True, slots=True, eq=False)
class Springs:
    """Length constraints.

    pairs: (K, 2) int32 vertices. rest: (K,) metres. stretch, compress: (K,) float32, the share of
    an excess or of a lack of length that one sweep takes away.
    """

    pairs: Ints
    rest: Floats
    stretch: Floats
    compress: Floats


def springs_of(mesh: GarmentMesh, fabric: Fabric) -> Springs:
    """Stretch constraints along all edges, bending constraints across all inner edges.

    Rest lengths are those of the sheet. A bending constraint holds the two corners opposite an
    edge at the distance that they have when both triangles are unfolded flat: with the folded
    distance, side seams would stay folded like a hinge.
    """
    edge, along, height, length = _half_edges(mesh)
    order = np.lexsort((edge[:, 1], edge[:, 0]))
    first = np.ones(len(edge), bool)
    first[1:] = (edge[order][1:] != edge[order][:-1]).any(1)
    group = np.cumsum(first) - 1
    count = np.bincount(group)
    edges = edge[order][first]
    rest = np.bincount(group, length[order]) / count
    at = np.flatnonzero(first)[count == 2]
    left, right = order[at], order[at + 1]
    opposite = mesh.faces.reshape(-1)
    bends = np.stack([opposite[left], opposite[right]], 1)
    unfolded = np.hypot(height[left] + height[right], along[left] - along[right])
    bend = np.full(len(bends), fabric.bend)
    compress = np.full(len(edges), fabric.compress)
    return Springs(
        np.concatenate([edges, bends]).astype(np.int32),
        np.concatenate([rest, unfolded]).astype(np.float32),
        np.concatenate([np.ones(len(edges)), bend]).astype(np.float32),
        np.concatenate([compress, bend]).astype(np.float32),
    )


def _half_edges(mesh: GarmentMesh) -> tuple[Ints, Floats, Floats, Floats]:
    """For each corner, the edge opposite to it as it lies on the sheet.

    Its vertices (lower number first), where the corner's foot lies along it, measured from the
    lower number, the corner's height over it, and its length.
    """
    corner = mesh.faces[:, [[1, 2], [2, 0], [0, 1]]].reshape(-1, 2)
    start = mesh.uv[:, [1, 2, 0]].reshape(-1, 2).astype(np.float64)
    end = mesh.uv[:, [2, 0, 1]].reshape(-1, 2).astype(np.float64)
    swap = corner[:, 0] > corner[:, 1]
    start[swap], end[swap] = end[swap], start[swap]
    line = end - start
    length = np.linalg.norm(line, axis=1)
    out = mesh.uv.reshape(-1, 2) - start
    along = (out * line).sum(1) / length
    height = np.abs(out[:, 0] * line[:, 1] - out[:, 1] * line[:, 0]) / length
    return np.sort(corner, axis=1), along, height, length


@dataclass(frozen=True, slots=True, eq=False)
class Collider:
    """What cloth collides with: faces (F, 3) int32 and, frame by frame, vertices (T, V, 3)."""

    faces: Ints
    frames: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Hold:
    """Vertices that are held at the body from the frame `start` on.

    Each stays `height` metres above the point that was nearest then. strength: share of the way
    that is taken in each step.
    """

    vertices: Ints
    height: float
    start: int
    strength: float = 0.3


class Simulation:
    """One garment on one animated body.

    start: (N, 3) float32 positions in the first frame. `extra` (N,) metres is added to the
    contact distance of each vertex. After `run`, `vertices` holds the last positions.
    """

    def __init__(
        self,
        springs: Springs,
        fabric: Fabric,
        start: Floats,
        collider: Collider,
        extra: Floats,
        hold: Hold | None = None,
        calm: int = 0,
    ) -> None:
        """Move everything into warp's arrays; nothing runs yet. calm: frames of slow motion."""
        wp.config.quiet = True
        self._fabric = fabric
        self._collider = collider
        self._hold = hold
        self._calm = calm
        self._pairs = wp.array(springs.pairs, dtype=wp.vec2i, device="cpu")
        self._rest = wp.array(springs.rest, dtype=float, device="cpu")
        self._stretch = wp.array(springs.stretch, dtype=float, device="cpu")
        self._compress = wp.array(springs.compress, dtype=float, device="cpu")
        self._x = _vectors(start)
        self._before = _vectors(start)
        self._speed = wp.zeros(len(start), dtype=wp.vec3, device="cpu")
        self._distance = wp.array(extra + CONTACT_DISTANCE, dtype=float, device="cpu")
        self._face = wp.zeros(len(start), dtype=int, device="cpu")
        self._weights = wp.zeros(len(start), dtype=wp.vec2, device="cpu")
        self._corners = wp.array(collider.faces.reshape(-1), dtype=int, device="cpu")
        self._mesh = wp.Mesh(points=_vectors(collider.frames[0]), indices=self._corners)
        self._held: _Held | None = None

    @property
    def vertices(self) -> Floats:
        """Positions now, (N, 3) float32."""
        return np.array(self._x.numpy(), np.float32)

    def run(self, gravity: tuple[float, float, float] = (0.0, 0.0, -9.81)) -> Floats:
        """Simulate all frames of the collider; return the positions, (T, N, 3) float32."""
        frames = self._collider.frames
        path = np.empty((len(frames), self._x.shape[0], 3), np.float32)
        for number in range(len(frames)):
            self._frame(number, wp.vec3(*gravity))
            path[number] = self._x.numpy()
        return path

    def _frame(self, number: int, gravity: Any) -> None:
        frames = self._collider.frames
        old = _vectors(frames[max(number - 1, 0)])
        new = _vectors(frames[number])
        normals = _vectors(vertex_normals(frames[number], self._collider.faces))
        # Contacts are looked for on the body as it was: there the cloth still lies outside of it.
        # On the body as it will be, a fast arm would find itself beside its own sleeve.
        wp.copy(self._mesh.points, old)
        self._mesh.refit()
        wp.launch(
            find_contacts,
            self._x.shape[0],
            [self._x, self._mesh.id, REACH, self._face, self._weights],
            device="cpu",
        )
        if self._hold is not None and number == self._hold.start:
            self._held = _Held.of(self._hold, self._face, self._weights)
        for step in range(SUBSTEPS):
            limit = CALM if number < self._calm else FASTEST
            self._step((step + 1) / SUBSTEPS, gravity, (old, new, normals), limit)

    def _step(self, share: float, gravity: Any, body: tuple[Any, Any, Any], limit: float) -> None:
        count = self._x.shape[0]
        seconds = FRAME_SECONDS / SUBSTEPS
        moving = [self._x, self._before]
        place = [self._face, self._weights, self._corners, *body]
        wp.launch(predict, count, [*moving, self._speed, gravity, seconds, DRAG], device="cpu")
        springs = [self._pairs, self._rest, self._stretch, self._compress]
        wp.launch(hold_lengths, 1, [self._x, *springs], device="cpu")
        if self._held is not None:
            self._held.pull(self._x, self._corners, body, share)
        contact = [self._distance, share, 1 / SUBSTEPS, self._fabric.friction, LARGEST_PUSH]
        wp.launch(touch, count, [*moving, *place, *contact], device="cpu")
        wp.launch(update_speed, count, [*moving, self._speed, seconds, limit], device="cpu")


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """The points of the body that held vertices hang on, as warp arrays."""

    who: Any
    face: Any
    weights: Any
    height: Any
    strength: float

    @classmethod
    def of(cls, hold: Hold, face: Any, weights: Any) -> "_Held":
        who = hold.vertices
        return cls(
            wp.array(who, dtype=int, device="cpu"),
            wp.array(face.numpy()[who], dtype=int, device="cpu"),
            wp.array(weights.numpy()[who], dtype=wp.vec2, device="cpu"),
            wp.array(np.full(len(who), hold.height), dtype=float, device="cpu"),
            hold.strength,
        )

    def pull(self, x: Any, corners: Any, body: tuple[Any, Any, Any], share: float) -> None:
        wp.launch(
            pull,
            self.who.shape[0],
            [x, self.who, self.face, self.weights, self.height, corners, *body, share]
            + [self.strength],
            device="cpu",
        )


def _vectors(values: Floats) -> Any:
    return wp.array(np.ascontiguousarray(values, np.float32), dtype=wp.vec3, device="cpu")


def stretch_of(mesh: GarmentMesh, vertices: Floats) -> Floats:
    """Length of each triangle's edges over their length on the sheet, (F, 3) float32."""
    now = np.linalg.norm(vertices[mesh.faces] - vertices[mesh.faces[:, [1, 2, 0]]], axis=2)
    rest = np.linalg.norm(mesh.uv - mesh.uv[:, [1, 2, 0]], axis=2)
    return (now / np.maximum(rest, 1e-9)).astype(np.float32)
