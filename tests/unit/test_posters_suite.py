"""The readers see what is right, and every mark can be missed."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from glm_image.cli import evaluate_posters
from glm_image.cli.main import main
from glm_image.data import fonts
from glm_image.data.draw import Pixels, render
from glm_image.data.grids import full_grid
from glm_image.data.scene import Background, Box, Place, Scene, ShapeGroup, TextLine
from glm_image.errors import InputError
from glm_image.evaluation.posters import held_out, report, suite
from glm_image.evaluation.posters.found import Found
from glm_image.evaluation.posters.grid import Entry, sheet, wrap
from glm_image.evaluation.posters.held_out import Case
from glm_image.evaluation.posters.marks import all_right, marks_of
from glm_image.evaluation.posters.pixels import letters_only, look
from glm_image.evaluation.posters.suite import Drawing, Report, see
from glm_image.evaluation.posters.tokens import read_codes
from glm_image.evaluation.readers.ocr import OcrReader, ReadLine

pytestmark = pytest.mark.skipif(
    not all(fonts.available(faces) for faces in (fonts.SANS, fonts.SERIF, fonts.CHINESE)),
    reason="pictures need the fonts of fonts-dejavu and fonts-noto-cjk",
)

STAR = ShapeGroup(
    kind="star",
    colour="yellow",
    size=2,
    place=Place(row="bottom", column="center"),
    boxes=tuple(Box(row=5, column=column, height=2, width=2) for column in (1, 4)),
)
SALE = TextLine(
    text="SALE",
    colour="white",
    scale=1,
    place=Place(row="top", column="left"),
    box=Box(row=1, column=0, height=1, width=4),
)
SCENE = Scene(
    rows=8,
    columns=8,
    background=Background(kind="plain", colour="blue"),
    shapes=(STAR,),
    texts=(SALE,),
)


class Knowing:
    """Reads what it was told, whatever the picture shows."""

    def __init__(self, *texts: str) -> None:
        self.texts = texts

    def read(self, pixels: Pixels) -> list[ReadLine]:
        return [ReadLine(text=text, top=0.0, left=0.0) for text in self.texts]


class Perfect:
    """Draws exactly what is expected."""

    def draw(self, case: Case, codes: Tensor | None) -> Drawing:
        return Drawing(pixels=render(case.expected), codes=self.write(case))

    def write(self, case: Case) -> Tensor:
        return torch.from_numpy(full_grid(case.expected))

    def reconstruct(self, pixels: Pixels) -> Pixels:
        return pixels


class Blank(Perfect):
    """Draws an empty picture of the wrong colour."""

    def draw(self, case: Case, codes: Tensor | None) -> Drawing:
        return Drawing(pixels=render(self._empty(case)), codes=self.write(case))

    def write(self, case: Case) -> Tensor:
        return torch.from_numpy(full_grid(self._empty(case)))

    def reconstruct(self, pixels: Pixels) -> Pixels:
        return np.zeros_like(pixels)

    def _empty(self, case: Case) -> Scene:
        wrong = "gray" if case.expected.background.colour != "gray" else "black"
        background = Background(kind="plain", colour=wrong)
        return replace(case.expected, background=background, shapes=(), texts=())


def measure(painter: Perfect, *rows: str) -> Report:
    cases = (*held_out.drawings(3), *held_out.edits(2))
    return suite.run(painter, Knowing(), cases, rows, lambda row, case: None)


def missed(drawn: Scene, *texts: str) -> set[str]:
    """Marks that a picture of another scene misses, with the texts that are read in it."""
    marks = marks_of(SCENE, see(render(drawn), Knowing(*texts)))
    assert all_right(marks) == all(
        mark.value == 1 or "strict" in mark.metric or "NED" in mark.metric for mark in marks
    )
    return {mark.metric for mark in marks if mark.value < 1}


# ------------------------------------------------------------------------- readers


def test_everything_is_seen_in_true_pictures() -> None:
    for case in (*held_out.drawings(12), *held_out.edits(4)):
        scene = case.expected
        texts = [line.text for line in scene.texts]
        marks = marks_of(scene, see(render(scene), Knowing(*texts)))
        assert [mark.metric for mark in marks if mark.value < 1] == [], case.name


def test_the_reader_reads_true_pictures() -> None:
    reader = OcrReader()
    for case in held_out.drawings(4):
        found = see(render(case.expected), reader)
        assert all_right(marks_of(case.expected, found)), (case.name, found.texts)


def test_the_reader_is_not_shown_shapes() -> None:
    cleaned = letters_only(render(replace(SCENE, texts=())))
    assert (cleaned == cleaned[0, 0]).all()


def test_codes_say_what_the_scene_shows() -> None:
    for case in (*held_out.drawings(), *held_out.edits()):
        marks = marks_of(case.expected, read_codes(torch.from_numpy(full_grid(case.expected))))
        assert [mark.metric for mark in marks if mark.value < 1] == [], case.name


def test_unused_codes_show_nothing() -> None:
    found = read_codes(torch.full((8, 8), 8191))
    assert found == Found(background=None, shapes=(), lines=(), texts=())


def test_half_a_shape_in_codes_is_none() -> None:
    codes = torch.from_numpy(full_grid(SCENE))
    codes[5] = codes[0, 0]
    assert read_codes(codes).shapes == ()
    assert read_codes(codes).texts == ("SALE",)


# --------------------------------------------------------------------------- marks


def test_a_true_picture_misses_nothing() -> None:
    assert missed(SCENE, "SALE") == set()


@pytest.mark.parametrize("change", [{"kind": "striped"}, {"colour": "purple"}])
def test_another_background_is_noticed(change: dict[str, str]) -> None:
    wrong = replace(SCENE, background=replace(SCENE.background, **change))
    assert missed(wrong, "SALE") == {"background"}


@pytest.mark.parametrize(
    ("change", "metrics"),
    [
        ({"kind": "heart"}, {"shape kind", "shape colour", "shape place", "count"}),
        ({"colour": "red"}, {"shape colour"}),
        ({"boxes": (Box(row=5, column=3, height=2, width=2),)}, {"shape place", "count"}),
        ({"boxes": tuple(replace(box, row=3) for box in STAR.boxes)}, {"shape place"}),
        (
            {"boxes": (*STAR.boxes, Box(row=2, column=6, height=2, width=2))},
            {"count", "nothing extra"},
        ),
    ],
    ids=["kind", "colour", "one missing", "place", "one too many"],
)
def test_wrong_shapes_are_noticed(change: dict[str, object], metrics: set[str]) -> None:
    wrong = replace(SCENE, shapes=(replace(STAR, **change),))  # type: ignore[arg-type]
    assert missed(wrong, "SALE") == metrics


def test_another_shape_is_extra() -> None:
    ring = replace(STAR, kind="ring", boxes=(Box(row=0, column=6, height=2, width=2),))
    assert missed(replace(SCENE, shapes=(STAR, ring)), "SALE") == {"nothing extra"}


@pytest.mark.parametrize(
    ("change", "metrics"),
    [
        ({"colour": "red"}, {"text colour"}),
        ({"box": replace(SALE.box, row=3)}, {"text place", "text colour"}),
    ],
    ids=["colour", "place"],
)
def test_wrong_letters_are_noticed(change: dict[str, object], metrics: set[str]) -> None:
    wrong = replace(SCENE, texts=(replace(SALE, **change),))  # type: ignore[arg-type]
    assert missed(wrong, "SALE") == metrics


@pytest.mark.parametrize(
    ("texts", "metrics"),
    [
        (("sale",), {"text strict en", "text NED en"}),
        (("SAFE",), {"text strict en", "text loose en", "text NED en"}),
        ((), {"text strict en", "text loose en", "text NED en"}),
        (("SALE", "NOW"), {"nothing extra"}),
    ],
    ids=["case", "letter", "nothing", "too much"],
)
def test_wrong_readings_are_noticed(texts: tuple[str, ...], metrics: set[str]) -> None:
    assert missed(SCENE, *texts) == metrics


# --------------------------------------------------------------------------- suite


def test_every_figure_of_a_blank_picture_is_zero() -> None:
    result = measure(Blank(), "vae", "true-tokens", "tokens-only")
    for row, figures in result.figures.items():
        assert {"background", "shape kind", "text loose en", "edits"} <= set(figures)
        wrong = {metric: figure.value for metric, figure in figures.items()}
        # Nothing at all is at least not too much.
        assert wrong.pop("nothing extra") == 1
        assert not any(wrong.values()), (row, wrong)


def test_every_figure_of_perfect_codes_is_one() -> None:
    result = measure(Perfect(), "tokens-only")
    assert all(figure.value == 1 for figure in result.figures["tokens-only"].values())


def test_a_case_is_drawn_once_for_all_rows() -> None:
    class Counting(Perfect):
        calls = 0

        def draw(self, case: Case, codes: Tensor | None) -> Drawing:
            self.calls += 1
            return super().draw(case, codes)

    painter = Counting()
    measure(painter, "tokens-only", "system")
    assert painter.calls == 5
    measure(painter, "tokens-only")
    assert painter.calls == 5


@pytest.mark.parametrize("rows", [[], ["sytem"], ["truth", "truth"]])
def test_wrong_rows_are_refused(rows: list[str]) -> None:
    with pytest.raises(InputError, match="true-tokens"):
        measure(Perfect(), *rows)


def test_no_cases_are_refused() -> None:
    with pytest.raises(InputError, match="no cases"):
        suite.run(Perfect(), Knowing(), (), ("truth",), lambda row, case: None)


# ------------------------------------------------------------------- the command line


@pytest.fixture
def perfect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate_posters, "_painter", lambda flags: Perfect())


@pytest.mark.usefixtures("perfect")
def test_the_command_measures(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    words = "evaluate nano --count 1 --edits 1 --steps 2 --rows truth,tokens-only --output"
    assert main([*words.split(), str(tmp_path)]) == 0
    out, err = capfd.readouterr()
    assert out.split() == [str(tmp_path / "report.json"), str(tmp_path / "report.md")]
    assert "all right" in err and "100%" in err
    content = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert content["settings"] == {"model": "bundled", "prompts": 1, "edits": 1, "steps": 2}


@pytest.mark.usefixtures("perfect")
def test_the_command_prints_json_alone(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    words = "evaluate nano --count 1 --edits 0 --rows tokens-only --json --quiet --output"
    assert main([*words.split(), str(tmp_path)]) == 0
    out, err = capfd.readouterr()
    printed = json.loads(out)
    assert printed["figures"]["tokens-only"]["all right"]["value"] == 1
    assert err == ""
    words = "evaluate sheet --count 1 --edits 0 --json --quiet --output"
    assert main([*words.split(), str(tmp_path)]) == 0
    assert json.loads(capfd.readouterr().out) == {"sheets": [str(tmp_path / "drawings.png")]}


@pytest.mark.usefixtures("perfect")
def test_the_command_draws_sheets(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "sheet", "--count", "2", "--edits", "1", "-o", str(tmp_path)]) == 0
    assert capfd.readouterr().out.split() == [
        str(tmp_path / "drawings.png"),
        str(tmp_path / "edits.png"),
    ]
    with Image.open(tmp_path / "drawings.png") as drawings, Image.open(tmp_path / "edits.png") as e:
        assert drawings.width == e.width + 12


@pytest.mark.parametrize(
    ("flag", "value"), [("--rows", "sytem"), ("--count", "101"), ("--edits", "41")]
)
def test_the_command_refuses(flag: str, value: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "nano", flag, value]) == 2
    assert "fix:" in capfd.readouterr().err


def test_the_command_refuses_no_steps(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "nano", "--steps", "0", "--count", "1"]) == 2
    assert "--steps" in capfd.readouterr().err


# ----------------------------------------------------------------- reports and sheets


def test_a_report_is_written_whole(tmp_path: Path) -> None:
    result = measure(Perfect(), "truth", "tokens-only")
    paths = report.save(result, {"model": "perfect"}, tmp_path / "new")
    content = json.loads(paths[0].read_text(encoding="utf-8"))
    assert content["settings"] == {"model": "perfect"}
    assert content["figures"]["truth"]["background"]["value"] == 1
    assert len(content["cases"]) == 10
    # Nothing is read here, so what is missed is texts alone.
    wrong = {metric for case in content["cases"] for metric in case["wrong"]}
    assert wrong and all(metric.startswith("text") for metric in wrong)
    table = paths[1].read_text(encoding="utf-8").splitlines()
    assert table[0] == "| metric | cases | truth | tokens-only |"
    assert "| background | 3 | 1.00 [1.00, 1.00] | 1.00 [1.00, 1.00] |" in table
    assert len(report.to_table(result).rows) == len(table) - 2


def test_a_sheet_holds_every_picture_and_all_words() -> None:
    red = Image.new("RGB", (64, 64), (255, 0, 0))
    entries = [Entry(images=(red, red), caption="make it blue 把它变蓝 " * 6) for _ in range(3)]
    page = np.asarray(sheet(entries, columns=2))
    pure = (page == np.asarray((255, 0, 0))).all(axis=-1).sum()
    assert pure == 3 * 2 * 256 * 256
    longer = [*entries, replace(entries[0], caption=entries[0].caption * 4)]
    assert sheet(longer, columns=2).height > len(page)


def test_wrapped_lines_fit_and_lose_nothing() -> None:
    font = fonts.load(fonts.CHINESE, 13)
    text = "put the big red text “SALE” 在左上角画一颗黄色的星星 at the top"
    lines = wrap(text, font, 90)
    assert all(font.getlength(line) <= 90 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_an_empty_picture_has_no_things() -> None:
    found = look(render(replace(SCENE, shapes=(), texts=())))
    assert found.background == SCENE.background
    assert found.shapes == () and found.lines == ()
