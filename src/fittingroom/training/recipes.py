"""What a training is: its numbers, kept with the weights."""

from dataclasses import asdict, dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Recipe:
    """Numbers of one training. Learning rates are those of AdamW after warm-up."""

    name: str
    batch: int
    images: int
    head_rate: float
    backbone_rate: float
    weight_decay: float
    ema: float
    seed: int

    @property
    def steps(self) -> int:
        """Steps that show `images` pictures."""
        return self.images // self.batch

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


POSE: Final = Recipe("pose", 16, 60_000, 1.5e-3, 5e-4, 1e-4, 0.998, 0)
PARSING: Final = Recipe("parsing", 16, 60_000, 1.5e-3, 5e-4, 1e-4, 0.998, 0)
RECIPES: Final = {recipe.name: recipe for recipe in (POSE, PARSING)}
