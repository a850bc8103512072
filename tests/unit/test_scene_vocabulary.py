"""Codes and their meanings, and grids that name what stands on a scene."""

import hashlib
from collections import Counter
from dataclasses import dataclass, replace

import pytest
from hypothesis import given

from drawn import SEEDS, is_sound, scene, sized_scene, some
from glm_image.data import characters, vocabulary
from glm_image.data.grids import full_grid, preview_grid, shape_parts, starts
from glm_image.data.mix import SceneMix
from glm_image.data.scene import (
    DESIGNS,
    Arrow,
    Background,
    Box,
    Panel,
    Place,
    Scene,
    ShapeGroup,
    TextLine,
)
from glm_image.data.text_vocabulary import CODES
from glm_image.data.vocabulary import FIRST, LETTERS, WHOLE, Meaning, meanings

# Trained weights are worth nothing under another order.
ORDER = "86cca8f2"

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
    table = meanings()
    grid = preview_grid(drawn, height, width)
    return [[f"{table[code].kind} {table[code].part}" for code in row] for row in grid]


@dataclass(frozen=True)
class Read:
    """What a grid says: everything of a scene but places and the breaks of lines."""

    behind: tuple[tuple[tuple[int, int], str, str], ...]
    shapes: Counter[tuple[str, ...]]
    letters: Counter[tuple[str, ...]]
    arrows: Counter[tuple[str, ...]]


def read_back(drawn: Scene) -> Read:
    """Read a scene's full grid by the table of meanings alone."""
    table = meanings()
    cells = {
        (row, column): table[code]
        for row, codes in enumerate(full_grid(drawn))
        for column, code in enumerate(codes)
    }
    behind, shapes, letters, arrows = [], Counter(), Counter(), Counter()
    for (row, column), cell in cells.items():
        where = f"{row} {column}"
        if cell.thing == "background":
            behind.append(((row, column), cell.kind, cell.colour))
        elif cell.thing == "shape" and cell.part.startswith("00of"):
            shapes[where, cell.part[-1], cell.kind, cell.colour, cell.style] += 1
        elif cell.thing == "arrow" and cell.part == "0":
            arrows[where, cell.kind, cell.colour] += 1
        elif cell.part in (WHOLE, FIRST):
            beside = cells[row, column + 1] if cell.part == FIRST else cell
            scale = "1" if beside is cell else "2"
            letters[where, scale, cell.kind, beside.colour, beside.style] += 1
    return Read(tuple(behind), shapes, letters, arrows)


def truth(drawn: Scene) -> Read:
    """The same, from the scene itself."""
    covered = {
        cell
        for box in [
            *(box for group in drawn.shapes for box in group.boxes),
            *(box for line in drawn.texts for _, box in line.characters()),
            *(arrow.box for arrow in drawn.arrows),
        ]
        for cell in box.cells()
    }
    behind = tuple(
        (cell, drawn.background_at(*cell).kind, drawn.background_at(*cell).colour)
        for cell in drawn.whole().cells()
        if cell not in covered
    )
    shapes = Counter(
        (f"{box.row} {box.column}", str(group.size), group.kind, group.colour, group.style)
        for group in drawn.shapes
        for box in group.boxes
    )
    letters = Counter(
        (f"{box.row} {box.column}", str(line.scale), character, line.colour, line.font)
        for line in drawn.texts
        for character, box in line.characters()
    )
    arrows = Counter(
        (f"{arrow.box.row} {arrow.box.column}", arrow.direction, arrow.colour)
        for arrow in drawn.arrows
    )
    return Read(behind, shapes, letters, arrows)


def test_codes_and_meanings_are_one_to_one() -> None:
    table = meanings()
    assert len(set(table)) == len(table) <= CODES
    assert [vocabulary.code_of(meaning) for meaning in table] == list(range(len(table)))
    assert len({meaning.attributes() for meaning in table}) == len(table)
    assert len(set(characters.ALL)) == len(characters.ALL)
    assert len(characters.HAN) >= 2000


