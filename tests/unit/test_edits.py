"""Edits: one or two pictures, an instruction, the changed picture."""

import random
import re
from collections import Counter
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawn import SEEDS, is_sound, some
from glm_image.data.bilingual import PAIRS, TO_CHINESE, TO_ENGLISH
from glm_image.data.book import Phrasebook
from glm_image.data.characters import HAN, LATIN
from glm_image.data.chinese import CHINESE
from glm_image.data.desk import seen_on
from glm_image.data.edits import KINDS, Edit, sample_edit
from glm_image.data.english import ENGLISH
from glm_image.data.mix import SceneMix
from glm_image.data.relations import boxes_of
from glm_image.data.scene import Scene, ShapeGroup, TextLine
from glm_image.tokenizer.glyph import quoted_texts

BOOKS = st.sampled_from((ENGLISH, CHINESE))
both = pytest.mark.parametrize("book", [ENGLISH, CHINESE], ids=["english", "chinese"])
MIX = SceneMix()


@cache
def many(chinese: bool) -> tuple[Edit, ...]:
    rng = random.Random(1)
    return tuple(sample_edit(rng, MIX, CHINESE if chinese else ENGLISH) for _ in range(700))


def edits(kind: str, book: Phrasebook) -> list[Edit]:
    return [edit for edit in many(book is CHINESE) if edit.kind == kind]


def shapes(edit: Edit) -> tuple[list[ShapeGroup], list[ShapeGroup]]:
    """Groups that are only before, and groups that are only after."""
    before, after = edit.before.shapes, edit.after.shapes
    return [g for g in before if g not in after], [g for g in after if g not in before]


def texts(edit: Edit) -> tuple[list[TextLine], list[TextLine]]:
    before, after = edit.before.texts, edit.after.texts
    return [t for t in before if t not in after], [t for t in after if t not in before]


def counts(edit: Edit) -> tuple[int, int, int, int]:
    (gone, come), (erased, written) = shapes(edit), texts(edit)
    return len(gone), len(come), len(erased), len(written)


def can_be_seen(drawn: Scene) -> bool:
    things = [*drawn.shapes, *drawn.texts]
    return all(seen_on(drawn.behind(boxes_of(thing)[0]), thing) for thing in things)


@some
@given(SEEDS, BOOKS)
def test_edits_are_sound(seed: int, book: Phrasebook) -> None:
    rng = random.Random(seed)
    mix = SceneMix(other_sizes=0.3).sized(rng)
    edit = sample_edit(rng, mix, book)
    assert edit.before != edit.after
    assert (edit.before.rows, edit.before.columns) == (edit.after.rows, edit.after.columns)
    assert edit.sources[0] is edit.before
    assert (len(edit.sources) == 2) == (edit.kind == "combine")
    for drawn in (*edit.sources, edit.after):
        assert is_sound(drawn)
        assert can_be_seen(drawn)
        assert drawn.shapes or drawn.texts
    known = {line.text for drawn in (*edit.sources, edit.after) for line in drawn.texts}
    assert set(quoted_texts(edit.instruction)) <= known
    assert edit.instruction == edit.instruction.strip()
    assert not re.search(r"[{}|~()\ue000-\uf8ff]", edit.instruction)
    again = random.Random(seed)
    assert edit == sample_edit(again, SceneMix(other_sizes=0.3).sized(again), book)


@both
def test_every_kind_is_frequent(book: Phrasebook) -> None:
    found = Counter(edit.kind for edit in many(book is CHINESE))
    assert set(found) == set(KINDS)
    assert min(found.values()) >= 8


