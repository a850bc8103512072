"""Random scenes: which things there are and where they stand."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from glm_image.data import palette
from glm_image.data.characters import HAN, LATIN, is_han
from glm_image.data.scene import (
    BACKGROUNDS,
    COLUMNS,
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

TextSource = Callable[[random.Random, int], str]
"""Draws a text of at most so many characters."""

_PLACES = tuple(Place(row=row, column=column) for row in ROWS for column in COLUMNS)
_TRIES = 24


@dataclass(frozen=True, kw_only=True)
class SceneMix:
    """How often the sampler chooses what; probabilities in [0, 1].

    Attributes:
        rows: Height of the pictures in cells.
        columns: Width of the pictures in cells.
        plain: Share of plain backgrounds.
        texts: Weights of no, one, two and three texts.
        shapes: Weights of no, one and two groups of shapes.
        several: Share of groups with two or three shapes.
        large_text: Share of Latin texts drawn two cells high where they fit.
        chinese: Share of texts in Chinese characters.
        longest: Longest text in characters.
    """

    rows: int = 8
    columns: int = 8
    plain: float = 0.6
    texts: tuple[float, float, float, float] = (0.12, 0.5, 0.28, 0.1)
    shapes: tuple[float, float, float] = (0.2, 0.5, 0.3)
    several: float = 0.25
    large_text: float = 0.3
    chinese: float = 0.3
    longest: int = 8


def random_latin(rng: random.Random, longest: int) -> str:
    """Random letters and digits: mostly capitals, some lower case, words and codes."""
    length = min(longest, rng.choices(range(1, 11), (2, 8, 10, 12, 12, 10, 8, 7, 3, 3))[0])
    style = rng.random()
    if style < 0.45:
        alphabet = LATIN[:26]
    elif style < 0.6:
        alphabet = LATIN[26:52]
    elif style < 0.7:
        alphabet = LATIN[52:]
    elif style < 0.85:
        alphabet = LATIN[:26] + LATIN[52:]
    else:
        alphabet = LATIN
    text = "".join(rng.choice(alphabet) for _ in range(length))
    if length >= 5 and rng.random() < 0.12:
        gap = rng.randrange(2, length - 2)
        text = f"{text[:gap]} {text[gap + 1 :]}"
    return text.capitalize() if 0.45 <= style < 0.52 else text


def random_han(rng: random.Random, longest: int) -> str:
    """Random Chinese characters, one to six."""
    return "".join(rng.choice(HAN) for _ in range(min(longest, rng.randint(1, 6))))


def sample_scene(
    rng: random.Random,
    mix: SceneMix,
    *,
    latin: TextSource = random_latin,
    han: TextSource = random_han,
) -> Scene:
    """Draw a random scene in which nothing overlaps.

    Args:
        rng: Source of all choices.
        mix: How often what is chosen.
        latin: Draws Latin texts.
        han: Draws Chinese texts.

    Returns:
        A scene of ``mix.rows`` by ``mix.columns`` cells with at least one thing on it.
    """
    kind = "plain" if rng.random() < mix.plain else rng.choice(BACKGROUNDS[1:])
    background = Background(kind=kind, colour=rng.choice(palette.NAMES))
    scene = Scene(rows=mix.rows, columns=mix.columns, background=background, shapes=(), texts=())
    texts = rng.choices(range(4), mix.texts)[0]
    groups = rng.choices(range(3), mix.shapes)[0]
    for index in range(max(texts, 1 if groups == 0 else 0)):
        longest = mix.longest if index == 0 else min(mix.longest, 6)
        text = (han if rng.random() < mix.chinese else latin)(rng, longest)
        scene = add_text(rng, scene, text, large=rng.random() < mix.large_text)
    for _ in range(groups):
        count = rng.choice((2, 3)) if rng.random() < mix.several else 1
        scene = add_shapes(rng, scene, count=count)
    return scene


def add_text(rng: random.Random, scene: Scene, text: str, *, large: bool) -> Scene:
    """Add a line of text at a free place; the scene unchanged if nothing fits."""
    limit = min(scene.columns, 10)
    text = text[:limit]
    fits_large = 2 * len(text) <= scene.columns and not any(is_han(c) for c in text)
    scale = 2 if large and fits_large else 1
    colours = [c for c in palette.TEXT_COLOURS if readable_on(scene.background, c)]
    colour = rng.choice(colours)
    for place in rng.sample(_PLACES, len(_PLACES)):
        box = text_box(scene, len(text), scale, place)
        if box is not None and _free(scene, (box,)):
            line = TextLine(text=text, colour=colour, scale=scale, place=place, box=box)
            return replace(scene, texts=(*scene.texts, line))
    return scene


def add_shapes(rng: random.Random, scene: Scene, *, count: int) -> Scene:
    """Add a group of equal shapes at a free place; the scene unchanged if nothing fits."""
    taken = {group.kind for group in scene.shapes}
    kind = rng.choice([name for name in SHAPES if name not in taken])
    colours = [c for c in palette.NAMES if visible_on(scene.background, c)]
    colour = rng.choice(colours)
    for _ in range(_TRIES):
        size = rng.choice(SHAPE_SIZES) if count == 1 else 2
        place = rng.choice(_PLACES)
        if count > 1:
            place = replace(place, column="center")
        boxes = shape_boxes(scene, size, place, count)
        if boxes is not None and _free(scene, boxes):
            group = ShapeGroup(kind=kind, colour=colour, size=size, place=place, boxes=boxes)
            return replace(scene, shapes=(*scene.shapes, group))
    return scene


def visible_on(background: Background, colour: str) -> bool:
    """Whether things of this colour can be seen on the background."""
    if background.kind == "gradient" and colour == "white":
        return False
    return palette.contrast(background.colour, colour)


def readable_on(background: Background, colour: str) -> bool:
    """Whether letters of this colour can be read on the background."""
    return visible_on(background, colour) and palette.readable(background.colour, colour)


def text_box(scene: Scene, length: int, scale: int, place: Place) -> Box | None:
    """Cells of a line of text at a place, or None where the place cannot be told from others."""
    width = length * scale
    if width > scene.columns or scale > scene.rows:
        return None
    if place.column != "center" and width > scene.columns // 2:
        return None
    row = _start(scene.rows, scale, ROWS.index(place.row))
    column = _start(scene.columns, width, COLUMNS.index(place.column))
    return Box(row=row, column=column, height=scale, width=width)


def shape_boxes(scene: Scene, size: int, place: Place, count: int) -> tuple[Box, ...] | None:
    """Cells of a group of shapes at a place, or None where it does not fit."""
    if size > min(scene.rows, scene.columns):
        return None
    row = _start(scene.rows, size, ROWS.index(place.row))
    if count == 1:
        column = _start(scene.columns, size, COLUMNS.index(place.column))
        return (Box(row=row, column=column, height=size, width=size),)
    gaps = (scene.columns - count * size) // (count + 1) if count == 2 else 1
    width = count * size + (count - 1) * gaps
    if width > scene.columns:
        return None
    first = (scene.columns - width) // 2
    return tuple(
        Box(row=row, column=first + index * (size + gaps), height=size, width=size)
        for index in range(count)
    )


def _start(cells: int, length: int, third: int) -> int:
    """First cell of a thing in the first, middle or last third; small ones keep off the edge."""
    margin = 1 if length <= cells - 6 else 0
    return (margin, (cells - length) // 2, cells - margin - length)[third]


def _free(scene: Scene, boxes: Sequence[Box]) -> bool:
    wanted = {cell for box in boxes for cell in box.cells()}
    return not wanted & scene.occupied()
