"""What tests put into a store."""

import dataclasses
from typing import Any

from glm_image.serving.records import Claim, Drawing, Failure, Job, Picture, new_id
from glm_image.serving.store import Store

BLOB = "ab/" + "ab" * 32 + ".png"

LOST = Failure(code="1230", kind="WorkerLostError", message="it is gone", retryable=True)
BAD = Failure(code="1214", kind="InputError", message="it is wrong", field="size")


class Clock:
    """A time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        # No two transactions are at the same time, or nobody could say which came first.
        self.now += 2**-20
        return self.now

    def go(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


def drawing(**changes: Any) -> Drawing:
    """A small drawing."""
    plain = Drawing(
        model="glm-image",
        prompt="a blue circle",
        width=64,
        height=32,
        seeds=(7,),
        steps=2,
        guidance=1.5,
    )
    return dataclasses.replace(plain, **changes)


def submit(store: Store, key_id: str = "one", **changes: Any) -> Job:
    """A job that nobody waits for, unless told otherwise."""
    usual: dict[str, Any] = {"request_key": None, "body_hash": new_id("body"), "waits": False}
    given = {name: changes.pop(name) for name in list(changes) if name in _ASKED}
    return store.submit(drawing(**changes), key_id=key_id, **(usual | given)).job


_ASKED = (
    "request_key",
    "body_hash",
    "waits",
    "priority",
    "conversation_id",
    "limits",
)


def claim(store: Store, owner: str = "worker", seconds: float = 30.0) -> Claim:
    """The one claim on the job that is next."""
    (only,) = store.claim(owner, seconds=seconds)
    return only


def painted(job: Job, **changes: Any) -> list[Picture]:
    """The pictures of a job, as a worker makes them."""
    return [
        dataclasses.replace(
            Picture(
                id=new_id("img"),
                job_id=job.id,
                index=index,
                key=BLOB,
                width=job.drawing.width,
                height=job.drawing.height,
                bytes=100,
                mime="image/png",
                seed=seed,
                parents=job.drawing.parents,
                created=job.created,
            ),
            **changes,
        )
        for index, seed in enumerate(job.drawing.seeds)
    ]


def done(store: Store, key_id: str = "one", **changes: Any) -> Job:
    """A job that has succeeded."""
    job = submit(store, key_id, **changes)
    (held,) = store.claim("worker", seconds=30.0)
    if held.job.id != job.id or not store.finish(held, painted(job)):
        raise RuntimeError("another job was before it")
    return store.job(job.id, key_id)
