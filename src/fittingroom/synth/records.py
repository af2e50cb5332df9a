"""Samples, products and sheets on disk, and the flow between them: the public format.

Every record is one stored (not deflated) zip file of PNG pictures and `record.json`, which holds
the format's version, all scalars and the sha256 of every picture. Reading needs numpy and OpenCV
only. Pictures are lossless; what is measured in fractions comes back within half a step:

- `cloth.uv`: steps of 0.25 mm on the sheet; 0 where no garment is seen.
- `light`: steps of 2 (1 % of full light).
- `Product.sheet_to_pixel`: steps of 1/32 pixel. `Sheet.distance`: steps of 0.1 mm.

A record is written whole or not at all. Everything unreadable raises `RecordError`, a ValueError,
with the path and what to do.
"""

import hashlib
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom.synth.shapes import (
    Bytes,
    Camera,
    Cloth,
    Edge,
    Floats,
    GarmentKind,
    Outfit,
    Product,
    Sample,
    Sheet,
    View,
)
from fittingroom.types import Category, Sleeve

VERSION: Final = 1
"""Version of the format; a reader refuses all others."""

UV_STEP: Final = 0.00025
LIGHT_STEP: Final = 2
PIXEL_STEP: Final = 1 / 32
DISTANCE_STEP: Final = 0.0001

_PIXEL_ZERO: Final = 256.0
"""What is added to pixels before they are stored, so that points off the picture fit."""
_NAMES: Final = ("panel", "inside", "amodal")
_NONE: Final = 31
_DATE: Final = (2020, 1, 1, 0, 0, 0)

Pictures: TypeAlias = dict[str, NDArray[Any]]
Values: TypeAlias = dict[str, Any]


class RecordError(ValueError):
    """A record that cannot be read: the path, what is wrong and what to do."""

    def __init__(self, path: Path, fault: str) -> None:
        super().__init__(f"{path}: {fault}; delete it and render it again")


def write_sample(path: Path, sample: Sample) -> None:
    """Write a sample; of the light of outfits b and base only the difference to a is kept."""
    pictures: Pictures = {
        "body": _split(sample.body),
        "lower": _split(sample.lower),
        "body_parts": sample.body_parts,
    }
    outfits: Values = {}
    before: Bytes | None = None
    for name, outfit in sample.outfits.items():
        light = _halved(outfit.light)
        pictures[f"{name}_light"] = _wide(light if before is None else light - before)
        before = light if before is None else before
        pictures[f"{name}_labels"] = outfit.labels
        pictures[f"{name}_share"] = outfit.share
        pictures[f"{name}_ground"] = outfit.ground
        pictures |= _cloth_pictures(name, outfit.cloth, outfit.amodal)
        outfits[name] = {
            "garment": outfit.garment,
            "tucked": outfit.tucked,
            "fit": outfit.fit,
            "cloth": outfit.cloth is not None,
        }
    values = {
        "outfits": outfits,
        "joints": [[float(value) for value in joint] for joint in sample.joints],
        "record": sample.record,
    }
    _write(Path(path), "sample", values, pictures)


def read_sample(path: Path) -> Sample:
    """Read a sample; raises RecordError when the file is damaged or of another version."""
    path = Path(path)
    values, pictures = _read(path, "sample")
    outfits: dict[str, Outfit] = {}
    before: Bytes | None = None
    for name, about in values["outfits"].items():
        light = _deep(pictures[f"{name}_light"], 2)
        light = light if before is None else light + before
        before = light if before is None else before
        cloth, amodal = _cloth_of(name, pictures, about["cloth"])
        outfits[name] = Outfit(
            labels=pictures[f"{name}_labels"],
            light=light * np.uint8(LIGHT_STEP),
            share=pictures[f"{name}_share"],
            cloth=cloth,
            amodal=amodal,
            garment=about["garment"],
            tucked=about["tucked"],
            fit=about["fit"],
            ground=pictures[f"{name}_ground"],
        )
    return Sample(
        outfits=outfits,
        body=_joined(pictures["body"]),
        lower=_joined(pictures["lower"]),
        body_parts=pictures["body_parts"],
        joints=np.array(values["joints"], np.float32),
        record=values["record"],
    )


