"""Random scenes: which things there are."""

import random
from functools import partial

from glm_image.data import designs
from glm_image.data.designs import Hand
from glm_image.data.mix import SceneMix, Words
from glm_image.data.placing import add_shapes, add_text
from glm_image.data.scene import DESIGNS, Scene
from glm_image.data.steps import steps
from glm_image.data.texts import LONGEST_HAN, TextSource, random_han, random_latin, random_mixed

_LEAST_SIDE = 6
"""Cells a side that a picture needs for anything but a poster."""

_HAN_SIDE = 2
"""Cells a side of a Chinese character."""


def sample_scene(
    rng: random.Random,
    mix: SceneMix,
    *,
    latin: TextSource = random_latin,
    han: TextSource = random_han,
) -> Scene:
    """Draw a random scene in which nothing overlaps.

    Args:
        rng: Source of all choices.
        mix: How often what is chosen.
        latin: Draws Latin texts.
        han: Draws Chinese texts.

    Returns:
        A scene of ``mix.rows`` by ``mix.columns`` cells with at least one thing on it.
    """
    behind = partial(designs.background, plain=mix.plain, patterns=mix.patterns)
    empty = Scene(
        rows=mix.rows,
        columns=mix.columns,
        background=behind(rng),
        shapes=(),
        texts=(),
    )
    hand = Hand(
        text=partial(draw_text, mix=mix, words=Words(latin=latin, han=han)),
        outlined=mix.outlined,
        serif=mix.serif,
        large=mix.large_text,
        behind=behind,
    )
    small = min(mix.rows, mix.columns) < _LEAST_SIDE
    design = "poster" if small else rng.choices(DESIGNS, mix.designs)[0]
    scene = _designed(rng, empty, hand, design)
    while scene is None or not (scene.shapes or scene.texts):
        scene = _poster(rng, empty, hand, mix)
    return scene


def draw_text(rng: random.Random, longest: int, *, mix: SceneMix, words: Words) -> str:
    """A text of at most so many characters, in one script or in both."""
    longest = min(longest, mix.longest)
    if mix.rows < _HAN_SIDE or rng.random() >= mix.chinese:
        return words.latin(rng, longest)
    most = min(longest, LONGEST_HAN, max(1, mix.columns // _HAN_SIDE * (mix.rows // _HAN_SIDE)))
    if most > 1 and rng.random() < mix.mixed:
        return random_mixed(rng, most, words.han)
    return words.han(rng, most)


def _designed(rng: random.Random, empty: Scene, hand: Hand, design: str) -> Scene | None:
    """A picture of a design other than a poster; None for a poster or where nothing fits."""
    if design == "title":
        return designs.title(rng, empty, hand)
    if design == "halves":
        places = rng.choice((designs.SIDE_BY_SIDE, designs.STACKED))
        return designs.panels(rng, empty, hand, places)
    if design == "quarters":
        return designs.panels(rng, empty, hand, designs.CORNERS)
    return steps(rng, empty, hand) if design == "steps" else None


def _poster(rng: random.Random, scene: Scene, hand: Hand, mix: SceneMix) -> Scene:
    """Texts and groups of shapes, each at one of the nine places."""
    texts = rng.choices(range(4), mix.texts)[0]
    groups = rng.choices(range(3), mix.shapes)[0]
    for index in range(max(texts, 1 if groups == 0 else 0)):
        text = hand.text(rng, mix.longest if index == 0 else 7)
        if text in [line.text for line in scene.texts]:
            continue
        large, serif = rng.random() < mix.large_text, rng.random() < mix.serif
        scene = add_text(rng, scene, text, large=large, serif=serif)
    for _ in range(groups):
        count = rng.choice((2, 3)) if rng.random() < mix.several else 1
        scene = add_shapes(rng, scene, count=count, outlined=rng.random() < mix.outlined)
    return scene
