"""How much each owner has asked for."""

from dataclasses import dataclass

import sqlalchemy as sa

from glm_image.serving.records import JobState
from glm_image.serving.store.allowance import DAY, MINUTE, UNPAID
from glm_image.serving.store.part import Part
from glm_image.serving.store.tables import jobs


@dataclass(frozen=True, kw_only=True)
class Use:
    """What an owner has asked for, as it counts for the limits.

    Args:
        open_jobs: Jobs that wait or run.
        jobs_of_minute: Jobs within the last 60 seconds.
        pictures_of_day: Pictures since midnight in UTC, without those that came to nothing.
    """

    open_jobs: int = 0
    jobs_of_minute: int = 0
    pictures_of_day: int = 0


class Usage(Part):
    """Counts of what owners ask for."""

    def usage(self) -> dict[str, Use]:
        """What everybody has asked for, by owner; who has asked for nothing is left out."""
        with self._db.read() as unit:
            midnight = unit.now - unit.now % DAY
            is_open = jobs.c.state.in_((JobState.QUEUED, JobState.RUNNING))
            recent = jobs.c.created > unit.now - MINUTE
            paid = sa.and_(jobs.c.created >= midnight, jobs.c.state.not_in(UNPAID))
            statement = (
                sa.select(
                    jobs.c.key_id,
                    sa.func.count().filter(is_open).label("open"),
                    sa.func.count().filter(recent).label("minute"),
                    sa.func.coalesce(sa.func.sum(jobs.c.images).filter(paid), 0).label("day"),
                )
                .where(sa.or_(is_open, recent, paid))
                .group_by(jobs.c.key_id)
            )
            return {
                row.key_id: Use(
                    open_jobs=row.open, jobs_of_minute=row.minute, pictures_of_day=int(row.day)
                )
                for row in unit.connection.execute(statement)
            }
