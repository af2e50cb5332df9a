"""`fittingroom synth judge`: how the shipped networks, trained on photos, see the renders.

Where they fail on pictures whose truth is known exactly, the pictures are not like photos, or the
networks are weak there; `fittingroom train evaluate` says the second on real photos, with the same
reach and the same pooling of pixels.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fittingroom.labels import LIP_COUNT, Lip
from fittingroom.pipeline import Stages
from fittingroom.skeleton import JOINT_COUNT, MIRRORED, Joint
from fittingroom.stages.parsing import to_lip
from fittingroom.synth.backgrounds import sample_background
from fittingroom.synth.compose import (
    Look,
    Painted,
    compose_worn,
    photographic,
    sample_illumination,
    sample_look,
)
from fittingroom.synth.prints import paint, sample_print
from fittingroom.synth.records import read_sample, read_sheet
from fittingroom.synth.scenes import sample_path, sheet_path
from fittingroom.synth.shapes import Floats, Sample
from fittingroom.types import Image, LabelMap, Pose

REACH: Final = 0.25
"""A joint is right within this share of max(shoulder width, half of neck to hip)."""

GROUPS: Final[dict[str, tuple[Lip, ...]]] = {
    "background": (Lip.BACKGROUND,),
    "hair": (Lip.HAIR,),
    "face": (Lip.FACE,),
    "neck": (Lip.TORSO_SKIN,),
    "top": (Lip.UPPER_CLOTHES,),
    "coat": (Lip.COAT,),
    "dress": (Lip.DRESS,),
    "pants": (Lip.PANTS,),
    "skirt": (Lip.SKIRT,),
    "arms": (Lip.LEFT_ARM, Lip.RIGHT_ARM),
    "legs": (Lip.LEFT_LEG, Lip.RIGHT_LEG),
    "shoes": (Lip.LEFT_SHOE, Lip.RIGHT_SHOE),
    "other": (Lip.HAT, Lip.GLOVE, Lip.SUNGLASSES, Lip.SOCKS, Lip.SCARF),
}
SIDED: Final = {
    "arms": (Lip.LEFT_ARM, Lip.RIGHT_ARM),
    "legs": (Lip.LEFT_LEG, Lip.RIGHT_LEG),
    "shoes": (Lip.LEFT_SHOE, Lip.RIGHT_SHOE),
}


@dataclass(frozen=True, slots=True, eq=False)
class Render:
    """A picture with its truth.

    image: (h, w, 3) uint8. labels: (h, w) uint8, `Lip`. joints: (18, 3) float32, x, y and 1 =
    seen, .5 = hidden, 0 = outside the picture, where x and y hold all the same. skin: the tone that
    is shown, a number in `compose.SKIN_TONES`; the sample's record has the one that was rendered.
    """

    number: int
    image: Image
    labels: LabelMap
    joints: Floats
    skin: int | None


def compose_render(folder: Path, number: int, seed: int) -> Render:
    """Draw the worn picture of garment a or b of a sample, as a data loader does."""
    sample = read_sample(sample_path(folder, number))
    rng = np.random.default_rng([seed, 6, number])
    name = "ab"[int(rng.integers(2))]
    image, look = _worn(folder, sample, name, rng)
    labels = sample.outfits[name].labels
    return Render(number, photographic(image, rng), labels, sample.joints, look.skin)


def _worn(folder: Path, sample: Sample, name: str, rng: np.random.Generator) -> tuple[Image, Look]:
    sheet = read_sheet(sheet_path(folder, str(sample.outfits[name].garment)))
    painted = Painted(sheet, paint(sheet, sample_print(sheet, rng)))
    height, width = sample.body.shape[:2]
    background = sample_background((height, width), rng)
    light, look = sample_illumination(rng), sample_look(rng)
    return compose_worn(sample, name, painted, background, light, look), look


def torso_of(joints: Floats) -> float:
    """Neck to the middle of the hips, pixels."""
    hips = (joints[Joint.LEFT_HIP, :2] + joints[Joint.RIGHT_HIP, :2]) / 2
    return float(np.linalg.norm(joints[Joint.NECK, :2] - hips))


def unit_of(joints: Floats) -> float:
    """max(shoulder width, half of neck to hip), pixels: holds in side views as well."""
    shoulders = joints[Joint.LEFT_SHOULDER, :2] - joints[Joint.RIGHT_SHOULDER, :2]
    return max(float(np.linalg.norm(shoulders)), torso_of(joints) / 2)


@dataclass(slots=True, eq=False)
class Judgement:
    """What was counted; joints in the order of `Joint`, groups in that of GROUPS.

    shown, hidden, outside: (18,) int64, joints of each kind; found_*: those the network reported.
    right: (18,) of `shown`. swapped: (18,), reported nearer to the other side's joint than to its
    own. offs: for each joint, errors in shares of the torso length, of those shown and found.
    table: (G, G) int64 pixels, truth by row, network by column. sides: pixels of arms, legs and
    shoes that the network gives to the right side and to the wrong one.
    lost: numbers of pictures in which nobody was found; crowds: in which more than one was.
    shares: by number, share of pixels whose group is right.
    """

    shown: NDArray[np.int64] = field(default_factory=lambda: np.zeros(JOINT_COUNT, np.int64))
    hidden: NDArray[np.int64] = field(default_factory=lambda: np.zeros(JOINT_COUNT, np.int64))
    outside: NDArray[np.int64] = field(default_factory=lambda: np.zeros(JOINT_COUNT, np.int64))
    found_shown: NDArray[np.int64] = field(default_factory=lambda: np.zeros(JOINT_COUNT, np.int64))
    found_hidden: NDArray[np.int64] = field(default_factory=lambda: np.zeros(JOINT_COUNT, np.int64))
    found_outside: NDArray[np.int64] = field(
        default_factory=lambda: np.zeros(JOINT_COUNT, np.int64)
    )
    right: NDArray[np.int64] = field(default_factory=lambda: np.zeros(JOINT_COUNT, np.int64))
    swapped: NDArray[np.int64] = field(default_factory=lambda: np.zeros(JOINT_COUNT, np.int64))
    offs: list[list[float]] = field(default_factory=lambda: [[] for _ in Joint])
    table: NDArray[np.int64] = field(
        default_factory=lambda: np.zeros((len(GROUPS), len(GROUPS)), np.int64)
    )
    sides: dict[str, list[int]] = field(default_factory=lambda: {name: [0, 0] for name in SIDED})
    lost: list[int] = field(default_factory=list)
    crowds: list[int] = field(default_factory=list)
    shares: dict[int, float] = field(default_factory=dict)

    def add_pose(self, truth: Floats, pose: Pose | None) -> None:
        """Count the joints of one picture; pose: the main person's, None when nobody was found."""
        found = np.zeros(JOINT_COUNT, bool) if pose is None else pose.scores > 0
        at = truth[:, :2] if pose is None else pose.joints
        off = np.linalg.norm(at - truth[:, :2], axis=1)
        other = np.linalg.norm(at - truth[list(MIRRORED), :2], axis=1)
        shown, hidden, outside = (truth[:, 2] == kind for kind in (1.0, 0.5, 0.0))
        for mine, seen in (("shown", shown), ("hidden", hidden), ("outside", outside)):
            setattr(self, mine, getattr(self, mine) + seen)
            name = f"found_{mine}"
            setattr(self, name, getattr(self, name) + (seen & found))
        self.right += shown & found & (off <= REACH * unit_of(truth))
        self.swapped += shown & found & (other < off)
        for joint in np.flatnonzero(shown & found):
            self.offs[joint].append(float(off[joint] / torso_of(truth)))

    def add_labels(self, number: int, truth: LabelMap, labels: LabelMap) -> None:
        """Count the pixels of one picture; both (h, w) uint8, `Lip`."""
        pairs = _GROUP_OF[truth].astype(np.int64) * len(GROUPS) + _GROUP_OF[labels]
        counts = np.bincount(pairs.ravel(), minlength=len(GROUPS) ** 2).reshape(self.table.shape)
        self.table += counts
        self.shares[number] = float(np.trace(counts) / counts.sum())
        for name, pair in SIDED.items():
            both = np.isin(truth, pair) & np.isin(labels, pair)
            same = int((truth[both] == labels[both]).sum())
            self.sides[name][0] += same
            self.sides[name][1] += int(both.sum()) - same

    def iou(self) -> dict[str, float]:
        """Intersection over union of each group that is there, pixels of all pictures pooled."""
        both, truth, said = np.diag(self.table), self.table.sum(1), self.table.sum(0)
        return {
            name: float(both[k] / (truth[k] + said[k] - both[k]))
            for k, name in enumerate(GROUPS)
            if truth[k]
        }

    def found_labels(self) -> dict[str, float]:
        """Share of each group's pixels that the network calls so."""
        truth = self.table.sum(1)
        return {
            name: float(self.table[k, k] / truth[k]) for k, name in enumerate(GROUPS) if truth[k]
        }

    def mistaken(self) -> dict[str, tuple[str, float]]:
        """For each group the one it is most often taken for, and the share of its pixels."""
        answer, names = {}, list(GROUPS)
        for k, name in enumerate(names):
            row = self.table[k].copy()
            row[k] = 0
            if self.table[k].any():
                answer[name] = (names[int(row.argmax())], float(row.max() / self.table[k].sum()))
        return answer


