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
    .where(tenants.c.key_id == sa.bindparam("owner"))
    .values(cursor=tenants.c.cursor + sa.bindparam("more"))
    .returning(tenants.c.cursor)
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
        row: The whole row, as it is now.
    """
    data: dict[str, object] = {"state": row.state, "attempt": row.attempt}
    if row.failure is not None and row.state != JobState.RUNNING:
        data["failure"] = row.failure
    return Entry(job_id=row.id, key_id=row.key_id, seq=row.seq, kind=EventKind.STATE, data=data)


def write(unit: Unit, entries: Sequence[Entry]) -> list[Event]:
    """Keep events and have the listeners told.

    Args:
        unit: The transaction, which holds the jobs.
        entries: In the order in which things happened.

    Returns:
        The events, in order of their owners.
    """
    written: list[Event] = []
    for key_id in sorted({entry.key_id for entry in entries}):
        own = [entry for entry in entries if entry.key_id == key_id]
        last = unit.connection.execute(_ADVANCE, {"owner": key_id, "more": len(own)}).scalar_one()
        written += [
            Event(
                job_id=entry.job_id,
                key_id=key_id,
                seq=entry.seq,
                cursor=cursor,
                kind=entry.kind,
                data=entry.data,
                at=unit.now,
            )
            for cursor, entry in enumerate(own, start=last - len(own) + 1)
        ]
    if written:
        unit.connection.execute(_KEEP, [to_mapping(event) for event in written])
    unit.events.extend(written)
    return written


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


def open_account(database: Database, unit: Unit, key_id: str) -> Row:
    """The row of an owner, made if there is none, and held until the end of the transaction."""
    lock = sa.select(tenants).where(tenants.c.key_id == key_id).with_for_update()
    row = unit.connection.execute(lock).first()
    if row is None:
        database.put(unit, tenants, {"key_id": key_id, "cursor": 0, "turn": 0.0})
        row = unit.connection.execute(lock).one()
    return row


def reason(failure: Failure) -> dict[str, object]:
    """A failure as it is kept."""
    return to_mapping(failure)
