"""The bundled model's own suite: what a picture shows against the scene that it should show."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from PIL import Image

from glm_image.data.draw import render
from glm_image.errors import ConfigError
from glm_image.evaluation.benchmark import Benchmark, Item
from glm_image.evaluation.posters import card
from glm_image.evaluation.posters.fidelity import untouched_psnr
from glm_image.evaluation.posters.found import Found
from glm_image.evaluation.posters.held_out import Case
from glm_image.evaluation.posters.marks import Mark, marks_of
from glm_image.evaluation.posters.suite import see
from glm_image.evaluation.readers.ocr import OcrReader
from glm_image.evaluation.scorers.base import Marks
from glm_image.evaluation.scores import Scorecard
from glm_image.evaluation.tools import Tools

_READER = "rapidocr"


class PostersScorer:
    """Marks drawings and edits with :mod:`glm_image.evaluation.posters`, and its own reader."""

    def scorecard(self, benchmark: Benchmark) -> Scorecard:
        """The card of the posters."""
        return card.scorecard()

    def score(self, benchmark: Benchmark, item: Item, image: Image.Image, tools: Tools) -> Marks:
        """Mark an RGB picture, if texts are to be read."""
        if tools.reader is None:
            return Marks(values={})
        pixels = np.asarray(image.convert("RGB"))
        found = see(pixels, _reader())
        marks = _marked(item, found)
        return _marks(item, marks, found.texts, untouched_psnr(_case(item), pixels))

    def nothing(self, benchmark: Benchmark, item: Item, tools: Tools) -> Marks:
        """Every mark is 0."""
        if tools.reader is None:
            return Marks(values={})
        case = _case(item)
        marks = [Mark(metric=mark.metric, value=0.0) for mark in _marked(item, Found())]
        there = untouched_psnr(case, render(case.expected)) is not None
        return _marks(item, marks, (), 0.0 if there else None)

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


def _marked(item: Item, found: Found) -> tuple[Mark, ...]:
    case = _case(item)
    return marks_of(case.expected, case.asked, found)


def _marks(
    item: Item, marks: Sequence[Mark], texts: Sequence[str], untouched: float | None
) -> Marks:
    return Marks(
        values=card.values_of(marks, untouched=untouched),
        expected=item.texts,
        read=tuple(texts),
        detail={"failed": card.failed(marks)},
    )
