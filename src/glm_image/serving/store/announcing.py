"""Saying to other processes of the service, through PostgreSQL, that something happened.

A notification says who made events, for which owner, and which numbers they have; the events
themselves are in the log.
"""

import json
from collections.abc import Sequence

import sqlalchemy as sa

from glm_image.serving.records import Event

CHANNEL = "glm_image_events"
"""Name that those who listen give to PostgreSQL."""


def announce(connection: sa.Connection, process: str, made: Sequence[Event]) -> None:
    """Have other processes told, once the transaction is committed.

    Args:
        connection: Of the transaction.
        process: Who made the events.
        made: The events; those of an owner have numbers without gaps.
    """
    for key_id in {event.key_id for event in made}:
        cursors = [event.cursor for event in made if event.key_id == key_id]
        news = {"process": process, "key_id": key_id, "first": cursors[0], "last": cursors[-1]}
        connection.execute(sa.select(sa.func.pg_notify(CHANNEL, json.dumps(news))))
