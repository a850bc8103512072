"""What the letters of a picture say, and whether they are what its prompt quotes."""

from fastapi import APIRouter

from glm_image.serving.auth import Reader, ServiceDep
from glm_image.serving.ocr.verdict import in_reading_order, judge
from glm_image.serving.routes.paths import PictureId
from glm_image.serving.schemas.failing import ERRORS
from glm_image.serving.schemas.looking import ReadingAnswer, ReadLine, ReadQuote
from glm_image.tokenizer.quotes import smart_quotes

router = APIRouter(prefix="/images", tags=["gallery"], responses=ERRORS)


@router.post("/{picture_id}/reading")
async def reading(picture_id: PictureId, service: ServiceDep, caller: Reader) -> ReadingAnswer:
    """Read the letters of a picture, and compare them with the quoted texts of its prompt."""
    picture = await service.call(service.store.picture, picture_id, caller.key_id)

    async def content() -> bytes:
        return await service.call(service.blobs.get, picture.key)

    lines = in_reading_order(await service.desk.lines(picture.key, content))
    quotes = await service.call(judge, smart_quotes(picture.prompt), lines)
    return ReadingAnswer(
        lines=[ReadLine(text=one.text, score=one.score, box=list(one.box)) for one in lines],
        quotes=[
            ReadQuote(
                text=one.text,
                state=one.state.value,
                found=one.found,
                box=None if one.box is None else list(one.box),
            )
            for one in quotes
        ],
    )
