"""Reads a picture by its pixels: background, shapes and where letters are, but not what they say.

The reader knows how the pictures of this package are made (its palette, its shapes, its four
backgrounds), yet not what a certain picture should show.

Legend of array names: h and w pixels, 3 channels in [0, 255], k palette colours.
"""

from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from glm_image.data import palette
from glm_image.data.draw import Pixels, render
from glm_image.data.scene import BACKGROUNDS, CELL, Background, Scene
from glm_image.evaluation.posters.blobs import Blob, blobs_of, likeness, lines_of, solid_blobs
from glm_image.evaluation.posters.found import Found, FoundLine, FoundShape
from glm_image.evaluation.posters.regions import Flags

Values = NDArray[np.float32]

# Distances in RGB are cut here, so that things do not decide what the background is.
_CUT = 60.0
# A pixel this far from the background belongs to a thing; half of held_out's least visibility.
_FAR = 35.0
# Longest side in pixels that a shape may have: the smallest is drawn 52 pixels wide, while a large
# letter O, which is much like a ring, is 48 pixels high.
_SHAPE_SIDES = (50, 140)
# Least overlap (intersection over union) with a drawn shape to be one.
_LIKE = 0.75
# For letters: distance that is still white, and distance beyond it that is black.
_NOISE, _BLACK = 15.0, 300.0
# Share of a letter's pixels, those farthest from the background, that tell its colour: the others
# are mixtures with what is behind.
_TELLING = 0.25
# Quantile of a shape's distances from the background that stands for its plain inside.
_PLATEAU = 0.7
# Pixels around a shape that belong to its edge.
_EDGE = 2
# Longest side in pixels of a part of a letter; what is longer is neither letter nor shape.
_LETTER_SIDE = 72


def look(pixels: Pixels) -> Found:
    """Find background, shapes and lines of letters in a picture ``[h, w, 3]`` uint8."""
    background = find_background(pixels)
    shapes, ink = _separate(pixels, background)
    size = pixels.shape[0], pixels.shape[1]
    return Found(
        background=background,
        shapes=tuple(_shape(kind, blob, size) for kind, blob in shapes),
        lines=tuple(_line(blobs, size) for blobs in lines_of(ink)),
    )


def find_background(pixels: Pixels) -> Background:
    """The background whose drawing is nearest to the picture, things aside."""
    height, width = pixels.shape[:2]
    step = 2 if min(height, width) >= 128 else 1
    small = pixels[::step, ::step].astype(np.float32)
    best, least = Background(kind=BACKGROUNDS[0], colour=palette.NAMES[0]), np.inf
    for background, drawn in _backgrounds(height, width, step):
        distance = _norm(small - drawn)
        score = float(np.minimum(distance, _CUT).mean())
        if score < least:
            best, least = background, score
    return best


def letters_only(pixels: Pixels) -> Pixels:
    """The letters of a picture, dark on white, for a reader of letters.

    Shapes are left out, and a pixel is the darker the farther it is from the background, so that a
    pattern or little contrast does not mislead the reader; colours are judged elsewhere.
    """
    background = find_background(pixels)
    shapes, _ = _separate(pixels, background)
    distance = _distance_to_background(pixels, background)
    for _, blob in shapes:
        distance[_around(blob)] = 0.0
    darkness = np.clip((distance - _NOISE) / _BLACK, 0.0, 1.0)
    grey = (255.0 * (1.0 - darkness)).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


@cache
def _backgrounds(height: int, width: int, step: int) -> tuple[tuple[Background, Values], ...]:
    """Every background and its drawing, thinned by ``step``."""
    table = []
    for kind in BACKGROUNDS:
        for colour in palette.NAMES:
            background = Background(kind=kind, colour=colour)
            table.append((background, _drawn(background, height, width)[::step, ::step]))
    return tuple(table)


