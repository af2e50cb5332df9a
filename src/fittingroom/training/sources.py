"""Where each network's pictures come from."""

from dataclasses import dataclass, replace
from pathlib import Path

from fittingroom.labels import CLASS_COUNT
from fittingroom.training import ccp, views
from fittingroom.training.garment import cache as garment_cache
from fittingroom.training.recipes import Recipe
from fittingroom.training.renders import read_people
from fittingroom.training.tasks import Source
from fittingroom.training.teacher import TeacherPose, read_poses
from fittingroom.training.worn import read_label, read_worn


@dataclass(frozen=True, slots=True)
class Folders:
    """What trainings read.

    data: with ccp/ and garments/. poses: of `train teach`; renders: of `train compose`; cutouts: of
    `train cutouts`; labels: of `train label`; annotations: the repository's folder of what was
    placed by looking; placed: of `train placed`. None where not needed.
    """

    data: Path
    poses: Path | None = None
    renders: Path | None = None
    cutouts: Path | None = None
    annotations: Path | None = None
    labels: Path | None = None
    placed: Path | None = None

    def described(self) -> tuple[str, ...]:
        """What was learned from, for the record."""
        named = (
            (self.poses, "Clothing Co-Parsing"),
            (self.data, "Clothing Dataset"),
            (self.labels, "Clothing Co-Parsing, unlabelled photos, clothes named by looking"),
            (self.renders, "synthetic people of this project"),
            (self.cutouts, "synthetic product pictures of this project"),
            (self.placed, "Clothing Dataset, landmarks on which the network agrees with itself"),
        )
        return tuple(name for path, name in named if path)


def open_source(recipe: Recipe, folders: Folders) -> Source:
    """Read into memory what a recipe learns from."""
    return _garments(folders) if recipe.network == "garment" else _people(recipe, folders)


def _garments(folders: Folders) -> Source:
    assert folders.cutouts and folders.annotations
    placed = garment_cache.read_annotations(folders.annotations / "garments.json")
    agreed = garment_cache.read_agreed(folders.placed) if folders.placed else {}
    photos = garment_cache.read_photos(folders.data / "garments", folders.cutouts, placed, agreed)
    return garment_cache.open_source(folders.cutouts, photos)


def _people(recipe: Recipe, folders: Folders) -> views.ViewMaker:
    assert folders.poses
    labelled = recipe.network == "parsing"
    mix = views.Mix(labelled, recipe.rendered, recipe.varied, recipe.joints)
    photos, _ = read_split(folders.data / "ccp", read_poses(folders.poses))
    if labelled and folders.labels:
        photos = _labelled_by_name(photos, folders)
    if labelled:
        photos = [photo for photo in photos if photo.classes is not None]
    renders = read_people(folders.renders, held_back=False) if folders.renders else []
    empty = views.read_empty(folders.data / "garments" / "images", 900)
    return views.ViewMaker(photos, empty, mix, renders)


def _labelled_by_name(photos: list[ccp.LabelledPhoto], folders: Folders) -> list[ccp.LabelledPhoto]:
    """Give unlabelled photos the labels of `train label`, where there are any."""
    assert folders.labels and folders.annotations
    named = read_worn(folders.annotations / "worn.json")
    paths = {path.stem: path for path in folders.labels.glob("*.png")}

    def labelled(photo: ccp.LabelledPhoto) -> ccp.LabelledPhoto:
        if photo.classes is not None or photo.name not in paths or photo.name not in named:
            return photo
        return replace(
            photo,
            classes=read_label(paths[photo.name]),
            maybe=frozenset(range(CLASS_COUNT)) - named[photo.name].absent,
        )

    return [labelled(photo) for photo in photos]


def read_split(
    root: Path, poses: dict[str, TeacherPose]
) -> tuple[list[ccp.LabelledPhoto], list[ccp.LabelledPhoto]]:
    """Photos of `ccp` for training and for validation."""
    names = ccp.read_names(root)
    training, validation = ccp.split_names(root, poses)

    def read(keys: list[str]) -> list[ccp.LabelledPhoto]:
        return [ccp.read_photo(root, key, poses[key], names) for key in keys]

    return read(training), read(validation)
