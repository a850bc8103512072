"""Reads a grid of codes by the vocabulary of meanings, without drawing it."""

from collections import Counter
from dataclasses import dataclass

from torch import Tensor

from glm_image.data.scene import Background
from glm_image.data.vocabulary import Meaning, meanings
from glm_image.evaluation.posters.found import Found, FoundLine, FoundShape

# Share of the parts of a shape that must stand in their places for it to be one.
_PARTS = 0.7

Cells = list[list[Meaning | None]]


@dataclass(frozen=True, kw_only=True)
class _Whole:
    """A shape that a cell claims to be a part of; corner and side in cells."""

    kind: str
    colour: str
    row: int
    column: int
    side: int


def read_codes(codes: Tensor) -> Found:
    """Find what codes ``[h, w]`` name; codes without a meaning show nothing."""
    table = meanings()
    cells = [[table[c] if c < len(table) else None for c in row] for row in codes.tolist()]
    lines = [line for row in range(len(cells)) for line in _lines(cells, row)]
    return Found(
        background=_background(cells),
        shapes=tuple(_shapes(cells)),
        lines=tuple(line for _, line in lines),
        texts=tuple(text for text, _ in lines),
    )


def _background(cells: Cells) -> Background | None:
    """Kind and colour of most cells of the background; None without any."""
    counts = Counter(
        (cell.kind, cell.colour)
        for line in cells
        for cell in line
        if cell is not None and cell.thing == "background"
    )
    if not counts:
        return None
    kind, colour = counts.most_common(1)[0][0]
    return Background(kind=kind, colour=colour)


def _shapes(cells: Cells) -> list[FoundShape]:
    """Shapes of which enough parts stand where they belong."""
    height, width = len(cells), len(cells[0])
    claims: Counter[_Whole] = Counter()
    for row, line in enumerate(cells):
        for column, cell in enumerate(line):
            if cell is not None and cell.thing == "shape":
                part, side = cell.part.split("of")
                claims[
                    _Whole(
                        kind=cell.kind,
                        colour=cell.colour,
                        row=row - int(part[0]),
                        column=column - int(part[1]),
                        side=int(side),
                    )
                ] += 1
    found = []
    for whole, parts in claims.items():
        if parts < _PARTS * whole.side**2:
            continue
        box = (
            whole.row / height,
            whole.column / width,
            (whole.row + whole.side) / height,
            (whole.column + whole.side) / width,
        )
        centre = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        found.append(FoundShape(kind=whole.kind, colour=whole.colour, centre=centre, box=box))
    return found


def _lines(cells: Cells, row: int) -> list[tuple[str, FoundLine]]:
    """Texts that start in a row; of large letters the upper left quarters are read.

    One cell without a letter is a space inside a text, two are the gap between two texts.
    """
    runs: list[list[tuple[int, Meaning]]] = []
    gap = 2
    for column, cell in enumerate(cells[row]):
        if cell is None or cell.thing != "text":
            gap += 1
        elif cell.part in ("0", "00"):
            if gap > 1:
                runs.append([])
            runs[-1].append((column, cell))
            gap = 0
    return [_line(run, row, (len(cells), len(cells[0]))) for run in runs]


def _line(run: list[tuple[int, Meaning]], row: int, size: tuple[int, int]) -> tuple[str, FoundLine]:
    scale = 1 if run[0][1].part == "0" else 2
    first, last = run[0][0], run[-1][0]
    colour = Counter(cell.colour for _, cell in run).most_common(1)[0][0]
    centre = (row + scale / 2) / size[0], (first + last + scale) / 2 / size[1]
    return "".join(cell.kind for _, cell in run), FoundLine(colour=colour, centre=centre)
