"""Clothing Co-Parsing (Yang, Luo, Lin, CVPR 2014; Apache-2.0): photos, labels, our classes.

`ccp` knows 59 names, one of them `skin`, and tells no left from right. The table below gives each
name its class; skin is divided among face, neck and limbs by the teacher's joints.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom.labels import IGNORED, Lip, Part
from fittingroom.skeleton import Joint
from fittingroom.training.teacher import TeacherPose

LEFT_OUT: Final = frozenset({"0536", "1913"})
"""0536 has an empty label; 1913 nearly repeats validation photo 0643."""

SKIN_NAME: Final = "skin"
SHOE_NAMES: Final = frozenset(
    "boots clogs flats heels loafers pumps sandals shoes sneakers wedges".split()
)

CLASS_NAMES: Final[dict[Lip | Part, str]] = {
    Lip.BACKGROUND: "null",
    Lip.HAT: "hat",
    Lip.HAIR: "hair",
    Lip.GLOVE: "gloves",
    Lip.SUNGLASSES: "glasses sunglasses",
    Lip.UPPER_CLOTHES: "blouse bodysuit bra hoodie intimate jumper shirt sweater sweatshirt "
    "swimwear t-shirt tie top vest",
    Lip.DRESS: "dress romper",
    Lip.COAT: "blazer cape cardigan coat jacket suit",
    Lip.SOCKS: "socks stockings tights",
    Lip.PANTS: "jeans leggings panties pants shorts",
    Lip.SCARF: "scarf",
    Lip.SKIRT: "skirt",
    Part.BAG: "bag purse wallet",
    Part.BELT: "belt",
    Part.SMALL_THING: "accessories bracelet earrings necklace ring watch",
}
"""The names of each class. `intimate` and `swimwear` were looked at: tops worn as such."""

CLOSE_CALL: Final = 0.15
"""Skin is ignored where two body parts are nearer to each other than this, in limb widths."""

FAR: Final = 9.0


@dataclass(frozen=True, slots=True, eq=False)
class LabelledPhoto:
    """A street photo with everything that is known of it.

    image: (h, w, 3) uint8 RGB. classes: (h, w) uint8, `Lip` or `Part`, 255 = unknown; None where
    the photo has no label. pose: the teacher's joints in photo pixels. maybe: classes that may be
    shown although no pixel has them.
    """

    name: str
    image: NDArray[np.uint8]
    classes: NDArray[np.uint8] | None
    pose: TeacherPose
    maybe: frozenset[int] = frozenset()


def read_names(root: Path) -> list[str]:
    """The 59 names in the order of the label indices."""
    return (root / "label_names.txt").read_text().split()


def class_table(names: list[str]) -> NDArray[np.uint8]:
    """Class of each label index; skin and shoes, which need joints, are 255 here."""
    class_of = {name: part for part, line in CLASS_NAMES.items() for name in line.split()}
    special = {SKIN_NAME, *SHOE_NAMES}
    unknown = [name for name in names if name not in class_of and name not in special]
    if unknown:
        raise ValueError(f"no class for the names {unknown}")
    return np.array([class_of.get(name, IGNORED) for name in names], np.uint8)


def _segment_distance(
    grid: NDArray[np.float32], start: NDArray[np.float32], end: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Distance of points (n, 2) to the segment from start to end."""
    along = end - start
    length = max(float(along @ along), 1e-6)
    position = np.clip((grid - start) @ along / length, 0, 1)
    distance: NDArray[np.float32] = np.linalg.norm(grid - start - position[:, None] * along, axis=1)
    return distance


def _chain_distance(
    grid: NDArray[np.float32], chain: list[NDArray[np.float32]], width: float
) -> NDArray[np.float32]:
    """Distance to a chain of capsules in limb widths: 0 on the bones, 0.5 on the surface."""
    distances = [_segment_distance(grid, a, b) for a, b in zip(chain, chain[1:], strict=False)]
    result: NDArray[np.float32] = np.min(distances, axis=0) / width
    return result


