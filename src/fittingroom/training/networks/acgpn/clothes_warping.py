"""ACGPN's clothes warping module: a spatial transformer and a refiner (U)."""

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from fittingroom.errors import ErrorCode, FittingRoomError
from fittingroom.training.networks.acgpn.key_names import warping_names
from fittingroom.training.networks.acgpn.unet import UNet, norm_relu
from fittingroom.training.networks.official_state import load_official_state, official_shapes

LATTICE_SIDE: Final = 5
LATTICE_REACH: Final = 0.9
"""Coordinate of the lattice's outermost points; -1 and 1 are the centres of the border pixels."""
_TITLE: Final = "ACGPN's U"


class Warp(NamedTuple):
    """What the warping network makes of a garment.

    refined: (n, 4, h, w), clothes RGB before tanh and, last, the logit of the warped garment's
    share. garment (n, 3, h, w) and mask (n, 1, h, w): warped. points: (n, 25, 2) x, y in -1..1,
    where in the garment's picture each lattice point reads, row by row.
    """

    refined: Tensor
    garment: Tensor
    mask: Tensor
    points: Tensor


def lattice() -> NDArray[np.float64]:
    """The control points' places in the output picture: (25, 2) x, y in -1..1, row by row."""
    steps = np.linspace(-LATTICE_REACH, LATTICE_REACH, LATTICE_SIDE)
    y, x = np.meshgrid(steps, steps, indexing="ij")
    return np.stack([x.ravel(), y.ravel()], 1)


