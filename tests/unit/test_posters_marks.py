"""Every mark of a picture is given where it is right, and missed where it is not."""

from dataclasses import replace

import pytest
import torch

from glm_image.data.grids import full_grid
from glm_image.data.scene import (
    Arrow,
    Background,
    Box,
    Panel,
    Place,
    Scene,
    ShapeGroup,
    TextLine,
)
from glm_image.evaluation.posters.asking import Asked, Bound, Relation, everything
from glm_image.evaluation.posters.found import Found, FoundPiece, Frame
from glm_image.evaluation.posters.marks import (
    METRICS,
    all_right,
    frames_of,
    marks_of,
    stands,
)
from glm_image.evaluation.posters.matching import match_pieces, reading_order
from glm_image.evaluation.posters.tokens import read_codes

BLUE = Background(kind="plain", colour="blue")
LOW = Place(row="bottom", column="center")
STAR = ShapeGroup(
    kind="star",
    colour="yellow",
    size=2,
    place=LOW,
    boxes=tuple(Box(row=5, column=column, height=2, width=2) for column in (1, 5)),
)
SALE = TextLine(
    text="SALE",
    colour="white",
    scale=1,
    place=Place(row="top", column="left"),
    box=Box(row=1, column=0, height=1, width=4),
)
SCENE = Scene(rows=8, columns=8, background=BLUE, shapes=(STAR,), texts=(SALE,))
TITLE = replace(
    SCENE,
    design="title",
    shapes=(),
    texts=(
        replace(SALE, place=Place(row="top", column="center"), box=replace(SALE.box, column=2)),
        replace(SALE, text="NOW", box=Box(row=2, column=2, height=1, width=3)),
    ),
)
STEPS = Scene(
    design="steps",
    rows=8,
    columns=8,
    background=BLUE,
    shapes=(),
    texts=tuple(
        replace(SALE, text=text, scale=2, box=Box(row=3, column=3 * index, height=2, width=2))
        for index, text in enumerate("ABC")
    ),
    arrows=tuple(
        Arrow(direction="right", colour="red", box=Box(row=3, column=column, height=2, width=1))
        for column in (2, 5)
    ),
)
HALVES = Scene(
    design="halves",
    rows=8,
    columns=8,
    background=BLUE,
    panels=tuple(
        Panel(
            box=Box(row=0, column=column, height=8, width=4),
            background=Background(kind="plain", colour=colour),
            place=Place(row="middle", column=side),
        )
        for column, side, colour in ((0, "left", "blue"), (4, "right", "red"))
    ),
    shapes=(
        replace(
            STAR,
            place=Place(row="middle", column="right"),
            boxes=(Box(row=3, column=5, height=2, width=2),),
        ),
    ),
    texts=(),
)


def read(scene: Scene) -> Found:
    return read_codes(torch.from_numpy(full_grid(scene)))


def missed(wanted: Scene, drawn: Scene | Found, asked: Asked | None = None) -> set[str]:
    """Marks that something else misses."""
    found = read(drawn) if isinstance(drawn, Scene) else drawn
    marks = marks_of(wanted, asked or everything(wanted), found)
    assert {mark.metric for mark in marks} <= set(METRICS)
    assert all_right(marks) == all(
        mark.value == 1 or "strict" in mark.metric or "NED" in mark.metric for mark in marks
    )
    return {mark.metric for mark in marks if mark.value < 1}


def reading(*texts: str) -> Found:
    """The scene with another text for every piece."""
    found = read(SCENE)
    pieces = tuple(
        replace(found.pieces[0], text=text, frame=Frame(top=row, left=0, bottom=row + 1, right=4))
        for row, text in zip((1, 7), texts, strict=False)
    )
    return replace(found, pieces=pieces)


@pytest.mark.parametrize("scene", [SCENE, TITLE, STEPS, HALVES])
def test_a_true_picture_misses_nothing(scene: Scene) -> None:
    assert missed(scene, scene) == set()


@pytest.mark.parametrize(("field", "value"), [("kind", "striped"), ("colour", "purple")])
def test_another_background_is_noticed(field: str, value: str) -> None:
    wrong = replace(SCENE, background=replace(BLUE, **{field: value}))
    assert missed(SCENE, wrong) == {f"background {field}"}


SHAPE = {"shape kind", "shape colour", "shape style", "shape size", "shape place", "count"}