@both
def test_one_thing_changes(book: Phrasebook) -> None:
    one = {(1, 1, 0, 0), (0, 0, 1, 1)}
    expected = {
        "recolour": one,
        "move": one,
        "resize": one,
        "restyle": {(1, 1, 0, 0)},
        "remove": {(1, 0, 0, 0), (0, 0, 1, 0)},
        "add": {(0, 1, 0, 0), (0, 0, 0, 1)},
        "replace text": {(0, 0, 1, 1)},
        "translate": {(0, 0, 1, 1)},
        "background": {(0, 0, 0, 0)},
        "pastel": {(0, 0, 0, 0)},
        "swap": one,
        "combine": {(0, 1, 0, 0), (0, 0, 0, 1), (0, 0, 0, 0)},
    }
    for edit in many(book is CHINESE):
        if edit.kind == "two changes":
            continue
        assert counts(edit) in expected[edit.kind], edit
        same = edit.before.background == edit.after.background
        same = same and edit.before.panels == edit.after.panels
        if edit.kind in ("background", "pastel", "swap"):
            assert not same
        elif edit.kind != "combine":
            assert same


@both
def test_recolouring_keeps_all_but_the_colour(book: Phrasebook) -> None:
    for edit in edits("recolour", book):
        (old, new), (erased, written) = shapes(edit), texts(edit)
        before, after = (*old, *erased)[0], (*new, *written)[0]
        assert before.colour != after.colour
        assert boxes_of(before) == boxes_of(after)
        words = edit.instruction.lower()
        assert any(word in words for word in book.colours[after.colour])


@both
def test_moving_keeps_all_but_the_place(book: Phrasebook) -> None:
    for edit in edits("move", book):
        (old, new), (erased, written) = shapes(edit), texts(edit)
        before, after = (*old, *erased)[0], (*new, *written)[0]
        assert before.place != after.place
        assert before.colour == after.colour


@both
def test_resizing_keeps_the_place(book: Phrasebook) -> None:
    for edit in edits("resize", book):
        (old, new), (erased, written) = shapes(edit), texts(edit)
        before, after = (*old, *erased)[0], (*new, *written)[0]
        assert before.place == after.place
        assert boxes_of(before) != boxes_of(after)


@both
def test_restyling_switches_between_two(book: Phrasebook) -> None:
    for edit in edits("restyle", book):
        (old,), (new,) = shapes(edit)
        assert {old.style, new.style} == {"filled", "outlined"}
        assert old.boxes == new.boxes


@both
def test_replacing_quotes_the_new_text(book: Phrasebook) -> None:
    for edit in edits("replace text", book):
        (old,), (new,) = texts(edit)
        quoted = quoted_texts(edit.instruction)
        assert new.text in quoted
        assert set(quoted) <= {old.text, new.text}
        assert (old.place, old.colour, old.font) == (new.place, new.colour, new.font)


@both
def test_translations_are_in_the_list(book: Phrasebook) -> None:
    for edit in edits("translate", book):
        (old,), (new,) = texts(edit)
        assert TO_CHINESE.get(old.text, TO_ENGLISH.get(old.text)) == new.text
        language = {"english": ("English", "英文"), "chinese": ("Chinese", "中文")}
        names = language["chinese" if old.text in TO_CHINESE else "english"]
        assert any(name in edit.instruction for name in names)


@both
def test_combining_takes_from_the_second_picture(book: Phrasebook) -> None:
    for edit in edits("combine", book):
        (_, come), (_, written) = shapes(edit), texts(edit)
        assert edit.other is not None
        for thing in (*come, *written):
            assert thing in (*edit.other.shapes, *edit.other.texts)
        if not come and not written:
            assert edit.after.background == edit.other.background


@both
def test_two_changes_are_about_different_things(book: Phrasebook) -> None:
    for edit in edits("two changes", book):
        gone, come, erased, written = counts(edit)
        background = edit.before.background != edit.after.background
        background = background or edit.before.panels != edit.after.panels
        assert max(gone, come) + max(erased, written) + background >= 2


def test_words_in_two_languages_can_be_drawn() -> None:
    assert len(PAIRS) >= 150
    assert len(TO_CHINESE) == len(TO_ENGLISH) == len(PAIRS)
    for english, chinese in PAIRS:
        assert set(english) <= set(LATIN)
        assert set(chinese) <= set(HAN)
        assert len(english) <= 8
        assert len(chinese) <= 4
