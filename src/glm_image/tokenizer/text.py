"""The generator's text tokenizer: byte-level BPE in which user text can never become a marker.

A ``tokenizer.json`` names markers (``<sop>``, ``<|image|>``, ``<|dit_token_0|>`` ...) in its
vocabulary. Here they are reachable by name only: the encoder of user text is built from a copy of
the file without them.

Source: zai-org/GLM-Image, ``processor/``; reference behaviour: transformers, GlmImageProcessor.
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from glm_image.errors import ConfigError, InputError, NotFoundError

TOKENIZER_FILE = "tokenizer.json"
SETTINGS_FILE = "tokenizer_config.json"

_MARKER = re.compile(r"<\|.*\|>")
_ROLES = ("image_token", "grid_bos_token", "grid_eos_token", "bos_token", "eos_token")
_ROLE_TABLES = ("extra_special_tokens", "model_specific_special_tokens")
_PUBLISHED_ROLES = {
    "image_token": "<|image|>",
    "grid_bos_token": "<sop>",
    "grid_eos_token": "<eop>",
}


@dataclass(frozen=True, kw_only=True)
class Roles:
    """Names of the tokens that frame a prompt.

    Args:
        image: Placeholder of one code of a source image.
        grid_start: Opens a grid size.
        grid_end: Closes a grid size.
        start: Opens an image.
        end: Closes an image.
    """

    image: str
    grid_start: str
    grid_end: str
    start: str
    end: str


class PlainTokenizer:
    """Text to ids of a vocabulary, without its markers.

    Args:
        tokenizer_json: Content of ``tokenizer.json``; kept as it is, to be saved again.
        named: Tokens that are markers although nothing in the file says so.

    Raises:
        ConfigError: The content is no tokenizer.
    """

    def __init__(self, tokenizer_json: str, named: Collection[str]) -> None:
        self.json = tokenizer_json
        try:
            content = json.loads(tokenizer_json)
            vocabulary = dict(content["model"]["vocab"])
            added = {token["content"]: token for token in content["added_tokens"]}
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigError(
                f"not a tokenizer with a vocabulary and added tokens: {error!r}",
                field=TOKENIZER_FILE,
            ) from error
        self._ids: dict[str, int] = {
            **vocabulary,
            **{name: token["id"] for name, token in added.items()},
        }
        self._markers = _markers(self._ids, added, named)
        self._encoder = _user_encoder(content, self._markers)
        self.prefix_ids, self.suffix_ids = self._affixes()

    def encode(self, text: str) -> list[int]:
        """Ids of user text; markers in it are spelled out like any other characters."""
        try:
            return list(self._encoder.encode(text, add_special_tokens=False).ids)
        except (UnicodeEncodeError, TypeError) as error:
            raise InputError(
                "the text holds half of a surrogate pair", field="prompt", hint="send valid Unicode"
            ) from error

    def special(self, name: str) -> int:
        """Id of a marker by its exact name.

        Raises:
            InputError: The vocabulary has no such marker.
        """
        if name not in self._markers:
            raise InputError(f"{name!r} is not a marker of this vocabulary", field="special")
        return self._markers[name]

    def decode(self, ids: Sequence[int]) -> str:
        """Text of ids; markers are dropped."""
        markers = set(self._markers.values())
        return str(self._encoder.decode([index for index in ids if index not in markers]))

    @property
    def vocab_size(self) -> int:
        """One more than the highest id."""
        return max(self._ids.values()) + 1

    def _affixes(self) -> tuple[list[int], list[int]]:
        """Ids that the file's post-processor puts before and after a text."""
        plain = self._encoder.encode("a", add_special_tokens=False).ids
        framed = self._encoder.encode("a", add_special_tokens=True).ids
        for start in range(len(framed) - len(plain) + 1):
            if framed[start : start + len(plain)] == plain:
                return framed[:start], framed[start + len(plain) :]
        raise ConfigError("the post-processor changes the text", field=TOKENIZER_FILE)


