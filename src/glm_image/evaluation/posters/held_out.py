"""The held-out cases: prompts and instructions that training cannot have seen, and what they mean.

Texts are real words (training spells random characters), sentences come from their own templates,
scenes from their own seeds. The cases are the same on every machine.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import TypeVar

import numpy as np

from glm_image.data import palette, phrasebook
from glm_image.data.draw import render
from glm_image.data.edits import sample_edit
from glm_image.data.layout import sample_scene
from glm_image.data.mix import SceneMix
from glm_image.data.phrasebook import Phrasebook
from glm_image.data.scene import CELL, Scene, TextLine
from glm_image.errors import InputError
from glm_image.evaluation.posters import phrases, words

DRAWINGS = 100
"""Number of text-to-image cases."""

EDITS = 40
"""Number of edit cases, the same number of every kind."""

EDIT_KINDS: tuple[str, ...] = ("recolour", "move", "remove", "replace text")

_T = TypeVar("_T")

_SEED = 20_260
_CHINESE_OF_TEN = (2, 5, 8)
# Share of Chinese texts in English and in Chinese prompts; about the training's share over all.
_CHINESE_TEXTS = {False: 0.1, True: 0.65}
# Least cells between two texts on one row: closer, they would be one line to any reader.
_GAP = 2
# Least distance in RGB, of [0, 255], between a thing and the background right behind it.
_VISIBLE = 70.0


@dataclass(frozen=True, kw_only=True)
class Case:
    """One held-out picture.

    Attributes:
        name: Unique, such as ``draw-007`` or ``edit-012``.
        kind: ``draw``, or one of ``EDIT_KINDS``.
        chinese: Whether the prompt is in Chinese.
        prompt: What the model is asked.
        expected: What the picture should show.
        source: What the source picture of an edit shows; None of a drawing.
        seed: Seed that the picture is sampled with.
    """

    name: str
    kind: str
    chinese: bool
    prompt: str
    expected: Scene
    source: Scene | None
    seed: int


@cache
def drawings(count: int = DRAWINGS) -> tuple[Case, ...]:
    """The first text-to-image cases; about 70 % have English prompts.

    Raises:
        InputError: There are not so many.
    """
    _check_count(count, DRAWINGS, "count")
    return tuple(_drawing(index) for index in range(count))


@cache
def edits(count: int = EDITS) -> tuple[Case, ...]:
    """The first edit cases, the kinds in turn; about 70 % have English instructions.

    Raises:
        InputError: There are not so many.
    """
    _check_count(count, EDITS, "edits")
    return tuple(_edit(index) for index in range(count))


def _drawing(index: int) -> Case:
    chinese = index % 10 in _CHINESE_OF_TEN
    rng = random.Random(_SEED + index)
    book, mix = _language(chinese)
    scene = _first(lambda: sample_scene(rng, mix, latin=words.latin, han=words.han), is_clear)
    return Case(
        name=f"draw-{index:03d}",
        kind="draw",
        chinese=chinese,
        prompt=phrases.describe(rng, scene, book),
        expected=scene,
        source=None,
        seed=_SEED + index,
    )


def _edit(index: int) -> Case:
    kind = EDIT_KINDS[index % len(EDIT_KINDS)]
    chinese = index // len(EDIT_KINDS) % 10 in _CHINESE_OF_TEN
    rng = random.Random(_SEED + DRAWINGS + index)
    book, mix = _language(chinese)
    edit = _first(
        lambda: sample_edit(rng, mix, phrasebook.ENGLISH, latin=words.latin, han=words.han),
        lambda edit: edit.kind == kind and is_clear(edit.before) and is_clear(edit.after),
    )
    return Case(
        name=f"edit-{index:03d}",
        kind=kind,
        chinese=chinese,
        prompt=phrases.instruct(rng, edit, book),
        expected=edit.after,
        source=edit.before,
        seed=_SEED + DRAWINGS + index,
    )


def _language(chinese: bool) -> tuple[Phrasebook, SceneMix]:
    book = phrases.CHINESE if chinese else phrases.ENGLISH
    return book, SceneMix(chinese=_CHINESE_TEXTS[chinese])


def is_clear(scene: Scene) -> bool:
    """Whether a careful viewer could name everything in a scene's true rendering.

    Refused are texts that occur twice or stand so close together on one row that they read as one,
    and things that a gradient behind them hides.
    """
    texts = [line.text for line in scene.texts]
    if len(set(texts)) < len(texts):
        return False
    pairs = [(a, b) for i, a in enumerate(scene.texts) for b in scene.texts[i + 1 :]]
    if any(_one_line(first, second) for first, second in pairs):
        return False
    empty = render(replace(scene, shapes=(), texts=())).astype(np.float32)
    things = [(box, group.colour) for group in scene.shapes for box in group.boxes]
    things += [(line.box, line.colour) for line in scene.texts]
    for box, colour in things:
        behind = empty[
            box.row * CELL : (box.row + box.height) * CELL,
            box.column * CELL : (box.column + box.width) * CELL,
        ]
        if float(np.linalg.norm(behind - palette.rgb(colour), axis=-1).min()) < _VISIBLE:
            return False
    return True


def _one_line(first: TextLine, second: TextLine) -> bool:
    a, b = first.box, second.box
    share_rows = a.row < b.row + b.height and b.row < a.row + a.height
    gap = max(a.column - b.column - b.width, b.column - a.column - a.width)
    return share_rows and gap < _GAP


def _first(draw: Callable[[], _T], wanted: Callable[[_T], bool]) -> _T:
    """Draw until something wanted comes."""
    while True:
        drawn = draw()
        if wanted(drawn):
            return drawn


def _check_count(count: int, most: int, field: str) -> None:
    if not 0 <= count <= most:
        raise InputError(f"got {count}", field=field, hint=f"there are {most} cases")
