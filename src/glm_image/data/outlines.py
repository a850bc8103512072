"""Corners of the shapes that the pictures contain."""

import math
from functools import cache

Corners = tuple[tuple[float, float], ...]
"""Points (x, y) in [0, 1], y downwards."""

_HEART_POINTS = 72


@cache
def outline(kind: str) -> Corners:
    """Corners of a polygonal shape; KeyError for shapes without corners."""
    return {
        "square": ((0.04, 0.04), (0.96, 0.04), (0.96, 0.96), (0.04, 0.96)),
        "diamond": ((0.5, 0.0), (0.96, 0.5), (0.5, 1.0), (0.04, 0.5)),
        "triangle": ((0.5, 0.04), (1.0, 0.94), (0.0, 0.94)),
        "hexagon": tuple(_polar(60 * i, 0.5) for i in range(6)),
        "star": tuple(_polar(36 * i - 90, 0.52 if i % 2 == 0 else 0.21) for i in range(10)),
        "heart": tuple(_heart(2 * math.pi * i / _HEART_POINTS) for i in range(_HEART_POINTS)),
    }[kind]


def _polar(degrees: float, radius: float) -> tuple[float, float]:
    angle = math.radians(degrees)
    return 0.5 + radius * math.cos(angle), 0.5 + radius * math.sin(angle)


def _heart(t: float) -> tuple[float, float]:
    """The usual parametric heart curve, scaled to the unit square."""
    x = 16 * math.sin(t) ** 3
    y = 13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)
    return 0.5 + x / 34, 0.46 - y / 32
