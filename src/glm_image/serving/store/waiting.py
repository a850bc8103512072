"""Callers who wait for their answer, and what happens when they vanish."""

from collections.abc import Mapping

import sqlalchemy as sa

from glm_image.serving.records import Job, JobState
from glm_image.serving.store import ledger, rows
from glm_image.serving.store.database import Database, Unit
from glm_image.serving.store.part import Part
from glm_image.serving.store.reading import ended
from glm_image.serving.store.rows import Row
from glm_image.serving.store.tables import jobs, waiters

# Made once, because every answer executes them.
_ANSWERED = (
    sa.update(jobs).where(jobs.c.id == sa.bindparam("job")).values(answered=True).returning(*jobs.c)
)
_MINE = (waiters.c.job_id == sa.bindparam("job"), waiters.c.process == sa.bindparam("of"))
_LAST = sa.delete(waiters).where(*_MINE, waiters.c.callers <= 1)
_ONE_LESS = sa.update(waiters).where(*_MINE).values(callers=waiters.c.callers - 1)


class Waiting(Part):
    """Who waits for which job.

    Each process notes how many of its callers wait, and for how long that note counts. It renews
    its notes in :meth:`Sweep.reap`; those of a process that ended run out on their own.
    """

    def attach_waiter(self, job_id: str) -> None:
        """Note that one more caller of this process waits for a job.

        Raises:
            NotFoundError: There is no such job.
        """
        with self._db.write(durable=False) as unit:
            rows.one(unit.connection, jobs, job_id, None, lock=True)
            wait(self._db, unit, job_id, unit.now + self._policy.grace)
            _set(unit, job_id, {"waiter_until": None})

    def detach_waiter(self, job_id: str, *, answered: bool) -> Job:
        """Note that a caller of this process does not wait any more.

        When the last one vanishes without an answer, a job that still waits and has no name is
        cancelled at once; any other is given some time for its caller to come back.

        Args:
            job_id: The job.
            answered: Whether the caller has got the answer; otherwise it has vanished.

        Returns:
            The job as it is now, without its pictures and its position.

        Raises:
            NotFoundError: There is no such job.
        """
        with self._db.write(durable=False) as unit:
            if answered:
                row = unit.connection.execute(_ANSWERED, {"job": job_id}).first()
                if row is None:
                    raise rows.missing(jobs.name, job_id)
                self._leave(unit, job_id)
                return rows.job(row)
            row = rows.one(unit.connection, jobs, job_id, None, lock=True)
            self._leave(unit, job_id)
            others = sa.select(waiters.c.job_id).where(
                waiters.c.job_id == job_id, waiters.c.until > unit.now
            )
            if _open(row) and unit.connection.execute(others).first() is None:
                row = self._leave_alone(unit, row)
            return rows.job(row)

    def _leave(self, unit: Unit, job_id: str) -> None:
        """Note that one caller less of this process waits."""
        mine = {"job": job_id, "of": self._db.process}
        if not unit.connection.execute(_LAST, mine).rowcount:
            unit.connection.execute(_ONE_LESS, mine)

    def _leave_alone(self, unit: Unit, row: Row) -> Row:
        """What happens to a job that nobody waits for any more."""
        if row.state == JobState.QUEUED and row.request_key is None:
            this = jobs.c.id == row.id
            return ledger.move(unit, this, ended(JobState.CANCELLED, unit.now))[0]
        return _set(unit, row.id, {"waiter_until": unit.now + self._policy.grace})


def wait(database: Database, unit: Unit, job_id: str, until: float) -> None:
    """Note one more caller of this process, in a transaction under way."""
    database.put(
        unit,
        waiters,
        {"job_id": job_id, "process": database.process, "callers": 1, "until": until},
        replaced=["until"],
        added=["callers"],
    )


def _set(unit: Unit, job_id: str, values: Mapping[str, object]) -> Row:
    """The row of a job, changed."""
    this = sa.update(jobs).where(jobs.c.id == job_id).values(values)
    return unit.connection.execute(this.returning(*jobs.c)).one()


def _open(row: Row) -> bool:
    """Whether a job ends when its callers vanish."""
    return bool(row.waits) and not JobState(row.state).ended


def watched(now: float | sa.BindParameter[float]) -> sa.ColumnElement[bool]:
    """Whether somebody waits for a job."""
    return sa.exists().where(waiters.c.job_id == jobs.c.id, waiters.c.until > now)
