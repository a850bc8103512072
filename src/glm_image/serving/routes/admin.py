"""For those who look after the service: what waits, who draws, who may ask."""

import time
from collections.abc import Mapping
from importlib.metadata import version
from typing import Annotated

from fastapi import APIRouter, Path

from glm_image.serving.accounts import Key, KeyLimits, Scope
from glm_image.serving.auth import Admin, Reader, ServiceDep
from glm_image.serving.memory import resident_bytes
from glm_image.serving.records import Job, JobState
from glm_image.serving.routes.paths import JobId
from glm_image.serving.schemas.administration import (
    AccountAnswer,
    KeyAnswer,
    KeyList,
    KeyMade,
    KeyRequest,
    LimitsAnswer,
    OpenJob,
    PauseAnswer,
    QueueAnswer,
    ServiceFigures,
    UseAnswer,
    WorkerAnswer,
    WorkersAnswer,
)
from glm_image.serving.schemas.failing import ERRORS
from glm_image.serving.service import Service
from glm_image.serving.store.usage import Use

router = APIRouter(tags=["administration"], responses=ERRORS)

MOST_JOBS = 200
"""Jobs that are listed."""

_OPEN = (JobState.QUEUED, JobState.RUNNING)

KeyId = Annotated[str, Path(max_length=64, description="The part of a key before its dot.")]


@router.get("/account")
async def account(service: ServiceDep, caller: Reader) -> AccountAnswer:
    """Who asks, what they may do, and how much of it they have used."""
    use = (await service.call(service.store.usage)).get(caller.key_id, Use())
    needed = not service.settings.on_loopback or await service.call(service.store.has_keys)
    return AccountAnswer(
        key_id=caller.key_id,
        scopes=[scope.value for scope in Scope if scope in caller.scopes],
        limits=_limits(caller.limits),
        use=_use(use),
        needs_key=needed,
    )


@router.get("/admin/queue")
async def queue(service: ServiceDep, caller: Admin) -> QueueAnswer:
    """What waits and runs, over all keys."""
    health = await service.call(service.store.health)
    found = await service.call(service.store.jobs, None, states=_OPEN, limit=MOST_JOBS)
    names = {key.id: key.name for key in await service.call(service.store.keys)}
    # What runs comes first, then what waits, in the order in which it will begin.
    found.sort(key=lambda job: (-1 if job.position is None else job.position, job.created))
    return QueueAnswer(
        paused=service.pause.on,
        queued=health.queued,
        running=health.running,
        depth=service.settings.limits.queue,
        oldest_seconds=health.oldest,
        jobs=[_open_job(job, names) for job in found],
    )


@router.delete("/admin/jobs/{job_id}")
async def cancel(job_id: JobId, service: ServiceDep, caller: Admin) -> QueueAnswer:
    """Cancel a job of anybody."""
    await service.call(service.store.cancel, job_id, None)
    await service.dispatcher.cancel(job_id)
    return await queue(service, caller)


@router.post("/admin/pause")
async def pause(service: ServiceDep, caller: Admin) -> PauseAnswer:
    """Let no job begin until it is resumed, also after a restart; those that run go on."""
    await service.call(service.pause.turn, True)
    return PauseAnswer(paused=True)


@router.post("/admin/resume")
async def resume(service: ServiceDep, caller: Admin) -> PauseAnswer:
    """Let jobs begin again."""
    await service.call(service.pause.turn, False)
    service.dispatcher.wake()
    return PauseAnswer(paused=False)


@router.get("/admin/workers")
async def workers(service: ServiceDep, caller: Admin) -> WorkersAnswer:
    """Who draws, and what that takes."""
    return WorkersAnswer(
        ready=service.painter.ready,
        models=[card.name for card in service.painter.models],
        workers=[
            WorkerAnswer(
                name=one.name,
                up=one.up,
                restarts=one.restarts,
                orders=one.orders,
                memory_bytes=one.memory[0],
                device_memory_bytes=one.memory[1],
            )
            for one in service.workers()
        ],
        service=ServiceFigures(
            version=version("glm-image"),
            uptime_seconds=round(time.monotonic() - service.began, 1),
            memory_bytes=resident_bytes(),
            free_bytes=await service.call(service.blobs.free),
            reader_installed=service.desk.installed,
            reader_running=service.desk.running,
            event_streams=service.streams.open,
        ),
    )


@router.get("/admin/keys")
async def keys(service: ServiceDep, caller: Admin) -> KeyList:
    """All keys, with what they may do and have done."""
    known = await service.call(service.store.keys)
    use = await service.call(service.store.usage)
    needed = not service.settings.on_loopback or await service.call(service.store.has_keys)
    return KeyList(
        data=[_key(one, use.get(one.id, Use())) for one in known],
        defaults=_limits(service.limits_of(None)),
        needed=needed,
    )


@router.post("/admin/keys", status_code=201)
async def create_key(body: KeyRequest, service: ServiceDep, caller: Admin) -> KeyMade:
    """Make a key; its token is shown once."""
    expires = None if body.expires_in is None else time.time() + body.expires_in
    limits = KeyLimits(concurrent=body.concurrent, per_minute=body.per_minute, per_day=body.per_day)
    key, token = await service.call(
        service.store.create_key,
        body.name,
        [Scope(name) for name in body.scopes],
        limits,
        expires=expires,
    )
    return KeyMade(key=_key(key, Use()), token=token)


@router.post("/admin/keys/{key_id}/rotate")
async def rotate_key(key_id: KeyId, service: ServiceDep, caller: Admin) -> KeyMade:
    """Give a key a new secret; the old one ends at once."""
    key, token = await service.call(service.store.rotate_key, key_id)
    return KeyMade(key=_key(key, await _use_of(service, key)), token=token)


@router.delete("/admin/keys/{key_id}")
async def revoke_key(key_id: KeyId, service: ServiceDep, caller: Admin) -> KeyAnswer:
    """Take a key back for good; what it made stays."""
    key = await service.call(service.store.revoke, key_id)
    return _key(key, await _use_of(service, key))


async def _use_of(service: Service, key: Key) -> Use:
    return (await service.call(service.store.usage)).get(key.id, Use())


def _open_job(job: Job, names: Mapping[str, str]) -> OpenJob:
    return OpenJob(
        id=job.id,
        key_id=job.key_id,
        key_name=names.get(job.key_id),
        state="running" if job.state is JobState.RUNNING else "queued",
        stage=None if job.stage is None else job.stage.value,
        done=job.done,
        total=job.total,
        position=job.position,
        attempt=job.attempt,
        model=job.drawing.model,
        images=job.drawing.count,
        width=job.drawing.width,
        height=job.drawing.height,
        created=job.created,
        started=job.started,
    )


def _key(key: Key, use: Use) -> KeyAnswer:
    return KeyAnswer(
        id=key.id,
        name=key.name,
        scopes=[scope.value for scope in key.scopes],
        limits=_limits(key.limits),
        created=key.created,
        expires=key.expires,
        revoked=key.revoked,
        used=key.used,
        use=_use(use),
    )


def _limits(limits: KeyLimits) -> LimitsAnswer:
    return LimitsAnswer(**vars(limits))


def _use(use: Use) -> UseAnswer:
    return UseAnswer(**vars(use))
