"""The readers see what is there, in pixels and in codes, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from glm_image.data import fonts
from glm_image.data.characters import HAN, NARROW, is_han
from glm_image.data.draw import Pixels, render
from glm_image.data.grids import full_grid
from glm_image.data.scene import (
    FONTS,
    OUTLINED_SHAPES,
    SHAPE_SIZES,
    SHAPES,
    STYLES,
    Background,
    Box,
    Place,
    Scene,
    ShapeGroup,
    TextLine,
)
from glm_image.evaluation.posters import held_out
from glm_image.evaluation.posters.fidelity import share_elsewhere, untouched_psnr
from glm_image.evaluation.posters.found import WHOLE, Found, FoundArea
from glm_image.evaluation.posters.held_out import Case
from glm_image.evaluation.posters.marks import all_right, marks_of
from glm_image.evaluation.posters.pixels import look
from glm_image.evaluation.posters.suite import see
from glm_image.evaluation.posters.tokens import read_codes
from glm_image.evaluation.readers.ocr import OcrReader

pytestmark = pytest.mark.skipif(
    not all(fonts.available(faces) for faces in (fonts.SANS, fonts.SERIF, fonts.CHINESE)),
    reason="pictures need the fonts of fonts-dejavu and fonts-noto-cjk",
)

MIDDLE = Place(row="middle", column="center")
WHITE = Scene(
    rows=12,
    columns=12,
    background=Background(kind="plain", colour="white"),
    shapes=(),
    texts=(),
)


def codes(scene: Scene) -> Found:
    return read_codes(torch.from_numpy(full_grid(scene)))


def known(case: Case, pixels: Pixels) -> Found:
    """What is seen in a picture whose letters need not be read: the codes tell them."""
    sight = look(pixels)
    texts = [piece.text for piece in codes(case.expected).pieces]
    assert len(texts) == len(sight.crops), case.name
    return sight.read(texts)


def wrong(case: Case, found: Found) -> list[str]:
    marks = marks_of(case.expected, case.asked, found)
    return [mark.metric for mark in marks if mark.value < 1]


def letters(characters: str, scale: int, font: str) -> Scene:
    """A picture of up to 16 characters, far apart."""
    return replace(
        WHITE,
        texts=tuple(
            TextLine(
                text=character,
                colour="black",
                font=font,
                scale=scale,
                place=MIDDLE,
                box=Box(row=index // 4 * 3, column=index % 4 * 3, height=scale, width=scale),
            )
            for index, character in enumerate(characters)
        ),
    )


def test_codes_say_what_every_scene_shows() -> None:
    for case in (*held_out.drawings(), *held_out.edits()):
        assert wrong(case, codes(case.expected)) == [], case.name


def test_everything_is_seen_in_true_pictures() -> None:
    for case in (*held_out.drawings(12), *held_out.edits(5)):
        assert wrong(case, known(case, render(case.expected))) == [], case.name


def test_the_reader_reads_true_pictures() -> None:
    reader = OcrReader()
    for case in held_out.drawings(6):
        found = see(render(case.expected), reader)
        assert all_right(marks_of(case.expected, case.asked, found)), (case.name, found.texts)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("size", SHAPE_SIZES)
def test_every_shape_is_told(style: str, size: int) -> None:
    kinds = SHAPES if style == "filled" else OUTLINED_SHAPES
    for first in range(0, len(kinds), 4):
        some = kinds[first : first + 4]
        groups = tuple(
            ShapeGroup(
                kind=kind,
                colour="blue",
                style=style,
                size=size,
                place=MIDDLE,
                boxes=(Box(row=index // 2 * 6, column=index % 2 * 6, height=size, width=size),),
            )
            for index, kind in enumerate(some)
        )
        found = look(render(replace(WHITE, shapes=groups))).found
        told = sorted((one.kind, one.style, one.size, one.colour) for one in found.shapes)
        assert told == sorted((kind, style, size, "blue") for kind in some)
        assert not found.pieces and not found.arrows


@pytest.mark.parametrize("font", FONTS)
@pytest.mark.parametrize(
    "characters", [NARROW[:16], "OQ0oDGC@"[:7], "回国口日目田园图圆三二一小八川心", HAN[100:116]]
)
def test_letters_are_no_shapes(characters: str, font: str) -> None:
    for scale in (1, 2):
        if scale == 1 and any(map(is_han, characters)):
            continue
        found = look(render(letters(characters, scale, font))).found
        assert not found.shapes and not found.arrows
        assert len(found.pieces) == len(characters)
        assert {piece.colour for piece in found.pieces} == {"black"}


def test_an_empty_picture_has_no_things() -> None:
    case = held_out.drawings(1)[0]
    empty = replace(case.expected, shapes=(), texts=())
    area = FoundArea(place=WHOLE, background=empty.background)
    assert look(render(empty)).found == Found(areas=(area,))


def test_unused_codes_show_nothing() -> None:
    assert read_codes(torch.full((8, 8), 9407)) == Found()


def test_parts_of_things_in_codes_are_none() -> None:
    scene = replace(letters("家A", 2, "sans"), rows=8, columns=8)
    grid = torch.from_numpy(full_grid(scene))
    grid[0, 1] = grid[1, 1] = grid[7, 7]
    assert read_codes(grid).texts == ("A",)
    star = ShapeGroup(
        kind="star",
        colour="red",
        size=2,
        place=MIDDLE,
        boxes=(Box(row=3, column=3, height=2, width=2),),
    )
    grid = torch.from_numpy(full_grid(replace(scene, texts=(), shapes=(star,))))
    grid[3] = grid[0, 0]
    assert read_codes(grid).shapes == ()


def test_what_an_edit_leaves_alone_is_compared() -> None:
    case = next(one for one in held_out.edits() if one.kind == "move")
    truth = render(case.expected)
    assert untouched_psnr(case, truth) == pytest.approx(58.92, abs=0.01)
    noisy = np.clip(truth.astype(np.int16) + 16, 0, 255).astype(np.uint8)
    low = untouched_psnr(case, noisy)
    assert low is not None and 23 < low < 27
    # What the edit is about does not count.
    same = (render(case.sources[0]) == truth).all(axis=-1)
    changed = np.where(same[..., None], truth, 128).astype(np.uint8)
    assert untouched_psnr(case, changed) == pytest.approx(58.92, abs=0.01)
    assert untouched_psnr(held_out.drawings(1)[0], truth) is None


def test_two_layouts_are_compared() -> None:
    case = next(one for one in held_out.drawings() if len(one.expected.shapes) == 1)
    scene = replace(case.expected, texts=(), background=WHITE.background)
    group = scene.shapes[0]
    moved = replace(group, boxes=tuple(replace(box, row=(box.row + 3) % 5) for box in group.boxes))
    case = replace(case, expected=scene)
    first, second = codes(scene), codes(replace(scene, shapes=(moved,)))
    assert share_elsewhere(case, first, first) == 0
    assert share_elsewhere(case, first, second) == 1
    assert share_elsewhere(case, first, replace(second, shapes=())) is None
