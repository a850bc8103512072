"""Every request has a name, a line in the log, a place in the figures, and safe headers."""

import re
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from glm_image.serving import logs, metrics, tracing
from glm_image.serving.error_responses import new_transport_id, transport_id

SAFE_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Headers of every answer that does not set them itself."""

UNKNOWN = "unknown"
"""Stands for every path that is no route."""

_NAME = re.compile(r"[A-Za-z0-9._-]{8,128}")
_QUIET = ("/healthz", "/readyz", "/metrics")

_LOG = logs.get("http")


class Observed:
    """Names, logs and measures requests, and completes the headers of answers.

    Args:
        app: What answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request under observation."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        name = given if _NAME.fullmatch(given) else new_transport_id()
        scope.setdefault("state", {})["transport_id"] = name
        start = time.perf_counter()
        status = 500

        async def outgoing(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = transport_id(scope)
                for key, value in SAFE_HEADERS.items():
                    headers.setdefault(key, value)
            await send(message)

        logs.bind_request(request_id=name)
        with tracing.span("request", {"http.request.method": scope["method"], "request.id": name}):
            try:
                await self._app(scope, receive, outgoing)
            finally:
                seconds = time.perf_counter() - start
                path = route_of(scope)
                metrics.observe_request(
                    method=scope["method"], route=path, status=status, seconds=seconds
                )
                if path not in _QUIET:
                    _LOG.info(
                        "request",
                        method=scope["method"],
                        route=path,
                        status=status,
                        seconds=round(seconds, 4),
                        key=scope["state"].get("key_id"),
                    )
                logs.clear_request()


def route_of(scope: Scope) -> str:
    """The path of a request with names in the place of ids; few of them, whatever is asked for."""
    if "route" not in scope:
        return UNKNOWN
    path = str(scope["path"])
    for name, value in scope.get("path_params", {}).items():
        # The last place: what comes before an id is ours.
        start = path.rfind(f"/{value}")
        if start < 0:
            return UNKNOWN
        path = f"{path[:start]}/{{{name}}}{path[start + 1 + len(str(value)) :]}"
    return path
