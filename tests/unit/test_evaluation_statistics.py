"""Means, nested means, formulas and intervals against plain loops."""

from collections.abc import Sequence

import numpy as np
import pytest

from glm_image.errors import InputError
from glm_image.evaluation.scores import Metric, SampleScore, Scorecard, Value
from glm_image.evaluation.statistics import (
    breakdown,
    by_sample,
    evaluate,
    multiplicities,
    natural,
    paired,
    unpaired,
)

HITS = Metric(name="hits", title="Hits", value="hits", headline=True)


def picture(
    item: str,
    value: float,
    weight: float = 1.0,
    *,
    sample: int = 1,
    status: str = "ok",
    **tags: str,
) -> SampleScore:
    values = {"hits": Value(value=value, weight=weight)}
    return SampleScore(item=item, sample=sample, status=status, tags=tags, values=values)


def drawn(seed: int, prompts: int = 40, samples: int = 2) -> list[SampleScore]:
    chance = np.random.default_rng(seed)
    return [
        picture(
            f"p{prompt}",
            float(chance.random()),
            float(chance.integers(1, 9)),
            sample=sample,
            file=f"f{prompt % 5}",
            group=f"g{prompt % 5 // 2}",
        )
        for prompt in range(prompts)
        for sample in range(1, samples + 1)
    ]


def brute(samples: Sequence[SampleScore], row: dict[str, float]) -> float:
    """Weighted mean with every picture written out as often as its prompt is taken."""
    pairs = [
        (one.values["hits"].value, one.values["hits"].weight)
        for one in samples
        for _ in range(int(row[one.item]))
    ]
    return sum(value * weight for value, weight in pairs) / sum(weight for _, weight in pairs)


def test_every_draw_takes_as_many_prompts_as_there_are() -> None:
    rows = multiplicities(17, draws=50, seed=3)
    assert rows.shape == (51, 17)
    assert (rows[0] == 1).all()
    assert (rows.sum(axis=1) == 17).all()
    assert (multiplicities(17, draws=50, seed=3) == rows).all()
    with pytest.raises(InputError):
        multiplicities(0)


def test_the_interval_is_that_of_a_loop_over_draws() -> None:
    samples = drawn(1)
    figure = evaluate(Scorecard(metrics=[HITS]), samples, draws=200, seed=5)["hits"]
    items = sorted({one.item for one in samples})
    rows = multiplicities(len(items), draws=200, seed=5)
    means = [brute(samples, dict(zip(items, row, strict=True))) for row in rows.tolist()]
    assert figure.value == pytest.approx(means[0])
    assert (figure.low, figure.high) == pytest.approx(tuple(np.percentile(means[1:], (2.5, 97.5))))
    assert (figure.prompts, figure.pictures) == (40, 80)


def test_the_interval_has_the_width_of_theory() -> None:
    chance = np.random.default_rng(0)
    samples = [picture(f"p{n}", float(chance.random() < 0.8)) for n in range(400)]
    figure = evaluate(Scorecard(metrics=[HITS]), samples)["hits"]
    assert figure.low is not None and figure.high is not None
    assert figure.high - figure.low == pytest.approx(2 * 1.96 * (0.8 * 0.2 / 400) ** 0.5, rel=0.1)


def test_pictures_of_a_prompt_do_not_narrow_the_interval() -> None:
    once = [picture(f"p{n}", n % 2) for n in range(50)]
    often = [picture(f"p{n}", n % 2, sample=k) for n in range(50) for k in (1, 2, 3, 4)]
    card = Scorecard(metrics=[HITS])
    one, four = evaluate(card, once)["hits"], evaluate(card, often)["hits"]
    assert (one.low, one.high) == pytest.approx((four.low, four.high))


def test_a_mean_counts_by_weight() -> None:
    samples = [picture("a", 1.0, 3), picture("b", 0.0, 1)]
    assert evaluate(Scorecard(metrics=[HITS]), samples)["hits"].value == pytest.approx(0.75)


def test_levels_are_averaged_from_the_inside_out() -> None:
    samples = [
        picture("a", 1.0, 9, file="x", group="1"),
        picture("b", 0.0, 1, file="y", group="1"),
        picture("c", 0.0, 1, file="z", group="2"),
    ]
    nested = Metric(name="nested", title="", value="hits", levels=("file", "group"))
    outer = Metric(name="outer", title="", value="hits", levels=("group",))
    figures = evaluate(Scorecard(metrics=[nested, outer]), samples)
    assert figures["nested"].value == pytest.approx((0.5 + 0.0) / 2)
    assert figures["outer"].value == pytest.approx((0.9 + 0.0) / 2)


