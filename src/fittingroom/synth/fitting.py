"""`fittingroom synth drape`: plan who wears what, drape it all, refuse what went wrong.

Deterministic per seed and body: bodies are draped by several processes in any order, each into a
file of its own (so that an interrupted run goes on), and joined at the end. Needs [synth].
"""

import json
import multiprocessing
import os
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np

from fittingroom.synth.bodies import load_anatomy, load_bodies, pose_body
from fittingroom.synth.codec import coding_order, pack
from fittingroom.synth.drape import (
    Draping,
    fault,
    lay_flat,
    outer_skin,
    waistline,
    walked,
    wearer_of,
)
from fittingroom.synth.measure import measure
from fittingroom.synth.patterns import draft, fabric_of, sample_design
from fittingroom.synth.poses import dress_pose, mannequin_pose, path, sample_pose
from fittingroom.synth.shapes import (
    Anatomy,
    Body,
    BodyPose,
    Floats,
    GarmentKind,
    Measurements,
    PoseKind,
    Sex,
)
from fittingroom.synth.underlayers import LowerStyle
from fittingroom.synth.wardrobe import (
    VERSION,
    Fitting,
    StoredDrape,
    StoredGarment,
    fitting_record,
    mesh_digest,
    pose_from_record,
    pose_record,
    write_archive,
)

Item = TypeVar("Item")

MOVE_FRAMES: Final = 44
UPPERS: Final = (
    GarmentKind.TSHIRT,
    GarmentKind.TSHIRT,
    GarmentKind.LONG_SLEEVE,
    GarmentKind.LONG_SLEEVE,
    GarmentKind.TANK,
    GarmentKind.SWEATER,
    GarmentKind.SHIRT,
    GarmentKind.POLO,
    GarmentKind.HOODIE,
    GarmentKind.CARDIGAN,
    GarmentKind.JACKET,
)
UPPERS_OF: Final = {
    Sex.MALE: UPPERS,
    Sex.FEMALE: (*UPPERS, GarmentKind.BLOUSE, GarmentKind.CAMI, GarmentKind.CROP),
}
LOWERS_OF: Final = {
    Sex.MALE: (GarmentKind.TROUSERS, GarmentKind.SHORTS, GarmentKind.TROUSERS),
    Sex.FEMALE: (GarmentKind.TROUSERS, GarmentKind.SKIRT, GarmentKind.SHORTS),
}
THEMES_OF: Final = {
    Sex.MALE: ("upper", "upper", "lower", "upper", "upper"),
    Sex.FEMALE: ("upper", "dress", "lower", "upper", "upper", "dress", "upper", "upper", "lower",
                 "dress"),
}  # fmt: skip
"""What the n-th body of a sex tries on: garments of one category, so that any two of them are an
answer to each other. Tops most often: they are what most shops sell."""
TUCKABLE: Final = frozenset(
    {
        GarmentKind.TSHIRT,
        GarmentKind.LONG_SLEEVE,
        GarmentKind.TANK,
        GarmentKind.SHIRT,
        GarmentKind.BLOUSE,
        GarmentKind.POLO,
        GarmentKind.CAMI,
    }
)
TUCKED_SHARE: Final = 0.3


@dataclass(frozen=True, slots=True)
class Plan:
    """What one body tries on. number: the body's place in the set, and part of the seed."""

    seed: int
    number: int
    body: str
    lower: str | None
    kinds: tuple[GarmentKind, ...]
    poses: tuple[PoseKind, ...]