class TextTokenizer(PlainTokenizer):
    """Text to ids of the generator's vocabulary.

    Args:
        tokenizer_json: Content of ``tokenizer.json``; kept as it is, to be saved again.
        roles: Names of the tokens that frame a prompt.

    Raises:
        ConfigError: The content is no tokenizer, or a role is not in its vocabulary.
    """

    def __init__(self, tokenizer_json: str, roles: Roles) -> None:
        super().__init__(tokenizer_json, set(vars(roles).values()))
        self.roles = roles
        for role, name in vars(roles).items():
            if name not in self._ids:
                raise ConfigError(f"{name!r} is not in the vocabulary", field=role)

    @classmethod
    def from_folder(cls, folder: Path) -> "TextTokenizer":
        """Read ``tokenizer.json`` and ``tokenizer_config.json``.

        The names of the roles may stand at the top level or in a table of extra tokens.

        Raises:
            NotFoundError: A file is missing.
            ConfigError: A file is damaged or names no start and end token.
        """
        tokenizer_json, settings_json = read_files(folder)
        return cls(tokenizer_json, _read_roles(settings_json))

    @property
    def image_id(self) -> int:
        """Id of the placeholder of a source image's code."""
        return self._ids[self.roles.image]

    @property
    def grid_start_id(self) -> int:
        """Id that opens a grid size."""
        return self._ids[self.roles.grid_start]

    @property
    def grid_end_id(self) -> int:
        """Id that closes a grid size."""
        return self._ids[self.roles.grid_end]

    @property
    def start_id(self) -> int:
        """Id that opens an image."""
        return self._ids[self.roles.start]

    @property
    def end_id(self) -> int:
        """Id that closes an image."""
        return self._ids[self.roles.end]


def read_files(folder: Path) -> tuple[str, str]:
    """Content of ``tokenizer.json`` and ``tokenizer_config.json``.

    Raises:
        NotFoundError: A file is missing.
    """
    try:
        tokenizer_json = (folder / TOKENIZER_FILE).read_text(encoding="utf-8")
        return tokenizer_json, (folder / SETTINGS_FILE).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise NotFoundError(
            f"{error.filename} does not exist",
            field=folder.name,
            hint="the folder needs tokenizer.json and tokenizer_config.json",
        ) from error


def _markers(
    ids: Mapping[str, int], added: Mapping[str, Mapping[str, Any]], named: Collection[str]
) -> dict[str, int]:
    """Everything in the vocabulary that user text must not reach."""
    return {
        name: index
        for name, index in ids.items()
        if name in named
        or _MARKER.fullmatch(name)
        or (name in added and added[name].get("special", False))
    }


def _user_encoder(content: dict[str, Any], markers: Mapping[str, int]) -> Tokenizer:
    model = content["model"]
    vocabulary = {name: index for name, index in model["vocab"].items() if name not in markers}
    added = [token for token in content["added_tokens"] if token["content"] not in markers]
    # An added word outside the vocabulary would be numbered anew, by the size of what is left.
    vocabulary |= {token["content"]: token["id"] for token in added}
    stripped = {
        **content,
        "model": {**model, "vocab": vocabulary},
        "added_tokens": added,
        "truncation": None,
        "padding": None,
    }
    return Tokenizer.from_str(json.dumps(stripped, ensure_ascii=False))


def _read_roles(settings_json: str) -> Roles:
    """Names of the roles under every spelling that published files use."""
    try:
        settings = json.loads(settings_json)
    except ValueError as error:
        raise ConfigError(f"not JSON: {error}", field=SETTINGS_FILE) from error
    tables = [settings.get(table) for table in _ROLE_TABLES] + [settings]
    found = dict(_PUBLISHED_ROLES)
    for role in _ROLES:
        for table in tables:
            if isinstance(table, dict) and table.get(role) is not None:
                found[role] = token_name(table[role])
    missing = [role for role in _ROLES if role not in found]
    if missing:
        raise ConfigError(f"names no {' and no '.join(missing)}", field=SETTINGS_FILE)
    return Roles(
        image=found["image_token"],
        grid_start=found["grid_bos_token"],
        grid_end=found["grid_eos_token"],
        start=found["bos_token"],
        end=found["eos_token"],
    )


def token_name(value: object) -> str:
    """A token is written as its text or as a record with its text under ``content``."""
    return str(value["content"] if isinstance(value, dict) else value)
