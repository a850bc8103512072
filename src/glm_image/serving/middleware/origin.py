"""Requests that reach this machine under a foreign name, or from a foreign page, are refused.

A page from anywhere may send simple requests to ``http://127.0.0.1``, and a name of its own may
point there. So a service on this machine alone answers to known names only, and no page of another
origin may change anything.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from glm_image.serving.error_responses import error_response
from glm_image.serving.errors import Code, ForbiddenError, ServiceError
from glm_image.serving.settings import Settings

LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""Names of this machine for itself."""

_READING = ("GET", "HEAD", "OPTIONS")


class OriginGuard:
    """Checks the ``Host``, ``Origin`` and ``Sec-Fetch-Site`` of every request.

    Args:
        app: What answers.
        settings: Where the service listens and how it is called.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._names = allowed_names(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        error = self._refusal(scope) if scope["type"] == "http" else None
        if error is None:
            await self._app(scope, receive, send)
        else:
            await error_response(scope, error)(scope, receive, send)

    def _refusal(self, scope: Scope) -> ServiceError | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        name = host_name(host)
        if name is None:
            return ServiceError(
                "the Host header is no host", code=Code.MALFORMED, field="Host", hint="name[:port]"
            )
        if self._names is not None and name not in self._names:
            return ForbiddenError(
                f"this service does not answer to {name[:100]!r}",
                field="Host",
                hint="start it with --set hosts=NAME to add one",
            )
        if scope["method"] not in _READING and is_foreign(headers, host):
            return ForbiddenError(
                "a page of another origin may change nothing here", field="Origin"
            )
        return None


def allowed_names(settings: Settings) -> frozenset[str] | None:
    """Names that the service answers to; None is all of them.

    Where everybody needs a key, a foreign name gives nothing away unless the operator lists names.
    """
    if not settings.on_loopback and not settings.hosts:
        return None
    names = {*LOOPBACK, settings.host.strip("[]").lower(), *map(str.lower, settings.hosts)}
    if settings.public_url is not None:
        names.add((urlsplit(settings.public_url).hostname or "").lower())
    return frozenset(names)


def host_name(header: str) -> str | None:
    """The name in a ``Host`` header, without its port; None if there is none."""
    if not header or any(char in header for char in "/?#@\\ \t"):
        return None
    try:
        parts = urlsplit(f"//{header}")
        parts.port  # noqa: B018 - raises on a bad port
    except ValueError:
        return None
    return (parts.hostname or "").rstrip(".").lower() or None


def is_foreign(headers: Headers, host: str) -> bool:
    """Whether a browser says that a page of another origin sends the request."""
    if headers.get("sec-fetch-site") == "cross-site":
        return True
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() != host.lower()
