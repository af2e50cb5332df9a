import json
import zipfile
from dataclasses import fields, replace

import numpy as np
import pytest

from fittingroom.synth import records
from fittingroom.synth.records import (
    RecordError,
    flow,
    read_product,
    read_sample,
    read_sheet,
    write_product,
    write_sample,
    write_sheet,
)
from fittingroom.synth.shapes import (
    Cloth,
    Edge,
    GarmentKind,
    Outfit,
    Panel,
    Product,
    Sample,
    Sheet,
    View,
)
from fittingroom.types import Category, Sleeve

H, W = 40, 30


def cloth_of(seed=0):
    y, x = np.mgrid[:H, :W].astype(np.float32)
    uv = np.stack([x * 0.003 + 0.02, y * 0.002 + 0.013 + seed * 0.001], 2)
    panel = np.full((H, W), 255, np.uint8)
    panel[5:35, 4:15] = Panel.FRONT
    panel[5:35, 15:25] = Panel.HOOD
    uv[panel == 255] = 0
    return Cloth(uv, panel, (panel == Panel.HOOD) & (y > 20))


def outfit_of(seed, cloth=True):
    rng = np.random.default_rng(seed)
    return Outfit(
        labels=rng.integers(0, 20, (H, W), np.uint8),
        light=rng.integers(0, 127, (H, W, 2), np.uint8) * np.uint8(2),
        share=rng.integers(0, 5, (H, W, 3), np.uint8) * np.uint8(51),
        cloth=cloth_of(seed) if cloth else None,
        amodal=rng.random((H, W)) > 0.5,
        garment=f"tube{seed}" if cloth else None,
        tucked=bool(seed % 2),
        fit=0.1 * seed,
        ground=rng.integers(0, 255, (H // 2, W // 2), np.uint8),
    )


def sample_of():
    rng = np.random.default_rng(9)
    return Sample(
        outfits={"a": outfit_of(1), "b": outfit_of(2), "base": outfit_of(3, cloth=False)},
        body=rng.integers(0, 255, (H, W, 3), np.uint8),
        lower=rng.integers(0, 255, (H, W, 3), np.uint8),
        body_parts=rng.integers(0, 4, (H, W), np.uint8),
        joints=rng.uniform(0, 99, (18, 3)).astype(np.float32),
        record={"seed": 5, "pose": "arms_down", "nested": {"x": [1.5, None]}},
    )


def product_of(shift=(0.0, 0.0)):
    """A product picture whose pixel (x, y) shows the sheet at x / 400 and y / 500."""
    grid = 0.004
    t, s = np.mgrid[:41, :41].astype(np.float32) * np.float32(grid)
    table = np.stack([s * 400 + shift[0], t * 500 + shift[1]], 2)
    y, x = np.mgrid[:80, :60].astype(np.float32)
    uv = np.stack([(x - shift[0]) / 400, (y - shift[1]) / 500], 2)
    uv[(uv < 0).any(2)] = 0
    panel = np.full((80, 60), Panel.FRONT, np.uint8)
    inside = np.zeros((80, 60), bool)
    return Product(
        garment="tube",
        view=View.FLAT,
        cloth=Cloth(uv, panel, inside),
        light=np.full((80, 60, 2), 100, np.uint8),
        share=np.full((80, 60), 255, np.uint8),
        shadow=np.full((80, 60), 240, np.uint8),
        inner_back=inside,
        landmarks={"collar_front": (12.5, 3.25, 1.0)},
        sheet_to_pixel=table,
        grid=grid,
        record={"camera": {"focal": 1.0}},
    )


def assert_same(one, two, about=""):
    for field in fields(one):
        a, b = getattr(one, field.name), getattr(two, field.name)
        name = f"{about}.{field.name}"
        if isinstance(a, np.ndarray):
            assert a.dtype == b.dtype, name
            if a.dtype == np.float32 and a.ndim == 3:
                np.testing.assert_allclose(a, b, atol=0.00013 if name.endswith("uv") else 0.02)
            else:
                np.testing.assert_array_equal(a, b, name)
        elif isinstance(a, Cloth):
            assert_same(a, b, name)
        elif isinstance(a, dict) and all(isinstance(value, Outfit) for value in a.values()):
            assert list(a) == list(b)
            for key, value in a.items():
                assert_same(value, b[key], f"{name}.{key}")
        else:
            assert a == b, name


def test_a_sample_comes_back_as_it_was(tmp_path):
    path = tmp_path / "new" / "0.zip"
    write_sample(path, sample_of())
    assert_same(sample_of(), read_sample(path), "sample")
    first = path.read_bytes()
    write_sample(path, read_sample(path))
    assert path.read_bytes() == first
    assert [entry.name for entry in path.parent.iterdir()] == ["0.zip"]


def test_light_comes_back_within_a_step(tmp_path):
    rng = np.random.default_rng(0)
    light = {name: rng.integers(0, 256, (H, W, 2), np.uint8) for name in ("a", "b", "base")}
    sample = sample_of()
    outfits = {name: replace(sample.outfits[name], light=light[name]) for name in light}
    write_sample(tmp_path / "0.zip", replace(sample, outfits=outfits))
    for name, outfit in read_sample(tmp_path / "0.zip").outfits.items():
        away = np.abs(outfit.light.astype(int) - light[name])
        assert away.max() <= 1, name


def test_a_product_and_a_sheet_come_back_as_they_were(tmp_path):
    product = product_of((3.3, -2.0))
    product.sheet_to_pixel[:4] = np.nan
    write_product(tmp_path / "p.zip", product)
    assert_same(product, read_product(tmp_path / "p.zip"), "product")
    distance = np.random.default_rng(0).uniform(0, 6, (9, 7)).astype(np.float32)
    sheet = Sheet(
        garment="tube",
        kind=GarmentKind.TSHIRT,
        category=Category.UPPER,
        sleeve=Sleeve.SHORT,
        pixel=0.002,
        panel=np.arange(63, dtype=np.uint8).reshape(9, 7),
        distance={Edge.HEM: distance},
        front=(0.25, 0.5),
    )
    write_sheet(tmp_path / "s.zip", sheet)
    again = read_sheet(tmp_path / "s.zip")
    np.testing.assert_allclose(again.distance[Edge.HEM], distance, atol=0.00006)
    np.testing.assert_array_equal(again.panel, sheet.panel)
    assert (again.kind, again.sleeve, again.front) == (sheet.kind, sheet.sleeve, sheet.front)


def test_every_damage_is_refused(tmp_path):
    path = tmp_path / "0.zip"
    write_sample(path, sample_of())
    whole = path.read_bytes()
    for place in range(40, len(whole) - 60, len(whole) // 25):
        broken = bytearray(whole)
        broken[place] ^= 255
        path.write_bytes(broken)
        try:
            again = read_sample(path)
        except RecordError as error:
            assert str(path) in str(error) and "render it again" in str(error)
        else:  # a byte of the zip's own that nothing depends on
            assert_same(sample_of(), again, "sample")
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RecordError, match="not a whole record"):
        read_sample(path)


def swapped(path, name, data):
    """Put other bytes in a record's member, with a right zip checksum."""
    with zipfile.ZipFile(path) as file:
        members = {entry: file.read(entry) for entry in file.namelist()}
    members[name] = data(members[name])
    with zipfile.ZipFile(path, "w") as file:
        for entry, value in members.items():
            file.writestr(entry, value)


def test_a_swapped_picture_is_refused(tmp_path):
    write_sample(tmp_path / "0.zip", sample_of())
    swapped(tmp_path / "0.zip", "body.png", lambda data: data[:-4] + b"zzzz")
    with pytest.raises(RecordError, match=r"body\.png is damaged"):
        read_sample(tmp_path / "0.zip")


def test_other_versions_and_kinds_are_refused(tmp_path):
    write_sample(tmp_path / "0.zip", sample_of())
    with pytest.raises(RecordError, match="wanted a product"):
        read_product(tmp_path / "0.zip")
    swapped(
        tmp_path / "0.zip",
        "record.json",
        lambda data: json.dumps(json.loads(data) | {"format": 99}).encode(),
    )
    with pytest.raises(RecordError, match="version 99"):
        read_sample(tmp_path / "0.zip")


def test_a_failed_write_leaves_the_old_record(tmp_path, monkeypatch):
    path = tmp_path / "0.zip"
    write_sample(path, sample_of())
    before = path.read_bytes()
    monkeypatch.setattr(records.zipfile.ZipFile, "writestr", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_sample(path, sample_of())
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["0.zip"]


def test_the_flow_of_an_affine_map_is_exact():
    cloth, product = cloth_of(), product_of((2.25, 1.5))
    target, valid = flow(cloth, product)
    worn = cloth.panel != 255
    wanted = cloth.uv * np.float32([400, 500]) + np.float32([2.25, 1.5])
    assert np.abs(target - wanted)[worn].max() < 0.1
    assert np.isnan(target[~worn]).all() and not valid[~worn].any()
    np.testing.assert_array_equal(valid[worn], (cloth.panel == Panel.FRONT)[worn])


def test_the_flow_is_not_valid_where_the_product_hides_the_point():
    cloth, product = cloth_of(), product_of()
    product.cloth.uv[20:40] += 0.05
    product.cloth.inside[:12] = True
    _, valid = flow(cloth, product)
    row = np.rint(cloth.uv[..., 1] * 500)
    front = cloth.panel == Panel.FRONT
    assert not valid[front & (row > 22) & (row < 37)].any()
    assert not valid[front & (row < 10)].any()
    assert valid[front & (row > 14) & (row < 18)].all()


def test_nothing_worn_has_no_flow():
    cloth = replace(cloth_of(), panel=np.full((H, W), 255, np.uint8))
    target, valid = flow(cloth, product_of())
    assert np.isnan(target).all() and not valid.any()
