"""Prompts that describe scenes."""

import random
import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawn import SEEDS, scene, sized_scene, some
from glm_image.data import palette
from glm_image.data.book import Phrasebook
from glm_image.data.chinese import CHINESE
from glm_image.data.describing import describe
from glm_image.data.english import ENGLISH
from glm_image.data.grammar import Quotes, close_up, expand, sentences, tidy
from glm_image.data.relations import between, boxes_of, hull, relation
from glm_image.data.scene import (
    BACKGROUNDS,
    COLUMNS,
    DIRECTIONS,
    FONTS,
    ROWS,
    SHAPE_SIZES,
    SHAPES,
    STYLES,
    ShapeGroup,
)
from glm_image.data.wording import Pen, book_for, things_in_order
from glm_image.tokenizer.glyph import quoted_texts

BOOKS = st.sampled_from((ENGLISH, CHINESE))
both = pytest.mark.parametrize("book", [ENGLISH, CHINESE], ids=["english", "chinese"])


def outside(prompt: str) -> str:
    """A prompt without its quoted texts."""
    return re.sub(r"""".*?"|'.*?'(?![a-z])|[“‘「『].*?[”’」』]""", " ", prompt)


@some
@given(SEEDS, BOOKS)
def test_every_text_is_quoted_once_and_found(seed: int, book: Phrasebook) -> None:
    drawn = sized_scene(seed)
    prompt = describe(random.Random(seed), drawn, book)
    texts = [line.text for line in drawn.texts]
    assert Counter(quoted_texts(prompt, "smart")) == Counter(texts)
    assert prompt == describe(random.Random(seed), drawn, book)


@some
@given(SEEDS, BOOKS)
def test_prompts_name_what_is_there(seed: int, book: Phrasebook) -> None:
    drawn = sized_scene(seed)
    words = describe(random.Random(seed), drawn, book).lower()
    for group in drawn.shapes:
        names = [*ENGLISH.shapes[group.kind], *CHINESE.shapes[group.kind]]
        assert any(name in words for name in names)
    for panel in drawn.panels:
        assert any(name in words for name in book.colours[panel.background.colour])


@some
@given(SEEDS, BOOKS)
def test_prompts_are_tidy(seed: int, book: Phrasebook) -> None:
    prompt = describe(random.Random(seed), sized_scene(seed), book)
    words = outside(prompt)
    assert prompt == prompt.strip()
    assert not re.search(r"[\n{}|~()\ue000-\uf8ff]", words)
    assert not re.search(r"\ba [aeiou]", words)
    assert not re.search(r"[,，] *[,，.。]|  [a-z]+  ", prompt.replace(" / ", ""))


def test_some_prompts_leave_the_whole_layout_open() -> None:
    """More often than if every place were left out by itself; then order says what is above."""
    rng = random.Random(0)
    layouts: Counter[bool] = Counter()
    ordered: Counter[bool] = Counter()
    for seed in range(400):
        drawn = sized_scene(seed)
        things = [*drawn.shapes, *drawn.texts]
        if len(things) < 3:
            continue
        placed = things_in_order(Pen(rng, ENGLISH), drawn, things)
        is_open = all(where == "" for _, _, where in placed)
        layouts[is_open] += 1
        tops = [min(box.row for box in boxes_of(thing)) for thing, _, _ in placed]
        ordered[is_open] += tops == sorted(tops)
    assert 0.19 < layouts[True] / layouts.total() < 0.33
    assert ordered[True] == layouts[True]
    assert ordered[False] < layouts[False] / 2


def test_wording_varies() -> None:
    drawn = scene(5)
    for book in (ENGLISH, CHINESE):
        prompts = {describe(random.Random(seed), drawn, book) for seed in range(200)}
        assert len(prompts) > 195


def test_languages_are_mixed() -> None:
    rng = random.Random(0)
    english = sum(book_for(rng) is ENGLISH for _ in range(2000)) / 2000
    assert 0.55 < english < 0.65


