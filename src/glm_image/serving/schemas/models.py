"""What is served."""

from typing import Literal

from pydantic import Field

from glm_image.serving.schemas.base import Answer


class ModelAnswer(Answer):
    """A model, and what may be asked of it."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str = "glm-image"
    summary: str
    digest: str
    default_size: str
    min_side: int
    max_side: int
    max_pixels: int | None = Field(description="Of one picture, where sides are not all.")
    multiple: int
    sizes: list[str]
    max_sources: int
    steps: int
    guidance: float
    temperature: float | None
    top_p: float | None
    refused: list[str] = Field(description="Fields of requests that mean nothing to it.")
    prompt_characters: int = Field(description="Longest prompt that the service takes.")
    examples: list[str] = Field(description="Prompts that it draws well, if it names any.")


class ModelList(Answer):
    """All models."""

    object: Literal["list"] = "list"
    data: list[ModelAnswer]
