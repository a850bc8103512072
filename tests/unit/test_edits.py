"""Edits: a scene, an instruction, the changed scene."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawn import SEEDS, is_sound, some
from glm_image.data.edits import KINDS, Edit, sample_edit
from glm_image.data.mix import SceneMix
from glm_image.data.phrasebook import CHINESE, ENGLISH, Phrasebook
from glm_image.data.placing import readable_on, visible_on
from glm_image.data.prompts import colour_word
from glm_image.data.scene import Scene, ShapeGroup, TextLine
from glm_image.tokenizer.glyph import quoted_texts

BOOKS = st.sampled_from((ENGLISH, CHINESE))
MIX = SceneMix()


def edit_of(seed: int, book: Phrasebook) -> Edit:
    return sample_edit(random.Random(seed), MIX, book)


def edits(kind: str, book: Phrasebook) -> list[Edit]:
    rng = random.Random(1)
    found: list[Edit] = []
    while len(found) < 30:
        edit = sample_edit(rng, MIX, book)
        if edit.kind == kind:
            found.append(edit)
    return found


def changed_shapes(edit: Edit) -> tuple[list[ShapeGroup], list[ShapeGroup]]:
    """Groups that are only before, and groups that are only after."""
    before, after = edit.before.shapes, edit.after.shapes
    return [g for g in before if g not in after], [g for g in after if g not in before]


def changed_texts(edit: Edit) -> tuple[list[TextLine], list[TextLine]]:
    before, after = edit.before.texts, edit.after.texts
    return [t for t in before if t not in after], [t for t in after if t not in before]


def names_shape(edit: Edit, group: ShapeGroup, book: Phrasebook) -> bool:
    return any(name in edit.instruction.lower() for name in book.shapes[group.kind])


def names_place(edit: Edit, group: ShapeGroup, book: Phrasebook) -> bool:
    phrases = book.places[f"{group.place.row} {group.place.column}"]
    return any(phrase in edit.instruction for phrase in phrases)


def can_be_seen(drawn: Scene) -> bool:
    return all(visible_on(drawn.background, group.colour) for group in drawn.shapes) and all(
        readable_on(drawn.background, line.colour) for line in drawn.texts
    )


@some
@given(SEEDS, BOOKS)
def test_edits_are_sound(seed: int, book: Phrasebook) -> None:
    edit = edit_of(seed, book)
    assert edit.before != edit.after
    assert (edit.before.rows, edit.before.columns) == (edit.after.rows, edit.after.columns)
    for drawn in (edit.before, edit.after):
        assert is_sound(drawn)
        assert can_be_seen(drawn)
        assert drawn.shapes or drawn.texts
    assert edit.instruction == edit.instruction.strip()
    assert "{" not in edit.instruction
    assert edit == edit_of(seed, book)


@some
@given(SEEDS, BOOKS)
def test_one_thing_changes(seed: int, book: Phrasebook) -> None:
    edit = edit_of(seed, book)
    gone, come = changed_shapes(edit)
    erased, written = changed_texts(edit)
    counts = (len(gone), len(come), len(erased), len(written))
    expected = {
        "recolour": {(1, 1, 0, 0)},
        "move": {(1, 1, 0, 0)},
        "remove": {(1, 0, 0, 0), (0, 0, 1, 0)},
        "replace text": {(0, 0, 1, 1)},
        "background": {(0, 0, 0, 0)},
        "add": {(0, 1, 0, 0), (0, 0, 0, 1)},
    }
    assert counts in expected[edit.kind]
    assert (edit.before.background != edit.after.background) == (edit.kind == "background")


def test_every_kind_is_frequent() -> None:
    rng = random.Random(0)
    counts = Counter(sample_edit(rng, MIX, ENGLISH).kind for _ in range(600))
    assert set(counts) == set(KINDS)
    assert min(counts.values()) > 25


both = pytest.mark.parametrize("book", [ENGLISH, CHINESE], ids=["english", "chinese"])


@both
def test_recolouring_names_shape_and_colour(book: Phrasebook) -> None:
    for edit in edits("recolour", book):
        (old,), (new,) = changed_shapes(edit)
        assert old.colour != new.colour
        assert (old.kind, old.boxes) == (new.kind, new.boxes)
        assert names_shape(edit, new, book)
        assert colour_word(new.colour, book) in edit.instruction


@both
def test_moving_names_shape_and_place(book: Phrasebook) -> None:
    for edit in edits("move", book):
        (old,), (new,) = changed_shapes(edit)
        assert old.place != new.place
        assert (old.kind, old.colour, old.size) == (new.kind, new.colour, new.size)
        assert names_shape(edit, new, book)
        assert names_place(edit, new, book)


@both
def test_removing_names_what_goes(book: Phrasebook) -> None:
    word = "文字" if book is CHINESE else "text"
    for edit in edits("remove", book):
        gone, _ = changed_shapes(edit)
        erased, _ = changed_texts(edit)
        for group in gone:
            assert names_shape(edit, group, book)
        for line in erased:
            assert word in edit.instruction.lower()
            if len(edit.before.texts) > 1:
                (quoted,) = quoted_texts(edit.instruction)
                assert quoted.replace(" ", "") == line.text.replace(" ", "")


@both
def test_replacing_quotes_the_new_text(book: Phrasebook) -> None:
    for edit in edits("replace text", book):
        (old,), (new,) = changed_texts(edit)
        quoted = quoted_texts(edit.instruction)
        assert new.text in quoted
        assert set(quoted) <= {old.text, new.text}
        assert len(edit.before.texts) < 2 or old.text in quoted
        assert (old.place, old.colour, old.scale) == (new.place, new.colour, new.scale)


@both
def test_backgrounds_are_named(book: Phrasebook) -> None:
    for edit in edits("background", book):
        assert colour_word(edit.after.background.colour, book) in edit.instruction


@both
def test_adding_describes_the_new_thing(book: Phrasebook) -> None:
    for edit in edits("add", book):
        _, come = changed_shapes(edit)
        _, written = changed_texts(edit)
        for group in come:
            assert names_shape(edit, group, book)
            assert colour_word(group.colour, book) in edit.instruction
            assert names_place(edit, group, book)
        for line in written:
            assert line.text in quoted_texts(edit.instruction)
