"""The rules that texts are compared by."""

from itertools import permutations

import numpy as np
import pytest

from glm_image.evaluation.assignment import assign
from glm_image.evaluation.text_metrics import (
    NOTHING_READ,
    compare,
    cvtg_words,
    exact_texts,
    kept_letters,
    nearest_similarity,
    one_to_one,
    recalled,
    units,
    words_found,
)


def test_a_word_wanted_twice_and_read_once_counts_twice() -> None:
    wanted = cvtg_words(["Sale today", "SALE"])
    assert wanted == ["sale", "today", "sale"]
    assert words_found(wanted, ["sale"]) == 2
    assert recalled(wanted, ["sale"]) == 1


def test_punctuation_belongs_to_the_word() -> None:
    assert words_found(cvtg_words(["Faster, better"]), cvtg_words(["faster better"])) == 1
    assert words_found(cvtg_words(["Faster, better"]), cvtg_words(["FASTER, BETTER"])) == 2


def test_a_curly_apostrophe_is_another_character() -> None:
    assert words_found(["chef’s"], ["chef's"]) == 0
    assert nearest_similarity("chef’s", ["chef's"]) == pytest.approx(5 / 6, abs=1e-5)


def test_nothing_read_is_one_empty_word() -> None:
    assert words_found(["open"], []) == 0
    assert nearest_similarity("open", []) == pytest.approx(0, abs=1e-5)


def test_nearest_has_no_lower_limit() -> None:
    # Nothing in common: the nearest word is as long as it is wrong.
    assert nearest_similarity("abc", ["xyz"]) == pytest.approx(0, abs=1e-5)
    assert nearest_similarity("coffee", ["tea", "cofee", "shop"]) == pytest.approx(5 / 6, abs=1e-5)


def test_letters_that_are_kept() -> None:
    assert kept_letters("don't a-b Café № 5，你好！") == "dont ab Café  5你好"
    assert kept_letters("ÿñß") == ""


def test_units_of_mixed_scripts() -> None:
    assert units("Open 今天 9:00开门") == ["Open", "今", "天", "9:00", "开", "门"]


def test_a_perfect_reading() -> None:
    found = compare(["Fresh Bread", "今日特价"], ["FRESH", "bread", "今日特价"])
    assert (found.precision, found.recall, found.f1, found.matched) == (1, 1, 1, 1)
    assert (found.repeated, found.extra) == (0, 0)
    # Upper and lower case only matter to exact texts.
    assert found.exact == 0.5


def test_junk_lowers_precision_only() -> None:
    clean = compare(["Fresh Bread"], ["Fresh Bread"])
    junk = compare(["Fresh Bread"], ["Fresh Bread", "qwvx zzkj"])
    assert clean.precision == 1
    assert junk.precision == pytest.approx(10 / 18)
    assert junk.recall == 1
    assert (junk.matched, junk.extra, junk.exact) == (0.5, 1, 1)


def test_repetition_is_seen() -> None:
    found = compare(["Sale"], ["Sale", "Sale", "Sale"])
    assert found.repeated == pytest.approx(2 / 3)
    assert found.recall == 1
    assert found.precision == pytest.approx(1 / 3)
    assert compare(["Sale Sale"], ["Sale Sale"]).repeated == 0


def test_a_misspelt_word_counts_in_part() -> None:
    found = compare(["morning"], ["mornnig"])
    assert found.recall == pytest.approx(5 / 7)
    assert found.matched == pytest.approx(5 / 7)
    assert found.extra == 0


def test_full_width_signs_are_equal_to_plain_ones() -> None:
    found = compare(["净重：２克，新鲜"], ["净重:2克,新鲜"])
    assert (found.precision, found.recall, found.exact) == (1, 1, 1)


def test_nothing_to_compare() -> None:
    assert compare(["Sale"], []) == NOTHING_READ
    assert compare([" "], ["Sale"]) == NOTHING_READ


def test_exact_texts_may_run_over_lines_but_not_into_words() -> None:
    assert exact_texts(["Fresh Bread Daily"], ["Fresh", "Bread Daily"]) == 1
    assert exact_texts(["Fresh Bread"], ["FreshBread"]) == 1
    assert exact_texts(["READ"], ["READING"]) == 0
    assert exact_texts(["READ"], ["bREAD", "READ"]) == 1
    assert exact_texts(["你好"], ["你好世界"]) == 1


def test_every_exact_text_needs_a_place_of_its_own() -> None:
    assert exact_texts(["Sale", "Sale"], ["Sale"]) == 1
    assert exact_texts(["Sale", "Big Sale"], ["Big Sale"]) == 1


def test_pairs_are_the_best_together() -> None:
    pairs = one_to_one(["cat", "cart"], ["cart"])
    assert pairs == [(1, 0, 1.0)]
    assert one_to_one([], ["a"]) == []


@pytest.mark.parametrize("shape", [(1, 1), (2, 4), (4, 2), (5, 5), (3, 6)])
def test_assignment_is_cheapest(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(sum(shape))
    for _ in range(10):
        costs = rng.random(shape)
        pairs = assign(costs)
        assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == min(shape)
        wide = costs if shape[0] <= shape[1] else costs.T
        least = min(
            sum(wide[i, j] for i, j in enumerate(columns))
            for columns in permutations(range(wide.shape[1]), wide.shape[0])
        )
        assert sum(costs[i, j] for i, j in pairs) == pytest.approx(least)
