"""TIIF-Bench: share of right answers, averaged over files and nine groups.

Source: Wei et al. 2025, TIIF-Bench (arXiv 2506.02161); reference behaviour:
A113N-W3I/TIIF-Bench, evaluation.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image

from glm_image.evaluation.benchmark import Benchmark, Item
from glm_image.evaluation.judges.base import Request, ask_together
from glm_image.evaluation.scorers.base import Marks
from glm_image.evaluation.scores import Metric, Numbers, Scorecard, Value
from glm_image.evaluation.text_metrics import one_to_one
from glm_image.evaluation.tools import Tools

GROUPS: tuple[str, ...] = (
    "attribute", "relation", "reasoning",
    "attribute+relation", "attribute+reasoning", "relation+reasoning",
    "style", "text", "real_world",
)  # fmt: skip
"""The nine groups; the overall score is their plain mean."""

LENGTHS = ("short", "long")
"""Every prompt has a short and a long description, scored apart."""

_BASIC = 3
_JUDGES = ("gpt-4o", "qwen2.5-vl-72b")
# A read word this far from the wanted one, as a share of the longer, still counts as read.
_RECALL_DISTANCE = 0.3
_SYSTEM = "You are a careful critic of pictures who answers questions about what they show."
_FORMS = tuple(
    Request(text=text, system=_SYSTEM, most_tokens=1024)
    for text in (
        "Look at the picture and answer every question on a line of its own, in order. Begin each"
        " line with yes or no, and write nothing else.\n{questions}",
        "Here are questions about the picture:\n{questions}\nGive one line for each, in the same"
        " order, that begins with yes or no. Write no other lines.",
        "For each numbered question, decide from the picture alone. Reply with exactly one line"
        " per question, each starting with yes or no.\n{questions}",
    )
)


class TiifScorer:
    """Asks all questions about a picture at once; an answer is right if it is the expected one."""

    def scorecard(self, benchmark: Benchmark) -> Scorecard:
        """Short and long: overall, the basic part and the nine groups; then how text reads."""
        metrics: list[Metric] = []
        for length in LENGTHS:
            metrics += _metrics(length)
        return Scorecard(metrics=(*metrics, *_TEXT_METRICS), axes=("group", "length"))

    def score(self, benchmark: Benchmark, item: Item, image: Image.Image, tools: Tools) -> Marks:
        """Mark an RGB picture with judge and reader, each if it is there.

        Raises:
            ToolError: Reader or judge failed.
        """
        values: dict[str, Value] = {}
        lines: list[str] = []
        if item.texts and tools.reader is not None:
            lines = tools.reader.read(image)
            values |= _text_values(item, lines)
        if tools.judge is None or not item.questions:
            return Marks(values=values, expected=item.texts, read=tuple(lines))
        texts = [question.text for question in item.questions]
        answers = ask_together(tools.judge, image, texts, _FORMS)
        expected = [question.expected.lower() == "yes" for question in item.questions]
        right = [answer == wanted for answer, wanted in zip(answers, expected, strict=True)]
        return _answered(item, values, right, ["yes" if answer else "no" for answer in answers])

    def nothing(self, benchmark: Benchmark, item: Item, tools: Tools) -> Marks:
        """No answer is right, nothing is read."""
        reads = bool(item.texts) and tools.reader is not None
        values = _text_values(item, []) if reads else {}
        if tools.judge is None or not item.questions:
            return Marks(values=values, expected=item.texts)
        return _answered(item, values, [False] * len(item.questions), [])

    def official(self, benchmark: Benchmark, tools: Tools) -> tuple[bool, bool]:
        """The authors judge with GPT-4o or Qwen2.5-VL-72B, and read with PaddleOCR."""
        judge = tools.judge
        return (
            tools.reader is not None and tools.reader.name == "paddleocr",
            judge is not None and any(name in judge.version.lower() for name in _JUDGES),
        )

    def proxies(self, benchmark: Benchmark) -> tuple[str, ...]:
        """None."""
        return ()


def mean_of(*parts: Numbers) -> Numbers:
    """Plain mean of metrics."""
    return np.asarray(np.mean(parts, axis=0), dtype=np.float64)


def _metrics(length: str) -> list[Metric]:
    within: Mapping[str, str] = {"length": length}
    names = {group: f"{group.replace('+', '_')}_{length}" for group in GROUPS}
    groups = [
        Metric(
            name=names[group],
            title=f"{group.replace('_', ' ').capitalize()}, {length}",
            value="right",
            levels=("file",),
            within={**within, "group": group},
            published=names[group],
        )
        for group in GROUPS
    ]
    overall = Metric(
        name=f"overall_{length}",
        title=f"Overall, {length}",
        value="right",
        levels=("file", "group"),
        within=within,
        headline=True,
        published=f"overall_{length}",
    )
    basic = Metric(
        name=f"basic_{length}",
        title=f"Basic, {length}",
        of=tuple(names[group] for group in GROUPS[:_BASIC]),
        formula=mean_of,
        published=f"basic_{length}",
    )
    return [overall, *groups, basic]


_TEXT_METRICS = (
    Metric(name="gned", title="Text: distance one to one", value="gned", higher_is_better=False),
    Metric(name="text_recall", title="Text: words read", value="text_recall"),
)


def _text_values(item: Item, lines: Sequence[str]) -> dict[str, Value]:
    """Distance of words paired one to one, where one without a partner costs 1, and recall."""
    wanted = [word for text in item.texts for word in text.lower().split()]
    read = [word for line in lines for word in line.lower().split()]
    if not wanted:
        return {}
    pairs = one_to_one(wanted, read)
    longer = max(len(wanted), len(read))
    distance = (longer - sum(similarity for _, _, similarity in pairs)) / longer
    found = sum(1 - similarity <= _RECALL_DISTANCE for _, _, similarity in pairs)
    return {
        "gned": Value(value=distance),
        "text_recall": Value(value=found / len(wanted), weight=len(wanted)),
    }


def _answered(
    item: Item, values: Mapping[str, Value], right: Sequence[bool], answers: Sequence[str]
) -> Marks:
    share = Value(value=sum(right) / len(right), weight=len(right))
    return Marks(
        values={**values, "right": share},
        expected=tuple(question.text for question in item.questions),
        read=tuple(answers),
        detail={"hits": list(right)},
    )
