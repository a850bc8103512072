"""Tells shapes and arrows from letters by their masks.

A shape is told by its silhouette, its style by how much of the silhouette is covered.

Legend of array names: h and w pixels.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image

from glm_image.data.draw import arrow_mask, shape_mask
from glm_image.data.scene import CELL, DIRECTIONS, OUTLINED_SHAPES, SHAPE_SIZES, STYLES
from glm_image.evaluation.posters.blobs import Blob, View
from glm_image.evaluation.posters.found import FoundArrow, FoundShape
from glm_image.evaluation.posters.regions import Flags, dilated, eroded, label, opened

# Sides in pixels that the bounding box of a shape may have: the smallest is drawn 49 to 56 pixels
# wide, while a large letter O, which is much like a ring, is 48 pixels high. The tips of a star
# are easily blurred, and no letter is like one.
_LONGER, _SHORTER = (50, 140), 42
_LONGER_STAR = 44
# How far height over width may be from that of the drawn shape; a letter Q is no flat ring.
_ASPECT = 0.1
# Least overlap (intersection over union) with the silhouette of a drawn shape, or with an arrow;
# many characters are round.
_LIKE, _LIKE_CIRCLE, _LIKE_ARROW = 0.8, 0.88, 0.7
# Share of the deep inside that an outline may cover at most, and a filled shape must at least.
_HOLLOW, _FULL = 0.15, 0.93
# Pixels from the edge to the deep inside of a shape, beyond its stroke.
_DEEP = 4
# Pixels that an outline may be broken by.
_GAP = 2
# Radius in pixels of the brush that the tips of a blurred shape are narrower than.
_BLUR = 3
# Side in pixels at which silhouettes are compared.
_SIDE = 64
# Quantile of a shape's distances from the background that stands for its plain inside.
_PLATEAU = 0.7
# How many pixels an arrow's sides may differ from those of a drawn one.
_ARROW_SLACK = 5
_MARGIN = 8
_SPAN = 0.96
"""Longest side of a shape on average, as a share of its square without margins."""


@dataclass(frozen=True, kw_only=True)
class _Template:
    """A shape as it is drawn.

    Attributes:
        kind: Kind of shape.
        style: Style of shape.
        share: How much of the silhouette is covered.
    """

    kind: str
    style: str
    share: float

    @property
    def full(self) -> bool:
        """Whether it has no hole."""
        return self.style == "filled" and self.kind != "ring"


def shape_in(blob: Blob, things_hw: Flags, view: View) -> FoundShape | None:
    """The shape that a piece is; None where it is none.

    Args:
        blob: The piece.
        things_hw: Pixels of all pieces: inside an outline there is nothing.
        view: The picture.
    """
    longer, shorter = blob.side, min(blob.mask_hw.shape)
    if shorter < _SHORTER or not _LONGER_STAR <= longer <= _LONGER[1]:
        return None
    mask = _sharpened(blob, view)
    filled = _silhouette(mask)
    kind, overlap = _likest(_cut(filled))
    least = _LIKE_CIRCLE if kind == "circle" else _LIKE
    if kind != "star" and longer < _LONGER[0]:
        return None
    if overlap < least or abs(_aspect(filled) - _aspects()[kind]) > _ASPECT:
        return None
    size = min(SHAPE_SIZES, key=lambda size: abs(longer - _SPAN * (size * CELL - _MARGIN)))
    share = float(mask.sum() / filled.sum())
    best = min(_styles(kind, size), key=lambda one: abs(one.share - share))
    deep = eroded(filled, round(longer * (1 - _depth(best)) / 2) + _DEEP)
    covered = things_hw[blob.window][deep]
    # A star's outline leaves nothing deep inside.
    inside = float(covered.mean()) if covered.size else float(best.full)
    if inside < _FULL if best.full else inside > _HOLLOW:
        return None
    return FoundShape(
        kind=best.kind, style=best.style, colour=blob.colour, size=size, frame=blob.frame()
    )


def arrow_in(blob: Blob) -> FoundArrow | None:
    """The arrow that a piece is; None where it is none."""
    for direction in DIRECTIONS:
        drawn = _arrow(direction)
        sides = zip(blob.mask_hw.shape, drawn.shape, strict=True)
        if any(abs(own - other) > _ARROW_SLACK for own, other in sides):
            continue
        if _overlap(_scaled(blob.mask_hw, drawn.shape), drawn) >= _LIKE_ARROW:
            return FoundArrow(direction=direction, colour=blob.colour, frame=blob.frame())
    return None


def _sharpened(blob: Blob, view: View) -> Flags:
    """The mask of a shape without the outer half of its blurred edge."""
    inside = view.distance_hw[blob.window]
    plain = np.quantile(inside[blob.mask_hw], _PLATEAU)
    return np.asarray(blob.mask_hw & (inside > plain / 2))


def _silhouette(mask_hw: Flags) -> Flags:
    """A mask with everything that it surrounds, small gaps in an outline aside."""
    height, width = mask_hw.shape
    padded = dilated(np.pad(mask_hw, _GAP + 1), _GAP)
    outside = label(~padded)
    filled = eroded(outside != outside[0, 0], _GAP)
    return filled[_GAP + 1 : _GAP + 1 + height, _GAP + 1 : _GAP + 1 + width]


def _likest(silhouette_hw: Flags) -> tuple[str, float]:
    """The kind whose silhouette overlaps most, and the overlap in [0, 1]; a ring is a circle."""
    normal = _normal(silhouette_hw)
    overlaps = {
        kind: max(_overlap(normal, drawn) for drawn in variants)
        for kind, variants in _silhouettes().items()
    }
    best = max(overlaps, key=lambda kind: overlaps[kind])
    return best, overlaps[best]


@cache
def _silhouettes() -> dict[str, tuple[Flags, ...]]:
    """Every kind as it is drawn, and small with its tips blurred away."""
    return {
        kind: (
            _normal(_cut(shape_mask(kind, 3) > 0.5)),
            _normal(_cut(opened(shape_mask(kind, 2) > 0.5, _BLUR))),
        )
        for kind in OUTLINED_SHAPES
    }


@cache
def _aspects() -> dict[str, float]:
    return {kind: _aspect(shape_mask(kind, 3) > 0.5) for kind in OUTLINED_SHAPES}


def _aspect(mask_hw: Flags) -> float:
    """Height over width of what a mask shows."""
    rows, columns = np.flatnonzero(mask_hw.any(1)), np.flatnonzero(mask_hw.any(0))
    return float((rows[-1] - rows[0] + 1) / (columns[-1] - columns[0] + 1))


@cache
def _styles(kind: str, size: int) -> tuple[_Template, ...]:
    """The shapes with this silhouette."""
    templates = []
    for style in STYLES:
        kinds = [kind] if style == "outlined" or kind != "circle" else [kind, "ring"]
        for one in kinds:
            mask = _cut(shape_mask(one, size, style) > 0.5)
            share = float(mask.sum() / _silhouette(mask).sum())
            templates.append(_Template(kind=one, style=style, share=share))
    return tuple(templates)


def _depth(template: _Template) -> float:
    """Side of the hole in a shape's middle, as a share of the shape's."""
    if template.full:
        return 1.0
    hole: float = np.sqrt(max(1.0 - template.share, 0.0))
    return hole


@cache
def _arrow(direction: str) -> Flags:
    return _cut(arrow_mask(direction) > 0.5)


def _cut(mask_hw: Flags) -> Flags:
    """A mask cut to its bounding box."""
    rows, columns = np.flatnonzero(mask_hw.any(1)), np.flatnonzero(mask_hw.any(0))
    return mask_hw[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _normal(mask_hw: Flags) -> Flags:
    """A mask scaled to a square: blurred edges change the sides of a piece more than its form."""
    return _scaled(mask_hw, (_SIDE, _SIDE))


def _scaled(mask_hw: Flags, size: tuple[int, ...]) -> Flags:
    image = Image.fromarray(mask_hw.astype(np.uint8) * 255)
    return np.asarray(image.resize((size[1], size[0]), Image.Resampling.BILINEAR)) > 127


def _overlap(first: Flags, second: Flags) -> float:
    return float((first & second).sum() / max(int((first | second).sum()), 1))
