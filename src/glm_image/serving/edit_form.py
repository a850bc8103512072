"""Forms of edits: repeated files, text parts that stand for numbers, lists as ``name[]``."""

import json
from typing import Any

from fastapi import Request
from pydantic import ValidationError
from starlette.datastructures import UploadFile

from glm_image.serving.error_responses import as_request_error
from glm_image.serving.errors import Code, RequestError, TooLargeError
from glm_image.serving.ordering import Attached
from glm_image.serving.schemas.images import ImageRequest
from glm_image.serving.settings import RequestLimits

MAX_FIELDS = 200
"""Most text parts of a form."""

_PICTURES = ("image", "images", "url", "image_url")
"""Names under which clients send pictures."""

_LISTS = ("seed", "layout_seed")
_OBJECTS = ("stream_options", "sensitive_word_check")


async def read_edit(request: Request, limits: RequestLimits) -> tuple[ImageRequest, Attached]:
    """The fields and files of an edit, from a form or from JSON.

    Raises:
        RequestError: It is neither, or a part is not as expected.
        TooLargeError: A file is beyond its limit.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        return _from_json(await request.body()), Attached()
    if kind != "multipart/form-data":
        raise RequestError(
            f"the body is {kind[:60] or 'of no kind'}",
            code=Code.MALFORMED,
            field="Content-Type",
            hint="multipart/form-data, or application/json",
        )
    form = await request.form(
        max_files=limits.files, max_fields=MAX_FIELDS, max_part_size=limits.field_bytes
    )
    texts: list[tuple[str, str]] = []
    images: list[bytes] = []
    masks: list[bytes] = []
    try:
        for name, value in form.multi_items():
            plain = name.removesuffix("[]")
            if isinstance(value, str):
                texts.append((name, value))
            elif plain in _PICTURES:
                images.append(await read_file(value, limits, field="image"))
            elif plain == "mask":
                masks.append(await read_file(value, limits, field="mask"))
            else:
                raise RequestError(
                    "a file is not expected here", field=plain[:80], hint="image, image[] or mask"
                )
    finally:
        await form.close()
    if len(masks) > 1:
        raise RequestError(f"got {len(masks)}", field="mask", hint="send one")
    body = _validated(_fields(texts), strict=False)
    return body, Attached(images=tuple(images), mask=masks[0] if masks else None)


async def read_file(file: UploadFile, limits: RequestLimits, *, field: str) -> bytes:
    """The content of a file of a form.

    Raises:
        TooLargeError: It is beyond its limit.
    """
    if (file.size or 0) > limits.file_bytes:
        raise TooLargeError(
            f"a file of {file.size} bytes", field=field, hint=f"at most {limits.file_bytes} bytes"
        )
    return await file.read()


def _fields(texts: list[tuple[str, str]]) -> dict[str, Any]:
    """Text parts by name; what is sent as a list or as several parts is a list."""
    fields: dict[str, Any] = {}
    for name, text in texts:
        plain = name.removesuffix("[]")
        if plain in _PICTURES:
            fields.setdefault("images", []).append(text)
        elif plain in _LISTS and (name != plain or plain in fields):
            fields[plain] = [*_as_list(fields.get(plain)), text]
        elif plain in fields:
            raise RequestError("it is sent twice", field=plain[:80], hint="send it once")
        elif text == "":
            continue
        elif plain in _OBJECTS:
            fields[plain] = _parsed(text, plain)
        else:
            fields[plain] = text
    return fields


def _as_list(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _parsed(text: str, field: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise RequestError("it is no JSON", field=field, hint="send a JSON object") from None


def _from_json(data: bytes) -> ImageRequest:
    try:
        fields = json.loads(data)
    except (ValueError, RecursionError):
        raise RequestError(
            "the body is no JSON", code=Code.MALFORMED, field="body", hint="send a JSON object"
        ) from None
    if not isinstance(fields, dict):
        raise RequestError(
            "the body is no object", code=Code.MALFORMED, field="body", hint="send a JSON object"
        )
    return _validated(fields, strict=True)


def _validated(fields: dict[str, Any], *, strict: bool) -> ImageRequest:
    """The fields as a request; parts of forms are texts whatever they stand for."""
    try:
        return ImageRequest.model_validate(fields, strict=strict)
    except ValidationError as error:
        found = [{**one, "loc": ("body", *one["loc"])} for one in error.errors()]
        raise as_request_error(found) from None
