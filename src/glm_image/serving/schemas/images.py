"""Bodies of the image calls of BigModel and of OpenAI, which are one call here."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from glm_image.serving.schemas.base import (
    Answer,
    BackgroundText,
    FormatText,
    Lenient,
    PromptText,
    QualityText,
    Seed,
    SizeText,
    Text,
)

Format = Literal["png", "jpeg", "webp"]


class SensitiveWordCheck(Lenient):
    """BigModel's switch of a word list; accepted, the operator's moderation decides."""

    type: Text | None = None
    status: Text | None = None


class PictureReference(Lenient):
    """A picture that a request names."""

    url: Text | None = Field(default=None, description="An address, a data URI or base64.")
    image_url: Text | dict[str, Any] | None = Field(default=None, description="The same as url.")
    b64_json: Text | None = Field(default=None, description="The file in base64.")
    file_id: Text | None = Field(default=None, description="An upload, or a picture made here.")


AnyPicture = Text | PictureReference
"""A data URI, base64, an address, an id, or an object that holds one of these."""


class StreamOptions(Lenient):
    """What a stream carries beyond pictures."""

    include_progress: bool | None = Field(
        default=None, description="Also send image_job.progress events."
    )
    include_usage: bool | None = None


class ImageRequest(Lenient):
    """A picture is asked for. What is null counts as absent."""

    model_config = ConfigDict(json_schema_extra={"required": ["prompt"]})

    prompt: PromptText = Field(
        default=None, description="Words, at most 1000 characters.", examples=["a blue circle"]
    )
    model: Text | None = Field(
        default=None, description="A served model; the first one by default."
    )
    n: Annotated[int, Field(ge=1, le=10)] | None = None
    size: SizeText = Field(
        default=None,
        description="WIDTHxHEIGHT in pixels, sides as the model has them, or auto.",
        examples=["auto"],
    )
    quality: QualityText = Field(default=None, description="How many steps.", examples=["low"])
    response_format: Literal["url", "b64_json"] | None = None
    output_format: FormatText = Field(default=None, examples=["png"])
    output_compression: Annotated[int, Field(ge=0, le=100)] | None = None
    background: BackgroundText = Field(default=None, examples=["opaque"])
    moderation: Text | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    partial_images: Annotated[int, Field(ge=0, le=3)] | None = None
    style: Text | None = None
    user: Text | None = None
    user_id: Text | None = Field(default=None, description="6 to 128 characters.")
    safety_identifier: Text | None = None
    sensitive_word_check: SensitiveWordCheck | None = None
    request_id: Text | None = Field(default=None, description="Asking twice with it draws once.")
    watermark_enabled: bool | None = Field(
        default=None, description="Whether the label is visible."
    )
    seed: Seed | list[Seed] | None = Field(
        default=None,
        description="Of the first picture, the next ones count up; or one per picture.",
    )
    layout_seed: Seed | list[Seed] | None = Field(
        default=None,
        description="Of the layout, where it differs: the same layout with new details.",
    )
    steps: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        default=None, description="Of the decoder."
    )
    num_inference_steps: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        default=None, description="The same as steps."
    )
    guidance: Annotated[float, Field(ge=0, le=100)] | None = None
    guidance_scale: Annotated[float, Field(ge=0, le=100)] | None = Field(
        default=None, description="The same as guidance."
    )
    temperature: Annotated[float, Field(ge=0, le=10)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    top_k: Annotated[int, Field(ge=1)] | None = None
    strength: Annotated[float, Field(gt=0, le=1)] | None = Field(
        default=None, description="Of an edit: 1 draws anew, less keeps more of the first picture."
    )
    image: AnyPicture | list[AnyPicture] | None = Field(
        default=None, description="Pictures to edit."
    )
    images: list[AnyPicture] | None = Field(default=None, description="The same as image.")
    mask: AnyPicture | None = Field(
        default=None, description="Transparent where the picture changes."
    )
    strip_prompt: bool | None = Field(default=None, description="Keep the words out of the files.")


class ContentFilter(Answer):
    """One finding of moderation."""

    role: str
    level: int


class ImageData(Answer):
    """One picture of an answer."""

    id: str
    url: str | None = None
    b64_json: str | None = None
    revised_prompt: str | None = None
    seed: int
    layout_seed: int | None = None


class TokenDetails(Answer):
    """What tokens were spent on."""

    image_tokens: int
    text_tokens: int


class Usage(Answer):
    """What a request took: characters of words and semantic tokens of pictures."""

    input_tokens: int
    input_tokens_details: TokenDetails
    output_tokens: int
    output_tokens_details: TokenDetails
    total_tokens: int


class ImagesResponse(Answer):
    """Finished pictures."""

    id: str = Field(description="The job that made them.")
    request_id: str
    created: int
    model: str
    data: list[ImageData]
    background: Literal["opaque"] = "opaque"
    output_format: Format
    quality: str
    size: str
    usage: Usage
    content_filter: list[ContentFilter] = Field(
        default_factory=list, description="Findings of moderation."
    )
    notes: list[str] = Field(default_factory=list, description="Fields that had no effect.")


class TaskImage(Answer):
    """One picture of a finished task."""

    url: str
    id: str
    seed: int


class TaskResult(Answer):
    """How far a task is; ask again with the id while it is PROCESSING."""

    id: str
    request_id: str
    model: str
    task_status: Literal["PROCESSING", "SUCCESS", "FAIL"]

    image_result: list[TaskImage] | None = None
    error: dict[str, Any] | None = None
    content_filter: list[ContentFilter] | None = Field(
        default=None, description="Findings of moderation, if it failed for them."
    )
    progress: float | None = Field(default=None, ge=0, le=1)
