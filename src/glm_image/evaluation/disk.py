"""Files that are either whole or not there, and their digests."""

import hashlib
import os
from pathlib import Path

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


def sha256_of(path: Path) -> str:
    """Digest of a file in hexadecimal digits, read piece by piece."""
    total = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            total.update(piece)
    return total.hexdigest()
