"""Who paints: what the dispatcher needs to know of engine processes, clusters and stand-ins."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from glm_image.serving.records import Claim, Failure, ModelCard
from glm_image.serving.worker.protocol import Message


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What a job needs beside its record.

    Args:
        sources: Files of the pictures to edit.
        mask: File whose transparent parts are edited.
        codes: What an earlier attempt wrote, by picture.
    """

    sources: tuple[bytes, ...] = ()
    mask: bytes | None = None
    codes: Mapping[int, bytes] = field(default_factory=dict)


class Painter(Protocol):
    """Draws jobs, many at once, wherever that happens."""

    @property
    def models(self) -> Sequence[ModelCard]:
        """What can be asked for; a model stays listed while its workers start anew."""

    @property
    def room(self) -> Mapping[str, int]:
        """Jobs that could begin now, by model; where it cannot be loaded they begin and fail."""

    @property
    def ready(self) -> bool:
        """Whether every model has a worker that can draw."""

    @property
    def refused(self) -> Mapping[str, Failure]:
        """Models that cannot be loaded, and why."""

    async def start(self) -> None:
        """Start whatever draws; returns before the models are loaded."""

    def submit(self, claim: Claim, inputs: Inputs) -> AsyncGenerator[Message, None]:
        """Draw a job.

        What goes wrong arrives as an ``Error``, also if a worker dies. Whoever leaves the iteration
        early gives the job up.

        Args:
            claim: The job and its attempt.
            inputs: What it needs.
        """

    async def cancel(self, job_id: str) -> None:
        """Give a job up if it is on its way; its iteration ends with an ``Error``."""

    async def close(self) -> None:
        """Give everything up and stop whatever draws."""
