"""OpenPose's network against the authors' numbers; its decoding is in test_published_stages.py."""

import pytest

pytest.importorskip("torch", reason="the published networks need the extra [train]")

import torch
from name_seeded import assert_close, drawn_input, key_shapes, numbers, plain_weights, state

from fittingroom.errors import FittingRoomError
from fittingroom.training.networks.openpose import OpenPoseNetwork

NETWORK_TOLERANCE = 1e-4
"""A tenth of what the facts suggest; 3e-6 was measured."""


@pytest.fixture(scope="module")
def network():
    with torch.device("meta"):  # spares the random weights that loading would overwrite
        empty = OpenPoseNetwork()
    full = empty.to_empty(device="cpu").eval()
    full.load_official(state(key_shapes("openpose_body"), plain_weights))
    return full


def small(stages=3, rectify=True):
    torch.manual_seed(0)
    return OpenPoseNetwork(8, stages, rectify=rectify).eval()


def test_the_keys_are_the_authors(network):
    assert network.official_shapes() == key_shapes("openpose_body")


@pytest.mark.parametrize(("height", "width"), [(184, 184), (184, 144)])
def test_network(network, height, width):
    name = f"openpose_{height}x{width}"
    with torch.inference_mode():
        stages = network(drawn_input(name, (1, 3, height, width), 0.25))
    expected = numbers("openpose_compact")
    fields, heat = (maps[..., ::2, ::2] for maps in stages[-1])
    assert len(stages) == 6
    assert_close(fields, expected[f"{height}x{width}.L1_paf_s2"], NETWORK_TOLERANCE)
    assert_close(heat, expected[f"{height}x{width}.L2_heat_s2"], NETWORK_TOLERANCE)


def test_the_slip_of_the_port_can_be_left_out():
    published, original = small(), small(rectify=False)
    x = torch.randn(1, 3, 16, 24)
    with torch.inference_mode():
        slipped, right = published(x), original(x)
    assert torch.equal(slipped[-1][1], right[-1][1].relu()) and (right[-1][1] < 0).any()
    assert torch.equal(slipped[-1][0], right[-1][0])
    assert torch.equal(slipped[-2][1], right[-2][1]) and (right[-2][1] < 0).any()


def test_width_and_stages_are_arguments():
    stages = small(stages=2)(torch.randn(2, 3, 16, 24))
    assert [tuple(maps.shape) for pair in stages for maps in pair] == [
        (2, 38, 2, 3),
        (2, 19, 2, 3),
    ] * 2


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda s: s.pop("Mconv7_stage3_L2.bias"), "missing Mconv7_stage3_L2.bias"),
        (lambda s: s.update({"Mconv1_stage4_L1.bias": torch.ones(16)}), "surplus Mconv1_stage4_L1"),
        (lambda s: s.update({"conv1_1.bias": torch.ones(9)}), "wrong conv1_1.bias is 9, not 8"),
    ],
)
def test_a_misfit_is_named(spoil, said):
    network = small()
    given = {key: torch.zeros(shape) for key, shape in network.official_shapes().items()}
    spoil(given)
    with pytest.raises(FittingRoomError, match=said):
        network.load_official(given)
    assert network.head[0].layers[0].weight.abs().max() > 0
