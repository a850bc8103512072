"""Jobs: hand in, look, listen, cancel, try again."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import JSONResponse, Response

from glm_image.serving.answering import Addresses
from glm_image.serving.auth import Drawer, Reader, ServiceDep
from glm_image.serving.etag import conditional
from glm_image.serving.job_answers import job_answer
from glm_image.serving.ordering import Attached, read_order, submit, with_previews
from glm_image.serving.records import Job, JobState
from glm_image.serving.routes.images import IdempotencyKey
from glm_image.serving.routes.paths import JobId
from glm_image.serving.schemas.failing import ERRORS
from glm_image.serving.schemas.images import ImageRequest
from glm_image.serving.schemas.jobs import (
    CancelledJobs,
    JobAnswer,
    JobList,
    JobRequest,
    State,
)

router = APIRouter(prefix="/jobs", tags=["jobs"], responses=ERRORS)

Before = Annotated[str | None, Query(max_length=64, description="The last one that was seen.")]
PageSize = Annotated[int, Query(ge=1, le=200)]


@router.post(
    "",
    status_code=201,
    response_model=JobAnswer,
    responses={200: {"model": JobAnswer, "description": "It was handed in before."}},
)
async def create(
    request: Request,
    body: JobRequest,
    service: ServiceDep,
    caller: Drawer,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Hand a job in; 200 if the same request was handed in before."""
    order = await read_order(
        service,
        caller,
        image_request(body),
        attached=Attached(),
        idempotency_key=idempotency_key,
    )
    order = with_previews(service, order, body.previews, field="previews")
    kin = [
        await service.call(service.store.picture, name, caller.key_id)
        for name in body.parents or ()
    ]
    parents = dict.fromkeys((*order.drawing.parents, *(picture.id for picture in kin)))
    order = replace(order, drawing=replace(order.drawing, parents=tuple(parents)))
    submitted = await submit(service, caller, order, waits=False)
    answer = job_answer(submitted.job, Addresses.of(service, request), order.notes)
    return JSONResponse(
        answer.model_dump(),
        status_code=200 if submitted.attached else 201,
        headers={"Location": f"/api/jobs/{submitted.job.id}"},
    )


@router.get("")
async def listed(
    request: Request,
    service: ServiceDep,
    caller: Reader,
    state: Annotated[list[State] | None, Query()] = None,
    before: Before = None,
    limit: PageSize = 50,
) -> JobList:
    """The caller's jobs, the latest first."""
    jobs = await service.call(
        service.store.jobs,
        caller.key_id,
        states=[JobState(one) for one in state or ()],
        before=before,
        limit=limit,
    )
    addresses = Addresses.of(service, request)
    return JobList(
        data=[job_answer(job, addresses) for job in jobs],
        next=jobs[-1].id if len(jobs) == limit else None,
    )


@router.delete("")
async def cancel_all(service: ServiceDep, caller: Drawer) -> CancelledJobs:
    """Cancel all jobs of the caller that wait or run."""
    return CancelledJobs(cancelled=await service.call(service.store.cancel_all, caller.key_id))


@router.get(
    "/{job_id}", response_model=JobAnswer, responses={304: {"description": "Nothing is new."}}
)
async def one(
    job_id: JobId,
    request: Request,
    service: ServiceDep,
    caller: Reader,
    if_none_match: Annotated[str | None, Header(max_length=500)] = None,
) -> Response:
    """One job, with its pictures once it has succeeded."""
    job = await service.call(service.store.job, job_id, caller.key_id)
    answer = job_answer(job, Addresses.of(service, request))
    tag = f"{job.id}-{job.seq}-{job.done}-{job.position}"
    return conditional(answer.model_dump(), tag=tag, wanted=if_none_match)


@router.delete("/{job_id}")
async def cancel(job_id: JobId, request: Request, service: ServiceDep, caller: Drawer) -> JobAnswer:
    """Cancel a job; one that has ended comes back as it is."""
    job = await service.call(service.store.cancel, job_id, caller.key_id)
    return job_answer(job, Addresses.of(service, request))


@router.post("/{job_id}/retry", status_code=201)
async def retry(job_id: JobId, request: Request, service: ServiceDep, caller: Drawer) -> JobAnswer:
    """Draw what a job that failed, expired or was cancelled asked for, as a new job."""

    def work() -> Job:
        service.blobs.check_room()
        return service.store.retry(job_id, caller.key_id, limits=caller.limits)

    return job_answer(await service.call(work), Addresses.of(service, request))


def image_request(body: JobRequest) -> ImageRequest:
    """The same request as the image calls have it."""
    fields = body.model_dump(exclude_none=True, exclude={"previews", "parents"})
    return ImageRequest.model_validate(fields)
