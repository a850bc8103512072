"""The report as Markdown, for repositories."""

import re
from collections.abc import Iterator, Sequence

from glm_image.evaluation import published
from glm_image.evaluation.published import Row
from glm_image.evaluation.report import tables
from glm_image.evaluation.report.tables import Headline
from glm_image.evaluation.results import BenchmarkResult, Measure, Results
from glm_image.evaluation.statistics import Figure

_HEADS = ("benchmark", "metric", "tag", "ours", "95 % interval")
_PUBLISHED_HEADS = ("GLM-Image", "best open", "best closed")
_LAST_HEADS = ("ceiling", "prompts", "not made")
_METRIC_HEADS = (
    "metric", "strict", "95 % interval", "lenient", "between pictures", "prompts",
)  # fmt: skip
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$])")


def to_markdown(results: Results) -> str:
    """Tables of everything but single pictures."""
    lines = [f"# Evaluation of {plain(results.model)}", "", *_overview(results)]
    for result in results.benchmarks:
        lines += ["", *_benchmark(result)]
    lines += ["", "## Settings", "", *_pairs([(one.name, one.value) for one in results.settings])]
    lines += ["", f"Settings hash: `{plain(results.settings_hash)}`. Intervals: {results.draws}"]
    lines[-1] += f" resamplings of prompts, seed {results.seed}."
    return "\n".join(lines) + "\n"


def plain(text: str) -> str:
    """A text that Markdown shows as it is, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> list[str]:
    """Lines of a table; the first ``left`` columns are aligned left, the others right."""
    marks = ["---" if place < left else "---:" for place in range(len(heads))]
    return [f"| {' | '.join(row)} |" for row in (heads, marks, *rows)]


def count(prompts: int) -> str:
    """A number of prompts, in bold if it is small."""
    return f"**{prompts}**" if tables.is_few(prompts) else str(prompts)


def _overview(results: Results) -> Iterator[str]:
    beside = tables.published_beside(results)
    heads = (*_HEADS, *(_PUBLISHED_HEADS if beside else ()), *_LAST_HEADS)
    rows = [_headline(line, beside=beside) for line in tables.headlines(results)]
    yield from table(heads, rows, left=3)
    yield ""
    yield "Ours is strict: what is not there counts as nothing. The ceiling is what the reader"
    yield "scores on clean renderings. Counts under 30 prompts are bold."
    if beside:
        yield "Published numbers stand in italics where ours may not be compared with them; those"
        yield "of a row come from one source, named below."


def _headline(line: Headline, *, beside: bool) -> list[str]:
    result = line.result
    rows = tables.rows_beside(line) if beside else ()
    return [
        plain(result.title),
        plain(line.measure.title),
        ", ".join(result.tags),
        f"**{line.ours}**",
        line.interval,
        *(_published(row, line) for row in rows),
        tables.ceiling(result, line.measure),
        count(line.measure.strict.prompts),
        tables.not_made(result.counts) or "0",
    ]


def _published(row: Row | None, line: Headline) -> str:
    if row is None:
        return tables.NONE
    text = tables.printed(row, line.measure.published)
    if row.model != published.OURS:
        text = f"{text} {plain(row.model)}"
    return text if line.result.is_official else f"*{text}*"


def _benchmark(result: BenchmarkResult) -> Iterator[str]:
    yield f"## {plain(result.title)}"
    yield ""
    yield f"Tags: {', '.join(result.tags)}."
    yield ""
    yield from (f"- {plain(reason)}" for reason in result.reasons)
    yield from (f"- {plain(note)}" for note in result.notes)
    yield ""
    if result.measures:
        yield from table(_METRIC_HEADS, [_measure(result, one) for one in result.measures])
    else:
        yield "Nothing was measured: the instruments were not there."
    for (axis, measure), parts in tables.axes(result).items():
        yield ""
        yield f"### {plain(measure.title)} by {plain(axis)}"
        yield ""
        heads = (plain(axis), "strict", "95 % interval", "prompts")
        yield from table(heads, [_part(value, figure, result) for value, figure in parts])
    yield from _rankings(result)
    yield ""
    yield "### Data"
    yield ""
    files = [(one.name, one.value) for one in result.files]
    yield from _pairs([*files, ("all prompts as drawn", result.data or tables.NONE)])


def _measure(result: BenchmarkResult, measure: Measure) -> list[str]:
    lenient = measure.lenient.value if measure.lenient else None
    title = plain(measure.title) + ("" if measure.official else " (ours)")
    return [
        title + ("" if measure.higher_is_better else ", lower is better"),
        tables.number(measure.strict.value, result.scale),
        tables.interval(measure.strict, result.scale),
        tables.number(lenient, result.scale),
        tables.spread(measure, result.scale),
        count(measure.strict.prompts),
    ]


def _part(value: str, figure: Figure, result: BenchmarkResult) -> list[str]:
    return [
        plain(value),
        tables.number(figure.value, result.scale),
        tables.interval(figure, result.scale),
        count(figure.prompts),
    ]


def _rankings(result: BenchmarkResult) -> Iterator[str]:
    for measure in result.headlines:
        for key, lines in tables.standing(result, measure).items():
            source = published.sources()[key]
            yield ""
            yield f"### Published: {plain(measure.title)}, {plain(source.origin)}, {source.date}"
            yield ""
            rows = [
                [
                    plain(row.model) if row else "**this run**",
                    text,
                    plain(row.remark) if row else "",
                ]
                for row, text in lines
            ]
            yield from table(("model", "as printed", "remark"), rows)


def _pairs(pairs: Sequence[tuple[str, str]]) -> list[str]:
    return table(("name", "value"), [(plain(name), f"{plain(value)}") for name, value in pairs], 2)
