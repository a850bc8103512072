"""The fields of a request, one by one."""

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from glm_image.serving.errors import Code, RequestError
from glm_image.serving.qualities import steps_of
from glm_image.serving.records import MAX_SEED, ModelCard, OutputFormat
from glm_image.serving.schemas.images import AnyPicture, ImageRequest
from glm_image.serving.settings import RequestLimits
from glm_image.serving.sizes import PictureSize

T = TypeVar("T")

DRAWN_SEED_BITS = 32
"""Seeds that are drawn here are short enough to be typed again."""

MAX_KEY_CHARACTERS = 256
"""Longest name that a client gives its request."""

_NO_EFFECT = ("style", "moderation", "input_fidelity", "sensitive_word_check")
_OTHER_KINDS = ("svg", "complexity", "frame_count", "frame_duration_ms", "markup")


def check_prompt(text: str | None, limits: RequestLimits) -> str:
    """The words of a request.

    Raises:
        RequestError: There are none, or too many.
    """
    if text is None:
        raise RequestError(
            "it is missing",
            code=Code.FIELD_MISSING,
            field="prompt",
            hint="say what the picture shows",
        )
    if not text.strip():
        raise RequestError("it is blank", field="prompt", hint="say what the picture shows")
    if len(text) > limits.prompt_characters:
        raise RequestError(
            f"it has {len(text)} characters",
            code=Code.PROMPT_TOO_LONG,
            field="prompt",
            hint=f"shorten it to {limits.prompt_characters}",
        )
    return text


def read_seeds(given: int | list[int] | None, count: int, *, field: str) -> tuple[int, ...]:
    """One seed per picture: counted up from one, as listed, or drawn.

    Raises:
        RequestError: The list has another length.
    """
    if isinstance(given, list):
        if len(given) != count:
            raise RequestError(
                f"{len(given)} for {count} pictures", field=field, hint="one number, or one each"
            )
        return tuple(given)
    first = secrets.randbits(DRAWN_SEED_BITS) if given is None else given
    return tuple((first + index) % (MAX_SEED + 1) for index in range(count))


def read_format(text: str | None) -> OutputFormat:
    """The kind of file that a request asks for; nothing is PNG.

    Raises:
        RequestError: It is another one.
    """
    name = (text or "png").lower()
    try:
        return OutputFormat("jpeg" if name == "jpg" else name)
    except ValueError:
        raise RequestError(
            f"got {name[:40]!r}", field="output_format", hint="png, jpeg or webp"
        ) from None


def check_area(size: PictureSize, count: int, limits: RequestLimits) -> None:
    """Refuse what is more than one request may ask for.

    Raises:
        RequestError: There are too many pictures or pixels.
    """
    if count > limits.pictures:
        raise RequestError(f"got {count}", field="n", hint=f"1 to {limits.pictures}")
    millions = size.width * size.height * count / 1e6
    if millions > limits.megapixels:
        raise RequestError(
            f"{count} pictures of {size} are {millions:.1f} million pixels",
            field="n, size",
            hint=f"at most {limits.megapixels:g} million; ask for fewer or smaller pictures",
        )


def either(one: T | None, other: T | None, names: str) -> T | None:
    """The value of a field that has two spellings.

    Raises:
        RequestError: They disagree.
    """
    if one is not None and other is not None and one != other:
        raise RequestError(
            f"{one} and {other}", code=Code.FIELDS_EXCLUSIVE, field=names, hint="send one of them"
        )
    return other if one is None else one


def request_key(header: str | None, request_id: str | None) -> str | None:
    """What the client calls its request.

    Raises:
        RequestError: It is too long to be kept.
    """
    key = header or request_id or None
    if key is not None and len(key) > MAX_KEY_CHARACTERS:
        name = "Idempotency-Key" if header else "request_id"
        raise RequestError(
            f"it has {len(key)} characters", field=name, hint=f"at most {MAX_KEY_CHARACTERS}"
        )
    return key


def body_hash(fields: Mapping[str, Any], digests: Sequence[str]) -> str:
    """Equal for equal requests, whatever the order of their fields."""
    text = json.dumps([fields, list(digests)], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def notes_on(body: ImageRequest) -> tuple[str, ...]:
    """Fields that were sent and have no effect, in words."""
    idle = [name for name in _NO_EFFECT if _value(body, name) is not None]
    known = {*_NO_EFFECT, *_OTHER_KINDS}
    unknown = sorted(name for name in (body.model_extra or {}) if name not in known)
    return (
        *(f"{name} has no effect here" for name in idle),
        *(f"{name[:80]} is unknown and has no effect" for name in unknown),
    )


def _value(body: ImageRequest, name: str) -> object:
    return {**vars(body), **(body.model_extra or {})}.get(name)


def refuse_others(body: ImageRequest) -> None:
    """Refuse what would give something else than was asked for.

    Raises:
        RequestError: A field asks for another kind of picture, or is out of its range.
    """
    if body.background not in (None, "", "auto", "opaque"):
        raise RequestError(
            f"got {body.background[:40]!r}", field="background", hint="opaque or auto"
        )
    for name in _OTHER_KINDS:
        if _value(body, name) is not None:
            raise RequestError("it is not done here", field=name, hint="leave it out")
    if body.user_id is not None and not 6 <= len(body.user_id) <= 128:
        raise RequestError(
            f"it has {len(body.user_id)} characters", field="user_id", hint="6 to 128"
        )


def refuse_strangers(body: ImageRequest, card: ModelCard, *, has_mask: bool) -> None:
    """Refuse fields that mean nothing to the model.

    Args:
        body: Fields of the request.
        card: The model that it is for.
        has_mask: Whether a mask came as a file.

    Raises:
        RequestError: Names every such field.
    """
    strangers = [
        name
        for name in card.refused
        if _value(body, name) is not None or (name == "mask" and has_mask)
    ]
    if strangers:
        raise RequestError(
            f"{card.name} has nothing of the kind",
            field=", ".join(strangers),
            hint="leave it out, or ask another model",
        )


def named_images(body: ImageRequest) -> list[AnyPicture]:
    """The pictures that a body names.

    Raises:
        RequestError: Two fields name some.
    """
    if body.image is not None and body.images is not None:
        raise RequestError(
            "they mean the same",
            code=Code.FIELDS_EXCLUSIVE,
            field="image, images",
            hint="send one of them",
        )
    given = body.images if body.image is None else body.image
    if given is None:
        return []
    return given if isinstance(given, list) else [given]


def read_steps(body: ImageRequest, quality: str, card: ModelCard, limits: RequestLimits) -> int:
    """Denoising steps, from the number given or from the quality.

    Raises:
        RequestError: There are too many.
    """
    asked = either(body.steps, body.num_inference_steps, "steps, num_inference_steps")
    steps = steps_of(quality, card) if asked is None else asked
    if steps > limits.steps:
        raise RequestError(f"got {steps}", field="steps", hint=f"1 to {limits.steps}")
    return steps


def read_strength(given: float | None, sources: int) -> float | None:
    """How much an edit changes.

    Raises:
        RequestError: There is nothing to edit.
    """
    if given is not None and not sources:
        raise RequestError(
            "there is no image", field="strength", hint="give an image, or leave strength out"
        )
    return given
