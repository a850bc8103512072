"""Uploads as OpenAI and BigModel have files."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from glm_image.serving.auth import Drawer, Reader, ServiceDep
from glm_image.serving.file_answers import blob_response
from glm_image.serving.library import Upload
from glm_image.serving.routes.paths import UploadId
from glm_image.serving.schemas.failing import ERRORS
from glm_image.serving.schemas.library import FileAnswer, FileDeleted, FileList
from glm_image.serving.uploading import read_upload

router = APIRouter(prefix="/files", tags=["files"], responses=ERRORS)

UPLOAD_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "description": "A PNG, JPEG or WebP.",
                        },
                        "purpose": {"type": "string", "maxLength": 64},
                    },
                }
            }
        },
    }
}

MOST = 1000
"""Most files of a page."""


@router.post("", openapi_extra=UPLOAD_FORM)
async def upload(request: Request, service: ServiceDep, caller: Drawer) -> FileAnswer:
    """Keep a picture, to be named in later requests."""
    return file_answer(await read_upload(service, caller, request))


@router.get("")
async def listed(
    service: ServiceDep,
    caller: Reader,
    purpose: Annotated[str | None, Query(max_length=64)] = None,
    limit: Annotated[int, Query(ge=1, le=10000)] = 20,
    after: Annotated[str | None, Query(max_length=64)] = None,
    order: Annotated[Literal["asc", "desc"] | None, Query()] = None,
) -> FileList:
    """The caller's files, the latest first; of ``order=asc`` one page, the oldest first."""
    most = min(limit, MOST)
    found = await service.call(
        service.store.uploads, caller.key_id, purpose=purpose, before=after, limit=most + 1
    )
    page = found[:most]
    if order == "asc":
        page = page[::-1]
    return FileList(
        data=[file_answer(one) for one in page],
        first_id=page[0].id if page else None,
        last_id=page[-1].id if page else None,
        has_more=len(found) > most,
    )


@router.get("/{file_id}")
async def one(file_id: UploadId, service: ServiceDep, caller: Reader) -> FileAnswer:
    """One file."""
    return file_answer(await service.call(service.store.upload, file_id, caller.key_id))


@router.get(
    "/{file_id}/content",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}, "description": "The file."}},
)
async def content(
    file_id: UploadId, request: Request, service: ServiceDep, caller: Reader
) -> Response:
    """The content of a file."""
    found = await service.call(service.store.upload, file_id, caller.key_id)
    return await blob_response(service, found.key, name=found.filename, request=request)


@router.delete("/{file_id}")
async def delete(file_id: UploadId, service: ServiceDep, caller: Drawer) -> FileDeleted:
    """Forget a file."""
    gone = await service.call(service.store.delete_upload, file_id, caller.key_id)
    return FileDeleted(id=gone.id)


def file_answer(upload: Upload) -> FileAnswer:
    """An upload in OpenAI's words."""
    return FileAnswer(
        id=upload.id,
        bytes=upload.bytes,
        created_at=int(upload.created),
        filename=upload.filename,
        purpose=upload.purpose,
    )
