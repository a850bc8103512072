"""OneIG-Bench: alignment by questions, text rendering, and three scores of the authors' encoders.

Reasoning (LLM2CLIP), style (CSD and an encoder of the authors) and diversity (DreamSim) are brought
as values that the authors' tools measured; the mean of all five is there when they are.

Source: Chang et al. 2025, OneIG-Bench (arXiv 2506.07977); reference behaviour:
OneIG-Bench/OneIG-Benchmark, ``scripts``.
"""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from PIL import Image

from glm_image.evaluation.benchmark import Benchmark, Item
from glm_image.evaluation.judges.base import ask_each
from glm_image.evaluation.scorers.base import Marks
from glm_image.evaluation.scorers.dependencies import by_parents
from glm_image.evaluation.scorers.text import (
    EXTRA_METRICS,
    extras,
    judges_like_authors,
    reads_like_authors,
)
from glm_image.evaluation.scores import Metric, Numbers, Scorecard, Value
from glm_image.evaluation.text_metrics import has_han, kept_letters, recalled
from glm_image.evaluation.text_scores import edit_distance
from glm_image.evaluation.tools import Tools

_TEXT = "text"
_BROUGHT = ("reasoning", "style", "diversity")
# Largest mean edit distance that counts, by language.
_CAPS: Mapping[str, float] = {"en": 100.0, "zh": 50.0}


class OneigScorer:
    """Asks about pictures of things, reads pictures of texts."""

    def scorecard(self, benchmark: Benchmark) -> Scorecard:
        """Alignment, text, and the three parts of text."""
        text_parts = ("edit_distance", "completion", "word_accuracy")
        return Scorecard(
            metrics=(
                Metric(
                    name="alignment",
                    title="Alignment",
                    value="alignment",
                    levels=("item",),
                    headline=True,
                    published="alignment",
                ),
                Metric(
                    name="edit_distance",
                    title="Text: edit distance",
                    value="edit_distance",
                    higher_is_better=False,
                ),
                Metric(name="completion", title="Text: complete", value="completion"),
                Metric(name="word_accuracy", title="Text: words", value="word_accuracy"),
                Metric(
                    name="text",
                    title="Text",
                    of=text_parts,
                    formula=partial(text_score, cap=_CAPS[benchmark.language]),
                    headline=True,
                    published="text",
                ),
                *(
                    Metric(
                        name=name,
                        title=f"{name.capitalize()}, measured elsewhere",
                        value=name,
                        levels=("item",),
                        headline=True,
                        brought=True,
                        published=name,
                    )
                    for name in _BROUGHT
                ),
                Metric(
                    name="overall",
                    title="Mean of the five",
                    of=("alignment", "text", *_BROUGHT),
                    formula=mean_of,
                    headline=True,
                    published="overall",
                ),
                *EXTRA_METRICS,
            ),
            axes=("category", "type", "prompt_length"),
        )

    def score(self, benchmark: Benchmark, item: Item, image: Image.Image, tools: Tools) -> Marks:
        """Mark an RGB picture: one tile of the authors' grids.

        Raises:
            ToolError: Reader or judge failed.
        """
        if item.tags.get("category") == _TEXT and tools.reader is not None:
            return _read(item, tools.reader.read(image))
        if item.questions and tools.judge is not None:
            texts = [question.text for question in item.questions]
            return _asked(item, ask_each(tools.judge, image, texts))
        return Marks(values={})

    def nothing(self, benchmark: Benchmark, item: Item, tools: Tools) -> Marks:
        """A picture without text, of which every question is answered no."""
        if item.tags.get("category") == _TEXT and tools.reader is not None:
            return _read(item, [])
        if item.questions and tools.judge is not None:
            return _asked(item, [False] * len(item.questions))
        return Marks(values={})

    def official(self, benchmark: Benchmark, tools: Tools) -> tuple[bool, bool]:
        """The authors read and judge with Qwen2.5-VL-7B."""
        reader, judge = tools.reader, tools.judge
        return (
            reader is not None and reads_like_authors(reader.name, reader.version),
            judge is not None and judges_like_authors(judge.version),
        )

    def proxies(self, benchmark: Benchmark) -> tuple[str, ...]:
        """None."""
        return ()


def text_score(distance: Numbers, complete: Numbers, words: Numbers, *, cap: float) -> Numbers:
    """The text score; one perfect part makes it 1.

    Args:
        distance: Mean edit distance in characters.
        complete: Share of pictures without an error.
        words: Share of the wanted words.
        cap: Distance from which on it does not get worse.
    """
    return 1 - np.minimum(cap, distance) * (1 - complete) * (1 - words) / cap


def mean_of(*scores: Numbers) -> Numbers:
    """Plain mean of scores, as vendors print it."""
    mean: Numbers = np.mean(scores, axis=0)
    return mean


def prepared(text: str) -> str:
    """A text as it is compared: known characters, single spaces, none at all with Chinese."""
    kept = kept_letters(text)
    return ("" if has_han(kept) else " ").join(kept.split())


def _read(item: Item, lines: Sequence[str]) -> Marks:
    wanted, read = prepared(" ".join(item.texts)), prepared("\n".join(lines))
    distance = edit_distance(wanted, read)
    parts = list(wanted) if has_han(wanted) else wanted.split()
    there = list(read) if has_han(wanted) else read.split()
    values = {
        "edit_distance": Value(value=float(distance)),
        "completion": Value(value=float(distance == 0)),
    }
    if parts:
        share = recalled(parts, there) / len(parts)
        values["word_accuracy"] = Value(value=share, weight=len(parts))
    return Marks(
        values=values | extras(item.texts, lines),
        expected=item.texts,
        read=tuple(lines),
        detail={"distance": distance},
    )


def _asked(item: Item, answers: Sequence[bool]) -> Marks:
    numbers = [question.number for question in item.questions]
    counts = by_parents(item.questions, dict(zip(numbers, answers, strict=True)))
    return Marks(
        values={"alignment": Value(value=sum(counts.values()) / len(counts))},
        expected=tuple(question.text for question in item.questions),
        read=tuple("yes" if yes else "no" for yes in answers),
        detail={"hits": [counts[number] for number in numbers]},
    )
