"""Drawn scenes for tests of the training data, and the marks of tests that need fonts."""

import random

import pytest
from hypothesis import settings
from hypothesis import strategies as st

from glm_image.data import fonts
from glm_image.data.layout import sample_scene
from glm_image.data.mix import SceneMix
from glm_image.data.scene import Scene

SEEDS = st.integers(0, 2**32)
some = settings(deadline=None, max_examples=40, database=None)

latin_fonts = pytest.mark.skipif(
    not (fonts.available(fonts.SANS) and fonts.available(fonts.SERIF)),
    reason="the DejaVu fonts are not installed",
)
all_fonts = pytest.mark.skipif(
    not all(fonts.available(faces) for faces in (fonts.SANS, fonts.SERIF, fonts.CHINESE)),
    reason="the DejaVu and the Chinese fonts are not all installed",
)


def scene(seed: int, mix: SceneMix | None = None) -> Scene:
    """A random scene."""
    return sample_scene(random.Random(seed), mix or SceneMix())


def sized_scene(seed: int) -> Scene:
    """A random scene, sometimes of another size, as trainings draw them."""
    rng = random.Random(seed)
    return sample_scene(rng, SceneMix(other_sizes=0.5).sized(rng))


def is_sound(drawn: Scene) -> bool:
    """Whether everything lies inside the picture and nothing overlaps."""
    cells = [cell for box in drawn.boxes() for cell in box.cells()]
    inside = all(0 <= row < drawn.rows and 0 <= column < drawn.columns for row, column in cells)
    return inside and len(cells) == len(set(cells))
