"""ACGPN's training step: what each network is shown, what it is judged by, and its losses.

Yang et al., CVPR 2020, as in the training code published in December 2021: everything is trained
at once on people in their own garments. Where that code takes a sigmoid's output for logits, a
corrected loss stands beside the published one.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fittingroom.stages.acgpn import LABEL_COUNT, Label
from fittingroom.training.adversarial import (
    Judgement,
    discriminator_loss,
    feature_matching,
    lsgan,
)
from fittingroom.training.lattice_losses import collinearity, second_order
from fittingroom.training.networks.acgpn.clothes_warping import Warp
from fittingroom.training.perceptual import Vgg19, deepest_distance, perceptual_distance

WEIGHTS: Final = {
    "layout_cross": 10.0, "layout_gan": 1.0,
    "clothes_cross": 10.0, "clothes_gan": 1.0,
    "warp_mask": 1.0, "warp_l1": 1.0, "warp_vgg": 1.0,
    "warp_rows_x": 0.1, "warp_rows_y": 0.1, "warp_columns_x": 0.1, "warp_columns_y": 0.1,
    "warp_straight_rows": 0.1, "warp_straight_columns": 0.1,
    "refined_gan": 1.0, "refined_features": 5.0, "refined_l1": 0.2, "refined_vgg": 20.0,
    "composed_l1": 10.0, "composed_vgg": 10.0, "share_mask": 1.0,
    "picture_l1": 10.0, "picture_vgg": 5.0, "picture_gan": 1.0, "picture_features": 5.0,
}  # fmt: skip
"""Published weight of each term of the generators' loss."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """People in their own garments.

    labels: (n, h, w) int64 in ACGPN's numbering. photo: (n, 3, h, w) RGB -1..1. garment: the same,
    0 outside garment_mask (n, 1, h, w). pose: (n, 18, h, w). holes: (n, 1, h, w), 1 where skin is
    hidden from G. noises: planes (n, 1, h, w) for G1, G2 and G.
    """

    labels: Tensor
    photo: Tensor
    garment: Tensor
    garment_mask: Tensor
    pose: Tensor
    holes: Tensor
    noises: tuple[Tensor, Tensor, Tensor]


@dataclass(frozen=True, slots=True, eq=False)
class Generators:
    """G1, G2, U and G."""

    layout: nn.Module
    clothes: nn.Module
    warping: nn.Module
    fusion: nn.Module


@dataclass(frozen=True, slots=True, eq=False)
class Judges:
    """D1, D2, D3 and D, named after what they judge."""

    layout: nn.Module
    clothes: nn.Module
    refined: nn.Module
    picture: nn.Module


class Truth(NamedTuple):
    """What follows from the labels.

    bare: labels (n, h, w) with the clothes as background. clothes: their mask (n, 1, h, w). fabric:
    the photo there, else 0.
    """

    bare: Tensor
    clothes: Tensor
    fabric: Tensor


class Made(NamedTuple):
    """What the generators make of a batch, and from what.

    layout_input and layout: of G1, logits. clothes_input and clothes: of G2, logit. warp: of U.
    refined: (n, 3, h, w) -1..1. share: (n, 1, h, w), how much the warped garment counts. composed:
    both together; only `share` gets its gradient. fusion_input and picture: of G, -1..1. pasted:
    the picture with the photo's clothes.
    """

    layout_input: Tensor
    layout: Tensor
    clothes_input: Tensor
    clothes: Tensor
    warp: Warp
    refined: Tensor
    share: Tensor
    composed: Tensor
    fusion_input: Tensor
    picture: Tensor
    pasted: Tensor


class Judgements(NamedTuple):
    """What the judges say of one side, real or fake."""

    layout: Judgement
    clothes: Judgement
    refined: Judgement
    picture: Judgement


def one_hot(labels: Tensor) -> Tensor:
    """Labels (n, h, w) to (n, 14, h, w) float32."""
    return F.one_hot(labels, LABEL_COUNT).movedim(3, 1).float()


def clothes_merged(labels: Tensor) -> Tensor:
    """What fits nowhere counts as clothes in training."""
    return labels.masked_fill(labels == Label.REST, Label.UPPER_CLOTHES)


def truth_of(batch: Batch) -> Truth:
    """Take labels, mask and fabric of the worn clothes from a batch."""
    worn = clothes_merged(batch.labels) == Label.UPPER_CLOTHES
    clothes = worn[:, None].float()
    return Truth(batch.labels.masked_fill(worn, 0), clothes, batch.photo * clothes)


def kept_body(batch: Batch, truth: Truth) -> Tensor:
    """The photo (n, 3, h, w) that G may copy: no background, no clothes, arms with holes."""
    arms = _arms(batch.labels)
    rest = (1 - truth.clothes) * (1 - arms) + arms * (1 - batch.holes)
    return batch.photo * (batch.labels > 0)[:, None] * rest


def skin_planes(batch: Batch) -> Tensor:
    """Mean colour of the arms as planes (n, 3, h, w); 0 with fewer than 10 pixels of them."""
    arms = _arms(batch.labels)
    count = arms.sum((2, 3), keepdim=True)
    mean = (batch.photo * arms).sum((2, 3), keepdim=True) / count.clamp(min=1)
    return (mean * (count >= 10)).expand_as(batch.photo)


def generate(generators: Generators, batch: Batch) -> Made:
    """Run all generators on a batch, each on the truth of what the earlier ones make."""
    truth = truth_of(batch)
    merged = clothes_merged(batch.labels)
    fused = merged.masked_fill(_arms(batch.labels)[:, 0] > 0, Label.UPPER_CLOTHES)
    layout_input = _semantic_input(batch, fused, batch.noises[0])
    clothes_input = _semantic_input(batch, truth.bare, batch.noises[1])
    warp = generators.warping(batch.garment, batch.garment_mask, truth.clothes)
    refined, share = torch.tanh(warp.refined[:, :3]), torch.sigmoid(warp.refined[:, 3:])
    planes = (kept_body(batch, truth), one_hot(truth.bare), truth.fabric, skin_planes(batch))
    fusion_input = torch.cat([*planes, batch.noises[2]], 1)
    picture = torch.tanh(generators.fusion(fusion_input))
    return Made(
        layout_input,
        generators.layout(layout_input),
        clothes_input,
        generators.clothes(clothes_input),
        warp,
        refined,
        share,
        refined.detach() * (1 - share) + share * warp.garment.detach(),
        fusion_input,
        picture,
        torch.where(truth.clothes > 0, batch.photo, picture),
    )


def judge_made(judges: Judges, batch: Batch, made: Made) -> Judgements:
    """Judge what the generators made; with gradient to them."""
    return Judgements(
        judges.layout(torch.cat([made.layout_input, torch.sigmoid(made.layout)], 1)),
        judges.clothes(torch.cat([made.clothes_input, torch.sigmoid(made.clothes)], 1)),
        judges.refined(torch.cat([_refined_condition(batch), made.refined], 1)),
        judges.picture(torch.cat([made.fusion_input, made.pasted], 1)),
    )


def judge_truth(judges: Judges, batch: Batch, made: Made) -> Judgements:
    """Judge the truth beside the same inputs."""
    truth = truth_of(batch)
    return Judgements(
        judges.layout(torch.cat([made.layout_input, one_hot(truth.bare)], 1)),
        judges.clothes(torch.cat([made.clothes_input, truth.clothes], 1)),
        judges.refined(torch.cat([_refined_condition(batch), truth.fabric], 1)),
        judges.picture(torch.cat([made.fusion_input, batch.photo], 1)),
    )


def detached(made: Made) -> Made:
    """What the generators made, without gradient to them: the fakes of the judges' step."""
    warp = Warp(*(tensor.detach() for tensor in made.warp))
    return Made(*(warp if isinstance(part, Warp) else part.detach() for part in made))


