"""The semantic vocabulary: what each visual code of the drawn pictures means.

A code names what one grid cell shows: a piece of background, a part of a shape or of an arrow, or
a character. A character that covers one cell is one code, with its colour and its font. One that
covers several is named by its first cell alone; the others tell which quarter they are, the colour
and the font, so that thousands of characters need one code each. The decoder therefore learns from
the tokens *which* letter stands where, and the generator predicts meaning instead of texture.
"""

from dataclasses import dataclass
from functools import cache

from glm_image.data import palette
from glm_image.data.characters import ALL, NARROW
from glm_image.data.scene import (
    BACKGROUNDS,
    DIRECTIONS,
    FONTS,
    OUTLINED_SHAPES,
    SHAPE_SIZES,
    SHAPES,
    STYLES,
)

GRADIENT_LEVELS = 8
"""Steps from the top to the bottom of a gradient background."""

WHOLE = "whole"
"""Part of a thing that covers one cell."""

FIRST = "first"
"""Part of a character that names it: the first of its cells."""

QUARTERS: tuple[str, ...] = ("00", "01", "10", "11")
"""Row and column of the quarters of a character or an arrow."""

HALVES: tuple[str, ...] = ("0", "1")
"""Parts of an arrow that covers two cells."""

LETTERS = "letters"
"""Kind of a quarter of a character: a quarter alone cannot be named."""

NOTHING = ""
"""Colour or style of what has none of its own."""


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """What a grid cell shows.

    Attributes:
        thing: ``background``, ``shape``, ``text`` or ``arrow``.
        kind: Kind of background or shape, direction of an arrow, the character, or ``LETTERS``.
        colour: Palette name of the thing; none on the first cell of a large character.
        style: Style of a shape, font of a text.
        part: Which part of the thing.
    """

    thing: str
    kind: str
    colour: str
    style: str = NOTHING
    part: str

    def attributes(self) -> tuple[str, ...]:
        """Names of the independent attributes, for factored embeddings."""
        names = [self.thing, f"{self.thing}:{self.kind}", f"{self.thing}:part:{self.part}"]
        if self.colour:
            names.append(f"{self.thing}:colour:{self.colour}")
        if self.style:
            names.append(f"{self.thing}:style:{self.style}")
        return tuple(names)


@cache
def meanings() -> tuple[Meaning, ...]:
    """Every meaning in the order of its code."""
    return (*_backgrounds(), *_shapes(), *_texts(), *_arrows())


@cache
def _codes() -> dict[Meaning, int]:
    return {meaning: code for code, meaning in enumerate(meanings())}


def code_of(meaning: Meaning) -> int:
    """Code of a meaning; KeyError where the vocabulary has no such meaning."""
    return _codes()[meaning]


def _backgrounds() -> list[Meaning]:
    return [
        Meaning(thing="background", kind=kind, colour=colour, part=str(part))
        for colour in palette.NAMES
        for kind in BACKGROUNDS
        if kind != "pastel" or colour in palette.PASTELS
        for part in range(GRADIENT_LEVELS if kind == "gradient" else 1)
    ]


def _shapes() -> list[Meaning]:
    styles = zip(STYLES, (SHAPES, OUTLINED_SHAPES), strict=True)
    return [
        Meaning(thing="shape", kind=kind, colour=colour, style=style, part=f"{row}{column}of{size}")
        for style, kinds in styles
        for kind in kinds
        for colour in palette.NAMES
        for size in SHAPE_SIZES
        for row in range(size)
        for column in range(size)
    ]


def _texts() -> list[Meaning]:
    table = [Meaning(thing="text", kind=c, colour=NOTHING, part=FIRST) for c in ALL]
    for colour in palette.NAMES:
        for font in FONTS:
            kinds = [(c, WHOLE) for c in NARROW] + [(LETTERS, quarter) for quarter in QUARTERS]
            table += [
                Meaning(thing="text", kind=kind, colour=colour, style=font, part=part)
                for kind, part in kinds
            ]
    return table


def _arrows() -> list[Meaning]:
    return [
        Meaning(thing="arrow", kind=direction, colour=colour, part=part)
        for direction in DIRECTIONS
        for colour in palette.NAMES
        for part in (*HALVES, *QUARTERS)
    ]
