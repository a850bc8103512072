"""The engine's side of a request: its pictures on their way, and what is told about them."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from torch import Tensor

from glm_image.engine.attempt import Attempt, in_words
from glm_image.engine.events import (
    Cancelled,
    CodesReady,
    Ending,
    Failed,
    Finished,
    News,
    PictureReady,
    Queued,
)
from glm_image.engine.ticket import Ticket
from glm_image.pipeline import families
from glm_image.pipeline.loaded import Loaded
from glm_image.pipeline.params import PaintingParams
from glm_image.pipeline.picture import Made, Picture
from glm_image.pipeline.progress import Preview, Progress, Rasters
from glm_image.pipeline.writing import Written
from glm_image.types import GeneratorInput


@dataclass(frozen=True, kw_only=True, eq=False)
class Order:
    """What is asked of an engine.

    Args:
        pictures: As :func:`glm_image.pipeline.request.read` gives them, at least one.
        params: How they are sampled.
        notes: What was adapted, for the result.
    """

    pictures: Sequence[Picture]
    params: PaintingParams
    notes: Sequence[str] = ()


@dataclass(kw_only=True, eq=False)
class Task:
    """One picture on its way.

    Args:
        job: The request that it belongs to.
        number: Its place in the request.
        picture: What is asked for.
        request: What is to be written; None for a model without codes.
        steps: Steps of the decoder.

    Attributes:
        alone: Whether it failed in company and is tried again by itself.
        codes: Codes written so far.
        painted: Steps done so far.
        noise_chw: Drawn noise.
        written: Its codes, once they are there.
    """

    job: "Job"
    number: int
    picture: Picture
    request: GeneratorInput | None
    steps: int
    alone: bool = False
    codes: int = 0
    painted: int = 0
    noise_chw: Tensor | None = None
    written: Written | None = None

    @property
    def need(self) -> int:
        """Ids of prompt and picture."""
        return 0 if self.request is None else len(self.request.ids_l) + self.request.new_tokens

    @property
    def area(self) -> int:
        """Pixels of the picture and of its sources."""
        sizes = [self.picture.prompt.size, *(one.size for one in self.picture.prompt.sources)]
        return sum(size.height * size.width for size in sizes)

    @property
    def new_tokens(self) -> int:
        """Codes to be written; 0 if they are given."""
        given = self.request is None or self.picture.codes_n is not None
        return 0 if given or self.request is None else self.request.new_tokens

    @property
    def manner(self) -> tuple[object, ...]:
        """What pictures of one batch have in common."""
        prompt = self.picture.prompt
        return *prompt.size, bool(prompt.sources), *self.job.order.params.manner


@dataclass(kw_only=True)
class _Clock:
    """When things happened, in seconds."""

    submitted: float = field(default_factory=time.perf_counter)
    timings: dict[str, float] = field(default_factory=dict)


class Job:
    """One request on its way. Stages on two threads may work on it at once.

    Args:
        system: The model.
        order: What is asked for.
        ticket: Of the caller.
        on_start: Called when the first picture is begun.
        on_end: Called when nothing is left to do.

    Raises:
        InputError: A prompt is too long, or there are more steps than timesteps.
    """

    def __init__(
        self,
        system: Loaded,
        order: Order,
        ticket: Ticket,
        on_start: Callable[["Job"], None] = lambda job: None,
        on_end: Callable[["Job"], None] = lambda job: None,
    ) -> None:
        self.order = order
        self.ticket = ticket
        self.started = False
        self._system = system
        self._on_start, self._on_end = on_start, on_end
        self._clock = _Clock()
        self._lock = threading.Lock()
        self._made: dict[int, Made] = {}
        self._over = False
        requests = {id(one.prompt): families.encode(system, one.prompt) for one in order.pictures}
        self.tasks: tuple[Task, ...] = tuple(
            Task(
                job=self,
                number=number,
                picture=picture,
                request=requests[id(picture.prompt)],
                steps=len(families.steps_of(system, picture.prompt.size, order.params)),
            )
            for number, picture in enumerate(order.pictures)
        )

    @property
    def over(self) -> bool:
        """Whether nothing is left to do; a request that was given up ends here."""
        if not self._over and self.ticket.given_up:
            self._end(Cancelled())
        return self._over

    def start(self) -> None:
        """Begin with the first picture."""
        if not self.started:
            self.started = True
            self._clock.timings["queue"] = time.perf_counter() - self._clock.submitted
            self._on_start(self)

    def add_time(self, stage: str, seconds: float) -> None:
        """Add seconds to a stage."""
        timings = self._clock.timings
        timings[stage] = timings.get(stage, 0.0) + seconds

    def queue(self, position: int) -> None:
        """Tell how many requests wait before this one."""
        self._tell(Queued(position=position))

    def report(self, stage: str, index: int, total: int, preview: Preview | None = None) -> None:
        """Tell how far a stage is."""
        self._tell(Progress(stage=stage, index=index, total=total, preview=preview))

    def report_writing(self, rasters: Rasters | None = None) -> None:
        """Tell how many codes are written, and how they can be read."""
        total = sum(task.new_tokens for task in self.tasks)
        done = sum(task.codes for task in self.tasks)
        self._tell(Progress(stage="generator", index=done, total=total, rasters=rasters))

    def report_painting(self, preview: Preview) -> None:
        """Tell how many steps are done."""
        total = sum(task.steps for task in self.tasks)
        self.report("decoder", sum(task.painted for task in self.tasks), total, preview)

    def report_codes(self, task: Task) -> None:
        """Show the codes of a picture that the generator has just written."""
        if task.written is not None:
            self._tell(CodesReady(number=task.number, codes=task.written.prior))

    def deliver(self, task: Task, made: Made) -> None:
        """Take a finished picture; the last one ends the request."""
        with self._lock:
            self._made[task.number] = made
        alone = families.build(
            self._system, self.order.params, [task.picture], [made], {}, list(self.order.notes)
        )
        self._tell(PictureReady(number=task.number, image=alone.pictures[0]))
        count = len(self.order.pictures)
        self.report("image", len(self._made), count)
        if len(self._made) == count:
            timings = self._clock.timings
            timings["total"] = time.perf_counter() - self._clock.submitted
            result = families.build(
                self._system,
                self.order.params,
                self.order.pictures,
                [self._made[number] for number in range(count)],
                timings,
                list(self.order.notes),
            )
            self._end(Finished(result=result))

    def fail(self, error: Exception) -> None:
        """End the request without pictures."""
        self._end(Failed(error=in_words(error)))

    def _tell(self, event: News) -> None:
        """Tell the caller; what a listener raises ends the request."""
        with Attempt() as attempt:
            self.ticket.tell(event)
        if attempt.error is not None:
            self.fail(attempt.error)

    def _end(self, ending: Ending) -> None:
        with self._lock:
            if self._over:
                return
            self._over = True
        self._made.clear()
        self.ticket.settle(ending)
        # Each of them knows its job, so both would wait for the garbage collector.
        self.tasks = ()
        self._on_end(self)


@contextmanager
def shared(jobs: Sequence[Job], stage: str) -> Iterator[None]:
    """Add the seconds of this block to a stage of every request that it works for."""
    start = time.perf_counter()
    yield
    for job in jobs:
        job.add_time(stage, time.perf_counter() - start)
