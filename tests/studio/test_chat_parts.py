"""What the chat and batches compute, asked of the modules themselves in a page."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import Visits
from playwright.sync_api import Browser, Page
from serving_rig import running

from glm_image.data import palette
from glm_image.data.characters import ALL
from glm_image.data.chinese import CHINESE
from glm_image.data.english import ENGLISH


@pytest.fixture(scope="module")
def page(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """One page for all: nothing here changes it."""
    folder: Path = tmp_path_factory.mktemp("parts")
    with running(folder, keys=False) as rig:
        visits = Visits(browser)
        yield visits.open(rig.url)
        visits.close()


def ask(page: Page, module: str, expression: str, *given: Any) -> Any:
    """The value of an expression of a module `m` and given values `a`, `b`..."""
    return page.evaluate(
        f"""async ([{", ".join("abc"[: len(given)])}]) => {{
            const m = await import('./studio/scripts/chat/{module}.js');
            return {expression};
        }}""",
        list(given),
    )


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("make ① red", "make the first picture red"),
        ("put ② into ①.", "put the second picture into the first picture."),
        ("把①的星星放到②里", "把第一张图的星星放到第二张图里"),
        ("no sign", "no sign"),
        ("⑯", "the sixteenth picture"),
    ],
)
def test_signs_become_words(page: Page, written: str, sent: str) -> None:
    assert ask(page, "named", "m.named(a)", written) == sent


def test_signs_without_a_picture_are_found(page: Page) -> None:
    assert ask(page, "named", "m.unknownMarks(a, 1)", "① ② ② ③") == ["②", "③"]
    assert ask(page, "named", "m.withoutMark(a, 1)", "① ② ③") == "①  ②"


def test_branches_of_a_conversation(page: Page) -> None:
    turns = [
        {"id": name, "parent_id": parent, "role": "user", "text": "", "created": place}
        for place, (name, parent) in enumerate(
            [("a", None), ("b", "a"), ("c", "b"), ("d", "b"), ("e", "d"), ("f", None)]
        )
    ]
    path = "new m.Tree(a).path(b).map((turn) => turn.id)"
    assert ask(page, "tree", path, turns, "e") == ["a", "b", "d", "e"]
    assert ask(page, "tree", "new m.Tree(a).tip(b)", turns, "b") == "e"
    assert ask(page, "tree", "new m.Tree(a).latest", turns) == "f"
    beside = "new m.Tree(a).siblings(a[2]).map((turn) => turn.id)"
    assert ask(page, "tree", beside, turns) == ["c", "d"]
    beginnings = "new m.Tree(a).siblings(a[0]).map((turn) => turn.id)"
    assert ask(page, "tree", beginnings, turns) == ["a", "f"]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a,b\n1,2", [["a", "b"], ["1", "2"]]),
        ('"a ""b""",c\r\n', [['a "b"', "c"]]),
        ('"two\nlines",x\n3,4', [["two\nlines", "x"], ["3", "4"]]),
        ("a,\n", [["a", ""]]),
        ('it is 5" wide,x', [['it is 5" wide', "x"]]),
        ("", []),
    ],
)
def test_tables_are_read(page: Page, text: str, rows: list[list[str]]) -> None:
    assert ask(page, "rows", "m.parseCsv(a).map((row) => row.cells)", text) == rows


def test_what_is_written_is_read_again(page: Page) -> None:
    rows = [["a", 'b "c"', "d,e"], ["two\nlines", "", "5"]]
    again = "m.parseCsv(m.writeCsv(a).slice(1)).map((row) => row.cells)"
    assert ask(page, "rows", again, rows) == rows
    assert ask(page, "rows", "m.writeCsv([[a]]).trim()", "=1+1") == "'=1+1"


def test_a_sentence_with_commas_is_no_table(page: Page) -> None:
    sheet = ask(page, "rows", "m.readSheet(a, null)", "a prompt, of words\nanother, one")
    assert [row["request"]["prompt"] for row in sheet["rows"]] == [
        "a prompt, of words",
        "another, one",
    ]
    assert ask(page, "rows", "m.readSheet(a, null).isTable", "prompt;size\na;") is True


