"""Rows of jobs with what belongs to them: their pictures, and their place among those that wait."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from glm_image.serving.records import Job, JobState, Picture
from glm_image.serving.store import rows
from glm_image.serving.store.database import Unit
from glm_image.serving.store.rows import Row
from glm_image.serving.store.tables import jobs, picture_parents, picture_tags, pictures, tenants


def complete(unit: Unit, found: Sequence[Row]) -> list[Job]:
    """Jobs with their pictures and positions.

    Args:
        unit: The transaction.
        found: Whole rows of ``jobs``.
    """
    made = [row.id for row in found if row.state == JobState.SUCCEEDED]
    waiting = [row.id for row in found if row.state == JobState.QUEUED]
    shown = _pictures_of(unit, made) if made else {}
    places = positions(unit, waiting) if waiting else {}
    return [rows.job(row, shown.get(row.id, ()), places.get(row.id)) for row in found]


def with_links(unit: Unit, found: Sequence[Row]) -> list[Picture]:
    """Pictures with their parents and tags.

    Args:
        unit: The transaction.
        found: Whole rows of ``pictures``.
    """
    links: dict[str, dict[str, list[str]]] = defaultdict(lambda: {"parent": [], "tag": []})
    if found:
        names = [row.id for row in found]
        for link in unit.connection.execute(_LINKS, {"names": names}):
            links[link.picture_id][link.kind].append(link.value)
    return [rows.picture(row, links[row.id]["parent"], links[row.id]["tag"]) for row in found]


def positions(unit: Unit, job_ids: Sequence[str]) -> dict[str, int]:
    """How many jobs will probably start before each of some that wait.

    This plays the choice of :meth:`Work.claim` forward: within a priority, the owner who has been
    given least is next, and every job moves its owner back by the pictures it asks for.
    """
    found = unit.connection.execute(_POSITIONS, {"names": list(job_ids)})
    return {row.id: row.number - 1 for row in found}


def _pictures_of(unit: Unit, job_ids: Iterable[str]) -> dict[str, list[Picture]]:
    found = unit.connection.execute(_PICTURES, {"names": list(job_ids)})
    shown: dict[str, list[Picture]] = defaultdict(list)
    for picture in with_links(unit, list(found)):
        shown[picture.job_id].append(picture)
    return shown


def _links() -> "sa.Select[tuple[str, str, str]]":
    """Parents and tags of some pictures, in order."""

    def of(table: sa.Table, column: "sa.Column[str]", kind: str) -> "sa.Select[Any]":
        return sa.select(
            table.c.picture_id,
            sa.literal_column(f"'{kind}'", sa.String).label("kind"),
            table.c.place,
            column.label("value"),
        ).where(table.c.picture_id.in_(_NAMES))

    both = sa.union_all(
        of(picture_parents, picture_parents.c.parent_id, "parent"),
        of(picture_tags, picture_tags.c.tag, "tag"),
    ).subquery()
    return sa.select(both.c.picture_id, both.c.kind, both.c.value).order_by(
        both.c.picture_id, both.c.place
    )


def _positions() -> "sa.Select[tuple[str, int]]":
    """Places of some jobs among all that wait, from 1."""
    before = sa.func.sum(jobs.c.images).over(
        partition_by=(jobs.c.priority, jobs.c.key_id),
        order_by=(jobs.c.created, jobs.c.id),
    )
    turn = (tenants.c.turn + before - jobs.c.images).label("turn")
    waiting = (
        sa.select(jobs.c.id, jobs.c.priority, jobs.c.created, turn)
        .join(tenants, tenants.c.key_id == jobs.c.key_id)
        .where(jobs.c.state == JobState.QUEUED)
        .subquery()
    )
    order = (waiting.c.priority.desc(), waiting.c.turn, waiting.c.created, waiting.c.id)
    number = sa.func.row_number().over(order_by=order).label("number")
    placed = sa.select(waiting.c.id, number).subquery()
    return sa.select(placed.c.id, placed.c.number).where(placed.c.id.in_(_NAMES))


# Made once, because every finished job executes them.
_NAMES: sa.BindParameter[str] = sa.bindparam("names", expanding=True)
_PICTURES = (
    sa.select(pictures)
    .where(pictures.c.job_id.in_(_NAMES), pictures.c.deleted.is_(None))
    .order_by(pictures.c.job_id, pictures.c.place)
)
_LINKS = _links()
_POSITIONS = _positions()
