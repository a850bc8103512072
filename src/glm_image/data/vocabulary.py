"""The semantic vocabulary: what each visual code of the drawn pictures means.

A code names what one grid cell shows: a piece of background, a part of a shape, or a character
(or a quarter of one) in a colour. The decoder therefore learns from the tokens *which* letter
stands where, and the generator predicts meaning instead of texture.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from glm_image.data import palette
from glm_image.data.characters import ALL, HAN, LATIN
from glm_image.data.scene import BACKGROUNDS, SHAPE_SIZES, SHAPES, Box, Scene

GRADIENT_LEVELS = 8
"""Steps from the top to the bottom of a gradient background."""

ANY_HAN = "han"
"""Character of a quarter of a Chinese character: a quarter alone cannot be named."""

Grid = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """What a grid cell shows.

    Attributes:
        thing: ``background``, ``shape`` or ``text``.
        kind: Kind of background or shape, or the character.
        colour: Palette name of the thing.
        part: Which part of the thing, ``"0"`` where it has no parts.
    """

    thing: str
    kind: str
    colour: str
    part: str

    def attributes(self) -> tuple[str, ...]:
        """Names of the four independent attributes, for factored embeddings."""
        return (
            self.thing,
            f"{self.thing}:{self.kind}",
            f"{self.thing}:colour:{self.colour}",
            f"{self.thing}:part:{self.part}",
        )


@cache
def meanings() -> tuple[Meaning, ...]:
    """Every meaning in the order of its code."""
    table: list[Meaning] = []
    for colour in palette.NAMES:
        for kind in BACKGROUNDS:
            parts = range(GRADIENT_LEVELS) if kind == "gradient" else range(1)
            table += [
                Meaning(thing="background", kind=kind, colour=colour, part=str(p)) for p in parts
            ]
    for kind in SHAPES:
        for colour in palette.NAMES:
            table += [
                Meaning(thing="shape", kind=kind, colour=colour, part=f"{row}{column}of{size}")
                for size in SHAPE_SIZES
                for row in range(size)
                for column in range(size)
            ]
    for colour in palette.TEXT_COLOURS:
        table += [Meaning(thing="text", kind=c, colour=colour, part="0") for c in ALL]
        table += [
            Meaning(thing="text", kind=c, colour=colour, part=quarter)
            for c in (*LATIN, ANY_HAN)
            for quarter in ("00", "01", "10", "11")
        ]
    return tuple(table)


@cache
def _codes() -> dict[Meaning, int]:
    return {meaning: code for code, meaning in enumerate(meanings())}


def code_of(meaning: Meaning) -> int:
    """Code of a meaning; KeyError where the vocabulary has no such meaning."""
    return _codes()[meaning]


def full_grid(scene: Scene) -> Grid:
    """Codes of the full grid ``[rows, columns]``, one per 32-pixel cell."""
    return _grid(scene, scene.rows, scene.columns)


def preview_grid(scene: Scene, height: int, width: int) -> Grid:
    """Codes of the preview grid ``[height, width]`` of the same picture."""
    return _grid(scene, height, width)


def starts(scene: Scene, height: int, width: int) -> list[int]:
    """Where things begin in a ``height`` x ``width`` raster: flat indices, ascending.

    Every shape and every text has one, the first patch that shows it.
    """
    ys, xs = _centres(scene, height, width)
    boxes = [box for group in scene.shapes for box in group.boxes]
    boxes += [line.box for line in scene.texts]
    firsts = [next(iter(_inside(box, ys, xs))) for box in boxes]
    return sorted(row * width + column for row, column, _, _ in firsts)


def _centres(
    scene: Scene, height: int, width: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rows and columns of the patches' centres, in cells of the scene."""
    ys = (np.arange(height, dtype=np.float64) + 0.5) * scene.rows / height
    xs = (np.arange(width, dtype=np.float64) + 0.5) * scene.columns / width
    return ys, xs


def _grid(scene: Scene, height: int, width: int) -> Grid:
    """Name what stands at the centre of every patch of a ``height`` x ``width`` raster."""
    ratio = height / scene.rows
    ys, xs = _centres(scene, height, width)
    grid = np.empty((height, width), dtype=np.int64)
    for row, y in enumerate(ys):
        grid[row, :] = code_of(_background(scene, float(y)))
    for group in scene.shapes:
        parts = shape_parts(group.size * ratio)
        for box in group.boxes:
            for row, column, v, u in _inside(box, ys, xs):
                part = f"{int(v * parts)}{int(u * parts)}of{parts}"
                grid[row, column] = code_of(
                    Meaning(thing="shape", kind=group.kind, colour=group.colour, part=part)
                )
    for line in scene.texts:
        whole = line.scale * ratio < 1.5
        for row, column, v, u in _inside(line.box, ys, xs):
            position = u * len(line.text)
            character = line.text[int(position)]
            if character == " ":
                continue
            part = "0" if whole else f"{int(v * 2)}{int(position % 1 * 2)}"
            kind = character if whole or character not in HAN else ANY_HAN
            grid[row, column] = code_of(
                Meaning(thing="text", kind=kind, colour=line.colour, part=part)
            )
    return grid


def shape_parts(cells: float) -> int:
    """Into how many parts a side the vocabulary cuts a shape that covers so many patches."""
    whole = round(cells)
    while whole > SHAPE_SIZES[-1] and whole % 2 == 0:
        whole //= 2
    return min(max(whole, SHAPE_SIZES[0]), SHAPE_SIZES[-1])


def _background(scene: Scene, y: float) -> Meaning:
    kind, colour = scene.background.kind, scene.background.colour
    level = int(y / scene.rows * GRADIENT_LEVELS) if kind == "gradient" else 0
    return Meaning(thing="background", kind=kind, colour=colour, part=str(level))


def _inside(
    box: Box, ys: NDArray[np.float64], xs: NDArray[np.float64]
) -> list[tuple[int, int, float, float]]:
    """Patches whose centre lies in the box, with the centre's place in the box in [0, 1)."""
    vs = (ys - box.row) / box.height
    us = (xs - box.column) / box.width
    return [
        (row, column, float(v), float(u))
        for row, v in enumerate(vs)
        if 0 <= v < 1
        for column, u in enumerate(us)
        if 0 <= u < 1
    ]
