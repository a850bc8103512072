"""Both halves of an engine in one thread: the next piece of work, whichever it is."""

import time
from collections.abc import Callable

from glm_image.engine.events import OnEvent
from glm_image.engine.job import Job, Order, Task
from glm_image.engine.limits import Limits
from glm_image.engine.painter import Painter
from glm_image.engine.sharing import Sharing
from glm_image.engine.ticket import Ticket
from glm_image.engine.writer import Writer
from glm_image.pipeline.loaded import Loaded
from glm_image.pipeline.result import Result
from glm_image.pipeline.system import System


class Runner:
    """Works on requests piece by piece, for whoever calls it.

    Args:
        system: The model.
        limits: Bounds of what is done at once.
        sharing: Who works when; whoever calls gives each half its thread.
        wake: Called when there is something to do.

    Attributes:
        writer: The generator's half; None for a model without codes.
        painter: The decoder's half.
    """

    def __init__(
        self, system: Loaded, limits: Limits, sharing: Sharing, wake: Callable[[], None]
    ) -> None:
        self.painter = Painter(system, limits)
        self.writer = (
            Writer(system, limits, self._hand_over) if isinstance(system, System) else None
        )
        self._system, self._limits, self._wake = system, limits, wake
        self._spells = sharing is Sharing.SPELLS
        self._writing = True
        self._lead = 0.0

    def add(self, job: Job) -> None:
        """Take a request."""
        if self.writer is None:
            job.start()
        half = self.writer or self.painter
        for task in job.tasks:
            half.add(task)
        self._wake()

    def turn(self) -> bool:
        """Do the next piece of work.

        Returns:
            Whether there was something to do.
        """
        if self.writer is None:
            return self.painter.turn()
        if self._spells:
            return self._spell(self.writer) or self._spell(self.writer)
        return self._share(self.writer)

    def _hand_over(self, task: Task) -> None:
        self.painter.add(task)
        self._wake()

    def _share(self, writer: Writer) -> bool:
        """Let the half work that has had less time; who was idle has nothing to catch up on."""
        start = time.perf_counter()
        writer_first = self._lead <= 0
        if (writer if writer_first else self.painter).turn():
            seconds = time.perf_counter() - start
            self._lead += seconds if writer_first else -seconds
            return True
        self._lead = 0.0
        return (self.painter if writer_first else writer).turn()

    def _spell(self, writer: Writer) -> bool:
        """Let one half work until it has nothing to do or has made enough for the other."""
        half = writer if self._writing else self.painter
        worked = False
        with self._system.present("generator" if self._writing else "decoder"):
            while half.turn():
                worked = True
                if self._writing and self.painter.backlog >= self._limits.batch:
                    break
        self._writing = not self._writing
        return worked


def run(
    system: Loaded,
    order: Order,
    limits: Limits | None = None,
    on_event: OnEvent | None = None,
) -> Result:
    """Work on one request in the caller's thread.

    Args:
        system: The model.
        order: What is asked for.
        limits: How much is done at once.
        on_event: Called with everything that happens.

    Raises:
        InputError: It cannot be done as asked.
        GlmImageError: It failed; what the listener raises is raised as it is.
    """
    ticket = Ticket(on_event)
    sharing = Sharing.SPELLS if Sharing.best(system) is Sharing.SPELLS else Sharing.TURNS
    runner = Runner(system, limits or Limits(), sharing, _stay_awake)
    runner.add(Job(system, order, ticket))
    while not ticket.done():
        runner.turn()
    return ticket.result()


def _stay_awake() -> None:
    """Nobody sleeps where the caller works."""
