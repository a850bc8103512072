"""Scenes to pixels. Everything is a cached mask painted in a colour, so drawing is quick."""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from glm_image.data import fonts, palette
from glm_image.data.characters import is_han
from glm_image.data.outlines import Corners, outline
from glm_image.data.scene import CELL, Background, Box, Scene

Mask = NDArray[np.float32]
Pixels = NDArray[np.uint8]

_OVERSAMPLING = 4
# Em sizes in pixels of a cell at which the tallest character keeps off the edges of its square.
_LATIN_EM, _HAN_EM = 30, 29
# Free pixels at the left and right of a character's square, of 32.
_SIDE_BEARING = 1.5
# Widths of an outline in pixels by size in cells; a star has less room inside.
_STROKE = {2: 5, 3: 7, 4: 9}
_STAR_STROKE = {2: 3, 3: 5, 4: 6}
# Pixels between a shape and the edge of its square.
_SHAPE_MARGIN = 4
_RING_HOLE = 0.24
_DOT_RADIUS = 0.2
# Directions in which an outline's width is measured.
_DIRECTIONS = 48
# An arrow to the right in the middle one of two cells, in [0, 1].
_ARROW: Corners = (
    (0.06, 0.42), (0.5, 0.42), (0.5, 0.18), (0.96, 0.5), (0.5, 0.82), (0.5, 0.58), (0.06, 0.58),
)  # fmt: skip


def render(scene: Scene) -> Pixels:
    """Draw a scene.

    Returns:
        RGB ``[32 * rows, 32 * columns, 3]`` uint8.
    """
    canvas = np.empty((scene.rows * CELL, scene.columns * CELL, 3), dtype=np.float32)
    areas = [(panel.box, panel.background) for panel in scene.panels]
    for box, background in areas or [(scene.whole(), scene.background)]:
        _fill(_area(canvas, box), background)
    for group in scene.shapes:
        mask = shape_mask(group.kind, group.size, group.style)
        for box in group.boxes:
            _paint(_area(canvas, box), mask, group.colour)
    for line in scene.texts:
        for character, box in line.characters():
            _paint(
                _area(canvas, box), character_mask(character, line.scale, line.font), line.colour
            )
    for arrow in scene.arrows:
        _paint(_area(canvas, arrow.box), arrow_mask(arrow.direction), arrow.colour)
    pixels: Pixels = np.clip(canvas + 0.5, 0, 255).astype(np.uint8)
    return pixels


def _area(canvas: NDArray[np.float32], box: Box) -> NDArray[np.float32]:
    rows = slice(box.row * CELL, (box.row + box.height) * CELL)
    return canvas[rows, box.column * CELL : (box.column + box.width) * CELL]


def _paint(area: NDArray[np.float32], mask: Mask, colour: str) -> None:
    area += mask[..., None] * (palette.rgb(colour) - area)


