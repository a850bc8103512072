"""Draws the pictures of a benchmark into a run's folder, and goes on where it was stopped.

Every picture has its own seed, made of names, so order, subsets and shards change nothing. A
picture is written first and then entered into the manifest; a killed run loses the picture that it
was working on and nothing else.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from glm_image.errors import CancelledError, GlmImageError, InputError
from glm_image.evaluation.benchmark import Benchmark, Item
from glm_image.evaluation.disk import write_atomically
from glm_image.evaluation.run_folder import ManifestLine, RunFolder
from glm_image.evaluation.scores import FAILED, OK
from glm_image.evaluation.seeds import seed_of
from glm_image.image.codec import encode_png
from glm_image.pipeline.api import GlmImagePipeline
from glm_image.tokenizer.glyph import quoted_texts
from glm_image.types import Image

OnItem = Callable[[ManifestLine], None]
"""Called with the line of each picture when it is written."""


@dataclass(frozen=True, kw_only=True)
class Shard:
    """A part of the prompts, for several processes or machines.

    Attributes:
        number: Which part, from 1.
        count: Number of parts.

    Raises:
        InputError: There is no such part.
    """

    number: int = 1
    count: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.count:
            raise InputError(
                f"got {self.number}/{self.count}", field="shard", hint="write it like 1/4"
            )

    def part(self, items: Sequence[Item]) -> Sequence[Item]:
        """Every so many-th item."""
        return items[self.number - 1 :: self.count]


WHOLE = Shard()
"""All prompts."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One picture to be drawn.

    Attributes:
        item: Its prompt.
        line: What is known of it before it is drawn; the status is ``failed`` until then.
    """

    item: Item
    line: ManifestLine

    @property
    def kind(self) -> tuple[int, int, bool]:
        """What pictures must share to be drawn together."""
        return self.line.width, self.line.height, bool(self.item.sources)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How drawing went.

    Attributes:
        kept: Pictures that were there already.
        made: Pictures that were drawn.
        failed: Pictures that could not be drawn.
    """

    kept: int = 0
    made: int
    failed: int

    @property
    def is_complete(self) -> bool:
        """Whether every picture is there."""
        return self.failed == 0


def plan(
    benchmark: Benchmark, items: Sequence[Item], run: RunFolder, shard: Shard = WHOLE
) -> tuple[list[Job], int]:
    """What is still to be drawn, and how many pictures are there.

    A picture that was entered as drawn but is missing on disk, or has changed there, is drawn
    again, and so is one that failed.
    """
    present = run.lines(benchmark.name)
    wanted = [
        _job(benchmark, item, sample, run)
        for item in shard.part(items)
        for sample in range(1, benchmark.samples + 1)
    ]
    open_jobs = [
        job
        for job in wanted
        if (line := present.get(job.line.key)) is None
        or (line.seed, line.prompt_sha256) != (job.line.seed, job.line.prompt_sha256)
        or not run.is_intact(line)
    ]
    return open_jobs, len(wanted) - len(open_jobs)


def generate(
    pipeline: GlmImagePipeline,
    benchmark: Benchmark,
    items: Sequence[Item],
    run: RunFolder,
    *,
    shard: Shard = WHOLE,
    batch: int = 1,
    on_item: OnItem = lambda line: None,
) -> Outcome:
    """Draw what is missing of a benchmark.

    Args:
        pipeline: The model that the run's settings speak of.
        benchmark: Which one.
        items: Its prompts, or some of them.
        run: Where pictures go.
        shard: Part of the prompts that this process draws.
        batch: Most pictures drawn at once. Pictures of a batch may differ by rounding from ones
            drawn alone, so digests of files are only equal between runs of the same batches.
        on_item: Called when a picture is entered into the manifest.

    Raises:
        InputError: The pipeline is not the one of the settings, or ``batch`` is below 1.
        OSError: There is no room for a picture; what is there stays good.
    """
    jobs, kept = plan(benchmark, items, run, shard)
    outcome = draw(pipeline, benchmark, jobs, run, batch=batch, on_item=on_item)
    return replace(outcome, kept=kept)


