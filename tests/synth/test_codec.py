"""The code of drapes: exact within half a step, small, and refused where it does not fit."""

import numpy as np
import pytest
from tubes import tube_garment

from fittingroom.synth.codec import STEP, coding_order, pack, unpack


@pytest.fixture(scope="module")
def garment():
    return tube_garment(width=0.5, low=0.9, high=1.4)


@pytest.fixture(scope="module")
def drapes(garment):
    """Two smooth shapes of the tube, with folds."""
    x, z = garment.flat.T
    y = 0.1 * np.cos(5 * x) * np.where(garment.side > 0, 1, -1)
    folds = 0.004 * np.sin(60 * x + 20 * z)
    return [np.stack([x, y + k * folds, z], 1).astype(np.float32) for k in (0, 1)]


def test_positions_come_back_within_half_a_step(garment, drapes):
    order = coding_order(garment.faces, len(garment.flat))
    for there, back in zip(drapes, unpack(order, pack(order, drapes), 2), strict=True):
        assert np.abs(there - back).max() <= STEP / 2 + 1e-6


def test_the_order_names_each_vertex_once_after_those_it_is_predicted_from(garment):
    order = coding_order(garment.faces, len(garment.flat))
    rank = np.empty(len(garment.flat), int)
    rank[order.vertices] = np.arange(len(garment.flat))
    assert np.array_equal(np.sort(order.vertices), np.arange(len(garment.flat)))
    known = order.around >= 0
    assert (rank[order.around] < rank[:, None])[known].all()


def test_a_coordinate_of_a_smooth_drape_takes_less_than_six_bits(garment, drapes):
    order = coding_order(garment.faces, len(garment.flat))
    assert len(pack(order, drapes)) * 8 / (2 * drapes[0].size) < 6


def test_bytes_of_another_mesh_are_refused(garment, drapes):
    order = coding_order(garment.faces, len(garment.flat))
    other = tube_garment(width=0.4, low=0.9, high=1.4)
    with pytest.raises(ValueError, match="do not fit"):
        unpack(coding_order(other.faces, len(other.flat)), pack(order, drapes), 2)