def _fill(area: NDArray[np.float32], background: Background) -> None:
    """Cover an area with a background; patterns start anew in every area."""
    first, second = palette.shades(background.kind, background.colour)
    height, width = area.shape[:2]
    area[:] = first
    if background.kind == "gradient":
        area += np.linspace(0, 1, height, dtype=np.float32)[:, None, None] * (second - first)
    elif background.kind == "striped":
        area[:, np.arange(width) % CELL >= CELL // 2] = second
    elif background.kind == "checkered":
        # Squares of half a cell: all cells look alike, so a code says all there is to know.
        half = CELL // 2
        dark = (np.arange(height)[:, None] // half + np.arange(width) // half) % 2 == 1
        area[dark] = second
    elif background.kind == "dotted":
        dots = np.tile(_dot(), (height // CELL, width // CELL))
        area += dots[..., None] * (second - first)


@cache
def _dot() -> Mask:
    side = CELL * _OVERSAMPLING
    image = Image.new("L", (side, side))
    low, high = side * (0.5 - _DOT_RADIUS), side * (0.5 + _DOT_RADIUS)
    ImageDraw.Draw(image).ellipse((low, low, high, high), fill=255)
    return _shrink(image)


@cache
def character_mask(character: str, scale: int, font: str) -> Mask:
    """Coverage in [0, 1] of a character in its square, ``[32 * scale, 32 * scale]``."""
    han = is_han(character)
    faces = {
        "sans": (fonts.SANS, fonts.CHINESE),
        "serif": (fonts.SERIF, fonts.CHINESE_SERIF),
    }[font][han]
    face = fonts.load(faces, (_HAN_EM if han else _LATIN_EM) * scale * _OVERSAMPLING)
    size = CELL * scale * _OVERSAMPLING
    # All characters of a script stand on one line, in the middle of the square.
    ascent, descent = _extent(face, "国口" if han else "Hgj")
    left, _, right, _ = face.getbbox(character, anchor="ls")
    width = max(int(right - left), 1)
    glyph = Image.new("L", (width, size))
    baseline = (size - (descent - ascent)) / 2 - ascent
    ImageDraw.Draw(glyph).text((-left, baseline), character, font=face, fill=255, anchor="ls")
    room = size - int(2 * _SIDE_BEARING * scale * _OVERSAMPLING)
    if width > room:
        glyph = glyph.resize((room, size), Image.Resampling.LANCZOS)
    image = Image.new("L", (size, size))
    image.paste(glyph, ((size - glyph.width) // 2, 0))
    return _shrink(image)


def _extent(face: ImageFont.FreeTypeFont, characters: str) -> tuple[float, float]:
    """How far characters reach above (negative) and below the line they stand on."""
    boxes = [face.getbbox(character, anchor="ls") for character in characters]
    return min(box[1] for box in boxes), max(box[3] for box in boxes)


@cache
def shape_mask(kind: str, size: int, style: str = "filled") -> Mask:
    """Coverage in [0, 1] of a shape of ``size`` cells a side, ``[32 * size, 32 * size]``."""
    side = size * CELL * _OVERSAMPLING
    image = Image.new("L", (side, side))
    draw = ImageDraw.Draw(image)
    low = _SHAPE_MARGIN * _OVERSAMPLING
    span = side - 2 * low
    if kind in ("circle", "ring"):
        draw.ellipse((low, low, low + span, low + span), fill=255)
    else:
        draw.polygon([(low + x * span, low + y * span) for x, y in outline(kind)], fill=255)
    if kind == "ring":
        hole = low + span * _RING_HOLE
        draw.ellipse((hole, hole, side - hole, side - hole), fill=0)
    elif style == "outlined":
        strokes = _STAR_STROKE if kind == "star" else _STROKE
        image = _hollow(image, strokes[size] * _OVERSAMPLING)
    return _shrink(image)


def _hollow(image: Image.Image, stroke: int) -> Image.Image:
    """Keep what lies within ``stroke`` pixels of the edge of a filled shape."""
    inside = np.asarray(image) > 0
    deep = inside.copy()
    # A point is deep inside if a circle of that radius around it is.
    for angle in np.linspace(0, 2 * np.pi, _DIRECTIONS, endpoint=False):
        shift = (round(stroke * np.sin(angle)), round(stroke * np.cos(angle)))
        deep &= np.roll(inside, shift, axis=(0, 1))
    return Image.fromarray(np.where(inside & ~deep, 255, 0).astype(np.uint8))


@cache
def arrow_mask(direction: str) -> Mask:
    """Coverage in [0, 1] of an arrow in its box of one cell by two."""
    side = CELL * _OVERSAMPLING
    image = Image.new("L", (side, 2 * side))
    draw = ImageDraw.Draw(image)
    draw.polygon([(x * side, (y + 0.5) * side) for x, y in _ARROW], fill=255)
    mask = _shrink(image)
    return mask if direction == "right" else mask.T


def _shrink(image: Image.Image) -> Mask:
    size = image.width // _OVERSAMPLING, image.height // _OVERSAMPLING
    return np.asarray(image.resize(size, Image.Resampling.BOX), dtype=np.float32) / 255.0