def draw(
    pipeline: GlmImagePipeline,
    benchmark: Benchmark,
    jobs: Sequence[Job],
    run: RunFolder,
    *,
    batch: int = 1,
    on_item: OnItem = lambda line: None,
) -> Outcome:
    """Draw planned pictures; see :func:`generate`.

    Raises:
        InputError: The pipeline is not the one of the settings, or ``batch`` is below 1.
        OSError: There is no room for a picture; what is there stays good.
    """
    if batch < 1:
        raise InputError(f"got {batch}", field="batch", hint="a whole number from 1")
    _check_pipeline(pipeline, run)
    made = 0
    for group in _groups(jobs, batch):
        for line in _draw(pipeline, benchmark, group, run):
            run.append(line)
            made += line.status == OK
            on_item(line)
    return Outcome(made=made, failed=len(jobs) - made)


def _job(benchmark: Benchmark, item: Item, sample: int, run: RunFolder) -> Job:
    settings = run.settings
    width, height = item.size or (settings.width, settings.height)
    return Job(
        item=item,
        line=ManifestLine(
            benchmark=benchmark.name,
            item=item.id,
            sample=sample,
            seed=seed_of(settings.base_seed, benchmark.name, item.id, sample),
            prompt_sha256=hashlib.sha256(item.prompt.encode()).hexdigest(),
            texts=tuple(quoted_texts(item.prompt, settings.quotes)),
            width=width,
            height=height,
            status=FAILED,
            seconds=0.0,
        ),
    )


def _groups(jobs: Sequence[Job], batch: int) -> Iterator[list[Job]]:
    """Jobs in their order, neighbours that can be drawn together in one group."""
    group: list[Job] = []
    for job in jobs:
        if group and (len(group) == batch or job.kind != group[0].kind):
            yield group
            group = []
        group.append(job)
    if group:
        yield group


def _draw(
    pipeline: GlmImagePipeline, benchmark: Benchmark, group: Sequence[Job], run: RunFolder
) -> Iterator[ManifestLine]:
    """Lines of a group. If it fails as a whole, each picture is tried alone."""
    start = time.perf_counter()
    try:
        pictures = _ask(pipeline, group, run)
    except CancelledError:
        raise
    except GlmImageError as error:
        if len(group) > 1:
            for job in group:
                yield from _draw(pipeline, benchmark, [job], run)
            return
        seconds = time.perf_counter() - start
        yield replace(group[0].line, error=str(error), seconds=round(seconds, 3))
        return
    seconds = (time.perf_counter() - start) / len(group)
    for job, picture in zip(group, pictures, strict=True):
        path = run.image_path(benchmark, job.item, job.line.sample)
        data = encode_png(picture)
        write_atomically(path, data)
        yield replace(
            job.line,
            status=OK,
            seconds=round(seconds, 3),
            file=run.relative(path),
            sha256=hashlib.sha256(data).hexdigest(),
        )


def _ask(pipeline: GlmImagePipeline, group: Sequence[Job], run: RunFolder) -> list[Image]:
    settings = run.settings
    first = group[0]
    sources = [list(job.item.sources) for job in group] if first.item.sources else None
    result = pipeline(
        [job.item.prompt for job in group],
        image=sources,
        height=first.line.height,
        width=first.line.width,
        num_inference_steps=settings.steps,
        guidance_scale=settings.guidance,
        temperature=settings.temperature,
        top_p=settings.top_p,
        seed=[job.line.seed for job in group],
        quotes=settings.quotes,
    )
    return result.pictures


def _check_pipeline(pipeline: GlmImagePipeline, run: RunFolder) -> None:
    """Refuse a pipeline that is evidently another one than the run was begun with."""
    given = (pipeline.system.name, pipeline.system.device.kind.value)
    wanted = (run.settings.model, run.settings.device)
    if given != wanted:
        raise InputError(
            f"{' on '.join(given)} is loaded, the run is of {' on '.join(wanted)}",
            field="model",
            hint="load the model of the run, or name a new folder",
        )
