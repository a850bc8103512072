"""Taking requests: the same one twice is drawn once, and nobody gets more than is theirs."""

from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from glm_image.config import to_mapping
from glm_image.errors import InputError
from glm_image.serving.accounts import KeyLimits
from glm_image.serving.errors import ConflictError
from glm_image.serving.records import Drawing, EventKind, Job, JobState, Submitted, new_id
from glm_image.serving.store import ledger, lookup, rows
from glm_image.serving.store.allowance import Allowance, Queue
from glm_image.serving.store.database import Unit
from glm_image.serving.store.ledger import Entry
from glm_image.serving.store.part import Part
from glm_image.serving.store.rows import Row
from glm_image.serving.store.tables import conversations, job_blobs, jobs, tenants
from glm_image.serving.store.waiting import wait, watched
from glm_image.serving.text import checked_line

MAX_REQUEST_KEY_CHARACTERS = 255
"""Longest name that a client gives a request."""

_LAPSED = (JobState.CANCELLED, JobState.EXPIRED)
"""Ends after which the same request is drawn after all."""


@dataclass(frozen=True, kw_only=True)
class _Request:
    """What a client asks for, and what tells it from other requests."""

    drawing: Drawing
    key_id: str
    request_key: str | None
    body_hash: str
    waits: bool
    priority: int
    conversation_id: str | None


class Submission(Part):
    """Requests on their way in."""

    def submit(
        self,
        drawing: Drawing,
        *,
        key_id: str,
        request_key: str | None,
        body_hash: str,
        waits: bool,
        priority: int = 0,
        conversation_id: str | None = None,
        limits: KeyLimits | None = None,
    ) -> Submitted:
        """Take a request, or join the job that does it already.

        A request joins a job of the same owner in two cases: both have the same ``request_key``,
        whatever became of the job unless it was cancelled or expired; or the bodies are the same
        and all who waited for the job have vanished without their answer. Two callers who both
        still wait are never joined by their bodies: they may want variety.

        With ``waits`` this process is noted as waiting, in the same transaction; each call is to
        be followed by one of :meth:`detach_waiter`.

        Args:
            drawing: What is asked.
            key_id: Who asks.
            request_key: What the client calls the request.
            body_hash: Tells bodies apart.
            waits: Whether the client waits for the answer, so that its leaving ends the job.
            priority: Higher starts first.
            conversation_id: The conversation it is a turn of.
            limits: Of the key; by default none.

        Returns:
            The job, and whether it was there already. Where others are in the queue, a new job
            that somebody waits for has no position; :meth:`Reading.job` tells it.

        Raises:
            InputError: The request key or the conversation cannot be used.
            NotFoundError: The owner has no such conversation.
            ConflictError: The request key belongs to a request with another body.
            BusyError: A limit is reached.
            UnavailableError: The database does not do its work.
        """
        if request_key is not None:
            checked_line(request_key, field="request_id", most=MAX_REQUEST_KEY_CHARACTERS, least=1)
        request = _Request(
            drawing=drawing,
            key_id=key_id,
            request_key=request_key,
            body_hash=body_hash,
            waits=waits,
            priority=priority,
            conversation_id=conversation_id,
        )
        while True:
            try:
                job = self._begin(request, limits or KeyLimits())
                return Submitted(job=job, attached=False)
            except _ThereAlready:
                found = self._join(request)
            if found is not None:
                return Submitted(job=found, attached=True)

    def retry(self, job_id: str, key_id: str | None, *, limits: KeyLimits | None = None) -> Job:
        """Ask again for what came to nothing: a new job with the same drawing.

        Args:
            job_id: The job that failed, was cancelled or expired.
            key_id: Who asks; None may retry everything.
            limits: Of the key; by default none.

        Raises:
            NotFoundError: There is no such job.
            InputError: It has not ended, or it succeeded.
            BusyError: A limit is reached.
        """
        with self._db.read() as unit:
            old = rows.job(rows.one(unit.connection, jobs, job_id, key_id))
        if not old.state.ended or old.state is JobState.SUCCEEDED:
            raise InputError(
                f"the job is {old.state}", field="id", hint="retry what failed or was cancelled"
            )
        return self.submit(
            old.drawing,
            key_id=old.key_id,
            request_key=None,
            body_hash=f"retry of {job_id}",
            waits=False,
            priority=old.priority,
            conversation_id=old.conversation_id,
            limits=limits,
        ).job

    def _join(self, request: _Request) -> Job | None:
        """Join a job that does this already; None if there is none any more."""
        with self._db.write(durable=not request.waits) as unit:
            found = self._same(unit, request, lock=True)
            if found is None:
                return None
            values: dict[str, object] = {"waiter_until": None}
            if request.waits:
                wait(self._db, unit, found.id, unit.now + self._policy.grace)
            else:
                values["waits"] = False
            this = sa.update(jobs).where(jobs.c.id == found.id).values(values)
            joined = unit.connection.execute(this.returning(*jobs.c)).one()
            return lookup.complete(unit, [joined])[0]

    def _begin(self, request: _Request, limits: KeyLimits) -> Job:
        """A new job.

        Raises:
            _ThereAlready: There is one to join; nothing was written.
        """
        with self._db.write(durable=not request.waits) as unit:
            account = ledger.open_account(self._db, unit, request.key_id)
            if self._same(unit, request) is not None:
                raise _ThereAlready
            queue = Queue.of(unit, request.key_id)
            Allowance(unit, self._policy, request.key_id, limits).check(request.drawing, queue)
            if request.conversation_id is not None:
                rows.one(unit.connection, conversations, request.conversation_id, request.key_id)
            self._line_up(unit, request, account, queue)
            self._release(unit, request)
            job = _job(request, unit.now)
            unit.connection.execute(_INSERT, _values(request, job))
            if request.drawing.blobs:
                uses = [{"job_id": job.id, "key": key} for key in request.drawing.blobs]
                unit.connection.execute(sa.insert(job_blobs), uses)
            if request.waits:
                wait(self._db, unit, job.id, unit.now + self._policy.grace)
            ledger.begin(unit, _begun(job), account)
            return replace(job, position=_position(unit, job, request, queue))

    def _same(self, unit: Unit, request: _Request, *, lock: bool = False) -> Row | None:
        """The job that a request may join.

        Raises:
            ConflictError: It has the same name and another body.
        """
        if request.request_key is None:
            return self._orphan(unit, request, lock=lock)
        named = {"asker": request.key_id, "named": request.request_key}
        row = unit.connection.execute(_NAMED_HELD if lock else _NAMED, named).first()
        if row is None or row.state in _LAPSED:
            return None
        if row.body_hash != request.body_hash:
            raise ConflictError(
                f"{request.request_key!r} is the name of job {row.id}, which has another body"
            )
        return row

    def _orphan(self, unit: Unit, request: _Request, *, lock: bool) -> Row | None:
        """The latest job with the same body whose callers have all vanished."""
        if not request.waits:
            return None
        sought = {
            "asker": request.key_id,
            "body": request.body_hash,
            "since": unit.now - self._policy.orphan,
            "moment": unit.now,
        }
        found = unit.connection.execute(_ORPHAN, sought).first()
        if found is None or not lock:
            return found
        held = sa.select(jobs.c.id).where(jobs.c.id == found.id).with_for_update()
        unit.connection.execute(held)
        # Another caller may have joined before it was held.
        again = unit.connection.execute(_ORPHAN, sought).first()
        return again if again is not None and again.id == found.id else None

    def _line_up(self, unit: Unit, request: _Request, account: Row, queue: Queue) -> None:
        """Let an owner who had nothing waiting start from where the others are.

        So nobody saves up turns while away, and nobody pays for pictures that harmed nobody.
        """
        if queue.start is not None and queue.start > account.turn:
            mine = tenants.c.key_id == request.key_id
            unit.connection.execute(sa.update(tenants).where(mine).values(turn=queue.start))

    def _release(self, unit: Unit, request: _Request) -> None:
        """Take the request's name from a job that lapsed."""
        if request.request_key is not None:
            unit.connection.execute(
                sa.update(jobs)
                .where(jobs.c.key_id == request.key_id, jobs.c.request_key == request.request_key)
                .values(request_key=None)
            )