@cache
def _drawn(background: Background, height: int, width: int) -> Values:
    rows, columns = -(-height // CELL), -(-width // CELL)
    scene = Scene(rows=rows, columns=columns, background=background, shapes=(), texts=())
    return render(scene)[:height, :width].astype(np.float32)


def _distance_to_background(pixels: Pixels, background: Background) -> Values:
    """Distance in RGB of every pixel from the background that is or could be behind it ``[h, w]``.

    A pattern may be shifted, and its edges are mixtures, so for stripes and dots the line between
    their two colours counts.
    """
    picture = pixels.astype(np.float32)
    drawn = _drawn(background, *pixels.shape[:2])
    if background.kind in ("plain", "gradient"):
        return _norm(picture - drawn)
    base = palette.rgb(background.colour)
    colours = drawn.reshape(-1, 3)
    other = colours[int(np.linalg.norm(colours - base, axis=-1).argmax())]
    way = other - base
    share = np.clip((picture - base) @ way / float(way @ way), 0.0, 1.0)
    return _norm(picture - base - share[..., None] * way)


def _separate(pixels: Pixels, background: Background) -> tuple[list[tuple[str, Blob]], list[Blob]]:
    """Shapes with their kinds, and what is left and small enough for letters."""
    distance = _distance_to_background(pixels, background)
    things = distance > _FAR
    colours = nearest_colours(pixels)
    shapes: list[tuple[str, Blob]] = []
    for blob in solid_blobs(things, colours):
        if not _SHAPE_SIDES[0] <= max(blob.mask_hw.shape) <= _SHAPE_SIDES[1]:
            continue
        kind, overlap = likeness(_sharpened(blob, distance))
        if overlap >= _LIKE:
            shapes.append((kind, blob))
            things[_around(blob)] = False
    ink = [blob for blob in blobs_of(things, colours) if max(blob.mask_hw.shape) <= _LETTER_SIDE]
    return shapes, [_told_by_strokes(blob, distance, colours) for blob in ink]


def _sharpened(blob: Blob, distance: Values) -> Flags:
    """The mask of a shape without the outer half of its blurred edge, cut to what is left."""
    inside = distance[blob.top : blob.bottom, blob.left : blob.right]
    mask = blob.mask_hw & (inside > np.quantile(inside[blob.mask_hw], _PLATEAU) / 2)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _told_by_strokes(blob: Blob, distance: Values, colours: NDArray[np.int64]) -> Blob:
    """A part of a letter with the colour of the middle of its strokes."""
    window = slice(blob.top, blob.bottom), slice(blob.left, blob.right)
    inside = distance[window][blob.mask_hw]
    telling = inside >= np.quantile(inside, 1.0 - _TELLING)
    counts = np.bincount(colours[window][blob.mask_hw][telling])
    index = int(counts.argmax())
    return replace(blob, colour=palette.NAMES[index], core=int(counts[index]))


def _around(blob: Blob) -> tuple[slice, slice]:
    """The box of a blob with its blurred edge."""
    rows = slice(max(blob.top - _EDGE, 0), blob.bottom + _EDGE)
    return rows, slice(max(blob.left - _EDGE, 0), blob.right + _EDGE)


def nearest_colours(pixels: Pixels) -> NDArray[np.int64]:
    """Index of the nearest palette colour of every pixel ``[h, w]``."""
    table = np.stack([palette.rgb(name) for name in palette.NAMES])
    distances = _norm(pixels.astype(np.float32)[:, :, None] - table)
    nearest: NDArray[np.int64] = distances.argmin(axis=-1)
    return nearest


def _norm(differences: Values) -> Values:
    """Length of the vectors of the last axis."""
    lengths: Values = np.sqrt(np.square(differences).sum(axis=-1, dtype=np.float32))
    return lengths


def _shape(kind: str, blob: Blob, size: tuple[int, int]) -> FoundShape:
    height, width = size
    box = blob.top / height, blob.left / width, blob.bottom / height, blob.right / width
    centre = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return FoundShape(kind=kind, colour=blob.colour, centre=centre, box=box)


def _line(blobs: list[Blob], size: tuple[int, int]) -> FoundLine:
    """The line of letters that blobs make: most of its ink names its colour."""
    ink: dict[str, int] = {}
    for blob in blobs:
        ink[blob.colour] = ink.get(blob.colour, 0) + blob.core
    top, bottom = min(b.top for b in blobs), max(b.bottom for b in blobs)
    left, right = min(b.left for b in blobs), max(b.right for b in blobs)
    centre = (top + bottom) / 2 / size[0], (left + right) / 2 / size[1]
    return FoundLine(colour=max(ink, key=lambda name: ink[name]), centre=centre)
