"""Draws the wanted texts with ordinary fonts: what a reader makes of them is its ceiling.

The pictures go into a run folder like those of a model, so that the same scoring reads them.
"""

import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from glm_image.data import fonts
from glm_image.errors import InputError
from glm_image.evaluation import data_folder
from glm_image.evaluation.benchmark import Benchmark, Item
from glm_image.evaluation.disk import write_atomically
from glm_image.evaluation.run_folder import BenchmarkRecord, ManifestLine, RunFolder
from glm_image.evaluation.run_settings import RunSettings
from glm_image.evaluation.scores import OK
from glm_image.evaluation.text_metrics import units

MODEL = "clean renderings"
"""What stands for the model in the settings of such a run."""

_SIZES = (64, 56, 48, 40, 34, 28, 24, 20, 16)
# Of the picture's width; of a line's height; between two texts.
_MARGIN, _LEADING, _GAP = 0.05, 1.35, 0.6
_INK, _PAPER = (20, 20, 30), (250, 250, 246)


def draw(texts: Sequence[str], *, side: int) -> Image.Image:
    """Draw texts below each other, dark on light, as large as they fit.

    Args:
        texts: Any, broken into lines between words and Chinese characters.
        side: Width and height in pixels.

    Raises:
        InputError: They do not fit even when small.
        NotFoundError: No font is installed.
    """
    chinese = any(ord(character) > 0x2E7F for text in texts for character in text)
    faces = fonts.CHINESE if chinese else fonts.SANS
    left = round(side * _MARGIN)
    for size in _SIZES:
        font = fonts.load(faces, size)
        blocks = [list(_lines(text, font, side - 2 * left)) for text in texts]
        step = size * _LEADING
        height = step * (sum(map(len, blocks)) + _GAP * (len(blocks) - 1))
        widest = max((font.getlength(line) for block in blocks for line in block), default=0)
        if height <= side - 2 * left and widest <= side - 2 * left:
            return _drawn(blocks, font, side, (left, (side - height) / 2), step)
    raise InputError(
        f"{sum(map(len, texts))} characters do not fit", field="size", hint="use a larger picture"
    )


def draw_run(
    path: Path,
    benchmark: Benchmark,
    items: Sequence[Item],
    *,
    side: int,
    record: BenchmarkRecord,
    on_item: Callable[[int, int], None] | None = None,
) -> RunFolder:
    """Draw the texts of prompts into a run folder, one picture for every sample.

    Args:
        path: The folder; pictures that are there stay.
        benchmark: Which benchmark.
        items: Its prompts; each with texts.
        side: Width and height of the pictures.
        record: What the run says about the benchmark's data.
        on_item: Called with the number of prompts done and of all.

    Raises:
        InputError: A prompt has no texts, or the folder holds another run.
    """
    if not all(item.texts for item in items):
        raise InputError(f"{benchmark.name} has prompts without texts", field="benchmark")
    run = RunFolder.create(path, settings(side))
    run.add(benchmark, record)
    present = run.lines(benchmark.name)
    for done, item in enumerate(items, 1):
        for sample in range(1, benchmark.samples + 1):
            line = present.get((item.id, sample))
            if line is None or not run.is_intact(line):
                _save(run, benchmark, item, sample, side)
        if on_item is not None:
            on_item(done, len(items))
    return run


def record_of(benchmark: Benchmark, data: Path | None, subset: str | None) -> BenchmarkRecord:
    """What a run says about the data of a benchmark."""
    folder = data_folder.find(benchmark, data)
    digest = data_folder.digest(benchmark, folder)
    return BenchmarkRecord(version=benchmark.version, data_sha256=digest, subset=subset)


def _lines(text: str, font: ImageFont.FreeTypeFont, width: float) -> Iterator[str]:
    """Break a text into lines that are not wider than given, where it can be broken."""
    line, end = "", 0
    for unit in units(text):
        start = text.index(unit, end)
        between, end = text[end:start], start + len(unit)
        longer = line + (between if line else "") + unit
        if line and font.getlength(longer) > width:
            yield line
            line = unit
        else:
            line = longer
    if line:
        yield line


def _drawn(
    blocks: Sequence[Sequence[str]],
    font: ImageFont.FreeTypeFont,
    side: int,
    corner: tuple[float, float],
    step: float,
) -> Image.Image:
    image = Image.new("RGB", (side, side), _PAPER)
    pen = ImageDraw.Draw(image)
    left, top = corner
    for block in blocks:
        for line in block:
            pen.text((left, top), line, fill=_INK, font=font)
            top += step
        top += _GAP * step
    return image


def _save(run: RunFolder, benchmark: Benchmark, item: Item, sample: int, side: int) -> None:
    buffer = io.BytesIO()
    draw(item.texts, side=side).save(buffer, format="PNG")
    path = run.image_path(benchmark, item, sample)
    write_atomically(path, buffer.getvalue())
    run.append(
        ManifestLine(
            benchmark=benchmark.name,
            item=item.id,
            sample=sample,
            seed=0,
            prompt_sha256=hashlib.sha256(item.prompt.encode()).hexdigest(),
            texts=item.texts,
            width=side,
            height=side,
            status=OK,
            seconds=0.0,
            file=run.relative(path),
            sha256=hashlib.sha256(buffer.getvalue()).hexdigest(),
        )
    )


def settings(side: int) -> RunSettings:
    """Settings of a run that no model drew, with pictures of this width and height in pixels."""
    return RunSettings(
        model=MODEL,
        weights_sha256="",
        commit="",
        quotes="",
        width=side,
        height=side,
        steps=0,
        guidance=0.0,
        temperature=0.0,
        top_p=0.0,
        dtype="",
        device="",
        versions={"pillow": version("pillow")},
    )
