"""Random views of the training photos: what customers' photos look like and `ccp` does not.

Every `ccp` person stands alone, centred, 0.87-0.95 of the photo high. A view cuts half bodies,
moves and scales people, lays them on studio grounds, puts several into one picture, or shows
nobody at all. A view is 256 x 192 (height x width) pixels.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom.labels import IGNORED, MIRRORED_LABELS, Lip
from fittingroom.skeleton import MIRRORED, Joint
from fittingroom.training.ccp import LabelledPhoto, read_rgb, shoulder_width
from fittingroom.training.renders import degraded

VIEW_HEIGHT: Final = 256
VIEW_WIDTH: Final = 192
BAND: Final = 4
"""Half width, in photo pixels, of the band along a cut-out's rim that no loss looks at."""


@dataclass(frozen=True, slots=True, eq=False)
class ViewPerson:
    """joints (18, 2) float32 in view pixels; weights (18,), 0 where the teacher is unsure."""

    joints: NDArray[np.float32]
    weights: NDArray[np.float32]
    scale: float
    """Shoulder width in view pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One training picture.

    image: (256, 192, 3) uint8 RGB. classes: (256, 192) uint8, 255 = ignored. unknown: (256, 192)
    bool, where further people may stand whom no label names. hinted: whether the parsing network
    is told the joints. maybe: classes that may be shown although no pixel has them.
    """

    image: NDArray[np.uint8]
    classes: NDArray[np.uint8]
    unknown: NDArray[np.bool_]
    people: tuple[ViewPerson, ...]
    hinted: bool = True
    maybe: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class _Source:
    """A photo at full and half size, ready to be warped."""

    photo: LabelledPhoto
    half: NDArray[np.uint8]
    unknown: NDArray[np.uint8]
    matte: NDArray[np.uint8] | None


def _unknown(photo: LabelledPhoto) -> NDArray[np.uint8]:
    """Boxes of passers-by, less the main person's own place."""
    height, width = photo.image.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    for left, top, right, bottom in photo.pose.others:
        cv2.rectangle(mask, (int(left), int(top)), (int(right), int(bottom)), 255, -1)
    joints = photo.pose.joints
    reach = int(0.6 * shoulder_width(joints))
    low, high = joints.min(axis=0).astype(int) - reach, joints.max(axis=0).astype(int) + reach
    mask[max(0, low[1]) : max(0, high[1]), max(0, low[0]) : max(0, high[0])] = 0
    return mask


