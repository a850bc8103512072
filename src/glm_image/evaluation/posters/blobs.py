"""Connected pieces of a picture: found, coloured, split where two things touch.

Legend of array names: h and w pixels.
"""

from dataclasses import dataclass

import numpy as np

from glm_image.data import palette
from glm_image.data.draw import Pixels
from glm_image.data.scene import CELL
from glm_image.evaluation.posters.backgrounds import Values, norm
from glm_image.evaluation.posters.found import Frame
from glm_image.evaluation.posters.regions import Flags, Labels, dilated, eroded, opened, regions

# Radius in pixels of the brush that thin bridges between things are narrower than.
_BRUSH = 2
# Length in pixels of the tips that the brush takes off a star.
_TIP = 5
# Pixels at the edge of a large piece that may be mixtures with what is behind.
_EDGE = 4
# Least pixels of a piece, and least pixels across: edges between two backgrounds may ring.
_LEAST, _THINNEST = 10, 3
# Share of a piece from which a second colour makes it two pieces.
_SECOND = 0.2
# Share of a piece's pixels, those farthest from the background, that tell its colour: the others
# are mixtures with what is behind.
_TELLING = 0.25


@dataclass(frozen=True, kw_only=True)
class Blob:
    """One connected piece of a picture.

    Attributes:
        top: First row in pixels.
        left: First column.
        mask_hw: Its pixels inside its bounding box.
        colour: Palette name of the pixels that stand out most.
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

    @property
    def side(self) -> int:
        """Longest side in pixels."""
        return max(len(self.mask_hw), len(self.mask_hw[0]))

    @property
    def window(self) -> tuple[slice, slice]:
        """Its bounding box in the picture."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def frame(self) -> Frame:
        """Its bounding box in cells."""
        return Frame(
            top=self.top / CELL,
            left=self.left / CELL,
            bottom=self.bottom / CELL,
            right=self.right / CELL,
        )


@dataclass(frozen=True, kw_only=True)
class View:
    """A picture as it is looked at.

    Attributes:
        distance_hw: Distance in RGB of every pixel from what is behind.
        colours_hw: Index of every pixel's nearest palette colour.
    """

    distance_hw: Values
    colours_hw: Labels


def nearest_colours(pixels: Pixels) -> Labels:
    """Index of the nearest palette colour of every pixel ``[h, w]``."""
    table = np.stack([palette.rgb(name) for name in palette.NAMES])
    distances = norm(pixels.astype(np.float32)[:, :, None] - table)
    nearest: Labels = distances.argmin(axis=-1)
    return nearest


def blobs_of(things_hw: Flags, view: View) -> list[Blob]:
    """Connected pieces of a mask, but for specks."""
    found = []
    for top, left, mask in regions(things_hw):
        if int(mask.sum()) < _LEAST or min(mask.shape) < _THINNEST:
            continue
        window = slice(top, top + mask.shape[0]), slice(left, left + mask.shape[1])
        colour, core = _told(mask, view.distance_hw[window], view.colours_hw[window])
        found.append(Blob(top=top, left=left, mask_hw=mask, colour=colour, core=core))
    return found


def solid_blobs(things_hw: Flags, view: View) -> list[Blob]:
    """Like :func:`blobs_of` without thin parts; two large colours that touch are two pieces."""
    found = []
    for blob in blobs_of(_without_bridges(things_hw), view):
        colours = view.colours_hw[blob.window]
        inner = eroded(blob.mask_hw, _EDGE)
        counts = np.bincount(colours[inner], minlength=len(palette.NAMES))
        large = [index for index in range(len(counts)) if counts[index] > _SECOND * inner.sum()]
        if len(large) < 2:
            found.append(blob)
            continue
        for index in large:
            part = np.zeros_like(things_hw)
            part[blob.window] = blob.mask_hw & (colours == index)
            found += blobs_of(_without_bridges(part), view)
    return found


def _without_bridges(things_hw: Flags) -> Flags:
    """A mask without its thin parts, but with the tips of what is left."""
    return things_hw & dilated(opened(things_hw, _BRUSH), _TIP)


def _told(mask_hw: Flags, distance_hw: Values, colours_hw: Labels) -> tuple[str, int]:
    """Most frequent colour of the pixels that are farthest from the background."""
    inside = distance_hw[mask_hw]
    telling = inside >= np.quantile(inside, 1.0 - _TELLING)
    counts = np.bincount(colours_hw[mask_hw][telling])
    index = int(counts.argmax())
    return palette.NAMES[index], int(counts[index])
