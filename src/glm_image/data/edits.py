"""Before and after: one or two pictures, an instruction, the picture wanted."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from glm_image.data.bilingual import TO_CHINESE, TO_ENGLISH
from glm_image.data.book import Phrasebook
from glm_image.data.chinese_edits import CHANGES as CHINESE_CHANGES
from glm_image.data.describing import finish
from glm_image.data.desk import Change, Desk
from glm_image.data.edit_book import EditBook
from glm_image.data.edit_pictures import add, change_background, combine, pastel, swap
from glm_image.data.edit_texts import replace_text, translate
from glm_image.data.edit_things import move, recolour, remove, resize, restyle
from glm_image.data.english_edits import CHANGES as ENGLISH_CHANGES
from glm_image.data.layout import draw_text, sample_scene
from glm_image.data.mix import SceneMix, Words
from glm_image.data.scene import Scene
from glm_image.data.texts import TextSource, random_han, random_latin
from glm_image.data.wording import Pen


@dataclass(frozen=True, kw_only=True)
class Edit:
    """One edit.

    Attributes:
        kind: Name of the operation, one of ``KINDS``.
        before: The source picture, the first of two.
        other: The second source picture of a "combine".
        after: The picture wanted, of the first one's size.
        instruction: What the user says.
    """

    kind: str
    before: Scene
    other: Scene | None = None
    after: Scene
    instruction: str

    @property
    def sources(self) -> tuple[Scene, ...]:
        """All source pictures in order."""
        return (self.before,) if self.other is None else (self.before, self.other)


_SINGLE: dict[str, Callable[[Desk, Scene], Change | None]] = {
    "recolour": recolour,
    "move": move,
    "resize": resize,
    "restyle": restyle,
    "remove": remove,
    "add": add,
    "replace text": replace_text,
    "translate": translate,
    "background": change_background,
    "pastel": pastel,
    "swap": swap,
}
_COMBINE, _TWO = "combine", "two changes"

KINDS: tuple[str, ...] = (*_SINGLE, _COMBINE, _TWO)
"""Names of the operations."""

TRIED: Mapping[str, float] = dict(
    zip(KINDS, (9, 14, 16, 8, 10, 12, 16, 12, 10, 20, 10, 18, 44), strict=True)
)
"""How often each kind is tried; some often fail."""

OF_WORDS: Mapping[str, float] = {
    "translate": 6,
    "replace text": 3,
    "recolour": 2,
    "background": 1,
    "swap": 1,
}
"""Kinds that a picture of nothing but texts allows, mostly those that change what it says."""

OF_TEXTS: Mapping[str, float] = {
    "replace text": 6,
    "translate": 6,
    "remove": 3,
    "resize": 6,
    "recolour": 2,
    "move": 1,
    "swap": 1,
    "two changes": 12,
}
"""Kinds that small pictures of several texts allow, mostly those that one of them undergoes."""

OF_SHAPES: Mapping[str, float] = {
    "recolour": 4,
    "restyle": 4,
    "resize": 4,
    "combine": 6,
    "move": 2,
    "remove": 2,
    "add": 2,
    "swap": 2,
    "two changes": 4,
}
"""Kinds that small pictures of shapes allow, mostly those that change how one looks."""

_STATEMENTS = ("the ", "a ", "it ", "there ", "what ", "nothing ", "one ", "I ", "I'd ")
_FIRST_OF_TWO = ("recolour", "move", "resize", "restyle", "replace text", "background")


def edit_book(book: Phrasebook) -> EditBook:
    """The templates that go with a phrasebook."""
    return CHINESE_CHANGES if book.chinese else ENGLISH_CHANGES


def sample_edit(
    rng: random.Random,
    mix: SceneMix,
    book: Phrasebook,
    *,
    latin: TextSource = random_latin,
    han: TextSource = random_han,
    kinds: Mapping[str, float] = TRIED,
) -> Edit:
    """Draw a random scene and a random edit that is possible on it.

    Args:
        rng: Source of all choices.
        mix: What the scene shows; its size is not drawn here.
        book: Words of the instruction.
        latin: Draws Latin texts.
        han: Draws Chinese texts.
        kinds: How often each kind is tried.
    """
    words = Words(latin=latin, han=han)
    while True:
        kind = rng.choices(list(kinds), list(kinds.values()))[0]
        own = Words(latin=english_word, han=chinese_word) if kind == "translate" else words
        scene = sample_scene(rng, mix, latin=own.latin, han=own.han)
        other = sample_scene(rng, mix, latin=latin, han=han) if kind == _COMBINE else None
        pen = Pen(rng, book)
        desk = Desk(pen=pen, book=edit_book(book), write=partial(draw_text, mix=mix, words=words))
        edit = edit_at(desk, kind, scene, other)
        if edit is not None:
            return edit


def edit_at(desk: Desk, kind: str, scene: Scene, other: Scene | None) -> Edit | None:
    """An edit of a scene; None where it is not possible.

    Args:
        desk: Where its instruction is worded.
        kind: One of ``KINDS``.
        scene: What is changed.
        other: The second picture of a "combine"; None of every other kind.
    """
    change = _change(desk, kind, scene, other)
    if change is None or change.after == scene:
        return None
    said = _address(desk, change.words) + change.words + desk.fill(desk.book.after)
    instruction = finish(desk.pen, said)
    return Edit(kind=kind, before=scene, other=other, after=change.after, instruction=instruction)


def _address(desk: Desk, words: str) -> str:
    """What an instruction begins with: nothing before a statement."""
    quoted = not desk.pen.book.chinese and not words[0].isascii()
    statement = quoted or words.startswith(_STATEMENTS)
    return "" if statement else desk.rng.choice(desk.book.before)


def _change(desk: Desk, kind: str, scene: Scene, other: Scene | None) -> Change | None:
    if other is not None:
        return combine(desk, scene, other)
    if kind == _TWO:
        return _two_changes(desk, scene)
    return _SINGLE[kind](desk, scene)


def _two_changes(desk: Desk, scene: Scene) -> Change | None:
    """Two changes of different kinds about different things."""
    first_kind = desk.rng.choice(_FIRST_OF_TWO)
    second_kind = desk.rng.choice([one for one in _SINGLE if one not in (first_kind, "translate")])
    first = _SINGLE[first_kind](desk, scene)
    if first is None or first.after == scene:
        return None
    second = _SINGLE[second_kind](desk, first.after)
    if second is None or second.after == first.after:
        return None
    before, between = _parts(scene), _parts(first.after)
    # What the second change is about must be there from the beginning, and untouched.
    if not between - _parts(second.after) <= before:
        return None
    joiner = desk.rng.choice(desk.book.joiners)
    return Change(after=second.after, words=first.words + joiner + second.words)


def _parts(scene: Scene) -> set[object]:
    """Everything that a change can be about."""
    return {scene.background, scene.panels, *scene.shapes, *scene.texts}


def english_word(rng: random.Random, longest: int) -> str:
    """An English word that can be translated."""
    return rng.choice([word for word in TO_CHINESE if len(word) <= longest] or ["GO"])


def chinese_word(rng: random.Random, longest: int) -> str:
    """A Chinese word that can be translated."""
    return rng.choice([word for word in TO_ENGLISH if len(word) <= longest] or ["山"])
