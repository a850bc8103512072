"""Prompts that describe a scene, as many people would word them."""

import random
import re

from glm_image.data.palette import BY_NAME
from glm_image.data.phrasebook import CHINESE, ENGLISH, Phrasebook
from glm_image.data.scene import Place, Scene, ShapeGroup, TextLine

LEAVE_OUT = 0.12
"""Chance that a place, or a text's colour, is left for the model to choose."""


def describe(rng: random.Random, scene: Scene, book: Phrasebook) -> str:
    """Write a prompt for a scene.

    Args:
        rng: Source of all choices.
        scene: What the picture shows.
        book: Language and wording.

    Returns:
        One line of text; every text of the scene stands in quotation marks.
    """
    kind = rng.choice(book.backgrounds[scene.background.kind])
    background = kind.format(colour=colour_word(scene.background.colour, book))
    opening = rng.choice(book.openings).format(background=background)
    clauses = [shape_clause(rng, group, book) for group in scene.shapes]
    clauses += [text_clause(rng, line, book) for line in scene.texts]
    rng.shuffle(clauses)
    if rng.random() < 0.85:
        clauses.insert(0, opening)
    else:
        clauses.append(opening)
    prompt = clauses[0]
    for clause in clauses[1:]:
        prompt += rng.choice(book.joiners) + clause
    prompt = tidy(prompt + rng.choice(book.endings))
    return prompt[0].upper() + prompt[1:] if rng.random() < 0.6 else prompt


def shape_clause(rng: random.Random, group: ShapeGroup, book: Phrasebook) -> str:
    """Describe one group of shapes."""
    thing = shape_noun(rng, group, book)
    place = "" if rng.random() < LEAVE_OUT else group_place(rng, group, book)
    if not place:
        return thing
    return rng.choice(book.shape_clauses).format(thing=thing, place=place)


def shape_noun(rng: random.Random, group: ShapeGroup, book: Phrasebook) -> str:
    """Noun phrase of a group of shapes: count, size, colour and kind."""
    count = rng.choice(book.counts[len(group.boxes)])
    size = "" if rng.random() < LEAVE_OUT else rng.choice(book.sizes[group.size])
    colour = colour_word(group.colour, book)
    name = rng.choice(book.shapes[group.kind])
    if book is CHINESE:
        return f"{count}{size}{colour}色{rng.choice(('', '的'))}{name}"
    plural = "s" if len(group.boxes) > 1 else ""
    if count == "a" and (size or colour)[0] in "aeiou":
        count = "an"
    return f"{count} {size} {colour} {name}{plural}"


def group_place(rng: random.Random, group: ShapeGroup, book: Phrasebook) -> str:
    """Phrase for where a group of shapes is."""
    if len(group.boxes) > 1:
        return rng.choice(book.rows[group.place.row])
    return place_phrase(rng, group.place, book)


def place_phrase(rng: random.Random, place: Place, book: Phrasebook) -> str:
    """Phrase for one of the nine places."""
    return rng.choice(book.places[f"{place.row} {place.column}"])


def text_clause(rng: random.Random, line: TextLine, book: Phrasebook) -> str:
    """Describe one line of text."""
    plain = rng.random() < LEAVE_OUT
    template = rng.choice(book.plain_text_clauses if plain else book.text_clauses)
    place = "" if rng.random() < LEAVE_OUT else place_phrase(rng, line.place, book)
    if not place and book is CHINESE:
        template = "写着{text}" if plain else "{size}{colour}色文字{text}"
    return template.format(
        text=quote(rng, line.text, book),
        colour=colour_word(line.colour, book),
        size=rng.choice(book.text_sizes[line.scale]),
        place=place,
    )


def quote(rng: random.Random, text: str, book: Phrasebook) -> str:
    """Put a text in one of the language's pairs of quotation marks."""
    marks = rng.choice(book.quotes)
    return f"{marks[0]}{text}{marks[1]}"


def colour_word(name: str, book: Phrasebook) -> str:
    """Word for a palette colour."""
    return BY_NAME[name].zh if book is CHINESE else name


def tidy(text: str) -> str:
    """Collapse the spaces that left-out parts leave behind; quoted texts hold no double ones."""
    text = re.sub(r" {2,}", " ", text)
    return re.sub(r" +([,.;])", r"\1", text).strip()


def book_for(rng: random.Random) -> Phrasebook:
    """The language of a training prompt: two thirds English."""
    return ENGLISH if rng.random() < 0.65 else CHINESE
