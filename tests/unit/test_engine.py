"""Many requests at once: each gets the pictures that it would get alone."""

import asyncio
import dataclasses
import threading
import weakref
from concurrent.futures import Future
from typing import Any

import numpy as np
import pytest
import torch

from drawing import draw, picture
from drawing import edit as edit_alone
from glm_image.engine.engine import Engine
from glm_image.engine.events import (
    Cancelled,
    CodesReady,
    Event,
    Finished,
    PictureReady,
    Queued,
)
from glm_image.engine.limits import Limits
from glm_image.engine.runner import run
from glm_image.engine.sharing import Sharing
from glm_image.engine.ticket import Ticket
from glm_image.errors import ConfigError, GlmImageError, InputError
from glm_image.execution.offload import Residence, Waiting
from glm_image.execution.plan import ExecutionPlan, Offload
from glm_image.pipeline.api import GlmImagePipeline
from glm_image.pipeline.progress import Progress
from ordering import PATIENCE, alike, edit, identical, order

LIMITS = Limits(rows=5, batch=3, tokens=4096)


def test_sixteen_unlike_requests_draw_what_they_draw_alone(tiny_pipeline: GlmImagePipeline) -> None:
    wide, wider = picture(64, 96, 1), picture(96, 64, 2)
    calls: list[tuple[str, dict[str, object], dict[str, object]]] = [
        ("a", {}, {}),
        ('with "text" in it', {"height": 64, "width": 96}, {"temperature": 0.0}),
        ("greedy", {"image": wide}, {"temperature": 0.0}),
        *[(f"edit {k}", {"image": picture(64, 64, k)}, {}) for k in range(4)],
        ("wide", {"image": wide}, {"guidance": 1.0}),
        ("two", {"image": [wide, wider]}, {"steps": 3}),
        ("weak", {"image": wide}, {"strength": 0.5, "steps": 4}),
        ("several", {"image": wider, "num_images": 3}, {"top_p": 0.3}),
        ("last", {"image": wider}, {"guidance": 3.0}),
        *[(f"more {k}", {"image": wide}, {}) for k in range(4)],
    ]
    with Engine(tiny_pipeline.system, LIMITS) as engine:
        tickets = [
            engine.submit(order(tiny_pipeline, text, seed=number, **asked, params=params))  # type: ignore[arg-type]
            for number, (text, asked, params) in enumerate(calls)
        ]
        assert len(tickets) == 16
        results = [ticket.result(PATIENCE) for ticket in tickets]
    names = {"steps": "num_inference_steps", "guidance": "guidance_scale"}
    for number, (text, asked, params) in enumerate(calls):
        options = {names.get(name, name): value for name, value in params.items()}
        single = draw(tiny_pipeline, text, seed=number, **asked, **options)
        assert alike(results[number], single), text
        assert results[number].seeds == single.seeds
        assert results[number].health == single.health
        assert results[number].pictures[0].provenance == single.pictures[0].provenance


@pytest.mark.parametrize("sharing", list(Sharing))
def test_neighbours_and_arrival_change_no_bit(
    tiny_pipeline: GlmImagePipeline, sharing: Sharing
) -> None:
    """The same batch shape, other neighbours."""

    def third(prompts: list[str]) -> list[object]:
        with Engine(tiny_pipeline.system, LIMITS, sharing=sharing) as engine:
            gate = threading.Event()
            engine.submit(edit(tiny_pipeline, seed=99), lambda event: _hold(gate, event))
            tickets = [engine.submit(edit(tiny_pipeline, text, seed=3)) for text in prompts]
            gate.set()
            return [ticket.result(PATIENCE) for ticket in tickets]

    first = third(["one", "two", "mine"])
    second = third(["other neighbours", "x", "mine"])
    assert identical(first[2], second[2])  # type: ignore[arg-type]
    assert not identical(first[1], second[1])  # type: ignore[arg-type]
    assert alike(first[2], edit_alone(tiny_pipeline, "mine", seed=3))  # type: ignore[arg-type]


def _hold(gate: threading.Event, event: Event) -> None:
    if isinstance(event, Progress):
        gate.wait(PATIENCE)


