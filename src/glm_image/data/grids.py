"""Scenes as grids of codes."""

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from glm_image.data.characters import is_han
from glm_image.data.scene import SHAPE_SIZES, Arrow, Box, Scene, ShapeGroup, TextLine
from glm_image.data.vocabulary import (
    FIRST,
    GRADIENT_LEVELS,
    HALVES,
    LETTERS,
    NOTHING,
    WHOLE,
    Meaning,
    code_of,
)

Grid = NDArray[np.int64]
_Places = list[tuple[int, float]]


def full_grid(scene: Scene) -> Grid:
    """Codes of the full grid ``[rows, columns]``, one per 32-pixel cell."""
    return preview_grid(scene, scene.rows, scene.columns)


def preview_grid(scene: Scene, height: int, width: int) -> Grid:
    """Codes of a ``[height, width]`` raster of the same picture.

    Every patch is named after what stands at its centre.
    """
    raster = _Raster(scene=scene, height=height, width=width)
    grid = np.empty((height, width), dtype=np.int64)
    _write_background(grid, raster)
    for group in scene.shapes:
        _write_shapes(grid, raster, group)
    for line in scene.texts:
        _write_text(grid, raster, line)
    for arrow in scene.arrows:
        _write_arrow(grid, raster, arrow)
    return grid


def starts(scene: Scene, height: int, width: int) -> list[int]:
    """Where things begin in a ``height`` x ``width`` raster: flat indices, ascending.

    Every shape, line of a text and arrow has one, the first patch that shows it; what is so small
    that it falls between the patches' centres has none.
    """
    raster = _Raster(scene=scene, height=height, width=width)
    boxes = [box for group in scene.shapes for box in group.boxes]
    boxes += [box for text in scene.texts for box in _line_starts(text)]
    firsts = [patches[0] for patches in map(raster.patches, boxes) if patches]
    firsts += [patch for arrow in scene.arrows for patch, _ in raster.arrow(arrow)[:1]]
    return sorted(patch.row * width + patch.column for patch in firsts)


def _line_starts(text: TextLine) -> list[Box]:
    """The square of the first character of each of a text's lines."""
    firsts: dict[int, Box] = {}
    for _, box in text.characters():
        firsts.setdefault(box.row, box)
    return list(firsts.values())


def shape_parts(cells: float) -> int:
    """Into how many parts a side the vocabulary cuts a shape that covers so many patches."""
    whole = round(cells)
    while whole > SHAPE_SIZES[-1] and whole % 2 == 0:
        whole //= 2
    return min(max(whole, SHAPE_SIZES[0]), SHAPE_SIZES[-1])


class _Patch(NamedTuple):
    """A patch whose centre lies in a box; ``v`` and ``u`` are its place there in [0, 1)."""

    row: int
    column: int
    v: float
    u: float

    def part(self, parts: int) -> str:
        """Row and column of the part that is seen if a thing is cut into so many a side."""
        return f"{int(self.v * parts)}{int(self.u * parts)}"


@dataclass(frozen=True, kw_only=True)
class _Raster:
    scene: Scene
    height: int
    width: int

    def patches(self, box: Box) -> list[_Patch]:
        """Patches whose centre lies in the box, in raster order."""
        rows, columns = self.lines(box)
        return [_Patch(row, column, v, u) for row, v in rows for column, u in columns]

    def lines(self, box: Box) -> tuple[_Places, _Places]:
        """Rows and columns of patches in the box, each with its centre's place there."""
        rows = _inside(box.row, box.height, self.height / self.scene.rows, self.height)
        columns = _inside(box.column, box.width, self.width / self.scene.columns, self.width)
        return rows, columns

    def arrow(self, arrow: Arrow) -> list[tuple[_Patch, str]]:
        """Patches that show an arrow, with the part that each shows.

        Halves where its box has two patches; else quarters of the box's middle, for an arrow
        fills no more than that.
        """
        patches = self.patches(arrow.box)
        if len(patches) == len(HALVES):
            return list(zip(patches, HALVES, strict=True))
        parts = [(patch, _arrow_quarter(arrow, patch)) for patch in patches]
        return [(patch, part) for patch, part in parts if part is not None]


@cache
def _inside(first: int, length: int, ratio: float, count: int) -> list[tuple[int, float]]:
    """Of ``count`` patches, ``ratio`` a cell, those with their centre in so many cells."""
    places = [((index + 0.5) / ratio - first) / length for index in range(count)]
    return [(index, place) for index, place in enumerate(places) if 0 <= place < 1]


@cache
def _code(thing: str, kind: str, colour: str, style: str, part: str) -> int:
    return code_of(Meaning(thing=thing, kind=kind, colour=colour, style=style, part=part))


def _write_background(grid: Grid, raster: _Raster) -> None:
    areas = [(panel.box, panel.background) for panel in raster.scene.panels]
    for box, background in areas or [(raster.scene.whole(), raster.scene.background)]:
        rows, columns = raster.lines(box)
        first, last = columns[0][0], columns[-1][0]
        for row, v in rows:
            level = int(v * GRADIENT_LEVELS) if background.kind == "gradient" else 0
            code = _code("background", background.kind, background.colour, NOTHING, str(level))
            grid[row, first : last + 1] = code


def _write_shapes(grid: Grid, raster: _Raster, group: ShapeGroup) -> None:
    parts = shape_parts(group.size * raster.height / raster.scene.rows)
    for box in group.boxes:
        for patch in raster.patches(box):
            part = f"{patch.part(parts)}of{parts}"
            code = _code("shape", group.kind, group.colour, group.style, part)
            grid[patch.row, patch.column] = code


def _write_text(grid: Grid, raster: _Raster, line: TextLine) -> None:
    for character, box in line.characters():
        patches = raster.patches(box)
        if len(patches) == 1 and not is_han(character):
            code = _code("text", character, line.colour, line.font, WHOLE)
            grid[patches[0].row, patches[0].column] = code
            continue
        for patch in patches:
            code = _code("text", LETTERS, line.colour, line.font, patch.part(2))
            grid[patch.row, patch.column] = code
        if patches:
            grid[patches[0].row, patches[0].column] = _code(
                "text", character, NOTHING, NOTHING, FIRST
            )


def _write_arrow(grid: Grid, raster: _Raster, arrow: Arrow) -> None:
    for patch, part in raster.arrow(arrow):
        code = _code("arrow", arrow.direction, arrow.colour, NOTHING, part)
        grid[patch.row, patch.column] = code


def _arrow_quarter(arrow: Arrow, patch: _Patch) -> str | None:
    """Which quarter of the arrow a patch shows; None beside it."""
    across, along = (patch.v, patch.u) if arrow.direction == "right" else (patch.u, patch.v)
    if not 0.25 <= across < 0.75:
        return None
    quarter = int((across - 0.25) * 4), int(along * 2)
    row, column = quarter if arrow.direction == "right" else quarter[::-1]
    return f"{row}{column}"
