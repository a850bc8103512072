"""The application: parts, routes, and what surrounds every request."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

import anyio
from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp

from glm_image.serving import error_responses
from glm_image.serving.blobs import Blobs
from glm_image.serving.dispatcher import Dispatcher
from glm_image.serving.faces import BIGMODEL_PREFIXES, OPENAI_PREFIX
from glm_image.serving.housekeeping import Housekeeping
from glm_image.serving.hub import Hub
from glm_image.serving.intake.fetch import Fetcher
from glm_image.serving.intake.gate import Intake
from glm_image.serving.metrics import Worker
from glm_image.serving.middleware.body import BodyLimits
from glm_image.serving.middleware.observed import Observed
from glm_image.serving.middleware.origin import OriginGuard
from glm_image.serving.moderation import Moderator
from glm_image.serving.openapi import describe
from glm_image.serving.painter import Painter
from glm_image.serving.pause import Pause
from glm_image.serving.planner import Planner, RulePlanner
from glm_image.serving.routes import (
    admin,
    chat,
    conversations,
    events,
    files,
    gallery,
    health,
    images,
    jobs,
    lineage,
    models,
    provenance,
    reading,
    rendition,
    sharing,
    studio,
    tags,
    uploads,
    votes,
)
from glm_image.serving.routes import (
    blobs as blob_routes,
)
from glm_image.serving.service import THREADS, Service
from glm_image.serving.settings import Settings
from glm_image.serving.signing import Signer
from glm_image.serving.store import Store

_SHARED = (images.router, models.router, files.router, chat.router)
"""Routes that all conventions of other services have in common."""

_OWN = (
    jobs.router,
    events.router,
    gallery.router,
    tags.router,
    reading.router,
    rendition.router,
    sharing.router,
    provenance.router,
    lineage.router,
    votes.router,
    uploads.router,
    conversations.router,
    admin.router,
)


class ImageService(FastAPI):
    """The application; what observes requests stands outside of everything else."""

    def build_middleware_stack(self) -> ASGIApp:
        """Everything between the server and the routes."""
        return Observed(super().build_middleware_stack())

    def openapi(self) -> dict[str, Any]:
        """The description of the routes."""
        if self.openapi_schema is None:
            self.openapi_schema = describe(self)
        return self.openapi_schema


def create_app(
    settings: Settings,
    *,
    store: Store,
    blobs: Blobs,
    painter: Painter,
    hub: Hub,
    planner: Planner | None = None,
    workers: Callable[[], Sequence[Worker]] = tuple,
) -> FastAPI:
    """The service as an ASGI application; its parts start and stop with its lifespan.

    Args:
        settings: What was set.
        store: Jobs, keys, pictures, conversations.
        blobs: Files.
        painter: Who draws.
        hub: Passes news on.
        planner: Turns conversations into orders; by rules unless given.
        workers: Gives the engine processes whose figures are shown.
    """
    moderator = Moderator.from_settings(settings.moderation)
    pause = Pause(settings.data / "paused")
    service = Service(
        settings=settings,
        store=store,
        blobs=blobs,
        signer=Signer.open(settings.data / "signing.json"),
        painter=painter,
        dispatcher=Dispatcher(
            store=store,
            blobs=blobs,
            painter=painter,
            hub=hub,
            moderator=moderator,
            times=settings.times,
            pause=pause,
        ),
        hub=hub,
        intake=Intake(settings.limits),
        fetcher=Fetcher(settings.fetch),
        moderator=moderator,
        planner=planner or RulePlanner(),
        threads=anyio.CapacityLimiter(THREADS),
        pause=pause,
        workers=workers,
    )
    app = ImageService(
        title="glm-image",
        version=version("glm-image"),
        lifespan=_running(service, Housekeeping(store, blobs, workers)),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.service = service
    error_responses.install(app)
    for router in _routers():
        app.include_router(router)
    app.add_middleware(BodyLimits, limits=settings.limits)
    app.add_middleware(OriginGuard, settings=settings)
    return app


def _running(service: Service, housekeeping: Housekeeping) -> Any:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        service.hub.open()
        service.store.subscribe(service.hub.publish)
        await service.dispatcher.start()
        await housekeeping.start()
        try:
            yield
        finally:
            await service.dispatcher.drain()
            await service.dispatcher.close()
            await housekeeping.close()
            await service.intake.close()
            await service.desk.close()
            service.hub.close()

    return lifespan


def _routers() -> list[APIRouter]:
    shared = APIRouter()
    for one in _SHARED:
        shared.include_router(one)
    own = APIRouter(prefix="/api")
    for one in _OWN:
        own.include_router(one)
    outer = APIRouter()
    outer.include_router(shared, prefix=OPENAI_PREFIX)
    described, *others = BIGMODEL_PREFIXES
    outer.include_router(shared, prefix=described)
    for prefix in others:
        outer.include_router(shared, prefix=prefix, include_in_schema=False)
    return [outer, own, blob_routes.router, health.router, studio.router]
