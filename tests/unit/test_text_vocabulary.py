"""The small text tokenizer of the bundled model."""

import hashlib
import json
import random

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from drawn import SEEDS, scene, some
from glm_image.data import text_vocabulary
from glm_image.data.characters import HAN, NARROW
from glm_image.data.chinese import CHINESE
from glm_image.data.describing import describe
from glm_image.data.english import ENGLISH
from glm_image.data.text_vocabulary import END, MARKERS, START, VISION_VOCAB
from glm_image.models import presets
from glm_image.models.dit import DiT
from glm_image.models.generator import Generator
from glm_image.models.glyph_encoder import GlyphEncoder
from glm_image.models.vae import Vae
from glm_image.tokenizer.text import TextTokenizer

# Trained weights are worth nothing under another order.
ORDER = "db900c81"


@pytest.fixture(scope="module")
def tokenizer() -> TextTokenizer:
    return text_vocabulary.build()


def vocabulary(tokenizer: TextTokenizer) -> dict[str, int]:
    entries: dict[str, int] = json.loads(tokenizer.json)["model"]["vocab"]
    return entries


def test_the_order_is_that_of_the_trained_weights(tokenizer: TextTokenizer) -> None:
    entries = vocabulary(tokenizer)
    names = sorted(entries, key=entries.__getitem__)
    assert [entries[name] for name in names] == list(range(tokenizer.vocab_size))
    text = "\n".join(names)
    assert hashlib.sha256(text.encode()).hexdigest()[:8] == ORDER


def test_ids_fit_the_generator(tokenizer: TextTokenizer) -> None:
    config = presets.nano_generator(tokenizer.vocab_size)
    assert (tokenizer.start_id, tokenizer.end_id) == (START, END)
    assert config.image_start_token_id == tokenizer.start_id
    assert config.image_end_token_id == config.text.eos_token_id == tokenizer.end_id
    assert config.image_token_id == tokenizer.image_id
    assert config.text.pad_token_id == tokenizer.special("<|endoftext|>")


@some
@given(text=st.text(max_size=40))
def test_round_trip(tokenizer: TextTokenizer, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    assert tokenizer.decode(tokenizer.encode(text)) == text


@some
@given(seed=SEEDS)
def test_prompts_round_trip_in_few_ids(tokenizer: TextTokenizer, seed: int) -> None:
    rng = random.Random(seed)
    drawn = scene(seed)
    for book in (ENGLISH, CHINESE):
        prompt = describe(rng, drawn, book)
        ids = tokenizer.encode(prompt)
        assert tokenizer.decode(ids) == prompt
        assert len(ids) < len(prompt.encode())
        assert min(ids) >= VISION_VOCAB


@pytest.mark.parametrize("quotes", ['""', "''", "“”", "‘’", "「」", "『』"])
@pytest.mark.parametrize("text", ["HELLO", "red", "the", "a1B2", "star", "WORLD", "国和"])
def test_letters_in_quotes_are_spelled(tokenizer: TextTokenizer, quotes: str, text: str) -> None:
    ids = tokenizer.encode(f"the text {quotes[0]}{text}{quotes[1]} in red")
    spelled = [tokenizer.encode(sign) for sign in text]
    assert all(len(one) == 1 for one in spelled)
    inside = [one[0] for one in spelled]
    assert any(ids[first : first + len(inside)] == inside for first in range(len(ids)))


@pytest.mark.parametrize("text", ["big star", "open the red", "A star of red", "the 红 star"])
def test_words_after_a_space_in_quotes_are_spelled(tokenizer: TextTokenizer, text: str) -> None:
    for marks in ('""', "''", "“”", "‘’", "「」", "『』"):
        prompt = f"Draw the word {marks[0]}{text}{marks[1]} in red"
        pieces = [tokenizer.decode([one]) for one in tokenizer.encode(prompt)]
        first = pieces.index(marks[0])
        assert pieces[first + 1 : first + 1 + len(text)] == list(text)
        assert pieces[0] == "Draw"
        assert pieces[-2:] == [" in", " red"]


def test_every_drawn_character_is_one_id(tokenizer: TextTokenizer) -> None:
    ids = [tokenizer.encode(sign) for sign in NARROW + HAN]
    assert all(len(one) == 1 for one in ids)
    assert len({one[0] for one in ids}) == len(NARROW + HAN)


def test_words_of_prompts_are_one_id(tokenizer: TextTokenizer) -> None:
    for word in (" background", " text", " star", " yellow", " center", " written", "Draw", "The"):
        assert len(tokenizer.encode(word)) == 1


@pytest.mark.parametrize("marker", [*MARKERS, "<|dit_token_0|>", f"<|dit_token_{END}|>"])
def test_markers_cannot_be_typed(tokenizer: TextTokenizer, marker: str) -> None:
    ids = tokenizer.encode(f"draw {marker} now")
    assert tokenizer.special(marker) not in ids
    assert min(ids) >= VISION_VOCAB
    assert tokenizer.decode(ids) == f"draw {marker} now"


def test_nothing_is_added_around_a_prompt(tokenizer: TextTokenizer) -> None:
    assert not tokenizer.prefix_ids
    assert not tokenizer.suffix_ids


def test_the_exported_folder_is_small(tokenizer: TextTokenizer) -> None:
    """Parameters in two bytes each and the tokenizer: what people download."""
    with torch.device("meta"):
        networks = (
            Generator(presets.nano_generator(tokenizer.vocab_size)),
            DiT(presets.nano_dit()),
            Vae(presets.nano_vae()),
            GlyphEncoder(presets.nano_glyph_encoder()),
        )
    parameters = sum(p.numel() for network in networks for p in network.parameters())
    assert 2 * parameters + len(tokenizer.json.encode()) < 47.9e6
