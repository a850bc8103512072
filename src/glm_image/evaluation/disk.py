"""Files that are either whole or not there, and their digests."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from glm_image.errors import InputError

_CHUNK = 1 << 20


def write_atomically(path: Path, data: bytes, *, owner: str = "") -> None:
    """Write a file so that at ``path`` there is the whole of it or what was there before.

    It is written under a hidden name beside its place, forced to disk and renamed. What a killed
    process leaves under the hidden name is overwritten by the next attempt. Folders are made.

    Args:
        path: Where it goes.
        data: Its content.
        owner: Part of the hidden name, for a file that several processes write.

    Raises:
        OSError: There is no room or no right.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}{owner}.part")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def only_one(path: Path, doing: str) -> Iterator[None]:
    """Hold a file that only one process at a time may work on.

    The system lets go of it when the process ends, however it ends.

    Args:
        path: The file; a hidden file beside it is locked.
        doing: What is being done, for the message to a second process.

    Raises:
        InputError: Another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(path.with_name(f".{path.name}.lock"), timeout=0):
            yield
    except Timeout as error:
        raise InputError(
            f"another process is {doing} {path}", field="run", hint="wait until it is done"
        ) from error


def sha256_of(path: Path) -> str:
    """Digest of a file in hexadecimal digits, read piece by piece."""
    total = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            total.update(piece)
    return total.hexdigest()
