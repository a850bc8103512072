"""Scenes to pixels. Everything is a cached mask painted in a colour, so drawing is quick."""

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from glm_image.data import fonts, palette
from glm_image.data.characters import is_han
from glm_image.data.scene import CELL, Background, Scene

Mask = NDArray[np.float32]
Pixels = NDArray[np.uint8]

_OVERSAMPLING = 4
_WHITE = np.full(3, 255.0, dtype=np.float32)
_BLACK = np.zeros(3, dtype=np.float32)
# Em sizes at which a capital and a descender just fit their square.
_LATIN_EM, _HAN_EM, _LARGE_EM = 33, 30, 62


def render(scene: Scene) -> Pixels:
    """Draw a scene.

    Returns:
        RGB ``[32 * rows, 32 * columns, 3]`` uint8.
    """
    canvas = _background(scene.background, scene.rows, scene.columns)
    for group in scene.shapes:
        mask = shape_mask(group.kind, group.size)
        for box in group.boxes:
            _paint(canvas, mask, group.colour, box.row, box.column)
    for line in scene.texts:
        for index, character in enumerate(line.text):
            if character == " ":
                continue
            mask = character_mask(character, line.scale)
            _paint(canvas, mask, line.colour, line.box.row, line.box.column + index * line.scale)
    pixels: Pixels = np.clip(canvas + 0.5, 0, 255).astype(np.uint8)
    return pixels


def _paint(canvas: NDArray[np.float32], mask: Mask, colour: str, row: int, column: int) -> None:
    height, width = mask.shape
    area = canvas[row * CELL : row * CELL + height, column * CELL : column * CELL + width]
    area += mask[..., None] * (palette.rgb(colour) - area)


def _background(background: Background, rows: int, columns: int) -> NDArray[np.float32]:
    height, width = rows * CELL, columns * CELL
    base = palette.rgb(background.colour)
    light = base + 0.3 * ((_BLACK if base.mean() > 190 else _WHITE) - base)
    canvas = np.empty((height, width, 3), dtype=np.float32)
    canvas[:] = base
    if background.kind == "gradient":
        share = np.linspace(0.0, 0.6, height, dtype=np.float32)[:, None, None]
        target = _BLACK if base.mean() > 190 else _WHITE
        canvas += share * (target - canvas)
    elif background.kind == "striped":
        stripe = (np.arange(width) % CELL) >= CELL // 2
        canvas[:, stripe] = light
    elif background.kind == "dotted":
        canvas += np.tile(_dot(), (rows, columns))[..., None] * (light - canvas)
    return canvas


@cache
def _dot() -> Mask:
    side = CELL * _OVERSAMPLING
    image = Image.new("L", (side, side))
    radius = side * 0.2
    centre = side / 2
    ImageDraw.Draw(image).ellipse(
        (centre - radius, centre - radius, centre + radius, centre + radius), fill=255
    )
    return _shrink(image, CELL, CELL)


@cache
def character_mask(character: str, scale: int) -> Mask:
    """Coverage in [0, 1] of a character in its square, ``[32 * scale, 32 * scale]``."""
    side = CELL * scale
    if is_han(character):
        faces, em = fonts.CHINESE, _HAN_EM * scale
    else:
        faces, em = (fonts.SANS, _LATIN_EM) if scale == 1 else (fonts.SERIF, _LARGE_EM)
    font = fonts.load(faces, em * _OVERSAMPLING)
    size = side * _OVERSAMPLING
    left, _, right, _ = font.getbbox(character, anchor="ls")
    ascent = font.getbbox("H", anchor="ls")[1]
    descent = font.getbbox("g", anchor="ls")[3]
    if is_han(character):
        _, ascent, _, descent = font.getbbox("国", anchor="ls")
    baseline = (size - (descent - ascent)) / 2 - ascent
    width = max(int(right - left), 1)
    glyph = Image.new("L", (width, size))
    ImageDraw.Draw(glyph).text((-left, baseline), character, font=font, fill=255, anchor="ls")
    room = int(size * 0.92)
    if width > room:
        glyph = glyph.resize((room, size), Image.Resampling.LANCZOS)
    image = Image.new("L", (size, size))
    image.paste(glyph, ((size - glyph.width) // 2, 0))
    return _shrink(image, side, side)


@cache
def shape_mask(kind: str, size: int) -> Mask:
    """Coverage in [0, 1] of a shape of ``size`` cells a side, ``[32 * size, 32 * size]``."""
    side = size * CELL * _OVERSAMPLING
    image = Image.new("L", (side, side))
    draw = ImageDraw.Draw(image)
    margin = 4 * _OVERSAMPLING
    low, high = margin, side - margin
    if kind in ("circle", "ring"):
        draw.ellipse((low, low, high, high), fill=255)
        if kind == "ring":
            inset = (high - low) * 0.24
            draw.ellipse((low + inset, low + inset, high - inset, high - inset), fill=0)
    else:
        span = high - low
        draw.polygon([(low + x * span, low + y * span) for x, y in _outline(kind)], fill=255)
    return _shrink(image, size * CELL, size * CELL)


def _outline(kind: str) -> list[tuple[float, float]]:
    """Corners (x, y) in [0, 1] of a polygonal shape."""
    if kind == "square":
        return [(0.04, 0.04), (0.96, 0.04), (0.96, 0.96), (0.04, 0.96)]
    if kind == "diamond":
        return [(0.5, 0.0), (0.96, 0.5), (0.5, 1.0), (0.04, 0.5)]
    if kind == "triangle":
        return [(0.5, 0.04), (1.0, 0.94), (0.0, 0.94)]
    if kind == "hexagon":
        return [_polar(60 * i, 0.5) for i in range(6)]
    if kind == "star":
        return [_polar(36 * i - 90, 0.52 if i % 2 == 0 else 0.21) for i in range(10)]
    return [_heart(2 * math.pi * i / 72) for i in range(72)]


def _polar(degrees: float, radius: float) -> tuple[float, float]:
    angle = math.radians(degrees)
    return 0.5 + radius * math.cos(angle), 0.5 + radius * math.sin(angle)


def _heart(t: float) -> tuple[float, float]:
    """The usual parametric heart curve, scaled to the unit square."""
    x = 16 * math.sin(t) ** 3
    y = 13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)
    return 0.5 + x / 34, 0.46 - y / 32


def _shrink(image: Image.Image, width: int, height: int) -> Mask:
    small = image.resize((width, height), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32) / 255.0
