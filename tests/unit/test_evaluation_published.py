"""The published rows: all there, all with a source."""

from collections import Counter

import pytest

from glm_image.evaluation import published

RECORDS = {
    "cvtg-2k": 45,
    "longtext-bench": 51,
    "oneig-bench": 102,
    "tiif-bench": 102,
    "dpg-bench": 53,
}


def test_every_record_is_there_and_has_a_source() -> None:
    records = published.data()["rows"]
    assert Counter(one["benchmark"] for one in records) == RECORDS
    assert len(records) == 353
    for one in records:
        assert one.keys() == {"benchmark", "model", "source", "values"}
        assert one["source"] in published.sources()
        assert one["model"] and one["values"]


def test_every_source_says_what_it_is() -> None:
    for source in published.sources().values():
        assert source.origin and source.date.startswith("202")
        assert source.kind in ("model vendor", "benchmark authors", "secondary")


def test_numbers_are_in_the_scale_of_print() -> None:
    tops = {"tiif-testmini": 100, "tiif-test": 100, "dpg": 100}
    for row in published.rows():
        for value in row.values.values():
            assert 0 <= value <= tops.get(row.benchmark, 1.0), row


def test_no_number_is_lost_in_the_telling_apart() -> None:
    """But for languages, which become names, and means of languages, which are none of ours."""
    printed = sum(
        value is not None and key not in ("lang", "avg")
        for one in published.data()["rows"]
        for key, value in one["values"].items()
    )
    assert sum(len(row.values) for row in published.rows()) == printed


def test_closed_models_and_remarks_are_about_rows() -> None:
    models = {row.model for row in published.rows()}
    assert set(published.data()["closed"]) <= models
    assert sum(bool(row.remark) for row in published.rows()) >= len(published.data()["remarks"])


@pytest.mark.parametrize(
    ("benchmark", "metric", "value"),
    [
        ("cvtg-2k", "word_accuracy", 0.9116),
        ("cvtg-2k", "ned", 0.9557),
        ("longtext-en", "score", 0.952),
        ("longtext-zh", "score", 0.979),
        ("oneig-en", "overall", 0.528),
        ("oneig-zh", "text", 0.976),
        ("tiif-testmini", "overall_short", 81.01),
        ("dpg", "overall", 84.78),
    ],
)
def test_glm_image_stands_beside_ours(benchmark: str, metric: str, value: float) -> None:
    found = published.neighbours(benchmark, metric)
    assert found is not None
    assert found.glm_image.values[metric] == value
    assert found.best_open is not None and found.best_open.is_open
    assert found.best_closed is not None and not found.best_closed.is_open
    rows = (found.glm_image, found.best_open, found.best_closed)
    assert {row.source.key for row in rows} == {found.source.key}


def test_sources_are_kept_apart_and_each_is_in_order() -> None:
    by_source = published.select("cvtg-2k", "word_accuracy")
    assert len(by_source) >= 5
    for key, rows in by_source.items():
        assert {row.source.key for row in rows} == {key}
        values = [row.values["word_accuracy"] for row in rows]
        assert values == sorted(values, reverse=True)
    upward = published.select("cvtg-2k", "word_accuracy", higher_is_better=False)["glm-image"]
    assert upward == by_source["glm-image"][::-1]


def test_what_nobody_printed_has_no_neighbours() -> None:
    assert published.neighbours("geneval", "overall") is None
    assert published.neighbours("tiif-test", "overall_short") is None
