"""A worker as Ray runs it: the same halves of the model, reached by calls instead of a pipe.

What goes in and out are the frames of :mod:`glm_image.serving.worker.protocol`, so that a cluster
and a pipe carry the same words.
"""

import asyncio
import io
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from itertools import count
from typing import Protocol

from glm_image.config import from_mapping
from glm_image.serving.records import ModelCard
from glm_image.serving.worker.protocol import (
    Done,
    Error,
    Frame,
    Load,
    ProtocolError,
    Submit,
    encode,
    read,
)


class Half(Protocol):
    """What takes orders."""

    card: ModelCard

    def submit(self, number: int, asked: Submit) -> None:
        """Begin an order."""

    def cancel(self, number: int) -> None:
        """Give an order up."""


class Replica(ABC):
    """One process of a cluster with one half of a model.

    Args:
        load: Which model, as plain values.
    """

    def __init__(self, load: dict[str, object]) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._numbers = count(1)
        self._said: dict[int, asyncio.Queue[Frame]] = {}
        self._half = self._open(from_mapping(Load, load, source="load"))

    @abstractmethod
    def _open(self, load: Load) -> Half:
        """Load the half of the model."""

    async def card(self) -> ModelCard:
        """What the model can do."""
        return self._half.card

    async def draw(self, order: bytes) -> AsyncGenerator[bytes, None]:
        """What is said about an order, as frames; leaving early gives it up.

        Raises:
            ProtocolError: It is no order.
        """
        frame = read(io.BytesIO(order))
        if frame is None or not isinstance(frame.word, Submit):
            raise ProtocolError("it is no order", field="frame")
        self._loop = asyncio.get_running_loop()
        number = next(self._numbers)
        said = self._said[number] = asyncio.Queue()
        try:
            # Sources are read and prompts are encoded here, which takes a while.
            await asyncio.to_thread(self._half.submit, number, frame.word)
            while True:
                answer = await said.get()
                yield encode(answer)
                if isinstance(answer.word, Done | Error):
                    return
        finally:
            self._half.cancel(number)
            del self._said[number]

    def say(self, frame: Frame) -> None:
        """Called by the half, in any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._pass_on, frame)

    def _pass_on(self, frame: Frame) -> None:
        said = self._said.get(frame.order)
        if said is not None:
            said.put_nowait(frame)


class WriterReplica(Replica):
    """Writes codes, for many orders side by side; it holds the generator alone."""

    def _open(self, load: Load) -> Half:
        from glm_image.serving.worker.scribe import Scribe

        return Scribe(load, self.say)


class PainterReplica(Replica):
    """Paints what others have written.

    Of the generator it holds what reads the sources of edits.
    """

    def _open(self, load: Load) -> Half:
        from glm_image.checkpoint.parts import PAINTING
        from glm_image.serving.worker.easel import Easel

        return Easel(load, self.say, PAINTING)
