"""``glm-image evaluate list|data-check|generate|merge``: benchmarks, their data, their pictures."""

import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glm_image.cli.flags import ReportFlags, SamplingFlags, flag, parse_size, with_flags
from glm_image.cli.output import print_json
from glm_image.cli.progress import Bars

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from glm_image.evaluation.benchmark import Benchmark, DataFile, Item
    from glm_image.evaluation.generating import Outcome, Shard
    from glm_image.evaluation.run_folder import BenchmarkRecord, ManifestLine, RunFolder
    from glm_image.pipeline.api import GlmImagePipeline

EXIT_INCOMPLETE = 3
"""Exit code where pictures or data are still missing."""

_DATA = "Folder that benchmarks are kept in. Default: that of GLM_IMAGE_BENCHMARKS."
_WIDTH = 160


@dataclass(frozen=True, kw_only=True)
class GenerateFlags(SamplingFlags):
    """Which pictures are drawn and how."""

    data: Annotated[Path | None, flag(_DATA, metavar="FOLDER")] = None
    subset: Annotated[
        str | None, flag("Fixed subset, such as mini. Default: all prompts.", metavar="NAME")
    ] = None
    limit: Annotated[
        int | None, flag("So many prompts, in an order that nobody chose.", metavar="N")
    ] = None
    shard: Annotated[
        str, flag("Part of the prompts, such as 2/8 on the second of eight.", metavar="I/N")
    ] = "1/1"
    batch: Annotated[int, flag("Most pictures drawn at once. Default: 1.", metavar="N")] = 1
    seed: Annotated[int, flag("Chooses the family of seeds. Default: 0.", metavar="N")] = 0


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("list")(with_flags(list_benchmarks))
    app.command("data-check")(data_check)
    app.command("generate")(with_flags(generate))
    app.command("merge")(with_flags(merge))


def list_benchmarks(
    flags: ReportFlags,
    data: Annotated[Path | None, typer.Option(help=_DATA, show_default=False)] = None,
) -> None:
    """Show every benchmark that can be run."""
    from glm_image.evaluation import catalogue

    known = [catalogue.get(name) for name in catalogue.names()]
    records = [
        {
            "name": one.name,
            "title": one.title,
            "prompts": one.prompts,
            "pictures": one.prompts * one.samples,
            "subsets": list(catalogue.subsets(one)),
            "data": _place(one, data),
            "licence": one.licence,
            "homepage": one.homepage,
        }
        for one in known
    ]
    if flags.json:
        print_json(records)
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("benchmark", "prompts", "pictures", "subsets", "data", "licence", box=None)
    for record in records:
        cells = ("name", "prompts", "pictures", "subsets", "data", "licence")
        table.add_row(*(_cell(record[name]) for name in cells))
    Console(width=None if sys.stdout.isatty() else _WIDTH, highlight=False).print(table)


def data_check(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="BENCHMARK", help="Default: all.", show_default=False),
    ] = None,
    data: Annotated[Path | None, typer.Option(help=_DATA, show_default=False)] = None,
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Fetch what is missing from the authors' repositories.")
    ] = False,
) -> None:
    """Compare the data of benchmarks with what their authors published."""
    from glm_image.errors import InputError, NotFoundError
    from glm_image.evaluation import catalogue

    complete = True
    for benchmark in [catalogue.get(name) for name in names or catalogue.names()]:
        try:
            if fetch:
                _fetch(benchmark, data)
            items = catalogue.items(benchmark, data)
        except (InputError, NotFoundError) as error:
            complete = False
            typer.echo(f"{benchmark.name}: {error.message}")
            if error.hint:
                typer.echo(f"  fix: {error.hint}", err=True)
        else:
            typer.echo(f"{benchmark.name}: complete, {len(items)} prompts")
    if not complete:
        raise typer.Exit(EXIT_INCOMPLETE)


def generate(
    names: Annotated[
        list[str], typer.Argument(metavar="BENCHMARK", help="As `evaluate list` shows them.")
    ],
    run: Annotated[Path, typer.Option("--run", "-r", help="Folder of the run.")],
    flags: GenerateFlags,
) -> None:
    """Draw the pictures of benchmarks, or go on where it was stopped."""
    from glm_image.evaluation import catalogue

    choice = catalogue.choice(flags.subset, flags.limit)
    shard = _shard(flags.shard)
    with Bars(quiet=flags.quiet) as bars:
        with bars.waiting("reading the benchmarks"):
            wanted = [_Wanted.read(name, flags.data, choice) for name in dict.fromkeys(names)]
        with bars.waiting("loading the model"):
            pipeline, folder = _open(run, flags)
    outcomes = {}
    for one in wanted:
        folder.add(one.benchmark, one.record)
        outcomes[one.benchmark.name] = _draw(pipeline, one, folder, shard, flags)
    _report_generated(folder, outcomes, flags)


