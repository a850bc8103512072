"""Engine processes die, freeze and talk nonsense; the service does not."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import anyio
import pytest
from asking import claim, drawing, pool, until, worker

from glm_image.serving.painter import Inputs
from glm_image.serving.worker.pool import Pool
from glm_image.serving.worker.process import Phase, WorkerProcess
from glm_image.serving.worker.protocol import (
    Done,
    Error,
    Message,
    Result,
    Step,
    Submit,
    Token,
    Tokens,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@asynccontextmanager
async def at_work(one: WorkerProcess | Pool) -> AsyncIterator[Any]:
    await one.start()
    try:
        yield one
    finally:
        await one.close()


async def said(one: WorkerProcess, prompt: str = "a", **options: Any) -> list[Message]:
    asked = drawing(prompt, **options)
    order = Submit(job_id="job_1", created=0.0, drawing=asked, codes=(None,) * asked.count)
    return [word async for word in one.draw(order)]


def reason(words: list[Message]) -> str:
    last = words[-1]
    assert isinstance(last, Error)
    assert last.failure.kind == "WorkerLostError"
    assert last.failure.retryable
    return last.failure.message


async def test_an_order_is_told_from_first_to_last() -> None:
    async with at_work(worker(0.05)) as one:
        assert one.room == 0
        await until(lambda: one.up)
        assert one.card.name == "glm-image"
        assert one.room == 8
        words = await said(one, seeds=(1, 2))
        assert [word.index for word in words if isinstance(word, Tokens)] == [0, 1]
        assert [word.index for word in words if isinstance(word, Result)] == [0, 1]
        assert isinstance(words[-1], Done)
        assert one.orders == 0
        assert one.memory == (1, 2)
    assert one.phase is Phase.STOPPED
    assert one.pid is None


async def test_many_orders_at_once_are_kept_apart() -> None:
    results: dict[int, bytes] = {}

    async with at_work(worker(0.1)) as one:
        await until(lambda: one.up)

        async def ask(seed: int) -> None:
            words = await said(one, seeds=(seed,))
            (results[seed],) = [word.image for word in words if isinstance(word, Result)]

        async with anyio.create_task_group() as group:
            for seed in range(20):
                group.start_soon(ask, seed)
    assert len(set(results.values())) == 20


async def test_a_killed_worker_is_started_again_and_its_orders_are_lost() -> None:
    async with at_work(worker(5.0)) as one:
        await until(lambda: one.up)
        first = one.pid
        async with aclosing(
            one.draw(Submit(job_id="job_1", created=0.0, drawing=drawing(), codes=(None,)))
        ) as words:
            async for word in words:
                if isinstance(word, Token):
                    os.kill(first, signal.SIGKILL)
                last = word
        assert "killed by signal 9" in reason([last])
        assert one.card is not None
        await until(lambda: one.up)
        assert one.pid != first
        assert one.restarts == 1


async def test_a_frozen_worker_is_killed() -> None:
    async with at_work(worker(0.1, silence=1.5)) as one:
        await until(lambda: one.up)
        assert "silent for 1.5 s" in reason(await said(one, "freeze"))
        await until(lambda: one.up)
        assert isinstance((await said(one))[-1], Done)


async def test_a_worker_without_progress_is_killed() -> None:
    async with at_work(worker(1000.0, stall=0.8)) as one:
        await until(lambda: one.up)
        assert "did nothing for 0.8 s" in reason(await said(one))


async def test_a_worker_that_does_not_load_is_killed() -> None:
    async with at_work(worker(name="endless", start=0.2, silence=2.0)) as one:
        await until(lambda: one.restarts > 1)
        assert one.card is None


async def test_a_worker_that_talks_nonsense_is_ended() -> None:
    async with at_work(worker(0.05)) as one:
        await until(lambda: one.up)
        assert "nonsense" in reason(await said(one, "nonsense"))
        await until(lambda: one.up)


async def test_a_crash_loop_slows_down() -> None:
    async with at_work(worker(0.01, rest=0.05, longest_rest=0.2)) as one:
        for _ in range(3):
            await until(lambda: one.up)
            assert "left with code 9" in reason(await said(one, "crash"))
        assert one.restarts >= 2


async def test_a_model_that_cannot_be_loaded_is_not_tried_again() -> None:
    async with at_work(worker(name="unfit")) as one:
        await until(lambda: one.phase is Phase.UNFIT)
        assert one.failure is not None
        assert one.failure.kind == "NotFoundError"
        assert one.restarts == 0
        assert "not ready" in reason(await said(one))


async def test_who_stops_listening_gives_the_order_up() -> None:
    async with at_work(worker(1000.0)) as one:
        await until(lambda: one.up)
        order = Submit(job_id="job_1", created=0.0, drawing=drawing(), codes=(b"kept",))
        words = one.draw(order)
        with anyio.move_on_after(0.3):
            await anext(words)
        await words.aclose()
        assert one.orders == 0


async def test_a_cancelled_order_ends_with_an_error() -> None:
    async with at_work(worker(2.0)) as one:
        await until(lambda: one.up)
        heard: list[Message] = []
        async for word in one.draw(
            Submit(job_id="job_1", created=0.0, drawing=drawing(), codes=(None,))
        ):
            heard.append(word)
            await one.cancel("job_1")
        assert isinstance(heard[-1], Error)
        assert heard[-1].failure.message == "the job was cancelled"
        assert not any(isinstance(word, Step | Result) for word in heard)


async def test_a_pool_chooses_who_has_room() -> None:
    async with at_work(pool(0.3, count=2)) as both:
        await until(lambda: all(one.up for one in both.workers))
        assert both.ready
        assert dict(both.room) == {"glm-image": 16}
        assert [card.name for card in both.models] == ["glm-image"]
        busy: list[tuple[int, ...]] = []

        async def ask(number: int) -> None:
            async for word in both.submit(claim(job_id=f"job_{number}"), Inputs()):
                if isinstance(word, Token | Step):
                    busy.append(tuple(one.orders for one in both.workers))

        async with anyio.create_task_group() as group:
            for number in range(6):
                group.start_soon(ask, number)
        assert (3, 3) in busy


async def test_a_pool_without_the_model_says_so() -> None:
    async with at_work(pool()) as one:
        words = [word async for word in one.submit(claim(drawing(model="other")), Inputs())]
        assert "other has no room" in reason(words)


async def test_codes_of_an_earlier_attempt_are_not_written_again() -> None:
    async with at_work(pool(0.1)) as one:
        await until(lambda: one.ready)
        asked = claim(drawing(seeds=(1, 2)))
        words = [word async for word in one.submit(asked, Inputs(codes={1: b"kept"}))]
        assert [word.index for word in words if isinstance(word, Tokens)] == [0]
        assert [word.index for word in words if isinstance(word, Result)] == [0, 1]
