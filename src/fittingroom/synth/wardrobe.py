"""The archive of drapes: which body wears what in which pose, and where every vertex lies.

One zip file (stored, not deflated) holds `index.json` and, for each garment, `NAME.xz`: its
product drapes and posed drapes in `codec`'s form. Meshes are not stored. A garment is drafted
again from its design and its body's measurements; a digest in the index tells when another
version of the drafting code would put vertices elsewhere.

index.json: {"version", "seed", "refused": {reason: count}, "fittings": [...]}; the dataclasses
below are its entries, field by field. Rotations are stored as rotation vectors by bone name.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from fittingroom.images import write_whole
from fittingroom.synth.bodies import load_anatomy, load_bodies
from fittingroom.synth.codec import coding_order, unpack
from fittingroom.synth.measure import measure
from fittingroom.synth.patterns import Design, Neckline, Opening, draft
from fittingroom.synth.shapes import (
    BONE_COUNT,
    Anatomy,
    Body,
    BodyPose,
    Floats,
    GarmentKind,
    GarmentMesh,
    Measurements,
    PoseKind,
)

VERSION: Final = 1
SHIPPED: Final = Path(__file__).parents[1] / "assets" / "synth" / "drapes.zip"


@dataclass(frozen=True, slots=True)
class StoredDrape:
    """A posed drape: the number of the fitting's pose, and where the garment is tucked in.

    tuck: z of that line in the garment's flat layout; None = it is not.
    """

    pose: int
    tuck: float | None


@dataclass(frozen=True, slots=True)
class StoredGarment:
    """A garment and its drapes. mesh: digest of faces and sheet. `drapes` are those not refused."""

    name: str
    design: Design
    fabric: str
    mesh: str
    drapes: tuple[StoredDrape, ...]


@dataclass(frozen=True, slots=True)
class Fitting:
    """One body with its poses and the garments that were draped on it.

    lower: the `LowerStyle` that lay under upper garments, None where there was none.
    """

    body: str
    lower: str | None
    poses: tuple[BodyPose, ...]
    garments: tuple[StoredGarment, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Dressed:
    """A garment with all its drapes: ghost and flat product drapes, and posed ones by pose."""

    stored: StoredGarment
    mesh: GarmentMesh
    ghost: Floats
    flat: Floats
    posed: dict[int, Floats]

    def tuck(self, pose: int) -> float | None:
        """`StoredDrape.tuck` of the drape in this pose."""
        return next(drape.tuck for drape in self.stored.drapes if drape.pose == pose)


def mesh_digest(mesh: GarmentMesh) -> str:
    """Twelve hexadecimal digits that change when a mesh's triangles or sheet do."""
    sheet = np.rint(mesh.uv * 2000).astype(np.int32)
    return hashlib.sha256(mesh.faces.tobytes() + sheet.tobytes()).hexdigest()[:12]


def pose_record(pose: BodyPose, anatomy: Anatomy) -> dict[str, Any]:
    """A pose as JSON values; rotation vectors are rounded to 1e-4 radians."""
    turns = {}
    for bone, rotation in zip(anatomy.bone_names, pose.rotations, strict=True):
        vector = cv2.Rodrigues(rotation.astype(np.float64))[0][:, 0].round(4)
        if np.abs(vector).max() > 0:
            turns[bone] = vector.tolist()
    return {"kind": pose.kind.value, "turn": round(float(pose.turn), 4), "rotations": turns}


def pose_from_record(record: Mapping[str, Any], anatomy: Anatomy) -> BodyPose:
    """Undo `pose_record`."""
    rotations = np.repeat(np.eye(3, dtype=np.float32)[None], BONE_COUNT, axis=0)
    for bone, vector in record["rotations"].items():
        rotations[anatomy.bone(bone)] = cv2.Rodrigues(np.array(vector, np.float64))[0]
    return BodyPose(PoseKind(record["kind"]), rotations, float(record["turn"]))


