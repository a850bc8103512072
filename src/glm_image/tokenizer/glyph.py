"""The glyph encoder's input: the texts to be rendered, as bytes.

A prompt marks what is to be written in the picture by quoting it. Only these texts reach the
decoder; each becomes its UTF-8 bytes plus an end marker.

Source: Xue et al. 2022, ByT5, section 3; reference behaviour: diffusers, GlmImagePipeline.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

import torch
from torch import Tensor

from glm_image.config import nearest
from glm_image.errors import InputError

PAD_ID = 0
END_ID = 1
BYTE_OFFSET = 3
"""Ids of bytes start here, after padding, end and unknown."""

MAX_LENGTH = 2048
"""Longest text in ids, its end marker included; the rest is cut off."""

_PAIRS = {"“": "”", "‘": "’", "「": "」", "『": "』"}
_APOSTROPHES = "'’"
_REFERENCE_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (r"'([^']*)'", r"“([^“”]*)”", r'"([^"]*)"', r"「([^「」]*)」")
)


def quoted_texts(prompt: str, policy: str = "smart") -> list[str]:
    """The texts that a prompt asks to have written in the picture.

    Args:
        prompt: The user's words.
        policy: A name in :data:`POLICIES`: ``"smart"`` or ``"compat"``.

    Raises:
        InputError: The policy is unknown.
    """
    if policy not in POLICIES:
        raise InputError(
            f"unknown policy {policy!r}", field="quotes", hint=nearest(policy, POLICIES)
        )
    return POLICIES[policy](prompt)


def smart_quotes(prompt: str) -> list[str]:
    """Outermost quoted texts in reading order.

    Quotes are ``"…"``, ``'…'`` and the pairs ``“…”``, ``‘…’``, ``「…」`` and ``『…』``.
    No quotes are an apostrophe inside a word (``don't``), a foot or inch mark after a number
    (``5'10"``) and an empty pair.
    """
    texts = (prompt[start + 1 : end] for start, end in _quoted_spans(prompt))
    return [text for text in texts if text.strip()]


def without_quoted(prompt: str) -> str:
    """The prompt with every text that :func:`smart_quotes` finds left out, its quotes kept."""
    kept: list[str] = []
    behind = 0
    for start, end in _quoted_spans(prompt):
        kept.append(prompt[behind : start + 1])
        behind = end
    return "".join(kept) + prompt[behind:]


def reference_quotes(prompt: str) -> list[str]:
    """What the reference pipeline extracts: four patterns, one kind of quote after the other."""
    return [text for pattern in _REFERENCE_PATTERNS for text in pattern.findall(prompt)]


POLICIES: Mapping[str, Callable[[str], list[str]]] = {
    "smart": smart_quotes,
    "compat": reference_quotes,
}
"""Ways to find the quoted texts, by name."""


def byt5_ids(texts: Sequence[str]) -> list[list[int]]:
    """Ids of each text: bytes shifted by three, then the end marker.

    No text at all is one empty text. An even *number* of texts puts one padding id in front of
    every one of them; the networks were used that way when the published results were made.

    Args:
        texts: Texts to be rendered.

    Raises:
        InputError: A text is not valid Unicode.
    """
    rows = [_bytes(text) for text in texts or [""]]
    front = [PAD_ID] * ((len(rows) + 1) % 2)
    return [front + row for row in rows]


def byt5_batch(texts: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Ids of the texts as one batch, padded on the right.

    Returns:
        Ids ``[B, S]`` int64 and the mask ``[B, S]``, True where an id counts. The front padding
        of :func:`byt5_ids` counts.
    """
    rows = byt5_ids(texts)
    length = max(len(row) for row in rows)
    ids_bs = torch.tensor([row + [PAD_ID] * (length - len(row)) for row in rows])
    lengths_b1 = torch.tensor([[len(row)] for row in rows])
    return ids_bs, torch.arange(length)[None] < lengths_b1


def _quoted_spans(prompt: str) -> Iterator[tuple[int, int]]:
    """Where outermost quotes open and close, in reading order."""
    index = 0
    while index < len(prompt):
        end = _closing_index(prompt, index)
        if end is not None:
            yield index, end
            index = end
        index += 1


def _bytes(text: str) -> list[int]:
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(
            "the text holds half of a surrogate pair", field="prompt", hint="send valid Unicode"
        ) from error
    return [byte + BYTE_OFFSET for byte in data[: MAX_LENGTH - 1]] + [END_ID]


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
