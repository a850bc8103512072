"""Bodies within their limits: length, pauses and time."""

import asyncio

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from glm_image.serving.error_responses import BodyRefused, error_response
from glm_image.serving.errors import SlowBodyError, TooLargeError
from glm_image.serving.settings import RequestLimits


class BodyLimits:
    """Ends requests whose bodies are too long or too slow, with or without a stated length.

    Args:
        app: What answers.
        limits: Lengths and times.
    """

    def __init__(self, app: ASGIApp, limits: RequestLimits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with a limited body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        form = headers.get("content-type", "").startswith("multipart/")
        most = self._limits.body_bytes if form else self._limits.json_bytes
        stated = headers.get("content-length", "")
        if stated.isdigit() and int(stated) > most:
            response = error_response(scope, too_large(int(stated), most))
            response.headers["Connection"] = "close"
            await response(scope, receive, send)
            return
        await self._app(scope, _Body(receive, most, self._limits).receive, send)


def too_large(length: int, most: int) -> TooLargeError:
    """The error about a body of a length."""
    return TooLargeError(
        f"the body has {length} bytes or more", field="body", hint=f"at most {most} bytes"
    )


class _Body:
    """The body of one request, as it comes."""

    def __init__(self, receive: Receive, most: int, limits: RequestLimits) -> None:
        self._receive, self._most, self._limits = receive, most, limits
        self._length = 0
        self._is_complete = False
        self._end = asyncio.get_running_loop().time() + limits.body_seconds

    async def receive(self) -> Message:
        """The next message; behind the body there is no deadline."""
        if self._is_complete:
            return await self._receive()
        left = self._end - asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(min(self._limits.body_pause_seconds, left)):
                message = await self._receive()
        except TimeoutError:
            raise BodyRefused(SlowBodyError("the body came too slowly")) from None
        if message["type"] == "http.request":
            self._length += len(message.get("body", b""))
            self._is_complete = not message.get("more_body", False)
            if self._length > self._most:
                raise BodyRefused(too_large(self._length, self._most))
        return message
