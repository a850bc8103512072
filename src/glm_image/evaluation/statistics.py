"""Numbers with intervals from the scores of single pictures.

Prompts are what is resampled, with all pictures of a prompt together: pictures of one prompt are
alike, and the prompts are what a benchmark draws from the world. A resampling is a row of
multiplicities, one per prompt, so that all resamplings of a metric are one matrix product. Row 0
takes every prompt once and gives the number itself.

Legend of shapes: r rows of multiplicities (1 + draws), p prompts, c cells of a nested mean.

Source: Efron and Tibshirani, An Introduction to the Bootstrap, chapters 8 and 13 (clusters,
percentile intervals).
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from glm_image.errors import InputError
from glm_image.evaluation.scores import OK, Metric, Numbers, SampleScore, Scorecard

DRAWS = 2000
"""Resamplings of an interval."""

SEED = 20260101
"""Of the resamplings; fixed, so that equal scores give equal intervals."""

ITEM = "item"
"""Level of a nested mean that every picture has: its prompt."""

_ENDS = (2.5, 97.5)
_FEWEST = 2


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A number with its 95 % interval.

    Attributes:
        value: Before any factor for print.
        low: Lower end of the interval; None where there are fewer than two prompts.
        high: Upper end; likewise.
        prompts: Prompts that it is made of.
        pictures: Pictures that it is made of.
    """

    value: float
    low: float | None
    high: float | None
    prompts: int
    pictures: int


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What changed from one run to another.

    Attributes:
        first: The metric in the first run.
        second: In the second run.
        value: Second minus first.
        low: Lower end of the 95 % interval of the difference; None with fewer than two prompts.
        high: Upper end; likewise.
        above: Share of resamplings with a difference above zero, in [0, 1].
        prompts: Prompts that it is made of.
    """

    first: float
    second: float
    value: float
    low: float | None
    high: float | None
    above: float
    prompts: int


def multiplicities(prompts: int, *, draws: int = DRAWS, seed: int = SEED) -> Numbers:
    """How often each prompt is taken: ``[1 + draws, prompts]``, ones in the first row.

    Raises:
        InputError: There are no prompts.
    """
    if prompts < 1:
        raise InputError("there are no prompts", field="samples", hint="score some pictures first")
    picks = np.random.default_rng(seed).integers(prompts, size=(draws, prompts))
    picks += np.arange(draws)[:, None] * prompts
    counts = np.bincount(picks.ravel(), minlength=draws * prompts).reshape(draws, prompts)
    return np.concatenate([np.ones((1, prompts)), counts.astype(np.float64)])


def evaluate(
    card: Scorecard,
    samples: Sequence[SampleScore],
    *,
    lenient: bool = False,
    draws: int = DRAWS,
    seed: int = SEED,
) -> dict[str, Figure]:
    """Every metric of a benchmark.

    Args:
        card: What is measured.
        samples: Scores of the pictures.
        lenient: Leave out pictures that are not there, instead of counting them as nothing.
        draws: Number of resamplings.
        seed: Of the resamplings.

    Returns:
        Figures by metric. A metric that no picture has a value of is left out.
    """
    kept = _kept(samples, lenient=lenient)
    if not kept:
        return {}
    places = _places(kept)
    return _figures(card, kept, places, multiplicities(len(places), draws=draws, seed=seed))


def breakdown(
    card: Scorecard,
    samples: Sequence[SampleScore],
    *,
    lenient: bool = False,
    draws: int = DRAWS,
    seed: int = SEED,
) -> dict[str, dict[str, dict[str, Figure]]]:
    """Every metric by the values of every axis: ``figures[axis][value][metric]``.

    Arguments are those of :func:`evaluate`. Values of an axis are in natural order.
    """
    kept = _kept(samples, lenient=lenient)
    if not kept:
        return {}
    places = _places(kept)
    rows = multiplicities(len(places), draws=draws, seed=seed)
    found: dict[str, dict[str, dict[str, Figure]]] = {}
    for axis in card.axes:
        values = sorted({one.tags[axis] for one in kept if axis in one.tags}, key=natural)
        parts = {value: [one for one in kept if one.tags.get(axis) == value] for value in values}
        found[axis] = {value: _figures(card, part, places, rows) for value, part in parts.items()}
    return {axis: parts for axis, parts in found.items() if parts}


def by_sample(
    card: Scorecard, samples: Sequence[SampleScore], *, lenient: bool = False
) -> dict[str, tuple[float, ...]]:
    """Every metric from the first pictures of all prompts, from the second ones, and so on.

    The spread of these is that between seeds. Empty where prompts have one picture.
    """
    kept = _kept(samples, lenient=lenient)
    numbers = sorted({one.sample for one in kept})
    if len(numbers) < _FEWEST:
        return {}
    places = _places(kept)
    ones = np.ones((1, len(places)))
    parts = [[one for one in kept if one.sample == number] for number in numbers]
    results = [_outcomes(card, part, places, ones) for part in parts]
    shared = [metric.name for metric in card.metrics if all(metric.name in one for one in results)]
    return {name: tuple(float(one[name][0]) for one in results) for name in shared}


def paired(
    card: Scorecard,
    first: Sequence[SampleScore],
    second: Sequence[SampleScore],
    *,
    draws: int = DRAWS,
    seed: int = SEED,
) -> dict[str, Difference]:
    """Differences over the prompts that both runs have, resampled together.

    Raises:
        InputError: The runs have no prompt in common.
    """
    common = {one.item for one in first} & {one.item for one in second}
    if not common:
        raise InputError("the runs have no prompt in common", field="runs", hint="compare others")
    mine = [one for one in first if one.item in common]
    theirs = [one for one in second if one.item in common]
    places = _places(mine)
    rows = multiplicities(len(places), draws=draws, seed=seed)
    before, after = (_outcomes(card, part, places, rows) for part in (mine, theirs))
    return _differences(before, after, _sizes(card, mine))


def unpaired(
    card: Scorecard,
    first: Sequence[SampleScore],
    second: Sequence[SampleScore],
    *,
    draws: int = DRAWS,
    seed: int = SEED,
) -> dict[str, Difference]:
    """Differences of runs over different prompts, resampled apart."""
    results = []
    for number, samples in enumerate((first, second)):
        places = _places(samples)
        rows = multiplicities(len(places), draws=draws, seed=seed + number)
        results.append(_outcomes(card, samples, places, rows))
    sizes = [_sizes(card, samples) for samples in (first, second)]
    fewer = {name: min(size, sizes[1][name]) for name, size in sizes[0].items()}
    return _differences(results[0], results[1], fewer)


def natural(text: str) -> tuple[tuple[int, str], ...]:
    """Key of an order in which ``10`` follows ``9``, and numbers stand before words."""
    pieces = re.findall(r"\d+|\D+", text)
    return tuple((int(one), "") if one.isdecimal() else (10**9, one) for one in pieces)


def _kept(samples: Sequence[SampleScore], *, lenient: bool) -> list[SampleScore]:
    return [one for one in samples if one.status == OK or not lenient]


def _places(samples: Sequence[SampleScore]) -> dict[str, int]:
    """Columns of the prompts, in an order that does not hang on that of the pictures."""
    return {item: place for place, item in enumerate(sorted({one.item for one in samples}))}


def _figures(
    card: Scorecard, samples: Sequence[SampleScore], places: Mapping[str, int], rows: Numbers
) -> dict[str, Figure]:
    outcomes = _outcomes(card, samples, places, rows)
    sizes = _sizes(card, samples)
    figures = {}
    for name, values in outcomes.items():
        if math.isnan(values[0]):
            continue
        prompts, pictures = sizes[name]
        low, high = _interval(values[1:], prompts)
        figures[name] = Figure(
            value=float(values[0]), low=low, high=high, prompts=prompts, pictures=pictures
        )
    return figures


def _outcomes(
    card: Scorecard, samples: Sequence[SampleScore], places: Mapping[str, int], rows: Numbers
) -> dict[str, Numbers]:
    """Every metric ``[r]`` under every row of multiplicities."""
    found: dict[str, Numbers] = {}
    for metric in card.metrics:
        if metric.formula is not None:
            if all(name in found for name in metric.of):
                with np.errstate(all="ignore"):
                    found[metric.name] = metric.formula(*(found[name] for name in metric.of))
            continue
        values = _nested(metric, samples, places, rows)
        if values is not None:
            found[metric.name] = values
    return found


def _nested(
    metric: Metric, samples: Sequence[SampleScore], places: Mapping[str, int], rows: Numbers
) -> Numbers | None:
    """The nested mean of weighted means ``[r]``; None where no picture has a value."""
    counted = _counted(metric, samples)
    if not counted:
        return None
    levels = [level for level in metric.levels if level != ITEM]
    keys = [tuple(one.tags[level] for level in levels) for one in counted]
    cells = {key: cell for cell, key in enumerate(dict.fromkeys(keys))}
    sums_pc = np.zeros((len(places), len(cells)))
    weights_pc = np.zeros_like(sums_pc)
    for one, key in zip(counted, keys, strict=True):
        value = one.values[metric.value]
        sums_pc[places[one.item], cells[key]] += value.value * value.weight
        weights_pc[places[one.item], cells[key]] += value.weight
    if ITEM in metric.levels:
        sums_pc = _ratio(sums_pc, weights_pc, empty=0.0)
        weights_pc = (weights_pc > 0).astype(np.float64)
    return _fold(_ratio(rows @ sums_pc, rows @ weights_pc, empty=np.nan), list(cells))


def _fold(values_rc: Numbers, keys: list[tuple[str, ...]]) -> Numbers:
    """Mean over cells, level by level from the inside out; cells without prompts do not count."""
    while keys[0]:
        groups = list(dict.fromkeys(key[1:] for key in keys))
        there_rc = ~np.isnan(values_rc)
        member_cg = np.array([[key[1:] == group for group in groups] for key in keys], dtype=float)
        sums = np.where(there_rc, values_rc, 0.0) @ member_cg
        values_rc = _ratio(sums, there_rc.astype(np.float64) @ member_cg, empty=np.nan)
        keys = groups
    return values_rc[:, 0]


def _ratio(above: Numbers, below: Numbers, *, empty: float) -> Numbers:
    return np.divide(above, below, out=np.full_like(above, empty), where=below > 0)


def _counted(metric: Metric, samples: Sequence[SampleScore]) -> list[SampleScore]:
    """Pictures that a weighted mean is made of."""
    levels = [level for level in metric.levels if level != ITEM]
    return [
        one
        for one in samples
        if metric.value in one.values
        and one.values[metric.value].weight > 0
        and all(one.tags.get(tag) == wanted for tag, wanted in metric.within.items())
        and all(level in one.tags for level in levels)
    ]


def _sizes(card: Scorecard, samples: Sequence[SampleScore]) -> dict[str, tuple[int, int]]:
    """Prompts and pictures of every metric; a formula has those of its parts together."""
    members: dict[str, frozenset[tuple[str, int]]] = {}
    for metric in card.metrics:
        if metric.formula is None:
            counted = _counted(metric, samples)
            members[metric.name] = frozenset((one.item, one.sample) for one in counted)
        else:
            parts = (members.get(name, frozenset()) for name in metric.of)
            members[metric.name] = frozenset().union(*parts)
    return {name: (len({item for item, _ in one}), len(one)) for name, one in members.items()}


def _interval(draws: Numbers, prompts: int) -> tuple[float | None, float | None]:
    there = draws[~np.isnan(draws)]
    if prompts < _FEWEST or not len(there):
        return None, None
    low, high = np.percentile(there, _ENDS)
    return float(low), float(high)


def _differences(
    before: Mapping[str, Numbers],
    after: Mapping[str, Numbers],
    sizes: Mapping[str, tuple[int, int]],
) -> dict[str, Difference]:
    found = {}
    for name in (name for name in before if name in after):
        change = after[name] - before[name]
        if math.isnan(change[0]):
            continue
        draws = change[1:][~np.isnan(change[1:])]
        prompts = sizes[name][0]
        low, high = _interval(draws, prompts)
        found[name] = Difference(
            first=float(before[name][0]),
            second=float(after[name][0]),
            value=float(change[0]),
            low=low,
            high=high,
            above=float((draws > 0).mean()) if len(draws) else 0.5,
            prompts=prompts,
        )
    return found