def write_product(path: Path, product: Product) -> None:
    """Write a product picture."""
    moved = product.sheet_to_pixel + np.float32(_PIXEL_ZERO)
    steps = np.clip(np.rint(moved / PIXEL_STEP), 1, 65535)
    pictures = {
        "light": _wide(_halved(product.light)),
        "share": product.share,
        "shadow": product.shadow,
        "sheet_to_pixel": _slopes(np.where(np.isnan(moved), 0, steps)),
    } | _cloth_pictures("product", product.cloth, product.inner_back)
    values = {
        "garment": product.garment,
        "view": str(product.view),
        "landmarks": product.landmarks,
        "grid": product.grid,
        "record": product.record,
    }
    _write(Path(path), "product", values, pictures)


def read_product(path: Path) -> Product:
    """Read a product picture; raises RecordError as `read_sample`."""
    path = Path(path)
    values, pictures = _read(path, "product")
    cloth, inner_back = _cloth_of("product", pictures, True)
    assert cloth is not None
    steps = _summed(pictures["sheet_to_pixel"], 2).astype(np.float32)
    pixels = steps * np.float32(PIXEL_STEP) - np.float32(_PIXEL_ZERO)
    pixels[steps == 0] = np.nan
    return Product(
        garment=values["garment"],
        view=View(values["view"]),
        cloth=cloth,
        light=_deep(pictures["light"], 2) * np.uint8(LIGHT_STEP),
        share=pictures["share"],
        shadow=pictures["shadow"],
        inner_back=inner_back,
        landmarks={name: (x, y, s) for name, (x, y, s) in values["landmarks"].items()},
        sheet_to_pixel=pixels,
        grid=values["grid"],
        record=values["record"],
    )


def write_sheet(path: Path, sheet: Sheet) -> None:
    """Write a sheet."""
    pictures: Pictures = {"panel": sheet.panel}
    for edge, distance in sheet.distance.items():
        steps = np.clip(np.rint(distance / DISTANCE_STEP), 0, 65535)
        pictures[f"distance_{edge.name.lower()}"] = _slopes(steps[..., None])
    values = {
        "garment": sheet.garment,
        "kind": str(sheet.kind),
        "category": str(sheet.category),
        "sleeve": str(sheet.sleeve),
        "pixel": sheet.pixel,
        "front": sheet.front,
        "edges": [edge.name.lower() for edge in sheet.distance],
    }
    _write(Path(path), "sheet", values, pictures)


def read_sheet(path: Path) -> Sheet:
    """Read a sheet; raises RecordError as `read_sample`."""
    path = Path(path)
    values, pictures = _read(path, "sheet")
    distance = {
        Edge[name.upper()]: _summed(pictures[f"distance_{name}"], 1)[..., 0].astype(np.float32)
        * np.float32(DISTANCE_STEP)
        for name in values["edges"]
    }
    return Sheet(
        garment=values["garment"],
        kind=GarmentKind(values["kind"]),
        category=Category(values["category"]),
        sleeve=Sleeve(values["sleeve"]),
        pixel=values["pixel"],
        panel=pictures["panel"],
        distance=distance,
        front=(values["front"][0], values["front"][1]),
    )


def product_camera_of(product: Product) -> Camera:
    """Return the camera that a product picture was taken with."""
    values = product.record["camera"]
    if not isinstance(values, Mapping):
        raise ValueError(f"product of {product.garment} has no camera in its record")
    eye, centre, size = values["eye"], values["centre"], values["size"]
    return Camera(
        (eye[0], eye[1], eye[2]), values["focal"], (centre[0], centre[1]), (size[0], size[1])
    )


