"""Finished pictures: looked for, marked, thrown away and taken back."""

from collections.abc import Sequence

import sqlalchemy as sa

from glm_image.errors import InputError
from glm_image.serving.library import PictureQuery, checked_tags
from glm_image.serving.records import Picture
from glm_image.serving.store import lookup, rows
from glm_image.serving.store.database import Unit
from glm_image.serving.store.part import Part
from glm_image.serving.store.reading import page_length
from glm_image.serving.store.rows import Row
from glm_image.serving.store.tables import jobs, picture_parents, picture_tags, pictures


class Gallery(Part):
    """Pictures of an owner; ``key_id`` None is the operator, who sees everything."""

    def picture(self, picture_id: str, key_id: str | None) -> Picture:
        """A picture that is not thrown away.

        Raises:
            NotFoundError: There is none.
        """
        with self._db.read() as unit:
            return lookup.with_links(unit, [_kept(unit, picture_id, key_id)])[0]

    def pictures(
        self,
        key_id: str | None,
        query: PictureQuery | None = None,
        *,
        before: str | None = None,
        limit: int = 50,
    ) -> list[Picture]:
        """Pictures, the newest first.

        Args:
            key_id: Their owner.
            query: Which; by default all that are not thrown away.
            before: Id of the last picture of the page before.
            limit: Longest page, up to 1000.

        Raises:
            NotFoundError: There is no picture ``before``.
            InputError: The page is too long.
        """
        statement = sa.select(pictures).where(*_conditions(query or PictureQuery()))
        if key_id is not None:
            statement = statement.where(pictures.c.key_id == key_id)
        with self._db.read() as unit:
            if before is not None:
                last = rows.one(unit.connection, pictures, before, key_id)
                place = sa.tuple_(pictures.c.created, pictures.c.id)
                statement = statement.where(place < sa.tuple_(last.created, last.id))
            newest = statement.order_by(pictures.c.created.desc(), pictures.c.id.desc())
            page = unit.connection.execute(newest.limit(page_length(limit)))
            return lookup.with_links(unit, list(page))

    def patch_picture(
        self,
        picture_id: str,
        key_id: str | None,
        *,
        favourite: bool | None = None,
        tags: Sequence[str] | None = None,
    ) -> Picture:
        """Change what the owner says about a picture.

        Args:
            picture_id: The picture.
            key_id: Its owner.
            favourite: Whether the owner likes it; None leaves that.
            tags: The owner's words for it, instead of those it has; None leaves them.

        Raises:
            NotFoundError: There is no such picture.
            InputError: A tag cannot be stored.
        """
        words = None if tags is None else checked_tags(tuple(tags))
        with self._db.write() as unit:
            row = _kept(unit, picture_id, key_id, lock=True)
            if favourite is not None:
                this = sa.update(pictures).where(pictures.c.id == row.id)
                unit.connection.execute(this.values(favourite=favourite))
            if words is not None:
                mine = picture_tags.c.picture_id == row.id
                unit.connection.execute(sa.delete(picture_tags).where(mine))
                values = [
                    {"picture_id": row.id, "place": place, "tag": tag, "words": tag.casefold()}
                    for place, tag in enumerate(words)
                ]
                if values:
                    unit.connection.execute(sa.insert(picture_tags), values)
            return lookup.with_links(unit, [_kept(unit, picture_id, key_id)])[0]

    def delete_picture(self, picture_id: str, key_id: str | None) -> Picture:
        """Throw a picture away; for a while it can be taken back.

        Raises:
            NotFoundError: There is no such picture.
        """
        with self._db.write() as unit:
            row = _kept(unit, picture_id, key_id, lock=True)
            this = sa.update(pictures).where(pictures.c.id == row.id)
            unit.connection.execute(this.values(deleted=unit.now))
            return lookup.with_links(unit, [row])[0]

    def restore_picture(self, picture_id: str, key_id: str | None) -> Picture:
        """Take a picture back that was thrown away.

        Raises:
            NotFoundError: There is no such picture.
            InputError: It was thrown away too long ago.
        """
        with self._db.write() as unit:
            row = rows.one(unit.connection, pictures, picture_id, key_id, lock=True)
            if row.deleted is not None and row.deleted <= unit.now - self._policy.undo:
                raise InputError(
                    f"it was thrown away more than {self._policy.undo / 3600:g} hours ago",
                    field="id",
                    hint="draw it again with the parameters of its job",
                )
            this = sa.update(pictures).where(pictures.c.id == row.id)
            unit.connection.execute(this.values(deleted=None))
            return lookup.with_links(unit, [_kept(unit, picture_id, key_id)])[0]


def _kept(unit: Unit, picture_id: str, key_id: str | None, *, lock: bool = False) -> Row:
    """The row of a picture that is not thrown away."""
    row = rows.one(unit.connection, pictures, picture_id, key_id, lock=lock)
    if row.deleted is not None:
        raise rows.missing(pictures.name, picture_id)
    return row


def _conditions(query: PictureQuery) -> list[sa.ColumnElement[bool]]:
    """What must hold of a row of ``pictures``."""
    thrown = pictures.c.deleted.is_not(None)
    found: list[sa.ColumnElement[bool]] = [thrown if query.deleted else ~thrown]
    for word in query.text.casefold().split():
        among_tags = sa.exists().where(
            picture_tags.c.picture_id == pictures.c.id,
            picture_tags.c.words.contains(word, autoescape=True),
        )
        found.append(sa.or_(pictures.c.words.contains(word, autoescape=True), among_tags))
    for tag in query.tags:
        found.append(
            sa.exists().where(picture_tags.c.picture_id == pictures.c.id, picture_tags.c.tag == tag)
        )
    if query.favourite is not None:
        found.append(pictures.c.favourite == query.favourite)
    if query.job_id is not None:
        found.append(pictures.c.job_id == query.job_id)
    if query.parent is not None:
        found.append(
            sa.exists().where(
                picture_parents.c.picture_id == pictures.c.id,
                picture_parents.c.parent_id == query.parent,
            )
        )
    if query.conversation_id is not None:
        within = sa.select(jobs.c.id).where(jobs.c.conversation_id == query.conversation_id)
        found.append(pictures.c.job_id.in_(within))
    return found
