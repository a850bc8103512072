"""Choosing tokens, and drawing the numbers that they are chosen with."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from glm_image.pipeline.sampling import MAX_SEED, Sampler, _rank, draw

PROBABILITIES = torch.tensor([[0.1, 0.4, 0.05, 0.3, 0.15]])


def pick(sampler: Sampler, uniform: float, probabilities: Tensor = PROBABILITIES) -> int:
    return int(sampler.pick(probabilities.log(), torch.tensor([uniform])))


@pytest.mark.parametrize(
    ("uniform", "token"),
    [(0.0, 1), (0.39, 1), (0.41, 3), (0.69, 3), (0.71, 4), (0.86, 0), (0.94, 0), (0.999999, 2)],
)
def test_number_points_into_the_ranked_tokens(uniform: float, token: int) -> None:
    assert pick(Sampler(temperature=1.0, top_p=1.0), uniform) == token


@pytest.mark.parametrize(
    ("top_p", "kept"),
    [(0.01, {1}), (0.39, {1}), (0.41, {1, 3}), (0.75, {1, 3, 4}), (1.0, {0, 1, 2, 3, 4})],
)
def test_nucleus_keeps_the_token_that_crosses_the_limit(top_p: float, kept: set[int]) -> None:
    sampler = Sampler(temperature=1.0, top_p=top_p)
    assert {pick(sampler, index / 1000) for index in range(1000)} == kept


def test_rounding_up_to_one_stays_in_the_nucleus() -> None:
    assert pick(Sampler(temperature=1.0, top_p=0.5), 1.0) == 3
    assert pick(Sampler(temperature=1.0, top_p=1.0), 1.0) == 2


def test_top_k_keeps_the_most_likely() -> None:
    sampler = Sampler(temperature=1.0, top_p=1.0, top_k=2)
    assert {pick(sampler, index / 100) for index in range(100)} == {1, 3}


def test_temperature_comes_before_the_nucleus() -> None:
    """Heated to even odds, a nucleus of 0.75 keeps four of five tokens instead of three."""
    hot = Sampler(temperature=10.0, top_p=0.75)
    assert len({pick(hot, index / 1000) for index in range(1000)}) == 4


def test_zero_temperature_is_greedy_whatever_the_number() -> None:
    sampler = Sampler(temperature=0.0, top_p=0.75)
    assert {pick(sampler, uniform) for uniform in (0.0, 0.5, 0.999)} == {1}


def test_shares_are_those_of_the_distribution() -> None:
    count = 20_000
    uniforms = torch.rand(count, generator=torch.Generator().manual_seed(1))
    logits = PROBABILITIES.log().expand(count, -1)
    chosen = Sampler(temperature=1.0, top_p=0.75).pick(logits, uniforms)
    shares = chosen.bincount(minlength=5) / count
    kept = torch.tensor([0.0, 0.4, 0.0, 0.3, 0.15]) / 0.85
    torch.testing.assert_close(shares, kept, atol=0.015, rtol=0)


def test_even_odds_reach_every_token_and_no_other() -> None:
    uniforms = torch.linspace(0, 1, 4097)[:-1]
    logits = torch.zeros(4096, 64)
    chosen = Sampler(temperature=1.0, top_p=1.0).pick(logits, uniforms)
    assert chosen.unique().tolist() == list(range(64))


@given(
    st.lists(st.floats(-50, 50, width=32), min_size=1, max_size=40),
    st.floats(0, 1, exclude_max=True, width=32),
    st.floats(0.05, 5),
    st.floats(0.001, 1),
)
def test_choice_is_always_in_the_nucleus(
    logits: list[float], uniform: float, temperature: float, top_p: float
) -> None:
    scores = torch.tensor([logits], dtype=torch.float32)
    chosen = Sampler(temperature=temperature, top_p=top_p).pick(scores, torch.tensor([uniform]))
    shares = (scores / temperature).softmax(-1)[0]
    ahead = float(shares[shares > shares[chosen]].sum())
    assert ahead < top_p + 1e-5


def test_rows_are_chosen_on_their_own() -> None:
    generator = torch.Generator().manual_seed(2)
    logits, uniforms = torch.randn(7, 50, generator=generator), torch.rand(7, generator=generator)
    sampler = Sampler(temperature=0.9, top_p=0.75)
    single = [int(sampler.pick(logits[i : i + 1], uniforms[i : i + 1])) for i in range(7)]
    assert sampler.pick(logits, uniforms).tolist() == single


@given(
    st.lists(
        st.lists(st.floats(width=32, allow_nan=False), min_size=7, max_size=7),
        min_size=1,
        max_size=4,
    ),
)
def test_ranking_is_that_of_a_stable_sort(scores: list[list[float]]) -> None:
    scores_bv = torch.tensor(scores, dtype=torch.float32)
    ranked, order = _rank(scores_bv)
    expected = scores_bv.sort(dim=-1, descending=True, stable=True)
    assert torch.equal(order, expected.indices)
    assert torch.equal(ranked, expected.values)


def test_ranking_of_a_whole_vocabulary_with_ties() -> None:
    generator = torch.Generator().manual_seed(3)
    scores_bv = torch.randn(3, 16384, generator=generator).bfloat16().float()
    ranked, order = _rank(scores_bv)
    expected = scores_bv.sort(dim=-1, descending=True, stable=True)
    assert len(ranked[0].unique()) < 2000
    assert torch.equal(order, expected.indices)
    assert torch.equal(ranked, expected.values)


def test_draws_belong_to_the_seed_alone() -> None:
    shape = (4, 6, 8)
    both = draw([5, MAX_SEED], shape, 9)
    for row, seed in enumerate((5, MAX_SEED)):
        alone = draw([seed], shape, 9)
        assert torch.equal(alone.noise_pchw[0], both.noise_pchw[row])
        assert torch.equal(alone.uniforms_pn[0], both.uniforms_pn[row])
    assert not torch.equal(both.noise_pchw[0], both.noise_pchw[1])
    assert both.noise_pchw.dtype == both.uniforms_pn.dtype == torch.float32


def test_noise_does_not_depend_on_the_number_of_codes() -> None:
    assert torch.equal(draw([1], (4, 8, 8), 3).noise_pchw, draw([1], (4, 8, 8), 300).noise_pchw)


def test_drawing_leaves_the_global_state_alone() -> None:
    before = torch.random.get_rng_state()
    draw([1, 2], (4, 8, 8), 10)
    assert torch.equal(torch.random.get_rng_state(), before)
