"""`fittingroom synth fixtures`: a handful of small samples with exact answers, for the tests.

Chosen from all that an archive can show, so that each kind of garment, a frontal pose, a bent arm
and a tucked top are there: tests then need neither archive nor meshes.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from fittingroom.synth.product_pictures import make_sheet
from fittingroom.synth.records import write_sheet
from fittingroom.synth.scenes import (
    Shot,
    Work,
    render_garment,
    render_sample,
    sample_path,
    sheet_path,
    shots,
)
from fittingroom.synth.shapes import GarmentKind, PoseKind
from fittingroom.synth.wardrobe import Fitting, Wardrobe

SIZE: Final = (192, 144)
SEED: Final = 11
SHEET_PIXEL: Final = 0.005
"""Metres; sheets of 2 mm, as sets have them, would be most of the megabytes."""

FRONTAL: Final = (PoseKind.ARMS_DOWN, PoseKind.CATALOGUE)
BENT: Final = frozenset(PoseKind) - {*FRONTAL, PoseKind.TWIST_SLIGHT, PoseKind.THREE_QUARTER}
LOWERS: Final = (GarmentKind.TROUSERS, GarmentKind.SKIRT, GarmentKind.SHORTS)

_POOL: Final = 2000
"""Shots that are looked through; all that a large archive has come up among them."""


def _kinds(fitting: Fitting, shot: Shot) -> list[GarmentKind]:
    return [fitting.garments[place].design.kind for place in shot.garments]


def _tucked(fitting: Fitting, shot: Shot) -> bool:
    drapes = [drape for place in shot.garments for drape in fitting.garments[place].drapes]
    return any(drape.pose == shot.pose and drape.tuck is not None for drape in drapes)


def _frontal_top(fitting: Fitting, shot: Shot) -> bool:
    pose = fitting.poses[shot.pose]
    upper = not {*_kinds(fitting, shot)} & {*LOWERS, GarmentKind.DRESS}
    return upper and pose.kind in FRONTAL and abs(pose.turn) < 0.15


def _tucked_top(fitting: Fitting, shot: Shot) -> bool:
    return _tucked(fitting, shot) and fitting.poses[shot.pose].kind in BENT


def _lower(fitting: Fitting, shot: Shot) -> bool:
    return all(kind in LOWERS for kind in _kinds(fitting, shot))


def _dress(fitting: Fitting, shot: Shot) -> bool:
    return GarmentKind.DRESS in _kinds(fitting, shot)


WISHES: Final[tuple[Callable[[Fitting, Shot], bool], ...]] = (
    _frontal_top,
    _tucked_top,
    _lower,
    _dress,
)
"""What sample 0, 1, 2 and 3 must show."""


def make_fixtures(archive: Path, out: Path) -> tuple[str, ...]:
    """Render one sample for each wish, with its products; return the names of the garments.

    Raises ValueError when the archive cannot show one of them. The same archive gives the same
    bytes. Files of an earlier run are written anew.
    """
    wardrobe, work = Wardrobe(archive), Work(archive, out, SIZE, SEED)
    for path in [*out.glob("samples/*"), *out.glob("products/*.zip")]:
        path.unlink()
    for folder in ("products", "samples"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    pool = shots(wardrobe, _POOL, SEED)
    worn: set[tuple[int, int]] = set()
    for number, wish in enumerate(WISHES):
        right = [shot for shot in pool if wish(wardrobe.fittings[shot.fitting], shot)]
        # Garments that are there already first: each takes more room than a sample.
        right.sort(key=lambda shot: len(_places(shot) - worn))
        made = next((shot for shot in right if _made(work, shot, number)), None)
        if made is None:
            raise ValueError(f"{archive} shows nothing of the kind {wish.__name__[1:]!r}")
        worn |= _places(made)
    return _tidied(wardrobe, work, worn)


def _places(shot: Shot) -> set[tuple[int, int]]:
    return {(shot.fitting, place) for place in shot.garments}


def _made(work: Work, shot: Shot, number: int) -> bool:
    """Render a shot as sample `number`; False when it was given up."""
    for place in sorted(_places(shot)):
        render_garment(work, place)
    render_sample(work, Shot(number, shot.fitting, shot.pose, shot.garments))
    target = sample_path(work.out, number)
    target.with_suffix(".refused.json").unlink(missing_ok=True)
    return target.exists()


def _tidied(wardrobe: Wardrobe, work: Work, worn: set[tuple[int, int]]) -> tuple[str, ...]:
    """Make sheets coarse and remove products of samples that were given up."""
    names = []
    for number, place in sorted(worn):
        fitting = wardrobe.fittings[number]
        garment = fitting.garments[place]
        mesh = wardrobe.open(fitting, garment).mesh
        write_sheet(sheet_path(work.out, garment.name), make_sheet(mesh, SHEET_PIXEL))
        names.append(garment.name)
    for path in work.out.glob("products/*.zip"):
        if path.stem.rpartition("_")[0] not in names:
            path.unlink()
    return tuple(names)
