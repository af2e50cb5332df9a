"""The clothes warping module (CWM): the garment in the shape that the layout asks for."""

from fittingroom.body import read_body
from fittingroom.rig import build_rig, drape
from fittingroom.types import Garment, Layout, Person, WarpedGarment


def warp_clothes(person: Person, garment: Garment, layout: Layout) -> WarpedGarment:
    """Lay the garment on the person: a spline for the torso, a strip along each arm.

    The opacity ends with the garment itself; what the layout puts in front is not yet cut out.
    """
    draped = drape(build_rig(read_body(person), garment), garment, person.size)
    return WarpedGarment(draped.source, draped.mask)
