"""Every failure of a request as a response in the one envelope."""

import uuid
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Scope

from glm_image.errors import GlmImageError
from glm_image.serving.error_table import answer
from glm_image.serving.errors import Code, RequestError, ServiceError
from glm_image.serving.faces import Face
from glm_image.serving.openapi import methods_of
from glm_image.serving.waiting import ClientGone

CLIENT_GONE = 499
"""Status in the log of a request whose client hung up. Source: nginx."""

_PLAIN_TYPES = frozenset({"str", "int", "float", "bool", "dict", "json"})


class BodyRefused(HTTPException):
    """Ends the reading of a body from below; the framework lets this kind of error pass.

    Args:
        error: Why.
    """

    def __init__(self, error: GlmImageError) -> None:
        super().__init__(status_code=400, detail=error.message)
        self.error = error


def install(app: FastAPI) -> None:
    """Answer every failure of an application in the envelope."""
    app.add_exception_handler(GlmImageError, _on_own)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    for gone in (ClientGone, ClientDisconnect):
        app.add_exception_handler(gone, _on_gone)
    app.add_exception_handler(Exception, _on_unexpected)


def transport_id(scope: Scope) -> str:
    """What the request is called in headers, errors and the log."""
    return str(scope.setdefault("state", {}).setdefault("transport_id", new_transport_id()))


def new_transport_id() -> str:
    """A new name of a request."""
    return f"req_{uuid.uuid4().hex}"


def error_response(
    scope: Scope, error: GlmImageError, *, status: int | None = None
) -> JSONResponse:
    """The response about an error.

    Args:
        scope: Of the request.
        error: What is wrong.
        status: HTTP status, if not that of the table.
    """
    found = answer(error, face=Face.of_path(scope["path"]), request_id=transport_id(scope))
    return JSONResponse(
        dict(found.body), status_code=status or found.status, headers=dict(found.headers)
    )


async def _on_own(request: Request, error: Exception) -> Response:
    if not isinstance(error, GlmImageError):
        raise error
    return error_response(request.scope, error)


async def _on_invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    return error_response(request.scope, as_request_error(error.errors()))


async def _on_http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    if isinstance(error, BodyRefused):
        response = error_response(request.scope, error.error)
        response.headers["Connection"] = "close"
        return response
    response = error_response(
        request.scope, _as_service_error(request, error), status=error.status_code
    )
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        # The framework names the methods of the first route with this path only.
        methods = methods_of(request.app.openapi(), request.url.path)
        response.headers["Allow"] = ", ".join(methods) or response.headers.get("Allow", "GET")
    return response


async def _on_gone(request: Request, error: Exception) -> Response:
    return Response(status_code=CLIENT_GONE)


async def _on_unexpected(request: Request, error: Exception) -> Response:
    # The server writes the traceback into the log; a client gets no word of it.
    failure = ServiceError(
        "the service failed; the log has more under this request's id", code=Code.INTERNAL
    )
    return error_response(request.scope, failure)


def _as_service_error(request: Request, error: HTTPException) -> ServiceError:
    """What the framework found wrong, in our words."""
    if error.status_code == HTTPStatus.NOT_FOUND:
        return ServiceError(
            f"there is no {request.method} {request.url.path[:200]}",
            code=Code.NO_SUCH_API,
            hint="/openapi.json lists what there is",
        )
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return ServiceError(
            f"{request.method} is not done on {request.url.path[:200]}",
            code=Code.NO_SUCH_API,
            hint="/openapi.json lists what there is",
        )
    return ServiceError(str(error.detail), code=Code.MALFORMED, field="body")


def as_request_error(found: Sequence[Any]) -> RequestError:
    """The first of the framework's findings about a request, in our words."""
    first = found[0]
    kind, place = str(first["type"]), tuple(first["loc"])
    field = field_name(place)
    if kind == "json_invalid":
        return RequestError(
            "the body is no JSON", code=Code.MALFORMED, field="body", hint="send a JSON object"
        )
    if place == ("body",):
        return RequestError(
            "the body is not as expected",
            code=Code.MALFORMED,
            field="body",
            hint="send a JSON object with 'Content-Type: application/json'",
        )
    if kind == "missing":
        return RequestError("it is missing", code=Code.FIELD_MISSING, field=field)
    more = f"; {len(found) - 1} more" if len(found) > 1 else ""
    return RequestError(str(first["msg"]).removeprefix("Value error, ") + more, field=field)


def field_name(place: tuple[int | str, ...]) -> str:
    """The path of a field without the names of types that stand between."""
    parts = [str(part) for part in place[1:] if _is_field(part)]
    return ".".join(parts)[:200] or str(place[0])


def _is_field(part: int | str) -> bool:
    if isinstance(part, int):
        return True
    plain = part.replace("_", "a").replace("-", "a").isalnum()
    return plain and not part[:1].isupper() and part not in _PLAIN_TYPES and "-" not in part
