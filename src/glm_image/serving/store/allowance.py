"""Whether an owner may ask for more now."""

from dataclasses import dataclass
from typing import Self

import sqlalchemy as sa

from glm_image.serving.accounts import KeyLimits
from glm_image.serving.errors import BusyError, Code
from glm_image.serving.records import Drawing, JobState
from glm_image.serving.store.database import Unit
from glm_image.serving.store.policy import Policy
from glm_image.serving.store.tables import jobs, tenants

MINUTE = 60.0
DAY = 24 * 3600.0

UNPAID = (JobState.FAILED, JobState.CANCELLED, JobState.EXPIRED)
"""Ends that are not counted among the pictures of a day."""


@dataclass(frozen=True)
class Allowance:
    """The limits of an owner and of the whole service, at one moment.

    Args:
        unit: The transaction, which holds the owner's account.
        policy: Limits of the service.
        key_id: The owner.
        limits: Limits of the owner.
    """

    unit: Unit
    policy: Policy
    key_id: str
    limits: KeyLimits

    def check(self, drawing: Drawing, queue: "Queue") -> None:
        """Refuse what would be too much.

        Raises:
            BusyError: Says which limit is reached, and when it makes sense to ask again.
        """
        self._check_depth(queue.waiting)
        if self.limits.concurrent is not None:
            self._check_concurrent(queue.present, self.limits.concurrent)
        if self.limits.per_minute is not None:
            self._check_minute(queue.recent, self.limits.per_minute)
        if self.limits.per_day is not None:
            self._check_day(drawing.count, self.limits.per_day)

    def _check_depth(self, waiting: int) -> None:
        if waiting >= self.policy.depth:
            raise BusyError(
                f"{waiting} jobs wait already, over all keys",
                code=Code.OVERLOADED,
                retry_after=10.0,
                field="queue",
            )

    def _check_concurrent(self, present: int, limit: int) -> None:
        if present >= limit:
            raise BusyError(
                f"{present} jobs of this key wait or run, its limit is {limit}",
                code=Code.CONCURRENCY,
                retry_after=2.0,
                field="concurrent",
                hint="wait for one of them, or cancel one",
            )

    def _check_minute(self, recent: int, limit: int) -> None:
        if recent >= limit:
            since = self.unit.now - MINUTE
            first = self._number(sa.func.min(jobs.c.created), jobs.c.created > since)
            raise BusyError(
                f"this key has asked {limit} times within a minute, which is its limit",
                code=Code.FREQUENCY,
                retry_after=max(1.0, first + MINUTE - self.unit.now),
                field="per_minute",
            )

    def _check_day(self, count: int, limit: int) -> None:
        midnight = self.unit.now - self.unit.now % DAY
        total = sa.func.coalesce(sa.func.sum(jobs.c.images), 0)
        paid = jobs.c.state.not_in(UNPAID)
        spent = int(self._number(total, paid, jobs.c.created >= midnight))
        if spent + count > limit:
            raise BusyError(
                f"{spent} pictures of today are spent and {count} more are asked for, "
                f"the limit of this key is {limit}",
                code=Code.DAILY_CAP,
                retry_after=midnight + DAY - self.unit.now,
                field="per_day",
                hint="ask again after midnight in UTC, or for fewer pictures",
            )

    def _number(
        self,
        what: "sa.ColumnElement[int] | sa.ColumnElement[float]",
        *conditions: sa.ColumnElement[bool],
    ) -> float:
        """A number over the jobs of the owner."""
        statement = sa.select(what).where(jobs.c.key_id == self.key_id, *conditions)
        return float(self.unit.connection.execute(statement).scalar_one())


@dataclass(frozen=True)
class Queue:
    """What an owner finds in the queue, read in one statement.

    Args:
        waiting: Jobs that wait, over all owners.
        present: Jobs of the owner that wait or run.
        recent: Jobs of the owner within the last minute.
        start: The turn from which an owner starts who had nothing waiting; None for one who had.
    """

    waiting: int
    present: int
    recent: int
    start: float | None

    @classmethod
    def of(cls, unit: Unit, key_id: str) -> Self:
        """The queue as it is now."""
        sought = {"asker": key_id, "since": unit.now - MINUTE}
        row = unit.connection.execute(_QUEUE, sought).one()
        return cls(waiting=row.waiting, present=row.present, recent=row.recent, start=row.start)


def _queue() -> "sa.Select[tuple[int, int, int, float | None]]":
    own = jobs.c.key_id == sa.bindparam("asker")
    number = sa.select(sa.func.count()).select_from(jobs)
    open_states = jobs.c.state.in_((JobState.QUEUED, JobState.RUNNING))
    waiting = sa.exists().where(jobs.c.key_id == tenants.c.key_id, jobs.c.state == JobState.QUEUED)
    mine = sa.exists().where(own, jobs.c.state == JobState.QUEUED)
    least = sa.select(sa.func.min(tenants.c.turn)).where(waiting).scalar_subquery()
    most = sa.select(sa.func.max(tenants.c.turn)).scalar_subquery()
    return sa.select(
        number.where(jobs.c.state == JobState.QUEUED).scalar_subquery().label("waiting"),
        number.where(own, open_states).scalar_subquery().label("present"),
        number.where(own, jobs.c.created > sa.bindparam("since")).scalar_subquery().label("recent"),
        sa.case((mine, None), else_=sa.func.coalesce(least, most)).label("start"),
    )


_QUEUE = _queue()
