"""Making what SQLite has written survive a power cut, for many transactions at once."""

import os
import threading
from pathlib import Path


class WalSync:
    """Brings the log of a SQLite database onto the disk.

    SQLite in its mode NORMAL writes a transaction to the log and does not wait for the disk. Who
    promises something waits here. All who come while the disk is busy share its next turn, so that
    fifty promises cost two turns instead of fifty.

    Args:
        database: The file of the database; its log lies beside it.
    """

    def __init__(self, database: Path) -> None:
        self._log = database.with_name(database.name + "-wal")
        self._disk = threading.Lock()
        self._count = threading.Lock()
        self._written = 0
        self._safe = 0

    def wait(self) -> None:
        """Return when everything that was committed before is on the disk.

        Raises:
            OSError: The disk refuses.
        """
        with self._count:
            self._written += 1
            mine = self._written
        with self._disk:
            if self._safe >= mine:
                return
            with self._count:
                safe = self._written
            self._sync()
            self._safe = safe

    def _sync(self) -> None:
        try:
            file = os.open(self._log, os.O_RDWR)
        except FileNotFoundError:
            # The log is empty and gone: its content is in the database, which SQLite has synced.
            return
        try:
            os.fsync(file)
        finally:
            os.close(file)
