"""The values that travel between stages: typed, checked once, read-only.

Conventions, everywhere in the package:

- An image is uint8 (height, width, 3) in RGB. A mask is uint8 (height, width), 0 = no, 255 = yes.
- A point is (x, y) in pixels of the named image; integer coordinates are pixel centres, as in
  OpenCV. A size is (height, width). Left and right are the wearer's.
- The *photo* is what the user brought, at full resolution. The *frame* is the part of it around
  the person, scaled to working resolution.
- What the user brings to put on is the *garment*; what lies on the body is *clothes*.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fittingroom.errors import WarningCode
from fittingroom.skeleton import JOINT_COUNT, Joint

Image: TypeAlias = NDArray[np.uint8]
Mask: TypeAlias = NDArray[np.uint8]
LabelMap: TypeAlias = NDArray[np.uint8]
Points: TypeAlias = NDArray[np.float32]


class Size(NamedTuple):
    """Height and width in pixels."""

    height: int
    width: int


class Category(StrEnum):
    """The part of the body that a garment dresses."""

    UPPER = "upper"
    LOWER = "lower"
    DRESS = "dress"


class Sleeve(StrEnum):
    """Sleeve length of an upper garment."""

    NONE = "none"
    SHORT = "short"
    LONG = "long"


class Landmark(IntEnum):
    """Landmarks of an upper garment in its product picture; left and right are the wearer's.

    The wearer's right is on the left of a front view.
    """

    COLLAR_RIGHT = 0
    COLLAR_FRONT = 1
    COLLAR_LEFT = 2
    SHOULDER_RIGHT = 3
    SHOULDER_LEFT = 4
    ARMPIT_RIGHT = 5
    ARMPIT_LEFT = 6
    CUFF_RIGHT_OUTER = 7
    CUFF_RIGHT_INNER = 8
    CUFF_LEFT_OUTER = 9
    CUFF_LEFT_INNER = 10
    HEM_RIGHT = 11
    HEM_LEFT = 12


def _frozen_array(
    name: str, value: NDArray[Any], dtype: type[np.generic], shape: tuple[int | None, ...]
) -> NDArray[Any]:
    """Return a read-only view of `value`, or raise ValueError when dtype or shape are wrong."""
    fits = value.ndim == len(shape) and all(
        want is None or want == have for want, have in zip(shape, value.shape, strict=True)
    )
    if value.dtype != dtype or not fits:
        want = "x".join("?" if side is None else str(side) for side in shape)
        raise ValueError(f"{name} must be {dtype.__name__} {want}, got {value.dtype} {value.shape}")
    view = value.view()
    view.flags.writeable = False
    return view


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """One person's joints.

    joints: (18, 2) float32, x and y in pixels of the image that the pose was found in.
    scores: (18,) float32, 0 = not seen, else 0..1.
    """

    joints: Points
    scores: NDArray[np.float32]

    def __post_init__(self) -> None:
        """Check shapes and make the arrays read-only."""
        joints = _frozen_array("joints", self.joints, np.float32, (JOINT_COUNT, 2))
        scores = _frozen_array("scores", self.scores, np.float32, (JOINT_COUNT,))
        object.__setattr__(self, "joints", joints)
        object.__setattr__(self, "scores", scores)

    def sees(self, *joints: Joint) -> bool:
        """Whether all of `joints` were seen."""
        return all(self.scores[joint] > 0 for joint in joints)

    def point(self, joint: Joint) -> NDArray[np.float32]:
        """Return (2,) float32, x and y of a joint; meaningless where `sees` is false."""
        point: NDArray[np.float32] = self.joints[joint]
        return point

    @property
    def missing(self) -> tuple[Joint, ...]:
        """Joints that were not seen."""
        return tuple(joint for joint in Joint if self.scores[joint] <= 0)


@dataclass(frozen=True, slots=True, eq=False)
class Parsing:
    """Body parts and clothes of one person: labels (height, width) uint8, `labels.Lip` values."""

    labels: LabelMap

    def __post_init__(self) -> None:
        """Check the shape and make the array read-only."""
        labels = _frozen_array("labels", self.labels, np.uint8, (None, None))
        object.__setattr__(self, "labels", labels)

    def mask(self, *labels: int) -> Mask:
        """Mask of the pixels that carry any of `labels`."""
        chosen = np.zeros(256, np.uint8)
        chosen[list(labels)] = 255
        mask: Mask = chosen[self.labels]
        return mask


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """The person in the frame: image (h, w, 3) uint8, pose and parsing in the frame's pixels.

    held: mask (h, w) uint8 of bags and carried things, which LIP labels cannot name. They stay
    in front of the clothes.
    """

    image: Image
    pose: Pose
    parsing: Parsing
    held: Mask

    def __post_init__(self) -> None:
        """Check that all parts have the frame's size."""
        image = _frozen_array("image", self.image, np.uint8, (None, None, 3))
        shape = image.shape[:2]
        held = _frozen_array("held", self.held, np.uint8, shape)
        if self.parsing.labels.shape != shape:
            raise ValueError(f"parsing {self.parsing.labels.shape} and image {shape} differ")
        object.__setattr__(self, "image", image)
        object.__setattr__(self, "held", held)

    @property
    def size(self) -> Size:
        """Size of the frame."""
        return Size(*self.image.shape[:2])