def plan(seed: int, count: int, kinds: tuple[GarmentKind, ...] = ()) -> tuple[Plan, ...]:
    """Plans for `count` bodies, women and men in turn, kinds of garment and pose dealt out evenly.

    kinds: draw from these tops alone, for trials.
    """
    rng = np.random.default_rng([seed, 0])
    poses = _dealt(tuple(PoseKind), 3 * count, rng)
    tops = {sex: iter(_dealt(kinds or UPPERS_OF[sex], 3 * count, rng)) for sex in Sex}
    styles = [style.value for style in LowerStyle if style is not LowerStyle.NONE]
    plans = []
    for number, (turn, body) in enumerate(_bodies(count)):
        themes = THEMES_OF[body.sex]
        theme = "upper" if kinds else themes[turn % len(themes)]
        worn: tuple[GarmentKind, ...] = (GarmentKind.DRESS,) * 3
        if theme == "upper":
            worn = tuple(islice(tops[body.sex], 3))
        elif theme == "lower":
            worn = LOWERS_OF[body.sex]
        lower = str(rng.choice(styles)) if theme == "upper" else None
        kinds_of_pose = tuple(poses[3 * number : 3 * number + 3])
        plans.append(Plan(seed, number, body.name, lower, worn, kinds_of_pose))
    return tuple(plans)


