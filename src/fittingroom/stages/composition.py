"""Composition: the new garment and the painted ground laid into the photo at full resolution."""

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom.geometry import Frame
from fittingroom.inpainting import nearest_to
from fittingroom.masks import box, feather, grow, shrink
from fittingroom.types import Fusion, Garment, Image, Layout, Mask, Parsing, Size, WarpedGarment

Floats = NDArray[np.float32]

_BAND: Final = 384
"""Rows of the photo that are composed at a time."""
_MARGIN: Final = 4
"""How far the change may reach beyond layout and old garment, in frame pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Composition:
    """The dressed photo (h, w, 3) and the mask (h, w) of what was allowed to change.

    parsing: labels after the change, in the frame. frame: where in the photo that is.
    """

    image: Image
    changed: Mask
    parsing: Parsing | None = None
    frame: Frame | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Window:
    """A rectangle of the photo: its size, and the matrix from its pixels into the frame."""

    size: Size
    matrix: NDArray[np.float64]

    def lift(self, picture: NDArray[Any], interpolation: int) -> NDArray[Any]:
        """Scale a frame-sized picture up to the window."""
        return np.asarray(
            cv2.warpAffine(
                picture,
                self.matrix,
                (self.size.width, self.size.height),
                flags=interpolation | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_REPLICATE,
            )  # fmt: skip
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Cloth:
    """The garment ready for the photo's pixels.

    image: the product picture, reduced by `ratio`. source, cover, shading: in the frame.
    jump: how far the source may move between neighbours within one layer. gain: how much
    steeper the edge of `cover` becomes.
    """

    image: Image
    ratio: float
    source: Floats
    cover: Mask
    shading: Mask
    jump: float
    gain: float


def compose(
    photo: Image,
    frame: Frame,
    garment: Garment,
    warped: WarpedGarment,
    layout: Layout,
    fusion: Fusion,
) -> Composition:
    """Lay ground and garment into the photo; pixels outside `changed` stay byte for byte."""
    changed = _leave(_allowed(layout, fusion), frame, Size(*photo.shape[:2]))
    cloth = _cloth(garment, warped, layout, fusion, frame.scale)
    ground = _prefiltered(fusion.image, frame.scale)
    opacity = _prefiltered(fusion.opacity, frame.scale)
    image = photo.copy()
    left, top, right, bottom = box(changed)
    for start in range(top, bottom, _BAND):
        size = Size(min(_BAND, bottom - start), right - left)
        window = _Window(size, _window_matrix(frame, left, start))
        part = (slice(start, start + size.height), slice(left, right))
        blended = _blend(photo[part], window, cloth, ground, opacity)
        cv2.copyTo(blended, changed[part], image[part])
    return Composition(image, changed, layout.parsing, frame)


def _prefiltered(picture: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    """A frame-sized picture without detail that the photo's fewer pixels cannot show."""
    if scale <= 1.05:
        return picture
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.5 * np.sqrt(scale**2 - 1)), np.uint8)


def _cloth(
    garment: Garment, warped: WarpedGarment, layout: Layout, fusion: Fusion, scale: float
) -> _Cloth:
    step = _step(warped)
    image, ratio = _reduced(garment.image, step * scale)
    image = _bled(image, garment.mask & ~garment.inner_back)
    cover = np.asarray(cv2.multiply(warped.mask, _visible(layout), scale=1 / 255), np.uint8)
    return _Cloth(
        image, ratio, warped.source, _prefiltered(cover, scale), fusion.shading,
        3 * step, max(1.0, 0.6 / scale),
    )  # fmt: skip


def _allowed(layout: Layout, fusion: Fusion) -> Mask:
    """Where the frame may change: old clothes, new garment, what is painted, and a rim."""
    kept = layout.front & ~layout.removed
    wanted = layout.removed | (grow(layout.clothes, _MARGIN) & ~kept)
    return wanted | np.where(fusion.opacity > 0, np.uint8(255), np.uint8(0))


def _leave(allowed: Mask, frame: Frame, photo: Size) -> Mask:
    return frame.leave(allowed, photo, cv2.INTER_NEAREST)


