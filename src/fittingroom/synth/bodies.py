"""The bodies of the generator: reading them, posing them, where their joints are."""

from functools import cache
from importlib.resources import files
from io import BytesIO
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from fittingroom.synth.shapes import BONE_COUNT, Anatomy, Body, Floats, Ints, Sex

Scalar = TypeVar("Scalar", bound=np.generic)

STEP: Final = 1e-4
"""Metres a unit of the mean body and the bone heads in bodies.npz."""

BASIS_STEP: Final = 2e-4

SKIN_VERTICES: Final = 13380
"""Vertices of the skin come first and carry these numbers in hm08; helpers have higher ones."""


def unpacked(values: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Integers (N, C) of the bytes (3, C, N) that `fittingroom.synth.export.packed` makes."""
    low, middle, high = values.astype(np.int64)
    zigzag = low | (middle << 8) | (high << 16)
    return np.cumsum((zigzag >> 1) ^ -(zigzag & 1), axis=1).T


@cache
def load_anatomy() -> Anatomy:
    """What all bodies share; read once, its arrays must not be changed."""
    with np.load(_asset("anatomy.npz"), allow_pickle=False) as file:
        weights = file["skin_weights"].T.astype(np.float32)
        uv = unpacked(file["uv_points"]) / 65535
        return Anatomy(
            faces=_fixed(unpacked(file["faces"]).astype(np.int32)),
            uv=_fixed(uv[unpacked(file["uv_corners"])].astype(np.float32)),
            parts=_fixed(file["parts"]),
            bone_names=tuple(str(name) for name in file["bone_names"]),
            parents=_fixed(file["parents"].astype(np.int32)),
            skin_bones=_fixed(file["skin_bones"].T.astype(np.int32)),
            skin_weights=_fixed(weights / weights.sum(1, keepdims=True)),
            joint_vertices=_fixed(file["joint_vertices"].astype(np.int32)),
            joint_weights=_fixed(file["joint_weights"]),
            base_index=_fixed(file["base_index"].astype(np.int32)),
        )


@cache
def load_bodies() -> tuple[Body, ...]:
    """All bodies, women first; read once, their arrays must not be changed."""
    with np.load(_asset("bodies.npz"), allow_pickle=False) as file:
        half, other = file["half"].astype(np.int64), file["other"].astype(np.int64)
        mean = (unpacked(file["mean"]) * STEP).astype(np.float64)
        basis = np.stack([unpacked(part) for part in file["basis"]]) * BASIS_STEP
        heads = np.stack([unpacked(part) for part in file["heads"]]) * STEP
        shares = file["shares"].astype(np.float64)
        names, sexes = file["names"], file["sexes"]
        labels, values = [str(name) for name in file["phenotype_names"]], file["phenotypes"]
    bodies = []
    for k, name in enumerate(names):
        rest = _whole((mean + np.tensordot(shares[k], basis, 1)).astype(np.float64), half, other)
        sole = rest[:SKIN_VERTICES, 2].min()
        rest[:, 2] -= sole
        bodies.append(
            Body(
                name=str(name),
                sex=Sex(str(sexes[k])),
                height=float(rest[:SKIN_VERTICES, 2].max()),
                rest=_fixed(rest.astype(np.float32)),
                heads=_fixed((heads[k] - (0, 0, sole)).astype(np.float32)),
                phenotype={n: float(v) for n, v in zip(labels, values[k], strict=True)},
            )
        )
    return tuple(bodies)


def load_body(name: str) -> Body:
    """The body of that name; raises KeyError when there is none."""
    return {body.name: body for body in load_bodies()}[name]


def bone_heads_posed(anatomy: Anatomy, body: Body, rotations: Floats) -> Floats:
    """(104, 3) bone heads where `pose_body` has the vertices."""
    lowest = skinned(anatomy, body, rotations)[:SKIN_VERTICES, 2].min()
    heads = _kinematics(anatomy, body, rotations)[1] - (0, 0, lowest)
    return heads.astype(np.float32)


def pose_body(anatomy: Anatomy, body: Body, rotations: Floats) -> Floats:
    """(V, 3) vertices in a pose by linear blend skinning, the lowest point of the skin at z = 0.

    rotations: (104, 3, 3) as in `BodyPose`. The pelvis stays at x = y = 0.
    """
    posed = skinned(anatomy, body, rotations)
    posed[:, 2] -= posed[:SKIN_VERTICES, 2].min()
    return posed


def skinned(anatomy: Anatomy, body: Body, rotations: Floats, chosen: Ints | None = None) -> Floats:
    """(V, 3) vertices in a pose, the pelvis at its height in the rest pose.

    chosen: numbers of the vertices asked for; all without it.
    """
    turned, heads = _kinematics(anatomy, body, rotations)
    moves = np.concatenate(
        [turned, (heads - np.einsum("bij,bj->bi", turned, body.heads))[:, :, None]], 2
    ).astype(np.float32)
    picked: slice | Ints = slice(None) if chosen is None else chosen
    bones, weights = anatomy.skin_bones[picked], anatomy.skin_weights[picked]
    blend = np.zeros((len(bones), 12), np.float32)
    flat = moves.reshape(BONE_COUNT, 12)
    for k in range(bones.shape[1]):
        used = np.flatnonzero(weights[:, k])
        blend[used] += weights[used, k, None] * flat[bones[used, k]]
    moved = blend.reshape(-1, 3, 4)
    posed: Floats = np.einsum("vij,vj->vi", moved[:, :, :3], body.rest[picked]) + moved[:, :, 3]
    return posed


def _kinematics(
    anatomy: Anatomy, body: Body, rotations: Floats
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Global rotations (104, 3, 3) and bone heads (104, 3)."""
    turned = np.empty((BONE_COUNT, 3, 3))
    heads = np.empty((BONE_COUNT, 3))
    for bone, parent in enumerate(anatomy.parents):
        if parent < 0:
            turned[bone], heads[bone] = rotations[bone], body.heads[bone]
            continue
        turned[bone] = turned[parent] @ rotations[bone]
        heads[bone] = heads[parent] + turned[parent] @ (body.heads[bone] - body.heads[parent])
    return turned, heads


def posed_joints(anatomy: Anatomy, vertices: Floats) -> Floats:
    """(18, 3) COCO-18 joints (`fittingroom.skeleton.Joint`) of posed vertices (V, 3)."""
    return np.einsum("jk,jkd->jd", anatomy.joint_weights, vertices[anatomy.joint_vertices])


def vertex_normals(vertices: Floats, faces: Ints) -> Floats:
    """(V, 3) unit normals, each face by its area; zero where a vertex is in no face."""
    corners = vertices[faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    total = np.stack(
        [np.bincount(faces.ravel(), np.repeat(normal[:, k], 3), len(vertices)) for k in range(3)],
        1,
    )
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return np.divide(total, length, out=np.zeros_like(total), where=length > 0).astype(np.float32)


def turned(points: Floats, angle: float) -> Floats:
    """Points (..., 3) turned about the upright line through the pelvis (x = y = 0).

    angle: radians, positive turns the person towards their left (`BodyPose.turn`).
    """
    c, s = np.cos(angle), np.sin(angle)
    matrix = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]], np.float32)
    return (points @ matrix.T).astype(np.float32)


def _whole(
    half: NDArray[np.float64], at: Ints | NDArray[np.int64], other: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(V, 3) both halves of a symmetric body of the vertices `at`, mirrored to `other`."""
    whole = np.empty((max(at.max(), other.max()) + 1, 3))
    whole[other] = half * (-1, 1, 1)
    whole[at] = half
    whole[at[at == other], 0] = 0
    return whole


def _asset(name: str) -> BytesIO:
    return BytesIO((files("fittingroom") / "assets" / "synth" / name).read_bytes())


def _fixed(array: NDArray[Scalar]) -> NDArray[Scalar]:
    array.setflags(write=False)
    return array
