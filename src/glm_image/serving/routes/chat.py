"""Pictures by chat."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.background import BackgroundTask

from glm_image.serving.answering import Addresses, Wording
from glm_image.serving.auth import Drawer, ServiceDep
from glm_image.serving.chat import (
    ChatWish,
    completion_events,
    completion_json,
    image_request,
    turns_of,
)
from glm_image.serving.error_responses import transport_id
from glm_image.serving.faces import Face
from glm_image.serving.ordering import Attached, read_order, submit
from glm_image.serving.routes.images import IdempotencyKey
from glm_image.serving.schemas.chat import ChatCompletion, ChatRequest
from glm_image.serving.schemas.failing import ERRORS, EVENT_STREAM
from glm_image.serving.sse import EventStream
from glm_image.serving.waiting import wait_for, was_answered

router = APIRouter(tags=["chat"], responses=ERRORS)

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "model": ChatCompletion,
        "content": EVENT_STREAM,
        "description": "A picture as a message; with stream=true in chunks.",
    }
}


@router.post("/chat/completions", responses=_ANSWERS)
async def complete(
    request: Request,
    body: ChatRequest,
    service: ServiceDep,
    caller: Drawer,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Draw what the last message asks for, or change the picture that it speaks of."""
    plan = await service.planner.plan(turns_of(body.messages))
    asked = image_request(body, plan)
    order = await read_order(
        service, caller, asked, attached=Attached(), idempotency_key=idempotency_key
    )
    options = body.stream_options
    wish = ChatWish(
        as_parts="image" in (body.modalities or ()),
        progress=options is not None and bool(options.include_progress),
        with_usage=options is not None and bool(options.include_usage),
        face=Face.of_path(request.url.path),
        transport_id=transport_id(request.scope),
    )
    wording = Wording(
        addresses=Addresses.of(service, request),
        as_address=asked.response_format != "b64_json",
        quality=order.quality,
        request_id=body.request_id or wish.transport_id,
        notes=order.notes,
    )
    submitted = await submit(service, caller, order, waits=True)
    if body.stream:
        return await EventStream.begin(completion_events(submitted.job, wording, wish))
    job = await wait_for(service, request, submitted)
    content = await service.call(completion_json, job, wording, wish)
    return Response(
        content,
        media_type="application/json",
        background=BackgroundTask(was_answered, service, job.id),
    )
