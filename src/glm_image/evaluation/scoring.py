"""Scores the pictures of a run folder: in several processes, and on from where it was stopped.

Scoring looks at the manifest and the pictures only; no model is needed. Every picture is checked
against its digest. What a reader or judge fails at is not scored at all, never as 0.
"""

import hashlib
import io
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from PIL import Image

from glm_image.errors import InputError, ToolError
from glm_image.evaluation import sample_file
from glm_image.evaluation.benchmark import Benchmark, Item
from glm_image.evaluation.ceilings import ceiling_of
from glm_image.evaluation.disk import only_one
from glm_image.evaluation.run_folder import ManifestLine, RunFolder
from glm_image.evaluation.sample_file import Header, Instrument, Key
from glm_image.evaluation.scorers.base import Marks
from glm_image.evaluation.scorers.registry import scorer_of
from glm_image.evaluation.scores import MISSING, OK, SampleScore, Value
from glm_image.evaluation.tools import Tools, ToolSource

OnPicture = Callable[[int, int], None]
"""Called with the number of pictures done and of all, after each."""


@dataclass(frozen=True, kw_only=True)
class Unscored:
    """A picture that could not be scored.

    Attributes:
        item: Id of its prompt.
        sample: Number of the picture.
        problem: What went wrong.
    """

    item: str
    sample: int
    problem: str


@dataclass(frozen=True, kw_only=True)
class Scored:
    """What came of scoring.

    Attributes:
        new: Number of pictures scored now.
        kept: Number of pictures scored before.
        absent: Number of pictures that are missing, failed or were refused.
        unscored: Pictures that an instrument failed at.
    """

    new: int
    kept: int
    absent: int
    unscored: tuple[Unscored, ...]

    @property
    def complete(self) -> bool:
        """Whether every picture is there and scored."""
        return not self.absent and not self.unscored


def score_run(
    run: RunFolder,
    benchmark: Benchmark,
    items: Sequence[Item],
    tools: ToolSource,
    *,
    workers: int = 1,
    fresh: bool = False,
    on_picture: OnPicture | None = None,
) -> Scored:
    """Score the pictures of one benchmark in a run folder.

    Args:
        run: The folder; scores are kept in it.
        benchmark: Which benchmark.
        items: Its prompts, all or those of the run's subset.
        tools: Builds the instruments, once in each process.
        workers: Number of processes; 1 scores in this one.
        fresh: Whether to forget what was scored before.
        on_picture: Called after each picture.

    Raises:
        InputError: The run holds other data or another version, a picture is not the one that
            was drawn, earlier scores were made with other instruments, no instrument at hand
            measures anything, or another process is scoring the same.
        NotFoundError: An instrument is not there.
    """
    path = sample_file.samples_path(run.path, benchmark.name)
    with only_one(path, "scoring"):
        return _score(run, benchmark, items, tools, workers, fresh=fresh, on_picture=on_picture)


def _score(
    run: RunFolder,
    benchmark: Benchmark,
    items: Sequence[Item],
    tools: ToolSource,
    workers: int,
    *,
    fresh: bool,
    on_picture: OnPicture | None,
) -> Scored:
    lines = _checked_lines(run, benchmark, items)
    built = tools.build()
    header = _header(run, benchmark, items, built)
    path = sample_file.samples_path(run.path, benchmark.name)
    absent = _absent_scores(benchmark, items, lines, built)
    kept = _kept(run, header, items, lines, fresh=fresh)
    todo = [
        _Job(item=item, sample=line.sample, path=run.path / line.file, sha256=line.sha256)
        for item in items
        for sample in range(1, benchmark.samples + 1)
        if (line := lines.get((item.id, sample))) is not None and line.status == OK
        if (item.id, sample) not in kept
    ]
    sample_file.write_header(sample_file.header_path(run.path, benchmark.name), header)
    sample_file.write_samples(path, kept.values())
    scores = {**kept, **absent}
    unscored: list[Unscored] = []
    before, total = len(scores), len(scores) + len(todo)
    with path.open("a", encoding="utf-8") as file:
        for done, result in enumerate(_results(benchmark, todo, tools, built, workers), 1):
            if isinstance(result, Unscored):
                unscored.append(result)
            else:
                scores[result.item, result.sample] = result
                file.write(sample_file.line_of(result))
                file.flush()
            if on_picture is not None:
                on_picture(before + done, total)
    order = {item.id: place for place, item in enumerate(items)}
    sample_file.write_samples(
        path, sorted(scores.values(), key=lambda score: (order[score.item], score.sample))
    )
    return Scored(
        new=len(todo) - len(unscored),
        kept=len(kept),
        absent=len(absent),
        unscored=tuple(unscored),
    )


