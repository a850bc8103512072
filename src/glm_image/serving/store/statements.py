"""Statements of those who work on jobs, made once because every job executes them several times.

Making a statement takes SQLAlchemy longer than executing it. Values are bound by names that no
column has, since a value with the name of a column would be set.
"""

import sqlalchemy as sa

from glm_image.serving.records import Claim, EventKind, JobState, Stage
from glm_image.serving.store.tables import events, jobs, pictures, tenants

FREE: dict[str, object] = {"owner": None, "lease_until": None}
"""What a job without a worker has."""


def fence(claim: Claim) -> dict[str, object]:
    """What tells a claim that holds from one that does not; see :data:`FENCED`."""
    return {"job": claim.job.id, "worker": claim.owner, "claimed": claim.lease}


def _waiting(of_model: bool) -> "sa.Select[tuple[str]]":
    """Jobs that may start now, of all models or of one."""
    statement = sa.select(jobs.c.id).where(
        jobs.c.state == JobState.QUEUED, jobs.c.not_before <= sa.bindparam("moment")
    )
    if not of_model:
        return statement
    return statement.where(jobs.c.model == sa.bindparam("of_model"))


def _next(of_model: bool) -> "sa.Select[tuple[str]]":
    """The job that should start next, held unless another process holds it."""
    return (
        _waiting(of_model)
        .join(tenants, tenants.c.key_id == jobs.c.key_id)
        .order_by(jobs.c.priority.desc(), tenants.c.turn, jobs.c.created, jobs.c.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=jobs)
    )


NEXT = {of_model: _next(of_model) for of_model in (False, True)}
OTHERS = {of_model: _waiting(of_model).limit(1) for of_model in (False, True)}
TAKE = (
    sa.update(jobs)
    .where(jobs.c.id == sa.bindparam("job"))
    .values(
        state=JobState.RUNNING,
        owner=sa.bindparam("worker"),
        lease=jobs.c.lease + 1,
        lease_until=sa.bindparam("until"),
        attempt=jobs.c.attempt + 1,
        seq=jobs.c.seq + 1,
        started=sa.bindparam("moment"),
        stage=None,
        done=0,
        total=0,
    )
    .returning(*jobs.c)
)
FENCED = (
    jobs.c.id == sa.bindparam("job"),
    jobs.c.state == JobState.RUNNING,
    jobs.c.owner == sa.bindparam("worker"),
    jobs.c.lease == sa.bindparam("claimed"),
)
TELL = sa.update(jobs).where(*FENCED).values(seq=jobs.c.seq + 1).returning(jobs.c.seq)
MOVE = (
    sa.update(jobs)
    .where(*FENCED)
    .values(
        seq=jobs.c.seq + 1,
        stage=sa.bindparam("at_stage"),
        done=sa.bindparam("so_many"),
        total=sa.bindparam("of"),
    )
    .returning(jobs.c.seq)
)
FINISH = (
    sa.update(jobs)
    .where(*FENCED)
    .values(
        **FREE,
        state=JobState.SUCCEEDED,
        stage=Stage.POST,
        done=jobs.c.images,
        total=jobs.c.images,
        seq=jobs.c.seq + sa.bindparam("more", type_=sa.Integer),
        finished=sa.bindparam("moment"),
        failure=None,
    )
    .returning(jobs.c.id, jobs.c.key_id, jobs.c.state, jobs.c.attempt, jobs.c.seq, jobs.c.failure)
)
KEEP = sa.insert(pictures)
FORGET = sa.delete(events).where(
    events.c.job_id == sa.bindparam("job"), events.c.kind == EventKind.PROGRESS
)
