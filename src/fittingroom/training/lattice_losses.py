"""What keeps the control points of a warp in order: ACGPN's second-order and collinearity terms.

Yang et al., CVPR 2020, in the form of the published training code. Points are (n, k * k, 2), x and
y in -1..1, row by row.
"""

from typing import Final, NamedTuple

import torch
from torch import Tensor

STEP_TOLERANCE: Final = 0.08
"""Difference of neighbouring squared steps that costs nothing."""
AREA_TOLERANCE: Final = 0.02
"""Mean area of neighbouring triples that costs nothing."""


class SecondOrder(NamedTuple):
    """Terms of x and y along rows and along columns, each a scalar."""

    row_x: Tensor
    row_y: Tensor
    column_x: Tensor
    column_y: Tensor


class Collinearity(NamedTuple):
    """Terms along rows and along columns, each a scalar."""

    rows: Tensor
    columns: Tensor


def second_order(points: Tensor) -> SecondOrder:
    """Mean of max(0.08, |d_(k+1) - d_k|), d_k = (p_(k+1) - p_k)^2 for x and y on their own.

    Neighbouring steps shall be equally long. No gradient from below 0.08.
    """
    grid = _grid(points)
    return SecondOrder(*_uneven(grid), *_uneven(grid.transpose(1, 2)))


def collinearity(points: Tensor) -> Collinearity:
    """max(0.02, mean |cross product of the steps|) of the consecutive triples in a line.

    Neighbours shall lie in a straight line. Zero gradient while the mean is below 0.02.
    """
    grid = _grid(points)
    return Collinearity(_bent(grid), _bent(grid.transpose(1, 2)))


def _grid(points: Tensor) -> Tensor:
    side = round(points.shape[1] ** 0.5)
    return points.unflatten(1, (side, side))


def _uneven(grid: Tensor) -> tuple[Tensor, Tensor]:
    """Of x and of y, along the third axis of (n, lines, k, 2)."""
    squared = grid.diff(dim=2) ** 2
    excess = squared.diff(dim=2).abs().clamp(min=STEP_TOLERANCE)
    return excess[..., 0].mean(), excess[..., 1].mean()


def _bent(grid: Tensor) -> Tensor:
    """Along the third axis of (n, lines, k, 2)."""
    ahead, behind = grid[:, :, :-2] - grid[:, :, 1:-1], grid[:, :, 2:] - grid[:, :, 1:-1]
    area = ahead[..., 1] * behind[..., 0] - behind[..., 1] * ahead[..., 0]
    return torch.clamp(area.abs().mean(), min=AREA_TOLERANCE)