def merge(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN", help="Folders of runs.")],
    run: Annotated[Path, typer.Option("--run", "-r", help="Folder of the merged run.")],
    flags: ReportFlags,
) -> None:
    """Put runs with equal settings, such as shards, into one."""
    from glm_image.evaluation import catalogue
    from glm_image.evaluation.run_folder import merge as merge_runs
    from glm_image.evaluation.scores import OK

    with Bars(quiet=flags.quiet) as bars, bars.waiting("merging"):
        merged = merge_runs(runs, run)
    counts: dict[str, dict[str, int | None]] = {}
    for name, record in merged.benchmarks.items():
        benchmark = catalogue.get(name)
        expected = catalogue.size_of(benchmark, record.subset)
        there = sum(line.status == OK for line in merged.lines(name).values())
        wanted = None if expected is None else expected * benchmark.samples
        counts[name] = {"pictures": there, "expected": wanted}
    if flags.json:
        print_json({"run": str(run), "benchmarks": counts})
    else:
        for name, count in counts.items():
            typer.echo(f"{name}: {count['pictures']} of {count['expected'] or 'its'} pictures")
    if any(c["expected"] is not None and c["pictures"] != c["expected"] for c in counts.values()):
        raise typer.Exit(EXIT_INCOMPLETE)


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    """A benchmark that is to be drawn."""

    benchmark: "Benchmark"
    items: "Sequence[Item]"
    record: "BenchmarkRecord"

    @classmethod
    def read(cls, name: str, data: Path | None, choice: str | int | None) -> "_Wanted":
        from glm_image.evaluation import catalogue, data_folder
        from glm_image.evaluation.run_folder import BenchmarkRecord

        benchmark = catalogue.get(name)
        items = catalogue.items(benchmark, data)
        folder = data_folder.find(benchmark, data)
        record = BenchmarkRecord(
            version=benchmark.version,
            data_sha256=data_folder.digest(benchmark, folder),
            subset=catalogue.subset_name(choice),
        )
        chosen = catalogue.subset(benchmark, items, choice)
        return cls(benchmark=benchmark, items=chosen, record=record)


def _open(run: Path, flags: GenerateFlags) -> "tuple[GlmImagePipeline, RunFolder]":
    from glm_image.evaluation.run_description import Asked, describe
    from glm_image.evaluation.run_folder import RunFolder
    from glm_image.pipeline.api import GlmImagePipeline
    from glm_image.types import Size

    height, width = parse_size(flags.size)
    pipeline = GlmImagePipeline.from_pretrained(flags.model, device=flags.device, dtype=flags.dtype)
    asked = Asked(
        model=flags.model,
        size=None if height is None or width is None else Size(height, width),
        steps=flags.steps,
        guidance=flags.guidance,
        temperature=flags.temperature,
        top_p=flags.top_p,
        quotes=flags.quotes,
        base_seed=flags.seed,
    )
    return pipeline, RunFolder.create(run, describe(pipeline, asked))


def _draw(
    pipeline: "GlmImagePipeline",
    wanted: _Wanted,
    run: "RunFolder",
    shard: "Shard",
    flags: GenerateFlags,
) -> "Outcome":
    from rich.console import Console
    from rich.progress import Progress

    from glm_image.evaluation.generating import draw, plan

    name = wanted.benchmark.name
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=flags.quiet) as progress:
        bar = progress.add_task(f"{name}: looking at what is there", total=None)
        jobs, kept = plan(wanted.benchmark, wanted.items, run, shard)
        progress.update(bar, total=kept + len(jobs), completed=kept, description=name)

        def show(line: "ManifestLine") -> None:
            progress.update(bar, advance=1, description=f"{name} {line.item}")

        made = draw(pipeline, wanted.benchmark, jobs, run, batch=flags.batch, on_item=show)
    return replace(made, kept=kept)


def _report_generated(
    run: "RunFolder", outcomes: "Mapping[str, Outcome]", flags: GenerateFlags
) -> None:
    if flags.json:
        made = {name: vars(one) for name, one in outcomes.items()}
        print_json({"run": str(run.path), "settings": run.settings_hash, "benchmarks": made})
    else:
        for name, one in outcomes.items():
            total = one.kept + one.made + one.failed
            typer.echo(f"{name}: {one.kept + one.made} of {total} pictures, {one.made} new")
    failed = sum(one.failed for one in outcomes.values())
    if failed:
        typer.echo(f"note: {failed} pictures failed; the manifest says why", err=True)
        raise typer.Exit(EXIT_INCOMPLETE)


def _shard(text: str) -> "Shard":
    from glm_image.errors import InputError
    from glm_image.evaluation.generating import Shard

    match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text)
    if match is None:
        raise InputError(f"got {text!r}", field="shard", hint="write it like 1/4")
    return Shard(number=int(match[1]), count=int(match[2]))


def _fetch(benchmark: "Benchmark", data: Path | None) -> None:
    from glm_image.evaluation import data_folder

    def show(file: "DataFile") -> None:
        typer.echo(f"fetching {file.url}", err=True)

    data_folder.fetch(benchmark, data_folder.root(data), show)


def _place(benchmark: "Benchmark", data: Path | None) -> str:
    from glm_image.errors import NotFoundError
    from glm_image.evaluation import data_folder

    if not benchmark.files:
        return "needs none"
    try:
        there = data_folder.count(benchmark, data_folder.find(benchmark, data))
    except NotFoundError:
        there = 0
    return f"{there} of {len(benchmark.files)} files"


def _cell(value: object) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)
