"""Outcomes as tables: on a terminal, and between two marks of a page."""

import statistics
from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.table import Table

from benchmarks.outcome import Line, Outcome
from benchmarks.rounds import Ratio


def headings(outcome: Outcome) -> list[str]:
    """What was measured, then the arms, then what follows from them."""
    arms = list(dict.fromkeys(arm for line in outcome.lines for arm in line.values))
    return ["measured", "unit", *arms, "ratio", "error"]


def rows(outcome: Outcome) -> list[list[str]]:
    """One row per quantity: medians with the least and the most, ratio and error."""
    _, _, *arms, _, _ = headings(outcome)
    return [
        [
            line.what,
            line.unit,
            *(_range(line.values[arm]) if arm in line.values else "" for arm in arms),
            _ratio(line),
            "" if line.error is None else f"{line.error:.2g} ({line.error_of})",
        ]
        for line in outcome.lines
    ]


def to_terminal(outcome: Outcome) -> Table:
    """One row per arm of every quantity, eighty columns wide, with notes below."""
    table = Table(
        title=outcome.title,
        caption="\n".join((_machine(outcome), *outcome.notes)),
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("measured")
    table.add_column("by")
    for heading in ("median", "least to most", "of ours"):
        table.add_column(heading, justify="right", no_wrap=True)
    for line in outcome.lines:
        ours = next(iter(line.values.values()))
        for index, (arm, values) in enumerate(line.values.items()):
            times = Ratio.of(values, ours).median
            table.add_row(
                line.what if index == 0 else "",
                arm,
                f"{number(statistics.median(values))} {line.unit}",
                f"{number(min(values))} to {number(max(values))}",
                f"[bold]{times:.2f}x[/bold]" if arm == line.best_reference else f"{times:.2f}x",
            )
        if line.error is not None:
            table.add_row("", f"[dim]error: {line.error:.2g}, {line.error_of}[/dim]")
        if line.is_noisy:
            table.add_row("", "[dim]noisy: the reference's own times differ by a quarter[/dim]")
        table.add_section()
    return table


def to_markdown(outcome: Outcome) -> str:
    """The rows as they stand in a page."""
    titles = headings(outcome)
    lines = [
        f"**{outcome.title[0].upper()}{outcome.title[1:]}.** {_machine(outcome)}.",
        "",
        f"| {' | '.join(titles)} |",
        f"|{'|'.join('---' if title in ('measured', 'unit') else '---:' for title in titles)}|",
        *(f"| {' | '.join(row)} |" for row in rows(outcome)),
    ]
    if outcome.notes:
        lines += ["", "; ".join(outcome.notes) + "."]
    return "\n".join(lines)


def write(outcome: Outcome, page: Path) -> None:
    """Replace what stands between the marks of a benchmark in a page.

    Raises:
        ValueError: The page has no such marks.
    """
    text = page.read_text(encoding="utf-8")
    begin, end = f"<!-- begin {outcome.name} -->", f"<!-- end {outcome.name} -->"
    before, mark, rest = text.partition(begin)
    _, other, after = rest.partition(end)
    if not mark or not other:
        raise ValueError(f"{page} has no marks {begin} and {end}")
    page.write_text(f"{before}{begin}\n\n{to_markdown(outcome)}\n\n{end}{after}", encoding="utf-8")


def _range(values: Sequence[float]) -> str:
    middle = number(statistics.median(values))
    if len(values) == 1:
        return middle
    return f"{middle} ({number(min(values))} to {number(max(values))})"


def number(value: float) -> str:
    """Three digits that count, no exponent."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 1 else f"{value:.3f}"


def _ratio(line: Line) -> str:
    if line.ratio is None:
        return ""
    text = f"{line.ratio.median:.2f}x"
    if line.ratio.low != line.ratio.high:
        text += f" ({line.ratio.low:.2f} to {line.ratio.high:.2f})"
    return f"{text}, noisy" if line.is_noisy else text


def _machine(outcome: Outcome) -> str:
    facts = outcome.machine
    cores = f"{facts['threads']} of {facts['cores']} cores"
    return f"{facts['device']}, {cores}, {facts['dtype']}, torch {facts['torch']}"
