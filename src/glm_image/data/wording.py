"""Prompts that describe a scene, as many people would word them."""

import random
from dataclasses import dataclass

from glm_image.data.book import Phrasebook
from glm_image.data.characters import has_han
from glm_image.data.chinese import CHINESE
from glm_image.data.english import ENGLISH
from glm_image.data.grammar import Phrases, Quotes, fill
from glm_image.data.relations import Thing, between, boxes_of, hull, relation
from glm_image.data.scene import Background, Scene, ShapeGroup, TextLine

# Chance that a thing's place is left for the model to choose.
_NO_PLACE = 0.1
# Chance that all places are: many people name none.
_NO_PLACES = 0.25
# Chance that a thing is placed beside another one that was mentioned before, where it can be.
_RELATED = 0.4
_BETWEEN = 0.3
# Chance that a prompt's clauses are in two languages.
_TWO_LANGUAGES = 0.05
_ENGLISH = 0.6

Parts = dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Omissions:
    """Chances that something is left for the model to choose, or goes without saying.

    Attributes:
        size: Size of a group of shapes.
        shape_colour: Colour of a group of shapes.
        text_colour: Colour of a text.
        arrow_colour: Colour of the arrows of a diagram.
    """

    size: float = 0.25
    shape_colour: float = 0.03
    text_colour: float = 0.15
    arrow_colour: float = 0.4


class Pen:
    """Words the parts of one prompt or instruction.

    Args:
        rng: Source of all choices.
        book: Language.
        quotes: The prompt's quoted texts where another pen has begun it.
        omissions: How often what goes without saying.
    """

    def __init__(
        self,
        rng: random.Random,
        book: Phrasebook,
        quotes: Quotes | None = None,
        omissions: Omissions | None = None,
    ) -> None:
        self.rng, self.book = rng, book
        self.quotes = quotes or Quotes(rng, book.quotes)
        self.omissions = omissions or Omissions()

    def translated(self) -> "Pen":
        """A pen that goes on with the same prompt in the other language."""
        other = ENGLISH if self.book.chinese else CHINESE
        return Pen(self.rng, other, self.quotes, self.omissions)

    def fill(self, templates: Phrases, **parts: str) -> str:
        """Choose a template and fill it."""
        return fill(self.rng, templates, parts)

    def often(self, share: float) -> bool:
        """Whether something happens that does so with some probability."""
        return self.rng.random() < share

    def colour(self, name: str) -> str:
        """A word for a palette colour."""
        return self.rng.choice(self.book.colours[name])

    def background(self, background: Background) -> Parts:
        """``background`` and ``fill``: an adjective and a noun."""
        colour = self.colour(background.colour)
        return {
            "background": self.fill(self.book.backgrounds[background.kind], colour=colour),
            "fill": self.fill(self.book.fills[background.kind], colour=colour),
        }

    def thing(self, group: ShapeGroup) -> Parts:
        """``thing``: count, size, style, colour and name in some order; and its agreement."""
        book, several = self.book, len(group.boxes) > 1
        size = "" if self.often(self.omissions.size) else self.rng.choice(book.sizes[group.size])
        colour = "" if self.often(self.omissions.shape_colour) else self.colour(group.colour)
        thing = self.fill(
            book.nouns,
            count=self.rng.choice(book.counts[len(group.boxes)]),
            size=size,
            style=self.rng.choice(book.styles[group.style]),
            colour=colour,
            name=self.name(group),
        )
        if not colour:
            thing = thing.replace(" in  ", " ").removesuffix(" in ").replace("的的", "的")
        agreement = {"is": "are", "has": "have", "s": "", "es": ""}
        if not several:
            agreement = {"is": "is", "has": "has", "s": "s", "es": "es"}
        return {"thing": thing, **agreement}

    def name(self, group: ShapeGroup) -> str:
        """Name of a kind of shape, in the plural where there are several."""
        name = self.rng.choice(self.book.shapes[group.kind])
        if self.book.chinese or len(group.boxes) == 1:
            return name
        return plural(name)

    def text(self, line: TextLine) -> Parts:
        """``text``, ``noun``, ``look`` and ``letters`` of a text."""
        book = self.book
        size = "" if has_han(line.text) else self.rng.choice(book.text_sizes[line.scale])
        parts = {"size": size, "font": self.rng.choice(book.fonts[line.font])}
        looks, letters = book.looks, book.letters
        if self.often(self.omissions.text_colour):
            looks = book.colourless_looks
            letters = book.colourless_letters if any(parts.values()) else ("",)
        parts["colour"] = self.colour(line.colour)
        return {
            "text": self.quotes.add(line.text),
            "noun": self.rng.choice(book.text_nouns),
            "look": self.fill(looks, **parts),
            "letters": self.fill(letters, **parts),
        }

    def place(self, thing: Thing) -> str:
        """Where a thing is, as one of the nine places."""
        if isinstance(thing, ShapeGroup) and len(thing.boxes) > 1:
            return self.fill(self.book.rows[thing.place.row])
        return self.fill(self.book.places[f"{thing.place.row} {thing.place.column}"])

    def point_at(self, thing: Thing, scene: Scene) -> str | None:
        """A name for a thing that is known already; None where it would not be clear."""
        if isinstance(thing, TextLine):
            return self.fill(self.book.text_pointers) if len(scene.texts) == 1 else None
        if sum(group.kind == thing.kind for group in scene.shapes) > 1:
            return None
        colour = self.colour(thing.colour)
        return self.fill(self.book.pointers, name=self.name(thing), colour=colour)

    def beside(self, thing: Thing, known: list[Thing], scene: Scene) -> str | None:
        """Where a thing is as seen from one or two that are known."""
        around = between(thing, scene)
        if around is not None and all(one in known for one in around) and self.often(_BETWEEN):
            one, other = (self.point_at(one, scene) for one in around)
            if one and other:
                return self.fill(self.book.relations["between"], one=one, other=other)
        for other_thing in self.rng.sample(known, len(known)):
            where, other = relation(thing, other_thing), self.point_at(other_thing, scene)
            if where is not None and other is not None:
                return self.fill(self.book.relations[where], other=other)
        return None


