"""Diagrams: three labelled steps with arrows between them."""

import random
from dataclasses import dataclass, replace

from glm_image.data.characters import has_han
from glm_image.data.designs import Hand
from glm_image.data.placing import shape_colour, text_colour
from glm_image.data.scene import (
    COLUMNS,
    FONTS,
    OUTLINED_SHAPES,
    ROWS,
    SHAPES,
    Arrow,
    Box,
    Place,
    Scene,
    ShapeGroup,
    TextLine,
)

_TRIES = 12
_STEP = 2
"""Side in cells of the shape that stands for a step."""

_COUNTED: tuple[tuple[str, str, str], ...] = (
    ("1", "2", "3"), ("A", "B", "C"), ("一", "二", "三"), ("X", "Y", "Z"),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _Labels:
    """Three texts in letters of one size."""

    texts: tuple[str, ...]
    scale: int

    @property
    def width(self) -> int:
        return max(map(len, self.texts)) * self.scale


def steps(rng: random.Random, scene: Scene, hand: Hand) -> Scene | None:
    """Three steps from left to right or from top to bottom; None where nothing fits."""
    plans = (_across, _down, _list)
    return rng.choice(plans)(rng, scene, hand)


def _across(rng: random.Random, scene: Scene, hand: Hand) -> Scene | None:
    """Steps side by side: large labels, or shapes with labels below."""
    gap = 3 if scene.columns >= 3 * _STEP + 6 else 1
    left = (scene.columns - 3 * _STEP - 2 * gap) // 2
    if left < 0:
        return None
    shaped = rng.random() < 0.7
    small = shaped and rng.random() < 0.5
    most = _STEP + 2 * min(left, gap // 2)
    labels = _labels(rng, hand, most, 1) if small else _labels(rng, hand, 1, 2)
    if labels is None:
        return None
    height = labels.scale + _STEP * shaped
    top = (scene.rows - height) // 2
    firsts = [left + index * (_STEP + gap) for index in range(3)]
    boxes = [
        Box(
            row=top + _STEP * shaped,
            column=first + (_STEP - len(text) * labels.scale) // 2,
            height=labels.scale,
            width=len(text) * labels.scale,
        )
        for first, text in zip(firsts, labels.texts, strict=True)
    ]
    arrows = [
        Box(row=top, column=first + _STEP + gap // 2, height=_STEP, width=1) for first in firsts[:2]
    ]
    places = [Place(row="middle", column=column) for column in COLUMNS]
    drawn = _write(rng, scene, hand, labels, list(zip(boxes, places, strict=True)))
    drawn = _point(rng, drawn, "right", arrows)
    squares = [Box(row=top, column=first, height=_STEP, width=_STEP) for first in firsts]
    return _stand(rng, drawn, hand, squares, places) if shaped else drawn


def _down(rng: random.Random, scene: Scene, hand: Hand) -> Scene | None:
    """Texts one below the other."""
    scale = 1 if scene.rows < 8 else rng.choice((1, 2))
    labels = _labels(rng, hand, min(6, scene.columns // scale), scale)
    top = (scene.rows - 3 * scale - 2) // 2
    if labels is None or top < 0 or scene.columns % 2:
        return None
    # An odd number of cells cannot be centred above an arrow, which covers two.
    if any(len(text) * scale % 2 for text in labels.texts):
        return None
    boxes = [
        Box(
            row=top + index * (scale + 1),
            column=(scene.columns - len(text) * scale) // 2,
            height=scale,
            width=len(text) * scale,
        )
        for index, text in enumerate(labels.texts)
    ]
    arrows = [
        Box(row=box.row + scale, column=scene.columns // 2 - 1, height=1, width=2)
        for box in boxes[:2]
    ]
    places = [Place(row=row, column="center") for row in ROWS]
    drawn = _write(rng, scene, hand, labels, list(zip(boxes, places, strict=True)))
    return _point(rng, drawn, "down", arrows)


def _list(rng: random.Random, scene: Scene, hand: Hand) -> Scene | None:
    """Shapes one below the other, a label at the right of each."""
    top = (scene.rows - 3 * _STEP - 2) // 2
    labels = _labels(rng, hand, min(4, (scene.columns - _STEP - 1) // 2), 2)
    if labels is None or top < 0:
        return None
    left = (scene.columns - _STEP - 1 - labels.width) // 2
    rows = [top + index * (_STEP + 1) for index in range(3)]
    squares = [Box(row=row, column=left, height=_STEP, width=_STEP) for row in rows]
    boxes = [
        Box(row=row, column=left + _STEP + 1, height=_STEP, width=len(text) * _STEP)
        for row, text in zip(rows, labels.texts, strict=True)
    ]
    arrows = [Box(row=row + _STEP, column=left, height=1, width=_STEP) for row in rows[:2]]
    places = [Place(row=row, column="center") for row in ROWS]
    drawn = _write(rng, scene, hand, labels, list(zip(boxes, places, strict=True)))
    drawn = _point(rng, drawn, "down", arrows)
    return _stand(rng, drawn, hand, squares, places)


def _labels(rng: random.Random, hand: Hand, longest: int, scale: int) -> _Labels | None:
    """Three different labels; None where the hand writes none that fit."""
    if rng.random() < 0.3:
        counted = rng.choice(_COUNTED)
        if scale == 2 or not has_han(counted[0]):
            return _Labels(texts=counted, scale=scale)
    texts: list[str] = []
    for _ in range(_TRIES):
        text = hand.text(rng, longest)
        if text not in texts and has_han(text) < scale and len(text) <= longest:
            texts.append(text)
        if len(texts) == 3:
            return _Labels(texts=tuple(texts), scale=scale)
    return None


def _write(
    rng: random.Random, scene: Scene, hand: Hand, labels: _Labels, spots: list[tuple[Box, Place]]
) -> Scene:
    """Write the labels in one colour and one font."""
    colour = text_colour(rng, scene.background)
    font = FONTS[rng.random() < hand.serif]
    texts = tuple(
        TextLine(text=text, colour=colour, font=font, scale=labels.scale, place=place, box=box)
        for text, (box, place) in zip(labels.texts, spots, strict=True)
    )
    return replace(scene, design="steps", texts=texts)


def _point(rng: random.Random, scene: Scene, direction: str, boxes: list[Box]) -> Scene:
    """Draw the arrows, often in the colour of the labels."""
    colour = shape_colour(rng, scene.background)
    colour = scene.texts[0].colour if rng.random() < 0.5 else colour
    arrows = tuple(Arrow(direction=direction, colour=colour, box=box) for box in boxes)
    return replace(scene, arrows=arrows)


def _stand(
    rng: random.Random, scene: Scene, hand: Hand, boxes: list[Box], places: list[Place]
) -> Scene:
    """Put a shape at every step: the same one three times, or three different ones."""
    outlined = rng.random() < hand.outlined
    among = OUTLINED_SHAPES if outlined else SHAPES
    kinds = [rng.choice(among)] * 3 if rng.random() < 0.6 else rng.sample(among, 3)
    colours = [shape_colour(rng, scene.background)] * 3
    if rng.random() < 0.5:
        colours = [shape_colour(rng, scene.background) for _ in range(3)]
    groups = tuple(
        ShapeGroup(
            kind=kind,
            colour=colour,
            style="outlined" if outlined else "filled",
            size=_STEP,
            place=place,
            boxes=(box,),
        )
        for kind, colour, box, place in zip(kinds, colours, boxes, places, strict=True)
    )
    return replace(scene, shapes=groups)
