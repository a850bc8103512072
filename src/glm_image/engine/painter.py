"""The decoder's half of an engine: pictures are painted in batches that take turns."""

import threading
from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import torch
from PIL import Image as PilImage

from glm_image.engine.attempt import Attempt
from glm_image.engine.job import Job, Task, shared
from glm_image.engine.limits import Limits
from glm_image.engine.pace import Pace
from glm_image.errors import GlmImageError
from glm_image.pipeline import families, stages
from glm_image.pipeline.denoise import Denoising, Step, to_latents
from glm_image.pipeline.loaded import Loaded
from glm_image.pipeline.picture import Batch, Made

_AHEAD = 1
"""Steps that are queued on an accelerator: each takes longer than the host needs to queue it."""

_LANES = 2
"""Batches that take turns: one that is under way, and a small one that overtakes it."""

_SMALL = 0.25
"""Share of the work under way that a batch may have to overtake it."""

_PATIENCE = 0.1
"""Seconds after which someone who waits for a preview looks whether its request has ended."""


@dataclass(kw_only=True, eq=False)
class _Lane:
    """One batch on its way to pixels.

    Args:
        tasks: Its pictures, in the order of the batch.
        cost: Pixels of one step.
        spent: Pixels of all steps that count for its turn.

    Attributes:
        denoising: None until it has begun.
        latest: Its last step.
        drawn: Pictures that are finished.
    """

    tasks: list[Task]
    cost: int
    spent: int
    denoising: Denoising | None = None
    latest: Step | None = None
    drawn: int = 0

    @property
    def left(self) -> int:
        """Pixels of the steps that are left."""
        return self.cost * (self.tasks[0].steps - self.tasks[0].painted)

    @property
    def jobs(self) -> list[Job]:
        """The requests that it works for, each once."""
        return list(dict.fromkeys(task.job for task in self.tasks if not task.job.over))


