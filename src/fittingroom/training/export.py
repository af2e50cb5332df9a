"""From a checkpoint to the ONNX file of the package, with its spec, or a refusal."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from fittingroom.runtime import SPEC_KEY, OnnxNetwork
from fittingroom.stages.parsing import MAP_COUNT, MAP_STRIDE
from fittingroom.training.networks.garment import GarmentOutput
from fittingroom.training.networks.parsing import ParsingOutput
from fittingroom.training.tasks import TASKS
from fittingroom.weights import TABLE

TOLERANCE: Final = 2e-3
"""Largest difference between torch and ONNX Runtime, relative to the output's largest value."""


LARGEST_HALF: Final = 65504.0
"""Statistics can be larger than half precision holds; such tensors stay as they are."""


class ExportRefused(RuntimeError):
    """A parameter is not finite, or torch and ONNX Runtime do not agree; nothing was written."""


@dataclass(frozen=True, slots=True)
class Release:
    """What a weights file is made from and where it goes."""

    name: str
    input_size: tuple[int, int]
    outputs: tuple[str, ...]
    joints: bool = False
    """Whether joint maps are a second input."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs."""
        return ("image", "joints") if self.joints else ("image",)

    def example(self) -> tuple[Tensor, ...]:
        """Random inputs, the same every time."""
        generator = torch.Generator().manual_seed(0)
        height, width = self.input_size
        image = torch.rand(1, 3, height, width, generator=generator) * 255
        if not self.joints:
            return (image,)
        cells = (height // MAP_STRIDE, width // MAP_STRIDE)
        return image, torch.rand(1, MAP_COUNT, *cells, generator=generator)


RELEASES: Final = {
    "pose": Release("pose", (256, 192), ("fields", "heat")),
    "parsing": Release("parsing", (384, 288), ParsingOutput._fields, joints=True),
    "garment": Release("garment", (256, 256), GarmentOutput._fields),
}


_BACKBONE: Final = "EfficientNet-Lite0 weights learned on ImageNet (Apache-2.0)"
_PHOTOS: Final = (
    "Clothing Co-Parsing (Apache-2.0 as stated by its authors; its people gave no release), "
    "Clothing Dataset (CC0) as pictures without people"
)
PROVENANCE: Final = {
    "pose": {
        "licence": "Apache-2.0",
        "origin": _BACKBONE,
        "data": f"{_PHOTOS}; joints labelled by BlazePose (Apache-2.0)",
    },
    "parsing": {
        "licence": "Apache-2.0",
        "origin": _BACKBONE,
        "data": f"{_PHOTOS}; skin divided by joints labelled by BlazePose (Apache-2.0); clothes "
        "of unlabelled photos named by looking; synthetic people of this project (CC0)",
    },
    "garment": {
        "licence": "Apache-2.0",
        "origin": _BACKBONE,
        "data": "Clothing Dataset (CC0), landmarks placed by looking; synthetic product pictures "
        "of this project (CC0)",
    },
}
"""Where the weights come from, word for word in the table and in the cards."""


class _PoseResult(nn.Module):
    """Only the last stage's fields and heat maps."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        fields, heat = self.network(image)[-1]
        return fields, heat


class _ParsingResult(nn.Module):
    """All outputs: inference needs only the fusion, a later training the others too."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor, joints: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.network(image, joints))


class _GarmentResult(nn.Module):
    """All outputs."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.network(image))


_RESULTS: Final[dict[str, Callable[[nn.Module], nn.Module]]] = {
    "pose": _PoseResult,
    "parsing": _ParsingResult,
    "garment": _GarmentResult,
}


def average(checkpoints: list[Path], target: Path) -> None:
    """Write a checkpoint with the mean of several trainings' averaged networks.

    They must go back to one start ("model soup": Wortsman et al., ICML 2022; SCHP aggregates its
    cycles likewise). What only some have is the mean of those. Legs are joined, each once.
    """
    states = [torch.load(path, map_location="cpu", weights_only=True) for path in checkpoints]
    mean: dict[str, Tensor] = {}
    for key in {key: None for state in states for key in state["ema"]}:
        values = [state["ema"][key] for state in states if key in state["ema"]]
        whole = not values[0].dtype.is_floating_point
        mean[key] = values[-1] if whole else torch.stack(values).mean(dim=0)
    legs: list[dict[str, Any]] = []
    for leg in (leg for state in states for leg in state["legs"]):
        if leg not in legs:
            legs.append(leg)
    torch.save({"ema": mean, "legs": legs}, target)


def averaged_network(name: str, checkpoint: Path) -> tuple[nn.Module, dict[str, Any]]:
    """The averaged network of a checkpoint, weights rounded to half precision, and its state."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    network = TASKS[name].build()
    network.load_state_dict(state["ema"])
    network.eval()
    for key, parameter in (*network.named_parameters(), *network.named_buffers()):
        if not parameter.isfinite().all():
            raise ExportRefused(f"{key} of {name} is not finite; go on from an older file")
        if parameter.dtype.is_floating_point and parameter.abs().max() <= LARGEST_HALF:
            parameter.data = parameter.data.half().float()
    return network, state


def _halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """Store parameters in half precision behind a cast, which is folded on loading."""
    kept, casts = [], []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.ndim and np.abs(values).max() <= LARGEST_HALF:
            kept.append(numpy_helper.from_array(values.astype(np.float16), f"{tensor.name}.half"))
            casts.append(
                helper.make_node(
                    "Cast", [f"{tensor.name}.half"], [tensor.name], to=TensorProto.FLOAT
                )
            )
        else:
            kept.append(tensor)
    nodes = [*casts, *model.graph.node]
    del model.graph.initializer[:]
    del model.graph.node[:]
    model.graph.initializer.extend(kept)
    model.graph.node.extend(nodes)
    del model.graph.value_info[:]
    return model


def export_network(name: str, checkpoint: Path, target: Path) -> float:
    """Write `target` (ONNX, half-precision weights) and return the largest relative difference.

    Its spec carries the legs of the training, those of the file that it began from included.

    Parameter names are kept, less the prefix "network.". Raises ExportRefused, and writes
    nothing, where torch and ONNX Runtime differ by more than TOLERANCE.
    """
    release = RELEASES[name]
    network, state = averaged_network(name, checkpoint)
    wrapped = _RESULTS[name](network).eval()
    example = release.example()
    partial = target.with_suffix(".partial")
    torch.onnx.export(
        wrapped,
        example,
        partial,
        input_names=list(release.inputs),
        output_names=list(release.outputs),
        dynamo=False,
        # Preserved, in evaluation mode: otherwise batch norms are folded into the convolutions
        # and the file could not be read back into torch by parameter name.
        training=torch.onnx.TrainingMode.PRESERVE,
        opset_version=17,
    )
    model = _halved(onnx.load(partial))
    partial.unlink()
    spec = {
        "input_size": list(release.input_size),
        "channels": "RGB",
        "range": [0, 255],
        "joints": release.joints,
        "legs": state["legs"],
    }
    model.metadata_props.add(key=SPEC_KEY, value=json.dumps(spec))
    content = model.SerializeToString()
    worst = _difference(wrapped, content, example, release)
    if worst > TOLERANCE:
        raise ExportRefused(f"torch and ONNX Runtime differ by {worst:.2e} in {name}")
    partial.write_bytes(content)
    partial.rename(target)
    return worst


def legs_of(path: Path) -> tuple[dict[str, Any], ...]:
    """The sittings that made an exported file, first to last; () where its spec has none."""
    return tuple(OnnxNetwork(path).spec.get("legs", ()))


def _difference(
    wrapped: nn.Module, content: bytes, example: tuple[Tensor, ...], release: Release
) -> float:
    with torch.no_grad():
        expected = wrapped(*example)
    expected = expected if isinstance(expected, tuple) else (expected,)
    given = zip(release.inputs, example, strict=True)
    actual = OnnxNetwork(content)({name: value.numpy() for name, value in given})
    differences = []
    for output, value in zip(release.outputs, expected, strict=True):
        truth = value.numpy()
        differences.append(float(np.abs(actual[output] - truth).max() / np.abs(truth).max()))
    return max(differences)


def shipped_parameters(path: Path) -> dict[str, Tensor]:
    """Parameters and statistics of an exported file by their names in the torch network."""
    parameters = {}
    for tensor in onnx.load(path).graph.initializer:
        name = tensor.name.removesuffix(".half").removeprefix("network.")
        parameters[name] = torch.from_numpy(numpy_helper.to_array(tensor).astype(np.float32))
    return parameters


def update_table(folder: Path, name: str) -> None:
    """Write a network's row in the folder's table of weights; other rows stay."""
    content = (folder / f"{name}.onnx").read_bytes()
    row = {
        "name": name,
        "file": f"{name}.onnx",
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        **PROVENANCE[name],
    }
    path = folder / TABLE
    rows = json.loads(path.read_text()) if path.exists() else []
    rows = sorted([r for r in rows if r["name"] != name] + [row], key=lambda r: str(r["name"]))
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(rows, indent=1) + "\n")
    partial.rename(path)
