"""Mistakes that a generator makes in previews: wrong letters, cut texts, things left out."""

import random
from collections.abc import Callable
from dataclasses import replace

from glm_image.data import palette
from glm_image.data.characters import HAN, NARROW, is_han
from glm_image.data.scene import Scene, TextLine

_COUNTS = (1, 1, 2, 3)
_STRAYING = 0.6
"""Share of wrong letters that are those of another text."""


def with_slips(rng: random.Random, scene: Scene) -> Scene:
    """A scene with one to three mistakes; everything else stays where it is.

    Half of them are wrong letters, the commonest mistake. Where a mistake is not possible, such as
    a wrong letter without a text, the scene has one fewer.
    """
    kinds, weights = zip(*_SLIPS.items(), strict=True)
    for _ in range(rng.choice(_COUNTS)):
        scene = rng.choices(kinds, weights)[0](rng, scene)
    return scene


def _of_a_text(
    rng: random.Random, scene: Scene, change: Callable[[str, int], str], least: int
) -> Scene:
    """Change a line of a text at one of its letters, if a text has so many of them."""
    long = [index for index, text in enumerate(scene.texts) if len(_letters(text)) >= least]
    if not long:
        return scene
    which = rng.choice(long)
    text = scene.texts[which]
    lines = list(_lines(text))
    number, index = rng.choice(_letters(text))
    # What is shorter keeps its beginning, not its middle.
    lines[number] = change(lines[number], index).ljust(len(lines[number]))
    return _with_text(scene, which, _of_lines(text, lines))


def _lines(text: TextLine) -> tuple[str, ...]:
    return text.lines or (text.text,)


def _letters(text: TextLine) -> list[tuple[int, int]]:
    """Line and place of every letter."""
    return [
        (number, index)
        for number, line in enumerate(_lines(text))
        for index, letter in enumerate(line)
        if letter != " "
    ]


def _of_lines(text: TextLine, lines: list[str]) -> TextLine:
    width = max(text.box.width, text.scale * max(map(len, lines)))
    return replace(text, lines=tuple(lines), box=replace(text.box, width=width))


def _with_text(scene: Scene, which: int, text: TextLine) -> Scene:
    return replace(scene, texts=(*scene.texts[:which], text, *scene.texts[which + 1 :]))


def _other_letter(rng: random.Random, scene: Scene) -> Scene:
    """A letter is another one, often one of another text."""

    def change(line: str, index: int) -> str:
        others = HAN if is_han(line[index]) else NARROW
        near = [
            letter
            for text in scene.texts
            for letter in text.text
            if letter in others and line not in _lines(text)
        ]
        strays = near and rng.random() < _STRAYING
        return line[:index] + rng.choice(near if strays else others) + line[index + 1 :]

    return _of_a_text(rng, scene, change, 1)


def _letter_twice(rng: random.Random, scene: Scene) -> Scene:
    return _of_a_text(rng, scene, lambda line, index: line[: index + 1] + line[index:], 2)


def _letter_left_out(rng: random.Random, scene: Scene) -> Scene:
    return _of_a_text(rng, scene, lambda line, index: line[:index] + line[index + 1 :], 2)


def _cut(rng: random.Random, scene: Scene) -> Scene:
    """A line ends early."""
    return _of_a_text(rng, scene, lambda line, index: line[:index], 2)


def _recoloured(rng: random.Random, scene: Scene) -> Scene:
    """A thing has another colour, often that of another thing."""
    colours = [group.colour for group in scene.shapes] + [text.colour for text in scene.texts]
    if not colours:
        return scene
    colour = rng.choice(colours + rng.sample(palette.NAMES, 2))
    which = rng.randrange(len(colours))
    if which >= len(scene.shapes):
        which -= len(scene.shapes)
        return _with_text(scene, which, replace(scene.texts[which], colour=colour))
    groups = list(scene.shapes)
    groups[which] = replace(groups[which], colour=colour)
    return replace(scene, shapes=tuple(groups))


def _left_out(rng: random.Random, scene: Scene) -> Scene:
    """A text, a group of shapes or one of its shapes is not there."""
    things = len(scene.shapes) + len(scene.texts)
    if not things:
        return scene
    which = rng.randrange(things)
    if which >= len(scene.shapes):
        which -= len(scene.shapes)
        return replace(scene, texts=scene.texts[:which] + scene.texts[which + 1 :])
    group = scene.shapes[which]
    fewer = () if rng.random() < 0.5 else (replace(group, boxes=group.boxes[:-1]),)
    return replace(scene, shapes=(*scene.shapes[:which], *fewer, *scene.shapes[which + 1 :]))


_SLIPS: dict[Callable[[random.Random, Scene], Scene], float] = {
    _other_letter: 6.0,
    _letter_twice: 1.5,
    _letter_left_out: 1.0,
    _cut: 1.5,
    _recoloured: 1.0,
    _left_out: 1.0,
}
