"""ACGPN's test-time path as published, around its four networks; 256x192 throughout.

Yang et al., CVPR 2020. One sample at a time. Planes are float32 (c, h, w), pictures among them RGB
-1..1; areas are bool (h, w); labels are uint8 (h, w) in ACGPN's own numbering (`Label`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom.types import LabelMap

Planes: TypeAlias = NDArray[np.float32]
Area: TypeAlias = NDArray[np.bool_]
Network: TypeAlias = Callable[[Planes], Planes]

LABEL_COUNT: Final = 14
NOISE_SHARE: Final = 0.159
"""Share of ones in a noise plane: a normal draw of deviation 255 that rounds to 255 or more."""
_FEWEST_SKIN: Final = 10
"""Pixels of arm below which no skin colour is taken."""
_ARM_MARGIN: Final = 10
"""How far around newly bare arms the old picture is forgotten, in pixels."""


class Label(IntEnum):
    """ACGPN's labels; 2 and 3 are not used, `REST` is whatever fits nowhere else."""

    BACKGROUND = 0
    HAIR = 1
    UPPER_CLOTHES = 4
    LEFT_SHOE = 5
    RIGHT_SHOE = 6
    REST = 7
    PANTS = 8
    LEFT_LEG = 9
    RIGHT_LEG = 10
    LEFT_ARM = 11
    FACE = 12
    RIGHT_ARM = 13


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """What ACGPN is given.

    labels: (h, w). photo: (3, h, w). garment: (3, h, w), 0 outside garment_mask (h, w). pose:
    (18, h, w), 1 in a square around each joint and -1 elsewhere.
    """

    labels: LabelMap
    photo: Planes
    garment: Planes
    garment_mask: Area
    pose: Planes


@dataclass(frozen=True, slots=True, eq=False)
class Networks:
    """The four networks, each from (c, h, w) to (c', h, w) without output activation.

    layout: G1. clothes: G2. fusion: G. warping: U, from garment, garment mask and clothes mask to
    its four channels and the warped garment.
    """

    layout: Network
    clothes: Network
    warping: Callable[[Planes, Planes, Planes], tuple[Planes, Planes]]
    fusion: Network


@dataclass(frozen=True, slots=True, eq=False)
class TryOn:
    """What ACGPN makes: the picture (3, h, w), and how it came about.

    labels: (h, w), the final layout with the new clothes as background. clothes_mask: (h, w).
    clothes: (3, h, w), warped and refined, not cut out by the mask.
    """

    picture: Planes
    labels: LabelMap
    clothes_mask: Area
    clothes: Planes


def make_sample(
    labels: LabelMap, photo: Planes, garment: Planes, garment_mask: Planes, pose: Planes
) -> Sample:
    """Cut the garment out: garment_mask (1, h, w) counts where it exceeds 0.5."""
    area = garment_mask[0] > 0.5
    return Sample(labels, photo, np.where(area, garment, np.float32(0)), area, pose)


def noise_plane(generator: np.random.Generator, size: tuple[int, int]) -> Planes:
    """Zeros and ones (1, h, w) as each network gets them; the published ones cannot be seeded."""
    return (generator.random((1, *size)) < NOISE_SHARE).astype(np.float32)


def one_hot(labels: LabelMap) -> Planes:
    """Labels (h, w) as (14, h, w)."""
    return (np.arange(LABEL_COUNT)[:, None, None] == labels).astype(np.float32)


def agnostic(labels: LabelMap) -> LabelMap:
    """Clothes, arms and rest become one region, so that the labels do not tell the old clothes."""
    merged = np.isin(labels, (Label.REST, Label.LEFT_ARM, Label.RIGHT_ARM))
    return np.where(merged, np.uint8(Label.UPPER_CLOTHES), labels)


def semantic_input(sample: Sample, labels: LabelMap, noise: Planes) -> Planes:
    """Input (37, h, w) of G1 with agnostic labels, of G2 with the new layout."""
    mask = sample.garment_mask[None].astype(np.float32)
    return np.concatenate([mask, sample.garment, one_hot(labels), sample.pose, noise])


def read_layout(logits: Planes) -> LabelMap:
    """New layout (h, w) from G1's logits.

    The sigmoid comes before the comparison: from about 16.6 it is 1, and the lowest label wins.
    """
    return _sigmoid(logits).argmax(0).astype(np.uint8)


