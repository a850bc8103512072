"""The generator's half of a model in a worker of its own: orders go in, codes come out."""

import threading
from dataclasses import dataclass, field

from glm_image.checkpoint.parts import WRITING
from glm_image.engine.events import Cancelled, CodesReady, Event, Failed
from glm_image.engine.job import Job, Task
from glm_image.engine.limits import Limits
from glm_image.engine.ticket import Ticket
from glm_image.engine.writer import Writer
from glm_image.errors import CancelledError, GlmImageError
from glm_image.pipeline.progress import Progress
from glm_image.serving.worker.card import card
from glm_image.serving.worker.codes import pack
from glm_image.serving.worker.easel import Say
from glm_image.serving.worker.failures import failure_of
from glm_image.serving.worker.opening import open_part
from glm_image.serving.worker.orders import order_of
from glm_image.serving.worker.protocol import (
    Done,
    Error,
    Frame,
    Load,
    Submit,
    Token,
    Tokens,
    Word,
)


@dataclass(kw_only=True, eq=False)
class _Order:
    """One order on its way, with the pictures that are not written yet."""

    job: Job
    left: set[int] = field(default_factory=set)


class Scribe:
    """Writes the pictures of many orders side by side and paints none: it holds no decoder.

    Args:
        load: Which model.
        say: Where frames go.

    Raises:
        GlmImageError: The model cannot be loaded.
    """

    def __init__(self, load: Load, say: Say) -> None:
        self._system = open_part(load, WRITING)
        self._say = say
        self.card = card(self._system, load.name, load.source)
        self._writer = Writer(self._system, Limits(), self._written)
        self._lock = threading.Lock()
        self._orders: dict[int, _Order] = {}
        self._numbers: dict[Job, int] = {}
        self._bell = threading.Event()
        self._open = True
        self._thread = threading.Thread(target=self._work, name="scribe", daemon=True)
        self._thread.start()

    def submit(self, number: int, asked: Submit) -> None:
        """Begin an order. What is wrong with it is said like everything else about it."""
        try:
            ticket = Ticket(lambda event: self._hear(number, event))
            job = Job(self._system, order_of(self._system, asked), ticket)
        except (GlmImageError, MemoryError) as error:
            self._tell(number, Error(failure=failure_of(error)))
            return
        missing = {task.number for task in job.tasks if task.new_tokens}
        with self._lock:
            self._orders[number] = _Order(job=job, left=missing)
            self._numbers[job] = number
        if not missing:
            self._end(number, Done())
            return
        for task in job.tasks:
            if task.number in missing:
                self._writer.add(task)
        self._bell.set()

    def cancel(self, number: int) -> None:
        """Give an order up."""
        with self._lock:
            order = self._orders.get(number)
        if order is not None:
            order.job.ticket.cancel()
            self._bell.set()

    def close(self) -> None:
        """Give everything up; returns after the code under way."""
        self._open = False
        with self._lock:
            orders = list(self._orders)
        for number in orders:
            self.cancel(number)
        self._bell.set()
        self._thread.join()

    def _work(self) -> None:
        while True:
            self._bell.clear()
            if self._writer.turn():
                continue
            with self._lock:
                jobs = [order.job for order in self._orders.values()]
            # A job that was given up before it had a row ends where somebody looks at it.
            if any(job.over for job in jobs):
                continue
            if not self._open:
                return
            self._bell.wait()

    def _written(self, task: Task) -> None:
        """Called by the writer with each picture whose codes are there."""
        with self._lock:
            number = self._numbers.get(task.job)
            order = None if number is None else self._orders.get(number)
            if number is None or order is None:
                return
            order.left.discard(task.number)
            over = not order.left
        if over:
            self._end(number, Done())

    def _hear(self, number: int, event: Event) -> None:
        match event:
            case Progress(stage="generator"):
                self._tell(number, Token(done=event.index, total=event.total))
            case CodesReady():
                self._tell(number, Tokens(index=event.number, codes=pack(event.codes)))
            case Failed():
                self._end(number, Error(failure=failure_of(event.error)))
            case Cancelled():
                gone = CancelledError("the job was cancelled", field="job")
                self._end(number, Error(failure=failure_of(gone)))

    def _end(self, number: int, last: Done | Error) -> None:
        with self._lock:
            order = self._orders.pop(number, None)
            if order is not None:
                self._numbers.pop(order.job, None)
        if order is not None:
            self._tell(number, last)

    def _tell(self, number: int, word: Word) -> None:
        self._say(Frame(order=number, word=word))
