"""The report as one HTML file that needs no other file, no script and no network."""

from collections.abc import Mapping, Sequence
from importlib import resources

from glm_image.evaluation import published
from glm_image.evaluation.published import Row
from glm_image.evaluation.report import bars, tables
from glm_image.evaluation.report.markup import SCROLLS, Html, Node, element, escape, join, said
from glm_image.evaluation.report.section import section, slug, tag_list
from glm_image.evaluation.report.tables import Headline
from glm_image.evaluation.results import Results
from glm_image.evaluation.scored import ScoredRun
from glm_image.evaluation.scores import Scorecard

_FIRST_SETTINGS = ("steps", "guidance", "temperature", "quotes", "dtype")
_HEADS = ("Benchmark", "This run", "95 % interval")
_PUBLISHED_HEADS = ("GLM-Image", "Best open", "Best closed")
_LAST_HEADS = ("Ceiling", "Prompts", "Not made")


def to_html(results: Results, run: ScoredRun, cards: Mapping[str, Scorecard]) -> str:
    """The page.

    Args:
        results: Numbers.
        run: Scores and pictures of single prompts.
        cards: What is measured, by benchmark.
    """
    style = resources.files(__package__).joinpath("style.css").read_text(encoding="utf-8")
    title = f"Evaluation of {results.model}"
    sections = [
        section(result, run.benchmarks[result.name], cards[result.name])
        for result in results.benchmarks
    ]
    body = join(
        element("a", "skip", "To the results", attributes={"href": "#results"}),
        element("header", "top", _masthead(results), _contents(results)),
        element("main", "", _overview(results), *sections, _settings(results)),
        element(
            "footer",
            "",
            "Made by ",
            element("code", "", "glm-image evaluate report"),
            f". Intervals: {results.draws} resamplings of prompts with all of their pictures, "
            f"percentiles, seed {results.seed}. Settings hash ",
            element("code", "", results.settings_hash),
            ".",
        ),
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "img-src data:; style-src 'unsafe-inline'\">\n"
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n"
        f"<body>\n{body.text}\n</body>\n</html>\n"
    )


def _masthead(results: Results) -> Html:
    settings = {one.name: one.value for one in results.settings}
    facts = [f"{name} {settings[name]}" for name in _FIRST_SETTINGS if name in settings]
    if "width" in settings and "height" in settings:
        facts.insert(0, f"{settings['width']} × {settings['height']} pixels")
    made = sum(one.counts.ok for one in results.benchmarks)
    expected = sum(one.counts.expected for one in results.benchmarks)
    state = "complete" if results.complete else "incomplete"
    return element(
        "div",
        "masthead",
        element("p", "kicker", "Evaluation"),
        said("h1", "", results.model),
        element(
            "p",
            "facts",
            element("span", f"state {state}", state),
            element("span", "", f"{made} of {expected} pictures"),
            *(said("span", "", fact) for fact in facts),
        ),
    )


def _contents(results: Results) -> Html:
    links = [("results", "Results")]
    links += [(slug(one.name), one.title) for one in results.benchmarks]
    links += [("settings", "Settings")]
    items = [
        element("li", "", element("a", "", title, attributes={"href": f"#{anchor}"}))
        for anchor, title in links
    ]
    return element(
        "nav", "contents", element("ul", "", *items), attributes={"aria-label": "Contents"}
    )


def _overview(results: Results) -> Html:
    beside = tables.published_beside(results)
    names = (*_HEADS, *(_PUBLISHED_HEADS if beside else ()), *_LAST_HEADS)
    heads = [
        element("th", "" if place == 0 else "num", name, attributes={"scope": "col"})
        for place, name in enumerate(names)
    ]
    group = element(
        "tr",
        "group",
        element("th", "", "", attributes={"colspan": "3"}),
        element("th", "num", "Published by others", attributes={"colspan": "3"}),
        element("th", "", "", attributes={"colspan": "3"}),
    )
    table = element(
        "table",
        "overview",
        element("thead", "", *([group] if beside else []), element("tr", "", *heads)),
        element("tbody", "", *(_row(line, beside=beside) for line in tables.headlines(results))),
    )
    return element(
        "section",
        "",
        element("h2", "", "Results"),
        element("div", "wide", table, attributes=SCROLLS),
        _reading(results, beside=beside),
        attributes={"id": "results"},
    )


def _row(line: Headline, *, beside: bool) -> Html:
    result = line.result
    rows = tables.rows_beside(line) if beside else ()
    css = "num" if result.is_official and not line.measure.proxy else "num alien"
    name = element("a", "", result.title, attributes={"href": f"#{slug(result.name)}"})
    return element(
        "tr",
        "",
        element(
            "th",
            "",
            name,
            element("span", "metric", line.measure.title),
            tag_list(result.tags),
            attributes={"scope": "row"},
        ),
        element("td", "num ours", line.ours),
        element("td", "num interval", line.interval),
        *(element("td", css, *_published(row, line)) for row in rows),
        element("td", "num", tables.ceiling(result, line.measure)),
        element("td", "num", bars.prompts(line.measure.strict.prompts)),
        element("td", "num", tables.not_made(result.counts) or "0"),
    )


def _published(row: Row | None, line: Headline) -> Sequence[Node]:
    if row is None:
        return [tables.NONE]
    text = tables.printed(row, line.measure.published)
    if row.model == published.OURS:
        return [text]
    return [text, element("span", "model", row.model)]


def _reading(results: Results, *, beside: bool) -> Html:
    used = {tag for one in results.benchmarks for tag in one.tags}
    meanings = [
        join(element("dt", "", tag_list((tag,))), element("dd", "", meaning))
        for tag, meaning in tables.TAGS.items()
        if tag in used
    ]
    words = ["Scores are strict: a picture that is not there counts as nothing."]
    if beside and not all(one.is_official for one in results.benchmarks):
        words.append("Grey numbers may not be compared with ours: the tag says why.")
    if beside:
        words.append("Published numbers of a row come from one source, named below.")
    if any(one.ceiling is not None for one in results.benchmarks):
        words.append("The ceiling is what the reader scores on clean renderings of the texts.")
    words.append("Counts of fewer than 30 prompts are bold.")
    return element(
        "aside",
        "reading",
        element("p", "", " ".join(words)),
        element("dl", "tags", *meanings),
    )


def _settings(results: Results) -> Html:
    rows = [
        element("tr", "", said("th", "", one.name), said("td", "", one.value))
        for one in results.settings
    ]
    return element(
        "section",
        "",
        element("h2", "", "Settings"),
        element("table", "pairs", element("tbody", "", *rows)),
        attributes={"id": "settings"},
    )
