"""One engine process as the service sees it: started, watched, killed, started again."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count

from glm_image.serving import logs
from glm_image.serving.records import Failure, ModelCard
from glm_image.serving.worker.failures import EXIT_UNFIT, lost, silent, unloaded
from glm_image.serving.worker.protocol import (
    Beat,
    Cancel,
    Command,
    Done,
    Error,
    Frame,
    Hello,
    Load,
    Message,
    ProtocolError,
    Stop,
    Submit,
    encode,
    receive,
)

_LOG = logs.get("worker")

LOADS = 3
"""Starts in a row after which a model counts as one that cannot be loaded."""


class Phase(StrEnum):
    """What a worker does. ``unfit`` cannot load its model, and trying again does not help."""

    STARTING = "starting"
    READY = "ready"
    RESTING = "resting"
    UNFIT = "unfit"
    STOPPED = "stopped"


@dataclass(frozen=True, kw_only=True)
class Patience:
    """When a worker counts as broken, and how soon it starts again. All in seconds.

    Args:
        silence: Without any sign of life; a process that is frozen or swapped out is silent.
        stall: Without progress of any order, while there are orders.
        start: For loading the model.
        leave: For leaving after it was told to.
        rest: Before the first new start; doubles with each that fails.
        longest_rest: Between two starts at most.
        settled: After which a running worker counts as sound, and the rest starts small again.
    """

    silence: float = 30.0
    stall: float = 900.0
    start: float = 1800.0
    leave: float = 30.0
    rest: float = 0.5
    longest_rest: float = 60.0
    settled: float = 120.0


@dataclass(kw_only=True, eq=False)
class _Order:
    """An order on its way, and what was said about it."""

    job_id: str
    said: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)


@dataclass(kw_only=True, eq=False)
class _Run:
    """One life of the process.

    Attributes:
        heard: When it last said anything.
        moved: When an order last came further, or none was there.
        reason: Why it was killed.
        loaded: Whether it has loaded its model.
        told: Whether it said why it has not.
    """

    process: asyncio.subprocess.Process
    began: float = field(default_factory=time.monotonic)
    heard: float = field(default_factory=time.monotonic)
    moved: float = field(default_factory=time.monotonic)
    orders: dict[int, _Order] = field(default_factory=dict)
    reason: str = ""
    loaded: bool = False
    told: bool = False


class WorkerProcess:
    """Keeps one engine process alive and passes orders to it.

    Args:
        name: For the log.
        load: Which model, and how.
        patience: When it counts as broken.
        command: What is started; by default this interpreter with the worker's module.

    Attributes:
        phase: What it does.
        card: What its model can do; stays while the process starts anew.
        beat: Its last sign of life.
        failure: Why its model was not loaded, the last time that was tried.
        misses: Starts in a row in which it was not.
        restarts: How often it was started again.
    """

    def __init__(
        self,
        name: str,
        load: Load,
        patience: Patience | None = None,
        command: Sequence[str] = (sys.executable, "-m", "glm_image.serving.worker"),
    ) -> None:
        self.name = name
        self.load = load
        self.phase = Phase.STOPPED
        self.card: ModelCard | None = None
        self.beat: Beat | None = None
        self.failure: Failure | None = None
        self.misses = 0
        self.restarts = 0
        self._patience = patience or Patience()
        self._command = tuple(command)
        self._run: _Run | None = None
        self._numbers = count(1)
        self._keeper: asyncio.Task[None] | None = None
        self._changed: asyncio.Event = asyncio.Event()

    @property
    def orders(self) -> int:
        """Orders on their way."""
        return 0 if self._run is None else len(self._run.orders)

    @property
    def room(self) -> int:
        """Orders that it would take now."""
        return self.load.orders - self.orders if self.phase is Phase.READY else 0

    @property
    def up(self) -> bool:
        """Whether it can draw."""
        return self.phase is Phase.READY

    @property
    def refused(self) -> Failure | None:
        """Why its model cannot be loaded; None if it is, or may yet be."""
        return self.failure if self.phase is Phase.UNFIT or self.misses >= LOADS else None

    @property
    def memory(self) -> tuple[int, int]:
        """Bytes of the process, and of its accelerator."""
        return (0, 0) if self.beat is None else (self.beat.memory, self.beat.device_memory)

    @property
    def pid(self) -> int | None:
        """Number of the process, if there is one."""
        return None if self._run is None else self._run.process.pid

    async def start(self) -> None:
        """Start the process and keep it alive; returns at once."""
        self.phase = Phase.STARTING
        self._keeper = asyncio.create_task(self._keep(), name=f"worker {self.name}")

    async def close(self) -> None:
        """Give all orders up and end the process."""
        if self._keeper is None:
            return
        self._keeper.cancel()
        with suppress(asyncio.CancelledError):
            await self._keeper
        self._keeper = None

    async def draw(self, asked: Submit) -> AsyncGenerator[Message, None]:
        """What is said about an order, until ``Done`` or ``Error``; leaving early gives it up."""
        run = self._run
        if run is None or self.phase is not Phase.READY:
            yield Error(failure=lost("is not ready"))
            return
        number = next(self._numbers)
        order = _Order(job_id=asked.job_id)
        if not run.orders:
            run.moved = time.monotonic()
        run.orders[number] = order
        try:
            await self._send(run, number, asked)
            while True:
                word = await order.said.get()
                yield word
                if isinstance(word, Done | Error):
                    return
        finally:
            if run.orders.pop(number, None) is not None and run is self._run:
                await self._send(run, number, Cancel())

    async def cancel(self, job_id: str) -> None:
        """Give the orders of a job up; the worker ends each with an ``Error``."""
        run = self._run
        if run is None:
            return
        for number in [number for number, one in run.orders.items() if one.job_id == job_id]:
            await self._send(run, number, Cancel())

    async def _send(self, run: _Run, number: int, word: Command) -> None:
        """Say something; whether it arrives shows in what the worker answers."""
        pipe = run.process.stdin
        if pipe is None:
            return
        with suppress(ConnectionError, RuntimeError):
            pipe.write(encode(Frame(order=number, word=word)))
            await pipe.drain()

    # ------------------------------------------------------------------------ its lives

    async def _keep(self) -> None:
        """Start the process again and again."""
        rest = self._patience.rest
        try:
            while True:
                run = await self._live()
                if run.process.returncode == EXIT_UNFIT and not run.loaded:
                    self.phase = Phase.UNFIT
                    return
                # However long a model takes to fail, it is tried more and more rarely.
                if run.loaded and time.monotonic() - run.began > self._patience.settled:
                    rest = self._patience.rest
                self.phase = Phase.RESTING
                await asyncio.sleep(rest)
                rest = min(2 * rest, self._patience.longest_rest)
                self.restarts += 1
                self.phase = Phase.STARTING
        finally:
            if self.phase is not Phase.UNFIT:
                self.phase = Phase.STOPPED

    async def _live(self) -> _Run:
        """One life of the process, from its start to its end."""
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            # Ctrl-C in a terminal is for the service, which ends its workers itself.
            start_new_session=True,
        )
        run = self._run = _Run(process=process)
        _LOG.info("worker started", worker=self.name, pid=process.pid)
        watch = asyncio.create_task(self._watch(run))
        try:
            await self._send(run, 0, self.load)
            await self._listen(run)
        finally:
            watch.cancel()
            await self._bury(run)
        return run

    async def _listen(self, run: _Run) -> None:
        """Pass on what the process says, until it says nothing more."""
        stream = run.process.stdout
        if stream is None:
            return
        try:
            while (frame := await receive(stream)) is not None:
                run.heard = time.monotonic()
                self._hear(run, frame)
        except ProtocolError as error:
            run.reason = f"spoke nonsense: {error.message}"

    def _hear(self, run: _Run, frame: Frame) -> None:
        match frame.word:
            case Beat() as beat:
                self.beat = beat
                if not run.orders:
                    run.moved = time.monotonic()
            case Hello(card=card, device=device):
                self.card, self.failure, self.phase = card, None, Phase.READY
                self.misses, run.loaded = 0, True
                seconds = round(time.monotonic() - run.began, 1)
                _LOG.info("model loaded", worker=self.name, device=device, seconds=seconds)
            case Error(failure=failure) if frame.order == 0:
                run.told = True
                self._miss(failure)
            case Load() | Submit() | Cancel() | Stop():
                raise ProtocolError("a worker gives no orders", field="frame")
            case word:
                run.moved = time.monotonic()
                order = run.orders.get(frame.order)
                if isinstance(word, Done | Error):
                    run.orders.pop(frame.order, None)
                if order is not None:
                    order.said.put_nowait(word)

    def _miss(self, failure: Failure) -> None:
        """Note why the model was not loaded; the log has each reason once."""
        public = unloaded(self.load.name, failure)
        if public != self.failure:
            _LOG.error(
                "model not loaded",
                worker=self.name,
                model=self.load.name,
                reason=failure.message,
                field=failure.field,
                hint=failure.hint,
            )
        self.failure = public
        self.misses += 1

    async def _watch(self, run: _Run) -> None:
        """Kill a process that is silent, stuck, or takes too long to load."""
        patience = self._patience
        pause = min(1.0, patience.silence / 4)
        while True:
            before = time.monotonic()
            await asyncio.sleep(pause)
            now = time.monotonic()
            if now - before > pause + patience.silence / 2:
                # This process stood still itself; what the worker said meanwhile is yet unread.
                run.heard = run.moved = now
            elif now - run.heard > patience.silence:
                run.reason = f"was silent for {patience.silence:g} s"
            elif now - run.moved > patience.stall and run.orders:
                run.reason = f"did nothing for {patience.stall:g} s"
            elif self.phase is Phase.STARTING and now - run.began > patience.start:
                run.reason = f"did not load its model in {patience.start:g} s"
            if run.reason:
                with suppress(ProcessLookupError):
                    run.process.kill()
                return

    async def _bury(self, run: _Run) -> None:
        """Wait for the end of the process, and tell everyone who waits for it."""
        process = run.process
        # Python 3.11 waits for the pipe as well as for the process, so somebody has to read it.
        rest = asyncio.create_task(_drain(process.stdout))
        if process.returncode is None and not run.reason:
            await self._send(run, 0, Stop())
            with suppress(TimeoutError):
                async with asyncio.timeout(self._patience.leave):
                    await process.wait()
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
        # A killed process is gone at once, unless the kernel itself holds it.
        code = await process.wait()
        rest.cancel()
        reason = run.reason or _ending(code)
        self._run = None
        say = _LOG.warning if code or run.reason else _LOG.info
        say("worker ended", worker=self.name, pid=process.pid, reason=reason)
        if not run.loaded and not run.told and (code or run.reason):
            self._miss(silent(reason))
        for order in run.orders.values():
            order.said.put_nowait(Error(failure=lost(reason)))
        run.orders.clear()


async def _drain(stream: asyncio.StreamReader | None) -> None:
    """Read what nobody wants any more."""
    while stream is not None and await stream.read(2**16):
        pass


def _ending(code: int) -> str:
    """An exit code in words."""
    return f"was killed by signal {-code}" if code < 0 else f"left with code {code}"
