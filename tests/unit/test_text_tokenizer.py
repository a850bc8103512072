"""User text to ids, and the markers it cannot reach."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

import tiny
from glm_image.errors import ConfigError, InputError, NotFoundError
from glm_image.tokenizer.text import TextTokenizer

JSON = tiny.tokenizer_json()
TOKENIZER = TextTokenizer(JSON, tiny.ROLES)
FIRST_BYTE, FIRST_MARKER = tiny.VISION_VOCAB, tiny.VISION_VOCAB + 256


def write(folder: Path, settings: dict[str, Any], content: str = JSON) -> Path:
    (folder / "tokenizer.json").write_text(content)
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return folder


def changed(**changes: Any) -> str:
    return json.dumps(json.loads(JSON) | changes)


@given(st.text())
def test_text_is_bytes_only_and_comes_back(text: str) -> None:
    ids = TOKENIZER.encode(text)
    assert all(FIRST_BYTE <= index < FIRST_MARKER for index in ids)
    assert len(ids) == len(text.encode())
    assert TOKENIZER.decode(ids) == text


@pytest.mark.parametrize("marker", ["<sop>", "<|image|>", "<|dit_token_65|>", "<|dit_token_3|>"])
@pytest.mark.parametrize("ignore_merges", [False, True])
def test_markers_in_user_text_are_spelled_out(marker: str, ignore_merges: bool) -> None:
    model = json.loads(JSON)["model"] | {"ignore_merges": ignore_merges}
    # Without a pre-tokenizer a word could be looked up as a whole.
    tokenizer = TextTokenizer(changed(model=model, pre_tokenizer=None), tiny.ROLES)
    assert len(tokenizer.encode(marker)) == len(marker)
    reference = Tokenizer.from_str(JSON)
    assert reference.encode(marker, add_special_tokens=False).ids == [tokenizer.special(marker)]


def test_added_words_stay_words() -> None:
    content = json.loads(JSON)
    word = content["added_tokens"][0] | {"id": tiny.VOCAB, "content": "red", "special": False}
    tokenizer = TextTokenizer(changed(added_tokens=[*content["added_tokens"], word]), tiny.ROLES)
    assert tokenizer.encode("red") == [tiny.VOCAB]
    assert tokenizer.vocab_size == tiny.VOCAB + 1


def test_markers_by_name() -> None:
    assert TOKENIZER.special("<sop>") == TOKENIZER.grid_start_id
    assert TOKENIZER.special("<eop>") == TOKENIZER.grid_end_id
    assert TOKENIZER.special("<|image|>") == TOKENIZER.image_id == tiny.IMAGE
    assert (TOKENIZER.start_id, TOKENIZER.end_id) == (tiny.START, tiny.END)
    assert TOKENIZER.special("<|dit_token_7|>") == 7
    assert TOKENIZER.vocab_size == tiny.VOCAB
    for name in ("a", "<nothing>"):
        with pytest.raises(InputError, match="not a marker"):
            TOKENIZER.special(name)
    assert TOKENIZER.decode([5, *TOKENIZER.encode("hi"), tiny.IMAGE]) == "hi"


def test_half_a_surrogate_pair() -> None:
    with pytest.raises(InputError, match="surrogate"):
        TOKENIZER.encode("a\ud800")


def test_post_processor_frames_are_known() -> None:
    assert TOKENIZER.prefix_ids == [] and TOKENIZER.suffix_ids == []
    names = {"[gMASK]": TOKENIZER.special("[gMASK]"), "<sop>": TOKENIZER.special("<sop>")}
    template = {
        "type": "TemplateProcessing",
        "single": [
            {"SpecialToken": {"id": "[gMASK]", "type_id": 0}},
            {"SpecialToken": {"id": "<sop>", "type_id": 0}},
            {"Sequence": {"id": "A", "type_id": 0}},
        ],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {
            name: {"id": name, "ids": [index], "tokens": [name]} for name, index in names.items()
        },
    }
    tokenizer = TextTokenizer(changed(post_processor=template), tiny.ROLES)
    assert tokenizer.prefix_ids == list(names.values())
    assert tokenizer.suffix_ids == []
    assert tokenizer.encode("a") == TOKENIZER.encode("a")


PLAIN = {
    "bos_token": tiny.ROLES.start,
    "eos_token": tiny.ROLES.end,
}
EXTRA = {"image_token": "<|video|>", "grid_bos_token": "<sop>", "grid_eos_token": "<eop>"}


@pytest.mark.parametrize(
    "settings",
    [
        PLAIN | EXTRA,
        PLAIN | EXTRA | {"extra_special_tokens": []},
        PLAIN | {"extra_special_tokens": EXTRA},
        PLAIN | {"model_specific_special_tokens": EXTRA},
        {name: {"content": value, "special": True} for name, value in (PLAIN | EXTRA).items()},
    ],
)
def test_every_spelling_of_the_roles(tmp_path: Path, settings: dict[str, Any]) -> None:
    tokenizer = TextTokenizer.from_folder(write(tmp_path, settings))
    assert tokenizer.roles.image == "<|video|>"
    assert (tokenizer.start_id, tokenizer.end_id) == (tiny.START, tiny.END)
    assert tokenizer.json == JSON


def test_published_roles_are_known(tmp_path: Path) -> None:
    assert TextTokenizer.from_folder(write(tmp_path, PLAIN)).roles == tiny.ROLES


@pytest.mark.parametrize(
    ("settings", "content", "message"),
    [
        ({"bos_token": "<sop>"}, JSON, "names no eos_token"),
        (PLAIN | {"image_token": "<|nothing|>"}, JSON, "not in the vocabulary"),
        (PLAIN, "{", "not a tokenizer"),
        (PLAIN, '{"model": {}, "added_tokens": []}', "not a tokenizer"),
    ],
)
def test_damaged_files(
    tmp_path: Path, settings: dict[str, Any], content: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        TextTokenizer.from_folder(write(tmp_path, settings, content))


def test_damaged_settings_and_missing_files(tmp_path: Path) -> None:
    write(tmp_path, PLAIN)
    (tmp_path / "tokenizer_config.json").write_text("{")
    with pytest.raises(ConfigError, match="not JSON"):
        TextTokenizer.from_folder(tmp_path)
    (tmp_path / "tokenizer_config.json").unlink()
    with pytest.raises(NotFoundError):
        TextTokenizer.from_folder(tmp_path)