@pytest.mark.parametrize(
    ("change", "metrics"),
    [
        ({"kind": "heart"}, SHAPE),
        ({"colour": "red"}, {"shape colour"}),
        ({"style": "outlined"}, {"shape style"}),
        ({"boxes": STAR.boxes[:1]}, {"count"}),
        ({"boxes": tuple(replace(box, row=3) for box in STAR.boxes)}, {"shape place"}),
        (
            {"boxes": (*STAR.boxes, Box(row=2, column=6, height=2, width=2))},
            {"count", "nothing extra"},
        ),
        (
            {
                "size": 3,
                "boxes": tuple(replace(box, height=3, width=3) for box in STAR.boxes),
            },
            {"shape size"},
        ),
    ],
    ids=["kind", "colour", "style", "one missing", "place", "one too many", "size"],
)
def test_wrong_shapes_are_noticed(change: dict[str, object], metrics: set[str]) -> None:
    wrong = replace(SCENE, shapes=(replace(STAR, **change),))  # type: ignore[arg-type]
    assert missed(SCENE, wrong) == metrics


def test_another_shape_is_extra() -> None:
    ring = replace(STAR, kind="ring", boxes=(Box(row=0, column=6, height=2, width=2),))
    assert missed(SCENE, replace(SCENE, shapes=(STAR, ring))) == {"nothing extra"}


@pytest.mark.parametrize(
    ("change", "metrics"),
    [
        ({"colour": "red"}, {"text colour"}),
        ({"box": replace(SALE.box, row=3)}, {"text place"}),
    ],
    ids=["colour", "place"],
)
def test_wrong_letters_are_noticed(change: dict[str, object], metrics: set[str]) -> None:
    wrong = replace(SCENE, texts=(replace(SALE, **change),))  # type: ignore[arg-type]
    assert missed(SCENE, wrong) == metrics


def test_the_size_of_letters_is_noticed() -> None:
    large = replace(TITLE.texts[0], scale=2, box=Box(row=1, column=0, height=2, width=8))
    alone = replace(TITLE, design="poster", texts=TITLE.texts[:1])
    assert missed(alone, replace(alone, texts=(large,))) == {"text size"}


@pytest.mark.parametrize(
    ("texts", "metrics"),
    [
        (("sale",), {"text strict en", "text NED en"}),
        (("SAFE",), {"text strict en", "text loose en", "text NED en"}),
        (
            (),
            {
                "text strict en", "text loose en", "text NED en", "text place", "text colour",
                "text size",
            },
        ),
        (("SALE", "NOW"), {"nothing extra"}),
    ],
    ids=["case", "letter", "nothing", "too much"],
)  # fmt: skip
def test_wrong_readings_are_noticed(texts: tuple[str, ...], metrics: set[str]) -> None:
    assert missed(SCENE, reading(*texts)) == metrics


def test_what_is_left_open_has_no_mark() -> None:
    nothing = Asked(places=frozenset(), sizes=frozenset())
    other = replace(
        SCENE,
        shapes=(replace(STAR, boxes=tuple(replace(box, row=3) for box in STAR.boxes)),),
        texts=(replace(SALE, box=replace(SALE.box, row=7, column=4)),),
    )
    assert missed(SCENE, other, nothing) == set()
    marks = {mark.metric for mark in marks_of(SCENE, nothing, read(SCENE))}
    assert not marks & {"shape place", "text place", "shape size", "text size", "relation"}


@pytest.mark.parametrize("larger", [True, False])
def test_resized_shapes_may_have_any_size_beyond_the_old_one(larger: bool) -> None:
    nothing = frozenset[int]()
    bound = Bound(thing=0, size=3, larger=larger)
    asked = Asked(places=nothing, sizes=nothing, bounds=(bound,))
    for size in (2, 3, 4):
        box = Box(row=4, column=3, height=size, width=size)
        scene = replace(SCENE, shapes=(replace(STAR, size=size, boxes=(box,)),))
        right = size > 3 if larger else size < 3
        assert missed(scene, scene, asked) == (set() if right else {"shape size"})


def test_relations_are_marked() -> None:
    told = Asked(
        places=frozenset(),
        sizes=frozenset(),
        relations=(Relation(thing=1, where="above", other=0),),
    )
    assert missed(SCENE, SCENE, told) == set()
    below = replace(SCENE, texts=(replace(SALE, box=replace(SALE.box, row=7)),))
    assert missed(SCENE, below, told) == {"relation"}
    assert "relation" in missed(SCENE, replace(SCENE, shapes=()), told)


