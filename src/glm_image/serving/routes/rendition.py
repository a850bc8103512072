"""Pictures as files of the kind that somebody wants to save."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from glm_image.serving.auth import Reader, ServiceDep
from glm_image.serving.file_answers import disposition
from glm_image.serving.records import OutputFormat
from glm_image.serving.rendition import render
from glm_image.serving.routes.paths import PictureId
from glm_image.serving.schemas.failing import ERRORS
from glm_image.serving.schemas.images import Format

router = APIRouter(prefix="/images", tags=["gallery"], responses=ERRORS)


@router.get(
    "/{picture_id}/file",
    response_class=Response,
    responses={
        200: {
            "content": {form.mime: {} for form in OutputFormat},
            "description": "The file.",
        }
    },
)
async def rendition(
    picture_id: PictureId,
    service: ServiceDep,
    caller: Reader,
    format: Annotated[Format, Query(description="Kind of file.")] = "png",
    quality: Annotated[int | None, Query(ge=0, le=100)] = None,
    strip_prompt: Annotated[bool, Query(description="Keep the words out of the file.")] = False,
) -> Response:
    """A picture as a PNG, JPEG or WebP to be saved; its labels stay."""
    picture = await service.call(service.store.picture, picture_id, caller.key_id)
    kind = OutputFormat(format)

    def made() -> bytes:
        data = service.blobs.get(picture.key)
        return render(data, kind, quality, strip_prompt=strip_prompt)

    content = await service.call(made)
    headers = {
        "Content-Disposition": disposition(f"{picture.id}.{kind.value}", inline=False),
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "private, no-cache",
    }
    return Response(content, media_type=kind.mime, headers=headers)
