"""Links to pictures for those who have no key."""

import time
from dataclasses import replace

from fastapi import APIRouter, Request

from glm_image.serving.answering import Addresses, file_name
from glm_image.serving.auth import Reader, ServiceDep
from glm_image.serving.routes.paths import PictureId
from glm_image.serving.schemas.failing import ERRORS
from glm_image.serving.schemas.looking import ShareAnswer, ShareRequest

router = APIRouter(prefix="/images", tags=["gallery"], responses=ERRORS)


@router.post("/{picture_id}/share")
async def share(
    picture_id: PictureId,
    body: ShareRequest,
    request: Request,
    service: ServiceDep,
    caller: Reader,
) -> ShareAnswer:
    """A link to a picture that needs no key, for as long as is asked."""
    picture = await service.call(service.store.picture, picture_id, caller.key_id)
    expires = int(time.time()) + body.expires_in
    addresses = replace(Addresses.of(service, request), expires=expires)
    return ShareAnswer(url=addresses.blob(picture.key, file_name(picture)), expires=expires)
