"""Garments from sewing patterns: `sample_design` chooses, `draft` cuts and sews."""

from fittingroom.synth.patterns.design import (
    FABRICS,
    Design,
    Neckline,
    Opening,
    fabric_of,
    sample_design,
)
from fittingroom.synth.patterns.drafting import draft

__all__ = ["FABRICS", "Design", "Neckline", "Opening", "draft", "fabric_of", "sample_design"]
