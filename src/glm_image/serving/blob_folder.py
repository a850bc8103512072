"""Files in a folder: each is there whole or not at all, also after a power cut."""

import contextlib
import os
import secrets
import time
from pathlib import Path

_LEFT_SECONDS = 3600.0
"""Age at which an unfinished file was surely left by a process that ended."""


class BlobFolder:
    """Writes files into a folder.

    A file is written under another name, brought onto the disk and then renamed, and the rename
    is brought onto the disk, too.

    Args:
        path: The folder; it is made.

    Raises:
        OSError: It cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._unfinished = path / ".unfinished"
        self._unfinished.mkdir(parents=True, exist_ok=True)
        self._sweep()

    def put(self, key: str, data: bytes) -> None:
        """Write a file, unless the same one is there already.

        Args:
            key: Its name, with one folder.
            data: Its content.

        Raises:
            OSError: There is no room, or no right. Nothing is left behind.
        """
        target = self.path / key
        if self._is_there(target, len(data)):
            return
        if not target.parent.exists():
            target.parent.mkdir(exist_ok=True)
            _sync_folder(self.path)
        temporary = self._unfinished / secrets.token_hex(16)
        try:
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
        _sync_folder(target.parent)

    def _is_there(self, target: Path, length: int) -> bool:
        """Whether the file is there; if so, it counts as stored just now."""
        try:
            if target.stat().st_size != length:
                return False
            os.utime(target)
        except FileNotFoundError:
            return False
        return True

    def _sweep(self) -> None:
        """Remove what processes that ended have left unfinished."""
        for path in self._unfinished.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > _LEFT_SECONDS:
                    path.unlink()


def _sync_folder(path: Path) -> None:
    """Bring the names in a folder onto the disk."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
