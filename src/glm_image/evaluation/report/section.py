"""The part of the page about one benchmark."""

from collections.abc import Iterator, Sequence

from glm_image.evaluation import published
from glm_image.evaluation.report import bars, choosing, tables
from glm_image.evaluation.report.cards import Shown, sheet, wall
from glm_image.evaluation.report.markup import SCROLLS, Html, element, join, said
from glm_image.evaluation.results import BenchmarkResult, Measure
from glm_image.evaluation.sample_file import Instrument
from glm_image.evaluation.scored import Scored
from glm_image.evaluation.scores import OK, SampleScore, Scorecard

_FAILURES = 200


def section(result: BenchmarkResult, scored: Scored, card: Scorecard) -> Html:
    """Metrics, bars, pictures, failures, published numbers and data of a benchmark."""
    shown = Shown(
        pictures=scored.pictures, metric=choosing.measured(card, result), scale=result.scale
    )
    return element(
        "section",
        "benchmark",
        element("h2", "", result.title, " ", tag_list(result.tags)),
        _facts(result),
        _metrics(result),
        *_charts(result),
        *_pictures(scored.samples, shown),
        *_failures(scored),
        *_standings(result),
        *_data(result),
        attributes={"id": slug(result.name)},
    )


def slug(name: str) -> str:
    """Anchor of a benchmark."""
    return "benchmark-" + "".join(one if one.isalnum() else "-" for one in name)


def tag_list(tags: Sequence[str]) -> Html:
    """Tags as small labels."""
    labels = [
        element("span", f"tag {tag}", tag, attributes={"title": tables.TAGS[tag]}) for tag in tags
    ]
    return element("span", "taglist", *labels)


def _facts(result: BenchmarkResult) -> Html:
    facts = [
        ("Prompts", f"{result.prompts} of {result.of_prompts}"),
        ("Pictures", f"{result.counts.ok} of {result.counts.expected}"),
        ("Not made", tables.not_made(result.counts)),
        ("Reader", _instrument(result.reader)),
        ("Ceiling", _ceiling(result)),
        ("Judge", _instrument(result.judge)),
        ("CLIP", _instrument(result.clip)),
        ("Brought", _instrument(result.measured)),
        ("Authors use", result.official_reader),
    ]
    pairs = [
        element("div", "", element("dt", "", name), said("dd", "", value))
        for name, value in facts
        if value
    ]
    remarks = [said("li", "", text) for text in (*result.reasons, *result.notes)]
    return join(
        element("dl", "keyfacts", *pairs),
        *([element("ul", "remarks", *remarks)] if remarks else []),
    )


def _ceiling(result: BenchmarkResult) -> str:
    if result.ceiling is None or not result.measures:
        return ""
    first = result.measures[0]
    return f"{tables.ceiling(result, first)} in {_lower(first.title)}"


def _instrument(one: Instrument | None) -> str:
    return f"{one.name} {one.version}" if one else ""


def _metrics(result: BenchmarkResult) -> Html:
    if not result.measures:
        return element("p", "", "Nothing was measured: the instruments were not there.")
    several = any(one.seeds for one in result.measures)
    heads = ["Metric", "Strict", "95 % interval", "Lenient"]
    heads += ["Between pictures"] if several else []
    heads += ["Prompts"]
    cells = [
        element("th", "" if place == 0 else "num", head, attributes={"scope": "col"})
        for place, head in enumerate(heads)
    ]
    rows = [_metric(result, one, several=several) for one in result.measures]
    table = element(
        "table",
        "metrics",
        element("thead", "", element("tr", "", *cells)),
        element("tbody", "", *rows),
    )
    return element("div", "wide", table, attributes=SCROLLS)


def _metric(result: BenchmarkResult, measure: Measure, *, several: bool) -> Html:
    scale = result.scale
    lenient = measure.lenient.value if measure.lenient else None
    notes = [] if measure.higher_is_better else ["lower is better"]
    notes += [] if measure.official else ["ours"]
    notes += ["proxy"] if measure.proxy else []
    cells = [
        element("td", "num ours", tables.number(measure.strict.value, scale)),
        element("td", "num interval", tables.interval(measure.strict, scale)),
        element("td", "num", tables.number(lenient, scale)),
    ]
    if several:
        cells.append(element("td", "num", tables.spread(measure, scale)))
    return element(
        "tr",
        "headline" if measure.headline else "",
        element(
            "th", "", measure.title, *(element("span", "note", one) for one in notes),
            attributes={"scope": "row"},
        ),
        *cells,
        element("td", "num", bars.prompts(measure.strict.prompts)),
    )  # fmt: skip


