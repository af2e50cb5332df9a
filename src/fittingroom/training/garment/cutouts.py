"""Synthetic garments cut out and painted once, ready to be laid on any ground.

Reading, painting and lighting a product picture takes half a second; laying a finished cut-out on
a ground takes milliseconds. `prepare_cutouts` paints every product picture of a set many times
into a folder (never committed), `CutoutShelf` reads it.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from fittingroom.stages.garment import CATEGORIES, POINTS
from fittingroom.synth.compose import Painted, compose_product, sample_label, sample_shop_light
from fittingroom.synth.prints import paint, sample_print
from fittingroom.synth.records import read_product, read_sheet
from fittingroom.synth.shapes import Panel, Product, Sheet, View
from fittingroom.training.garment.targets import POINT_COUNT
from fittingroom.types import Category, Image, Landmark

SCALE: Final = 0.75
"""Size of a stored cut-out, of that of the set's product pictures (512 x 384)."""

HELD_OUT: Final = ("007", "017", "027", "037")
"""Fittings whose garments are kept out of training, for the figures on synthetic pictures."""

_SLEEVES: Final = {
    1: (Panel.RIGHT_SLEEVE_FRONT, Panel.RIGHT_SLEEVE_BACK),
    2: (Panel.LEFT_SLEEVE_FRONT, Panel.LEFT_SLEEVE_BACK),
}


_SHARES: Final = (0.64, 0.17, 0.19)
"""How often each category is drawn, by CATEGORIES."""


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """What all paintings of a product picture share; h x w pixels.

    share: (h, w) uint8 coverage. part: (h, w) uint8, 0 = body of the garment, 1 and 2 = the
    wearer's right and left sleeve. inner: (h, w) uint8, 255 = inner back. points: (L, 2) float32;
    there: (L,) bool, the garment has the point. seen: (L,) bool. known: (L,) bool, False where the
    point's place is a matter of taste (the collar's front of an open garment). arm: share of the
    arm that the sleeve covers, 0 = none.
    """

    name: str
    share: NDArray[np.uint8]
    part: NDArray[np.uint8]
    inner: NDArray[np.uint8]
    points: NDArray[np.float32]
    there: NDArray[np.bool_]
    seen: NDArray[np.bool_]
    known: NDArray[np.bool_]
    category: Category
    arm: float
    ghost: bool


@dataclass(frozen=True, slots=True, eq=False)
class Cutout:
    """A painted garment: colours (h, w, 3) uint8 RGB of its shape, without ground."""

    shape: Shape
    colours: Image


def held_out(name: str) -> bool:
    """Whether a garment (`tshirt_017b`) is kept out of training."""
    return name.rsplit("_", 1)[-1][:3] in HELD_OUT


def garment_names(products: Path) -> list[str]:
    """Names of all garments of a set's folder of products."""
    return sorted(path.name.removesuffix("_sheet.zip") for path in products.glob("*_sheet.zip"))


def shape_of(product: Product, sheet: Sheet) -> Shape:
    """Return the shape of a product picture at SCALE."""
    size = tuple(round(side * SCALE) for side in product.share.shape[::-1])
    part = _parts(product)
    points = np.zeros((POINT_COUNT, 2), np.float32)
    there, seen = np.zeros((2, POINT_COUNT), bool)
    for name, (x, y, shown) in product.landmarks.items():
        at = POINTS.index(name.upper())
        points[at] = (np.array([x, y]) + 0.5) * SCALE - 0.5
        there[at], seen[at] = True, shown > 0
    known = np.ones(POINT_COUNT, bool)
    known[Landmark.COLLAR_FRONT] = not (sheet.panel == Panel.LEFT_FRONT).any()
    design: Any = product.record.get("design", {})
    inner = product.inner_back.astype(np.uint8) * 255
    return Shape(
        name=product.garment,
        share=_resized(product.share, size, cv2.INTER_AREA),
        part=_resized(part, size, cv2.INTER_NEAREST),
        inner=_resized(inner, size, cv2.INTER_AREA),
        points=points,
        there=there,
        seen=seen,
        known=known,
        category=sheet.category,
        arm=float(design.get("sleeve", 0.0)),
        ghost=product.view is View.GHOST,
    )


