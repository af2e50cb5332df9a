"""ACGPN's networks, discriminators and losses against the authors' numbers.

Each network is drawn once; the largest part of the time goes into drawing 163 million weights.
"""

import numpy as np
import pytest

pytest.importorskip("torch", reason="the published networks need the extra [train]")

import torch
from name_seeded import (
    assert_close,
    difference,
    drawn_input,
    figures,
    key_shapes,
    normal,
    numbers,
    plain_weights,
    state,
)
from test_acgpn_path import recorded_sample

from fittingroom.errors import FittingRoomError
from fittingroom.stages import acgpn
from fittingroom.training import acgpn_losses
from fittingroom.training.adversarial import lsgan
from fittingroom.training.lattice_losses import collinearity, second_order
from fittingroom.training.networks.acgpn.clothes_warping import (
    ClothesWarping,
    LatticeSpline,
    lattice,
)
from fittingroom.training.networks.acgpn.content_fusion import ContentFusion
from fittingroom.training.networks.acgpn.discriminator import (
    JUDGED_CHANNELS,
    MultiScaleDiscriminator,
)
from fittingroom.training.networks.acgpn.semantic_generation import (
    BodyLayoutGenerator,
    ClothesMaskGenerator,
)
from fittingroom.training.perceptual import Vgg19

NETWORK_TOLERANCE = 1e-4
"""A tenth of what the facts suggest; the networks agree exactly on the CPU of the fixtures."""

SIZE = (256, 192)
UNETS = {
    "G1": (BodyLayoutGenerator, 37),
    "G2": (ClothesMaskGenerator, 37),
    "G": (ContentFusion, 24),
}
ALIGNED = pytest.mark.parametrize("aligned", [False, True], ids=["ac0", "ac1"])


@pytest.fixture(autouse=True)
def without_gradient():
    with torch.inference_mode():
        yield


def warping_state():
    """U's weights; the inverse is the recorded one, as an official file would hold it."""
    spline = dict(LatticeSpline().state_dict())
    spline["inverse_kernel"] = torch.from_numpy(numbers("acgpn_tps")["inverse_kernel"])

    def rule(key, shape):
        if key.startswith("stn.tps."):
            return spline[key.removeprefix("stn.tps.")].numpy()
        if key == "stn.loc_net.cnn.fc2.weight":
            return normal(key, shape) * 0.02
        if key == "stn.loc_net.cnn.fc2.bias":
            return np.arctanh(lattice()).ravel() + normal(key, shape) * 0.05
        return plain_weights(key, shape)

    return state(key_shapes("acgpn", "U"), rule)


@pytest.fixture(scope="module")
def warping():
    network = ClothesWarping().eval()
    network.load_official(warping_state())
    return network


def warping_input():
    """Garment, its mask and the clothes' mask."""
    planes = [drawn_input(f"U.{name}", (1, 1, *SIZE)) > 0 for name in ("mask", "refer")]
    return drawn_input("U.clothes", (1, 3, *SIZE)), planes[0].float(), planes[1].float()


@pytest.fixture(scope="module")
def unets():
    networks = {name: kind().eval() for name, (kind, _) in UNETS.items()}
    for name, network in networks.items():
        network.load_official(state(key_shapes("acgpn", name), plain_weights))
    return networks


def drawn_judge(name):
    network = MultiScaleDiscriminator(JUDGED_CHANNELS[name])
    network.load_official(state(key_shapes("acgpn", name), plain_weights))
    return network


@pytest.mark.parametrize("name", UNETS)
def test_unets(unets, name):
    output = unets[name](drawn_input(name, (1, UNETS[name][1], *SIZE)))[..., ::8, ::8]
    assert_close(output, numbers("acgpn_compact")[f"{name}.out_s8"], NETWORK_TOLERANCE)


@pytest.mark.parametrize("name", JUDGED_CHANNELS)
def test_discriminators(name):
    judgement = drawn_judge(name)(drawn_input(name, (1, JUDGED_CHANNELS[name], *SIZE)))
    for scale, layers in enumerate(judgement):
        expected = numbers("acgpn_compact")[f"{name}.out{scale}"]
        assert_close(layers[-1], expected, NETWORK_TOLERANCE)


def test_spline():
    recorded, spline = numbers("acgpn_tps"), LatticeSpline()
    assert_close(lattice(), recorded["lattice"], 1e-6)
    assert_close(spline.inverse_kernel, recorded["inverse_kernel"], 1e-5)
    assert_close(spline.target_coordinate_repr[::64], recorded["repr_s64"], 1e-6)
    drawn = lattice() + 0.06 * normal("input:tps", (25, 2))
    grid = spline(torch.from_numpy(drawn.astype(np.float32))[None])[0]
    assert_close(grid, recorded["coords"], 2e-5)
    assert_close(grid[::8, ::8], numbers("acgpn_compact")["tps.coords_s8"], 2e-5)
    identity = spline(torch.from_numpy(recorded["lattice"])[None])[0]
    assert_close(identity[::8, ::8], recorded["identity_coords_s8"], 2e-5)


