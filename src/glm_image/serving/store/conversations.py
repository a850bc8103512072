"""Conversations: trees of turns, each of which may show pictures."""

import dataclasses

import sqlalchemy as sa

from glm_image.errors import InputError
from glm_image.serving.library import MAX_TITLE_CHARACTERS, Conversation, Turn
from glm_image.serving.records import new_id
from glm_image.serving.store import rows
from glm_image.serving.store.database import Unit
from glm_image.serving.store.part import Part
from glm_image.serving.store.reading import page_length
from glm_image.serving.store.rows import Row
from glm_image.serving.store.tables import conversations, turns
from glm_image.serving.text import checked_line


class Conversations(Part):
    """Conversations of an owner; ``key_id`` None is the operator, who sees everything."""

    def create_conversation(self, key_id: str, title: str) -> Conversation:
        """Begin a conversation.

        Raises:
            InputError: The title cannot be stored.
        """
        checked_line(title, field="title", most=MAX_TITLE_CHARACTERS)
        with self._db.write() as unit:
            begun = Conversation(
                id=new_id("conv", unit.now),
                key_id=key_id,
                title=title,
                created=unit.now,
                updated=unit.now,
            )
            unit.connection.execute(sa.insert(conversations).values(dataclasses.asdict(begun)))
            return begun

    def conversation(self, conversation_id: str, key_id: str | None) -> Conversation:
        """A conversation.

        Raises:
            NotFoundError: There is none.
        """
        with self._db.read() as unit:
            row = rows.one(unit.connection, conversations, conversation_id, key_id)
            return rows.conversation(row)

    def conversations(
        self, key_id: str | None, *, before: str | None = None, limit: int = 50
    ) -> list[Conversation]:
        """Conversations, the one that was spoken in last first.

        Args:
            key_id: Their owner.
            before: Id of the last conversation of the page before.
            limit: Longest page, up to 1000.

        Raises:
            NotFoundError: There is no conversation ``before``.
            InputError: The page is too long.
        """
        statement = sa.select(conversations)
        if key_id is not None:
            statement = statement.where(conversations.c.key_id == key_id)
        with self._db.read() as unit:
            if before is not None:
                last = rows.one(unit.connection, conversations, before, key_id)
                place = sa.tuple_(conversations.c.updated, conversations.c.id)
                statement = statement.where(place < sa.tuple_(last.updated, last.id))
            latest = statement.order_by(conversations.c.updated.desc(), conversations.c.id.desc())
            page = unit.connection.execute(latest.limit(page_length(limit)))
            return [rows.conversation(row) for row in page]

    def rename_conversation(
        self, conversation_id: str, key_id: str | None, title: str
    ) -> Conversation:
        """Give a conversation another title.

        Raises:
            NotFoundError: There is no such conversation.
            InputError: The title cannot be stored.
        """
        checked_line(title, field="title", most=MAX_TITLE_CHARACTERS)
        with self._db.write() as unit:
            row = _held(unit, conversation_id, key_id)
            this = conversations.c.id == row.id
            unit.connection.execute(sa.update(conversations).where(this).values(title=title))
            return dataclasses.replace(rows.conversation(row), title=title)

    def delete_conversation(self, conversation_id: str, key_id: str | None) -> Conversation:
        """Forget a conversation with its turns. Its pictures stay.

        Raises:
            NotFoundError: There is no such conversation.
        """
        with self._db.write() as unit:
            row = _held(unit, conversation_id, key_id)
            this = conversations.c.id == row.id
            unit.connection.execute(sa.delete(conversations).where(this))
            return rows.conversation(row)

    def add_turn(self, conversation_id: str, key_id: str | None, turn: Turn) -> Turn:
        """Say something in a conversation.

        Raises:
            NotFoundError: There is no such conversation.
            InputError: The turn belongs to another conversation, or answers one of another.
        """
        if turn.conversation_id != conversation_id:
            raise InputError(
                f"the turn is of {turn.conversation_id!r}",
                field="conversation_id",
                hint="name the conversation that it is added to",
            )
        with self._db.write() as unit:
            _held(unit, conversation_id, key_id)
            if turn.parent_id is not None:
                parent = sa.select(turns.c.id).where(
                    turns.c.id == turn.parent_id, turns.c.conversation_id == conversation_id
                )
                if unit.connection.execute(parent).first() is None:
                    raise InputError(
                        f"{turn.parent_id!r} is no turn of this conversation",
                        field="parent_id",
                        hint="name a turn of it, or leave it out to begin anew",
                    )
            unit.connection.execute(sa.insert(turns).values(dataclasses.asdict(turn)))
            this = conversations.c.id == conversation_id
            unit.connection.execute(sa.update(conversations).where(this).values(updated=unit.now))
            return turn

    def turns(self, conversation_id: str, key_id: str | None) -> list[Turn]:
        """Everything that was said in a conversation, in order.

        Raises:
            NotFoundError: There is no such conversation.
        """
        with self._db.read() as unit:
            row = rows.one(unit.connection, conversations, conversation_id, key_id)
            said = sa.select(turns).where(turns.c.conversation_id == row.id)
            found = unit.connection.execute(said.order_by(turns.c.created, turns.c.id))
            return [rows.turn(one) for one in found]


def _held(unit: Unit, conversation_id: str, key_id: str | None) -> Row:
    """The row of a conversation that nobody else changes meanwhile."""
    return rows.one(unit.connection, conversations, conversation_id, key_id, lock=True)
