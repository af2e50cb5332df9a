"""The losses of the garment network's heat maps; needs the extra [train]."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from fittingroom.training.garment.losses import heat_loss, rival_loss  # noqa: E402


def spots(*places: tuple[int, int, float]) -> "torch.Tensor":
    """Heat maps (1, 1, 32, 32) with Gaussians of given heights."""
    y, x = np.mgrid[:32, :32]
    maps = [high * np.exp(-((x - a) ** 2 + (y - b) ** 2) / 4.5) for a, b, high in places]
    return torch.tensor(np.max(maps, axis=0), dtype=torch.float32)[None, None]


TRUTH = spots((10, 12, 1.0))
SURE = torch.ones(1, 1)


def test_a_rival_costs_more_the_higher_it_is_and_most_where_it_wins() -> None:
    heights = [0.0, 0.5, 0.9, 1.2]
    costs = [
        float(rival_loss(spots((10, 12, 1.0), (24, 20, high)), TRUTH, SURE)) for high in heights
    ]
    assert costs == sorted(costs)
    assert costs[2] > 2 * costs[0]
    assert costs[3] > 1.5


def test_a_point_of_no_weight_costs_nothing() -> None:
    wrong = spots((24, 20, 1.0))
    assert float(rival_loss(wrong, TRUTH, SURE * 0)) == 0
    assert float(heat_loss(wrong, TRUTH, SURE * 0)) == 0


def test_steps_against_the_rival_lead_to_the_landmark() -> None:
    heat = spots((10, 12, 0.4), (24, 20, 0.6)).requires_grad_()
    rival_loss(heat, TRUTH, SURE).backward()
    assert heat.grad is not None
    assert heat.grad[0, 0, 12, 10] < 0 < heat.grad[0, 0, 20, 24]
