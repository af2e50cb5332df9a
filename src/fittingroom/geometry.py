"""Frames (crop and scale, there and back) and thin-plate splines.

Convention: points are (x, y); integer coordinates are pixel centres. Scaling by s maps x to
(x + 0.5) * s - 0.5, the same rule that `cv2.resize` follows.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom.types import Image, Points, Pose, Size


@dataclass(frozen=True, slots=True)
class Frame:
    """A rectangle of the photo seen at working resolution; it may reach over the photo's border.

    left, top: the photo coordinates of the rectangle's upper left corner (pixel edge, not centre).
    scale: frame pixels per photo pixel.
    size: the frame's size in its own pixels.
    """

    left: float
    top: float
    scale: float
    size: Size

    @staticmethod
    def covering(left: float, top: float, right: float, bottom: float, size: Size) -> "Frame":
        """Return the smallest frame of `size` that holds the photo rectangle, centred on it."""
        scale = min(size.width / (right - left), size.height / (bottom - top))
        width, height = size.width / scale, size.height / scale
        centre_x, centre_y = (left + right) / 2, (top + bottom) / 2
        return Frame(centre_x - width / 2, centre_y - height / 2, scale, size)

    @property
    def matrix(self) -> NDArray[np.float64]:
        """The 2x3 matrix from photo to frame coordinates (pixel centres)."""
        shift = 0.5 * self.scale - 0.5
        return np.array(
            [
                [self.scale, 0.0, shift - self.left * self.scale],
                [0.0, self.scale, shift - self.top * self.scale],
            ]
        )

    def enter(self, photo: Image, border: int = cv2.BORDER_REPLICATE) -> Image:
        """Cut the frame out of the photo; beyond the border its edge pixels go on."""
        left, top = int(np.floor(self.left)), int(np.floor(self.top))
        right = int(np.ceil(self.left + self.size.width / self.scale))
        bottom = int(np.ceil(self.top + self.size.height / self.scale))
        height, width = photo.shape[:2]
        x0, y0 = max(0, left - 2), max(0, top - 2)
        part = photo[y0 : min(height, bottom + 2), x0 : min(width, right + 2)]
        if self.scale < 0.5:  # shrink by area first, so that nothing aliases
            step = max(1, int(1 / self.scale))
            part = cv2.resize(
                part,
                (max(1, part.shape[1] // step), max(1, part.shape[0] // step)),
                interpolation=cv2.INTER_AREA,
            )
        ratio_x = part.shape[1] / (min(width, right + 2) - x0)
        ratio_y = part.shape[0] / (min(height, bottom + 2) - y0)
        sx, sy = self.scale / ratio_x, self.scale / ratio_y
        matrix = np.array(
            [
                [sx, 0.0, 0.5 * sx - 0.5 - (self.left - x0) * self.scale],
                [0.0, sy, 0.5 * sy - 0.5 - (self.top - y0) * self.scale],
            ]
        )
        target = (self.size.width, self.size.height)
        entered: Image = cv2.warpAffine(
            part, matrix, target, flags=cv2.INTER_LINEAR, borderMode=border
        )
        return entered

    def enter_points(self, points: Points) -> Points:
        """Photo points (n, 2) to frame points (n, 2), float32."""
        moved = points @ self.matrix[:, :2].T + self.matrix[:, 2]
        return moved.astype(np.float32)

    def leave_points(self, points: Points) -> Points:
        """Frame points (n, 2) to photo points (n, 2), float32."""
        return ((points - self.matrix[:, 2]) / self.scale).astype(np.float32)

    def enter_pose(self, pose: Pose) -> Pose:
        """Express a pose of the photo in the frame's pixels."""
        return Pose(self.enter_points(pose.joints), pose.scores)

    def leave_pose(self, pose: Pose) -> Pose:
        """Express a pose of the frame in the photo's pixels."""
        return Pose(self.leave_points(pose.joints), pose.scores)

    def leave(self, image: NDArray[np.uint8], photo: Size, interpolation: int) -> NDArray[np.uint8]:
        """Lay a frame-sized map back over an otherwise zero photo-sized one.

        image: uint8 (h, w) or (h, w, 3) of the frame's size. interpolation: an OpenCV flag;
        INTER_NEAREST for labels.
        """
        left: NDArray[np.uint8] = cv2.warpAffine(
            image,
            self.matrix,
            (photo.width, photo.height),
            flags=interpolation | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT,
        )
        return left
