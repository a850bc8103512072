"""How far a picture is stretched between two sizes."""

from math import log

Sides = tuple[int, int]
"""Two sides of a picture in pixels, in either order."""


def stretch(sides: Sides, other: Sides) -> float:
    """How much two sizes differ: the squared logarithms of both sides' ratios, added.

    A size that is much too large is then nearest to one of about its own aspect.
    """
    return sum(log(new / max(old, 1)) ** 2 for new, old in zip(sides, other, strict=True))
