"""Conversations that are kept: what was said, what it started, what came of it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from glm_image.serving.auth import Caller
from glm_image.serving.errors import RequestError
from glm_image.serving.library import PictureQuery, Role, Turn
from glm_image.serving.ordering import Attached, read_order, submit
from glm_image.serving.planner import Said
from glm_image.serving.records import Job, Picture, new_id
from glm_image.serving.schemas.images import ImageRequest
from glm_image.serving.schemas.library import TurnRequest
from glm_image.serving.service import Service

MOST_PICTURES = 1000
"""Pictures of a conversation that are shown."""

ROOT = "root"
"""Parent of a turn that answers nothing although others were said before it."""

ORDER_SECONDS = 0.001
"""An answer is later than what it answers, also in its id, which counts milliseconds."""


@dataclass(frozen=True, kw_only=True)
class Talk:
    """The turns of a conversation with what they started.

    Args:
        turns: In the order in which they were said.
        pictures: By the job that made them.
    """

    turns: Sequence[Turn]
    pictures: dict[str, list[Picture]]

    def shown(self, turn: Turn) -> list[Picture]:
        """Pictures that a turn has brought about."""
        return self.pictures.get(turn.job_id or "", []) if turn.role is Role.ASSISTANT else []

    def branch(self, turn_id: str | None) -> list[Turn]:
        """A turn and what it answers, from the first one on.

        Raises:
            RequestError: There is no such turn.
        """
        by_id = {turn.id: turn for turn in self.turns}
        found: list[Turn] = []
        while turn_id is not None:
            turn = by_id.get(turn_id)
            if turn is None:
                raise RequestError(
                    f"there is no turn {turn_id[:60]!r}",
                    field="parent_id",
                    hint="a turn of this conversation",
                )
            found.append(turn)
            turn_id = turn.parent_id
        return found[::-1]


@dataclass(frozen=True, kw_only=True)
class Started:
    """What a turn has started.

    Args:
        turn: What the user said.
        answer: What will show the pictures.
        job: Draws them.
    """

    turn: Turn
    answer: Turn
    job: Job


def read_talk(service: Service, conversation_id: str, key_id: str) -> Talk:
    """A conversation as it is kept; blocks.

    Raises:
        NotFoundError: There is no such conversation of this owner.
    """
    turns = service.store.turns(conversation_id, key_id)
    query = PictureQuery(conversation_id=conversation_id)
    pictures: dict[str, list[Picture]] = {}
    for picture in service.store.pictures(key_id, query, limit=MOST_PICTURES):
        pictures.setdefault(picture.job_id, []).append(picture)
    for group in pictures.values():
        group.sort(key=lambda picture: picture.index)
    return Talk(turns=turns, pictures=pictures)


async def say(service: Service, caller: Caller, conversation_id: str, body: TurnRequest) -> Started:
    """Take in what the user says, and start to draw the answer.

    Raises:
        NotFoundError: There is no such conversation of this caller.
        RequestError: The turn asks for nothing that can be drawn.
    """
    talk = await service.call(read_talk, service, conversation_id, caller.key_id)
    latest = talk.turns[-1].id if talk.turns else None
    parent = None if body.parent_id == ROOT else body.parent_id or latest
    history = talk.branch(parent)
    images = tuple(body.images or ())
    said = [_said(turn, talk) for turn in history]
    plan = await service.planner.plan(
        [*said, Said(role=Role.USER, text=body.text, pictures=images)]
    )
    fields = body.model_dump(exclude_none=True, exclude={"text", "parent_id", "images", "previews"})
    request = ImageRequest.model_validate(
        {**fields, "prompt": plan.prompt, "images": list(plan.pictures) or None}
    )
    order = await read_order(service, caller, request, attached=Attached(), idempotency_key=None)
    order = replace(order, drawing=replace(order.drawing, previews=body.previews or 0))
    submitted = await submit(service, caller, order, waits=False, conversation_id=conversation_id)
    now = time.time()
    turn = Turn(
        id=new_id("turn", now),
        conversation_id=conversation_id,
        parent_id=parent,
        role=Role.USER,
        text=body.text,
        picture_ids=tuple(name for name in images if name.startswith(("img_", "file_"))),
        created=now,
    )
    answer = replace(
        turn,
        id=new_id("turn", now + ORDER_SECONDS),
        parent_id=turn.id,
        role=Role.ASSISTANT,
        text="",
        picture_ids=order.drawing.parents,
        job_id=submitted.job.id,
        created=now + ORDER_SECONDS,
    )

    def keep() -> None:
        service.store.add_turn(conversation_id, caller.key_id, turn)
        service.store.add_turn(conversation_id, caller.key_id, answer)

    await service.call(keep)
    return Started(turn=turn, answer=answer, job=submitted.job)


def _said(turn: Turn, talk: Talk) -> Said:
    own = turn.picture_ids if turn.role is Role.USER else ()
    shown = tuple(picture.id for picture in talk.shown(turn))
    return Said(role=turn.role, text=turn.text, pictures=own or shown)
