"""Words the held-out prompts, and notes what they ask for."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace

from glm_image.data import design_wording
from glm_image.data.book import Phrasebook
from glm_image.data.describing import finish, thing_clause
from glm_image.data.edits import Edit
from glm_image.data.grammar import OPEN_END, Phrases
from glm_image.data.relations import Thing, relation
from glm_image.data.scene import Scene
from glm_image.data.wording import Omissions, Pen

# Chances: a thing's size is told; it is placed beside another; the background comes first.
_SIZE, _RELATED, _FIRST = 0.6, 0.35, 0.8

TOLD = "\uf8ff"
"""Follows every word for a size until the wording is done: not every template has one."""


@dataclass(frozen=True, kw_only=True)
class Relation:
    """Where one thing shall stand as seen from another.

    Attributes:
        thing: Index of the thing, shapes before texts.
        where: One of :data:`glm_image.data.relations.RELATIONS`.
        other: Index of the other thing.
    """

    thing: int
    where: str
    other: int


@dataclass(frozen=True, kw_only=True)
class Bound:
    """How a group of shapes shall be resized.

    Attributes:
        thing: Index of the group.
        size: Its size before, in cells.
        larger: Whether it shall be larger, else smaller.
    """

    thing: int
    size: int
    larger: bool


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a prompt says of a scene's things, beyond what they are and their colours.

    Attributes:
        places: Indices of the things whose place is told, shapes before texts.
        sizes: Indices of the things whose size is told.
        relations: Places that are told by another thing.
        bounds: Sizes that are told by those before.
    """

    places: frozenset[int]
    sizes: frozenset[int]
    relations: tuple[Relation, ...] = ()
    bounds: tuple[Bound, ...] = ()


class Teller(Pen):
    """A pen that leaves nothing out and names every place as one of the nine."""

    def __init__(self, rng: random.Random, book: Phrasebook) -> None:
        nothing = Omissions(size=0.0, shape_colour=0.0, text_colour=0.0, arrow_colour=0.0)
        super().__init__(rng, _marked(book), omissions=nothing)

    def beside(self, thing: Thing, known: list[Thing], scene: Scene) -> str | None:
        """None: the place of a new thing must be told exactly."""
        return None


class _Writing:
    """One prompt in the making."""

    def __init__(self, rng: random.Random, scene: Scene, book: Phrasebook) -> None:
        self.rng, self.scene = rng, scene
        self.pen = Teller(rng, book)
        self.book = self.pen.book
        self.quiet = replace(
            book,
            sizes=dict.fromkeys(book.sizes, ("",)),
            text_sizes=dict.fromkeys(book.text_sizes, ("",)),
        )
        self.writer = rng.choice(book.writers)
        self.things: list[Thing] = [*scene.shapes, *scene.texts]
        self.places: set[int] = set()
        self.sizes: set[int] = set()
        self.relations: list[Relation] = []

    def prompt(self, *, places: bool) -> str:
        """The words; ``places`` are told or left open."""
        scene, pen = self.scene, self.pen
        if scene.panels or scene.arrows:
            pen.book = self.quiet
            self.places.update(range(len(self.things)))
            word = design_wording.panel_clauses if scene.panels else design_wording.step_clauses
            return self._joined(word(pen, scene))
        clauses = self._things(places=places)
        behind = pen.background(scene.background)
        if self.rng.random() < _FIRST:
            clauses.insert(0, pen.fill(self.writer.openings, **behind))
        else:
            clauses.append(pen.fill(self.writer.backgrounds, **behind))
        return self._joined(clauses)

    def _things(self, *, places: bool) -> list[str]:
        titled = self.scene.design == "title"
        own = len(self.scene.shapes) if titled else len(self.things)
        order = self.rng.sample(range(own), own)
        clauses = []
        for number, index in enumerate(order):
            self.pen.book = self.book if self.rng.random() < _SIZE else self.quiet
            where = self._where(index, order[:number]) if places else ""
            clause = thing_clause(self.pen, self.things[index], where, self.writer)
            if TOLD in clause:
                self.sizes.add(index)
            clauses.append(clause.replace(TOLD, ""))
        if titled:
            self.places.update(range(own, len(self.things)))
            self.pen.book = self.quiet
            clauses.insert(0, design_wording.title_clause(self.pen, self.scene))
        return clauses

    def _where(self, index: int, known: list[int]) -> str:
        """The place of a thing, by one that is known already or as one of the nine."""
        thing = self.things[index]
        for other in known if self.rng.random() < _RELATED else ():
            where = relation(thing, self.things[other])
            name = self.pen.point_at(self.things[other], self.scene)
            if where is not None and name is not None:
                self.relations.append(Relation(thing=index, where=where, other=other))
                return self.pen.fill(self.book.relations[where], other=name)
        self.places.add(index)
        return self.pen.place(thing)

    def _joined(self, clauses: list[str]) -> str:
        prompt = clauses[0]
        for clause in clauses[1:]:
            joiner = " " if prompt.endswith(OPEN_END) else self.rng.choice(self.writer.joiners)
            prompt = prompt.removesuffix(OPEN_END) + joiner + clause
        return finish(self.pen, prompt + self.rng.choice(self.writer.endings))


