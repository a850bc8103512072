"""Reports as a table on the terminal, as Markdown and as JSON."""

import json
from dataclasses import asdict
from pathlib import Path

from rich.table import Table

from glm_image.evaluation.posters.card import UNTOUCHED
from glm_image.evaluation.posters.suite import METRICS, Outcome, Report
from glm_image.evaluation.statistics import Figure


def to_table(report: Report) -> Table:
    """The report for the terminal, a row per metric."""
    table = Table(title="Held-out cases: per cent right (95 % interval)")
    table.add_column("metric", no_wrap=True)
    table.add_column("cases", justify="right")
    for row in report.figures:
        table.add_column(row, justify="right", no_wrap=True)
    for metric in _metrics(report):
        short = _decibels if metric == UNTOUCHED else _short_cell
        cells = [short(scores.get(metric)) for scores in report.figures.values()]
        table.add_row(metric, str(_cases(report, metric)), *cells)
    return table


def to_markdown(report: Report) -> str:
    """The report as a Markdown table."""
    lines = ["| metric | cases | " + " | ".join(report.figures) + " |"]
    lines.append("|---|---:|" + ":---:|" * len(report.figures))
    for metric in _metrics(report):
        cell = _decibels if metric == UNTOUCHED else _cell
        cells = " | ".join(cell(scores.get(metric)) for scores in report.figures.values())
        lines.append(f"| {metric} | {_cases(report, metric)} | {cells} |")
    return "\n".join(lines) + "\n"


def figures_of(report: Report) -> dict[str, dict[str, dict[str, object]]]:
    """Figures by row and metric, ready for JSON."""
    return {
        row: {metric: asdict(figure) for metric, figure in scores.items()}
        for row, scores in report.figures.items()
    }


def save(report: Report, settings: dict[str, object], folder: Path) -> list[Path]:
    """Write ``report.json`` and ``report.md`` into a folder, which is made where it is missing.

    Args:
        report: Figures by row and metric.
        settings: How they were measured.
        folder: Where to write.

    Returns:
        The two files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    record = {
        "settings": settings,
        "figures": figures_of(report),
        "cases": [_record(outcome) for outcome in report.outcomes],
    }
    content = json.dumps(record, indent=1, ensure_ascii=False)
    contents = {"report.json": content + "\n", "report.md": to_markdown(report)}
    for name, text in contents.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in contents]


def _record(outcome: Outcome) -> dict[str, object]:
    """One case of one row for JSON: what was asked, what was read, what is not right."""
    return {
        "row": outcome.row,
        "case": outcome.case.name,
        "prompt": outcome.case.prompt,
        "expected": [line.text for line in outcome.case.expected.texts],
        "read": list(outcome.texts),
        "wrong": [mark.metric for mark in outcome.marks if mark.value < 1],
        "untouched PSNR": outcome.untouched,
        "seeds differ": outcome.elsewhere,
    }


def _metrics(report: Report) -> list[str]:
    measured = {metric for scores in report.figures.values() for metric in scores}
    return [metric for metric in METRICS if metric in measured]


def _cases(report: Report, metric: str) -> int:
    return max(scores[metric].prompts for scores in report.figures.values() if metric in scores)


def _short_cell(figure: Figure | None) -> str:
    """A figure in per cent, short enough for a terminal."""
    if figure is None:
        return ""
    if figure.low is None or figure.high is None:
        return f"{figure.value:.0%}"
    return f"{figure.value:.0%} ({figure.low * 100:.0f}-{figure.high * 100:.0f})"


def _cell(figure: Figure | None) -> str:
    if figure is None:
        return ""
    if figure.low is None or figure.high is None:
        return f"{figure.value:.2f}"
    return f"{figure.value:.2f} [{figure.low:.2f}, {figure.high:.2f}]"


def _decibels(figure: Figure | None) -> str:
    if figure is None:
        return ""
    if figure.low is None or figure.high is None:
        return f"{figure.value:.1f} dB"
    return f"{figure.value:.1f} dB [{figure.low:.1f}, {figure.high:.1f}]"
