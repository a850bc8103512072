"""An engine process that waits instead of drawing, and writes down for how long.

It speaks the worker's protocol as the real one does: every token, every step, codes, a picture. How
long an order takes is drawn from its seed, so that a measurement can be repeated:
``python -m benchmarks.waiting_worker SHORTEST LONGEST FILE``. Each line of the file is a seed and
the two moments, by the machine's monotonic clock, between which the order was here.
"""

import random
import sys
import threading
import time
from pathlib import Path
from typing import TextIO

from glm_image.serving.records import ModelCard
from glm_image.serving.worker.outbox import Outbox
from glm_image.serving.worker.protocol import (
    Beat,
    Done,
    Frame,
    Hello,
    Load,
    Result,
    Step,
    Stop,
    Submit,
    Token,
    Tokens,
    read,
)

TOKENS = STEPS = 20
"""Messages of each stage."""

CARD = ModelCard(
    name="glm-image",
    digest="0" * 64,
    summary="Waits.",
    default_width=256,
    default_height=256,
    min_side=256,
    max_side=256,
    max_sources=4,
    steps=STEPS,
    guidance=1.5,
    temperature=0.9,
    top_p=0.75,
    created=0.0,
)

_PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cf"
    "c0000003010100c9fe92ef0000000049454e44ae426082"
)


class Worker:
    """Takes any number of orders at once.

    Args:
        span: Shortest and longest time of an order in seconds.
        file: Where the times are written.
    """

    def __init__(self, span: tuple[float, float], file: TextIO) -> None:
        self._span, self._file = span, file
        self._writing = threading.Lock()
        self.outbox = Outbox(sys.stdout.buffer)

    def draw(self, order: int, asked: Submit, begun: float) -> None:
        """Wait for as long as the seed of an order says."""
        (seed,) = asked.drawing.seeds
        seconds = random.Random(seed).uniform(*self._span)
        for count in range(1, TOKENS + STEPS + 1):
            left = begun + seconds * count / (TOKENS + STEPS) - time.monotonic()
            time.sleep(max(0.0, left))
            if count <= TOKENS:
                self.outbox.put(Frame(order=order, word=Token(done=count, total=TOKENS)))
            else:
                self.outbox.put(Frame(order=order, word=Step(done=count - TOKENS, total=STEPS)))
            if count == TOKENS:
                self.outbox.put(Frame(order=order, word=Tokens(index=0, codes=bytes(256))))
        picture = Result(index=0, width=256, height=256, mime="image/png", image=_PNG)
        ended = time.monotonic()
        self.outbox.put(Frame(order=order, word=picture))
        self.outbox.put(Frame(order=order, word=Done()))
        with self._writing:
            self._file.write(f"{seed} {begun!r} {ended!r}\n")
            self._file.flush()

    def live(self) -> None:
        """Say every second that the process is alive."""
        while True:
            self.outbox.put(Frame(word=Beat(orders=0, memory=0, device_memory=0)))
            time.sleep(1.0)


def main() -> None:
    """Work until the input ends."""
    shortest, longest, path = sys.argv[1:]
    with Path(path).open("w", encoding="ascii") as file:
        worker = Worker((float(shortest), float(longest)), file)
        first = read(sys.stdin.buffer)
        if first is None or not isinstance(first.word, Load):
            raise RuntimeError("nobody says which model")
        threading.Thread(target=worker.live, daemon=True).start()
        worker.outbox.put(Frame(word=Hello(card=CARD, device="none")))
        while (frame := read(sys.stdin.buffer)) is not None and not isinstance(frame.word, Stop):
            if isinstance(frame.word, Submit):
                given = (frame.order, frame.word, time.monotonic())
                threading.Thread(target=worker.draw, args=given, daemon=True).start()


if __name__ == "__main__":
    main()
