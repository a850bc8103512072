"""Waiting for a job while somebody holds the line."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from fastapi import Request

from glm_image.errors import CancelledError, GlmImageError
from glm_image.serving.error_table import JobFailed
from glm_image.serving.errors import DeadlineError, StoppingError, UnavailableError
from glm_image.serving.hub import Listener
from glm_image.serving.records import Event, EventKind, Failure, Job, JobState, Submitted
from glm_image.serving.service import Service

POLL_SECONDS = 2.0
"""How often the store is asked although nothing was heard: another process may do the work."""


class ClientGone(Exception):
    """The client has hung up; there is nobody to answer."""


class Line:
    """The connection of a request.

    Attributes:
        is_cut: Whether the client has hung up.
    """

    def __init__(self) -> None:
        self.is_cut = False


@asynccontextmanager
async def held_line(request: Request, listener: Listener) -> AsyncIterator[Line]:
    """Watch the connection of a request whose body was read, and wake the listener if it ends."""
    line = Line()

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        line.is_cut = True
        listener.wake()

    task = asyncio.create_task(watch())
    try:
        yield line
    finally:
        task.cancel()


@asynccontextmanager
async def waiter(service: Service, job_id: str) -> AsyncIterator["Answered"]:
    """Hold a job that was submitted by somebody who waits; say at the end whether it was answered.

    A job whose waiters have all left is given up after a while.
    """
    answered = Answered()
    try:
        yield answered
    finally:
        if answered.is_postponed:
            await _postpone(service, job_id)
        else:
            await _detach(service, job_id, answered=answered.is_done)


class Answered:
    """Whether a waiter has got what it waited for."""

    def __init__(self) -> None:
        self.is_done = False
        self.is_postponed = False

    def done(self) -> None:
        """It has."""
        self.is_done = True

    def postpone(self) -> None:
        """It was told to come back, and the job is kept for it."""
        self.is_postponed = True


async def wait_for(service: Service, request: Request, submitted: Submitted) -> Job:
    """Wait until a job has succeeded; whoever answers then calls :func:`was_answered`.

    Args:
        service: The service.
        request: Whoever waits.
        submitted: What was handed in with ``waits=True``.

    Raises:
        JobFailed: It came to nothing.
        CancelledError: Somebody gave it up.
        DeadlineError: It takes too long; it goes on.
        StoppingError: The service stops; the job is kept.
        ClientGone: Nobody waits any more.
    """
    owed = True
    try:
        job = await _ended(service, request, submitted)
        service.pace.learn(job)
        owed = False
        return succeeded(job)
    except StoppingError:
        owed = False
        await _postpone(service, submitted.job.id)
        raise
    except GlmImageError:
        # What is told instead of pictures is an answer, too.
        owed = False
        await was_answered(service, submitted.job.id)
        raise
    finally:
        if owed:
            await _detach(service, submitted.job.id, answered=False)


async def was_answered(service: Service, job_id: str) -> None:
    """Note that a waiter has got what it waited for; an equal request draws anew from now on."""
    await _detach(service, job_id, answered=True)


async def _ended(service: Service, request: Request, submitted: Submitted) -> Job:
    """The job once it has ended, whatever came of it."""
    job_id, owner = submitted.job.id, submitted.job.key_id
    clock = asyncio.get_running_loop().time
    end = clock() + service.settings.times.answer_seconds
    with service.hub.listen(job_id=job_id) as listener:
        async with held_line(request, listener) as line:
            job = submitted.job
            if submitted.attached:
                # It may have ended before anybody listened here.
                job = await service.call(service.store.job, job_id, owner)
            while not job.state.ended:
                if clock() >= end:
                    raise DeadlineError(job_id, service.settings.times.answer_seconds)
                rang = await listener.wait(min(POLL_SECONDS, end - clock()))
                if line.is_cut:
                    raise ClientGone
                stopping = service.is_stopping
                if stopping or not rang or has_news(listener):
                    job = await service.call(service.store.job, job_id, owner)
                # The last job that was drawn here may be this one.
                if stopping and not job.state.ended:
                    raise StoppingError(job_id)
            if line.is_cut:
                raise ClientGone
            return job


async def _detach(service: Service, job_id: str, *, answered: bool) -> None:
    # The connection may have been cancelled, the store has to hear of it all the same.
    with anyio.CancelScope(shield=True):
        await service.call(service.store.detach_waiter, job_id, answered=answered)


async def _postpone(service: Service, job_id: str) -> None:
    with anyio.CancelScope(shield=True):
        await service.call(service.store.postpone, job_id)


def has_news(listener: Listener) -> bool:
    """Whether a job may have ended since the listener was last asked."""
    behind, listener.behind = listener.behind, False
    return any(ends(event) for event in listener.take()) or behind


def ends(event: Event) -> bool:
    """Whether nothing follows an event of its job."""
    if event.kind is not EventKind.STATE:
        return False
    return JobState(str(event.data["state"])).ended


def succeeded(job: Job) -> Job:
    """The same job.

    Raises:
        JobFailed: It came to nothing.
        CancelledError: Somebody gave it up.
        UnavailableError: It waited for so long that it was dropped.
    """
    if job.state is JobState.SUCCEEDED:
        return job
    if job.state is JobState.CANCELLED:
        raise CancelledError(f"{job.id} was cancelled", field="job", hint="ask for it again")
    if job.state is JobState.EXPIRED:
        raise UnavailableError(
            f"{job.id} waited too long", field="job", hint="ask for it again when there is less"
        )
    raise JobFailed(job.id, job.failure or UNKNOWN)


UNKNOWN = Failure(code="1234", kind="GlmImageError", message="it failed and nobody knows why")
"""What is said of a job that failed without saying why."""
