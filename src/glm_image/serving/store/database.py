"""Transactions on SQLite or PostgreSQL, and the events that they tell about once they are done.

A transaction is durable or not. A durable one survives a power cut once it is done; it is for what
the service promises. What can be done again after a power cut, such as progress, is not durable
and costs no turn of the disk. Both survive the end of any process, and neither leaves half of
itself behind.
"""

import contextlib
import functools
import logging
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from glm_image.errors import InputError
from glm_image.serving.errors import UnavailableError
from glm_image.serving.records import Event
from glm_image.serving.store.announcing import announce
from glm_image.serving.store.wal import WalSync

if TYPE_CHECKING:
    from glm_image.serving.store.following import Follower

_LOG = logging.getLogger(__name__)

_BUSY_SECONDS = 30.0
"""How long a transaction waits for its turn."""

_BUSY_REST = 0.01
"""Seconds between two requests for a log of changes."""

_NO_ROOM = ("disk is full", "no space left", "could not extend file", "disk i/o error")

Clock = Callable[[], float]
"""Tells the present, in seconds since 1970."""

Listener = Callable[[Event], None]
"""Called with every event that is kept, after it is, in the thread that made or heard it. It is
quick."""


@dataclass(frozen=True)
class Unit:
    """A transaction under way.

    Args:
        connection: Where statements are executed.
        now: The present, the same for all of the transaction.
        events: What listeners are told when it is committed.
    """

    connection: sa.Connection
    now: float
    events: list[Event] = field(default_factory=list)


