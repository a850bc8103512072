"""Held-out cases: nothing of them is worded or spelled as in training."""

import dataclasses
import re
from collections.abc import Iterator

import pytest

from glm_image.data import characters, edits, palette, phrasebook
from glm_image.data.phrasebook import Phrasebook
from glm_image.errors import InputError
from glm_image.evaluation.posters import held_out, phrases, words

BOOKS = {
    "en": (phrases.ENGLISH, phrasebook.ENGLISH),
    "zh": (phrases.CHINESE, phrasebook.CHINESE),
}
TRAINING_EDITS = (
    edits.RECOLOUR, edits.MOVE, edits.REMOVE, edits.REPLACE, edits.BACKGROUND, edits.ADD,
)  # fmt: skip


def texts(value: object) -> Iterator[str]:
    """Every text in a nest of tuples and mappings."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from texts(tuple(value.values()))
    elif isinstance(value, tuple | list):
        for entry in value:
            yield from texts(entry)


def templates(book: Phrasebook) -> set[str]:
    clauses = (
        book.openings, book.shape_clauses, book.text_clauses, book.plain_text_clauses
    )  # fmt: skip
    return set(texts(clauses))


@pytest.mark.parametrize("language", BOOKS)
def test_wordings_of_prompts_are_not_those_of_training(language: str) -> None:
    own, training = BOOKS[language]
    assert templates(own)
    assert not templates(own) & templates(training)


def test_wordings_of_edits_are_not_those_of_training() -> None:
    own = set(texts(phrases.EDITS))
    assert own
    assert not own & {text for wording in TRAINING_EDITS for text in texts(wording)}


@pytest.mark.parametrize(("language", "word"), [("en", r"[a-z]+"), ("zh", r"[\u4e00-\u9fff]")])
def test_templates_use_only_words_of_training(language: str, word: str) -> None:
    own, training = BOOKS[language]
    chinese = language == "zh"

    def words_of(*sources: object) -> set[str]:
        return {
            found
            for text in texts(sources)
            for found in re.findall(word, re.sub(r"{.*?}", " ", text))
        }

    fields = [getattr(training, field.name) for field in dataclasses.fields(Phrasebook)]
    colours = [colour.zh if chinese else colour.name for colour in palette.COLOURS]
    known = words_of(fields, colours, [wording[chinese] for wording in TRAINING_EDITS])
    used = words_of(sorted(templates(own)), [own[chinese] for own in phrases.EDITS.values()])
    assert used
    assert used <= known | (set(characters.HAN) if chinese else set())


def test_words_consist_of_characters_of_training() -> None:
    assert set("".join(words.LATIN_WORDS)) <= set(characters.LATIN)
    assert set("".join(words.HAN_WORDS)) <= set(characters.HAN)


def test_cases_are_many_and_distinct() -> None:
    drawings, changes = held_out.drawings(), held_out.edits()
    assert len({case.prompt for case in drawings}) == len(drawings) == held_out.DRAWINGS
    assert len({case.seed for case in (*drawings, *changes)}) == len(drawings) + len(changes)
    kinds = [case.kind for case in changes]
    each = held_out.EDITS // len(held_out.EDIT_KINDS)
    assert {kind: kinds.count(kind) for kind in kinds} == dict.fromkeys(held_out.EDIT_KINDS, each)
    assert all(case.source not in (None, case.expected) for case in changes)


def test_both_languages_are_asked() -> None:
    chinese = [case.chinese for case in held_out.drawings()]
    assert 20 <= sum(chinese) <= 40
    for case in held_out.drawings():
        unquoted = re.sub(r"[\"'“‘「『].*?[\"'”’」』]", "", case.prompt)
        assert case.chinese == bool(re.search(r"[\u4e00-\u9fff]", unquoted)), case.prompt


def test_fewer_cases_are_the_first_of_all() -> None:
    assert held_out.drawings(5) == held_out.drawings()[:5]
    assert held_out.edits(5) == held_out.edits()[:5]


@pytest.mark.parametrize("count", [-1, held_out.DRAWINGS + 1])
def test_an_impossible_number_of_cases_is_refused(count: int) -> None:
    with pytest.raises(InputError, match="100 cases"):
        held_out.drawings(count)
