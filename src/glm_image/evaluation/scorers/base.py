"""What a scorer is, and what it says about one picture."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from PIL import Image

from glm_image.evaluation.benchmark import Benchmark, Item
from glm_image.evaluation.scores import Scorecard, Value
from glm_image.evaluation.tools import Tools


@dataclass(frozen=True, kw_only=True)
class Marks:
    """What a picture scored.

    Attributes:
        values: By their names in the scorecard.
        expected: What it should show.
        read: What was read or answered.
        detail: Further findings; plain JSON. ``hits`` says of everything expected whether it is
            there.
    """

    values: Mapping[str, Value]
    expected: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)


class Scorer(Protocol):
    """Marks the pictures of one kind of benchmark. It has no state."""

    def scorecard(self, benchmark: Benchmark) -> Scorecard:
        """What is measured, whatever instruments are at hand."""

    def score(self, benchmark: Benchmark, item: Item, image: Image.Image, tools: Tools) -> Marks:
        """Mark an RGB picture with the instruments at hand; what needs others is left out.

        Raises:
            ToolError: An instrument failed; the picture must not be scored.
        """

    def nothing(self, benchmark: Benchmark, item: Item, tools: Tools) -> Marks:
        """Marks of a picture that is not there; the same names as :meth:`score` would give."""

    def official(self, benchmark: Benchmark, tools: Tools) -> tuple[bool, bool]:
        """Whether reader and judge are those of the benchmark's authors."""

    def proxies(self, benchmark: Benchmark) -> tuple[str, ...]:
        """Metrics that stand in for an instrument of the authors that cannot be had."""
