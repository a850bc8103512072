"""Scenes to pixels."""

import sys
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from drawn import SEEDS, all_fonts, latin_fonts, scene
from glm_image.data import characters, fonts, palette
from glm_image.data.draw import arrow_mask, character_mask, render, shape_mask
from glm_image.data.mix import SceneMix
from glm_image.data.scene import (
    BACKGROUNDS,
    CELL,
    FONTS,
    OUTLINED_SHAPES,
    SHAPE_SIZES,
    SHAPES,
    Background,
    Box,
    Scene,
)
from glm_image.errors import NotFoundError

quick = settings(deadline=None, max_examples=15, database=None)


def empty(kind: str, colour: str) -> Scene:
    return Scene(
        rows=8,
        columns=8,
        background=Background(kind=kind, colour=colour),
        shapes=(),
        texts=(),
    )


def changed_cells(first: Scene, second: Scene) -> set[tuple[int, int]]:
    """Cells in which two pictures of one size differ."""
    differs = (render(first) != render(second)).any(axis=-1)
    cells = differs.reshape(first.rows, CELL, first.columns, CELL).any(axis=(1, 3))
    return {(int(row), int(column)) for row, column in np.argwhere(cells)}


@all_fonts
@quick
@given(SEEDS)
def test_a_thing_changes_its_own_cells_and_no_others(seed: int) -> None:
    drawn = scene(seed)
    for line in drawn.texts:
        without = replace(drawn, texts=tuple(t for t in drawn.texts if t is not line))
        changed = changed_cells(drawn, without)
        squares = [set(box.cells()) for _, box in line.characters()]
        assert changed <= {cell for square in squares for cell in square}
        # Every letter is there; a quarter of a large one may be empty.
        assert all(square & changed for square in squares)
    for group in drawn.shapes:
        without = replace(drawn, shapes=tuple(g for g in drawn.shapes if g is not group))
        cells = {cell for box in group.boxes for cell in box.cells()}
        changed = changed_cells(drawn, without)
        # Corners of the square around a star are empty.
        assert changed <= cells
        assert len(changed) > len(cells) / 2
    for arrow in drawn.arrows:
        without = replace(drawn, arrows=tuple(a for a in drawn.arrows if a is not arrow))
        assert changed_cells(drawn, without) == set(arrow.box.cells())


@all_fonts
@quick
@given(SEEDS)
def test_no_glyph_touches_the_edge_of_the_picture(seed: int) -> None:
    drawn = scene(seed)
    bare = render(replace(drawn, texts=()))
    pixels = render(drawn)
    for edge in (np.s_[:1], np.s_[-1:], np.s_[:, :1], np.s_[:, -1:]):
        assert np.array_equal(pixels[edge], bare[edge])


@all_fonts
def test_size_and_repetition() -> None:
    drawn = scene(3, SceneMix(rows=5, columns=7))
    pixels = render(drawn)
    assert pixels.shape == (5 * CELL, 7 * CELL, 3)
    assert pixels.dtype == np.uint8
    assert np.array_equal(pixels, render(drawn))


@pytest.mark.parametrize("colour", palette.NAMES)
def test_plain_backgrounds_have_their_colour(colour: str) -> None:
    pixels = render(empty("plain", colour))
    assert (pixels == palette.rgb(colour).astype(np.uint8)).all()
    assert palette.nearest(pixels[0, 0].astype(np.float32)) == colour


