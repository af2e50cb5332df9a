"""Laws of the mask operations."""

import numpy as np
import pytest

from fittingroom import masks
from fittingroom.types import Mask


def _blob() -> Mask:
    """A square with a hole, and a speck beside it."""
    mask = np.zeros((80, 100), np.uint8)
    mask[20:60, 20:60] = 255
    mask[35:45, 35:45] = 0
    mask[70:73, 80:83] = 255
    return mask


@pytest.mark.parametrize("radius", [0, 1, 3, 7])
def test_growing_only_adds_and_shrinking_only_takes_away(radius: int) -> None:
    blob = _blob()
    assert (masks.grow(blob, radius) >= blob).all()
    assert (masks.shrink(blob, radius) <= blob).all()


def test_growth_is_monotone() -> None:
    sizes = [np.count_nonzero(masks.grow(_blob(), radius)) for radius in range(6)]
    assert sizes == sorted(sizes)


def test_shrinking_does_not_nibble_at_the_picture_border() -> None:
    full = np.full((30, 40), 255, np.uint8)
    assert (masks.shrink(full, 5) == 255).all()


def test_opening_drops_what_is_thin_and_closing_fills_it() -> None:
    blob = _blob()
    assert not masks.opened(blob, 3)[70:73, 80:83].any()
    assert masks.closed(blob, 8)[35:45, 35:45].all()


def test_holes_are_filled_and_nothing_else() -> None:
    filled = masks.fill_holes(_blob())
    assert filled[40, 40] == 255
    assert np.array_equal(filled, np.maximum(_blob(), masks.holes(_blob())))
    assert np.array_equal(masks.fill_holes(filled), filled)


def test_largest_piece_is_one_piece_of_the_mask() -> None:
    kept = masks.largest_piece(_blob())
    assert kept[25, 25] == 255
    assert kept[71, 81] == 0
    assert np.array_equal(masks.largest_piece(kept), kept)


def test_empty_masks_stay_empty() -> None:
    empty = np.zeros((20, 30), np.uint8)
    for change in (masks.largest_piece, masks.fill_holes, masks.solid):
        assert not change(empty).any()
    assert masks.box(empty) == (0, 0, 0, 0)


def test_large_pieces_keep_what_is_large_enough() -> None:
    assert masks.large_pieces(_blob(), 0.001)[71, 81] == 255
    assert masks.large_pieces(_blob(), 0.1)[71, 81] == 0


def test_touching_keeps_pieces_with_a_seed() -> None:
    seeds = np.zeros((80, 100), np.uint8)
    seeds[71, 81] = 255
    kept = masks.touching(_blob(), seeds)
    assert np.count_nonzero(kept) == 9


def test_feather_is_soft_and_keeps_the_middle_of_the_edge() -> None:
    soft = masks.feather(_blob(), 4.0)
    assert 0 < soft[19, 30] < 255
    assert np.array_equal(masks.feather(_blob(), 0), _blob())
    assert abs(int(soft[19, 30]) + int(soft[20, 30]) - 255) < 12


def test_inverse_twice_is_the_mask() -> None:
    assert np.array_equal(masks.inverse(masks.inverse(_blob())), _blob())


def test_box_share_and_border() -> None:
    assert masks.box(_blob()) == (20, 20, 83, 73)
    assert masks.share(np.full((4, 5), 255, np.uint8)) == 1.0
    assert np.count_nonzero(masks.border((10, 12), 2)) == 120 - 6 * 8


def test_operations_leave_their_input_alone() -> None:
    blob = _blob()
    blob.flags.writeable = False
    for change in (masks.grow, masks.shrink, masks.opened, masks.closed):
        change(blob, 2)
    masks.feather(blob, 2.0)
    masks.fill_holes(blob)
    assert np.array_equal(blob, _blob())
