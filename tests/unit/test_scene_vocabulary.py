"""Codes and their meanings, and grids that name what stands on a scene."""

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given

from drawn import SEEDS, is_sound, scene, some
from glm_image.data import characters, vocabulary
from glm_image.data.layout import SceneMix
from glm_image.data.scene import Background, Box, Place, Scene, ShapeGroup, TextLine
from glm_image.data.text_vocabulary import CODES

# Trained weights are worth nothing under another order.
ORDER = "1738bcf8"

CENTRE = Place(row="middle", column="center")
EMPTY = Scene(
    rows=8,
    columns=8,
    background=Background(kind="plain", colour="white"),
    shapes=(),
    texts=(),
)


def line(text: str, box: Box, scale: int = 1) -> TextLine:
    return TextLine(text=text, colour="black", scale=scale, place=CENTRE, box=box)


def names(drawn: Scene, height: int, width: int) -> list[list[str]]:
    """Kind and part of every patch."""
    table = vocabulary.meanings()
    grid = vocabulary.preview_grid(drawn, height, width)
    return [[f"{table[code].kind} {table[code].part}" for code in row] for row in grid]


def test_codes_and_meanings_are_one_to_one() -> None:
    table = vocabulary.meanings()
    assert len(set(table)) == len(table) <= CODES
    assert [vocabulary.code_of(meaning) for meaning in table] == list(range(len(table)))
    assert len({meaning.attributes() for meaning in table}) == len(table)
    assert len(set(characters.ALL)) == len(characters.ALL)


def test_the_order_is_that_of_the_trained_weights() -> None:
    text = repr([tuple(vars(meaning).values()) for meaning in vocabulary.meanings()])
    assert hashlib.sha256(text.encode()).hexdigest()[:8] == ORDER


def test_a_meaning_that_does_not_exist() -> None:
    meaning = vocabulary.Meaning(thing="text", kind="é", colour="red", part="0")
    with pytest.raises(KeyError):
        vocabulary.code_of(meaning)


@some
@given(SEEDS)
def test_scenes_are_sound(seed: int) -> None:
    drawn = scene(seed)
    assert is_sound(drawn)
    assert drawn.shapes or drawn.texts


@some
@given(SEEDS)
def test_full_grid_names_what_stands_there(seed: int) -> None:
    drawn = scene(seed)
    table = vocabulary.meanings()
    named = {
        (row, column): table[code]
        for row, codes in enumerate(vocabulary.full_grid(drawn))
        for column, code in enumerate(codes)
    }
    for group in drawn.shapes:
        for box in group.boxes:
            for row, column in box.cells():
                meaning = named.pop((row, column))
                assert (meaning.thing, meaning.kind) == ("shape", group.kind)
                assert meaning.colour == group.colour
                assert meaning.part == f"{row - box.row}{column - box.column}of{group.size}"
    for text in drawn.texts:
        for row, column in text.box.cells():
            character = text.text[(column - text.box.column) // text.scale]
            if character != " ":
                meaning = named.pop((row, column))
                assert (meaning.thing, meaning.kind) == ("text", character)
                assert meaning.colour == text.colour
    for meaning in named.values():
        assert (meaning.thing, meaning.kind) == ("background", drawn.background.kind)
        assert meaning.colour == drawn.background.colour


@some
@given(SEEDS)
def test_preview_agrees_with_the_full_grid(seed: int) -> None:
    """Every cell is four patches of the preview that show the same thing."""
    drawn = scene(seed)
    table = vocabulary.meanings()
    full, preview = vocabulary.full_grid(drawn), vocabulary.preview_grid(drawn, 16, 16)
    for row in range(16):
        for column in range(16):
            large, small = table[full[row // 2, column // 2]], table[preview[row, column]]
            assert (large.thing, large.colour) == (small.thing, small.colour)
            han = large.kind in characters.HAN
            assert small.kind == (vocabulary.ANY_HAN if han else large.kind)


def test_parts_of_letters() -> None:
    drawn = replace(EMPTY, texts=(line("A国", Box(row=0, column=0, height=1, width=2)),))
    assert names(drawn, 8, 8)[0][:2] == ["A 0", "国 0"]
    rows = names(drawn, 16, 16)
    assert rows[0][:4] == ["A 00", "A 01", "han 00", "han 01"]
    assert rows[1][:4] == ["A 10", "A 11", "han 10", "han 11"]
    large = replace(EMPTY, texts=(line("B", Box(row=2, column=2, height=2, width=2), 2),))
    assert [row[2:4] for row in names(large, 8, 8)[2:4]] == [["B 00", "B 01"], ["B 10", "B 11"]]


def test_a_space_shows_the_background() -> None:
    drawn = replace(EMPTY, texts=(line("A B", Box(row=0, column=0, height=1, width=3)),))
    assert names(drawn, 8, 8)[0][:3] == ["A 0", "plain 0", "B 0"]


def test_parts_of_shapes() -> None:
    box = Box(row=0, column=0, height=2, width=2)
    group = ShapeGroup(kind="star", colour="red", size=2, place=CENTRE, boxes=(box,))
    drawn = replace(EMPTY, shapes=(group,))
    assert [row[:2] for row in names(drawn, 8, 8)[:2]] == [
        ["star 00of2", "star 01of2"],
        ["star 10of2", "star 11of2"],
    ]
    assert names(drawn, 16, 16)[3][:4] == [f"star 3{column}of4" for column in range(4)]


def test_gradients_have_levels() -> None:
    drawn = replace(EMPTY, background=Background(kind="gradient", colour="blue"))
    assert [row[0] for row in names(drawn, 8, 8)] == [f"gradient {level}" for level in range(8)]
    assert [row[0] for row in names(drawn, 16, 16)][:3] == ["gradient 0"] * 2 + ["gradient 1"]


@pytest.mark.parametrize(("cells", "parts"), [(2, 2), (3, 3), (4, 4), (6, 3), (8, 4), (1, 2)])
def test_shape_parts(cells: float, parts: int) -> None:
    assert vocabulary.shape_parts(cells) == parts


@pytest.mark.parametrize(("rows", "columns"), [(1, 8), (2, 8), (6, 10), (12, 7)])
def test_other_sizes(rows: int, columns: int) -> None:
    for seed in range(60):
        drawn = scene(seed, SceneMix(rows=rows, columns=columns))
        assert is_sound(drawn)
        assert vocabulary.full_grid(drawn).shape == (rows, columns)