def test_patterns_of_backgrounds() -> None:
    gradient = render(empty("gradient", "blue")).astype(int)
    assert (np.diff(gradient[:, 0].sum(axis=-1)) <= 0).all()
    assert gradient[0, 0].sum() > gradient[-1, 0].sum()
    checkered = render(empty("checkered", "blue"))
    assert (checkered[0, 0] != checkered[0, CELL // 2]).any()
    assert (checkered[0, 0] == checkered[CELL // 2, CELL // 2]).all()
    striped, dotted = render(empty("striped", "blue")), render(empty("dotted", "blue"))
    for pattern in (checkered, striped, dotted):
        # One code a cell can only say all of a pattern that looks alike in every cell.
        assert np.array_equal(pattern[:CELL, :CELL], pattern[CELL : 2 * CELL, :CELL])
        assert np.array_equal(pattern[:CELL, :CELL], pattern[:CELL, CELL : 2 * CELL])
    assert (striped == striped[:1]).all()
    assert (striped[0, 0] != striped[0, CELL // 2]).any()
    assert (dotted[0, 0] != dotted[CELL // 2, CELL // 2]).any()
    kinds = [render(empty(kind, "blue")).tobytes() for kind in BACKGROUNDS]
    assert len(set(kinds)) == len(BACKGROUNDS)


@pytest.mark.parametrize("size", SHAPE_SIZES)
def test_shapes_differ(size: int) -> None:
    masks = {kind: shape_mask(kind, size) for kind in SHAPES}
    for mask in masks.values():
        assert mask.shape == (size * CELL, size * CELL)
        assert 0 <= mask.min() < 0.01 < 0.99 < mask.max() <= 1
    for first, second in combinations(SHAPES, 2):
        assert np.abs(masks[first] - masks[second]).mean() > 0.02
    middle = size * CELL // 2
    assert {kind for kind in SHAPES if masks[kind][middle, middle] < 0.5} == {"ring"}


@pytest.mark.parametrize("size", SHAPE_SIZES)
def test_outlines_are_hollow(size: int) -> None:
    for kind in OUTLINED_SHAPES:
        filled, outlined = shape_mask(kind, size), shape_mask(kind, size, "outlined")
        middle = size * CELL // 2
        assert outlined[middle, middle] == 0
        assert (outlined <= filled + 0.02).all()
        assert 0.1 < outlined.sum() / filled.sum() < 0.75
        assert outlined.max() > 0.99


def test_arrows_point_where_they_should() -> None:
    right, down = arrow_mask("right"), arrow_mask("down")
    assert right.shape == (2 * CELL, CELL)
    assert down.shape == (CELL, 2 * CELL)
    # The middle of an arrow is all that a raster of smaller patches names.
    assert not right[: CELL // 2].any()
    assert not right[-CELL // 2 :].any()
    assert right[:, : CELL // 2].sum() < right[:, CELL // 2 :].sum()
    assert down[: CELL // 2].sum() < down[CELL // 2 :].sum()


@latin_fonts
@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("font", FONTS)
def test_letters_differ(scale: int, font: str) -> None:
    masks = {sign: character_mask(sign, scale, font) for sign in characters.NARROW}
    for mask in masks.values():
        assert mask.shape == (scale * CELL, scale * CELL)
        assert mask.max() > 0.8
        edges = (mask[:, 0], mask[:, -1], mask[0], mask[-1])
        assert not any(edge.any() for edge in edges)
    for first, second in combinations(characters.NARROW, 2):
        assert np.abs(masks[first] - masks[second]).mean() > 0.002, (first, second)


@latin_fonts
def test_fonts_differ() -> None:
    for sign in "AHnr":
        sans, serif = (character_mask(sign, 2, font) for font in FONTS)
        assert np.abs(sans - serif).mean() > 0.01


@all_fonts
@pytest.mark.parametrize("font", FONTS)
def test_chinese_characters_differ(font: str) -> None:
    masks = {character_mask(sign, 2, font).tobytes() for sign in characters.HAN[::4]}
    assert len(masks) == len(characters.HAN[::4])


@latin_fonts
def test_letters_have_their_colour() -> None:
    pixels = render(empty("plain", "white"))
    box = Box(row=0, column=0, height=1, width=1)
    drawn = scene(1, SceneMix(texts=(0, 1, 0, 0), shapes=(1, 0, 0), chinese=0.0))
    line = replace(drawn.texts[0], text="H", lines=(), colour="red", scale=1, box=box)
    letter = render(replace(empty("plain", "white"), texts=(line,)))
    strongest = np.abs(letter.astype(int) - pixels.astype(int)).sum(axis=-1).argmax()
    assert palette.nearest(letter.reshape(-1, 3)[strongest].astype(np.float32)) == "red"


def test_fonts_that_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_installed", dict)
    assert not fonts.available(fonts.SANS)
    with pytest.raises(NotFoundError, match="fonts-dejavu"):
        fonts.load(fonts.SANS, 1234)


def test_fonts_inside_matplotlib(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bundled = tmp_path / "matplotlib" / "mpl-data" / "fonts" / "ttf"
    bundled.mkdir(parents=True)
    (bundled / "DejaVuSans-Bold.ttf").touch()
    (tmp_path / "matplotlib" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    # What is imported already is found where it came from.
    monkeypatch.delitem(sys.modules, "matplotlib", raising=False)
    monkeypatch.setattr(fonts, "_ROOTS", ())
    found = fonts._installed.__wrapped__()
    assert found == {"DejaVuSans-Bold.ttf": bundled / "DejaVuSans-Bold.ttf"}
    # The machine's own file of the same name is preferred.
    own = tmp_path / "own" / "DejaVuSans-Bold.ttf"
    own.parent.mkdir()
    own.touch()
    monkeypatch.setattr(fonts, "_ROOTS", (own.parent,))
    assert fonts._installed.__wrapped__() == {own.name: own}
