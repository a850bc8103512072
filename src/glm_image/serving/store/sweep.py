"""What time brings: leases end, callers stay away, things grow old."""

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from glm_image.serving.errors import Code
from glm_image.serving.records import BlobKey, Failure, JobState
from glm_image.serving.store import ledger
from glm_image.serving.store.database import Unit
from glm_image.serving.store.part import Part
from glm_image.serving.store.reading import OPEN, ended
from glm_image.serving.store.rows import Row
from glm_image.serving.store.tables import (
    codes,
    events,
    job_blobs,
    jobs,
    pictures,
    uploads,
    waiters,
)
from glm_image.serving.store.waiting import watched
from glm_image.serving.store.work import after_failure

_BATCH = 500
"""Most rows that one transaction sweeps, so that others get their turn."""

_LOST = Failure(
    code=Code.PROCESSING,
    kind="WorkerLostError",
    message="the worker stopped before the pictures were finished",
    hint="retry the job; if it fails again, look for the reason in the log of the service",
    retryable=True,
)

_ENDS = tuple(state for state in JobState if state.ended)


@dataclass(frozen=True, kw_only=True)
class Reaped:
    """What a sweep found, by ids of jobs.

    Args:
        requeued: Their lease ended; they wait again.
        failed: Their lease ended once too often.
        cancelled: Nobody came back to wait for them.
        expired: They waited too long.
    """

    requeued: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    cancelled: tuple[str, ...] = ()
    expired: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Health:
    """How the store is.

    Args:
        backend: ``"sqlite"`` or ``"postgresql"``.
        revision: Of its tables.
        queued: Jobs that wait.
        running: Jobs that run.
        oldest: Seconds that the first of those that wait has waited.
    """

    backend: str
    revision: str
    queued: int
    running: int
    oldest: float | None


class Sweep(Part):
    """The store's own housekeeping."""

    def reap(self, now: float | None = None) -> Reaped:
        """End leases and waits that have run out. To be called every few seconds.

        Args:
            now: The present; by default that of the clock.
        """
        with self._db.write(durable=False) as unit:
            moment = unit.now if now is None else now
            unit.connection.execute(
                sa.update(waiters)
                .where(waiters.c.process == self._db.process)
                .values(until=moment + self._policy.grace)
            )
        requeued, failed = self._end_leases(moment)
        self._note_vanished(moment)
        cancelled = self._end(
            moment,
            JobState.CANCELLED,
            jobs.c.state.in_(OPEN),
            jobs.c.waits,
            ~jobs.c.answered,
            jobs.c.waiter_until <= moment,
            ~watched(moment),
        )
        expired = self._end(
            moment,
            JobState.EXPIRED,
            jobs.c.state == JobState.QUEUED,
            jobs.c.created <= moment - self._policy.job_age,
        )
        self._db.checkpoint()
        return Reaped(requeued=requeued, failed=failed, cancelled=cancelled, expired=expired)

    def purge(self, now: float | None = None) -> None:
        """Forget what has been kept long enough. To be called every hour or so.

        Files are no matter of this: :func:`glm_image.serving.garbage.collect` finds those that
        nothing refers to any more.

        Args:
            now: The present; by default that of the clock.
        """
        policy = self._policy
        with self._db.write(durable=False) as unit:
            moment = unit.now if now is None else now
            for table, age in ((codes, policy.keep_tokens), (events, policy.keep_events)):
                old = sa.select(jobs.c.id).where(_ended_before(moment - age))
                unit.connection.execute(sa.delete(table).where(table.c.job_id.in_(old)))
            for column, age in (
                (waiters.c.until, policy.orphan),
                (pictures.c.deleted, policy.undo),
                (uploads.c.created, policy.keep_uploads),
            ):
                unit.connection.execute(sa.delete(column.table).where(column <= moment - age))
            unit.connection.execute(
                sa.delete(jobs).where(
                    _ended_before(moment - policy.keep_jobs),
                    ~sa.exists().where(pictures.c.job_id == jobs.c.id),
                )
            )

    def unused(self, keys: Collection[BlobKey]) -> set[BlobKey]:
        """Those blobs among some that nothing refers to.

        Args:
            keys: Of blobs, some hundreds at most.
        """
        with self._db.read() as unit:
            used: set[BlobKey] = set()
            for table in (pictures, uploads, job_blobs):
                found = sa.select(table.c.key).where(table.c.key.in_(keys))
                used |= set(unit.connection.execute(found).scalars())
            return set(keys) - used

    def health(self) -> Health:
        """How the store is.

        Raises:
            UnavailableError: The database does not answer.
        """
        with self._db.read() as unit:
            states = sa.select(jobs.c.state, sa.func.count().label("number"))
            found = unit.connection.execute(
                states.where(jobs.c.state.not_in(_ENDS)).group_by(jobs.c.state)
            )
            numbers = {row.state: row.number for row in found}
            first = unit.connection.execute(
                sa.select(sa.func.min(jobs.c.created)).where(jobs.c.state == JobState.QUEUED)
            ).scalar()
            revision = unit.connection.exec_driver_sql("SELECT version_num FROM alembic_version")
            return Health(
                backend=self._db.url.get_backend_name(),
                revision=revision.scalar_one(),
                queued=numbers.get(JobState.QUEUED, 0),
                running=numbers.get(JobState.RUNNING, 0),
                oldest=None if first is None else max(0.0, unit.now - first),
            )

    def _end_leases(self, now: float) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Let jobs of lost workers wait again, or fail if that happened too often."""
        requeued: list[str] = []
        failed: list[str] = []
        while True:
            with self._db.write(durable=False) as unit:
                found = _hold(unit, jobs.c.state == JobState.RUNNING, jobs.c.lease_until <= now)
                for row in found:
                    values = after_failure(row, _LOST, self._policy, now)
                    ledger.move(unit, jobs.c.id == row.id, values)
                    again = values["state"] == JobState.QUEUED
                    (requeued if again else failed).append(row.id)
            if not found:
                return tuple(requeued), tuple(failed)

    def _note_vanished(self, now: float) -> None:
        """Give jobs whose callers vanished together with their process some time."""
        while True:
            with self._db.write(durable=False) as unit:
                alone = _hold(
                    unit,
                    jobs.c.state.in_(OPEN),
                    jobs.c.waits,
                    ~jobs.c.answered,
                    jobs.c.waiter_until.is_(None),
                    ~watched(now),
                )
                names = [row.id for row in alone]
                until = now + self._policy.grace
                unit.connection.execute(
                    sa.update(jobs).where(jobs.c.id.in_(names)).values(waiter_until=until)
                )
            if not alone:
                return

    def _end(
        self, now: float, state: JobState, *conditions: sa.ColumnElement[bool]
    ) -> tuple[str, ...]:
        """End all jobs of which something holds."""
        names: list[str] = []
        while True:
            with self._db.write(durable=False) as unit:
                found = [row.id for row in _hold(unit, *conditions)]
                ledger.move(unit, jobs.c.id.in_(found), ended(state, now))
            if not found:
                return tuple(names)
            names += found


def _hold(unit: Unit, *conditions: sa.ColumnElement[bool]) -> list[Row]:
    """Some jobs of which something holds, and which nobody else is changing."""
    statement = sa.select(jobs).where(*conditions).order_by(jobs.c.key_id, jobs.c.id)
    held = statement.limit(_BATCH).with_for_update(skip_locked=True)
    return list(unit.connection.execute(held))


def _ended_before(moment: float) -> sa.ColumnElement[bool]:
    return sa.and_(jobs.c.state.in_(_ENDS), jobs.c.finished <= moment)
