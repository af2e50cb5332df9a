"""Weights under the names of the authors' files: checked key by key, then loaded."""

from collections.abc import Mapping
from itertools import islice
from typing import Final

from torch import Tensor, nn

from fittingroom.errors import ErrorCode, FittingRoomError

NAMED: Final = 3
"""So many keys of each kind are named in an error; of the others it gives the number."""


def official_shapes(network: nn.Module, names: Mapping[str, str]) -> dict[str, tuple[int, ...]]:
    """Shape of every tensor by its official key, in the network's own order.

    names: path of each module that holds tensors, in the network, to its official path.
    """
    return {
        official: tuple(tensor.shape)
        for official, (_, tensor) in _by_official_key(network, names).items()
    }


def load_official_state(
    network: nn.Module, names: Mapping[str, str], state: Mapping[str, Tensor], title: str
) -> None:
    """Copy `state`, under official keys, into the network; nothing is touched unless all fits.

    Raises `FittingRoomError` (bad_weights), in one line, when a key is missing or surplus or a
    tensor has another shape or no floating-point numbers. title: what the error calls the weights.
    """
    wanted = _by_official_key(network, names)
    misfits = [
        f"{key} is {_described(state[key])}, not {_sides(tensor)}"
        for key, (_, tensor) in wanted.items()
        if key in state and not _fits(state[key], tensor)
    ]
    faults = [
        _listed("missing", [key for key in wanted if key not in state]),
        _listed("surplus", [str(key) for key in state if key not in wanted]),
        _listed("wrong", misfits),
    ]
    if any(faults):
        said = "; ".join(fault for fault in faults if fault)
        raise FittingRoomError(ErrorCode.BAD_WEIGHTS, f"not the weights of {title}: {said}")
    network.load_state_dict({own: state[key] for key, (own, _) in wanted.items()})


def _by_official_key(network: nn.Module, names: Mapping[str, str]) -> dict[str, tuple[str, Tensor]]:
    """Official key to the network's own key and tensor."""
    found = {}
    for own, tensor in network.state_dict().items():
        module, leaf = own.rsplit(".", 1)
        found[f"{names[module]}.{leaf}"] = (own, tensor)
    return found


def _fits(given: object, wanted: Tensor) -> bool:
    return isinstance(given, Tensor) and given.is_floating_point() and given.shape == wanted.shape


def _described(given: object) -> str:
    if not isinstance(given, Tensor):
        return type(given).__name__
    return _sides(given) if given.is_floating_point() else f"{given.dtype} {_sides(given)}"


def _sides(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "a single number"


def _listed(kind: str, keys: list[str]) -> str:
    if not keys:
        return ""
    more = f" and {len(keys) - NAMED} more" if len(keys) > NAMED else ""
    return f"{kind} {', '.join(islice(keys, NAMED))}{more}"
