"""What each network learns: how it is built, its loss, its sample sheet."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fittingroom.labels import CLASS_COUNT
from fittingroom.skeleton import JOINT_COUNT
from fittingroom.stages.parsing import joint_maps
from fittingroom.training import losses
from fittingroom.training.garment.losses import garment_loss
from fittingroom.training.garment.sheet import garment_sheet
from fittingroom.training.networks.garment import GarmentNetwork
from fittingroom.training.networks.parsing import ParsingNetwork, ParsingOutput
from fittingroom.training.networks.pose import PoseNetwork
from fittingroom.training.targets import pose_target
from fittingroom.training.views import VIEW_HEIGHT, VIEW_WIDTH, View, ViewPerson
from fittingroom.types import Image, Size

SHOWN: Final = 30
"""Pixels of a view from which on a class counts as shown."""
PRESENCE_WEIGHT: Final = 0.5

NO_JOINTS: Final = 0.12
"""Share of the views that the parsing network sees without joints."""


class Source(Protocol):
    """Where a training's pictures come from."""

    def draw(self, rng: np.random.Generator) -> Any:
        """Draw one picture with its truth; the same for the same state of `rng`."""


@dataclass(frozen=True, slots=True)
class Task:
    """One network.

    loss: of a network on a batch of drawn pictures. sheet: pictures, truth and answer side by
    side, (h, w, 3) uint8 RGB. corrected: for networks that correct themselves, the loss of a
    network beside the aggregated one; the last argument is the trust in the labels, 0..1.
    """

    build: Callable[[], nn.Module]
    loss: Callable[[Any, list[Any]], Tensor]
    sheet: Callable[[Any, list[Any]], Image]
    corrected: Callable[[Any, Any, list[Any], float], Tensor] | None = None


def device_of(network: nn.Module) -> torch.device:
    """Where a network's parameters lie."""
    return next(network.parameters()).device


def images_tensor(views: list[Any], device: torch.device) -> Tensor:
    """Pictures (n, 3, h, w) float32, 0..255."""
    stacked = torch.from_numpy(np.stack([view.image for view in views])).to(device)
    return stacked.permute(0, 3, 1, 2).float().contiguous(memory_format=torch.channels_last)


def _pose_loss(network: Any, views: list[View]) -> Tensor:
    device = device_of(network)
    targets = [pose_target(view) for view in views]
    columns = [
        torch.from_numpy(np.stack(column)).to(device) for column in zip(*targets, strict=True)
    ]
    return losses.pose_loss(network(images_tensor(views, device)), *columns)


def joint_hints(view: View) -> NDArray[np.float32]:
    """Maps of the largest person's joints as an estimator might give them: moved and lost.

    The noise is drawn from the picture itself, so that a view always means the same.
    """
    rng = np.random.default_rng(int(view.image[::16, ::16].sum()))
    size = Size(VIEW_HEIGHT, VIEW_WIDTH)
    joints, seen = np.zeros((JOINT_COUNT, 2), np.float32), np.zeros(JOINT_COUNT, bool)
    if view.people and rng.random() > NO_JOINTS:
        joints, seen = _estimated(max(view.people, key=lambda person: person.scale), rng)
    return joint_maps(joints, seen, size)


