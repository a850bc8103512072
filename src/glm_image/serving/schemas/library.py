"""Pictures, uploads and conversations in our own API, and files in OpenAI's."""

from typing import Annotated, Literal

from pydantic import Field

from glm_image.serving.library import MAX_TAG_CHARACTERS, MAX_TAGS, MAX_TITLE_CHARACTERS
from glm_image.serving.schemas.base import Answer, QualityText, Seed, SizeText, Strict, Text
from glm_image.serving.schemas.images import Format
from glm_image.serving.schemas.jobs import JobAnswer, PictureAnswer

MOST_IDS = 200


class PictureList(Answer):
    """Pictures, the latest first."""

    object: Literal["list"] = "list"
    data: list[PictureAnswer]
    next: str | None = Field(description="Send it as before to go on.")


class PicturePatch(Strict):
    """What changes about a picture."""

    favourite: bool | None = None
    tags: (
        Annotated[
            list[Annotated[Text, Field(min_length=1, max_length=MAX_TAG_CHARACTERS)]],
            Field(max_length=MAX_TAGS),
        ]
        | None
    ) = None


class PictureIds(Strict):
    """Several pictures."""

    ids: Annotated[list[Text], Field(min_length=1, max_length=MOST_IDS)]


class TagAnswer(Answer):
    """A tag."""

    tag: str
    count: int = Field(description="Pictures that have it.")


class TagList(Answer):
    """Tags, the most used first."""

    object: Literal["list"] = "list"
    data: list[TagAnswer]


class UploadAnswer(Answer):
    """A picture that a client gave."""

    id: str
    object: Literal["upload"] = "upload"
    filename: str
    purpose: str
    mime: str
    bytes: int
    width: int | None
    height: int | None
    created: float
    url: str = Field(description="Needs no key, and expires.")


class UploadList(Answer):
    """Uploads, the latest first."""

    object: Literal["list"] = "list"
    data: list[UploadAnswer]
    next: str | None = Field(description="Send it as before to go on.")


class FileAnswer(Answer):
    """An upload in OpenAI's words."""

    id: str
    object: Literal["file"] = "file"
    bytes: int
    created_at: int
    filename: str
    purpose: str
    status: Literal["processed"] = "processed"


class FileList(Answer):
    """Files, the latest first unless asked otherwise."""

    object: Literal["list"] = "list"
    data: list[FileAnswer]
    first_id: str | None
    last_id: str | None
    has_more: bool


class FileDeleted(Answer):
    """A file that is gone."""

    id: str
    object: Literal["file"] = "file"
    deleted: Literal[True] = True


class ConversationRequest(Strict):
    """A new conversation, or a new title."""

    title: Annotated[Text, Field(max_length=MAX_TITLE_CHARACTERS)] = ""


class TurnRequest(Strict):
    """What the user says next."""

    text: Text = Field(description="What to draw, or what to change.", examples=["a blue circle"])
    parent_id: Text | None = Field(
        default=None,
        description="The turn it answers, by default the latest one; root begins a new branch.",
    )
    images: Annotated[list[Text], Field(max_length=16)] | None = Field(
        default=None, description="Pictures to edit: ids, addresses, data URIs."
    )
    mask: Text | None = Field(
        default=None, description="Of the first image, transparent where something may change."
    )
    previews: Annotated[int, Field(ge=0, le=20)] | None = Field(
        default=None, description="Most previews of each picture."
    )
    model: Text | None = None
    n: Annotated[int, Field(ge=1, le=10)] | None = None
    size: SizeText = Field(default=None, examples=["auto"])
    quality: QualityText = Field(default=None, examples=["low"])
    output_format: Format | None = None
    watermark_enabled: bool | None = None
    seed: Seed | list[Seed] | None = None
    layout_seed: Seed | list[Seed] | None = None
    steps: Annotated[int, Field(ge=1, le=1000)] | None = None
    guidance: Annotated[float, Field(ge=0, le=100)] | None = None
    strength: Annotated[float, Field(gt=0, le=1)] | None = None


class TurnAnswer(Answer):
    """One thing said."""

    id: str
    parent_id: str | None
    role: Literal["user", "assistant"]
    text: str
    pictures: list[PictureAnswer]
    sources: list[str] = Field(description="Ids of the pictures that the user gave with it.")
    job_id: str | None
    created: float


class ConversationAnswer(Answer):
    """A conversation without its turns."""

    id: str
    object: Literal["conversation"] = "conversation"
    title: str
    created: float
    updated: float


class ConversationTree(ConversationAnswer):
    """A conversation; turns with the same parent are branches."""

    turns: list[TurnAnswer]


class ConversationList(Answer):
    """Conversations, the latest first."""

    object: Literal["list"] = "list"
    data: list[ConversationAnswer]
    next: str | None = Field(description="Send it as before to go on.")


class TurnStarted(Answer):
    """A turn was taken in, and its answer is being drawn."""

    turn: TurnAnswer
    answer: TurnAnswer
    job: JobAnswer