def test_a_nested_mean_is_that_of_a_loop_over_draws() -> None:
    samples = drawn(2)
    metric = Metric(name="nested", title="", value="hits", levels=("item", "file", "group"))
    figure = evaluate(Scorecard(metrics=[metric]), samples, draws=60, seed=1)["nested"]
    items = sorted({one.item for one in samples})
    results = []
    for row in multiplicities(len(items), draws=60, seed=1).tolist():
        times = dict(zip(items, row, strict=True))
        files: dict[tuple[str, str], list[float]] = {}
        for item in items:
            own = [one for one in samples if one.item == item]
            mean = brute(own, {item: 1})
            key = (own[0].tags["group"], own[0].tags["file"])
            files.setdefault(key, []).extend([mean] * int(times[item]))
        groups: dict[str, list[float]] = {}
        for (group, _), means in files.items():
            if means:
                groups.setdefault(group, []).append(float(np.mean(means)))
        results.append(np.mean([np.mean(means) for means in groups.values()]))
    assert figure.value == pytest.approx(results[0])
    assert (figure.low, figure.high) == pytest.approx(
        tuple(np.percentile(results[1:], (2.5, 97.5)))
    )


def test_a_formula_takes_other_metrics_draw_by_draw() -> None:
    double = Metric(name="double", title="", of=("hits",), formula=lambda hits: 2 * hits)
    figures = evaluate(Scorecard(metrics=[HITS, double]), drawn(3))
    assert figures["double"].value == pytest.approx(2 * figures["hits"].value)
    assert figures["hits"].low is not None
    assert figures["double"].low == pytest.approx(2 * figures["hits"].low)
    assert figures["double"].prompts == figures["hits"].prompts


def test_what_was_not_measured_is_left_out() -> None:
    absent = Metric(name="clip", title="", value="clip")
    built = Metric(name="built", title="", of=("hits", "clip"), formula=lambda a, b: a + b)
    figures = evaluate(Scorecard(metrics=[HITS, absent, built]), drawn(4))
    assert figures.keys() == {"hits"}
    assert evaluate(Scorecard(metrics=[HITS]), []) == {}


def test_within_keeps_pictures_with_a_tag() -> None:
    samples = [picture("a", 1.0, regions="2"), picture("b", 0.0, regions="3")]
    two = Metric(name="two", title="", value="hits", within={"regions": "2"})
    figure = evaluate(Scorecard(metrics=[two]), samples)["two"]
    assert (figure.value, figure.prompts) == (1.0, 1)
    assert figure.low is None and figure.high is None


def test_strict_counts_what_is_not_there_and_lenient_does_not() -> None:
    samples = [picture("a", 1.0), picture("b", 1.0)]
    samples += [picture(name, 0.0, status=name) for name in ("failed", "refused", "missing")]
    card = Scorecard(metrics=[HITS])
    assert evaluate(card, samples)["hits"].value == pytest.approx(0.4)
    lenient = evaluate(card, samples, lenient=True)["hits"]
    assert (lenient.value, lenient.prompts) == (1.0, 2)


def test_axes_break_every_metric_down() -> None:
    card = Scorecard(metrics=[HITS], axes=("file", "unknown"))
    parts = breakdown(card, drawn(5), draws=100)
    assert parts.keys() == {"file"}
    assert list(parts["file"]) == [f"f{n}" for n in range(5)]
    only = [one for one in drawn(5) if one.tags["file"] == "f3"]
    assert parts["file"]["f3"]["hits"].value == evaluate(card, only, draws=2)["hits"].value


def test_numbers_are_ordered_as_numbers() -> None:
    assert sorted(["10", "9", "a10", "a9", "b"], key=natural) == ["9", "10", "a9", "a10", "b"]


def test_the_spread_between_seeds_needs_several_pictures() -> None:
    card = Scorecard(metrics=[HITS])
    assert by_sample(card, drawn(6, samples=1)) == {}
    samples = drawn(6, samples=3)
    second = [one for one in samples if one.sample == 2]
    means = by_sample(card, samples)["hits"]
    assert means[1] == pytest.approx(brute(second, {one.item: 1 for one in second}))
    assert len(means) == 3


def test_pairing_cancels_what_is_common_to_prompts() -> None:
    first = drawn(7, samples=1)
    better = [
        picture(one.item, one.values["hits"].value + 0.01, one.values["hits"].weight)
        for one in first
    ]
    card = Scorecard(metrics=[HITS])
    near, far = paired(card, first, better)["hits"], unpaired(card, first, better)["hits"]
    assert near.value == far.value == pytest.approx(0.01)
    assert near.above == 1.0 and near.low == pytest.approx(0.01)
    assert far.low is not None and far.low < 0 and 0.3 < far.above < 0.9


def test_only_common_prompts_are_compared() -> None:
    first = [picture("a", 0.0), picture("b", 0.0)]
    second = [picture("b", 1.0), picture("c", 0.0)]
    card = Scorecard(metrics=[HITS])
    assert paired(card, first, second)["hits"].value == 1.0
    assert paired(card, first, second)["hits"].prompts == 1
    with pytest.raises(InputError):
        paired(card, first[:1], second[1:])