def fitting_record(fitting: Fitting, anatomy: Anatomy) -> dict[str, Any]:
    """A fitting as JSON values."""
    return {
        "body": fitting.body,
        "lower": fitting.lower,
        "poses": [pose_record(pose, anatomy) for pose in fitting.poses],
        "garments": [asdict(garment) for garment in fitting.garments],
    }


def fitting_from_record(record: Mapping[str, Any], anatomy: Anatomy) -> Fitting:
    """Undo `fitting_record`."""
    garments = tuple(
        StoredGarment(
            name=garment["name"],
            design=_design(garment["design"]),
            fabric=garment["fabric"],
            mesh=garment["mesh"],
            drapes=tuple(StoredDrape(**drape) for drape in garment["drapes"]),
        )
        for garment in record["garments"]
    )
    poses = tuple(pose_from_record(pose, anatomy) for pose in record["poses"])
    return Fitting(record["body"], record["lower"], poses, garments)


def _design(record: Mapping[str, Any]) -> Design:
    chosen = {
        "kind": GarmentKind(record["kind"]),
        "neckline": Neckline(record["neckline"]),
        "opening": Opening(record["opening"]),
    }
    return Design(**{**record, **chosen})


def write_archive(path: Path, index: Mapping[str, Any], vertices: Mapping[str, bytes]) -> None:
    """Write an archive whole or not at all. vertices: packed drapes by garment name."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        _member(archive, "index.json", json.dumps(index, sort_keys=True).encode(), True)
        for name in sorted(vertices):
            _member(archive, f"{name}.xz", vertices[name], False)
    write_whole({path: memory.getvalue()})


def _member(archive: zipfile.ZipFile, name: str, data: bytes, deflate: bool) -> None:
    # A fixed date: the same drapes give the same bytes.
    info = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
    info.compress_type = zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED
    archive.writestr(info, data)


class Wardrobe:
    """An archive opened for reading. Raises ValueError with the path where it cannot be read."""

    def __init__(self, path: Path = SHIPPED) -> None:
        """Read the index; drapes are read when they are asked for."""
        self.path = path
        try:
            with zipfile.ZipFile(path) as archive:
                index = json.loads(archive.read("index.json"))
        except (OSError, KeyError, zipfile.BadZipFile) as error:
            advice = "make one with: fittingroom synth drape"
            raise ValueError(f"{path} is no archive of drapes; {advice}") from error
        if index["version"] != VERSION:
            raise ValueError(f"{path} has version {index['version']}, this program reads {VERSION}")
        self.seed: int = index["seed"]
        self.refused: dict[str, int] = index["refused"]
        anatomy = load_anatomy()
        self.fittings = tuple(fitting_from_record(item, anatomy) for item in index["fittings"])

    def open(self, fitting: Fitting, garment: StoredGarment) -> Dressed:
        """Draft a garment again and decode its drapes; the last few are kept."""
        return _open(self.path, fitting.body, garment)


@lru_cache(maxsize=12)
def _open(path: Path, body: str, garment: StoredGarment) -> Dressed:
    mesh = draft(garment.design, _measured(body), garment.name)
    if mesh_digest(mesh) != garment.mesh:
        advice = "drape again with this version: fittingroom synth drape"
        raise ValueError(f"{path}: {garment.name} is drafted differently now; {advice}")
    with zipfile.ZipFile(path) as archive:
        data = archive.read(f"{garment.name}.xz")
    order = coding_order(mesh.faces, len(mesh.flat))
    ghost, flat, *posed = unpack(order, data, 2 + len(garment.drapes))
    at = [drape.pose for drape in garment.drapes]
    return Dressed(garment, mesh, ghost, flat, dict(zip(at, posed, strict=True)))


@lru_cache(maxsize=64)
def _measured(name: str) -> Measurements:
    return measure(load_anatomy(), body_named(name))


def body_named(name: str) -> Body:
    """The exported body of that name; raises ValueError when there is none."""
    for body in load_bodies():
        if body.name == name:
            return body
    raise ValueError(f"there is no body {name!r} among the exported ones")
