"""The suite sees what is right, and every metric can fail."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from glm_image.data import edits as training_edits
from glm_image.data import fonts, phrasebook
from glm_image.data.draw import Pixels, render
from glm_image.data.scene import Background, Scene
from glm_image.data.vocabulary import full_grid
from glm_image.evaluation import held_out, phrases, report, suite, words
from glm_image.evaluation.grid import Entry, sheet
from glm_image.evaluation.held_out import Case
from glm_image.evaluation.reading import OcrReader, ReadLine
from glm_image.evaluation.suite import Drawing, Report, Scores, score_case, see
from glm_image.evaluation.tokens import read_codes

pytestmark = pytest.mark.skipif(
    not all(fonts.available(faces) for faces in (fonts.SANS, fonts.SERIF, fonts.CHINESE)),
    reason="pictures need the fonts of fonts-dejavu and fonts-noto-cjk",
)


@pytest.fixture(scope="module")
def reader() -> OcrReader:
    return OcrReader()


class Perfect:
    """Draws exactly what is expected."""

    def draw(self, case: Case, codes: Tensor | None) -> Drawing:
        grid = torch.from_numpy(full_grid(case.expected)) if codes is None else codes
        return Drawing(pixels=render(case.expected), codes=grid)

    def reconstruct(self, pixels: Pixels) -> Pixels:
        return pixels


class Blank(Perfect):
    """Draws nothing at all."""

    def draw(self, case: Case, codes: Tensor | None) -> Drawing:
        scene = replace(case.expected, shapes=(), texts=())
        gray = Background(kind="plain", colour="gray")
        if scene.background == gray:
            gray = replace(gray, colour="black")
        scene = replace(scene, background=gray)
        return Drawing(pixels=render(scene), codes=torch.from_numpy(full_grid(scene)))


def measure(painter: Perfect, reader: OcrReader, rows: tuple[str, ...]) -> Report:
    cases = held_out.drawings(6), held_out.edits(4)
    return suite.run(painter, reader, *cases, rows, lambda row, case: None)


def test_true_pictures_are_right(reader: OcrReader) -> None:
    result = measure(Perfect(), reader, ("truth", "system", "tokens only"))
    for row in ("truth", "system"):
        for metric in ("background", "shape kind", "shape colour", "shape place", "count"):
            assert result[row][metric].mean == 1, metric
        assert result[row]["text loose en"].mean >= 0.9
    assert all(figure.mean == 1 for figure in result["tokens only"].values())


def test_blank_pictures_are_wrong(reader: OcrReader) -> None:
    result = measure(Blank(), reader, ("system", "tokens only"))
    for row, figures in result.items():
        for metric, figure in figures.items():
            assert figure.mean == 0, (row, metric)


def first_with(scene_has: str) -> Scene:
    return next(c.expected for c in held_out.drawings() if getattr(c.expected, scene_has))


@pytest.mark.parametrize(
    "change",
    [{"kind": "gradient"}, {"colour": "brown"}],
    ids=["kind of background", "colour of background"],
)
def test_another_background_is_noticed(change: dict[str, str], reader: OcrReader) -> None:
    scene = next(c.expected for c in held_out.drawings() if c.expected.background.kind == "plain")
    scores: Scores = {}
    wrong = replace(scene, background=replace(scene.background, **change))
    score_case(scene, see(render(wrong), reader), scores)
    assert scores["background"] == [0]


def test_a_missing_shape_is_noticed(reader: OcrReader) -> None:
    scene = first_with("shapes")
    scores: Scores = {}
    right = score_case(scene, see(render(replace(scene, shapes=())), reader), scores)
    assert not right and 0 in scores["shape kind"]


def test_a_shape_too_many_is_noticed(reader: OcrReader) -> None:
    scene = first_with("shapes")
    expected = replace(scene, shapes=())
    assert not score_case(expected, see(render(scene), reader), {})


def test_another_text_is_noticed(reader: OcrReader) -> None:
    scene = next(
        c.expected
        for c in held_out.drawings()
        if c.expected.texts and c.expected.texts[0].text.isalpha()
        and c.expected.texts[0].text.isascii()
    )  # fmt: skip
    line = scene.texts[0]
    other = replace(line, text="".join("X" if c != "X" else "M" for c in line.text))
    scores: Scores = {}
    wrong = replace(scene, texts=(other, *scene.texts[1:]))
    score_case(scene, see(render(wrong), reader), scores)
    assert 0 in scores["text loose en"]


def test_codes_say_what_the_scene_shows() -> None:
    for case in held_out.drawings(30):
        reading = read_codes(torch.from_numpy(full_grid(case.expected)))
        background = case.expected.background
        assert reading.background == (background.kind, background.colour)
        expected = sorted(line.text.replace(" ", "") for line in case.expected.texts)
        assert sorted(reading.texts) == expected


def test_held_out_wording_is_not_that_of_training() -> None:
    for book, other in (
        (phrases.ENGLISH, phrasebook.ENGLISH),
        (phrases.CHINESE, phrasebook.CHINESE),
    ):
        for field in ("openings", "shape_clauses", "text_clauses"):
            assert not set(getattr(book, field)) & set(getattr(other, field)), field


def test_held_out_cases_are_many_and_distinct() -> None:
    drawings, edits = held_out.drawings(), held_out.edits()
    assert len({case.prompt for case in drawings}) == len(drawings) == 100
    assert {case.kind for case in edits} == set(held_out.EDIT_KINDS) <= set(training_edits.KINDS)
    assert all(case.source is not None for case in edits)


class Mute:
    """Reads nothing."""

    def read(self, pixels: Pixels) -> list[ReadLine]:
        return []


def test_report_is_written_whole(tmp_path: Path) -> None:
    result = suite.run(
        Perfect(), Mute(), held_out.drawings(3), held_out.edits(1), ("truth",), lambda r, c: None
    )
    report.save(result, {"model": "perfect"}, tmp_path / "new")
    content = json.loads((tmp_path / "new" / "report.json").read_text(encoding="utf-8"))
    assert content["settings"] == {"model": "perfect"}
    assert content["figures"]["truth"]["background"]["mean"] == 1
    table = (tmp_path / "new" / "report.md").read_text(encoding="utf-8")
    assert "| background | 3 | 1.00 [1.00, 1.00] |" in table


def test_sheet_holds_every_picture() -> None:
    red = Image.new("RGB", (64, 64), (255, 0, 0))
    entries = [Entry(images=(red, red), caption="make it blue 把它变蓝 " * 6) for _ in range(3)]
    page = np.asarray(sheet(entries, columns=2))
    pure = (page == np.asarray((255, 0, 0))).all(axis=-1).sum()
    assert pure == 3 * 2 * 256 * 256


def test_words_are_drawable() -> None:
    from glm_image.data.characters import ALL

    for word in (*words.LATIN_WORDS, *words.HAN_WORDS):
        assert set(word) <= set(ALL), word
