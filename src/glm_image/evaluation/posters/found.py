"""What a reader found in a picture or in a grid of codes."""

from collections.abc import Iterable
from dataclasses import dataclass

from glm_image.data.scene import Background, Place


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A rectangle; edges are in cells from the picture's upper left corner.

    Attributes:
        top: Upper edge.
        left: Left edge.
        bottom: Lower edge.
        right: Right edge.
    """

    top: float
    left: float
    bottom: float
    right: float

    @property
    def row(self) -> float:
        """Middle from above."""
        return (self.top + self.bottom) / 2

    @property
    def column(self) -> float:
        """Middle from the left."""
        return (self.left + self.right) / 2


def around(frames: Iterable[Frame]) -> Frame:
    """The smallest frame around at least one."""
    every = list(frames)
    return Frame(
        top=min(frame.top for frame in every),
        left=min(frame.left for frame in every),
        bottom=max(frame.bottom for frame in every),
        right=max(frame.right for frame in every),
    )


@dataclass(frozen=True, kw_only=True)
class FoundArea:
    """What fills the whole picture or a panel of it.

    Attributes:
        place: Of the panel; the middle of the whole picture.
        background: Its kind and colour.
    """

    place: Place
    background: Background


@dataclass(frozen=True, kw_only=True)
class FoundShape:
    """One shape.

    Attributes:
        kind: One of :data:`glm_image.data.scene.SHAPES`.
        style: One of :data:`glm_image.data.scene.STYLES`.
        colour: Palette name.
        size: Side in cells of the square that it fills.
        frame: Where it is.
    """

    kind: str
    style: str
    colour: str
    size: int
    frame: Frame


@dataclass(frozen=True, kw_only=True)
class FoundPiece:
    """Letters that stand together: a word, or a whole text without spaces.

    Attributes:
        text: What they say; empty as long as they are not read.
        colour: Palette name of most of them.
        scale: Side in cells of a letter's square, 1 or 2.
        frame: Where they are.
    """

    text: str
    colour: str
    scale: int
    frame: Frame


@dataclass(frozen=True, kw_only=True)
class FoundArrow:
    """One arrow.

    Attributes:
        direction: One of :data:`glm_image.data.scene.DIRECTIONS`.
        colour: Palette name.
        frame: Where it is.
    """

    direction: str
    colour: str
    frame: Frame


@dataclass(frozen=True, kw_only=True)
class Found:
    """Everything that was found.

    Attributes:
        areas: Backgrounds of the panels, or the one of the whole picture; none where nothing tells.
        shapes: Every shape by itself.
        pieces: Letters, piece by piece in reading order.
        arrows: Every arrow.
    """

    areas: tuple[FoundArea, ...] = ()
    shapes: tuple[FoundShape, ...] = ()
    pieces: tuple[FoundPiece, ...] = ()
    arrows: tuple[FoundArrow, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """What all pieces say."""
        return tuple(piece.text for piece in self.pieces)


WHOLE = Place(row="middle", column="center")
"""Place of a background that fills the whole picture."""
