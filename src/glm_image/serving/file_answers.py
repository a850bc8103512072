"""Files as they are sent: never as something that a browser would run."""

from collections.abc import AsyncGenerator
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import Response, StreamingResponse

from glm_image.serving.etag import matches
from glm_image.serving.records import BlobKey, OutputFormat
from glm_image.serving.service import Service

_SHOWN = frozenset(form.mime for form in OutputFormat)
"""What a browser may show; everything else it may only save."""

_MONTH = 30 * 86400


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
    tag = key.rsplit("/", 1)[-1].partition(".")[0]
    headers = {
        "Cache-Control": f"private, max-age={_MONTH}, immutable",
        "Content-Disposition": disposition(name, inline=mime in _SHOWN),
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "same-site",
        "ETag": f'"{tag}"',
    }
    if matches(tag, request.headers.get("if-none-match")):
        return Response(status_code=304, headers=headers)
    headers["Content-Length"] = str(info.bytes)
    if request.method == "HEAD":
        return Response(headers=headers, media_type=mime)
    return StreamingResponse(_parts(service, key), headers=headers, media_type=mime)


def disposition(name: str | None, *, inline: bool) -> str:
    """A ``Content-Disposition`` that holds any name safely."""
    kind = "inline" if inline else "attachment"
    if not name:
        return kind
    plain = "".join(
        char if char.isascii() and (char.isalnum() or char in "._- ") else "_" for char in name
    )
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


async def _parts(service: Service, key: BlobKey) -> AsyncGenerator[bytes]:
    source = await service.call(service.blobs.stream, key)
    while (part := await service.call(next, source, b"")) != b"":
        yield part
