"""Scores of pictures, and the rules that make a benchmark's numbers of them.

Every number of every benchmark is one of three forms over per-picture values, so that intervals,
breakdowns and comparisons need no code of their own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

OK, FAILED, REFUSED, MISSING = "ok", "failed", "refused", "missing"
"""What became of a picture: made, not made, declined by the model, not there."""


@dataclass(frozen=True, kw_only=True)
class Value:
    """One measured value.

    Attributes:
        value: What was measured, before any factor for print.
        weight: How much it counts, such as the number of target words of a micro average.
    """

    value: float
    weight: float = 1.0


@dataclass(frozen=True, kw_only=True)
class SampleScore:
    """What one picture scored.

    Attributes:
        item: Id of its prompt.
        sample: Number of the picture, from 1.
        status: One of :data:`OK`, :data:`FAILED`, :data:`REFUSED`, :data:`MISSING`.
        tags: Axes of the breakdown and their value here.
        values: By metric; a picture that is not there has the values that count as nothing.
        expected: What it should show, for the report.
        read: What was read or answered, for the report.
        detail: Further findings for the report and for later scoring; plain JSON.
    """

    item: str
    sample: int
    status: str
    tags: Mapping[str, str]
    values: Mapping[str, Value]
    expected: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A number of a benchmark: how it is made and how it is to be read.

    Exactly one of three forms. A weighted mean of a measured value (``value`` alone). A mean over
    groups of such means, nested by tags from the inside out (``levels``): ``("file", "group")`` is
    the mean over groups of the mean over files. Or a function of other metrics (``of`` and
    ``formula``), which gets arrays of equal shape and gives one.

    Attributes:
        name: Unique within the benchmark.
        title: For readers.
        value: Name in :attr:`SampleScore.values`.
        levels: Tags to average over, from the inside out.
        of: Metrics that the formula takes.
        formula: Elementwise function of arrays.
        within: Only pictures with these tags count; all if empty.
        higher_is_better: Which way is up.
        official: Whether the benchmark's authors define it; ours otherwise.
        headline: Whether it stands in the first table.
        brought: Whether its values come from outside, see :mod:`glm_image.evaluation.measured`.
        published: Key among published values; empty where none was published.
    """

    name: str
    title: str
    value: str = ""
    levels: tuple[str, ...] = ()
    of: tuple[str, ...] = ()
    formula: Callable[..., Numbers] | None = None
    within: Mapping[str, str] = field(default_factory=dict)
    higher_is_better: bool = True
    official: bool = True
    headline: bool = False
    brought: bool = False
    published: str = ""


@dataclass(frozen=True, kw_only=True)
class Scorecard:
    """What a scorer measures.

    Attributes:
        metrics: In the order of tables; a formula follows what it is made of.
        axes: Tags by which the report breaks the headline down.
    """

    metrics: Sequence[Metric]
    axes: Sequence[str] = ()
