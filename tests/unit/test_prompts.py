"""Prompts that describe scenes."""

import random
import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawn import SEEDS, scene, some
from glm_image.data import palette
from glm_image.data.phrasebook import CHINESE, ENGLISH, Phrasebook
from glm_image.data.prompts import book_for, colour_word, describe, quote, shape_noun, tidy
from glm_image.data.scene import BACKGROUNDS, COLUMNS, ROWS, SHAPE_SIZES, SHAPES
from glm_image.tokenizer.glyph import quoted_texts

BOOKS = st.sampled_from((ENGLISH, CHINESE))
both = pytest.mark.parametrize("book", [ENGLISH, CHINESE], ids=["english", "chinese"])


@some
@given(SEEDS, BOOKS)
def test_every_text_is_quoted_and_found(seed: int, book: Phrasebook) -> None:
    drawn = scene(seed)
    prompt = describe(random.Random(seed), drawn, book)
    texts = [line.text for line in drawn.texts]
    assert Counter(quoted_texts(prompt, "smart")) == Counter(texts)


@some
@given(SEEDS, BOOKS)
def test_prompts_name_what_is_there(seed: int, book: Phrasebook) -> None:
    drawn = scene(seed)
    prompt = describe(random.Random(seed), drawn, book)
    words = prompt.lower()
    assert colour_word(drawn.background.colour, book) in words
    for group in drawn.shapes:
        assert any(name in words for name in book.shapes[group.kind])
        assert colour_word(group.colour, book) in words


@some
@given(SEEDS, BOOKS)
def test_prompts_are_tidy(seed: int, book: Phrasebook) -> None:
    prompt = describe(random.Random(seed), scene(seed), book)
    assert prompt == prompt.strip()
    assert "\n" not in prompt
    assert not re.search(r"  | [,.;]|[{}]", prompt)
    for group in scene(seed).shapes:
        noun = shape_noun(random.Random(seed), group, book)
        assert not re.search(r"\ba +[aeiou]", noun)
    outside = re.sub(r"""["'“‘「『].*?["'”’」』]""", "", prompt)
    assert bool(re.search(r"[\u4e00-\u9fff]", outside)) == (book is CHINESE)


def test_wording_varies_and_repeats_with_the_seed() -> None:
    drawn = scene(5)
    prompts = [describe(random.Random(seed), drawn, ENGLISH) for seed in range(50)]
    assert len(set(prompts)) > 40
    assert prompts == [describe(random.Random(seed), drawn, ENGLISH) for seed in range(50)]


def test_languages_are_mixed() -> None:
    rng = random.Random(0)
    english = sum(book_for(rng) is ENGLISH for _ in range(2000)) / 2000
    assert 0.6 < english < 0.7


@both
def test_a_phrasebook_has_words_for_everything(book: Phrasebook) -> None:
    assert set(book.backgrounds) == set(BACKGROUNDS)
    assert set(book.shapes) == set(SHAPES)
    assert set(book.sizes) == set(SHAPE_SIZES)
    assert set(book.places) == {f"{row} {column}" for row in ROWS for column in COLUMNS}
    assert set(book.rows) == set(ROWS)
    assert set(book.counts) == {1, 2, 3}
    assert all("{text}" in clause for clause in book.text_clauses + book.plain_text_clauses)
    assert all("{thing}" in clause for clause in book.shape_clauses)
    assert all("{background}" in clause for clause in book.openings)


@both
def test_no_word_stands_for_two_things(book: Phrasebook) -> None:
    for table in (book.shapes, book.places, book.counts):
        words = [word for phrases in table.values() for word in set(phrases)]
        assert len(set(words)) == len(words)
    words = [colour_word(name, book) for name in palette.NAMES]
    assert len(set(words)) == len(words)


@both
def test_every_quote_of_the_book_is_read_back(book: Phrasebook) -> None:
    seen = {quote(random.Random(seed), "Ab 1", book) for seed in range(60)}
    assert len(seen) == len(set(book.quotes))
    assert all(quoted_texts(text) == ["Ab 1"] for text in seen)


def test_articles() -> None:
    group = next(g for seed in range(99) for g in scene(seed).shapes if g.colour == "orange")
    nouns = {tidy(shape_noun(random.Random(seed), group, ENGLISH)) for seed in range(200)}
    assert not [noun for noun in nouns if noun.startswith("a orange")]


def test_tidy() -> None:
    assert tidy(" the  text 'A' , in red . ") == "the text 'A', in red."