def read_clothes_mask(logit: Planes, layout: LabelMap, labels: LabelMap) -> Area:
    """Where the new clothes lie, from G2's logit (1, h, w): never on arms, never outside the body.

    layout: the new one, from `read_layout`. labels: the sample's.
    """
    grown = _dilated(_sigmoid(logit[0]) > 0.5, 1)
    arms = (layout == Label.LEFT_ARM) | (layout == Label.RIGHT_ARM)
    return np.asarray(grown & ~arms & (labels > 0))


def final_layout(layout: LabelMap, clothes_mask: Area, labels: LabelMap) -> LabelMap:
    """Layout (h, w) for G: arms where they were or come out, new clothes as background.

    What G1 takes for an arm outside the old clothes is forgotten.
    """
    old = labels == Label.UPPER_CLOTHES
    final = layout.copy()
    for arm in (Label.LEFT_ARM, Label.RIGHT_ARM):
        final[layout == arm] = Label.BACKGROUND
    for arm in (Label.LEFT_ARM, Label.RIGHT_ARM):
        final[_bared(layout, labels, arm) | (~old & (labels == arm))] = arm
    final[clothes_mask] = Label.BACKGROUND
    return final


def fused_clothes(refined: Planes, warped: Planes, clothes_mask: Area) -> Planes:
    """Clothes (3, h, w): the warped garment's share from U's last channel, the refined beside."""
    share = _sigmoid(refined[3]) * clothes_mask
    return np.asarray(np.tanh(refined[:3]) * (1 - share) + share * warped, np.float32)


def skin_colour(sample: Sample) -> Planes:
    """Mean colour (3, 1, 1) of the arms; 0 where hardly any shows."""
    arms = np.isin(sample.labels, (Label.LEFT_ARM, Label.RIGHT_ARM))
    if np.count_nonzero(arms) < _FEWEST_SKIN:
        return np.zeros((3, 1, 1), np.float32)
    return np.asarray(sample.photo[:, arms].mean(1)[:, None, None], np.float32)


def kept_body(sample: Sample, layout: LabelMap, clothes_mask: Area) -> Planes:
    """The photo (3, h, w) where it stays, else 0.

    Gone are background, old and new clothes, and old clothes and arms around newly bare arms.
    """
    labels = sample.labels
    old = labels == Label.UPPER_CLOTHES
    arms_or_old = old | (labels == Label.LEFT_ARM) | (labels == Label.RIGHT_ARM)
    kept = (labels > 0) & ~old & ~clothes_mask
    for arm in (Label.LEFT_ARM, Label.RIGHT_ARM):
        kept &= ~(_dilated(_bared(layout, labels, arm), _ARM_MARGIN) & arms_or_old)
    return np.where(kept, sample.photo, np.float32(0))


def fusion_input(
    sample: Sample, layout: LabelMap, clothes_mask: Area, clothes: Planes, noise: Planes
) -> Planes:
    """Input (24, h, w) of G. layout: from `read_layout`."""
    final = final_layout(layout, clothes_mask, sample.labels)
    body = kept_body(sample, layout, clothes_mask)
    skin = np.broadcast_to(skin_colour(sample), body.shape)
    return np.concatenate([body, one_hot(final), clothes, skin, noise])


def try_on(networks: Networks, sample: Sample, noises: tuple[Planes, Planes, Planes]) -> TryOn:
    """Dress the sample's person; noises: planes (1, h, w) for G1, G2 and G."""
    fused = agnostic(sample.labels)
    layout = read_layout(networks.layout(semantic_input(sample, fused, noises[0])))
    logit = networks.clothes(semantic_input(sample, layout, noises[1]))
    mask = read_clothes_mask(logit, layout, sample.labels)
    planes = sample.garment_mask[None].astype(np.float32), mask[None].astype(np.float32)
    refined, warped = networks.warping(sample.garment, *planes)
    clothes = fused_clothes(refined, warped, mask)
    picture = networks.fusion(fusion_input(sample, layout, mask, clothes, noises[2]))
    final = final_layout(layout, mask, sample.labels)
    return TryOn(np.tanh(picture), final, mask, clothes)


def _bared(layout: LabelMap, labels: LabelMap, arm: Label) -> Area:
    """Where an arm comes out of the old clothes."""
    return np.asarray((labels == Label.UPPER_CLOTHES) & (layout == arm))


def _dilated(area: Area, times: int) -> Area:
    """Grow by the four neighbours, `times` over."""
    cross = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    return cv2.dilate(area.astype(np.uint8), cross, iterations=times) > 0


def _sigmoid(x: Planes) -> Planes:
    with np.errstate(over="ignore"):  # far below zero the result is 0 all the same
        return np.asarray(1 / (1 + np.exp(-x)), np.float32)