def judges_losses(real: Judgements, fake: Judgements) -> dict[str, Tensor]:
    """Loss of each judge."""
    return {
        name: discriminator_loss(true, false)
        for name, true, false in zip(Judgements._fields, real, fake, strict=True)
    }


def published_cross(made: Made, truth: Truth) -> tuple[Tensor, Tensor]:
    """Cross-entropies of G1 and G2 as published: a sigmoid's output taken for logits.

    A softmax or a second sigmoid follows, so that neither can come near 0.
    """
    layout = F.cross_entropy(torch.sigmoid(made.layout), truth.bare)
    clothes = F.binary_cross_entropy_with_logits(torch.sigmoid(made.clothes), truth.clothes)
    return layout, clothes


def corrected_cross(made: Made, truth: Truth) -> tuple[Tensor, Tensor]:
    """Cross-entropies of G1 and G2 on their logits."""
    layout = F.cross_entropy(made.layout, truth.bare)
    return layout, F.binary_cross_entropy_with_logits(made.clothes, truth.clothes)


def warp_terms(warp: Warp, truth: Truth, vgg: Vgg19) -> dict[str, Tensor]:
    """Unweighted terms of the spatial transformer."""
    uneven, bent = second_order(warp.points), collinearity(warp.points)
    return {
        "warp_mask": F.l1_loss(warp.mask, truth.clothes),
        "warp_l1": F.l1_loss(warp.garment, truth.fabric),
        "warp_vgg": deepest_distance(vgg(warp.garment), vgg(truth.fabric)),
        "warp_rows_x": uneven.row_x,
        "warp_rows_y": uneven.row_y,
        "warp_columns_x": uneven.column_x,
        "warp_columns_y": uneven.column_y,
        "warp_straight_rows": bent.rows,
        "warp_straight_columns": bent.columns,
    }


