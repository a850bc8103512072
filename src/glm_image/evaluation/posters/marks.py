"""Marks of one picture: which of the things that it should show are there, and right."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from glm_image.data.relations import Thing
from glm_image.data.scene import Box, Scene, ShapeGroup, TextLine
from glm_image.evaluation.posters.asking import Asked, Relation
from glm_image.evaluation.posters.found import WHOLE, Found, FoundShape, Frame, around
from glm_image.evaluation.posters.matching import match_pieces

# Marks that are reported but not asked of a picture that is all right: case and look-alikes are
# hard to tell for every reader.
_NOT_NEEDED = ("text strict", "text NED")
# How far beyond its ninth of the picture a thing's middle may be, as a share of the picture.
_SLACK = 0.06
# How far things beside each other may overlap or miss each other, in cells.
_NEAR = 0.75
# Least similarity of a text that is taken for the one that was asked for.
_SAME_TEXT = 0.5
_THIRDS = {"top": 0, "left": 0, "middle": 1, "center": 1, "bottom": 2, "right": 2}

METRICS: tuple[str, ...] = (
    "background kind", "background colour", "panels",
    "shape kind", "shape colour", "shape style", "shape size", "shape place", "count",
    "text strict en", "text loose en", "text NED en",
    "text strict zh", "text loose zh", "text NED zh",
    "text colour", "text size", "text place", "relation",
    "title order", "step order", "arrows", "arrow colour", "nothing extra",
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


def marks_of(scene: Scene, asked: Asked, found: Found) -> tuple[Mark, ...]:
    """Mark a picture.

    Args:
        scene: What it should show.
        asked: What the prompt says of it; places and sizes that are left open have no marks.
        found: What was found in it.

    Returns:
        One mark of the background and of extra things, and some for every group of shapes and
        every text.
    """
    return tuple(
        Mark(metric=metric, value=float(value))
        for metric, value in _Marking(scene, asked, found).marks()
    )


def frames_of(scene: Scene, found: Found) -> tuple[Frame | None, ...]:
    """Where every thing of a scene is, shapes before texts; None where it is missing."""
    marking = _Marking(scene, Asked(places=frozenset(), sizes=frozenset()), found)
    return tuple(marking.frame(index) for index in range(len(scene.shapes) + len(scene.texts)))


def all_right(marks: Sequence[Mark]) -> bool:
    """Whether everything that should be in a picture is, texts read loosely."""
    return not missed(marks)


def missed(marks: Sequence[Mark]) -> tuple[str, ...]:
    """Names of the marks that keep a picture from being all right, each once."""
    needed = (mark for mark in marks if not mark.metric.startswith(_NOT_NEEDED))
    return tuple(dict.fromkeys(mark.metric for mark in needed if mark.value < 1))


class _Marking:
    """One picture that is being marked."""

    def __init__(self, scene: Scene, asked: Asked, found: Found) -> None:
        self.scene, self.asked, self.found = scene, asked, found
        self.texts = match_pieces([line.text for line in scene.texts], found.pieces)
        self.shapes = _match_shapes(scene, found)

    def marks(self) -> Iterator[tuple[str, float]]:
        scene = self.scene
        yield from self._backgrounds()
        for index, group in enumerate(scene.shapes):
            yield from self._shape(index, group)
        for number, line in enumerate(scene.texts):
            yield from self._text(number, line)
        for relation in self.asked.relations:
            yield "relation", self._stands(relation)
        if scene.design == "title":
            yield "title order", self._ordered(self._text_frames()[:2], "down")
        if scene.arrows:
            yield from self._steps()
        yield "nothing extra", self._nothing_extra()

    def _backgrounds(self) -> Iterator[tuple[str, float]]:
        wanted = {panel.place: panel.background for panel in self.scene.panels}
        wanted = wanted or {WHOLE: self.scene.background}
        there = {area.place: area.background for area in self.found.areas}
        for place, background in wanted.items():
            seen = there.get(place)
            yield "background kind", seen is not None and seen.kind == background.kind
            yield "background colour", seen is not None and seen.colour == background.colour
        if self.scene.panels:
            yield "panels", set(there) == set(wanted)

    def _shape(self, index: int, group: ShapeGroup) -> Iterator[tuple[str, float]]:
        """Kind, number, and what is told of all that were found."""
        same = self.shapes[index]
        kin = [other for other in self.scene.shapes if other.kind == group.kind]
        found = sum(shape.kind == group.kind for shape in self.found.shapes)
        yield "shape kind", bool(same)
        yield "shape colour", bool(same) and all(one.colour == group.colour for one in same)
        if group.kind != "ring":
            yield "shape style", bool(same) and all(one.style == group.style for one in same)
        if index in self.asked.sizes:
            yield "shape size", bool(same) and all(one.size == group.size for one in same)
        for bound in (one for one in self.asked.bounds if one.thing == index):
            resized = [(one.size > bound.size) == bound.larger for one in same]
            changed = all(one.size != bound.size for one in same)
            yield "shape size", bool(same) and changed and all(resized)
        if self._has_place(index):
            several = len(group.boxes) > 1
            here = [self._is_at(one.frame, group, row_only=several) for one in same]
            yield "shape place", bool(here) and all(here)
        yield "count", found == sum(len(other.boxes) for other in kin)

    def _text(self, number: int, line: TextLine) -> Iterator[tuple[str, float]]:
        index = len(self.scene.shapes) + number
        match = self.texts[number]
        language = "en" if line.text.isascii() else "zh"
        yield f"text strict {language}", match.score.strict
        yield f"text loose {language}", match.score.loose
        yield f"text NED {language}", match.score.similarity
        yield "text colour", bool(match.colours) and set(match.colours) == {line.colour}
        if index in self.asked.sizes and language == "en":
            scales = {self.found.pieces[piece].scale for piece in match.pieces}
            yield "text size", scales == {line.scale}
        if self._has_place(index):
            frames = [] if match.frame is None else [match.frame]
            if frames and self.scene.design == "title":
                # With its subtitle a title is a block that may stand at the place as a whole.
                frames.append(around(one.frame for one in self.texts[:2] if one.frame is not None))
            yield "text place", any(self._is_at(frame, line) for frame in frames)

    def _has_place(self, index: int) -> bool:
        """Whether a thing's own place is told; a subtitle and the steps of a diagram have none."""
        subtitle = self.scene.design == "title" and index == len(self.scene.shapes) + 1
        return index in self.asked.places and not self.scene.arrows and not subtitle

    def _is_at(self, frame: Frame, thing: Thing, *, row_only: bool = False) -> bool:
        """Whether the middle of a frame is in the panel or at the place of a thing."""
        panel = next((one for one in self.scene.panels if one.place == thing.place), None)
        if panel is not None:
            return panel.box.contains(frame.row, frame.column)
        row = _in_third(frame.row / self.scene.rows, thing.place.row)
        return row and (
            row_only or _in_third(frame.column / self.scene.columns, thing.place.column)
        )

    def _stands(self, relation: Relation) -> bool:
        first, second = self.frame(relation.thing), self.frame(relation.other)
        return first is not None and second is not None and stands(first, relation.where, second)

    def frame(self, index: int) -> Frame | None:
        """Where a thing is; None where it is missing."""
        if index >= len(self.shapes):
            return self.texts[index - len(self.shapes)].frame
        same = self.shapes[index]
        return around(shape.frame for shape in same) if same else None

    def _text_frames(self) -> list[Frame | None]:
        scores = [match.score for match in self.texts]
        same = [score.loose or score.similarity >= _SAME_TEXT for score in scores]
        return [one.frame if like else None for one, like in zip(self.texts, same, strict=True)]

    def _steps(self) -> Iterator[tuple[str, float]]:
        wanted, there = self.scene.arrows, self.found.arrows
        direction = wanted[0].direction
        ordered = self._ordered(self._text_frames(), direction)
        shapes = [self.frame(index) for index in range(len(self.shapes))]
        yield "step order", ordered and self._ordered(shapes, direction)
        right = len(there) == len(wanted) and all(one.direction == direction for one in there)
        yield "arrows", right
        yield "arrow colour", bool(there) and all(one.colour == wanted[0].colour for one in there)

    def _ordered(self, frames: list[Frame | None], direction: str) -> bool:
        """Whether all frames are there and follow each other."""
        there = [frame for frame in frames if frame is not None]
        places = [frame.column if direction == "right" else frame.row for frame in there]
        return len(there) == len(frames) and places == sorted(places)

    def _nothing_extra(self) -> bool:
        """Whether there are no more shapes, arrows and texts than there should be."""
        shapes = sum(len(group.boxes) for group in self.scene.shapes)
        few = len(self.found.shapes) <= shapes
        few = few and len(self.found.arrows) <= len(self.scene.arrows)
        used = sum(len(match.pieces) for match in self.texts)
        missing = [
            line
            for line, match in zip(self.scene.texts, self.texts, strict=True)
            if not match.pieces
        ]
        allowed = sum(max(len(line.lines), len(line.text.split())) for line in missing)
        return few and len(self.found.pieces) - used <= allowed


