"""The owner's words for pictures."""

from fastapi import APIRouter

from glm_image.serving.auth import Reader, ServiceDep
from glm_image.serving.schemas.failing import ERRORS
from glm_image.serving.schemas.library import TagAnswer, TagList

router = APIRouter(prefix="/tags", tags=["gallery"], responses=ERRORS)


@router.get("")
async def listed(service: ServiceDep, caller: Reader) -> TagList:
    """The tags of the caller's pictures, the most used first."""
    found = await service.call(service.store.tags, caller.key_id)
    return TagList(data=[TagAnswer(tag=one.tag, count=one.count) for one in found])
