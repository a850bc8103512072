"""The image calls: read, hand in, wait or stream, and word the answer."""

from dataclasses import dataclass, field

from fastapi import Request
from fastapi.responses import JSONResponse, Response
from starlette.background import BackgroundTask

from glm_image.serving.answering import Addresses, Wording, images_json, sends_addresses
from glm_image.serving.auth import Caller
from glm_image.serving.error_responses import transport_id
from glm_image.serving.error_table import JobFailed, code_of, content_filter
from glm_image.serving.errors import Code
from glm_image.serving.faces import Face
from glm_image.serving.image_stream import StreamWish, image_events
from glm_image.serving.ordering import Attached, Order, read_order, submit
from glm_image.serving.records import Job, JobState
from glm_image.serving.schemas.images import ImageRequest, TaskImage, TaskResult
from glm_image.serving.service import Service
from glm_image.serving.sse import EventStream
from glm_image.serving.waiting import UNKNOWN, wait_for, was_answered

ASYNC_RESULT = "/v1/async-result/"
"""Where a task is asked for."""

_TASK_STATES = {
    JobState.QUEUED: "PROCESSING",
    JobState.RUNNING: "PROCESSING",
    JobState.SUCCEEDED: "SUCCESS",
}


@dataclass(frozen=True, kw_only=True)
class Call:
    """One image call on its way.

    Args:
        service: The service.
        caller: Who asks.
        request: As it came.
        body: Its fields.
        attached: Its files.
        idempotency_key: What the client calls it in a header.
    """

    service: Service
    caller: Caller
    request: Request
    body: ImageRequest
    attached: Attached = field(default_factory=Attached)
    idempotency_key: str | None = None

    @property
    def face(self) -> Face:
        """In whose conventions it is answered."""
        return Face.of_path(self.request.url.path)

    @property
    def request_id(self) -> str:
        """What the client calls it, else a name of ours."""
        return self.body.request_id or transport_id(self.request.scope)

    async def read(self) -> Order:
        """Check it."""
        return await read_order(
            self.service,
            self.caller,
            self.body,
            attached=self.attached,
            idempotency_key=self.idempotency_key,
        )

    def wording(self, order: Order) -> Wording:
        """How its answer is worded."""
        return Wording(
            addresses=Addresses.of(self.service, self.request),
            as_address=sends_addresses(self.face, self.body.response_format),
            quality=order.quality,
            request_id=self.request_id,
            notes=order.notes,
        )


async def draw(call: Call, *, event_name: str) -> Response:
    """Answer an image call with finished pictures, as a stream, or with a task.

    Args:
        call: The call.
        event_name: First part of the types of a stream's events.
    """
    order = await call.read()
    if "respond-async" in call.request.headers.get("prefer", "").lower():
        return await start_task(call, order)
    submitted = await submit(call.service, call.caller, order, waits=True)
    if call.body.stream:
        options = call.body.stream_options
        wish = StreamWish(
            name=event_name,
            progress=options is not None and bool(options.include_progress),
            face=call.face,
            transport_id=transport_id(call.request.scope),
        )
        return await EventStream.begin(image_events(submitted.job, call.wording(order), wish))
    job = await wait_for(call.service, call.request, submitted)
    content = await call.service.call(images_json, job, call.wording(order))
    return Response(
        content,
        media_type="application/json",
        background=BackgroundTask(was_answered, call.service, job.id),
    )


async def start_task(call: Call, order: Order, *, status: int = 202) -> Response:
    """Answer an image call with a task to be asked for later."""
    submitted = await submit(call.service, call.caller, order, waits=False)
    job = submitted.job
    addresses = Addresses.of(call.service, call.request)
    body = task_result(job, addresses, request_id=call.request_id)
    return JSONResponse(
        body.model_dump(exclude_none=True),
        status_code=status,
        headers={"Location": f"{ASYNC_RESULT}{job.id}"},
    )


def task_status(job: Job) -> str:
    """The state of a job in BigModel's words."""
    return _TASK_STATES.get(job.state, "FAIL")


def task_result(job: Job, addresses: Addresses, *, request_id: str) -> TaskResult:
    """How far a job is, in BigModel's words."""
    images = [
        TaskImage(url=addresses.picture(picture), id=picture.id, seed=picture.seed)
        for picture in job.pictures
    ]
    status = task_status(job)
    error: dict[str, object] | None = None
    if status == "FAIL":
        failure = job.failure or UNKNOWN
        cancelled = job.state is JobState.CANCELLED
        error = {
            "code": "1230" if cancelled else failure.code,
            "message": "it was cancelled" if cancelled else failure.message,
        }
    return TaskResult.model_validate(
        {
            "id": job.id,
            "request_id": job.request_key or request_id,
            "model": job.drawing.model,
            "task_status": status,
            "image_result": images if status == "SUCCESS" else None,
            "error": error,
            "content_filter": _findings(job),
            "progress": _share(job) if status == "PROCESSING" else None,
        }
    )


def _findings(job: Job) -> list[dict[str, object]] | None:
    """What moderation found in the pictures of a job; None if it did not fail for that."""
    if job.failure is None or job.state is not JobState.FAILED:
        return None
    failed = JobFailed(job.id, job.failure)
    return content_filter(failed) if code_of(failed) is Code.UNSAFE else None


def _share(job: Job) -> float:
    """Rough share of the work that is done, from 0 to 1."""
    return min(job.done / job.total, 1.0) if job.total else 0.0
