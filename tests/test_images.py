import io
import os
import struct
import warnings
import zlib

import cv2
import numpy as np
import PIL.Image
import PIL.ImageCms
import pytest

from fakes import make_photo
from fittingroom import images
from fittingroom.errors import ErrorCode, FittingRoomError


def smooth(height=64, width=48):
    y, x = np.mgrid[:height, :width]
    return np.dstack([y * 255 // height, x * 255 // width, (x + y) % 200]).astype(np.uint8)


def encoded(picture, name="PNG", **options):
    buffer = io.BytesIO()
    picture.save(buffer, name, **options)
    return buffer.getvalue()


def code_of(source):
    with pytest.raises(FittingRoomError) as caught:
        images.read_photo(source)
    return caught.value.code


def png_claiming(width, height):
    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def test_path_bytes_pil_and_array_read_the_same(tmp_path):
    image = smooth()
    content = encoded(PIL.Image.fromarray(image))
    path = tmp_path / "photo.jpg"  # a wrong suffix does not matter
    path.write_bytes(content)
    for source in (path, str(path), content, PIL.Image.fromarray(image), image):
        assert np.array_equal(images.read_photo(source), image)


@pytest.mark.parametrize("turn", range(1, 9))
def test_exif_turn_is_applied_as_pillow_does(turn):
    exif = PIL.Image.Exif()
    exif[0x0112] = turn
    content = encoded(PIL.Image.fromarray(smooth()), exif=exif)
    from PIL import ImageOps

    upright = np.asarray(ImageOps.exif_transpose(PIL.Image.open(io.BytesIO(content))))
    read = images.read_photo(content)
    assert np.array_equal(read, upright)
    assert read.flags.c_contiguous


@pytest.mark.parametrize("turn", [0, 9, 77])
def test_an_impossible_turn_is_no_turn(turn):
    exif = PIL.Image.Exif()
    exif[0x0112] = turn
    assert images.read_photo(encoded(PIL.Image.fromarray(smooth()), exif=exif)).shape == (64, 48, 3)


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP"])
def test_broken_exif_is_no_turn(name):
    content = encoded(PIL.Image.fromarray(smooth()), name, exif=b"Exif\0\0nonsense")
    assert images.read_photo(content).shape == (64, 48, 3)


@pytest.mark.parametrize("mode", ["L", "1", "P", "LA", "RGBA", "CMYK"])
def test_every_mode_becomes_rgb(mode):
    picture = PIL.Image.fromarray(smooth()).convert(mode)
    read = images.read_photo(encoded(picture, "JPEG" if mode == "CMYK" else "PNG"))
    assert read.shape == (64, 48, 3)
    assert read.dtype == np.uint8
    expected = np.asarray(picture.convert("RGB")).astype(int)
    assert np.abs(read - expected).mean() < 4


def test_sixteen_bit_grey_keeps_its_tones():
    grey = (np.arange(64 * 48).reshape(64, 48) * 21).astype(np.uint16)
    content = bytes(cv2.imencode(".png", grey)[1])
    read = images.read_photo(content)
    assert np.abs(read[:, :, 0] - grey / 257).max() <= 1


def test_sixteen_bit_colour_is_read():
    content = bytes(cv2.imencode(".png", smooth().astype(np.uint16)[:, :, ::-1] * 257)[1])
    assert np.abs(images.read_photo(content).astype(int) - smooth()).max() <= 1


def test_transparent_pixels_are_laid_over_white():
    rgba = np.dstack([smooth(), np.full((64, 48), 255, np.uint8)])
    rgba[:10, :, 3] = 0
    rgba[10, :, 3] = 128
    for source in (rgba, PIL.Image.fromarray(rgba), encoded(PIL.Image.fromarray(rgba), "PNG")):
        read = images.read_photo(source)
        assert (read[:10] == 255).all()
        assert np.abs(read[10] - (rgba[10, :, :3] * 0.5 + 127.5)).max() <= 2
        assert np.array_equal(read[11:], rgba[11:, :, :3])


def test_palette_transparency_is_laid_over_white():
    picture = PIL.Image.new("P", (32, 32), 1)
    picture.putpalette([10, 20, 30, 40, 50, 60])
    picture.paste(0, (0, 0, 32, 16))
    read = images.read_photo(encoded(picture, transparency=0))
    assert (read[:16] == 255).all()
    assert (read[16:] == (40, 50, 60)).all()


def test_first_frame_of_an_animation():
    frames = [PIL.Image.new("RGB", (32, 32), colour) for colour in ("red", "blue")]
    for name in ("WEBP", "PNG"):
        content = encoded(
            frames[0], name, save_all=True, append_images=frames[1:], **{"lossless": True}
        )
        assert np.array_equal(images.read_photo(content)[0, 0], (255, 0, 0))


def test_colours_go_to_srgb_and_a_broken_profile_is_ignored():
    image = smooth()
    lab = PIL.ImageCms.ImageCmsProfile(PIL.ImageCms.createProfile("sRGB")).tobytes()
    picture = PIL.Image.fromarray(image)
    assert np.array_equal(images.read_photo(encoded(picture, icc_profile=lab)), image)
    assert np.array_equal(images.read_photo(encoded(picture, icc_profile=b"nonsense")), image)


def test_a_profile_that_swaps_colours_is_applied():
    profile = bytearray(PIL.ImageCms.ImageCmsProfile(PIL.ImageCms.createProfile("sRGB")).tobytes())
    profile = profile.replace(b"s\x00R\x00G\x00B", b"x\x00Y\x00Z\x00Q")
    red, green = profile.index(b"rXYZ"), profile.index(b"gXYZ")
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    picture = PIL.Image.new("RGB", (32, 32), (200, 30, 30))
    r, g, _ = images.read_photo(encoded(picture, icc_profile=bytes(profile)))[0, 0]
    assert g > 150 > r


def test_missing_folder_empty_and_foreign_files(tmp_path):
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("no picture")
    gif = encoded(PIL.Image.fromarray(smooth()), "GIF")
    assert code_of(tmp_path / "absent.jpg") == ErrorCode.MISSING_FILE
    assert code_of(tmp_path / ("x" * 400)) == ErrorCode.MISSING_FILE
    assert code_of("nul\0byte") == ErrorCode.MISSING_FILE
    assert code_of(tmp_path) == ErrorCode.BAD_IMAGE
    assert code_of(tmp_path / "empty.jpg") == ErrorCode.BAD_IMAGE
    assert code_of(tmp_path / "text.jpg") == ErrorCode.BAD_IMAGE
    assert code_of(gif) == ErrorCode.BAD_IMAGE
    assert code_of(b"") == ErrorCode.BAD_IMAGE


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_truncated_files_are_bad_images(name, share):
    content = encoded(PIL.Image.fromarray(make_photo()), name)
    assert code_of(content[: int(len(content) * share)]) == ErrorCode.BAD_IMAGE


def test_size_limits_are_checked_before_decoding(monkeypatch):
    assert code_of(png_claiming(10_000, 6_000)) == ErrorCode.TOO_LARGE
    assert code_of(png_claiming(60_000, 60_000)) == ErrorCode.TOO_LARGE
    monkeypatch.setattr(images, "MAX_BYTES", 1000)
    assert code_of(b"x" * 1001) == ErrorCode.TOO_LARGE


def test_large_pictures_are_too_large_where_warnings_are_errors():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert code_of(png_claiming(10_000, 10_000)) == ErrorCode.TOO_LARGE


def test_byte_limit_of_a_file(tmp_path, monkeypatch):
    monkeypatch.setattr(images, "MAX_BYTES", 1000)
    (tmp_path / "big.jpg").write_bytes(b"x" * 1001)
    assert code_of(tmp_path / "big.jpg") == ErrorCode.TOO_LARGE


@pytest.mark.parametrize("size", [(1, 500), (500, 1), (15, 15)])
def test_tiny_pictures(size):
    assert code_of(encoded(PIL.Image.new("RGB", size))) == ErrorCode.BAD_IMAGE


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((64, 48, 3), np.float32),
        np.zeros((64, 48, 2), np.uint8),
        np.zeros(64, np.uint8),
        np.zeros((64, 48, 3, 1), np.uint8),
    ],
)
def test_arrays_of_other_kinds_are_refused(array):
    assert code_of(array) == ErrorCode.BAD_IMAGE


