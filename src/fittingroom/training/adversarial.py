"""Losses of least-squares GANs with discriminators that judge at several scales.

Mao et al., "Least Squares Generative Adversarial Networks", ICCV 2017; feature matching: Wang et
al., CVPR 2018. A judgement is what `MultiScaleDiscriminator` returns: for each scale the outputs of
all layers, the last of which are scores of patches.
"""

from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn import functional as F

Judgement: TypeAlias = list[list[Tensor]]


def lsgan(judgement: Judgement, target: float) -> Tensor:
    """Sum over scales of the mean (s - target)^2 over patches; target: 1 real, 0 fake.

    The generator's loss is that of its own fakes with target 1.
    """
    return torch.stack([((layers[-1] - target) ** 2).mean() for layers in judgement]).sum()


def discriminator_loss(real: Judgement, fake: Judgement) -> Tensor:
    """Half the sum of both sides; fake: of pictures detached from the generator."""
    return 0.5 * (lsgan(real, 1.0) + lsgan(fake, 0.0))


def feature_matching(fake: Judgement, real: Judgement) -> Tensor:
    """4 / L sum over layers but the last of mean |f - r|, mean over scales; no gradient to r.

    L is the number of those layers, so four layers, the published depth, count one each.
    """
    scales = []
    for fakes, reals in zip(fake, real, strict=True):
        distances = [
            F.l1_loss(made, true.detach())
            for made, true in zip(fakes[:-1], reals[:-1], strict=True)
        ]
        scales.append(4 * torch.stack(distances).mean())
    return torch.stack(scales).mean()
