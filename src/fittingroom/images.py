"""Reading and writing photos: whatever a customer uploads becomes one upright sRGB array.

Rules. JPEG, PNG and WebP, told by content, never by name. The EXIF turn is applied once and
colours go to sRGB. Transparent pixels are laid over white, for persons and garments alike. Of an
animation the first frame counts. Limits on bytes and pixels are checked before anything is
decoded. Nothing that is written carries EXIF.
"""

import io
import logging
import os
import secrets
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeAlias

import cv2
import numpy as np
import PIL.Image
import PIL.ImageCms
from numpy.typing import NDArray

from fittingroom.errors import ErrorCode, FittingRoomError
from fittingroom.types import Image

PhotoSource: TypeAlias = str | os.PathLike[str] | bytes | PIL.Image.Image | NDArray[Any]

MAX_PIXELS: Final = 50_000_000
MAX_BYTES: Final = 128 * 1024 * 1024
"""A 48-megapixel photo as PNG has about 90 MB."""

MIN_SIDE: Final = 16
FORMATS: Final = ("JPEG", "PNG", "WEBP")
SUFFIXES: Final = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP"}
LONGEST_SIDE: Final = {"JPEG": 65_500, "WEBP": 16_383, "PNG": 2**31 - 1}
EXIF_ORIENTATION: Final = 0x0112
WHITE: Final = (255, 255, 255, 255)

_log = logging.getLogger(__name__)

_TURNS: Final[dict[int, Callable[[Image], Image]]] = {
    2: lambda image: image[:, ::-1],
    3: lambda image: image[::-1, ::-1],
    4: lambda image: image[::-1],
    5: lambda image: image.swapaxes(0, 1),
    6: lambda image: image[::-1].swapaxes(0, 1),
    7: lambda image: image[::-1, ::-1].swapaxes(0, 1),
    8: lambda image: image[:, ::-1].swapaxes(0, 1),
}
"""How to turn a stored picture upright, by its EXIF orientation."""


def read_photo(source: PhotoSource) -> Image:
    """Read a photo from a path, encoded bytes, a PIL image or an array.

    An array is uint8 or uint16: (h, w) grey, (h, w, 3) RGB or (h, w, 4) RGBA, already upright and
    in sRGB. Returns uint8 (h, w, 3) RGB. Raises missing_file, bad_image or too_large.
    """
    if isinstance(source, np.ndarray):
        return _from_array(source)
    if isinstance(source, PIL.Image.Image):
        return _decode(source)
    if isinstance(source, (bytes, bytearray, memoryview)):
        _check_bytes(len(source))
        return _from_stream(io.BytesIO(source))
    return _from_path(Path(source))


def _bad(advice: str) -> FittingRoomError:
    return FittingRoomError(ErrorCode.BAD_IMAGE, advice)


def _check_bytes(count: int) -> None:
    if count > MAX_BYTES:
        advice = f"the file has {count / 2**20:.0f} MiB; give one of at most {MAX_BYTES >> 20} MiB"
        raise FittingRoomError(ErrorCode.TOO_LARGE, advice)
    if count == 0:
        raise _bad("the file is empty; give a JPEG, PNG or WebP photo")


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        advice = f"the picture has {width}x{height} pixels; scale it to at most 50 megapixels"
        raise FittingRoomError(ErrorCode.TOO_LARGE, advice)
    if min(width, height) < MIN_SIDE:
        raise _bad(f"the picture has {width}x{height} pixels; give a photo with a visible person")


def _from_path(path: Path) -> Image:
    try:
        if path.is_dir():
            raise _bad(f"{path} is a folder; name one photo")
        if path.exists() and not path.is_file():
            raise _bad(f"{path} is no ordinary file; name a JPEG, PNG or WebP photo")
        with path.open("rb") as stream:
            _check_bytes(os.fstat(stream.fileno()).st_size)
            return _from_stream(stream)
    except FittingRoomError as error:
        raise FittingRoomError(error.code, _named(path, error.advice)) from error.__cause__
    except (OSError, ValueError) as error:
        reason = "cannot be read" if isinstance(error, PermissionError) else "does not exist"
        advice = f"{path} {reason}; check the name"
        raise FittingRoomError(ErrorCode.MISSING_FILE, advice) from error


def _named(path: Path, advice: str) -> str:
    """Say which of several photos is meant."""
    return advice if str(path) in advice else f"{path}: {advice}"


