"""Which pictures a report shows."""

import hashlib
from collections.abc import Sequence

from glm_image.evaluation.results import BenchmarkResult
from glm_image.evaluation.scores import OK, Metric, SampleScore, Scorecard

WORST = 24
"""Pictures with the lowest scores that are shown."""

RANDOM = 12
"""Pictures chosen by hash that are shown."""

WALL = 60
"""Pictures of the first sheet."""


def measured(card: Scorecard, result: BenchmarkResult) -> Metric | None:
    """The metric that single pictures are ordered by: what the headline is made of."""
    by_name = {metric.name: metric for metric in card.metrics}
    waiting = [one.name for one in result.headlines] + [one.name for one in result.measures]
    while waiting:
        metric = by_name[waiting.pop(0)]
        if metric.value:
            return metric
        waiting = [*metric.of, *waiting]
    return None


def worst(samples: Sequence[SampleScore], metric: Metric, count: int) -> list[SampleScore]:
    """The pictures with the lowest scores; of equal ones those with more to show come first."""
    there = [one for one in samples if one.status == OK and metric.value in one.values]
    sign = 1 if metric.higher_is_better else -1

    def key(one: SampleScore) -> tuple[float, float, str, int]:
        value = one.values[metric.value]
        return sign * value.value, -value.weight, one.item, one.sample

    return sorted(there, key=key)[:count]


def by_chance(samples: Sequence[SampleScore], count: int) -> list[SampleScore]:
    """Pictures in an order that nobody chose, the same every time."""

    def key(one: SampleScore) -> bytes:
        return hashlib.sha256(f"{one.item}/{one.sample}".encode()).digest()

    return sorted((one for one in samples if one.status == OK), key=key)[:count]
