"""Picture files."""

import io
import json
import resource
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PilImage

from glm_image.errors import InputError, NotFoundError
from glm_image.image import codec, opening
from glm_image.types import Image

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 5, 3), dtype=np.uint8)
PICTURE = Image(pixels=PIXELS, provenance={"prompt": "“你好” \U0001f642", "seed": 42})


def encoded(image: PilImage.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format=kind, **options)
    return buffer.getvalue()


def test_png_keeps_pixels_and_provenance(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    codec.save_png(PICTURE, path)
    assert np.array_equal(np.asarray(opening.load(path)), PIXELS)
    assert codec.read_parameters(path) == dict(PICTURE.provenance)
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]


def test_png_replaces_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    codec.save_png(PICTURE, path)
    assert np.array_equal(np.asarray(opening.load(str(path))), PIXELS)


def test_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    big = Image(pixels=np.random.default_rng(1).integers(0, 256, (300, 300, 3), dtype=np.uint8))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(InputError, match="cannot be written"):
            codec.save_png(big, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file") as caught:
        codec.save_png(PICTURE, tmp_path / "missing" / "a.png")
    assert caught.value.field == "output"


def test_transparency_lies_over_white() -> None:
    image = PilImage.new("RGBA", (2, 1), (255, 0, 0, 0))
    image.putpixel((1, 0), (0, 0, 255, 255))
    loaded = opening.load(encoded(image, "PNG"))
    assert loaded.getpixel((0, 0)) == (255, 255, 255)
    assert loaded.getpixel((1, 0)) == (0, 0, 255)


def test_orientation_is_applied() -> None:
    image = PilImage.new("RGB", (4, 2))
    exif = PilImage.Exif()
    exif[0x0112] = 6
    assert opening.load(encoded(image, "JPEG", exif=exif)).size == (2, 4)


@pytest.mark.parametrize("mode", ["L", "P", "LA", "CMYK", "1"])
def test_modes_become_rgb(mode: str) -> None:
    image = PilImage.new("RGB", (3, 3), (255, 255, 255)).convert(mode)
    loaded = opening.load(image)
    assert loaded.mode == "RGB" and loaded.getpixel((1, 1)) == (255, 255, 255)


def test_sixteen_bits_are_scaled() -> None:
    values = np.array([[0, 257 * 100, 65535]], dtype=np.uint16)
    loaded = opening.load(encoded(PilImage.fromarray(values), "PNG"))
    assert np.asarray(loaded)[0, :, 0].tolist() == [0, 100, 255]


@pytest.mark.parametrize(
    "data", [b"", b"text", codec.encode_png(PICTURE)[:60], b"%PDF-1.4", b"<svg/>"]
)
def test_no_picture(data: bytes) -> None:
    with pytest.raises(InputError) as caught:
        opening.load(data)
    assert caught.value.field == "image"


def test_too_many_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "MAX_PIXELS", 20)
    with pytest.raises(InputError, match="more than 20 pixels"):
        opening.load(codec.encode_png(PICTURE))


def test_missing_and_unreadable(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        opening.load(tmp_path / "none.png")
    with pytest.raises(InputError, match="cannot be read"):
        opening.load(tmp_path)


def test_parameters_of_other_files(tmp_path: Path) -> None:
    bare = tmp_path / "bare.png"
    codec.save_png(Image(pixels=PIXELS), bare)
    with pytest.raises(NotFoundError, match="does not say"):
        codec.read_parameters(bare)
    for text in ("Steps: 20", json.dumps([1])):
        info = codec.PngInfo()
        info.add_text("parameters", text)
        PilImage.fromarray(PIXELS).save(bare, pnginfo=info)
        with pytest.raises(InputError, match="other text"):
            codec.read_parameters(bare)
    (tmp_path / "x.png").write_bytes(b"no")
    with pytest.raises(InputError, match="no picture"):
        codec.read_parameters(tmp_path / "x.png")
    with pytest.raises(NotFoundError):
        codec.read_parameters(tmp_path / "y.png")
