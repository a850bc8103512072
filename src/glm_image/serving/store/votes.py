"""Which of two pictures their owner likes better."""

from dataclasses import dataclass

import sqlalchemy as sa

from glm_image.errors import InputError
from glm_image.serving.records import Picture, new_id
from glm_image.serving.store import lookup, rows
from glm_image.serving.store.database import Unit
from glm_image.serving.store.part import Part
from glm_image.serving.store.reading import page_length
from glm_image.serving.store.rows import Row
from glm_image.serving.store.tables import jobs, pictures, votes


@dataclass(frozen=True, kw_only=True)
class Vote:
    """One comparison.

    Args:
        id: ``"vote_"`` and 26 characters.
        left: A picture.
        right: Another one.
        winner: The better one; None if they are equal.
        created: When, in seconds since 1970.
    """

    id: str
    left: str
    right: str
    winner: str | None = None
    created: float


@dataclass(frozen=True, kw_only=True)
class Ballot:
    """A vote with what it is about.

    Args:
        vote: The vote.
        left: The picture on the left.
        right: The picture on the right.
        models: Their models, by picture.
    """

    vote: Vote
    left: Picture
    right: Picture
    models: tuple[str, str]


class Votes(Part):
    """Comparisons of an owner; they go with the pictures that they are about."""

    def vote(self, key_id: str, left: str, right: str, winner: str | None) -> Vote:
        """Keep a comparison; the latest of two pictures counts, whichever side they were on.

        Raises:
            NotFoundError: There is no such picture.
            InputError: The pictures are the same one, or the winner is neither.
        """
        if left == right:
            raise InputError("it is the same picture", field="right", hint="name another one")
        if winner not in (None, left, right):
            raise InputError("it is neither", field="winner", hint="left, right, or null")
        with self._db.write() as unit:
            for name in (left, right):
                if rows.one(unit.connection, pictures, name, key_id).deleted is not None:
                    raise rows.missing(pictures.name, name)
            pair = (votes.c.left_id.in_((left, right)), votes.c.right_id.in_((left, right)))
            unit.connection.execute(sa.delete(votes).where(votes.c.key_id == key_id, *pair))
            kept = Vote(id=new_id("vote"), left=left, right=right, winner=winner, created=unit.now)
            values = {
                "id": kept.id,
                "key_id": key_id,
                "left_id": left,
                "right_id": right,
                "winner": winner,
                "created": kept.created,
            }
            unit.connection.execute(sa.insert(votes).values(values))
            return kept

    def votes(self, key_id: str, *, before: str | None = None, limit: int = 50) -> list[Vote]:
        """Comparisons, the latest first.

        Raises:
            NotFoundError: There is no vote ``before``.
            InputError: The page is too long.
        """
        with self._db.read() as unit:
            return [_vote(row) for row in _page(unit, key_id, before, limit)]

    def ballots(self, key_id: str, *, before: str | None = None, limit: int = 50) -> list[Ballot]:
        """Comparisons with their pictures, the latest first.

        Raises:
            NotFoundError: There is no vote ``before``.
            InputError: The page is too long.
        """
        with self._db.read() as unit:
            page = [_vote(row) for row in _page(unit, key_id, before, limit)]
            names = sorted({name for vote in page for name in (vote.left, vote.right)})
            found = sa.select(pictures).where(pictures.c.id.in_(names))
            shown = {
                one.id: one for one in lookup.with_links(unit, list(unit.connection.execute(found)))
            }
            models = sa.select(pictures.c.id, jobs.c.model).join(
                jobs, jobs.c.id == pictures.c.job_id
            )
            drawn = unit.connection.execute(models.where(pictures.c.id.in_(names)))
            model = {row.id: row.model for row in drawn}
            return [
                Ballot(
                    vote=vote,
                    left=shown[vote.left],
                    right=shown[vote.right],
                    models=(model[vote.left], model[vote.right]),
                )
                for vote in page
            ]

    def withdraw(self, vote_id: str, key_id: str) -> Vote:
        """Take a comparison back.

        Raises:
            NotFoundError: There is no such vote.
        """
        with self._db.write() as unit:
            row = rows.one(unit.connection, votes, vote_id, key_id, lock=True)
            unit.connection.execute(sa.delete(votes).where(votes.c.id == row.id))
            return _vote(row)


def _page(unit: Unit, key_id: str, before: str | None, limit: int) -> list[Row]:
    statement = sa.select(votes).where(votes.c.key_id == key_id)
    if before is not None:
        last = rows.one(unit.connection, votes, before, key_id)
        place = sa.tuple_(votes.c.created, votes.c.id)
        statement = statement.where(place < sa.tuple_(last.created, last.id))
    newest = statement.order_by(votes.c.created.desc(), votes.c.id.desc())
    return list(unit.connection.execute(newest.limit(page_length(limit))))


def _vote(row: Row) -> Vote:
    return Vote(
        id=row.id, left=row.left_id, right=row.right_id, winner=row.winner, created=row.created
    )
