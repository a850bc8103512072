"""The description of the routes, complete for tools that make clients and tests from it."""

import re
from collections.abc import Mapping
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
    _link(document["paths"])
    return document


def methods_of(document: Mapping[str, Any], path: str) -> list[str]:
    """Methods that are described for a path; none if nothing is."""
    for template, item in document["paths"].items():
        if _pattern(template).fullmatch(path):
            return sorted(method.upper() for method in item)
    return []


def _pattern(template: str) -> re.Pattern[str]:
    """What paths of a template look like; only the names of models contain slashes."""
    parts = re.split(r"(\{[^}]+\})", template)
    wild = {"{name}": ".+"}
    return re.compile(
        "".join(wild.get(part, "[^/]+") if part[:1] == "{" else re.escape(part) for part in parts)
    )


_MAKERS = (
    ("/api/jobs", "201", "job_id"),
    ("/v1/async/images/generations", "200", "job_id"),
    ("/api/uploads", "201", "upload_id"),
    ("/v1/files", "200", "file_id"),
    ("/api/conversations", "201", "conversation_id"),
)
"""Calls that make something, and the parameter by which other calls name it."""


def _link(paths: dict[str, Any]) -> None:
    """Say which calls go on with what a call has made."""
    for path, status, parameter in _MAKERS:
        face = path.split("/")[1]
        users = [
            operation["operationId"]
            for other, item in paths.items()
            if f"{{{parameter}}}" in other and other.startswith(f"/{face}/")
            for operation in item.values()
        ]
        links = {
            name: {"operationId": name, "parameters": {parameter: "$response.body#/id"}}
            for name in users
        }
        paths[path]["post"]["responses"][status]["links"] = links