def flow(cloth: Cloth, product: Product) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the backward flow worn -> product and where it is valid.

    flow: (h, w, 2) float32: x, y of the product pixel that shows the same point of the cloth as
    each worn pixel, NaN where no garment is worn; ready for `cv2.remap`. It also goes to points
    that the product picture hides. valid: (h, w) bool: the product picture shows that point: the
    same panel, side and, within about 2 product pixels, place, at or next to the target.
    """
    target = np.full((*cloth.panel.shape, 2), np.nan, np.float32)
    valid = np.zeros(cloth.panel.shape, bool)
    rows, columns = np.nonzero(cloth.panel != 255)
    if not len(rows):
        return target, valid
    uv = cloth.uv[rows, columns]
    found = _bilinear(product.sheet_to_pixel, uv / np.float32(product.grid))
    target[rows, columns] = found
    height, width = product.share.shape
    known = np.flatnonzero(np.isfinite(found).all(axis=1))
    x, y = np.rint(found[known]).astype(np.int32).T
    panel, inside = cloth.panel[rows, columns][known], cloth.inside[rows, columns][known]
    best = np.full(len(known), np.inf, np.float32)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            there = (x + dx >= 0) & (x + dx < width) & (y + dy >= 0) & (y + dy < height)
            at = (np.clip(y + dy, 0, height - 1), np.clip(x + dx, 0, width - 1))
            there &= (product.cloth.panel[at] == panel) & (product.cloth.inside[at] == inside)
            away = np.linalg.norm(product.cloth.uv[at] - uv[known], axis=1)
            best = np.minimum(best, np.where(there, away, np.inf))
    scale = _sheet_per_pixel(product.cloth)
    reach = scale[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)]
    valid[rows[known], columns[known]] = best <= 2 * reach
    return target, valid


def _bilinear(table: Floats, at: Floats) -> Floats:
    """Read a table (H, W, k) at x, y (n, 2) counted in its elements: (n, k); NaN spreads."""
    height, width = table.shape[:2]
    x = np.clip(at[:, 0], 0, width - 1.001)
    y = np.clip(at[:, 1], 0, height - 1.001)
    left, top = x.astype(np.int32), y.astype(np.int32)
    across, down = (x - left)[:, None], (y - top)[:, None]
    upper = table[top, left] * (1 - across) + table[top, left + 1] * across
    lower = table[top + 1, left] * (1 - across) + table[top + 1, left + 1] * across
    return upper * (1 - down) + lower * down


def _sheet_per_pixel(cloth: Cloth) -> Floats:
    """Return about how many metres of the sheet a pixel spans: (h, w) float32.

    Where cloth is seen at an angle more than where it faces the camera, 4 times at most.
    """
    scale = np.zeros(cloth.panel.shape, np.float32)
    for axis in (0, 1):
        here = (slice(None, -1), slice(None)) if axis == 0 else (slice(None), slice(None, -1))
        there = (slice(1, None), slice(None)) if axis == 0 else (slice(None), slice(1, None))
        same = (cloth.panel[here] == cloth.panel[there]) & (cloth.panel[here] != 255)
        away = np.linalg.norm(cloth.uv[here] - cloth.uv[there], axis=2) * same
        scale[here] = np.maximum(scale[here], away)
        scale[there] = np.maximum(scale[there], away)
    usual = float(np.median(scale[scale > 0])) if (scale > 0).any() else 0.002
    grown = cv2.dilate(scale, np.ones((3, 3), np.uint8))
    return np.clip(grown, usual, 4 * usual)


def _halved(light: Bytes) -> Bytes:
    """Return light in steps of 2."""
    steps = (light.astype(np.uint16) + LIGHT_STEP // 2) // LIGHT_STEP
    return np.minimum(steps, 255 // LIGHT_STEP).astype(np.uint8)


def _wide(planes: NDArray[Any]) -> NDArray[Any]:
    """Lay the channels (h, w, k) side by side (h, k w): PNG packs them better apart."""
    return np.concatenate([planes[..., channel] for channel in range(planes.shape[2])], axis=1)


def _deep(picture: NDArray[Any], count: int) -> NDArray[Any]:
    """Undo `_wide`."""
    return np.stack(np.split(picture, count, axis=1), axis=2)


def _split(colours: Bytes) -> Bytes:
    """Lay green, red - green and blue - green (mod 256) of RGB (h, w, 3) side by side."""
    green = colours[..., 1]
    return np.concatenate([green, colours[..., 0] - green, colours[..., 2] - green], axis=1)


def _joined(planes: Bytes) -> Bytes:
    """Undo `_split`."""
    green, red, blue = np.split(planes, 3, axis=1)
    return np.stack([red + green, green, blue + green], axis=2)


def _slopes(steps: NDArray[Any]) -> Bytes:
    """Lay whole numbers 0..65535 (h, w, k) out as bytes (h, 2 k w) that PNG packs well.

    Each number's difference to its left neighbour (mod 65536) goes to 2 d or -2 d - 1, so that
    small ones are small; first all low bytes, channel after channel, then all high bytes.
    """
    turn = np.diff(steps.astype(np.int32), axis=1, prepend=0).astype(np.int16).astype(np.int32)
    folded = _wide((turn << 1) ^ (turn >> 31))
    return np.concatenate([folded & 255, folded >> 8], axis=1).astype(np.uint8)


def _summed(planes: Bytes, count: int) -> NDArray[np.uint16]:
    """Undo `_slopes` of `count` channels: (h, w, count) uint16."""
    low, high = np.split(planes.astype(np.int32), 2, axis=1)
    folded = low | (high << 8)
    turn = _deep((folded >> 1) ^ -(folded & 1), count)
    return np.cumsum(turn, axis=1).astype(np.uint16)


def _cloth_pictures(name: str, cloth: Cloth | None, mask: NDArray[np.bool_]) -> Pictures:
    """Return the pictures of cloth and of a mask that goes with it."""
    cover = mask.astype(np.uint8) << 6
    if cloth is None:
        return {f"{name}_cloth": cover | np.uint8(_NONE)}
    cover |= np.minimum(cloth.panel, _NONE) | (cloth.inside.astype(np.uint8) << 5)
    steps = np.clip(np.rint(cloth.uv / np.float32(UV_STEP)), 0, 65535)
    steps[cloth.panel == 255] = 0
    return {f"{name}_cloth": cover, f"{name}_uv": _slopes(steps)}


def _cloth_of(name: str, pictures: Pictures, worn: bool) -> tuple[Cloth | None, NDArray[np.bool_]]:
    """Undo `_cloth_pictures`."""
    cover = pictures[f"{name}_cloth"]
    mask = (cover & 64) > 0
    if not worn:
        return None, mask
    panel = cover & np.uint8(31)
    panel[panel == _NONE] = 255
    uv = _summed(pictures[f"{name}_uv"], 2).astype(np.float32) * np.float32(UV_STEP)
    return Cloth(uv, panel, (cover & 32) > 0), mask


def _write(path: Path, kind: str, values: Values, pictures: Pictures) -> None:
    """Write a record beside its place and move it there when it is whole."""
    members = {f"{name}.png": _png(picture) for name, picture in pictures.items()}
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in members.items()}
    head = {"format": VERSION, "holds": kind, "sha256": sums} | values
    text = json.dumps(head, separators=(",", ":"), allow_nan=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED) as file:
            file.writestr(zipfile.ZipInfo("record.json", _DATE), text)
            for name, data in members.items():
                file.writestr(zipfile.ZipInfo(name, _DATE), data)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _png(picture: NDArray[Any]) -> bytes:
    """Return a picture (h, w) or RGB (h, w, 3), 8 or 16 bits, as PNG."""
    turned = picture[..., ::-1] if picture.ndim == 3 else picture
    options = [cv2.IMWRITE_PNG_COMPRESSION, 8, cv2.IMWRITE_PNG_STRATEGY, 1]
    done, data = cv2.imencode(".png", np.ascontiguousarray(turned), options)
    if not done:
        raise ValueError(f"cannot write a picture of shape {picture.shape}")
    return bytes(data)


def _read(path: Path, kind: str) -> tuple[Values, Pictures]:
    """Read and check a record of a kind."""
    try:
        with zipfile.ZipFile(path) as file:
            members = {name: file.read(name) for name in file.namelist()}
        head = json.loads(members.pop("record.json"))
    except FileNotFoundError:
        raise
    except (OSError, KeyError, ValueError, zipfile.BadZipFile, EOFError) as error:
        raise RecordError(path, f"not a whole record ({error})") from error
    if head.get("format") != VERSION or head.get("holds") != kind:
        found = f"{head.get('holds')} of version {head.get('format')}"
        raise RecordError(path, f"holds a {found}, wanted a {kind} of version {VERSION}")
    pictures: Pictures = {}
    for name, wanted in head["sha256"].items():
        data = members.get(name, b"")
        if hashlib.sha256(data).hexdigest() != wanted:
            raise RecordError(path, f"{name} is damaged")
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        if picture is None:
            raise RecordError(path, f"{name} is no picture")
        turned = picture[..., ::-1] if picture.ndim == 3 else picture
        pictures[name.removesuffix(".png")] = np.ascontiguousarray(turned)
    return head, pictures