def _matte(classes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Cut-out matte: the label less two pixels, feathered by one to two; largest piece only."""
    person = (classes != Lip.BACKGROUND).astype(np.uint8)
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(person)
    if count > 1:
        person = (pieces == 1 + stats[1:, cv2.CC_STAT_AREA].argmax()).astype(np.uint8)
    person = cv2.morphologyEx(person, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    person = cv2.erode(person, np.ones((5, 5), np.uint8))
    return cv2.GaussianBlur(person * 255, (0, 0), 1.2)


def _clean_rim(image: NDArray[np.uint8], matte: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Colours from inside the cut-out, drawn outward over its rim, so that no old ground shows."""
    inside = cv2.erode((matte > 250).astype(np.uint8), np.ones((5, 5), np.uint8))
    weight = cv2.blur(inside.astype(np.float32), (15, 15))
    colour = cv2.blur(image.astype(np.float32) * inside[..., None], (15, 15))
    spread = colour / np.maximum(weight, 1e-3)[..., None]
    rim = (inside == 0) & (weight > 0)
    return np.where(rim[..., None], spread, image).astype(np.uint8)


def _source(photo: LabelledPhoto) -> _Source:
    matte, image = None, photo.image
    if photo.classes is not None:
        matte = _matte(photo.classes)
    half = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return _Source(photo, half, _unknown(photo), matte)


def studio_ground(
    rng: np.random.Generator, tint: NDArray[np.float64] | None = None
) -> NDArray[np.uint8]:
    """A plain ground (256, 192, 3) uint8: white, grey, coloured or a gradient; near `tint`."""
    kind = rng.integers(4)
    if tint is not None:
        base = np.clip(tint + rng.normal(0, 12, 3), 0, 255)
    elif kind == 0:
        base = np.full(3, rng.uniform(238, 256))
    elif kind == 1:
        base = np.full(3, rng.uniform(90, 240)) + rng.normal(0, 4, 3)
    else:
        base = rng.uniform(40, 250, 3)
    y, x = np.mgrid[0:1:256j, 0:1:192j]
    slope = rng.normal(0, 22 if kind == 3 else 6, 2)
    light = slope[0] * (y - 0.5) + slope[1] * (x - 0.5)
    ground = base + light[..., None] + rng.normal(0, rng.uniform(0, 3), (256, 192, 1))
    return np.clip(ground, 0, 255).astype(np.uint8)


def head_top(joints: NDArray[np.float32]) -> float:
    """Row of the top of the head, estimated from nose and neck; photo pixels."""
    reach = float(joints[Joint.NECK, 1] - joints[Joint.NOSE, 1])
    return float(joints[Joint.NOSE, 1]) - 1.0 * max(reach, 0.3 * shoulder_width(joints))


RARE: Final[dict[Lip, float]] = {
    Lip.SKIRT: 2.5,
    Lip.DRESS: 1.5,
    Lip.SOCKS: 1.5,
    Lip.SCARF: 1.5,
    Lip.HAT: 1.3,
}
"""How much oftener a labelled photo is drawn that shows a class few photos show."""

BENT: Final = 0.64
"""Cosine between upper arm and forearm (50 degrees) below which an arm counts as bent."""
BENT_ARMS: Final = 2.5
"""How much oftener the pose network sees a photo with a bent arm."""


@dataclass(frozen=True, slots=True)
class Mix:
    """What views show. Parts can be switched off for an ablation.

    labelled: only photos whose every pixel has a class, or is ignored. rendered: share of
    synthetic people, where there are any. varied: half bodies, studio grounds and several people;
    without, whole photos, moved and mirrored. hinted: see `View`.
    """

    labelled: bool
    rendered: float = 0.25
    varied: bool = True
    hinted: bool = True


class ViewMaker:
    """Draws random views from photos held in memory; the caller brings the random generator."""

    def __init__(
        self,
        photos: list[LabelledPhoto],
        empty: list[NDArray[np.uint8]],
        mix: Mix,
        renders: list[LabelledPhoto] | None = None,
    ) -> None:
        self._sources = [_source(photo) for photo in photos]
        self._labelled = [s for s in self._sources if s.matte is not None]
        rarity = _rarity if mix.labelled else arm_rarity
        self._odds = _odds([rarity(source.photo) for source in self._labelled])
        self._all_odds = _odds([arm_rarity(source.photo) for source in self._sources])
        self._empty, self._mix, self._renders = empty, mix, renders or []
        self._staged = ((0.1, self._nobody), (0.22, self._mosaic), (0.46, self._studio))

    def draw(self, rng: np.random.Generator) -> View:
        """Draw a view."""
        view = self._drawn(rng)
        return view if self._mix.hinted else replace(view, hinted=False)

    def _drawn(self, rng: np.random.Generator) -> View:
        if self._renders and rng.random() < self._mix.rendered:
            return self._render(rng)
        if not self._mix.varied:
            return self._whole(rng, self._labelled_source(rng))
        kind = rng.random()
        if kind < 0.46:
            make = next(make for below, make in self._staged if kind < below)
            return make(rng)
        if self._mix.labelled:
            return self._street(rng, self._labelled_source(rng))
        chosen = rng.choice(len(self._sources), p=self._all_odds)
        return self._street(rng, self._sources[chosen])

    def _labelled_source(self, rng: np.random.Generator) -> _Source:
        return self._labelled[rng.choice(len(self._labelled), p=self._odds)]

    def _render(self, rng: np.random.Generator) -> View:
        """A synthetic person in nearly the frame that was rendered, labels roughened."""
        photo = self._renders[rng.integers(len(self._renders))]
        height, width = photo.image.shape[:2]
        scale = VIEW_HEIGHT / height * np.exp(rng.normal(0.05, 0.2))
        slack = np.array([VIEW_WIDTH, VIEW_HEIGHT]) * rng.normal(0, 0.1, 2)
        middle = np.array([VIEW_WIDTH / 2, VIEW_HEIGHT / 2]) + slack
        matrix = _matrix(rng, scale, np.array([width / 2, height / 2]), middle)
        reduced = cv2.resize(photo.image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        source = _Source(photo, reduced, np.zeros((height, width), np.uint8), None)
        cut = np.full((height, width), 255, np.uint8)
        image = _warp_image(source, matrix, cut, cv2.BORDER_REPLICATE)
        inside = _warp(cut, matrix, cv2.INTER_NEAREST) > 0
        assert photo.classes is not None
        labels = degraded(_warp(photo.classes, matrix, cv2.INTER_NEAREST), rng)
        # Beyond the rendered frame the picture's rim goes on, and nobody can say what it shows.
        classes = np.where(inside, labels, IGNORED).astype(np.uint8)
        view = View(image, classes, ~inside, (_person(source, matrix, inside),))
        return _finish(rng, view, bool(rng.random() < 0.5))

    def _whole(self, rng: np.random.Generator, source: _Source) -> View:
        """The photo as it is, moved and scaled a little."""
        height, width = source.photo.image.shape[:2]
        scale = min(VIEW_HEIGHT / height, VIEW_WIDTH / width) * np.exp(rng.normal(0, 0.1))
        middle = np.array([VIEW_WIDTH / 2, VIEW_HEIGHT / 2]) + rng.normal(0, 8, 2)
        matrix = _matrix(rng, scale, np.array([width / 2, height / 2]), middle)
        whole = np.full((height, width), 255, np.uint8)
        view = self._seen(source, matrix, whole, cv2.BORDER_CONSTANT)
        return _finish(rng, view, bool(rng.random() < 0.5))

    def _nobody(self, rng: np.random.Generator) -> View:
        image = self._ground(rng)
        empty = np.zeros((VIEW_HEIGHT, VIEW_WIDTH), np.uint8)
        return View(_recolour(rng, image), empty, empty.astype(bool), ())

    def _ground(self, rng: np.random.Generator) -> NDArray[np.uint8]:
        """A studio ground or a picture without people: garments, rooms, beds, floors."""
        if rng.random() < 0.3:
            return studio_ground(rng)
        image = self._empty[rng.integers(len(self._empty))]
        height, width = image.shape[:2]
        side = rng.uniform(0.5, 1.0) * min(height, width * 4 / 3)
        top, left = rng.uniform(0, height - side), rng.uniform(0, width - side * 0.75)
        part = image[int(top) : int(top + side), int(left) : int(left + side * 0.75)]
        return cv2.resize(part, (VIEW_WIDTH, VIEW_HEIGHT), interpolation=cv2.INTER_AREA)

    def _street(self, rng: np.random.Generator, source: _Source) -> View:
        matrix, mirrored = _camera(rng, source.photo.pose.joints)
        cut = _cut(rng, source)
        border = cv2.BORDER_REPLICATE if rng.random() < 0.6 else cv2.BORDER_CONSTANT
        return _finish(rng, self._seen(source, matrix, cut, border), mirrored)

    def _seen(
        self, source: _Source, matrix: NDArray[np.float64], cut: NDArray[np.uint8], border: int
    ) -> View:
        image = _warp_image(source, matrix, cut, border)
        inside = _warp(cut, matrix, cv2.INTER_NEAREST) > 0
        unknown = (_warp(source.unknown, matrix, cv2.INTER_NEAREST) > 0) & inside
        classes = np.full(inside.shape, IGNORED, np.uint8)
        if source.photo.classes is not None:
            # Where the last row goes on, it repeats clothes that nobody wears: not counted.
            beyond = IGNORED if border == cv2.BORDER_REPLICATE else Lip.BACKGROUND
            known = _warp(source.photo.classes, matrix, cv2.INTER_NEAREST)
            classes = np.where(inside, known, beyond).astype(np.uint8)
            classes[unknown & (classes == 0)] = IGNORED
        people = (_person(source, matrix, inside),)
        return View(image, classes, unknown, people, maybe=source.photo.maybe)

    def _studio(self, rng: np.random.Generator) -> View:
        source = self._labelled_source(rng)
        matrix, mirrored = _camera(rng, source.photo.pose.joints)
        tint = _clothes_colour(source) if rng.random() < 0.25 else None
        view = _paste(rng, _blank(studio_ground(rng, tint)), source, matrix)
        return _finish(rng, view, mirrored)

    def _mosaic(self, rng: np.random.Generator) -> View:
        view = _blank(self._ground(rng))
        count = int(rng.integers(1, 4))
        for slot in rng.permutation(count):
            source = self._labelled_source(rng)
            centre = VIEW_WIDTH * (slot + 0.5 + rng.normal(0, 0.12)) / count
            matrix = _placed(rng, source.photo.pose.joints, centre)
            view = _paste(rng, view, source, matrix)
        return _finish(rng, view, bool(rng.random() < 0.5))


def _odds(weights: list[float]) -> NDArray[np.float64]:
    return np.array(weights) / max(sum(weights), 1e-9)


def arm_rarity(photo: LabelledPhoto) -> float:
    """How much oftener a photo is drawn for its arms: bent ones are few, and missed most often."""
    joints, weights = photo.pose.joints, photo.pose.weights
    for side in ("LEFT", "RIGHT"):
        chain = [Joint[f"{side}_{name}"] for name in ("SHOULDER", "ELBOW", "WRIST")]
        upper, fore = np.diff(joints[chain], axis=0)
        lengths = float(np.linalg.norm(upper) * np.linalg.norm(fore))
        if weights[chain].all() and float(upper @ fore) < BENT * lengths:
            return BENT_ARMS
    return 1.0


def _rarity(photo: LabelledPhoto) -> float:
    assert photo.classes is not None
    shown = np.unique(photo.classes)
    return max((factor for part, factor in RARE.items() if part in shown), default=1.0)


def _blank(ground: NDArray[np.uint8]) -> View:
    empty = np.zeros((VIEW_HEIGHT, VIEW_WIDTH), np.uint8)
    return View(ground, empty, empty.astype(bool), ())


def _paste(
    rng: np.random.Generator, view: View, source: _Source, matrix: NDArray[np.float64]
) -> View:
    """Lay the cut-out person over a view; joints that it covers are no longer trained on."""
    assert source.matte is not None and source.photo.classes is not None
    cut = _cut(rng, source)
    matte = _warp(np.minimum(source.matte, cut), matrix, cv2.INTER_LINEAR)
    image = _warp_image(source, matrix, cut, cv2.BORDER_CONSTANT)
    alpha = matte[..., None].astype(np.float32) / 255
    image = (_clean_rim(image, matte) * alpha + view.image * (1 - alpha)).astype(np.uint8)
    person = _warp(source.photo.classes, matrix, cv2.INTER_NEAREST)
    size = max(3, int(2 * BAND * matrix_scale(matrix)) | 1)
    kernel = np.ones((size, size), np.uint8)
    solid = (matte > 127).astype(np.uint8)
    band = cv2.dilate(solid, kernel) != cv2.erode(solid, kernel)
    classes = np.where(solid > 0, np.where(person == 0, IGNORED, person), view.classes)
    classes[band] = IGNORED
    kept = tuple(_covered(other, solid) for other in view.people)
    inside = _warp(cut, matrix, cv2.INTER_NEAREST) > 0
    people = (*kept, _person(source, matrix, inside))
    maybe = view.maybe | source.photo.maybe
    return View(image, classes.astype(np.uint8), view.unknown, people, maybe=maybe)


def cut_out(
    photo: LabelledPhoto, matrix: NDArray[np.float64], ground: NDArray[np.uint8]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Lay a labelled person over `ground` (h, w, 3), moved by a 2x3 matrix of scale 1.

    Returns the picture and its classes, 255 in the band along the rim.
    """
    assert photo.classes is not None
    size = (ground.shape[1], ground.shape[0])
    matte = cv2.warpAffine(_matte(photo.classes), matrix, size)
    image = _clean_rim(cv2.warpAffine(photo.image, matrix, size), matte)
    alpha = matte[..., None].astype(np.float32) / 255
    image = (image * alpha + ground * (1 - alpha)).astype(np.uint8)
    solid = (matte > 127).astype(np.uint8)
    kernel = np.ones((2 * BAND + 1, 2 * BAND + 1), np.uint8)
    person = cv2.warpAffine(photo.classes, matrix, size, flags=cv2.INTER_NEAREST)
    classes = np.where(solid > 0, np.where(person == 0, IGNORED, person), 0).astype(np.uint8)
    classes[cv2.dilate(solid, kernel) != cv2.erode(solid, kernel)] = IGNORED
    return image, classes


def _covered(person: ViewPerson, solid: NDArray[np.uint8]) -> ViewPerson:
    joints = np.nan_to_num(person.joints, nan=0.0).round().astype(int)
    x, y = np.clip(joints[:, 0], 0, VIEW_WIDTH - 1), np.clip(joints[:, 1], 0, VIEW_HEIGHT - 1)
    hidden = solid[y, x] > 0
    return ViewPerson(person.joints, np.where(hidden, 0, person.weights), person.scale)


def _clothes_colour(source: _Source) -> NDArray[np.float64]:
    classes = source.photo.classes
    assert classes is not None
    clothes = np.isin(classes, (Lip.UPPER_CLOTHES, Lip.DRESS, Lip.COAT))
    if not clothes.any():
        return np.full(3, 230.0)
    return source.photo.image[clothes].mean(axis=0)


def _cut(rng: np.random.Generator, source: _Source) -> NDArray[np.uint8]:
    """Where the pretended photo ends: 255 inside. A third is cut at waist to thigh."""
    cut = np.full(source.photo.image.shape[:2], 255, np.uint8)
    if rng.random() < 0.33:
        joints = source.photo.pose.joints
        hips = (joints[Joint.LEFT_HIP, 1] + joints[Joint.RIGHT_HIP, 1]) / 2
        knees = (joints[Joint.LEFT_KNEE, 1] + joints[Joint.RIGHT_KNEE, 1]) / 2
        waist = hips - 0.3 * (hips - joints[Joint.NECK, 1])
        cut[max(1, int(rng.uniform(waist, (hips + knees) / 2))) :] = 0
    return cut


def matrix_scale(matrix: NDArray[np.float64]) -> float:
    """View pixels per photo pixel of a 2x3 matrix."""
    return float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))


def _warp(image: NDArray[np.uint8], matrix: NDArray[np.float64], flags: int) -> NDArray[np.uint8]:
    return cv2.warpAffine(image, matrix, (VIEW_WIDTH, VIEW_HEIGHT), flags=flags)


def _warp_image(
    source: _Source, matrix: NDArray[np.float64], cut: NDArray[np.uint8], border: int
) -> NDArray[np.uint8]:
    """Warp the photo as far as the cut leaves it; beyond, its last row or mid-grey goes on."""
    rows = max(2, int((cut[:, 0] > 0).sum()))
    part, moved = source.photo.image[:rows], matrix
    if matrix_scale(matrix) < 0.75:
        part = source.half[: max(1, rows // 2)]
        double = np.array([[2, 0, 0.5], [0, 2, 0.5], [0, 0, 1]])
        moved = matrix @ double
    return cv2.warpAffine(
        part,
        moved,
        (VIEW_WIDTH, VIEW_HEIGHT),
        flags=cv2.INTER_LINEAR,
        borderMode=border,
        borderValue=(128, 128, 128),
    )


def _person(source: _Source, matrix: NDArray[np.float64], inside: NDArray[np.bool_]) -> ViewPerson:
    """Joints in view pixels; those outside the view or the pretended photo are moved far away."""
    pose = source.photo.pose
    joints = (pose.joints @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
    x, y = joints[:, 0].round().astype(int), joints[:, 1].round().astype(int)
    within = (x >= 0) & (x < VIEW_WIDTH) & (y >= 0) & (y < VIEW_HEIGHT)
    visible = within.copy()
    visible[within] = inside[y[within], x[within]]
    joints[~visible] = np.nan
    return ViewPerson(joints, pose.weights, shoulder_width(pose.joints) * matrix_scale(matrix))


def _camera(
    rng: np.random.Generator, joints: NDArray[np.float32]
) -> tuple[NDArray[np.float64], bool]:
    """A random camera: the 2x3 matrix photo -> view, and whether to mirror."""
    top, hips = head_top(joints), (joints[Joint.LEFT_HIP] + joints[Joint.RIGHT_HIP]) / 2
    knees = (joints[Joint.LEFT_KNEE, 1] + joints[Joint.RIGHT_KNEE, 1]) / 2
    feet = joints[[Joint.LEFT_ANKLE, Joint.RIGHT_ANKLE], 1].max() * 1.03
    torso = float(hips[1] - joints[Joint.NECK, 1])
    kind = rng.random()
    if kind < 0.4:  # half bodies, from waist to mid-thigh
        low = rng.uniform(hips[1] - 0.3 * torso, (hips[1] + knees) / 2 + 0.2 * torso)
        high = top - rng.uniform(0, 0.35) * torso
        if rng.random() < 0.2:
            high = joints[Joint.NOSE, 1] + 0.1 * torso
    elif kind < 0.75:  # whole bodies
        middle, extent = (top + feet) / 2, (feet - top) * rng.uniform(1.0, 1.5) / 2
        low, high = middle + extent, middle - extent
    elif kind < 0.88:  # far away
        extent = (feet - top) / rng.uniform(0.2, 0.6)
        high = top - rng.uniform(0.05, 0.5) * (extent - (feet - top))
        low = high + extent
    else:  # near: up to three times the frame
        extent = (feet - top) / rng.uniform(1.8, 3.2)
        high = top + rng.uniform(-0.1, 0.5) * torso
        low = high + extent
    scale = VIEW_HEIGHT / max(low - high, 8.0)
    slack = VIEW_WIDTH / scale
    spread = 0.3 if rng.random() < 0.25 else 0.12
    centre = np.array(
        [(joints[Joint.NECK, 0] + hips[0]) / 2 + rng.normal(0, spread) * slack, (low + high) / 2]
    )
    return _matrix(rng, scale, centre, np.array([VIEW_WIDTH / 2, VIEW_HEIGHT / 2])), bool(
        rng.random() < 0.5
    )


def _placed(rng: np.random.Generator, joints: NDArray[np.float32], x: float) -> NDArray[np.float64]:
    """A camera that puts a person of 0.4-1.3 frame heights at column `x`."""
    top = head_top(joints)
    feet = float(joints[[Joint.LEFT_ANKLE, Joint.RIGHT_ANKLE], 1].max()) * 1.03
    height = rng.uniform(0.4, 1.3) * VIEW_HEIGHT
    scale = height / (feet - top)
    head = rng.uniform(0.02, 0.25) * VIEW_HEIGHT
    centre = np.array([float(joints[Joint.NECK, 0]), top])
    return _matrix(rng, scale, centre, np.array([x, head]))


def _matrix(
    rng: np.random.Generator,
    scale: float,
    centre: NDArray[np.float64],
    target: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Rotate and scale about `centre` (photo), which lands on `target` (view)."""
    angle = np.deg2rad(rng.normal(0, 4))
    stretch = np.exp(rng.normal(0, 0.05))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = scale * turn @ np.diag([stretch, 1 / stretch])
    return np.hstack([linear, (target - linear @ centre)[:, None]])


def _finish(rng: np.random.Generator, view: View, mirrored: bool) -> View:
    view = replace(view, image=_recolour(rng, view.image))
    return _mirror(view) if mirrored else view


def _mirror(view: View) -> View:
    """Mirror a view; left and right change places."""
    table = np.arange(256, dtype=np.uint8)
    for left, right in MIRRORED_LABELS:
        table[left], table[right] = right, left
    people = []
    for person in view.people:
        joints = person.joints[list(MIRRORED)].copy()
        joints[:, 0] = VIEW_WIDTH - 1 - joints[:, 0]
        people.append(ViewPerson(joints, person.weights[list(MIRRORED)], person.scale))
    return View(
        np.ascontiguousarray(view.image[:, ::-1]),
        np.ascontiguousarray(table[view.classes[:, ::-1]]),
        np.ascontiguousarray(view.unknown[:, ::-1]),
        tuple(people),
        view.hinted,
        view.maybe,
    )


def _recolour(rng: np.random.Generator, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Light, contrast, colour cast, saturation, blur, noise and JPEG, each at random."""
    ramp = np.arange(256, dtype=np.float64) / 255
    gamma, gain = np.exp(rng.normal(0, 0.2)), np.exp(rng.normal(0, 0.12))
    cast = np.exp(rng.normal(0, 0.05, 3))
    table = np.stack([np.clip(255 * gain * c * ramp**gamma, 0, 255) for c in cast], axis=1)
    image = cv2.LUT(image, table.astype(np.uint8)[None])
    if rng.random() < 0.3:
        grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        share = rng.uniform(0, 1)
        image = cv2.addWeighted(image, share, grey, 1 - share, 0)
    if rng.random() < 0.15:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.3))
    if rng.random() < 0.2:
        noise = rng.normal(0, rng.uniform(2, 10), image.shape)
        image = np.clip(image + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.2:
        _, packed = cv2.imencode(
            ".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 90))]
        )
        image = cv2.imdecode(packed, cv2.IMREAD_COLOR)
    return image


def read_empty(folder: Path, limit: int) -> list[NDArray[np.uint8]]:
    """Pictures with nobody in them: the garment photos, at most `limit`, evenly picked."""
    paths = sorted(folder.glob("*.jpg"))
    step = max(1, len(paths) // limit)
    return [read_rgb(path) for path in paths[::step]]


def unseen_empty(folder: Path) -> list[NDArray[np.uint8]]:
    """Every fourteenth picture, from the second on: those that an even step of training leaves."""
    return [read_rgb(path) for path in sorted(folder.glob("*.jpg"))[1::14]]
