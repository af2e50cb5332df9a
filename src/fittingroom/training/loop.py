"""The training loop of the perception networks: resume, step, average, correct itself, save.

Self-correction follows Li et al., "Self-Correction for Human Parsing", TPAMI 2020: at the end of
each phase the network joins the aggregated one (a running mean of such snapshots, its statistics
estimated anew), and in the next cycle labels are mixed with what the aggregated network says.
"""

import copy
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from fittingroom.training.journal import Journal
from fittingroom.training.networks.efficientnet import FROZEN_BLOCKS
from fittingroom.training.recipes import Leg, Recipe
from fittingroom.training.tasks import TASKS, Source

WARM_UP_STEPS: Final = 100
SAVE_SECONDS: Final = 180.0
MILESTONES: Final = 10
"""Sample sheets over a whole training."""
SHEET_VIEWS: Final = 16
STATISTICS_BATCHES: Final = 40
"""Batches from which an aggregated network's statistics are estimated anew."""


@dataclass(frozen=True, slots=True)
class Start:
    """What a training begins from: parameters by name, None = the ImageNet backbone.

    sha256: of the file that they came from, or "imagenet". legs: those that made that file.
    """

    parameters: dict[str, Tensor] | None = None
    sha256: str = "imagenet"
    legs: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and where: seconds on the clock of all sittings together, and the torch device."""

    seconds: float
    device: str = "cpu"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a training is; `loss` is a running mean."""

    step: int
    steps: int
    loss: float
    seconds: float


def _optimiser(network: nn.Module, recipe: Recipe) -> torch.optim.AdamW:
    backbone, head = [], []
    blocks = (f"backbone._blocks.{index}." for index in range(FROZEN_BLOCKS))
    frozen = ("backbone._conv_stem", "backbone._bn0", *blocks)
    for name, parameter in network.named_parameters():
        if name.startswith(frozen):
            parameter.requires_grad_(False)
        elif name.startswith("backbone."):
            backbone.append(parameter)
        else:
            head.append(parameter)
    groups: list[dict[str, Any]] = [
        {"params": head, "peak": recipe.head_rate},
        {"params": backbone, "peak": recipe.backbone_rate},
    ]
    return torch.optim.AdamW(groups, lr=recipe.head_rate, weight_decay=recipe.weight_decay)


def learning_rate(recipe: Recipe, step: int, time_share: float) -> float:
    """Factor on the peak rates: linear warm-up, then a cosine down to one hundredth.

    In the first phase it follows steps or time, whichever is further along; each self-correction
    cycle begins at half the peak and has a cosine of its own.
    """
    if step < recipe.first_steps:
        return _warm(step) * _cosine(max(step / recipe.first_steps, time_share))
    within = (step - recipe.first_steps) % max(1, recipe.cycle_steps)
    return 0.5 * _warm(within) * _cosine(within / max(1, recipe.cycle_steps))


def _warm(step: int) -> float:
    return min(1.0, (step + 1) / WARM_UP_STEPS)


def _cosine(progress: float) -> float:
    return 0.01 + 0.99 * (1 + math.cos(math.pi * min(1.0, progress))) / 2


@torch.no_grad()
def _blend(into: nn.Module, network: nn.Module, share: float) -> None:
    """Move weights and statistics of `into` by `share` of the way towards `network`."""
    current = network.state_dict()
    for name, value in into.state_dict().items():
        if value.dtype.is_floating_point:
            value.lerp_(current[name], share)
        else:
            value.copy_(current[name])


