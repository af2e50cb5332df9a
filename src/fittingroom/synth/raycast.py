"""Rays against triangles: the only module that talks to embree.

Frames and units are those of `shapes`: metres, x to the person's left, y away, z up. All rays of
one call go through embree together; nothing here depends on the order or the number of threads.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom.synth.shapes import Bytes, Camera, Floats, Ints

FAR: Final = 1e9
"""Limit of a ray that may run on for ever, metres."""

_LAYERS: Final = 8
"""Transparent layers that a ray passes before the next one counts as solid."""
_STEP: Final = 1e-5
"""How far behind a transparent hit the ray goes on, metres."""
_MOST: Final = 1 << 20
"""Rays that are cast in one go; more would only cost memory."""
_PATTERNS: Final = {1: 1, 5: 2, 9: 2, 13: 5, 25: 7}


@dataclass(frozen=True, slots=True, eq=False)
class Shell:
    """Triangles that rays can meet.

    vertices: (V, 3) float32. faces: (F, 3) int32. uv: (F, 3, 2) float32, v upwards, and coverage:
    (h, w) uint8, 255 = solid, of shells that are seen through in places; both None otherwise.
    keep: (F,) bool, the triangles that are there; None = all.
    """

    vertices: Floats
    faces: Ints
    uv: Floats | None = None
    coverage: Bytes | None = None
    keep: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """The first surface that each of n rays meets.

    face: (n,) int32, triangle counted through all shells in their order, -1 = none.
    u, v: (n,) float32: the point is (1-u-v) A + u B + v C of the triangle's corners.
    distance: (n,) float32, in lengths of the ray's direction, inf = none.
    """

    face: Ints
    u: Floats
    v: Floats
    distance: Floats


class Caster:
    """Shells made ready for rays.

    shell: (F,) uint8, the shell that each triangle belongs to. vertices (V, 3) float32 and faces
    (F, 3) int32 hold all shells one after the other.
    """

    def __init__(self, shells: Sequence[Shell]) -> None:
        """Build the search trees of all shells; about 2 microseconds a triangle."""
        counts = [len(shell.faces) for shell in shells]
        starts = np.cumsum([0] + [len(shell.vertices) for shell in shells])
        self.shell: Bytes = np.repeat(np.arange(len(shells), dtype=np.uint8), counts)
        self.vertices: Floats = np.concatenate(
            [np.zeros((0, 3), np.float32)] + [shell.vertices for shell in shells]
        ).astype(np.float32)
        self.faces: Ints = np.concatenate(
            [np.zeros((0, 3), np.int32)]
            + [shell.faces + start for shell, start in zip(shells, starts, strict=False)]
        ).astype(np.int32)
        self._shells = tuple(shells)
        self._first = np.cumsum([0, *counts])
        thin = np.array([shell.coverage is not None for shell in shells], bool)
        there = np.concatenate(
            [np.zeros(0, bool)]
            + [np.ones(len(s.faces), bool) if s.keep is None else s.keep for s in shells]
        )
        hard, soft = there & ~thin[self.shell], there & thin[self.shell]
        self._thick = _Tree(self.vertices, self.faces, np.flatnonzero(hard))
        self._thin = _Tree(self.vertices, self.faces, np.flatnonzero(soft))

    def first(self, origins: Floats, directions: Floats, keys: Ints | None = None) -> Hits:
        """Return the first hit of each ray.

        origins, directions: (n, 3) float32. keys: (n,) int32, what decides whether a half covered
        point is hit (the same key answers the same); None = the ray's number.
        """
        count = len(origins)
        hits = _nothing(count)
        keys = np.arange(count, dtype=np.int32) if keys is None else keys
        for start in range(0, count, _MOST):
            part = slice(start, min(start + _MOST, count))
            rays = _Rays(origins[part], directions[part])
            found = self._thick.first(rays, np.full(len(rays.origins), FAR, np.float32))
            if len(self._thin.faces):
                found = self._through(rays, found, keys[part])
            for name in ("face", "u", "v", "distance"):
                getattr(hits, name)[part] = getattr(found, name)
        return hits

    def blocked(
        self, origins: Floats, directions: Floats, limits: Floats | None = None
    ) -> NDArray[np.bool_]:
        """Return (n,) bool, whether anything lies on each ray before its limit (n,) float32.

        Of thin shells only the nearest layer is looked at, as soft shadows need no more.
        """
        rays = _Rays(origins, directions)
        limits = np.full(len(origins), FAR, np.float32) if limits is None else limits
        answer: NDArray[np.bool_] = self._thick.blocked(rays, limits)
        if len(self._thin.faces) and not answer.all():
            left = np.flatnonzero(~answer)
            hits = self._thin.first(rays.take(left), limits[left])
            there = np.flatnonzero(hits.face >= 0)
            solid = self._solid(hits, there, left[there].astype(np.int32), 0)
            answer[left[there[solid]]] = True
        return answer

    def _through(self, rays: "_Rays", found: Hits, keys: Ints) -> Hits:
        """Return `found` with nearer hits on thin shells put in."""
        live, past = np.arange(len(keys)), np.zeros(len(keys), np.float32)
        for layer in range(_LAYERS):
            shifted = _Rays(
                rays.origins[live] + rays.directions[live] * past[live, None],
                rays.directions[live],
            )
            limits = np.minimum(found.distance[live], FAR) - past[live]
            hits = self._thin.first(shifted, limits.astype(np.float32))
            there = np.flatnonzero(hits.face >= 0)
            solid = self._solid(hits, there, keys[live[there]], layer)
            if layer == _LAYERS - 1:
                solid = np.ones(len(there), bool)
            target, source = live[there[solid]], there[solid]
            for name in ("face", "u", "v"):
                getattr(found, name)[target] = getattr(hits, name)[source]
            found.distance[target] = hits.distance[source] + past[target]
            rest = there[~solid]
            past[live[rest]] += hits.distance[rest] + np.float32(_STEP)
            live = live[rest]
            if not len(live):
                break
        return found

    def _solid(
        self, hits: Hits, rows: NDArray[np.intp], keys: Ints, layer: int
    ) -> NDArray[np.bool_]:
        """Return (m,) bool: whether hits on thin shells (their `rows`) are on covered cloth."""
        cover = np.zeros(len(rows), np.uint8)
        faces = hits.face[rows]
        shells = self.shell[faces]
        for number in np.unique(shells):
            shell = self._shells[number]
            if shell.uv is None or shell.coverage is None:
                continue
            mine = np.flatnonzero(shells == number)
            own = rows[mine]
            uv = corners(shell.uv, faces[mine] - self._first[number], hits.u[own], hits.v[own])
            cover[mine] = lookup(shell.coverage, uv)
        noise = keys.astype(np.uint32) * np.uint32(2654435761) + np.uint32(layer * 374761393)
        noise = (noise ^ (noise >> np.uint32(15))) * np.uint32(2246822519)
        solid: NDArray[np.bool_] = cover > 1 + (noise ^ (noise >> np.uint32(13))) % np.uint32(254)
        return solid


@dataclass(frozen=True, slots=True, eq=False)
class _Rays:
    """Origins and directions (n, 3) float32."""

    origins: Floats
    directions: Floats

    def take(self, rows: NDArray[np.intp]) -> "_Rays":
        """Return some of the rays."""
        return _Rays(self.origins[rows], self.directions[rows])


class _Tree:
    """One embree scene over some of the triangles; `faces` (K,) are their numbers."""

    def __init__(self, vertices: Floats, faces: Ints, chosen: NDArray[np.intp]) -> None:
        self.faces: Ints = chosen.astype(np.int32)
        self._scene: Any = None
        if len(chosen):
            from embreex.mesh_construction import TriangleMesh  # noqa: PLC0415 - an extra
            from embreex.rtcore_scene import EmbreeScene  # noqa: PLC0415 - an extra

            self._scene = EmbreeScene(robust=True)
            TriangleMesh(
                self._scene,
                np.ascontiguousarray(vertices, np.float32),
                np.ascontiguousarray(faces[chosen], np.int32),
            )

    def first(self, rays: _Rays, limits: Floats) -> Hits:
        """Return the first hits nearer than `limits` (n,) float32."""
        if self._scene is None or not len(limits):
            return _nothing(len(limits))
        found = self._scene.run(rays.origins, rays.directions, dists=limits, output=1)
        local = found["primID"]
        missed = local < 0
        face = self.faces[np.maximum(local, 0)]
        face[missed] = -1
        distance = found["tfar"]
        distance[missed] = np.inf
        return Hits(face, found["u"], found["v"], distance)

    def blocked(self, rays: _Rays, limits: Floats) -> NDArray[np.bool_]:
        """Return (n,) bool, whether anything is hit nearer than `limits` (n,) float32."""
        if self._scene is None or not len(limits):
            return np.zeros(len(limits), bool)
        found = self._scene.run(rays.origins, rays.directions, dists=limits, query="OCCLUDED")
        blocked: NDArray[np.bool_] = found >= 0
        return blocked


def _nothing(count: int) -> Hits:
    """Return hits of `count` rays that met nothing."""
    zeros = np.zeros(count, np.float32)
    none = np.full(count, -1, np.int32)
    return Hits(none, zeros, zeros.copy(), np.full(count, np.inf, np.float32))


def corners(values: Floats, faces: Ints, u: Floats, v: Floats) -> Floats:
    """Interpolate values at the triangles' corners (F, 3, k) float32 to hits: (n, k) float32."""
    a, b, c = (values[:, corner].astype(np.float32)[faces] for corner in range(3))
    a += (b - a) * u[:, None] + (c - a) * v[:, None]
    return a


