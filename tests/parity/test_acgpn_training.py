"""What holds of ACGPN's networks and losses at any width; small ones, in milliseconds."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="the published networks need the extra [train]")

import torch

from fittingroom.stages.acgpn import Label
from fittingroom.training import acgpn_losses
from fittingroom.training.acgpn_losses import Batch, Generators, Judges
from fittingroom.training.adversarial import discriminator_loss, feature_matching, lsgan
from fittingroom.training.lattice_losses import collinearity, second_order
from fittingroom.training.networks.acgpn.clothes_warping import ClothesWarping, lattice
from fittingroom.training.networks.acgpn.content_fusion import ContentFusion
from fittingroom.training.networks.acgpn.discriminator import (
    JUDGED_CHANNELS,
    MultiScaleDiscriminator,
)
from fittingroom.training.networks.acgpn.semantic_generation import (
    BodyLayoutGenerator,
    ClothesMaskGenerator,
)
from fittingroom.training.networks.acgpn.unet import UNet, initialise
from fittingroom.training.perceptual import Vgg19, imagenet_normalised, perceptual_distance

SIZE = (64, 48)


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def small_generators():
    return Generators(
        BodyLayoutGenerator(width=2),
        ClothesMaskGenerator(width=2),
        small_warping(),
        ContentFusion(width=2),
    )


def small_warping(**options):
    return ClothesWarping(SIZE, width=2, narrowest=2, halvings=3, **options)


def small_judges():
    channels = [JUDGED_CHANNELS[name] for name in ("D1", "D2", "D3", "D")]
    return Judges(*(MultiScaleDiscriminator(count, width=2) for count in channels))


def small_batch(count=1):
    labels = torch.zeros(count, *SIZE, dtype=torch.long)
    labels[:, 8:56, 8:40] = Label.UPPER_CLOTHES
    labels[:, 8:56, 32:40] = Label.LEFT_ARM
    labels[:, 50:60, 4:12] = Label.REST
    mask = torch.zeros(count, 1, *SIZE)
    mask[..., 10:50, 10:40] = 1
    noises = [(torch.rand(count, 1, *SIZE) < 0.159).float() for _ in range(3)]
    return Batch(
        labels,
        torch.rand(count, 3, *SIZE) * 2 - 1,
        (torch.rand(count, 3, *SIZE) * 2 - 1) * mask,
        mask,
        torch.rand(count, 18, *SIZE) * 2 - 1,
        (torch.rand(count, 1, *SIZE) < 0.3).float(),
        (noises[0], noises[1], noises[2]),
    )


def test_one_step_reaches_every_weight_of_the_generators():
    generators, judges, batch = small_generators(), small_judges(), small_batch(2)
    made = acgpn_losses.generate(generators, batch)
    real = acgpn_losses.judge_truth(judges, batch, made)
    fake = acgpn_losses.judge_made(judges, batch, made)
    cross = acgpn_losses.corrected_cross(made, acgpn_losses.truth_of(batch))
    terms = acgpn_losses.generator_terms(batch, made, real, fake, Vgg19(width=2), cross)
    assert set(terms) == set(acgpn_losses.WEIGHTS)
    sum(terms.values()).backward()
    for network in (generators.layout, generators.clothes, generators.warping, generators.fusion):
        for name, weight in network.named_parameters():
            assert weight.grad is not None and weight.grad.isfinite().all(), name


def test_the_judges_step_leaves_the_generators_alone():
    generators, judges, batch = small_generators(), small_judges(), small_batch()
    made = acgpn_losses.detached(acgpn_losses.generate(generators, batch))
    real = acgpn_losses.judge_truth(judges, batch, made)
    fake = acgpn_losses.judge_made(judges, batch, made)
    losses = acgpn_losses.judges_losses(real, fake)
    sum(losses.values()).backward()
    assert set(losses) == {"layout", "clothes", "refined", "picture"}
    assert all(weight.grad is None for weight in generators.fusion.parameters())
    assert all(weight.grad is not None for weight in judges.picture.parameters())


def test_gradients_of_the_refiner_stop_before_the_transformer():
    warping, batch = small_warping(), small_batch()
    made = warping(batch.garment, batch.garment_mask, batch.garment_mask)
    made.refined.sum().backward()
    assert all(weight.grad is None for weight in warping.transformer.parameters())


def test_the_composed_clothes_train_the_share_alone():
    made = acgpn_losses.generate(small_generators(), small_batch())
    (gradient,) = torch.autograd.grad(made.composed.sum(), made.warp.refined)
    assert (gradient[:, :3] == 0).all() and (gradient[:, 3] != 0).any()


def test_clothes_count_with_the_rest_and_are_background_in_the_kept_labels():
    batch = small_batch()
    truth = acgpn_losses.truth_of(batch)
    worn = (batch.labels == Label.UPPER_CLOTHES) | (batch.labels == Label.REST)
    assert (truth.clothes[:, 0] == worn).all()
    assert (truth.bare[worn] == 0).all() and (truth.bare[~worn] == batch.labels[~worn]).all()


def test_only_the_corrected_cross_entropy_can_be_satisfied():
    batch = small_batch()
    truth = acgpn_losses.truth_of(batch)
    made = acgpn_losses.generate(small_generators(), batch)
    perfect = made._replace(
        layout=60 * acgpn_losses.one_hot(truth.bare) - 30, clothes=60 * truth.clothes - 30
    )
    for corrected in acgpn_losses.corrected_cross(perfect, truth):
        assert corrected.item() == pytest.approx(0, abs=1e-5)
    layout, clothes = acgpn_losses.published_cross(perfect, truth)
    assert layout.item() == pytest.approx(np.log(13 + np.e) - 1, abs=1e-5)
    assert clothes.item() > 0.3


def test_an_untrained_transformer_changes_nothing():
    warping, batch = small_warping(align_corners=True).eval(), small_batch()
    made = warping(batch.garment, batch.garment_mask, batch.garment_mask)
    assert torch.allclose(made.garment[..., 1:-1, 1:-1], batch.garment[..., 1:-1, 1:-1], atol=1e-4)


def test_borders_are_weakened_twice_as_published():
    ones, grid = torch.ones(1, 1, *SIZE), torch.zeros(1, 1, 1, 2)
    grid[..., 0] = -1  # between the first column and the zeros outside it
    read = small_warping().transformer.sample(ones, grid)
    assert read.item() == pytest.approx(0.25)


def test_a_batch_gives_what_its_samples_give_alone():
    warping, batch = small_warping().eval(), small_batch(2)
    planes = (batch.garment, batch.garment_mask, batch.garment_mask)
    both = warping(*planes)
    alone = warping(*(plane[1:] for plane in planes))
    for part, single in zip(both, alone, strict=True):
        assert torch.allclose(part[1:], single, atol=1e-4)


def test_dropout_acts_in_training_alone():
    network, picture = UNet(3, 2, width=2, dropout=0.5), torch.rand(1, 3, *SIZE)
    assert not torch.equal(network(picture), network(picture))
    network.eval()
    assert torch.equal(network(picture), network(picture))


def test_initial_weights_spread_as_published():
    network = BodyLayoutGenerator(width=8)
    initialise(network)
    assert network.encoder[4].second.weight.std().item() == pytest.approx(0.02, rel=0.05)


def test_an_even_lattice_costs_its_tolerance_and_has_no_gradient():
    points = torch.tensor(lattice(), dtype=torch.float32)[None].requires_grad_()
    terms = (*second_order(points), *collinearity(points))
    assert [round(term.item(), 4) for term in terms] == [0.08] * 4 + [0.02] * 2
    torch.stack(terms).sum().backward()
    assert (points.grad == 0).all()


def test_a_kink_costs_along_its_own_line():
    points = torch.tensor(lattice(), dtype=torch.float32)[None]
    points[0, 12, 1] += 0.8  # the centre goes down
    straight = collinearity(points)
    assert straight.rows > 0.02 and straight.columns.item() == pytest.approx(0.02)
    assert second_order(points).column_y > 0.08


def test_lsgan_is_zero_where_all_scores_are_right():
    judged = [[torch.rand(1, 2, 4, 4), torch.full((1, 1, 3, 3), score)] for score in (1.0, 1.0)]
    assert lsgan(judged, 1.0) == 0 and lsgan(judged, 0.0) == 2
    assert discriminator_loss(judged, judged) == 1


def test_feature_matching_leaves_out_the_scores_and_the_real_side():
    fake = [[torch.zeros(1, 1, 2, 2, requires_grad=True) for _ in range(5)] for _ in range(2)]
    real = [[torch.full((1, 1, 2, 2), 2.0, requires_grad=True) for _ in range(5)] for _ in range(2)]
    loss = feature_matching(fake, real)
    loss.backward()
    assert loss.item() == pytest.approx(8)
    assert fake[0][4].grad is None and real[0][0].grad is None


def test_equal_pictures_have_no_perceptual_distance_and_the_deepest_level_weighs_most():
    vgg, picture = Vgg19(width=2), torch.rand(1, 3, *SIZE)
    features = vgg(picture)
    assert [tuple(level.shape[1:]) for level in features[:2]] == [(2, 64, 48), (4, 32, 24)]
    assert perceptual_distance(features, features) == 0
    moved = [*features[:4], features[4] + 1]
    assert perceptual_distance(moved, features).item() == pytest.approx(1)


def test_the_mean_of_imagenet_is_normalised_to_zero():
    mean = torch.tensor((0.485, 0.456, 0.406)).view(1, 3, 1, 1) * 2 - 1
    assert torch.allclose(imagenet_normalised(mean), torch.zeros(1, 3, 1, 1), atol=1e-6)


def test_torchvisions_file_loads_with_its_later_layers():
    vgg = Vgg19(width=2)
    drawn = {key: torch.rand(shape) for key, shape in vgg.official_shapes().items()}
    vgg.load_official({**drawn, "features.30.weight": torch.zeros(1), "classifier.0.bias": None})
    assert torch.equal(vgg.blocks[4][0].weight, drawn["features.28.weight"])
