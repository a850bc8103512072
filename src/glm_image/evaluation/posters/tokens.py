"""Reads a grid of codes by the vocabulary of meanings, without drawing it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor

from glm_image.data.designs import CORNERS, SIDE_BY_SIDE, STACKED
from glm_image.data.scene import Background, Place
from glm_image.data.vocabulary import FIRST, HALVES, LETTERS, WHOLE, Meaning, meanings
from glm_image.evaluation.posters import found
from glm_image.evaluation.posters.found import (
    Found,
    FoundArea,
    FoundArrow,
    FoundPiece,
    FoundShape,
    Frame,
)
from glm_image.evaluation.posters.matching import reading_order

# Share of the parts of a shape that must stand in their places for it to be one.
_PARTS = 0.7
# Share of the cells of a panel that must have its background.
_PANEL = 0.8
# Of the three cells around the first one of a large character so many must belong to it.
_QUARTERS = 2

Cells = list[list[Meaning | None]]


def read_codes(codes: Tensor) -> Found:
    """Find what codes ``[h, w]`` name; codes without a meaning show nothing."""
    table = meanings()
    cells = [[table[c] if c < len(table) else None for c in row] for row in codes.tolist()]
    return Found(
        areas=tuple(_areas(cells)),
        shapes=tuple(_shapes(cells)),
        pieces=tuple(reading_order(list(_pieces(cells)))),
        arrows=tuple(_arrows(cells)),
    )


def _areas(cells: Cells) -> list[FoundArea]:
    """The panels, if each has its own background; else what fills most of the picture."""
    height, width = len(cells), len(cells[0])
    for places in (CORNERS, SIDE_BY_SIDE, STACKED):
        areas = [_area(_part(cells, place, height // 2, width // 2), place) for place in places]
        clear = [area for area in areas if area is not None]
        colours = {area.background.colour for area in clear}
        if len(clear) == len(places) and len(colours) == len(places):
            return clear
    whole = _area(cells, found.WHOLE, least=0.0)
    return [] if whole is None else [whole]


def _part(cells: Cells, place: Place, middle_row: int, middle_column: int) -> Cells:
    rows = {"top": slice(middle_row), "middle": slice(None), "bottom": slice(middle_row, None)}
    columns = {
        "left": slice(middle_column),
        "center": slice(None),
        "right": slice(middle_column, None),
    }
    return [line[columns[place.column]] for line in cells[rows[place.row]]]


def _area(cells: Cells, place: Place, least: float = _PANEL) -> FoundArea | None:
    """Kind and colour of most cells of the background; None where they are too few."""
    counts = Counter(
        (cell.kind, cell.colour)
        for line in cells
        for cell in line
        if cell is not None and cell.thing == "background"
    )
    if not counts:
        return None
    (kind, colour), number = counts.most_common(1)[0]
    if number < least * counts.total():
        return None
    return FoundArea(place=place, background=Background(kind=kind, colour=colour))


@dataclass(frozen=True, kw_only=True)
class _Whole:
    """A shape that a cell claims to be a part of; corner and side in cells."""

    kind: str
    style: str
    colour: str
    row: int
    column: int
    side: int


def _shapes(cells: Cells) -> Iterator[FoundShape]:
    """Shapes of which enough parts stand where they belong."""
    claims: Counter[_Whole] = Counter()
    for row, column, cell in _all(cells):
        if cell.thing == "shape":
            part, side = cell.part.split("of")
            claims[
                _Whole(
                    kind=cell.kind,
                    style=cell.style,
                    colour=cell.colour,
                    row=row - int(part[0]),
                    column=column - int(part[1]),
                    side=int(side),
                )
            ] += 1
    for whole, parts in claims.items():
        if parts >= _PARTS * whole.side**2:
            yield FoundShape(
                kind=whole.kind,
                style=whole.style,
                colour=whole.colour,
                size=whole.side,
                frame=_square(whole.row, whole.column, whole.side),
            )


def _pieces(cells: Cells) -> Iterator[FoundPiece]:
    """Words: letters side by side; a large letter counts if the cells around belong to it."""
    for scale in (1, 2):
        for row in range(len(cells)):
            run: list[tuple[int, str, str]] = []
            for column in range(len(cells[0])):
                letter = _letter(cells, row, column, scale)
                if letter is None:
                    continue
                if run and column - run[-1][0] > scale:
                    yield _piece(run, row, scale)
                    run = []
                run.append((column, *letter))
            if run:
                yield _piece(run, row, scale)


def _letter(cells: Cells, row: int, column: int, scale: int) -> tuple[str, str] | None:
    """Character and colour of a letter whose first cell is here."""
    cell = cells[row][column]
    if cell is None or cell.thing != "text" or cell.part != (WHOLE if scale == 1 else FIRST):
        return None
    if scale == 1:
        return cell.kind, cell.colour
    colours = [
        other.colour
        for down, along in ((0, 1), (1, 0), (1, 1))
        if (other := _at(cells, row + down, column + along)) is not None
        and (other.kind, other.part) == (LETTERS, f"{down}{along}")
    ]
    if len(colours) < _QUARTERS:
        return None
    return cell.kind, Counter(colours).most_common(1)[0][0]


def _piece(run: list[tuple[int, str, str]], row: int, scale: int) -> FoundPiece:
    return FoundPiece(
        text="".join(character for _, character, _ in run),
        colour=Counter(colour for _, _, colour in run).most_common(1)[0][0],
        scale=scale,
        frame=Frame(top=row, left=run[0][0], bottom=row + scale, right=run[-1][0] + scale),
    )


def _arrows(cells: Cells) -> Iterator[FoundArrow]:
    """Arrows of two halves."""
    for row, column, cell in _all(cells):
        if cell.thing != "arrow" or cell.part != HALVES[0]:
            continue
        right = cell.kind == "right"
        other = _at(cells, row + right, column + (not right))
        if other is not None and (other.thing, other.kind) == ("arrow", cell.kind):
            height, width = (2, 1) if right else (1, 2)
            yield FoundArrow(
                direction=cell.kind,
                colour=cell.colour,
                frame=Frame(top=row, left=column, bottom=row + height, right=column + width),
            )


def _all(cells: Cells) -> Iterator[tuple[int, int, Meaning]]:
    for row, line in enumerate(cells):
        for column, cell in enumerate(line):
            if cell is not None:
                yield row, column, cell


def _at(cells: Cells, row: int, column: int) -> Meaning | None:
    inside = row < len(cells) and column < len(cells[0])
    return cells[row][column] if inside else None


def _square(row: int, column: int, side: int) -> Frame:
    return Frame(top=row, left=column, bottom=row + side, right=column + side)
