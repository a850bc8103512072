"""Pictures that are written together: they come and go, and none shows in another."""

import dataclasses
import itertools
from collections.abc import Callable, Hashable
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor

import tiny
from glm_image.checkpoint.published import Components
from glm_image.errors import InputError, PlanError, ShapeError
from glm_image.execution import decoding
from glm_image.execution.plan import GeneratorPlan
from glm_image.models.generator import Generator
from glm_image.pipeline import prompt
from glm_image.pipeline.sampling import Sampler
from glm_image.pipeline.writing import Finished, Writing, Written
from glm_image.types import GeneratorInput, PriorTokens, Prompt, Size, SourceSpan

USUAL = Sampler(temperature=0.9, top_p=0.75)
GREEDY = Sampler(temperature=0.0, top_p=1.0)
TOKENS = 400


@dataclasses.dataclass(frozen=True)
class Order:
    """One call of ``admit``."""

    request: GeneratorInput
    sources: tuple[PriorTokens, ...]
    sampler: Sampler
    uniforms_pn: Tensor


def words(parts: Components, text: str, height: int, width: int) -> GeneratorInput:
    whole = prompt.encode(
        parts.text_tokenizer, Prompt(text=text, size=Size(height, width)), TOKENS * 2
    )
    return dataclasses.replace(whole, rasters=((3, 5), whole.rasters[-1]))


def edit(parts: Components) -> tuple[GeneratorInput, tuple[PriorTokens, ...]]:
    source = PriorTokens(ids_n=torch.arange(6) * 7, grid=(2, 3))
    ids = torch.cat(
        (
            torch.tensor([tiny.START]),
            torch.full((6,), tiny.IMAGE),
            torch.tensor([tiny.END, *range(80, 90), tiny.START]),
        )
    )
    spans = (SourceSpan(start_index=1, height=2, width=3),)
    return GeneratorInput(ids_l=ids, sources=spans, rasters=((4, 6),)), (source,)


