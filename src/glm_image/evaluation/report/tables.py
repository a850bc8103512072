"""What the tables of all reports say, as words."""

from collections.abc import Sequence
from dataclasses import dataclass

from glm_image.evaluation import published
from glm_image.evaluation.published import Neighbours, Row
from glm_image.evaluation.results import FEW, BenchmarkResult, Counts, Measure, Results
from glm_image.evaluation.statistics import Figure

NONE = "–"
"""Stands where there is no number."""

TAGS: dict[str, str] = {
    "official": "the authors' prompts, pictures, reader and judge",
    "alt-ocr": "texts read by another reader than the authors'",
    "other-size": "pictures of another size than the authors'",
    "subset": "some prompts or pictures only",
    "proxy": "another judge or rule than the authors'",
}
"""What the tags mean."""

HUNDRED = 100


@dataclass(frozen=True, kw_only=True)
class Headline:
    """A row of the first table.

    Attributes:
        result: The benchmark.
        measure: The metric.
        ours: The number.
        interval: Its 95 % interval.
        neighbours: What others have printed; None if nothing.
    """

    result: BenchmarkResult
    measure: Measure
    ours: str
    interval: str
    neighbours: Neighbours | None


def headlines(results: Results) -> list[Headline]:
    """The first table, row by row."""
    return [
        Headline(
            result=result,
            measure=measure,
            ours=number(measure.strict.value, result.scale),
            interval=interval(measure.strict, result.scale),
            neighbours=_neighbours(result, measure),
        )
        for result in results.benchmarks
        for measure in result.headlines
    ]


def published_beside(results: Results) -> bool:
    """Whether others have printed any of the headline numbers."""
    return any(line.neighbours is not None for line in headlines(results))


def rows_beside(line: Headline) -> tuple[Row | None, Row | None, Row | None]:
    """The published GLM-Image, the best open and the best closed model beside a number."""
    found = line.neighbours
    return (found.glm_image, found.best_open, found.best_closed) if found else (None, None, None)


def number(value: float | None, scale: int = 1) -> str:
    """A number of ours in the scale of print: three places, or two of a hundred."""
    if value is None:
        return NONE
    return f"{value * scale:.{2 if scale == HUNDRED else 3}f}"


def signed(value: float | None, scale: int = 1) -> str:
    """A difference in the scale of print, with its sign."""
    if value is None:
        return NONE
    text = number(abs(value), scale)
    return ("+" if value >= 0 else "−") + text


def printed(row: Row | None, metric: str) -> str:
    """A number as its source prints it."""
    return NONE if row is None else f"{row.values[metric]:.4g}"


def interval(figure: Figure, scale: int = 1) -> str:
    """An interval in the scale of print."""
    if figure.low is None or figure.high is None:
        return NONE
    return f"{number(figure.low, scale)} to {number(figure.high, scale)}"


def is_few(prompts: int) -> bool:
    """Whether a number of prompts is so small that it is printed in bold."""
    return prompts < FEW


def not_made(counts: Counts) -> str:
    """Pictures that are not there, in words; empty if all are."""
    parts = {"failed": counts.failed, "refused": counts.refused, "missing": counts.missing}
    return ", ".join(f"{count} {name}" for name, count in parts.items() if count)


def ceiling(result: BenchmarkResult, measure: Measure) -> str:
    """What the reader scores on clean renderings, which is known of the first metric alone."""
    known = result.ceiling if measure == result.measures[0] else None
    return number(known, result.scale)


def spread(measure: Measure, scale: int) -> str:
    """Mean and spread (standard deviation) between the pictures of prompts; empty without."""
    count = len(measure.seeds)
    if count < 2:
        return NONE
    mean = sum(measure.seeds) / count
    deviation = (sum((one - mean) ** 2 for one in measure.seeds) / (count - 1)) ** 0.5
    return f"{number(mean, scale)} ± {number(deviation, scale)}"


def standing(result: BenchmarkResult, measure: Measure) -> dict[str, list[tuple[Row | None, str]]]:
    """Published numbers of a metric by source, best first.

    Ours stands among them, as None, only if it is official.
    """
    found: dict[str, list[tuple[Row | None, str]]] = {}
    if not measure.published:
        return found
    up = measure.higher_is_better
    ours = measure.strict.value * result.scale
    for key, rows in published.select(result.name, measure.published, higher_is_better=up).items():
        entries = [(row.values[measure.published], row) for row in rows]
        lines: list[tuple[Row | None, str]] = [
            (row, printed(row, measure.published)) for _, row in entries
        ]
        if result.is_official and not measure.proxy:
            place = sum(value >= ours if up else value <= ours for value, _ in entries)
            lines.insert(place, (None, number(measure.strict.value, result.scale)))
        found[key] = lines
    return found


def axes(result: BenchmarkResult) -> dict[tuple[str, Measure], Sequence[tuple[str, Figure]]]:
    """Headline numbers by the values of each axis; axes with one value are left out."""
    found: dict[tuple[str, Measure], list[tuple[str, Figure]]] = {}
    for measure in result.headlines:
        for part in result.parts:
            if part.metric == measure.name:
                found.setdefault((part.axis, measure), []).append((part.value, part.figure))
    return {key: parts for key, parts in found.items() if len(parts) > 1}


def _neighbours(result: BenchmarkResult, measure: Measure) -> Neighbours | None:
    if not measure.published:
        return None
    return published.neighbours(
        result.name, measure.published, higher_is_better=measure.higher_is_better
    )
