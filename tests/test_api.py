import io
import pickle
import subprocess
import sys

import numpy as np
import PIL.Image
import pytest

import fittingroom
from fakes import make_photo, make_stages
from fittingroom import ErrorCode, FittingRoom, FittingRoomError
from fittingroom.labels import LabelSet
from fittingroom.options import background_named, category_named, label_set_named
from fittingroom.pipeline import Background
from fittingroom.types import Category


def test_public_names():
    assert sorted(fittingroom.__all__) == [
        "ErrorCode", "FittingRoom", "FittingRoomError", "TryOnResult", "WarningCode", "__version__",
    ]  # fmt: skip
    for name in fittingroom.__all__:
        assert getattr(fittingroom, name) is not None
    with pytest.raises(AttributeError):
        _ = fittingroom.absent


def test_error_codes_are_stable():
    assert {code.value for code in ErrorCode} == {
        "no_person", "person_too_small", "torso_not_visible", "garment_not_found",
        "garment_hidden",
        "unsupported_category", "bad_image", "too_large", "missing_file", "not_writable",
        "bad_option", "bad_weights", "internal",
    }  # fmt: skip


def test_errors_cross_process_borders():
    error = pickle.loads(pickle.dumps(FittingRoomError(ErrorCode.NO_PERSON, "give another")))
    assert (error.code, str(error)) == (ErrorCode.NO_PERSON, "no_person: give another")


def test_import_is_light():
    code = (
        "import sys, fittingroom, fittingroom.cli;"
        "heavy = {'torch', 'onnxruntime', 'cv2', 'numpy', 'PIL'} & set(sys.modules);"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_room_takes_path_bytes_pil_and_array(tmp_path):
    room = FittingRoom(make_stages())
    photo, product = make_photo(), make_photo(60, 50)
    buffer = io.BytesIO()
    PIL.Image.fromarray(photo).save(buffer, "PNG")
    path = tmp_path / "person.png"
    path.write_bytes(buffer.getvalue())
    expected = room.try_on(photo, product).image
    for source in (path, str(path), buffer.getvalue(), PIL.Image.fromarray(photo)):
        assert np.array_equal(room.try_on(source, product).image, expected)


def test_inputs_are_left_alone_and_results_repeat():
    room = FittingRoom(make_stages())
    photo, product = make_photo(), make_photo(60, 50)
    kept = photo.copy()
    first, second = room.try_on(photo, product), room.try_on(photo, product, background="plain")
    assert np.array_equal(photo, kept)
    assert np.array_equal(first.image, room.try_on(photo, product).image)
    assert not np.array_equal(first.image, second.image)


def test_report_and_save(tmp_path):
    result = FittingRoom(make_stages()).try_on(make_photo(), make_photo(60, 50))
    result.save(tmp_path / "out.webp")
    assert (tmp_path / "out.webp").stat().st_size
    assert set(result.report) == {
        "version", "weights", "category", "milliseconds", "joints_missing", "layers_removed",
        "warnings",
    }  # fmt: skip
    assert result.report["category"] == "upper"
    assert result.report["layers_removed"] == ["upper_clothes", "coat"]
    assert "total" in result.report["milliseconds"]


def test_pose_parse_and_garment():
    room = FittingRoom(make_stages())
    assert len(room.pose(make_photo())) == 1
    assert room.parse(make_photo(), labels="atr").max() == 4
    assert room.garment(make_photo(60, 50)).mask.any()
    empty = FittingRoom(make_stages(people=()))
    for call in (empty.pose, empty.parse):
        with pytest.raises(FittingRoomError) as caught:
            call(make_photo())
        assert caught.value.code == ErrorCode.NO_PERSON


@pytest.mark.parametrize("text", ["upper", "tops", "upper_body", "upperbody", "Tops "])
def test_aliases_of_upper(text):
    assert category_named(text) is Category.UPPER


def test_capitals_and_blanks_are_forgiven():
    assert background_named(" Plain") is Background.PLAIN
    assert label_set_named("LIP") is LabelSet.LIP


def test_auto_is_no_category():
    assert category_named("auto") is None


@pytest.mark.parametrize(
    "text", ["lower", "bottoms", "lower_body", "dress", "dresses", "one-pieces", "overall"]
)
def test_what_cannot_be_put_on_yet(text):
    with pytest.raises(FittingRoomError) as caught:
        category_named(text)
    assert caught.value.code == ErrorCode.UNSUPPORTED_CATEGORY


def test_an_unknown_option_is_refused():
    room = FittingRoom(make_stages())
    for call in (
        lambda: room.try_on(make_photo(), make_photo(), category="hat"),
        lambda: room.try_on(make_photo(), make_photo(), category=None),
        lambda: room.try_on(make_photo(), make_photo(), background="beach"),
        lambda: room.parse(make_photo(), labels="coco"),
    ):
        with pytest.raises(FittingRoomError) as caught:
            call()
        assert caught.value.code == ErrorCode.BAD_OPTION
