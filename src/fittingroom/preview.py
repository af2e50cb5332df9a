"""Draws each value for people to look at."""

import colorsys
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom.labels import PALETTE
from fittingroom.pipeline import TryOn
from fittingroom.skeleton import LIMBS, LIMBS_THAT_START_A_PERSON, Joint
from fittingroom.types import Garment, Image, LabelMap, Pose, WarpedGarment


def _colour(joint: Joint) -> tuple[int, int, int]:
    """Colour of a joint, and of the limb that ends in it, around the rainbow."""
    red, green, blue = colorsys.hsv_to_rgb(joint / len(Joint), 1, 1)
    return round(red * 255), round(green * 255), round(blue * 255)


COLOURS: Final = {joint: _colour(joint) for joint in Joint}
OVERLAY: Final = 0.6
"""Share of the label's colour where labels lie over a photo."""

STEP_FILES: Final = (
    "pose.png", "parsing.png", "labels.png", "garment.png", "layout.png", "warped.png",
    "changed.png",
)  # fmt: skip
"""The files that `draw_steps` makes."""


def draw_pose(photo: Image, people: tuple[Pose, ...]) -> Image:
    """Draw everyone's skeleton over a copy of the photo (h, w, 3)."""
    canvas = photo.copy()
    thickness = max(2, min(photo.shape[:2]) // 200)
    for pose in people:
        for start, end in LIMBS[:LIMBS_THAT_START_A_PERSON]:
            if pose.sees(start, end):
                points = _pixel(pose, start), _pixel(pose, end)
                cv2.line(canvas, *points, COLOURS[end], thickness, cv2.LINE_AA)
        for joint in Joint:
            if pose.sees(joint):
                cv2.circle(canvas, _pixel(pose, joint), thickness * 2, COLOURS[joint], -1)
    return canvas


def _pixel(pose: Pose, joint: Joint) -> tuple[int, int]:
    x, y = pose.point(joint)
    return round(float(x)), round(float(y))


def colour_labels(labels: LabelMap) -> Image:
    """Return the labels (h, w) in the field's usual colours (h, w, 3)."""
    return PALETTE[labels]


def overlay_labels(photo: Image, labels: LabelMap) -> Image:
    """Lay the coloured labels over the photo; the background stays as it is."""
    mixed = cv2.addWeighted(colour_labels(labels), OVERLAY, photo, 1 - OVERLAY, 0)
    cv2.copyTo(photo, (labels == 0).astype(np.uint8), mixed)
    return np.asarray(mixed, np.uint8)


def cut_out(garment: Garment) -> NDArray[np.uint8]:
    """Return the garment (h, w, 4) with its mask as opacity."""
    return np.dstack([garment.image, garment.mask])


def draw_warped(garment: Garment, warped: WarpedGarment) -> Image:
    """Return the warped garment (h, w, 3) of the frame's size on white."""
    picture = cv2.remap(
        garment.image, warped.source, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    opacity = warped.mask[:, :, None].astype(np.uint16)
    mixed = (picture * opacity + 255 * (255 - opacity) + 127) // 255
    return mixed.astype(np.uint8)


def draw_steps(photo: Image, result: TryOn) -> dict[str, NDArray[np.uint8]]:
    """Return every intermediate of a try-on as a picture, by file name.

    photo: what the try-on was given. Needs a result with labels of the whole photo.
    """
    labels = result.labels
    if labels is None:
        raise ValueError("the try-on was made without labels of the whole photo")
    return {
        "pose.png": draw_pose(photo, result.people),
        "parsing.png": overlay_labels(photo, labels),
        "labels.png": labels,
        "garment.png": cut_out(result.garment),
        "layout.png": colour_labels(result.layout.parsing.labels),
        "warped.png": draw_warped(result.garment, result.warped),
        "changed.png": result.changed,
    }
