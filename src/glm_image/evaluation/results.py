"""``results.json``: every number of a run, with all that is needed to read it right.

A number says what it may be compared with. Tags name what sets it apart from the authors' own
procedure; one without tags is official and may stand among published rows.
"""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from glm_image.config import from_mapping, to_mapping
from glm_image.errors import InputError
from glm_image.evaluation.benchmark import Benchmark
from glm_image.evaluation.sample_file import Header, Instrument
from glm_image.evaluation.scored import Scored, ScoredRun
from glm_image.evaluation.scores import FAILED, MISSING, OK, REFUSED, SampleScore, Scorecard
from glm_image.evaluation.statistics import (
    DRAWS,
    SEED,
    Figure,
    breakdown,
    by_sample,
    evaluate,
)

SCHEMA = 1
"""Version of ``results.json``."""

FILE = "results.json"
"""Its name in the folder of a run."""

OFFICIAL, ALT_OCR, SUBSET, PROXY = "official", "alt-ocr", "subset", "proxy"
OTHER_SIZE = "other-size"
"""Tags: as the authors do; another reader; other prompts or pictures; another judge or rule."""

FEW = 30
"""Below this number of prompts a count is printed in bold."""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What became of the pictures.

    Attributes:
        expected: Prompts times pictures a prompt.
        ok: Made.
        failed: Not made.
        refused: Declined by the model.
        missing: Not there.
    """

    expected: int
    ok: int
    failed: int
    refused: int
    missing: int

    @property
    def complete(self) -> bool:
        """Whether something became of every picture."""
        return self.missing == 0 and self.ok + self.failed + self.refused == self.expected


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One metric of a benchmark.

    Attributes:
        name: Of the metric.
        title: For readers.
        official: Whether the authors define it.
        headline: Whether it stands in the first table.
        higher_is_better: Which way is up.
        published: Key among published values; empty where none was published.
        proxy: Whether it stands in for an instrument that was not there.
        strict: With everything that is not there counted as nothing.
        lenient: With that left out.
        seeds: From the first pictures of all prompts, from the second, and so on; strict.
    """

    name: str
    title: str
    official: bool
    headline: bool
    higher_is_better: bool
    published: str
    proxy: bool
    strict: Figure
    lenient: Figure | None = None
    seeds: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Part:
    """A metric over the prompts with one tag; strict.

    Attributes:
        axis: Name of the tag.
        value: Of the tag.
        metric: Name of the metric.
        figure: The number.
    """

    axis: str
    value: str
    metric: str
    figure: Figure


@dataclass(frozen=True, kw_only=True)
class Named:
    """A name with its value, such as a setting or a digest."""

    name: str
    value: str


@dataclass(frozen=True, kw_only=True)
class BenchmarkResult:
    """Everything about one benchmark.

    Attributes:
        name: Of the benchmark.
        title: For readers.
        version: Of its description.
        homepage: Of the authors.
        licence: Of the data.
        notes: What a reader should know.
        official_reader: Reader or judge of the authors, in words.
        scale: Factor from our numbers to printed ones.
        tags: What sets the numbers apart; ``official`` alone if nothing does.
        reasons: Why, in words.
        subset: Name of the subset; None for all prompts.
        prompts: That were asked for.
        of_prompts: That the benchmark has.
        counts: Of pictures.
        reader: Of texts.
        judge: Of questions.
        clip: What compared pictures with prompts.
        measured: File of values that were measured elsewhere.
        ceiling: What the reader scores on clean renderings; None if not known.
        measures: Metrics in the order of tables.
        parts: The same by axes.
        data: Digest of the prompts; empty if it is not known.
        files: Digests of the prompt files as the authors published them.
    """

    name: str
    title: str
    version: int
    homepage: str
    licence: str
    notes: tuple[str, ...]
    official_reader: str
    scale: int
    tags: tuple[str, ...]
    reasons: tuple[str, ...]
    subset: str | None
    prompts: int
    of_prompts: int
    counts: Counts
    reader: Instrument | None
    judge: Instrument | None
    clip: Instrument | None
    measured: Instrument | None
    ceiling: float | None
    measures: tuple[Measure, ...]
    parts: tuple[Part, ...]
    data: str
    files: tuple[Named, ...]

    @property
    def is_official(self) -> bool:
        """Whether its numbers may share a ranking with published ones."""
        return self.tags == (OFFICIAL,)

    @property
    def headlines(self) -> tuple[Measure, ...]:
        """Metrics of the first table: the marked ones, or the first one there is."""
        marked = tuple(one for one in self.measures if one.headline)
        return marked or self.measures[:1]


@dataclass(frozen=True, kw_only=True)
class Results:
    """Everything about a run.

    Attributes:
        schema: :data:`SCHEMA`.
        model: Its name.
        settings_hash: Of the settings.
        settings: How pictures were made.
        draws: Resamplings of every interval.
        seed: Of the resamplings.
        benchmarks: What was measured.
    """

    schema: int
    model: str
    settings_hash: str
    settings: tuple[Named, ...]
    draws: int
    seed: int
    benchmarks: tuple[BenchmarkResult, ...]

    @property
    def complete(self) -> bool:
        """Whether something became of every picture."""
        return all(one.counts.complete for one in self.benchmarks)


def build(
    run: ScoredRun, benchmarks: Mapping[str, Benchmark], cards: Mapping[str, Scorecard]
) -> Results:
    """Make numbers of a run.

    Args:
        run: What was scored.
        benchmarks: Descriptions by name.
        cards: What is measured, by name of the benchmark.

    Raises:
        InputError: Scores belong to another version of a benchmark.
    """
    return Results(
        schema=SCHEMA,
        model=run.model,
        settings_hash=run.settings_hash,
        settings=_named(run.settings),
        draws=DRAWS,
        seed=SEED,
        benchmarks=tuple(
            _result(benchmarks[name], cards[name], scored)
            for name, scored in run.benchmarks.items()
        ),
    )


