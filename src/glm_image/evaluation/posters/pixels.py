"""Reads a picture by its pixels: background, shapes, arrows and where letters are.

The reader knows how the pictures of this package are made (its palette, its shapes, its
backgrounds), yet not what a certain picture should show. What letters say is for a reader of
letters: :func:`crop` shows it one piece after the other.

Legend of array names: h and w pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from glm_image.data.draw import Pixels
from glm_image.data.scene import CELL
from glm_image.evaluation.posters.backgrounds import distance_to_background, find_areas
from glm_image.evaluation.posters.blobs import Blob, View, blobs_of, nearest_colours, solid_blobs
from glm_image.evaluation.posters.found import Found, FoundArrow, FoundPiece, FoundShape, around
from glm_image.evaluation.posters.matching import reading_order
from glm_image.evaluation.posters.regions import Flags
from glm_image.evaluation.posters.shapes import arrow_in, shape_in

# A pixel this far from the background belongs to a thing; things are at least 110 from it.
_FAR = 45.0
# For letters: distance that is still white, and distance beyond it that is black.
_NOISE, _BLACK = 15.0, 200.0
# Pixels around a thing that belong to its edge.
_EDGE = 2
# Longest side in pixels of a part of a letter; what is longer is neither letter nor shape.
_LETTER_SIDE = 72
# Most pixels from the top to the bottom of a line, by the side of its letters' squares.
_HIGHEST = {CELL: 32, 2 * CELL: 63}
# Widest gap between two small letters of a word, and widest step from the middle of a large letter
# to that of the next, in pixels.
_WIDEST_GAP, _WIDEST_STEP = 31, 80
# White pixels around a piece that is cut out, in squares.
_PADDING = 0.3
# Widest gap between two letters that a reader is shown, in pixels by scale, and the grey of ink:
# letters stand wider apart than a reader of letters is used to.
_GAP, _INK = 6, 200
# What a letter costs beside the pixels that it is off its line, so that few letters are made.
_LETTER_COST = 4.0


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What was seen in a picture.

    Attributes:
        found: Everything; what its letters say is not read yet.
        crops: Every piece of letters by itself, dark on white, ``[h, w, 3]`` uint8.
    """

    found: Found
    crops: tuple[Pixels, ...]

    def read(self, texts: Sequence[str]) -> Found:
        """Everything, with what every piece says; pieces that say nothing are none."""
        read = [
            replace(piece, text=text)
            for piece, text in zip(self.found.pieces, texts, strict=True)
            if text
        ]
        return replace(self.found, pieces=tuple(read))


def look(pixels: Pixels) -> Sight:
    """Find background, shapes, arrows and pieces of letters in a picture ``[h, w, 3]`` uint8."""
    areas = find_areas(pixels)
    view = View(
        distance_hw=distance_to_background(pixels, areas), colours_hw=nearest_colours(pixels)
    )
    things = view.distance_hw > _FAR
    shapes = _take_shapes(things, view)
    arrows, ink = _take_arrows(things, view)
    words = {_piece(word): word for row in _rows(ink) for word in _words(row)}
    pieces = reading_order(list(words))
    return Sight(
        found=Found(areas=areas, shapes=tuple(shapes), pieces=tuple(pieces), arrows=tuple(arrows)),
        crops=tuple(crop(words[piece], view, piece.scale) for piece in pieces),
    )


def _take_shapes(things_hw: Flags, view: View) -> list[FoundShape]:
    """Find shapes and take them out of the mask; at last those that touch something."""
    shapes = []
    for cut in (blobs_of, solid_blobs):
        for blob in cut(things_hw, view):
            shape = shape_in(blob, things_hw, view)
            if shape is not None:
                shapes.append(shape)
                things_hw[_around(blob)] = False
    return shapes


def _take_arrows(things_hw: Flags, view: View) -> tuple[list[FoundArrow], list[Blob]]:
    """Arrows, and what is small enough for letters."""
    arrows, ink = [], []
    for blob in blobs_of(things_hw, view):
        arrow = arrow_in(blob)
        if arrow is not None:
            arrows.append(arrow)
        elif blob.side <= _LETTER_SIDE:
            ink.append(blob)
    return arrows, ink


def _rows(blobs: Sequence[Blob]) -> list[list[Blob]]:
    """Group the parts of letters into lines, the largest part of each first."""
    rows: list[list[Blob]] = []
    for blob in sorted(blobs, key=lambda blob: -blob.mask_hw.size):
        fitting = [row for row in rows if _extent((*row, blob)) <= _HIGHEST[_square(row[0])]]
        if fitting:
            middle = blob.top + blob.bottom
            min(fitting, key=lambda row: abs(row[0].top + row[0].bottom - middle)).append(blob)
        else:
            rows.append([blob])
    return rows


