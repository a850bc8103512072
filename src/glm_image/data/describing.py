"""Whole prompts: the writer's habit, the order of the clauses, the design of the picture."""

import random
import re

from glm_image.data.book import Phrasebook, Writer
from glm_image.data.design_wording import panel_clauses, step_clauses, title_clause
from glm_image.data.grammar import OPEN_END, close_up, sentences, tidy
from glm_image.data.relations import Thing
from glm_image.data.scene import Scene, ShapeGroup
from glm_image.data.wording import Pen, things_in_order

# Chances: nothing is said of the background; it comes first; sentences begin with capitals.
_NO_BACKGROUND, _BACKGROUND_FIRST, _CAPITALS = 0.03, 0.8, 0.6
# Chances: every clause has a habit of its own; something is said that nothing is drawn of.
_MIXED, _ASIDE = 0.35, 0.15

_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def describe(rng: random.Random, scene: Scene, book: Phrasebook) -> str:
    """Write a prompt for a scene.

    Args:
        rng: Source of all choices.
        scene: What the picture shows.
        book: Language; a small share of prompts mixes in the other one.

    Returns:
        One line of text; every text of the scene stands in quotation marks.
    """
    pen = Pen(rng, book)
    writer = rng.choice(book.writers)
    clauses = _clauses(pen, writer, scene)
    if pen.often(_ASIDE):
        # An open opening goes on with what it opens.
        earliest = min(2 if clauses[0].endswith(OPEN_END) else 1, len(clauses))
        clauses.insert(rng.randint(earliest, len(clauses)), pen.fill(book.asides))
    prompt = clauses[0]
    for clause in clauses[1:]:
        joiner = " " if prompt.endswith(OPEN_END) else rng.choice(writer.joiners)
        prompt = prompt.removesuffix(OPEN_END) + joiner + clause
    return finish(pen, prompt + rng.choice(writer.endings))


def finish(pen: Pen, words: str) -> str:
    """Tidy what was worded and put the texts in."""
    words = tidy(words)
    if _CHINESE.search(words):
        words = close_up(words)
    if pen.often(_CAPITALS):
        words = sentences(words)
    return pen.quotes.put_in(words)


def thing_clause(pen: Pen, thing: Thing, place: str, writer: Writer) -> str:
    """Describe a group of shapes or a text at a place, which may be empty."""
    book = pen.book
    if isinstance(thing, ShapeGroup):
        templates = writer.shapes if place else book.bare_shapes
        return pen.fill(templates, place=place, **pen.thing(thing))
    templates = writer.texts if place else book.bare_texts
    return pen.fill(templates, place=place, **pen.text(thing))


def _clauses(pen: Pen, writer: Writer, scene: Scene) -> list[str]:
    if scene.panels:
        return panel_clauses(pen, scene)
    if scene.arrows:
        return step_clauses(pen, scene)
    titled = scene.design == "title"
    things: list[Thing] = [*scene.shapes, *([] if titled else scene.texts)]
    clauses: list[str] = []
    mixed = pen.often(_MIXED)
    for thing, own, place in things_in_order(pen, scene, things):
        # The first clause may go on with the opening.
        keeps = own is pen and not (mixed and clauses)
        habit = writer if keeps else own.rng.choice(own.book.writers)
        clauses.append(thing_clause(own, thing, place, habit))
    if titled:
        clauses.insert(pen.rng.choice((0, 0, len(clauses))), title_clause(pen, scene))
    behind = pen.background(scene.background)
    if pen.often(_NO_BACKGROUND):
        return clauses
    if pen.often(_BACKGROUND_FIRST):
        return [pen.fill(writer.openings, **behind), *clauses]
    return [*clauses, pen.fill(writer.backgrounds, **behind)]