def _groups() -> NDArray[np.uint8]:
    table = np.full(LIP_COUNT, len(GROUPS) - 1, np.uint8)
    for number, members in enumerate(GROUPS.values()):
        table[list(members)] = number
    return table


_GROUP_OF: Final = _groups()


def judge(renders: Iterable[Render], stages: Stages, tick: Callable[[], None]) -> Judgement:
    """Run the networks on pictures; tick after each."""
    judgement = Judgement()
    for render in renders:
        people = stages.estimate_pose(render.image)
        labels = np.zeros(render.labels.shape, np.uint8)
        if people:
            labels = to_lip(stages.parse_photo(render.image, people[0]))
        else:
            judgement.lost.append(render.number)
        if len(people) > 1:
            judgement.crowds.append(render.number)
        judgement.add_pose(render.joints, people[0] if people else None)
        judgement.add_labels(render.number, render.labels, labels)
        tick()
    return judgement


def _share(part: Any, whole: Any) -> float | None:
    return float(part) / float(whole) if whole else None


def _joint_row(judgement: Judgement, joint: Joint) -> dict[str, float | None]:
    """What is told of one joint: shares 0..1, errors in shares of the torso; None = never."""
    offs, j = judgement.offs[joint], judgement
    return {
        "shown": float(j.shown[joint]),
        "found": _share(j.found_shown[joint], j.shown[joint]),
        "found_hidden": _share(j.found_hidden[joint], j.hidden[joint]),
        "invented": _share(j.found_outside[joint], j.outside[joint]),
        "right": _share(j.right[joint], j.shown[joint]),
        "median": float(np.median(offs)) if offs else None,
        "p90": float(np.quantile(offs, 0.9)) if offs else None,
        "swapped": _share(j.swapped[joint], j.found_shown[joint]),
    }


