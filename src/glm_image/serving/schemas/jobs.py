"""Jobs in our own API."""

from typing import Annotated, Any, Literal

from pydantic import Field

from glm_image.serving.rendition import THUMBNAIL_SIDE
from glm_image.serving.schemas.base import Answer, QualityText, Seed, SizeText, Strict, Text
from glm_image.serving.schemas.images import ContentFilter, Format

State = Literal["queued", "running", "succeeded", "failed", "cancelled", "expired"]


class JobRequest(Strict):
    """A picture is asked for. Every field is heeded; an unknown one is an error."""

    prompt: Text = Field(description="Words.", examples=["a blue circle"])
    model: Text | None = None
    n: Annotated[int, Field(ge=1, le=10)] | None = None
    size: SizeText = Field(default=None, examples=["auto"])
    quality: QualityText = Field(default=None, examples=["low"])
    output_format: Format | None = None
    output_compression: Annotated[int, Field(ge=0, le=100)] | None = None
    watermark_enabled: bool | None = None
    previews: Annotated[int, Field(ge=0, le=20)] | None = Field(
        default=None, description="Most previews of each picture."
    )
    seed: Seed | list[Seed] | None = None
    layout_seed: Seed | list[Seed] | None = None
    steps: Annotated[int, Field(ge=1, le=1000)] | None = None
    guidance: Annotated[float, Field(ge=0, le=100)] | None = None
    temperature: Annotated[float, Field(ge=0, le=10)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    top_k: Annotated[int, Field(ge=1)] | None = None
    strength: Annotated[float, Field(gt=0, le=1)] | None = None
    images: list[Text] | None = Field(
        default=None, description="Pictures to edit: ids, addresses, data URIs.", max_length=16
    )
    mask: Text | None = None
    parents: Annotated[list[Text], Field(max_length=16)] | None = Field(
        default=None,
        description="Ids of pictures that it comes from beside those named, as an enlarged canvas.",
    )
    strip_prompt: bool | None = None


class FailureAnswer(Answer):
    """Why a job came to nothing."""

    code: str
    kind: str
    message: str
    field: str | None
    hint: str | None
    retryable: bool
    flags: list[ContentFilter] = Field(
        default_factory=list, description="Findings of moderation, if that is why."
    )


class PictureAnswer(Answer):
    """A finished picture."""

    id: str
    job_id: str
    index: int
    url: str = Field(description="Needs no key, and expires.")
    thumbnail_url: str = Field(
        description=f"WebP of at most {THUMBNAIL_SIDE} pixels a side; needs no key, and expires."
    )
    width: int
    height: int
    bytes: int
    mime: str
    seed: int
    layout_seed: int | None
    parents: list[str]
    created: float
    favourite: bool
    tags: list[str]
    prompt: str


class DrawingAnswer(Answer):
    """What is drawn."""

    model: str
    prompt: str
    width: int
    height: int
    seeds: list[int]
    layout_seeds: list[int] | None
    steps: int
    guidance: float
    temperature: float | None
    top_p: float | None
    top_k: int | None
    strength: float | None
    sources: int = Field(description="How many pictures it edits.")
    masked: bool
    output_format: Format
    compression: int
    visible_label: bool
    previews: int
    parents: list[str]
    strip_prompt: bool


class JobAnswer(Answer):
    """A job."""

    id: str
    object: Literal["job"] = "job"
    state: State
    stage: Literal["write", "paint", "decode", "post"] | None
    done: int
    total: int
    position: int | None = Field(description="Jobs before it, while it waits.")
    eta_seconds: float | None = Field(description="Until it is finished, as far as can be told.")
    attempt: int
    seq: int
    drawing: DrawingAnswer
    pictures: list[PictureAnswer]
    failure: FailureAnswer | None
    created: float
    started: float | None
    finished: float | None
    conversation_id: str | None
    request_key: str | None
    notes: list[str]


class JobList(Answer):
    """Jobs, the latest first."""

    object: Literal["list"] = "list"
    data: list[JobAnswer]
    next: str | None = Field(description="Send it as before to go on.")


class CancelledJobs(Answer):
    """What was cancelled."""

    cancelled: list[str]


class JobEventData(Answer):
    """What an event of a stream says."""

    job_id: str
    seq: int
    kind: Literal["state", "progress", "picture", "preview"]
    at: float
    data: dict[str, Any]
