"""Workers that die, freeze and come back: every job is finished once."""

import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from storing import LOST, Clock, claim, painted, submit

from glm_image.serving.records import EventKind, JobState
from glm_image.serving.store import Policy, Store

SPAWN = multiprocessing.get_context("spawn")


def test_a_lease_that_ends_lets_the_job_wait_again(store: Store, clock: Clock) -> None:
    job = submit(store)
    frozen = claim(store, "first", seconds=10)
    store.save_tokens(job.id, 0, b"codes")
    clock.go(9)
    assert store.reap().requeued == ()
    clock.go(2)
    assert store.reap().requeued == (job.id,)
    clock.go(3)
    fresh = claim(store, "second")
    assert (fresh.attempt, fresh.lease) == (2, 2)
    assert store.tokens(job.id) == {0: b"codes"}

    # The first one thaws. Whatever it says, nobody listens.
    assert store.renew("first", [frozen], seconds=10) == []
    assert store.note(frozen, EventKind.PROGRESS, {"stage": "write", "done": 1, "total": 2}) is None
    assert not store.finish(frozen, painted(job))
    assert not store.fail(frozen, LOST)
    assert store.give_back("first", [frozen]) == 0
    assert store.job(job.id, "one").state is JobState.RUNNING
    assert store.finish(fresh, painted(job))
    assert not store.finish(fresh, painted(job))
    assert len(store.pictures("one")) == 1


def test_the_same_owner_is_fenced_from_its_own_past(store: Store, clock: Clock) -> None:
    job = submit(store)
    old = claim(store, "worker")
    assert store.give_back("worker") == 1
    new = claim(store, "worker")
    assert (old.attempt, new.attempt) == (1, 1)
    assert not store.finish(old, painted(job))
    assert store.finish(new, painted(job))


def test_renewing_keeps_a_lease(store: Store, clock: Clock) -> None:
    submit(store)
    submit(store)
    first, second = store.claim("worker", seconds=10, limit=5)
    for _ in range(5):
        clock.go(8)
        first, second = store.renew("worker", [first, second], seconds=10)
        assert store.reap().requeued == ()
    assert store.renew("other", [first], seconds=10) == []
    assert store.renew("worker", [], seconds=10) == []
    store.cancel(first.job.id, "one")
    assert store.renew("worker", [first, second], seconds=10)[0].job.id == second.job.id


def test_a_job_that_kills_its_workers_is_poison(store: Store, clock: Clock) -> None:
    job = submit(store)
    for _ in range(3):
        clock.go(100)
        claim(store, seconds=10)
        clock.go(11)
        reaped = store.reap()
    assert reaped.failed == (job.id,)
    failed = store.job(job.id, "one")
    assert failed.state is JobState.FAILED
    assert failed.failure is not None
    assert (failed.failure.code, failed.failure.kind) == ("1230", "WorkerLostError")
    assert failed.attempt == Policy().attempts


def test_giving_back_costs_no_start(store: Store) -> None:
    jobs = [submit(store) for _ in range(3)]
    held = store.claim("worker", seconds=30, limit=3)
    assert store.give_back("worker", held[:1]) == 1
    assert store.give_back("worker", []) == 0
    assert store.give_back("worker") == 2
    assert [store.job(job.id, "one").attempt for job in jobs] == [0, 0, 0]
    assert [one.job.id for one in store.claim("worker", seconds=30, limit=5)] == [
        job.id for job in jobs
    ]


def work(url: str, folder: str, owner: str) -> None:
    """A worker that takes jobs until it is killed, or nothing is left."""
    store = Store.open(url, pepper=Path(folder) / "pepper", policy=POLICY)
    chance = random.Random(owner)
    while True:
        store.reap()
        held = store.claim(owner, seconds=1.0, limit=chance.randint(1, 3))
        for one in held:
            store.note(one, EventKind.PROGRESS, {"stage": "paint", "done": 1, "total": 2})
            store.save_tokens(one.job.id, 0, owner.encode())
            if chance.random() < 0.5:
                store.renew(owner, held, seconds=1.0)
            store.finish(one, painted(one.job))
        if not held and not store.jobs(None, states=(JobState.QUEUED, JobState.RUNNING), limit=1):
            return


POLICY = Policy(attempts=50, backoff=(0.0,))


def soak(url: str, folder: Path, jobs: int, kills: int) -> None:
    """Let four workers do many jobs while they are killed and frozen again and again."""
    store = Store.open(url, pepper=folder / "pepper", policy=POLICY)
    asked = [
        submit(store, f"key{number % 5}", seeds=(number, number + 1)) for number in range(jobs)
    ]
    workers: list[BaseProcess] = []
    chance = random.Random(0)

    def hire() -> None:
        name = f"worker{len(workers)}"
        worker = SPAWN.Process(target=work, args=(url, str(folder), name), daemon=True)
        worker.start()
        workers.append(worker)

    for _ in range(4):
        hire()
    deadline = time.monotonic() + 240
    while kills and time.monotonic() < deadline:
        time.sleep(chance.uniform(0.3, 1.0))
        alive = [worker for worker in workers if worker.is_alive()]
        if not alive:
            break
        victim = chance.choice(alive)
        if victim.pid is None:
            continue
        if chance.random() < 0.25:
            os.kill(victim.pid, signal.SIGSTOP)
            time.sleep(1.2)
            os.kill(victim.pid, signal.SIGCONT)
        else:
            os.kill(victim.pid, signal.SIGKILL)
            hire()
        kills -= 1
    for worker in workers:
        worker.join(max(1.0, deadline - time.monotonic()))
    assert not any(worker.is_alive() for worker in workers)
    made = Counter(picture.job_id for job in asked for picture in store.job(job.id, None).pictures)
    assert made == {job.id: 2 for job in asked}
    for job in asked:
        told = store.events(None, job_id=job.id)
        seen = [event.data["state"] for event in told if event.kind is EventKind.STATE]
        assert seen.count("succeeded") == 1
        assert seen[-1] == "succeeded"
        assert [event.seq for event in told] == sorted({event.seq for event in told})
    store.close()


def test_killed_workers_lose_and_double_nothing(database_url: str, tmp_path: Path) -> None:
    soak(database_url, tmp_path, jobs=60, kills=4)


@pytest.mark.soak
def test_many_killed_workers_lose_and_double_nothing(database_url: str, tmp_path: Path) -> None:
    soak(database_url, tmp_path, jobs=2000, kills=12)