@ALIGNED
def test_warping(warping, aligned):
    warping.transformer.align_corners = aligned
    made, recorded = warping(*warping_input()), numbers("acgpn_compact")
    name = f"U.ac{int(aligned)}"
    assert_close(made.points, recorded["U.points"], NETWORK_TOLERANCE)
    assert_close(made.garment[..., ::8, ::8], recorded[f"{name}.warped_s8"])
    assert_close(made.mask[..., ::8, ::8], recorded[f"{name}.warped_mask_s8"])
    # White noise read 7e-6 beside the place changes by 5e-4, and the refiner's drawn weights make
    # 20 times that of it: what was recorded depends on the rounding of its CPU's logarithm.
    refined, expected = made.refined[..., ::8, ::8].numpy(), recorded[f"{name}.out_s8"]
    assert difference(refined, expected) <= 2e-2
    assert np.abs(refined - expected).mean() <= 2e-3 * np.abs(expected).max()


def test_lattice_losses():
    recorded = numbers("acgpn_compact")
    points = torch.from_numpy(recorded["U.points"])
    assert_close(torch.stack(second_order(points)), recorded["U.reg"], 1e-5)


@pytest.fixture(scope="module")
def path(warping):
    """Sample, recorded layout and clothes' mask, and our clothes for them."""
    sample, recorded = recorded_sample(), numbers("acgpn_compact")
    mask = recorded["pipe.cloth_mask_final"][0, 0] > 0
    planes = (sample.garment, sample.garment_mask[None], mask[None])
    warping.transformer.align_corners = False
    with torch.inference_mode():
        made = warping(*(torch.from_numpy(plane.astype(np.float32))[None] for plane in planes))
    clothes = acgpn.fused_clothes(made.refined[0].numpy(), made.garment[0].numpy(), mask)
    return sample, recorded["pipe.label_argmax"][0, 0], mask, clothes


def test_clothes_on_the_drawn_person(path):
    clothes = path[3][:, ::8, ::8]
    expected = numbers("acgpn_compact")["pipe.fused_clothes.ac0_s8"][0]
    assert difference(clothes, expected) <= 1e-2  # as in test_warping
    assert np.abs(clothes - expected).mean() <= 1e-3


@pytest.mark.parametrize(
    ("name", "recorded", "least"),
    [
        ("G1", "pipe.G1_logits_s8", 0.6),
        ("G2", "pipe.G2_logit_s8", 0.45),
        ("G", "pipe.tryon.ac0_s8", 0.45),
    ],
)
def test_networks_on_the_drawn_person_up_to_the_noise(path, unets, name, recorded, least):
    """The recorded noise is not known: drawn weights correlate by 0.5 to 0.6 under two noises.

    With the old labels in place of the new, G2 falls to 0.2 and G to 0.3.
    """
    sample, layout, mask, clothes = path
    noise = acgpn.noise_plane(np.random.default_rng(0), SIZE)
    planes = {
        "G1": acgpn.semantic_input(sample, acgpn.agnostic(sample.labels), noise),
        "G2": acgpn.semantic_input(sample, layout, noise),
        "G": acgpn.fusion_input(sample, layout, mask, clothes, noise),
    }
    output = unets[name](torch.from_numpy(planes[name])[None])[..., ::8, ::8].numpy()
    output = np.tanh(output) if name == "G" else output
    expected = numbers("acgpn_compact")[recorded]
    assert np.corrcoef(output.ravel(), expected.ravel())[0, 1] > least


def training_batch():
    """The drawn person in its own garment; the recorded noise is not known, this is like it."""
    data, sample = numbers("acgpn_data"), recorded_sample()
    generator = np.random.default_rng(0)
    noises = [torch.from_numpy(acgpn.noise_plane(generator, SIZE))[None] for _ in range(3)]
    return acgpn_losses.Batch(
        torch.from_numpy(sample.labels.astype(np.int64))[None],
        torch.from_numpy(sample.photo)[None],
        torch.from_numpy(sample.garment)[None],
        torch.from_numpy(sample.garment_mask[None, None].astype(np.float32)),
        torch.from_numpy(sample.pose)[None],
        torch.from_numpy(data["train.mask"]),
        (noises[0], noises[1], noises[2]),
    )


