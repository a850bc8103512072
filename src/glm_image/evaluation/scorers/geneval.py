"""GenEval by questions to a judge: a proxy.

The authors find objects with a detector and colours with CLIP; a judge that is asked instead does
not give their score, and the metric does not bear its name.

Source: Ghosh et al. 2023, GenEval (arXiv 2310.11513), for prompts and tasks.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image

from glm_image.evaluation.benchmark import Benchmark, Item
from glm_image.evaluation.judges.base import ask_each
from glm_image.evaluation.scorers.base import Marks
from glm_image.evaluation.scores import Metric, Scorecard, Value
from glm_image.evaluation.tools import Tools

_NAME = "judged_correct"


class GenevalScorer:
    """A picture is right if every question about it is answered as it should be."""

    def scorecard(self, benchmark: Benchmark) -> Scorecard:
        """Share of right pictures, averaged over tasks."""
        return Scorecard(
            metrics=(
                Metric(
                    name=_NAME,
                    title="Right by a judge",
                    value=_NAME,
                    levels=("task",),
                    official=False,
                    headline=True,
                ),
            ),
            axes=("task",),
        )

    def score(self, benchmark: Benchmark, item: Item, image: Image.Image, tools: Tools) -> Marks:
        """Ask about an RGB picture, if there is a judge.

        Raises:
            ToolError: The judge failed.
        """
        if tools.judge is None:
            return Marks(values={})
        asked = questions_of(item.detail["include"], item.detail["exclude"])
        answers = ask_each(tools.judge, image, [text for text, _ in asked])
        right = [yes == wanted for yes, (_, wanted) in zip(answers, asked, strict=True)]
        return Marks(
            values={_NAME: Value(value=float(all(right)))},
            expected=tuple(text for text, _ in asked),
            read=tuple("yes" if yes else "no" for yes in answers),
            detail={"hits": right},
        )

    def nothing(self, benchmark: Benchmark, item: Item, tools: Tools) -> Marks:
        """A wrong picture."""
        return Marks(values={} if tools.judge is None else {_NAME: Value(value=0.0)})

    def official(self, benchmark: Benchmark, tools: Tools) -> tuple[bool, bool]:
        """The authors use a detector."""
        return False, False

    def proxies(self, benchmark: Benchmark) -> tuple[str, ...]:
        """The score."""
        return (_NAME,)


def questions_of(
    include: Sequence[Mapping[str, Any]], exclude: Sequence[Mapping[str, Any]]
) -> list[tuple[str, bool]]:
    """Questions about what must and must not be seen, each with the right answer.

    Args:
        include: Objects with ``class``, ``count`` and, in some, ``color`` or ``position``, which
            is a relation and the number of the object that it refers to.
        exclude: Objects with ``class`` and ``count``: so many or more must not be there.
    """
    asked: list[tuple[str, bool]] = []
    for thing in include:
        name, count = thing["class"], int(thing["count"])
        number = f"at least {count}" if count > 1 else "a"
        asked.append((f"Does the picture show {number} {name}?", True))
        if "color" in thing:
            asked.append((f"Is the {name} {thing['color']}?", True))
        if "position" in thing:
            relation, other = thing["position"]
            where = f"{relation} the {include[int(other)]['class']}"
            asked.append((f"Is the {name} {where}?", True))
    for thing in exclude:
        name, count = thing["class"], int(thing["count"])
        asked.append((f"Does the picture show {count} or more of this: {name}?", False))
    return asked
