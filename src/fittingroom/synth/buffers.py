"""A dressed person as buffers without colour: labels, shares, cloth coordinates, light.

The work is cut in layers: the person (skin, hair, shoes, base layer), the lower garment and the
worn garment are cast through the camera one by one and put together by depth. So the outfits of
one sample share the person's rays, and what a garment covers alone is known anyway.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom.labels import Lip
from fittingroom.synth.lighting import Spot, Studio, ground_light, light_spots
from fittingroom.synth.raycast import (
    Caster,
    Shell,
    at_vertices,
    camera_rays,
    corners,
    lookup,
    project,
    sample_offsets,
)
from fittingroom.synth.shapes import (
    Bytes,
    Camera,
    Cloth,
    Floats,
    GarmentKind,
    GarmentMesh,
    Ints,
    Material,
    Outfit,
    Surface,
)

NOWHERE: Final = 255
"""Panel and body part of pixels that show none."""

_CLING: Final = 0.005
"""Skin that pokes less than this through the cloth over it counts as covered, metres."""

_LABELS: Final[dict[GarmentKind, Lip]] = {
    GarmentKind.CARDIGAN: Lip.COAT,
    GarmentKind.JACKET: Lip.COAT,
    GarmentKind.SKIRT: Lip.SKIRT,
    GarmentKind.TROUSERS: Lip.PANTS,
    GarmentKind.SHORTS: Lip.PANTS,
    GarmentKind.DRESS: Lip.DRESS,
}


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """Things cast through a camera of h x w pixels with S rays each.

    face: (S, h, w) int32, triangle of `caster`, -1 = none; u, v: (S, h, w) float32 of `Hits`;
    depth: (S, h, w) float32, metres along y from the camera, inf = none.
    labels, materials: (F,) uint8. surfaces: what it was made of, () for a garment; mesh: the
    garment, None for surfaces.
    """

    camera: Camera
    caster: Caster
    face: Ints
    u: Floats
    v: Floats
    depth: Floats
    labels: Bytes
    materials: Bytes
    surfaces: tuple[Surface, ...]
    mesh: GarmentMesh | None


def garment_label(kind: GarmentKind) -> Lip:
    """Return the LIP label that a garment carries."""
    return _LABELS.get(kind, Lip.UPPER_CLOTHES)


def garment_surface(mesh: GarmentMesh, vertices: Floats, texture: Bytes) -> Surface:
    """Return a draped garment as a surface whose texture is a picture of its whole sheet.

    vertices: (N, 3) float32. texture: (H, W, 3) uint8 sRGB, of the sheet's proportions.
    """
    uv: Floats = (mesh.uv / np.array(mesh.sheet, np.float32)).astype(np.float32)
    uv[..., 1] = 1 - uv[..., 1]
    labels = np.full(len(mesh.faces), garment_label(mesh.kind), np.uint8)
    return Surface(mesh.name, Material.CLOTH, vertices, mesh.faces, labels, uv, texture)


def cast_surfaces(surfaces: Sequence[Surface], camera: Camera, samples: int = 5) -> Layer:
    """Cast surfaces; textures with a fourth channel below 255 are seen through there.

    samples: rays a pixel, one of `raycast.sample_offsets`.
    """
    shells = []
    for surface in surfaces:
        thin = surface.texture.shape[2] == 4 and bool((surface.texture[..., 3] < 255).any())
        cover = np.ascontiguousarray(surface.texture[..., 3]) if thin else None
        uv = surface.uv if thin else None
        shells.append(Shell(surface.vertices, surface.faces, uv, cover))
    none = np.zeros(0, np.uint8)
    labels = np.concatenate([none] + [surface.labels for surface in surfaces])
    counts = [len(surface.faces) for surface in surfaces]
    kinds = np.array([surface.material for surface in surfaces], np.uint8)
    caster = Caster(shells)
    face, u, v, depth = _cast(caster, camera, samples)
    materials = np.repeat(kinds, counts)
    return Layer(camera, caster, face, u, v, depth, labels, materials, tuple(surfaces), None)


def cast_garment(
    mesh: GarmentMesh,
    vertices: Floats,
    camera: Camera,
    samples: int = 5,
    keep: NDArray[np.bool_] | None = None,
) -> Layer:
    """Cast a draped garment.

    vertices: (N, 3) float32 metres. keep: (F,) bool, triangles that are there; None = all. Of a
    tucked garment those below the belt are not.
    """
    caster = Caster([Shell(vertices, mesh.faces, keep=keep)])
    face, u, v, depth = _cast(caster, camera, samples)
    labels = np.full(len(mesh.faces), garment_label(mesh.kind), np.uint8)
    materials = np.full(len(mesh.faces), Material.CLOTH, np.uint8)
    return Layer(camera, caster, face, u, v, depth, labels, materials, (), mesh)


def _cast(caster: Caster, camera: Camera, samples: int) -> tuple[Ints, Floats, Floats, Floats]:
    """Cast `samples` rays a pixel: face, u, v and depth, each (S, h, w)."""
    shape = (samples, *camera.size)
    face = np.full(shape, -1, np.int32)
    u, v = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    depth = np.full(shape, np.inf, np.float32)
    top, bottom, left, right = _window(caster, camera)
    if top >= bottom or left >= right:
        return face, u, v, depth
    x, y = np.meshgrid(
        np.arange(left, right, dtype=np.float32), np.arange(top, bottom, dtype=np.float32)
    )
    number = (y * camera.size[1] + x).astype(np.int32).ravel() * samples
    eye = np.broadcast_to(np.array(camera.eye, np.float32), (x.size, 3)).copy()
    window = (slice(top, bottom), slice(left, right))
    for sample, (dx, dy) in enumerate(sample_offsets(samples)):
        rays = camera_rays(camera, x + dx, y + dy).reshape(-1, 3)
        hits = caster.first(eye, rays, number + sample)
        face[sample][window] = hits.face.reshape(x.shape)
        u[sample][window] = hits.u.reshape(x.shape)
        v[sample][window] = hits.v.reshape(x.shape)
        depth[sample][window] = hits.distance.reshape(x.shape)
    return face, u, v, depth


def _window(caster: Caster, camera: Camera) -> tuple[int, int, int, int]:
    """Return top, bottom, left, right of the pixels that a caster's triangles can fall on."""
    height, width = camera.size
    if not len(caster.vertices):
        return 0, 0, 0, 0
    spots = project(camera, caster.vertices)
    if spots[:, 2].min() < 0.05:
        return 0, height, 0, width
    left, top = np.floor(spots[:, :2].min(axis=0)).astype(int) - 1
    right, bottom = np.ceil(spots[:, :2].max(axis=0)).astype(int) + 2
    return max(top, 0), min(bottom, height), max(left, 0), min(right, width)


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """Layers put together: owner (S, h, w) uint8, 0 = none, 1 + the layer's place otherwise.

    first: (h, w) uint8, the ray that speaks for the pixel: the innermost that met something.
    """

    layers: tuple[Layer | None, Layer | None, Layer | None]
    owner: Bytes
    first: Bytes


