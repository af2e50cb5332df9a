"""SCHP's published schedule: optimiser, rates by epoch, and what ends each cycle.

Li et al., "Self-Correction for Human Parsing", TPAMI 2020. The project's own trainings follow
`loop.learning_rate`.
"""

import math
from collections.abc import Iterable
from typing import Final

import torch
from torch import Tensor, nn

from fittingroom.training.networks.schp import AbsoluteNorm

EPOCHS: Final = 150
WARM_EPOCHS: Final = 10
FIRST_CYCLE: Final = 100
CYCLE_EPOCHS: Final = 10
BASE_RATE: Final = 7e-3
LEAST_SHARE: Final = 0.01
"""Share of the base rate at which the warm-up begins and every cosine ends."""

SGD_MOMENTUM: Final = 0.9
WEIGHT_DECAY: Final = 5e-4


def optimiser(network: nn.Module) -> torch.optim.SGD:
    """One group of all parameters; its rate is to be set to `learning_rate` before each epoch."""
    return torch.optim.SGD(
        network.parameters(), BASE_RATE, momentum=SGD_MOMENTUM, weight_decay=WEIGHT_DECAY
    )


def learning_rate(epoch: int) -> float:
    """Rate of an epoch, counted from 0: warm-up, one long cosine, then cosines of ten epochs.

    The cycles of the self-correction start from half the base rate.
    """
    least = LEAST_SHARE * BASE_RATE
    if epoch < WARM_EPOCHS:
        return least + (BASE_RATE - least) * epoch / WARM_EPOCHS
    if epoch < FIRST_CYCLE:
        return _cosine(BASE_RATE, least, (epoch - WARM_EPOCHS) / (FIRST_CYCLE - WARM_EPOCHS))
    within = (epoch - FIRST_CYCLE) % CYCLE_EPOCHS
    return _cosine(BASE_RATE / 2, least, within / CYCLE_EPOCHS)


def _cosine(start: float, end: float, progress: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * progress)) / 2


@torch.no_grad()
def aggregate(aggregated: nn.Module, network: nn.Module, snapshots: int) -> None:
    """Take the network's parameters into the mean of those of `snapshots` earlier ones.

    With 0 they are copied. Running statistics stay as they are: see `estimate_statistics`.
    """
    for mean, parameter in zip(aggregated.parameters(), network.parameters(), strict=True):
        mean.lerp_(parameter, 1 / (snapshots + 1))


@torch.no_grad()
def estimate_statistics(network: nn.Module, batches: Iterable[Tensor]) -> None:
    """Estimate the running statistics of all norms anew, as averages over the batches given.

    batches: normalised pictures (n, 3, h, w). The network is left in the mode that it was in.
    """
    norms = [module for module in network.modules() if isinstance(module, AbsoluteNorm)]
    momenta = [norm.momentum for norm in norms]
    trained = network.training
    for norm in norms:
        norm.running_mean.zero_()
        norm.running_var.fill_(1)
    network.train()
    seen = 0
    for batch in batches:
        seen += len(batch)
        for norm in norms:
            norm.momentum = len(batch) / seen
        network(batch)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    network.train(trained)