@both
def test_a_phrasebook_has_words_for_everything(book: Phrasebook) -> None:
    assert set(book.colours) == set(palette.NAMES)
    assert set(book.backgrounds) == set(book.fills) == set(BACKGROUNDS)
    assert set(book.shapes) == set(SHAPES)
    assert set(book.sizes) == set(SHAPE_SIZES)
    assert set(book.styles) == set(STYLES)
    assert set(book.fonts) == set(FONTS)
    assert set(book.places) == {f"{row} {column}" for row in ROWS for column in COLUMNS}
    assert set(book.rows) == set(ROWS)
    assert set(book.counts) == {1, 2, 3}
    assert set(book.designs.directions) == set(DIRECTIONS)
    for writer in book.writers:
        assert all("{background}" in one or "{fill}" in one for one in writer.openings)
        assert all("{background}" in one or "{fill}" in one for one in writer.backgrounds)
        assert all("{thing}" in clause for clause in writer.shapes)
        assert all("{text}" in clause for clause in writer.texts)


@both
def test_no_word_stands_for_two_things(book: Phrasebook) -> None:
    for table in (book.colours, book.shapes, book.counts, book.places, book.designs.panel_names):
        words = [word for phrases in table.values() for word in set(phrases)]
        assert len(set(words)) == len(words)


@both
def test_every_quote_of_the_book_is_read_back(book: Phrasebook) -> None:
    for marks in book.quotes:
        quotes = Quotes(random.Random(0), (marks,))
        assert quoted_texts(quotes.put_in(f"写 {quotes.add('Ab 1')} now")) == ["Ab 1"]


def test_things_that_are_left_out() -> None:
    rng = random.Random(3)
    group = next(one for seed in range(99) for one in scene(seed).shapes if one.colour == "orange")
    nouns = {tidy(Pen(rng, ENGLISH).thing(group)["thing"]) for _ in range(300)}
    assert not [noun for noun in nouns if re.search(r"\ba o|\ban? *$|\bin *$", noun)]
    assert any("orange" not in noun for noun in nouns)
    assert len(nouns) > 30


@some
@given(SEEDS, BOOKS)
def test_relations_are_true(seed: int, book: Phrasebook) -> None:
    drawn = scene(seed)
    things = [*drawn.shapes, *drawn.texts]
    opposite = {"left": "right", "right": "left", "above": "below", "below": "above", None: None}
    for first in things:
        for second in things:
            if first is second:
                continue
            where = relation(first, second)
            assert relation(second, first) == opposite[where]
            a, b = hull(boxes_of(first)), hull(boxes_of(second))
            if where == "left":
                assert a.column < b.column
            if where == "above":
                assert a.row + a.height <= b.row
        around = between(first, drawn)
        if around is not None:
            assert relation(around[0], first) in ("left", "above")
            assert relation(around[1], first) in ("right", "below")


def test_relations_name_what_is_clear() -> None:
    found = 0
    for seed in range(200):
        drawn = scene(seed)
        if drawn.design != "poster" or len(drawn.shapes) + len(drawn.texts) < 2:
            continue
        pen = Pen(random.Random(seed), ENGLISH)
        first, second = (*drawn.shapes, *drawn.texts)[:2]
        phrase = pen.beside(first, [second], drawn)
        where = relation(first, second)
        if phrase is None:
            assert where is None or (not isinstance(second, ShapeGroup) and len(drawn.texts) > 1)
            continue
        found += 1
        templates = ENGLISH.relations[where or ""]
        assert any(phrase.startswith(template.split("{")[0]) for template in templates)
    assert found > 30


def test_alternatives() -> None:
    rng = random.Random(0)
    seen = {expand(rng, "(a|b (c|d)|)e") for _ in range(60)}
    assert seen == {"ae", "b ce", "b de", "e"}


def test_tidying() -> None:
    assert tidy(" the  text , in red . ") == "the text, in red."
    assert tidy("a orange star, , in a upper row,.") == "an orange star, in an upper row."
    assert sentences("it is. there. ok") == "It is. There. Ok"
    assert close_up("红色 star 在 左边") == "红色star在左边"
