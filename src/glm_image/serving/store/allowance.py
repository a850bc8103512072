"""Whether an owner may ask for more now."""

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from glm_image.serving.accounts import KeyLimits
from glm_image.serving.errors import BusyError, Code
from glm_image.serving.records import Drawing, JobState
from glm_image.serving.store.database import Unit
from glm_image.serving.store.policy import Policy
from glm_image.serving.store.tables import jobs

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

    def check(self, drawing: Drawing) -> None:
        """Refuse what would be too much.

        Raises:
            BusyError: Says which limit is reached, and when it makes sense to ask again.
        """
        checks: list[Callable[[Drawing], None]] = [self._check_depth]
        if self.limits.concurrent is not None:
            checks.append(self._check_concurrent)
        if self.limits.per_minute is not None:
            checks.append(self._check_minute)
        if self.limits.per_day is not None:
            checks.append(self._check_day)
        for check in checks:
            check(drawing)

    def _check_depth(self, drawing: Drawing) -> None:
        waiting = self._number(sa.func.count(), jobs.c.state == JobState.QUEUED)
        if waiting >= self.policy.depth:
            raise BusyError(
                f"{waiting:.0f} jobs wait already, over all keys",
                code=Code.OVERLOADED,
                retry_after=10.0,
                field="queue",
            )

    def _check_concurrent(self, drawing: Drawing) -> None:
        limit = self.limits.concurrent or 0
        open_states = jobs.c.state.in_((JobState.QUEUED, JobState.RUNNING))
        present = self._number(sa.func.count(), self._own, open_states)
        if present >= limit:
            raise BusyError(
                f"{present:.0f} jobs of this key wait or run, its limit is {limit}",
                code=Code.CONCURRENCY,
                retry_after=2.0,
                field="concurrent",
                hint="wait for one of them, or cancel one",
            )

    def _check_minute(self, drawing: Drawing) -> None:
        limit = self.limits.per_minute or 0
        recent = jobs.c.created > self.unit.now - MINUTE
        if self._number(sa.func.count(), self._own, recent) >= limit:
            first = self._number(sa.func.min(jobs.c.created), self._own, recent)
            raise BusyError(
                f"this key has asked {limit} times within a minute, which is its limit",
                code=Code.FREQUENCY,
                retry_after=max(1.0, first + MINUTE - self.unit.now),
                field="per_minute",
            )

    def _check_day(self, drawing: Drawing) -> None:
        limit = self.limits.per_day or 0
        midnight = self.unit.now - self.unit.now % DAY
        paid = jobs.c.state.not_in(UNPAID)
        total = sa.func.coalesce(sa.func.sum(jobs.c.images), 0)
        spent = int(self._number(total, self._own, paid, jobs.c.created >= midnight))
        if spent + drawing.count > limit:
            raise BusyError(
                f"{spent} pictures of today are spent and {drawing.count} more are asked for, "
                f"the limit of this key is {limit}",
                code=Code.DAILY_CAP,
                retry_after=midnight + DAY - self.unit.now,
                field="per_day",
                hint="ask again after midnight in UTC, or for fewer pictures",
            )

    @property
    def _own(self) -> sa.ColumnElement[bool]:
        return jobs.c.key_id == self.key_id

    def _number(
        self,
        what: "sa.ColumnElement[int] | sa.ColumnElement[float]",
        *conditions: sa.ColumnElement[bool],
    ) -> float:
        found = self.unit.connection.execute(
            sa.select(what).select_from(jobs).where(*conditions)
        ).scalar_one()
        return float(found)
