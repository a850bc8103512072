"""Random texts, and how a text is broken into two lines."""

import random
from collections.abc import Callable

from glm_image.data.characters import HAN, LATIN, PUNCTUATION, is_han

TextSource = Callable[[random.Random, int], str]
"""Draws a text of at most so many characters."""

LONGEST_LATIN = 10
LONGEST_HAN = 8
_UPPER, _LOWER, _DIGITS = LATIN[:26], LATIN[26:52], LATIN[52:]
_FREQUENT = 600
"""Of the most frequent Chinese characters so many make half of the texts."""

_IN_WORD = 6
"""What a break inside a word costs, in characters by which two lines may differ instead."""


def random_latin(rng: random.Random, longest: int) -> str:
    """Random letters and digits: words, codes and phrases of two, some with a sign."""
    length = min(longest, rng.choices(range(1, 11), (3, 7, 10, 12, 12, 10, 8, 7, 5, 5))[0])
    if length >= 4 and rng.random() < 0.35:
        return _phrase(rng, length)
    text = _word(rng, length, _alphabet(rng))
    return _with_sign(rng, text) if rng.random() < 0.15 else text


def _phrase(rng: random.Random, length: int) -> str:
    """Two words with a space between, such as "BIG SALE", "Room 12" or "Tel: 5"."""
    gap = rng.randrange(1, length - 1)
    alphabet = _alphabet(rng)
    first = _word(rng, gap, alphabet)
    second = _word(rng, length - gap - 1, alphabet if rng.random() < 0.5 else _alphabet(rng))
    sign = rng.random()
    if sign < 0.1 and gap > 1:
        first = first[:-1] + rng.choice(".:!&")
    elif sign < 0.2 and len(second) > 1:
        second = second[:-1] + rng.choice("!?.%+")
    return f"{first} {second}"


def _word(rng: random.Random, length: int, alphabet: str) -> str:
    text = "".join(rng.choice(alphabet) for _ in range(length))
    return text.title() if text[0].islower() and rng.random() < 0.5 else text


def _alphabet(rng: random.Random) -> str:
    alphabets = (_UPPER, _LOWER, _DIGITS, _UPPER + _DIGITS, LATIN)
    return rng.choices(alphabets, (42, 26, 10, 12, 10))[0]


def _with_sign(rng: random.Random, text: str) -> str:
    """Replace a character of a word by a sign where signs stand: in the middle or at the end."""
    if len(text) < 2:
        return text
    middle = rng.randrange(1, len(text))
    if middle == len(text) - 1 or rng.random() < 0.5:
        return text[:-1] + rng.choice("!?.%+")
    return text[:middle] + rng.choice("-.&:/") + text[middle + 1 :]


def random_han(rng: random.Random, longest: int) -> str:
    """Random Chinese characters, one to eight."""
    length = rng.choices(range(1, LONGEST_HAN + 1), (8, 20, 16, 20, 8, 6, 4, 4))[0]
    pool = HAN[:_FREQUENT] if rng.random() < 0.5 else HAN
    return "".join(rng.choice(pool) for _ in range(min(length, longest)))


def random_mixed(rng: random.Random, longest: int, han: TextSource) -> str:
    """Chinese characters beside digits or capitals, two to six in all."""
    length = min(longest, rng.randint(2, 6))
    few = rng.randint(1, max(1, length - 1))
    alphabet = _DIGITS if rng.random() < 0.6 else _UPPER + _DIGITS
    latin = "".join(rng.choice(alphabet) for _ in range(few))
    chinese = han(rng, max(1, length - few))
    if len(chinese) > 1 and rng.random() < 0.25:
        return chinese[:1] + latin + chinese[1:]
    return latin + chinese if rng.random() < 0.6 else chinese + latin


def wrap(text: str, room: int, *, inside_words: bool) -> tuple[str, ...] | None:
    """Break a text into one or two lines of at most ``room`` characters.

    The break is at a space or beside a Chinese character, as near to the middle as can be.

    Args:
        text: What to break; single spaces.
        room: Characters that fit on a line.
        inside_words: Whether a word that fits on no line may be broken.

    Returns:
        The lines, or None where the text does not fit.
    """
    if len(text) <= room:
        return (text,)
    breaks = [
        (_cost(text, index), text[:index].rstrip(), text[index:].lstrip())
        for index in range(1, len(text))
    ]
    fitting = [
        (cost, first, second)
        for cost, first, second in breaks
        if max(len(first), len(second)) <= room and (inside_words or cost < _IN_WORD)
    ]
    return min(fitting)[1:] if fitting else None


def _cost(text: str, index: int) -> float:
    """How bad it is to break before a character: far from the middle, inside a word."""
    before, after = text[index - 1], text[index]
    cost = abs(index - (len(text) + 0.5) / 2) / len(text)
    if after in PUNCTUATION:
        return cost + _IN_WORD
    joined = " " not in (before, after) and not is_han(before) and not is_han(after)
    return cost + _IN_WORD * joined
