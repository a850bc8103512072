"""What waits for the disk, and what does not."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from storing import LOST, claim, painted, submit

from glm_image.serving.accounts import Scope
from glm_image.serving.records import EventKind, Job
from glm_image.serving.store import Store
from glm_image.serving.store.wal import WalSync


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(f"sqlite:///{tmp_path}/service.db", pepper=tmp_path / "pepper")


@pytest.fixture
def syncs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that were brought onto the disk."""
    done: list[str] = []
    real = os.fsync

    def fsync(file: int) -> None:
        done.append(Path(f"/proc/self/fd/{file}").readlink().name)
        real(file)

    monkeypatch.setattr(os, "fsync", fsync)
    return done


def test_promises_wait_for_the_disk(store: Store, syncs: list[str]) -> None:
    key, _ = store.create_key("name", [Scope.READ])
    made = submit(store)
    promises: list[Callable[[], object]] = [
        lambda: submit(store, request_key="name"),
        lambda: store.cancel(made.id, "one"),
        lambda: store.rotate_key(key.id),
        lambda: store.revoke(key.id),
        lambda: store.create_conversation("one", "talk"),
    ]
    for promise in promises:
        syncs.clear()
        promise()
        assert syncs == ["service.db-wal"]
    store.close()


def test_what_can_be_done_again_does_not(store: Store, syncs: list[str]) -> None:
    plain: list[Job] = [submit(store, waits=True) for _ in range(3)]
    first, second = claim(store), claim(store)
    store.note(first, EventKind.PROGRESS, {"stage": "write", "done": 1, "total": 2})
    store.save_tokens(plain[0].id, 0, b"codes")
    store.renew("worker", [first, second], seconds=30)
    store.finish(first, painted(first.job))
    store.fail(second, LOST)
    store.detach_waiter(plain[0].id, answered=True)
    store.reap()
    store.give_back("worker")
    store.job(plain[0].id, "one")
    assert syncs == []
    store.close()


def test_those_who_wait_share_a_turn_of_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "service.db-wal").write_bytes(b"log")
    turns: list[float] = []

    def slow(_: int) -> None:
        turns.append(time.monotonic())
        time.sleep(0.2)

    monkeypatch.setattr(os, "fsync", slow)
    log = WalSync(tmp_path / "service.db")
    ended: list[tuple[float, float]] = []
    gate = threading.Barrier(50)

    def promise() -> None:
        gate.wait()
        begun = time.monotonic()
        log.wait()
        ended.append((begun, time.monotonic()))

    threads = [threading.Thread(target=promise) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ended) == 50
    assert len(turns) <= 5
    # Nobody counts on a turn that began before they came.
    for begun, end in ended:
        assert any(begun <= turn and turn + 0.2 <= end + 0.01 for turn in turns)


def test_a_disk_that_refuses_keeps_no_promise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "service.db-wal").write_bytes(b"log")
    log = WalSync(tmp_path / "service.db")

    def refuse(_: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        with pytest.raises(OSError, match="Input/output"):
            log.wait()
    log.wait()


def test_a_log_that_is_gone_needs_no_sync(tmp_path: Path) -> None:
    WalSync(tmp_path / "service.db").wait()
