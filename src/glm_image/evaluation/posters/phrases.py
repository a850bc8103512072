"""Sentences of the held-out prompts: training never words them like this.

Colours, shapes, places and sizes keep the names that training knows, because what is measured is
whether the model follows new sentences about new texts, not whether it guesses unknown words. For
the same reason no template uses a word that training prompts do not contain.
"""

import random
import re
from dataclasses import replace

from glm_image.data import phrasebook
from glm_image.data.edits import Edit
from glm_image.data.phrasebook import Phrasebook
from glm_image.data.prompts import (
    colour_word,
    group_place,
    place_phrase,
    quote,
    shape_noun,
    tidy,
)
from glm_image.data.scene import Scene, ShapeGroup, TextLine

_AN = re.compile(r"\ba (?=[aeiou])")

ENGLISH = replace(
    phrasebook.ENGLISH,
    openings=(
        "make a picture with a {background} background",
        "the background of the poster is {background}",
        "a sign on a {background} background",
        "draw a {background} poster",
        "the card is {background}",
        "there is a poster with a {background} backdrop",
        "the picture is on a {background} backdrop",
        "make the backdrop of the card {background}",
    ),
    shape_clauses=(
        "the picture shows {thing} {place}",
        "{place} it shows {thing}",
        "{thing} should be {place}",
        "draw {thing} {place}",
        "{place} there is {thing}",
        "{place} the picture shows {thing}",
    ),
    text_clauses=(
        "the {size} {colour} letters {text} {place}",
        "{place} it says {text} in {size} {colour} type",
        "the title {text} is {place} in {size} {colour} type",
        "{place} the {size} {colour} title says {text}",
        "put the {size} {colour} text {text} {place}",
        "the {size} {colour} sign {place} says {text}",
        "{text} should be {place} in {size} {colour} type",
        "there is a {size} {colour} text {place} that says {text}",
    ),
    plain_text_clauses=(),
    joiners=(", and ", ", ", " and ", "; "),
)

CHINESE = replace(
    phrasebook.CHINESE,
    openings=(
        "画一张海报，背景是{background}",
        "在{background}背景的图片上",
        "图片的背景是{background}",
        "背景用{background}",
        "一张卡片，背景是{background}",
        "把背景画成{background}",
    ),
    shape_clauses=(
        "在{place}画{thing}",
        "{thing}放在{place}",
        "{place}加上{thing}",
        "把{thing}放在{place}",
        "{thing}画在{place}",
        "有{thing}在{place}",
    ),
    text_clauses=(
        "在{place}写着{size}{colour}色的文字{text}",
        "{place}的{size}{colour}色文字是{text}",
        "用{size}{colour}色的字在{place}写{text}",
        "{place}的{size}标题{text}用{colour}色",
        "{text}写在{place}，用{colour}色的{size}字",
        "有{size}{colour}色的标题{text}在{place}",
    ),
    plain_text_clauses=(),
    joiners=("，", "，", "；"),
)

EDITS: dict[str, dict[bool, tuple[str, ...]]] = {
    "recolour": {
        False: (
            "turn the {thing} to {colour}",
            "paint the {thing} in {colour}",
            "make the {thing} {colour} instead",
            "recolor the {thing} to {colour}",
        ),
        True: (
            "用{colour}色画{thing}",
            "把{thing}画成{colour}色",
            "{thing}改成{colour}色",
            "将{thing}换为{colour}色",
        ),
    },
    "move": {
        False: (
            "move the {thing} so that it is {place}",
            "take the {thing} and put it {place}",
            "place the {thing} {place} instead",
            "the {thing} should be {place} instead",
        ),
        True: (
            "把{thing}放在{place}",
            "{thing}移到{place}",
            "将{thing}挪到{place}",
            "把{thing}换到{place}",
        ),
    },
    "remove": {
        False: (
            "take the {thing} away",
            "the picture should be rid of the {thing}",
            "delete the {thing} in the picture",
            "erase the {thing} on the poster",
        ),
        True: ("把{thing}去掉", "将{thing}删除", "{thing}移除", "把图上的{thing}去掉"),
    },
    "replace text": {
        False: (
            "change {old} to {text}",
            "make it say {text} instead of {old}",
            "the text {old} should be {text}",
            "put {text} instead of {old}",
        ),
        True: ("把{old}换成{text}", "文字{old}改为{text}", "将{old}改成{text}", "{old}换成{text}"),
    },
}
"""Instructions of every kind of edit by "is Chinese"."""


