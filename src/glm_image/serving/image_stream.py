"""Pictures on their way as streams of the image calls: previews, then each finished picture.

Clients take an event of an unknown type for a preview, so nothing else is sent unless they ask for
it: comments keep the line open.
"""

import base64
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from glm_image.config import from_mapping
from glm_image.errors import GlmImageError
from glm_image.serving import sse
from glm_image.serving.answering import Wording, image_data, size_text, usage_of
from glm_image.serving.error_table import envelope, retry_of
from glm_image.serving.errors import StoppingError
from glm_image.serving.faces import Face
from glm_image.serving.job_events import job_events
from glm_image.serving.records import Event, EventKind, Job, Picture
from glm_image.serving.waiting import succeeded, waiter


@dataclass(frozen=True, kw_only=True)
class StreamWish:
    """What a stream carries.

    Args:
        name: First part of the types: ``"image_generation"`` or ``"image_edit"``.
        progress: Whether it carries progress, which only those understand who ask for it.
        face: Whose errors it carries.
        transport_id: Names the connection in errors.
    """

    name: str
    progress: bool
    face: Face
    transport_id: str


async def image_events(job: Job, wording: Wording, wish: StreamWish) -> AsyncGenerator[bytes]:
    """The events of a job that was submitted with ``waits=True``."""
    service = wording.addresses.service
    writer = _Writer(job, wording, wish)
    async with waiter(service, job.id) as answered:
        yield sse.KEEP_ALIVE
        try:
            stream = job_events(service, job_id=job.id, key_id=job.key_id, after=0)
            async with aclosing(stream) as events:
                async for event in events:
                    for part in await writer.write(event):
                        yield part
            ended = succeeded(await service.call(service.store.job, job.id, job.key_id))
            for picture in ended.pictures:
                for part in await writer.picture(picture):
                    yield part
        except GlmImageError as error:
            body = envelope(error, face=wish.face, request_id=wish.transport_id)
            yield sse.event(body, name="error", retry=retry_of(error))
            if isinstance(error, StoppingError):
                answered.postpone()
                return
        answered.done()


class _Writer:
    """Words the events of one stream."""

    def __init__(self, job: Job, wording: Wording, wish: StreamWish) -> None:
        self._job, self._wording, self._wish = job, wording, wish
        self._sent: set[int] = set()
        self._partial = 0

    async def write(self, event: Event | None) -> list[bytes]:
        """What is sent about an event: perhaps nothing."""
        if event is None:
            return [sse.KEEP_ALIVE]
        if event.kind is EventKind.PREVIEW:
            return self._preview(event)
        if event.kind is EventKind.PICTURE:
            return await self.picture(from_mapping(Picture, event.data, source="event"))
        if self._wish.progress:
            kind = event.kind.value
            return [self._event(f"image_job.{kind}", {"id": self._job.id, **event.data})]
        return []

    async def picture(self, picture: Picture) -> list[bytes]:
        """A finished picture, once."""
        if picture.index in self._sent:
            return []
        self._sent.add(picture.index)
        service = self._wording.addresses.service
        data = await service.call(image_data, self._wording, picture)
        fields = data.model_dump(exclude_none=True)
        fields |= {"index": picture.index, "usage": usage_of(self._job).model_dump()}
        return [self._event(f"{self._wish.name}.completed", self._common() | fields)]

    def _preview(self, event: Event) -> list[bytes]:
        image = event.data["image"]
        if self._job.drawing.previews == 0 or not isinstance(image, bytes):
            return []
        fields = {
            "b64_json": base64.b64encode(image).decode("ascii"),
            "partial_image_index": self._partial,
            "index": event.data["index"],
            "output_format": str(event.data["mime"]).removeprefix("image/"),
        }
        self._partial += 1
        return [self._event(f"{self._wish.name}.partial_image", self._common() | fields)]

    def _common(self) -> dict[str, Any]:
        return {
            "created_at": int(self._job.created),
            "size": size_text(self._job),
            "quality": self._wording.quality,
            "background": "opaque",
            "output_format": self._job.drawing.output_format.value,
        }

    def _event(self, kind: str, fields: dict[str, Any]) -> bytes:
        return sse.event({"type": kind, **fields}, name=kind)
