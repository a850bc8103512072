"""Rows of jobs with what belongs to them: their pictures, and their place among those that wait."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

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
    names = [row.id for row in found]
    parents = _grouped(unit, names, picture_parents, picture_parents.c.parent_id)
    tags = _grouped(unit, names, picture_tags, picture_tags.c.tag)
    return [rows.picture(row, parents.get(row.id, ()), tags.get(row.id, ())) for row in found]


def positions(unit: Unit, job_ids: Sequence[str]) -> dict[str, int]:
    """How many jobs will probably start before each of some that wait.

    This plays the choice of :meth:`Work.claim` forward: within a priority, the owner who has been
    given least is next, and every job moves its owner back by the pictures it asks for.
    """
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
    statement = sa.select(placed).where(placed.c.id.in_(job_ids))
    return {row.id: row.number - 1 for row in unit.connection.execute(statement)}


def _pictures_of(unit: Unit, job_ids: Iterable[str]) -> dict[str, list[Picture]]:
    statement = (
        sa.select(pictures)
        .where(pictures.c.job_id.in_(job_ids), pictures.c.deleted.is_(None))
        .order_by(pictures.c.job_id, pictures.c.place)
    )
    shown: dict[str, list[Picture]] = defaultdict(list)
    for picture in with_links(unit, list(unit.connection.execute(statement))):
        shown[picture.job_id].append(picture)
    return shown


def _grouped(
    unit: Unit, names: Sequence[str], table: sa.Table, column: "sa.Column[str]"
) -> dict[str, list[str]]:
    """Values of a table of links by picture."""
    if not names:
        return {}
    statement = (
        sa.select(table.c.picture_id, column)
        .where(table.c.picture_id.in_(names))
        .order_by(table.c.picture_id, table.c.place)
    )
    found: dict[str, list[str]] = defaultdict(list)
    for name, value in unit.connection.execute(statement):
        found[name].append(value)
    return found
