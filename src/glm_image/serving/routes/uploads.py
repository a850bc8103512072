"""Uploads in our own words."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from glm_image.config import to_mapping
from glm_image.serving.answering import Addresses
from glm_image.serving.auth import Drawer, Reader, ServiceDep
from glm_image.serving.library import Upload
from glm_image.serving.routes.files import UPLOAD_FORM
from glm_image.serving.routes.jobs import Before, PageSize
from glm_image.serving.routes.paths import UploadId
from glm_image.serving.schemas.failing import ERRORS
from glm_image.serving.schemas.library import UploadAnswer, UploadList
from glm_image.serving.uploading import read_upload

router = APIRouter(prefix="/uploads", tags=["uploads"], responses=ERRORS)


@router.post("", status_code=201, openapi_extra=UPLOAD_FORM)
async def create(request: Request, service: ServiceDep, caller: Drawer) -> UploadAnswer:
    """Keep a picture, to be named in later requests."""
    upload = await read_upload(service, caller, request)
    return upload_answer(upload, Addresses.of(service, request))


@router.get("")
async def listed(
    request: Request,
    service: ServiceDep,
    caller: Reader,
    purpose: Annotated[str | None, Query(max_length=64)] = None,
    before: Before = None,
    limit: PageSize = 50,
) -> UploadList:
    """The caller's uploads, the latest first."""
    found = await service.call(
        service.store.uploads, caller.key_id, purpose=purpose, before=before, limit=limit
    )
    addresses = Addresses.of(service, request)
    return UploadList(
        data=[upload_answer(upload, addresses) for upload in found],
        next=found[-1].id if len(found) == limit else None,
    )


@router.get("/{upload_id}")
async def one(
    upload_id: UploadId, request: Request, service: ServiceDep, caller: Reader
) -> UploadAnswer:
    """One upload."""
    upload = await service.call(service.store.upload, upload_id, caller.key_id)
    return upload_answer(upload, Addresses.of(service, request))


@router.delete("/{upload_id}")
async def delete(
    upload_id: UploadId, request: Request, service: ServiceDep, caller: Drawer
) -> UploadAnswer:
    """Forget an upload."""
    upload = await service.call(service.store.delete_upload, upload_id, caller.key_id)
    return upload_answer(upload, Addresses.of(service, request))


def upload_answer(upload: Upload, addresses: Addresses) -> UploadAnswer:
    """An upload with its address."""
    fields = to_mapping(upload)
    del fields["key"], fields["key_id"]
    return UploadAnswer(**fields, url=addresses.blob(upload.key, upload.filename))
