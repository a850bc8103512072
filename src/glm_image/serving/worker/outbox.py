"""What a worker has to say, waiting to be read; whoever speaks never waits."""

import threading
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

_MOST_PREVIEWS = 8
"""Previews that may wait; a reader that is slower gets fewer."""


class Outbox:
    """Writes frames to a pipe in a thread of its own.

    A reader that lags gets the latest progress of each order instead of all of it, and fewer
    previews. Everything else arrives, in the order in which it was said.

    Args:
        stream: The pipe.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._waiting: dict[Hashable, Frame] = {}
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
                    while not self._waiting and self._open:
                        self._changed.wait()
                    if not self._waiting:
                        return
                    frame = self._waiting.pop(next(iter(self._waiting)))
                self._stream.write(encode(frame))
                self._stream.flush()
