"""Many requests at once on one model."""

import atexit
import contextlib
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

import torch

from glm_image.engine.events import OnEvent
from glm_image.engine.job import Job, Order
from glm_image.engine.limits import Limits
from glm_image.engine.runner import Runner
from glm_image.engine.sharing import Sharing
from glm_image.engine.ticket import Ticket
from glm_image.errors import CapacityError, GlmImageError, InputError, PlanError
from glm_image.execution import openmp
from glm_image.pipeline.loaded import Loaded


class Engine:
    """Draws the pictures of many requests at once, each as if it were drawn alone.

    Used as a context manager it finishes all requests at the end of the block, and gives them up
    if the block ends with an exception.

    Args:
        system: The model, with the plan it was loaded with. Nothing else should use it meanwhile.
        limits: How much is done at once.
        sharing: Who works when; by default the fastest for the system.

    Raises:
        PlanError: Processes share the work on each picture of the system.
    """

    def __init__(
        self, system: Loaded, limits: Limits | None = None, *, sharing: Sharing | None = None
    ) -> None:
        if not system.team.is_alone:
            # Whose turn it is depends on the clock, which differs between processes.
            raise PlanError(
                "processes that draw one picture together take no turns between several",
                field="parallel",
                hint="load the model with a plan for one process",
            )
        self._system = system
        self._limits = limits or Limits()
        way = sharing or Sharing.best(system)
        self._runner = Runner(system, self._limits, way, self._ring)
        self._lock = threading.Lock()
        self._jobs: dict[Job, None] = {}
        self._open = True
        writer, painter = self._runner.writer, self._runner.painter
        apart = writer is not None and way is Sharing.THREADS
        turns = [writer.turn, painter.turn] if writer and apart else [self._runner.turn]
        # Weights may still be on their way to the device, on another stream than those below.
        system.device.synchronize()
        self._bells = [threading.Event() for _ in turns]
        self._threads = [
            threading.Thread(target=self._work, args=pair, name="glm-image engine", daemon=True)
            for pair in zip(turns, self._bells, strict=True)
        ]
        for thread in self._threads:
            thread.start()
        atexit.register(self.close, drain=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(drain=error is None)

    def submit(self, order: Order, on_event: OnEvent | None = None) -> Ticket:
        """Hand a request in.

        Args:
            order: What is asked for.
            on_event: Called with everything that happens to it.

        Raises:
            InputError: It cannot be done as asked, by this model or within the limits.
            CapacityError: Too many pictures wait; ask again later.
            GlmImageError: The engine is closed.
        """
        ticket = Ticket(on_event)
        job = Job(self._system, order, ticket, self._started, self._ended)
        self._check(job)
        with self._lock:
            if not self._open:
                raise GlmImageError(
                    "the engine is closed", field="engine", hint="open another engine"
                )
            waiting = [other for other in self._jobs if not other.started]
            pictures = sum(len(other.tasks) for other in [*waiting, job])
            if pictures > self._limits.queue:
                raise CapacityError(
                    f"{pictures} pictures would wait, the limit is {self._limits.queue}",
                    field="queue",
                    hint="ask again when others are finished, or for fewer pictures at once",
                )
            self._jobs[job] = None
        job.queue(len(waiting))
        # Those that read the sources; from now on the engine's threads do the work.
        openmp.let_helpers_go()
        self._runner.add(job)
        return ticket

    def close(self, *, drain: bool = True) -> None:
        """Accept nothing more, and wait until nothing is left.

        Args:
            drain: Whether to finish what was accepted; otherwise it is cancelled.
        """
        with self._lock:
            self._open = False
            jobs = [] if drain else list(self._jobs)
        for job in jobs:
            job.ticket.cancel()
        self._ring()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()
        atexit.unregister(self.close)

    @property
    def requests(self) -> int:
        """Requests that are not finished."""
        with self._lock:
            return len(self._jobs)

    def _check(self, job: Job) -> None:
        """Refuse what could never be begun.

        Raises:
            InputError: A picture is larger than a limit.
        """
        if not job.tasks:
            raise InputError("there are no pictures", field="order", hint="ask for at least one")
        need = max((task.need for task in job.tasks if task.new_tokens), default=0)
        area = max(task.area for task in job.tasks)
        for asked, limit, what in (
            (need, self._limits.tokens, "tokens of prompt and picture"),
            (area, self._limits.pixels, "pixels of picture and sources"),
        ):
            if asked > limit:
                raise InputError(
                    f"it takes {asked} {what}, the engine's limit is {limit}",
                    field="height, width",
                    hint="ask for a smaller picture or fewer sources, or raise the limit",
                )

    def _work(self, turn: Callable[[], bool], bell: threading.Event) -> None:
        """Work until the engine is closed and nothing is left."""
        device = self._system.device
        own = torch.Stream(device.torch_device) if device.is_accelerator else None
        try:
            with contextlib.nullcontext() if own is None else own:
                while True:
                    bell.clear()
                    if turn():
                        continue
                    with self._lock:
                        if not self._open and not self._jobs:
                            return
                    bell.wait()
        finally:
            self._abandon()

    def _ring(self) -> None:
        for bell in self._bells:
            bell.set()

    def _started(self, job: Job) -> None:
        """Tell those who wait where they stand now."""
        with self._lock:
            waiting = [other for other in self._jobs if not other.started]
        for position, other in enumerate(waiting):
            other.queue(position)

    def _ended(self, job: Job) -> None:
        with self._lock:
            self._jobs.pop(job, None)
        self._ring()

    def _abandon(self) -> None:
        """Leave nobody waiting, should a thread end although there is something to do."""
        with self._lock:
            self._open = False
            jobs = list(self._jobs)
        for job in jobs:
            job.fail(
                GlmImageError(
                    "the engine has broken down", field="engine", hint="open another engine"
                )
            )
        self._ring()
