"""Server-sent events: how they are written, and a response that carries them."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any

import anyio
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

KEEP_ALIVE = b": keep-alive\n\n"
"""A comment: readers skip it, proxies see that the line is in use."""


def event(
    data: Mapping[str, Any] | str,
    *,
    name: str | None = None,
    number: int | None = None,
    retry: float | None = None,
) -> bytes:
    """One event.

    Args:
        data: What it says.
        name: Its type.
        number: What a reader sends as ``Last-Event-ID`` to go on behind it.
        retry: Seconds after which a reader that was cut off should come back.
    """
    text = data if isinstance(data, str) else json.dumps(data, separators=(",", ":"))
    lines = [] if retry is None else [f"retry: {round(retry * 1000)}"]
    lines += [] if name is None else [f"event: {name}"]
    if number is not None:
        lines.append(f"id: {number}")
    lines += [f"data: {line}" for line in text.split("\n")]
    return ("\n".join(lines) + "\n\n").encode()


class EventStream(StreamingResponse):
    """A response of events; :meth:`begin` makes it.

    Args:
        first: The first part.
        rest: Written events and comments that follow.
    """

    media_type = "text/event-stream"

    def __init__(self, first: bytes, rest: AsyncGenerator[bytes]) -> None:
        self._rest = rest
        super().__init__(
            _joined(first, rest),
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    @classmethod
    async def begin(cls, events: AsyncGenerator[bytes]) -> "EventStream":
        """Start events and wait for the first part.

        What a started generator holds is let go whatever becomes of the connection; of one that
        was never started nothing would run at all.
        """
        return cls(await anext(events), events)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send all parts, and end the events also if the client leaves."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            with anyio.CancelScope(shield=True):
                await self._rest.aclose()


async def _joined(first: bytes, rest: AsyncGenerator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for part in rest:
        yield part
