"""The caller's side of a request that an engine works on."""

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace

from glm_image.engine.attempt import Attempt
from glm_image.engine.events import (
    Cancelled,
    CodesReady,
    Ending,
    Event,
    Failed,
    Finished,
    News,
    OnEvent,
    PictureReady,
)
from glm_image.errors import CancelledError
from glm_image.pipeline.progress import Progress
from glm_image.pipeline.result import Result

_LOG = logging.getLogger(__name__)


class Ticket:
    """A request on its way: wait for it, watch it, give it up. Every thread may use it.

    Args:
        on_event: Called with every event.

    Attributes:
        future: Settled together with the ticket, for ``asyncio.wrap_future`` and callbacks.
    """

    def __init__(self, on_event: OnEvent | None = None) -> None:
        self.future: Future[Result] = Future()
        self.future.set_running_or_notify_cancel()
        self._on_event = on_event
        self._changed = threading.Condition()
        self._log: dict[str, tuple[int, Event]] = {}
        self._count = 0
        self._given_up = False
        self._ended = False

    def result(self, timeout: float | None = None) -> Result:
        """Wait for the pictures.

        Args:
            timeout: Seconds; None waits for ever.

        Raises:
            TimeoutError: They are not finished by then.
            CancelledError: Somebody gave the request up.
            GlmImageError: It failed. What the listener or a library raised is raised as it is.
        """
        return self.future.result(timeout)

    def done(self) -> bool:
        """Whether it is finished, failed or cancelled."""
        return self.future.done()

    def cancel(self) -> bool:
        """Give the request up; it stops after the token or the step under way.

        Returns:
            Whether it was still on its way.
        """
        with self._changed:
            self._given_up = self._given_up or not self._ended
            return not self._ended

    @property
    def given_up(self) -> bool:
        """Whether somebody asked to cancel."""
        return self._given_up

    def events(self) -> Iterator[Event]:
        """What has happened and happens, as it happens; ends with the request.

        Who reads slowly, or late, gets the latest of each stage instead of every step, and all
        pictures. What is read after the end draws no previews.
        """
        seen = 0
        while True:
            with self._changed:
                while self._count == seen and not self._ended:
                    self._changed.wait()
                news = [event for number, event in self._log.values() if number > seen]
                seen, ended = self._count, self._ended
            yield from news
            if ended:
                return

    def tell(self, event: News) -> None:
        """Let the caller know; for the engine.

        Raises:
            Exception: What the listener raises.
        """
        with self._changed:
            if self._ended:
                return
            self._note(event)
            listener = self._on_event
        if listener is not None:
            listener(event)

    def settle(self, ending: Ending) -> bool:
        """End the request; for the engine. Only the first ending counts.

        Returns:
            Whether this was the first.
        """
        with self._changed:
            if self._ended:
                return False
            self._ended = True
            listener = self._let_go()
            self._note(ending)
        match ending:
            case Finished():
                self.future.set_result(ending.result)
            case Failed():
                self.future.set_exception(ending.error)
            case Cancelled():
                self.future.set_exception(CancelledError("the request was cancelled"))
        if listener is not None:
            with Attempt() as attempt:
                listener(ending)
            if attempt.error is not None:
                _LOG.error("a listener failed after its request had ended", exc_info=attempt.error)
        return True

    def _let_go(self) -> OnEvent | None:
        """Forget who listens, and what draws and reads for events: each may know this ticket.

        Such a circle would wait for the garbage collector, which counts objects and not their
        bytes: beside those of the libraries it leaves hundreds of requests with their pictures.

        Returns:
            The listener.
        """
        self._log = {
            key: (
                number,
                replace(event, preview=None, rasters=None)
                if isinstance(event, Progress)
                else event,
            )
            for key, (number, event) in self._log.items()
        }
        listener, self._on_event = self._on_event, None
        return listener

    def _note(self, event: Event) -> None:
        """Keep the latest event of each stage and picture, in the order in which they came."""
        key = event.stage if isinstance(event, Progress) else type(event).__name__
        if isinstance(event, CodesReady | PictureReady):
            key = f"{key} {event.number}"
        self._count += 1
        self._log.pop(key, None)
        self._log[key] = (self._count, event)
        self._changed.notify_all()
