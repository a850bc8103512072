"""How far jobs are, written down for all of them at once.

Workers tell of tokens and steps, and readers want to know a few times a second. So a job only says
here that it has news; a moment later those that did are asked for the latest, and a transaction
writes it down. No transaction is of many jobs, since a request that comes meanwhile waits for its
end. What becomes of a job is no matter of this: a state or a picture is written when it happens.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from itertools import islice
from typing import Protocol

from glm_image.errors import GlmImageError
from glm_image.serving import logs
from glm_image.serving.records import Claim

PROGRESS_SECONDS = 0.25
"""Least time between two notes of a job; the first news after a rest is written at once."""

AT_ONCE = 8
"""Most jobs of a transaction."""

_REST = 20
"""After a transaction at least so many times its own time passes until the next one..."""

_LONGEST_REST = 2 * PROGRESS_SECONDS
"""...but no more than this, or nobody would see how far jobs are where the store is slow."""

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
        clock = asyncio.get_running_loop().time
        while True:
            await self._bell.wait()
            waiting = len(self._tellers)
            asked = list(islice(self._tellers.items(), AT_ONCE))
            for job_id, _ in asked:
                del self._tellers[job_id]
            if not self._tellers:
                self._bell.clear()
            if not asked:
                continue
            begun = clock()
            try:
                for claim in await self._write([(one.claim, one.news()) for _, one in asked]):
                    await self._lost(claim)
            except GlmImageError as error:
                _LOG.error("progress is not noted", reason=error.message)
            # Where many wait, each has its turn after the same time as where few do.
            turn = PROGRESS_SECONDS * len(asked) / waiting
            await asyncio.sleep(max(turn, min(_REST * (clock() - begun), _LONGEST_REST)))
