"""DPG-Bench and DSG-1k: yes/no questions that depend on each other.

The authors of DPG-Bench ask mPLUG-large, which is not to be had behind an endpoint; what another
judge answers is a proxy and does not bear the name of their score. The authors of DSG leave the
judge open.

Source: Hu et al. 2024, ELLA (arXiv 2403.05135); Cho et al. 2023, Davidsonian Scene Graph
(arXiv 2310.18235).
"""

from collections.abc import Mapping

from PIL import Image

from glm_image.evaluation.benchmark import Benchmark, Item
from glm_image.evaluation.judges.base import ask_each
from glm_image.evaluation.scorers.base import Marks
from glm_image.evaluation.scorers.dependencies import by_ancestors
from glm_image.evaluation.scores import Metric, Scorecard, Value
from glm_image.evaluation.tools import Tools

_CATEGORIES = ("entity", "attribute", "relation", "global", "action", "other")
_OPEN = ("dsg",)


class QuestionsScorer:
    """Share of a picture's questions that count, averaged over pictures and prompts."""

    def scorecard(self, benchmark: Benchmark) -> Scorecard:
        """The score, and the share of questions by what they ask for."""
        name = _name(benchmark)
        title = "Questions" if name == "question_score" else "Questions, by another judge"
        return Scorecard(
            metrics=(
                Metric(name=name, title=title, value=name, levels=("item",), headline=True),
                *(
                    Metric(
                        name=category,
                        title=f"Questions about: {category}",
                        value=category,
                        official=False,
                    )
                    for category in _CATEGORIES
                ),
            ),
            axes=("source",),
        )

    def score(self, benchmark: Benchmark, item: Item, image: Image.Image, tools: Tools) -> Marks:
        """Ask everything about an RGB picture, if there is a judge.

        Raises:
            ToolError: The judge failed.
        """
        if tools.judge is None or not item.questions:
            return Marks(values={})
        answers = ask_each(tools.judge, image, [question.text for question in item.questions])
        numbers = [question.number for question in item.questions]
        yes = dict(zip(numbers, answers, strict=True))
        counts = by_ancestors(item.questions, yes)
        return Marks(
            values=_values(_name(benchmark), item, counts),
            expected=tuple(question.text for question in item.questions),
            read=tuple("yes" if yes[number] else "no" for number in numbers),
            detail={"hits": [counts[number] for number in numbers]},
        )

    def nothing(self, benchmark: Benchmark, item: Item, tools: Tools) -> Marks:
        """No question counts."""
        if tools.judge is None or not item.questions:
            return Marks(values={})
        counts = {question.number: False for question in item.questions}
        return Marks(
            values=_values(_name(benchmark), item, counts),
            expected=tuple(question.text for question in item.questions),
            detail={"hits": [False] * len(counts)},
        )

    def official(self, benchmark: Benchmark, tools: Tools) -> tuple[bool, bool]:
        """DPG-Bench's judge cannot be had; DSG takes any."""
        return False, benchmark.name in _OPEN and tools.judge is not None

    def proxies(self, benchmark: Benchmark) -> tuple[str, ...]:
        """The score of DPG-Bench."""
        return () if benchmark.name in _OPEN else (_name(benchmark), *_CATEGORIES)


def _name(benchmark: Benchmark) -> str:
    return "question_score" if benchmark.name in _OPEN else "judged_score"


def _values(name: str, item: Item, counts: Mapping[int, bool]) -> dict[str, Value]:
    values = {name: Value(value=sum(counts.values()) / len(counts))}
    kinds: dict[str, list[bool]] = {}
    for question in item.questions:
        kind = question.category.split(" - ")[0]
        kinds.setdefault(kind if kind in _CATEGORIES else "other", []).append(
            counts[question.number]
        )
    for kind, marks in kinds.items():
        values[kind] = Value(value=sum(marks) / len(marks), weight=len(marks))
    return values
