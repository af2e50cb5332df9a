"""`fittingroom synth render`: samples and product pictures from an archive of drapes.

Deterministic per seed and number of the sample: samples are rendered by several processes in any
order, each into a file of its own, so that an interrupted run goes on where it stopped.
Needs neither anny nor warp.
"""

import json
import multiprocessing
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import lru_cache, partial
from itertools import combinations
from pathlib import Path
from typing import Any, Final, cast

import cv2
import numpy as np

from fittingroom.images import write_whole
from fittingroom.synth.bodies import load_anatomy, pose_body, posed_joints, turned
from fittingroom.synth.buffers import (
    Layer,
    cast_garment,
    cast_surfaces,
    render_albedo,
    render_body,
    render_outfit,
)
from fittingroom.synth.cameras import Framing, joint_pixels, sample_camera
from fittingroom.synth.lighting import Studio
from fittingroom.synth.looks import Look, lower_surface, person_surfaces, sample_look
from fittingroom.synth.product_pictures import grid_of, make_sheet, render_product
from fittingroom.synth.raycast import Caster, Shell
from fittingroom.synth.records import (
    flow,
    read_product,
    read_sample,
    write_product,
    write_sample,
    write_sheet,
)
from fittingroom.synth.shapes import (
    Body,
    Camera,
    Floats,
    Material,
    Outfit,
    Product,
    Sample,
    View,
)
from fittingroom.synth.skin_texture import TONES
from fittingroom.synth.tuck import above_tuck
from fittingroom.synth.underlayers import LowerStyle
from fittingroom.synth.wardrobe import Dressed, Fitting, Wardrobe, body_named

LEAST_SEEN: Final = 0.05
"""A sample is refused when a garment is seen on fewer of the picture's pixels than this share."""
LEAST_VALID: Final = 0.75
"""… or when fewer of a garment's pixels than this have a valid flow."""
LARGEST_POKE: Final = 0.01
"""… or when the body pokes through more than this share of its garment."""
POKE_DEPTH: Final = 0.03
ATTEMPTS: Final = 6
"""Cameras and looks that are tried for one sample before it is given up."""


@dataclass(frozen=True, slots=True)
class Shot:
    """What one sample shows: numbers of fitting, pose and the two garments of the fitting."""

    number: int
    fitting: int
    pose: int
    garments: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Work:
    """What all processes of one run must know. assets: MakeHuman's skins and hair, if any."""

    archive: Path
    out: Path
    size: tuple[int, int]
    seed: int
    assets: Path | None = None


