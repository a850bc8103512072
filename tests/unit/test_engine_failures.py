"""What goes wrong in one request of an engine stays there; what is given up stops."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

from drawing import edit as edit_alone
from glm_image.engine.engine import Engine
from glm_image.engine.events import Cancelled, Event, Failed, Queued
from glm_image.engine.limits import Limits
from glm_image.engine.painter import Painter
from glm_image.engine.ticket import Ticket
from glm_image.errors import CancelledError, CapacityError, GlmImageError
from glm_image.pipeline import decode, stages
from glm_image.pipeline.api import GlmImagePipeline
from glm_image.pipeline.denoise import Denoising
from glm_image.pipeline.progress import Progress
from glm_image.pipeline.writing import Writing
from ordering import PATIENCE, alike, edit, order

LIMITS = Limits(rows=5, batch=3, tokens=4096)
NO_MEMORY = torch.OutOfMemoryError("none left")


class Gate:
    """A listener that holds an engine's thread at the first event of a stage."""

    def __init__(self, stage: str) -> None:
        self._stage = stage
        self._reached, self._open = threading.Event(), threading.Event()

    def __call__(self, event: Event) -> None:
        if isinstance(event, Progress) and event.stage == self._stage:
            self._reached.set()
            self._open.wait(PATIENCE)

    def reached(self) -> None:
        assert self._reached.wait(PATIENCE)

    def open(self) -> None:
        self._open.set()


@pytest.fixture
def engine(tiny_pipeline: GlmImagePipeline) -> Iterator[Engine]:
    with Engine(tiny_pipeline.system, LIMITS) as one:
        yield one


def failing(
    patch: pytest.MonkeyPatch, owner: Any, name: str, when: Callable[..., bool], error: Exception
) -> list[int]:
    """Let a function fail on some calls; the list grows with every failure."""
    function = getattr(owner, name)
    failures: list[int] = []

    def maybe(*args: Any, **kwargs: Any) -> Any:
        if when(*args):
            failures.append(1)
            raise error
        return function(*args, **kwargs)

    patch.setattr(owner, name, maybe)
    return failures


def together(engine: Engine, pipeline: GlmImagePipeline, count: int) -> list[Ticket]:
    """Requests that arrive while the engine is held, so that they run as one batch."""
    gate = Gate("prompt")
    engine.submit(edit(pipeline, seed=99), gate)
    gate.reached()
    tickets = [engine.submit(edit(pipeline, seed=seed)) for seed in range(count)]
    gate.open()
    return tickets


# ------------------------------------------------------------------------------ failures


