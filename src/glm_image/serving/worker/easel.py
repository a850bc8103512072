"""The model in a worker: orders go in, frames come out. Importing this loads torch."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from PIL import Image as PilImage

from glm_image.checkpoint.parts import WHOLE, Part
from glm_image.engine.engine import Engine
from glm_image.engine.events import (
    Cancelled,
    CodesReady,
    Event,
    Failed,
    Finished,
    PictureReady,
)
from glm_image.engine.limits import Limits
from glm_image.engine.ticket import Ticket
from glm_image.errors import CancelledError, GlmImageError, InputError
from glm_image.execution import heap
from glm_image.image.codec import to_pil
from glm_image.pipeline.progress import Progress, Raster
from glm_image.serving.worker.card import card
from glm_image.serving.worker.codes import pack
from glm_image.serving.worker.failures import failure_of
from glm_image.serving.worker.finish import Finisher
from glm_image.serving.worker.opening import open_model, open_part
from glm_image.serving.worker.orders import order_of
from glm_image.serving.worker.protocol import (
    Codes,
    Done,
    Error,
    Frame,
    Load,
    Preview,
    Step,
    Submit,
    Token,
    Tokens,
    Word,
)

Say = Callable[[Frame], None]
"""Takes what is said; never waits, and may be called by every thread."""

CODES_SECONDS = 0.25
"""Least time between two readings of what the generator has written."""

TIDY_SECONDS = 60.0
"""Least time between two returns of freed memory to the system."""

_FINISHERS = 2
"""Threads that label and encode, beside the engine's own."""


@dataclass(kw_only=True, eq=False)
class _Order:
    """One order on its way.

    Attributes:
        ticket: Of the engine, once it has accepted the order.
        finishing: Files being made.
        delivered: Pictures that were drawn.
        shown: Previews of the decoder's way so far.
        told: Codes that were told, by picture and by the rasters that follow.
        read: When codes were last read, on the monotonic clock.
    """

    number: int
    asked: Submit
    ticket: Ticket | None = None
    given_up: bool = False
    finishing: list[Future[None]] = field(default_factory=list)
    delivered: set[int] = field(default_factory=set)
    shown: int = 0
    told: dict[tuple[int, int], int] = field(default_factory=dict)
    read: float = 0.0


