"""How texts are scored."""

import pytest

from glm_image.evaluation.text_scores import (
    edit_distance,
    merged,
    normal,
    score_text,
    similarity,
)


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


@pytest.mark.parametrize(
    ("read", "strict", "loose"),
    [("Room 0", True, True), ("ROOMO", False, True), ("ROOM1", False, False), ("", False, False)],
)
def test_texts_are_read_strictly_and_loosely(read: str, strict: bool, loose: bool) -> None:
    score = score_text("Room0", read)
    assert (score.strict, score.loose) == (strict, loose)
    assert (score.similarity == 1) == strict
