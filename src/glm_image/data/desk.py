"""What every change of a picture needs: names for things, and putting others in their place."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from glm_image.data.edit_book import EditBook
from glm_image.data.grammar import Phrases
from glm_image.data.placing import readable_on, visible_on
from glm_image.data.relations import Thing, boxes_of
from glm_image.data.scene import Background, Scene, ShapeGroup, TextLine
from glm_image.data.wording import Pen

_QUOTED = 0.5
"""Chance that a text that could be pointed at is quoted all the same."""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Where an instruction is worded.

    Attributes:
        pen: Words its parts.
        book: Its templates.
        write: Draws a text of at most so many characters.
    """

    pen: Pen
    book: EditBook
    write: Callable[[random.Random, int], str]

    @property
    def rng(self) -> random.Random:
        """Source of all choices."""
        return self.pen.rng

    def fill(self, templates: Phrases, **parts: str) -> str:
        """Choose a template and fill it."""
        return self.pen.fill(templates, **parts)

    def name(self, thing: Thing, scene: Scene) -> str | None:
        """How a user points at a thing that is there; None where no name would be clear."""
        if isinstance(thing, ShapeGroup):
            return self.pen.point_at(thing, scene)
        known = self.role(thing, scene) or self.pen.point_at(thing, scene)
        if known is not None and not self.pen.often(_QUOTED):
            return known
        return self.fill(self.book.texts, text=self.pen.quotes.add(thing.text))

    def role(self, line: TextLine, scene: Scene) -> str | None:
        """A name of a title or subtitle; None for other texts."""
        if scene.design != "title" or line not in scene.texts[:2]:
            return None
        return self.fill(self.book.title if line is scene.texts[0] else self.book.subtitle)


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change.

    Attributes:
        after: The picture wanted.
        words: What the user says.
    """

    after: Scene
    words: str


def exchange(scene: Scene, old: Thing, new: Thing | None) -> Scene:
    """A scene with another thing in the place of one, or without it."""
    if isinstance(old, ShapeGroup):
        groups = [new if group is old else group for group in scene.shapes]
        return replace(scene, shapes=tuple(one for one in groups if isinstance(one, ShapeGroup)))
    lines = [new if line is old else line for line in scene.texts]
    return replace(scene, texts=tuple(one for one in lines if isinstance(one, TextLine)))


def seen_on(background: Background, thing: Thing) -> bool:
    """Whether a thing can be seen, or read, on a background."""
    test = readable_on if isinstance(thing, TextLine) else visible_on
    return test(background, thing.colour)


def behind_thing(scene: Scene, thing: Thing) -> Background:
    """What is behind a thing."""
    return scene.behind(boxes_of(thing)[0])
