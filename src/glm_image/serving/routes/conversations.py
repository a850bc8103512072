"""Conversations in which pictures are drawn and changed."""

from fastapi import APIRouter, Request

from glm_image.serving.answering import Addresses
from glm_image.serving.auth import Drawer, Reader, ServiceDep
from glm_image.serving.conversing import Talk, read_talk, say
from glm_image.serving.job_answers import job_answer, picture_answer
from glm_image.serving.library import Conversation, Role, Turn
from glm_image.serving.routes.jobs import Before, PageSize
from glm_image.serving.routes.paths import ConversationId
from glm_image.serving.schemas.failing import ERRORS
from glm_image.serving.schemas.library import (
    ConversationAnswer,
    ConversationList,
    ConversationRequest,
    ConversationTree,
    TurnAnswer,
    TurnRequest,
    TurnStarted,
)

router = APIRouter(prefix="/conversations", tags=["conversations"], responses=ERRORS)

UNTITLED = "New conversation"


@router.post("", status_code=201)
async def create(
    body: ConversationRequest, service: ServiceDep, caller: Drawer
) -> ConversationAnswer:
    """Begin a conversation."""
    title = body.title.strip() or UNTITLED
    return conversation_answer(
        await service.call(service.store.create_conversation, caller.key_id, title)
    )


@router.get("")
async def listed(
    service: ServiceDep, caller: Reader, before: Before = None, limit: PageSize = 50
) -> ConversationList:
    """The caller's conversations, the latest first."""
    found = await service.call(
        service.store.conversations, caller.key_id, before=before, limit=limit
    )
    return ConversationList(
        data=[conversation_answer(one) for one in found],
        next=found[-1].id if len(found) == limit else None,
    )


@router.get("/{conversation_id}")
async def one(
    conversation_id: ConversationId, request: Request, service: ServiceDep, caller: Reader
) -> ConversationTree:
    """A conversation with all that was said in it."""
    found = await service.call(service.store.conversation, conversation_id, caller.key_id)
    talk = await service.call(read_talk, service, conversation_id, caller.key_id)
    addresses = Addresses.of(service, request)
    return ConversationTree(
        **conversation_answer(found).model_dump(),
        turns=[turn_answer(turn, talk, addresses) for turn in talk.turns],
    )


@router.patch("/{conversation_id}")
async def rename(
    conversation_id: ConversationId,
    body: ConversationRequest,
    service: ServiceDep,
    caller: Drawer,
) -> ConversationAnswer:
    """Give a conversation another title."""
    title = body.title.strip() or UNTITLED
    return conversation_answer(
        await service.call(service.store.rename_conversation, conversation_id, caller.key_id, title)
    )


@router.delete("/{conversation_id}")
async def delete(
    conversation_id: ConversationId, service: ServiceDep, caller: Drawer
) -> ConversationAnswer:
    """Forget a conversation; its pictures stay."""
    return conversation_answer(
        await service.call(service.store.delete_conversation, conversation_id, caller.key_id)
    )


@router.post("/{conversation_id}/turns", status_code=201)
async def add_turn(
    conversation_id: ConversationId,
    body: TurnRequest,
    request: Request,
    service: ServiceDep,
    caller: Drawer,
) -> TurnStarted:
    """Say something; the job that comes back draws the answer."""
    started = await say(service, caller, conversation_id, body)
    addresses = Addresses.of(service, request)
    talk = Talk(turns=(started.turn, started.answer), pictures={})
    return TurnStarted(
        turn=turn_answer(started.turn, talk, addresses),
        answer=turn_answer(started.answer, talk, addresses),
        job=job_answer(started.job, addresses),
    )


def conversation_answer(conversation: Conversation) -> ConversationAnswer:
    """A conversation in the words of the answer."""
    return ConversationAnswer(
        id=conversation.id,
        title=conversation.title,
        created=conversation.created,
        updated=conversation.updated,
    )


def turn_answer(turn: Turn, talk: Talk, addresses: Addresses) -> TurnAnswer:
    """A turn with the pictures that it has brought about."""
    return TurnAnswer(
        id=turn.id,
        parent_id=turn.parent_id,
        role=turn.role.value,
        text=turn.text,
        pictures=[picture_answer(picture, addresses) for picture in talk.shown(turn)],
        sources=list(turn.picture_ids) if turn.role is Role.USER else [],
        job_id=turn.job_id,
        created=turn.created,
    )