def _combine(person: Layer, lower: Layer | None, worn: Layer | None) -> _View:
    """Put layers together by depth; cloth wins over skin that hardly pokes through."""
    owner = (person.face >= 0).astype(np.uint8)
    soft = _of_face(person, person.materials)
    clings = (soft == Material.SKIN) | (soft == Material.CLOTH)
    depth = person.depth.copy()
    for place, layer in ((2, lower), (3, worn)):
        if layer is None:
            continue
        near = layer.depth - np.where(clings & _outside(layer), np.float32(_CLING), np.float32(0))
        wins = near < depth
        owner[wins] = place
        depth[wins] = layer.depth[wins]
        clings |= wins
    first = np.argmax(owner > 0, axis=0).astype(np.uint8)
    return _View((person, lower, worn), owner, first)


def _of_face(layer: Layer, values: Bytes, none: int = NOWHERE) -> Bytes:
    """Return a value (F,) of each ray's triangle: (S, h, w) uint8, `none` where it met nothing."""
    return np.append(values, np.uint8(none))[layer.face]


def _outside(layer: Layer) -> NDArray[np.bool_]:
    """Return (S, h, w) bool, whether each ray met the outer side of a triangle."""
    height, width = layer.camera.size
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    rays = camera_rays(layer.camera, x, y)
    answer = np.zeros(layer.face.shape, bool)
    met = np.nonzero(layer.face >= 0)
    normal = face_normals(layer.caster)[layer.face[met]]
    answer[met] = np.einsum("ij,ij->i", normal, rays[met[1], met[2]]) < 0
    return answer


def face_normals(caster: Caster) -> Floats:
    """Return the outward normal of each triangle: (F, 3) float32 of length 1."""
    a, b, c = (caster.vertices[caster.faces[:, corner]] for corner in range(3))
    normal = np.cross(b - a, c - a)
    size = np.linalg.norm(normal, axis=1, keepdims=True)
    return (normal / np.maximum(size, 1e-20)).astype(np.float32)