def refiner_terms(made: Made, truth: Truth, vgg: Vgg19) -> dict[str, Tensor]:
    """Unweighted terms of U's refiner but for its judge's."""
    fabric = vgg(truth.fabric)
    return {
        "refined_l1": F.l1_loss(made.refined, truth.fabric),
        "refined_vgg": deepest_distance(vgg(made.refined), fabric),
        "composed_l1": F.l1_loss(made.composed, truth.fabric),
        "composed_vgg": deepest_distance(vgg(made.composed), fabric),
        "share_mask": F.l1_loss(made.share, truth.clothes),
    }


def generator_terms(
    batch: Batch,
    made: Made,
    real: Judgements,
    fake: Judgements,
    vgg: Vgg19,
    cross: tuple[Tensor, Tensor],
) -> dict[str, Tensor]:
    """All terms of the generators' loss, times `WEIGHTS`.

    cross: from `published_cross` or `corrected_cross`.
    """
    truth = truth_of(batch)
    terms = {
        "layout_cross": cross[0],
        "layout_gan": lsgan(fake.layout, 1.0),
        "clothes_cross": cross[1],
        "clothes_gan": lsgan(fake.clothes, 1.0),
        **warp_terms(made.warp, truth, vgg),
        **refiner_terms(made, truth, vgg),
        "refined_gan": lsgan(fake.refined, 1.0),
        "refined_features": feature_matching(fake.refined, real.refined),
        "picture_l1": F.l1_loss(made.picture, batch.photo),
        "picture_vgg": perceptual_distance(vgg(made.pasted), vgg(batch.photo)),
        "picture_gan": lsgan(fake.picture, 1.0),
        "picture_features": feature_matching(fake.picture, real.picture),
    }
    return {name: WEIGHTS[name] * term for name, term in terms.items()}


def _arms(labels: Tensor) -> Tensor:
    arms = (labels == Label.LEFT_ARM) | (labels == Label.RIGHT_ARM)
    return arms[:, None].float()


def _semantic_input(batch: Batch, labels: Tensor, noise: Tensor) -> Tensor:
    planes = (batch.garment_mask, batch.garment, one_hot(labels), batch.pose, noise)
    return torch.cat(planes, 1)


def _refined_condition(batch: Batch) -> Tensor:
    return torch.cat([truth_of(batch).clothes, batch.garment], 1)