def _parts(product: Product) -> NDArray[np.uint8]:
    """Part (h, w) of each pixel; half-covered pixels at the rim go with the sleeve beside them."""
    part = np.zeros(product.share.shape, np.uint8)
    panel = product.cloth.panel
    for number, panels in _SLEEVES.items():
        mine = np.isin(panel, [int(one) for one in panels])
        near = cv2.dilate(mine.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
        part[mine | (near & (panel == 255))] = number
    return part


def _resized(image: NDArray[np.uint8], size: tuple[int, ...], way: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(image, size, interpolation=way), np.uint8)


def _sheet_picture(sheet: Sheet, rng: Generator, textures: Sequence[Image]) -> Image:
    """Paint a sheet: a drawn print, or a real garment's cloth, mirrored over and over."""
    if not textures or rng.random() > 0.3:
        return paint(sheet, sample_print(sheet, rng, textures))
    texture = textures[int(rng.integers(len(textures)))]
    gain = float(np.exp(rng.uniform(-0.4, 0.9)))
    texture = np.asarray(cv2.resize(texture, None, fx=gain, fy=gain), np.uint8)
    if rng.random() < 0.3:
        texture = np.ascontiguousarray(texture.transpose(1, 0, 2))
    high, wide = sheet.panel.shape
    below, beside = high // texture.shape[0] + 1, wide // texture.shape[1] + 1
    rows = [texture[:: 1 - 2 * (row % 2)] for row in range(below)]
    column = np.concatenate(rows)
    whole = np.concatenate([column[:, :: 1 - 2 * (col % 2)] for col in range(beside)], axis=1)
    return np.ascontiguousarray(whole[:high, :wide])


def painted_colours(product: Product, painted: Painted, rng: Generator) -> Image:
    """Colours (h, w, 3) of a product picture at SCALE, whole wherever any garment is."""
    solid = replace(product, share=np.where(product.share > 0, 255, 0).astype(np.uint8))
    ground = np.full((*product.share.shape, 3), 128, np.uint8)
    label = sample_label(painted.sheet, rng)
    image = compose_product(solid, painted, ground, sample_shop_light(rng), label)
    size = tuple(round(side * SCALE) for side in product.share.shape[::-1])
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def prepare_cutouts(
    products: Path,
    folder: Path,
    count: int,
    textures: Sequence[Image],
    tick: Callable[[str], None],
) -> None:
    """Paint every garment of a set `count` times into `folder`; goes on where it was stopped."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(garment_names(products)):
        sheet = read_sheet(products / f"{name}_sheet.zip")
        views = {view: read_product(products / f"{name}_{view.value}.zip") for view in View}
        for view, product in views.items():
            _store_shape(folder / f"{name}_{view.value}", shape_of(product, sheet))
        for painting in range(count):
            paths = {view: folder / f"{name}_{view.value}.{painting}.jpg" for view in View}
            if all(path.exists() for path in paths.values()):
                continue
            rng = np.random.default_rng([11, number, painting])
            painted = Painted(sheet, _sheet_picture(sheet, rng, textures))
            for view, product in views.items():
                _write_jpeg(paths[view], painted_colours(product, painted, rng))
        tick(name)


def _write_jpeg(path: Path, image: Image) -> None:
    _, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
    path.write_bytes(bytes(data))


def _store_shape(stem: Path, shape: Shape) -> None:
    planes = np.stack([shape.share, shape.part, shape.inner], axis=2)
    cv2.imwrite(f"{stem}.png", planes)
    about = {
        "name": shape.name,
        "points": shape.points.tolist(),
        "there": shape.there.tolist(),
        "seen": shape.seen.tolist(),
        "known": shape.known.tolist(),
        "category": shape.category.value,
        "arm": shape.arm,
        "ghost": shape.ghost,
    }
    stem.with_suffix(".json").write_text(json.dumps(about))


def _read_shape(path: Path) -> Shape:
    about = json.loads(path.read_text())
    planes = np.asarray(cv2.imread(str(path.with_suffix(".png"))), np.uint8)
    share, part, inner = (np.ascontiguousarray(planes[..., channel]) for channel in range(3))
    return Shape(
        name=about["name"],
        share=share,
        part=part,
        inner=inner,
        points=np.array(about["points"], np.float32),
        there=np.array(about["there"], bool),
        seen=np.array(about["seen"], bool),
        known=np.array(about["known"], bool),
        category=Category(about["category"]),
        arm=about["arm"],
        ghost=about["ghost"],
    )


class CutoutShelf:
    """The paintings that `prepare_cutouts` wrote, read into memory as they were compressed."""

    def __init__(self, folder: Path, held: bool = False) -> None:
        """Read all garments but those held out, or with `held` just those."""
        self._cutouts: list[list[tuple[Shape, bytes]]] = [[] for _ in CATEGORIES]
        for path in sorted(folder.glob("*.json")):
            if held_out(path.stem.rsplit("_", 1)[0]) is held:
                shape = _read_shape(path)
                group = self._cutouts[CATEGORIES.index(shape.category)]
                pictures = sorted(folder.glob(f"{path.stem}.*.jpg"))
                group += [(shape, picture.read_bytes()) for picture in pictures]

    def __len__(self) -> int:
        return sum(map(len, self._cutouts))

    def draw(self, rng: Generator) -> Cutout:
        """Draw a cut-out: two tops for each lower garment or dress."""
        shares = [
            share if group else 0.0 for share, group in zip(_SHARES, self._cutouts, strict=True)
        ]
        group = self._cutouts[int(rng.choice(len(CATEGORIES), p=np.divide(shares, sum(shares))))]
        shape, data = group[int(rng.integers(len(group)))]
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        return Cutout(shape, np.ascontiguousarray(decoded[..., ::-1]))
