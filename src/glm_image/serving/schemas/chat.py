"""Chat completions whose answers are pictures."""

from typing import Annotated, Any, Literal

from pydantic import Field

from glm_image.serving.schemas.base import Answer, Lenient, Text
from glm_image.serving.schemas.images import StreamOptions, Usage

MOST_MESSAGES = 400


class ContentPart(Lenient):
    """A part of a message."""

    type: Text
    text: Text | None = None
    image_url: Text | dict[str, Any] | None = None


class ChatMessage(Lenient):
    """One message; pictures come as parts, or stand in the text of an answer."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Text | list[ContentPart] | None = None
    images: list[ContentPart] | None = Field(
        default=None, description="As the answers here carry them."
    )


class ChatRequest(Lenient):
    """A conversation that asks for a picture.

    Fields of the image calls, such as ``size``, ``n`` and ``seed``, are heeded at the top level and
    in ``extra_body``; ``temperature`` and ``top_p`` are about words and are heeded in
    ``extra_body`` only.
    """

    model: Text | None = None
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=MOST_MESSAGES)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    tools: list[dict[str, Any]] | None = Field(
        default=None, description="Refused: nothing calls tools."
    )
    modalities: list[Text] | None = Field(
        default=None, description="With image, the answer's content is a list of parts."
    )
    request_id: Text | None = None
    extra_body: dict[str, Any] | None = None


class ImageUrl(Answer):
    """Where a picture is."""

    url: str


class ImagePart(Answer):
    """A picture in a message."""

    type: Literal["image_url"] = "image_url"
    image_url: ImageUrl


class ChatAnswerMessage(Answer):
    """What the assistant says."""

    role: Literal["assistant"] = "assistant"
    content: str | list[ImagePart]
    images: list[ImagePart]


class ChatChoice(Answer):
    """One answer."""

    index: int = 0
    message: ChatAnswerMessage
    finish_reason: Literal["stop"] = "stop"


class ChatUsage(Answer):
    """What the answer took."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class ChatCompletion(Answer):
    """A finished answer."""

    id: str = Field(description="The job that made it.")
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    request_id: str
    choices: list[ChatChoice]
    usage: ChatUsage
    notes: list[str] = Field(default_factory=list, description="Fields that had no effect.")


def chat_usage(usage: Usage) -> ChatUsage:
    """What a picture took, in the words of a chat."""
    return ChatUsage(
        prompt_tokens=usage.input_tokens,
        completion_tokens=usage.output_tokens,
        total_tokens=usage.total_tokens,
    )