def vertex_normals(caster: Caster) -> Floats:
    """Return the outward normal at each vertex, weighted by area: (V, 3) float32 of length 1."""
    a, b, c = (caster.vertices[caster.faces[:, corner]] for corner in range(3))
    normal = np.cross(b - a, c - a)
    count = len(caster.vertices)
    total = np.zeros((count, 3))
    for corner in range(3):
        for axis in range(3):
            total[:, axis] += np.bincount(caster.faces[:, corner], normal[:, axis], count)
    size = np.linalg.norm(total, axis=1, keepdims=True)
    return (total / np.maximum(size, 1e-20)).astype(np.float32)


def render_outfit(
    studio: Studio,
    person: Layer,
    lower: Layer | None,
    worn: Layer | None,
    garment: str | None = None,
    dress: tuple[bool, float] = (False, 0.0),
) -> Outfit:
    """Put one outfit's layers together.

    studio: the light. worn: the garment whose cloth is recorded, None in the base layer.
    garment: its name. dress: whether it is tucked in, and how it fits (kept, not used).
    In the base outfit the third channel of `share` counts the base layer (the person's surfaces
    of `Material.CLOTH`), so that its colour can be told from the skin's at the borders.
    """
    view = _combine(person, lower, worn)
    share = _share(view)
    cloth = None if worn is None else _cloth(worn, view.owner == 3)
    alone = np.zeros(person.camera.size, bool)
    if worn is not None:
        alone = 2 * (worn.face >= 0).sum(axis=0) > len(worn.face)
    spots = _spots(view)
    casters = [layer.caster for layer in view.layers if layer is not None]
    return Outfit(
        labels=_labels(view),
        light=light_spots(studio, spots, casters),
        share=share,
        cloth=cloth,
        amodal=alone,
        garment=garment,
        tucked=dress[0],
        fit=dress[1],
        ground=ground_light(studio, person.camera, casters),
    )


