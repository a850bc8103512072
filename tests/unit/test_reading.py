"""The reader and the text benchmarks on pictures whose texts are known: drawn, damaged, blank."""

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from glm_image.data import fonts
from glm_image.errors import InputError
from glm_image.evaluation import catalogue
from glm_image.evaluation.benchmark import Item
from glm_image.evaluation.ceiling import draw, draw_run
from glm_image.evaluation.readers.base import Piece, in_reading_order, piece_of
from glm_image.evaluation.run_folder import BenchmarkRecord
from glm_image.evaluation.scorers.registry import scorer_of
from glm_image.evaluation.tools import ToolChoice, Tools

pytest.importorskip("rapidocr")
pytestmark = pytest.mark.skipif(not fonts.available(fonts.SANS), reason="needs the fonts of DejaVu")

SIDE = 384
WORDS = (
    "market", "garden", "window", "coffee", "orange", "travel", "mountain", "station",
    "winter", "summer", "bridge", "silver", "purple", "kitchen", "flower", "pencil",
    "camera", "doctor", "island", "number", "picture", "reading", "simple", "yellow",
)  # fmt: skip
TEXTS = tuple(
    tuple(" ".join(WORDS[n : n + 2]).title() for n in (i, i + 2)) for i in range(0, 24, 4)
)
CHINESE = (("今日特价", "新鲜水果"), ("欢迎光临",))


@pytest.fixture(scope="module")
def tools() -> Tools:
    return ToolChoice().build()


def score(
    tools: Tools, name: str, wanted: Sequence[Sequence[str]], images: Sequence[Image.Image]
) -> dict[str, float]:
    """Means over weights of every value."""
    benchmark = catalogue.get(name)
    scorer = scorer_of(benchmark)
    sums: dict[str, list[float]] = {}
    for texts, image in zip(wanted, images, strict=True):
        item = Item(id="a", prompt="p", texts=tuple(texts))
        for key, value in scorer.score(benchmark, item, image, tools).values.items():
            total = sums.setdefault(key, [0.0, 0.0])
            total[0] += value.value * value.weight
            total[1] += value.weight
    return {key: above / below for key, (above, below) in sums.items()}


def drawn(texts: Sequence[Sequence[str]]) -> list[Image.Image]:
    return [draw(one, side=SIDE) for one in texts]


def test_clean_renderings_score_almost_everything(tools: Tools) -> None:
    found = score(tools, "cvtg-2k", TEXTS, drawn(TEXTS))
    assert found["word_accuracy"] >= 0.98
    assert found["ned"] >= 0.98
    assert found["char_precision"] >= 0.98
    assert found["exact_texts"] >= 0.9
    assert (found["repeated"], found["extra_lines"]) == (0, 0)


@pytest.mark.skipif(not fonts.available(fonts.CHINESE), reason="needs a Chinese font")
def test_chinese_renderings_score_almost_everything(tools: Tools) -> None:
    assert score(tools, "longtext-zh", CHINESE, drawn(CHINESE))["text_accuracy"] >= 0.98


def test_a_score_falls_by_the_share_of_damaged_words(tools: Tools) -> None:
    rng = random.Random(5)
    damaged = [list(texts) for texts in TEXTS]
    # One word of the four in every second picture loses a letter: 3 of 24 words.
    for texts in damaged[::2]:
        first, second = texts[0].split()
        cut = rng.randrange(1, len(first) - 1)
        texts[0] = f"{first[:cut]}{first[cut + 1 :]} {second}"
    found = score(tools, "cvtg-2k", TEXTS, drawn(damaged))
    assert found["word_accuracy"] == pytest.approx(1 - 3 / 24, abs=0.01)
    assert 1 - 3 / 24 < found["ned"] < 1


def test_blank_and_shuffled_pictures_score_nothing(tools: Tools) -> None:
    blank = [Image.new("RGB", (SIDE, SIDE), "white")] * 2
    assert score(tools, "longtext-en", TEXTS[:2], blank)["text_accuracy"] == 0
    found = score(tools, "cvtg-2k", TEXTS[:2], blank)
    assert found["word_accuracy"] == 0
    assert found["ned"] == pytest.approx(0, abs=1e-4)
    images = drawn(TEXTS[:3])
    shuffled = score(tools, "longtext-en", TEXTS[:3], images[1:] + images[:1])
    assert shuffled["text_accuracy"] == 0


def test_junk_changes_ours_but_not_theirs(tools: Tools) -> None:
    junk = [(*texts, "Qwzx Vbnk Jjyt") for texts in TEXTS[:2]]
    clean, found = (
        score(tools, "longtext-en", TEXTS[:2], drawn(texts)) for texts in (TEXTS[:2], junk)
    )
    assert found["text_accuracy"] == clean["text_accuracy"] == 1
    assert found["char_precision"] < 0.8 < clean["char_precision"]
    assert found["extra_lines"] == 1


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError, match="do not fit"):
        draw(["word " * 400], side=128)
    with pytest.raises(InputError, match="do not fit"):
        draw(["unbreakable" * 9], side=128)


def test_a_ceiling_run_keeps_its_pictures(tmp_path: Path) -> None:
    benchmark = catalogue.get("cvtg-2k")
    items = [Item(id=f"CVTG/2/{n}", prompt="p", texts=TEXTS[n]) for n in range(2)]
    record = BenchmarkRecord(version=benchmark.version, data_sha256="", subset="limit:2")
    first = draw_run(tmp_path, benchmark, items, side=SIDE, record=record)
    lines = first.lines(benchmark.name)
    first.image_path(benchmark, items[1], 1).write_bytes(b"damaged")
    again = draw_run(tmp_path, benchmark, items, side=SIDE, record=record)
    assert again.lines(benchmark.name) == lines
    assert all(again.is_intact(line) for line in lines.values())
    # Only what was damaged is drawn again.
    assert len(again.manifest()) == 3
    with pytest.raises(InputError, match="without texts"):
        draw_run(tmp_path, benchmark, [Item(id="a", prompt="p")], side=SIDE, record=record)


def test_lines_are_read_row_by_row() -> None:
    corners = ((10.0, 0.0), (20.0, 1.0), (20.0, 9.0), (10.0, 8.0))
    first = piece_of("b", corners)
    assert first == Piece(text="b", left=10, right=20, top=0, bottom=9)
    left = Piece(text="a", left=0, right=8, top=1, bottom=10)
    below = Piece(text="c", left=0, right=8, top=12, bottom=20)
    assert in_reading_order([below, first, left]) == ["a", "b", "c"]
