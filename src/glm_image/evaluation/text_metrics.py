"""How much of the wanted text a picture shows, by the rules of the text benchmarks and by ours.

The benchmarks' own rules look for wanted words only, wherever they stand; text that nobody asked
for costs nothing. :func:`compare` adds what they leave out: precision, exact texts, repetition and
extra lines. Texts are plain strings; lines are what a reader read, in reading order.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import accumulate

import numpy as np

from glm_image.evaluation.assignment import assign
from glm_image.evaluation.text_scores import edit_distance, normal

_HAN = "\u4e00-\u9fa5"
_ACCENTED = "àâäéèêëîïôöùûüç"
_LETTERS = f"{_HAN}a-zA-Z0-9{_ACCENTED}{_ACCENTED.upper()}"
_UNWANTED = re.compile(rf"[^{_LETTERS}\s]")
_ANY_HAN = re.compile(rf"[{_HAN}]")
# One Han character or kana, or a run of anything else between spaces.
_UNIT = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\s\u3040-\u30ff\u3400-\u9fff]+")

# Added to the longer length by the authors of CVTG-2K, so that two empty words divide.
_CVTG_EPSILON = 1e-5
# Most of a line must be wanted text, or the line is extra.
_WANTED_SHARE = 0.5
# Two words with less in common are no pair.
_LEAST_SIMILARITY = 0.5


def kept_letters(text: str) -> str:
    """Delete everything but letters, digits, Chinese characters and spaces.

    Source: reference behaviour: X-Omni-Team/X-Omni, ``textbench``; OneIG-Benchmark,
    ``scripts/text``; both keep the same characters.
    """
    return _UNWANTED.sub("", text)


def has_han(text: str) -> bool:
    """Whether there is a Chinese character in a text."""
    return _ANY_HAN.search(text) is not None


def cvtg_words(texts: Iterable[str]) -> list[str]:
    """Words of texts or lines as CVTG-2K counts them: lower case, between spaces."""
    return [word for text in texts for word in text.lower().split()]


def words_found(wanted: Sequence[str], read: Iterable[str]) -> int:
    """Number of wanted words that occur among the read ones, however often.

    Source: reference behaviour: NJU-PCALab/TextCrafter, word accuracy of CVTG-2K.
    """
    bag = set(read)
    return sum(word in bag for word in wanted)


def nearest_similarity(word: str, read: Sequence[str]) -> float:
    """1 - edit distance / longer length to the read word that difflib holds for nearest.

    Source: reference behaviour: NJU-PCALab/TextCrafter, NED of CVTG-2K. Nothing read is one
    empty word.
    """
    nearest = word if word in read else get_close_matches(word, read or [""], n=1, cutoff=0.0)[0]
    return 1 - edit_distance(word, nearest) / (max(len(word), len(nearest)) + _CVTG_EPSILON)


def recalled(wanted: Iterable[str], read: Iterable[str]) -> int:
    """Size of what two bags of words or characters have in common, counted with repetition."""
    return (Counter(wanted) & Counter(read)).total()


def units(text: str) -> list[str]:
    """Smallest parts of a text that are compared: words, and single Chinese characters."""
    return _UNIT.findall(text)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What was read against what was wanted, every part in [0, 1] but the last.

    Attributes:
        precision: Share of the read characters that belong to wanted text.
        recall: Share of the wanted characters that were read.
        f1: Harmonic mean of the two.
        matched: Mean similarity when every wanted word gets a read word of its own; a word
            without a partner, wanted or read, counts as 0.
        exact: Share of the wanted texts that stand somewhere exactly so, spaces aside.
        repeated: Share of the read words and Chinese characters that are there more often than
            wanted.
        extra: Number of lines of which less than half is wanted.
    """

    precision: float
    recall: float
    f1: float
    matched: float
    exact: float
    repeated: float
    extra: int


NOTHING_READ = Comparison(
    precision=0.0, recall=0.0, f1=0.0, matched=0.0, exact=0.0, repeated=0.0, extra=0
)
"""How a picture without any letters compares with wanted text."""