def test_the_order_is_that_of_the_trained_weights() -> None:
    text = repr([tuple(vars(meaning).values()) for meaning in meanings()])
    assert hashlib.sha256(text.encode()).hexdigest()[:8] == ORDER


def test_a_meaning_that_does_not_exist() -> None:
    meaning = Meaning(thing="text", kind="é", colour="red", part=WHOLE)
    with pytest.raises(KeyError):
        vocabulary.code_of(meaning)


@some
@given(SEEDS)
def test_scenes_are_sound(seed: int) -> None:
    drawn = sized_scene(seed)
    assert is_sound(drawn)
    assert drawn.shapes or drawn.texts
    assert drawn == sized_scene(seed)
    assert len({line.text for line in drawn.texts}) == len(drawn.texts)
    for panel in drawn.panels:
        assert panel.background == drawn.behind(panel.box)


@some
@given(SEEDS)
def test_a_grid_says_everything_that_stands_there(seed: int) -> None:
    drawn = sized_scene(seed)
    assert read_back(drawn) == truth(drawn)


@some
@given(SEEDS)
def test_preview_agrees_with_the_full_grid(seed: int) -> None:
    """Every cell is four patches of the preview that show the same thing."""
    drawn = scene(seed)
    table = meanings()
    full, preview = full_grid(drawn), preview_grid(drawn, 16, 16)
    for row in range(16):
        for column in range(16):
            large, small = table[full[row // 2, column // 2]], table[preview[row, column]]
            if "arrow" in (large.thing, small.thing):
                assert large.thing == "arrow"
                assert small.thing in ("arrow", "background")
                continue
            assert large.thing == small.thing
            if large.thing != "text":
                assert large.colour == small.colour
                assert large.style == small.style


def test_every_design_is_drawn() -> None:
    designs = Counter(scene(seed).design for seed in range(400))
    assert set(designs) == set(DESIGNS)
    assert min(designs.values()) >= 10


def test_small_letters_are_one_code_and_four_in_the_preview() -> None:
    drawn = replace(EMPTY, texts=(line("A!", Box(row=0, column=0, height=1, width=2)),))
    assert names(drawn, 8, 8)[0][:2] == [f"A {WHOLE}", f"! {WHOLE}"]
    rows = names(drawn, 16, 16)
    assert rows[0][:4] == [f"A {FIRST}", f"{LETTERS} 01", f"! {FIRST}", f"{LETTERS} 01"]
    assert rows[1][:4] == [f"{LETTERS} 10", f"{LETTERS} 11"] * 2


def test_large_characters_are_named_by_their_first_cell() -> None:
    drawn = replace(EMPTY, texts=(line("B国", Box(row=2, column=2, height=2, width=4), 2),))
    rows = [row[2:6] for row in names(drawn, 8, 8)[2:4]]
    assert rows[0] == [f"B {FIRST}", f"{LETTERS} 01", f"国 {FIRST}", f"{LETTERS} 01"]
    assert rows[1] == [f"{LETTERS} 10", f"{LETTERS} 11"] * 2
    rows = [row[8:12] for row in names(drawn, 16, 16)[4:8]]
    assert rows[0] == [f"国 {FIRST}", f"{LETTERS} 00", f"{LETTERS} 01", f"{LETTERS} 01"]
    assert rows[3] == [f"{LETTERS} {quarter}" for quarter in ("10", "10", "11", "11")]


def test_a_space_shows_the_background() -> None:
    drawn = replace(EMPTY, texts=(line("A B", Box(row=0, column=0, height=1, width=3)),))
    assert names(drawn, 8, 8)[0][:3] == [f"A {WHOLE}", "plain 0", f"B {WHOLE}"]


def test_lines_are_centred_in_their_box() -> None:
    box = Box(row=0, column=0, height=4, width=6)
    text = replace(line("山水大学生", box, 2), lines=("山水大", "学生"))
    where = {character: (one.row, one.column) for character, one in text.characters()}
    assert where == {"山": (0, 0), "水": (0, 2), "大": (0, 4), "学": (2, 1), "生": (2, 3)}


def test_parts_of_shapes() -> None:
    box = Box(row=0, column=0, height=2, width=2)
    group = ShapeGroup(kind="star", colour="red", size=2, place=CENTRE, boxes=(box,))
    drawn = replace(EMPTY, shapes=(group,))
    assert [row[:2] for row in names(drawn, 8, 8)[:2]] == [
        ["star 00of2", "star 01of2"],
        ["star 10of2", "star 11of2"],
    ]
    assert names(drawn, 16, 16)[3][:4] == [f"star 3{column}of4" for column in range(4)]


def test_parts_of_arrows() -> None:
    right = Arrow(direction="right", colour="red", box=Box(row=0, column=0, height=2, width=1))
    down = Arrow(direction="down", colour="red", box=Box(row=4, column=4, height=1, width=2))
    drawn = replace(EMPTY, arrows=(right, down))
    assert [row[0] for row in names(drawn, 8, 8)[:2]] == ["right 0", "right 1"]
    assert names(drawn, 8, 8)[4][4:6] == ["down 0", "down 1"]
    rows = names(drawn, 16, 16)
    assert [row[:2] for row in rows[:4]] == [
        ["plain 0", "plain 0"],
        ["right 00", "right 01"],
        ["right 10", "right 11"],
        ["plain 0", "plain 0"],
    ]
    assert rows[8][8:12] == ["plain 0", "down 00", "down 01", "plain 0"]
    assert starts(drawn, 16, 16) == [16, 8 * 16 + 9]


def test_every_line_of_a_text_begins() -> None:
    text = TextLine(
        text="THANK YOU", colour="red", font="sans", scale=1, place=CENTRE,
        box=Box(row=3, column=1, height=2, width=5), lines=("THANK", "YOU"),
    )  # fmt: skip
    drawn = replace(EMPTY, texts=(text,))
    assert starts(drawn, 8, 8) == [3 * 8 + 1, 4 * 8 + 2]
    assert starts(drawn, 16, 16) == [6 * 16 + 2, 8 * 16 + 4]


def test_gradients_have_levels() -> None:
    drawn = replace(EMPTY, background=Background(kind="gradient", colour="blue"))
    assert [row[0] for row in names(drawn, 8, 8)] == [f"gradient {level}" for level in range(8)]
    assert [row[0] for row in names(drawn, 16, 16)][:3] == ["gradient 0"] * 2 + ["gradient 1"]


def test_a_gradient_fills_its_panel() -> None:
    gradient = Background(kind="gradient", colour="blue")
    top = Panel(
        box=Box(row=0, column=0, height=4, width=8),
        background=gradient,
        place=Place(row="top", column="center"),
    )
    bottom = replace(top, box=Box(row=4, column=0, height=4, width=8), background=EMPTY.background)
    drawn = replace(EMPTY, panels=(top, bottom))
    kinds = [row[0] for row in names(drawn, 8, 8)]
    assert kinds == [f"gradient {level}" for level in (1, 3, 5, 7)] + ["plain 0"] * 4


@pytest.mark.parametrize(("cells", "parts"), [(2, 2), (3, 3), (4, 4), (6, 3), (8, 4), (1, 2)])
def test_shape_parts(cells: float, parts: int) -> None:
    assert shape_parts(cells) == parts


@pytest.mark.parametrize(("rows", "columns"), [(1, 8), (2, 8), (2, 2), (6, 12), (12, 7), (16, 16)])
def test_other_sizes(rows: int, columns: int) -> None:
    for seed in range(60):
        drawn = scene(seed, SceneMix(rows=rows, columns=columns))
        assert is_sound(drawn)
        assert full_grid(drawn).shape == (rows, columns)
        for height, width in ((16, 16), (11, 22), (22, 11)):
            assert preview_grid(drawn, height, width).min() >= 0
            further_lines = sum(max(len(text.lines) - 1, 0) for text in drawn.texts)
            assert len(starts(drawn, height, width)) <= len(drawn.boxes()) + further_lines
