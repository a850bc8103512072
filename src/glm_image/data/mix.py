"""What a training's pictures are made of."""

import random
from dataclasses import dataclass, replace

from glm_image.data.scene import PATTERNS
from glm_image.data.texts import TextSource, random_han, random_latin

SIDES: tuple[int, ...] = tuple(range(6, 13))
"""Sides in cells of pictures of other sizes: 192 to 384 pixels."""

_MOST_ASPECT = 2.0


@dataclass(frozen=True, kw_only=True)
class Words:
    """Where texts in the pictures come from.

    Attributes:
        latin: Draws Latin texts.
        han: Draws Chinese texts.
    """

    latin: TextSource = random_latin
    han: TextSource = random_han


@dataclass(frozen=True, kw_only=True)
class SceneMix:
    """How often the sampler chooses what; shares and probabilities in [0, 1].

    Attributes:
        rows: Height of the pictures in cells.
        columns: Width of the pictures in cells.
        other_sizes: Share of pictures, or of batches, of another size; see :meth:`sized`.
        designs: Weights of ``scene.DESIGNS``; small pictures are always posters.
        plain: Share of plain backgrounds.
        patterns: Kinds of all others, each as often as it is named.
        texts: Weights of no, one, two and three texts on a poster.
        shapes: Weights of no, one and two groups of shapes on a poster.
        several: Share of groups with two or three shapes.
        outlined: Share of shapes drawn as outlines.
        large_text: Share of Latin texts drawn two cells high where they fit.
        serif: Share of texts in a font with serifs.
        chinese: Share of texts with Chinese characters.
        mixed: Share of those that have letters or digits beside them.
        longest: Longest text in characters.
    """

    rows: int = 8
    columns: int = 8
    other_sizes: float = 0.1
    designs: tuple[float, ...] = (0.66, 0.11, 0.1, 0.05, 0.08)
    plain: float = 0.5
    patterns: tuple[str, ...] = PATTERNS
    texts: tuple[float, float, float, float] = (0.12, 0.46, 0.3, 0.12)
    shapes: tuple[float, float, float] = (0.2, 0.45, 0.35)
    several: float = 0.25
    outlined: float = 0.3
    large_text: float = 0.35
    serif: float = 0.35
    chinese: float = 0.4
    mixed: float = 0.2
    longest: int = 10

    def sized(self, rng: random.Random) -> "SceneMix":
        """This mix with the size of one picture, or of a batch of equal ones."""
        if rng.random() >= self.other_sizes:
            return self
        while True:
            rows, columns = rng.choice(SIDES), rng.choice(SIDES)
            if max(rows, columns) <= _MOST_ASPECT * min(rows, columns):
                return replace(self, rows=rows, columns=columns)


_STRIP = SceneMix(rows=1, other_sizes=0.0, texts=(0, 1, 0, 0), shapes=(1, 0, 0), large_text=0.0)
STRIPS: tuple[SceneMix, ...] = (
    _STRIP,
    replace(_STRIP, rows=2, large_text=1.0, chinese=0.6),
    replace(_STRIP, rows=2, large_text=0.5, chinese=1.0),
)
"""Strips one or two cells high with one text; Chinese characters need two."""

HIGH_STRIPS: tuple[SceneMix, ...] = tuple(
    replace(_STRIP, rows=2, columns=columns, large_text=large, chinese=0.5)
    for columns in (8, 10)
    for large in (0.0, 0.5)
)
"""Strips two cells high with one text in either language."""

BANDS: tuple[SceneMix, ...] = tuple(
    SceneMix(
        rows=rows,
        columns=columns,
        other_sizes=0.0,
        plain=0.7,
        texts=(0.0, 0.25, 0.45, 0.3),
        shapes=(0.6, 0.4, 0.0),
        large_text=0.5,
        chinese=0.5,
    )
    for rows, columns in (
        *((3, 8), (4, 8), (3, 10), (4, 9), (3, 12)),
        # So narrow that many texts have two lines.
        *((4, 6), (5, 7), (4, 5), (5, 5), (5, 6)),
    )
)
"""Small pictures full of texts: which text stands where, at a third of a whole picture's cost."""

SHAPE_BANDS: tuple[SceneMix, ...] = tuple(
    SceneMix(
        rows=rows,
        columns=columns,
        other_sizes=0.0,
        texts=(0.7, 0.3, 0.0, 0.0),
        shapes=(0.0, 0.15, 0.85),
        several=0.1,
        chinese=0.5,
    )
    for rows, columns in ((4, 6), (4, 8), (5, 7), (5, 8))
)
"""Small pictures of shapes, most of two kinds, at half of a whole picture's cost."""
