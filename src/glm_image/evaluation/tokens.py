"""Reads a grid of codes by the vocabulary of meanings, without drawing it."""

from dataclasses import dataclass

from torch import Tensor

from glm_image.data.vocabulary import Meaning, meanings


@dataclass(frozen=True, kw_only=True)
class TokenReading:
    """What a grid of codes says.

    Attributes:
        background: Kind and colour of most background cells; None without any.
        shapes: Kind, colour, part, row and column of every cell of a shape, in order.
        texts: Characters of every run of text, from top to bottom and left to right; of large
            letters the upper left quarters.
    """

    background: tuple[str, str] | None
    shapes: tuple[tuple[str, str, str, int, int], ...]
    texts: tuple[str, ...]


def read_codes(codes: Tensor) -> TokenReading:
    """Read codes ``[h, w]``; unused codes mean nothing."""
    table = meanings()
    cells = [[table[c] if c < len(table) else None for c in row] for row in codes.tolist()]
    backgrounds: dict[tuple[str, str], int] = {}
    shapes: list[tuple[str, str, str, int, int]] = []
    for row, line in enumerate(cells):
        for column, cell in enumerate(line):
            if cell is None:
                continue
            if cell.thing == "background":
                key = (cell.kind, cell.colour)
                backgrounds[key] = backgrounds.get(key, 0) + 1
            elif cell.thing == "shape":
                shapes.append((cell.kind, cell.colour, cell.part, row, column))
    most = max(backgrounds, key=lambda key: backgrounds[key]) if backgrounds else None
    texts = tuple(text for line in cells for text in _runs(line))
    return TokenReading(background=most, shapes=tuple(shapes), texts=texts)


def _runs(line: list[Meaning | None]) -> list[str]:
    """Texts of one row of cells; one cell without a letter is a space inside a text."""
    texts: list[str] = []
    gap = 2
    for cell in line:
        if cell is None or cell.thing != "text":
            gap += 1
            continue
        if cell.part in ("0", "00"):
            if gap > 1:
                texts.append("")
            texts[-1] += cell.kind
            gap = 0
    return texts