def shots(wardrobe: Wardrobe, count: int, seed: int) -> tuple[Shot, ...]:
    """Deal out all pairs of garments that were draped in the same pose, each as often.

    Raises ValueError when the archive holds no such pair.
    """
    scenes = []
    for number, fitting in enumerate(wardrobe.fittings):
        for pose in range(len(fitting.poses)):
            worn = [
                place
                for place, garment in enumerate(fitting.garments)
                if any(drape.pose == pose for drape in garment.drapes)
            ]
            scenes += [(number, pose, pair) for pair in combinations(worn, 2)]
    if not scenes:
        raise ValueError(f"{wardrobe.path} has no pose in two garments; drape more bodies")
    rng = np.random.default_rng([seed, 3])
    chosen: list[Shot] = []
    while len(chosen) < count:
        for at in rng.permutation(len(scenes)):
            fitting_number, pose, pair = scenes[at]
            ordered = pair if rng.random() < 0.5 else pair[::-1]
            chosen.append(Shot(len(chosen), fitting_number, pose, (ordered[0], ordered[1])))
    return tuple(chosen[:count])


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A person in a pose before a camera, and the two garments draped on them."""

    fitting: Fitting
    pose: int
    camera: Camera
    studio: Studio
    look: Look
    vertices: Floats
    worn: tuple[Dressed, Dressed]

    @property
    def turn(self) -> float:
        """Turn of the whole person about z, radians."""
        return self.fitting.poses[self.pose].turn


def sample_studio(rng: np.random.Generator) -> Studio:
    """Draw a light: from the left or right, higher or lower, harder or softer."""
    angle, height = rng.uniform(-1.2, 1.2), rng.uniform(0.3, 1.1)
    key = (float(np.sin(angle)), float(-np.cos(angle)), float(height))
    return Studio(key=key, spread=float(rng.uniform(0.03, 0.3)), sky=float(rng.uniform(0.1, 0.5)))


def set_up(work: Work, wardrobe: Wardrobe, shot: Shot, attempt: int) -> Scene:
    """Draw camera, light and look of a shot."""
    rng = np.random.default_rng([work.seed, 4, shot.number, attempt])
    fitting = wardrobe.fittings[shot.fitting]
    pose = fitting.poses[shot.pose]
    anatomy, body = load_anatomy(), body_named(fitting.body)
    vertices = turned(pose_body(anatomy, body, pose.rotations), pose.turn)
    first, second = (wardrobe.open(fitting, fitting.garments[place]) for place in shot.garments)
    framing = list(Framing)[int(rng.choice(3, p=(0.4, 0.3, 0.3)))]
    camera = sample_camera(framing, posed_joints(anatomy, vertices), rng, work.size)
    look = _look_of_tone(body, shot.number % len(TONES), rng)
    look = replace(look, lower=LowerStyle(fitting.lower or "none"))
    return Scene(fitting, shot.pose, camera, sample_studio(rng), look, vertices, (first, second))


def _look_of_tone(body: Body, tone: int, rng: np.random.Generator) -> Look:
    """Draw a look with a given skin tone: tones are dealt out, not drawn, for equal shares."""
    while True:
        look = sample_look(body, rng)
        if look.tone == tone:
            return look


def _worn_layer(scene: Scene, dressed: Dressed) -> Layer:
    vertices = turned(dressed.posed[scene.pose], scene.turn)
    tuck = dressed.tuck(scene.pose)
    keep = None if tuck is None else above_tuck(dressed.mesh, tuck)
    return cast_garment(dressed.mesh, vertices, scene.camera, keep=keep)


def render_scene(scene: Scene, assets: Path | None) -> tuple[Sample, tuple[str, ...]]:
    """Render a sample; also return why it must be refused, () when it need not be."""
    anatomy, body = load_anatomy(), body_named(scene.fitting.body)
    surfaces = person_surfaces(anatomy, body, scene.vertices, scene.look, assets)
    person = cast_surfaces(surfaces, scene.camera)
    lower = None
    if scene.look.lower is not LowerStyle.NONE:
        lower = cast_surfaces(
            [lower_surface(anatomy, body, scene.vertices, scene.look)], scene.camera
        )
    layers = [_worn_layer(scene, dressed) for dressed in scene.worn]
    outfits = {
        name: render_outfit(
            scene.studio,
            person,
            lower,
            layer,
            dressed.mesh.name,
            (dressed.tuck(scene.pose) is not None, dressed.stored.design.fit),
        )
        for name, layer, dressed in zip("ab", layers, scene.worn, strict=True)
    }
    outfits["base"] = render_outfit(scene.studio, person, None, None)
    colour, parts = render_body(person, [(lower, layer) for layer in layers] + [(None, None)])
    sample = Sample(
        outfits=outfits,
        body=colour,
        lower=np.zeros_like(colour) if lower is None else render_albedo(lower),
        body_parts=parts,
        joints=joint_pixels(scene.camera, posed_joints(anatomy, scene.vertices), _whole(surfaces)),
        record=scene_record(scene),
    )
    poked = [_poked(person, layer) > LARGEST_POKE for layer in layers]
    return sample, ("body through the cloth",) if any(poked) else ()


def _whole(surfaces: Any) -> Caster:
    return Caster([Shell(surface.vertices, surface.faces) for surface in surfaces])


def _poked(person: Layer, worn: Layer) -> float:
    """Share of a garment's rays that meet base layer or trunk closely before its cloth."""
    both = (worn.face >= 0) & (person.face >= 0)
    before = worn.depth[both] - person.depth[both]
    material = person.materials[person.face[both]]
    poke = (before > 0.001) & (before < POKE_DEPTH) & (material == Material.CLOTH)
    return float(poke.sum() / max((worn.face >= 0).sum(), 1))


def scene_record(scene: Scene) -> dict[str, object]:
    """Everything about a scene that is not a picture, as JSON values."""
    pose = scene.fitting.poses[scene.pose]
    return {
        "body": scene.fitting.body,
        "pose": pose.kind.value,
        "pose_number": scene.pose,
        "turn": pose.turn,
        "camera": asdict(scene.camera),
        "studio": asdict(scene.studio),
        "skin_tone": scene.look.tone,
        "look": scene.look.record(),
        "lower": scene.fitting.lower,
        "garments": {name: d.mesh.name for name, d in zip("ab", scene.worn, strict=True)},
    }


def product_path(out: Path, garment: str, view: View) -> Path:
    """Where the product picture of a garment lies in the folder of a set."""
    return out / "products" / f"{garment}_{view.value}.zip"


def sheet_path(out: Path, garment: str) -> Path:
    """Where the sheet of a garment lies in the folder of a set."""
    return out / "products" / f"{garment}_sheet.zip"


def sample_path(out: Path, number: int) -> Path:
    """Where a sample lies in the folder of a set."""
    return out / "samples" / f"{number:06d}.zip"


