"""Pictures that requests bring along or name, as blobs of ours."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, unquote, urlsplit

from glm_image.serving import bare
from glm_image.serving.auth import Caller
from glm_image.serving.errors import RequestError, TooLargeError
from glm_image.serving.records import BlobKey
from glm_image.serving.schemas.images import AnyPicture
from glm_image.serving.service import Service
from glm_image.serving.settings import MIB
from glm_image.serving.sizes import PictureSize

FILES_PATH = "/files/"
"""Where the addresses of our own files begin."""

_IDS = ("img_", "file_")
_SMALL = MIB
"""Base64 up to this many characters is decoded at once, longer one in a thread."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A picture that a request works on.

    Args:
        key: Where its file lies.
        size: Pixels.
        parent: Its id, if it was made here.
        transparent: Whether it has an alpha channel.
    """

    key: BlobKey
    size: PictureSize
    parent: str | None = None
    transparent: bool = False


class Sources:
    """Reads the pictures of one request.

    Args:
        service: The service.
        caller: Who sends them; ids of others are not found.
    """

    def __init__(self, service: Service, caller: Caller) -> None:
        self._service = service
        self._caller = caller

    async def file(self, data: bytes, *, field: str) -> Source:
        """A picture that came as a file to be drawn from.

        A labelled picture of the caller stands for what lies beneath its label.

        Raises:
            RequestError: It is no picture that is read here.
            TooLargeError: It is beyond the limit of a file.
        """
        self._check_length(data, field=field)
        found = await self._service.call(
            bare.find, self._service.blobs, data, owner=self._caller.key_id
        )
        return await self._checked(data if found is None else found, field=field)

    async def upload(self, data: bytes, *, field: str) -> Source:
        """A picture that came as a file to be kept, and to be given out again as it came.

        Raises:
            RequestError: It is no picture that is read here.
            TooLargeError: It is beyond the limit of a file.
        """
        self._check_length(data, field=field)
        source = await self._checked(data, field=field)
        service, owner = self._service, self._caller.key_id
        plain = await service.call(bare.find, service.blobs, data, owner=owner)
        if plain is not None:
            await service.call(bare.keep, service.blobs, source.key, owner=owner, picture=plain)
        return source

    def _check_length(self, data: bytes, *, field: str) -> None:
        limit = self._service.settings.limits.file_bytes
        if len(data) > limit:
            raise TooLargeError(
                f"a file of {len(data)} bytes", field=field, hint=f"at most {limit} bytes"
            )

    async def _checked(self, data: bytes, *, field: str) -> Source:
        """A picture, once it has been looked at."""
        checked = await self._service.intake.check(data, field=field)
        await self._service.moderator.check_source(checked.data)
        key = await self._service.call(self._service.blobs.put, checked.data, checked.mime)
        return Source(
            key=key,
            size=PictureSize(width=checked.width, height=checked.height),
            transparent=checked.transparent,
        )

    async def read(self, picture: AnyPicture, *, field: str) -> Source:
        """A picture that a body names: base64, an address, or an id.

        Raises:
            RequestError: It cannot be read from there.
            NotFoundError: There is no such upload or picture.
        """
        text = reference(picture, field=field)
        if text.startswith(_IDS):
            return await self._stored(text)
        own = own_address(text, self._service.settings.public_url)
        if own is not None:
            key, query = own
            self._service.signer.verify(key, query)
            return await self.file(
                await self._service.call(self._service.blobs.get, key), field=field
            )
        if text.startswith(("http:", "https:")):
            return await self.file(
                await self._service.fetcher.fetch(text, field=field), field=field
            )
        if len(text) <= _SMALL:
            return await self.file(decode_base64(text, field=field), field=field)
        return await self.file(
            await self._service.call(decode_base64, text, field=field), field=field
        )

    async def read_all(self, pictures: Sequence[AnyPicture], *, field: str) -> list[Source]:
        """Pictures that a body names, in their order."""
        return [await self.read(picture, field=field) for picture in pictures]

    async def _stored(self, name: str) -> Source:
        store, owner = self._service.store, self._caller.key_id
        if name.startswith("img_"):
            picture = await self._service.call(store.picture, name, owner)
            plain = await self._beneath(picture.key)
            if plain is not None:
                return replace(await self._checked(plain, field="image"), parent=picture.id)
            size = PictureSize(width=picture.width, height=picture.height)
            return Source(key=picture.key, size=size, parent=picture.id)
        upload = await self._service.call(store.upload, name, owner)
        if upload.width is None or upload.height is None:
            raise RequestError(f"{name} is no picture", field="image", hint="upload a picture")
        plain = await self._beneath(upload.key)
        if plain is not None:
            return await self._checked(plain, field="image")
        return Source(key=upload.key, size=PictureSize(width=upload.width, height=upload.height))

    async def _beneath(self, key: BlobKey) -> bytes | None:
        """What lies beneath the label of a stored picture."""
        return await self._service.call(
            bare.beneath, self._service.blobs, bare.digest_of(key), owner=self._caller.key_id
        )


def reference(picture: AnyPicture, *, field: str) -> str:
    """The text that names a picture.

    Raises:
        RequestError: There is none.
    """
    if isinstance(picture, str):
        text: str | None = picture
    else:
        inner = picture.image_url
        nested = inner.get("url") if isinstance(inner, dict) else inner
        named = (picture.url, nested, picture.b64_json, picture.file_id)
        text = next((one for one in named if isinstance(one, str) and one), None)
    if not text or not text.strip():
        raise RequestError(
            "it names no picture",
            field=field,
            hint="a data URI, base64, an address, or the id of an upload or picture",
        )
    return text.strip()


def own_address(text: str, public_url: str | None) -> tuple[BlobKey, dict[str, str]] | None:
    """Blob and signature of an address that this service gave out; None for another one.

    Where it points to does not matter, its signature does.
    """
    try:
        if public_url is not None:
            text = text.removeprefix(public_url.rstrip("/"))
        parts = urlsplit(text)
    except ValueError:
        return None
    if parts.scheme not in ("", "http", "https") or not parts.path.startswith(FILES_PATH):
        return None
    query = dict(parse_qsl(parts.query))
    if "sig" not in query:
        return None
    return unquote(parts.path.removeprefix(FILES_PATH)), query


def decode_base64(text: str, *, field: str) -> bytes:
    """The bytes of a data URI or of bare base64.

    Raises:
        RequestError: It is neither.
    """
    if text.startswith("data:"):
        head, comma, text = text.partition(",")
        if not comma or not head.endswith(";base64"):
            raise RequestError(
                "the data URI is not base64", field=field, hint="data:image/png;base64,..."
            )
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise RequestError(
            "it is neither base64, nor an address, nor an id",
            field=field,
            hint="data:image/png;base64,...",
        ) from error
