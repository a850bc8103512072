"""Who wants to know what happens, within this process.

What the store keeps is the truth, and the hub says that there is something new: a listener that is
too slow loses previews, and is told to read the rest from the store. So a listener holds a bounded
number of events whatever happens, and nobody waits for it.
"""

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from glm_image.serving.records import Event, EventKind

CAPACITY = 256
"""Kept events that a listener holds; one that is further behind reads the store."""

PREVIEWS = 8
"""Previews that a listener holds, the latest of each picture."""


class Listener:
    """The events of one job or one owner, for one reader.

    Args:
        capacity: Most kept events that wait.
        previews: Most previews that wait.

    Attributes:
        behind: Whether kept events were dropped since this was last cleared; the store has them.
    """

    def __init__(self, capacity: int = CAPACITY, previews: int = PREVIEWS) -> None:
        self.behind = False
        self._capacity = capacity
        self._most_previews = previews
        self._kept: OrderedDict[tuple[str, object], Event] = OrderedDict()
        self._previews: OrderedDict[tuple[str, object], Event] = OrderedDict()
        self._ring = asyncio.Event()

    def offer(self, event: Event) -> None:
        """Take an event in; called in the loop."""
        if event.kind is EventKind.PREVIEW:
            key = (event.job_id, event.data.get("index"))
            self._previews.pop(key, None)
            self._previews[key] = event
            while len(self._previews) > self._most_previews:
                self._previews.popitem(last=False)
        elif len(self._kept) >= self._capacity:
            # Nothing is lost: what waits here is in the store, too.
            self._kept.clear()
            self.behind = True
        elif not self.behind:
            # Of progress only the latest matters; it keeps its place behind the other events.
            progress = event.kind is EventKind.PROGRESS
            slot = (event.job_id, EventKind.PROGRESS if progress else event.seq)
            self._kept.pop(slot, None)
            self._kept[slot] = event
        self._ring.set()

    def wake(self) -> None:
        """Let the reader look around."""
        self._ring.set()

    async def wait(self, seconds: float) -> bool:
        """Wait until there is something; False if there was nothing for so long."""
        try:
            async with asyncio.timeout(seconds):
                await self._ring.wait()
        except TimeoutError:
            return False
        return True

    def take(self) -> list[Event]:
        """All events that wait, previews last."""
        self._ring.clear()
        events = [*self._kept.values(), *self._previews.values()]
        self._kept.clear()
        self._previews.clear()
        return events


class Hub:
    """Passes events to those who listen for their job or their owner."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()
        self._listeners: dict[tuple[str, str], dict[Listener, None]] = {}

    def open(self) -> None:
        """Deliver in the running loop from now on."""
        self._loop = asyncio.get_running_loop()

    def close(self) -> None:
        """Deliver no more, and let all readers look around."""
        self.wake()
        self._loop = None

    def wake(self) -> None:
        """Let all readers look around; called in the loop."""
        with self._lock:
            listeners = [one for group in self._listeners.values() for one in group]
        for listener in listeners:
            listener.wake()

    def publish(self, event: Event) -> None:
        """Pass an event on; safe from every thread, and never waits."""
        loop = self._loop
        if loop is None or loop.is_closed():
            return
        with self._lock:
            # Whoever begins to listen later finds it in the store.
            heard = any(topic in self._listeners for topic in _topics(event))
        if heard:
            loop.call_soon_threadsafe(self._deliver, event)

    @contextmanager
    def listen(
        self, *, job_id: str | None = None, key_id: str | None = None, capacity: int = CAPACITY
    ) -> Iterator[Listener]:
        """Listen to a job, or to all jobs of an owner, within a ``with`` block."""
        topic = ("job", job_id) if job_id is not None else ("key", key_id or "")
        listener = Listener(capacity)
        with self._lock:
            self._listeners.setdefault(topic, {})[listener] = None
        try:
            yield listener
        finally:
            with self._lock:
                group = self._listeners[topic]
                del group[listener]
                if not group:
                    del self._listeners[topic]

    @property
    def listeners(self) -> int:
        """How many listen."""
        with self._lock:
            return sum(len(group) for group in self._listeners.values())

    def _deliver(self, event: Event) -> None:
        with self._lock:
            chosen = [one for topic in _topics(event) for one in self._listeners.get(topic, ())]
        for listener in chosen:
            listener.offer(event)


def _topics(event: Event) -> tuple[tuple[str, str], tuple[str, str]]:
    """What somebody listens to who hears of an event."""
    return ("job", event.job_id), ("key", event.key_id)
