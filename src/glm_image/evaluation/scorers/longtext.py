"""LongText-Bench: share of the wanted words, or Chinese characters, that can be read.

Source: Geng et al. 2025, X-Omni (arXiv 2507.22058); reference behaviour: X-Omni-Team/X-Omni,
``textbench``.
"""

from collections.abc import Sequence

from PIL import Image

from glm_image.evaluation.benchmark import Benchmark, Item
from glm_image.evaluation.scorers.base import Marks
from glm_image.evaluation.scorers.text import (
    EXTRA_METRICS,
    extras,
    reads_like_authors,
)
from glm_image.evaluation.scores import Metric, Scorecard, Value
from glm_image.evaluation.text_metrics import kept_letters, recalled
from glm_image.evaluation.tools import Tools


class LongtextScorer:
    """Compares two bags, of words in English and of characters in Chinese; mean over them."""

    def scorecard(self, benchmark: Benchmark) -> Scorecard:
        """Text accuracy, and what it leaves out."""
        return Scorecard(
            metrics=(
                Metric(
                    name="text_accuracy",
                    title="Text accuracy",
                    value="text_accuracy",
                    headline=True,
                    published="score",
                ),
                *EXTRA_METRICS,
            ),
            axes=("category", "length"),
        )

    def score(self, benchmark: Benchmark, item: Item, image: Image.Image, tools: Tools) -> Marks:
        """Mark an RGB picture, if there is a reader.

        Raises:
            ToolError: The reader failed.
        """
        if tools.reader is None:
            return Marks(values={}, expected=item.texts)
        lines = tools.reader.read(image)
        values = _accuracy(benchmark, item, lines) | extras(item.texts, lines)
        return _marks(benchmark, item, values, lines)

    def nothing(self, benchmark: Benchmark, item: Item, tools: Tools) -> Marks:
        """Every value is 0."""
        if tools.reader is None:
            return Marks(values={}, expected=item.texts)
        values = _accuracy(benchmark, item, []) | extras(item.texts, [])
        return _marks(benchmark, item, values, [])

    def official(self, benchmark: Benchmark, tools: Tools) -> tuple[bool, bool]:
        """The authors read with Qwen2.5-VL-7B and ask no judge."""
        reader = tools.reader
        return reader is not None and reads_like_authors(reader.name, reader.version), False

    def proxies(self, benchmark: Benchmark) -> tuple[str, ...]:
        """None."""
        return ()


def units_of(text: str, language: str) -> list[str]:
    """What is counted of a text: words in lower case, or in Chinese every character but spaces."""
    kept = kept_letters(text)
    return list("".join(kept.split())) if language == "zh" else kept.lower().split()


def _accuracy(benchmark: Benchmark, item: Item, lines: Sequence[str]) -> dict[str, Value]:
    wanted = units_of(" ".join(item.texts), benchmark.language)
    if not wanted:
        return {}
    share = recalled(wanted, units_of("\n".join(lines), benchmark.language)) / len(wanted)
    return {"text_accuracy": Value(value=share, weight=len(wanted))}


def _marks(
    benchmark: Benchmark, item: Item, values: dict[str, Value], lines: Sequence[str]
) -> Marks:
    read = units_of("\n".join(lines), benchmark.language)
    texts = [units_of(text, benchmark.language) for text in item.texts]
    hits = [recalled(units, read) == len(units) for units in texts]
    return Marks(values=values, expected=item.texts, read=tuple(lines), detail={"hits": hits})
