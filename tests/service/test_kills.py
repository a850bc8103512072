"""Kill -9 of workers, of the service and of both, and processes that stand still for a while."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from asking import PATIENCE, drawing, open_store, submit
from drawing_process import ATTEMPTS, LEASE_SECONDS

from glm_image.serving.blobs import Blobs
from glm_image.serving.records import EventKind, JobState
from glm_image.serving.store import Store

SCRIPT = Path(__file__).with_name("drawing_process.py")


class Service:
    """The process that draws, with its workers."""

    def __init__(self, folder: Path, seconds: float, workers: int = 2) -> None:
        self.command = [sys.executable, str(SCRIPT), str(folder), str(seconds), str(workers)]
        self.log = folder / "log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log)
        wait_for(lambda: self.workers())

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def workers(self) -> list[int]:
        try:
            text = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        except OSError:
            return []
        return [int(word) for word in text.split()]

    def freeze(self, folder: Path) -> None:
        """Stop the process, but not within a transaction: SQLite has one writer at a time."""
        while True:
            os.kill(self.pid, signal.SIGSTOP)
            try:
                with closing(sqlite3.connect(folder / "jobs.db", timeout=0.5)) as database:
                    database.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError:
                os.kill(self.pid, signal.SIGCONT)
                time.sleep(0.01)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()


def wait_for(condition: object, seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def states(store: Store, job_id: str) -> list[object]:
    told = store.events(None, job_id=job_id)
    return [event.data["state"] for event in told if event.kind is EventKind.STATE]


def check(store: Store, folder: Path, jobs: list[str]) -> None:
    """Every job is finished exactly once, and its files are there."""
    blobs = Blobs.open(str(folder / "blobs"), low_water=0)
    names = set()
    for name in jobs:
        job = store.job(name, None)
        assert job.state is JobState.SUCCEEDED, job.failure
        assert [one.index for one in job.pictures] == [0, 1]
        assert states(store, name).count("succeeded") == 1
        assert all(len(blobs.get(one.key)) == one.bytes for one in job.pictures)
        names |= {one.id for one in job.pictures}
        told = store.events(None, job_id=name)
        assert [event.seq for event in told] == sorted({event.seq for event in told})
    assert len(names) == 2 * len(jobs)


def unfinished(store: Store, names: list[str]) -> list[str]:
    return [name for name in names if not store.job(name, None).state.ended]


def soak(folder: Path, kills: int, jobs: int, seed: int) -> None:
    chance = random.Random(seed)
    store = open_store(folder, attempts=ATTEMPTS)
    names = [submit(store, drawing(seeds=(k, k + 1000))).id for k in range(jobs)]
    waiting = names[:]
    service = Service(folder, 0.4)
    service.start()
    try:
        for number in range(kills):
            time.sleep(chance.uniform(0.05, 1.2))
            what = ("worker", "service", "both")[number % 3]
            workers = service.workers()
            if what != "service" and workers:
                os.kill(chance.choice(workers), signal.SIGKILL)
            if what != "worker":
                service.kill()
                # Whatever the service leaves behind leaves by itself.
                wait_for(lambda left=workers: not any(map(is_alive, left)), 30)
                service.start()
            waiting = unfinished(store, waiting)
            if not waiting:
                waiting = [submit(store, drawing(seeds=(number, 7))).id for _ in range(jobs)]
                names += waiting
        wait_for(lambda: not unfinished(store, waiting))
    finally:
        service.kill()
    check(store, folder, names)
    store.close()


def test_kills_lose_nothing(tmp_path: Path) -> None:
    soak(tmp_path, kills=6, jobs=8, seed=1)


@pytest.mark.soak
def test_two_hundred_kills_lose_nothing(tmp_path: Path) -> None:
    soak(tmp_path, kills=200, jobs=40, seed=2)


def test_a_service_that_stood_still_writes_nothing_late(tmp_path: Path) -> None:
    store = open_store(tmp_path, attempts=ATTEMPTS)
    job = submit(store, drawing(seeds=(1, 2))).id
    late = Service(tmp_path, 2.0, workers=1)
    late.start()
    try:
        wait_for(lambda: store.job(job, None).done > 1)
        late.freeze(tmp_path)
        time.sleep(LEASE_SECONDS + 0.5)
        other = Service(tmp_path, 0.1, workers=1)
        other.start()
        try:
            wait_for(lambda: store.job(job, None).state.ended)
        finally:
            other.kill()
        done = store.job(job, None)
        os.kill(late.pid, signal.SIGCONT)
        time.sleep(3.0)
    finally:
        late.kill()
    assert store.job(job, None) == done
    assert done.attempt == 2
    assert states(store, job) == ["queued", "running", "queued", "running", "succeeded"]
    check(store, tmp_path, [job])


def test_a_worker_that_stood_still_is_replaced(tmp_path: Path) -> None:
    store = open_store(tmp_path, attempts=ATTEMPTS)
    service = Service(tmp_path, 1.0, workers=1)
    service.start()
    try:
        job = submit(store, drawing(seeds=(1, 2))).id
        wait_for(lambda: store.job(job, None).done > 1)
        (worker,) = service.workers()
        os.kill(worker, signal.SIGSTOP)
        os.kill(worker, signal.SIGKILL)
        wait_for(lambda: store.job(job, None).state.ended)
    finally:
        service.kill()
    check(store, tmp_path, [job])
