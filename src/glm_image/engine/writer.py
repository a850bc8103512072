"""The generator's half of an engine: pictures of all requests are written side by side."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import torch

from glm_image.engine.attempt import Attempt
from glm_image.engine.job import Job, Task, shared
from glm_image.engine.limits import Limits
from glm_image.engine.pace import Pace
from glm_image.errors import InputError
from glm_image.pipeline import prior, stages
from glm_image.pipeline.params import SamplingParams
from glm_image.pipeline.picture import Batch
from glm_image.pipeline.progress import Raster
from glm_image.pipeline.sampling import Sampler
from glm_image.pipeline.system import System
from glm_image.pipeline.writing import Writing, Written
from glm_image.types import PriorTokens

_AHEAD = 4
"""Steps that are queued on an accelerator: enough that it never waits for the host."""


class Writer:
    """Begins pictures in the order in which they came and writes them together.

    A picture that finds no row long enough waits until all rows are free and a longer session can
    be opened. Meanwhile shorter ones may fill free rows if they will be done before the rows that
    are waited for, so nobody is delayed by them.

    A step that fails takes every picture out; each is then tried alone, and what fails alone fails
    its request. One thread at a time may call :meth:`turn`; every thread may call :meth:`add`.

    Args:
        system: The model.
        limits: Bounds of rows and ids.
        hand_over: Takes pictures whose codes are there.
    """

    def __init__(self, system: System, limits: Limits, hand_over: Callable[[Task], None]) -> None:
        self._system, self._limits, self._hand_over = system, limits, hand_over
        self._arrivals: deque[Task] = deque()
        self._waiting: list[Task] = []
        self._rows: dict[int, Task] = {}
        self._writing: Writing | None = None
        self._shape = (0, 0)
        self._pace = Pace(system.device, _AHEAD)

    def add(self, task: Task) -> None:
        """Take a picture."""
        self._arrivals.append(task)

    @torch.inference_mode()
    def turn(self) -> bool:
        """Begin pictures of one prompt, or write one more code of every picture.

        Returns:
            Whether there was something to do.
        """
        self._receive()
        group = self._next()
        if group:
            self._begin(group)
        elif self._rows and self._writing is not None:
            self._step(self._writing)
        else:
            return False
        return True

    def _receive(self) -> None:
        """Take what has arrived, and let go of what nobody wants any more."""
        while self._arrivals:
            self._waiting.append(self._arrivals.popleft())
        self._waiting = [task for task in self._waiting if not task.job.over]
        for row, task in list(self._rows.items()):
            if task.job.over and self._writing is not None:
                self._writing.release(row)
                del self._rows[row]

    def _next(self) -> list[Task]:
        """Pictures of one prompt that can be begun now."""
        first = next((task for task in self._waiting[:1] if self._fits(task)), None)
        if first is None and self._rows:
            first = next((task for task in self._waiting if self._fills(task)), None)
        if first is None:
            return []
        free = self._limits.session(first.need)[0] if not self._rows else self._free
        alike = [
            task
            for task in self._waiting
            if task.picture.prompt is first.picture.prompt
            and (task.new_tokens, task.alone) == (first.new_tokens, first.alone)
        ]
        most = 1 if first.alone else free if first.new_tokens else len(alike)
        return alike[:most]

    @property
    def _free(self) -> int:
        return 0 if self._writing is None else self._writing.free

    def _fits(self, task: Task) -> bool:
        """Whether a picture can be begun beside those that are being written."""
        if not self._rows or not task.new_tokens:
            return True
        company = not task.alone and not any(other.alone for other in self._rows.values())
        return company and self._free > 0 and task.need <= self._shape[1]

    def _fills(self, task: Task) -> bool:
        """Whether a picture can be written while the first one waits for all rows."""
        left = max(other.new_tokens - other.codes for other in self._rows.values())
        return task.new_tokens <= left and self._fits(task)

    def _begin(self, group: Sequence[Task]) -> None:
        self._waiting = [task for task in self._waiting if task not in group]
        job = group[0].job
        job.start()
        with Attempt() as attempt:
            self._read(group)
        if attempt.error is None:
            return
        if attempt.ran_out_of_memory and not group[0].alone and (self._rows or len(group) > 1):
            self._put_back(group)
        else:
            job.fail(attempt.error)

    def _read(self, group: Sequence[Task]) -> None:
        """Read the prompt of some pictures and give each a row, or take codes that are given."""
        job, batch = group[0].job, Batch.of([task.picture for task in group])
        with shared([job], "prompt"):
            job.report("prompt", 0, 1)
            reading = stages.read(self._system, batch)
        for task, noise_chw in zip(group, reading.draws.noise_pchw, strict=True):
            task.noise_chw = noise_chw
        if job.over:
            return
        (request,), (sources,) = reading.requests, reading.sources
        if batch.given_codes:
            grid = batch.prompts[0].grid
            given = prior.given(batch.given_codes, reading.sources, batch.rows, grid)
            for task, written in zip(group, given, strict=True):
                self._pass_on(task, written)
            return
        job.report_writing()
        with shared([job], "generator"), self._system.present("generator"):
            rows = self._session(group).admit(
                request, sources, _sampler(job), reading.draws.uniforms_pn
            )
        self._rows |= zip(rows, group, strict=True)

    def _session(self, group: Sequence[Task]) -> Writing:
        """The session, opened anew if no row is in use and another shape fits better."""
        if self._writing is not None and self._rows:
            return self._writing
        written = [task for task in self._waiting if task.new_tokens]
        shape = self._limits.session(max(task.need for task in [*group, *written]))
        rows, tokens = self._shape
        if self._writing is None or rows < shape[0] or tokens < shape[1]:
            # The old one goes first, so that there is room for the new one.
            self._writing = None
            self._writing = Writing(
                self._system.generator,
                rows=shape[0],
                tokens=shape[1],
                plan=self._system.plan.generator,
            )
            self._shape = shape
        return self._writing

    def _step(self, writing: Writing) -> None:
        """Write one more code of every picture."""
        jobs = list(dict.fromkeys(task.job for task in self._rows.values()))
        with Attempt() as attempt:
            with shared(jobs, "generator"), self._system.present("generator"):
                finished = writing.step()
                self._pace.tick()
            done = {self._rows.pop(one.row): one.written for one in finished}
        if attempt.error is not None:
            self._take_apart(attempt.error)
            return
        for row, task in self._rows.items():
            task.codes = writing.done(row)
        for task in done:
            task.codes = task.new_tokens
        for job in jobs:
            job.report_writing(partial(self._rasters, writing, job))
        for task, written in done.items():
            self._pass_on(task, written)

    def _rasters(self, writing: Writing, job: Job) -> list[Raster]:
        """What is written so far of a request's pictures that are not finished."""
        found: list[Raster] = []
        for row, task in self._rows.items():
            if task.job is job and task.request is not None:
                number, codes = writing.raster(row)
                grids = task.request.rasters
                found.append(
                    Raster(
                        number=task.number,
                        left=len(grids) - 1 - number,
                        grid=grids[number],
                        codes=tuple(codes),
                    )
                )
        return found

    def _pass_on(self, task: Task, written: Written) -> None:
        # The other half may work on another stream, which knows nothing of this one's memory.
        task.written = replace(written, prior=_on_host(written.prior))
        if task.new_tokens:
            task.job.report_codes(task)
        self._hand_over(task)

    def _take_apart(self, error: Exception) -> None:
        """Try all pictures of a failed step alone; the only one of a step has failed."""
        tasks = list(self._rows.values())
        self._rows.clear()
        self._writing = None
        self._system.device.empty_cache()
        if len(tasks) == 1:
            tasks[0].job.fail(error)
        else:
            self._put_back(tasks)

    def _put_back(self, tasks: Sequence[Task]) -> None:
        """Let pictures wait again, before all others and each for itself."""
        for task in tasks:
            task.alone, task.codes = True, 0
        self._waiting = [*tasks, *self._waiting]


def _on_host(codes: PriorTokens) -> PriorTokens:
    """The same codes in the machine's memory."""
    return replace(
        codes,
        ids_n=codes.ids_n.cpu(),
        sources=tuple(_on_host(source) for source in codes.sources),
        preview=None if codes.preview is None else _on_host(codes.preview),
    )


def _sampler(job: Job) -> Sampler:
    """How the codes of a request are chosen.

    Raises:
        InputError: The request is one for another model.
    """
    params = job.order.params
    if not isinstance(params, SamplingParams):
        raise InputError(f"got {type(params).__name__}", field="params")
    return params.sampler