def describe(rng: random.Random, scene: Scene, book: Phrasebook) -> str:
    """Word a prompt for a scene in which every place and every colour is named.

    Args:
        rng: Source of all choices.
        scene: What the picture shows.
        book: ``ENGLISH`` or ``CHINESE`` of this module.
    """
    known = _known(book)
    background = rng.choice(book.backgrounds[scene.background.kind])
    background = background.format(colour=colour_word(scene.background.colour, known))
    clauses = [_text(rng, line, book) for line in scene.texts]
    clauses += [_shapes(rng, group, book) for group in scene.shapes]
    rng.shuffle(clauses)
    opening = rng.choice(book.openings).format(background=background)
    clauses.insert(rng.choice((0, len(clauses))), opening)
    prompt = clauses[0]
    for clause in clauses[1:]:
        prompt += rng.choice(book.joiners) + clause
    return _AN.sub("an ", tidy(prompt + rng.choice(book.endings)))


def instruct(rng: random.Random, edit: Edit, book: Phrasebook) -> str:
    """Word the instruction of an edit from what differs between before and after.

    Args:
        rng: Source of all choices.
        edit: The edit; its own instruction is not looked at.
        book: ``ENGLISH`` or ``CHINESE`` of this module.
    """
    known = _known(book)
    template = rng.choice(EDITS[edit.kind][book is CHINESE])
    parts: dict[str, str] = {}
    changed = [group for group in edit.before.shapes if group not in edit.after.shapes]
    if changed:
        parts["thing"] = _point_at(rng, changed[0], book)
        made = [group for group in edit.after.shapes if group not in edit.before.shapes]
        if made:
            parts["colour"] = colour_word(made[0].colour, known)
            parts["place"] = place_phrase(rng, made[0].place, known)
    else:
        gone = next(line for line in edit.before.texts if line not in edit.after.texts)
        parts["old"] = quote(rng, gone.text, book)
        parts["thing"] = f"文字{parts['old']}" if book is CHINESE else f"text {parts['old']}"
        new = [line for line in edit.after.texts if line not in edit.before.texts]
        if new:
            parts["text"] = quote(rng, new[0].text, book)
    return tidy(template.format(**parts) + rng.choice(book.endings))


def _shapes(rng: random.Random, group: ShapeGroup, book: Phrasebook) -> str:
    known = _known(book)
    thing, place = shape_noun(rng, group, known), group_place(rng, group, known)
    return rng.choice(book.shape_clauses).format(thing=thing, place=place)


def _text(rng: random.Random, line: TextLine, book: Phrasebook) -> str:
    return rng.choice(book.text_clauses).format(
        text=quote(rng, line.text, book),
        colour=colour_word(line.colour, _known(book)),
        size=rng.choice(book.text_sizes[line.scale]),
        place=place_phrase(rng, line.place, book),
    )


def _point_at(rng: random.Random, group: ShapeGroup, book: Phrasebook) -> str:
    """Name a group that is there already; kinds are unique in a scene, so the kind is enough."""
    name = rng.choice(book.shapes[group.kind])
    colour = colour_word(group.colour, _known(book)) if rng.random() < 0.5 else ""
    if book is CHINESE:
        return f"{colour}色{name}" if colour else name
    plural = "s" if len(group.boxes) > 1 else ""
    return f"{colour} {name}{plural}".strip()


def _known(book: Phrasebook) -> Phrasebook:
    """The training phrasebook of the same language, whose names of things stay in use."""
    return phrasebook.CHINESE if book is CHINESE else phrasebook.ENGLISH
