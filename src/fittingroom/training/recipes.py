"""What a training is: its numbers, and the legs that made a weights file."""

from dataclasses import asdict, dataclass, replace
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Recipe:
    """Numbers of one training. Learning rates are those of AdamW after warm-up.

    network: "pose", "parsing" or "garment". images: pictures of the first phase. cycles,
    cycle_images: self-correction cycles after it, for parsing only. rendered: share of the
    pictures that show synthetic people. varied, joints: see `views.Mix` and `loop.Hints`; off only
    in ablations.
    """

    name: str
    network: str
    batch: int
    images: int
    head_rate: float
    backbone_rate: float
    weight_decay: float
    ema: float
    seed: int
    cycles: int = 0
    cycle_images: int = 0
    rendered: float = 0.25
    varied: bool = True
    joints: bool = True

    @property
    def first_steps(self) -> int:
        """Steps of the first phase."""
        return self.images // self.batch

    @property
    def cycle_steps(self) -> int:
        """Steps of one self-correction cycle."""
        return self.cycle_images // self.batch

    @property
    def steps(self) -> int:
        """All steps."""
        return self.first_steps + self.cycles * self.cycle_steps

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


POSE: Final = Recipe("pose", "pose", 16, 60_000, 1.5e-3, 5e-4, 1e-4, 0.998, 0)
POSE_FINE: Final = replace(
    POSE, name="pose-fine", images=30_000, head_rate=8e-4, backbone_rate=3e-4, seed=2
)
"""Goes on from a trained pose network."""
PARSING: Final = Recipe("parsing", "parsing", 16, 60_000, 1.2e-3, 5e-4, 1e-4, 0.998, 1)
SELF_CORRECTION: Final = replace(
    PARSING,
    name="self-correction",
    images=0,
    cycles=2,
    cycle_images=8_000,
    head_rate=6e-4,
    backbone_rate=2.5e-4,
)
"""Goes on from a trained parsing network."""
GARMENT: Final = Recipe("garment", "garment", 16, 25_000, 1.5e-3, 5e-4, 1e-4, 0.998, 0)
GARMENT_FINE: Final = replace(
    GARMENT, name="garment-fine", images=12_000, head_rate=9e-4, backbone_rate=3e-4, seed=4
)
"""Goes on from a trained garment network."""

PARSING_FINE: Final = replace(
    PARSING,
    name="parsing-fine",
    images=16_000,
    cycles=2,
    cycle_images=4_000,
    head_rate=1e-3,
    backbone_rate=4e-4,
    seed=3,
)
"""Goes on from a trained parsing network, with named photos, and corrects itself twice."""

_SHORT: Final = replace(PARSING, name="ablation", images=6_000)
ABLATIONS: Final = (
    _SHORT,
    replace(_SHORT, name="ablation-no-joints", joints=False),
    replace(_SHORT, name="ablation-no-renders", rendered=0.0),
    replace(_SHORT, name="ablation-no-views", varied=False),
)
"""The same seed and number of pictures, one part left out of each."""

RECIPES: Final = {
    recipe.name: recipe
    for recipe in (
        POSE,
        POSE_FINE,
        PARSING,
        PARSING_FINE,
        SELF_CORRECTION,
        GARMENT,
        GARMENT_FINE,
        *ABLATIONS,
    )
}


@dataclass(frozen=True, slots=True)
class Leg:
    """One sitting of a training, as it went.

    start: SHA-256 of the weights file it began from, or "imagenet". data: what was learned from.
    images: pictures seen in this leg. seconds: time on the clock.
    """

    start: str
    recipe: dict[str, Any]
    data: tuple[str, ...]
    images: int
    steps: int
    device: str
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)