def _marked(book: Phrasebook) -> Phrasebook:
    """The book with :data:`TOLD` after its words for sizes."""

    def marked(words: Mapping[int, Phrases]) -> dict[int, Phrases]:
        return {size: tuple(word + TOLD for word in its) for size, its in words.items()}

    return replace(book, sizes=marked(book.sizes), text_sizes=marked(book.text_sizes))


def describe(
    rng: random.Random, scene: Scene, book: Phrasebook, *, places: bool = True
) -> tuple[str, Asked]:
    """Word a prompt for a scene in which every colour is named.

    Args:
        rng: Source of all choices.
        scene: What the picture shows.
        book: A held-out phrasebook.
        places: Whether it is said where things are; else the layout is left to the model.

    Returns:
        The prompt, and what it asks for.
    """
    writing = _Writing(rng, scene, book)
    prompt = writing.prompt(places=places)
    asked = Asked(
        places=frozenset(writing.places),
        sizes=frozenset(writing.sizes),
        relations=tuple(writing.relations),
    )
    return prompt, asked


def everything(scene: Scene) -> Asked:
    """Every place and every size of a scene."""
    things = frozenset(range(len(scene.shapes) + len(scene.texts)))
    return Asked(places=things, sizes=things)


def asked_by(edit: Edit) -> Asked:
    """What an edit asks for: what is not spoken of stays as it is.

    A shape that shall be larger may get any larger size, a new text may be written in letters of
    any size, and what comes from a second picture may be put anywhere. What is added has the size
    that is told, if one is.
    """
    scene = edit.after
    asked = everything(scene)
    places, sizes, bounds = set(asked.places), set(asked.sizes), []
    known = [group.kind for group in edit.before.shapes]
    for index, group in enumerate(scene.shapes):
        before = [one.size for one in edit.before.shapes if one.kind == group.kind]
        if before and group.size not in before:
            sizes.remove(index)
            bounds.append(Bound(thing=index, size=before[0], larger=group.size > before[0]))
        if edit.other is not None and group.kind not in known:
            places.remove(index)
        if edit.other is None and group.kind not in known and TOLD not in edit.instruction:
            sizes.remove(index)
    said = [line.text for line in edit.before.texts]
    for index, line in enumerate(scene.texts, len(scene.shapes)):
        if line.text in said:
            continue
        if edit.other is not None:
            places.remove(index)
        elif len(scene.texts) == len(said) or TOLD not in edit.instruction:
            sizes.remove(index)
    return Asked(places=frozenset(places), sizes=frozenset(sizes), bounds=tuple(bounds))
