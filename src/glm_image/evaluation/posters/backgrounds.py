"""What is behind the things of a picture: the panels it is split into, and their backgrounds.

Legend of array names: h and w pixels.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from glm_image.data import palette
from glm_image.data.designs import CORNERS, SIDE_BY_SIDE, STACKED
from glm_image.data.draw import Pixels, render
from glm_image.data.scene import BACKGROUNDS, CELL, Background, Place, Scene
from glm_image.evaluation.posters.found import WHOLE, FoundArea

Values = NDArray[np.float32]

# Distances in RGB are cut here, so that things do not decide what the background is.
_CUT = 60.0
# Every so many pixels are looked at; no divisor of a cell, so that patterns are met everywhere.
_STEP = 3
# A picture is split into panels if that leaves no more than this share of the distance.
_BETTER = 0.7
# Pixels at the edge of a panel that may be mixtures with the one beside it; things keep off them.
_BORDER = 2
_SHADED = ("plain", "pastel", "gradient")
"""Backgrounds whose every pixel is known."""


@dataclass(frozen=True, kw_only=True)
class _Part:
    """A panel, or the whole picture, in pixels."""

    place: Place
    rows: slice
    columns: slice


def find_areas(pixels: Pixels) -> tuple[FoundArea, ...]:
    """The panels of a picture ``[h, w, 3]`` uint8, or its one background.

    Of every background the drawing is compared with the picture, things aside. Panels differ in
    their colours, so a split with one colour twice is none.
    """
    best, least = _fitted(pixels, (WHOLE,))
    least *= _BETTER
    for places in (SIDE_BY_SIDE, STACKED, CORNERS):
        areas, distance = _fitted(pixels, places)
        colours = {area.background.colour for area in areas}
        if distance < least and len(colours) == len(places):
            best, least = areas, distance
    return best


def distance_to_background(pixels: Pixels, areas: tuple[FoundArea, ...]) -> Values:
    """Distance in RGB of every pixel from the background that is or could be behind it ``[h, w]``.

    A pattern may be shifted, and its edges are mixtures, so for patterns the line between their
    two colours counts.
    """
    distance = np.empty(pixels.shape[:2], dtype=np.float32)
    for area in areas:
        part = _part(area.place, *pixels.shape[:2])
        picture = pixels[part.rows, part.columns].astype(np.float32)
        inside = _distance(picture, area.background)
        if len(areas) > 1:
            inside[:_BORDER] = inside[-_BORDER:] = 0.0
            inside[:, :_BORDER] = inside[:, -_BORDER:] = 0.0
        distance[part.rows, part.columns] = inside
    return distance


def _distance(picture: Values, background: Background) -> Values:
    if background.kind in _SHADED:
        return norm(picture - _drawn(background, *picture.shape[:2]))
    base, other = palette.shades(background.kind, background.colour)
    way = other - base
    share = np.clip((picture - base) @ way / float(way @ way), 0.0, 1.0)
    return norm(picture - base - share[..., None] * way)


def _fitted(pixels: Pixels, places: tuple[Place, ...]) -> tuple[tuple[FoundArea, ...], float]:
    """The best background at every place, and the mean distance that is left."""
    areas, total, count = [], 0.0, 0
    for place in places:
        part = _part(place, *pixels.shape[:2])
        picture = pixels[part.rows, part.columns]
        small = picture[::_STEP, ::_STEP].astype(np.float32)
        scores = {
            background: float(np.minimum(norm(small - drawn), _CUT).sum())
            for background, drawn in _backgrounds(*picture.shape[:2])
        }
        best = min(scores, key=lambda background: scores[background])
        areas.append(FoundArea(place=place, background=best))
        total, count = total + scores[best], count + small.shape[0] * small.shape[1]
    return tuple(areas), total / count


def _part(place: Place, height: int, width: int) -> _Part:
    """The part of a picture that a panel covers; cut between cells."""
    row, column = height // CELL // 2 * CELL, width // CELL // 2 * CELL
    rows = {"top": slice(0, row), "middle": slice(0, height), "bottom": slice(row, height)}
    columns = {
        "left": slice(0, column),
        "center": slice(0, width),
        "right": slice(column, width),
    }
    if place in STACKED:
        return _Part(place=place, rows=rows[place.row], columns=columns["center"])
    return _Part(place=place, rows=rows[place.row], columns=columns[place.column])


@cache
def _backgrounds(height: int, width: int) -> tuple[tuple[Background, Values], ...]:
    """Every background and its thinned drawing."""
    every = [
        Background(kind=kind, colour=colour)
        for kind in BACKGROUNDS
        for colour in (palette.PASTELS if kind == "pastel" else palette.NAMES)
    ]
    return tuple((one, _drawn(one, height, width)[::_STEP, ::_STEP]) for one in every)


@cache
def _drawn(background: Background, height: int, width: int) -> Values:
    rows, columns = -(-height // CELL), -(-width // CELL)
    scene = Scene(rows=rows, columns=columns, background=background, shapes=(), texts=())
    return render(scene)[:height, :width].astype(np.float32)


def norm(differences: Values) -> Values:
    """Length of the vectors of the last axis."""
    lengths: Values = np.sqrt(np.square(differences).sum(axis=-1, dtype=np.float32))
    return lengths
