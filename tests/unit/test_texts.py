"""Random texts, their lines, and where things of a picture stand."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawn import SEEDS, scene, some
from glm_image.data import palette
from glm_image.data.characters import ALL, HAN, has_han
from glm_image.data.mix import SIDES, SceneMix
from glm_image.data.placing import fit_text, is_free_for_text, readable_on, visible_on
from glm_image.data.scene import BACKGROUNDS, PLACES, Background, Place, Scene
from glm_image.data.texts import random_han, random_latin, random_mixed, wrap
from glm_image.tokenizer.glyph import quoted_texts

TOP = Place(row="top", column="center")
EMPTY = Scene(
    rows=8, columns=8, background=Background(kind="plain", colour="white"), shapes=(), texts=()
)


@some
@given(SEEDS, st.integers(1, 10))
def test_random_texts_can_be_drawn_and_quoted(seed: int, longest: int) -> None:
    rng = random.Random(seed)
    for text in (
        random_latin(rng, longest),
        random_han(rng, longest),
        random_mixed(rng, max(2, longest), random_han),
    ):
        assert 1 <= len(text) <= max(2, longest)
        assert set(text) <= {*ALL, " "}
        assert "  " not in text
        assert text == text.strip()
        for marks in ('""', "''", "“”", "‘’", "「」", "『』"):
            assert quoted_texts(f"a text {marks[0]}{text}{marks[1]} here") == [text]


def words_of(texts: list[str]) -> list[tuple[str, str]]:
    """The words of phrases."""
    return [(words[0], words[1]) for text in texts if len(words := text.split()) == 2]


def test_texts_are_of_many_kinds() -> None:
    rng = random.Random(0)
    texts = [random_latin(rng, 10) for _ in range(600)]
    assert sum(" " in text for text in texts) > 100
    assert any(first.isalpha() and second.isdigit() for first, second in words_of(texts))
    assert any(first.endswith((".", ":")) for first, _ in words_of(texts))
    assert sum(not text.replace(" ", "").isalnum() for text in texts) > 30
    assert sum(text.isupper() for text in texts) > 150
    assert sum(text.islower() for text in texts) > 30
    assert len({sign for _ in range(4000) for sign in random_han(rng, 8)}) > 0.9 * len(HAN)


@pytest.mark.parametrize(
    ("text", "room", "lines"),
    [
        ("HELLO", 8, ("HELLO",)),
        ("OPEN TODAY", 8, ("OPEN", "TODAY")),
        ("A BC", 3, ("A", "BC")),
        ("山水大学生", 4, ("山水大", "学生")),
        ("2024年", 4, ("2024", "年")),
        ("新年快乐!", 4, ("新年快", "乐!")),
        ("CHOCOLATE", 8, None),
        ("ABCDEFGHI", 4, None),
    ],
)
def test_wrapping(text: str, room: int, lines: tuple[str, ...] | None) -> None:
    assert wrap(text, room, inside_words=False) == lines


def test_a_word_that_fits_nowhere_is_broken_only_if_it_may_be() -> None:
    lines = wrap("CHOCOLATE", 8, inside_words=True)
    assert lines is not None
    assert "".join(lines) == "CHOCOLATE"
    assert wrap("THE CAT", 4, inside_words=True) == ("THE", "CAT")


def test_fitting() -> None:
    assert fit_text(EMPTY, "国", 1, TOP) is None
    left = Place(row="middle", column="left")
    assert fit_text(EMPTY, "HELLO", 1, left) is None
    fit = fit_text(EMPTY, "山水大学", 2, left)
    assert fit is not None
    assert (fit[0].height, fit[0].width, fit[1]) == (4, 4, ("山水", "大学"))


@some
@given(SEEDS)
def test_texts_on_one_row_keep_apart(seed: int) -> None:
    drawn = scene(seed)
    if drawn.design != "poster":
        return
    for line in drawn.texts:
        others = tuple(one for one in drawn.texts if one is not line)
        bare = Scene(**{**vars(drawn), "texts": others, "shapes": ()})
        assert is_free_for_text(bare, line.box)
        assert line.place in PLACES


@some
@given(SEEDS)
def test_everything_can_be_seen_and_read(seed: int) -> None:
    drawn = scene(seed)
    for group in drawn.shapes:
        assert all(visible_on(drawn.behind(box), group.colour) for box in group.boxes)
    for line in drawn.texts:
        assert readable_on(drawn.behind(line.box), line.colour)
        assert has_han(line.text) < line.scale
        joined = "".join(line.lines or (line.text,))
        assert joined.replace(" ", "") == line.text.replace(" ", "")
    for arrow in drawn.arrows:
        assert visible_on(drawn.behind(arrow.box), arrow.colour)


def test_colours_that_go_together() -> None:
    white = Background(kind="plain", colour="white")
    blue = Background(kind="gradient", colour="blue")
    assert readable_on(white, "black")
    assert readable_on(blue, "white")
    assert not visible_on(white, "white")
    # Seen but not read: red and blue are far apart and equally bright.
    assert visible_on(Background(kind="plain", colour="red"), "blue")
    assert not readable_on(Background(kind="plain", colour="red"), "blue")
    for kind in BACKGROUNDS:
        for colour in palette.PASTELS if kind == "pastel" else palette.NAMES:
            behind = Background(kind=kind, colour=colour)
            assert any(readable_on(behind, name) for name in palette.NAMES)


def test_patterns_come_as_often_as_they_are_named() -> None:
    mix = SceneMix(plain=0.5, patterns=("dotted", "checkered", "checkered"))
    kinds = Counter(scene(seed, mix).background.kind for seed in range(600))
    assert 0.4 < kinds["plain"] / 600 < 0.6
    assert set(kinds) == {"plain", "dotted", "checkered"}
    assert 1.5 < kinds["checkered"] / kinds["dotted"] < 2.7


def test_other_sizes_come_as_often_as_asked() -> None:
    rng = random.Random(0)
    mix = SceneMix(other_sizes=0.3)
    sizes = Counter((one.rows, one.columns) for one in (mix.sized(rng) for _ in range(2000)))
    assert 0.65 < sizes[8, 8] / 2000 < 0.75
    assert {side for size in sizes for side in size} == set(SIDES)
    assert all(max(size) <= 2 * min(size) for size in sizes)
