"""Drawings, claims and stores for tests of the parts behind the routes."""

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio

from glm_image.serving.accounts import KeyLimits
from glm_image.serving.blobs import Blobs
from glm_image.serving.dispatcher import Dispatcher
from glm_image.serving.hub import Hub
from glm_image.serving.moderation import Moderator
from glm_image.serving.records import LOCAL_KEY, Claim, Drawing, Job, JobState
from glm_image.serving.settings import Times
from glm_image.serving.store import Policy, Store
from glm_image.serving.worker.pool import Pool
from glm_image.serving.worker.process import Patience, WorkerProcess
from glm_image.serving.worker.protocol import Load

PATIENCE = 120.0
"""Seconds after which a test that waits has failed; generous, machines are busy."""

QUICK = Path(__file__).with_name("quick_worker.py")


def drawing(prompt: str = "a red circle", **changes: Any) -> Drawing:
    usual: dict[str, Any] = {
        "model": "glm-image",
        "prompt": prompt,
        "width": 64,
        "height": 64,
        "seeds": (1,),
        "steps": 4,
        "guidance": 1.5,
    }
    return Drawing(**{**usual, **changes})


def claim(asked: Drawing | None = None, job_id: str = "job_1") -> Claim:
    job = Job(
        id=job_id,
        key_id=LOCAL_KEY,
        state=JobState.RUNNING,
        drawing=asked or drawing(),
        created=0.0,
    )
    return Claim(job=job, owner="me", attempt=1, lease=1, until=1e12)


def worker(seconds: float = 0.2, name: str = "glm-image", **patience: float) -> WorkerProcess:
    """An engine process without an engine."""
    return WorkerProcess(
        f"{name}-0",
        Load(name=name),
        Patience(**{"rest": 0.05, "leave": 5.0, **patience}),
        (sys.executable, str(QUICK), str(seconds)),
    )


def pool(
    seconds: float = 0.2,
    count: int = 1,
    *,
    name: str = "glm-image",
    alone: bool = True,
    **patience: float,
) -> Pool:
    return Pool([worker(seconds, name, **patience) for _ in range(count)], alone=alone)


def open_store(folder: Path, **policy: Any) -> Store:
    folder.mkdir(parents=True, exist_ok=True)
    kept = Policy(**{"backoff": (0.05,), **policy})
    return Store.open(f"sqlite:///{folder / 'jobs.db'}", pepper=folder / "pepper", policy=kept)


def submit(store: Store, asked: Drawing | None = None, **options: Any) -> Job:
    usual: dict[str, Any] = {
        "key_id": LOCAL_KEY,
        "request_key": None,
        "body_hash": "",
        "waits": False,
        "limits": KeyLimits(),
    }
    return store.submit(asked or drawing(), **{**usual, **options}).job


async def until(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait until something holds."""
    with anyio.fail_after(seconds):
        while not condition():
            await anyio.sleep(0.02)


async def ended(store: Store, job_id: str) -> Job:
    """Wait for the end of a job."""
    await until(lambda: store.job(job_id, None).state.ended)
    return store.job(job_id, None)


@asynccontextmanager
async def dispatching(
    store: Store,
    folder: Path,
    painter: Any,
    *,
    moderator: Moderator | None = None,
    hub: Hub | None = None,
    **times: float,
) -> AsyncIterator[Dispatcher]:
    """Have the jobs of a store drawn until the block ends."""
    dispatcher = Dispatcher(
        store=store,
        blobs=Blobs.open(str(folder / "blobs"), low_water=0),
        painter=painter,
        hub=hub or Hub(),
        moderator=moderator or Moderator(),
        times=Times(**times),
    )
    await dispatcher.start()
    try:
        yield dispatcher
    finally:
        await dispatcher.close()
