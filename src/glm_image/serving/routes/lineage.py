"""Families of pictures."""

from fastapi import APIRouter, Request

from glm_image.serving.answering import Addresses
from glm_image.serving.auth import Reader, ServiceDep
from glm_image.serving.job_answers import picture_answer
from glm_image.serving.routes.paths import PictureId
from glm_image.serving.schemas.failing import ERRORS
from glm_image.serving.schemas.looking import LineageAnswer

router = APIRouter(prefix="/images", tags=["gallery"], responses=ERRORS)


@router.get("/{picture_id}/lineage")
async def lineage(
    picture_id: PictureId, request: Request, service: ServiceDep, caller: Reader
) -> LineageAnswer:
    """What a picture was made from, what was made from it, and what was made beside it."""
    found, missing = await service.call(service.store.lineage, picture_id, caller.key_id)
    addresses = Addresses.of(service, request)
    return LineageAnswer(data=[picture_answer(one, addresses) for one in found], missing=missing)
