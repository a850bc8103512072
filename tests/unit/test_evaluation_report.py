"""The HTML report: nothing that strangers wrote can act in it."""

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from glm_image.evaluation import catalogue, results, scored
from glm_image.evaluation.report import choosing, html, marks
from glm_image.evaluation.report.markup import element, escape, join
from glm_image.evaluation.report.thumbnails import thumbnail
from glm_image.evaluation.scorers import registry
from glm_image.evaluation.scores import SampleScore, Value
from scored_run import make

HOSTILE = (
    "<script>alert(1)</script> \"><img src=x onerror=alert(2)> ' & </style> <!-- {{x}} "
    "javascript:1 \u202e\u0000\u001b"
)
VOID = {"meta", "img", "br", "hr"}


class Page(HTMLParser):
    """Elements and attributes of a page; every element is closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def page(folder: Path) -> str:
    run = scored.read(folder)
    benchmarks = {name: catalogue.get(name) for name in run.benchmarks}
    cards = {name: registry.scorer_of(one).scorecard(one) for name, one in benchmarks.items()}
    return html.to_html(results.build(run, benchmarks, cards), run, cards)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("hostile") / "run"
    made = make(folder, prompts=31, failed=2, hostile=HOSTILE, model=HOSTILE)
    return page(made)


def test_text_of_strangers_is_text(hostile: str) -> None:
    read = Page(hostile)
    assert not read.open
    assert not {"script", "iframe", "object", "link", "form", "base"} & set(read.tags)
    assert not [one for one in read.attributes if one[1].startswith("on")]
    assert any("<script>alert(1)</script>" in text for text in read.texts)
    assert "\u0000" not in hostile and "\u001b" not in hostile


def test_nothing_is_fetched(hostile: str) -> None:
    read = Page(hostile)
    sources = [value for _, name, value in read.attributes if name in ("src", "srcset", "data")]
    assert sources and all(value.startswith("data:image/webp;base64,") for value in sources)
    links = [value for _, name, value in read.attributes if name == "href"]
    assert links and all(value.startswith("#") for value in links)
    anchors = {value for _, name, value in read.attributes if name == "id"}
    assert {link[1:] for link in links} <= anchors
    style = hostile[hostile.index("<style>") : hostile.index("</style>")]
    assert "url(" not in style and "@import" not in style and "prefers-color-scheme" in style


def test_pictures_have_words_and_numbers_have_places(hostile: str) -> None:
    read = Page(hostile)
    images = read.tags.count("img")
    assert images == read.texts.count("Read") + 29
    assert len([one for one in read.attributes if one[:2] == ("img", "alt")]) == images
    assert "The 24 worst by word accuracy" in read.texts and "12 at random" in read.texts
    assert "Not made: 2" in read.texts and "out of memory" in read.texts


def test_small_counts_are_bold_in_the_page(tmp_path: Path) -> None:
    read = page(make(tmp_path / "run", prompts=12))
    assert '<b class="few" title="fewer than 30 prompts">12</b>' in read


def test_published_numbers_are_grey(tmp_path: Path) -> None:
    folder = make(tmp_path / "run", prompts=2)
    assert '<td class="num alien">0.9116</td>' in page(folder)
    header = folder / "scores" / "cvtg-2k.json"
    facts = json.loads(header.read_text(encoding="utf-8"))
    benchmark = catalogue.get("cvtg-2k")
    facts |= {"official_reader": True, "subset": None, "items": benchmark.prompts}
    header.write_text(json.dumps(facts), encoding="utf-8")
    assert '<td class="num alien">0.9116</td>' in page(folder), "most pictures are missing"


def test_a_page_without_pictures_is_still_one(tmp_path: Path) -> None:
    folder = make(tmp_path / "run", prompts=3)
    for path in (folder / "images").rglob("*.png"):
        path.write_bytes(b"no picture")
    assert "no picture that can be read" in page(folder)


def test_files_outside_of_the_run_are_not_shown(tmp_path: Path) -> None:
    folder = make(tmp_path / "run", prompts=1)
    outside = make(tmp_path / "other", prompts=1)
    secret = next((outside / "images").rglob("*.png"))
    manifest = folder / "manifest.jsonl"
    line = json.loads(manifest.read_text(encoding="utf-8"))
    line["file"] = f"../other/{secret.relative_to(outside)}"
    manifest.write_text(json.dumps(line) + "\n", encoding="utf-8")
    read = scored.read(folder).benchmarks["cvtg-2k"]
    assert [picture.file for picture in read.pictures.values()] == [None]


def test_escape_leaves_no_way_out() -> None:
    assert escape("<a href='x'>\"&\x00") == "&lt;a href=&#x27;x&#x27;&gt;&quot;&amp;\ufffd"
    built = element("td", 'a"b', "<i>", element("b", "", "&"), attributes={"title": '">'})
    assert built.text == '<td class="a&quot;b" title="&quot;&gt;">&lt;i&gt;<b>&amp;</b></td>'
    assert join("<", element("br", "")).text == "&lt;<br>"


def score(expected: tuple[str, ...], read: tuple[str, ...], **detail: object) -> SampleScore:
    return SampleScore(
        item="a",
        sample=1,
        status="ok",
        tags={},
        values={"hits": Value(value=0.5)},
        expected=expected,
        read=read,
        detail=detail,
    )


def test_a_read_word_serves_one_wanted_word() -> None:
    first, second = marks.mark(score(("OPEN now", "open"), ("now", "Open")))
    assert first.hit and not second.hit
    assert second.pieces == (("open", False),)


def test_chinese_is_marked_by_character() -> None:
    (one,) = marks.mark(score(("北京欢迎你",), ("京北你",)))
    assert [found for _, found in one.pieces] == [True, True, False, False, True]


def test_what_the_scorer_says_holds() -> None:
    (one,) = marks.mark(score(("word",), ("else",), hits=[True]))
    assert one.hit and one.pieces == (("word", False),)
    asked = marks.mark(score(("Is it red?", "Is it big?"), ("yes", "no"), hits=[True, False]))
    assert [(one.hit, one.answer) for one in asked] == [(True, "yes"), (False, "no")]


def test_the_worst_come_first_and_chance_is_always_the_same(tmp_path: Path) -> None:
    run = scored.read(make(tmp_path / "run", prompts=30, failed=2)).benchmarks["cvtg-2k"]
    benchmark = catalogue.get("cvtg-2k")
    card = registry.scorer_of(benchmark).scorecard(benchmark)
    metric = card.metrics[0]
    worst = choosing.worst(run.samples, metric, 24)
    values = [one.values[metric.value].value for one in worst]
    assert values == sorted(values) and len(worst) == 24
    assert all(one.status == "ok" for one in worst)
    some = choosing.by_chance(run.samples, 12)
    assert some == choosing.by_chance(run.samples[::-1], 12) and len(some) == 12


def test_a_thumbnail_keeps_its_shape(tmp_path: Path) -> None:
    from PIL import Image

    path = tmp_path / "wide.png"
    Image.new("RGBA", (800, 400), "#ff000080").save(path)
    small = thumbnail(path, 200)
    assert small is not None and (small.width, small.height) == (200, 100)
    assert thumbnail(tmp_path / "none.png", 200) is None and thumbnail(None, 200) is None


@pytest.mark.parametrize("name", catalogue.names())
def test_every_benchmark_can_be_reported(name: str, tmp_path: Path) -> None:
    """With all of its metrics, with one value of each, and with none."""
    benchmark = catalogue.get(name)
    card = registry.scorer_of(benchmark).scorecard(benchmark)
    tags = [dict(metric.within) for metric in card.metrics] or [{}]
    levels = {level: "x" for metric in card.metrics for level in metric.levels if level != "item"}
    names = [metric.value for metric in card.metrics if metric.value]
    folder = make(tmp_path / "run", name=name, prompts=len(tags), samples=benchmark.samples)
    path = folder / "scores" / f"{name}.samples.jsonl"
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for number, line in enumerate(lines):
        line["tags"] = levels | tags[number % len(tags)]
        line["values"] = {one: {"value": number % 2, "weight": 2} for one in names}
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    text = page(folder)
    measured = [metric for metric in card.metrics if f">{metric.title}" in text]
    assert len(measured) == len(card.metrics)
    assert not Page(text).open
    for line in lines:
        line["values"] = {}
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    assert "Nothing was measured" in page(folder)
