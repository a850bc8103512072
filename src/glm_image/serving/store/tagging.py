"""The owner's words for pictures, counted."""

import sqlalchemy as sa

from glm_image.serving.library import TagCount
from glm_image.serving.store.part import Part
from glm_image.serving.store.tables import picture_tags, pictures

MOST_TAGS = 500
"""Longest list of tags."""


class Tagging(Part):
    """Tags of an owner; ``key_id`` None is the operator, who sees everything."""

    def tags(self, key_id: str | None) -> list[TagCount]:
        """Tags of the pictures that are not thrown away, the most used first.

        Args:
            key_id: Their owner.
        """
        count = sa.func.count().label("count")
        statement = (
            sa.select(picture_tags.c.tag, count)
            .join(pictures, pictures.c.id == picture_tags.c.picture_id)
            .where(pictures.c.deleted.is_(None))
            .group_by(picture_tags.c.tag)
            .order_by(count.desc(), picture_tags.c.tag)
            .limit(MOST_TAGS)
        )
        if key_id is not None:
            statement = statement.where(pictures.c.key_id == key_id)
        with self._db.read() as unit:
            found = unit.connection.execute(statement)
            return [TagCount(tag=row.tag, count=row[1]) for row in found]