def _bodies(count: int) -> list[tuple[int, Body]]:
    """Women and men in turn, each with its number among its sex; from the start when used up."""
    sexes = [[body for body in load_bodies() if body.sex is sex] for sex in Sex]
    return [(k // 2, sexes[k % 2][k // 2 % len(sexes[k % 2])]) for k in range(count)]


def _dealt(items: tuple[Item, ...], count: int, rng: np.random.Generator) -> list[Item]:
    """Items in random order, none for the n-th time before all came n - 1 times."""
    order: list[Item] = []
    while len(order) < count:
        order += [items[k] for k in rng.permutation(len(items))]
    return order[:count]


@dataclass(frozen=True, slots=True, eq=False)
class _Room:
    """One body ready for fittings: its measures and what its garments collide with."""

    anatomy: Anatomy
    body: Body
    lower: LowerStyle
    measures: Measurements
    dress: BodyPose

    @classmethod
    def of(cls, work: Plan) -> "_Room":
        anatomy = load_anatomy()
        body = next(body for body in load_bodies() if body.name == work.body)
        measures = measure(anatomy, body)
        lower = LowerStyle(work.lower or "none")
        return cls(anatomy, body, lower, measures, dress_pose(anatomy, body))

    def dressed_pose(self) -> Floats:
        """What cloth meets in the dress pose, (V, 3)."""
        skin = pose_body(self.anatomy, self.body, self.dress.rotations)
        return outer_skin(self.anatomy, skin, self.lower)

    def walk(self, end: BodyPose, lower: LowerStyle) -> Floats:
        """The body moving from the dress pose to another, (MOVE_FRAMES, V, 3)."""
        start = self.dress.rotations
        steps = path(start, end.rotations, MOVE_FRAMES, self.anatomy, self.body)
        frames = [pose_body(self.anatomy, self.body, rotations) for rotations in steps]
        return walked(self.anatomy, np.stack(frames), lower)


def drape_body(work: Plan, folder: Path) -> Path:
    """Drape all that one plan names into `folder/NNN.zip`; done already, it is left as it is."""
    target = folder / f"{work.number:03d}.zip"
    if target.exists():
        return target
    room = _Room.of(work)
    poses = _poses(work, room)
    calm = mannequin_pose(room.anatomy, room.body)
    walks = [room.walk(pose, room.lower) for pose in (calm, *poses)]
    refused: Counter[str] = Counter()
    garments, vertices = [], {}
    for place, kind in enumerate(work.kinds):
        name = f"{kind.value}_{work.number:03d}{'abc'[place]}"
        rng = np.random.default_rng([work.seed, 1, work.number, place])
        made = _drape_garment((name, kind), room, (poses, walks), rng, refused)
        if made is not None:
            garments.append(made[0])
            vertices[name] = made[1]
    fitting = Fitting(work.body, work.lower, poses, tuple(garments))
    index = {"refused": refused, "fitting": fitting_record(fitting, room.anatomy)}
    write_archive(target, index, vertices)
    return target


def _poses(work: Plan, room: _Room) -> tuple[BodyPose, ...]:
    """Poses as the archive will give them back: rounded, so that drapes fit the stored ones."""
    rng = np.random.default_rng([work.seed, 2, work.number])
    drawn = [sample_pose(kind, room.anatomy, room.body, rng) for kind in work.poses]
    return tuple(pose_from_record(pose_record(pose, room.anatomy), room.anatomy) for pose in drawn)


def _drape_garment(
    what: tuple[str, GarmentKind],
    room: _Room,
    motion: tuple[tuple[BodyPose, ...], list[Floats]],
    rng: np.random.Generator,
    refused: Counter[str],
) -> tuple[StoredGarment, bytes] | None:
    """One garment in its product drapes and in every pose; None when it cannot be worn at all.

    what: name and kind. motion: the poses, and the walks from the dress pose to the mannequin's
    pose and then to each of them.
    """
    name, kind = what
    poses, walks = motion
    design = sample_design(kind, rng)
    mesh = draft(design, room.measures, name)
    fabric = fabric_of(design, rng)
    draping = Draping.of(mesh, fabric, wearer_of(room.anatomy, mesh, room.measures))
    start = room.dressed_pose()
    dressed = draping.dress(start)
    reason = fault(mesh, dressed, start, room.anatomy)
    if reason:
        refused[f"{reason} in the dress pose"] += 1
        return None
    drapes = [draping.move(dressed, walks[0]), lay_flat(mesh, fabric, rng)]
    kept = []
    for number, pose in enumerate(poses):
        walk, tuck = walks[1 + number], None
        if _is_tucked(kind, room.lower, rng):
            line = waistline(room.anatomy, start, room.lower)
            tuck = draping.tuck_line(dressed, line)
        if tuck is not None:
            walk = room.walk(pose, LowerStyle.NONE)
        vertices = draping.move(dressed, walk, tuck)
        reason = fault(mesh, vertices, walk[-1], room.anatomy)
        if reason:
            refused[reason] += 1
            continue
        drapes.append(vertices)
        kept.append(StoredDrape(number, tuck))
    data = pack(coding_order(mesh.faces, len(mesh.flat)), drapes)
    return StoredGarment(name, design, fabric.name, mesh_digest(mesh), tuple(kept)), data


def _is_tucked(kind: GarmentKind, lower: LowerStyle, rng: np.random.Generator) -> bool:
    possible = kind in TUCKABLE and lower is not LowerStyle.NONE
    return possible and bool(rng.random() < TUCKED_SHARE)


def drape_all(
    plans: tuple[Plan, ...], target: Path, jobs: int, tick: Callable[[], None]
) -> dict[str, int]:
    """Drape all plans by `jobs` processes and join them into `target`; return refusals by reason.

    Parts lie in a folder beside the target until it is whole; the next run takes them up.
    """
    folder = target.with_name(f"{target.stem}_parts")
    folder.mkdir(parents=True, exist_ok=True)
    parts = []
    for part in _parallel(plans, folder, jobs):
        parts.append(part)
        tick()
    return join(sorted(parts), plans[0].seed, target)


def _parallel(plans: tuple[Plan, ...], folder: Path, jobs: int) -> Iterator[Path]:
    if jobs == 1:
        yield from (drape_body(work, folder) for work in plans)
        return
    # One thread a process: several would fight for the cores that the processes already fill.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap_unordered(_drape_into, [(work, folder) for work in plans])


def _drape_into(task: tuple[Plan, Path]) -> Path:
    return drape_body(*task)


def join(parts: list[Path], seed: int, target: Path) -> dict[str, int]:
    """Join the files of single bodies into one archive; return refusals by reason."""
    refused: Counter[str] = Counter()
    fittings: list[dict[str, Any]] = []
    vertices: dict[str, bytes] = {}
    for part in parts:
        with zipfile.ZipFile(part) as archive:
            index = json.loads(archive.read("index.json"))
            for name in archive.namelist():
                if name.endswith(".xz"):
                    vertices[name[:-3]] = archive.read(name)
        refused.update(index["refused"])
        fittings.append(index["fitting"])
    index = {"version": VERSION, "seed": seed, "refused": dict(refused), "fittings": fittings}
    write_archive(target, index, vertices)
    return dict(refused)
