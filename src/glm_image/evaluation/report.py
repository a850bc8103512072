"""Reports as a table on the terminal, as Markdown and as JSON."""

import json
from dataclasses import asdict
from pathlib import Path

from rich.table import Table

from glm_image.evaluation.suite import Figure, Report

METRICS: tuple[str, ...] = (
    "background", "shape kind", "shape colour", "shape place", "count",
    "text strict en", "text loose en", "text similarity en",
    "text strict zh", "text loose zh", "text similarity zh",
    "all right", "edits", "edit recolour", "edit move", "edit remove", "edit replace text",
)  # fmt: skip


def to_table(report: Report) -> Table:
    """The report for the terminal, a row per metric."""
    table = Table(title="Held-out prompts: share right [95 % interval]")
    table.add_column("metric", no_wrap=True)
    table.add_column("cases", justify="right")
    for row in report:
        table.add_column(row, justify="center")
    for metric in _metrics(report):
        cells = [_cell(report[row].get(metric)) for row in report]
        table.add_row(metric, str(_cases(report, metric)), *cells)
    return table


def to_markdown(report: Report) -> str:
    """The report as a Markdown table."""
    lines = ["| metric | cases | " + " | ".join(report) + " |"]
    lines.append("|---|---:|" + ":---:|" * len(report))
    for metric in _metrics(report):
        cells = " | ".join(_cell(report[row].get(metric)) for row in report)
        lines.append(f"| {metric} | {_cases(report, metric)} | {cells} |")
    return "\n".join(lines) + "\n"


def save(report: Report, settings: dict[str, object], folder: Path) -> None:
    """Write ``report.json`` and ``report.md`` into a folder, which is made where it is missing.

    Args:
        report: Figures by row and metric.
        settings: How they were measured.
        folder: Where to write.
    """
    folder.mkdir(parents=True, exist_ok=True)
    figures = {
        row: {metric: asdict(figure) for metric, figure in scores.items()}
        for row, scores in report.items()
    }
    content = json.dumps({"settings": settings, "figures": figures}, indent=2, ensure_ascii=False)
    (folder / "report.json").write_text(content + "\n", encoding="utf-8")
    (folder / "report.md").write_text(to_markdown(report), encoding="utf-8")


def _metrics(report: Report) -> list[str]:
    return [metric for metric in METRICS if any(metric in scores for scores in report.values())]


def _cases(report: Report, metric: str) -> int:
    return max(scores[metric].count for scores in report.values() if metric in scores)


def _cell(figure: Figure | None) -> str:
    if figure is None:
        return ""
    return f"{figure.mean:.2f} [{figure.low:.2f}, {figure.high:.2f}]"
