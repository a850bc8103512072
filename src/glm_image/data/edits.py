"""Before and after: a scene, an instruction, the changed scene."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from glm_image.data import palette
from glm_image.data.layout import sample_scene
from glm_image.data.mix import SceneMix
from glm_image.data.phrasebook import CHINESE, Phrasebook
from glm_image.data.placing import (
    add_shapes,
    add_text,
    fit_text,
    readable_on,
    shape_boxes,
    visible_on,
)
from glm_image.data.prompts import (
    colour_word,
    place_phrase,
    quote,
    shape_noun,
    text_clause,
    tidy,
)
from glm_image.data.scene import COLUMNS, ROWS, Background, Place, Scene
from glm_image.data.texts import TextSource, random_han, random_latin


@dataclass(frozen=True, kw_only=True)
class Edit:
    """One edit.

    Attributes:
        kind: Name of the operation, one of ``KINDS``.
        before: The source picture.
        after: The picture wanted.
        instruction: What the user says.
    """

    kind: str
    before: Scene
    after: Scene
    instruction: str


Wording = dict[bool, tuple[str, ...]]
"""Templates by "is Chinese"."""

RECOLOUR: Wording = {
    False: (
        "make the {thing} {colour}",
        "change the {thing} to {colour}",
        "turn the {thing} {colour}",
        "recolor the {thing} in {colour}",
        "paint the {thing} {colour}",
        "the {thing} should be {colour}",
    ),
    True: ("把{thing}变成{colour}色", "将{thing}改为{colour}色", "{thing}换成{colour}色"),
}
MOVE: Wording = {
    False: (
        "move the {thing} {place}",
        "put the {thing} {place}",
        "place the {thing} {place}",
        "shift the {thing} so that it is {place}",
    ),
    True: ("把{thing}移到{place}", "将{thing}放到{place}", "{thing}挪到{place}"),
}
REMOVE: Wording = {
    False: (
        "remove the {thing}",
        "delete the {thing}",
        "erase the {thing}",
        "take away the {thing}",
        "get rid of the {thing}",
    ),
    True: ("去掉{thing}", "删除{thing}", "把{thing}移除"),
}
REPLACE: Wording = {
    False: (
        "change the text {old} to {text}",
        "replace {old} with {text}",
        "replace the text with {text}",
        "the text should say {text}",
        "write {text} instead of {old}",
        "change the text to {text}",
    ),
    True: ("把文字{old}改成{text}", "将{old}换成{text}", "文字改为{text}", "把文字换成{text}"),
}
BACKGROUND: Wording = {
    False: (
        "change the background to {background}",
        "make the background {background}",
        "use a {background} background",
        "a {background} background instead",
    ),
    True: ("把背景改成{background}", "背景换成{background}", "将背景变为{background}"),
}
ADD: Wording = {
    False: ("add {thing}", "also draw {thing}", "put in {thing}", "insert {thing}"),
    True: ("添加{thing}", "加上{thing}", "再画{thing}"),
}


def sample_edit(
    rng: random.Random,
    mix: SceneMix,
    book: Phrasebook,
    *,
    latin: TextSource = random_latin,
    han: TextSource = random_han,
) -> Edit:
    """Draw a random scene and a random edit that is possible on it."""
    while True:
        scene = sample_scene(rng, mix, latin=latin, han=han)
        kind = rng.choice(tuple(KINDS))
        text = (han if rng.random() < mix.chinese else latin)(rng, 8)
        change = KINDS[kind](rng, scene, book, text)
        if change is not None and change[0] != scene:
            after, instruction = change
            instruction = tidy(instruction + rng.choice(book.endings))
            if rng.random() < 0.5:
                instruction = instruction[0].upper() + instruction[1:]
            return Edit(kind=kind, before=scene, after=after, instruction=instruction)


Change = tuple[Scene, str] | None


def recolour(rng: random.Random, scene: Scene, book: Phrasebook, text: str) -> Change:
    """Give a group of shapes another colour."""
    if not scene.shapes:
        return None
    index = rng.randrange(len(scene.shapes))
    group = scene.shapes[index]
    colours = [c for c in palette.NAMES if c != group.colour and visible_on(scene.background, c)]
    colour = rng.choice(colours)
    thing = _shape_name(rng, scene, index, book)
    template = rng.choice(RECOLOUR[book is CHINESE])
    shapes = list(scene.shapes)
    shapes[index] = replace(group, colour=colour)
    instruction = template.format(thing=thing, colour=colour_word(colour, book))
    return replace(scene, shapes=tuple(shapes)), instruction


def move(rng: random.Random, scene: Scene, book: Phrasebook, text: str) -> Change:
    """Put a single shape at another, free place."""
    singles = [i for i, group in enumerate(scene.shapes) if len(group.boxes) == 1]
    if not singles:
        return None
    index = rng.choice(singles)
    group = scene.shapes[index]
    place = Place(row=rng.choice(ROWS), column=rng.choice(COLUMNS))
    boxes = shape_boxes(scene, group.size, place, 1)
    others = replace(scene, shapes=tuple(g for g in scene.shapes if g is not group))
    if place == group.place or boxes is None or set(boxes[0].cells()) & others.occupied():
        return None
    thing = _shape_name(rng, scene, index, book)
    where = place_phrase(rng, place, book)
    instruction = rng.choice(MOVE[book is CHINESE]).format(thing=thing, place=where)
    shapes = list(scene.shapes)
    shapes[index] = replace(group, place=place, boxes=boxes)
    return replace(scene, shapes=tuple(shapes)), instruction


def remove(rng: random.Random, scene: Scene, book: Phrasebook, text: str) -> Change:
    """Take away a group of shapes or a line of text."""
    if len(scene.shapes) + len(scene.texts) < 2:
        return None
    template = rng.choice(REMOVE[book is CHINESE])
    if scene.texts and (not scene.shapes or rng.random() < 0.4):
        index = rng.randrange(len(scene.texts))
        line = scene.texts[index]
        word = "文字" if book is CHINESE else "text"
        named = len(scene.texts) > 1 or rng.random() < 0.5
        thing = f"{word} {quote(rng, line.text, book)}" if named else word
        texts = scene.texts[:index] + scene.texts[index + 1 :]
        after = replace(scene, texts=texts)
        return after, _tight(template.format(thing=thing), book)
    index = rng.randrange(len(scene.shapes))
    shapes = scene.shapes[:index] + scene.shapes[index + 1 :]
    thing = _shape_name(rng, scene, index, book)
    return replace(scene, shapes=shapes), template.format(thing=thing)


def replace_text(rng: random.Random, scene: Scene, book: Phrasebook, text: str) -> Change:
    """Make a line say something else at the same place."""
    if not scene.texts:
        return None
    index = rng.randrange(len(scene.texts))
    line = scene.texts[index]
    box = fit_text(scene, text, line.scale, line.place)
    others = replace(scene, texts=scene.texts[:index] + scene.texts[index + 1 :])
    if box is None or set(box.cells()) & others.occupied() or text == line.text:
        return None
    if line.scale > 1 and not text.isascii():
        return None
    templates = REPLACE[book is CHINESE]
    if len(scene.texts) > 1:
        templates = tuple(t for t in templates if "{old}" in t)
    instruction = rng.choice(templates).format(
        old=quote(rng, line.text, book), text=quote(rng, text, book)
    )
    texts = list(scene.texts)
    texts[index] = replace(line, text=text, box=box)
    return replace(scene, texts=tuple(texts)), instruction


def change_background(rng: random.Random, scene: Scene, book: Phrasebook, text: str) -> Change:
    """Put everything on another background."""
    kind = rng.choice(("plain", "plain", *book.backgrounds))
    background = Background(kind=kind, colour=rng.choice(palette.NAMES))
    seen = all(visible_on(background, group.colour) for group in scene.shapes)
    if not seen or not all(readable_on(background, line.colour) for line in scene.texts):
        return None
    phrase = rng.choice(book.backgrounds[kind]).format(colour=colour_word(background.colour, book))
    instruction = rng.choice(BACKGROUND[book is CHINESE]).format(background=phrase)
    return replace(scene, background=background), instruction


def add(rng: random.Random, scene: Scene, book: Phrasebook, text: str) -> Change:
    """Add a text or a shape."""
    template = rng.choice(ADD[book is CHINESE])
    if len(scene.texts) < 2 and rng.random() < 0.5:
        after = add_text(rng, scene, text, large=rng.random() < 0.3)
        if after is scene:
            return None
        return after, template.format(thing=text_clause(rng, after.texts[-1], book))
    after = add_shapes(rng, scene, count=1)
    if after is scene:
        return None
    group = after.shapes[-1]
    noun = shape_noun(rng, group, book)
    where = place_phrase(rng, group.place, book)
    thing = f"{where}的{noun}" if book is CHINESE else f"{noun} {where}"
    return after, template.format(thing=thing)


KINDS: dict[str, Callable[[random.Random, Scene, Phrasebook, str], Change]] = {
    "recolour": recolour,
    "move": move,
    "remove": remove,
    "replace text": replace_text,
    "background": change_background,
    "add": add,
}


def _shape_name(rng: random.Random, scene: Scene, index: int, book: Phrasebook) -> str:
    """How a user points at a group that is already there: kind, sometimes with its colour."""
    group = scene.shapes[index]
    name = rng.choice(book.shapes[group.kind])
    coloured = rng.random() < 0.5
    if book is CHINESE:
        return f"{colour_word(group.colour, book)}色{name}" if coloured else name
    plural = "s" if len(group.boxes) > 1 else ""
    return f"{group.colour} {name}{plural}" if coloured else f"{name}{plural}"


def _tight(text: str, book: Phrasebook) -> str:
    return text.replace(" ", "") if book is CHINESE else text