@pytest.mark.parametrize("where", ["left", "right", "above", "below"])
def test_things_stand_as_told(where: str) -> None:
    middle = Frame(top=3, left=3, bottom=5, right=5)
    moves = {"left": (0, -3), "right": (0, 3), "above": (-3, 0), "below": (3, 0)}
    for name, (down, along) in moves.items():
        moved = Frame(top=3 + down, left=3 + along, bottom=5 + down, right=5 + along)
        assert stands(moved, where, middle) == (name == where)
    far = Frame(top=0, left=0, bottom=1, right=1)
    assert not stands(far, where, middle)


def test_titles_stand_above_their_subtitles() -> None:
    first, second = TITLE.texts
    swapped = (replace(first, box=second.box), replace(second, box=first.box))
    longer = (replace(first, box=replace(first.box, row=2)), replace(second, box=first.box))
    assert swapped != longer
    assert missed(TITLE, replace(TITLE, texts=longer)) == {"title order"}


def test_steps_stand_in_their_order() -> None:
    one, two, three = STEPS.texts
    swapped = (replace(one, box=two.box), replace(two, box=one.box), three)
    assert missed(STEPS, replace(STEPS, texts=swapped)) == {"step order"}
    assert missed(STEPS, replace(STEPS, arrows=STEPS.arrows[:1])) == {"arrows"}
    yellow = tuple(replace(arrow, colour="yellow") for arrow in STEPS.arrows)
    assert missed(STEPS, replace(STEPS, arrows=yellow)) == {"arrow colour"}
    assert missed(STEPS, replace(STEPS, arrows=())) == {"arrows", "arrow colour"}


def test_panels_are_marked() -> None:
    left, right = HALVES.panels
    other = replace(HALVES, panels=(left, replace(right, background=replace(BLUE, colour="cyan"))))
    assert missed(HALVES, other) == {"background colour"}
    beside = replace(HALVES.shapes[0], boxes=(Box(row=3, column=1, height=2, width=2),))
    assert missed(HALVES, replace(HALVES, shapes=(beside,))) == {"shape place"}
    whole = replace(HALVES, panels=())
    assert missed(HALVES, whole) == {"background kind", "background colour", "panels"}


# ------------------------------------------------------------------------ matching


def piece(text: str, row: float, column: float, scale: int = 1) -> FoundPiece:
    frame = Frame(top=row, left=column, bottom=row + scale, right=column + len(text) * scale)
    return FoundPiece(text=text, colour="red", scale=scale, frame=frame)


def test_a_piece_serves_one_text() -> None:
    matches = match_pieces(["SALE", "SALE"], [piece("SALE", 0, 0)])
    assert [match.score.strict for match in matches].count(True) == 1


def test_texts_find_their_pieces_in_any_order() -> None:
    first, second = match_pieces(["HELLO", "你好"], [piece("你好", 0, 0, 2), piece("hell0", 4, 0)])
    assert (first.score.strict, first.score.loose) == (False, True)
    assert second.score.strict and second.frame == Frame(top=0, left=0, bottom=2, right=4)


def test_words_and_lines_are_joined() -> None:
    pieces = [piece("BIG", 1, 0), piece("RED", 1, 4), piece("SALE", 2, 1), piece("OFF", 7, 0)]
    (match,) = match_pieces(["BIG RED SALE"], pieces)
    assert match.score.strict and match.pieces == {0, 1, 2}
    (match,) = match_pieces(["SALE OFF"], pieces)
    assert not match.score.loose
    (match,) = match_pieces(["BIG RED"], [piece("BIG", 1, 0), piece("RED", 1, 6)])
    assert not match.score.loose


def test_missing_texts_score_nothing() -> None:
    (match,) = match_pieces(["HELLO"], [])
    assert not match.score.strict and not match.score.loose and match.score.similarity == 0
    assert match.frame is None and not match.pieces


def test_a_loosely_equal_piece_goes_before_a_similar_one() -> None:
    (match,) = match_pieces(["OO"], [piece("Ox", 0, 0), piece("00", 4, 0)])
    assert match.score.loose and not match.score.strict


def test_pieces_are_read_row_by_row() -> None:
    pieces = [piece("C", 4, 0), piece("B", 0.2, 3), piece("A", 0, 0)]
    assert [one.text for one in reading_order(pieces)] == ["A", "B", "C"]
    assert reading_order([]) == []


def test_frames_of_missing_things_are_none() -> None:
    frames = frames_of(SCENE, read(replace(SCENE, texts=())))
    assert frames[0] == Frame(top=5, left=1, bottom=7, right=7)
    assert frames[1] is None
