"""The loss of the garment network; every part is left out where the truth is not known."""

from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fittingroom.labels import IGNORED
from fittingroom.stages.garment import GarmentClass
from fittingroom.training.garment.targets import EITHER, UNKNOWN, GarmentView, heat_maps
from fittingroom.training.losses import lovasz_softmax
from fittingroom.training.networks.garment import SHARPNESS

HEAT_WEIGHT: Final = 6.0
RIVAL_WEIGHT: Final = 0.01


def _cross(logits: Tensor, classes: Tensor) -> Tensor:
    """Cross-entropy (n, c, h, w) against (n, h, w); EITHER counts as garment or inner back."""
    exact = torch.where(classes == EITHER, IGNORED, classes)
    total = F.cross_entropy(logits, exact, ignore_index=IGNORED, reduction="sum")
    either = logits.logsumexp(1) - logits[:, GarmentClass.GARMENT :].logsumexp(1)
    total = total + (either * (classes == EITHER)).sum()
    return total / (classes != IGNORED).sum().clamp(min=1)


def cut_loss(logits: Tensor, classes: Tensor) -> Tensor:
    """Cross-entropy at stride 2 plus half Lovász-softmax of the cut and of all classes at stride 4.

    logits: (n, 3, h / 4, w / 4). classes: (n, h, w), 255 removed; 0 where nothing is known.
    """
    known = (classes != IGNORED).flatten(1).any(1)
    if not bool(known.any()):
        return logits.sum() * 0
    logits, classes = logits[known], classes[known]
    large = F.interpolate(logits, scale_factor=2, mode="bilinear", align_corners=False)
    cross = _cross(large, classes[:, ::2, ::2])
    shares, small = logits.softmax(1), classes[:, 1::4, 1::4]
    whole = torch.stack([shares[:, 0], shares[:, 1:].sum(1)], 1)
    cut = torch.where(small == IGNORED, small, small.clamp(max=1))
    exact = torch.where(small == EITHER, IGNORED, small)
    return cross + 0.5 * lovasz_softmax(whole, cut) + 0.25 * lovasz_softmax(shares, exact)


def heat_loss(heat: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    """Sum w (1 + 4 t) (p - t)^2 / cells of the batch, where w > 0 at all."""
    cells = heat.shape[0] * heat.shape[2] * heat.shape[3]
    error = weights[:, :, None, None] * (1 + 4 * truth) * (heat - truth) ** 2
    return error.sum() / cells


def rival_loss(heat: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    """-log of the share of a map's trust that lies on its landmark, summed over points, per image.

    Trust is the softmax of a sharpened heat map (n, L, h, w): a second peak takes of it in
    proportion to what it leads astray, however small its squared error. weights: (n, L), 0 also
    where a landmark is not there.
    """
    trust = (SHARPNESS * heat.float().flatten(2)).log_softmax(2)
    near = truth.flatten(2).clamp(min=1e-6).log()
    return -(weights * (trust + near).logsumexp(2)).sum() / len(heat)


def _labels(logits: Tensor, truth: list[int]) -> Tensor:
    labels = torch.tensor(truth, device=logits.device)
    if not bool((labels != UNKNOWN).any()):
        return logits.sum() * 0
    return F.cross_entropy(logits, labels, ignore_index=UNKNOWN, label_smoothing=0.05)


def _visibility(logits: Tensor, truth: Tensor) -> Tensor:
    known = truth != UNKNOWN
    return F.binary_cross_entropy_with_logits(logits[known], truth[known].float()) if bool(
        known.any()
    ) else logits.sum() * 0  # fmt: skip


def images_tensor(views: list[GarmentView], device: Any) -> Tensor:
    """Pictures (n, 3, h, w) float32, 0..255."""
    stacked = torch.from_numpy(np.stack([view.image for view in views])).to(device)
    return stacked.permute(0, 3, 1, 2).float().contiguous(memory_format=torch.channels_last)


def garment_loss(network: nn.Module, views: list[GarmentView]) -> Tensor:
    """Sum of the losses of all outputs on a batch of views."""
    device = next(network.parameters()).device

    def stacked(values: list[np.ndarray]) -> Tensor:
        return torch.from_numpy(np.stack(values)).to(device)

    output = network(images_tensor(views, device))
    classes = stacked([view.classes for view in views]).long()
    maps = stacked([heat_maps(view) for view in views])
    weights = stacked([view.weights for view in views])
    there = stacked([view.there for view in views])
    return (
        cut_loss(output.classes, classes)
        + HEAT_WEIGHT * heat_loss(output.heat, maps, weights)
        + RIVAL_WEIGHT * rival_loss(output.heat, maps, weights * there)
        + 0.2 * _visibility(output.visible, stacked([view.visible for view in views]))
        + 0.15 * _labels(output.category, [view.category for view in views])
        + 0.15 * _labels(output.sleeve, [view.sleeve for view in views])
    )
