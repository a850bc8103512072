"""Files as they are sent: never as something that a browser would run."""

from collections.abc import AsyncGenerator
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import Response, StreamingResponse

from glm_image.serving.etag import matches
from glm_image.serving.records import BlobKey, OutputFormat
from glm_image.serving.rendition import thumbnail
from glm_image.serving.service import Service

_SHOWN = frozenset(form.mime for form in OutputFormat)
"""What a browser may show; everything else it may only save."""

_MONTH = 30 * 86400

THUMBNAIL_QUERY = "thumbnail=1"
"""What is added to the address of a file to get a small picture of it."""


async def blob_response(
    service: Service, key: BlobKey, *, name: str | None, request: Request
) -> Response:
    """A file in parts, as its own content says what it is.

    Args:
        service: The service.
        key: Where the file lies.
        name: What it is saved under.
        request: Who asks.

    Raises:
        NotFoundError: There is no such file.
    """
    info = await service.call(service.blobs.info, key)
    mime = info.mime if info.mime in _SHOWN else "application/octet-stream"
    tag = _name(key)
    headers = _headers(tag, disposition(name, inline=mime in _SHOWN))
    if matches(tag, request.headers.get("if-none-match")):
        return Response(status_code=304, headers=headers)
    headers["Content-Length"] = str(info.bytes)
    if request.method == "HEAD":
        return Response(headers=headers, media_type=mime)
    return StreamingResponse(_parts(service, key), headers=headers, media_type=mime)


async def thumbnail_response(service: Service, key: BlobKey, request: Request) -> Response:
    """A small picture of a file; the file itself where that is small.

    Args:
        service: The service.
        key: Where the file lies.
        request: Who asks.

    Raises:
        NotFoundError: There is no such file.
        InputError: It is no picture, or its labels are damaged.
    """
    tag = f"{_name(key)}-thumbnail"
    headers = _headers(tag, disposition(None, inline=True))
    if matches(tag, request.headers.get("if-none-match")):
        await service.call(service.blobs.info, key)
        return Response(status_code=304, headers=headers)
    small = await service.call(lambda: thumbnail(service.blobs.get(key)))
    if small is None:
        return await blob_response(service, key, name=None, request=request)
    return Response(small, media_type=OutputFormat.WEBP.mime, headers=headers)


def disposition(name: str | None, *, inline: bool) -> str:
    """A ``Content-Disposition`` that holds any name safely."""
    kind = "inline" if inline else "attachment"
    if not name:
        return kind
    plain = "".join(
        char if char.isascii() and (char.isalnum() or char in "._- ") else "_" for char in name
    )
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _name(key: BlobKey) -> str:
    return key.rsplit("/", 1)[-1].partition(".")[0]


def _headers(tag: str, shown: str) -> dict[str, str]:
    return {
        "Cache-Control": f"private, max-age={_MONTH}, immutable",
        "Content-Disposition": shown,
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "same-site",
        "ETag": f'"{tag}"',
    }


async def _parts(service: Service, key: BlobKey) -> AsyncGenerator[bytes]:
    source = await service.call(service.blobs.stream, key)
    while (part := await service.call(next, source, b"")) != b"":
        yield part