def test_grey_and_sixteen_bit_arrays():
    assert images.read_photo(np.full((20, 20), 7, np.uint8)).shape == (20, 20, 3)
    assert images.read_photo(np.full((20, 20), 65535, np.uint16)).max() == 255


@pytest.mark.parametrize("suffix", [".png", ".PNG", ".jpg", ".jpeg", ".webp"])
def test_write_and_read_again(tmp_path, suffix):
    path = tmp_path / f"out{suffix}"
    images.write_image(path, smooth())
    with PIL.Image.open(path) as picture:
        assert picture.format == images.SUFFIXES[suffix.lower()]
        assert not picture.getexif()
    read = images.read_photo(path).astype(int)
    assert np.abs(read - smooth()).mean() < (0.01 if suffix.lower() == ".png" else 4)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_labels_and_cut_outs_are_written_as_they_are(tmp_path):
    labels = np.arange(20 * 20, dtype=np.uint16).reshape(20, 20).astype(np.uint8)
    rgba = np.dstack([smooth(), smooth()[:, :, 0]])
    images.write_image(tmp_path / "labels.png", labels)
    images.write_image(tmp_path / "rgba.png", rgba)
    with PIL.Image.open(tmp_path / "labels.png") as picture:
        assert picture.mode == "L"
        assert np.array_equal(np.asarray(picture), labels)
    with PIL.Image.open(tmp_path / "rgba.png") as picture:
        assert np.array_equal(np.asarray(picture), rgba)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_same_picture_same_bytes(suffix):
    name = images.SUFFIXES[suffix]
    assert images.encode_image(smooth(), name) == images.encode_image(smooth(), name)


