"""What a reader of pictures is, and the order in which lines are read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from PIL import Image


class Reader(Protocol):
    """Anything that reads the texts of a picture without knowing what to expect."""

    @property
    def name(self) -> str:
        """Kind of reader."""

    @property
    def version(self) -> str:
        """Release of the software, or model that reads."""

    def read(self, image: Image.Image) -> list[str]:
        """Lines of an RGB picture, from top to bottom and from left to right.

        Raises:
            ToolError: The picture could not be read; it must not be scored.
        """


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One box of text, edges in pixels."""

    text: str
    left: float
    top: float
    right: float
    bottom: float


def piece_of(text: str, corners: Sequence[Sequence[float]]) -> Piece:
    """A box of text from its corners as (x, y)."""
    across, down = zip(*((float(x), float(y)) for x, y in corners), strict=True)
    return Piece(text=text, left=min(across), right=max(across), top=min(down), bottom=max(down))


def in_reading_order(pieces: Sequence[Piece]) -> list[str]:
    """Texts of boxes, row by row; boxes are on one row if the middle of one is inside the first."""
    rows: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda piece: piece.top + piece.bottom):
        first = rows[-1][0] if rows else None
        if first is not None and first.top < (piece.top + piece.bottom) / 2 < first.bottom:
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return [piece.text for row in rows for piece in sorted(row, key=lambda piece: piece.left)]