@dataclass(slots=True, eq=False)
class Sitting:
    """A training as far as it has come; `seconds` counts the earlier sittings as well.

    ema: moving average of the network, which is what gets exported. aggregated: mean of the
    networks at the ends of the phases so far; None before the first. legs: earlier sittings;
    origin, data, device and began (step and seconds) describe this one.
    """

    recipe: Recipe
    folder: Path
    network: Any
    ema: Any
    optimiser: torch.optim.AdamW
    aggregated: Any = None
    step: int = 0
    seconds: float = 0.0
    snapshots: int = 0
    legs: list[dict[str, Any]] = field(default_factory=list)
    origin: str = "imagenet"
    data: tuple[str, ...] = ()
    device: str = "cpu"
    began: tuple[int, float] = (0, 0.0)

    def legs_so_far(self) -> list[dict[str, Any]]:
        """Earlier sittings and this one so far: a sitting may be cut short at any time."""
        steps, seconds = self.step - self.began[0], self.seconds - self.began[1]
        if not steps:
            return self.legs
        images, recipe = steps * self.recipe.batch, self.recipe.to_json()
        leg = Leg(self.origin, recipe, self.data, images, steps, self.device, round(seconds))
        return [*self.legs, leg.to_json()]

    def save(self, name: str = "checkpoint") -> None:
        """Write NAME.pt, whole or not at all."""
        state = {
            "network": self.network.state_dict(),
            "ema": self.ema.state_dict(),
            "aggregated": self.aggregated and self.aggregated.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
            "snapshots": self.snapshots,
            "legs": self.legs_so_far(),
        }
        partial = self.folder / f"{name}.partial"
        torch.save(state, partial)
        partial.rename(self.folder / f"{name}.pt")

    def resume(self) -> None:
        """Go on from checkpoint.pt, where there is one."""
        path = self.folder / "checkpoint.pt"
        if not path.exists():
            return
        state = torch.load(path, weights_only=True, map_location="cpu")
        self.network.load_state_dict(state["network"])
        self.ema.load_state_dict(state["ema"])
        if state["aggregated"]:
            self.aggregated = copy.deepcopy(self.ema)
            self.aggregated.load_state_dict(state["aggregated"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.seconds = state["step"], state["seconds"]
        self.snapshots, self.legs = state["snapshots"], state["legs"]
        self.began = self.step, self.seconds


def _open(recipe: Recipe, folder: Path, start: Start, device: str) -> Sitting:
    """Build the network and continue what lies in `folder`, or begin from `start`.

    What `start` lacks begins fresh.
    """
    torch.manual_seed(recipe.seed)
    network: Any = TASKS[recipe.network].build()
    if start.parameters is None:
        network.backbone.load_imagenet()
    else:
        network.load_state_dict(start.parameters, strict=False)
    network.to(device, memory_format=torch.channels_last)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recipe.json").write_text(json.dumps(recipe.to_json(), indent=1))
    ema = copy.deepcopy(network).eval()
    optimiser = _optimiser(network, recipe)
    sitting = Sitting(recipe, folder, network, ema, optimiser, legs=list(start.legs))
    sitting.origin, sitting.device = start.sha256, device
    sitting.resume()
    network.train()
    return sitting


def _cycle(sitting: Sitting) -> int:
    """Number of the self-correction cycle that the next step belongs to, 0 = first phase."""
    recipe = sitting.recipe
    if sitting.step < recipe.first_steps or not recipe.cycles:
        return 0
    return 1 + (sitting.step - recipe.first_steps) // recipe.cycle_steps


def _loss(sitting: Sitting, views: list[Any]) -> Tensor:
    task = TASKS[sitting.recipe.network]
    if sitting.aggregated is None or task.corrected is None:
        return task.loss(sitting.network, views)
    trust = 1 / (sitting.snapshots + 1)
    return task.corrected(sitting.network, sitting.aggregated, views, trust)


def _step(sitting: Sitting, views: list[Any], time_share: float) -> float:
    """One step of the optimiser; returns the loss."""
    factor = learning_rate(sitting.recipe, sitting.step, time_share)
    for group in sitting.optimiser.param_groups:
        group["lr"] = group["peak"] * factor
    on_gpu = next(sitting.network.parameters()).is_cuda
    with torch.autocast("cuda", torch.bfloat16, enabled=on_gpu):
        loss = _loss(sitting, views)
    sitting.optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(sitting.network.parameters(), 5.0)
    sitting.optimiser.step()
    sitting.step += 1
    # Faster while the average is young.
    decay = min(sitting.recipe.ema, (1 + sitting.step) / (10 + sitting.step))
    _blend(sitting.ema, sitting.network, 1 - decay)
    return loss.item()


def _aggregate(sitting: Sitting, source: Source, rng: np.random.Generator) -> None:
    """Take the averaged network into the aggregated one and estimate its statistics anew."""
    if sitting.aggregated is None:
        sitting.aggregated = copy.deepcopy(sitting.ema)
    sitting.snapshots += 1
    _blend(sitting.aggregated, sitting.ema, 1 / sitting.snapshots)
    norms = [m for m in sitting.aggregated.modules() if isinstance(m, nn.BatchNorm2d)]
    backbone = {id(m) for m in sitting.aggregated.backbone.modules()}
    momenta = {norm: norm.momentum for norm in norms}
    for norm in norms:
        if id(norm) not in backbone:
            norm.reset_running_stats()
            norm.momentum = None  # a cumulative average
            norm.train()
    with torch.no_grad():
        for _ in range(STATISTICS_BATCHES):
            views = [source.draw(rng) for _ in range(sitting.recipe.batch)]
            TASKS[sitting.recipe.network].loss(sitting.aggregated, views)
    for norm, momentum in momenta.items():
        norm.momentum = momentum
    sitting.aggregated.eval()


def _draw(source: Source, recipe: Recipe, step: int) -> list[Any]:
    """The pictures of a step: the same for the same recipe and step, wherever one resumed."""
    rng = np.random.default_rng([recipe.seed, step])
    return [source.draw(rng) for _ in range(recipe.batch)]


def train(
    recipe: Recipe,
    source: Source,
    folder: Path,
    limits: Limits,
    report: Callable[[Progress], None],
    start: Start | None = None,
    data: tuple[str, ...] = (),
) -> None:
    """Train until the recipe's images are seen or its seconds are spent, whichever is first.

    `folder` receives checkpoint.pt, recipe.json, curves (TensorBoard) and sheets, and phase_N.pt
    at the end of each phase that self-correction follows. A checkpoint that lies there is
    continued, and `limits.seconds` counts the earlier sittings as well.
    `start` and `data` are written into the leg that the checkpoint keeps.
    """
    start = start or Start()
    sitting = _open(recipe, folder, start, limits.device)
    sitting.data = data
    journal = Journal(folder)
    shown = [
        source.draw(np.random.default_rng([recipe.seed, 1 << 32, i])) for i in range(SHEET_VIEWS)
    ]
    started, running, saved = time.monotonic() - sitting.seconds, 0.0, sitting.seconds
    milestone = max(1, recipe.steps // MILESTONES)
    while sitting.step < recipe.steps and sitting.seconds < limits.seconds:
        if _cycle(sitting) > sitting.snapshots:
            _aggregate(sitting, source, np.random.default_rng([recipe.seed, sitting.step, 1]))
            sitting.save(f"phase_{sitting.snapshots}")
        views = _draw(source, recipe, sitting.step)
        loss = _step(sitting, views, sitting.seconds / limits.seconds)
        running = 0.98 * running + 0.02 * loss if running else loss
        sitting.seconds = time.monotonic() - started
        rate = sitting.optimiser.param_groups[0]["lr"]
        journal.note(sitting.step, {"loss": loss, "rate": rate})
        report(Progress(sitting.step, recipe.steps, running, sitting.seconds))
        if sitting.step % milestone == 0:
            journal.show(sitting.step, TASKS[recipe.network].sheet(sitting.ema, shown))
        if sitting.seconds - saved > SAVE_SECONDS:
            saved = sitting.seconds
            sitting.save()
    if recipe.cycles and sitting.step == recipe.steps and sitting.snapshots == recipe.cycles:
        _aggregate(sitting, source, np.random.default_rng([recipe.seed, sitting.step, 1]))
    sitting.save()
    journal.close()
