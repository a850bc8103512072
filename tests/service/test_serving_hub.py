"""Passing on what happens: bounded for the slow, complete for states, quick for all."""

import asyncio

import pytest

from glm_image.serving.hub import CAPACITY, PREVIEWS, Hub, Listener
from glm_image.serving.records import Event, EventKind


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def event(seq: int, kind: EventKind = EventKind.STATE, job: str = "job_1", **data: object) -> Event:
    return Event(job_id=job, key_id="key_1", seq=seq, cursor=seq, kind=kind, data=data, at=0.0)


@pytest.mark.anyio
async def test_events_reach_those_who_listen_from_any_thread() -> None:
    hub = Hub()
    hub.open()
    with hub.listen(job_id="job_1") as job, hub.listen(key_id="key_1") as owner:
        with hub.listen(job_id="job_2") as other:
            await asyncio.to_thread(hub.publish, event(1))
            assert await job.wait(5)
            assert [one.seq for one in job.take()] == [one.seq for one in owner.take()] == [1]
            assert not await other.wait(0.01)
        assert hub.listeners == 2
    assert hub.listeners == 0
    hub.publish(event(2))
    hub.close()
    hub.publish(event(3))


@pytest.mark.anyio
async def test_a_slow_listener_is_told_to_read_the_store() -> None:
    listener = Listener()
    for seq in range(CAPACITY + 10):
        listener.offer(event(seq))
    assert listener.behind
    assert listener.take() == []
    listener.behind = False
    listener.offer(event(999))
    assert [one.seq for one in listener.take()] == [999]


@pytest.mark.anyio
async def test_of_progress_and_previews_only_the_latest_wait() -> None:
    listener = Listener()
    for seq in range(1000):
        listener.offer(event(seq, EventKind.PROGRESS))
        listener.offer(event(0, EventKind.PREVIEW, index=seq % 20, image=b"x"))
    waiting = listener.take()
    assert not listener.behind
    assert [one.seq for one in waiting if one.kind is EventKind.PROGRESS] == [999]
    assert len([one for one in waiting if one.kind is EventKind.PREVIEW]) == PREVIEWS
    assert waiting[0].kind is EventKind.PROGRESS


@pytest.mark.anyio
async def test_states_keep_their_order_around_progress() -> None:
    listener = Listener()
    kinds = [EventKind.STATE, EventKind.PROGRESS, EventKind.PROGRESS, EventKind.PICTURE]
    for seq, kind in enumerate(kinds, start=1):
        listener.offer(event(seq, kind))
    assert [one.seq for one in listener.take()] == [1, 3, 4]


@pytest.mark.anyio
async def test_a_hub_that_closes_lets_its_listeners_look_around() -> None:
    hub = Hub()
    hub.open()
    with hub.listen(job_id="job_1") as listener:
        hub.close()
        assert await listener.wait(5)
        assert listener.take() == []
