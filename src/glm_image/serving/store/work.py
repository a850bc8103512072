"""Working on jobs: who may, for how long, and what comes of it.

A job is claimed for a while. Whoever holds the claim renews it; if it ends, :meth:`Sweep.reap`
lets the job wait again. Every claim has a number, its lease, which counts up with each claim of
the job, and everything a worker writes is fenced by it: who writes late changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import sqlalchemy as sa

from glm_image.config import to_mapping
from glm_image.errors import InputError
from glm_image.serving.records import (
    Claim,
    Event,
    EventKind,
    Failure,
    Job,
    JobState,
    Picture,
    Stage,
)
from glm_image.serving.store import ledger, rows, statements
from glm_image.serving.store.database import Unit
from glm_image.serving.store.ledger import Entry
from glm_image.serving.store.part import Part
from glm_image.serving.store.policy import Policy
from glm_image.serving.store.rows import Row
from glm_image.serving.store.tables import codes, jobs, picture_parents


class Work(Part):
    """Jobs on their way through the workers."""

    def claim(
        self, owner: str, *, seconds: float, limit: int = 1, model: str | None = None
    ) -> list[Claim]:
        """Take the jobs that are next.

        Higher priority comes first; then the owner who has been given fewest pictures; then who
        came first.

        Args:
            owner: Who works.
            seconds: How long the lease lasts unless it is renewed.
            limit: Most jobs.
            model: Only jobs for this model; None takes all.

        Returns:
            The claims, in the order in which they should start. Fewer than ``limit`` if no more
            wait, none if nothing does.
        """
        taken: list[Claim] = []
        more = limit > 0
        # One transaction each, so that owners are never locked in another order than elsewhere.
        while more:
            claim, others = self._claim(owner, seconds, model)
            if claim is not None:
                taken.append(claim)
            more = others and len(taken) < limit
        return taken

    def renew(self, owner: str, claims: Sequence[Claim], *, seconds: float) -> list[Claim]:
        """Lengthen leases.

        Args:
            owner: Who works.
            claims: Of this owner.
            seconds: How long they last from now.

        Returns:
            The claims that still hold. The others were cancelled or taken away: stop them.
        """
        if not claims:
            return []
        kept: list[Claim] = []
        with self._db.write(durable=False) as unit:
            until = unit.now + seconds
            for claim in sorted(claims, key=lambda one: one.job.id):
                statement = sa.update(jobs).where(_held(claim), jobs.c.owner == owner)
                done = unit.connection.execute(statement.values(lease_until=until))
                if done.rowcount:
                    kept.append(replace(claim, until=until))
        return kept

    def note(self, claim: Claim, kind: EventKind, data: Mapping[str, object]) -> Event | None:
        """Tell how far a job is, or that one of its pictures is finished.

        Of progress the latest is kept. A picture that is told here is shown before the job ends;
        it is kept once the job succeeds.

        Args:
            claim: The right to do so.
            kind: ``PROGRESS`` or ``PICTURE``.
            data: As :class:`Event` has it.

        Returns:
            The event; None if the claim does not hold any more: stop the work.

        Raises:
            InputError: This kind of event is not for workers to keep.
        """
        if kind is EventKind.PROGRESS:
            made = self._progress([(claim, data)])
            return made[0] if made else None
        if kind is not EventKind.PICTURE:
            raise InputError(f"{kind} is not kept", field="kind", hint="hand it to the hub instead")
        with self._db.write(durable=False) as unit:
            seq = unit.connection.execute(
                statements.TELL, statements.fence(claim)
            ).scalar_one_or_none()
            if seq is None:
                return None
            return ledger.write(unit, [_entry(claim, seq, kind, data)])[0]

    def note_progress(self, news: Sequence[tuple[Claim, Mapping[str, object]]]) -> list[Claim]:
        """Tell how far many jobs are, in one transaction; see :meth:`note`.

        Args:
            news: One for each claim.

        Returns:
            The claims that do not hold any more: stop their work.
        """
        told = {event.job_id for event in self._progress(news)} if news else set()
        return [claim for claim, _ in news if claim.job.id not in told]

    def _progress(self, news: Sequence[tuple[Claim, Mapping[str, object]]]) -> list[Event]:
        with self._db.write(durable=False) as unit:
            entries: list[Entry] = []
            for claim, data in sorted(news, key=lambda one: one[0].job.id):
                stage = Stage(str(data["stage"]))
                values = {"at_stage": stage, "so_many": data["done"], "of": data["total"]}
                moved = unit.connection.execute(statements.MOVE, statements.fence(claim) | values)
                seq = moved.scalar_one_or_none()
                if seq is not None:
                    entries.append(_entry(claim, seq, EventKind.PROGRESS, data))
            if entries:
                older = [{"job": entry.job_id} for entry in entries]
                unit.connection.execute(statements.FORGET, older)
            return ledger.write(unit, entries)

    def finish(
        self, claim: Claim, made: Sequence[Picture], *, untold: Sequence[Picture] = ()
    ) -> bool:
        """End a job with its pictures, all or none.

        Args:
            claim: The right to do so.
            made: One picture per seed, in order.
            untold: Those of them that :meth:`note` has not told; told before the success.

        Returns:
            Whether the claim still held; otherwise nothing was written.

        Raises:
            InputError: There are more or fewer pictures than were asked for.
        """
        drawing = claim.job.drawing
        if [picture.index for picture in made] != list(range(drawing.count)):
            raise InputError(
                f"got the pictures {[picture.index for picture in made]} of {drawing.count}",
                field="pictures",
                hint="give all of them, in order",
            )
        more = 1 + len(untold)
        with self._db.write(durable=False) as unit:
            values = statements.fence(claim) | {"more": more, "moment": unit.now}
            row = unit.connection.execute(statements.FINISH, values).first()
            if row is None:
                return False
            _keep_pictures(unit, claim.job, made)
            told = [
                _entry(claim, row.seq - more + place, EventKind.PICTURE, to_mapping(picture))
                for place, picture in enumerate(untold, start=1)
            ]
            ledger.write(unit, [*told, ledger.state_entry(row)])
            return True

    def fail(self, claim: Claim, failure: Failure) -> bool:
        """End a start that came to nothing.

        What may succeed another time waits for a pause and starts again, until all starts that a
        job has are spent; anything else fails for good.

        Args:
            claim: The right to do so.
            failure: Why.

        Returns:
            Whether the claim still held; otherwise nothing was written.
        """
        with self._db.write(durable=False) as unit:
            held = sa.select(jobs).where(_held(claim)).with_for_update()
            row = unit.connection.execute(held).first()
            if row is None:
                return False
            ledger.move(
                unit, jobs.c.id == row.id, after_failure(row, failure, self._policy, unit.now)
            )
            return True

    def give_back(self, owner: str, claims: Sequence[Claim] | None = None) -> int:
        """Let jobs wait again that this owner will not finish; the start does not count.

        Args:
            owner: Who worked.
            claims: Which; None gives everything of the owner back.

        Returns:
            How many jobs wait again.
        """
        mine = [jobs.c.owner == owner, jobs.c.state == JobState.RUNNING]
        if claims is not None:
            mine.append(sa.or_(sa.false(), *(_held(claim) for claim in claims)))
        with self._db.write(durable=False) as unit:
            held = sa.select(jobs.c.id).where(*mine).order_by(jobs.c.id).with_for_update()
            names = list(unit.connection.execute(held).scalars())
            again = {
                **statements.FREE,
                "state": JobState.QUEUED,
                "attempt": jobs.c.attempt - 1,
                "not_before": unit.now,
            }
            return len(ledger.move(unit, jobs.c.id.in_(names), again))

    def save_tokens(self, job_id: str, index: int, data: bytes) -> None:
        """Keep what the generator wrote, so that another start need not write it again.

        Args:
            job_id: The job.
            index: Place of the picture.
            data: The codes, in whatever form the worker likes. The same seeds give the same codes,
                so it does not matter which start wrote them.

        Raises:
            NotFoundError: There is no such job.
        """
        with self._db.write(durable=False) as unit:
            rows.one(unit.connection, jobs, job_id, None)
            row = {"job_id": job_id, "place": index, "data": data}
            self._db.put(unit, codes, row, replaced=["data"])

    def tokens(self, job_id: str) -> dict[int, bytes]:
        """What the generator wrote in earlier starts, by place of the picture."""
        with self._db.read() as unit:
            statement = sa.select(codes.c.place, codes.c.data).where(codes.c.job_id == job_id)
            return {row.place: row.data for row in unit.connection.execute(statement)}

    def _claim(self, owner: str, seconds: float, model: str | None) -> tuple[Claim | None, bool]:
        """The job that is next, if there is one, and whether others wait behind it."""
        with self._db.write(durable=False) as unit:
            sought = {"moment": unit.now, "of_model": model}
            found = unit.connection.execute(statements.NEXT[model is not None], sought).first()
            if found is None:
                return None, False
            taken = {
                "job": found.id,
                "worker": owner,
                "until": unit.now + seconds,
                "moment": unit.now,
            }
            row = unit.connection.execute(statements.TAKE, taken).one()
            ledger.write(unit, [ledger.state_entry(row)], given=row.images)
            others = unit.connection.execute(statements.OTHERS[model is not None], sought).first()
        claim = Claim(
            job=rows.job(row),
            owner=owner,
            attempt=row.attempt,
            lease=row.lease,
            until=row.lease_until,
        )
        return claim, others is not None


def after_failure(row: Row, failure: Failure, policy: Policy, now: float) -> dict[str, object]:
    """What becomes of a job whose start came to nothing.

    Args:
        row: The job.
        failure: Why.
        policy: How many starts a job has, and the pauses between them.
        now: The present.
    """
    values = {**statements.FREE, "failure": ledger.reason(failure)}
    if failure.retryable and row.attempt < policy.attempts:
        pause = policy.pause(row.attempt)
        return {**values, "state": JobState.QUEUED, "not_before": now + pause}
    return {**values, "state": JobState.FAILED, "finished": now}


def _entry(claim: Claim, seq: int, kind: EventKind, data: Mapping[str, object]) -> Entry:
    """Something that a worker tells of its job."""
    return Entry(job_id=claim.job.id, key_id=claim.job.key_id, seq=seq, kind=kind, data=data)


def _held(claim: Claim) -> sa.ColumnElement[bool]:
    """The job of a claim, if the claim still holds."""
    return sa.and_(
        jobs.c.id == claim.job.id,
        jobs.c.state == JobState.RUNNING,
        jobs.c.owner == claim.owner,
        jobs.c.lease == claim.lease,
    )


def _keep_pictures(unit: Unit, job: Job, made: Sequence[Picture]) -> None:
    kept = [rows.picture_values(picture, job.key_id, job.drawing.prompt) for picture in made]
    unit.connection.execute(statements.KEEP, kept)
    parents = [
        {"picture_id": picture.id, "place": place, "parent_id": parent}
        for picture in made
        for place, parent in enumerate(picture.parents)
    ]
    if parents:
        unit.connection.execute(sa.insert(picture_parents), parents)