def book_for(rng: random.Random) -> Phrasebook:
    """The language of a training prompt."""
    return ENGLISH if rng.random() < _ENGLISH else CHINESE


def plural(name: str) -> str:
    """Several of a shape, in English."""
    return name + ("es" if name.endswith("s") else "s")


def things_in_order(pen: Pen, scene: Scene, things: list[Thing]) -> list[tuple[Thing, Pen, str]]:
    """Things as they are mentioned, each with its pen and the phrase for its place, "" for none.

    Where no places are named, things stand in the order of their names, from top to bottom: what
    is drawn next is then what is named next, as a reader would expect it. Else the order is random.
    """
    pens = (pen, pen.translated()) if pen.often(_TWO_LANGUAGES) else (pen,)
    order = pen.rng.sample(things, len(things))
    open_layout = pen.often(_NO_PLACES)
    if open_layout:
        order.sort(key=_first_cell)
    placed: list[tuple[Thing, Pen, str]] = []
    for index, thing in enumerate(order):
        own = pen.rng.choice(pens)
        placed.append((thing, own, "" if open_layout else _where(own, thing, order[:index], scene)))
    return placed


def _first_cell(thing: Thing) -> tuple[int, int]:
    box = hull(boxes_of(thing))
    return box.row, box.column


def _where(pen: Pen, thing: Thing, before: list[Thing], scene: Scene) -> str:
    """The phrase for a thing's place, often beside one that was mentioned before; "" for none."""
    where = pen.beside(thing, before, scene) if pen.often(_RELATED) else None
    if where is not None:
        return where
    return "" if pen.often(_NO_PLACE) else pen.place(thing)
