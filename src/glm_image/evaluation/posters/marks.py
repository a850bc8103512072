"""Marks of one picture: which of the things that it should show are there, and right."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from glm_image.data.scene import Box, Place, Scene, ShapeGroup
from glm_image.evaluation.posters.found import Found, FoundShape, place_of
from glm_image.evaluation.text_scores import match_texts

# Marks that are reported but not asked of a picture that is all right: case and look-alikes are
# hard to tell for every reader.
_NOT_NEEDED = ("text strict", "text NED")

METRICS: tuple[str, ...] = (
    "background", "shape kind", "shape colour", "shape place", "count",
    "text strict en", "text loose en", "text NED en",
    "text strict zh", "text loose zh", "text NED zh",
    "text colour", "text place", "nothing extra",
)  # fmt: skip
"""Names of the marks, in the order of tables. NED is 1 - normalised edit distance."""


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One mark.

    Attributes:
        metric: One of :data:`METRICS`.
        value: In [0, 1]; 1 is right.
    """

    metric: str
    value: float


def marks_of(scene: Scene, found: Found) -> tuple[Mark, ...]:
    """Mark a picture.

    Args:
        scene: What it should show.
        found: What was found in it.

    Returns:
        One mark of the background and of extra things, and some for every group of shapes and
        every text.
    """
    marks = [("background", float(found.background == scene.background))]
    for group in scene.shapes:
        marks += _shape_marks(scene, group, found)
    marks += _text_marks(scene, found)
    marks.append(("nothing extra", float(_nothing_extra(scene, found))))
    return tuple(Mark(metric=metric, value=value) for metric, value in marks)


def all_right(marks: tuple[Mark, ...]) -> bool:
    """Whether everything that should be in a picture is, texts read loosely."""
    return all(mark.value == 1 for mark in marks if not mark.metric.startswith(_NOT_NEEDED))


def _shape_marks(scene: Scene, group: ShapeGroup, found: Found) -> list[tuple[str, float]]:
    """Kind, colour of all that were found, place of each, and number."""
    same: list[FoundShape] = [shape for shape in found.shapes if shape.kind == group.kind]
    wanted = Counter(_place(scene, box) for box in group.boxes)
    missing = wanted - Counter(place_of(shape.centre) for shape in same)
    coloured = bool(same) and all(shape.colour == group.colour for shape in same)
    return [
        ("shape kind", float(bool(same))),
        ("shape colour", float(coloured)),
        ("shape place", float(not missing)),
        ("count", float(len(same) == len(group.boxes))),
    ]


def _text_marks(scene: Scene, found: Found) -> Iterator[tuple[str, float]]:
    scores = match_texts([line.text for line in scene.texts], found.texts)
    for line, score in zip(scene.texts, scores, strict=True):
        language = "en" if line.text.isascii() else "zh"
        yield f"text strict {language}", float(score.strict)
        yield f"text loose {language}", float(score.loose)
        yield f"text NED {language}", score.similarity
        place = _place(scene, line.box)
        here = [other for other in found.lines if place_of(other.centre) == place]
        yield "text place", float(bool(here))
        yield "text colour", float(any(other.colour == line.colour for other in here))


def _nothing_extra(scene: Scene, found: Found) -> bool:
    """Whether there are no more shapes and no more texts than there should be."""
    shapes = sum(len(group.boxes) for group in scene.shapes)
    return len(found.shapes) <= shapes and len(found.texts) <= len(scene.texts)


def _place(scene: Scene, box: Box) -> Place:
    """The ninth of the picture that the middle of a box lies in."""
    return place_of(
        ((box.row + box.height / 2) / scene.rows, (box.column + box.width / 2) / scene.columns)
    )