def at_vertices(values: Floats, faces: Ints, u: Floats, v: Floats) -> Floats:
    """Interpolate values at vertices (V, k) to hits on `faces` (n, 3): (n, k) float32."""
    a, b, c = (values[faces[:, corner]] for corner in range(3))
    point: Floats = a + (b - a) * u[:, None] + (c - a) * v[:, None]
    return point


def lookup(texture: Bytes, uv: Floats) -> Bytes:
    """Read a repeating texture (h, w[, k]) uint8 at uv (n, 2), v upwards, bilinearly: (n[, k])."""
    height, width = texture.shape[:2]
    count, row = len(uv), 1024
    rows = -(-count // row)
    x = np.zeros(rows * row, np.float32)
    y = np.zeros(rows * row, np.float32)
    x[:count] = (uv[:, 0] - np.floor(uv[:, 0])) * width - 0.5
    y[:count] = (1 - (uv[:, 1] - np.floor(uv[:, 1]))) * height - 0.5
    if not count:
        return np.zeros((0, *texture.shape[2:]), np.uint8)
    read = cv2.remap(
        texture,
        x.reshape(rows, row),
        y.reshape(rows, row),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_WRAP,
    )
    return np.asarray(read, np.uint8).reshape(rows * row, *texture.shape[2:])[:count]


def sample_offsets(samples: int) -> Floats:
    """Return where in a pixel its rays go: (samples, 2) float32, x and y from the pixel's centre.

    `samples` is 1, 5, 9, 13 or 25. The first ray goes through the centre, the others follow by
    their distance; they lie point-symmetrically, each in its own row and column.
    """
    if samples not in _PATTERNS:
        raise ValueError(f"samples must be one of {sorted(_PATTERNS)}, got {samples}")
    half = samples // 2
    x = np.arange(-half, half + 1)
    y = (x * _PATTERNS[samples] + half) % samples - half
    offsets = np.stack([x, y], axis=1).astype(np.float32) / np.float32(samples)
    order = np.argsort(np.abs(offsets).max(axis=1) + np.abs(offsets).sum(axis=1), kind="stable")
    return offsets[order]


def camera_rays(camera: Camera, x: Floats, y: Floats) -> Floats:
    """Return the directions (n, 3) float32 of rays through pixels x, y (n,); their y is 1.

    The distance along such a ray is the depth behind the camera in metres.
    """
    rays = np.empty((*np.shape(x), 3), np.float32)
    rays[..., 0] = (x - np.float32(camera.centre[0])) / np.float32(camera.focal)
    rays[..., 1] = 1
    rays[..., 2] = (np.float32(camera.centre[1]) - y) / np.float32(camera.focal)
    return rays


def project(camera: Camera, points: Floats) -> Floats:
    """Return x, y in pixels and depth in metres (n, 3) float32 of points (n, 3)."""
    depth = points[:, 1] - np.float32(camera.eye[1])
    scale = np.float32(camera.focal) / np.maximum(depth, 1e-6)
    x = camera.centre[0] + scale * (points[:, 0] - np.float32(camera.eye[0]))
    y = camera.centre[1] - scale * (points[:, 2] - np.float32(camera.eye[2]))
    return np.stack([x, y, depth], axis=1).astype(np.float32)
