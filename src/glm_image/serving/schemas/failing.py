"""What all routes may answer: errors in their one envelope, and streams."""

from typing import Any

from pydantic import Field

from glm_image.serving.schemas.base import Answer
from glm_image.serving.schemas.images import ContentFilter


class ErrorDetail(Answer):
    """What is wrong."""

    code: str = Field(description="A number under /paas/v4, a name elsewhere.")
    message: str = Field(description="What is wrong, and what mends it.")
    type: str
    param: str | None = Field(description="The field it is about.")
    bigmodel_code: str | None = Field(default=None, description="The number, where code is a name.")
    retry_after: float | None = Field(
        default=None, description="Seconds after which another try makes sense."
    )
    moderation_details: dict[str, Any] | None = None


class BrokenModel(Answer):
    """A model that cannot be loaded."""

    name: str
    reason: str
    field: str | None
    hint: str | None


class ErrorBody(Answer):
    """Every answer that is no success."""

    error: ErrorDetail
    request_id: str
    id: str | None = Field(default=None, description="The job, if there is one.")
    contentFilter: list[ContentFilter] | None = None
    models: list[BrokenModel] | None = Field(
        default=None, description="Of /readyz: models that can never be loaded as they are."
    )


ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorBody, "description": text}
    for status, text in {
        400: "Not possible as asked.",
        401: "No key, or one that does not count.",
        403: "The key may not do this.",
        404: "There is no such thing.",
        408: "The body came too slowly.",
        409: "Cancelled meanwhile.",
        413: "Too large.",
        415: "Another kind of body is expected.",
        422: "The request key belongs to another request.",
        429: "A limit is reached.",
        500: "The service failed.",
        503: "The service starts, stops or lacks room.",
        504: "Not finished in time; the job goes on.",
    }.items()
}
"""What every route may answer beside success."""

EVENT_STREAM: dict[str, Any] = {
    "text/event-stream": {
        "schema": {
            "type": "object",
            "required": ["data"],
            "properties": {
                "event": {"type": "string"},
                "id": {"type": "string"},
                "data": {"type": "string", "description": "A JSON object, or [DONE]."},
            },
        }
    }
}
"""A stream of events, each of which looks like this."""
