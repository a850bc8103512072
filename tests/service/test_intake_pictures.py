"""Files of strangers: what is a picture comes out plain, everything else is refused by name."""

import asyncio
import io
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake import masked, plain
from PIL import Image, ImageCms

from glm_image.errors import InputError
from glm_image.serving.errors import BusyError, TooLargeError
from glm_image.serving.intake.budget import PixelBudget
from glm_image.serving.intake.gate import Checked, Intake
from glm_image.serving.settings import RequestLimits

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def check(data: bytes, **options: Any) -> Checked:
    intake = Intake(RequestLimits(), **options)
    try:
        return await intake.check(data, field="image")
    finally:
        await intake.close()


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format=kind, **options)
    return buffer.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_of(width: int, height: int, *extra: bytes) -> bytes:
    """A PNG that promises a size and holds hardly anything."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    rows = chunk(b"IDAT", zlib.compress(b"\0" * 64))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(extra) + rows + chunk(b"IEND", b"")


def text_bomb() -> bytes:
    return chunk(b"zTXt", b"a\0\0" + zlib.compress(b"\0" * 80_000_000, 9))


def gradient(mode: str = "RGB", width: int = 40, height: int = 24) -> Image.Image:
    return Image.linear_gradient("L").resize((width, height)).convert(mode)


def many_frames() -> bytes:
    frames = [Image.new("L", (1, 1), k % 256) for k in range(2000)]
    return saved(frames[0], "PNG", save_all=True, append_images=frames[1:])


def animation() -> bytes:
    frames = [Image.new("RGB", (16, 16), (k * 60, 0, 0)) for k in range(4)]
    return saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)


def sixteen_bits() -> bytes:
    rows = np.full((8, 8), 32768, dtype=np.uint16)
    return saved(Image.fromarray(rows), "PNG")


def palette() -> bytes:
    image = Image.new("P", (8, 8), 1)
    image.putpalette([0, 0, 0, 255, 0, 0])
    return saved(image, "PNG", transparency=0)


GOOD: dict[str, tuple[Callable[[], bytes], tuple[int, int], bool]] = {
    "png": (lambda: plain(40, 24), (40, 24), False),
    "jpeg": (lambda: plain(40, 24, kind="jpeg"), (40, 24), False),
    "webp": (lambda: plain(40, 24, kind="webp"), (40, 24), False),
    "grey": (lambda: saved(gradient("L"), "PNG"), (40, 24), False),
    "one bit": (lambda: saved(gradient("1"), "PNG"), (40, 24), False),
    "cmyk": (lambda: saved(gradient("CMYK"), "JPEG"), (40, 24), False),
    "16 bits": (sixteen_bits, (8, 8), False),
    "palette": (palette, (8, 8), True),
    "alpha": (lambda: masked(40, 24), (40, 24), True),
    "2000 frames": (many_frames, (1, 1), False),
    "animation": (animation, (16, 16), False),
    "junk profile": (lambda: saved(gradient(), "PNG", icc_profile=b"junk"), (40, 24), False),
    "something behind": (lambda: plain(8, 8) + b"PK\x03\x04<script>", (8, 8), False),
}


@pytest.mark.parametrize("name", list(GOOD))
async def test_pictures_come_out_plain(name: str) -> None:
    make, size, transparent = GOOD[name]
    checked = await check(make())
    assert (checked.width, checked.height, checked.transparent) == (*size, transparent)
    assert checked.mime == "image/png"
    with Image.open(io.BytesIO(checked.data), formats=["PNG"]) as image:
        assert image.size == size
        assert image.mode == ("RGBA" if transparent else "RGB")
        assert not image.info
        assert image.n_frames == 1  # type: ignore[attr-defined]
    assert b"script" not in checked.data


async def test_sixteen_bits_keep_their_grey() -> None:
    checked = await check(sixteen_bits())
    with Image.open(io.BytesIO(checked.data)) as image:
        assert image.getpixel((0, 0)) == (127, 127, 127)


@pytest.mark.parametrize("turn", range(1, 9))
async def test_photographs_are_turned_upright(turn: int) -> None:
    image = Image.new("RGB", (40, 24), "red")
    exif = Image.Exif()
    exif[0x0112] = turn
    exif[0x010E] = "secret place"
    checked = await check(saved(image, "JPEG", exif=exif))
    assert (checked.width, checked.height) == ((24, 40) if turn >= 5 else (40, 24))
    assert b"secret" not in checked.data


async def test_colours_become_srgb() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    assert (await check(saved(gradient(), "PNG", icc_profile=profile.tobytes()))).width == 40
    own = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    checked = await check(saved(Image.new("RGB", (8, 8), (10, 200, 30)), "PNG", icc_profile=own))
    with Image.open(io.BytesIO(checked.data)) as image:
        assert image.getpixel((0, 0)) == (10, 200, 30)


BAD: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "a zero": lambda: b"\0",
    "zeros": lambda: b"\0" * 10_000,
    "html": lambda: b"<html><script>alert(1)</script></html>",
    "svg": lambda: (
        b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'
    ),
    "gif": lambda: saved(gradient("L"), "GIF"),
    "bmp": lambda: saved(gradient(), "BMP"),
    "tiff": lambda: saved(gradient(), "TIFF"),
    "pdf": lambda: saved(gradient(), "PDF"),
    "ico": lambda: saved(gradient(), "ICO"),
    "eps": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(r) file\n",
    "too wide": lambda: png_of(8193, 10),
    "too many pixels": lambda: png_of(8000, 5001),
    "header bomb": lambda: png_of(2**31 - 1, 2**31 - 1),
    "text bomb": lambda: png_of(8, 8, text_bomb()),
    "empty rows": lambda: png_of(4000, 4000),
    "truncated png": lambda: plain(400, 400)[:300],
    "truncated jpeg": lambda: saved(gradient(width=400, height=400), "JPEG")[:-400],
    "truncated webp": lambda: saved(gradient(width=400, height=400), "WEBP")[:-100],
    "broken sum": lambda: plain(8, 8).replace(b"IDAT", b"IDAX"),
    "only a head": lambda: b"\x89PNG\r\n\x1a\n",
}


@pytest.mark.parametrize("name", list(BAD))
async def test_what_is_no_sound_picture_is_refused(name: str) -> None:
    with pytest.raises(InputError) as refused:
        await check(BAD[name]())
    assert refused.value.field == "image"
    assert refused.value.hint
    assert "/" not in refused.value.message.replace("8193x10", "")


async def test_a_long_file_is_refused_before_it_is_read() -> None:
    intake = Intake(RequestLimits(file_bytes=100))
    with pytest.raises(TooLargeError, match="101 bytes"):
        await intake.check(b"x" * 101, field="image[1]")


@pytest.mark.parametrize(
    "script",
    [
        "import os; os._exit(3)",
        "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
        'import sys; sys.stdout.write(\'{"width": 1, "height": 1}\\n\'); sys.stdout.flush()',
        "import time; time.sleep(60)",
    ],
    ids=["leaves", "crashes", "stops half way", "never ends"],
)
async def test_a_reader_that_fails_is_an_error_of_the_picture(script: str) -> None:
    with pytest.raises(InputError, match=r"cannot be read|too long"):
        await check(plain(8, 8), seconds=3.0, command=[sys.executable, "-c", script])


async def test_the_reader_has_little_memory_and_no_files(tmp_path: Path) -> None:
    probe = (
        "from glm_image.serving.intake import decoder; decoder._confine()\n"
        "import resource, sys, json\n"
        f"try:\n    open({str(tmp_path / 'x')!r}, 'wb', 0).write(b'x')\n    wrote = True\n"
        "except OSError:\n    wrote = False\n"
        "try:\n    bytearray(3 * 2**30)\n    got = True\n"
        "except MemoryError:\n    got = False\n"
        "print(json.dumps([wrote, got, resource.getrlimit(resource.RLIMIT_CPU)[0]]))\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n" + probe,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    assert out.strip() == b"[false, false, 20]"


async def test_pictures_at_once_share_the_pixels() -> None:
    intake = Intake(RequestLimits(decoded_megapixels=0.002))
    try:
        pictures = [intake.check(plain(40, 40, seed), field="image") for seed in range(6)]
        assert [one.width for one in await asyncio.gather(*pictures)] == [40] * 6
        assert intake._budget.free == 2000
    finally:
        await intake.close()


# --------------------------------------------------------------------------------- pixels


async def test_pixels_are_handed_out_in_order() -> None:
    budget = PixelBudget(100, 5.0)
    order: list[int] = []

    async def use(number: int, pixels: int) -> None:
        async with budget.hold(pixels):
            order.append(number)
            await asyncio.sleep(0.02)

    # The second does not fit beside the first, and the third does not overtake it.
    await asyncio.gather(use(1, 60), use(2, 60), use(3, 10), use(4, 1000))
    assert order == [1, 2, 3, 4]
    assert budget.free == 100


async def test_who_waits_too_long_is_told_to_come_back() -> None:
    budget = PixelBudget(100, 0.05)
    async with budget.hold(100):
        with pytest.raises(BusyError) as refused:
            async with budget.hold(1):
                pass
        assert refused.value.code == "1305"
    assert budget.free == 100
    async with budget.hold(100):
        assert budget.free == 0


async def test_who_leaves_gives_its_turn_away() -> None:
    budget = PixelBudget(10, 5.0)

    async def use() -> None:
        async with budget.hold(10):
            await asyncio.sleep(5)

    async with budget.hold(10):
        waiting = asyncio.create_task(use())
        await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    assert budget.free == 10