def _charts(result: BenchmarkResult) -> Iterator[Html]:
    charts = [
        bars.chart(result, axis, measure, parts)
        for (axis, measure), parts in tables.axes(result).items()
    ]
    if charts:
        yield element("h3", "", "By category")
        yield element("div", "charts", *charts)


def _pictures(samples: Sequence[SampleScore], shown: Shown) -> Iterator[Html]:
    glance = choosing.by_chance(samples, choosing.WALL)
    if not glance:
        return
    yield element("h3", "", "At a glance")
    yield wall(glance, shown)
    if shown.metric is not None:
        worst = choosing.worst(samples, shown.metric, choosing.WORST)
        if worst:
            yield element("h3", "", f"The {len(worst)} worst by {_lower(shown.metric.title)}")
            yield sheet(worst, shown)
    some = choosing.by_chance(samples, choosing.RANDOM)
    yield element("h3", "", f"{len(some)} at random")
    yield sheet(some, shown)


def _lower(title: str) -> str:
    """A title inside a sentence; abbreviations stay as they are."""
    return title if title[:2].isupper() else title[:1].lower() + title[1:]


def _failures(scored: Scored) -> Iterator[Html]:
    lost = [one for one in scored.samples if one.status != OK]
    if not lost:
        return
    rows = []
    for one in lost[:_FAILURES]:
        picture = scored.pictures.get((one.item, one.sample))
        rows.append(
            element(
                "tr",
                "",
                said("th", "", one.item),
                element("td", "num", str(one.sample)),
                element("td", "", one.status),
                said("td", "", picture.error if picture else ""),
            )
        )
    heads = [element("th", "", head) for head in ("Prompt", "Picture", "What", "Why")]
    more = len(lost) - len(rows)
    yield element("h3", "", f"Not made: {len(lost)}")
    yield _folded(
        "Show the list",
        element("table", "list", element("thead", "", *heads), element("tbody", "", *rows)),
        *([element("p", "", f"and {more} more")] if more else []),
    )


def _standings(result: BenchmarkResult) -> Iterator[Html]:
    found = [
        (measure, key, lines)
        for measure in result.headlines
        for key, lines in tables.standing(result, measure).items()
    ]
    if not found:
        return
    yield element("h3", "", "Published numbers")
    if not result.is_official:
        yield element(
            "p",
            "",
            "For orientation. This run is not ranked among them, because ",
            said("span", "", "; ".join(result.reasons)),
            ".",
        )
    for measure, key, lines in found:
        source = published.sources()[key]
        rows = []
        for row, text in lines:
            rows.append(
                element(
                    "tr",
                    "us" if row is None else "" if result.is_official else "alien",
                    element("th", "", row.model if row else "This run"),
                    element("td", "num", text),
                    element("td", "", row.remark if row else ""),
                )
            )
        yield _folded(
            f"{measure.title}: {source.origin}, {source.date} ({source.kind})",
            element("table", "list", element("tbody", "", *rows)),
        )


def _data(result: BenchmarkResult) -> Iterator[Html]:
    digest = element("code", "", result.data)
    yield element("h3", "", "Data")
    rows = [
        element(
            "tr", "", said("th", "", one.name), element("td", "", element("code", "", one.value))
        )
        for one in result.files
    ]
    yield element(
        "p",
        "",
        f"Version {result.version} of the description, licence: {result.licence}, ",
        said("span", "", result.homepage),
        ".",
        *([element("span", "", " Digest of the prompts: ", digest)] if result.data else []),
    )
    if rows:
        yield _folded(
            "SHA-256 of the prompt files", element("table", "list", element("tbody", "", *rows))
        )


def _folded(summary: str, *children: Html) -> Html:
    return element("details", "folded", element("summary", "", summary), *children)
