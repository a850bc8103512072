"""Ids of a prompt for the text encoder of CogView4: framed, cut, padded on the left.

Source: CogView4, zai-org/CogView4; reference behaviour: diffusers, CogView4Pipeline.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from glm_image.errors import ConfigError
from glm_image.tokenizer.text import SETTINGS_FILE, PlainTokenizer, read_files, token_name

MAX_TOKENS = 1024
"""Longest prompt in tokens, its frame included."""

STEP = 16
"""Every prompt is padded to a multiple of so many tokens."""


@dataclass(frozen=True, kw_only=True)
class PaddedIds:
    """One prompt.

    Args:
        ids: Padding, frame and text; a multiple of :data:`STEP`.
        dropped: Tokens of the text that did not fit.
    """

    ids: tuple[int, ...]
    dropped: int


class PaddedTokenizer(PlainTokenizer):
    """Prompts to padded ids.

    Args:
        tokenizer_json: Content of ``tokenizer.json``.
        pad: Token that fills a prompt up.

    Raises:
        ConfigError: The content is no tokenizer, or the token is not in its vocabulary.
    """

    def __init__(self, tokenizer_json: str, pad: str) -> None:
        super().__init__(tokenizer_json, {pad})
        if pad not in self._ids:
            raise ConfigError(f"{pad!r} is not in the vocabulary", field="pad_token")
        self.pad_id = self._ids[pad]

    @classmethod
    def from_folder(cls, folder: Path) -> "PaddedTokenizer":
        """Read ``tokenizer.json`` and ``tokenizer_config.json``.

        Raises:
            NotFoundError: A file is missing.
            ConfigError: A file is damaged or names no padding.
        """
        tokenizer_json, settings_json = read_files(folder)
        try:
            pad = json.loads(settings_json)["pad_token"]
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError("names no pad_token", field=SETTINGS_FILE) from error
        return cls(tokenizer_json, token_name(pad))

    def padded(self, text: str) -> PaddedIds:
        """Ids of a prompt, which is read as if it were alone whatever stands beside it."""
        own = self.encode(text)
        room = MAX_TOKENS - len(self.prefix_ids) - len(self.suffix_ids)
        framed = [*self.prefix_ids, *own[:room], *self.suffix_ids]
        padding = [self.pad_id] * (-len(framed) % STEP)
        return PaddedIds(ids=(*padding, *framed), dropped=max(0, len(own) - room))
