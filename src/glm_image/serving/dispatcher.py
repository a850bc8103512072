"""Between the table of jobs and those who paint: claims, leases, cancelling, and an orderly end."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

import anyio

from glm_image.errors import GlmImageError
from glm_image.serving import logs
from glm_image.serving.blobs import Blobs
from glm_image.serving.hub import Hub
from glm_image.serving.job_run import JobRun, Workshop
from glm_image.serving.moderation import Moderator
from glm_image.serving.painter import Painter
from glm_image.serving.pause import Pause
from glm_image.serving.progress_notes import News, ProgressNotes
from glm_image.serving.records import Claim, Event, EventKind, JobState, new_id
from glm_image.serving.settings import Times
from glm_image.serving.store import Store

POLL_SECONDS = 1.0
"""Longest time until a job is found that another process has put into the table."""

_THREADS = 8
"""Calls of store and blobs at once; they have nothing to do with those of the routes."""

_RENEWALS = 3
"""Renewals within one lease, so that two of them may fail."""

_STOPPING = (JobState.CANCELLED, JobState.EXPIRED, JobState.FAILED)

_HEARD = (JobState.QUEUED, *_STOPPING)
"""States that something is done about here."""

_LOG = logs.get("dispatcher")


class Dispatcher:
    """Claims jobs as there is room for them, has them drawn, and keeps its claims alive.

    Args:
        store: Where jobs are kept.
        blobs: Where files are kept.
        painter: Who draws; started and closed here.
        hub: Who is told about previews.
        moderator: Who looks at what was drawn.
        times: Leases and deadlines.
        pause: Whether jobs may begin; without it they always may.

    Attributes:
        owner: Name under which it claims.
        draining: Whether it takes no more jobs.
    """

    def __init__(
        self,
        *,
        store: Store,
        blobs: Blobs,
        painter: Painter,
        hub: Hub,
        moderator: Moderator,
        times: Times,
        pause: Pause | None = None,
    ) -> None:
        self.owner = new_id("owner")
        self.draining = False
        self._drained = False
        self._store, self._painter, self._times = store, painter, times
        self._pause = pause
        self._workshop = Workshop(
            store=store,
            blobs=blobs,
            painter=painter,
            hub=hub,
            moderator=moderator,
            progress=ProgressNotes(self._note_progress, self._lose),
            threads=anyio.CapacityLimiter(_THREADS),
        )
        self._runs: dict[str, JobRun] = {}
        self._drawing: dict[asyncio.Task[None], JobRun] = {}
        self._loops: list[asyncio.Task[None]] = []
        self._bell = asyncio.Event()
        self._left_waiting = False
        self._loop: asyncio.AbstractEventLoop | None = None
        store.subscribe(self._on_event)

    @property
    def running(self) -> int:
        """Jobs on their way."""
        return len(self._drawing)

    async def start(self) -> None:
        """Start those who paint, and claim jobs from now on."""
        self._loop = asyncio.get_running_loop()
        await self._painter.start()
        self._loops = [
            asyncio.create_task(self._claim_jobs(), name="claims"),
            asyncio.create_task(self._workshop.progress.run(), name="progress"),
            asyncio.create_task(
                self._repeat(self._renew, self._times.lease_seconds / _RENEWALS), name="leases"
            ),
        ]

    def wake(self) -> None:
        """Look for jobs now."""
        self._bell.set()

    async def cancel(self, job_id: str) -> None:
        """Stop drawing a job that was cancelled in the store."""
        run = self._runs.get(job_id)
        if run is not None:
            await run.stop()

    async def drain(self) -> None:
        """Take no more jobs, let those under way finish for a while, and give the rest back.

        Called again, it does nothing more.
        """
        if self._drained:
            return
        self.draining = True
        self.wake()
        if self._drawing:
            await asyncio.wait(set(self._drawing), timeout=self._times.drain_seconds)
        self._drained = True
        left = list(self._drawing.values())
        if not left:
            return
        try:
            claims = [run.claim for run in left]
            count = await self._workshop.call(self._store.give_back, self.owner, claims)
            _LOG.info("jobs given back", count=count)
        except GlmImageError as error:
            _LOG.error("jobs not given back; their leases end", reason=error.message)
        for run in left:
            await run.stop()

    async def close(self) -> None:
        """Stop everything; what was not drained starts again when its lease ends."""
        self.draining = True
        tasks = [*self._loops, *self._drawing]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._loops = []
        await self._painter.close()
        self._loop = None

    # ------------------------------------------------------------------------ claims

    async def _claim_jobs(self) -> None:
        """Claim what there is and what there is room for, then wait for the bell."""
        while not self.draining:
            self._bell.clear()
            try:
                await self._claim()
            except GlmImageError as error:
                _LOG.error("no jobs can be claimed", reason=error.message)
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await self._bell.wait()

    async def _claim(self) -> None:
        """Claim what can begin now."""
        if self._pause is not None and self._pause.on:
            return
        # A job that ends while this looks makes room that this does not know of.
        self._left_waiting = True
        is_full = False
        for model, room in self._room().items():
            if room < 1:
                is_full = True
                continue
            claims = await self._workshop.call(
                self._store.claim,
                self.owner,
                seconds=self._times.lease_seconds,
                limit=room,
                model=model,
            )
            if self.draining and claims:
                await self._workshop.call(self._store.give_back, self.owner, claims)
                return
            for claim in claims:
                self._begin(claim)
            is_full = is_full or len(claims) == room
        self._left_waiting = is_full

    def _room(self) -> Mapping[str, int]:
        """Jobs that can begin, by model, without those that are about to."""
        waiting = Counter(
            run.claim.job.drawing.model for run in self._drawing.values() if not run.begun
        )
        return {model: room - waiting[model] for model, room in self._painter.room.items()}

    def _begin(self, claim: Claim) -> None:
        run = JobRun(self._workshop, claim)
        self._runs[claim.job.id] = run
        task = asyncio.create_task(run.draw(), name=claim.job.id)
        self._drawing[task] = run
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        run = self._drawing.pop(task)
        if self._runs.get(run.claim.job.id) is run:
            del self._runs[run.claim.job.id]
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOG.error("a job broke down", job_id=run.claim.job.id, exc_info=error)
        if self._left_waiting:
            # Otherwise nobody waits for its place: what comes later rings the bell itself.
            self.wake()

    # ------------------------------------------------------------------------ leases

    async def _renew(self) -> None:
        """Lengthen all leases; what was taken away is stopped."""
        runs = {(run.claim.job.id, run.claim.lease): run for run in self._drawing.values()}
        claims = [run.claim for run in runs.values()]
        if not claims:
            return
        kept = await self._workshop.call(
            self._store.renew, self.owner, claims, seconds=self._times.lease_seconds
        )
        for claim in kept:
            runs.pop((claim.job.id, claim.lease)).claim = claim
        for run in runs.values():
            await run.stop()

    async def _note_progress(self, news: News) -> list[Claim]:
        return await self._workshop.call(self._store.note_progress, news)

    async def _lose(self, claim: Claim) -> None:
        """Stop what was taken away, unless it has ended or begun anew meanwhile."""
        run = self._runs.get(claim.job.id)
        if run is not None and run.claim.lease == claim.lease:
            await run.stop()

    async def _repeat(self, work: Callable[[], Awaitable[None]], seconds: float) -> None:
        """Do something again and again, whatever becomes of it."""
        while True:
            await asyncio.sleep(seconds)
            start = time.monotonic()
            try:
                await work()
            except GlmImageError as error:
                _LOG.error("upkeep failed", reason=error.message)
            if time.monotonic() - start > seconds:
                _LOG.warning("the store is slow", seconds=round(time.monotonic() - start, 1))

    # ------------------------------------------------------------------------ news

    def _on_event(self, event: Event) -> None:
        """Called by the store, in any thread."""
        loop = self._loop
        if event.kind is not EventKind.STATE or loop is None or loop.is_closed():
            return
        # Most news comes from here. Waking the loop for it costs more than the look.
        if event.data["state"] in _HEARD:
            loop.call_soon_threadsafe(self._hear, event)

    def _hear(self, event: Event) -> None:
        state = event.data["state"]
        if state == JobState.QUEUED:
            self.wake()
        elif state in _STOPPING and event.job_id in self._runs:
            task = asyncio.ensure_future(self.cancel(event.job_id))
            self._loops.append(task)
            task.add_done_callback(self._loops.remove)
