"""A report as a table on a terminal, eighty columns wide."""

from rich import box
from rich.markup import escape
from rich.table import Table

from glm_image.evaluation.speed.machine import Ceilings
from glm_image.evaluation.speed.stages import Report, Stage

_MILLI, _GIGA, _TERA = 1e3, 1e9, 1e12


def to_table(report: Report) -> Table:
    """One line per stage: seconds, time per unit of work, and what of the machine it uses."""
    setting = report.setting
    table = Table(
        title=f"{escape(report.model)}, {report.size.width}x{report.size.height}, "
        f"{setting.steps} steps, guidance {setting.guidance:g}, median of {setting.rounds}",
        caption=_caption(report),
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("stage", no_wrap=True)
    for name in ("seconds", "±", "work", "each", "rate", "share"):
        table.add_column(name, justify="right", no_wrap=True)
    for stage in report.stages:
        if stage is report.stages[-1]:
            table.add_section()
        table.add_row(*_cells(stage, report.ceilings))
    return table


def _cells(stage: Stage, ceilings: Ceilings) -> list[str]:
    noise = (max(stage.seconds) - min(stage.seconds)) / 2 / stage.median
    cells = [stage.name, f"{stage.median:.3f}", f"{noise:.0%}"]
    share, reading, counting = stage.share(ceilings), stage.bytes, stage.flops
    if share is None or reading is None or counting is None:
        return [*cells, "", "", "", ""]
    # The rate that bounds the stage; the other one is what it does meanwhile.
    rate = _rate(reading, "B") if stage.is_bound_by_reading(ceilings) else _rate(counting, "FLOP")
    each = f"{stage.median / stage.units * _MILLI:,.1f} ms"
    return [*cells, _amount(stage.units, stage.unit), each, rate, f"{share:.0%}"]


def _amount(count: int, unit: str) -> str:
    plural = "" if count == 1 else "es" if unit.endswith("s") else "s"
    return f"{count:,} {unit}{plural}"


def _rate(value: float, unit: str) -> str:
    if value >= _TERA:
        return f"{value / _TERA:,.1f} T{unit}/s"
    return f"{value / _GIGA:,.1f} G{unit}/s"


def _caption(report: Report) -> str:
    facts, ceilings = report.machine, report.ceilings
    return (
        f"{escape(str(facts['device']))}, {facts['threads']} of {facts['cores']} cores, "
        f"{facts['dtype']}, torch {escape(str(facts['torch']))}\n"
        f"share of: {_rate(ceilings.bytes, 'B')} read or {_rate(ceilings.flops, 'FLOP')}; "
        f"peak memory {report.peak_bytes / _GIGA:,.2f} GB"
    )