def test_more_rows_than_are_taken(page: Page) -> None:
    sheet = ask(page, "rows", "m.readSheet(a, null)", "x\n" * 503)
    assert (len(sheet["rows"]), sheet["left"]) == (500, 3)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1, 2,2", ["1", "2"]),
        ("1..4", ["1", "2", "3", "4"]),
        ("10..50/20", ["10", "30", "50"]),
        ("0.5..0.1/0.2", ["0.5", "0.3", "0.1"]),
        ("红、蓝，绿", ["红", "蓝", "绿"]),
        ("", []),
    ],
)
def test_values_of_an_axis(page: Page, text: str, values: list[str]) -> None:
    assert ask(page, "sweep", "m.readValues(a)", text) == values


def test_sizes_that_are_larger_keep_the_shape(page: Page) -> None:
    model = {"min_side": 192, "max_side": 384, "multiple": 32}
    found = ask(page, "enlarge", "m.larger(a, b)", {"width": 256, "height": 256}, model)
    assert [(one["width"], one["height"]) for one in found] == [(320, 320), (384, 384)]
    wide = ask(page, "enlarge", "m.larger(a, b)", {"width": 384, "height": 256}, model)
    assert wide == []


def test_a_picture_lies_within_its_canvas(page: Page) -> None:
    place = ask(
        page,
        "enlarge",
        "m.placed(a, b, 1, [1, 0])",
        {"width": 1000, "height": 500},
        {"width": 384, "height": 384},
    )
    assert place == {"x": 0, "y": 0, "width": 384, "height": 192}


def test_soft_edges_lose_nothing(page: Page) -> None:
    field = [0] * 400 + [255] * 400
    soft = ask(page, "painted", "[...m.blurred(Uint8ClampedArray.from(a), 20, 40, 8)]", field)
    assert soft[0] == 0 and soft[-1] == 255
    assert all(later >= earlier for earlier, later in zip(soft[10::20], soft[30::20], strict=False))
    assert 100 < soft[20 * 20 + 10] < 160


def test_posters_are_worded_as_the_model_was_taught(page: Page) -> None:
    tables = ask(page, "scenes", "[m.PLACES, m.SHAPES, m.GROUNDS, m.COLOURS]")
    places, shapes, grounds, colours = tables
    for language, book in enumerate((ENGLISH, CHINESE)):
        assert all(words[language] in book.places[name] for name, words in places.items())
        assert all(words[language] in book.shapes[name] for name, words in shapes.items())
        assert all(words[language] in book.backgrounds[name] for name, words in grounds.items())
    assert set(colours) == set(palette.NAMES)
    assert all(words[1] in CHINESE.colours[name] for name, words in colours.items())


@pytest.mark.parametrize("language", ["en", "zh"])
def test_posters_begin_with_texts_that_the_model_can_write(page: Page, language: str) -> None:
    scenes = ask(
        page,
        "examples",
        "(await import('./studio/scripts/chat/scenes.js')).POSTERS.map("
        "(one) => m.posterScene(one, a))",
        language,
    )
    for scene in scenes:
        ground = scene["colour"]
        for thing in scene["things"]:
            assert palette.contrast(ground, thing["colour"])
            if "text" in thing:
                assert 1 <= len(thing["text"]) <= 8
                assert set(thing["text"]) <= set(ALL)


@pytest.mark.parametrize(
    ("text", "large", "big"),
    [("OPEN", True, True), ("CLOSED", True, False), ("开门", True, False), ("OPEN", False, False)],
)
def test_big_letters_are_short_and_latin(page: Page, text: str, large: bool, big: bool) -> None:
    thing = {"text": text, "large": large, "colour": "red", "place": "top center"}
    scene = {"ground": "plain", "colour": "white", "things": [thing]}
    words = ask(page, "scenes", "m.describe(a, 'en')", scene)
    size = "big red" if big else "red"
    assert words == f'a poster with a plain white background, "{text}" at the top in {size} letters'
