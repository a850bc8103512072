"""The whole service in one process: its parts, put together from settings, until somebody ends it.

The first SIGTERM or SIGINT takes no more jobs, lets those under way finish for a while and then
closes; a second SIGINT closes at once, and jobs under way start again with the next service.
"""

import asyncio
import gc
import signal
import socket
import time
from collections.abc import Callable, Sequence
from types import FrameType

import uvicorn
from fastapi import FastAPI

from glm_image.errors import GlmImageError, InputError
from glm_image.serving import logs, metrics, tracing
from glm_image.serving.app import create_app
from glm_image.serving.blobs import Blobs
from glm_image.serving.connection import PatientProtocol
from glm_image.serving.hub import Hub
from glm_image.serving.painter import Painter
from glm_image.serving.service import Service
from glm_image.serving.settings import Settings
from glm_image.serving.store import Policy, Store
from glm_image.serving.worker.pool import Pool
from glm_image.studio import studio_files

_LAST_SECONDS = 10
"""Longest time for answers under way once no job is."""

_LATE_SECONDS = 0.05
"""Pause between two looks for connections that came while the doors were closing."""

_BACKLOG = 2048

_LOG = logs.get("server")


class Server(uvicorn.Server):
    """A server that finishes its jobs before it closes its doors.

    Args:
        config: Of the server.
        service: What is served; it knows the jobs and who waits for them.
    """

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service
        self._loop: asyncio.AbstractEventLoop | None = None
        self._leaving: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the doors."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the doors and let everybody leave.

        A connection that was accepted in the moment of closing is known only afterwards, when the
        base class has told all others to go; it would be waited for to the last second.
        """
        closing = asyncio.ensure_future(super().shutdown(sockets))
        while not closing.done():
            for connection in list(self.server_state.connections):
                connection.shutdown()
            await asyncio.wait([closing], timeout=_LATE_SECONDS)
        await closing

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Called for signals, between two instructions of the main thread."""
        if self._loop is None:
            self.should_exit = True
        else:
            self._loop.call_soon_threadsafe(self._leave, sig)

    def _leave(self, sig: int) -> None:
        if self._leaving is None:
            _LOG.info(
                "leaving", signal=signal.Signals(sig).name, jobs=self._service.dispatcher.running
            )
            self._leaving = asyncio.ensure_future(self._drain())
        elif sig == signal.SIGINT:
            self.force_exit = self.should_exit = True

    async def _drain(self) -> None:
        try:
            await self._service.dispatcher.drain()
            # Whoever listens leaves at once, or the doors would have to wait for them.
            self._service.hub.wake()
        finally:
            self.should_exit = True


def run(settings: Settings) -> None:
    """Serve until a signal ends it.

    Raises:
        InputError: The address is open to others and there is no key, or it is taken.
        ConfigError: Something that is set cannot be used.
        GlmImageError: A part cannot be started.
    """
    logs.configure(settings.log)
    tracing.configure(settings.log)
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = Store.open(
        settings.database_url, pepper=settings.data / "pepper", policy=policy_of(settings)
    )
    try:
        check_reach(settings, store)
        blobs = Blobs.open(settings.blob_url, low_water=settings.low_water_bytes)
        painter, workers = _painter(settings)
        app = create_app(
            settings, store=store, blobs=blobs, painter=painter, hub=Hub(), workers=workers
        )
        with listen(settings) as door:
            serve(settings, app, door)
    finally:
        store.close()
        tracing.close()


def check_reach(settings: Settings, store: Store) -> None:
    """Refuse to serve strangers without keys.

    Raises:
        InputError: Others can reach the service, and there is no key.
    """
    known, now = store.keys(), time.time()
    counts = any(
        key.revoked is None and (key.expires is None or key.expires > now) for key in known
    )
    if not settings.on_loopback and not counts:
        raise InputError(
            f"{settings.host} can be reached by others, and there is no key",
            field="host",
            hint="make one with 'glm-image keys create NAME', or listen on 127.0.0.1",
        )


def policy_of(settings: Settings) -> Policy:
    """How long the store keeps things and how much may wait, as it is set."""
    times, usual = settings.times, Policy()
    return Policy(
        depth=settings.limits.queue,
        attempts=usual.attempts,
        backoff=usual.backoff,
        grace=times.grace_seconds,
        orphan=times.reattach_seconds,
        job_age=usual.job_age,
        undo=times.undo_seconds,
        keep_tokens=usual.keep_tokens,
        keep_events=usual.keep_events,
        keep_jobs=times.purge_seconds,
        keep_uploads=times.upload_seconds,
    )


def listen(settings: Settings) -> socket.socket:
    """The socket to listen on.

    Raises:
        InputError: The address is not ours, or taken.
    """
    host = settings.host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With its protocol, or asyncio does not know it for TCP and answers wait until the client has
    # confirmed their heads: 40 ms on a line that is kept open.
    door = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((host, settings.port))
    except OSError as error:
        door.close()
        raise InputError(
            f"{settings.host}:{settings.port} cannot be listened on: {error.strerror}",
            field="host, port",
            hint="choose another port, or 0 for any that is free",
        ) from error
    return door


def serve(settings: Settings, app: FastAPI, door: socket.socket) -> None:
    """Answer what comes through a socket until a signal ends it.

    Raises:
        GlmImageError: The service did not start.
    """
    config = uvicorn.Config(
        app,
        http=PatientProtocol.with_deadline(settings.limits.header_seconds),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_LAST_SECONDS,
        backlog=_BACKLOG,
    )
    host, port = door.getsockname()[:2]
    _LOG.info("serving", url=f"http://{f'[{host}]' if ':' in host else host}:{port}")
    server = Server(config, app.state.service)
    # Read and packed now, not while the first visitor waits.
    studio_files()
    # What is there now stays, so the collector need not look at it again while somebody waits.
    gc.collect()
    gc.freeze()
    server.run(sockets=[door])
    if not server.started:
        raise GlmImageError(
            "the service did not start", field="serve", hint="the lines above say why"
        )


def _painter(settings: Settings) -> tuple[Painter, Callable[[], Sequence[metrics.Worker]]]:
    """Who paints, and what is shown of them."""
    if settings.ray is None:
        pool = Pool.from_settings(settings)
        return pool, lambda: pool.workers
    from glm_image.serving.ray_pool import RayPool

    return RayPool(settings), tuple