def _visible(layout: Layout) -> Mask:
    """How far (0..255) the garment shows past what lies in front of it."""
    return np.asarray(cv2.bitwise_not(feather(layout.front, 1.5)), np.uint8)


def _window_matrix(frame: Frame, left: int, top: int) -> NDArray[np.float64]:
    """Matrix (2, 3) from window to frame coordinates."""
    matrix = frame.matrix.copy()
    matrix[:, 2] += matrix[:, :2] @ np.array([left, top], np.float64)
    return matrix


def _step(warped: WarpedGarment) -> float:
    """Product picture pixels per frame pixel, in the middle of the range."""
    source = warped.source[::4, ::4].astype(np.float64)
    right = (source[:-1, 1:] - source[:-1, :-1]) / 4
    down = (source[1:, :-1] - source[:-1, :-1]) / 4
    area = np.abs(right[..., 0] * down[..., 1] - right[..., 1] * down[..., 0])
    inside = warped.mask[:-4:4, :-4:4][: area.shape[0], : area.shape[1]] >= 128
    return float(np.sqrt(np.median(area[inside]))) if inside.any() else 1.0


def _reduced(image: Image, step: float) -> tuple[Image, float]:
    """The product picture shrunk by area, so that `step` of its pixels become about one."""
    ratio = min(1.0, 1.25 / max(step, 1e-6))
    if ratio > 0.8:
        return image, 1.0
    size = (max(1, round(image.shape[1] * ratio)), max(1, round(image.shape[0] * ratio)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8), size[0] / image.shape[1]


def _bled(image: Image, front: Mask) -> Image:
    """The product picture with the garment's colours spread over its edge and beyond."""
    mask = cv2.resize(front, image.shape[1::-1], interpolation=cv2.INTER_AREA)
    inner = shrink(np.where(mask > 250, np.uint8(255), np.uint8(0)), 1)
    rim = grow(inner, 6) & ~inner
    if not inner.any():
        return image
    left, top, right, bottom = box(inner | rim)
    part = (slice(top, bottom), slice(left, right))
    y, x = np.nonzero(rim[part])
    edge = inner & ~shrink(inner, 1)  # what is nearest to the outside lies on the edge
    at = nearest_to(edge[part], y, x)
    clean = image.copy()
    clean[part][y, x] = image[part][at[:, 0], at[:, 1]]
    return clean


def _lifted_source(window: _Window, source: Floats, jump: float) -> Floats:
    """The source map at the photo's pixels; not smoothed across the border of two layers."""
    smooth = window.lift(source, cv2.INTER_LINEAR)
    plain = window.lift(source, cv2.INTER_NEAREST)
    torn = (np.abs(smooth - plain) > jump).any(-1)
    smooth[torn] = plain[torn]
    return np.asarray(smooth, np.float32)


def _weight(opacity: NDArray[np.uint8], gain: float) -> Floats:
    """Opacity 0..1, its edge `gain` times as steep."""
    share = (opacity.astype(np.float32) * (1 / 255) - 0.5) * gain + 0.5
    return np.clip(share, 0, 1)


def _worn(window: _Window, cloth: _Cloth) -> Image:
    """The garment's own pixels on the body, under the light of the scene."""
    source = (_lifted_source(window, cloth.source, cloth.jump) + 0.5) * cloth.ratio - 0.5
    worn = cv2.remap(
        cloth.image, source[..., 0], source[..., 1], cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    light = window.lift(cloth.shading, cv2.INTER_LINEAR)
    return np.asarray(cv2.multiply(worn, cv2.merge([light] * 3), scale=1 / 128), np.uint8)


def _blend(photo: Image, window: _Window, cloth: _Cloth, ground: Image, opacity: Mask) -> Image:
    """Photo under painted ground under garment, for one window; both of the frame's size."""
    lifted = np.asarray(window.lift(ground, cv2.INTER_LINEAR), np.uint8)
    painted = _weight(window.lift(opacity, cv2.INTER_LINEAR), 1.0)
    base = cv2.blendLinear(np.ascontiguousarray(photo), lifted, 1 - painted, painted)
    cover = _weight(window.lift(cloth.cover, cv2.INTER_LINEAR), cloth.gain)
    return np.asarray(cv2.blendLinear(base, _worn(window, cloth), 1 - cover, cover), np.uint8)
