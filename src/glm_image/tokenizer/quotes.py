"""The quoted texts of a prompt: what is to be written in the picture.

A prompt marks these texts by quoting them. Finding them needs no network, so that a service can do
it as well. Nothing here imports torch.

Source: reference behaviour: diffusers, GlmImagePipeline, for the patterns of the reference.
"""

import re
from collections.abc import Iterator

_PAIRS = {"“": "”", "‘": "’", "「": "」", "『": "』"}
_APOSTROPHES = "'’"
_REFERENCE_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (r"'([^']*)'", r"“([^“”]*)”", r'"([^"]*)"', r"「([^「」]*)」")
)


def smart_quotes(prompt: str) -> list[str]:
    """Outermost quoted texts in reading order.

    Quotes are ``"…"``, ``'…'`` and the pairs ``“…”``, ``‘…’``, ``「…」`` and ``『…』``.
    No quotes are an apostrophe inside a word (``don't``), a foot or inch mark after a number
    (``5'10"``) and an empty pair.
    """
    texts = (prompt[start + 1 : end] for start, end in _spans(prompt))
    return [text for text in texts if text.strip()]


def without_quoted(prompt: str) -> str:
    """The prompt with every text that :func:`smart_quotes` finds left out, its quotes kept."""
    kept: list[str] = []
    behind = 0
    for start, end in _spans(prompt):
        kept.append(prompt[behind : start + 1])
        behind = end
    return "".join(kept) + prompt[behind:]


def reference_quotes(prompt: str) -> list[str]:
    """What the reference pipeline extracts: four patterns, one kind of quote after the other."""
    return [text for pattern in _REFERENCE_PATTERNS for text in pattern.findall(prompt)]


def _spans(prompt: str) -> Iterator[tuple[int, int]]:
    """Where outermost quotes open and close, in reading order."""
    index = 0
    while index < len(prompt):
        end = _closing_index(prompt, index)
        if end is not None:
            yield index, end
            index = end
        index += 1


def _closing_index(prompt: str, start: int) -> int | None:
    """Index of the quote that closes the one at ``start``; None if none opens or closes there."""
    opening = prompt[start]
    if opening in _PAIRS:
        return _paired_end(prompt, start, _PAIRS[opening])
    if opening == '"':
        end = prompt.find('"', start + 1)
        return None if end < 0 or _is_digit(_before(prompt, start)) else end
    if opening == "'" and _opens(prompt, start):
        return _straight_end(prompt, start)
    return None


def _paired_end(prompt: str, start: int, closing: str) -> int | None:
    """End of a pair whose two signs differ; the same pair may stand inside it."""
    depth = 0
    for index in range(start, len(prompt)):
        if prompt[index] == prompt[start]:
            depth += 1
        elif prompt[index] == closing and not _is_apostrophe(prompt, index):
            depth -= 1
            if depth == 0:
                return index
    return None


def _straight_end(prompt: str, start: int) -> int | None:
    """End of a straight single quote; another one opening first makes this an apostrophe."""
    for index in range(start + 1, len(prompt)):
        if prompt[index] != "'":
            continue
        if _closes(prompt, index):
            return index
        if _opens(prompt, index):
            return None
    return None


def _opens(prompt: str, index: int) -> bool:
    after = _after(prompt, index)
    return not _is_word(_before(prompt, index)) and bool(after) and not after.isspace()


def _closes(prompt: str, index: int) -> bool:
    return not _before(prompt, index).isspace() and not _is_word(_after(prompt, index))


def _is_apostrophe(prompt: str, index: int) -> bool:
    inside = _is_word(_before(prompt, index)) and _is_word(_after(prompt, index))
    return prompt[index] in _APOSTROPHES and inside


def _before(prompt: str, index: int) -> str:
    return prompt[index - 1] if index else ""


def _after(prompt: str, index: int) -> str:
    return prompt[index + 1 : index + 2]


def _is_digit(sign: str) -> bool:
    return sign.isdecimal() and sign.isascii()


def _is_word(sign: str) -> bool:
    """Whether a sign belongs to a script that puts spaces between words.

    East Asian scripts, from U+2E80 on, do not: there a quote may touch a character on both sides.
    """
    return sign.isalnum() and ord(sign) < 0x2E80
