"""The page that people draw with, under ``/``; it speaks the API like every other client."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from glm_image.errors import NotFoundError
from glm_image.serving.etag import matches
from glm_image.studio import START, StudioFile, studio_files

router = APIRouter(include_in_schema=False)

POLICY = "; ".join(
    (
        "default-src 'none'",
        "object-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""What the page may load and do: its own files, and pictures that it holds itself."""

_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Encoding",
    "X-Content-Type-Options": "nosniff",
}

_READING = ["GET", "HEAD"]


@router.api_route("/", methods=_READING)
async def page(request: Request) -> Response:
    """The page."""
    return _sent(START, request)


@router.api_route("/manifest.webmanifest", methods=_READING)
async def manifest(request: Request) -> Response:
    """How the page is installed as an application."""
    return _sent("manifest.webmanifest", request)


@router.api_route("/sw.js", methods=_READING)
async def worker(request: Request) -> Response:
    """What keeps the page usable without a connection; here, as it governs what lies below it."""
    return _sent("sw.js", request)


@router.api_route("/favicon.ico", methods=_READING)
async def favicon(request: Request) -> Response:
    """The sign of the page, where browsers ask for it unasked."""
    return _sent("icon.svg", request)


@router.api_route("/studio/{name:path}", methods=_READING)
async def file(name: Annotated[str, Path(max_length=200)], request: Request) -> Response:
    """A file of the page."""
    return _sent(name, request)


def _sent(name: str, request: Request) -> Response:
    found = studio_files().get(name)
    if found is None:
        raise NotFoundError("the page has no such file", field="path", hint="begin at /")
    packed = found.packed if _takes_gzip(request.headers.get("accept-encoding", "")) else None
    tag = found.tag if packed is None else f"{found.tag}-gzip"
    headers = {**_HEADERS, "ETag": f'"{tag}"'}
    if matches(tag, request.headers.get("if-none-match")):
        return Response(status_code=304, headers=headers)
    if packed is not None:
        headers["Content-Encoding"] = "gzip"
    content = found.content if packed is None else packed
    if request.method == "HEAD":
        return Response(headers={**headers, **_described(found, content)})
    return Response(content, media_type=found.mime, headers=headers)


def _described(found: StudioFile, content: bytes) -> dict[str, str]:
    return {"Content-Length": str(len(content)), "Content-Type": found.mime}


def _takes_gzip(header: str) -> bool:
    """Whether a client reads gzip, by its ``Accept-Encoding``."""
    for part in header.lower().split(","):
        name, _, weight = part.strip().partition(";")
        if name.strip() in ("gzip", "*"):
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
