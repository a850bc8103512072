"""What can be learnt of a finished picture, and what is said about two of them."""

from typing import Annotated, Any, Literal

from pydantic import Field

from glm_image.serving.schemas.base import Answer, Strict, Text
from glm_image.serving.schemas.jobs import PictureAnswer

MONTH = 30 * 86400
"""Longest life of a link in seconds."""

BoxAnswer = Annotated[
    list[float],
    Field(min_length=4, max_length=4, description="Left, top, right, bottom, in pixels."),
]


class ReadLine(Answer):
    """One box of text."""

    text: str
    score: float = Field(description="How sure the reader is, 0 to 1.")
    box: BoxAnswer


class ReadQuote(Answer):
    """What became of a text that the prompt quotes."""

    text: str
    state: Literal["read", "misread", "missing"]
    found: str | None = Field(description="The nearest text in the picture.")
    box: BoxAnswer | None


class ReadingAnswer(Answer):
    """What the letters of a picture say."""

    lines: list[ReadLine]
    quotes: list[ReadQuote]


class ShareRequest(Strict):
    """A link is asked for."""

    expires_in: Annotated[int, Field(ge=60, le=MONTH)] = Field(
        default=7 * 86400, description="Seconds until it ends."
    )


class ShareAnswer(Answer):
    """A link that needs no key."""

    url: str
    expires: int = Field(description="When it ends, in seconds since 1970.")


class HiddenLabel(Answer):
    """The label AIGC in the words of its standard."""

    Label: str
    ContentProducer: str
    ProduceID: str
    ReservedCode1: str = ""
    ContentPropagator: str = ""
    PropagateID: str = ""
    ReservedCode2: str = ""


class ProvenanceAnswer(Answer):
    """What a file says about where it comes from."""

    hidden: HiddenLabel | None
    parameters: dict[str, Any] | None = Field(description="How it was drawn.")
    c2pa: dict[str, Any] | None = Field(description="Its signed manifest, and whether it holds.")
    notes: list[str] = Field(description="What could not be looked at.")


class LineageAnswer(Answer):
    """A picture with those it was made from, those made from it, and those made beside it."""

    data: list[PictureAnswer]
    missing: list[str] = Field(description="Parents that are gone.")


class VoteRequest(Strict):
    """One of two pictures is better, or neither."""

    left: Annotated[Text, Field(min_length=1, max_length=64)]
    right: Annotated[Text, Field(min_length=1, max_length=64)]
    winner: Annotated[Text, Field(min_length=1, max_length=64)] | None = Field(
        default=None, description="One of the two ids; null where they are equal."
    )


class VoteAnswer(Answer):
    """A vote."""

    id: str
    left: str
    right: str
    winner: str | None
    created: float


class VoteList(Answer):
    """Votes, the latest first."""

    object: Literal["list"] = "list"
    data: list[VoteAnswer]
    next: str | None = Field(description="Send it as before to go on.")
