"""Where things of a picture stand and how they are put there."""

import random
from collections.abc import Sequence
from dataclasses import replace

from glm_image.data import palette
from glm_image.data.characters import has_han
from glm_image.data.scene import (
    COLUMNS,
    FONTS,
    OUTLINED_SHAPES,
    PLACES,
    ROWS,
    SHAPE_SIZES,
    SHAPES,
    Background,
    Box,
    Place,
    Scene,
    ShapeGroup,
    TextLine,
)
from glm_image.data.texts import wrap

_TRIES = 24
_BETWEEN_TEXTS = 2
"""Least cells between two texts on one row: closer, they would read as one."""


def visible_on(background: Background, colour: str) -> bool:
    """Whether things of this colour can be seen on the background."""
    return palette.visible(background.kind, background.colour, colour)


def readable_on(background: Background, colour: str) -> bool:
    """Whether letters of this colour can be read on the background."""
    return palette.readable(background.kind, background.colour, colour)


def fit_text(
    scene: Scene, text: str, scale: int, place: Place
) -> tuple[Box, tuple[str, ...]] | None:
    """Cells of a text at a place of a picture, and its lines; None where it does not fit.

    A text at the left or right keeps to its half, so that the place can be told from others.
    """
    central = place.column == "center"
    width = scene.columns if central else scene.columns // 2
    lines = wrap(text, width // scale, inside_words=central and scale == 1)
    if lines is None or len(lines) * scale > scene.rows or has_han(text) > scale - 1:
        return None
    height, width = len(lines) * scale, max(map(len, lines)) * scale
    row = _start(scene.rows, height, ROWS.index(place.row))
    column = _start(scene.columns, width, COLUMNS.index(place.column))
    return Box(row=row, column=column, height=height, width=width), lines


def shape_boxes(scene: Scene, size: int, place: Place, count: int) -> tuple[Box, ...] | None:
    """Cells of a group of shapes at a place, or None where it does not fit."""
    if size > min(scene.rows, scene.columns):
        return None
    row = _start(scene.rows, size, ROWS.index(place.row))
    if count == 1:
        column = _start(scene.columns, size, COLUMNS.index(place.column))
        return (Box(row=row, column=column, height=size, width=size),)
    gaps = min(2, (scene.columns - count * size) // (count + 1)) if count == 2 else 1
    width = count * size + (count - 1) * gaps
    if width > scene.columns:
        return None
    first = (scene.columns - width) // 2
    return tuple(
        Box(row=row, column=first + index * (size + gaps), height=size, width=size)
        for index in range(count)
    )


def centred(box: Box, height: int, width: int) -> Box:
    """A box of some size in the middle of another."""
    return Box(
        row=box.row + (box.height - height) // 2,
        column=box.column + (box.width - width) // 2,
        height=height,
        width=width,
    )


def is_free(scene: Scene, boxes: Sequence[Box]) -> bool:
    """Whether nothing stands in any of the boxes."""
    wanted = {cell for box in boxes for cell in box.cells()}
    return not wanted & scene.occupied()


def is_free_for_text(scene: Scene, box: Box) -> bool:
    """Whether a text can stand in a box: it is free and no other text is close beside it."""
    near = replace(box, column=box.column - _BETWEEN_TEXTS, width=box.width + 2 * _BETWEEN_TEXTS)
    beside = set(near.cells())
    texts = {cell for line in scene.texts for cell in line.box.cells()}
    return is_free(scene, (box,)) and not beside & texts


def add_text(
    rng: random.Random, scene: Scene, text: str, *, large: bool, serif: bool = False
) -> Scene:
    """Add a text at a free place; the scene unchanged if nothing fits."""
    scales = (2,) if has_han(text) else ((2, 1) if large else (1,))
    colour = text_colour(rng, scene.background)
    for scale in scales:
        for place in rng.sample(PLACES, len(PLACES)):
            fit = fit_text(scene, text, scale, place)
            if fit is not None and is_free_for_text(scene, fit[0]):
                line = TextLine(
                    text=text,
                    colour=colour,
                    font=FONTS[serif],
                    scale=scale,
                    place=place,
                    box=fit[0],
                    lines=fit[1],
                )
                return replace(scene, texts=(*scene.texts, line))
    return scene


def add_shapes(rng: random.Random, scene: Scene, *, count: int, outlined: bool = False) -> Scene:
    """Add a group of equal shapes at a free place; the scene unchanged if nothing fits."""
    kind = new_kind(rng, scene, outlined=outlined)
    colour = shape_colour(rng, scene.background)
    for _ in range(_TRIES):
        size = rng.choice(SHAPE_SIZES) if count == 1 else 2
        place = rng.choice(PLACES)
        if count > 1:
            place = replace(place, column="center")
        boxes = shape_boxes(scene, size, place, count)
        if boxes is not None and is_free(scene, boxes):
            group = ShapeGroup(
                kind=kind,
                colour=colour,
                style="outlined" if outlined else "filled",
                size=size,
                place=place,
                boxes=boxes,
            )
            return replace(scene, shapes=(*scene.shapes, group))
    return scene


def new_kind(rng: random.Random, scene: Scene, *, outlined: bool) -> str:
    """A kind of shape that is not on the scene yet."""
    taken = {group.kind for group in scene.shapes}
    kinds = OUTLINED_SHAPES if outlined else SHAPES
    return rng.choice([kind for kind in kinds if kind not in taken])


def text_colour(rng: random.Random, background: Background) -> str:
    """A colour in which letters can be read."""
    return rng.choice([c for c in palette.NAMES if readable_on(background, c)])


def shape_colour(rng: random.Random, background: Background) -> str:
    """A colour in which shapes can be seen."""
    return rng.choice([c for c in palette.NAMES if visible_on(background, c)])


def _start(cells: int, length: int, third: int) -> int:
    """First cell of a thing in the first, middle or last third; small ones keep off the edge."""
    margin = 1 if length <= cells - 6 else 0
    return (margin, (cells - length) // 2, cells - margin - length)[third]
