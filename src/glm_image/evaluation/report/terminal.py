"""The first table on a terminal."""

from rich.markup import escape
from rich.table import Table

from glm_image.evaluation.published import Row
from glm_image.evaluation.report import tables
from glm_image.evaluation.report.tables import Headline
from glm_image.evaluation.results import Results

_COMPARABLE, _ALIEN = "", "dim"


def to_table(results: Results) -> Table:
    """The headline numbers; published ones are dim where ours may not be compared with them."""
    table = Table(title=f"{escape(results.model)}: strict scores with 95 % intervals")
    table.add_column("benchmark")
    table.add_column("ours", justify="right", no_wrap=True)
    table.add_column("interval", justify="center")
    table.add_column("tag")
    beside = tables.published_beside(results)
    for title in ("GLM-Image", "best open", "best closed") if beside else ():
        table.add_column(f"{title}\n(published)", justify="right")
    table.add_column("ceiling", justify="right")
    table.add_column("prompts", justify="right")
    table.add_column("not made", justify="right")
    for line in tables.headlines(results):
        table.add_row(*_cells(line, beside=beside))
    return table


def _cells(line: Headline, *, beside: bool) -> list[str]:
    result = line.result
    style = _COMPARABLE if result.is_official else _ALIEN
    rows = tables.rows_beside(line) if beside else ()
    prompts = str(line.measure.strict.prompts)
    return [
        f"{escape(result.title)}\n[dim]{escape(line.measure.title)}[/dim]",
        f"[bold]{line.ours}[/bold]",
        line.interval,
        escape(", ".join(result.tags)),
        *(_published(row, line.measure.published, style) for row in rows),
        tables.ceiling(result, line.measure),
        f"[bold]{prompts}[/bold]" if tables.is_few(line.measure.strict.prompts) else prompts,
        tables.not_made(result.counts) or "0",
    ]


def _published(row: Row | None, metric: str, style: str) -> str:
    text = tables.printed(row, metric)
    if row is not None and row.model != "GLM-Image":
        text = f"{text}\n{escape(row.model)}"
    return f"[{style}]{text}[/{style}]" if style else text
