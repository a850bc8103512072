"""Finished pictures: search, mark, delete, bring back, take along."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse

from glm_image.serving.answering import Addresses
from glm_image.serving.archive import zip_parts
from glm_image.serving.auth import Drawer, Reader, ServiceDep
from glm_image.serving.job_answers import picture_answer
from glm_image.serving.library import MAX_SEARCH_CHARACTERS, PictureQuery
from glm_image.serving.records import Picture
from glm_image.serving.routes.jobs import Before, PageSize
from glm_image.serving.routes.paths import PictureId
from glm_image.serving.schemas.failing import ERRORS
from glm_image.serving.schemas.jobs import PictureAnswer
from glm_image.serving.schemas.library import PictureIds, PictureList, PicturePatch

router = APIRouter(prefix="/images", tags=["gallery"], responses=ERRORS)

_Word = Annotated[str | None, Query(max_length=64)]


@router.get("")
async def search(  # noqa: PLR0913 - one parameter per condition
    request: Request,
    service: ServiceDep,
    caller: Reader,
    text: Annotated[
        str, Query(max_length=MAX_SEARCH_CHARACTERS, description="Words of prompt or tags.")
    ] = "",
    tag: Annotated[list[str] | None, Query()] = None,
    favourite: bool | None = None,
    job_id: _Word = None,
    parent: _Word = None,
    conversation_id: _Word = None,
    deleted: bool = False,
    before: Before = None,
    limit: PageSize = 50,
) -> PictureList:
    """The caller's pictures, the latest first; every condition must hold."""
    query = PictureQuery(
        text=text,
        tags=tuple(tag or ()),
        favourite=favourite,
        job_id=job_id,
        parent=parent,
        conversation_id=conversation_id,
        deleted=deleted,
    )
    found = await service.call(
        service.store.pictures, caller.key_id, query, before=before, limit=limit
    )
    addresses = Addresses.of(service, request)
    return PictureList(
        data=[picture_answer(picture, addresses) for picture in found],
        next=found[-1].id if len(found) == limit else None,
    )


@router.post(
    "/zip",
    response_class=Response,
    responses={200: {"content": {"application/zip": {}}, "description": "The files."}},
)
async def bundle(body: PictureIds, service: ServiceDep, caller: Reader) -> Response:
    """Several pictures in one file."""

    def found() -> list[Picture]:
        return [service.store.picture(name, caller.key_id) for name in dict.fromkeys(body.ids)]

    pictures = await service.call(found)

    async def parts() -> AsyncGenerator[bytes]:
        source = zip_parts(service.blobs, pictures)
        while (part := await service.call(next, source, b"")) != b"":
            yield part
            await asyncio.sleep(0)

    return StreamingResponse(
        parts(),
        media_type="application/zip",
        headers={"Content-Disposition": 'attachment; filename="pictures.zip"'},
    )


@router.get("/{picture_id}")
async def one(
    picture_id: PictureId, request: Request, service: ServiceDep, caller: Reader
) -> PictureAnswer:
    """One picture."""
    picture = await service.call(service.store.picture, picture_id, caller.key_id)
    return picture_answer(picture, Addresses.of(service, request))


@router.patch("/{picture_id}")
async def patch(
    picture_id: PictureId,
    body: PicturePatch,
    request: Request,
    service: ServiceDep,
    caller: Drawer,
) -> PictureAnswer:
    """Change the marks of a picture."""
    picture = await service.call(
        service.store.patch_picture,
        picture_id,
        caller.key_id,
        favourite=body.favourite,
        tags=body.tags,
    )
    return picture_answer(picture, Addresses.of(service, request))


@router.delete("/{picture_id}")
async def delete(
    picture_id: PictureId, request: Request, service: ServiceDep, caller: Drawer
) -> PictureAnswer:
    """Put a picture into the bin, from where it can be brought back for a while."""
    picture = await service.call(service.store.delete_picture, picture_id, caller.key_id)
    return picture_answer(picture, Addresses.of(service, request))


@router.post("/{picture_id}/restore")
async def restore(
    picture_id: PictureId, request: Request, service: ServiceDep, caller: Drawer
) -> PictureAnswer:
    """Bring a picture back from the bin."""
    picture = await service.call(service.store.restore_picture, picture_id, caller.key_id)
    return picture_answer(picture, Addresses.of(service, request))