class Database:
    """A database of the service.

    SQLite has one writer at a time. Those of one process stand in line here, in order, because
    its own way is to try again after a nap; those of other processes wait in SQLite.

    Args:
        url: ``sqlite:///folder/file.db`` or ``postgresql://user@host/name``.
        clock: Tells the present.

    Attributes:
        process: A name for this process among those that share the database.

    Raises:
        InputError: The address is of neither kind.
    """

    def __init__(self, url: str, clock: Clock = time.time) -> None:
        self.url = _parsed(url)
        self.clock = clock
        self.process = secrets.token_hex(8)
        self.engine = _engine(self.url)
        self._writers = self.engine.execution_options(writes=True)
        self._line: contextlib.AbstractContextManager[object] = (
            threading.Lock() if self.is_sqlite else contextlib.nullcontext()
        )
        self._log = WalSync(Path(str(self.url.database))) if self.is_sqlite else None
        self._listeners: list[Listener] = []
        self._follower: Follower | None = None
        self._following = threading.Lock()

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a file."""
        return self.url.get_backend_name() == "sqlite"

    @contextlib.contextmanager
    def read(self) -> Iterator[Unit]:
        """A transaction that only looks.

        Raises:
            UnavailableError: The database does not answer.
        """
        with _in_words(), self.engine.begin() as connection:
            yield Unit(connection, self.clock())

    @contextlib.contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Unit]:
        """A transaction that changes something, then tells the listeners.

        Args:
            durable: Whether it must survive a power cut.

        Raises:
            UnavailableError: The database does not answer, or has no room.
        """
        with _in_words():
            with self._line, self._writers.begin() as connection:
                if not self.is_sqlite and not durable:
                    connection.exec_driver_sql("SET LOCAL synchronous_commit TO off")
                unit = Unit(connection, self.clock())
                yield unit
                if not self.is_sqlite:
                    announce(connection, self.process, unit.events)
            if self._log is not None and durable:
                self._log.wait()
        for event in unit.events:
            self._tell(event)

    def checkpoint(self) -> None:
        """Move the log of SQLite into its file, beside the work of others."""
        if self.is_sqlite:
            with _in_words(), self.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")

    def subscribe(self, listener: Listener) -> None:
        """Tell a listener about every event from now on, whichever process makes it."""
        with self._following:
            self._listeners.append(listener)
            if not self.is_sqlite and self._follower is None:
                # Its driver is there only where PostgreSQL is used.
                from glm_image.serving.store.following import Follower

                self._follower = Follower(self.engine, self.process, self._tell)
                self._follower.start()

    def put(
        self,
        unit: Unit,
        table: sa.Table,
        row: Mapping[str, object],
        *,
        replaced: Sequence[str] = (),
        added: Sequence[str] = (),
    ) -> None:
        """Insert a row unless there is one with the same key.

        Args:
            unit: The transaction.
            table: Where.
            row: The row.
            replaced: Columns of the row that is there that are set to the new values.
            added: Columns of the row that is there to which the new values are added.
        """
        unit.connection.execute(_put(self.is_sqlite, table, tuple(replaced), tuple(added)), row)

    def close(self) -> None:
        """Stop listening and give all connections back."""
        with self._following:
            if self._follower is not None:
                self._follower.close()
                self._follower = None
        self.engine.dispose()

    def _tell(self, event: Event) -> None:
        for listener in self._listeners:
            listener(event)


@functools.cache
def _put(
    is_sqlite: bool, table: sa.Table, replaced: tuple[str, ...], added: tuple[str, ...]
) -> sa.Insert:
    """The statement of :meth:`Database.put`, made once."""
    insert: sqlite.Insert | postgresql.Insert = (
        sqlite.insert(table) if is_sqlite else postgresql.insert(table)
    )
    if not replaced and not added:
        return insert.on_conflict_do_nothing()
    values: dict[str, sa.ColumnElement[object]] = {name: insert.excluded[name] for name in replaced}
    values.update({name: table.c[name] + insert.excluded[name] for name in added})
    return insert.on_conflict_do_update(index_elements=unique(table), set_=values)


def unique(table: sa.Table) -> list[str]:
    """The columns that tell rows of a table apart."""
    constraints = [one for one in table.constraints if isinstance(one, sa.UniqueConstraint)]
    columns: Sequence[sa.Column[object]] = list(table.primary_key.columns or constraints[0].columns)
    return [column.name for column in columns]


def _parsed(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise _wrong_url(url) from error
    if parsed.drivername in ("postgres", "postgresql", "postgresql+psycopg"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername != "sqlite" or not parsed.database or parsed.database == ":memory:":
        raise _wrong_url(parsed.render_as_string(hide_password=True))
    return parsed


def _wrong_url(url: str) -> InputError:
    return InputError(
        f"{url!r} is no database of the service",
        field="database",
        hint="write sqlite:////folder/service.db or postgresql://user@host/name",
    )


def _engine(url: sa.URL) -> sa.Engine:
    if url.get_backend_name() != "sqlite":
        if find_spec("psycopg") is None:
            raise InputError(
                "PostgreSQL needs the package psycopg",
                field="database",
                hint="pip install 'psycopg[binary]', or leave the database out",
            )
        # Servers allow a hundred connections unless told otherwise, and several services share one.
        return sa.create_engine(
            url, pool_size=10, max_overflow=10, pool_timeout=_BUSY_SECONDS, pool_pre_ping=True
        )
    engine = sa.create_engine(
        url,
        pool_size=10,
        max_overflow=30,
        pool_timeout=_BUSY_SECONDS,
        connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
    )
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _: object) -> None:
    # Transactions are begun below; the driver would begin them late and without a lock.
    connection.isolation_level = None
    cursor = connection.cursor()
    _use_wal(cursor)
    # Who promises something waits for the disk in WalSync.
    cursor.execute("PRAGMA synchronous=NORMAL")
    # The log is moved by checkpoint(); this is for those who never call it.
    cursor.execute("PRAGMA wal_autocheckpoint=16000")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _use_wal(cursor: sqlite3.Cursor) -> None:
    """Have changes written to a log.

    Of several that ask for it at once on a new database, SQLite lets some wait for nothing and
    tells them that it is busy.
    """
    end = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(_BUSY_REST)
        else:
            return


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextlib.contextmanager
def _in_words() -> Iterator[None]:
    """Say in the words of the service that the database cannot do its work."""
    try:
        yield
    except (DBAPIError, PoolTimeoutError, OSError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        text = str(cause).strip()
        _LOG.error("the database does not do its work: %s", text)
        full = any(words in text.lower() for words in _NO_ROOM)
        raise UnavailableError(
            "the database has no room" if full else "the database does not answer",
            retry_after=None if full else 5.0,
            field="database",
            hint="free some room" if full else "try again; the log of the service says more",
        ) from error
