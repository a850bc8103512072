"""The glyph encoder's input: the texts to be rendered, as bytes.

A prompt marks what is to be written in the picture by quoting it. Only these texts reach the
decoder; each becomes its UTF-8 bytes plus an end marker.

Source: Xue et al. 2022, ByT5, section 3; reference behaviour: diffusers, GlmImagePipeline.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from glm_image.config import nearest
from glm_image.errors import InputError
from glm_image.tokenizer.quotes import reference_quotes, smart_quotes

PAD_ID = 0
END_ID = 1
BYTE_OFFSET = 3
"""Ids of bytes start here, after padding, end and unknown."""

MAX_LENGTH = 2048
"""Longest text in ids, its end marker included; the rest is cut off."""


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


def _bytes(text: str) -> list[int]:
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(
            "the text holds half of a surrogate pair", field="prompt", hint="send valid Unicode"
        ) from error
    return [byte + BYTE_OFFSET for byte in data[: MAX_LENGTH - 1]] + [END_ID]
