"""The description of the routes, complete for tools that make clients and tests from it."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

_ABOUT = """Pictures from words, and pictures changed by words.

The calls of OpenAI's image API are under `/v1`, those of BigModel under `/api/paas/v4` and
`/paas/v4`: the same calls, in the conventions of either. Jobs, pictures, uploads and conversations
are under `/api`. Every answer that is no success has the body `ErrorBody`.
"""

_VALIDATION = ("HTTPValidationError", "ValidationError")
"""What the framework says about invalid requests; ours say it in the one envelope."""


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of an application."""
    document = get_openapi(
        title=app.title, version=app.version, description=_ABOUT, routes=app.routes
    )
    schemas = document.get("components", {}).get("schemas", {})
    for name in _VALIDATION:
        schemas.pop(name, None)
    return document