def compare(wanted: Sequence[str], lines: Sequence[str], *, fold: bool = True) -> Comparison:
    """Compare wanted texts with lines that were read, both after NFKC.

    Args:
        wanted: Texts that the picture should show; at least one with a character.
        lines: What was read, in reading order.
        fold: Whether upper and lower case are equal, but for exact texts.
    """
    aims = [unit for text in wanted for unit in _folded(text, fold)]
    read = [_folded(line, fold) for line in lines]
    parts = [unit for line in read for unit in line]
    if not parts or not aims:
        return NOTHING_READ
    similar, agreeing = _paired(aims, parts)
    common = sum(agreeing)
    precision = common / sum(map(len, parts))
    recall = common / sum(map(len, aims))
    return Comparison(
        precision=precision,
        recall=recall,
        f1=2 * precision * recall / (precision + recall) if common else 0.0,
        matched=similar / max(len(aims), len(parts)),
        exact=exact_texts(wanted, lines) / len(wanted),
        repeated=_repeated(aims, parts) / len(parts),
        extra=_extra(read, agreeing),
    )


def exact_texts(wanted: Sequence[str], lines: Sequence[str]) -> int:
    """Number of wanted texts that stand exactly so in the picture, each at a place of its own.

    A text may run over several lines and readers may lose spaces, so only its ends must be ends
    of words. Case counts. Texts are compared after NFKC.
    """
    pieces = [normal(unit) for line in lines for unit in units(line)]
    ends = set(accumulate(map(len, pieces), initial=0))
    text = "".join(pieces)
    found = 0
    for aim in sorted((normal(text) for text in wanted), key=len, reverse=True):
        start = text.find(aim) if aim else -1
        while start >= 0 and not {start, start + len(aim)} <= ends:
            start = text.find(aim, start + 1)
        if start >= 0:
            found += 1
            text = text[:start] + "\0" * len(aim) + text[start + len(aim) :]
    return found


def one_to_one(wanted: Sequence[str], read: Sequence[str]) -> list[tuple[int, int, float]]:
    """Pair words so that the sum of their similarities is largest.

    Returns:
        Positions in both and similarity, 1 - edit distance / longer length; every word of the
        shorter side has a partner.
    """
    if not wanted or not read:
        return []
    table = np.array([[_similarity(a, b) for b in read] for a in wanted], dtype=np.float64)
    return [(i, j, float(table[i, j])) for i, j in assign(1 - table)]


def _folded(text: str, fold: bool) -> list[str]:
    found = units(unicodedata.normalize("NFKC", text))
    return [unit.lower() for unit in found] if fold else found


def _similarity(first: str, second: str) -> float:
    return 1 - edit_distance(first, second) / max(len(first), len(second))


def _paired(aims: Sequence[str], parts: Sequence[str]) -> tuple[float, list[int]]:
    """Sum of similarities, and for every part the number of its characters that are wanted.

    Equal words are paired first; pairing them otherwise could not be better by more than the
    normalisation of the distance allows.
    """
    places: dict[str, list[int]] = {}
    for index, part in enumerate(parts):
        places.setdefault(part, []).append(index)
    agreeing = [0] * len(parts)
    left = []
    for aim in aims:
        if places.get(aim):
            agreeing[places[aim].pop(0)] = len(aim)
        else:
            left.append(aim)
    similar = float(len(aims) - len(left))
    free = [index for indices in places.values() for index in indices]
    for i, j, similarity in one_to_one(left, [parts[index] for index in free]):
        if similarity >= _LEAST_SIMILARITY:
            similar += similarity
            longer = max(len(left[i]), len(parts[free[j]]))
            agreeing[free[j]] = round(similarity * longer)
    return similar, agreeing


def _repeated(aims: Sequence[str], parts: Sequence[str]) -> int:
    wanted = Counter(aims)
    return sum(
        max(0, count - max(1, wanted[unit]))
        for unit, count in Counter(parts).items()
        if any(character.isalnum() for character in unit)
    )


def _extra(read: Sequence[Sequence[str]], agreeing: Sequence[int]) -> int:
    extra, start = 0, 0
    for line in read:
        length = sum(map(len, line))
        common = sum(agreeing[start : start + len(line)])
        extra += length > 0 and common < _WANTED_SHARE * length
        start += len(line)
    return extra
