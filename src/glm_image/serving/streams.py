"""How many event streams are open."""

from collections import Counter

from glm_image.serving.errors import BusyError, Code


class Streams:
    """Counts the open streams of each owner."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    @property
    def open(self) -> int:
        """Streams that are open, of all owners."""
        return self._open.total()

    def enter(self, key_id: str, most: int) -> None:
        """Count one more.

        Raises:
            BusyError: There are too many.
        """
        if self._open[key_id] >= most:
            raise BusyError(
                f"{most} streams are open",
                code=Code.CONCURRENCY,
                field="events",
                hint="close one, or listen to all jobs on /api/events",
            )
        self._open[key_id] += 1

    def leave(self, key_id: str) -> None:
        """Count one less."""
        self._open[key_id] -= 1
        if not self._open[key_id]:
            del self._open[key_id]
