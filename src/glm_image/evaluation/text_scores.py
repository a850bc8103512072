"""How near what was read, or found, is to what was asked for."""

import unicodedata
from dataclasses import dataclass

_LOOK_ALIKES = str.maketrans("0il9q", "o11gg")


@dataclass(frozen=True, kw_only=True)
class TextScore:
    """How well one text was drawn.

    Attributes:
        strict: Whether a line reads exactly so after NFKC, spaces aside.
        loose: Whether it does with upper and lower case and look-alikes (0 and o; 1, i and l; g, q
            and 9) taken as equal.
        similarity: 1 - edit distance / longer length, after NFKC and with case, in [0, 1].
    """

    strict: bool
    loose: bool
    similarity: float


def normal(text: str) -> str:
    """A text after NFKC, without spaces."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def merged(text: str) -> str:
    """A normal text in which case and look-alikes are merged."""
    return normal(text).lower().translate(_LOOK_ALIKES)


def edit_distance(first: str, second: str) -> int:
    """Levenshtein distance."""
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(second, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]


def similarity(expected: str, read: str) -> float:
    """1 - edit distance / longer length of the normal texts, in [0, 1]."""
    expected, read = normal(expected), normal(read)
    longer = max(len(expected), len(read))
    return 1.0 if longer == 0 else 1 - edit_distance(expected, read) / longer


def score_text(expected: str, read: str) -> TextScore:
    """Score one text against one line."""
    return TextScore(
        strict=normal(expected) == normal(read),
        loose=merged(expected) == merged(read),
        similarity=similarity(expected, read),
    )
