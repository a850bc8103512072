"""Answers that are sent only if they are new to the client."""

from collections.abc import Mapping
from typing import Any

from fastapi.responses import JSONResponse, Response


def conditional(body: Mapping[str, Any], *, tag: str, wanted: str | None) -> Response:
    """A JSON answer, or 304 if the client has it.

    Args:
        body: What is sent.
        tag: Changes whenever the body does.
        wanted: ``If-None-Match`` of the request.
    """
    headers = {"ETag": f'"{tag}"', "Cache-Control": "private, no-cache"}
    if matches(tag, wanted):
        return Response(status_code=304, headers=headers)
    return JSONResponse(dict(body), headers=headers)


def matches(tag: str, wanted: str | None) -> bool:
    """Whether a client has what a tag stands for."""
    if wanted is None:
        return False
    given = [one.strip().removeprefix("W/").strip('"') for one in wanted.split(",")]
    return tag in given or "*" in given
