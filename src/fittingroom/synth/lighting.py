"""Light on what a camera sees: ambient light by cosine rays, a soft key light, the ground's share.

Only the visibility of the light is sampled and smoothed; how surfaces face it is exact, so that
folds stay crisp with few rays.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom.synth.raycast import Caster, camera_rays
from fittingroom.synth.shapes import Bytes, Camera, Floats, Material

FULL: Final = 200
"""Stored value of light that is not blocked, on a surface that faces it."""

_TILE: Final = 4
"""Pixels a side that share one well-spread set of directions."""
_TAPS: Final = ((0, 1, 0.5), (1, 0, 0.5), (1, 1, 0.25), (1, -1, 0.25))
_RANKS: Final = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]])
_GOLDEN: Final = (0.7548776662466927, 0.5698402909980532)
_BOUNCE: Final = 0.25
"""Share of the ambient light that comes from where a near surface blocks it."""
_OFFSET: Final = 0.0015
_HAIR_OFFSET: Final = 0.02
_SKIN_REACH: Final = 0.004
"""How far light wanders under the skin, metres."""


@dataclass(frozen=True, slots=True)
class Studio:
    """The light of a picture.

    key: (x, y, z) from the person towards the key light, of any length. spread: its angular
    radius in radians, .02 = hard, .3 = a wide softbox. sky: how much more ambient light comes
    from above than from the side, 0 to .6. ambient_rays, key_rays: rays a pixel. wall: y of the
    wall behind the person, floor: z of the floor, metres.
    """

    key: tuple[float, float, float] = (-0.5, -0.8, 0.8)
    spread: float = 0.15
    sky: float = 0.3
    ambient_rays: int = 3
    key_rays: int = 2
    wall: float = 1.5
    floor: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Spot:
    """The n pixels of a picture of `size` that show something; all (n, 3) float32 in metres.

    rows, columns: (n,) their places. points: where the light falls. rays: towards them, y = 1.
    normal: smooth, flat: of the triangle, both outward. material: (n,) uint8. ident: (n,) uint8,
    differs between things whose light must not mix.
    """

    size: tuple[int, int]
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    points: Floats
    rays: Floats
    normal: Floats
    flat: Floats
    material: Bytes
    ident: Bytes


def light_spots(studio: Studio, spots: Spot, casters: Sequence[Caster]) -> Bytes:
    """Return (h, w, 2) uint8: ambient and key irradiance, 200 = unblocked and facing; 0 = none."""
    light = np.zeros((*spots.size, 2), np.uint8)
    if not len(spots.rows):
        return light
    flat = _towards_viewer(spots.flat, spots.rays)
    normal = _towards_viewer(spots.normal, spots.rays, flat)
    offset = np.where(spots.material == Material.HAIR, _HAIR_OFFSET, _OFFSET).astype(np.float32)
    origins = spots.points + flat * offset[:, None]
    rank = _RANKS[spots.rows % _TILE, spots.columns % _TILE]
    ambient = _ambient_seen(studio, origins, flat, rank, casters)
    key = _key_seen(studio, origins, flat, rank, casters)
    guide = _Guide(spots, normal)
    seen = guide.smooth(np.stack([ambient, key], axis=1), (1, 2, 4))
    direction = _unit(np.array(studio.key, np.float32))
    facing = normal @ direction
    wrap = np.where(spots.material == Material.SKIN, 0.12, 0.0).astype(np.float32)
    seen[:, 0] *= 1 + np.float32(studio.sky * 2 / 3) * normal[:, 2]
    seen[:, 1] *= np.maximum(facing + wrap, 0) / (1 + wrap)
    seen = _under_skin(spots, guide, seen)
    light[spots.rows, spots.columns] = np.clip(np.rint(seen * FULL), 0, 255).astype(np.uint8)
    return light


def ground_light(studio: Studio, camera: Camera, casters: Sequence[Caster], step: int = 2) -> Bytes:
    """Return how much light reaches floor and wall: (h // step, w // step) uint8, 255 = all.

    It goes on behind the person. Half the picture's size is enough for soft shadows.
    """
    height, width = camera.size[0] // step, camera.size[1] // step
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) * step + np.float32((step - 1) / 2)
    rays = camera_rays(camera, x.ravel(), y.ravel())
    with np.errstate(divide="ignore"):
        drop = np.float32(studio.floor - camera.eye[2])
        floor = np.where(rays[:, 2] < 0, drop / rays[:, 2], np.inf)
    depth = np.minimum(floor, np.float32(studio.wall - camera.eye[1]))
    normal = np.zeros_like(rays)
    normal[floor <= depth, 2] = 1
    normal[floor > depth, 1] = -1
    points = np.array(camera.eye, np.float32) + rays * depth[:, None] + normal * 0.002
    rank = _RANKS[np.indices((height, width))[0] % 4, np.indices((height, width))[1] % 4].ravel()
    seen = 0.5 * _ambient_seen(studio, points, normal, rank, casters)
    seen += 0.5 * _key_seen(studio, points, normal, rank, casters)
    picture = seen.reshape(height, width).astype(np.float32)
    picture = cv2.blur(picture, (4, 4), borderType=cv2.BORDER_REFLECT_101)
    near = cv2.GaussianBlur(picture, (0, 0), 1.0 + height / 256)
    far = cv2.GaussianBlur(picture, (0, 0), _penumbra(studio, camera, casters) / step + 1)
    picture = np.where((floor > depth).reshape(height, width), far, near)
    return np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)


def _penumbra(studio: Studio, camera: Camera, casters: Sequence[Caster]) -> float:
    """Return about how wide the edge of a shadow on the wall is, in pixels of the picture."""
    furthest = max((c.vertices[:, 1].max() for c in casters if len(c.vertices)), default=0.0)
    gap = max(studio.wall - float(furthest), 0.0)
    width = 0.5 * gap * (np.tan(studio.spread) + 0.15) * camera.focal
    return float(np.clip(width / (studio.wall - camera.eye[1]), 2.0, camera.size[0] / 12))


def _ambient_seen(
    studio: Studio,
    origins: Floats,
    normal: Floats,
    rank: NDArray[np.int64],
    casters: Sequence[Caster],
) -> Floats:
    """Return the share (n,) float32 of the ambient light that is not blocked."""
    right, up = _frame(normal)
    got = np.zeros(len(origins), np.float32)
    whole = np.zeros(len(origins), np.float32)
    for ray in range(studio.ambient_rays):
        first, second = _pair(rank * studio.ambient_rays + ray)
        radius, angle = np.sqrt(first), second * np.float32(2 * np.pi)
        directions = (
            right * (radius * np.cos(angle))[:, None]
            + up * (radius * np.sin(angle))[:, None]
            + normal * np.sqrt(np.maximum(1 - first, 1e-4))[:, None]
        )
        strength = 1 + np.float32(studio.sky) * directions[:, 2]
        blocked = _blocked(origins, directions, casters)
        got += np.where(blocked, np.float32(_BOUNCE), strength)
        whole += strength
    return got / whole


def _key_seen(
    studio: Studio,
    origins: Floats,
    normal: Floats,
    rank: NDArray[np.int64],
    casters: Sequence[Caster],
) -> Floats:
    """Return the share (n,) float32 of the key light that is not blocked."""
    towards = _unit(np.array(studio.key, np.float32))
    right, up = _frame(towards[None])
    # A surface that is turned away gets no key light whatever the rays say.
    faces = np.flatnonzero(normal @ towards > -0.2)
    seen = np.zeros(len(origins), np.float32)
    for ray in range(studio.key_rays):
        first, second = _pair(rank[faces] * studio.key_rays + ray)
        radius = np.sqrt(first) * np.float32(np.tan(studio.spread))
        angle = second * np.float32(2 * np.pi)
        directions = (
            towards
            + right * (radius * np.cos(angle))[:, None]
            + up * (radius * np.sin(angle))[:, None]
        )
        seen[faces] += ~_blocked(origins[faces], _unit(directions), casters)
    return seen / np.float32(max(studio.key_rays, 1))


def _blocked(origins: Floats, directions: Floats, casters: Sequence[Caster]) -> NDArray[np.bool_]:
    """Return (n,) bool, whether any caster blocks the ray."""
    answer = np.zeros(len(origins), bool)
    left = np.arange(len(origins))
    for caster in casters:
        hit = caster.blocked(origins[left], directions[left].astype(np.float32))
        answer[left[hit]] = True
        left = left[~hit]
    return answer


def _pair(index: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Return two numbers in 0..1 of a low-discrepancy sequence, (n,) float32 each."""
    first = (0.5 + index * _GOLDEN[0]) % 1.0
    second = (0.5 + index * _GOLDEN[1]) % 1.0
    return first.astype(np.float32), second.astype(np.float32)


def _unit(vectors: Floats) -> Floats:
    """Return vectors (..., 3) at length 1."""
    size = np.sqrt(np.einsum("...i,...i->...", vectors, vectors))
    return (vectors / np.maximum(size, 1e-12)[..., None]).astype(np.float32)


def _frame(normal: Floats) -> tuple[Floats, Floats]:
    """Return two directions (n, 3) at right angles to unit normals (n, 3) and to each other."""
    x, y, z = normal[:, 0], normal[:, 1], normal[:, 2]
    sign = np.where(z < 0, np.float32(-1), np.float32(1))
    a = -1 / (sign + z)
    b = x * y * a
    right = np.stack([1 + sign * x * x * a, sign * b, -sign * x], axis=1)
    up = np.stack([b, sign + y * y * a, -y], axis=1)
    return right, up


def _towards_viewer(normal: Floats, rays: Floats, flat: Floats | None = None) -> Floats:
    """Turn normals (n, 3) to the side that is seen; smooth ones follow their triangle's side."""
    facing = rays if flat is None else -flat
    turned = np.einsum("ij,ij->i", normal, facing) > 0
    return _unit(np.where(turned[:, None], -normal, normal))


def _under_skin(spots: Spot, guide: "_Guide", light: Floats) -> Floats:
    """Let light wander a little under the skin."""
    skin = spots.material == Material.SKIN
    if not skin.any():
        return light
    step = np.abs(np.diff(spots.points[:, 0]))
    pixel = float(np.median(step[step > 0])) if (step > 0).any() else 1.0
    steps = tuple(2**power for power in range(6) if 2**power * pixel <= _SKIN_REACH) or (1,)
    blurred = guide.smooth(light, steps, bent=True)
    strength = np.float32(min(1.0, 0.5 * _SKIN_REACH / pixel))
    return np.where(skin[:, None], light + (blurred - light) * strength, light)


class _Guide:
    """What keeps smoothing from crossing edges, as pictures cut to where something is seen."""

    def __init__(self, spots: Spot, normal: Floats) -> None:
        """Lay depth, normals and identity out as pictures."""
        self._top, self._left = spots.rows.min(), spots.columns.min()
        self._at = (spots.rows - self._top, spots.columns - self._left)
        self._shape = (int(self._at[0].max()) + 1, int(self._at[1].max()) + 1)
        self._depth = self._lay(spots.points[:, 1])
        self._normal = self._lay(normal)
        ident = np.full(self._shape, 255, np.uint8)
        ident[self._at] = spots.ident
        self._ident = ident
        self._pixel = float(spots.points[:, 1].mean() + 2) * 2e-3

    def _lay(self, values: Floats) -> Floats:
        """Return values (n[, k]) as a picture (h, w[, k])."""
        picture = np.zeros((*self._shape, *values.shape[1:]), np.float32)
        picture[self._at] = values
        return picture

    def smooth(self, values: Floats, steps: Sequence[int], bent: bool = False) -> Floats:
        """Smooth values (n, k) with 3 x 3 taps at each of `steps` pixels; `bent` over curves too.

        Every pair of neighbours gives and takes the same weight; steps 1 and 2 together wipe out
        whatever repeats in a tile.
        """
        picture = self._lay(values)
        for step in steps:
            total, weight = picture.copy(), np.ones(self._shape, np.float32)
            for dy, dx, share in _TAPS:
                here, there = _pairs(self._shape, dy * step, dx * step)
                pair = self._alike(here, there, step, bent) * np.float32(share)
                total[here] += picture[there] * pair[..., None]
                total[there] += picture[here] * pair[..., None]
                weight[here] += pair
                weight[there] += pair
            picture = total / weight[..., None]
        return picture[self._at]

    def _alike(
        self, here: tuple[slice, slice], there: tuple[slice, slice], step: int, bent: bool
    ) -> Floats:
        """Return the weight 0..1 of each pair of pixels."""
        gap = np.abs(self._depth[here] - self._depth[there])
        weight = np.clip(1.5 - gap * np.float32(1 / (0.008 * (1 + step))), 0, 1)
        if not bent:
            turn = np.einsum("ijk,ijk->ij", self._normal[here], self._normal[there])
            weight *= np.clip(turn * 4 - 3, 0, 1)
        weight *= self._ident[here] == self._ident[there]
        return weight.astype(np.float32)


def _pairs(
    shape: tuple[int, int], dy: int, dx: int
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Return slices of all pixels and of their neighbours dy down and dx to the right."""
    height, width = shape
    columns = (slice(max(-dx, 0), max(width - max(dx, 0), 0)),
               slice(max(dx, 0), max(width + min(dx, 0), 0)))  # fmt: skip
    here = (slice(0, max(height - dy, 0)), columns[0])
    there = (slice(dy, max(height, dy)), columns[1])
    return here, there
