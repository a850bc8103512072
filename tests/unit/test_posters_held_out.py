"""Held-out cases: nothing of them is worded or spelled as in training."""

import dataclasses
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache

import pytest

from glm_image.data import characters, chinese, english
from glm_image.data.book import Phrasebook, Writer
from glm_image.data.edit_book import EditBook
from glm_image.data.edits import edit_book
from glm_image.data.prompt_words import PROMPT_WORDS
from glm_image.data.scene import Scene, ShapeGroup
from glm_image.errors import InputError
from glm_image.evaluation.posters import held_out, words
from glm_image.evaluation.posters.asking import TOLD
from glm_image.evaluation.posters.chinese_edits import CHINESE_EDITS
from glm_image.evaluation.posters.chinese_phrases import CHINESE
from glm_image.evaluation.posters.english_edits import ENGLISH_EDITS
from glm_image.evaluation.posters.english_phrases import ENGLISH
from glm_image.tokenizer.glyph import quoted_texts

Templates = Iterator[str]

OWN: dict[str, tuple[Phrasebook, EditBook]] = {
    "en": (ENGLISH, ENGLISH_EDITS),
    "zh": (CHINESE, CHINESE_EDITS),
}
TRAINING: dict[str, tuple[Phrasebook, EditBook]] = {
    "en": (english.ENGLISH, edit_book(english.ENGLISH)),
    "zh": (chinese.CHINESE, edit_book(chinese.CHINESE)),
}
# Names of things and what stands between clauses are words, which both may use.
NAMES = {
    "panel_names", "directions", "languages", "title", "subtitle", "before", "after", "joiners",
    "endings",
}  # fmt: skip
both = pytest.mark.parametrize("language", OWN)


