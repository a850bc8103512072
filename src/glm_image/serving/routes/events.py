"""Streams of what happens to jobs."""

import base64
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response

from glm_image.config import from_mapping
from glm_image.errors import GlmImageError
from glm_image.serving import sse
from glm_image.serving.answering import Addresses
from glm_image.serving.auth import Reader, ServiceDep, identify
from glm_image.serving.error_responses import transport_id
from glm_image.serving.error_table import envelope, retry_of
from glm_image.serving.errors import RequestError
from glm_image.serving.faces import Face
from glm_image.serving.job_answers import picture_answer
from glm_image.serving.job_events import job_events, owner_events
from glm_image.serving.records import Event, EventKind, Picture
from glm_image.serving.routes.paths import JobId
from glm_image.serving.schemas.failing import ERRORS, EVENT_STREAM
from glm_image.serving.schemas.jobs import JobEventData
from glm_image.serving.service import Service
from glm_image.serving.sse import EventStream

router = APIRouter(tags=["events"], responses=ERRORS)

LastEventId = Annotated[
    str | None, Header(description="The last event that was seen.", max_length=20)
]
Previews = Annotated[bool, Query(description="Whether previews are sent.")]

_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "content": EVENT_STREAM,
        "description": "Events, each a JSON object as JobEventData describes it.",
    }
}


@router.get("/jobs/{job_id}/events", responses=_STREAM, response_class=Response)
async def of_job(
    job_id: JobId,
    request: Request,
    service: ServiceDep,
    caller: Reader,
    last_event_id: LastEventId = None,
    previews: Previews = True,
) -> Response:
    """Everything that happens to a job, from its start or behind an event, until it has ended."""
    after = read_number(last_event_id) or 0
    job = await service.call(service.store.job, job_id, caller.key_id)
    wording = _Wording(Addresses.of(service, request), previews=previews, numbered_by_owner=False)
    source = job_events(service, job_id=job.id, key_id=job.key_id, after=after)
    return await EventStream.begin(
        _written(source, wording, service, caller.key_id, transport_id(request.scope))
    )


@router.get("/events", responses=_STREAM, response_class=Response)
async def of_caller(
    request: Request,
    service: ServiceDep,
    caller: Reader,
    last_event_id: LastEventId = None,
    previews: Previews = True,
) -> Response:
    """Everything that happens to the caller's jobs, from now on or behind an event."""
    header = request.headers.get("authorization")

    async def check() -> None:
        await identify(service, header)

    wording = _Wording(Addresses.of(service, request), previews=previews, numbered_by_owner=True)
    source = owner_events(
        service, key_id=caller.key_id, after=read_number(last_event_id), check=check
    )
    return await EventStream.begin(
        _written(source, wording, service, caller.key_id, transport_id(request.scope))
    )


def read_number(text: str | None) -> int | None:
    """The number of an event as a client sends it back.

    Raises:
        RequestError: It is none.
    """
    if text is None or text == "":
        return None
    if not text.isascii() or not text.isdigit():
        raise RequestError(
            f"got {text[:20]!r}", field="Last-Event-ID", hint="the id of an event of this stream"
        )
    return min(int(text), 2**62)


async def _written(
    source: AsyncGenerator[Event | None],
    wording: "_Wording",
    service: Service,
    key_id: str,
    name: str,
) -> AsyncGenerator[bytes]:
    service.streams.enter(key_id, service.settings.limits.streams)
    try:
        yield sse.KEEP_ALIVE
        async with aclosing(source) as events:
            async for event in events:
                yield wording.write(event)
    except GlmImageError as error:
        body = envelope(error, face=Face.NATIVE, request_id=name)
        yield sse.event(body, name="error", retry=retry_of(error))
    finally:
        service.streams.leave(key_id)


class _Wording:
    """Words the events of one stream."""

    def __init__(self, addresses: Addresses, *, previews: bool, numbered_by_owner: bool) -> None:
        self._addresses = addresses
        self._previews = previews
        self._by_owner = numbered_by_owner

    def write(self, event: Event | None) -> bytes:
        """An event, or a comment where there is none to send."""
        if event is None:
            return sse.KEEP_ALIVE
        if event.kind is EventKind.PREVIEW and not self._previews:
            return b""
        number = event.cursor if self._by_owner else event.seq
        data = JobEventData(
            job_id=event.job_id,
            seq=event.seq,
            kind=event.kind.value,
            at=event.at,
            data=self._data(event),
        )
        return sse.event(data.model_dump(), name=event.kind.value, number=number or None)

    def _data(self, event: Event) -> dict[str, Any]:
        if event.kind is EventKind.PICTURE:
            picture = from_mapping(Picture, event.data, source="event")
            return picture_answer(picture, self._addresses).model_dump()
        data = dict(event.data)
        image = data.get("image")
        if isinstance(image, bytes):
            data["image"] = base64.b64encode(image).decode("ascii")
        return data
