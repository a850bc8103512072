"""Pictures with a plan of their own: titles with subtitles, panels."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from glm_image.data import palette
from glm_image.data.characters import has_han
from glm_image.data.placing import (
    add_shapes,
    centred,
    fit_text,
    new_kind,
    shape_colour,
    text_colour,
)
from glm_image.data.scene import (
    FONTS,
    PATTERNS,
    SHAPE_SIZES,
    Background,
    Box,
    Panel,
    Place,
    Scene,
    ShapeGroup,
    TextLine,
)
from glm_image.data.texts import wrap

_TRIES = 12

SIDE_BY_SIDE: tuple[Place, ...] = (
    Place(row="middle", column="left"),
    Place(row="middle", column="right"),
)
STACKED: tuple[Place, ...] = (
    Place(row="top", column="center"),
    Place(row="bottom", column="center"),
)
CORNERS: tuple[Place, ...] = tuple(
    Place(row=row, column=side) for row in ("top", "bottom") for side in ("left", "right")
)
"""Places of the panels of a picture."""


@dataclass(frozen=True, kw_only=True)
class Hand:
    """How a picture's things are chosen.

    Attributes:
        text: Draws a text of at most so many characters.
        outlined: Share of outlined shapes.
        serif: Share of texts with serifs.
        large: Share of Latin texts two cells high where they fit.
        behind: Draws a background.
    """

    text: Callable[[random.Random, int], str]
    outlined: float
    serif: float
    large: float
    behind: Callable[[random.Random], Background]


def background(
    rng: random.Random, *, plain: float, patterns: Sequence[str] = PATTERNS
) -> Background:
    """A random background, plain with some probability, else one of the patterns."""
    kind = "plain" if rng.random() < plain else rng.choice(patterns)
    colours = palette.PASTELS if kind == "pastel" else palette.NAMES
    return Background(kind=kind, colour=rng.choice(colours))


def title(rng: random.Random, scene: Scene, hand: Hand) -> Scene | None:
    """A title, its subtitle right below, sometimes a shape; None where nothing fits."""
    place = Place(row=rng.choice(("top", "middle")), column="center")
    font = FONTS[rng.random() < hand.serif]
    for _ in range(_TRIES):
        first, second = hand.text(rng, 8), hand.text(rng, 10)
        scale = 2 if has_han(first) or rng.random() < 0.7 else 1
        above = fit_text(scene, first, scale, place)
        below = fit_text(scene, second, 2 if has_han(second) else 1, place)
        if above is None or below is None or first == second or has_han(second) > scale - 1:
            continue
        height = above[0].height + below[0].height
        if height > scene.rows:
            continue
        top = (scene.rows - height) // 2 if place.row == "middle" else int(height < scene.rows - 2)
        colour = text_colour(rng, scene.background)
        lines = (
            TextLine(
                text=first, colour=colour, font=font, scale=scale, place=place,
                box=replace(above[0], row=top), lines=above[1],
            ),
            TextLine(
                text=second,
                colour=colour if rng.random() < 0.5 else text_colour(rng, scene.background),
                font=font, scale=2 if has_han(second) else 1, place=place,
                box=replace(below[0], row=top + above[0].height), lines=below[1],
            ),
        )  # fmt: skip
        titled = replace(scene, design="title", texts=lines)
        outlined = rng.random() < hand.outlined
        return titled if rng.random() < 0.4 else add_shapes(rng, titled, count=1, outlined=outlined)
    return None


def panels(rng: random.Random, scene: Scene, hand: Hand, places: tuple[Place, ...]) -> Scene:
    """Panels of different colours, each with one shape or one text in its middle."""
    first = scene.background
    backgrounds = [first if first.kind != "pastel" else replace(first, kind="plain")]
    while len(backgrounds) < len(places):
        taken = {one.colour for one in backgrounds}
        next_one = hand.behind(rng)
        if next_one.kind != "pastel" and next_one.colour not in taken:
            backgrounds.append(next_one)
    boxes = _cut(scene, places)
    panes = tuple(
        Panel(box=box, background=behind, place=place)
        for box, behind, place in zip(boxes, backgrounds, places, strict=True)
    )
    design = "halves" if len(places) == 2 else "quarters"
    scene = replace(scene, design=design, background=backgrounds[0], panels=panes)
    for pane in panes:
        scene = _fill(rng, scene, hand, pane)
    return scene


def _cut(scene: Scene, places: tuple[Place, ...]) -> tuple[Box, ...]:
    """Boxes of the panels at their places; together they cover the picture."""
    row, column = scene.rows // 2, scene.columns // 2
    rows = {"top": (0, row), "middle": (0, scene.rows), "bottom": (row, scene.rows - row)}
    columns = {
        "left": (0, column),
        "center": (0, scene.columns),
        "right": (column, scene.columns - column),
    }
    return tuple(
        Box(
            row=rows[place.row][0],
            column=columns[place.column][0],
            height=rows[place.row][1],
            width=columns[place.column][1],
        )
        for place in places
    )


def _fill(rng: random.Random, scene: Scene, hand: Hand, pane: Panel) -> Scene:
    """Put a text or a shape into the middle of a panel."""
    if rng.random() < 0.4:
        text = hand.text(rng, 8)
        scale = 2 if has_han(text) or rng.random() < hand.large else 1
        lines = wrap(text, pane.box.width // scale, inside_words=False)
        fits = lines is not None and len(lines) * scale <= pane.box.height
        # Some cell must show the panel's background, or no code would tell it.
        letters = len(text.replace(" ", "")) * scale**2
        fits = fits and letters < pane.box.height * pane.box.width
        if lines and fits and text not in [line.text for line in scene.texts]:
            line = TextLine(
                text=text,
                colour=text_colour(rng, pane.background),
                font=FONTS[rng.random() < hand.serif],
                scale=scale,
                place=pane.place,
                box=centred(pane.box, len(lines) * scale, max(map(len, lines)) * scale),
                lines=lines,
            )
            return replace(scene, texts=(*scene.texts, line))
    outlined = rng.random() < hand.outlined
    room = min(pane.box.height, pane.box.width)
    size = rng.choice([size for size in SHAPE_SIZES if size < room])
    group = ShapeGroup(
        kind=new_kind(rng, scene, outlined=outlined),
        colour=shape_colour(rng, pane.background),
        style="outlined" if outlined else "filled",
        size=size,
        place=pane.place,
        boxes=(centred(pane.box, size, size),),
    )
    return replace(scene, shapes=(*scene.shapes, group))
