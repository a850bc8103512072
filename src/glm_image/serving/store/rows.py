"""Rows of the tables as records, and back."""

import functools
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from glm_image.config import from_mapping
from glm_image.errors import NotFoundError
from glm_image.serving.accounts import Key, KeyLimits, Scope
from glm_image.serving.library import Conversation, Role, Turn, Upload
from glm_image.serving.records import (
    Drawing,
    Event,
    EventKind,
    Failure,
    Job,
    JobState,
    Picture,
    Stage,
    is_id,
)
from glm_image.serving.store import tables

Row = sa.Row[Any]
"""One row of a statement."""


def job(row: Row, pictures: Sequence[Picture] = (), position: int | None = None) -> Job:
    """A row of ``jobs``, with what belongs to it."""
    failure = None if row.failure is None else from_mapping(Failure, row.failure, source="failure")
    return Job(
        id=row.id,
        key_id=row.key_id,
        state=JobState(row.state),
        stage=None if row.stage is None else Stage(row.stage),
        done=row.done,
        total=row.total,
        position=position,
        attempt=row.attempt,
        seq=row.seq,
        drawing=from_mapping(Drawing, row.drawing, source="drawing"),
        pictures=tuple(pictures),
        failure=failure,
        created=row.created,
        started=row.started,
        finished=row.finished,
        waiter_until=row.waiter_until,
        priority=row.priority,
        conversation_id=row.conversation_id,
        request_key=row.request_key,
    )


def event(row: Row) -> Event:
    """A row of ``events``."""
    return Event(
        job_id=row.job_id,
        key_id=row.key_id,
        seq=row.seq,
        cursor=row.cursor,
        kind=EventKind(row.kind),
        data=row.data,
        at=row.at,
    )


def picture(row: Row, parents: Sequence[str], tags: Sequence[str]) -> Picture:
    """A row of ``pictures``, with what belongs to it."""
    return Picture(
        id=row.id,
        job_id=row.job_id,
        index=row.place,
        key=row.key,
        width=row.width,
        height=row.height,
        bytes=row.bytes,
        mime=row.mime,
        seed=int(row.seed),
        layout_seed=None if row.layout_seed is None else int(row.layout_seed),
        parents=tuple(parents),
        created=row.created,
        favourite=row.favourite,
        tags=tuple(tags),
        prompt=row.prompt,
    )


def picture_values(picture: Picture, key_id: str, prompt: str) -> dict[str, object]:
    """The row of a picture that was finished."""
    return {
        "id": picture.id,
        "job_id": picture.job_id,
        "place": picture.index,
        "key_id": key_id,
        "key": picture.key,
        "width": picture.width,
        "height": picture.height,
        "bytes": picture.bytes,
        "mime": picture.mime,
        "seed": str(picture.seed),
        "layout_seed": None if picture.layout_seed is None else str(picture.layout_seed),
        "prompt": prompt,
        "words": prompt.casefold(),
        "favourite": picture.favourite,
        "created": picture.created,
    }


def key(row: Row) -> Key:
    """A row of ``keys``, without its secret."""
    return Key(
        id=row.id,
        name=row.name,
        scopes=tuple(Scope(scope) for scope in row.scopes),
        limits=from_mapping(KeyLimits, row.limits, source="limits"),
        created=row.created,
        expires=row.expires,
        revoked=row.revoked,
        used=row.used,
    )


def upload(row: Row) -> Upload:
    """A row of ``uploads``."""
    return Upload(**row._mapping)


def conversation(row: Row) -> Conversation:
    """A row of ``conversations``."""
    return Conversation(**row._mapping)


def turn(row: Row) -> Turn:
    """A row of ``turns``."""
    return Turn(
        id=row.id,
        conversation_id=row.conversation_id,
        parent_id=row.parent_id,
        role=Role(row.role),
        text=row.text,
        picture_ids=tuple(row.picture_ids),
        job_id=row.job_id,
        created=row.created,
    )


def one(
    connection: sa.Connection, table: sa.Table, name: str, key_id: str | None, *, lock: bool = False
) -> Row:
    """The row of a thing that an owner may see.

    Args:
        connection: Where to look.
        table: With columns ``id`` and ``key_id``.
        name: The id.
        key_id: The owner; None sees everything.
        lock: Whether nobody else may change it until the end of the transaction.

    Raises:
        NotFoundError: There is no such thing, or it is somebody else's, which looks the same.
    """
    row = None
    if is_id(name):
        statement = _one(table, key_id is not None, lock)
        row = connection.execute(statement, {"name": name, "key_id": key_id}).first()
    if row is None:
        raise missing(table.name, name)
    return row


@functools.cache
def _one(table: sa.Table, owned: bool, lock: bool) -> "sa.Select[Any]":
    """The statement of :func:`one`, made once."""
    statement = sa.select(table).where(table.c.id == sa.bindparam("name"))
    if owned:
        statement = statement.where(table.c.key_id == sa.bindparam("key_id"))
    return statement.with_for_update() if lock else statement


def missing(kind: str, name: str) -> NotFoundError:
    """What is said about a thing that an owner may not see, or that is not there."""
    what = _WORDS.get(kind, kind)
    return NotFoundError(
        f"there is no {what} {name[:64]!r}", field="id", hint=f"list the {what}s to see which are"
    )


_WORDS = {
    tables.jobs.name: "job",
    tables.pictures.name: "picture",
    tables.uploads.name: "file",
    tables.conversations.name: "conversation",
    tables.turns.name: "turn",
    tables.keys.name: "key",
}
