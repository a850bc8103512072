"""Times several ways to do the same work, in turns, so that a busy machine is fair to all.

One round runs every arm once; every other round runs them backwards. Ratios are taken within a
round, where both arms met the same machine, and never between rounds.
"""

import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

NOISY = 0.25
"""Spread of the reference's own times, around their median, above which a line is marked noisy."""

TOTAL = "total"
"""Part of an arm that is all of it."""

Parts = Mapping[str, float]
Arm = Callable[[], Parts]
"""Does the work once and returns how long its parts took, in any unit; may be none."""


@dataclass(frozen=True, kw_only=True)
class Times:
    """Everything that one arm took.

    Args:
        parts: Values per round of each part; :data:`TOTAL` is the whole arm in seconds.
        cpu: Processor seconds per round, of all threads and of finished child processes.
    """

    parts: dict[str, list[float]] = field(default_factory=dict)
    cpu: list[float] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """How many times slower than ours something is.

    Args:
        median: Of the rounds.
        low: Of the round that is worst for us.
        high: Of the round that is best for us.
    """

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, theirs: Sequence[float], ours: Sequence[float]) -> "Ratio":
        """Ratios of the same rounds."""
        ratios = [their / our for their, our in zip(theirs, ours, strict=True)]
        return cls(median=statistics.median(ratios), low=min(ratios), high=max(ratios))


def spread(values: Sequence[float]) -> float:
    """Distance of the farthest value from the median, as a share of it."""
    middle = statistics.median(values)
    return max(abs(value - middle) for value in values) / middle


def interleave(arms: Mapping[str, Arm], rounds: int, warm_up: int = 1) -> dict[str, Times]:
    """Run all arms in turns: A B, B A, A B and so on.

    Args:
        arms: By name.
        rounds: Timed rounds.
        warm_up: Rounds before them that are not timed.
    """
    times = {name: Times() for name in arms}
    for _ in range(warm_up):
        for arm in arms.values():
            arm()
    for index in range(rounds):
        for name in list(arms)[:: -1 if index % 2 else 1]:
            wall, cpu = time.perf_counter(), _processor_seconds()
            parts = arms[name]()
            took = {TOTAL: time.perf_counter() - wall, **parts}
            times[name].cpu.append(_processor_seconds() - cpu)
            for part, value in took.items():
                times[name].parts.setdefault(part, []).append(value)
    return times


def _processor_seconds() -> float:
    own = os.times()
    return own.user + own.system + own.children_user + own.children_system