def _from_stream(stream: Any) -> Image:
    """Decode an open binary file; the header is judged before any pixel is."""
    try:
        picture = PIL.Image.open(stream, formats=FORMATS)
    except (PIL.Image.DecompressionBombError, PIL.Image.DecompressionBombWarning) as error:
        advice = "the picture has too many pixels; scale it to at most 50 megapixels"
        raise FittingRoomError(ErrorCode.TOO_LARGE, advice) from error
    except Exception as error:  # PIL's parsers raise anything on broken bytes
        raise _bad("not a JPEG, PNG or WebP picture; give one of these") from error
    with picture:
        return _decode(picture)


def _decode(picture: PIL.Image.Image) -> Image:
    _check_size(*picture.size)
    try:
        profile = picture.info.get("icc_profile")
        flat = _without_alpha(_to_srgb(_eight_bit(picture), profile))
        image = np.asarray(flat.convert("RGB") if flat.mode != "RGB" else flat)
    except Exception as error:  # as above: a truncated or hostile file may raise anything
        raise _bad("the picture is damaged; save it again and give the new file") from error
    return _upright(image, _turn_of(picture))


def _turn_of(picture: PIL.Image.Image) -> Any:
    """Read the EXIF orientation of a decoded picture; broken EXIF asks for no turn."""
    try:
        return picture.getexif().get(EXIF_ORIENTATION, 1)
    except Exception as error:  # as above
        _log.debug("EXIF ignored: %s", error)
        return 1


def _upright(image: Image, turn: Any) -> Image:
    turned = _TURNS[turn](image) if turn in _TURNS else image
    return np.ascontiguousarray(turned)


def _eight_bit(picture: PIL.Image.Image) -> PIL.Image.Image:
    """Return a decoded picture with 8 bits a channel and no palette."""
    if picture.mode.startswith("I") or picture.mode == "F":
        values = np.asarray(picture).astype(np.float64)
        top = 255.0 if picture.mode == "F" else 65535.0
        return PIL.Image.fromarray(np.clip(values / top * 255 + 0.5, 0, 255).astype(np.uint8))
    if "transparency" in picture.info or picture.mode in ("PA", "LA", "La", "RGBa"):
        return picture.convert("RGBA")
    if picture.mode in ("RGB", "RGBA", "L", "CMYK"):
        picture.load()
        return picture
    return picture.convert("RGB")


def _to_srgb(picture: PIL.Image.Image, profile: bytes | None) -> PIL.Image.Image:
    """Apply a colour profile; one that is broken or does not fit is ignored, as browsers do."""
    if not profile:
        return picture
    try:
        source = PIL.ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in PIL.ImageCms.getProfileDescription(source).lower():
            return picture
        return _through_profile(picture, source)
    except (PIL.ImageCms.PyCMSError, OSError, ValueError) as error:
        _log.debug("colour profile ignored: %s", error)
        return picture


def _through_profile(
    picture: PIL.Image.Image, source: PIL.ImageCms.ImageCmsProfile
) -> PIL.Image.Image:
    """Convert RGB, RGBA, L or CMYK from `source` to sRGB; alpha stays as it is."""
    alpha = picture.getchannel("A") if picture.mode == "RGBA" else None
    colours = picture.convert("RGB") if alpha else picture
    target = PIL.ImageCms.createProfile("sRGB")
    transform = PIL.ImageCms.buildTransform(source, target, colours.mode, "RGB")
    converted = PIL.ImageCms.applyTransform(colours, transform) or colours
    if alpha:
        converted.putalpha(alpha)
    return converted


def _without_alpha(picture: PIL.Image.Image) -> PIL.Image.Image:
    """Lay transparent pixels over white."""
    if picture.mode != "RGBA":
        return picture
    if picture.getchannel("A").getextrema() == (255, 255):
        return picture.convert("RGB")
    ground = PIL.Image.new("RGBA", picture.size, WHITE)
    return PIL.Image.alpha_composite(ground, picture).convert("RGB")


