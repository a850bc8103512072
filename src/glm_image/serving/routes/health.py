"""Whether the service lives, whether it can draw, and its figures."""

from collections.abc import Mapping
from typing import Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from glm_image.serving import metrics
from glm_image.serving.auth import Admin, ServiceDep
from glm_image.serving.error_responses import transport_id
from glm_image.serving.error_table import answer
from glm_image.serving.errors import UnavailableError
from glm_image.serving.faces import Face
from glm_image.serving.records import Failure
from glm_image.serving.schemas.base import Answer
from glm_image.serving.schemas.failing import ERRORS, BrokenModel
from glm_image.serving.service import never

router = APIRouter(tags=["health"], responses=ERRORS)


class Alive(Answer):
    """The service answers."""

    status: Literal["ok"] = "ok"


class Ready(Answer):
    """The service can draw."""

    status: Literal["ready"] = "ready"
    models: list[str]
    queued: int
    running: int


@router.get("/healthz")
async def alive() -> Alive:
    """Whether the process answers."""
    return Alive()


@router.get("/readyz", response_model=Ready)
async def ready(request: Request, service: ServiceDep) -> Ready | Response:
    """Whether models are loaded and the database answers; 503 if not, or while it stops."""
    if service.dispatcher.draining:
        raise UnavailableError("the service stops", field="service", hint="ask another one")
    failures = service.painter.refused
    if failures:
        return _never_ready(request, failures)
    if not service.painter.ready:
        raise UnavailableError("the model is being loaded", field="model", hint="ask again soon")
    health = await service.call(service.store.health)
    return Ready(
        models=[card.name for card in service.painter.models],
        queued=health.queued,
        running=health.running,
    )


def _never_ready(request: Request, failures: Mapping[str, Failure]) -> Response:
    """Which models cannot be loaded, and why; asking again does not help."""
    found = answer(
        never(next(iter(failures.values()))),
        face=Face.of_path(request.url.path),
        request_id=transport_id(request.scope),
    )
    broken = [
        BrokenModel(name=name, reason=one.message, field=one.field, hint=one.hint)
        for name, one in failures.items()
    ]
    body = {**found.body, "models": [one.model_dump() for one in broken]}
    return JSONResponse(body, status_code=found.status, headers=dict(found.headers))


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}, "description": "Figures for Prometheus."}},
)
async def figures(caller: Admin) -> Response:
    """Figures of the service."""
    content, kind = metrics.render()
    return Response(content, media_type=kind)