def _share(view: _View) -> Bytes:
    """Return `Outfit.share`."""
    samples, height, width = view.owner.shape
    share = np.zeros((height, width, 3), np.uint8)
    person = view.layers[0]
    top = view.owner == 3
    if view.layers[2] is None and person is not None:
        top = (view.owner == 1) & (_of_face(person, person.materials) == Material.CLOTH)
    for channel, mask in enumerate((view.owner > 0, view.owner == 2, top)):
        count = mask.sum(axis=0, dtype=np.uint16)
        share[..., channel] = (count * 255 + samples // 2) // samples
    return share


def _labels(view: _View) -> Bytes:
    """Return the label that most rays of each pixel met; of equals the innermost ray's."""
    samples, height, width = view.owner.shape
    labels = np.zeros(view.owner.shape, np.uint8)
    for place, layer in enumerate(view.layers):
        if layer is not None:
            mine = view.owner == place + 1
            labels[mine] = layer.labels[layer.face[mine]]
    plain = (labels == labels[0]).all(axis=0)
    answer = labels[0].copy()
    mixed = np.nonzero(~plain)
    votes = labels[:, mixed[0], mixed[1]]
    count = np.zeros((len(mixed[0]), len(Lip)), np.float32)
    rows = np.arange(len(mixed[0]))
    for sample in range(samples):
        count[rows, votes[sample]] += 1 + 0.01 * (samples - sample) / samples
    answer[mixed] = count.argmax(axis=1)
    return answer


def _cloth(layer: Layer, seen: NDArray[np.bool_]) -> Cloth:
    """Return the cloth of a garment where `seen` (S, h, w) bool; the innermost ray speaks."""
    mesh = layer.mesh
    if mesh is None:
        raise ValueError("the worn layer must come from cast_garment")
    rows, columns = np.nonzero(seen.any(axis=0))
    at = (seen.argmax(axis=0)[rows, columns], rows, columns)
    face = layer.face[at]
    uv = np.zeros((*seen.shape[1:], 2), np.float32)
    panel = np.full(seen.shape[1:], NOWHERE, np.uint8)
    inside = np.zeros(seen.shape[1:], bool)
    uv[rows, columns] = corners(mesh.uv, face, layer.u[at], layer.v[at])
    panel[rows, columns] = mesh.panel[face]
    rays = camera_rays(layer.camera, columns.astype(np.float32), rows.astype(np.float32))
    inside[rows, columns] = np.einsum("ij,ij->i", face_normals(layer.caster)[face], rays) > 0
    return Cloth(uv, panel, inside)


def _spots(view: _View) -> Spot:
    """Return the points of all pixels that show anything, as the light needs them."""
    person = view.layers[0]
    assert person is not None
    camera = person.camera
    rows, columns = np.nonzero((view.owner > 0).any(axis=0))
    sample = view.first[rows, columns]
    owner = view.owner[sample, rows, columns]
    normal, flat = np.zeros((2, len(rows), 3), np.float32)
    material, ident = np.zeros((2, len(rows)), np.uint8)
    depth = np.full(len(rows), np.inf, np.float32)
    for place, layer in enumerate(view.layers):
        if layer is None:
            continue
        depth = np.minimum(depth, layer.depth[sample, rows, columns])
        mine = np.flatnonzero(owner == place + 1)
        at = (sample[mine], rows[mine], columns[mine])
        face = layer.face[at]
        normals = vertex_normals(layer.caster)
        triples = layer.caster.faces[face]
        normal[mine] = at_vertices(normals, triples, layer.u[at], layer.v[at])
        flat[mine] = face_normals(layer.caster)[face]
        material[mine] = layer.materials[face]
        ident[mine] = 16 * place + layer.caster.shell[face]
    rays = camera_rays(camera, columns.astype(np.float32), rows.astype(np.float32))
    points = np.array(camera.eye, np.float32) + rays * depth[:, None]
    return Spot(camera.size, rows, columns, points, rays, normal, flat, material, ident)


def render_body(
    person: Layer, outfits: Sequence[tuple[Layer | None, Layer | None]] = ()
) -> tuple[Bytes, Bytes]:
    """Return `Sample.body` (h, w, 3) uint8 sRGB and `Sample.body_parts` (h, w) uint8.

    outfits: (lower, worn) layers of the outfits that the picture is for: where a pixel shows
    several things, those count that an outfit leaves visible, so that no colour of what is
    covered bleeds into the border of an arm or of hair.
    """
    weight = np.where(_of_face(person, person.materials) == Material.CLOTH, 0.001, 0.03)
    weight = weight.astype(np.float32)
    for lower, worn in outfits:
        weight += _combine(person, lower, worn).owner == 1
    weight[person.face < 0] = 0
    colour = _colour(person, weight)
    parts = _of_face(person, person.materials)
    best = weight.argmax(axis=0)
    return colour, np.take_along_axis(parts, best[None], axis=0)[0]


def render_albedo(layer: Layer) -> Bytes:
    """Return a layer's own colours, seen alone: (h, w, 3) uint8 sRGB, black where it is not."""
    return _colour(layer, (layer.face >= 0).astype(np.float32))


def _colour(layer: Layer, weight: Floats) -> Bytes:
    """Return the weighted mean of the rays' colours (h, w, 3) uint8, mixed in squared values."""
    height, width = layer.camera.size
    total = np.zeros((height * width, 3), np.float32)
    at = np.flatnonzero(weight > 0)
    face = layer.face.ravel()[at]
    u, v, heavy = layer.u.ravel()[at], layer.v.ravel()[at], weight.ravel()[at]
    colour = np.zeros((len(at), 3), np.float32)
    shells = layer.caster.shell[face]
    first = 0
    for number, surface in enumerate(layer.surfaces):
        mine = np.flatnonzero(shells == number)
        if len(mine):
            uv = corners(surface.uv, face[mine] - first, u[mine], v[mine])
            colour[mine] = lookup(_shrunk(surface, layer, uv, face[mine] - first), uv)
        first += len(surface.faces)
    pixel = at % (height * width)
    for channel in range(3):
        values = colour[:, channel] ** 2 * heavy
        total[:, channel] = np.bincount(pixel, values, height * width)
    sums = np.bincount(pixel, heavy, height * width).astype(np.float32)
    mean = np.sqrt(total / np.maximum(sums, 1e-9)[:, None])
    return np.rint(mean).astype(np.uint8).reshape(height, width, 3)


def _shrunk(surface: Surface, layer: Layer, uv: Floats, faces: Ints) -> Bytes:
    """Return the texture's colours, made smaller where rays would skip most of its pixels.

    uv (n, 2) and faces (n,) are what the rays met of this surface.
    """
    texture = surface.texture[..., :3]
    height, width = texture.shape[:2]
    seen = np.unique(faces)
    a, b, c = (surface.uv[seen, corner] for corner in range(3))
    area = np.abs(_cross(b - a, c - a)).sum() * height * width / 2
    steps = int(np.floor(np.log2(max(np.sqrt(area / max(len(uv), 1)), 1.0)) + 0.25))
    steps = min(steps, int(np.log2(max(min(height, width) // 8, 1))))
    if steps <= 0:
        return np.ascontiguousarray(texture)
    size = (max(width >> steps, 1), max(height >> steps, 1))
    return np.asarray(cv2.resize(texture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _cross(a: Floats, b: Floats) -> Floats:
    """Return the cross product of vectors in the plane, (n, 2) each: (n,)."""
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
