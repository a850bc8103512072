"""What a conversation asks for: a new picture, or a change to one that is there."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from glm_image.serving.errors import Code, RequestError
from glm_image.serving.library import Role


@dataclass(frozen=True, kw_only=True)
class Said:
    """One turn of a conversation.

    Args:
        role: Who speaks.
        text: Words.
        pictures: References to pictures that come with them, as requests may name pictures.
    """

    role: Role
    text: str
    pictures: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be drawn.

    Args:
        prompt: Words for the model.
        pictures: Pictures to edit; none draws anew.
    """

    prompt: str
    pictures: tuple[str, ...] = ()


class Planner(Protocol):
    """Turns a conversation into an order; a language model may do it, or rules."""

    async def plan(self, turns: Sequence[Said]) -> Plan:
        """The order that the last turn asks for.

        Args:
            turns: From first to last; the last one is the user's.

        Raises:
            RequestError: It asks for nothing.
        """


class RulePlanner:
    """Understands what is meant without a language model.

    Pictures that come with the last turn are edited. Else the latest picture of the conversation
    is, unless the words begin with one of the phrases that ask for a new one. Else a new picture
    is drawn.
    """

    async def plan(self, turns: Sequence[Said]) -> Plan:
        """The order that the last turn asks for.

        Raises:
            RequestError: The last turn is not the user's, or has no words.
        """
        if not turns or turns[-1].role is not Role.USER:
            raise RequestError(
                "the last message is not the user's", field="messages", hint="end with a user turn"
            )
        last = turns[-1]
        fresh = _NEW.match(last.text)
        words = (last.text[fresh.end() :] if fresh else last.text).strip()
        if not words:
            raise RequestError(
                "the last message has no words",
                code=Code.FIELD_MISSING,
                field="messages",
                hint="say what the picture shows, or what changes in it",
            )
        if last.pictures:
            return Plan(prompt=words, pictures=last.pictures)
        if fresh:
            return Plan(prompt=words)
        return Plan(prompt=words, pictures=_latest(turns[:-1]))


_NEW = re.compile(
    r"\s*(?:/new\b|(?:draw|paint|make) (?:me )?a new (?:picture|image)(?: of)?\b|start over\b"
    r"|重新画|画一张新的?图?|新图)[\s:：,，]*",
    re.IGNORECASE,
)
"""Phrases that ask for a picture that owes nothing to the earlier ones."""


def _latest(turns: Sequence[Said]) -> tuple[str, ...]:
    """The picture that was shown last: one that was drawn, or those that came together."""
    for turn in reversed(turns):
        if turn.pictures:
            return turn.pictures[-1:] if turn.role is Role.ASSISTANT else turn.pictures
    return ()
