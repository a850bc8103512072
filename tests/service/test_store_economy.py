"""What a picture costs the store: statements and transactions, counted."""

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa
from storing import claim, painted, submit

from glm_image.serving.accounts import KeyLimits, Scope
from glm_image.serving.records import JobState
from glm_image.serving.store import Policy, Store

LIMITS = KeyLimits(concurrent=200, per_minute=600)


@dataclass
class Bill:
    """What was executed."""

    transactions: int = 0
    statements: list[str] = field(default_factory=list)


@contextmanager
def billed(store: Store) -> Iterator[Bill]:
    bill, engine = Bill(), store._db.engine

    def begun(_: object) -> None:
        bill.transactions += 1

    def executed(connection: object, cursor: object, text: str, *rest: object) -> None:
        # What PostgreSQL needs besides, for transactions and for other processes, is not meant.
        if not text.startswith(("BEGIN", "SET LOCAL", "SELECT pg_notify")):
            bill.statements.append(text)

    sa.event.listen(engine, "begin", begun)
    sa.event.listen(engine, "before_cursor_execute", executed)
    yield bill
    sa.event.remove(engine, "begin", begun)
    sa.event.remove(engine, "before_cursor_execute", executed)


@pytest.fixture
def token(store: Store) -> str:
    """The key of an owner who has drawn before."""
    key, secret = store.create_key("press", [Scope.GENERATE])
    store.examine(secret)
    submit(store, key.id, waits=True)
    held = claim(store)
    store.finish(held, painted(held.job))
    return secret


def test_a_picture_that_somebody_waits_for(store: Store, token: str) -> None:
    with billed(store) as bill:
        _, key = store.examine(token)
        assert key is not None
        job = submit(store, key.id, waits=True, limits=LIMITS)
        (held,) = store.claim("worker", seconds=30, limit=8, model="glm-image")
        store.note_progress([(held, {"stage": "paint", "done": 1, "total": 2})])
        made = painted(held.job)
        assert store.finish(held, made, untold=made)
        assert store.job(job.id, key.id).state is JobState.SUCCEEDED
        store.detach_waiter(job.id, answered=True)
    assert bill.transactions == 7
    assert len(bill.statements) <= 26, "\n".join(bill.statements)


def test_progress_of_many_jobs_is_one_transaction(store: Store, token: str) -> None:
    jobs = [submit(store, f"owner {number % 3}") for number in range(12)]
    held = store.claim("worker", seconds=30, limit=12)
    store.cancel(jobs[0].id, None)
    with billed(store) as bill:
        lost = store.note_progress(
            [(one, {"stage": "write", "done": 1, "total": 2}) for one in held]
        )
    assert [one.job.id for one in lost] == [jobs[0].id]
    assert bill.transactions == 1
    # One per job, and for all of them: what is older, an owner each, the events.
    assert len(bill.statements) == 12 + 1 + 3 + 1
    assert {store.job(job.id, None).stage for job in jobs[1:]} == {"write"}
    assert store.note_progress([]) == []


def test_a_thousand_jobs_wait_without_being_noticed(database_url: str, tmp_path: Path) -> None:
    store = Store.open(database_url, pepper=tmp_path / "pepper", policy=Policy(depth=3000))
    calls: dict[str, Callable[[], object]] = {
        "enqueue": lambda: submit(store, "key1"),
        "list": lambda: store.jobs("key1", limit=100),
        "list of all": lambda: store.jobs(None, states=[JobState.QUEUED], limit=50),
        "claim": lambda: store.claim("worker", seconds=30),
        "cancel all": lambda: store.cancel_all("key1"),
    }

    def costs(jobs: int) -> dict[str, list[str]]:
        """What each call executes when so many jobs of ten owners have joined those that wait."""
        for number in range(jobs):
            submit(store, f"key{number % 10}")
        executed = {}
        for name, call in calls.items():
            with billed(store) as bill:
                call()
            executed[name] = bill.statements
        return executed

    few = costs(20)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    many = costs(1000)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert {name: len(texts) for name, texts in many.items()} == {
        name: len(texts) for name, texts in few.items()
    }
    assert grown < 32 * 1024
    assert len(store.cancel_all("key2")) == 2 + 100
    store.close()
