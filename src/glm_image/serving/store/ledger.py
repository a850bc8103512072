"""The log of events: what happened to every job, in an order that nobody can dispute.

Within a job events are numbered by ``seq``, within an owner by ``cursor``. Both numbers come from
rows that the transaction holds until its end, so a reader who has seen one number never meets a
smaller one later.

Rows are locked in one order everywhere: jobs by id, then owners by id. So nobody waits in a ring.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from glm_image.config import to_mapping
from glm_image.serving.records import Event, EventKind, Failure, JobState
from glm_image.serving.store.database import Database, Unit
from glm_image.serving.store.rows import Row
from glm_image.serving.store.tables import events, jobs, tenants

# Made once, because every change of every job executes them.
_ADVANCE = (
    sa.update(tenants)
    .where(tenants.c.key_id == sa.bindparam("account"))
    .values(
        cursor=tenants.c.cursor + sa.bindparam("more", type_=sa.BigInteger),
        turn=tenants.c.turn + sa.bindparam("given", type_=sa.Double),
    )
    .returning(tenants.c.cursor, tenants.c.turn)
)
_KEEP = sa.insert(events)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An event before it has its place among the owner's.

    Args:
        job_id: The job.
        key_id: Its owner.
        seq: Its number within the job, from the row that was just changed.
        kind: What it tells.
        data: The news.
    """

    job_id: str
    key_id: str
    seq: int
    kind: EventKind
    data: Mapping[str, object]


def state_entry(row: Row) -> Entry:
    """The event of a job whose state was just changed.

    Args:
        row: The job as it is now: id, owner, state, attempt, number and failure.
    """
    data: dict[str, object] = {"state": row.state, "attempt": row.attempt}
    if row.failure is not None and row.state != JobState.RUNNING:
        data["failure"] = row.failure
    return Entry(job_id=row.id, key_id=row.key_id, seq=row.seq, kind=EventKind.STATE, data=data)


def write(unit: Unit, entries: Sequence[Entry], *, given: float = 0.0) -> list[Event]:
    """Keep events and have the listeners told.

    Args:
        unit: The transaction, which holds the jobs.
        entries: In the order in which things happened.
        given: Pictures that the owners are given with that.

    Returns:
        The events, in order of their owners.
    """
    written: list[Event] = []
    for key_id in sorted({entry.key_id for entry in entries}):
        own = [entry for entry in entries if entry.key_id == key_id]
        place = {"account": key_id, "more": len(own), "given": given}
        last = unit.connection.execute(_ADVANCE, place).scalar_one()
        written += _numbered(unit, own, last)
    _keep(unit, written)
    return written


def open_account(database: Database, unit: Unit, key_id: str) -> Row:
    """Take the next number of an owner, who is held until the end of the transaction.

    Whoever does not use it with :func:`begin` undoes the transaction.

    Args:
        database: Where the account is made if there is none.
        unit: The transaction.
        key_id: The owner.

    Returns:
        The number as ``cursor``, and the ``turn`` of the owner.
    """
    place = {"account": key_id, "more": 1, "given": 0.0}
    row = unit.connection.execute(_ADVANCE, place).first()
    if row is None:
        database.put(unit, tenants, {"key_id": key_id, "cursor": 0, "turn": 0.0})
        row = unit.connection.execute(_ADVANCE, place).one()
    return row


def begin(unit: Unit, entry: Entry, account: Row) -> None:
    """Keep the first event of a job under the number that :func:`open_account` took."""
    _keep(unit, _numbered(unit, [entry], account.cursor))


def _numbered(unit: Unit, own: Sequence[Entry], last: int) -> list[Event]:
    """Events of one owner, of which the last has a number."""
    return [
        Event(
            job_id=entry.job_id,
            key_id=entry.key_id,
            seq=entry.seq,
            cursor=cursor,
            kind=entry.kind,
            data=entry.data,
            at=unit.now,
        )
        for cursor, entry in enumerate(own, start=last - len(own) + 1)
    ]


def _keep(unit: Unit, written: Sequence[Event]) -> None:
    if written:
        unit.connection.execute(_KEEP, [vars(event) for event in written])
    unit.events.extend(written)


def move(unit: Unit, condition: sa.ColumnElement[bool], values: Mapping[str, object]) -> list[Row]:
    """Change the state of jobs, and tell it.

    Args:
        unit: The transaction. The jobs are locked already, or there is at most one.
        condition: Which jobs.
        values: What is set, with ``state``.

    Returns:
        The jobs as they are now.
    """
    statement = (
        sa.update(jobs).where(condition).values(seq=jobs.c.seq + 1, **values).returning(*jobs.c)
    )
    rows = list(unit.connection.execute(statement))
    write(unit, [state_entry(row) for row in rows])
    return rows


def reason(failure: Failure) -> dict[str, object]:
    """A failure as it is kept."""
    return to_mapping(failure)
