"""Connected pieces of a picture: found, split by colour, compared with shapes, joined to lines.

Legend of array names: h and w pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image

from glm_image.data import palette
from glm_image.data.draw import shape_mask
from glm_image.data.scene import CELL, SHAPES
from glm_image.evaluation.posters.regions import Flags, Labels, dilated, eroded, opened, regions

# Radius in pixels of the brush that thin bridges between things are narrower than.
_BRUSH = 2
# Length in pixels of the tips that the brush takes off a star.
_TIP = 5
# Pixels at the edge of a large piece that may be mixtures with what is behind.
_EDGE = 4
# Least pixels of a piece.
_LEAST = 10
# Share of a piece from which a second colour makes it two pieces.
_SECOND = 0.2
# Side in pixels at which masks are compared.
_SIDE = 64
# Letters stand in squares; parts whose middles are this far apart, in squares, are on two lines.
_SAME_LINE = 0.6
# Widest gap between two letters of a line, in squares: narrow letters leave most of it empty.
_WIDEST_GAP = 1.25


@dataclass(frozen=True, kw_only=True)
class Blob:
    """One connected piece of a picture.

    Attributes:
        top: First row in pixels.
        left: First column.
        mask_hw: Its pixels inside its bounding box.
        colour: Palette name that most of its inner pixels are nearest to.
        core: Number of its pixels of that colour.
    """

    top: int
    left: int
    mask_hw: Flags
    colour: str
    core: int

    @property
    def bottom(self) -> int:
        """Row after its last."""
        return self.top + len(self.mask_hw)

    @property
    def right(self) -> int:
        """Column after its last."""
        return self.left + len(self.mask_hw[0])


def blobs_of(things_hw: Flags, colours_hw: Labels) -> list[Blob]:
    """Connected pieces of a mask.

    Args:
        things_hw: Pixels that belong to pieces.
        colours_hw: Index of every pixel's nearest palette colour.
    """
    found = []
    for top, left, mask in regions(things_hw):
        if int(mask.sum()) < _LEAST:
            continue
        window = slice(top, top + mask.shape[0]), slice(left, left + mask.shape[1])
        colour, core = _main_colour(mask, colours_hw[window])
        found.append(Blob(top=top, left=left, mask_hw=mask, colour=colour, core=core))
    return found


def solid_blobs(things_hw: Flags, colours_hw: Labels) -> list[Blob]:
    """Like :func:`blobs_of` without thin parts; two large colours that touch are two pieces."""
    found = []
    for blob in blobs_of(_without_bridges(things_hw), colours_hw):
        window = slice(blob.top, blob.bottom), slice(blob.left, blob.right)
        colours = colours_hw[window]
        inner = eroded(blob.mask_hw, _EDGE)
        counts = np.bincount(colours[inner], minlength=len(palette.NAMES))
        large = [index for index in range(len(counts)) if counts[index] > _SECOND * inner.sum()]
        if len(large) < 2:
            found.append(blob)
            continue
        for index in large:
            part = np.zeros_like(things_hw)
            part[window] = blob.mask_hw & (colours == index)
            found += blobs_of(_without_bridges(part), colours_hw)
    return found


def _without_bridges(things_hw: Flags) -> Flags:
    """A mask without its thin parts, but with the tips of what is left."""
    return things_hw & dilated(opened(things_hw, _BRUSH), _TIP)


def likeness(mask_hw: Flags) -> tuple[str, float]:
    """The kind of shape that a mask is most like, and the overlap with it in [0, 1].

    Both are scaled to one longest side; the overlap is intersection over union.
    """
    mask = _normal(mask_hw)
    overlaps = {kind: _overlap(mask, template) for kind, template in _templates().items()}
    best = max(overlaps, key=lambda kind: overlaps[kind])
    return best, overlaps[best]


def lines_of(blobs: Sequence[Blob]) -> list[list[Blob]]:
    """Group the parts of letters into lines: side by side, and not too far apart."""
    rows: list[list[Blob]] = []
    for blob in sorted(blobs, key=lambda blob: -blob.mask_hw.size):
        middle = (blob.top + blob.bottom) / 2
        for row in rows:
            first = row[0]
            scale = _square(first)
            if abs((first.top + first.bottom) / 2 - middle) <= _SAME_LINE * scale:
                row.append(blob)
                break
        else:
            rows.append([blob])
    return [line for row in rows for line in _apart(row)]


def _apart(row: list[Blob]) -> list[list[Blob]]:
    """Cut a row where a gap is too wide for one text."""
    widest = _WIDEST_GAP * max(_square(blob) for blob in row)
    lines: list[list[Blob]] = []
    end = -np.inf
    for blob in sorted(row, key=lambda blob: blob.left):
        if blob.left - end > widest:
            lines.append([])
        lines[-1].append(blob)
        end = max(end, blob.right)
    return lines


def _square(blob: Blob) -> int:
    """Side of the square that a letter of this size stands in."""
    return CELL if max(blob.mask_hw.shape) <= CELL else 2 * CELL


def _main_colour(mask_hw: Flags, colours_hw: Labels) -> tuple[str, int]:
    """Most frequent colour of the inner pixels; edges are mixtures with what is behind."""
    inner = eroded(mask_hw, 1)
    counts = np.bincount(colours_hw[inner if inner.any() else mask_hw])
    index = int(counts.argmax())
    return palette.NAMES[index], int(counts[index])


@cache
def _templates() -> dict[str, Flags]:
    table = {}
    for kind in SHAPES:
        mask = shape_mask(kind, 3) > 0.5
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        table[kind] = _normal(mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    return table


def _normal(mask_hw: Flags) -> Flags:
    """A mask scaled to a fixed longest side in the middle of a square."""
    height, width = mask_hw.shape
    scale = _SIDE / max(height, width)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    image = Image.fromarray(mask_hw.astype(np.uint8) * 255)
    small = np.asarray(image.resize(size, Image.Resampling.BILINEAR)) > 127
    square = np.zeros((_SIDE, _SIDE), dtype=np.bool_)
    top, left = (_SIDE - size[1]) // 2, (_SIDE - size[0]) // 2
    square[top : top + size[1], left : left + size[0]] = small
    return square


def _overlap(first: Flags, second: Flags) -> float:
    return float((first & second).sum() / max(int((first | second).sum()), 1))