def _estimated(
    person: ViewPerson, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    known = np.isfinite(person.joints[:, 0])
    seen = known & (rng.random(JOINT_COUNT) > 0.07)
    seen &= (person.weights > 0) | (rng.random(JOINT_COUNT) < 0.5)
    stray = 0.15 if rng.random() < 0.1 else 0.05
    moved = np.nan_to_num(person.joints) + rng.normal(0, stray * person.scale, (JOINT_COUNT, 2))
    return moved.astype(np.float32), seen


def _parsed(network: Any, views: list[View]) -> ParsingOutput:
    device = device_of(network)
    maps = np.stack([joint_hints(view) if view.hinted else NO_HINTS for view in views])
    output: ParsingOutput = network(images_tensor(views, device), torch.from_numpy(maps).to(device))
    return output


NO_HINTS: Final = joint_maps(
    np.zeros((JOINT_COUNT, 2), np.float32),
    np.zeros(JOINT_COUNT, bool),
    Size(VIEW_HEIGHT, VIEW_WIDTH),
)


def _classes(network: Any, views: list[View]) -> Tensor:
    return (
        torch.from_numpy(np.stack([view.classes for view in views])).to(device_of(network)).long()
    )


def presence_of(view: View) -> NDArray[np.int8]:
    """Whether a view shows each class, (23,): 1 yes, 0 no, -1 not known.

    A few pixels may be a slip of the label's border.
    """
    counts = np.bincount(view.classes.ravel(), minlength=256)[:CLASS_COUNT]
    presence = np.where(counts >= SHOWN, 1, np.where(counts > 0, -1, 0)).astype(np.int8)
    overlooked = [part for part in view.maybe if counts[part] < SHOWN]
    presence[overlooked] = -1
    return presence


def _presence(network: Any, views: list[View]) -> Tensor:
    stacked = np.stack([presence_of(view) for view in views])
    return torch.from_numpy(stacked).to(device_of(network))


def _parsing_loss(network: Any, views: list[View]) -> Tensor:
    output = _parsed(network, views)
    told = losses.presence_loss(output.presence, _presence(network, views))
    return losses.parsing_loss(output, _classes(network, views)) + PRESENCE_WEIGHT * told


def _corrected_parsing_loss(
    network: Any, aggregated: Any, views: list[View], trust: float
) -> Tensor:
    with torch.no_grad():
        believed = _parsed(aggregated, views)
    output = _parsed(network, views)
    told = losses.presence_loss(output.presence, _presence(network, views))
    corrected = losses.self_corrected_loss(output, believed, _classes(network, views), trust)
    return corrected + PRESENCE_WEIGHT * told


PALETTE: Final = np.random.default_rng(3).integers(50, 256, (256, 3)).astype(np.uint8)
PALETTE[0], PALETTE[255] = 0, 255


@torch.no_grad()
def _parsing_sheet(network: Any, views: list[View]) -> Image:
    logits = _parsed(network, views).fusion.cpu().numpy()
    rows = []
    for view, scores in zip(views, logits, strict=True):
        small = scores[:CLASS_COUNT].argmax(axis=0).astype(np.uint8)
        found = cv2.resize(small, (VIEW_WIDTH, VIEW_HEIGHT), interpolation=cv2.INTER_NEAREST)
        rows.append(np.hstack([view.image, PALETTE[view.classes], PALETTE[found]]))
    return _paved(rows)


@torch.no_grad()
def _pose_sheet(network: Any, views: list[View]) -> Image:
    heat = network(images_tensor(views, device_of(network)))[-1][1].cpu().numpy()
    rows = []
    for view, maps in zip(views, heat, strict=True):
        truth = pose_target(view).heat
        pictures = [view.image]
        for peaks in (truth, maps):
            crest = cv2.resize(peaks[:JOINT_COUNT].max(axis=0), (VIEW_WIDTH, VIEW_HEIGHT))
            bright = np.clip(crest, 0, 1)[..., None] * 255
            pictures.append((view.image * 0.4 + bright * 0.6).astype(np.uint8))
        rows.append(np.hstack(pictures))
    return _paved(rows)


def _paved(cells: list[Any], across: int = 4) -> Image:
    """Lay pictures of one size in rows, the last one filled up with black."""
    missing = -len(cells) % across
    cells = cells + [np.zeros_like(cells[0])] * missing
    rows = [np.hstack(cells[at : at + across]) for at in range(0, len(cells), across)]
    return np.vstack(rows)


TASKS: Final = {
    "pose": Task(PoseNetwork, _pose_loss, _pose_sheet),
    "parsing": Task(ParsingNetwork, _parsing_loss, _parsing_sheet, _corrected_parsing_loss),
    "garment": Task(GarmentNetwork, garment_loss, garment_sheet),
}