def as_json(judgement: Judgement) -> dict[str, Any]:
    """The whole judgement as JSON values."""
    j, pooled = judgement, [off for offs in judgement.offs for off in offs]
    return {
        "pictures": len(j.shares),
        "lost": j.lost,
        "crowds": j.crowds,
        "pose": {
            "right": _share(j.right.sum(), j.shown.sum()),
            "found": _share(j.found_shown.sum(), j.shown.sum()),
            "invented": _share(j.found_outside.sum(), j.outside.sum()),
            "median": float(np.median(pooled)) if pooled else None,
            "p90": float(np.quantile(pooled, 0.9)) if pooled else None,
            "swapped": _share(j.swapped.sum(), j.found_shown.sum()),
        },
        "joints": {joint.name.lower(): _joint_row(j, joint) for joint in Joint},
        "iou": j.iou(),
        "recall": j.found_labels(),
        "mistaken": {name: [other, share] for name, (other, share) in j.mistaken().items()},
        "wrong_side": {name: _share(no, yes + no) for name, (yes, no) in j.sides.items()},
        "least_alike": sorted(j.shares, key=lambda number: j.shares[number])[:5],
    }


def as_text(judgement: Judgement) -> str:
    """The judgement as lines of plain text; shares in %, errors in % of neck to hip."""
    said = as_json(judgement)
    lines = [
        f"{said['pictures']} pictures; nobody found in {len(said['lost'])} {said['lost'][:10]},"
        f" more than one in {len(said['crowds'])}",
        "",
        f"{'joint':16s}" + "".join(f"{name:>9s}" for name in _COLUMNS),
    ]
    everything = {"shown": float(judgement.shown.sum()), **said["pose"]}
    for name, row in [*said["joints"].items(), ("all", everything)]:
        cells = [f"{row['shown']:9.0f}", *(_percent(row.get(key)) for key in _KEYS)]
        lines.append(f"{name:16s}" + "".join(cells))
    lines += ["", f"{'labels':16s}{'IoU':>9s}{'recall':>9s}  mostly taken for"]
    for name, value in said["iou"].items():
        other, share = said["mistaken"][name]
        numbers = _percent(value) + _percent(said["recall"][name])
        lines.append(f"{name:16s}{numbers}  {other} {100 * share:.1f}")
    lines.append(f"{'mean':16s}{_percent(float(np.mean(list(said['iou'].values()))))}")
    wrong = ", ".join(f"{name} {_percent(no).strip()}" for name, no in said["wrong_side"].items())
    least = ", ".join(map(str, said["least_alike"]))
    return "\n".join([*lines, "", f"on the wrong side: {wrong}", f"worst labelled: {least}"])


_KEYS: Final = ("found", "found_hidden", "invented", "right", "median", "p90", "swapped")
_COLUMNS: Final = ("shown", "found", "hidden", "invented", "right", "median", "p90", "swapped")


def _percent(value: float | None) -> str:
    return f"{'-':>9s}" if value is None else f"{100 * value:9.1f}"
