"""What has to be done now and then: leases that ended, files that nothing needs, figures."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import anyio
import anyio.to_thread

from glm_image.errors import GlmImageError
from glm_image.serving import logs, metrics
from glm_image.serving.blobs import Blobs
from glm_image.serving.garbage import collect
from glm_image.serving.store import Store

REAP_SECONDS = 2.0
"""Time between two looks for leases and waits that have ended."""

PURGE_SECONDS = 3600.0
SHOW_SECONDS = 5.0

_THREADS = 2

_LOG = logs.get("housekeeping")


class Housekeeping:
    """Keeps store and blobs in order beside everything else. Every process may have one.

    Args:
        store: Where jobs are kept.
        blobs: Where files are kept.
        workers: Gives the workers whose figures are shown.
    """

    def __init__(
        self,
        store: Store,
        blobs: Blobs,
        workers: Callable[[], Sequence[metrics.Worker]] = tuple,
    ) -> None:
        self._store, self._blobs, self._workers = store, blobs, workers
        self._threads = anyio.CapacityLimiter(_THREADS)
        self._loops: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin; returns at once."""
        self._loops = [
            asyncio.create_task(self._repeat(self._reap, REAP_SECONDS), name="reap"),
            asyncio.create_task(self._repeat(self._show, SHOW_SECONDS), name="show"),
            asyncio.create_task(self._repeat(self._purge, PURGE_SECONDS), name="purge"),
        ]

    async def close(self) -> None:
        """Stop."""
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        self._loops = []

    async def _reap(self) -> None:
        found = await anyio.to_thread.run_sync(self._store.reap, limiter=self._threads)
        if found.requeued or found.failed or found.cancelled or found.expired:
            _LOG.info(
                "jobs reaped",
                requeued=len(found.requeued),
                failed=len(found.failed),
                cancelled=len(found.cancelled),
                expired=len(found.expired),
            )

    async def _purge(self) -> None:
        removed = await anyio.to_thread.run_sync(self._clear, limiter=self._threads)
        if removed:
            _LOG.info("files removed", count=removed)

    async def _show(self) -> None:
        health = await anyio.to_thread.run_sync(self._store.health, limiter=self._threads)
        metrics.show_queue(queued=health.queued, running=health.running, oldest=health.oldest)
        metrics.show_workers(self._workers())

    def _clear(self) -> int:
        return collect(self._store, self._blobs)

    async def _repeat(self, work: Callable[[], Awaitable[None]], seconds: float) -> None:
        while True:
            try:
                await work()
            except (GlmImageError, OSError) as error:
                _LOG.error("housekeeping failed", work=work.__name__, reason=str(error))
            await asyncio.sleep(seconds)
