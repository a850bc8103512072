"""Files of the service, named by their content, in a folder or in S3.

A key is ``"ab/<sha256>.png"``: made here, never by a client, so no name from outside becomes a
path. The same content has the same key, and storing it twice keeps one file.
"""

import contextlib
import errno
import hashlib
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self, cast
from urllib.parse import parse_qsl, urlsplit

import obstore
from obstore import exceptions
from obstore.store import LocalStore, S3Store

from glm_image.errors import InputError, NotFoundError
from glm_image.serving.blob_folder import BlobFolder
from glm_image.serving.errors import UnavailableError
from glm_image.serving.records import BlobKey

if TYPE_CHECKING:
    from obstore import BytesStream
    from obstore.store import S3Config

CHUNK = 64 * 1024
"""Bytes that a stream yields at once, about."""

LOW_WATER = 512 * 2**20
"""Bytes that must be free before new work is accepted."""

_KEY = re.compile(r"([0-9a-f]{2})/\1[0-9a-f]{62}\.([a-z0-9]{2,4})")
_SUFFIXES = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "application/json": "json",
    "text/plain": "txt",
}
SUFFIXES = tuple(_SUFFIXES.values())
"""Endings of what is stored by its content."""

_MIMES = {suffix: mime for mime, suffix in _SUFFIXES.items()}
_UNKNOWN_MIME = "application/octet-stream"
_S3_OPTIONS = ("endpoint", "region", "virtual_hosted_style_request")
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, kw_only=True)
class BlobInfo:
    """What is known of a file without reading it.

    Args:
        bytes: Length.
        mime: Media type.
        modified: When it was last stored, in seconds since 1970.
    """

    bytes: int
    mime: str
    modified: float


class Blobs:
    """Stores files and gives them back.

    Args:
        store: Where they lie.
        folder: The same place if it is a folder of this machine: it is written with more care
            than a store of objects knows, and its free room is watched.
        low_water: Bytes that must be free before new work is accepted.
    """

    def __init__(
        self, store: LocalStore | S3Store, folder: BlobFolder | None, low_water: int = LOW_WATER
    ) -> None:
        self._store = store
        self._folder = folder
        self._low_water = low_water

    @classmethod
    def open(cls, url: str, *, low_water: int = LOW_WATER) -> Self:
        """Open a place for files.

        Args:
            url: A folder, ``file:///folder``, or ``s3://bucket/prefix?endpoint=...&region=...``;
                credentials for S3 come from the usual ``AWS_*`` environment.
            low_water: Bytes that must be free before new work is accepted; a folder only.

        Raises:
            InputError: The address is of no such kind.
            UnavailableError: The folder cannot be made.
        """
        parts = urlsplit(url)
        if parts.scheme == "s3" and parts.netloc:
            return cls(_open_s3(url), None, low_water)
        if parts.scheme not in ("", "file") or (parts.scheme and parts.netloc) or not parts.path:
            raise _wrong_url(url)
        path = Path(parts.path if parts.scheme else url).expanduser().absolute()
        with _in_words():
            folder = BlobFolder(path)
        return cls(LocalStore(path), folder, low_water)

    def put(self, data: bytes, mime: str) -> BlobKey:
        """Store a file; when this returns, it survives a power cut.

        Args:
            data: Its content.
            mime: Its media type; an unknown one is stored as plain bytes.

        Raises:
            UnavailableError: There is no room, or the store does not answer. Nothing of the file
                is left behind.
        """
        digest = hashlib.sha256(data).hexdigest()
        key = f"{digest[:2]}/{digest}.{_SUFFIXES.get(mime, 'bin')}"
        self._write(key, data)
        return key

    def put_beside(self, key: BlobKey, suffix: str, data: bytes) -> BlobKey:
        """Store what belongs to a file under the same name with another ending.

        Args:
            key: Of the file.
            suffix: Two to four letters that no kind of file has.
            data: The content.

        Raises:
            UnavailableError: There is no room, or the store does not answer.
        """
        place = _checked(f"{_checked(key).partition('.')[0]}.{suffix}")
        self._write(place, data)
        return place

    def _write(self, key: BlobKey, data: bytes) -> None:
        with _in_words():
            if self._folder is None:
                obstore.put(self._store, key, data)
            else:
                self._folder.put(key, data)

    def get(self, key: BlobKey) -> bytes:
        """The content of a file.

        Raises:
            NotFoundError: There is none.
            UnavailableError: The store does not answer.
        """
        with _in_words(key):
            return bytes(obstore.get(self._store, _checked(key)).bytes())

    def stream(self, key: BlobKey, chunk: int = CHUNK) -> Iterator[bytes]:
        """The content of a file, bit by bit; whoever reads slowly holds little of it.

        The file is looked up at once, so that what is not there is refused before the first byte.

        Raises:
            NotFoundError: There is none.
            UnavailableError: The store does not answer.
        """
        with _in_words(key):
            parts = obstore.get(self._store, _checked(key)).stream(min_chunk_size=chunk)
        return _read(parts, key)

    def info(self, key: BlobKey) -> BlobInfo:
        """What is known of a file.

        Raises:
            NotFoundError: There is none.
            UnavailableError: The store does not answer.
        """
        with _in_words(key):
            meta = obstore.head(self._store, _checked(key))
        return BlobInfo(
            bytes=meta["size"],
            mime=_MIMES.get(key.rpartition(".")[2], _UNKNOWN_MIME),
            modified=meta["last_modified"].timestamp(),
        )

    def exists(self, key: BlobKey) -> bool:
        """Whether there is a file.

        Raises:
            UnavailableError: The store does not answer.
        """
        with contextlib.suppress(NotFoundError):
            self.info(key)
            return True
        return False

    def delete(self, key: BlobKey, *, older_than: float = 0.0) -> bool:
        """Delete a file.

        Args:
            key: Its key.
            older_than: Leave it if it was stored less than so many seconds ago.

        Returns:
            Whether it was there and is gone.

        Raises:
            UnavailableError: The store does not answer.
        """
        try:
            # S3 does not tell whether there was something to delete.
            age = time.time() - self.info(key).modified
            if older_than and age < older_than:
                return False
            with _in_words(key):
                obstore.delete(self._store, _checked(key))
        except NotFoundError:
            return False
        return True

    def keys(self) -> Iterator[BlobKey]:
        """Keys of all files, in no order.

        Raises:
            UnavailableError: The store does not answer.
        """
        with _in_words():
            for batch in obstore.list(self._store):
                yield from (meta["path"] for meta in batch if _KEY.fullmatch(meta["path"]))

    def free(self) -> int | None:
        """Free bytes of the folder; None elsewhere."""
        if self._folder is None:
            return None
        with _in_words():
            return shutil.disk_usage(self._folder.path).free

    def check_room(self) -> None:
        """Find out before the work whether its result will have room.

        Raises:
            UnavailableError: There is less room than the low-water mark.
        """
        free = self.free()
        if free is not None and free < self._low_water:
            raise UnavailableError(
                f"{free >> 20} MiB are free, new work needs {self._low_water >> 20} MiB",
                retry_after=None,
                field="blobs",
                hint="the operator must free some room",
            )


