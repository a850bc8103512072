"""The rows of the suite, its commands, its reports, sheets and pages."""

import json
from collections.abc import Sequence
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
from glm_image.data.scene import Background, Scene, TextLine
from glm_image.errors import InputError
from glm_image.evaluation.posters import held_out, page, report, suite
from glm_image.evaluation.posters.grid import Entry, sheet, wrap
from glm_image.evaluation.posters.held_out import Case
from glm_image.evaluation.posters.suite import Drawing, Report

pytestmark = pytest.mark.skipif(
    not all(fonts.available(faces) for faces in (fonts.SANS, fonts.SERIF, fonts.CHINESE)),
    reason="pictures need the fonts of fonts-dejavu and fonts-noto-cjk",
)


class Blind:
    """Reads nothing."""

    def read(self, crops: Sequence[Pixels]) -> list[str]:
        return [""] * len(crops)


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
        return replace(
            case.expected, background=background, panels=(), shapes=(), texts=(), arrows=()
        )


def measure(painter: Perfect, *rows: str) -> Report:
    cases = (*held_out.drawings(3), *held_out.edits(2))
    return suite.run(painter, Blind(), cases, rows, lambda row, case: None)


# --------------------------------------------------------------------------- suite


def test_every_figure_of_a_blank_picture_is_zero() -> None:
    result = measure(Blank(), "vae", "true-tokens", "tokens-only")
    for row, figures in result.figures.items():
        assert {"background colour", "shape kind", "text loose en", "edits"} <= set(figures)
        wrong = {metric: figure.value for metric, figure in figures.items()}
        # Nothing at all is at least not too much.
        assert wrong.pop("nothing extra") == 1
        # Some backgrounds are plain.
        del wrong["background kind"]
        assert wrong.pop("untouched PSNR", 0.0) < 20
        assert not any(wrong.values()), (row, wrong)


def test_every_figure_of_perfect_codes_is_one() -> None:
    result = measure(Perfect(), "tokens-only")
    assert all(figure.value == 1 for figure in result.figures["tokens-only"].values())


def test_what_an_edit_leaves_alone_is_told_in_decibels() -> None:
    for row in ("truth", "system"):
        figure = measure(Perfect(), row).figures[row]["untouched PSNR"]
        assert figure.value == pytest.approx(58.9, abs=0.1)
        assert figure.prompts == 2


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


def test_open_layouts_are_drawn_with_two_seeds() -> None:
    class Restless(Perfect):
        """Draws the scene of another case with every other seed."""

        def write(self, case: Case) -> Tensor:
            scene = case.expected
            if case.seed != asked.seed:
                scene = replace(scene, texts=tuple(map(lowered, scene.texts)))
            return torch.from_numpy(full_grid(scene))

    def lowered(line: TextLine) -> TextLine:
        row = scene_rows - line.box.height - line.box.row
        return replace(line, box=replace(line.box, row=row))

    asked = next(case for case in held_out.drawings() if case.kind == held_out.OPEN)
    asked = replace(asked, expected=replace(asked.expected, shapes=()))
    scene_rows = asked.expected.rows
    for painter, share in ((Perfect(), 0.0), (Restless(), 1.0)):
        result = suite.run(painter, Blind(), (asked,), ("tokens-only",), lambda row, case: None)
        assert result.figures["tokens-only"]["seeds differ"].value == share
        assert result.outcomes[0].elsewhere == share


@pytest.mark.parametrize("rows", [[], ["sytem"], ["truth", "truth"]])
def test_wrong_rows_are_refused(rows: list[str]) -> None:
    with pytest.raises(InputError, match="true-tokens"):
        measure(Perfect(), *rows)


def test_no_cases_are_refused() -> None:
    with pytest.raises(InputError, match="no cases"):
        suite.run(Perfect(), Blind(), (), ("truth",), lambda row, case: None)


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
def test_the_command_measures_a_few_cases(tmp_path: Path) -> None:
    words = "evaluate nano --cases 7 --rows tokens-only --quiet --output"
    assert main([*words.split(), str(tmp_path)]) == 0
    content = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert (content["settings"]["prompts"], content["settings"]["edits"]) == (5, 2)


@pytest.mark.usefixtures("perfect")
def test_the_command_makes_a_page(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    words = "evaluate page --count 2 --edits 1 --seed 3 --output"
    assert main([*words.split(), str(tmp_path)]) == 0
    names = ["page.md", "drawings-1.webp", "edits-1.webp"]
    assert capfd.readouterr().out.split() == [str(tmp_path / name) for name in names]
    content = (tmp_path / "page.md").read_text(encoding="utf-8")
    for case in page.choose(held_out.drawings(), 2, 3):
        assert f"| {case.name} | {case.prompt} |" in content
    assert "2 are right in everything" in content
    assert "![Edits 1](edits-1.webp)" in content
    with Image.open(tmp_path / "drawings-1.webp") as image:
        assert image.width > 2 * 256
    assert main(["evaluate", "page", "--count", "201", "--edits", "0"]) == 2


def test_cases_of_a_page_are_chosen_by_the_seed() -> None:
    first = page.choose(held_out.drawings(), 100, 1)
    assert len(set(first)) == 100
    assert first == page.choose(held_out.drawings(), 100, 1)
    assert first != page.choose(held_out.drawings(), 100, 2)
    assert [case.name for case in first] == sorted(case.name for case in first)


def test_a_page_tells_what_is_not_right(tmp_path: Path) -> None:
    cases = held_out.drawings(21)
    shown = [page.show(Blank(), Blind(), case) for case in cases[:2]]
    assert all(one.missed for one in shown)
    assert all("background colour" in one.missed for one in shown)
    paths = page.save([shown[0]] * 21, 5, tmp_path)
    assert [path.name for path in paths] == ["page.md", "drawings-1.webp", "drawings-2.webp"]
    assert "0 are right" in paths[0].read_text(encoding="utf-8")


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
    ("flag", "value"),
    [("--rows", "sytem"), ("--count", "201"), ("--edits", "81"), ("--cases", "281")],
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
    assert content["figures"]["truth"]["background kind"]["value"] == 1
    assert len(content["cases"]) == 10
    # Nothing is read here, so what is missed is texts alone.
    wrong = {metric for case in content["cases"] for metric in case["wrong"]}
    assert wrong
    assert all(metric.startswith(("text", "title")) for metric in wrong)
    table = paths[1].read_text(encoding="utf-8").splitlines()
    assert table[0] == "| metric | cases | truth | tokens-only |"
    assert "| background kind | 3 | 1.00 [1.00, 1.00] | 1.00 [1.00, 1.00] |" in table
    assert "| untouched PSNR | 2 | 58.9 dB [58.9, 58.9] |  |" in table
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
