"""Bars with intervals, drawn by boxes alone."""

from collections.abc import Sequence

from glm_image.evaluation.report import tables
from glm_image.evaluation.report.markup import Html, element, said
from glm_image.evaluation.results import BenchmarkResult, Measure
from glm_image.evaluation.statistics import Figure

_WIDE = 100.0


def chart(
    result: BenchmarkResult, axis: str, measure: Measure, parts: Sequence[tuple[str, Figure]]
) -> Html:
    """A headline number by the values of an axis; a thin line marks the number of all prompts."""
    ends = [figure.high or figure.value for _, figure in parts]
    top = max(1.0, measure.strict.value, *ends)
    overall = _share(measure.strict.value, top)
    rows = [_row(result, value, figure, top, overall) for value, figure in parts]
    better = "" if measure.higher_is_better else " Lower is better."
    return element(
        "figure",
        "chart",
        element(
            "figcaption",
            "",
            element("strong", "", measure.title),
            f" by {axis.replace('_', ' ')}.{better}",
        ),
        element("div", "bars", *rows, attributes={"role": "list"}),
        element(
            "div",
            "scale",
            element("span", "", ""),
            element(
                "span",
                "ticks",
                element("span", "", tables.number(0, result.scale)),
                element("span", "", tables.number(top / 2, result.scale)),
                element("span", "", tables.number(top, result.scale)),
            ),
            attributes={"aria-hidden": "true"},
        ),
    )


def prompts(count: int) -> Html:
    """A number of prompts; bold, and said so, if it is small."""
    if tables.is_few(count):
        return element("b", "few", str(count), attributes={"title": "fewer than 30 prompts"})
    return element("span", "", str(count))


def _row(result: BenchmarkResult, value: str, figure: Figure, top: float, overall: float) -> Html:
    boxes = [_box("fill", 0.0, _share(figure.value, top)), _box("all", overall, overall)]
    if figure.low is not None and figure.high is not None:
        boxes.append(_box("whisker", _share(figure.low, top), _share(figure.high, top)))
    number = tables.number(figure.value, result.scale)
    words = f"{value}: {number}, 95 % interval {tables.interval(figure, result.scale)}"
    return element(
        "div",
        "bar",
        said("span", "label", value),
        element("span", "track", *boxes, attributes={"role": "img", "aria-label": words}),
        element("span", "value", number),
        element("span", "interval", tables.interval(figure, result.scale)),
        element("span", "n", "n ", prompts(figure.prompts)),
        attributes={"role": "listitem"},
    )


def _box(css: str, low: float, high: float) -> Html:
    style = f"left:{low:.2f}%;width:{max(0.0, high - low):.2f}%"
    return element("i", css, attributes={"style": style})


def _share(value: float, top: float) -> float:
    """Per cent of the width."""
    return min(_WIDE, max(0.0, value / top * _WIDE))
