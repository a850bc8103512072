"""What a worker has to say, waiting to be read; whoever speaks never waits."""

import math
import threading
import time
from collections.abc import Hashable
from contextlib import suppress
from typing import BinaryIO

from glm_image.serving.worker.protocol import (
    Beat,
    Frame,
    Preview,
    Step,
    Token,
    encode,
)

PROGRESS_SECONDS = 0.2
"""Least time between two words on how far an order is: each wakes the service, and the service
writes them down no oftener."""

_MOST_PREVIEWS = 8
"""Previews that may wait; a reader that is slower gets fewer."""


class Outbox:
    """Writes frames to a pipe in a thread of its own.

    How far an order is goes out a few times a second, and the latest of it instead of all. A reader
    that lags gets fewer previews. Everything else arrives at once, in the order in which it was
    said.

    Args:
        stream: The pipe.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._waiting: dict[Hashable, Frame] = {}
        self._due: dict[Hashable, float] = {}
        self._changed = threading.Condition()
        self._count = 0
        self._open = True
        self._thread = threading.Thread(target=self._work, name="outbox", daemon=True)
        self._thread.start()

    def put(self, frame: Frame) -> None:
        """Say something."""
        with self._changed:
            if not self._open:
                return
            if isinstance(frame.word, Preview) and self._previews >= _MOST_PREVIEWS:
                return
            self._count += 1
            key: Hashable = self._count
            if isinstance(frame.word, Token | Step | Beat):
                key = (frame.order, type(frame.word))
                self._waiting.pop(key, None)
            else:
                # What was said before it goes out before it.
                self._due.pop((frame.order, Token), None)
                self._due.pop((frame.order, Step), None)
            self._waiting[key] = frame
            self._changed.notify_all()

    def close(self, timeout: float) -> None:
        """Wait until everything is said, but no longer than ``timeout`` seconds."""
        with self._changed:
            self._open = False
            self._changed.notify_all()
        self._thread.join(timeout)

    @property
    def _previews(self) -> int:
        return sum(isinstance(frame.word, Preview) for frame in self._waiting.values())

    def _work(self) -> None:
        # The service is gone where the pipe is broken; the reading side of the worker ends it.
        with suppress(OSError, ValueError):
            while True:
                with self._changed:
                    while (key := self._ready()) is None:
                        if not self._waiting and not self._open:
                            return
                        self._changed.wait(self._rest())
                    frame = self._waiting.pop(key)
                    if isinstance(frame.word, Token | Step):
                        self._due[key] = time.monotonic() + PROGRESS_SECONDS
                self._stream.write(encode(frame))
                self._stream.flush()

    def _ready(self) -> Hashable | None:
        """What may go out now; after the end, everything."""
        now = time.monotonic()
        for key in self._waiting:
            if not self._open or self._due.get(key, 0.0) <= now:
                return key
        return None

    def _rest(self) -> float | None:
        """Seconds until something may go out; None if nothing waits."""
        if not self._waiting:
            return None
        soonest = min(self._due.get(key, math.inf) for key in self._waiting)
        return max(0.0, soonest - time.monotonic())
