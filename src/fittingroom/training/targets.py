"""Targets of the pose network: heat maps and part affinity fields at stride 4."""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fittingroom.skeleton import JOINT_COUNT, LIMBS, PAF_CHANNELS, Joint
from fittingroom.training.views import View, ViewPerson

STRIDE: Final = 4
FACE: Final = frozenset(
    {Joint.NOSE, Joint.LEFT_EYE, Joint.RIGHT_EYE, Joint.LEFT_EAR, Joint.RIGHT_EAR}
)


HARD: Final = {
    Joint.RIGHT_WRIST: 2.0,
    Joint.LEFT_WRIST: 2.0,
    Joint.RIGHT_ANKLE: 1.5,
    Joint.LEFT_ANKLE: 1.5,
}
"""Weight of the joints that are missed most often, against 1 of the others."""


class PoseTarget(NamedTuple):
    """fields (38, h, w), heat (19, h, w) and their weights of the same shapes, float32."""

    fields: NDArray[np.float32]
    heat: NDArray[np.float32]
    field_weights: NDArray[np.float32]
    heat_weights: NDArray[np.float32]


def spread(person: ViewPerson, joint: Joint) -> float:
    """Standard deviation of a joint's peak, in cells: larger people have larger joints."""
    size = 0.06 if joint in FACE else 0.1
    return float(np.clip(size * person.scale / STRIDE, 0.8, 2.0))


def _peak(person: ViewPerson, joint: Joint, shape: tuple[int, int]) -> NDArray[np.float32]:
    x, y = (person.joints[joint] + 0.5) / STRIDE - 0.5
    sigma = spread(person, joint)
    column = np.exp(-((np.arange(shape[0]) - y) ** 2) / (2 * sigma**2))
    row = np.exp(-((np.arange(shape[1]) - x) ** 2) / (2 * sigma**2))
    return np.outer(column, row).astype(np.float32)


def _limb(
    person: ViewPerson, start: Joint, end: Joint, shape: tuple[int, int]
) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Cells on a limb, and its unit vector."""
    a = (person.joints[start] + 0.5) / STRIDE - 0.5
    b = (person.joints[end] + 0.5) / STRIDE - 0.5
    length = max(float(np.hypot(*(b - a))), 1e-3)
    unit = ((b - a) / length).astype(np.float32)
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    along = (x - a[0]) * unit[0] + (y - a[1]) * unit[1]
    across = np.abs((x - a[0]) * unit[1] - (y - a[1]) * unit[0])
    width = float(np.clip(0.08 * person.scale / STRIDE, 0.8, 1.6))
    on = (across <= width) & (along >= -width) & (along <= length + width)
    return on, unit


def _unsure_cells(person: ViewPerson, shape: tuple[int, int]) -> tuple[slice, slice]:
    """The part of the view that this person may take up."""
    seen = person.joints[np.isfinite(person.joints[:, 0])] / STRIDE
    if len(seen) == 0:
        return slice(0, 0), slice(0, 0)
    reach = person.scale / STRIDE
    low, high = seen.min(axis=0) - reach, seen.max(axis=0) + reach
    rows = slice(max(0, int(low[1])), min(shape[0], int(high[1]) + 1))
    columns = slice(max(0, int(low[0])), min(shape[1], int(high[0]) + 1))
    return rows, columns


@dataclass(slots=True, eq=False)
class _Canvas:
    """The maps while people are drawn into them; `counts` is how many limbs share a cell."""

    fields: NDArray[np.float32]
    heat: NDArray[np.float32]
    field_weights: NDArray[np.float32]
    heat_weights: NDArray[np.float32]
    counts: NDArray[np.float32]

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of a map."""
        return self.counts.shape[1], self.counts.shape[2]


def _canvas(view: View) -> _Canvas:
    known = 1 - view.unknown[::STRIDE, ::STRIDE].astype(np.float32)
    return _Canvas(
        np.zeros((2 * len(LIMBS), *known.shape), np.float32),
        np.zeros((JOINT_COUNT + 1, *known.shape), np.float32),
        np.repeat(known[None], 2 * len(LIMBS), axis=0),
        np.repeat(known[None], JOINT_COUNT + 1, axis=0),
        np.zeros((len(LIMBS), *known.shape), np.float32),
    )


def _draw_joints(canvas: _Canvas, person: ViewPerson) -> None:
    cells = _unsure_cells(person, canvas.shape)
    for joint in Joint:
        if not np.isfinite(person.joints[joint, 0]):
            continue
        if person.weights[joint] == 0:
            canvas.heat_weights[(joint, *cells)] = 0
        else:
            peak = _peak(person, joint, canvas.shape)
            canvas.heat[joint] = np.maximum(canvas.heat[joint], peak)


def _draw_limbs(canvas: _Canvas, person: ViewPerson) -> None:
    cells = _unsure_cells(person, canvas.shape)
    for index, (start, end) in enumerate(LIMBS):
        if not np.isfinite(person.joints[[start, end]]).all():
            continue
        channels = list(PAF_CHANNELS[index])
        if person.weights[start] * person.weights[end] == 0:
            for channel in channels:
                canvas.field_weights[(channel, *cells)] = 0
            continue
        on, unit = _limb(person, start, end, canvas.shape)
        canvas.fields[channels] += on * unit[:, None, None]
        canvas.counts[index] += on


def pose_target(view: View) -> PoseTarget:
    """Draw the target of a view; a doubtful joint weighs nothing around its person."""
    canvas = _canvas(view)
    for person in view.people:
        _draw_joints(canvas, person)
        _draw_limbs(canvas, person)
    for index, channels in enumerate(PAF_CHANNELS):
        canvas.fields[list(channels)] /= np.maximum(canvas.counts[index], 1)
    canvas.heat[JOINT_COUNT] = 1 - canvas.heat[:JOINT_COUNT].max(axis=0)
    canvas.heat_weights[JOINT_COUNT] = canvas.heat_weights[:JOINT_COUNT].min(axis=0)
    for joint, weight in HARD.items():
        canvas.heat_weights[joint] *= weight
    return PoseTarget(canvas.fields, canvas.heat, canvas.field_weights, canvas.heat_weights)
