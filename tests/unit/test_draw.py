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
from glm_image.data.draw import character_mask, render, shape_mask
from glm_image.data.layout import SceneMix
from glm_image.data.scene import BACKGROUNDS, CELL, SHAPE_SIZES, SHAPES, Background, Box, Scene
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
        blank = {
            cell
            for cell in line.box.cells()
            if line.text[(cell[1] - line.box.column) // line.scale] == " "
        }
        changed = changed_cells(drawn, without)
        assert changed <= set(line.box.cells()) - blank
        # Every letter is there; a quarter of a large one may be empty.
        columns = {(column - line.box.column) // line.scale for _, column in changed}
        assert columns == {index for index, sign in enumerate(line.text) if sign != " "}
    for group in drawn.shapes:
        without = replace(drawn, shapes=tuple(g for g in drawn.shapes if g is not group))
        cells = {cell for box in group.boxes for cell in box.cells()}
        changed = changed_cells(drawn, without)
        # Corners of the square around a star are empty.
        assert changed <= cells
        assert len(changed) > len(cells) / 2


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
    assert (np.diff(gradient[:, 0].sum(axis=-1)) >= 0).all()
    assert gradient[0, 0].sum() < gradient[-1, 0].sum()
    striped, dotted = render(empty("striped", "blue")), render(empty("dotted", "blue"))
    assert (striped == striped[:1]).all()
    assert (striped[0, 0] != striped[0, CELL // 2]).any()
    assert np.array_equal(dotted[:CELL, :CELL], dotted[CELL : 2 * CELL, :CELL])
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


@latin_fonts
@pytest.mark.parametrize("scale", [1, 2])
def test_letters_differ(scale: int) -> None:
    masks = {sign: character_mask(sign, scale) for sign in characters.LATIN}
    for mask in masks.values():
        assert mask.shape == (scale * CELL, scale * CELL)
        assert mask.max() > 0.9
        # Neighbours never touch; above and below, letters fill their square.
        assert not (mask[:, 0].any() or mask[:, -1].any())
    for first, second in combinations(characters.LATIN, 2):
        assert np.abs(masks[first] - masks[second]).mean() > 0.002, (first, second)


@all_fonts
def test_chinese_characters_differ() -> None:
    masks = {character_mask(sign, 1).tobytes() for sign in characters.HAN}
    assert len(masks) == len(characters.HAN)


@latin_fonts
def test_letters_have_their_colour() -> None:
    pixels = render(empty("plain", "white"))
    box = Box(row=0, column=0, height=1, width=1)
    drawn = scene(1, SceneMix(texts=(0, 1, 0, 0), shapes=(1, 0, 0), chinese=0.0))
    line = replace(drawn.texts[0], text="H", colour="red", scale=1, box=box)
    letter = render(replace(empty("plain", "white"), texts=(line,)))
    strongest = np.abs(letter.astype(int) - pixels.astype(int)).sum(axis=-1).argmax()
    assert palette.nearest(letter.reshape(-1, 3)[strongest].astype(np.float32)) == "red"


def test_colours_that_go_together() -> None:
    assert palette.readable("black", "white")
    assert not palette.contrast("red", "red")
    # Seen but not read: red and blue are far apart and equally bright.
    assert palette.contrast("red", "blue")
    assert not palette.readable("red", "blue")


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
