"""A painter that needs no model: it paints plain pictures, as fast or as slowly as a test likes."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field

from PIL import Image

from glm_image.serving import visible_label
from glm_image.serving.painter import Inputs
from glm_image.serving.records import Claim, Drawing, Failure, ModelCard
from glm_image.serving.worker.protocol import (
    Codes,
    Done,
    Error,
    Message,
    Preview,
    Result,
    Step,
    Token,
    Tokens,
)

CARD = ModelCard(
    name="glm-image",
    digest="0" * 64,
    summary="Plain colours.",
    default_width=64,
    default_height=64,
    min_side=32,
    max_side=2048,
    max_sources=4,
    steps=10,
    guidance=1.5,
    temperature=0.9,
    top_p=0.75,
    created=1_800_000_000.0,
)


@dataclass(eq=False)
class FakeEngine:
    """Paints each picture in a colour of its seed.

    Attributes:
        seconds: How long a job takes.
        steps: Messages of each stage.
        failures: What jobs fail with, by the words of their prompt.
        refused: Models that cannot be loaded.
        started: Jobs that were begun, in their order.
        inputs: What the jobs needed.
        hold: Jobs wait for it before they paint.
    """

    models: tuple[ModelCard, ...] = (CARD,)
    ready: bool = True
    seconds: float = 0.0
    steps: int = 3
    places: int = 8
    failures: dict[str, Failure] = field(default_factory=dict)
    refused: dict[str, Failure] = field(default_factory=dict)
    started: list[str] = field(default_factory=list)
    inputs: list[Inputs] = field(default_factory=list)
    hold: asyncio.Event | None = None

    def __post_init__(self) -> None:
        self._cancelled: dict[str, asyncio.Event] = {}

    @property
    def room(self) -> dict[str, int]:
        return {card.name: self.places - len(self._cancelled) for card in self.models}

    async def start(self) -> None:
        pass

    async def cancel(self, job_id: str) -> None:
        if job_id in self._cancelled:
            self._cancelled[job_id].set()

    async def close(self) -> None:
        for stop in self._cancelled.values():
            stop.set()

    async def submit(self, claim: Claim, inputs: Inputs) -> AsyncIterator[Message]:
        drawing = claim.job.drawing
        self.started.append(claim.job.id)
        self.inputs.append(inputs)
        stop = self._cancelled.setdefault(claim.job.id, asyncio.Event())
        try:
            async for message in self._paint(claim, stop):
                yield message
                if isinstance(message, Error):
                    return
            for index, seed in enumerate(drawing.seeds):
                yield _result(drawing, index, seed)
            yield Done()
        finally:
            del self._cancelled[claim.job.id]

    async def _paint(self, claim: Claim, stop: asyncio.Event) -> AsyncIterator[Message]:
        drawing, pause = claim.job.drawing, self.seconds / (2 * self.steps)
        cancelled = Failure(code="1230", kind="CancelledError", message="it was cancelled")
        for stage in (Token, Step):
            for done in range(1, self.steps + 1):
                if self.hold is not None:
                    await self.hold.wait()
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), pause)
                if stop.is_set():
                    yield Error(failure=cancelled)
                    return
                if stage is Token:
                    for codes in self._codes(drawing, done):
                        yield codes
                yield stage(done=done, total=self.steps)
                if stage is Step and done <= drawing.previews:
                    small = plain(32, 32, done, "jpeg")
                    yield Preview(index=0, number=done - 1, mime="image/jpeg", image=small)
            if stage is Token:
                yield Tokens(index=0, codes=b"codes")
        if drawing.prompt in self.failures:
            yield Error(failure=self.failures[drawing.prompt])

    def _codes(self, drawing: Drawing, done: int) -> list[Codes]:
        """What is written of each picture in one step."""
        rows, columns = max(1, drawing.height // 32), max(1, drawing.width // 32)
        start = rows * columns * (done - 1) // self.steps
        end = rows * columns * done // self.steps
        codes = tuple((place * 977) % 16384 for place in range(start, end))
        return [
            Codes(index=index, start=start, rows=rows, columns=columns, codes=codes)
            for index in range(drawing.count)
        ]


def _result(drawing: Drawing, index: int, seed: int) -> Result:
    kind, bare = drawing.output_format, plain(drawing.width, drawing.height, seed)
    with Image.open(io.BytesIO(bare)) as image:
        shown = visible_label.draw(image) if drawing.visible_label else image
        file = io.BytesIO()
        shown.save(file, format=kind.value)
    return Result(
        index=index,
        width=drawing.width,
        height=drawing.height,
        mime=kind.mime,
        image=file.getvalue(),
        bare=bare if drawing.visible_label else None,
    )


def plain(width: int, height: int, seed: int = 0, kind: str = "png") -> bytes:
    """A picture of one colour."""
    colour = (seed % 256, seed // 256 % 256, 128)
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(buffer, format=kind)
    return buffer.getvalue()


def masked(width: int, height: int) -> bytes:
    """A mask whose left half is transparent."""
    image = Image.new("RGBA", (width, height), (0, 0, 0, 255))
    image.paste((0, 0, 0, 0), (0, 0, width // 2, height))
    buffer = io.BytesIO()
    image.save(buffer, format="png")
    return buffer.getvalue()
