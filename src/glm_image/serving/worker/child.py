"""The engine process: loads a model, draws what it is told to, and leaves with its service.

It reads frames from its standard input and writes frames to what was its standard output; whatever
else is printed goes to standard error. It leaves when its input ends, so it never outlives the
service, however that died. Torch is loaded after the first sign of life.
"""

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, BinaryIO

from glm_image.errors import GlmImageError
from glm_image.serving import logs
from glm_image.serving.memory import resident_bytes
from glm_image.serving.settings import LogSettings
from glm_image.serving.worker.failures import EXIT_UNFIT, failure_of, failure_of_loading
from glm_image.serving.worker.outbox import Outbox
from glm_image.serving.worker.protocol import (
    VERSION,
    Beat,
    Cancel,
    Error,
    Frame,
    Hello,
    Load,
    ProtocolError,
    Stop,
    Submit,
    read,
)

if TYPE_CHECKING:
    from glm_image.serving.worker.easel import Easel

EXIT_FAILURE = 1
BEAT_SECONDS = 1.0
"""Time between two signs of life."""

_LOG = logs.get("worker")

_LAST_WORDS_SECONDS = 5.0
_LEAVE_SECONDS = 20.0
"""Longest time for the step under way when the worker leaves."""


def main() -> int:
    """Run until the input ends or somebody says stop; gives the exit code."""
    # Signals of a terminal or a service manager are for the service, which tells its workers.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    source, target = _pipes()
    outbox = Outbox(target)
    heart = _Heart(outbox)
    try:
        first = read(source)
        if first is None:
            return 0
        load = _first_word(first)
        logs.configure(LogSettings(level=load.log_level, json=load.log_json))
        # The import takes seconds and may fail like the rest of loading.
        from glm_image.serving.worker.easel import Easel

        easel = Easel(load, outbox.put)
    except GlmImageError as error:
        outbox.put(Frame(word=Error(failure=failure_of(error))))
        return EXIT_UNFIT
    except (MemoryError, OSError, RuntimeError) as error:
        # Memory may be free later, so this is tried again, more and more rarely.
        _LOG.error("the model was not loaded", exc_info=error)
        outbox.put(Frame(word=Error(failure=failure_of_loading(error))))
        return EXIT_FAILURE
    else:
        heart.easel = easel
        outbox.put(Frame(word=Hello(card=easel.card, device=easel.device)))
        return _serve(source, easel)
    finally:
        outbox.close(_LAST_WORDS_SECONDS)


def _serve(source: BinaryIO, easel: "Easel") -> int:
    code = 0
    try:
        while (frame := read(source)) is not None and not isinstance(frame.word, Stop):
            if isinstance(frame.word, Submit):
                easel.submit(frame.order, frame.word)
            elif isinstance(frame.word, Cancel):
                easel.cancel(frame.order)
            else:
                raise ProtocolError(f"{type(frame.word).__name__} is said too late", field="frame")
    except GlmImageError as error:
        _LOG.error("the service cannot be understood", reason=error.message)
        code = EXIT_FAILURE
    late = threading.Timer(_LEAVE_SECONDS, os._exit, (EXIT_FAILURE,))
    late.daemon = True
    late.start()
    easel.close()
    return code


def _first_word(frame: Frame) -> Load:
    if not isinstance(frame.word, Load):
        raise ProtocolError(
            f"{type(frame.word).__name__} came first", field="frame", hint="say Load first"
        )
    if frame.word.version != VERSION:
        raise ProtocolError(
            f"the service speaks version {frame.word.version}, the worker {VERSION}",
            field="version",
            hint="install the same release of glm-image for both",
        )
    return frame.word


def _pipes() -> tuple[BinaryIO, BinaryIO]:
    """The pipe from the service and the one to it, which nothing else can write to any more."""
    source = os.fdopen(os.dup(sys.stdin.fileno()), "rb")
    target = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    sys.stdout.flush()
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, sys.stdin.fileno())
    os.close(nothing)
    return source, target


class _Heart:
    """Says every second that the process is alive, in a thread of its own."""

    def __init__(self, outbox: Outbox) -> None:
        self.easel: Easel | None = None
        self._outbox = outbox
        threading.Thread(target=self._beat, name="heart", daemon=True).start()

    def _beat(self) -> None:
        never = threading.Event()
        while True:
            easel = self.easel
            self._outbox.put(
                Frame(
                    word=Beat(
                        orders=0 if easel is None else easel.orders,
                        memory=resident_bytes(),
                        device_memory=0 if easel is None else easel.device_memory,
                    )
                )
            )
            never.wait(BEAT_SECONDS)
