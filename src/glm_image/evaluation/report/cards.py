"""Sheets of pictures: with all there is to say about each, or at a glance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from glm_image.evaluation.report import tables
from glm_image.evaluation.report.marks import Marked, answered, mark
from glm_image.evaluation.report.markup import Html, element, said
from glm_image.evaluation.report.thumbnails import thumbnail
from glm_image.evaluation.scored import Picture
from glm_image.evaluation.scores import Metric, SampleScore

_SIDE = 360
_SMALL_SIDE = 112
_SHORT = 150
_GOOD, _FAIR = 0.9, 0.5


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What is needed to show the pictures of a benchmark.

    Attributes:
        pictures: By prompt and number.
        metric: That scores are told by; None tells none.
        scale: Factor from our numbers to printed ones.
    """

    pictures: Mapping[tuple[str, int], Picture]
    metric: Metric | None
    scale: int


def sheet(samples: Sequence[SampleScore], shown: Shown) -> Html:
    """Pictures with what was wanted, what was read, and marks."""
    return element("div", "cards", *(_card(one, shown) for one in samples))


def wall(samples: Sequence[SampleScore], shown: Shown) -> Html:
    """Small pictures, each with a stripe that tells its score."""
    return element("div", "wall", *(_brick(one, shown) for one in samples))


def _brick(score: SampleScore, shown: Shown) -> Html:
    picture = shown.pictures.get((score.item, score.sample))
    words = f"{score.item}, {_score(score, shown)}"
    small = thumbnail(picture.file if picture else None, _SMALL_SIDE)
    content = element("span", "none", "?")
    if small is not None:
        size = {"width": str(small.width), "height": str(small.height)}
        content = element("img", "", attributes={"src": small.uri, "alt": words, **size})
    return element("span", f"brick {_level(score, shown)}", content, attributes={"title": words})


def _card(score: SampleScore, shown: Shown) -> Html:
    prompt = score.detail.get("prompt", "")
    asked = answered(score)
    parts = [
        element(
            "header",
            "",
            said(
                "span", "id", f"{score.item}" + (f" · {score.sample}" if score.sample > 1 else "")
            ),
            element("span", f"score {_level(score, shown)}", _score(score, shown)),
        )
    ]
    if isinstance(prompt, str) and prompt:
        parts.append(_prompt(prompt))
    marked = mark(score)
    if marked:
        parts.append(element("h5", "", "Asked and answered" if asked else "Wanted"))
        parts.append(element("ul", "wanted", *(_wanted(one) for one in marked)))
    if not asked:
        parts.append(element("h5", "", "Read"))
        lines = [said("li", "", line) for line in score.read]
        parts.append(element("ul", "read", *(lines or [element("li", "nothing", "nothing")])))
    failed = score.detail.get("failed")
    if isinstance(failed, list) and failed:
        words = ", ".join(str(one) for one in failed)
        parts.append(element("p", "wrong", element("span", "no", "✗ "), "not right: ", words))
    return element("article", "card", _picture(score, shown), element("div", "facts", *parts))


def _picture(score: SampleScore, shown: Shown) -> Html:
    picture = shown.pictures.get((score.item, score.sample))
    small = thumbnail(picture.file if picture else None, _SIDE)
    if small is None:
        return element("div", "frame none", "no picture that can be read")
    size = {"width": str(small.width), "height": str(small.height)}
    words = {"src": small.uri, "alt": f"Picture {score.sample} of {score.item}", **size}
    return element("div", "frame", element("img", "", attributes=words))


def _prompt(prompt: str) -> Html:
    if len(prompt) <= _SHORT:
        return said("p", "prompt", prompt)
    return element(
        "details",
        "prompt",
        said("summary", "", prompt[:_SHORT].rsplit(" ", 1)[0] + " …"),
        said("p", "", prompt),
    )


def _wanted(one: Marked) -> Html:
    sign, css = ("✓", "yes") if one.hit else ("✗", "no")
    said_so = "found" if one.hit else "not found"
    pieces = [
        piece if found else element("span", "lost", piece, attributes={"title": "not read"})
        for piece, found in one.pieces
    ]
    return element(
        "li",
        "",
        element("span", css, sign, attributes={"role": "img", "aria-label": said_so}),
        element("span", "", *pieces, attributes={"dir": "auto"}),
        *([element("em", "answer", one.answer)] if one.answer else []),
    )


def _score(score: SampleScore, shown: Shown) -> str:
    if shown.metric is None or shown.metric.value not in score.values:
        return tables.NONE
    return tables.number(score.values[shown.metric.value].value, shown.scale)


def _level(score: SampleScore, shown: Shown) -> str:
    """Class of a score by how good it is; none where it is no share."""
    metric = shown.metric
    if metric is None or not metric.higher_is_better or metric.value not in score.values:
        return "plain"
    value = score.values[metric.value].value
    return "good" if value >= _GOOD else "fair" if value >= _FAIR else "poor"
