"""Weights, runtime and stages put together; the one place where that is done."""

from fittingroom.pipeline import Stages
from fittingroom.runtime import OnnxNetwork
from fittingroom.stages.background import plain_background
from fittingroom.stages.clothes_warping import warp_clothes
from fittingroom.stages.composition import compose
from fittingroom.stages.content_fusion import fuse_content
from fittingroom.stages.garment import GarmentReader
from fittingroom.stages.parsing import Parser
from fittingroom.stages.pose import PoseEstimator
from fittingroom.stages.semantic_generation import generate_semantics
from fittingroom.stages.worn_garment import isolate_worn_garment
from fittingroom.weights import read_networks


def load_stages(threads: int | None = None) -> Stages:
    """Return the stages with the networks that the package carries; raises bad_weights.

    threads: for the networks; None means all cores that the process may use.
    """
    content = read_networks()
    parser = Parser(OnnxNetwork(content["parsing"], threads))
    return Stages(
        estimate_pose=PoseEstimator(OnnxNetwork(content["pose"], threads)),
        parse_person=parser.parse_person,
        parse_photo=parser.parse_photo,
        isolate_garment=GarmentReader(OnnxNetwork(content["garment"], threads)).isolate_garment,
        isolate_worn_garment=isolate_worn_garment,
        generate_semantics=generate_semantics,
        warp_clothes=warp_clothes,
        fuse_content=fuse_content,
        compose=compose,
        plain_background=plain_background,
    )