def _bending(points: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[np.float64]:
    """r^2 log r between all pairs, (m, n); 0 where a pair coincides."""
    squared = ((points[:, None] - centres[None]) ** 2).sum(2)
    return np.asarray(0.5 * squared * np.log(np.where(squared == 0, 1, squared)))


def _spline_basis(points: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows [r^2 log r to every centre, 1, x, y], (m, n + 3)."""
    return np.column_stack([_bending(points, centres), np.ones(len(points)), points])


class LatticeSpline(nn.Module):
    """Thin-plate spline on the fixed lattice of the output picture.

    Control points (n, 25, 2) say where in the input each lattice point reads; result (n, h, w, 2)
    says it for every pixel, x and y in -1..1. size: height and width of the output.

    The constants follow from lattice and size, but published files carry them, so that a file's
    rounding is kept: inverse_kernel (28, 28) of the spline's linear system, padding_matrix (3, 2)
    of zeros below the control points, target_coordinate_repr (h * w, 28), one row for each pixel.
    """

    inverse_kernel: Tensor
    padding_matrix: Tensor
    target_coordinate_repr: Tensor

    def __init__(self, size: tuple[int, int] = (256, 192)) -> None:
        super().__init__()
        self.size = size
        centres = lattice()
        count = len(centres)
        system = np.zeros((count + 3, count + 3))
        system[:count] = _spline_basis(centres, centres)
        system[count:, :count] = system[:count, count:].T
        y, x = np.meshgrid(*(np.linspace(-1, 1, side) for side in size), indexing="ij")
        pixels = np.stack([x.ravel(), y.ravel()], 1)
        for name, values in (
            ("inverse_kernel", np.linalg.inv(system)),
            ("padding_matrix", np.zeros((3, 2))),
            ("target_coordinate_repr", _spline_basis(pixels, centres)),
        ):
            self.register_buffer(name, torch.from_numpy(values.astype(np.float32)))

    def forward(self, points: Tensor) -> Tensor:
        """Map control points (n, 25, 2) to a sampling grid (n, h, w, 2)."""
        padding = self.padding_matrix.expand(points.shape[0], 3, 2)
        weights = self.inverse_kernel @ torch.cat([points, padding], 1)
        return (self.target_coordinate_repr @ weights).reshape(-1, *self.size, 2)


class Localisation(nn.Module):
    """(n, 5, h, w) garment mask, clothes mask, garment to control points (n, 25, 2) in -1..1.

    width: channels after the first halving; each further one of `halvings` doubles them. size:
    height and width of the input, on which the last layers depend.
    """

    def __init__(
        self,
        size: tuple[int, int] = (256, 192),
        width: int = 8,
        halvings: int = 6,
        hidden: int = 128,
    ) -> None:
        super().__init__()
        widths = [width << step for step in range(halvings)]
        self.shrink = nn.ModuleList(
            nn.Conv2d(before, after, 4, stride=2, padding=1)
            for before, after in zip([5, *widths[:-1]], widths, strict=True)
        )
        self.deepen = nn.ModuleList(
            nn.Conv2d(widths[-1], widths[-1], 3, padding=1) for _ in range(2)
        )
        cells = (size[0] >> (halvings + 1)) * (size[1] >> (halvings + 1))
        self.hidden = nn.Linear(widths[-1] * cells, hidden)
        self.dropout = nn.Dropout(0.5)
        self.points = nn.Linear(hidden, 2 * LATTICE_SIDE**2)
        self.forget()

    def forget(self) -> None:
        """Start at the identity: every control point on its lattice point."""
        nn.init.zeros_(self.points.weight)
        start = np.arctanh(lattice()).ravel().astype(np.float32)
        self.points.bias.data.copy_(torch.from_numpy(start))

    def forward(self, x: Tensor) -> Tensor:
        """Return control points (n, 25, 2), x and y."""
        x = F.instance_norm(F.relu(self.shrink[0](x)))  # the published order, here alone
        for convolution in [*self.shrink[1:], *self.deepen]:
            x = norm_relu(convolution(x))
        x = F.relu(self.hidden(F.max_pool2d(x, 2).flatten(1)))
        return torch.tanh(self.points(self.dropout(x))).unflatten(1, (LATTICE_SIDE**2, 2))


class SpatialTransformer(nn.Module):
    """Finds a thin-plate spline for a garment and reads pictures through it.

    align_corners: what -1 and 1 mean to the sampler. False is what the published code does on
    today's torch; True fits the grid, whose ends are the centres of the border pixels.
    """

    def __init__(
        self,
        size: tuple[int, int] = (256, 192),
        width: int = 8,
        halvings: int = 6,
        align_corners: bool = False,
    ) -> None:
        super().__init__()
        self.align_corners = align_corners
        self.localisation = Localisation(size, width, halvings)
        self.spline = LatticeSpline(size)

    def sample(self, picture: Tensor, grid: Tensor) -> Tensor:
        """Read a picture (n, c, h, w) through a grid (n, h, w, 2): bilinear, 0 outside.

        At borders, where part of a reading falls outside, the published code weakens twice.
        """
        read = F.grid_sample(picture, grid, align_corners=self.align_corners)
        ones = torch.ones_like(picture[:, :1])
        return read * F.grid_sample(ones, grid, align_corners=self.align_corners)

    def forward(
        self, garment: Tensor, mask: Tensor, clothes: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return warped garment, warped mask and control points, see `Warp`."""
        points = self.localisation(torch.cat([mask, clothes, garment], 1))
        grid = self.spline(points)
        return self.sample(garment, grid), self.sample(mask, grid), points


class ClothesWarping(nn.Module):
    """U: warps a garment onto the clothes' mask and refines it.

    size: height and width of the pictures, fixed by the localisation's last layers. width, depth
    and dropout are the refiner's, `narrowest` and `halvings` the localisation's channels
    after the first halving and their number. No gradient of the refiner reaches the transformer.
    """

    def __init__(
        self,
        size: tuple[int, int] = (256, 192),
        width: int = 64,
        depth: int = 5,
        narrowest: int = 8,
        halvings: int = 6,
        dropout: float = 0.5,
        align_corners: bool = False,
    ) -> None:
        super().__init__()
        self.transformer = SpatialTransformer(size, narrowest, halvings, align_corners)
        self.refiner = UNet(4, 4, width, depth, dropout)

    def forward(self, garment: Tensor, mask: Tensor, clothes: Tensor) -> Warp:
        """Warp and refine.

        garment: (n, 3, h, w) RGB -1..1, already multiplied by mask (n, 1, h, w), 0 or 1. clothes:
        (n, 1, h, w), where they shall lie.
        """
        warped, warped_mask, points = self.transformer(garment, mask, clothes)
        refined = self.refiner(torch.cat([clothes, warped.detach()], 1))
        return Warp(refined, warped, warped_mask, points)

    def official_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of every tensor by its key in the published file."""
        return official_shapes(self, self._names())

    def load_official(self, state: Mapping[str, Tensor]) -> None:
        """Fill from the published file's state dict; raises bad_weights, naming all that misfits.

        The file's constants must agree to 1e-4 with those that follow from lattice and size.
        """
        _check_constants(state, self.transformer.spline)
        load_official_state(self, self._names(), state, _TITLE)

    def _names(self) -> dict[str, str]:
        return warping_names(len(self.refiner.encoder), len(self.transformer.localisation.shrink))


def _check_constants(state: Mapping[str, Tensor], spline: LatticeSpline) -> None:
    """Refuse a file for another lattice; what is missing or misshapen is left to the loading."""
    for name, wanted in spline.named_buffers():
        given = state.get(f"stn.tps.{name}")
        if not isinstance(given, Tensor) or given.shape != wanted.shape:
            continue
        if not torch.allclose(given.to(wanted), wanted, rtol=0, atol=1e-4):
            reason = f"not the weights of {_TITLE}: stn.tps.{name} is of another lattice"
            raise FittingRoomError(ErrorCode.BAD_WEIGHTS, reason)
