"""Weights and inputs that are drawn from their own names, and the numbers to compare with.

The reference numbers under tests/fixtures/parity were recorded with such weights, so no large file
is needed to repeat them. What returns tensors needs torch, and says so by its type.

Use:
    shapes = key_shapes("acgpn", "G1")                    # official key -> shape
    network.load_official(state(shapes, plain_weights))   # the rule of ACGPN, OpenPose and VGG
    output = network(drawn_input("G1", (1, 37, 256, 192)))
    assert_close(output[..., ::8, ::8], numbers("acgpn_compact")["G1.out_s8"])
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
TOLERANCE = 1e-3
"""Largest difference that passes, as a share of the reference's largest magnitude."""

Shape = tuple[int, ...]
Rule = Callable[[str, Shape], NDArray[Any]]


def normal(key: str, shape: Shape) -> NDArray[np.float64]:
    """Standard normal numbers that depend on nothing but the key and the shape."""
    seed = crc32(key.encode()) & 0xFFFFFFFF
    return np.random.RandomState(seed).standard_normal(shape)


def drawn(key: str, shape: Shape, scale: float = 1.0) -> Tensor:
    """`normal` times `scale`, as float32."""
    import torch

    return torch.from_numpy((normal(key, shape) * scale).astype(np.float32))


def drawn_input(name: str, shape: Shape, scale: float = 1.0) -> Tensor:
    """The input called `name` in section 6, for instance "G1" or "schp_lip"."""
    return drawn(f"input:{name}", shape, scale)


def plain_weights(key: str, shape: Shape) -> NDArray[np.float64]:
    """The rule of ACGPN, OpenPose and the VGG-19: He's scale for weights, 0.05 for biases."""
    if len(shape) == 1:
        return normal(key, shape) * 0.05
    return normal(key, shape) * np.sqrt(2 / np.prod(shape[1:]))


def state(shapes: Mapping[str, Shape], rule: Rule) -> dict[str, Tensor]:
    """A float32 state dict: `rule` says the values of each key from the key and its shape."""
    import torch

    return {
        key: torch.from_numpy(np.asarray(rule(key, shape), np.float32))
        for key, shape in shapes.items()
    }


def key_shapes(table: str, network: str | None = None) -> dict[str, Shape]:
    """Official file keys and their shapes from tests/fixtures/keys.

    table: "acgpn" (name the network, for instance "G1"), "schp_lip" or "openpose_body" (flat file
    keys, without the group in front).
    """
    shapes: dict[str, Shape] = {}
    for line in (FIXTURES / "keys" / f"{table}.tsv").read_text().splitlines():
        fields = line.split("\t")
        if network is not None and fields.pop(0) != network:
            continue
        key, shape = (fields[1], fields[2]) if table == "openpose_body" else (fields[0], fields[1])
        shapes[key] = tuple(int(side) for side in shape.split("x"))
    return shapes


@cache
def numbers(name: str) -> Mapping[str, NDArray[Any]]:
    """All arrays of tests/fixtures/parity/<name>.npz."""
    with np.load(FIXTURES / "parity" / f"{name}.npz", allow_pickle=False) as file:
        return {key: file[key] for key in file.files}


@cache
def figures(name: str) -> Mapping[str, Any]:
    """What tests/fixtures/parity/<name>.json holds."""
    return dict(json.loads((FIXTURES / "parity" / f"{name}.json").read_text()))


def _array(values: Tensor | NDArray[Any]) -> NDArray[Any]:
    return values if isinstance(values, np.ndarray) else values.detach().numpy()


def difference(actual: Tensor | NDArray[Any], expected: NDArray[Any]) -> float:
    """Largest difference as a share of the reference's largest magnitude."""
    values = _array(actual)
    assert values.shape == expected.shape, f"{values.shape} is not {expected.shape}"
    error = np.abs(values.astype(np.float64) - expected).max()
    return float(error / max(float(np.abs(expected).max()), 1e-12))


def assert_close(
    actual: Tensor | NDArray[Any], expected: NDArray[Any], tolerance: float = TOLERANCE
) -> None:
    """Fail where the difference, as a share of the largest magnitude, exceeds `tolerance`."""
    assert difference(actual, expected) <= tolerance


def assert_same_mask(
    actual: Tensor | NDArray[Any], expected: NDArray[Any], share: float = 0.999
) -> None:
    """Fail where fewer than `share` of the pixels of masks or label maps are equal."""
    values = _array(actual)
    assert values.shape == expected.shape, f"{values.shape} is not {expected.shape}"
    assert (values == expected).mean() >= share