def test_unwritable_targets(tmp_path):
    for path, code in (
        (tmp_path / "out.gif", ErrorCode.BAD_OPTION),
        (tmp_path / "out", ErrorCode.BAD_OPTION),
        (tmp_path / "absent" / "out.png", ErrorCode.NOT_WRITABLE),
    ):
        with pytest.raises(FittingRoomError) as caught:
            images.write_image(path, smooth())
        assert caught.value.code == code
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(FittingRoomError) as caught:
        images.write_image(tmp_path / "folder.png", smooth())
    assert caught.value.code == ErrorCode.NOT_WRITABLE
    assert [p.name for p in tmp_path.iterdir()] == ["folder.png"]


def test_devices_and_read_only_files_are_left_alone(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe.png")
    kept = tmp_path / "kept.png"
    kept.write_bytes(b"kept")
    writable = os.access
    monkeypatch.setattr(os, "access", lambda path, how: path != kept and writable(path, how))
    (tmp_path / "link.png").symlink_to(tmp_path / "pipe.png")
    for path in (tmp_path / "pipe.png", tmp_path / "link.png", kept):
        with pytest.raises(FittingRoomError) as caught:
            images.write_image(path, smooth())
        assert caught.value.code == ErrorCode.NOT_WRITABLE
    assert kept.read_bytes() == b"kept"


def test_a_link_is_written_through(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link.png").symlink_to(tmp_path / "folder" / "real.png")
    (tmp_path / "astray.png").symlink_to(tmp_path / "absent" / "real.png")
    images.write_image(tmp_path / "link.png", smooth())
    assert (tmp_path / "link.png").is_symlink()
    assert [p.name for p in (tmp_path / "folder").iterdir()] == ["real.png"]
    with pytest.raises(FittingRoomError) as caught:
        images.write_image(tmp_path / "astray.png", smooth())
    assert caught.value.code == ErrorCode.NOT_WRITABLE


def test_the_longest_names_can_be_written(tmp_path):
    for name in ("x" * 251, "\u8863" * 83):
        images.write_image(tmp_path / f"{name}.png", smooth())


def test_a_format_that_cannot_hold_the_picture():
    for image, name in (
        (np.zeros((20, 20, 4), np.uint8), "JPEG"),
        (np.zeros((16_400, 20, 3), np.uint8), "WEBP"),
    ):
        with pytest.raises(FittingRoomError) as caught:
            images.encode_image(image, name)
        assert caught.value.code == ErrorCode.BAD_OPTION


def test_a_failed_write_leaves_nothing(tmp_path, monkeypatch):
    import pathlib

    def full(self, content):
        open(self, "wb").close()
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(pathlib.Path, "write_bytes", full)
    with pytest.raises(FittingRoomError) as caught:
        images.write_whole({tmp_path / "a.png": b"1", tmp_path / "b.png": b"2"})
    assert caught.value.code == ErrorCode.NOT_WRITABLE
    assert list(tmp_path.iterdir()) == []
