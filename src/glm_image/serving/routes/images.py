"""Pictures at once and pictures later, in the conventions of OpenAI and of BigModel."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from fastapi.responses import JSONResponse, Response

from glm_image.serving.answering import Addresses
from glm_image.serving.auth import Drawer, Reader, ServiceDep
from glm_image.serving.drawing_calls import Call, draw, start_task, task_result
from glm_image.serving.edit_form import read_edit
from glm_image.serving.error_responses import transport_id
from glm_image.serving.errors import Code, RequestError
from glm_image.serving.routes.paths import JobId
from glm_image.serving.schemas.failing import ERRORS, EVENT_STREAM
from glm_image.serving.schemas.images import (
    ImageRequest,
    ImagesResponse,
    TaskResult,
)

router = APIRouter(tags=["images"], responses=ERRORS)

IdempotencyKey = Annotated[
    str | None, Header(description="Asking twice with it draws once.", max_length=256)
]

_BINARY = {"type": "string", "format": "binary"}
_FORM: dict[str, Any] = {
    "type": "object",
    "required": ["prompt", "image"],
    "properties": {
        "prompt": {"type": "string", "description": "What changes."},
        "image": {
            "type": "array",
            "items": _BINARY,
            "minItems": 1,
            "maxItems": 16,
            "description": "Pictures to edit; also as image[].",
        },
        "mask": {**_BINARY, "description": "Transparent where the picture changes."},
        "model": {"type": "string"},
        "n": {"type": "integer", "minimum": 1, "maximum": 10},
        "size": {"type": "string"},
        "quality": {"type": "string"},
        "response_format": {"type": "string", "enum": ["url", "b64_json"]},
        "output_format": {"type": "string", "enum": ["png", "jpeg", "webp"]},
        "output_compression": {"type": "integer", "minimum": 0, "maximum": 100},
        "stream": {"type": "boolean"},
        "partial_images": {"type": "integer", "minimum": 0, "maximum": 3},
        "seed": {"type": "integer", "minimum": 0},
        "steps": {"type": "integer", "minimum": 1},
        "guidance": {"type": "number", "minimum": 0},
        "strength": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
        "request_id": {"type": "string"},
    },
}

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "model": ImagesResponse,
        "content": EVENT_STREAM,
        "description": "Finished pictures; with stream=true as events.",
    },
    202: {"model": TaskResult, "description": "With 'Prefer: respond-async': a task."},
}


@router.post("/images/generations", responses=_ANSWERS)
async def generate(
    request: Request,
    body: ImageRequest,
    service: ServiceDep,
    caller: Drawer,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Draw pictures from words, or edit pictures that the body names."""
    call = Call(
        service=service,
        caller=caller,
        request=request,
        body=body,
        idempotency_key=idempotency_key,
    )
    return await draw(call, event_name="image_generation")


@router.post(
    "/images/edits",
    responses=_ANSWERS,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {"schema": _FORM},
                "application/json": {"schema": {"$ref": "#/components/schemas/ImageRequest"}},
            },
        }
    },
)
async def edit(
    request: Request,
    service: ServiceDep,
    caller: Drawer,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Change pictures by words."""
    body, attached = await read_edit(request, service.settings.limits)
    if not attached.images and body.image is None and body.images is None:
        raise RequestError(
            "it is missing", code=Code.FIELD_MISSING, field="image", hint="send the picture to edit"
        )
    call = Call(
        service=service,
        caller=caller,
        request=request,
        body=body,
        attached=attached,
        idempotency_key=idempotency_key,
    )
    return await draw(call, event_name="image_edit")


@router.post("/async/images/generations", response_model=TaskResult)
async def generate_later(
    request: Request,
    body: ImageRequest,
    service: ServiceDep,
    caller: Drawer,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Start to draw; ask for the result with the id."""
    call = Call(
        service=service,
        caller=caller,
        request=request,
        body=body,
        idempotency_key=idempotency_key,
    )
    return await start_task(call, await call.read(), status=200)


@router.get("/async-result/{job_id}", response_model=TaskResult)
async def result(job_id: JobId, request: Request, service: ServiceDep, caller: Reader) -> Response:
    """How far a task is, and its pictures once it has succeeded."""
    job = await service.call(service.store.job, job_id, caller.key_id)
    body = task_result(job, Addresses.of(service, request), request_id=transport_id(request.scope))
    return JSONResponse(body.model_dump(exclude_none=True))