@dataclass(frozen=True, kw_only=True)
class _Job:
    """One picture to score."""

    item: Item
    sample: int
    path: Path
    sha256: str


class _Worker:
    """Scores pictures with instruments of its own."""

    def __init__(self, benchmark: Benchmark, tools: Tools) -> None:
        self._benchmark = benchmark
        self._tools = tools
        self._scorer = scorer_of(benchmark)

    def score(self, job: _Job) -> SampleScore | Unscored:
        """Score one picture."""
        try:
            marks = self._scorer.score(self._benchmark, job.item, _open(job), self._tools)
        except ToolError as error:
            return Unscored(item=job.item.id, sample=job.sample, problem=str(error))
        values = {**marks.values, **_measured(self._benchmark, job.item, job.sample, self._tools)}
        return _sample(job.item, job.sample, OK, replace(marks, values=values), job.sha256)


_workers: list[_Worker] = []
"""The worker of this process, where this is a process of a pool."""


def _prepare(benchmark: Benchmark, tools: ToolSource) -> None:
    built = tools.build()
    if built.clip is not None:
        import torch

        torch.set_num_threads(1)
    _workers.append(_Worker(benchmark, built))


def _score_in_pool(job: _Job) -> SampleScore | Unscored:
    return _workers[0].score(job)