@ALIGNED
def test_losses_that_know_no_noise(warping, aligned):
    recorded = figures("acgpn_train_losses")[f"align_corners_{aligned}"]
    warping.transformer.align_corners = aligned
    batch = training_batch()
    truth = acgpn_losses.truth_of(batch)
    body = acgpn_losses.kept_body(batch, truth)
    assert body.sum().item() == pytest.approx(recorded["hole_sum"], rel=1e-5)
    _, _, points = warping.transformer(batch.garment, batch.garment_mask, truth.clothes)
    terms = 0.1 * torch.stack([*second_order(points), *collinearity(points)])
    names = ("rx", "ry", "cx", "cy", "rg", "cg")
    assert_close(terms, np.array([recorded[name] for name in names]), 1e-5)


def remembered(network):
    """What the network says of the first input, for every input."""
    answers = []

    def answer(x):
        if not answers:
            answers.append(network(x))
        return answers[0]

    return answer


def recorded_sums(terms, real, fake):
    """The terms of the losses, added up as they were recorded."""

    def total(*endings):
        return sum(term.item() for name, term in terms.items() if name.endswith(endings))

    return {
        "G_GAN": total("_gan"),
        "G_GAN_Feat": total("_features"),
        "G_VGG": total("_vgg"),
        "L1": total("_l1", "_mask"),
        "CE": total("_cross"),
        "D_real": sum(lsgan(judgement, 1.0).item() for judgement in real),
        "D_fake": sum(lsgan(judgement, 0.0).item() for judgement in fake),
    }


@pytest.fixture(scope="module")
def training(warping, unets):
    """The sums and the picture's mean for both samplings, of which only U and D3 know."""
    batch = training_batch()
    judges = acgpn_losses.Judges(*(drawn_judge(name) for name in ("D1", "D2", "D3", "D")))
    vgg = Vgg19()
    vgg.load_official(
        state(vgg.official_shapes(), lambda key, shape: plain_weights(f"vgg.{key}", shape))
    )
    layout, clothes, fusion = (remembered(unets[name]) for name in ("G1", "G2", "G"))
    generators = acgpn_losses.Generators(layout, clothes, warping, fusion)
    found = {}
    for aligned in (False, True):
        warping.transformer.align_corners = aligned
        with torch.inference_mode():
            made = acgpn_losses.generate(generators, batch)
            real = acgpn_losses.judge_truth(judges, batch, made)
            fake = acgpn_losses.judge_made(judges, batch, made)
            cross = acgpn_losses.published_cross(made, acgpn_losses.truth_of(batch))
            terms = acgpn_losses.generator_terms(batch, made, real, fake, vgg, cross)
        found[aligned] = recorded_sums(terms, real, fake)
        found[aligned]["fake_image_mean"] = made.picture.mean().item()
    return found


@ALIGNED
def test_losses_up_to_the_noise(training, aligned):
    """Another noise of the same kind moves the sums by less than one percent."""
    recorded = figures("acgpn_train_losses")[f"align_corners_{aligned}"]
    for name, value in training[aligned].items():
        assert value == pytest.approx(recorded[name], rel=0.01, abs=1e-2), name


@pytest.mark.parametrize("name", ["G_GAN", "G_GAN_Feat", "G_VGG", "L1", "D_fake"])
def test_what_the_sampling_changes_in_the_losses(training, name):
    """A difference in which everything that depends on the noise cancels."""
    recorded = [figures("acgpn_train_losses")[f"align_corners_{key}"] for key in (False, True)]
    expected = recorded[1][name] - recorded[0][name]
    assert training[True][name] - training[False][name] == pytest.approx(expected, rel=0.02)


def test_a_wrong_file_is_refused_by_name():
    network = ClothesMaskGenerator(width=2)
    good = {key: torch.zeros(shape) for key, shape in network.official_shapes().items()}
    network.load_official(good)
    del good["conv5.3.bias"]
    with pytest.raises(FittingRoomError, match=r"ACGPN's G2.*missing conv5\.3\.bias"):
        network.load_official(good)
    with pytest.raises(FittingRoomError, match=r"surplus extra"):
        network.load_official({**good, "extra": torch.zeros(1)})
    with pytest.raises(FittingRoomError, match=r"conv9\.6\.weight is 14x2x3x3, not 1x2x3x3"):
        network.load_official({**good, "conv9.6.weight": torch.zeros(14, 2, 3, 3)})


def test_a_wrong_lattice_is_refused():
    network = ClothesWarping(size=(64, 48), width=2, narrowest=2, halvings=3)
    keys, own = network.official_shapes(), network.state_dict()
    good = {key: own[name].clone() for key, name in zip(keys, own, strict=True)}
    network.load_official(good)
    key = "stn.tps.inverse_kernel"
    with pytest.raises(FittingRoomError, match=r"inverse_kernel is of another lattice"):
        network.load_official({**good, key: good[key] + 1e-3})