class _ThereAlready(Exception):
    """A request is answered by a job that is there; undoes what was begun for it."""


def _job(request: _Request, now: float) -> Job:
    """A new job, as it is read from then on."""
    return Job(
        id=new_id("job", now),
        key_id=request.key_id,
        state=JobState.QUEUED,
        seq=1,
        drawing=request.drawing,
        created=now,
        priority=request.priority,
        conversation_id=request.conversation_id,
        request_key=request.request_key,
    )


def _values(request: _Request, job: Job) -> dict[str, object]:
    """The row of a new job."""
    return {
        "id": job.id,
        "key_id": job.key_id,
        "state": job.state,
        "seq": job.seq,
        "model": request.drawing.model,
        "images": request.drawing.count,
        "drawing": to_mapping(request.drawing),
        "priority": job.priority,
        "conversation_id": job.conversation_id,
        "created": job.created,
        "not_before": job.created,
        "waits": request.waits,
        "request_key": request.request_key,
        "body_hash": request.body_hash,
    }


def _begun(job: Job) -> Entry:
    """The first event of a job."""
    data = {"state": job.state.value, "attempt": job.attempt}
    return Entry(job_id=job.id, key_id=job.key_id, seq=job.seq, kind=EventKind.STATE, data=data)


def _position(unit: Unit, job: Job, request: _Request, queue: Queue) -> int | None:
    """The place of a new job in the queue; who waits for the answer does not ask for it."""
    if queue.waiting == 0:
        return 0
    return None if request.waits else lookup.positions(unit, [job.id])[job.id]


# Made once, because every request executes them.
_INSERT = sa.insert(jobs)
_NAMED: sa.Select[Any] = sa.select(jobs.c.id, jobs.c.state, jobs.c.body_hash).where(
    jobs.c.key_id == sa.bindparam("asker"), jobs.c.request_key == sa.bindparam("named")
)
_NAMED_HELD = _NAMED.with_for_update()
_ORPHAN: sa.Select[Any] = (
    sa.select(jobs.c.id)
    .where(
        jobs.c.key_id == sa.bindparam("asker"),
        jobs.c.body_hash == sa.bindparam("body"),
        jobs.c.request_key.is_(None),
        jobs.c.created > sa.bindparam("since"),
        jobs.c.state.not_in(_LAPSED),
        jobs.c.waits,
        ~jobs.c.answered,
        ~watched(sa.bindparam("moment", type_=sa.Double)),
    )
    .order_by(jobs.c.created.desc())
    .limit(1)
)