def render_garment(work: Work, place: tuple[int, int]) -> None:
    """Write sheet and product pictures of garment `place` = (fitting, number in it)."""
    wardrobe = _wardrobe(work.archive)
    fitting = wardrobe.fittings[place[0]]
    garment = fitting.garments[place[1]]
    if all(product_path(work.out, garment.name, view).exists() for view in View):
        return
    dressed = wardrobe.open(fitting, garment)
    write_sheet(
        sheet_path(work.out, garment.name), make_sheet(dressed.mesh, grid_of(work.size) / 2)
    )
    for view, vertices in ((View.GHOST, dressed.ghost), (View.FLAT, dressed.flat)):
        product = render_product(dressed.mesh, vertices, view, work.size)
        record = product.record | {"body": fitting.body, "design": asdict(garment.design)}
        path = product_path(work.out, garment.name, view)
        write_product(path, replace(product, record=record))


def render_sample(work: Work, shot: Shot) -> dict[str, int]:
    """Write one sample unless it is there; return how often it was refused, by reason.

    A sample that no attempt gets right is given up: a file says why instead of it.
    """
    target = sample_path(work.out, shot.number)
    given_up = target.with_suffix(".refused.json")
    if target.exists():
        return {}
    if given_up.exists():
        return {}
    refused: Counter[str] = Counter()
    for attempt in range(ATTEMPTS):
        scene = set_up(work, _wardrobe(work.archive), shot, attempt)
        sample, reasons = render_scene(scene, work.assets)
        reasons += tuple(_invisible(work.out, outfit) for outfit in _worn(sample))
        reasons = tuple(reason for reason in reasons if reason)
        if not reasons:
            record = sample.record | {"seed": work.seed, "shot": shot.number, "attempt": attempt}
            record["refused"] = dict(refused)
            write_sample(target, replace(sample, record=record))
            return dict(refused)
        refused[reasons[0]] += 1
    write_whole({given_up: json.dumps(refused).encode()})
    return dict(refused)


def _worn(sample: Sample) -> tuple[Outfit, Outfit]:
    return sample.outfits["a"], sample.outfits["b"]


def _invisible(out: Path, outfit: Outfit) -> str:
    """Why an outfit cannot be learned from, "" when it can: too little of it in the product."""
    assert outfit.cloth is not None
    assert outfit.garment is not None
    seen = outfit.cloth.panel != 255
    if seen.mean() < LEAST_SEEN:
        return "garment hardly seen"
    product = _ghost(product_path(out, outfit.garment, View.GHOST))
    _, valid = flow(outfit.cloth, product)
    return "flow invalid" if valid[seen].mean() < LEAST_VALID else ""


@lru_cache(maxsize=4)
def _ghost(path: Path) -> Product:
    return read_product(path)


@lru_cache(maxsize=1)
def _wardrobe(path: Path) -> Wardrobe:
    return Wardrobe(path)


def render_all(
    work: Work, count: int, jobs: int, tick: Callable[[str], None]
) -> tuple[int, dict[str, int]]:
    """Render `count` samples and the product pictures that they need, by `jobs` processes.

    tick is called with "products" or "samples" after each. Returns how many samples there are
    now and how many renderings were refused, by reason, earlier runs included.
    """
    wardrobe = _wardrobe(work.archive)
    chosen = shots(wardrobe, count, work.seed)
    places = sorted({(shot.fitting, place) for shot in chosen for place in shot.garments})
    for folder in ("products", "samples"):
        (work.out / folder).mkdir(parents=True, exist_ok=True)
    for _ in _parallel(partial(render_garment, work), places, jobs):
        tick("products")
    # Body by body, so that a garment is drafted and decoded once for all its samples.
    by_body = sorted(chosen, key=lambda shot: (shot.fitting, shot.pose, shot.number))
    for _ in _parallel(partial(render_sample, work), by_body, jobs):
        tick("samples")
    return _summary(work, count)


def _parallel(function: Callable[[Any], Any], items: list[Any], jobs: int) -> Iterator[Any]:
    if jobs == 1:
        yield from map(function, items)
        return
    # One thread a process: several would fight for the cores that the processes already fill.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with multiprocessing.get_context("spawn").Pool(jobs, cv2.setNumThreads, (1,)) as pool:
        yield from pool.imap_unordered(function, items)


def _summary(work: Work, count: int) -> tuple[int, dict[str, int]]:
    refused: Counter[str] = Counter()
    made = 0
    for number in range(count):
        path = sample_path(work.out, number)
        if path.exists():
            made += 1
            refused.update(cast(dict[str, int], read_sample(path).record["refused"]))
        else:
            refused.update(json.loads(path.with_suffix(".refused.json").read_text()))
    return made, dict(refused)