def _results(
    benchmark: Benchmark, jobs: Sequence[_Job], tools: ToolSource, built: Tools, workers: int
) -> Iterator[SampleScore | Unscored]:
    """Score all pictures, in any order."""
    if workers < 1:
        raise InputError(f"got {workers}", field="workers", hint="at least one")
    if min(workers, len(jobs)) <= 1:
        worker = _Worker(benchmark, built)
        yield from map(worker.score, jobs)
        return
    pool = ProcessPoolExecutor(
        min(workers, len(jobs)),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_prepare,
        initargs=(benchmark, tools),
    )
    try:
        for future in as_completed([pool.submit(_score_in_pool, job) for job in jobs]):
            yield future.result()
    except BrokenProcessPool as error:
        raise ToolError(
            "a worker process died", field="workers", hint="use fewer workers, then score again"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _open(job: _Job) -> Image.Image:
    """The picture of a job, which must be the one in the manifest."""
    try:
        data = job.path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(
            f"{job.path} is not there", field="run", hint="generate again, then score"
        ) from error
    if hashlib.sha256(data).hexdigest() != job.sha256:
        raise InputError(
            f"{job.path} is not the picture that the manifest names",
            field="run",
            hint="pictures of another run must not be scored here",
        )
    with Image.open(io.BytesIO(data)) as image:
        return image.convert("RGB")


def _sample(item: Item, sample: int, status: str, marks: Marks, sha256: str) -> SampleScore:
    return SampleScore(
        item=item.id,
        sample=sample,
        status=status,
        tags=item.tags,
        values=marks.values,
        expected=marks.expected,
        read=marks.read,
        detail={**marks.detail, "prompt": item.prompt, "sha256": sha256},
    )


def _checked_lines(
    run: RunFolder, benchmark: Benchmark, items: Sequence[Item]
) -> dict[Key, ManifestLine]:
    """The manifest of a benchmark; its pictures must have been drawn from these prompts."""
    record = run.benchmarks.get(benchmark.name)
    if record is None:
        raise InputError(
            f"{run.path} has no pictures of {benchmark.name}",
            field="run",
            hint=f"it has: {', '.join(sorted(run.benchmarks)) or 'none'}",
        )
    if record.version != benchmark.version:
        raise InputError(
            f"{run.path} was drawn for version {record.version} of {benchmark.name}, "
            f"this is version {benchmark.version}",
            field="run",
            hint="generate into a new folder",
        )
    lines = dict(run.lines(benchmark.name))
    for item in items:
        digest = hashlib.sha256(item.prompt.encode()).hexdigest()
        for sample in range(1, benchmark.samples + 1):
            line = lines.get((item.id, sample))
            if line is not None and line.prompt_sha256 != digest:
                raise InputError(
                    f"picture {sample} of {item.id} was drawn from another prompt",
                    field="run",
                    hint="score with the data that the run was drawn with",
                )
    return lines


def _header(run: RunFolder, benchmark: Benchmark, items: Sequence[Item], tools: Tools) -> Header:
    scorer = scorer_of(benchmark)
    if tools.measured is not None:
        tools.measured.check(benchmark.name, scorer.scorecard(benchmark))
    if not any(
        scorer.nothing(benchmark, item, tools).values or _measured(benchmark, item, 1, tools)
        for item in items
    ):
        raise InputError(
            f"nothing of {benchmark.name} can be measured with these instruments",
            field="tools",
            hint=f"its authors use: {benchmark.reader}",
        )
    reader, judge = scorer.official(benchmark, tools)
    return Header(
        benchmark=benchmark.name,
        version=benchmark.version,
        reader=_instrument(tools.reader),
        judge=_instrument(tools.judge),
        clip=_instrument(tools.clip),
        measured=_instrument(tools.measured),
        official_reader=reader,
        official_judge=judge,
        proxy=scorer.proxies(benchmark),
        ceiling=ceiling_of(tools.reader, benchmark.name),
        items=len(items),
        samples=benchmark.samples,
        subset=run.benchmarks[benchmark.name].subset,
        settings=run.settings_hash,
    )


def _measured(benchmark: Benchmark, item: Item, sample: int, tools: Tools) -> dict[str, Value]:
    """Values that were measured elsewhere."""
    return {} if tools.measured is None else tools.measured.of(benchmark.name, item.id, sample)


class _Named(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...


def _instrument(tool: _Named | None) -> Instrument | None:
    return None if tool is None else Instrument(name=tool.name, version=tool.version)


def _absent_scores(
    benchmark: Benchmark, items: Sequence[Item], lines: dict[Key, ManifestLine], tools: Tools
) -> dict[Key, SampleScore]:
    """Scores of the pictures that are not there."""
    scorer = scorer_of(benchmark)
    absent: dict[Key, SampleScore] = {}
    for item in items:
        for sample in range(1, benchmark.samples + 1):
            line = lines.get((item.id, sample))
            status = MISSING if line is None else line.status
            if status != OK:
                marks = scorer.nothing(benchmark, item, tools)
                brought = dict.fromkeys(_measured(benchmark, item, sample, tools), Value(value=0.0))
                marks = replace(marks, values={**marks.values, **brought})
                absent[item.id, sample] = _sample(item, sample, status, marks, "")
    return absent


def _kept(
    run: RunFolder,
    header: Header,
    items: Sequence[Item],
    lines: dict[Key, ManifestLine],
    *,
    fresh: bool,
) -> dict[Key, SampleScore]:
    """Earlier scores of the same pictures, made with the same instruments."""
    path = sample_file.header_path(run.path, header.benchmark)
    if fresh or not path.is_file():
        return {}
    if not sample_file.read_header(path).same_scores(header):
        raise InputError(
            f"{header.benchmark} was scored here with other instruments or settings",
            field="run",
            hint="score afresh (--fresh), or with the same instruments",
        )
    earlier = sample_file.read_samples(sample_file.samples_path(run.path, header.benchmark))
    wanted = {item.id for item in items}
    return {
        key: score
        for key, score in earlier.items()
        if score.status == OK
        and score.item in wanted
        and (line := lines.get(key)) is not None
        and line.status == OK
        and line.sha256 == score.detail.get("sha256")
    }
