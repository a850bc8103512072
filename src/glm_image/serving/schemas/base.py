"""What all bodies have in common."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from glm_image.serving.records import MAX_SEED

JSON_DEPTH = 32
"""Deepest nesting of a body."""


class Lenient(BaseModel):
    """A body of a foreign convention: unknown fields are kept, so that they can be named."""

    model_config = ConfigDict(strict=True, extra="allow")

    @model_validator(mode="before")
    @classmethod
    def _shallow(cls, data: Any) -> Any:
        return check_depth(data)


class Strict(BaseModel):
    """A body of our own: an unknown field is an error."""

    model_config = ConfigDict(strict=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _shallow(cls, data: Any) -> Any:
        return check_depth(data)


class Answer(BaseModel):
    """Something that the service sends."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def check_depth(data: Any) -> Any:
    """The same value if it is not nested too deeply.

    Raises:
        ValueError: It is.
    """
    level = [data]
    for _ in range(JSON_DEPTH):
        level = [inner for value in level for inner in _inside(value)]
        if not level:
            return data
    raise ValueError(f"nested deeper than {JSON_DEPTH} levels")


def _inside(value: Any) -> list[Any]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [one for one in inner if isinstance(one, dict | list)]


Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]


def _storable(value: Any) -> Any:
    """A text that databases and files can keep: no NUL, no half of a surrogate pair."""
    if isinstance(value, str):
        if "\0" in value:
            raise ValueError("contains a NUL character")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError("contains half of a surrogate pair") from None
    return value


Text = Annotated[str, BeforeValidator(_storable)]
"""Words of a client."""


def _described(schema: dict[str, Any]) -> WithJsonSchema:
    """A description narrower than what is read: other spellings are understood, too."""
    return WithJsonSchema({"anyOf": [{"type": "string", **schema}, {"type": "null"}]})


SizeText = Annotated[
    Text | None, _described({"pattern": "^(auto|[1-9][0-9]{1,3}x[1-9][0-9]{1,3})$"})
]
"""WIDTHxHEIGHT in pixels, or auto."""

QualityText = Annotated[
    Text | None,
    _described({"enum": ["low", "medium", "high", "xhigh", "max", "hd", "standard", "auto"]}),
]
"""Name of a quality."""

FormatText = Annotated[Text | None, _described({"enum": ["png", "jpeg", "webp"]})]
"""Name of a kind of file."""

BackgroundText = Annotated[Text | None, _described({"enum": ["opaque", "auto"]})]
"""What is behind the picture."""

PromptText = Annotated[Text | None, WithJsonSchema({"type": "string", "minLength": 1})]
"""Words; described as required, and missed in our own words."""