def stands(first: Frame, where: str, second: Frame) -> bool:
    """Whether one frame is left of, right of, above or below another, and beside it."""
    if where in ("right", "below"):
        first, second = second, first
    if where in ("left", "right"):
        beside = first.top < second.bottom + _NEAR and second.top < first.bottom + _NEAR
        return beside and first.right <= second.left + _NEAR and first.column < second.column
    beside = first.left < second.right + _NEAR and second.left < first.right + _NEAR
    return beside and first.bottom <= second.top + _NEAR and first.row < second.row


def _in_third(share: float, name: str) -> bool:
    third = _THIRDS[name]
    return third / 3 - _SLACK <= share <= (third + 1) / 3 + _SLACK


def _match_shapes(scene: Scene, found: Found) -> list[list[FoundShape]]:
    """The found shapes of every group: those of its kind that are nearest to its boxes."""
    free = list(found.shapes)
    matched: list[list[FoundShape]] = []
    for group in scene.shapes:
        same: list[FoundShape] = []
        for box in group.boxes:
            kin = [shape for shape in free if shape.kind == group.kind]
            if kin:
                same.append(min(kin, key=lambda shape: _distance(shape.frame, box)))
                free.remove(same[-1])
        matched.append(same)
    return matched


def _distance(frame: Frame, box: Box) -> float:
    return abs(frame.row - box.row - box.height / 2) + abs(
        frame.column - box.column - box.width / 2
    )
