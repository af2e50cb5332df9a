"""Losses, each with its equation."""

import torch
from torch import Tensor
from torch.nn import functional as F

from fittingroom.labels import IGNORED
from fittingroom.training.networks.parsing import ParsingOutput


def pose_loss(
    stages: list[tuple[Tensor, Tensor]],
    fields: Tensor,
    heat: Tensor,
    field_weights: Tensor,
    heat_weights: Tensor,
) -> Tensor:
    """Sum over stages of the weighted squared error of both outputs.

    sum w (1 + 4 |t|) (p - t)^2 / n, n = the batch size times the cells of a map. The factor keeps
    the few cells on a joint or limb from drowning among the empty ones.
    """
    cells = heat.shape[0] * heat.shape[2] * heat.shape[3]
    total = heat.new_zeros(())
    for predicted_fields, predicted_heat in stages:
        for predicted, target, weights in (
            (predicted_fields, fields, field_weights),
            (predicted_heat, heat, heat_weights),
        ):
            error = weights * (1 + 4 * target.abs()) * (predicted - target) ** 2
            total = total + error.sum() / cells
    return total


def edge_labels(classes: Tensor) -> Tensor:
    """SCHP's edges of (n, h, w) classes: 1 where a neighbour differs, 3x3 dilated, 255 no edge.

    A differing pair without a 255 marks one of its two pixels: the lower one of a vertical pair,
    the left one of a horizontal pair, the upper one of either diagonal pair.
    """
    edge = torch.zeros_like(classes, dtype=torch.float32)

    def differ(a: Tensor, b: Tensor) -> Tensor:
        return ((a != b) & (a != IGNORED) & (b != IGNORED)).float()

    c = classes
    edge[:, 1:] += differ(c[:, 1:], c[:, :-1])
    edge[:, :, :-1] += differ(c[:, :, :-1], c[:, :, 1:])
    edge[:, :-1, :-1] += differ(c[:, :-1, :-1], c[:, 1:, 1:])
    edge[:, :-1, 1:] += differ(c[:, :-1, 1:], c[:, 1:, :-1])
    return F.max_pool2d((edge > 0).float()[:, None], 3, 1, 1)[:, 0].long()


def weighted_edge_loss(logits: Tensor, edges: Tensor) -> Tensor:
    """Cross-entropy with class weights w0 = pos / all, w1 = neg / all over the batch."""
    positive = (edges == 1).float().mean()
    weights = torch.stack([positive, 1 - positive])
    return F.cross_entropy(logits, edges, weight=weights)


def lovasz_softmax(probabilities: Tensor, classes: Tensor) -> Tensor:
    """Lovász-softmax (Berman, Triki, Blaschko, CVPR 2018) over the pixels of the whole batch.

    probabilities: (n, c, h, w). classes: (n, h, w), 255 removed. For each class present: errors
    |[l = c] - p_c| sorted descending, weighted by the discrete gradient of the Jaccard loss;
    mean over the classes present.
    """
    flat = probabilities.movedim(1, 0).flatten(1)
    target = classes.flatten()
    valid = target != IGNORED
    flat, target = flat[:, valid], target[valid]
    losses = []
    for label in target.unique():
        truth = (target == label).float()
        errors, order = (truth - flat[label]).abs().sort(descending=True)
        truth = truth[order]
        intersection = truth.sum() - truth.cumsum(0)
        union = truth.sum() + (1 - truth).cumsum(0)
        jaccard = 1 - intersection / union
        gradient = torch.cat([jaccard[:1], jaccard[1:] - jaccard[:-1]])
        losses.append(errors @ gradient)
    return torch.stack(losses).mean() if losses else flat.sum() * 0


def presence_loss(logits: Tensor, presence: Tensor) -> Tensor:
    """Binary cross-entropy of presence logits (n, c); presence: 1 there, 0 not, -1 not known."""
    known = presence >= 0
    error = F.binary_cross_entropy_with_logits(logits, presence.float(), reduction="none")
    return (error * known).sum() / known.sum().clamp(min=1)


def parsing_loss(output: ParsingOutput, classes: Tensor) -> Tensor:
    """SCHP's first phase: half cross-entropy, half Lovász for both outputs, plus the edge loss.

    Logits at stride 4, classes (n, h, w) at full size. Cross-entropy and edges are taken at
    stride 2, Lovász at stride 4, where its sort is cheap.
    """
    half, quarter = classes[:, ::2, ::2], classes[:, ::4, ::4]
    total = weighted_edge_loss(_up(output.edge), edge_labels(half))
    for logits in (output.parsing, output.fusion):
        cross = F.cross_entropy(_up(logits), half, ignore_index=IGNORED)
        total = total + 0.5 * cross + 0.5 * lovasz_softmax(logits.softmax(1), quarter)
    return total


def self_corrected_loss(
    output: ParsingOutput, believed: ParsingOutput, classes: Tensor, trust: float
) -> Tensor:
    """SCHP's loss once it corrects itself: cross-entropy gives way to Kullback-Leibler.

    The target of a pixel is softmax((1 - trust) z + trust onehot(l)), z the aggregated network's
    fusion logits; likewise for edges. Pixels with 255 stay out, unlike in the published code,
    which turns them to background; the divergence is a mean over pixels, not pixels x classes.
    """
    half, quarter = classes[:, ::2, ::2], classes[:, ::4, ::4]
    edges = edge_labels(half)
    total = _divergence(_up(output.edge), _up(believed.edge), edges, trust)
    for logits in (output.parsing, output.fusion):
        total = total + 0.5 * _divergence(_up(logits), _up(believed.fusion), half, trust)
        total = total + 0.5 * lovasz_softmax(logits.softmax(1), quarter)
    return total


def _divergence(logits: Tensor, believed: Tensor, labels: Tensor, trust: float) -> Tensor:
    counted = labels != IGNORED
    hot = F.one_hot(labels.clamp(max=logits.shape[1] - 1), logits.shape[1]).movedim(3, 1)
    target = ((1 - trust) * believed + trust * hot).softmax(1)
    divergence = F.kl_div(logits.log_softmax(1), target, reduction="none").sum(1)
    return divergence[counted].mean() if counted.any() else logits.sum() * 0


def _up(logits: Tensor) -> Tensor:
    return F.interpolate(logits, scale_factor=2, mode="bilinear", align_corners=False)
