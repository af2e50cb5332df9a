"""The judges of ACGPN's training: patch discriminators at several scales, as of pix2pixHD.

Wang et al., "High-Resolution Image Synthesis and Semantic Manipulation with Conditional GANs",
CVPR 2018; patches: Isola et al., CVPR 2017.
"""

from collections.abc import Mapping
from typing import Final

from torch import Tensor, nn
from torch.nn import functional as F

from fittingroom.training.networks.acgpn.key_names import discriminator_names
from fittingroom.training.networks.official_state import load_official_state, official_shapes

JUDGED_CHANNELS: Final = {"D": 27, "D1": 51, "D2": 38, "D3": 7}
"""Input channels by official name: a generator's input, then what it made.

D judges `ContentFusion`, D1 `BodyLayoutGenerator`, D2 `ClothesMaskGenerator`. D3 judges the refined
clothes beside clothes mask and garment.
"""
_SLOPE: Final = 0.2


class PatchDiscriminator(nn.Module):
    """(n, inputs, h, w) to the outputs of all layers; the last (n, 1, h', w') scores patches.

    depth: convolutions of stride 2. Width doubles from layer to layer, up to eightfold.
    """

    def __init__(self, inputs: int, width: int = 64, depth: int = 3) -> None:
        super().__init__()
        widths = [inputs, *(width * min(8, 1 << layer) for layer in range(depth + 1)), 1]
        strides = [2] * depth + [1, 1]
        self.layers = nn.ModuleList(
            nn.Conv2d(before, after, 4, stride, padding=2)
            for before, after, stride in zip(widths[:-1], widths[1:], strides, strict=True)
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return the output of each layer, with its activation."""
        outputs = [F.leaky_relu(self.layers[0](x), _SLOPE)]
        for layer in self.layers[1:-1]:
            outputs.append(F.leaky_relu(F.instance_norm(layer(outputs[-1])), _SLOPE))
        outputs.append(self.layers[-1](outputs[-1]))
        return outputs


class MultiScaleDiscriminator(nn.Module):
    """Patch discriminators on a picture (n, inputs, h, w) and on its halves, the finest first."""

    def __init__(self, inputs: int, width: int = 64, depth: int = 3, scales: int = 2) -> None:
        super().__init__()
        self.scales = nn.ModuleList(PatchDiscriminator(inputs, width, depth) for _ in range(scales))

    def forward(self, x: Tensor) -> list[list[Tensor]]:
        """Return the outputs of all layers for each scale; the last of a scale are its scores."""
        outputs = []
        for level, judge in enumerate(self.scales):
            if level:
                x = F.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False)
            outputs.append(judge(x))
        return outputs

    def official_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of every tensor by its key in the published file."""
        return official_shapes(self, self._names())

    def load_official(self, state: Mapping[str, Tensor]) -> None:
        """Fill from a published file's state dict; raises bad_weights, naming all that misfits."""
        load_official_state(self, self._names(), state, "an ACGPN discriminator")

    def _names(self) -> dict[str, str]:
        return discriminator_names(len(self.scales[0].layers) - 2, len(self.scales))
