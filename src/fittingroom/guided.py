"""Small maps brought to a photo's own resolution along the photo's own edges.

He, Sun, Tang, "Guided Image Filtering" (TPAMI 2013), in its fast form (He, Sun, "Fast Guided
Filter", 2015): within every window the map is a linear function of the photo's colour. The
functions are fitted small and applied large. OpenCV has it only among its contributed modules,
which its headless package of PyPI lacks.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom.types import Image, Size

Plane = NDArray[np.float32]

RADIUS: Final = 8
SOFTNESS: Final = 1e-3
"""Variance of a colour channel (0..1) below which a window counts as flat."""


class Guide:
    """A small picture (h, w, 3) uint8 along whose edges planes of its size are fitted."""

    def __init__(self, small: Image, radius: int = RADIUS, softness: float = SOFTNESS) -> None:
        self._radius = radius
        self._colour: Plane = small.astype(np.float32) / np.float32(255)
        self._mean = self._blurred(self._colour)
        self._inverse = self._inverted(softness)

    @property
    def reach(self) -> int:
        """How far, in pixels of the small picture, a fit can carry a plane."""
        return 2 * self._radius

    def _blurred(self, planes: NDArray[np.floating]) -> Plane:
        side = 2 * self._radius + 1
        blurred = cv2.blur(planes.astype(np.float32), (side, side), borderType=cv2.BORDER_REFLECT)
        return np.asarray(blurred, np.float32)

    def _inverted(self, softness: float) -> Plane:
        """Inverse of each window's colour covariance: (6, h, w), rr rg rb gg gb bb."""
        c, m = self._colour, self._mean
        pairs = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]
        rr, rg, rb, gg, gb, bb = (
            self._blurred(c[..., i] * c[..., j]) - m[..., i] * m[..., j] + softness * (i == j)
            for i, j in pairs
        )
        cofactors = [
            gg * bb - gb * gb, gb * rb - rg * bb, rg * gb - gg * rb,
            rr * bb - rb * rb, rb * rg - rr * gb, rr * gg - rg * rg,
        ]  # fmt: skip
        determinant = rr * cofactors[0] + rg * cofactors[1] + rb * cofactors[2]
        return (np.stack(cofactors) / determinant).astype(np.float32)

    def fit(self, plane: Plane) -> Plane:
        """Fit a plane (h, w) float32: (h, w, 4), weights of red, green, blue (0..1) and one."""
        mean = self._blurred(plane)
        r, g, b = (
            self._blurred(self._colour[..., i] * plane) - self._mean[..., i] * mean
            for i in range(3)
        )
        rr, rg, rb, gg, gb, bb = self._inverse
        weights = (rr * r + rg * g + rb * b, rg * r + gg * g + gb * b, rb * r + gb * g + bb * b)
        rest = mean - sum(w * self._mean[..., i] for i, w in enumerate(weights))
        return self._blurred(np.stack([*weights, rest], axis=-1))


def apply_fit(fit: Plane, matrix: NDArray[np.float64], photo: Image) -> Plane:
    """Evaluate a fit (h, w, 4) on a photo (H, W, 3): (H, W) float32.

    matrix: 2x3, pixels of the photo to pixels of the fit.
    """
    height, width = photo.shape[:2]
    weights = cv2.warpAffine(
        fit,
        matrix,
        (width, height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    plane = weights[..., 3].copy()
    for channel in range(3):
        plane += weights[..., channel] * (photo[..., channel] * np.float32(1 / 255))
    return plane


def scaling(source: Size, target: Size) -> NDArray[np.float64]:
    """The 2x3 matrix from pixels of `target` to those of `source`, pixel centres kept."""
    x, y = source.width / target.width, source.height / target.height
    return np.array([[x, 0, 0.5 * x - 0.5], [0, y, 0.5 * y - 0.5]])
