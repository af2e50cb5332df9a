"""Where a tucked garment ends to the eye."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from fittingroom.synth.shapes import GarmentMesh, Panel

TUCK_DEPTH: Final = 0.012
"""Metres below the lower garment's upper edge at which a tucked garment is held."""
TUCK_BAND: Final = 0.012
"""Half the height of the band that is held, metres."""


def trunk_of(mesh: GarmentMesh) -> NDArray[np.bool_]:
    """Vertices (N,) bool of the panels around the trunk, sleeves and collars left out."""
    panels = (Panel.FRONT, Panel.BACK, Panel.LEFT_FRONT, Panel.RIGHT_FRONT)
    trunk = np.zeros(len(mesh.flat), bool)
    trunk[mesh.faces[np.isin(mesh.panel, panels)]] = True
    return trunk


def above_tuck(mesh: GarmentMesh, tuck: float) -> NDArray[np.bool_]:
    """Triangles (F,) bool of a tucked garment that are seen, or nearly."""
    below = (mesh.flat[mesh.faces, 1] < tuck - TUCK_BAND).all(axis=1)
    return ~(below & trunk_of(mesh)[mesh.faces].all(axis=1))
