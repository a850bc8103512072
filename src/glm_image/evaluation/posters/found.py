"""What a reader found in a picture or in a grid of codes."""

from dataclasses import dataclass

from glm_image.data.scene import COLUMNS, ROWS, Background, Place


@dataclass(frozen=True, kw_only=True)
class FoundShape:
    """One shape.

    Attributes:
        kind: One of :data:`glm_image.data.scene.SHAPES`.
        colour: Palette name.
        centre: Row and column of its middle as shares of the picture, in [0, 1].
        box: Top, left, bottom and right edge as shares of the picture.
    """

    kind: str
    colour: str
    centre: tuple[float, float]
    box: tuple[float, float, float, float]


@dataclass(frozen=True, kw_only=True)
class FoundLine:
    """One line of letters, not yet read.

    Attributes:
        colour: Palette name of most of it.
        centre: Row and column of its middle as shares of the picture, in [0, 1].
    """

    colour: str
    centre: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Found:
    """Everything that was found.

    Attributes:
        background: What is behind; None where nothing tells.
        shapes: Every shape by itself.
        lines: Lines of letters.
        texts: What the letters say, a line each.
    """

    background: Background | None
    shapes: tuple[FoundShape, ...]
    lines: tuple[FoundLine, ...]
    texts: tuple[str, ...] = ()


def place_of(centre: tuple[float, float]) -> Place:
    """The ninth of the picture that a point lies in."""
    row, column = (min(int(share * 3), 2) for share in centre)
    return Place(row=ROWS[row], column=COLUMNS[column])