def test_given_codes_and_noise(tiny_pipeline: GlmImagePipeline) -> None:
    codes = torch.arange(4).view(2, 2)
    noise = torch.randn((1, 4, 8, 8), generator=torch.Generator().manual_seed(1))
    with Engine(tiny_pipeline.system, LIMITS) as engine:
        drawn = engine.submit(
            order(tiny_pipeline, prior_tokens=codes, latents=noise, height=64, width=64)
        )
        edited = engine.submit(edit(tiny_pipeline, prior_tokens=codes))
        first, second = drawn.result(PATIENCE), edited.result(PATIENCE)
    options = {"prior_tokens": codes}
    assert alike(first, draw(tiny_pipeline, latents=noise, height=64, width=64, **options))
    assert alike(second, edit_alone(tiny_pipeline, **options))
    assert first.health == [None]


def test_prompts_of_one_request_keep_their_order(tiny_pipeline: GlmImagePipeline) -> None:
    asked = order(tiny_pipeline, ["a", "b c"], image=picture(64, 64), num_images=2)
    result = run(tiny_pipeline.system, asked, Limits(rows=1, batch=2))
    assert alike(
        result, edit_alone(tiny_pipeline, ["a", "b c"], image=picture(64, 64), num_images=2)
    )
    assert set(result.timings) == {
        "queue", "prompt", "generator", "conditioning", "decoder", "image", "total",
    }  # fmt: skip


def test_run_raises_what_the_listener_raises(tiny_pipeline: GlmImagePipeline) -> None:
    def stop(event: Event) -> None:
        raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        run(tiny_pipeline.system, edit(tiny_pipeline), on_event=stop)


def test_offloaded_networks_come_in_spells(tiny_pipeline: GlmImagePipeline) -> None:
    waiting = tiny_pipeline.system.networks
    device = tiny_pipeline.system.device
    system = dataclasses.replace(
        tiny_pipeline.system,
        plan=ExecutionPlan(offload=Offload.STAGE),
        residence=Residence(
            {name: Waiting(one, device, recurse=True) for name, one in waiting.items()}, device
        ),
    )
    assert Sharing.best(system) is Sharing.SPELLS
    with Engine(system, Limits(rows=2, batch=2)) as engine:
        tickets = [engine.submit(edit(tiny_pipeline, seed=seed)) for seed in range(3)]
        results = [ticket.result(PATIENCE) for ticket in tickets]
    assert all(alike(one, edit_alone(tiny_pipeline, seed=n)) for n, one in enumerate(results))


# --------------------------------------------------------------------------------- events


def test_events_tell_the_whole_way(tiny_pipeline: GlmImagePipeline) -> None:
    seen: list[Event] = []
    previews: list[list[object]] = []

    def listen(event: Event) -> None:
        seen.append(event)
        if isinstance(event, Progress) and event.preview is not None:
            previews.append(list(event.preview()))

    with Engine(tiny_pipeline.system, LIMITS) as engine:
        ticket = engine.submit(edit(tiny_pipeline, num_images=2), listen)
        result = ticket.result(PATIENCE)
    assert seen[0] == Queued(position=0)
    assert isinstance(seen[-1], Finished)
    assert seen[-1].result is result
    steps = [(e.stage, e.index, e.total) for e in seen if isinstance(e, Progress)]
    assert steps == [
        ("prompt", 0, 1),
        *[("generator", index, 8) for index in (0, 2, 4, 6, 8)],
        ("conditioning", 0, 1),
        *[("decoder", index, 4) for index in (0, 2, 4)],
        ("image", 1, 2),
        ("image", 2, 2),
    ]
    assert [len(shown) for shown in previews] == [0, 2, 2]
    written = [event for event in seen if isinstance(event, CodesReady)]
    drawn = [event for event in seen if isinstance(event, PictureReady)]
    assert [event.number for event in written] == [event.number for event in drawn] == [0, 1]
    for event in written:
        assert torch.equal(
            event.codes.ids_n.view(event.codes.grid), result.prior_tokens[event.number]
        )
    for ready in drawn:
        assert np.array_equal(ready.image.pixels, result.pictures[ready.number].pixels)
        assert ready.image.provenance == result.pictures[ready.number].provenance
    assert seen.index(written[-1]) < seen.index(drawn[0])


