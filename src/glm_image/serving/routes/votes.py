"""Which of two pictures somebody likes better, and the list of it for those who train."""

import json
from collections.abc import AsyncGenerator
from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import Response, StreamingResponse

from glm_image.serving.auth import Drawer, Reader, ServiceDep
from glm_image.serving.records import Picture
from glm_image.serving.routes.jobs import Before, PageSize
from glm_image.serving.schemas.failing import ERRORS
from glm_image.serving.schemas.looking import VoteAnswer, VoteList, VoteRequest
from glm_image.serving.store.votes import Ballot, Vote

router = APIRouter(prefix="/votes", tags=["votes"], responses=ERRORS)

_PAGE = 200
"""Votes that are read from the store at once."""


@router.post("", status_code=201)
async def create(body: VoteRequest, service: ServiceDep, caller: Drawer) -> VoteAnswer:
    """Say which of two pictures is better; the latest vote on a pair counts."""
    kept = await service.call(service.store.vote, caller.key_id, body.left, body.right, body.winner)
    return _answer(kept)


@router.get("")
async def listed(
    service: ServiceDep, caller: Reader, before: Before = None, limit: PageSize = 50
) -> VoteList:
    """The caller's votes, the latest first."""
    found = await service.call(service.store.votes, caller.key_id, before=before, limit=limit)
    return VoteList(
        data=[_answer(one) for one in found],
        next=found[-1].id if len(found) == limit else None,
    )


@router.get(
    "/export",
    response_class=Response,
    responses={
        200: {
            "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
            "description": "One JSON object per line.",
        }
    },
)
async def export(service: ServiceDep, caller: Reader) -> Response:
    """All votes as lines of JSON, each with prompt, model and seeds of both pictures."""

    async def lines() -> AsyncGenerator[bytes]:
        before: str | None = None
        while True:
            page = await service.call(
                service.store.ballots, caller.key_id, before=before, limit=_PAGE
            )
            for ballot in page:
                yield json.dumps(_line(ballot), ensure_ascii=False).encode() + b"\n"
            if len(page) < _PAGE:
                return
            before = page[-1].vote.id

    return StreamingResponse(
        lines(),
        media_type="application/x-ndjson",
        headers={"Content-Disposition": 'attachment; filename="votes.jsonl"'},
    )


@router.delete("/{vote_id}")
async def delete(
    vote_id: Annotated[str, Path(max_length=64, description="vote_...")],
    service: ServiceDep,
    caller: Drawer,
) -> VoteAnswer:
    """Take a vote back."""
    return _answer(await service.call(service.store.withdraw, vote_id, caller.key_id))


def _answer(vote: Vote) -> VoteAnswer:
    return VoteAnswer(**vars(vote))


def _line(ballot: Ballot) -> dict[str, Any]:
    vote = ballot.vote
    better = {vote.left: "left", vote.right: "right"}
    left, right = ballot.models
    return {
        "id": vote.id,
        "created": vote.created,
        "winner": None if vote.winner is None else better[vote.winner],
        "left": _side(ballot.left, left),
        "right": _side(ballot.right, right),
    }


def _side(picture: Picture, model: str) -> dict[str, Any]:
    return {
        "picture": picture.id,
        "prompt": picture.prompt,
        "model": model,
        "width": picture.width,
        "height": picture.height,
        "seed": picture.seed,
        "layout_seed": picture.layout_seed,
        "parents": list(picture.parents),
    }