def texts(value: object) -> Templates:
    """Every text in a nest of tuples, mappings and records, names aside."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from texts(tuple(value.values()))
    elif isinstance(value, tuple):
        for entry in value:
            yield from texts(entry)
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            if field.name not in NAMES:
                yield from texts(getattr(value, field.name))


def expanded(template: str) -> Templates:
    """A template with every choice of its alternatives."""
    group = re.search(r"\(([^()]*)\)", template)
    if group is None:
        yield template
        return
    for one in group[1].split("|"):
        yield from expanded(template[: group.start()] + one + template[group.end() :])


@cache
def sentences(language: str, *, own: bool) -> frozenset[str]:
    """Everything that the templates of clauses can become, without marks and capitals."""
    book, changes = (OWN if own else TRAINING)[language]
    clauses = (book.writers, book.letters, book.bare_shapes, book.bare_texts)
    nouns = "|".join(sorted(set(TRAINING[language][0].text_nouns), key=len, reverse=True))
    word = rf"\b(?:{nouns})\b" if language == "en" else rf"(?:{nouns})(?={{text}})"
    plain = (
        re.sub(word, "{noun}", re.sub(r"[^\w{} ]", "", one.lower()))
        for template in texts((clauses, book.designs, changes))
        for one in expanded(template)
    )
    found = (" ".join(one.split()) for one in plain)
    # What consists of parts alone is a name of a thing, and no sentence.
    return frozenset(one for one in found if re.sub(r"{\w+}|\s", "", one))


@both
def test_wordings_are_not_those_of_training(language: str) -> None:
    own, training = (sentences(language, own=which) for which in (True, False))
    assert len(own) > 200
    assert len(training) > 1000
    assert own & training == set()


@both
def test_writers_have_the_habits_of_training(language: str) -> None:
    own, training = OWN[language][0].writers, TRAINING[language][0].writers
    assert len(own) == len(training)
    for writer in own:
        for field in dataclasses.fields(Writer):
            assert len(getattr(writer, field.name)) > 1


@both
def test_templates_use_only_words_of_training(language: str) -> None:
    plain = " ".join(re.sub(r"{\w+}", " ", one) for one in sentences(language, own=True))
    known = {word.strip().lower() for word in PROMPT_WORDS} | set(characters.HAN)
    used = set(re.findall(r"[a-z]+" if language == "en" else r"[\u4e00-\u9fff]", plain))
    assert used
    assert used <= known


@both
def test_names_of_things_are_those_of_training(language: str) -> None:
    own, training = OWN[language][0], TRAINING[language][0]
    for name in ("colours", "shapes", "places", "rows", "relations", "backgrounds", "fills"):
        assert getattr(own, name) == getattr(training, name)
    for size, known in training.sizes.items():
        assert "" not in own.sizes[size]
        assert set(own.sizes[size]) <= set(known)


def test_words_consist_of_characters_of_training() -> None:
    assert set("".join(words.LATIN_WORDS)) <= {*characters.NARROW, " "}
    assert set("".join(words.HAN_WORDS)) <= set(characters.HAN)
    assert set("".join(words.MIXED_WORDS)) <= {*characters.HAN, *characters.LATIN}
    assert max(map(len, words.LATIN_WORDS)) == 10
    assert max(map(len, words.HAN_WORDS)) == 8


def test_cases_are_many_and_distinct() -> None:
    drawings, changes = held_out.drawings(), held_out.edits()
    assert len(drawings) == held_out.DRAWINGS == 200
    assert len(changes) == held_out.EDITS == 80
    assert len({case.prompt for case in drawings}) == len(drawings)
    assert len({case.name for case in (*drawings, *changes)}) == 280
    assert len({case.seed for case in (*drawings, *changes)}) == 280
    assert all(case.sources and case.expected not in case.sources for case in changes)


def test_every_kind_is_asked_for_in_both_languages() -> None:
    asked = Counter((case.kind, case.chinese) for case in held_out.drawings())
    assert all(asked[kind, chinese] > 2 for kind in held_out.DRAWING_KINDS for chinese in (0, 1))
    assert 70 <= sum(case.chinese for case in held_out.drawings()) <= 90
    asked = Counter((case.kind, case.chinese) for case in held_out.edits())
    assert all(asked[kind, chinese] > 0 for kind in held_out.EDIT_KINDS for chinese in (0, 1))
    assert all(len(case.sources) == 1 + (case.kind == "combine") for case in held_out.edits())


def test_everything_of_the_domain_is_asked_for() -> None:
    scenes = [case.expected for case in held_out.drawings()]
    shapes = [group for scene in scenes for group in scene.shapes]
    lines = [line for scene in scenes for line in scene.texts]
    assert len({group.kind for group in shapes}) == 8
    assert len({group.colour for group in shapes}) == 12
    assert {group.size for group in shapes} == {2, 3, 4}
    assert {len(group.boxes) for group in shapes} == {1, 2, 3}
    assert {group.style for group in shapes} == {"filled", "outlined"}
    assert len({scene.background.kind for scene in scenes}) == 6
    assert {arrow.direction for scene in scenes for arrow in scene.arrows} == {"right", "down"}
    assert {len(scene.panels) for scene in scenes} == {0, 2, 4}
    assert {line.scale for line in lines} == {1, 2}
    assert any(len(line.lines) == 2 for line in lines)
    assert sum(not line.text.isascii() for line in lines) > 80
    assert sum(len(case.asked.relations) for case in held_out.drawings()) > 15


def test_prompts_quote_every_text_and_nothing_else() -> None:
    for case in held_out.drawings():
        expected = [line.text for line in case.expected.texts]
        assert sorted(quoted_texts(case.prompt)) == sorted(expected), case.prompt


def test_prompts_are_in_their_language() -> None:
    for case in held_out.drawings():
        unquoted = re.sub(r"[\"'“‘「『].*?[\"'”’」』]", "", case.prompt)
        assert case.chinese == bool(re.search(r"[\u4e00-\u9fff]", unquoted)), case.prompt
        assert not re.search(r"[{}()|~\ue000-\uf8ff]|,,|,;", unquoted), case.prompt


def things(scene: Scene) -> int:
    return len(scene.shapes) + len(scene.texts)


def test_what_is_asked_is_noted() -> None:
    for case in held_out.drawings():
        placed = {relation.thing for relation in case.asked.relations}
        if case.kind == held_out.OPEN:
            assert not case.asked.places and not placed
        else:
            assert sorted((*case.asked.places, *placed)) == list(range(things(case.expected)))
    for case in held_out.edits():
        free = things(case.expected) - len(case.asked.places)
        assert free == (case.kind == "combine" and things(case.expected) > things(case.sources[0]))
        resized = {bound.thing for bound in case.asked.bounds}
        assert not resized & case.asked.sizes
        for bound in case.asked.bounds:
            assert (case.expected.shapes[bound.thing].size > bound.size) == bound.larger
    assert sum(len(case.asked.bounds) for case in held_out.edits()) > 3


def test_a_size_is_asked_for_only_where_a_word_tells_it() -> None:
    told = 0
    for case in held_out.drawings():
        book = OWN["zh" if case.chinese else "en"][0]
        unquoted = re.sub(r"[\"'“‘「『].*?[\"'”’」』]", "", case.prompt)
        things = [*case.expected.shapes, *case.expected.texts]
        for index in case.asked.sizes:
            thing, told = things[index], told + 1
            known = isinstance(thing, ShapeGroup)
            sizes = book.sizes[thing.size] if known else book.text_sizes[thing.scale]
            assert any(word in unquoted for word in sizes), case.prompt
    assert told > 100
    prompts = [case.prompt for case in (*held_out.drawings(), *held_out.edits())]
    assert not any(TOLD in prompt for prompt in prompts)


def test_fewer_cases_are_the_first_of_all() -> None:
    assert held_out.drawings(5) == held_out.drawings()[:5]
    assert held_out.edits(5) == held_out.edits()[:5]
    few = held_out.subset(40)
    assert [case.task for case in few] == ["draw"] * 29 + ["edit"] * 11
    assert held_out.subset(280) == (*held_out.drawings(), *held_out.edits())


@pytest.mark.parametrize("more", [-281, 1])
def test_an_impossible_number_of_cases_is_refused(more: int) -> None:
    with pytest.raises(InputError, match="200 cases"):
        held_out.drawings(200 + more)
    with pytest.raises(InputError, match="280 cases"):
        held_out.subset(280 + more)
    with pytest.raises(InputError, match="80 cases"):
        held_out.check(1, 81)
