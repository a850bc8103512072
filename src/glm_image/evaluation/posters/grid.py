"""Contact sheets: pictures with their prompts below."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageOps
from PIL.ImageFont import FreeTypeFont

from glm_image.data import fonts

_SIDE = 256
_GAP = 16
_BETWEEN = 4
_SIZE = 13
_LINE = 18
_PAPER = (252, 252, 250)
_INK = (40, 40, 44)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One place of a sheet.

    Attributes:
        images: Pictures side by side: one, or source and result of an edit.
        caption: What was asked.
    """

    images: tuple[Image.Image, ...]
    caption: str


def sheet(entries: Sequence[Entry], columns: int) -> Image.Image:
    """Put entries on one sheet, row by row, with room for the longest caption.

    Args:
        entries: At least one.
        columns: Entries a row.
    """
    font = fonts.load(fonts.CHINESE, _SIZE)
    width = max(len(entry.images) for entry in entries) * (_SIDE + _BETWEEN) - _BETWEEN
    captions = [wrap(entry.caption, font, width) for entry in entries]
    step_x = width + _GAP
    step_y = _SIDE + _BETWEEN + max(len(lines) for lines in captions) * _LINE + _GAP
    columns = min(columns, len(entries))
    rows = -(-len(entries) // columns)
    page = Image.new("RGB", (columns * step_x + _GAP, rows * step_y + _GAP), _PAPER)
    draw = ImageDraw.Draw(page)
    for index, (entry, lines) in enumerate(zip(entries, captions, strict=True)):
        left = _GAP + index % columns * step_x
        top = _GAP + index // columns * step_y
        for place, image in enumerate(entry.images):
            fitted = ImageOps.contain(image, (_SIDE, _SIDE))
            beside = left + place * (_SIDE + _BETWEEN) + (_SIDE - fitted.width) // 2
            page.paste(fitted, (beside, top + (_SIDE - fitted.height) // 2))
        for number, line in enumerate(lines):
            below = top + _SIDE + _BETWEEN + number * _LINE
            draw.text((left, below), line, font=font, fill=_INK)
    return page


def wrap(text: str, font: FreeTypeFont, width: int) -> list[str]:
    """Break a text into lines of at most ``width`` pixels, between words where there are any."""
    lines: list[str] = []
    line = ""
    for piece in _pieces(text):
        if line and font.getlength(line + piece) > width:
            lines.append(line.strip())
            line = ""
        line += piece
    return [*lines, line.strip()]


def _pieces(text: str) -> list[str]:
    """Words with the space before them; every Chinese character is a piece of its own."""
    pieces: list[str] = []
    for character in text:
        if not pieces or character == " " or not character.isascii() or not pieces[-1].isascii():
            pieces.append(character)
        else:
            pieces[-1] += character
    return pieces