def test_given_codes_are_not_reported_as_written(tiny_pipeline: GlmImagePipeline) -> None:
    seen: list[Event] = []
    with Engine(tiny_pipeline.system, LIMITS) as engine:
        asked = edit(tiny_pipeline, prior_tokens=torch.arange(4).view(2, 2))
        engine.submit(asked, seen.append).result(PATIENCE)
    assert not [event for event in seen if isinstance(event, CodesReady)]
    assert [event.number for event in seen if isinstance(event, PictureReady)] == [0]


def test_previews_are_drawn_for_other_threads(tiny_pipeline: GlmImagePipeline) -> None:
    with Engine(tiny_pipeline.system, LIMITS) as engine:
        ticket = engine.submit(edit(tiny_pipeline, params={"steps": 200}))
        for event in ticket.events():
            if isinstance(event, Progress) and event.stage == "decoder" and event.index > 2:
                assert event.preview is not None
                (shown,) = event.preview()
                assert shown.size == (64, 64)
                break
        ticket.cancel()
        assert isinstance(list(ticket.events())[-1], Cancelled)
        assert event.preview() == []


def test_events_of_a_late_reader_are_the_latest_of_each_stage(
    tiny_pipeline: GlmImagePipeline,
) -> None:
    with Engine(tiny_pipeline.system, LIMITS) as engine:
        ticket = engine.submit(edit(tiny_pipeline))
        ticket.result(PATIENCE)
    told = [event.stage for event in ticket.events() if isinstance(event, Progress)]
    assert told == ["prompt", "generator", "conditioning", "decoder", "image"]
    assert ticket.done()
    assert not ticket.cancel()


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("ending", [Finished, Cancelled])
def test_what_has_ended_is_freed_at_once(tiny_pipeline: GlmImagePipeline, ending: type) -> None:
    def ask(engine: Engine) -> list[weakref.ref[Any]]:
        asked = edit(tiny_pipeline, num_images=2)
        told: Future[Ticket] = Future()

        def listen(event: Event) -> None:
            if isinstance(event, Progress) and event.stage == "decoder":
                ticket = told.result(PATIENCE)
                if ending is Cancelled:
                    ticket.cancel()

        ticket = engine.submit(asked, listen)
        told.set_result(ticket)
        assert isinstance(list(ticket.events())[-1], ending)
        return [weakref.ref(one) for one in (asked, asked.pictures[0], ticket, listen)]

    with Engine(tiny_pipeline.system, LIMITS) as engine:
        left = ask(engine)
    assert [one() for one in left] == [None] * 4


def test_a_coroutine_awaits_a_ticket(tiny_pipeline: GlmImagePipeline) -> None:
    async def ask(engine: Engine) -> list[int]:
        tickets = [engine.submit(edit(tiny_pipeline, seed=seed)) for seed in (1, 2)]
        results = await asyncio.gather(*[asyncio.wrap_future(one.future) for one in tickets])
        return [result.seeds[0] for result in results]

    with Engine(tiny_pipeline.system, LIMITS) as engine:
        assert asyncio.run(ask(engine)) == [1, 2]


# --------------------------------------------------------------------------------- refusals


def test_what_can_never_be_drawn_is_refused_at_once(tiny_pipeline: GlmImagePipeline) -> None:
    with Engine(tiny_pipeline.system, Limits(tokens=100, pixels=64 * 64)) as engine:
        with pytest.raises(InputError, match="tokens of prompt and picture"):
            engine.submit(order(tiny_pipeline))
        with pytest.raises(InputError, match="pixels of picture and sources"):
            engine.submit(edit(tiny_pipeline))
        with pytest.raises(InputError, match="num_inference_steps"):
            engine.submit(edit(tiny_pipeline, params={"steps": 5000}))
        assert engine.requests == 0
    with pytest.raises(GlmImageError, match="closed"):
        engine.submit(
            order(tiny_pipeline, height=64, width=64, prior_tokens=torch.zeros(2, 2).long())
        )


def test_limits_are_positive() -> None:
    with pytest.raises(ConfigError, match="rows"):
        Limits(rows=0)
    assert Limits(rows=4, tokens=4096).session(1000) == (4, 1024)
    assert Limits(rows=4, tokens=4096).session(1500) == (2, 1536)
    assert Limits(rows=4, tokens=100).session(90) == (1, 512)
