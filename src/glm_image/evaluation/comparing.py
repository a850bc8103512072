"""Two runs side by side: what changed, and whether it is more than chance.

Prompts that both runs have are resampled together, which cancels how hard they are. Only runs
that were scored alike are compared.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.markup import escape
from rich.table import Table

from glm_image.errors import InputError
from glm_image.evaluation.benchmark import Benchmark
from glm_image.evaluation.report import tables
from glm_image.evaluation.report.markdown import count, plain, table
from glm_image.evaluation.sample_file import Header
from glm_image.evaluation.scored import Scored, ScoredRun
from glm_image.evaluation.scores import Metric, Scorecard
from glm_image.evaluation.statistics import Difference, paired


@dataclass(frozen=True, kw_only=True)
class Change:
    """One metric in two runs.

    Attributes:
        metric: The metric.
        difference: What changed.
    """

    metric: Metric
    difference: Difference

    @property
    def verdict(self) -> str:
        """``better``, ``worse`` or ``no clear change``, by whether the interval contains zero."""
        low, high = self.difference.low, self.difference.high
        if low is None or high is None or low <= 0 <= high:
            return "no clear change"
        return "better" if (low > 0) == self.metric.higher_is_better else "worse"


@dataclass(frozen=True, kw_only=True)
class BenchmarkChange:
    """One benchmark in two runs.

    Attributes:
        benchmark: The benchmark.
        changes: By metric, in the order of tables.
        prompts: That both runs have.
        left_out: That only one has.
    """

    benchmark: Benchmark
    changes: tuple[Change, ...]
    prompts: int
    left_out: int


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two runs.

    Attributes:
        first: Name of the first.
        second: Name of the second.
        settings: What they were made with, where it differs: name, first, second.
        benchmarks: What both were scored on.
    """

    first: str
    second: str
    settings: tuple[tuple[str, str, str], ...]
    benchmarks: tuple[BenchmarkChange, ...]


def compare(
    first: ScoredRun,
    second: ScoredRun,
    benchmarks: Mapping[str, Benchmark],
    cards: Mapping[str, Scorecard],
) -> Comparison:
    """Compare two runs on the benchmarks that both have.

    Args:
        first: The run to compare with.
        second: The run that may be better.
        benchmarks: Descriptions by name.
        cards: What is measured, by benchmark.

    Raises:
        InputError: The runs have no benchmark or no prompt in common, or were not scored alike.
    """
    names = [name for name in first.benchmarks if name in second.benchmarks]
    if not names:
        raise InputError("the runs share no benchmark", field="runs", hint="score both on one")
    return Comparison(
        first=str(first.folder),
        second=str(second.folder),
        settings=_settings(first.settings, second.settings),
        benchmarks=tuple(
            _change(benchmarks[name], cards[name], first.benchmarks[name], second.benchmarks[name])
            for name in names
        ),
    )


def to_table(comparison: Comparison) -> Table:
    """The comparison for a terminal."""
    grid = Table(title="Second run minus first, paired by prompt, 95 % intervals")
    grid.add_column("benchmark")
    grid.add_column("metric")
    for title in ("first", "second", "difference", "interval", "draws > 0", "prompts"):
        grid.add_column(title, justify="right")
    grid.add_column("verdict")
    for one in comparison.benchmarks:
        for change in one.changes:
            cells = _cells(one.benchmark, change)
            style = "bold" if change.metric.headline else ""
            prompts = change.difference.prompts
            number = f"[bold]{prompts}[/bold]" if tables.is_few(prompts) else str(prompts)
            grid.add_row(*(escape(cell) for cell in cells), number, change.verdict, style=style)
    return grid


def to_markdown(comparison: Comparison) -> str:
    """The comparison as Markdown."""
    heads = ("benchmark", "metric", "first", "second", "difference", "95 % interval", "draws > 0")
    rows = [
        [
            *(plain(cell) for cell in _cells(one.benchmark, change)),
            count(change.difference.prompts),
            change.verdict,
        ]
        for one in comparison.benchmarks
        for change in one.changes
    ]
    lines = ["# Comparison", "", f"- First: {plain(comparison.first)}"]
    lines += [f"- Second: {plain(comparison.second)}", ""]
    lines += table((*heads, "prompts", "verdict"), rows, 2)
    lines += ["", "## Settings that differ", ""]
    settings = [[plain(cell) for cell in row] for row in comparison.settings]
    lines += table(("setting", "first", "second"), settings, 3) if settings else ["None."]
    return "\n".join(lines) + "\n"


def _cells(benchmark: Benchmark, change: Change) -> list[str]:
    scale, found = benchmark.scale, change.difference
    interval = tables.NONE
    if found.low is not None and found.high is not None:
        interval = f"{tables.signed(found.low, scale)} to {tables.signed(found.high, scale)}"
    title = change.metric.title + ("" if change.metric.higher_is_better else ", lower is better")
    return [
        benchmark.title,
        title,
        tables.number(found.first, scale),
        tables.number(found.second, scale),
        tables.signed(found.value, scale),
        interval,
        f"{found.above:.0%}",
    ]


def _change(
    benchmark: Benchmark, card: Scorecard, first: Scored, second: Scored
) -> BenchmarkChange:
    _check_alike(benchmark.name, first.header, second.header)
    found = paired(card, first.samples, second.samples)
    mine, theirs = ({one.item for one in run.samples} for run in (first, second))
    return BenchmarkChange(
        benchmark=benchmark,
        changes=tuple(
            Change(metric=metric, difference=found[metric.name])
            for metric in card.metrics
            if metric.name in found
        ),
        prompts=len(mine & theirs),
        left_out=len(mine ^ theirs),
    )


def _check_alike(name: str, first: Header, second: Header) -> None:
    pairs = {
        "version": (first.version, second.version),
        "reader": (first.reader, second.reader),
        "judge": (first.judge, second.judge),
        "clip": (first.clip, second.clip),
    }
    other = [key for key, (mine, theirs) in pairs.items() if mine != theirs]
    if other:
        words = "; ".join(f"{key} {pairs[key][0]} against {pairs[key][1]}" for key in other)
        raise InputError(
            f"{name} was not scored alike: {words}",
            field="runs",
            hint="score both again with the same instruments",
        )


def _settings(
    first: Mapping[str, str], second: Mapping[str, str]
) -> tuple[tuple[str, str, str], ...]:
    names: Sequence[str] = list(dict.fromkeys([*first, *second]))
    pairs = [(name, first.get(name, tables.NONE), second.get(name, tables.NONE)) for name in names]
    return tuple(row for row in pairs if row[1] != row[2])