def write(results: Results, folder: Path) -> Path:
    """Write ``results.json`` into a folder and give back its path."""
    path = folder / FILE
    text = json.dumps(to_mapping(results), indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
    return path


def read(path: Path) -> Results:
    """Read a ``results.json`` and check every field of it.

    Raises:
        InputError: It is not there, no JSON, or of another schema.
        ConfigError: Fields are unknown, missing or of another type; all are named.
    """
    hint = "glm-image evaluate report makes it"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{path} is not there", field="run", hint=hint) from error
    except ValueError as error:
        raise InputError(f"{path} is no JSON", field="run", hint=hint) from error
    found = record.get("schema") if isinstance(record, dict) else None
    if found != SCHEMA:
        raise InputError(f"{path} has schema {found}, expected {SCHEMA}", field="run", hint=hint)
    return from_mapping(Results, record, source=path.name)


def tags_of(
    benchmark: Benchmark, header: Header, counts: Counts, sizes: Set[tuple[int, int]] = frozenset()
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What sets numbers apart from the authors' procedure: tags, and reasons in words.

    Args:
        benchmark: As its authors define it.
        header: What it was scored with.
        counts: What became of the pictures.
        sizes: Width and height of all pictures.
    """
    found: list[tuple[str, str]] = []
    if header.reader is not None and not header.official_reader:
        read = f"read by {header.reader.name} {header.reader.version}"
        found.append((ALT_OCR, f"{read}; the authors use {benchmark.reader}"))
    if header.subset is not None or header.items < benchmark.prompts:
        found.append((SUBSET, f"{header.items} of {benchmark.prompts} prompts"))
    if counts.missing:
        found.append((SUBSET, f"{counts.missing} of {counts.expected} pictures are missing"))
    if header.judge is not None and not header.official_judge:
        judged = f"judged by {header.judge.name} {header.judge.version}"
        found.append((PROXY, f"{judged}; the authors use {benchmark.reader}"))
    if header.proxy:
        found.append((PROXY, f"not the authors' measure: {', '.join(header.proxy)}"))
    if benchmark.side and sizes - {(benchmark.side, benchmark.side)}:
        drawn = ", ".join(f"{width}x{height}" for width, height in sorted(sizes))
        found.append(
            (OTHER_SIZE, f"drawn at {drawn}; the authors at {benchmark.side}x{benchmark.side}")
        )
    tags = tuple(dict.fromkeys(tag for tag, _ in found))
    return tags or (OFFICIAL,), tuple(reason for _, reason in found)


def count(benchmark: Benchmark, header: Header, samples: Sequence[SampleScore]) -> Counts:
    """What became of the pictures; those that no score speaks of are missing."""
    by_status = Counter(one.status for one in samples)
    expected = header.items * (header.samples or benchmark.samples)
    silent = max(0, expected - len(samples))
    return Counts(
        expected=expected,
        ok=by_status[OK],
        failed=by_status[FAILED],
        refused=by_status[REFUSED],
        missing=by_status[MISSING] + silent,
    )


def _result(benchmark: Benchmark, card: Scorecard, scored: Scored) -> BenchmarkResult:
    header, samples = scored.header, scored.samples
    if header.version != benchmark.version:
        raise InputError(
            f"{benchmark.name} was scored as version {header.version}, now {benchmark.version}",
            field="run",
            hint="score the run again",
        )
    counts = count(benchmark, header, samples)
    sizes = {picture.size for picture in scored.pictures.values()}
    tags, reasons = tags_of(benchmark, header, counts, sizes)
    return BenchmarkResult(
        name=benchmark.name,
        title=benchmark.title,
        version=benchmark.version,
        homepage=benchmark.homepage,
        licence=benchmark.licence,
        notes=tuple(benchmark.notes),
        official_reader=benchmark.reader,
        scale=benchmark.scale,
        tags=tags,
        reasons=reasons,
        subset=header.subset,
        prompts=header.items,
        of_prompts=benchmark.prompts,
        counts=counts,
        reader=header.reader,
        judge=header.judge,
        clip=header.clip,
        measured=header.measured,
        ceiling=header.ceiling,
        measures=_measures(card, samples, header.proxy),
        parts=_parts(card, samples),
        data=scored.data,
        files=_named({file.path: file.sha256 for file in benchmark.files}),
    )


def _measures(
    card: Scorecard, samples: Sequence[SampleScore], proxy: Sequence[str]
) -> tuple[Measure, ...]:
    strict, lenient = evaluate(card, samples), evaluate(card, samples, lenient=True)
    seeds = by_sample(card, samples)
    return tuple(
        Measure(
            name=metric.name,
            title=metric.title,
            official=metric.official,
            headline=metric.headline,
            higher_is_better=metric.higher_is_better,
            published=metric.published,
            proxy=metric.name in proxy,
            strict=strict[metric.name],
            lenient=lenient.get(metric.name),
            seeds=tuple(one for one in seeds.get(metric.name, ()) if math.isfinite(one)),
        )
        for metric in card.metrics
        if metric.name in strict
    )


def _parts(card: Scorecard, samples: Sequence[SampleScore]) -> tuple[Part, ...]:
    return tuple(
        Part(axis=axis, value=value, metric=metric, figure=figure)
        for axis, values in breakdown(card, samples).items()
        for value, figures in values.items()
        for metric, figure in figures.items()
    )


def _named(values: Mapping[str, str]) -> tuple[Named, ...]:
    return tuple(Named(name=name, value=value) for name, value in values.items())
