"""OpenPose's body network as published: VGG-19 head, six stages of fields and heat maps.

Cao et al., "Realtime Multi-Person 2D Pose Estimation using Part Affinity Fields", CVPR 2017, with
the COCO-18 joints, under the names of the PyTorch port of its Caffe file. For the project's own
network, which is OpenPose in the small, see `pose.py`.
"""

from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fittingroom.skeleton import JOINT_COUNT, LIMBS
from fittingroom.training.networks.official_state import load_official_state, official_shapes

WIDTH: Final = 64
STAGES: Final = 6
FIELD_CHANNELS: Final = 2 * len(LIMBS)
HEAT_CHANNELS: Final = JOINT_COUNT + 1
FIRST_KERNELS: Final = (3, 3, 3, 1, 1)
LATER_KERNELS: Final = (7, 7, 7, 7, 7, 1, 1)


class Branch(nn.Module):
    """Convolutions with ReLUs between them; none after the last unless `rectify`."""

    def __init__(
        self,
        channels: tuple[int, ...],
        kernels: tuple[int, ...],
        rectify: bool = False,
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)
            for inputs, outputs, kernel in zip(channels, channels[1:], kernels, strict=False)
        )
        self.rectify = rectify

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, channels[0], h, w) to (n, channels[-1], h, w)."""
        last = len(self.layers) - 1
        for index, layer in enumerate(self.layers):
            x = layer(x)
            if index < last or self.rectify:
                x = torch.relu(x)
        return x


class Stage(nn.Module):
    """One stage: a branch for the fields and one for the heat maps."""

    def __init__(self, hidden: tuple[int, ...], kernels: tuple[int, ...], rectify: bool) -> None:
        super().__init__()
        self.fields = Branch((*hidden, FIELD_CHANNELS), kernels)
        self.heat = Branch((*hidden, HEAT_CHANNELS), kernels, rectify)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return fields (n, 38, h, w) and heat maps (n, 19, h, w)."""
        return self.fields(x), self.heat(x)


class OpenPoseNetwork(nn.Module):
    """B, G, R / 256 - 0.5 (n, 3, h, w) to fields and heat maps at stride 8, a pair per stage.

    width: channels of the first layer, of which all hidden ones are multiples. rectify: whether
    the last heat maps pass a ReLU; the PyTorch port's do, by a slip, the Caffe original's do not.
    """

    def __init__(self, width: int = WIDTH, stages: int = STAGES, *, rectify: bool = True) -> None:
        super().__init__()
        narrow = 2 * width
        joined = narrow + FIELD_CHANNELS + HEAT_CHANNELS
        self._names = _official_names(stages)
        self.head = nn.ModuleList(
            Branch(channels, (3,) * (len(channels) - 1), rectify=True)
            for channels in (
                (3, width, width),
                (width, 2 * width, 2 * width),
                (2 * width, 4 * width, 4 * width, 4 * width, 4 * width),
                (4 * width, 8 * width, 8 * width, 4 * width, narrow),
            )
        )
        hidden = ((narrow,) * 4 + (8 * width,), *[(joined, *[narrow] * 6)] * (stages - 1))
        self.stages = nn.ModuleList(
            Stage(
                channels,
                FIRST_KERNELS if index == 0 else LATER_KERNELS,
                rectify and index == stages - 1,
            )
            for index, channels in enumerate(hidden)
        )

    def features(self, x: Tensor) -> Tensor:
        """VGG features (n, 2 width, h / 8, w / 8); sides of x: multiples of 8."""
        for index, branch in enumerate(self.head):
            x = branch(x if index == 0 else F.max_pool2d(x, 2))
        return x

    def forward(self, x: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Return (fields, heat) of each stage; the last pair is the result."""
        features = self.features(x)
        results = [self.stages[0](features)]
        for stage in list(self.stages)[1:]:
            results.append(stage(torch.cat([*results[-1], features], 1)))
        return results

    def official_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each tensor by its key in the authors' file."""
        return official_shapes(self, self._names)

    def load_official(self, state: Mapping[str, Tensor]) -> None:
        """Load the flat state of the authors' file, keys such as `Mconv3_stage4_L2.weight`.

        Raises `FittingRoomError` (bad_weights) that names missing, surplus and misshapen tensors;
        then nothing was changed.
        """
        load_official_state(self, self._names, state, "OpenPose's COCO-18 body network")


_HEAD_NAMES: Final = (
    ("conv1_1", "conv1_2"),
    ("conv2_1", "conv2_2"),
    ("conv3_1", "conv3_2", "conv3_3", "conv3_4"),
    ("conv4_1", "conv4_2", "conv4_3_CPM", "conv4_4_CPM"),
)
_BRANCH_NAMES: Final = {"fields": "L1", "heat": "L2"}


def _official_names(stages: int) -> dict[str, str]:
    """The mapping table: path of each convolution in `OpenPoseNetwork` to its official name."""
    names = {
        f"head.{block}.layers.{layer}": official
        for block, layers in enumerate(_HEAD_NAMES)
        for layer, official in enumerate(layers)
    }
    for own, branch in _BRANCH_NAMES.items():
        for layer in range(len(FIRST_KERNELS)):
            names[f"stages.0.{own}.layers.{layer}"] = f"conv5_{layer + 1}_CPM_{branch}"
        for stage in range(1, stages):
            for layer in range(len(LATER_KERNELS)):
                official = f"Mconv{layer + 1}_stage{stage + 1}_{branch}"
                names[f"stages.{stage}.{own}.layers.{layer}"] = official
    return names