def _from_array(array: NDArray[Any]) -> Image:
    if array.dtype not in (np.uint8, np.uint16) or array.ndim not in (2, 3):
        raise _bad("an array must be uint8 or uint16, (h, w), (h, w, 3) or (h, w, 4)")
    if array.ndim == 3 and array.shape[2] not in (3, 4):
        raise _bad("an array must have 3 channels (RGB) or 4 (RGBA)")
    _check_size(array.shape[1], array.shape[0])
    small = array if array.dtype == np.uint8 else ((array + np.uint32(128)) // 257).astype(np.uint8)
    if small.ndim == 2:
        return np.repeat(small[:, :, None], 3, axis=2)
    if small.shape[2] == 3:
        return np.ascontiguousarray(small)
    picture = PIL.Image.fromarray(np.ascontiguousarray(small))
    return np.array(_without_alpha(picture))


def format_of(path: Path) -> str:
    """Return the picture format that a path's suffix asks for; raises bad_option."""
    known = SUFFIXES.get(path.suffix.lower())
    if known is None:
        advice = f"{path}: name the output .jpg, .jpeg, .png or .webp"
        raise FittingRoomError(ErrorCode.BAD_OPTION, advice)
    return known


def encode_image(image: NDArray[np.uint8], format_name: str) -> bytes:
    """Encode grey (h, w), RGB (h, w, 3) or RGBA (h, w, 4) uint8 as "JPEG", "PNG" or "WEBP".

    JPEG is written at quality 95 without colour subsampling; PNG and WebP with light compression,
    because 48 megapixels take a quarter of a minute with the usual one. Raises bad_option where
    the format cannot hold the picture.
    """
    if max(image.shape[:2]) > LONGEST_SIDE[format_name]:
        advice = f"{format_name} cannot hold a side of {max(image.shape[:2])} pixels; use .png"
        raise FittingRoomError(ErrorCode.BAD_OPTION, advice)
    if format_name == "JPEG" and image.ndim == 3 and image.shape[2] == 4:
        raise FittingRoomError(ErrorCode.BAD_OPTION, "JPEG has no transparency; use .png or .webp")
    if format_name == "PNG":
        return _encode_png(image)
    options: dict[str, dict[str, Any]] = {
        "JPEG": {"quality": 95, "subsampling": 0},
        "WEBP": {"quality": 95, "method": 1},
    }
    buffer = io.BytesIO()
    picture = PIL.Image.fromarray(np.ascontiguousarray(image))
    picture.save(buffer, format_name, **options[format_name])
    return buffer.getvalue()


def _encode_png(image: NDArray[np.uint8]) -> bytes:
    """Encode by OpenCV with run lengths only: half of PIL's time, and smaller on photos."""
    swap = {3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}
    stored = cv2.cvtColor(image, swap[image.shape[2]]) if image.ndim == 3 else image
    options = [cv2.IMWRITE_PNG_COMPRESSION, 1]
    options += [cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE]
    _, encoded = cv2.imencode(".png", stored, options)
    return bytes(encoded)


def write_image(path: str | os.PathLike[str], image: NDArray[np.uint8]) -> None:
    """Write grey, RGB or RGBA uint8 in the format of the path's suffix, whole or not at all.

    Raises bad_option for an unknown suffix and not_writable where the folder is missing.
    """
    target = Path(path)
    check_target(target)
    write_whole({target: encode_image(image, format_of(target))})


def check_target(path: Path) -> None:
    """Raise not_writable unless a file may be put at `path`; nothing is created."""
    try:
        obstacle = _obstacle(path)
    except (OSError, ValueError) as error:  # a name too long, a link to itself, a null character
        obstacle = f"cannot be written ({getattr(error, 'strerror', None) or error}); name another"
    if obstacle:
        raise FittingRoomError(ErrorCode.NOT_WRITABLE, f"{path} {obstacle}")


def _followed(path: Path) -> Path:
    """Return what a link points to: a result goes through it, and the link stays."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def _obstacle(path: Path) -> str | None:
    """Say what keeps a file from `path`, or None."""
    with suppress(FileNotFoundError, NotADirectoryError):
        kind = path.stat().st_mode
        if stat.S_ISDIR(kind):
            return "is a folder; name a file"
        if not stat.S_ISREG(kind):
            return "is no ordinary file; name another"
        if not os.access(path, os.W_OK):
            return "is read-only; name another file"
    folder = _followed(path).parent
    if not folder.is_dir():
        return f"cannot be written; make the folder {folder} first"
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"cannot be written; the folder {folder} is read-only"
    return None


def write_whole(files: dict[Path, bytes]) -> None:
    """Write all files or none: each goes beside its target first and is renamed at the end."""
    partials: dict[Path, Path] = {}
    try:
        for path, content in files.items():
            target = _followed(path)
            partial = target.with_name(f".fittingroom-{secrets.token_hex(8)}.partial")
            partials[partial] = target
            partial.write_bytes(content)
        for partial, target in partials.items():
            partial.replace(target)
    except OSError as error:
        named = partials.get(Path(error.filename or ""), "the output")
        advice = f"{named} cannot be written; check the folder and the space on the disk"
        raise FittingRoomError(ErrorCode.NOT_WRITABLE, advice) from error
    finally:
        for partial in partials:
            partial.unlink(missing_ok=True)
