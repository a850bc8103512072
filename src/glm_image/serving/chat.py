"""Conversations as image calls, and finished pictures as chat answers."""

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from glm_image.errors import GlmImageError
from glm_image.serving import sse
from glm_image.serving.answering import Wording, image_data, usage_of
from glm_image.serving.error_responses import as_request_error
from glm_image.serving.error_table import envelope
from glm_image.serving.errors import Code, RequestError, StoppingError
from glm_image.serving.faces import Face
from glm_image.serving.job_events import job_events
from glm_image.serving.library import Role
from glm_image.serving.planner import Plan, Said
from glm_image.serving.records import Event, EventKind, Job, OutputFormat
from glm_image.serving.schemas.chat import (
    ChatAnswerMessage,
    ChatChoice,
    ChatCompletion,
    ChatMessage,
    ChatRequest,
    ContentPart,
    ImagePart,
    ImageUrl,
    chat_usage,
)
from glm_image.serving.schemas.images import ImageRequest, PictureReference
from glm_image.serving.sources import reference
from glm_image.serving.waiting import succeeded, waiter

_SHOWN = re.compile(r"!\[[^\]]*\]\(([^)\s]+)\)")
"""A picture in the text of an earlier answer."""

_OF_WORDS = frozenset(
    {
        "temperature",
        "top_p",
        "do_sample",
        "max_tokens",
        "max_completion_tokens",
        "stop",
        "thinking",
        "tool_choice",
        "tool_stream",
        "response_format",
        "frequency_penalty",
        "presence_penalty",
        "logprobs",
        "top_logprobs",
        "parallel_tool_calls",
        "reasoning_effort",
        "sensitive_word_check",
        "meta",
        "extra",
    }
)
"""Fields of chats that speak of words; pictures have no use for them."""

_ROLES = {"user": Role.USER, "assistant": Role.ASSISTANT, "tool": Role.USER}


def turns_of(messages: list[ChatMessage]) -> list[Said]:
    """What was said, without instructions of the system."""
    return [
        Said(role=_ROLES[one.role], text=_text(one), pictures=tuple(_pictures(one)))
        for one in messages
        if one.role in _ROLES
    ]


def image_request(body: ChatRequest, plan: Plan) -> ImageRequest:
    """The image call that a chat amounts to.

    Raises:
        RequestError: A field of the image call is wrong, or tools are asked for.
    """
    if body.tools:
        raise RequestError(
            "this model calls no tools",
            code=Code.CALL_UNSUPPORTED,
            field="tools",
            hint="leave tools out",
        )
    extras = body.model_extra or {}
    fields: dict[str, Any] = {k: v for k, v in extras.items() if k not in _OF_WORDS}
    fields |= body.extra_body or {}
    fields |= {"prompt": plan.prompt, "model": body.model, "request_id": body.request_id}
    if plan.pictures:
        fields["image"] = list(plan.pictures)
    try:
        return ImageRequest.model_validate(fields)
    except ValidationError as error:
        found = [{**one, "loc": ("body", *one["loc"])} for one in error.errors()]
        raise as_request_error(found) from None


@dataclass(frozen=True, kw_only=True)
class ChatWish:
    """How a chat is answered.

    Args:
        as_parts: Whether the content is a list of parts, not text.
        progress: Whether a stream tells how far the picture is, as reasoning.
        with_usage: Whether a stream ends with what it took.
        face: Whose errors it carries.
        transport_id: Names the connection in errors.
    """

    as_parts: bool
    progress: bool
    with_usage: bool
    face: Face
    transport_id: str


def completion_json(job: Job, wording: Wording, wish: ChatWish) -> bytes:
    """The whole answer, ready to be sent; blocks."""
    body = ChatCompletion(
        id=job.id,
        created=int(job.created),
        model=job.drawing.model,
        request_id=wording.request_id,
        choices=[ChatChoice(message=_message(job, wording, wish))],
        usage=chat_usage(usage_of(job)),
        notes=list(wording.notes),
    )
    return body.model_dump_json().encode()


async def completion_events(job: Job, wording: Wording, wish: ChatWish) -> AsyncGenerator[bytes]:
    """The answer as a stream, to a job that was submitted with ``waits=True``."""
    service = wording.addresses.service
    async with waiter(service, job.id) as answered:
        yield _chunk(job, {"role": "assistant", "content": ""})
        try:
            stream = job_events(service, job_id=job.id, key_id=job.key_id, after=0)
            async with aclosing(stream) as events:
                async for event in events:
                    if event is None:
                        yield sse.KEEP_ALIVE
                    elif wish.progress and event.kind is EventKind.PROGRESS:
                        yield _chunk(job, {"reasoning_content": _progress(event)})
            ended = succeeded(await service.call(service.store.job, job.id, job.key_id))
            message = await service.call(_message, ended, wording, wish)
            yield _chunk(job, message.model_dump(exclude={"role"}))
            usage = chat_usage(usage_of(ended)).model_dump() if wish.with_usage else None
            yield _chunk(job, {}, finish="stop", usage=usage)
            yield sse.event("[DONE]")
        except GlmImageError as error:
            yield sse.event(envelope(error, face=wish.face, request_id=wish.transport_id))
            if isinstance(error, StoppingError):
                answered.postpone()
                return
        answered.done()


def _chunk(
    job: Job,
    delta: dict[str, Any],
    *,
    finish: str | None = None,
    usage: dict[str, int] | None = None,
) -> bytes:
    chunk: dict[str, Any] = {
        "id": job.id,
        "object": "chat.completion.chunk",
        "created": int(job.created),
        "model": job.drawing.model,
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    return sse.event(chunk if usage is None else {**chunk, "usage": usage})


def _progress(event: Event) -> str:
    return f"{event.data['stage']} {event.data['done']}/{event.data['total']}\n"


def _message(job: Job, wording: Wording, wish: ChatWish) -> ChatAnswerMessage:
    """What the assistant says; blocks where pictures travel inside."""
    parts = []
    for picture in job.pictures:
        data = image_data(wording, picture)
        mime = OutputFormat(job.drawing.output_format).mime
        url = data.url or f"data:{mime};base64,{data.b64_json}"
        parts.append(ImagePart(image_url=ImageUrl(url=url)))
    text = "\n\n".join(f"![{job.id}]({part.image_url.url})" for part in parts)
    return ChatAnswerMessage(content=parts if wish.as_parts else text, images=parts)


def _text(message: ChatMessage) -> str:
    content = message.content
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    return "\n".join(part.text for part in content if part.text)


def _pictures(message: ChatMessage) -> list[str]:
    """Pictures of a message, each once, in their order."""
    named = [] if message.content is None or isinstance(message.content, str) else message.content
    found = [
        _reference(part) for part in [*named, *(message.images or [])] if part.image_url is not None
    ]
    if message.role == "assistant" and isinstance(message.content, str):
        found += _SHOWN.findall(message.content)
    for part in named:
        if part.type not in ("text", "image_url", "input_text", "output_text"):
            raise RequestError(
                f"a part of type {part.type[:40]!r}", field="messages", hint="text or image_url"
            )
    return list(dict.fromkeys(found))


def _reference(part: ContentPart) -> str:
    return reference(PictureReference(image_url=part.image_url), field="messages")
