"""What a picture was made from, what was made from it, and what was made beside it."""

from collections.abc import Iterable

import sqlalchemy as sa

from glm_image.serving.records import Picture
from glm_image.serving.store import lookup, rows
from glm_image.serving.store.database import Unit
from glm_image.serving.store.part import Part
from glm_image.serving.store.rows import Row
from glm_image.serving.store.tables import picture_parents, pictures

MOST_RELATIVES = 200
"""Pictures of an answer; a family that is larger is cut at its far ends."""


class Lineage(Part):
    """Families of pictures."""

    def lineage(self, picture_id: str, key_id: str | None) -> tuple[list[Picture], list[str]]:
        """The family of a picture, the oldest first.

        Args:
            picture_id: The picture.
            key_id: Its owner; None is the operator.

        Returns:
            The picture with its ancestors, its descendants and the other pictures of its job, all
            that are not thrown away; and the ids of ancestors that are.

        Raises:
            NotFoundError: There is no such picture.
        """
        with self._db.read() as unit:
            own = rows.one(unit.connection, pictures, picture_id, key_id)
            if own.deleted is not None:
                raise rows.missing(pictures.name, picture_id)
            found: dict[str, Row] = {own.id: own}
            beside = pictures.c.job_id == own.job_id
            _add(found, _kept(unit, own.key_id, beside))
            missing = _climb(unit, found, own)
            _descend(unit, found, own)
            ordered = sorted(found.values(), key=lambda row: (row.created, row.id))
            return lookup.with_links(unit, ordered), missing


def _climb(unit: Unit, found: dict[str, Row], own: Row) -> list[str]:
    """Add ancestors, generation by generation; gives the ids of those that are gone."""
    missing: list[str] = []
    seen, level = {own.id}, {own.id}
    while level and len(found) < MOST_RELATIVES:
        links = sa.select(picture_parents.c.parent_id).where(
            picture_parents.c.picture_id.in_(sorted(level))
        )
        names = set(unit.connection.execute(links).scalars()) - seen
        seen |= names
        above = _kept(unit, own.key_id, pictures.c.id.in_(sorted(names))) if names else []
        _add(found, above)
        level = {row.id for row in above}
        missing += sorted(names - level)
    return missing


def _descend(unit: Unit, found: dict[str, Row], own: Row) -> None:
    """Add descendants, generation by generation."""
    seen, level = {own.id}, {own.id}
    while level and len(found) < MOST_RELATIVES:
        links = sa.select(picture_parents.c.picture_id).where(
            picture_parents.c.parent_id.in_(sorted(level))
        )
        names = set(unit.connection.execute(links).scalars()) - seen
        seen |= names
        below = _kept(unit, own.key_id, pictures.c.id.in_(sorted(names))) if names else []
        _add(found, below)
        level = {row.id for row in below}


def _kept(unit: Unit, key_id: str, condition: sa.ColumnElement[bool]) -> list[Row]:
    """Pictures of an owner that are not thrown away."""
    statement = sa.select(pictures).where(
        condition, pictures.c.key_id == key_id, pictures.c.deleted.is_(None)
    )
    first = statement.order_by(pictures.c.created, pictures.c.id).limit(MOST_RELATIVES)
    return list(unit.connection.execute(first))


def _add(found: dict[str, Row], more: Iterable[Row]) -> None:
    for row in more:
        if len(found) < MOST_RELATIVES:
            found.setdefault(row.id, row)