class Easel:
    """Draws many orders at once on one model.

    Args:
        load: Which model.
        say: Where frames go.
        part: What of the model; without the layers that write, orders bring all their codes along.

    Raises:
        GlmImageError: The model cannot be loaded, or the certificate cannot be used.
    """

    def __init__(self, load: Load, say: Say, part: Part = WHOLE) -> None:
        self._system = open_model(load) if part is WHOLE else open_part(load, part)
        self._writes = part is WHOLE
        self._limits = Limits()
        self._say = say
        self.card = card(self._system, load.name, load.source)
        self._finisher = Finisher(load=load, card=self.card)
        # A certificate that cannot be used is found now, not with the first picture.
        self.signs = self._finisher.signer is not None
        self._engine = Engine(self._system, self._limits)
        self._pool = ThreadPoolExecutor(_FINISHERS, thread_name_prefix="finish")
        self._lock = threading.Lock()
        self._orders: dict[int, _Order] = {}
        self._tidied = time.monotonic()

    @property
    def device(self) -> str:
        """Where the model runs, for people."""
        return self._system.device.name

    @property
    def orders(self) -> int:
        """Orders on their way."""
        with self._lock:
            return len(self._orders)

    @property
    def device_memory(self) -> int:
        """Bytes in use on the accelerator; 0 without one."""
        memory = self._system.device.memory()
        return 0 if memory is None else memory.total - memory.free

    def submit(self, number: int, asked: Submit) -> None:
        """Begin an order. What is wrong with it is said like everything else about it."""
        order = _Order(number=number, asked=asked)
        with self._lock:
            self._orders[number] = order
        try:
            if not self._writes and (None in asked.codes or not asked.codes):
                raise InputError(
                    "pictures without codes came to a worker that only paints", field="codes"
                )
            given = order_of(self._system, asked)
            order.ticket = self._engine.submit(given, lambda event: self._hear(order, event))
        except (GlmImageError, MemoryError) as error:
            self._end(order, Error(failure=failure_of(error)))
            return
        if order.given_up:
            order.ticket.cancel()

    def cancel(self, number: int) -> None:
        """Give an order up."""
        with self._lock:
            order = self._orders.get(number)
        if order is None:
            return
        order.given_up = True
        if order.ticket is not None:
            order.ticket.cancel()

    def close(self) -> None:
        """Give everything up; returns after the token or step under way."""
        self._engine.close(drain=False)
        self._pool.shutdown(cancel_futures=True)

    # ------------------------------------------------------------------------ what happens

    def _hear(self, order: _Order, event: Event) -> None:
        """Called in the engine's threads."""
        match event:
            case Progress(stage="generator"):
                self._tell(order, Token(done=event.index, total=event.total))
                self._read(order, event)
            case Progress(stage="decoder"):
                self._tell(order, Step(done=event.index, total=event.total))
                self._show(order, event)
            case CodesReady():
                self._say_codes(
                    order,
                    Raster(
                        number=event.number,
                        left=0,
                        grid=event.codes.grid,
                        codes=tuple(event.codes.ids_n.tolist()),
                    ),
                )
                self._tell(order, Tokens(index=event.number, codes=pack(event.codes)))
            case PictureReady():
                order.delivered.add(event.number)
                work = self._pool.submit(self._finish, order, event)
                order.finishing.append(work)
            case Finished():
                seconds = [f"{name}={taken:.3f}" for name, taken in event.result.timings.items()]
                self._pool.submit(self._complete, order, Done(seconds=tuple(seconds)))
            case Failed():
                self._end(order, Error(failure=failure_of(event.error)))
            case Cancelled():
                gone = CancelledError("the job was cancelled", field="job")
                self._end(order, Error(failure=failure_of(gone)))

    def _read(self, order: _Order, event: Progress) -> None:
        """Tell what is written, now and then: reading it waits for the device."""
        now = time.monotonic()
        if event.rasters is None or now - order.read < CODES_SECONDS:
            return
        order.read = now
        for raster in event.rasters():
            self._say_codes(order, raster)

    def _say_codes(self, order: _Order, raster: Raster) -> None:
        """Tell those codes of a raster that were not told before."""
        start = order.told.get((raster.number, raster.left), 0)
        if start >= len(raster.codes):
            return
        order.told[raster.number, raster.left] = len(raster.codes)
        rows, columns = raster.grid
        new = raster.codes[start:]
        self._tell(
            order,
            Codes(index=raster.number, start=start, rows=rows, columns=columns, codes=new),
        )

    def _show(self, order: _Order, event: Progress) -> None:
        """Draw previews where the decoder has come far enough for the next one."""
        wanted = order.asked.drawing.previews
        if not wanted or event.preview is None or event.index == 0:
            return
        share = event.total / order.asked.drawing.count * self._together(order)
        due = int(event.index * (wanted + 1) / share)
        ends = event.index % share == 0
        if due <= order.shown or ends:
            order.shown = max(order.shown, due)
            return
        order.shown = due
        left = [k for k in range(order.asked.drawing.count) if k not in order.delivered]
        for index, image in zip(left, event.preview(), strict=False):
            number = max(0, due % (wanted + 1) - 1)
            self._pool.submit(self._preview, order, index, number, image)

    def _together(self, order: _Order) -> int:
        """Pictures of an order that are painted at once."""
        drawing = order.asked.drawing
        if drawing.width * drawing.height > self._limits.batch_pixels:
            return 1
        return min(drawing.count, self._limits.batch)

    def _preview(self, order: _Order, index: int, number: int, image: PilImage.Image) -> None:
        if order.given_up or index in order.delivered:
            return
        file = self._finisher.preview(order.asked, index, image)
        mime = order.asked.drawing.output_format.mime
        self._tell(order, Preview(index=index, number=number, mime=mime, image=file))

    def _finish(self, order: _Order, ready: PictureReady) -> None:
        if not order.given_up:
            image = to_pil(ready.image)
            self._tell(
                order,
                self._finisher.result(order.asked, ready.number, image, ready.image.provenance),
            )

    def _complete(self, order: _Order, done: Done) -> None:
        """Say that all is done, or what went wrong with a file."""
        # Those before this one in the queue are done, or are being done by the other thread.
        errors = [work.exception() for work in order.finishing]
        broken = next((error for error in errors if error is not None), None)
        self._end(order, done if broken is None else Error(failure=failure_of(broken)))

    def _end(self, order: _Order, last: Done | Error) -> None:
        with self._lock:
            found = self._orders.pop(order.number, None)
            now = time.monotonic()
            untidy = now - self._tidied >= TIDY_SECONDS
            if untidy:
                self._tidied = now
        # What a file failed with knows its order.
        order.finishing.clear()
        if found is not None:
            self._tell(order, last)
        if untidy:
            # What one thread took and another freed lies between what stays, in both their heaps.
            heap.give_back()

    def _tell(self, order: _Order, word: Word) -> None:
        self._say(Frame(order=order.number, word=word))
