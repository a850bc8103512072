"""Pictures that clients give, to be named by id later."""

import time
from datetime import UTC, datetime

from fastapi import Request
from starlette.datastructures import UploadFile

from glm_image.serving.auth import Caller
from glm_image.serving.edit_form import MAX_FIELDS, read_file
from glm_image.serving.errors import Code, RequestError
from glm_image.serving.library import MAX_FILENAME_CHARACTERS, Upload
from glm_image.serving.records import new_id
from glm_image.serving.service import Service
from glm_image.serving.sources import Sources

MAX_PURPOSE_CHARACTERS = 64


async def read_upload(service: Service, caller: Caller, request: Request) -> Upload:
    """The upload in a form with the parts ``file`` and ``purpose``.

    Raises:
        RequestError: There is no such form, or the file is no picture.
        TooLargeError: It is beyond the limit of a file.
    """
    data, name, purpose = await read_form_file(service, request)
    source = await Sources(service, caller).upload(data, field="file")
    info = await service.call(service.blobs.info, source.key)
    return await service.call(
        service.store.add_upload,
        Upload(
            id=new_id("file"),
            key_id=caller.key_id,
            key=source.key,
            filename=name or f"upload-{datetime.now(UTC):%Y%m%d-%H%M%S}.png",
            purpose=purpose,
            mime=info.mime,
            bytes=info.bytes,
            width=source.size.width,
            height=source.size.height,
            created=time.time(),
        ),
    )


async def read_form_file(service: Service, request: Request) -> tuple[bytes, str, str]:
    """The file of a form with the parts ``file`` and ``purpose``, its name and its purpose.

    Raises:
        RequestError: There is no such form, or no file in it.
        TooLargeError: It is beyond the limit of a file.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "multipart/form-data":
        raise RequestError(
            f"the body is {kind[:60] or 'of no kind'}",
            code=Code.MALFORMED,
            field="Content-Type",
            hint="multipart/form-data with the parts file and purpose",
        )
    limits = service.settings.limits
    form = await request.form(max_files=1, max_fields=MAX_FIELDS, max_part_size=limits.field_bytes)
    try:
        file, purpose = form.get("file"), form.get("purpose") or "vision"
        if not isinstance(file, UploadFile):
            raise RequestError(
                "it is missing", code=Code.FIELD_MISSING, field="file", hint="send a picture"
            )
        if not isinstance(purpose, str) or len(purpose) > MAX_PURPOSE_CHARACTERS:
            raise RequestError(
                "it is no short text", field="purpose", hint="vision, or another word"
            )
        data = await read_file(file, limits, field="file")
        name = clean_name(file.filename or "")
    finally:
        await form.close()
    return data, name, purpose


def clean_name(name: str) -> str:
    """The last part of a file name, without what terminals or headers could take amiss."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(char if char.isprintable() and char not in '"<>|:*?' else "_" for char in last)
    return kept.strip(". ")[:MAX_FILENAME_CHARACTERS]