def _extent(blobs: Sequence[Blob]) -> int:
    return max(blob.bottom for blob in blobs) - min(blob.top for blob in blobs)


def _words(row: Sequence[Blob]) -> list[tuple[Blob, ...]]:
    """Cut a row between letters that do not stand in squares side by side."""
    ordered = sorted(row, key=lambda blob: blob.left)
    large = max(map(_square, row)) > CELL
    letters = _large_letters(ordered) if large else [(blob,) for blob in ordered]
    words = [[letters[0]]]
    for before, letter in pairwise(letters):
        gap = _left(letter) - max(map(_right, words[-1]))
        if _middle(letter) - _middle(before) > _WIDEST_STEP if large else gap > _WIDEST_GAP:
            words.append([])
        words[-1].append(letter)
    return [tuple(blob for letter in word for blob in letter) for word in words]


def _left(blobs: Sequence[Blob]) -> int:
    return min(blob.left for blob in blobs)


def _right(blobs: Sequence[Blob]) -> int:
    return max(blob.right for blob in blobs)


def _middle(blobs: Sequence[Blob]) -> float:
    return (_left(blobs) + _right(blobs)) / 2


def _large_letters(ordered: Sequence[Blob]) -> list[tuple[Blob, ...]]:
    """Join the parts of letters two cells wide, each of which is centred on a line of cells.

    Of all ways to join parts that stand beside each other it is the one with letters nearest to
    such lines.
    """
    costs: list[float] = [0.0]
    firsts: list[int] = []
    for last in range(1, len(ordered) + 1):
        ways = []
        for first in range(last):
            letter = ordered[first:last]
            if _right(letter) - _left(letter) <= 2 * CELL + _EDGE or len(letter) == 1:
                middle = _middle(letter)
                off = abs(middle - round(middle / CELL) * CELL)
                ways.append((costs[first] + off + _LETTER_COST, first))
        best, first = min(ways)
        costs.append(best)
        firsts.append(first)
    letters, last = [], len(ordered)
    while last:
        letters.append(tuple(ordered[firsts[last - 1] : last]))
        last = firsts[last - 1]
    return letters[::-1]


def _square(blob: Blob) -> int:
    """Side of the square that a letter of this size stands in."""
    return CELL if blob.side <= CELL else 2 * CELL


def _piece(blobs: Sequence[Blob]) -> FoundPiece:
    """The letters that blobs make: most of the ink names their colour."""
    ink: dict[str, int] = {}
    for blob in blobs:
        ink[blob.colour] = ink.get(blob.colour, 0) + blob.core
    return FoundPiece(
        text="",
        colour=max(ink, key=lambda name: ink[name]),
        scale=max(map(_square, blobs)) // CELL,
        frame=around(blob.frame() for blob in blobs),
    )


def crop(blobs: Sequence[Blob], view: View, scale: int) -> Pixels:
    """Letters cut out and moved together, dark on white, for a reader of letters.

    A pixel is the darker the farther it is from the background, so that a pattern or little
    contrast does not mislead the reader; colours are judged elsewhere.
    """
    frame = around(blob.frame() for blob in blobs)
    room = round(_PADDING * CELL * scale)
    top, left = round(frame.top * CELL) - room, round(frame.left * CELL) - room
    height = round(frame.bottom * CELL) + room - top
    width = round(frame.right * CELL) + room - left
    grey = np.full((height, width), 255, dtype=np.uint8)
    for blob in blobs:
        darkness = np.clip((view.distance_hw[blob.window] - _NOISE) / _BLACK, 0.0, 1.0)
        inside = grey[blob.top - top : blob.bottom - top, blob.left - left : blob.right - left]
        drawn = (255.0 * (1.0 - darkness)).astype(np.uint8)
        inside[blob.mask_hw] = drawn[blob.mask_hw]
    grey = grey[:, _close_up(grey < _INK, room, _GAP * scale)]
    return np.repeat(grey[:, :, None], 3, axis=2)


def _close_up(ink_hw: Flags, room: int, gap: int) -> list[int]:
    """Columns that are left when the gaps between letters are narrowed, the margins aside."""
    columns, empty = [], 0
    inky = np.asarray(ink_hw.any(axis=0)).tolist()
    for column, inked in enumerate(inky):
        empty = 0 if inked else empty + 1
        if empty <= gap or not room <= column < ink_hw.shape[1] - room:
            columns.append(column)
    return columns


def _around(blob: Blob) -> tuple[slice, slice]:
    """The box of a blob with its blurred edge."""
    rows = slice(max(blob.top - _EDGE, 0), blob.bottom + _EDGE)
    return rows, slice(max(blob.left - _EDGE, 0), blob.right + _EDGE)
