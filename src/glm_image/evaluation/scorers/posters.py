"""The bundled model's own suite: what a picture shows against the scene that it should show."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from PIL import Image

from glm_image.errors import ConfigError
from glm_image.evaluation.benchmark import Benchmark, Item
from glm_image.evaluation.posters.found import Found
from glm_image.evaluation.posters.held_out import EDIT_KINDS, Case
from glm_image.evaluation.posters.marks import METRICS, Mark, all_right, marks_of
from glm_image.evaluation.posters.suite import see
from glm_image.evaluation.readers.ocr import OcrReader
from glm_image.evaluation.scorers.base import Marks
from glm_image.evaluation.scores import Metric, Scorecard, Value
from glm_image.evaluation.tools import Tools

_READER = "rapidocr"
_ALL_RIGHT = "all right"


class PostersScorer:
    """Marks drawings and edits with :mod:`glm_image.evaluation.posters`, and its own reader."""

    def scorecard(self, benchmark: Benchmark) -> Scorecard:
        """Drawings and edits that are all right, then single marks of drawings."""
        return Scorecard(
            metrics=(
                Metric(
                    name=_ALL_RIGHT,
                    title="Drawings all right",
                    value=_ALL_RIGHT,
                    within={"task": "draw"},
                    headline=True,
                ),
                Metric(
                    name="edits",
                    title="Edits all right",
                    value=_ALL_RIGHT,
                    within={"task": "edit"},
                    headline=True,
                ),
                *(
                    Metric(
                        name=f"edit: {kind}",
                        title=f"Edits all right: {kind}",
                        value=_ALL_RIGHT,
                        within={"task": "edit", "kind": kind},
                    )
                    for kind in EDIT_KINDS
                ),
                *(
                    Metric(name=mark, title=mark, value=mark, within={"task": "draw"})
                    for mark in METRICS
                ),
            ),
            axes=("task", "language"),
        )

    def score(self, benchmark: Benchmark, item: Item, image: Image.Image, tools: Tools) -> Marks:
        """Mark an RGB picture, if texts are to be read."""
        if tools.reader is None:
            return Marks(values={})
        found = see(np.asarray(image.convert("RGB")), _reader())
        return _marks(item, marks_of(_case(item).expected, found), found.texts)

    def nothing(self, benchmark: Benchmark, item: Item, tools: Tools) -> Marks:
        """Every mark is 0."""
        if tools.reader is None:
            return Marks(values={})
        found = Found(background=None, shapes=(), lines=())
        marks = marks_of(_case(item).expected, found)
        return _marks(item, [Mark(metric=mark.metric, value=0.0) for mark in marks], ())

    def official(self, benchmark: Benchmark, tools: Tools) -> tuple[bool, bool]:
        """The suite defines its reader."""
        return tools.reader is not None and tools.reader.name == _READER, False

    def proxies(self, benchmark: Benchmark) -> tuple[str, ...]:
        """None."""
        return ()


@cache
def _reader() -> OcrReader:
    """The suite's reader of drawn letters, one per process."""
    return OcrReader()


def _case(item: Item) -> Case:
    case = item.detail.get("case")
    if not isinstance(case, Case):
        raise ConfigError(f"{item.id} is no held-out case", field="items")
    return case


def _marks(item: Item, marks: Sequence[Mark], texts: Sequence[str]) -> Marks:
    by_metric: dict[str, list[float]] = {}
    for mark in marks:
        by_metric.setdefault(mark.metric, []).append(mark.value)
    values = {
        metric: Value(value=sum(found) / len(found), weight=len(found))
        for metric, found in by_metric.items()
    }
    values[_ALL_RIGHT] = Value(value=float(all_right(tuple(marks))))
    failed = [metric for metric, found in by_metric.items() if min(found) < 1]
    return Marks(values=values, expected=item.texts, read=tuple(texts), detail={"failed": failed})
