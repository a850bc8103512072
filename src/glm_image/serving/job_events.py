"""What happens to jobs, in order and without gaps: from the store first, then as it happens."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable

from glm_image.serving.errors import StoppingError
from glm_image.serving.hub import Listener
from glm_image.serving.records import Event
from glm_image.serving.service import Service
from glm_image.serving.waiting import POLL_SECONDS, ends

PAGE = 500
"""Events that are read from the store at once."""


async def job_events(
    service: Service, *, job_id: str, key_id: str, after: int
) -> AsyncGenerator[Event | None]:
    """The events of a job behind a number, until it has ended; None where a pause gets long.

    Raises:
        StoppingError: The service stops.
    """
    with service.hub.listen(job_id=job_id) as listener:
        reader = _Reader(service, listener, key_id=key_id, job_id=job_id, after=after)
        while True:
            async for event in reader.more():
                yield event
                if event is not None and ends(event):
                    return
            if reader.position == after:
                # Nothing at all: perhaps the job had ended before.
                job = await service.call(service.store.job, job_id, key_id)
                if job.state.ended and job.seq <= reader.position:
                    return


async def owner_events(
    service: Service,
    *,
    key_id: str,
    after: int | None,
    check: Callable[[], Awaitable[None]],
) -> AsyncGenerator[Event | None]:
    """The events of all jobs of an owner behind a number, or from now on; None in long pauses.

    Args:
        service: The service.
        key_id: The owner.
        after: The last event that the reader has seen.
        check: Asked in every pause; what it raises ends the stream.

    Raises:
        StoppingError: The service stops.
    """
    with service.hub.listen(key_id=key_id) as listener:
        reader = _Reader(service, listener, key_id=key_id, job_id=None, after=after)
        while True:
            async for event in reader.more():
                if event is None:
                    await check()
                yield event


class _Reader:
    """Reads on behind a position.

    Attributes:
        position: Number of the last event that was handed out; -1 before the first.
    """

    def __init__(
        self,
        service: Service,
        listener: Listener,
        *,
        key_id: str,
        job_id: str | None,
        after: int | None,
    ) -> None:
        self.position = -1 if after is None else after
        self._service, self._listener = service, listener
        self._key_id, self._job_id = key_id, job_id
        self._stale = after is not None
        self._clock = asyncio.get_running_loop().time
        self._spoken = self._clock()

    async def more(self) -> AsyncIterator[Event | None]:
        """What there is now, or after a pause.

        Raises:
            StoppingError: The service stops, and everything that happened was handed out.
        """
        stopping = self._service.is_stopping
        if self._stale or (stopping and self.position >= 0):
            # Cleared before the store is read: what arrives meanwhile counts again.
            self._stale = self._listener.behind = False
            async for event in self._from_store():
                self._spoken = self._clock()
                yield event
        if stopping:
            raise StoppingError(self._job_id)
        pause = self._service.settings.times.keep_alive_seconds
        quiet = self._clock() - self._spoken
        rang = await self._listener.wait(max(min(POLL_SECONDS, pause - quiet), 0.0))
        # Without news the store is asked: another process may do the work.
        self._stale = (not rang and self.position >= 0) or self._listener.behind
        for event in self._listener.take():
            number = self._number(event)
            if number == 0:
                self._spoken = self._clock()
                yield event
            elif self.position >= 0 and number > self.position + 1:
                # Progress is compacted, so that a gap is usual; the store knows what was in it.
                self._stale = True
                break
            elif number > self.position:
                self.position = number
                self._spoken = self._clock()
                yield event
        if self._clock() - self._spoken >= pause:
            self._spoken = self._clock()
            yield None

    async def _from_store(self) -> AsyncIterator[Event]:
        store = self._service.store
        while True:
            page = await self._service.call(
                store.events, self._key_id, job_id=self._job_id, after=self.position, limit=PAGE
            )
            for event in page:
                self.position = self._number(event)
                yield event
            if len(page) < PAGE:
                return

    def _number(self, event: Event) -> int:
        return event.cursor if self._job_id is None else event.seq
