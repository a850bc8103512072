"""A service with a painter of plain pictures, as an application and as a server on loopback."""

import asyncio
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import uvicorn
from fake import FakeEngine
from fastapi import FastAPI
from starlette.types import ASGIApp

from glm_image.serving import logs
from glm_image.serving.accounts import KeyLimits, Scope
from glm_image.serving.app import create_app
from glm_image.serving.blobs import Blobs
from glm_image.serving.hub import Hub
from glm_image.serving.server import Server, listen
from glm_image.serving.settings import Settings
from glm_image.serving.store import Policy, Store

ALL = (Scope.GENERATE, Scope.READ)


@dataclass(frozen=True, eq=False)
class Rig:
    """A running service and what a test may touch of it."""

    app: FastAPI
    settings: Settings
    store: Store
    blobs: Blobs
    hub: Hub
    engine: FakeEngine
    url: str
    server: Server
    loop: asyncio.AbstractEventLoop

    def key(self, name: str = "someone", *scopes: Scope, limits: KeyLimits | None = None) -> str:
        """A new key."""
        _, token = self.store.create_key(name, scopes or ALL, limits or KeyLimits())
        return token


@contextmanager
def running(
    folder: Path,
    *,
    engine: FakeEngine | None = None,
    keys: bool = True,
    around: Callable[[ASGIApp], ASGIApp] | None = None,
    port: int = 0,
    policy: Policy | None = None,
    **changes: Any,
) -> Iterator[Rig]:
    """A service on loopback, with an address of its own unless given, until the block ends."""
    settings = replace(Settings(data=folder, log=replace(Settings().log, level="error")), **changes)
    logs.configure(settings.log)
    folder.mkdir(parents=True, exist_ok=True)
    store = Store.open(settings.database_url, pepper=folder / "pepper", policy=policy)
    blobs = Blobs.open(settings.blob_url, low_water=0)
    painter, hub = engine or FakeEngine(), Hub()
    if keys:
        store.create_key("first", ALL)
    app = create_app(settings, store=store, blobs=blobs, painter=painter, hub=hub)
    with listen(replace(settings, port=port)) as listening:
        port = listening.getsockname()[1]
        outermost = app if around is None else around(app)
        config = uvicorn.Config(outermost, log_level="error", timeout_graceful_shutdown=2)
        server = Server(config, app.state.service)
        loops: list[asyncio.AbstractEventLoop] = []
        ready = threading.Event()

        async def serve() -> None:
            loops.append(asyncio.get_running_loop())
            task = asyncio.create_task(server.serve(sockets=[listening]))
            while not server.started and not task.done():
                await asyncio.sleep(0.005)
            ready.set()
            await task

        def run() -> None:
            with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
                runner.run(serve())

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        if not ready.wait(20) or not server.started:
            raise RuntimeError("the service did not start")
        try:
            yield Rig(
                app=app,
                settings=settings,
                store=store,
                blobs=blobs,
                hub=hub,
                engine=painter,
                url=f"http://127.0.0.1:{port}",
                server=server,
                loop=loops[0],
            )
        finally:
            # As in production: pages that listen are told to leave before the doors close.
            server.handle_exit(signal.SIGTERM, None)
            thread.join(20)
            store.close()


def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until something holds that happens elsewhere.

    Raises:
        TimeoutError: It does not hold after so many seconds; machines are busy, so they are many.
    """
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("it takes too long")
        time.sleep(0.02)


def client(rig: Rig, *scopes: Scope, limits: KeyLimits | None = None) -> httpx2.Client:
    """A client with a new key."""
    headers = {"Authorization": f"Bearer {rig.key('one', *scopes, limits=limits)}"}
    return httpx2.Client(base_url=rig.url, timeout=30, headers=headers)


def enveloped(answer: httpx2.Response, status: int) -> dict[str, Any]:
    """The error of an answer that has this status and our envelope."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert set(body["error"]) >= {"code", "message", "type", "param"}
    return dict(body["error"])
