"""How far jobs are, written down for all of them at once.

Workers tell of every token and step, and readers want to know a few times a second. So the latest
of each job stays here for a moment, and one transaction writes what is new of all of them. What
becomes of a job is no matter of this: a state or a picture is written when it happens.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from glm_image.errors import GlmImageError
from glm_image.serving import logs
from glm_image.serving.records import Claim, Stage

PROGRESS_SECONDS = 0.25
"""Least time between two transactions; the first news after a rest is written at once."""

News = list[tuple[Claim, Mapping[str, object]]]
"""How far some jobs are, each once."""

_LOG = logs.get("jobs")


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
        self._news: dict[str, tuple[Claim, Mapping[str, object]]] = {}
        self._bell = asyncio.Event()

    def note(self, claim: Claim, stage: Stage, done: int, total: int) -> None:
        """Remember how far a job is, instead of what was remembered of it before."""
        self._news[claim.job.id] = (
            claim,
            {"stage": stage.value, "done": done, "total": total},
        )
        self._bell.set()

    def forget(self, job_id: str) -> None:
        """Write nothing more of a job, because more than that will be written."""
        self._news.pop(job_id, None)

    async def run(self) -> None:
        """Write down what is new, again and again."""
        while True:
            await self._bell.wait()
            self._bell.clear()
            news, self._news = list(self._news.values()), {}
            if not news:
                continue
            try:
                for claim in await self._write(news):
                    await self._lost(claim)
            except GlmImageError as error:
                _LOG.error("progress is not noted", reason=error.message)
            await asyncio.sleep(PROGRESS_SECONDS)
