"""Looking at jobs, and ending them on behalf of their owners."""

from collections.abc import Collection

import sqlalchemy as sa

from glm_image.errors import InputError
from glm_image.serving.records import Event, Job, JobState
from glm_image.serving.store import ledger, lookup, rows
from glm_image.serving.store.database import Listener
from glm_image.serving.store.part import Part
from glm_image.serving.store.statements import FREE
from glm_image.serving.store.tables import events, jobs

MOST_ROWS = 1000
"""Longest page of a list."""

OPEN = (JobState.QUEUED, JobState.RUNNING)
"""States of jobs that have not ended."""


class Reading(Part):
    """Jobs as their owners see them.

    An owner sees nothing of others: what is not theirs looks as if it were not there. ``key_id``
    None is the operator, who sees everything.
    """

    def subscribe(self, listener: Listener) -> None:
        """Tell a listener about every event from now on.

        On PostgreSQL that includes what other processes do; SQLite knows of one process only.

        Args:
            listener: Called after the commit, in the thread that made the event, or heard of it.
        """
        self._db.subscribe(listener)

    def job(self, job_id: str, key_id: str | None) -> Job:
        """A job with its pictures and its position.

        Raises:
            NotFoundError: There is no such job.
        """
        with self._db.read() as unit:
            row = rows.one(unit.connection, jobs, job_id, key_id)
            return lookup.complete(unit, [row])[0]

    def jobs(
        self,
        key_id: str | None,
        *,
        states: Collection[JobState] = (),
        before: str | None = None,
        limit: int = 50,
    ) -> list[Job]:
        """Jobs, the newest first.

        Args:
            key_id: Their owner.
            states: Only jobs that stand there; none are all.
            before: Id of the last job of the page before.
            limit: Longest page, up to 1000.

        Raises:
            NotFoundError: There is no job ``before``.
            InputError: The page is too long.
        """
        statement = sa.select(jobs)
        if key_id is not None:
            statement = statement.where(jobs.c.key_id == key_id)
        if states:
            statement = statement.where(jobs.c.state.in_(states))
        with self._db.read() as unit:
            if before is not None:
                last = rows.one(unit.connection, jobs, before, key_id)
                place = sa.tuple_(jobs.c.created, jobs.c.id)
                statement = statement.where(place < sa.tuple_(last.created, last.id))
            newest = statement.order_by(jobs.c.created.desc(), jobs.c.id.desc())
            page = unit.connection.execute(newest.limit(page_length(limit)))
            return lookup.complete(unit, list(page))

    def cancel(self, job_id: str, key_id: str | None) -> Job:
        """End a job; the claim of a running one stops to hold at once.

        Returns:
            The job, which stays as it is if it has ended before.

        Raises:
            NotFoundError: There is no such job.
        """
        with self._db.write() as unit:
            row = rows.one(unit.connection, jobs, job_id, key_id, lock=True)
            if row.state in OPEN:
                ledger.move(unit, jobs.c.id == row.id, ended(JobState.CANCELLED, unit.now))
                row = rows.one(unit.connection, jobs, job_id, key_id)
            return lookup.complete(unit, [row])[0]

    def cancel_all(self, key_id: str) -> list[str]:
        """End everything of an owner that waits or runs.

        Returns:
            The jobs that were cancelled.
        """
        with self._db.write() as unit:
            held = (
                sa.select(jobs.c.id)
                .where(jobs.c.key_id == key_id, jobs.c.state.in_(OPEN))
                .order_by(jobs.c.id)
                .with_for_update()
            )
            unit.connection.execute(held).all()
            mine = sa.and_(jobs.c.key_id == key_id, jobs.c.state.in_(OPEN))
            return [row.id for row in ledger.move(unit, mine, ended(JobState.CANCELLED, unit.now))]

    def events(
        self,
        key_id: str | None,
        *,
        job_id: str | None = None,
        after: int = 0,
        limit: int = MOST_ROWS,
    ) -> list[Event]:
        """What has happened, in order.

        Args:
            key_id: The owner.
            job_id: Only of this job; ``after`` is then a ``seq``, otherwise a ``cursor``.
            after: The last event that was seen; 0 for none.
            limit: Longest page, up to 1000.

        Raises:
            NotFoundError: There is no such job.
            InputError: The page is too long, or neither an owner nor a job is named.
        """
        statement = sa.select(events).limit(page_length(limit))
        with self._db.read() as unit:
            if job_id is not None:
                row = rows.one(unit.connection, jobs, job_id, key_id)
                own = statement.where(events.c.job_id == row.id, events.c.seq > after)
                found = unit.connection.execute(own.order_by(events.c.seq))
            elif key_id is not None:
                own = statement.where(events.c.key_id == key_id, events.c.cursor > after)
                found = unit.connection.execute(own.order_by(events.c.cursor))
            else:
                raise InputError("it is missing", field="job_id", hint="name an owner or a job")
            return [rows.event(row) for row in found]


def ended(state: JobState, now: float) -> dict[str, object]:
    """What is set in a job that ends without pictures."""
    return {**FREE, "state": state, "finished": now}


def page_length(limit: int) -> int:
    """The length of a page.

    Raises:
        InputError: It is too short or too long.
    """
    if not 1 <= limit <= MOST_ROWS:
        raise InputError(f"got {limit}", field="limit", hint=f"1 to {MOST_ROWS}")
    return limit
