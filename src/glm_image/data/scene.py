"""What a drawn picture contains, on a grid of 32-pixel cells."""

from collections.abc import Iterator
from dataclasses import dataclass

CELL = 32
"""Side of a cell in pixels: one semantic token of the full grid covers one cell."""

SHAPES: tuple[str, ...] = (
    "circle", "ring", "square", "diamond", "triangle", "hexagon", "heart", "star",
)  # fmt: skip
OUTLINED_SHAPES: tuple[str, ...] = tuple(kind for kind in SHAPES if kind != "ring")
"""Shapes that may be drawn as an outline; a ring is one already."""

SHAPE_SIZES: tuple[int, ...] = (2, 3, 4)
STYLES: tuple[str, ...] = ("filled", "outlined")
FONTS: tuple[str, ...] = ("sans", "serif")
BACKGROUNDS: tuple[str, ...] = (
    "plain", "pastel", "gradient", "striped", "dotted", "checkered",
)  # fmt: skip
PATTERNS: tuple[str, ...] = BACKGROUNDS[1:]
DIRECTIONS: tuple[str, ...] = ("right", "down")
ROWS: tuple[str, ...] = ("top", "middle", "bottom")
COLUMNS: tuple[str, ...] = ("left", "center", "right")
DESIGNS: tuple[str, ...] = ("poster", "title", "halves", "quarters", "steps")


@dataclass(frozen=True, kw_only=True)
class Place:
    """One of nine places of a picture.

    Attributes:
        row: One of ``ROWS``.
        column: One of ``COLUMNS``.
    """

    row: str
    column: str


PLACES: tuple[Place, ...] = tuple(
    Place(row=row, column=column) for row in ROWS for column in COLUMNS
)


@dataclass(frozen=True, kw_only=True)
class Background:
    """What fills the picture, or one panel of it, behind everything.

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

    def contains(self, row: float, column: float) -> bool:
        """Whether a point, in cells, lies inside."""
        inside = self.row <= row < self.row + self.height
        return inside and self.column <= column < self.column + self.width


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A half or a quarter of a picture with a background of its own.

    Attributes:
        box: Cells it covers.
        background: What fills it.
        place: The place of the picture whose name the panel has; a left half is the middle row's
            left, an upper half the top row's center, a quarter its corner.
    """

    box: Box
    background: Background
    place: Place


@dataclass(frozen=True, kw_only=True)
class ShapeGroup:
    """One to three equal shapes.

    Attributes:
        kind: One of ``SHAPES``.
        colour: Palette name.
        style: One of ``STYLES``; a ring is filled.
        size: Side in cells, one of ``SHAPE_SIZES``.
        place: Where the group is; several shapes fill the row from left to right.
        boxes: One box a shape.
    """

    kind: str
    colour: str
    style: str = "filled"
    size: int
    place: Place
    boxes: tuple[Box, ...]


@dataclass(frozen=True, kw_only=True)
class TextLine:
    """A text of one or two lines of letters, each in its own square of cells.

    Attributes:
        text: What it says; characters of :mod:`glm_image.data.characters` and single spaces.
        colour: Palette name.
        font: One of ``FONTS``.
        scale: Side of a character's square in cells, 1 or 2; Chinese characters need 2.
        place: Where it is.
        box: Cells it covers.
        lines: How it is broken into lines, each centred in the box; one line if empty.
    """

    text: str
    colour: str
    font: str = "sans"
    scale: int
    place: Place
    box: Box
    lines: tuple[str, ...] = ()

    def characters(self) -> Iterator[tuple[str, Box]]:
        """Every character but spaces with its square, in reading order."""
        for number, line in enumerate(self.lines or (self.text,)):
            row = self.box.row + number * self.scale
            first = self.box.column + (self.box.width - len(line) * self.scale) // 2
            for index, character in enumerate(line):
                if character != " ":
                    yield (
                        character,
                        Box(
                            row=row,
                            column=first + index * self.scale,
                            height=self.scale,
                            width=self.scale,
                        ),
                    )


@dataclass(frozen=True, kw_only=True)
class Arrow:
    """An arrow between two steps of a diagram.

    Attributes:
        direction: Where it points, one of ``DIRECTIONS``.
        colour: Palette name.
        box: Two cells across its direction and one along it; the arrow is in the middle.
    """

    direction: str
    colour: str
    box: Box


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A whole picture.

    Attributes:
        design: What kind of picture it is, one of ``DESIGNS``. In a "title" the first text is the
            title and the second its subtitle. In "halves" and "quarters" every panel holds one
            thing. In "steps" the texts are the labels of three steps in order, and the shapes, if
            there are any, stand for the same steps in the same order.
        rows: Height in cells.
        columns: Width in cells.
        background: What is behind; of a picture with panels the first panel's.
        panels: Halves or quarters that cover the picture, in reading order; else empty.
        shapes: Groups of shapes; no two things cover a common cell.
        texts: Texts.
        arrows: Arrows between steps, in order.
    """

    design: str = "poster"
    rows: int
    columns: int
    background: Background
    panels: tuple[Panel, ...] = ()
    shapes: tuple[ShapeGroup, ...]
    texts: tuple[TextLine, ...]
    arrows: tuple[Arrow, ...] = ()

    def boxes(self) -> list[Box]:
        """Boxes of all things: shapes, texts, arrows."""
        boxes = [box for group in self.shapes for box in group.boxes]
        boxes += [line.box for line in self.texts]
        return boxes + [arrow.box for arrow in self.arrows]

    def occupied(self) -> set[tuple[int, int]]:
        """Cells that a thing covers."""
        return {cell for box in self.boxes() for cell in box.cells()}

    def background_at(self, row: float, column: float) -> Background:
        """What is behind a point, given in cells."""
        for panel in self.panels:
            if panel.box.contains(row, column):
                return panel.background
        return self.background

    def behind(self, box: Box) -> Background:
        """What is behind a thing; a thing lies in one panel."""
        return self.background_at(box.row, box.column)

    def whole(self) -> Box:
        """The box of the whole picture."""
        return Box(row=0, column=0, height=self.rows, width=self.columns)
