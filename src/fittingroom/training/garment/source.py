"""Pictures for the garment network, drawn at random, each with as much truth as is known of it.

Synthetic garments lie on all kinds of ground; real photos are moved, turned and lit anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from fittingroom.labels import IGNORED
from fittingroom.stages.garment import CATEGORIES, MIRRORED, GarmentClass, letterbox
from fittingroom.training.garment import looks, scenes
from fittingroom.training.garment.cutouts import Cutout, CutoutShelf, Shape
from fittingroom.training.garment.photos import AGREED_WEIGHT, GarmentPhoto
from fittingroom.training.garment.targets import EITHER, POINT_COUNT, SIDE, UNKNOWN, GarmentView
from fittingroom.types import Category, Image

HIDDEN_WEIGHT: Final = 0.6
"""Weight of a landmark that is hidden but whose place is known."""
PLACED, AGREED, CUT, REST = 0.58, 0.16, 0.1, 0.16
"""How often a real photo is one whose points were placed by looking, one on whose points the
network agrees with itself, one with a sure cut, any other."""
MOVED: Final = 0.3
"""How often a real photo with a sure cut is laid on another ground."""
_ASPECTS: Final = ((3, 4), (3, 4), (3, 4), (4, 3), (1, 1), (1, 1), (2, 3), (9, 16))
"""Width to height of photos."""


def sleeve_of(category: Category, arm: float) -> int:
    """Number in SLEEVES of a sleeve that covers a share of the arm, -1 where it is between two."""
    if category is Category.LOWER:
        return UNKNOWN
    for number, (low, high) in enumerate(((-1, 0.05), (0.1, 0.5), (0.57, 0.84), (0.92, 9))):
        if low <= arm <= high:
            return number
    return UNKNOWN


@dataclass(frozen=True, slots=True, eq=False)
class Grounds:
    """Real and drawn grounds, (h, w, 3) uint8 each."""

    real: Sequence[Image]
    drawn: Sequence[Image]

    def draw(
        self, rng: Generator, size: tuple[int, int], near: NDArray[np.float32] | None
    ) -> Image:
        """Draw a ground (h, w, 3); near: a colour that a plain one may be close to."""
        kind = rng.random()
        if kind < 0.42 and len(self.real):
            return looks.cropped_ground(rng, self.real[int(rng.integers(len(self.real)))], size)
        if kind < 0.58 and len(self.drawn):
            return looks.cropped_ground(rng, self.drawn[int(rng.integers(len(self.drawn)))], size)
        return looks.plain_ground(rng, size, near if rng.random() < 0.3 else None)


class GarmentSource:
    """Draws training pictures; deterministic by the generator that it is given.

    shelf: synthetic cut-outs. photos: real photos, drawn with the share `real`, those whose points
    are known most often.
    """

    def __init__(
        self,
        shelf: CutoutShelf,
        grounds: Grounds,
        photos: Sequence[GarmentPhoto],
        real: float = 0.62,
    ) -> None:
        self._shelf = shelf
        self._grounds = grounds
        self._real = real if photos else 0.0
        rest = [photo for photo in photos if not photo.there.any()]
        groups = (
            ([photo for photo in photos if photo.placed], PLACED),
            ([photo for photo in photos if photo.there.any() and not photo.placed], AGREED),
            ([photo for photo in rest if _is_cut(photo)], CUT),
            ([photo for photo in rest if not _is_cut(photo)], REST),
        )
        self._groups = [group for group, _ in groups if group]
        shares = np.array([share for group, share in groups if group])
        self._shares = shares / max(float(shares.sum()), 1e-9)

    def draw(self, rng: Generator) -> GarmentView:
        """Draw a picture with its truth."""
        kind = rng.random()
        if kind < 0.02:
            return self._nothing(rng)
        if kind < 0.02 + self._real:
            return framed(self._draw_real(rng))
        return framed(self.draw_synthetic(rng))

    def _draw_real(self, rng: Generator) -> GarmentView:
        group = self._groups[int(rng.choice(len(self._groups), p=self._shares))]
        photo = group[int(rng.integers(len(group)))]
        movable = _is_cut(photo) and photo.category != UNKNOWN
        if movable and rng.random() < MOVED:
            return self.draw_moved(rng, photo)
        return photo_view(rng, photo)

    def draw_synthetic(self, rng: Generator, calm: bool | None = None) -> GarmentView:
        """Draw a synthetic garment on a ground, a picture (h, w) of at most SIDE.

        calm: as shops show it, None = by chance.
        """
        cutout = self._shelf.draw(rng)
        return self._laid(rng, cutout, bool(rng.random() < 0.22) if calm is None else calm)

    def draw_moved(self, rng: Generator, photo: GarmentPhoto) -> GarmentView:
        """Draw a real garment, cut by rule, on another ground; its points where they are known."""
        view = self._laid(rng, cutout_of(photo), False)
        classes = np.where(view.classes == GarmentClass.GARMENT, EITHER, view.classes)
        sure = 1.0 if photo.placed else AGREED_WEIGHT
        return replace(
            view,
            classes=classes.astype(np.uint8),
            sleeve=photo.sleeve,
            weights=view.weights * np.where(view.there, np.float32(sure), np.float32(1)),
        )

    def _nothing(self, rng: Generator) -> GarmentView:
        ground = self._grounds.draw(rng, (SIDE, SIDE), None)
        image = looks.photographed(rng, ground.astype(np.float32))
        nowhere = np.zeros(POINT_COUNT, bool)
        return GarmentView(
            image,
            np.zeros((SIDE, SIDE), np.uint8),
            np.zeros((POINT_COUNT, 2), np.float32),
            np.ones(POINT_COUNT, np.float32),
            nowhere,
            nowhere.astype(np.int8),
            UNKNOWN,
            UNKNOWN,
        )

    def _laid(self, rng: Generator, cutout: Cutout, calm: bool) -> GarmentView:
        shape = cutout.shape
        size = _picture_size(rng)
        colours = looks.recoloured(rng, cutout.colours)
        arms = {} if calm and rng.random() < 0.5 else scenes.sample_arms(rng, shape)
        placing = scenes.sample_placing(rng, scenes.box_of(shape, arms), size, calm)
        near = np.median(colours[shape.share > 200][::37], axis=0).astype(np.float32)
        ground = self._ground(rng, size, near, calm)
        hook = np.zeros(size, np.uint8)
        if rng.random() < 0.16:
            points = scenes.moved_points(shape, arms, placing)
            hook = scenes.draw_hanger(rng, ground, points, shape.category)
        laid = scenes.lay(shape, colours, ground, arms, placing)
        return _finished(rng, shape, laid, ground, hook, calm)

    def _ground(
        self, rng: Generator, size: tuple[int, int], near: NDArray[np.float32], calm: bool
    ) -> Image:
        if calm:
            return looks.plain_ground(rng, size, near if rng.random() < 0.2 else None)
        ground = self._grounds.draw(rng, size, near)
        if rng.random() < 0.15:
            looks.with_things(rng, ground, self._grounds.draw(rng, size, None))
        return ground


def _is_cut(photo: GarmentPhoto) -> bool:
    return bool((photo.classes != IGNORED).any())


def _picture_size(rng: Generator) -> tuple[int, int]:
    wide, high = _ASPECTS[int(rng.integers(len(_ASPECTS)))]
    return SIDE * high // max(wide, high), SIDE * wide // max(wide, high)


def cutout_of(photo: GarmentPhoto) -> Cutout:
    """A real garment, cut by rule and a pixel inside of its outline, as a cut-out."""
    solid = (photo.classes == EITHER).astype(np.uint8) * 255
    solid = cv2.dilate(solid, np.ones((5, 5), np.uint8))
    share = cv2.GaussianBlur(solid, (0, 0), 0.8)
    shape = Shape(
        name=photo.name,
        share=np.asarray(share, np.uint8),
        part=np.zeros(share.shape, np.uint8),
        inner=np.zeros(share.shape, np.uint8),
        points=photo.points,
        there=photo.there,
        seen=photo.visible != 0,
        known=photo.weights > 0,
        category=CATEGORIES[photo.category],
        arm=0.0,
        ghost=False,
    )
    return Cutout(shape, photo.image)


def _finished(
    rng: Generator,
    shape: Shape,
    laid: scenes.Laid,
    ground: Image,
    hook: NDArray[np.uint8],
    calm: bool,
) -> GarmentView:
    """Shadow, camera and frame of a garment that was laid; the truth of it."""
    shade = looks.shadowed(rng, ground, laid.cover)
    cover = laid.cover[..., None]
    image = laid.image - (1 - cover) * ground * (1 - shade)
    hung = (hook[..., None] / np.float32(255)) * laid.inner[..., None]
    image = image + hung * (ground - image)
    whole = (laid.cover * (1 - hung[..., 0])).astype(np.float32)
    classes = np.where(whole > 0.5, np.uint8(GarmentClass.GARMENT), np.uint8(GarmentClass.GROUND))
    classes[(laid.inner > 0.5) & (whole > 0.5)] = GarmentClass.INNER_BACK
    picture = np.clip(image, 0, 255)
    if rng.random() < 0.07:
        drawn = looks.as_drawing(rng, picture.astype(np.uint8), whole)
        picture = drawn.astype(np.float32)
    image8 = looks.photographed(rng, picture.astype(np.float32), 0.4 if calm else 1.0)
    inside = _within(laid.points, classes.shape)
    there = laid.there & inside
    known = laid.known & (inside | ~laid.there)
    weights = known * np.where(laid.seen | ~laid.there, 1, HIDDEN_WEIGHT)
    return GarmentView(
        image=image8,
        classes=classes,
        points=laid.points,
        weights=weights.astype(np.float32),
        there=there,
        visible=np.where(known, laid.seen & there, UNKNOWN).astype(np.int8),
        category=CATEGORIES.index(shape.category),
        sleeve=sleeve_of(shape.category, shape.arm * laid.length),
    )


def _within(points: NDArray[np.float32], size: tuple[int, ...]) -> NDArray[np.bool_]:
    inside = (points >= -0.5) & (points <= np.array(size[::-1], np.float32) - 0.5)
    return np.asarray(inside.all(1), bool)


def framed(view: GarmentView) -> GarmentView:
    """Letterbox a view of any size to SIDE x SIDE; classes go on beside it as the picture does."""
    box = letterbox(view.image, SIDE)
    rows, cols = box.window
    size = (cols.stop - cols.start, rows.stop - rows.start)
    small = cv2.resize(view.classes, size, interpolation=cv2.INTER_NEAREST)
    beside = (rows.start, SIDE - rows.stop, cols.start, SIDE - cols.stop)
    classes = np.asarray(cv2.copyMakeBorder(small, *beside, cv2.BORDER_REPLICATE), np.uint8)
    return replace(view, image=box.picture, classes=classes, points=box.enter(view.points))


def photo_view(rng: Generator, photo: GarmentPhoto) -> GarmentView:
    """Move, turn, pull and light a real photo."""
    height, width = photo.image.shape[:2]
    size = _picture_size(rng) if rng.random() < 0.2 else _own_size(width, height)
    placing = scenes.sample_shake(rng, (height, width), size)
    x, y = placing.backward_map(size)
    image = cv2.remap(photo.image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    classes = cv2.remap(
        photo.classes, x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=IGNORED
    )
    points = placing.forward(photo.points)
    inside = _within(points, size)
    order = np.array(MIRRORED) if placing.mirrored else np.arange(POINT_COUNT)
    weights = photo.weights * np.where(photo.there & ~inside, 0, 1)
    if rng.random() < 0.3:
        image = looks.turned_colours(rng, np.asarray(image, np.uint8))
    return GarmentView(
        image=looks.photographed(rng, image.astype(np.float32), 0.6),
        classes=np.asarray(classes, np.uint8),
        points=points[order],
        weights=weights[order].astype(np.float32),
        there=(photo.there & inside)[order],
        visible=photo.visible[order],
        category=photo.category,
        sleeve=photo.sleeve,
    )


def _own_size(width: int, height: int) -> tuple[int, int]:
    factor = SIDE / max(width, height)
    return max(8, round(height * factor)), max(8, round(width * factor))
