import json
from dataclasses import replace

import numpy as np
import pytest
from paper import make_sheet

from fittingroom.synth.graphics import GraphicKind, Place, draw_graphic, sample_graphic
from fittingroom.synth.motifs import Motif
from fittingroom.synth.palettes import is_white
from fittingroom.synth.prints import paint, sample_print
from fittingroom.synth.shapes import Edge, GarmentKind, Panel
from fittingroom.synth.trims import Border, Closure, Finish, Pocket
from fittingroom.synth.weaves import Weave
from fittingroom.types import Category

WHITE = (250, 250, 250)


@pytest.fixture(scope="module")
def sheet():
    return make_sheet(pixel=0.004, opening=True)


def bare(sheet, seed=0, **changes):
    """A design without graphics and trims."""
    design = sample_print(sheet, np.random.default_rng(seed))
    trims = replace(
        design.trims, borders=(), thread=None, seam=0.0, collar=None, collar_rib=False,
        closure=Closure.NONE, pockets=(),
    )  # fmt: skip
    pattern = replace(design.pattern, **changes)
    return replace(design, pattern=pattern, graphics=(), trims=trims, weave=Weave.SMOOTH)


def test_one_seed_gives_one_picture(sheet):
    first, second = (sample_print(sheet, np.random.default_rng(5)) for _ in range(2))
    assert first.to_record() == second.to_record()
    assert np.array_equal(paint(sheet, first), paint(sheet, second))


@pytest.mark.parametrize("kind", list(GarmentKind))
def test_every_garment_gets_a_design_that_is_json(kind):
    lower = kind in (GarmentKind.SKIRT, GarmentKind.TROUSERS, GarmentKind.SHORTS)
    sheet = make_sheet(kind, 0.01, True, Category.LOWER if lower else Category.UPPER)
    for seed in range(3):
        design = sample_print(sheet, np.random.default_rng(seed))
        assert json.loads(json.dumps(design.to_record()))["seed"] == design.seed
        image = paint(sheet, design)
        assert image.shape == (*sheet.panel.shape, 3)
        assert image.dtype == np.uint8


@pytest.mark.parametrize("motif", list(Motif))
def test_every_motif_paints(sheet, motif):
    image = paint(sheet, bare(sheet, 3, motif=motif, scale=0.05))
    cloth = image[sheet.panel == Panel.FRONT].astype(float)
    assert (cloth.std(axis=0).max() > 4) == (motif not in (Motif.PLAIN, Motif.RAGLAN))


@pytest.mark.parametrize("weave", list(Weave))
def test_white_stays_white_in_every_weave(sheet, weave):
    white = replace(bare(sheet, 1, motif=Motif.PLAIN, colours=(WHITE,) * 4), weave=weave)
    image = paint(sheet, white)
    if weave is not Weave.DENIM:
        assert image.min() >= 235


def test_seams_and_hems_leave_white_white(sheet):
    white = bare(sheet, 1, motif=Motif.PLAIN, colours=(WHITE,) * 4)
    edges = (Edge.NECKLINE, Edge.CUFF, Edge.HEM)
    borders = tuple(Border(edge, Finish.RIB, 0.02, None) for edge in edges)
    trims = replace(white.trims, borders=borders, seam=0.8)
    assert paint(sheet, replace(white, trims=trims)).min() >= 235


@pytest.mark.parametrize("kind", list(GraphicKind))
def test_every_graphic_is_drawn_within_its_width(kind):
    graphic = sample_graphic(Place.CHEST, WHITE, np.random.default_rng(2))
    stamp = draw_graphic(replace(graphic, kind=kind), 60, None)
    assert stamp.cover.shape[1] == 60
    assert stamp.colours.shape == (*stamp.cover.shape, 3)
    assert 0.02 < stamp.cover.mean() <= 1


def test_a_chest_print_lies_on_the_front_panel_only(sheet):
    plain = bare(sheet, 1, motif=Motif.PLAIN)
    graphic = sample_graphic(Place.CHEST, plain.pattern.colours[0], np.random.default_rng(1))
    printed = paint(sheet, replace(plain, graphics=(replace(graphic, width=2.0),)))
    changed = (printed != paint(sheet, plain)).any(axis=2)
    assert changed.sum() > 100
    assert set(np.unique(sheet.panel[changed])) == {int(Panel.FRONT)}


def test_a_photo_is_what_the_cloth_shows(sheet):
    photo = np.full((40, 40, 3), (200, 30, 60), np.uint8)
    image = paint(sheet, replace(bare(sheet, 1, motif=Motif.PHOTO), photo=photo))
    assert np.abs(image.reshape(-1, 3).mean(axis=0) - (200, 30, 60)).max() < 4


def test_matched_cloth_is_continuous_over_the_whole_sheet(sheet):
    soft = bare(sheet, 4, motif=Motif.OMBRE, matched=True)
    image = paint(sheet, soft).astype(int)
    assert np.abs(np.diff(image, axis=1)).max() < 80


def test_unmatched_panels_are_cut_from_places_of_their_own(sheet):
    design = bare(sheet, 4, motif=Motif.STRIPES, scale=0.08, vertical=False, matched=False)
    image = paint(sheet, design)[60:180]
    panel = sheet.panel[60:180]
    for number in (Panel.FRONT, Panel.BACK):
        cols = np.nonzero((panel == number).all(axis=0))[0]
        rows = image[:, cols].astype(int)
        assert np.abs(rows - rows[:, :1]).max() < 20
    front, back = (np.nonzero((panel == p).all(axis=0))[0][5] for p in (Panel.FRONT, Panel.BACK))
    assert np.abs(image[:, front].astype(int) - image[:, back]).max() > 20


def test_a_design_looks_the_same_fine_and_coarse():
    coarse, fine = make_sheet(pixel=0.004), make_sheet(pixel=0.002)
    for motif in (Motif.TARTAN, Motif.FLORAL, Motif.STRIPES):
        design = bare(coarse, 8, motif=motif, scale=0.09, angle=0.0)
        first, second = paint(coarse, design), paint(fine, design)
        height, width = coarse.panel.shape[0], coarse.panel.shape[1]
        blocks = second[: height * 2, : width * 2].reshape(height, 2, width, 2, 3)
        off = np.abs(blocks.mean(axis=(1, 3)) - first.astype(float)).mean()
        assert off < 14


def test_trims_follow_their_edges(sheet):
    plain = bare(sheet, 1, motif=Motif.PLAIN, colours=((60, 90, 150),) * 4)
    border = Border(Edge.NECKLINE, Finish.RIB, 0.02, (250, 220, 40))
    trims = replace(plain.trims, borders=(border,), closure=Closure.BUTTONS, pockets=tuple(Pocket))
    image = paint(sheet, replace(plain, trims=trims))
    near = (sheet.distance[Edge.NECKLINE] < 0.015) & (sheet.panel < 255)
    assert (image[near][:, 2] < 120).mean() > 0.8
    changed = (image != paint(sheet, plain)).any(axis=2)
    opening = sheet.distance[Edge.OPENING] < 0.004
    assert changed[opening].any()


def test_clothes_have_the_colours_of_clothes(sheet):
    grounds = [sample_print(sheet, np.random.default_rng(k)).pattern.colours[0] for k in range(200)]
    dull = [max(c) - min(c) < 40 for c in grounds]
    assert 0.1 < np.mean([is_white(c) for c in grounds]) < 0.3
    assert 0.45 < np.mean(dull) < 0.85
