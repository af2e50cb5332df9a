"""Figures by skin tone, and how far they lie apart.

The tone is the individual typology angle of Chardon et al. (1991), from CIELAB's L and b. On photos
it is measured on the face as the photo shows it: a fair face in the shade has the angle of a dark
one in the sun, and a warm white balance lowers it. So groups of photos are of dark and light
pictures of faces as much as of skins. Synthetic people have the tone that they were painted in.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom.labels import Lip
from fittingroom.masks import shrink, solid
from fittingroom.synth.skin_texture import TONES
from fittingroom.types import Image, LabelMap

LIGHT: Final = 41.0
DARK: Final = 10.0
"""Degrees: above the first Chardon's very light and light skin, below the second brown and dark."""

TONE_GROUPS: Final = ("light", "middle", "dark")

RIM: Final = 0.12
"""What is taken off a face's border, as a share of the square root of its area."""

ENOUGH: Final = 20
"""Pixels of a face, without its border, below which no tone is told."""

SHUFFLES: Final = 200

Figures: TypeAlias = dict[str, float]


def typology_angle(colours: Image) -> float:
    """Angle, in degrees, of the median CIELAB colour of sRGB colours (n, 3) uint8."""
    lab = cv2.cvtColor(colours[None].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[0]
    light, _, yellow = np.median(lab, axis=0).tolist()
    return float(np.degrees(np.arctan2(light - 50, yellow)))


def group_of(angle: float) -> str:
    """Light, middle or dark."""
    if angle > LIGHT:
        return "light"
    return "dark" if angle < DARK else "middle"


def face_tone(image: Image, classes: LabelMap) -> str | None:
    """Group of a face's median colour; None where there is too little of a face.

    image: (h, w, 3). classes: (h, w), `Lip`.
    """
    face = solid((classes == Lip.FACE).astype(np.uint8), 1)
    inner = shrink(face, max(1, round(RIM * float(np.sqrt(np.count_nonzero(face)))))) > 0
    if np.count_nonzero(inner) < ENOUGH:
        return None
    return group_of(typology_angle(image[inner]))


def painted_tone(skin: int) -> str:
    """Group of a synthetic person's skin, 0 (very light) .. 9 (very dark)."""
    return group_of(typology_angle(np.array([TONES[skin]], np.uint8)))


def by_tone(
    tones: Sequence[str | None], figures: Callable[[list[int]], Figures]
) -> dict[str, dict[str, Any]]:
    """Figures of each group, their gaps, and the gaps that chance would make.

    tones: the group of each picture; those without one are left out. figures: measures the
    pictures of some numbers together. A gap is the largest less the smallest; `gap_by_chance` is
    its median over groups of the same sizes whose members are drawn at random: a gap that is no
    larger says nothing. Empty where there are fewer than two groups.
    """
    members = {
        group: [number for number, tone in enumerate(tones) if tone == group]
        for group in TONE_GROUPS
    }
    members = {group: numbers for group, numbers in members.items() if numbers}
    if len(members) < 2:
        return {}
    measured = {group: figures(numbers) for group, numbers in members.items()}
    rng = np.random.default_rng(0)
    sizes = [len(numbers) for numbers in members.values()]
    everybody = np.concatenate([np.array(numbers) for numbers in members.values()])
    chance = []
    for _ in range(SHUFFLES):
        parts = np.split(rng.permutation(everybody), np.cumsum(sizes)[:-1])
        chance.append(_gaps([figures(part.tolist()) for part in parts]))
    return {
        **{g: {"pictures": len(members[g]), **measured[g]} for g in members},
        "gap": _gaps(list(measured.values())),
        "gap_by_chance": {
            name: float(np.nanmedian([gaps[name] for gaps in chance])) for name in chance[0]
        },
    }


def _gaps(groups: list[Figures]) -> Figures:
    values: dict[str, NDArray[np.float64]] = {
        name: np.array([group[name] for group in groups]) for name in groups[0]
    }
    return {name: float(np.ptp(value)) for name, value in values.items()}