def test_what_is_too_much_together_is_done_alone(
    tiny_pipeline: GlmImagePipeline, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = failing(monkeypatch, Writing, "step", lambda self: self.free < 4, NO_MEMORY)
    paints = failing(
        monkeypatch, Denoising, "step", lambda self: len(self.latents_bchw) > 1, NO_MEMORY
    )
    tickets = together(engine, tiny_pipeline, 3)
    results = [ticket.result(PATIENCE) for ticket in tickets]
    monkeypatch.undo()
    assert steps
    for seed, result in enumerate(results):
        assert alike(result, edit_alone(tiny_pipeline, seed=seed))
    several = engine.submit(edit(tiny_pipeline, num_images=3))
    failing(monkeypatch, Denoising, "step", lambda self: len(self.latents_bchw) > 1, NO_MEMORY)
    assert len(several.result(PATIENCE).pictures) == 3
    assert len(paints) == 0


def test_who_is_too_large_even_alone_fails_alone(
    tiny_pipeline: GlmImagePipeline, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def second(self: Denoising) -> bool:
        return bool((self.latents_bchw[:, 0, 0, 0] == marked).any())

    marked = stages.draw([1], (4, 8, 8), 4).noise_pchw[0, 0, 0, 0]
    failures = failing(monkeypatch, Denoising, "step", second, NO_MEMORY)
    tickets = together(engine, tiny_pipeline, 3)
    with pytest.raises(GlmImageError, match="even alone"):
        tickets[1].result(PATIENCE)
    results = [tickets[seed].result(PATIENCE) for seed in (0, 2)]
    assert len(failures) == 2, "once in company, once alone"
    monkeypatch.undo()
    for seed, result in zip((0, 2), results, strict=True):
        assert alike(result, edit_alone(tiny_pipeline, seed=seed))


@pytest.mark.parametrize(
    ("owner", "name"),
    [(stages, "read"), (Writing, "admit"), (stages, "tell"), (decode, "to_pixels")],
)
def test_errors_of_every_stage_reach_the_ticket(
    tiny_pipeline: GlmImagePipeline,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    owner: Any,
    name: str,
) -> None:
    failing(monkeypatch, owner, name, lambda *_: True, ZeroDivisionError("a defect"))
    seen: list[Event] = []
    ticket = engine.submit(edit(tiny_pipeline), seen.append)
    with pytest.raises(ZeroDivisionError, match="a defect"):
        ticket.result(PATIENCE)
    assert isinstance(seen[-1], Failed)
    monkeypatch.undo()
    assert engine.submit(edit(tiny_pipeline)).result(PATIENCE).pictures


def test_what_a_listener_raises_ends_its_request_only(
    tiny_pipeline: GlmImagePipeline, engine: Engine
) -> None:
    def stop(event: Event) -> None:
        if isinstance(event, Progress) and event.stage == "decoder":
            raise KeyError("enough")

    bad, good = engine.submit(edit(tiny_pipeline), stop), engine.submit(edit(tiny_pipeline))
    with pytest.raises(KeyError, match="enough"):
        bad.result(PATIENCE)
    assert good.result(PATIENCE).pictures


def test_a_thread_that_breaks_leaves_nobody_waiting(
    tiny_pipeline: GlmImagePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda args: None)
    defect = ZeroDivisionError("a defect")
    failing(monkeypatch, Painter, "_next", lambda self: bool(self._ready), defect)
    engine = Engine(tiny_pipeline.system, LIMITS)
    ticket = engine.submit(edit(tiny_pipeline))
    with pytest.raises(GlmImageError, match="broken down"):
        ticket.result(PATIENCE)
    with pytest.raises(GlmImageError, match="closed"):
        engine.submit(edit(tiny_pipeline))
    engine.close()


# -------------------------------------------------------------------------- cancellation


@pytest.mark.parametrize("stage", ["prompt", "generator", "conditioning", "decoder", "image"])
def test_cancelling_stops_in_every_stage(
    tiny_pipeline: GlmImagePipeline, engine: Engine, stage: str
) -> None:
    seen: list[Event] = []

    def listen(event: Event) -> None:
        seen.append(event)
        if isinstance(event, Progress) and event.stage == stage and event.index <= 1:
            assert ticket[0].cancel()

    gate = Gate("prompt")
    engine.submit(edit(tiny_pipeline, seed=1), gate)
    gate.reached()
    neighbour = engine.submit(edit(tiny_pipeline, seed=5))
    ticket = [engine.submit(edit(tiny_pipeline, num_images=2), listen)]
    gate.open()
    with pytest.raises(CancelledError):
        ticket[0].result(PATIENCE)
    reached = max(index for index, event in enumerate(seen) if isinstance(event, Progress))
    assert isinstance(seen[-1], Cancelled)
    later = [event for event in seen[reached:] if isinstance(event, Progress)]
    assert {event.stage for event in later} == {stage}
    assert alike(neighbour.result(PATIENCE), edit_alone(tiny_pipeline, seed=5))
    assert not ticket[0].cancel()


def test_waiting_requests_move_up_when_others_begin(
    tiny_pipeline: GlmImagePipeline, engine: Engine
) -> None:
    gate = Gate("prompt")
    engine.submit(edit(tiny_pipeline), gate)
    gate.reached()
    seen: list[list[Event]] = [[], []]
    tickets = [engine.submit(edit(tiny_pipeline), listener.append) for listener in seen]
    gate.open()
    assert all(ticket.result(PATIENCE) for ticket in tickets)
    assert [event for event in seen[1] if isinstance(event, Queued)] == [
        Queued(position=1),
        Queued(position=0),
    ]


# ------------------------------------------------------------------- capacity and the end


def test_a_full_queue_refuses_and_empties(tiny_pipeline: GlmImagePipeline) -> None:
    with Engine(tiny_pipeline.system, Limits(queue=2)) as engine:
        gate = Gate("prompt")
        engine.submit(edit(tiny_pipeline), gate)
        gate.reached()
        waiting = engine.submit(edit(tiny_pipeline, num_images=2))
        with pytest.raises(CapacityError, match="3 pictures would wait") as caught:
            engine.submit(edit(tiny_pipeline))
        assert caught.value.field == "queue"
        assert caught.value.hint
        gate.open()
        waiting.result(PATIENCE)
        assert engine.submit(edit(tiny_pipeline)).result(PATIENCE)


@pytest.mark.parametrize("drain", [True, False])
def test_closing_finishes_or_gives_up(tiny_pipeline: GlmImagePipeline, drain: bool) -> None:
    engine = Engine(tiny_pipeline.system, LIMITS)
    gate = Gate("generator")
    tickets = [engine.submit(edit(tiny_pipeline), gate)]
    gate.reached()
    tickets += [engine.submit(edit(tiny_pipeline, seed=seed)) for seed in range(3)]
    closing = threading.Thread(target=engine.close, kwargs={"drain": drain})
    closing.start()
    while not drain and not tickets[-1].given_up:
        pass
    gate.open()
    closing.join(PATIENCE)
    assert not closing.is_alive()
    assert all(ticket.done() for ticket in tickets)
    errors = [ticket.future.exception() for ticket in tickets]
    assert all((error is None) == drain for error in errors)
    with pytest.raises(GlmImageError, match="closed"):
        engine.submit(order(tiny_pipeline, height=64, width=64))
    engine.close()
