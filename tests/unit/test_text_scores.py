"""How texts are scored."""

import numpy as np
import pytest

from glm_image.evaluation.readers.ocr import join_rows
from glm_image.evaluation.text_scores import (
    edit_distance,
    match_texts,
    merged,
    normal,
    similarity,
)


def corners(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    return np.asarray([(left, top), (right, top), (right, bottom), (left, bottom)])


def test_normal_text_has_one_width_and_no_spaces() -> None:
    assert normal("Ａｂ c") == "Abc"


def test_look_alikes_and_case_are_merged() -> None:
    assert merged("B0lq") == merged("bO1g")
    assert merged("A") != merged("B")


@pytest.mark.parametrize(
    ("first", "second", "distance"), [("", "", 0), ("abc", "", 3), ("kitten", "sitting", 3)]
)
def test_edit_distance(first: str, second: str, distance: int) -> None:
    assert edit_distance(first, second) == distance
    assert edit_distance(second, first) == distance


def test_similarity_is_a_share_of_the_longer_text() -> None:
    assert similarity("SALE", "SALE") == 1
    assert similarity("SALE", "SAL") == pytest.approx(0.75)
    assert similarity("SALE", "") == 0


def test_a_line_serves_one_text() -> None:
    scores = match_texts(["SALE", "SALE"], ["SALE"])
    assert [score.strict for score in scores].count(True) == 1


def test_texts_find_their_lines_in_any_order() -> None:
    scores = match_texts(["HELLO", "你好"], ["你好", "hell0"])
    assert [score.strict for score in scores] == [False, True]
    assert all(score.loose for score in scores)


def test_missing_texts_score_nothing() -> None:
    (score,) = match_texts(["HELLO"], [])
    assert not score.strict and not score.loose and score.similarity == 0


def test_pieces_of_one_row_become_one_line() -> None:
    pieces = [
        ("LO", corners(0.5, 0.11, 0.7, 0.21)),
        ("HEL", corners(0.1, 0.1, 0.4, 0.2)),
        ("x", corners(0.1, 0.5, 0.2, 0.6)),
    ]
    assert [line.text for line in join_rows(pieces, 0.2)] == ["HELLO", "x"]


def test_pieces_far_apart_on_one_row_are_two_lines() -> None:
    pieces = [("B", corners(0.5, 0.1, 0.7, 0.2)), ("A", corners(0.1, 0.1, 0.2, 0.2))]
    assert [line.text for line in join_rows(pieces, 0.2)] == ["A", "B"]


def test_a_loosely_equal_line_goes_before_a_similar_one() -> None:
    (score,) = match_texts(["OO"], ["Ox", "00"])
    assert score.loose and not score.strict
