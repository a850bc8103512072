"""What is served."""

from typing import Annotated

from fastapi import APIRouter, Path

from glm_image.errors import NotFoundError
from glm_image.serving.auth import Reader, ServiceDep
from glm_image.serving.errors import Code, RequestError
from glm_image.serving.records import ModelCard
from glm_image.serving.schemas.failing import ERRORS
from glm_image.serving.schemas.models import ModelAnswer, ModelList
from glm_image.serving.settings import RequestLimits
from glm_image.serving.sizes import PRESETS, PictureSize, nearest

router = APIRouter(tags=["models"], responses=ERRORS)


@router.get("/models")
async def models(service: ServiceDep, caller: Reader) -> ModelList:
    """All models that are served."""
    return ModelList(data=[model_answer(card, service.settings.limits) for card in service.cards()])


@router.get("/models/{name:path}")
async def model(
    name: Annotated[str, Path(max_length=200)], service: ServiceDep, caller: Reader
) -> ModelAnswer:
    """One model."""
    try:
        return model_answer(service.card(name), service.settings.limits)
    except RequestError as error:
        if error.code is not Code.MODEL_UNKNOWN:
            raise
        raise NotFoundError(error.message, field="model", hint=error.hint) from None


def model_answer(card: ModelCard, limits: RequestLimits) -> ModelAnswer:
    """A model in the words of the answer."""
    fitting = [size for size in map(_preset, PRESETS) if nearest(size, card) == size]
    default = PictureSize(width=card.default_width, height=card.default_height)
    return ModelAnswer(
        id=card.name,
        created=int(card.created),
        summary=card.summary,
        digest=card.digest,
        default_size=str(default),
        min_side=card.min_side,
        max_side=card.max_side,
        max_pixels=card.max_pixels,
        multiple=card.multiple,
        sizes=list(dict.fromkeys([str(default), *map(str, fitting)])),
        max_sources=card.max_sources,
        steps=card.steps,
        guidance=card.guidance,
        temperature=card.temperature,
        top_p=card.top_p,
        refused=list(card.refused),
        prompt_characters=limits.prompt_characters,
        examples=list(card.examples),
    )


def _preset(text: str) -> PictureSize:
    width, height = text.split("x")
    return PictureSize(width=int(width), height=int(height))
