"""The training loop of the perception networks: resume, step, average, save."""

import copy
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from fittingroom.training import losses
from fittingroom.training.networks.efficientnet import FROZEN_BLOCKS
from fittingroom.training.networks.parsing import ParsingNetwork
from fittingroom.training.networks.pose import PoseNetwork
from fittingroom.training.recipes import Recipe
from fittingroom.training.targets import pose_target
from fittingroom.training.views import View, ViewMaker

WARM_UP_STEPS: Final = 100
SAVE_SECONDS: Final = 180.0


@dataclass(frozen=True, slots=True)
class Task:
    """One network with its loss on a batch of views."""

    build: Callable[[], nn.Module]
    loss: Callable[[nn.Module, list[View]], Tensor]
    labelled: bool


def images_tensor(views: list[View]) -> Tensor:
    """Pictures (n, 3, h, w) float32, 0..255."""
    stacked = torch.from_numpy(np.stack([view.image for view in views]))
    return stacked.permute(0, 3, 1, 2).float().contiguous(memory_format=torch.channels_last)


def _pose_loss(network: nn.Module, views: list[View]) -> Tensor:
    targets = [pose_target(view) for view in views]
    columns = [torch.from_numpy(np.stack(column)) for column in zip(*targets, strict=True)]
    return losses.pose_loss(network(images_tensor(views)), *columns)


def _parsing_loss(network: nn.Module, views: list[View]) -> Tensor:
    classes = torch.from_numpy(np.stack([view.classes for view in views])).long()
    output = network(images_tensor(views))
    return losses.parsing_loss(output.parsing, output.edge, output.fusion, classes)


TASKS: Final = {
    "pose": Task(PoseNetwork, _pose_loss, labelled=False),
    "parsing": Task(ParsingNetwork, _parsing_loss, labelled=True),
}


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


def _set_rate(optimiser: torch.optim.Optimizer, step: int, progress: float) -> None:
    """Linear warm-up, then a cosine over the whole training down to one hundredth."""
    warm = min(1.0, (step + 1) / WARM_UP_STEPS)
    cosine = 0.01 + 0.99 * (1 + math.cos(math.pi * min(1.0, progress))) / 2
    for group in optimiser.param_groups:
        group["lr"] = group["peak"] * warm * cosine


@torch.no_grad()
def _average(ema: nn.Module, network: nn.Module, decay: float, step: int) -> None:
    """Exponential moving average of weights and statistics, faster while it is young."""
    decay = min(decay, (1 + step) / (10 + step))
    current = network.state_dict()
    for name, value in ema.state_dict().items():
        if value.dtype.is_floating_point:
            value.lerp_(current[name], 1 - decay)
        else:
            value.copy_(current[name])


@dataclass(slots=True, eq=False)
class Sitting:
    """A training as far as it has come; `seconds` counts the earlier sittings as well."""

    recipe: Recipe
    folder: Path
    network: Any
    ema: nn.Module
    optimiser: torch.optim.AdamW
    step: int = 0
    seconds: float = 0.0

    def save(self) -> None:
        """Write checkpoint.pt, whole or not at all."""
        state = {
            "network": self.network.state_dict(),
            "ema": self.ema.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
        }
        partial = self.folder / "checkpoint.partial"
        torch.save(state, partial)
        partial.rename(self.folder / "checkpoint.pt")

    def resume(self) -> None:
        """Go on from checkpoint.pt, where there is one."""
        path = self.folder / "checkpoint.pt"
        if not path.exists():
            return
        state = torch.load(path, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.ema.load_state_dict(state["ema"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.seconds = state["step"], state["seconds"]


def _open(recipe: Recipe, folder: Path) -> Sitting:
    """Build the network on its ImageNet backbone and continue what lies in `folder`."""
    torch.manual_seed(recipe.seed)
    network: Any = TASKS[recipe.name].build()
    network.backbone.load_imagenet()
    network.to(memory_format=torch.channels_last)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recipe.json").write_text(json.dumps(recipe.to_json(), indent=1))
    ema = copy.deepcopy(network).eval()
    sitting = Sitting(recipe, folder, network, ema, _optimiser(network, recipe))
    sitting.resume()
    network.train()
    return sitting


def _step(sitting: Sitting, views: list[View], progress: float) -> float:
    """One step of the optimiser; returns the loss."""
    _set_rate(sitting.optimiser, sitting.step, progress)
    loss = TASKS[sitting.recipe.name].loss(sitting.network, views)
    sitting.optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(sitting.network.parameters(), 5.0)
    sitting.optimiser.step()
    sitting.step += 1
    _average(sitting.ema, sitting.network, sitting.recipe.ema, sitting.step)
    return loss.item()


def train(
    recipe: Recipe, maker: ViewMaker, folder: Path, seconds: float, report: Callable[[str], None]
) -> None:
    """Train until the recipe's images are seen or its seconds are spent, whichever is first.

    The learning rate follows whichever of the two is further along. `folder` receives
    checkpoint.pt and recipe.json; a checkpoint that lies there is continued, and `seconds` counts
    the earlier sittings as well.
    """
    sitting = _open(recipe, folder)
    labelled = TASKS[recipe.name].labelled
    rng = np.random.default_rng([recipe.seed, sitting.step])
    started, running = time.monotonic() - sitting.seconds, 0.0
    saved = sitting.seconds
    while sitting.step < recipe.steps and sitting.seconds < seconds:
        progress = max(sitting.step / recipe.steps, sitting.seconds / seconds)
        views = [maker.draw(rng, labelled) for _ in range(recipe.batch)]
        loss = _step(sitting, views, progress)
        running = 0.98 * running + 0.02 * loss if running else loss
        sitting.seconds = time.monotonic() - started
        if sitting.step % 20 == 0:
            report(f"step {sitting.step} loss {running:.4f} seconds {sitting.seconds:.0f}")
        if sitting.seconds - saved > SAVE_SECONDS:
            saved = sitting.seconds
            sitting.save()
    sitting.save()