class Painter:
    """Paints pictures in the order in which their codes are there.

    What is ready and alike forms a batch; large pictures are painted one by one. While a long
    batch is under way, one with much less work may overtake it: the batch that has had less of the
    decoder takes the next step, so each has half of it and the long one goes on.

    A batch that fails is taken apart like a step of the :class:`~glm_image.engine.writer.Writer`.
    One thread at a time may call :meth:`turn`; every thread may call the other methods.

    Args:
        system: The model.
        limits: Bounds of batches and pixels.
    """

    def __init__(self, system: Loaded, limits: Limits) -> None:
        self._system, self._limits = system, limits
        self._arrivals: deque[Task] = deque()
        self._asked: deque[tuple[Job, Future[list[PilImage.Image]]]] = deque()
        self._ready: list[Task] = []
        self._lanes: list[_Lane] = []
        self._thread = 0
        self._pace = Pace(system.device, _AHEAD)

    @property
    def backlog(self) -> int:
        """Pictures that wait to be painted."""
        return len(self._arrivals) + len(self._ready)

    def add(self, task: Task) -> None:
        """Take a picture whose codes are there."""
        self._arrivals.append(task)

    @torch.inference_mode()
    def turn(self) -> bool:
        """Begin a batch, take one step of one, or draw one picture.

        Returns:
            Whether there was something to do.
        """
        self._thread = threading.get_ident()
        self._receive()
        while self._asked:
            self._answer(*self._asked.popleft())
        group = self._next()
        if group:
            self._begin(group)
        elif self._lanes:
            lane = min(self._lanes, key=lambda lane: (lane.left > 0, lane.spent))
            with Attempt() as attempt:
                self._step(lane) if lane.left else self._draw(lane)
            if attempt.error is not None:
                self._take_apart(lane, attempt.error)
        else:
            return False
        return True

    def preview(self, job: Job) -> list[PilImage.Image]:
        """What can be seen of a request's pictures that are being painted."""
        if threading.get_ident() == self._thread:
            return self._preview(job)
        answer: Future[list[PilImage.Image]] = Future()
        self._asked.append((job, answer))
        while not job.over:
            with suppress(TimeoutError):
                return answer.result(_PATIENCE)
        return []

    def _answer(self, job: Job, answer: Future[list[PilImage.Image]]) -> None:
        with Attempt() as attempt:
            answer.set_result(self._preview(job))
        if attempt.error is not None:
            answer.set_exception(attempt.error)

    def _preview(self, job: Job) -> list[PilImage.Image]:
        found = [
            (task, latents)
            for lane in self._lanes
            if lane.latest is not None
            for task, latents in list(zip(lane.tasks, lane.latest.clean, strict=True))[lane.drawn :]
            if task.job is job
        ]
        found.sort(key=lambda pair: pair[0].number)
        outputs = [task.picture.output for task, _ in found]
        return stages.preview(self._system, outputs, [latents for _, latents in found])

    def _receive(self) -> None:
        """Take what has arrived, and let go of what nobody wants any more."""
        while self._arrivals:
            self._ready.append(self._arrivals.popleft())
        self._ready = [task for task in self._ready if not task.job.over]
        self._lanes = [lane for lane in self._lanes if lane.jobs]

    def _next(self) -> list[Task]:
        """The batch that can be begun now: as many like the first one as there is room for."""
        if len(self._lanes) == _LANES:
            return []
        room = self._limits.pixels - sum(lane.cost for lane in self._lanes)
        for first in self._ready:
            alike = [task for task in self._ready if task.manner == first.manner]
            group = self._batch(first, alike, room)
            if group and self._may_begin(group):
                return group
        return []

    def _batch(self, first: Task, alike: Sequence[Task], room: int) -> list[Task]:
        size = first.picture.prompt.size
        large = size.height * size.width > self._limits.batch_pixels
        if first.alone:
            return [] if self._lanes else [first]
        if large:
            return [first] if first.area <= room else []
        group: list[Task] = []
        for task in alike:
            if len(group) == self._limits.batch or task.alone or task.area > room:
                break
            group.append(task)
            room -= task.area
        return group

    def _may_begin(self, group: Sequence[Task]) -> bool:
        """Whether a batch is short enough to overtake the one under way."""
        work = _cost(group) * group[0].steps
        return all(work <= _SMALL * lane.left and not lane.tasks[0].alone for lane in self._lanes)

    def _begin(self, group: list[Task]) -> None:
        spent = min((lane.spent for lane in self._lanes), default=0)
        lane = _Lane(tasks=group, cost=_cost(group), spent=spent)
        self._ready = [task for task in self._ready if task not in group]
        # In front of the others, so that it begins its half at once.
        self._lanes.insert(0, lane)
        with Attempt() as attempt:
            self._open(lane)
        if attempt.error is not None:
            self._take_apart(lane, attempt.error)

    def _open(self, lane: _Lane) -> None:
        """Tell the decoder what it is to paint."""
        batch = Batch.of([task.picture for task in lane.tasks])
        noises = [task.noise_chw for task in lane.tasks if task.noise_chw is not None]
        written = [task.written for task in lane.tasks if task.written is not None]
        for job in lane.jobs:
            job.report("conditioning", 0, 1)
        with shared(lane.jobs, "conditioning"):
            told = families.tell(
                self._system, batch, written, lane.tasks[0].job.order.params, noises
            )
        with shared(lane.jobs, "decoder"):
            lane.denoising = stages.begin(self._system, told)
        self._report(lane)

    def _step(self, lane: _Lane) -> None:
        """Take one step of a batch."""
        if lane.denoising is None:
            raise GlmImageError("a batch takes a step before it has begun", field="lane")
        with shared(lane.jobs, "decoder"), self._system.present("decoder"):
            lane.latest = lane.denoising.step()
            self._pace.tick()
        lane.spent += lane.cost
        for task in lane.tasks:
            task.painted += 1
        self._report(lane)

    def _report(self, lane: _Lane) -> None:
        for job in lane.jobs:
            job.report_painting(partial(self.preview, job))

    def _draw(self, lane: _Lane) -> None:
        """Draw the next picture of a batch whose steps are done."""
        task = lane.tasks[lane.drawn]
        lane.drawn += 1
        if lane.drawn == len(lane.tasks):
            self._lanes.remove(lane)
        if task.job.over or lane.latest is None:
            return
        latents = to_latents(lane.latest.latents_bchw)[lane.drawn - 1]
        with Attempt() as attempt:
            with shared([task.job], "image"):
                (pixels,) = stages.draw_pixels(self._system, [task.picture.output], [latents])
            task.job.deliver(task, Made(pixels=pixels, written=task.written))
        if attempt.error is not None:
            task.job.fail(attempt.error)

    def _take_apart(self, lane: _Lane, error: Exception) -> None:
        """Try all pictures of a failed batch alone; a single one has failed."""
        self._lanes.remove(lane)
        lane.denoising = lane.latest = None
        self._system.device.empty_cache()
        if len(lane.tasks) == 1 and not self._lanes:
            lane.tasks[0].job.fail(error)
            return
        for task in lane.tasks:
            task.alone, task.painted = True, 0
        self._ready = [*lane.tasks, *self._ready]


def _cost(tasks: Iterable[Task]) -> int:
    return sum(task.area for task in tasks)
