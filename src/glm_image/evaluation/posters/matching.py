"""Which of the letters that were found belong to which text that was asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from glm_image.evaluation.posters.found import FoundPiece, Frame, around
from glm_image.evaluation.text_scores import TextScore, score_text

# Widest gap inside a text and farthest lines of one text, in squares of its letters.
_WIDEST_GAP, _FARTHEST_LINE = 1.95, 1.4
# Pieces on one row have their middles this near to each other, in squares.
_ONE_ROW = 0.6


@dataclass(frozen=True, kw_only=True)
class Match:
    """The pieces that make a text.

    Attributes:
        score: How near what they say is to the text.
        pieces: Indices of the pieces; none where nothing is like the text.
        frame: Where they are; None without any.
        colours: Palette names of the pieces.
    """

    score: TextScore
    pieces: frozenset[int] = frozenset()
    frame: Frame | None = None
    colours: tuple[str, ...] = ()


def match_pieces(expected: Sequence[str], pieces: Sequence[FoundPiece]) -> list[Match]:
    """Find every expected text among pieces: words side by side, and two lines below each other.

    Pairs are made greedily from the best down; a piece serves one text.
    """
    runs = list(_runs(pieces))
    scored = [
        (score_text(text, "".join(pieces[index].text for index in run)), number, run)
        for number, text in enumerate(expected)
        for run in runs
    ]
    scored.sort(key=lambda one: (one[0].loose, one[0].similarity, -len(one[2])), reverse=True)
    chosen: dict[int, Match] = {}
    taken: set[int] = set()
    for score, number, run in scored:
        like = score.loose or score.similarity > 0
        if like and number not in chosen and not taken & set(run):
            chosen[number] = Match(
                score=score,
                pieces=frozenset(run),
                frame=around(pieces[index].frame for index in run),
                colours=tuple(pieces[index].colour for index in run),
            )
            taken |= set(run)
    nothing = [Match(score=score_text(text, "")) for text in expected]
    return [chosen.get(number, match) for number, match in enumerate(nothing)]


def _runs(pieces: Sequence[FoundPiece]) -> Iterator[tuple[int, ...]]:
    """Pieces that could be one text, in reading order."""
    segments = [
        tuple(row[first:last])
        for row in _rows(pieces)
        for first in range(len(row))
        for last in range(first + 1, len(row) + 1)
    ]
    yield from segments
    for first in segments:
        for second in segments:
            if _below(pieces, first, second):
                yield first + second


def _rows(pieces: Sequence[FoundPiece]) -> Iterator[list[int]]:
    """Pieces of one size side by side with no wide gap between."""
    rows: list[list[int]] = []
    order = sorted(range(len(pieces)), key=lambda index: pieces[index].frame.left)
    for index in order:
        for row in rows:
            if _beside(pieces[row[-1]], pieces[index]):
                row.append(index)
                break
        else:
            rows.append([index])
    yield from rows


def _beside(first: FoundPiece, second: FoundPiece) -> bool:
    scale = first.scale
    near = second.frame.left - first.frame.right <= _WIDEST_GAP * scale
    level = abs(first.frame.row - second.frame.row) <= _ONE_ROW * scale
    return scale == second.scale and near and level


def _below(pieces: Sequence[FoundPiece], first: tuple[int, ...], second: tuple[int, ...]) -> bool:
    """Whether a row of pieces can be the second line of another."""
    scale = pieces[first[0]].scale
    a = around(pieces[index].frame for index in first)
    b = around(pieces[index].frame for index in second)
    step = (b.row - a.row) / scale
    overlap = a.left < b.right and b.left < a.right
    return scale == pieces[second[0]].scale and _ONE_ROW < step <= _FARTHEST_LINE and overlap


def reading_order(pieces: Sequence[FoundPiece]) -> list[FoundPiece]:
    """Pieces from top to bottom and from left to right."""
    ordered = sorted(pieces, key=lambda piece: piece.frame.row)
    rows: list[list[FoundPiece]] = [ordered[:1]] if ordered else []
    for before, piece in pairwise(ordered):
        if piece.frame.row - before.frame.row > _ONE_ROW * min(before.scale, piece.scale):
            rows.append([])
        rows[-1].append(piece)
    return [piece for row in rows for piece in sorted(row, key=lambda one: one.frame.left)]
