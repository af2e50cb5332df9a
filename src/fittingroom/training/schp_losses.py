"""SCHP's losses as published, slips included, and the one term of them that a fix makes work.

Li et al., "Self-Correction for Human Parsing", TPAMI 2020. The project's own training takes
`losses.parsing_loss` and `losses.self_corrected_loss`; these here give the authors' numbers.
"""

from typing import Final

import torch
from torch import Tensor
from torch.nn import functional as F

from fittingroom.labels import IGNORED
from fittingroom.training.losses import edge_labels, lovasz_softmax, weighted_edge_loss
from fittingroom.training.networks.schp import SchpOutput

CONSISTENCY_WEIGHT: Final = 0.1


def published_loss(output: SchpOutput, classes: Tensor) -> Tensor:
    """First phase: edge + sum over parsing and fusion of (Lovász + CE) / 2 + 0.1 consistency.

    output: logits at any size, brought to that of classes (n, h, w), 255 ignored. NaN where
    `published_consistency` is.
    """
    output = at_size_of(classes, output)
    total = weighted_edge_loss(output.edge, edge_labels(classes))
    for logits in (output.parsing, output.fusion):
        cross = F.cross_entropy(logits, classes, ignore_index=IGNORED)
        total = total + 0.5 * lovasz_softmax(logits.softmax(1), classes) + 0.5 * cross
        total = total + CONSISTENCY_WEIGHT * published_consistency(logits, output.edge)
    return total


def published_self_corrected_loss(
    output: SchpOutput, believed: SchpOutput, classes: Tensor, cycle: int
) -> Tensor:
    """Loss of the self-correction: KL divergence from the refined target in place of both CEs.

    believed: the aggregated network's logits on the same batch, of which fusion and edge count.
    cycle: 1 after the first aggregation, and so on; the labels' share of the target is
    1 / (cycle + 1). As published, pixels with 255 are left out of the first Lovász term alone;
    everywhere else they are background. NaN where `published_consistency` is.
    """
    output, believed = at_size_of(classes, output), at_size_of(classes, believed)
    share = 1 / (cycle + 1)
    edges = edge_labels(classes)
    filled = classes.masked_fill(classes == IGNORED, 0)
    total = divergence(output.edge, refined_target(believed.edge, edges, share))
    target = refined_target(believed.fusion, filled, share)
    for logits, labels in ((output.parsing, classes), (output.fusion, filled)):
        total = total + 0.5 * lovasz_softmax(logits.softmax(1), labels)
        total = total + 0.5 * divergence(logits, target)
        total = total + CONSISTENCY_WEIGHT * published_consistency(logits, output.edge)
    return total


def refined_target(believed: Tensor, labels: Tensor, share: float) -> Tensor:
    """softmax((1 - share) z + share onehot(l)): z logits (n, c, h, w), l labels (n, h, w) < c."""
    hot = F.one_hot(labels, believed.shape[1]).movedim(3, 1)
    return ((1 - share) * believed + share * hot).softmax(1)


def divergence(logits: Tensor, target: Tensor) -> Tensor:
    """KL divergence of softmax(logits) from `target`, both (n, c, h, w).

    As published a mean over pixels x classes, so smaller by c than that of a pixel.
    """
    return F.kl_div(logits.log_softmax(1), target, reduction="none").mean()


def published_consistency(logits: Tensor, edge: Tensor) -> Tensor:
    """Smooth L1 between two edge maps where both are 1: always 0, and NaN where none is.

    logits: parsing (n, c, h, w); edge: (n, 2, h, w). The arg-max on both sides lets no gradient
    through. Kept because its NaN is part of the published loss; `soft_consistency` is the term
    that the paper describes.
    """
    from_parsing, from_edges = edge_labels(logits.argmax(1)), edge.argmax(1)
    both = (from_parsing == 1) & (from_edges == 1)
    return F.smooth_l1_loss(from_parsing[both].float(), from_edges[both].float())


def soft_consistency(logits: Tensor, edge: Tensor, classes: Tensor) -> Tensor:
    """The consistency term with a gradient: parsing and edge branch agree where edges truly are.

    Mean of |d - e| over the true edge pixels: e is the probability of an edge, d what
    `edge_labels` makes of class probabilities, whose pairs differ by half their L1 distance.
    logits: (n, c, h, w); edge: (n, 2, h, w); classes: (n, h, w).
    """
    true = edge_labels(classes) == 1
    difference = _soft_edges(logits.softmax(1)) - edge.softmax(1)[:, 1]
    return difference[true].abs().mean() if true.any() else difference.sum() * 0


def _soft_edges(p: Tensor) -> Tensor:
    """Edges 0..1 (n, h, w) of probabilities (n, c, h, w), by the rule of `edge_labels`."""

    def differ(a: Tensor, b: Tensor) -> Tensor:
        return 0.5 * (a - b).abs().sum(1)

    pairs = (
        F.pad(differ(p[:, :, 1:], p[:, :, :-1]), (0, 0, 1, 0)),
        F.pad(differ(p[..., :-1], p[..., 1:]), (0, 1)),
        F.pad(differ(p[:, :, :-1, :-1], p[:, :, 1:, 1:]), (0, 1, 0, 1)),
        F.pad(differ(p[:, :, :-1, 1:], p[:, :, 1:, :-1]), (1, 0, 0, 1)),
    )
    return F.max_pool2d(torch.stack(pairs, 1).amax(1, keepdim=True), 3, 1, 1)[:, 0]


def at_size_of(classes: Tensor, output: SchpOutput) -> SchpOutput:
    """The logits, bilinear with corners on corners, at the height and width of `classes`."""
    size = classes.shape[1:]
    return SchpOutput(
        *(F.interpolate(logits, size, mode="bilinear", align_corners=True) for logits in output)
    )
