"""Outcomes as one picture: a panel per quantity, a bar per arm, whiskers from least to most."""

import statistics
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.outcome import OURS, Line, Outcome
from benchmarks.tables import number

_COLUMNS = 3
_FIRST_COLOUR, _OURS_COLOUR, _OTHER_COLOUR, _INK = "#2f6fde", "#a9c4f2", "#c3c8d1", "#20242c"
_PANEL_WIDTH, _BAR_HEIGHT, _PANEL_MARGIN = 4.2, 0.34, 0.95


def save(outcomes: Sequence[Outcome], path: Path) -> None:
    """Draw all quantities of some benchmarks into a PNG or SVG file.

    Args:
        outcomes: At least one.
        path: The file.
    """
    with mpl.rc_context({"font.size": 9, "text.color": _INK, "axes.edgecolor": _INK}):
        _figure(outcomes).savefig(path, dpi=96, facecolor="white")


def _figure(outcomes: Sequence[Outcome]) -> Figure:
    chunks = [
        (outcome.title if start == 0 else "", outcome.lines[start : start + _COLUMNS])
        for outcome in outcomes
        for start in range(0, len(outcome.lines), _COLUMNS)
    ]
    heights = [
        _PANEL_MARGIN + _BAR_HEIGHT * max(len(line.values) for line in lines) + 0.3 * bool(title)
        for title, lines in chunks
    ]
    figure = Figure(figsize=(_PANEL_WIDTH * _COLUMNS, sum(heights)), layout="constrained")
    strips = figure.subfigures(len(chunks), 1, height_ratios=heights, squeeze=False)[:, 0]
    for strip, (title, lines) in zip(strips, chunks, strict=True):
        if title:
            strip.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=11)
        bars = max(len(line.values) for line in lines)
        panels = strip.subplots(1, _COLUMNS, squeeze=False)[0]
        for index, panel in enumerate(panels):
            if index < len(lines):
                _draw(panel, lines[index], bars)
            else:
                panel.set_axis_off()
    return figure


def _draw(panel: Axes, line: Line, bars: int) -> None:
    """One quantity, in the room of so many bars that those of a row are equally thick."""
    names = list(line.values)
    medians = [statistics.median(values) for values in line.values.values()]
    low = [middle - min(v) for middle, v in zip(medians, line.values.values(), strict=True)]
    high = [max(v) - middle for middle, v in zip(medians, line.values.values(), strict=True)]
    colours = [_OURS_COLOUR if name.startswith(OURS) else _OTHER_COLOUR for name in names]
    colours[0] = _FIRST_COLOUR
    panel.barh(names, medians, height=0.68, color=colours, xerr=(low, high), ecolor=_INK)
    for place, (middle, reach) in enumerate(zip(medians, high, strict=True)):
        panel.annotate(
            f"{number(middle)} {line.unit}",
            (middle + reach, place),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
        )
    ratio = None if line.is_noisy else line.ratio
    title = line.what if ratio is None else f"{line.what}: {ratio.median:.2f}x"
    panel.set_title(title, loc="left", fontsize=9.5)
    panel.set_xlim(0, 1.38 * max(m + h for m, h in zip(medians, high, strict=True)))
    panel.set_ylim(bars - 0.5, -0.5)
    panel.tick_params(left=False, bottom=False, labelbottom=False)
    panel.spines[["top", "right", "bottom"]].set_visible(False)
