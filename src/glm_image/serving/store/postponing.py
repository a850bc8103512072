"""Callers who were sent away by a service that stops."""

import sqlalchemy as sa

from glm_image.serving.store.part import Part
from glm_image.serving.store.reading import OPEN
from glm_image.serving.store.tables import jobs, waiters


class Postponing(Part):
    """Keeps jobs for callers who are told to come back."""

    def postpone(self, job_id: str) -> None:
        """Note that nobody of this process waits for a job any more, because the process stops.

        Unlike a job whose callers vanish it is not given up soon: they were told its name. Whoever
        asks for the same again is answered by it, as after any other interruption.

        Args:
            job_id: The job; one that has ended stays as it is.
        """
        with self._db.write() as unit:
            here = (waiters.c.job_id == job_id, waiters.c.process == self._db.process)
            unit.connection.execute(sa.delete(waiters).where(*here))
            unit.connection.execute(
                sa.update(jobs)
                .where(jobs.c.id == job_id, jobs.c.state.in_(OPEN))
                .values(waiter_until=unit.now + self._policy.job_age)
            )
