"""What a drawn picture contains, on a grid of 32-pixel cells."""

from collections.abc import Iterator
from dataclasses import dataclass

CELL = 32
"""Side of a cell in pixels: one semantic token of the full grid covers one cell."""

SHAPES: tuple[str, ...] = (
    "circle", "ring", "square", "diamond", "triangle", "hexagon", "heart", "star",
)  # fmt: skip
SHAPE_SIZES: tuple[int, ...] = (2, 3, 4)
BACKGROUNDS: tuple[str, ...] = ("plain", "gradient", "striped", "dotted")
ROWS: tuple[str, ...] = ("top", "middle", "bottom")
COLUMNS: tuple[str, ...] = ("left", "center", "right")


@dataclass(frozen=True, kw_only=True)
class Place:
    """One of nine places of a picture.

    Attributes:
        row: One of ``ROWS``.
        column: One of ``COLUMNS``.
    """

    row: str
    column: str


@dataclass(frozen=True, kw_only=True)
class Background:
    """What fills the picture behind everything.

    Attributes:
        kind: One of ``BACKGROUNDS``.
        colour: Palette name of its main colour.
    """

    kind: str
    colour: str


@dataclass(frozen=True, kw_only=True)
class Box:
    """A rectangle of cells.

    Attributes:
        row: First row.
        column: First column.
        height: Rows covered.
        width: Columns covered.
    """

    row: int
    column: int
    height: int
    width: int

    def cells(self) -> Iterator[tuple[int, int]]:
        """Every (row, column) inside."""
        for row in range(self.row, self.row + self.height):
            for column in range(self.column, self.column + self.width):
                yield row, column


@dataclass(frozen=True, kw_only=True)
class ShapeGroup:
    """One to three equal shapes.

    Attributes:
        kind: One of ``SHAPES``.
        colour: Palette name.
        size: Side in cells, one of ``SHAPE_SIZES``.
        place: Where the group is; several shapes fill the row from left to right.
        boxes: One box a shape.
    """

    kind: str
    colour: str
    size: int
    place: Place
    boxes: tuple[Box, ...]


@dataclass(frozen=True, kw_only=True)
class TextLine:
    """One line of letters, each in its own square of cells.

    Attributes:
        text: What it says; characters of :mod:`glm_image.data.characters`.
        colour: Palette name.
        scale: Side of a character's square in cells, 1 or 2.
        place: Where it is.
        box: Cells it covers.
    """

    text: str
    colour: str
    scale: int
    place: Place
    box: Box


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A whole picture.

    Attributes:
        rows: Height in cells.
        columns: Width in cells.
        background: What is behind.
        shapes: Groups of shapes; no two cover a common cell.
        texts: Lines of text; no two items cover a common cell.
    """

    rows: int
    columns: int
    background: Background
    shapes: tuple[ShapeGroup, ...]
    texts: tuple[TextLine, ...]

    def occupied(self) -> set[tuple[int, int]]:
        """Cells that a shape or a text covers."""
        boxes = [box for group in self.shapes for box in group.boxes]
        boxes += [line.box for line in self.texts]
        return {cell for box in boxes for cell in box.cells()}