def _extended(a: NDArray[np.float32], b: NDArray[np.float32], by: float) -> NDArray[np.float32]:
    return b + (b - a) * by


def _limb(joints: NDArray[np.float32], names: tuple[str, str, str]) -> list[NDArray[np.float32]]:
    """Bone chain through three joints, gone on beyond the last for the hand or foot."""
    points = [joints[Joint[name]] for name in names]
    return [*points, _extended(points[1], points[2], 0.45)]


def shoulder_width(joints: NDArray[np.float32]) -> float:
    """max(shoulder width, half of neck to hip): holds in side views as well."""
    across = float(np.linalg.norm(joints[Joint.LEFT_SHOULDER] - joints[Joint.RIGHT_SHOULDER]))
    hips = (joints[Joint.LEFT_HIP] + joints[Joint.RIGHT_HIP]) / 2
    return max(across, float(np.linalg.norm(joints[Joint.NECK] - hips)) / 2)


def _throat(
    joints: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Segment from well below the chin to the neck joint."""
    nose, neck = joints[Joint.NOSE], joints[Joint.NECK]
    return nose + (neck - nose) * 0.75, neck


def _part_distances(
    grid: NDArray[np.float32], joints: NDArray[np.float32]
) -> dict[Lip, NDArray[np.float32]]:
    """Distance of points (n, 2) to each skin part, in limb widths, 0.5 = on its surface."""
    unit = shoulder_width(joints)
    nose, neck = joints[Joint.NOSE], joints[Joint.NECK]
    up = nose - neck
    reach = max(float(np.linalg.norm(up)), 0.3 * unit)
    up = up / max(float(np.linalg.norm(up)), 1e-6)
    chin = nose - up * 0.36 * reach
    brow = nose + up * 0.45 * reach
    face = _segment_distance(grid, chin + up * 0.3 * reach, brow) / (0.66 * reach)
    hips = (joints[Joint.LEFT_HIP] + joints[Joint.RIGHT_HIP]) / 2
    throat = _segment_distance(grid, *_throat(joints)) / (0.42 * unit)
    # Narrow: bare midriffs are rare, hands before the belly are not.
    chest = _segment_distance(grid, neck + (hips - neck) * 0.25, hips) / (0.5 * unit)
    bare_shoulders = _segment_distance(
        grid,
        neck + 0.75 * (joints[Joint.LEFT_SHOULDER] - neck) + (hips - neck) * 0.05,
        neck + 0.75 * (joints[Joint.RIGHT_SHOULDER] - neck) + (hips - neck) * 0.05,
    ) / (0.4 * unit)
    arms = {
        side: _chain_distance(
            grid, _limb(joints, (f"{side}_SHOULDER", f"{side}_ELBOW", f"{side}_WRIST")), 0.26 * unit
        )
        for side in ("LEFT", "RIGHT")
    }
    legs = {
        side: _chain_distance(
            grid, _limb(joints, (f"{side}_HIP", f"{side}_KNEE", f"{side}_ANKLE")), 0.36 * unit
        )
        for side in ("LEFT", "RIGHT")
    }
    return {
        Lip.FACE: face,
        Lip.TORSO_SKIN: np.minimum(np.minimum(throat, chest), bare_shoulders),
        Lip.LEFT_ARM: arms["LEFT"],
        Lip.RIGHT_ARM: arms["RIGHT"],
        Lip.LEFT_LEG: legs["LEFT"],
        Lip.RIGHT_LEG: legs["RIGHT"],
    }


def divide_skin(skin: NDArray[np.uint8], joints: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Give each skin pixel its part: (h, w) uint8, 0 off the skin, 255 where two parts are close.

    skin: (h, w), non-zero on skin. joints: (18, 2) in the same pixels. Within a connected piece a
    part that would take less than a tenth of it is passed over: a piece is rarely that mixed. A
    piece that reaches an arm and not the throat is a hand or forearm before the body.
    """
    divided = np.zeros(skin.shape, np.uint8)
    count, pieces = cv2.connectedComponents((skin > 0).astype(np.uint8))
    ys, xs = np.nonzero(skin)
    if len(xs) == 0:
        return divided
    grid = np.stack([xs, ys], axis=1).astype(np.float32)
    distances = _part_distances(grid, joints)
    parts = np.array(list(distances), np.uint8)
    table = np.stack(list(distances.values()))
    throat = _segment_distance(grid, *_throat(joints)) / shoulder_width(joints)
    torso, arms = parts == Lip.TORSO_SKIN, np.isin(parts, (Lip.LEFT_ARM, Lip.RIGHT_ARM))
    piece_of = pieces[ys, xs]
    for piece in range(1, count):
        inside = piece_of == piece
        if throat[inside].min() > 0.25 and table[np.ix_(arms, inside)].min() < 0.8:
            table[np.ix_(torso, inside)] += FAR
        nearest = np.bincount(table[:, inside].argmin(axis=0), minlength=len(parts))
        table[np.ix_(nearest < 0.1 * inside.sum(), inside)] += FAR
    ordered = np.sort(table, axis=0)
    chosen = parts[table.argmin(axis=0)]
    # A margin, not a ratio: both distances are already in limb widths.
    unsure = (ordered[1] - ordered[0] < CLOSE_CALL) & (ordered[0] < FAR)
    divided[ys, xs] = np.where(unsure, IGNORED, chosen)
    return divided


def _divide_shoes(shoes: NDArray[np.bool_], joints: NDArray[np.float32]) -> NDArray[np.uint8]:
    ys, xs = np.nonzero(shoes)
    grid = np.stack([xs, ys], axis=1).astype(np.float32)
    left = np.linalg.norm(grid - joints[Joint.LEFT_ANKLE], axis=1)
    right = np.linalg.norm(grid - joints[Joint.RIGHT_ANKLE], axis=1)
    divided = np.zeros(shoes.shape, np.uint8)
    divided[ys, xs] = np.where(left < right, Lip.LEFT_SHOE, Lip.RIGHT_SHOE)
    return divided


def to_classes(
    label: NDArray[np.uint8], names: list[str], joints: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """Turn a `ccp` label (h, w) into our classes, `Lip` and `Part`, 255 = ignored."""
    classes = class_table(names)[label]
    skin = (label == names.index(SKIN_NAME)).astype(np.uint8)
    divided = divide_skin(skin, joints)
    classes = np.where(skin > 0, divided, classes)
    shoes = np.isin(label, [names.index(name) for name in SHOE_NAMES])
    return np.where(shoes, _divide_shoes(shoes, joints), classes).astype(np.uint8)


def read_rgb(path: Path) -> NDArray[np.uint8]:
    """Read a training photo as uint8 RGB."""
    image = cv2.imread(str(path))
    if image is None:
        raise ValueError(f"{path} is not a readable picture")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def read_photo(root: Path, name: str, pose: TeacherPose, names: list[str]) -> LabelledPhoto:
    """Read one photo of the data set, with its classes where it is labelled."""
    image = read_rgb(root / "photos" / f"{name}.jpg")
    path = root / "labels" / f"{name}.png"
    label = cv2.imread(str(path), cv2.IMREAD_UNCHANGED) if path.exists() else None
    classes = None if label is None else to_classes(label, names, pose.joints)
    return LabelledPhoto(name, image, classes, pose)


def split_names(root: Path, poses: dict[str, TeacherPose]) -> tuple[list[str], list[str]]:
    """Names for training and for validation; those without a teacher pose are left out."""
    validation = (root / "val.txt").read_text().split()
    held = {*validation, *LEFT_OUT}
    return sorted(name for name in poses if name not in held), [n for n in validation if n in poses]
