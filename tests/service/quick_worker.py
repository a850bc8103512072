"""A worker without a model: it speaks the protocol, paints plain pictures, and fails on demand.

``python quick_worker.py SECONDS`` takes so long for an order. Words of the prompt make it fail:
``crash``, ``freeze``, ``nonsense``, ``memory``. A model named ``unfit`` cannot be loaded, one named
``endless`` is never done loading, one named ``starved`` finds no memory, and over one named
``killed`` the worker dies.
"""

import os
import signal
import sys
import threading
import time

from fake import CARD, plain

from glm_image.config import to_mapping
from glm_image.errors import GlmImageError, NotFoundError
from glm_image.serving.records import ModelCard
from glm_image.serving.worker.failures import EXIT_UNFIT, failure_of, failure_of_loading
from glm_image.serving.worker.outbox import Outbox
from glm_image.serving.worker.protocol import (
    Beat,
    Cancel,
    Done,
    Error,
    Frame,
    Hello,
    Load,
    Result,
    Step,
    Submit,
    Token,
    Tokens,
    Word,
    read,
)

STEPS = 8


class Worker:
    def __init__(self, seconds: float) -> None:
        self.pause = seconds / (2 * STEPS)
        self.outbox = Outbox(sys.stdout.buffer)
        self.given_up: set[int] = set()

    def say(self, order: int, word: Word) -> None:
        self.outbox.put(Frame(order=order, word=word))

    def beat(self) -> None:
        while True:
            self.say(0, Beat(orders=0, memory=1, device_memory=2))
            time.sleep(0.05)

    def draw(self, order: int, asked: Submit) -> None:
        for index, kept in enumerate(asked.codes):
            if kept is None:
                for done in range(STEPS):
                    self.pass_time(order, asked)
                    self.say(order, Token(done=done + 1, total=STEPS))
                self.say(order, Tokens(index=index, codes=f"{asked.job_id} {index}".encode()))
        if order in self.given_up:
            return
        if "memory" in asked.drawing.prompt:
            problem = GlmImageError("the device has too little memory", field="device")
            self.say(order, Error(failure=failure_of(problem)))
            return
        for done in range(STEPS):
            self.pass_time(order, asked)
            self.say(order, Step(done=done + 1, total=STEPS))
            self.misbehave(asked.drawing.prompt)
        if order in self.given_up:
            return
        for index, seed in enumerate(asked.drawing.seeds):
            width, height = asked.drawing.width, asked.drawing.height
            image = plain(width, height, seed)
            self.say(
                order,
                Result(index=index, width=width, height=height, mime="image/png", image=image),
            )
        self.say(order, Done(seconds=("decoder=0.5",)))

    def pass_time(self, order: int, asked: Submit) -> None:
        if order not in self.given_up:
            time.sleep(self.pause)

    def misbehave(self, prompt: str) -> None:
        if "crash" in prompt:
            os._exit(9)
        if "freeze" in prompt:
            os.kill(os.getpid(), signal.SIGSTOP)
        if "nonsense" in prompt:
            sys.stdout.buffer.write(b"Loading weights: 100%\n" * 100)
            sys.stdout.buffer.flush()

    def cancel(self, order: int) -> None:
        if order not in self.given_up:
            self.given_up.add(order)
            gone = GlmImageError("the job was cancelled")
            self.say(order, Error(failure=failure_of(gone)))


def main() -> int:
    worker = Worker(float(sys.argv[1]))
    threading.Thread(target=worker.beat, daemon=True).start()
    first = read(sys.stdin.buffer)
    if first is None or not isinstance(first.word, Load):
        return 1
    if first.word.name == "unfit":
        worker.say(0, Error(failure=failure_of(NotFoundError("there is no such model"))))
        worker.outbox.close(2)
        return EXIT_UNFIT
    if first.word.name == "starved":
        worker.say(0, Error(failure=failure_of_loading(MemoryError())))
        worker.outbox.close(2)
        return 1
    if first.word.name == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if first.word.name == "endless":
        threading.Event().wait()
    card = ModelCard(**{**to_mapping(CARD), "name": first.word.name})
    worker.say(0, Hello(card=card, device="paper"))
    while (frame := read(sys.stdin.buffer)) is not None:
        if isinstance(frame.word, Submit):
            threading.Thread(
                target=worker.draw, args=(frame.order, frame.word), daemon=True
            ).start()
        elif isinstance(frame.word, Cancel):
            worker.cancel(frame.order)
        else:
            break
    return 0


if __name__ == "__main__":
    code = main()
    os._exit(code)
