"""Jobs of the table are drawn once, whatever happens to those who draw them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from asking import dispatching, drawing, ended, open_store, pool, submit, until
from fake import FakeEngine

from glm_image.serving.blobs import Blobs
from glm_image.serving.errors import Flag
from glm_image.serving.hub import Hub
from glm_image.serving.job_run import JobRun
from glm_image.serving.moderation import Content, Kind, Moderator
from glm_image.serving.painter import Inputs
from glm_image.serving.records import Claim, EventKind, Failure, JobState, Stage
from glm_image.serving.store import Store
from glm_image.serving.worker.protocol import Message, Result

pytestmark = pytest.mark.anyio

BROKEN = Failure(code="1230", kind="WorkerLostError", message="gone", retryable=True)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "store")


async def test_a_job_is_drawn_and_told(store: Store, tmp_path: Path) -> None:
    async with dispatching(store, tmp_path, FakeEngine()):
        job = await ended(store, submit(store, drawing(seeds=(5, 6), layout_seeds=(1, 1))).id)
    assert job.state is JobState.SUCCEEDED
    assert [(one.index, one.seed, one.layout_seed) for one in job.pictures] == [
        (0, 5, 1),
        (1, 6, 1),
    ]
    blobs = Blobs.open(str(tmp_path / "blobs"), low_water=0)
    assert all(len(blobs.get(one.key)) == one.bytes for one in job.pictures)
    told = store.events(None, job_id=job.id)
    assert [event.data["state"] for event in told if event.kind is EventKind.STATE] == [
        "queued", "running", "succeeded",
    ]  # fmt: skip
    assert [event.seq for event in told] == sorted({event.seq for event in told})
    assert sum(event.kind is EventKind.PICTURE for event in told) == 2
    assert store.tokens(job.id) == {0: b"codes"}
    assert job.stage is Stage.POST


async def test_jobs_run_at_once_as_far_as_there_is_room(store: Store, tmp_path: Path) -> None:
    engine = FakeEngine(seconds=0.2, places=3)
    most = 0
    async with dispatching(store, tmp_path, engine) as dispatcher:
        jobs = [submit(store, drawing(seeds=(seed,))).id for seed in range(9)]
        while not all(store.job(one, None).state.ended for one in jobs):
            most = max(most, dispatcher.running)
            await anyio.sleep(0.01)
    assert most == 3
    assert sorted(engine.started) == sorted(jobs)


async def test_previews_pass_through_the_hub_and_not_the_store(
    store: Store, tmp_path: Path
) -> None:
    hub = Hub()
    hub.open()
    engine = FakeEngine(seconds=0.1)
    job = submit(store, drawing(previews=2))
    seen = []
    with hub.listen(job_id=job.id) as listener:
        async with dispatching(store, tmp_path, engine, hub=hub):
            await ended(store, job.id)
            await anyio.sleep(0.05)
            seen = listener.take()
    assert {event.kind for event in seen} == {EventKind.PREVIEW}
    assert seen[-1].data["total"] == 3
    assert not [one for one in store.events(None, job_id=job.id) if one.kind is EventKind.PREVIEW]


# --------------------------------------------------------------------------------- cancelling


class _Stepping(FakeEngine):
    """Stops before a message of its way until it is cancelled."""

    stop_before = 0
    cancelled_after = -1

    async def submit(self, claim: Claim, inputs: Inputs) -> AsyncIterator[Message]:
        count = 0
        async for message in super().submit(claim, inputs):
            if count == self.stop_before:
                self.reached.set()
                while (
                    claim.job.id in self._cancelled and not self._cancelled[claim.job.id].is_set()
                ):
                    await asyncio.sleep(0.005)
            yield message
            count += 1

    def __post_init__(self) -> None:
        super().__post_init__()
        self.reached = asyncio.Event()


@pytest.mark.parametrize("place", range(9))
async def test_a_job_is_cancelled_at_every_place(store: Store, tmp_path: Path, place: int) -> None:
    engine = _Stepping()
    engine.stop_before = place
    async with dispatching(store, tmp_path, engine) as dispatcher:
        job = submit(store)
        await engine.reached.wait()
        store.cancel(job.id, None)
        await until(lambda: dispatcher.running == 0)
        # The painter's own generator ends when the loop comes to it.
        await until(lambda: engine.room == {"glm-image": 8})
    job = store.job(job.id, None)
    assert job.state is JobState.CANCELLED
    assert job.pictures == ()
    states = [
        event.data["state"] for event in store.events(None, job_id=job.id)
        if event.kind is EventKind.STATE
    ]  # fmt: skip
    assert states == ["queued", "running", "cancelled"]


async def test_a_waiting_job_that_is_cancelled_is_never_begun(store: Store, tmp_path: Path) -> None:
    engine = FakeEngine(places=0)
    async with dispatching(store, tmp_path, engine):
        job = submit(store)
        store.cancel(job.id, None)
        engine.places = 8
        other = await ended(store, submit(store, drawing(seeds=(2,))).id)
    assert engine.started == [other.id]


# --------------------------------------------------------------------------------- failures


async def test_a_lost_worker_costs_a_start_and_its_codes_are_kept(
    store: Store, tmp_path: Path
) -> None:
    engine = FakeEngine(failures={"a red circle": BROKEN})
    async with dispatching(store, tmp_path, engine):
        job = submit(store)
        await until(lambda: store.job(job.id, None).failure is not None)
        engine.failures.clear()
        job = await ended(store, job.id)
    assert (job.state, job.attempt) == (JobState.SUCCEEDED, 2)
    assert [inputs.codes for inputs in engine.inputs] == [{}, {0: b"codes"}]


async def test_poison_is_given_up_after_three_starts(store: Store, tmp_path: Path) -> None:
    engine = FakeEngine(failures={"poison": BROKEN})
    async with dispatching(store, tmp_path, engine):
        job = await ended(store, submit(store, drawing("poison")).id)
        good = await ended(store, submit(store).id)
    assert (job.state, job.attempt, len(engine.started)) == (JobState.FAILED, 3, 4)
    assert job.failure is not None
    assert job.failure.message == "gone"
    assert good.state is JobState.SUCCEEDED


async def test_what_cannot_be_drawn_is_not_tried_again(store: Store, tmp_path: Path) -> None:
    wrong = Failure(code="1214", kind="InputError", message="no", field="prompt", hint="yes")
    engine = FakeEngine(failures={"wrong": wrong})
    async with dispatching(store, tmp_path, engine):
        job = await ended(store, submit(store, drawing("wrong")).id)
    assert (job.state, job.attempt, job.failure) == (JobState.FAILED, 1, wrong)


async def test_a_source_that_is_gone_fails_the_job(store: Store, tmp_path: Path) -> None:
    async with dispatching(store, tmp_path, FakeEngine()):
        missing = f"ab/ab{'0' * 62}.png"
        job = await ended(store, submit(store, drawing(sources=(missing,))).id)
    assert job.state is JobState.FAILED
    assert job.failure is not None
    assert job.failure.kind == "NotFoundError"


async def test_a_picture_that_is_not_allowed_is_not_kept(store: Store, tmp_path: Path) -> None:
    def hook(content: Content) -> list[Flag]:
        assert content.kind is Kind.PICTURE
        return [Flag(role="assistant", level=1)]

    async with dispatching(store, tmp_path, FakeEngine(), moderator=Moderator(hook)):
        job = await ended(store, submit(store).id)
    assert (job.state, job.pictures) == (JobState.FAILED, ())
    assert job.failure is not None
    assert (job.failure.code, job.failure.retryable) == ("1301", False)


async def test_a_defect_in_one_job_leaves_the_others_alone(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = JobRun._keep

    async def broken(self: JobRun, result: Result) -> None:
        if self.claim.job.drawing.prompt == "broken":
            raise RuntimeError("a defect")
        await keep(self, result)

    monkeypatch.setattr(JobRun, "_keep", broken)
    async with dispatching(store, tmp_path, FakeEngine(), lease_seconds=30.0) as dispatcher:
        bad = submit(store, drawing("broken"))
        good = await ended(store, submit(store).id)
        await until(lambda: dispatcher.running == 0)
    assert good.state is JobState.SUCCEEDED
    assert not store.job(bad.id, None).pictures


# --------------------------------------------------------------------------------- leases


async def test_leases_are_renewed_while_a_job_runs(store: Store, tmp_path: Path) -> None:
    engine = FakeEngine(seconds=4.0)
    async with dispatching(store, tmp_path, engine, lease_seconds=1.5):
        job = submit(store)
        while not store.job(job.id, None).state.ended:
            store.reap()
            await anyio.sleep(0.05)
    assert store.job(job.id, None).attempt == 1


async def test_two_dispatchers_share_a_table(store: Store, tmp_path: Path) -> None:
    first, second = FakeEngine(seconds=0.05, places=2), FakeEngine(seconds=0.05, places=2)
    async with dispatching(store, tmp_path, first), dispatching(store, tmp_path, second):
        jobs = [submit(store, drawing(seeds=(seed,))).id for seed in range(20)]
        for job in jobs:
            await ended(store, job)
    assert sorted([*first.started, *second.started]) == sorted(jobs)
    assert first.started
    assert second.started


# --------------------------------------------------------------------------------- an orderly end


async def test_drain_finishes_what_runs_and_begins_nothing(store: Store, tmp_path: Path) -> None:
    engine = FakeEngine(seconds=0.5, places=1)
    async with dispatching(store, tmp_path, engine, drain_seconds=30.0) as dispatcher:
        jobs = [submit(store, drawing(seeds=(seed,))) for seed in range(3)]
        await until(lambda: dispatcher.running == 1)
        await dispatcher.drain()
        assert dispatcher.draining
    states = [store.job(job.id, None).state for job in jobs]
    assert sorted(states) == ["queued", "queued", "succeeded"]


async def test_drain_gives_back_what_takes_too_long(store: Store, tmp_path: Path) -> None:
    engine = FakeEngine(hold=asyncio.Event())
    assert engine.hold is not None
    async with dispatching(store, tmp_path, engine, drain_seconds=0.2) as dispatcher:
        job = submit(store)
        await until(lambda: dispatcher.running == 1)
        await dispatcher.drain()
        engine.hold.set()
        await until(lambda: dispatcher.running == 0)
        await dispatcher.drain()
    job = store.job(job.id, None)
    assert (job.state, job.attempt) == (JobState.QUEUED, 0)
    async with dispatching(store, tmp_path, FakeEngine()):
        assert (await ended(store, job.id)).state is JobState.SUCCEEDED


# --------------------------------------------------------------------------------- real processes


async def test_jobs_survive_a_crashing_worker(store: Store, tmp_path: Path) -> None:
    async with dispatching(store, tmp_path, pool(0.1, count=2)):
        poison = submit(store, drawing("crash"))
        good = [submit(store, drawing(seeds=(seed,))) for seed in range(6)]
        for job in good:
            await ended(store, job.id)
        spoilt = await ended(store, poison.id)
    assert spoilt.state is JobState.FAILED
    assert spoilt.attempt == 3
    for job in good:
        assert store.job(job.id, None).state in (JobState.SUCCEEDED, JobState.FAILED)


async def test_too_little_memory_is_an_error_of_the_job(store: Store, tmp_path: Path) -> None:
    async with dispatching(store, tmp_path, pool(0.05)):
        job = await ended(store, submit(store, drawing("memory")).id)
    assert job.failure is not None
    assert (job.state, job.attempt) == (JobState.FAILED, 3)
    assert "too little memory" in job.failure.message
