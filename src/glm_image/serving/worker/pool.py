"""The engine processes of this machine behind one face."""

import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing

from glm_image.serving.painter import Inputs
from glm_image.serving.records import Claim, Failure, ModelCard
from glm_image.serving.settings import Settings
from glm_image.serving.worker.failures import lost
from glm_image.serving.worker.process import Patience, Phase, WorkerProcess
from glm_image.serving.worker.protocol import Error, Load, Message, Submit

ORDERS = 8
"""Jobs that one worker draws at once: its generator writes them side by side."""


class Pool:
    """Draws jobs in engine processes, each by the one of its model that has most room.

    Args:
        workers: At least one per model.
        alone: Whether nobody else works on the same table. Then jobs of a model that cannot be
            loaded are taken and fail; else they are left to whoever can load it.
    """

    def __init__(self, workers: Sequence[WorkerProcess], *, alone: bool = True) -> None:
        self._workers = tuple(workers)
        self._alone = alone

    @classmethod
    def from_settings(
        cls,
        settings: Settings,
        patience: Patience | None = None,
        command: Sequence[str] = (sys.executable, "-m", "glm_image.serving.worker"),
    ) -> "Pool":
        """The processes that settings ask for; none is started yet."""
        return cls(
            [
                WorkerProcess(f"{load.name}-{number}", load, patience, command)
                for load in loads(settings)
                for number in range(settings.workers)
            ],
            alone=settings.database_url.startswith("sqlite"),
        )

    @property
    def workers(self) -> Sequence[WorkerProcess]:
        """The processes, for metrics and health."""
        return self._workers

    @property
    def models(self) -> Sequence[ModelCard]:
        """What can be asked for; a model stays listed while its workers start anew."""
        cards = {one.card.name: one.card for one in self._workers if one.card is not None}
        return tuple(cards.values())

    @property
    def room(self) -> Mapping[str, int]:
        """Jobs that could begin now, by model."""
        room: dict[str, int] = {}
        for worker in self._workers:
            room[worker.load.name] = room.get(worker.load.name, 0) + worker.room
        if self._alone:
            # Somebody has to tell their jobs that they wait in vain.
            room |= dict.fromkeys(self.refused, ORDERS)
        return room

    @property
    def refused(self) -> Mapping[str, Failure]:
        """Models that cannot be loaded, and why: those none of whose workers may yet do it."""
        reasons: dict[str, list[Failure | None]] = {}
        for worker in self._workers:
            reasons.setdefault(worker.load.name, []).append(worker.refused)
        return {
            name: found[0]
            for name, found in reasons.items()
            if found[0] is not None and None not in found
        }

    @property
    def ready(self) -> bool:
        """Whether every model has a worker that can draw."""
        there = {one.load.name for one in self._workers if one.phase is Phase.READY}
        return there == {one.load.name for one in self._workers}

    async def start(self) -> None:
        """Start all processes; returns before their models are loaded."""
        for worker in self._workers:
            await worker.start()

    async def submit(self, claim: Claim, inputs: Inputs) -> AsyncGenerator[Message, None]:
        """Draw a job, see :meth:`glm_image.serving.painter.Painter.submit`."""
        job = claim.job
        failure = self.refused.get(job.drawing.model)
        if failure is not None:
            yield Error(failure=failure)
            return
        fitting = [one for one in self._workers if one.load.name == job.drawing.model]
        worker = max(fitting, key=lambda one: one.room, default=None)
        if worker is None or worker.room < 1:
            yield Error(failure=lost(f"for {job.drawing.model} has no room"))
            return
        asked = Submit(
            job_id=job.id,
            created=job.created,
            drawing=job.drawing,
            sources=inputs.sources,
            mask=inputs.mask,
            codes=tuple(inputs.codes.get(index) for index in range(job.drawing.count)),
        )
        async with aclosing(worker.draw(asked)) as messages:
            async for message in messages:
                yield message

    async def cancel(self, job_id: str) -> None:
        """Give a job up if it is on its way; its iteration ends with an ``Error``."""
        for worker in self._workers:
            await worker.cancel(job_id)

    async def close(self) -> None:
        """Give everything up and end all processes."""
        for worker in self._workers:
            await worker.close()


def loads(settings: Settings) -> list[Load]:
    """What the workers of each served model are told."""
    labels = settings.labels
    return [
        Load(
            name=model.name,
            source=model.source,
            device=model.device,
            dtype=model.dtype,
            orders=ORDERS,
            hidden=labels.hidden,
            parameters=labels.parameters,
            producer=labels.producer,
            certificate=None if labels.c2pa_certificate is None else str(labels.c2pa_certificate),
            key=None if labels.c2pa_key is None else str(labels.c2pa_key),
            log_level=settings.log.level,
            log_json=settings.log.json,
        )
        for model in settings.models
    ]
