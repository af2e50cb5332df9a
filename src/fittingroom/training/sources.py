"""Where each network's pictures come from."""

from dataclasses import dataclass
from pathlib import Path

from fittingroom.training import ccp, garment_cache, views
from fittingroom.training.recipes import Recipe
from fittingroom.training.renders import read_people
from fittingroom.training.tasks import Source
from fittingroom.training.teacher import TeacherPose, read_poses


@dataclass(frozen=True, slots=True)
class Folders:
    """What trainings read.

    data: with ccp/ and garments/. poses: of `train teach`; renders: of `train compose`; cutouts: of
    `train cutouts`; annotations: the repository's folder of what was placed by looking. None
    where not needed.
    """

    data: Path
    poses: Path | None = None
    renders: Path | None = None
    cutouts: Path | None = None
    annotations: Path | None = None

    def described(self) -> tuple[str, ...]:
        """What was learned from, for the record."""
        named = (
            (self.poses, "Clothing Co-Parsing"),
            (self.data, "Clothing Dataset"),
            (self.renders, "synthetic people of this project"),
            (self.cutouts, "synthetic product pictures of this project"),
        )
        return tuple(name for path, name in named if path)


def open_source(recipe: Recipe, folders: Folders) -> Source:
    """Read into memory what a recipe learns from."""
    return _garments(folders) if recipe.network == "garment" else _people(recipe, folders)


def _garments(folders: Folders) -> Source:
    assert folders.cutouts and folders.annotations
    placed = garment_cache.read_annotations(folders.annotations / "garments.json")
    photos = garment_cache.read_photos(folders.data / "garments", folders.cutouts, placed)
    return garment_cache.open_source(folders.cutouts, photos)


def _people(recipe: Recipe, folders: Folders) -> views.ViewMaker:
    assert folders.poses
    labelled = recipe.network == "parsing"
    mix = views.Mix(labelled, recipe.rendered, recipe.varied, recipe.joints)
    photos, _ = read_split(folders.data / "ccp", read_poses(folders.poses))
    if labelled:
        photos = [photo for photo in photos if photo.classes is not None]
    renders = read_people(folders.renders, held_back=False) if folders.renders else []
    empty = views.read_empty(folders.data / "garments" / "images", 900)
    return views.ViewMaker(photos, empty, mix, renders)


def read_split(
    root: Path, poses: dict[str, TeacherPose]
) -> tuple[list[ccp.LabelledPhoto], list[ccp.LabelledPhoto]]:
    """Photos of `ccp` for training and for validation."""
    names = ccp.read_names(root)
    training, validation = ccp.split_names(root, poses)

    def read(keys: list[str]) -> list[ccp.LabelledPhoto]:
        return [ccp.read_photo(root, key, poses[key], names) for key in keys]

    return read(training), read(validation)
