"""Vertices of draped garments in few bytes: quantised, predicted along the mesh, entropy coded.

A triangle's third corner lies near where a parallelogram over the shared edge would put it
(Touma and Gotsman, Triangle Mesh Compression, 1998). Connectivity is not stored, the garment is
drafted again from its design; only what the prediction misses is.
"""

import lzma
from collections import deque
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fittingroom.synth.shapes import Floats, Ints

STEP: Final = 0.00025
"""Metres between two stored positions."""
_FILTERS: Final = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lc": 0, "lp": 0,
                    "pb": 0}]  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """The order in which a mesh's vertices are coded.

    vertices: (N,) int32. around: (N, 3) int32 numbers a, b, c of vertices coded before, from
    which a + b - c predicts the vertex; -1 where there are fewer.
    """

    vertices: Ints
    around: Ints


def coding_order(faces: Ints, count: int) -> Order:
    """Walk from triangle to neighbouring triangle, lowest numbers first."""
    at_edge: dict[tuple[int, int], list[int]] = {}
    corners = faces.tolist()
    for number, (a, b, c) in enumerate(corners):
        for edge in ((a, b), (b, c), (c, a)):
            at_edge.setdefault((min(edge), max(edge)), []).append(number)
    around = np.full((count, 3), -1, np.int32)
    order: list[int] = []
    seen = np.zeros(count, bool)
    done = np.zeros(len(corners), bool)
    for first in range(len(corners)):
        if not done[first]:
            _walk(first, corners, at_edge, (around, order, seen, done))
    rest = np.flatnonzero(~seen).tolist()
    return Order(np.array(order + rest, np.int32), around)


_State: TypeAlias = tuple[Ints, list[int], NDArray[np.bool_], NDArray[np.bool_]]


def _walk(
    first: int,
    corners: list[list[int]],
    at_edge: dict[tuple[int, int], list[int]],
    state: _State,
) -> None:
    around, order, seen, done = state
    done[first] = True
    for place, vertex in enumerate(corners[first]):
        if not seen[vertex]:
            seen[vertex] = True
            around[vertex, 0] = corners[first][place - 1] if place else -1
            order.append(vertex)
    queue = deque([first])
    while queue:
        now = corners[queue.popleft()]
        for k in range(3):
            a, b, c = now[k], now[(k + 1) % 3], now[(k + 2) % 3]
            for other in at_edge[min(a, b), max(a, b)]:
                if done[other]:
                    continue
                done[other] = True
                queue.append(other)
                new = next(v for v in corners[other] if v not in (a, b))
                if not seen[new]:
                    seen[new] = True
                    around[new] = a, b, c
                    order.append(new)


def pack(order: Order, drapes: list[Floats]) -> bytes:
    """Code any number of drapes (N, 3) of one mesh."""
    parts = []
    for vertices in drapes:
        whole = np.rint(vertices / STEP).astype(np.int32)
        residual = (whole - _predicted(order, whole))[order.vertices]
        coded = ((residual << 1) ^ (residual >> 31)).astype(np.uint16).T
        parts += [(coded & 255).astype(np.uint8).tobytes(), (coded >> 8).astype(np.uint8).tobytes()]
    return lzma.compress(b"".join(parts), lzma.FORMAT_XZ, filters=_FILTERS)


def _predicted(order: Order, whole: Ints) -> Ints:
    a, b, c = (
        np.where(order.around[:, k, None] < 0, 0, whole[order.around[:, k]]) for k in range(3)
    )
    return a + b - c


def unpack(order: Order, data: bytes, count: int) -> list[Floats]:
    """The `count` drapes that `pack` coded: (N, 3) float32 each, within STEP / 2.

    Raises ValueError when the bytes do not fit the mesh.
    """
    size = len(order.vertices)
    raw = np.frombuffer(lzma.decompress(data), np.uint8)
    if raw.size != count * 6 * size:
        raise ValueError(f"the stored drapes do not fit a mesh of {size} vertices")
    planes = raw.reshape(count, 2, 3, size).astype(np.int32)
    coded = planes[:, 0] | planes[:, 1] << 8
    residual = (coded >> 1) ^ -(coded & 1)
    return [_rebuilt(order, residual[k].T) for k in range(count)]


def _rebuilt(order: Order, residual: Ints) -> Floats:
    """Add predictions back, in coding order; in plain lists, numpy being slow on single rows."""
    around = order.around.tolist()
    place: list[tuple[int, int, int]] = [(0, 0, 0)] * (len(around) + 1)
    for vertex, (x, y, z) in zip(order.vertices.tolist(), residual.tolist(), strict=True):
        a, b, c = around[vertex]
        ax, ay, az = place[a]
        bx, by, bz = place[b]
        cx, cy, cz = place[c]
        place[vertex] = (x + ax + bx - cx, y + ay + by - cy, z + az + bz - cz)
    return np.array(place[:-1], np.float32) * np.float32(STEP)