def _open_s3(url: str) -> S3Store:
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    unknown = set(options) - set(_S3_OPTIONS)
    if unknown:
        raise InputError(
            f"{url!r} has the option {min(unknown)!r}",
            field="blobs",
            hint=f"known: {', '.join(_S3_OPTIONS)}",
        )
    plain = options.get("endpoint", "").startswith("http://")
    return S3Store(
        parts.netloc,
        prefix=parts.path.strip("/") or None,
        config=cast("S3Config", options),
        client_options={"allow_http": plain},
    )


def _read(parts: "BytesStream", key: BlobKey) -> Iterator[bytes]:
    with _in_words(key):
        for part in parts:
            yield bytes(part)


def _checked(key: BlobKey) -> BlobKey:
    """A key, if it is one.

    Raises:
        NotFoundError: It is not, so there is nothing.
    """
    if _KEY.fullmatch(key) is None:
        raise _missing(key)
    return key


def _missing(key: BlobKey) -> NotFoundError:
    return NotFoundError(f"there is no file {key[:80]!r}", field="key", hint="it may be deleted")


def _wrong_url(url: str) -> InputError:
    return InputError(
        f"{url!r} is no place for files",
        field="blobs",
        hint="name a folder, or s3://bucket/prefix?endpoint=...&region=...",
    )


@contextlib.contextmanager
def _in_words(key: BlobKey = "") -> Iterator[None]:
    """Say in the words of the service what a store refuses."""
    try:
        yield
    except (exceptions.NotFoundError, FileNotFoundError) as error:
        raise _missing(key) from error
    except (exceptions.BaseError, OSError) as error:
        full = isinstance(error, OSError) and error.errno in _NO_ROOM
        raise UnavailableError(
            "there is no room for files" if full else "the store of files does not answer",
            retry_after=None if full else 5.0,
            field="blobs",
            hint="the operator must free some room" if full else "try again",
        ) from error
