"""What a picture costs the store: statements and transactions, counted."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
import sqlalchemy as sa
from storing import claim, painted, submit

from glm_image.serving.accounts import KeyLimits, Scope
from glm_image.serving.records import JobState
from glm_image.serving.store import Store

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
