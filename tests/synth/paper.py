"""Made-up sheets, samples and product pictures: panels as polygons, light and labels flat."""

import cv2
import numpy as np

from fittingroom.synth.shapes import (
    Cloth,
    Edge,
    GarmentKind,
    Material,
    Outfit,
    Panel,
    Product,
    Sample,
    Sheet,
    View,
)
from fittingroom.types import Category, Sleeve

SIZE = (1.3, 0.95)


def body_panel(left, neck):
    middle = left + 0.28
    return np.array(
        [
            [left + 0.02, 0.12],
            [middle - 0.09, 0.06],
            [middle, 0.06 + neck],
            [middle + 0.09, 0.06],
            [left + 0.54, 0.12],
            [left + 0.53, 0.3],
            [left + 0.53, 0.74],
            [left + 0.03, 0.74],
            [left + 0.03, 0.3],
        ]
    )


def sleeve_panel(left):
    return np.array([[left, 0.78], [left + 0.2, 0.78], [left + 0.18, 0.92], [left + 0.02, 0.92]])


PANELS = {
    Panel.FRONT: body_panel(0.04, 0.1),
    Panel.BACK: body_panel(0.66, 0.03),
    Panel.LEFT_SLEEVE_FRONT: sleeve_panel(0.06),
    Panel.LEFT_SLEEVE_BACK: sleeve_panel(0.36),
    Panel.RIGHT_SLEEVE_FRONT: sleeve_panel(0.66),
    Panel.RIGHT_SLEEVE_BACK: sleeve_panel(0.96),
}
LINES = {
    Edge.NECKLINE: [PANELS[Panel.FRONT][1:4], PANELS[Panel.BACK][1:4]],
    Edge.HEM: [PANELS[Panel.FRONT][6:8], PANELS[Panel.BACK][6:8]],
    Edge.CUFF: [PANELS[p][2:4] for p in PANELS if p >= Panel.LEFT_SLEEVE_FRONT],
    Edge.SEAM: [PANELS[p][k : k + 2] for p in (Panel.FRONT, Panel.BACK) for k in (0, 3, 5, 7)],
}


def distance_to(lines, shape, pixel):
    drawn = np.full(shape, 255, np.uint8)
    for line in lines:
        points = np.round((np.asarray(line) / pixel - 0.5) * 16).astype(np.int32)
        cv2.polylines(drawn, [points], False, 0, 1, cv2.LINE_8, 4)
    return cv2.distanceTransform(drawn, cv2.DIST_L2, 5) * np.float32(pixel)


def make_sheet(kind=GarmentKind.TSHIRT, pixel=0.002, opening=False, category=Category.UPPER):
    shape = (round(SIZE[1] / pixel), round(SIZE[0] / pixel))
    panel = np.full(shape, 255, np.uint8)
    for number, outline in PANELS.items():
        points = np.round((outline / pixel - 0.5) * 16).astype(np.int32)
        cv2.fillPoly(panel, [points], int(number), cv2.LINE_8, 4)
    lines = dict(LINES)
    if opening:
        lines[Edge.OPENING] = [np.array([[0.32, 0.16], [0.32, 0.74]])]
    distance = {edge: distance_to(line, shape, pixel) for edge, line in lines.items()}
    return Sheet("paper", kind, category, Sleeve.SHORT, pixel, panel, distance, (0.32, 0.28))


def cloth_of(shape, sheet, box):
    """Cloth that fills box (top, bottom, left, right) with the front panel's chest."""
    uv = np.zeros((*shape, 2), np.float32)
    panel = np.full(shape, 255, np.uint8)
    top, bottom, left, right = box
    rows, cols = np.mgrid[0 : bottom - top, 0 : right - left]
    uv[top:bottom, left:right, 0] = 0.2 + 0.24 * cols / (right - left)
    uv[top:bottom, left:right, 1] = 0.2 + 0.4 * rows / (bottom - top)
    panel[top:bottom, left:right] = Panel.FRONT
    return Cloth(uv, panel, np.zeros(shape, bool))


def make_sample(sheet, shape=(96, 72), light=200):
    cloth = cloth_of(shape, sheet, (30, 60, 24, 50))
    person = np.zeros(shape, np.uint8)
    person[10:90, 20:54] = 255
    share = np.stack([person, np.zeros_like(person), np.zeros_like(person)], axis=2)
    share[60:80, 24:50, 1] = 255
    share[30:60, 24:50, 2] = 255
    parts = np.where(person, np.uint8(Material.SKIN), np.uint8(255))
    parts[10:16, 20:54] = Material.HAIR
    body = np.where(person[..., None], np.uint8([180, 140, 120]), np.uint8(0)).astype(np.uint8)
    body[10:16, 20:54] = (60, 40, 30)
    lower = np.zeros_like(body)
    lower[60:80, 24:50] = (50, 60, 90)
    lights = np.full((*shape, 2), light, np.uint8)
    ground = np.full((shape[0] // 2, shape[1] // 2), 255, np.uint8)
    labels = (person > 0).astype(np.uint8)
    outfit = Outfit(labels, lights, share, cloth, share[..., 2] > 0, "paper", False, 0.5, ground)
    record = {"skin_tone": 3}
    return Sample({"a": outfit}, body, lower, parts, np.zeros((18, 3), np.float32), record)


def make_product(sheet, shape=(96, 72), light=200):
    cloth = cloth_of(shape, sheet, (20, 80, 16, 56))
    share = np.where(cloth.panel < 255, 255, 0).astype(np.uint8)
    lights = np.full((*shape, 2), light, np.uint8)
    inner = np.zeros(shape, bool)
    grid = np.full((10, 10, 2), np.nan, np.float32)
    shadow = np.full(shape, 255, np.uint8)
    return Product(
        "paper", View.FLAT, cloth, lights, share, shadow, inner, {}, grid, 0.01, {"seed": 1}
    )