@dataclass(frozen=True, slots=True, eq=False)
class Garment:
    """A garment cut from its product photo, in that photo's own pixels.

    image: (h, w, 3) uint8, the whole product photo.
    mask: (h, w) uint8, the whole visible garment, its inner back included.
    inner_back: (h, w) uint8, the part of the mask that shows the inside behind the collar.
    landmarks: (13, 2) float32, x and y by `Landmark`, for upper garments.
    worn: somebody wears it in the photo, so that its length on a body is seen.
    """

    image: Image
    mask: Mask
    inner_back: Mask
    landmarks: Points
    category: Category
    sleeve: Sleeve
    worn: bool = False

    def __post_init__(self) -> None:
        """Check that image and masks have one size."""
        image = _frozen_array("image", self.image, np.uint8, (None, None, 3))
        mask = _frozen_array("mask", self.mask, np.uint8, image.shape[:2])
        inner = _frozen_array("inner_back", self.inner_back, np.uint8, image.shape[:2])
        points = _frozen_array("landmarks", self.landmarks, np.float32, (len(Landmark), 2))
        object.__setattr__(self, "image", image)
        object.__setattr__(self, "mask", mask)
        object.__setattr__(self, "inner_back", inner)
        object.__setattr__(self, "landmarks", points)

    def point(self, landmark: Landmark) -> NDArray[np.float32]:
        """Return (2,) float32, x and y of a landmark in product photo pixels."""
        point: NDArray[np.float32] = self.landmarks[landmark]
        return point


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """The body as it will be after the change, in the frame.

    parsing: LIP labels (h, w) after the change; the new clothes carry UPPER_CLOTHES.
    clothes: mask of the new garment as far as it is visible.
    removed: mask of the old clothes that the garment replaces.
    front: mask of what stays in front of the new garment: hair, hands, arms, scarf, held things.
    """

    parsing: Parsing
    clothes: Mask
    removed: Mask
    front: Mask

    def __post_init__(self) -> None:
        """Check that all masks have the frame's size."""
        shape = self.parsing.labels.shape
        for name in ("clothes", "removed", "front"):
            mask = _frozen_array(name, getattr(self, name), np.uint8, shape)
            object.__setattr__(self, name, mask)


@dataclass(frozen=True, slots=True, eq=False)
class WarpedGarment:
    """The garment in the shape that the layout asks for.

    source: (h, w, 2) float32; for each frame pixel the x and y in the product photo that it
        shows. Only meaningful where `mask` is not 0; smooth, so that it may be scaled up.
    mask: (h, w) uint8, opacity of the garment in the frame, before things in front cover it.
    """

    source: NDArray[np.float32]
    mask: Mask

    def __post_init__(self) -> None:
        """Check shapes and make the arrays read-only."""
        mask = _frozen_array("mask", self.mask, np.uint8, (None, None))
        source = _frozen_array("source", self.source, np.float32, (*mask.shape, 2))
        object.__setattr__(self, "mask", mask)
        object.__setattr__(self, "source", source)


@dataclass(frozen=True, slots=True, eq=False)
class Fusion:
    """What the content fusion module paints, in the frame.

    image: (h, w, 3) uint8, what lies under the new garment: skin, lower clothes, background.
    shading: (h, w) uint8, light on the new garment; 128 leaves the product's colours as they are,
        0 is black and 255 about twice as bright.
    opacity: (h, w) uint8, how far the photo is replaced; 0 keeps the photo's own pixel.
    """

    image: Image
    shading: Mask
    opacity: Mask

    def __post_init__(self) -> None:
        """Check that all parts have the frame's size."""
        image = _frozen_array("image", self.image, np.uint8, (None, None, 3))
        for name in ("shading", "opacity"):
            mask = _frozen_array(name, getattr(self, name), np.uint8, image.shape[:2])
            object.__setattr__(self, name, mask)
        object.__setattr__(self, "image", image)


class Network(Protocol):
    """A learned part: named float32 arrays in, named float32 arrays out."""

    @property
    def spec(self) -> Mapping[str, Any]:
        """The numbers that were true in training, as export wrote them into the file."""

    def __call__(
        self, inputs: Mapping[str, NDArray[np.float32]]
    ) -> Mapping[str, NDArray[np.float32]]:
        """Run on named arrays and return every output by name."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A warning that goes with a result."""

    code: WarningCode
    text: str
