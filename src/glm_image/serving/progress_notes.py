"""How far jobs are, written down for all of them at once.

Workers tell of every token and step, and readers want to know a few times a second. So a job only
says here that it has news; a moment later all that did are asked for the latest, and one
transaction writes it down. What becomes of a job is no matter of this: a state or a picture is
written when it happens.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from glm_image.errors import GlmImageError
from glm_image.serving import logs
from glm_image.serving.records import Claim

PROGRESS_SECONDS = 0.25
"""Least time between two transactions; the first news after a rest is written at once."""

News = list[tuple[Claim, Mapping[str, object]]]
"""How far some jobs are, each once."""

_LOG = logs.get("jobs")


class Teller(Protocol):
    """A start of a job that tells how far it is."""

    @property
    def claim(self) -> Claim:
        """The right to tell it."""

    def news(self) -> Mapping[str, object]:
        """The data of an event of progress, as it is now; asked for once in a while."""


class ProgressNotes:
    """Collects how far jobs are and writes it down now and then.

    Args:
        write: Writes it down; gives the claims that do not hold any more.
        lost: Called with each of those.
    """

    def __init__(
        self,
        write: Callable[[News], Awaitable[list[Claim]]],
        lost: Callable[[Claim], Awaitable[None]],
    ) -> None:
        self._write, self._lost = write, lost
        self._tellers: dict[str, Teller] = {}
        self._bell = asyncio.Event()

    def note(self, teller: Teller) -> None:
        """Write down soon how far a job is."""
        self._tellers[teller.claim.job.id] = teller
        self._bell.set()

    def forget(self, job_id: str) -> None:
        """Write nothing more of a job, because more than that will be written."""
        self._tellers.pop(job_id, None)

    async def run(self) -> None:
        """Write down what is new, again and again."""
        while True:
            await self._bell.wait()
            self._bell.clear()
            news = [(one.claim, one.news()) for one in self._tellers.values()]
            self._tellers.clear()
            if not news:
                continue
            try:
                for claim in await self._write(news):
                    await self._lost(claim)
            except GlmImageError as error:
                _LOG.error("progress is not noted", reason=error.message)
            await asyncio.sleep(PROGRESS_SECONDS)
