"""Which of the wanted words were read, for ticks and crosses.

These marks help the eye; they are no score. Where a scorer says which texts are hits, that holds.
"""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass

from glm_image.evaluation.scores import SampleScore

_PIECE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]|[^\s\u3400-\u9fff\uf900-\ufaff]+|\s+")
_ANSWERS = frozenset({"yes", "no"})


@dataclass(frozen=True, kw_only=True)
class Marked:
    """A wanted text.

    Attributes:
        pieces: Words, Chinese characters and the space between them, each with whether it was
            read; space always was.
        hit: Whether the whole of it counts as read.
        answer: Of the judge, if the text is a question; empty otherwise.
    """

    pieces: tuple[tuple[str, bool], ...]
    hit: bool
    answer: str = ""


def mark(score: SampleScore) -> tuple[Marked, ...]:
    """Mark the wanted texts of a picture; a read word serves one wanted word."""
    hits = _hits(score)
    if hits is not None and answered(score):
        return tuple(
            Marked(pieces=((text, True),), hit=hit, answer=answer)
            for text, hit, answer in zip(score.expected, hits, score.read, strict=True)
        )
    bag = Counter(_normal(piece) for line in score.read for piece in _PIECE.findall(line))
    marked = [_marked(text, bag) for text in score.expected]
    if hits is None:
        return tuple(marked)
    return tuple(Marked(pieces=one.pieces, hit=hit) for one, hit in zip(marked, hits, strict=True))


def answered(score: SampleScore) -> bool:
    """Whether what was read are a judge's answers, one to each expected text."""
    same = len(score.read) == len(score.expected) > 0
    return same and all(one.lower() in _ANSWERS for one in score.read)


def _hits(score: SampleScore) -> list[bool] | None:
    """Which texts are hits, if the scorer says so."""
    hits = score.detail.get("hits")
    if isinstance(hits, list) and len(hits) == len(score.expected):
        return [bool(hit) for hit in hits]
    return None


def _marked(text: str, bag: Counter[str]) -> Marked:
    pieces = []
    for piece in _PIECE.findall(text):
        found = piece.isspace() or bag[_normal(piece)] > 0
        if found and not piece.isspace():
            bag[_normal(piece)] -= 1
        pieces.append((piece, found))
    return Marked(pieces=tuple(pieces), hit=all(found for _, found in pieces))


def _normal(piece: str) -> str:
    return unicodedata.normalize("NFKC", piece).lower()
