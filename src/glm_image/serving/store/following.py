"""Hearing what other processes of the service do, through PostgreSQL's notifications.

What :mod:`announcing` says of a transaction is read from the log and told to the listeners here, so
that a stream shows a job that another machine works on, and a worker stops when somebody cancels
elsewhere. SQLite has no such thing: a service on it is one process.
"""

import json
import logging
import threading
from collections.abc import Callable, Mapping

import psycopg
import sqlalchemy as sa

from glm_image.serving.records import Event
from glm_image.serving.store import rows
from glm_image.serving.store.announcing import CHANNEL
from glm_image.serving.store.tables import events

_LOG = logging.getLogger(__name__)

_LOOK_SECONDS = 0.25
"""How often the thread looks whether it should end."""

_PAUSE_SECONDS = 1.0
"""Pause before a lost server is asked again."""


class Follower:
    """A thread that hears what other processes do.

    Args:
        engine: Of the database.
        process: Who listens; what it made itself is not told again.
        tell: Called with every event of others, in the thread.
    """

    def __init__(self, engine: sa.Engine, process: str, tell: Callable[[Event], None]) -> None:
        self._engine = engine
        self._process = process
        self._tell = tell
        self._seen: dict[str, int] = {}
        self._ended = threading.Event()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._run, name="glm-image follower", daemon=True)

    def start(self) -> None:
        """Begin to listen; returns once nothing more is missed, or the server does not answer."""
        self._thread.start()
        self._listening.wait(timeout=5.0)

    def close(self) -> None:
        """Stop listening."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self._listen()
            except (psycopg.Error, sa.exc.DBAPIError) as error:
                _LOG.warning("other processes are not heard: %s", str(error).strip())
                self._ended.wait(_PAUSE_SECONDS)

    def _listen(self) -> None:
        arguments, options = self._engine.dialect.create_connect_args(self._engine.url)
        with psycopg.connect(*arguments, **{**options, "autocommit": True}) as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            self._listening.set()
            # What happened while the server was away.
            for key_id in list(self._seen):
                self._catch_up(key_id, None)
            while not self._ended.is_set():
                for notice in connection.notifies(timeout=_LOOK_SECONDS):
                    self._hear(json.loads(notice.payload))

    def _hear(self, news: Mapping[str, object]) -> None:
        key_id, first, last = str(news["key_id"]), int(str(news["first"])), int(str(news["last"]))
        before = self._seen.setdefault(key_id, first - 1)
        if news["process"] == self._process:
            self._seen[key_id] = max(before, last)
        else:
            self._catch_up(key_id, last)

    def _catch_up(self, key_id: str, last: int | None) -> None:
        """Tell what an owner's log has got since it was last read.

        Args:
            key_id: The owner.
            last: The last event to tell; None tells all, with those of this process, since nobody
                has said which they are. Listeners know an event by its number.
        """
        own = sa.select(events).where(
            events.c.key_id == key_id, events.c.cursor > self._seen[key_id]
        )
        if last is not None:
            own = own.where(events.c.cursor <= last)
        with self._engine.connect() as connection:
            found = [rows.event(row) for row in connection.execute(own.order_by(events.c.cursor))]
        for event in found:
            self._seen[key_id] = event.cursor
            self._tell(event)