def numbers(seed: int, request: GeneratorInput, pictures: int = 1) -> Tensor:
    return torch.rand((pictures, request.new_tokens), generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def orders(tiny_components: Components) -> list[Order]:
    """Prompts, sizes, samplers and sources of every kind."""
    long = words(tiny_components, "a much longer prompt than the others", 128, 128)
    short = words(tiny_components, "a", 64, 96)
    edited, sources = edit(tiny_components)
    return [
        Order(long, (), USUAL, numbers(1, long, 2)),
        Order(edited, sources, USUAL, numbers(2, edited)),
        Order(short, (), GREEDY, numbers(3, short)),
        Order(short, (), Sampler(temperature=1.3, top_p=0.9, top_k=9), numbers(4, short, 2)),
    ]


def finish(writing: Writing) -> dict[int, Written]:
    finished: list[Finished] = []
    while writing.busy:
        finished += writing.step()
    return {one.row: one.written for one in finished}


def alone(generator: Generator, order: Order, picture: int) -> Written:
    writing = Writing(generator, rows=1, tokens=TOKENS)
    uniforms_pn = order.uniforms_pn[picture : picture + 1]
    writing.admit(order.request, order.sources, order.sampler, uniforms_pn)
    return finish(writing)[0]


def same(got: Written, expected: Written) -> bool:
    previews = [one.prior.preview for one in (got, expected)]
    return (
        torch.equal(got.prior.ids_n, expected.prior.ids_n)
        and (previews[0] is None) == (previews[1] is None)
        and all(
            torch.equal(a.ids_n, b.ids_n) for a, b in [previews] if a is not None and b is not None
        )
        and got.prior.grid == expected.prior.grid
        and got.prior.sources is expected.prior.sources
        and got.health == expected.health
    )


@pytest.mark.parametrize("apart", [0, 1, 7])
def test_rows_write_what_they_write_alone(
    tiny_components: Components, orders: list[Order], apart: int
) -> None:
    """All at once, or each some steps after the one before."""
    generator = tiny_components.generator
    writing = Writing(generator, rows=6, tokens=TOKENS)
    place: dict[int, tuple[Order, int]] = {}
    finished: list[Finished] = []
    for order in orders:
        rows = writing.admit(order.request, order.sources, order.sampler, order.uniforms_pn)
        place |= {row: (order, picture) for picture, row in enumerate(rows)}
        for _ in range(apart):
            finished += writing.step()
    assert writing.free == 0
    while writing.busy:
        finished += writing.step()
    assert sorted(one.row for one in finished) == list(range(6))
    for one in finished:
        order, picture = place[one.row]
        assert same(one.written, alone(generator, order, picture))


def test_rows_are_used_again_and_given_up(tiny_components: Components, orders: list[Order]) -> None:
    """Six pictures through two rows; one more is given up on the way."""
    generator = tiny_components.generator
    writing = Writing(generator, rows=2, tokens=TOKENS)
    waiting = [(order, k) for order in orders for k in range(len(order.uniforms_pn))]
    unwanted = orders[0]
    given_up: list[int] = writing.admit(unwanted.request, (), USUAL, unwanted.uniforms_pn[:1])
    for _ in range(5):
        assert writing.step() == []
    assert writing.done(given_up[0]) == 5
    place: dict[int, tuple[Order, int]] = {}
    results: list[tuple[Order, int, Written]] = []
    while waiting or writing.busy:
        while waiting and writing.free:
            order, k = waiting.pop(0)
            uniforms_pn = order.uniforms_pn[k : k + 1]
            [row] = writing.admit(order.request, order.sources, order.sampler, uniforms_pn)
            place[row] = (order, k)
        if given_up and place:
            writing.release(given_up.pop())
        results += [(*place.pop(one.row), one.written) for one in writing.step()]
    assert len(results) == 6
    assert all(same(written, alone(generator, order, k)) for order, k, written in results)


def test_neighbours_change_no_bit(
    tiny_components: Components, orders: list[Order], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With as many rows as long, whoever is in the others: equal to the last bit on the CPU."""
    seen: list[Tensor] = []
    pick = Sampler.pick

    def recording(self: Sampler, logits_bv: Tensor, uniforms_b: Tensor) -> Tensor:
        seen.append(logits_bv[0].clone())
        return pick(self, logits_bv, uniforms_b)

    monkeypatch.setattr(Sampler, "pick", recording)

    def scores(neighbour: Order) -> Tensor:
        seen.clear()
        writing = Writing(tiny_components.generator, rows=2, tokens=TOKENS)
        first = orders[0]
        writing.admit(first.request, first.sources, USUAL, first.uniforms_pn[:1])
        writing.admit(neighbour.request, neighbour.sources, USUAL, neighbour.uniforms_pn[:1])
        for _ in range(neighbour.request.new_tokens - 1):
            writing.step()
        return torch.stack(seen)

    short, edited = orders[2], orders[1]
    by_words, by_edit = scores(short), scores(edited)
    count = min(len(by_words), len(by_edit))
    assert count > 15
    assert torch.equal(by_words[:count], by_edit[:count])


@pytest.mark.parametrize("window", [2, 5, 16, 100])
def test_a_window_writes_what_single_steps_write(
    tiny_components: Components, orders: list[Order], window: int
) -> None:
    generator = tiny_components.generator
    writing = Writing(generator, rows=6, tokens=TOKENS, plan=GeneratorPlan(window=window))
    place: dict[int, tuple[Order, int]] = {}
    for order in orders:
        rows = writing.admit(order.request, order.sources, order.sampler, order.uniforms_pn)
        place |= {row: (order, picture) for picture, row in enumerate(rows)}
    for row, written in finish(writing).items():
        assert same(written, alone(generator, *place[row]))


def test_a_window_that_guesses_well_needs_few_steps(
    tiny_components: Components, orders: list[Order], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where every id is the one above it, a whole window is kept in each step."""
    logits = Generator.logits

    def stubborn(self: Generator, hidden_btd: Tensor) -> Tensor:
        scores = logits(self, hidden_btd)
        scores[..., 3] += 100.0
        return scores

    monkeypatch.setattr(Generator, "logits", stubborn)
    order = orders[0]
    writing = Writing(
        tiny_components.generator, rows=1, tokens=TOKENS, plan=GeneratorPlan(window=8)
    )
    writing.admit(order.request, (), USUAL, order.uniforms_pn[:1])
    steps = 0
    while writing.busy:
        writing.step()
        steps += 1
    assert steps <= order.request.new_tokens / 8 + 3


def test_guesses_that_fail_are_left_alone(
    tiny_components: Components, orders: list[Order], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no id is ever chosen twice, nearly all passes are of one id, until guesses succeed."""
    step, pick = decoding.Decoding.step, Sampler.pick
    windows: list[int] = []
    ids = itertools.count()

    def watched(self: decoding.Decoding, rows: int, extent: int, **given: Any) -> list[int] | None:
        windows.append(given["window"])
        return step(self, rows, extent, **given)

    def never_again(self: Sampler, logits_bv: Tensor, uniforms_b: Tensor) -> Tensor:
        chosen = pick(self, logits_bv, uniforms_b)
        return torch.tensor([next(ids) % logits_bv.shape[1] for _ in chosen])

    def always_the_same(self: Sampler, logits_bv: Tensor, uniforms_b: Tensor) -> Tensor:
        return torch.zeros_like(uniforms_b, dtype=torch.int64)

    monkeypatch.setattr(decoding.Decoding, "step", watched)
    monkeypatch.setattr(Sampler, "pick", never_again)
    order = orders[0]
    writing = Writing(
        tiny_components.generator, rows=1, tokens=TOKENS, plan=GeneratorPlan(window=8)
    )
    writing.admit(order.request, (), USUAL, order.uniforms_pn[:1])
    while writing.busy:
        writing.step()
    assert len(windows) == order.request.new_tokens
    assert windows[0] == 8
    late = windows[len(windows) // 2 :]
    assert late.count(1) > 0.8 * len(late)
    assert max(late) <= 3
    monkeypatch.setattr(Sampler, "pick", always_the_same)
    windows.clear()
    writing.admit(order.request, (), USUAL, order.uniforms_pn[:1])
    while writing.busy:
        writing.step()
    assert set(windows) == {8}


def test_what_does_not_fit_is_refused(tiny_components: Components, orders: list[Order]) -> None:
    order = orders[0]
    length = len(order.request.ids_l) + order.request.new_tokens
    writing = Writing(tiny_components.generator, rows=1, tokens=length)
    with pytest.raises(InputError, match="2 pictures, 1 rows are free"):
        writing.admit(order.request, (), USUAL, order.uniforms_pn)
    with pytest.raises(ShapeError, match="uniforms_pn"):
        writing.admit(order.request, (), USUAL, order.uniforms_pn[:1, 1:])
    with pytest.raises(InputError, match="row 0 is not in use"):
        writing.release(0)
    with pytest.raises(InputError, match=f"a row holds {length - 1}"):
        Writing(tiny_components.generator, rows=1, tokens=length - 1).admit(
            order.request, (), USUAL, order.uniforms_pn[:1]
        )
    assert writing.admit(order.request, (), USUAL, order.uniforms_pn[:1]) == [0]
    with pytest.raises(InputError, match="0 rows are free"):
        writing.admit(order.request, (), USUAL, order.uniforms_pn[:1])


class Recorder:
    """Stands in for a device's recordings: does the work and keeps the buckets."""

    buckets: ClassVar[list[Hashable]] = []

    def __init__(self, like: Tensor) -> None:
        self.buckets.clear()

    def run(self, bucket: Hashable, work: Callable[[], None]) -> None:
        self.buckets.append(bucket)
        work()


@pytest.mark.parametrize("window", [1, 6])
def test_passes_of_whole_buckets_write_the_same(
    tiny_components: Components,
    orders: list[Order],
    monkeypatch: pytest.MonkeyPatch,
    window: int,
) -> None:
    """What a recording computes beyond the rows and places in use harms nobody."""
    generator = tiny_components.generator
    monkeypatch.setattr(decoding, "Graphs", Recorder)
    monkeypatch.setattr(decoding, "_EXTENT", 32)
    plan = GeneratorPlan(graphs=True, window=window)
    writing = Writing(generator, rows=6, tokens=TOKENS, plan=plan)
    finished: list[tuple[Order, Written]] = []
    place: dict[int, Order] = {}
    for order in orders[1:]:
        [row] = writing.admit(order.request, order.sources, order.sampler, order.uniforms_pn[:1])
        place[row] = order
        for _ in range(3):
            finished += [(place[one.row], one.written) for one in writing.step()]
    while writing.busy:
        finished += [(place[one.row], one.written) for one in writing.step()]
    assert len(finished) == 3
    assert all(same(written, alone(generator, order, 0)) for order, written in finished)
    rows, extents = zip(*Recorder.buckets, strict=True)
    assert set(rows) == {1, 2, 4}
    assert all(extent % 32 == 0 for extent in extents)
    assert len(set(Recorder.buckets)) <= 9


def test_graphs_are_refused_where_there_are_none(tiny_components: Components) -> None:
    with pytest.raises(PlanError, match="cpu records no graphs") as caught:
        Writing(tiny_components.generator, rows=1, tokens=9, plan=GeneratorPlan(graphs=True))
    assert caught.value.field == "generator.graphs"
