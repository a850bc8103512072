"""Files by signed addresses, which work for clients that send no key."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from glm_image.serving.auth import ServiceDep
from glm_image.serving.file_answers import blob_response, thumbnail_response
from glm_image.serving.schemas.failing import ERRORS

router = APIRouter(tags=["files"], responses=ERRORS)


@router.api_route(
    "/files/{key:path}",
    methods=["GET", "HEAD"],
    response_class=Response,
    responses={200: {"content": {"image/png": {}}, "description": "The file."}},
    include_in_schema=False,
)
async def file(
    key: Annotated[str, Path(max_length=200)],
    request: Request,
    service: ServiceDep,
    thumbnail: bool = False,
) -> Response:
    """A file or its thumbnail, if the signature in the query is good and has not expired."""
    grant = service.signer.verify(key, request.query_params)
    if thumbnail:
        return await thumbnail_response(service, grant.key, request)
    return await blob_response(service, grant.key, name=grant.name, request=request)
