"""One start of one job: from its claim to its pictures in the store."""

import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

import anyio
import anyio.to_thread

from glm_image.config import to_mapping
from glm_image.errors import GlmImageError
from glm_image.serving import bare, logs, metrics, tracing
from glm_image.serving.blobs import Blobs
from glm_image.serving.hub import Hub
from glm_image.serving.moderation import Moderator
from glm_image.serving.painter import Inputs, Painter
from glm_image.serving.progress_notes import ProgressNotes
from glm_image.serving.records import (
    Claim,
    Event,
    EventKind,
    Failure,
    Picture,
    Stage,
    new_id,
)
from glm_image.serving.store import Store
from glm_image.serving.worker.failures import failure_of, lost
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

P = ParamSpec("P")
T = TypeVar("T")

_LOG = logs.get("jobs")


@dataclass(frozen=True, kw_only=True, eq=False)
class Workshop:
    """What every job needs.

    Args:
        store: Where jobs are kept.
        blobs: Where files are kept.
        painter: Who draws.
        hub: Who is told about previews; the store tells it about everything else.
        moderator: Who looks at what was drawn.
        progress: Writes down how far jobs are.
        threads: How many calls of store and blobs may block at once.
    """

    store: Store
    blobs: Blobs
    painter: Painter
    hub: Hub
    moderator: Moderator
    progress: ProgressNotes
    threads: anyio.CapacityLimiter

    async def call(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Do something that blocks in a thread; what was begun is finished."""
        return await anyio.to_thread.run_sync(lambda: work(*args, **kwargs), limiter=self.threads)


class _ClaimLostError(GlmImageError):
    """Somebody cancelled the job, or another process works on it now."""


class JobRun:
    """Draws one job and writes down what comes of it.

    Everything is fenced by the claim: once it does not hold any more, nothing is written and the
    drawing stops.

    Args:
        workshop: What every job needs.
        claim: The job.

    Attributes:
        claim: The job, with the latest end of its lease.
        begun: Whether the painter has taken it.
    """

    def __init__(self, workshop: Workshop, claim: Claim) -> None:
        self.claim = claim
        self.begun = False
        self._workshop = workshop
        self._stopped = False
        self._pictures: dict[int, Picture] = {}
        self._last: Result | None = None
        self._place: tuple[Stage, int, int] = (Stage.WRITE, 0, 0)
        self._steps = (0, 0)
        self._codes: list[Codes] = []

    async def draw(self) -> None:
        """Draw, from the first input to the last picture."""
        job = self.claim.job
        model, start = job.drawing.model, time.monotonic()
        log = _LOG.bind(job_id=job.id, attempt=self.claim.attempt, model=model)
        with tracing.span("job", {"job.id": job.id, "job.model": model}):
            try:
                outcome = await self._draw()
            except _ClaimLostError:
                outcome = "lost"
            except (GlmImageError, OSError) as error:
                outcome = await self._fail(failure_of(error))
            finally:
                self._workshop.progress.forget(job.id)
        seconds = time.monotonic() - start
        metrics.observe_end(model=model, outcome=outcome, seconds=seconds)
        log.info("job ended", outcome=outcome, seconds=round(seconds, 3))

    def news(self) -> dict[str, object]:
        """How far the job is, as an event tells it."""
        stage, done, total = self._place
        return {"stage": stage.value, "done": done, "total": total, **self._written()}

    async def stop(self) -> None:
        """Stop drawing; the claim does not hold any more."""
        self._stopped = True
        await self._workshop.painter.cancel(self.claim.job.id)

    # ------------------------------------------------------------------------ the way of a job

    async def _draw(self) -> str:
        inputs = await self._inputs()
        job = self.claim.job
        metrics.observe_start(
            model=job.drawing.model, waited=time.time() - job.created, reused=len(inputs.codes)
        )
        self._check()
        async with aclosing(self._workshop.painter.submit(self.claim, inputs)) as messages:
            # From the first step of the iteration on the painter counts the job itself.
            self.begun = True
            async for message in messages:
                self._check()
                if isinstance(message, Done):
                    metrics.observe_stages(model=job.drawing.model, stages=message.seconds)
                    return await self._finish()
                if isinstance(message, Error):
                    return await self._fail(message.failure)
                await self._hear(message)
        return await self._fail(lost("said nothing more"))

    async def _inputs(self) -> Inputs:
        call, blobs, drawing = self._workshop.call, self._workshop.blobs, self.claim.job.drawing
        # Codes are left from earlier claims only.
        again = self.claim.lease > 1
        return Inputs(
            sources=tuple([await call(blobs.get, key) for key in drawing.sources]),
            mask=None if drawing.mask is None else await call(blobs.get, drawing.mask),
            codes=await call(self._workshop.store.tokens, self.claim.job.id) if again else {},
        )

    async def _hear(self, message: Message) -> None:
        match message:
            case Token(done=done, total=total):
                self._progress(Stage.WRITE, done, total)
            case Codes():
                self._codes.append(message)
            case Step(done=done, total=total):
                self._steps = (done, total)
                if done < total:
                    self._progress(Stage.PAINT, done, total)
                else:
                    self._progress(Stage.DECODE, 0, self.claim.job.drawing.count)
            case Tokens(index=index, codes=codes):
                await self._workshop.call(
                    self._workshop.store.save_tokens, self.claim.job.id, index, codes
                )
            case Preview():
                self._show(message)
            case Result():
                await self._keep(message)

    def _progress(self, stage: Stage, done: int, total: int) -> None:
        self._place = (stage, done, total)
        self._workshop.progress.note(self)

    def _written(self) -> dict[str, object]:
        """Codes that came since the last note, of the raster that is being written."""
        codes, self._codes = self._codes, []
        if not codes:
            return {}
        # A preview that is small comes before the large raster; once that begins, it is over.
        grid = (codes[-1].rows, codes[-1].columns)
        parts = [
            {"index": one.index, "start": one.start, "codes": list(one.codes)}
            for one in codes
            if (one.rows, one.columns) == grid
        ]
        return {"codes": parts, "grid": list(grid)}

    async def _keep(self, result: Result) -> None:
        """Look at a picture, store its file, and tell that it is there.

        The last one waits for the word that all is done, so that its event and the success of the
        job are one transaction.
        """
        await self._workshop.moderator.check_picture(result.image)
        job = self.claim.job
        if len(self._pictures) + 1 == job.drawing.count:
            self._last = result
        else:
            if not await self._workshop.call(self._deliver, result):
                self._stopped = True
            self._check()
            self._progress(Stage.POST, len(self._pictures), job.drawing.count)
        metrics.observe_picture(model=job.drawing.model, pixels=result.width * result.height)

    def _deliver(self, result: Result) -> bool:
        """Store a picture and tell it; gives whether the claim still holds. Blocks."""
        picture = self._store(result)
        store = self._workshop.store
        return store.note(self.claim, EventKind.PICTURE, to_mapping(picture)) is not None

    def _store(self, result: Result) -> Picture:
        """Store the file of a picture; blocks."""
        key = self._workshop.blobs.put(result.image, result.mime)
        if result.bare is not None:
            owner = self.claim.job.key_id
            bare.keep(self._workshop.blobs, key, owner=owner, picture=result.bare)
        job, index = self.claim.job, result.index
        layouts = job.drawing.layout_seeds
        picture = Picture(
            id=new_id("img"),
            job_id=job.id,
            index=index,
            key=key,
            width=result.width,
            height=result.height,
            bytes=len(result.image),
            mime=result.mime,
            seed=job.drawing.seeds[index],
            layout_seed=None if layouts is None else layouts[index],
            parents=job.drawing.parents,
            created=time.time(),
            prompt=job.drawing.prompt,
        )
        self._pictures[index] = picture
        return picture

    def _show(self, preview: Preview) -> None:
        """Pass a preview on, unless its picture is there already."""
        if preview.index in self._pictures or self._last is not None:
            return
        done, total = self._steps
        self._workshop.hub.publish(
            Event(
                job_id=self.claim.job.id,
                key_id=self.claim.job.key_id,
                kind=EventKind.PREVIEW,
                data={
                    "index": preview.index,
                    "number": preview.number,
                    "mime": preview.mime,
                    "image": preview.image,
                    "done": done,
                    "total": total,
                },
                at=time.time(),
            )
        )

    async def _finish(self) -> str:
        self._workshop.progress.forget(self.claim.job.id)
        held = await self._workshop.call(self._complete)
        return "succeeded" if held else "lost"

    def _complete(self) -> bool:
        """Store the last picture and end the job; gives whether the claim still held. Blocks."""
        untold = [] if self._last is None else [self._store(self._last)]
        made = [self._pictures[index] for index in sorted(self._pictures)]
        return self._workshop.store.finish(self.claim, made, untold=untold)

    async def _fail(self, failure: Failure) -> str:
        _LOG.warning(
            "job failed",
            job_id=self.claim.job.id,
            attempt=self.claim.attempt,
            kind=failure.kind,
            reason=failure.message,
        )
        try:
            held = await self._workshop.call(self._workshop.store.fail, self.claim, failure)
        except GlmImageError as error:
            # The lease ends by itself, and whoever reaps it lets the job start again.
            _LOG.error("the store does not answer", job_id=self.claim.job.id, reason=error.message)
            return "lost"
        return "failed" if held else "lost"

    def _check(self) -> None:
        if self._stopped:
            raise _ClaimLostError("the claim does not hold any more", field="job")
