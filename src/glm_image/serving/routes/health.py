"""Whether the service lives, whether it can draw, and its figures."""

from typing import Literal

from fastapi import APIRouter
from fastapi.responses import Response

from glm_image.serving import metrics
from glm_image.serving.auth import Admin, ServiceDep
from glm_image.serving.errors import UnavailableError
from glm_image.serving.schemas.base import Answer
from glm_image.serving.schemas.failing import ERRORS

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


@router.get("/readyz")
async def ready(service: ServiceDep) -> Ready:
    """Whether models are loaded and the database answers; 503 if not, or while it stops."""
    if service.dispatcher.draining:
        raise UnavailableError("the service stops", field="service", hint="ask another one")
    if not service.painter.ready:
        raise UnavailableError("the model is being loaded", field="model", hint="ask again soon")
    health = await service.call(service.store.health)
    return Ready(
        models=[card.name for card in service.painter.models],
        queued=health.queued,
        running=health.running,
    )


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}, "description": "Figures for Prometheus."}},
)
async def figures(caller: Admin) -> Response:
    """Figures of the service."""
    content, kind = metrics.render()
    return Response(content, media_type=kind)
