"""Contact sheets: pictures with their prompts below."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw
from PIL.ImageFont import FreeTypeFont

from glm_image.data import fonts

_SIDE = 256
_GAP = 16
_CAPTION = 62
_SIZE = 13
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
    """Put entries on one sheet, row by row.

    Args:
        entries: At least one; all with the same number of pictures.
        columns: Entries a row.
    """
    width = max(len(entry.images) for entry in entries) * (_SIDE + 4) - 4
    rows = -(-len(entries) // columns)
    step_x, step_y = width + _GAP, _SIDE + _CAPTION + _GAP
    size = (columns * step_x + _GAP, rows * step_y + _GAP)
    page = Image.new("RGB", size, _PAPER)
    draw = ImageDraw.Draw(page)
    font = fonts.load(fonts.CHINESE, _SIZE)
    for index, entry in enumerate(entries):
        left = _GAP + index % columns * step_x
        top = _GAP + index // columns * step_y
        for place, image in enumerate(entry.images):
            page.paste(image.resize((_SIDE, _SIDE)), (left + place * (_SIDE + 4), top))
        text = "\n".join(wrap(entry.caption, font, width)[:4])
        draw.multiline_text((left, top + _SIDE + 4), text, font=font, fill=_INK, spacing=1)
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
