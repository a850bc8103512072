"""``glm-image evaluate score`` and ``ceiling``: marks for the pictures of a run folder."""

import os
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glm_image.cli.flags import ReportFlags, flag, with_flags
from glm_image.cli.output import print_json
from glm_image.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from glm_image.evaluation.benchmark import Benchmark, Item
    from glm_image.evaluation.run_folder import RunFolder
    from glm_image.evaluation.scoring import Scored
    from glm_image.evaluation.tools import ToolChoice

EXIT_INCOMPLETE = 3

_ANSWERS = Path("scores", "answers")
_SIDE = 1024


@dataclass(frozen=True, kw_only=True)
class ToolFlags(ReportFlags):
    """The instruments."""

    reader: Annotated[
        str,
        flag("rapidocr, paddleocr, vision or none. Default: rapidocr.", metavar="NAME"),
    ] = "rapidocr"
    judge_url: Annotated[
        str | None,
        flag(
            "Judge that speaks OpenAI's protocol, such as http://localhost:8000/v1.", metavar="URL"
        ),
    ] = None
    judge_model: Annotated[
        str | None, flag("The judge's model, also of the reader `vision`.", metavar="NAME")
    ] = None
    judge_key: Annotated[
        str, flag("Variable with the judge's key. Default: OPENAI_API_KEY.", metavar="NAME")
    ] = "OPENAI_API_KEY"
    clip: Annotated[
        Path | None, flag("Folder of a CLIP model, for the CLIP score.", metavar="FOLDER")
    ] = None
    measured: Annotated[
        Path | None,
        flag("JSON lines with values of the authors' own instruments.", metavar="FILE"),
    ] = None
    answers: Annotated[
        Path | None,
        flag("Where the judge's answers are kept. Default: in the run.", metavar="FOLDER"),
    ] = None
    workers: Annotated[
        int | None, flag("Processes that score. Default: one for each core.", metavar="N")
    ] = None
    data: Annotated[
        Path | None,
        flag("Folder of benchmarks. Default: $GLM_IMAGE_BENCHMARKS.", metavar="FOLDER"),
    ] = None


@dataclass(frozen=True, kw_only=True)
class ScoreFlags(ToolFlags):
    """What is scored."""

    benchmark: Annotated[
        list[str] | None, flag("Only this one; may be repeated. Default: all.", metavar="NAME")
    ] = None
    fresh: Annotated[bool, flag("Forget what was scored before.", "--fresh")] = False


@dataclass(frozen=True, kw_only=True)
class CeilingFlags(ToolFlags):
    """What is drawn."""

    output: Annotated[
        Path, flag("Run folder. Default: outputs/ceiling.", "--output", "-o", metavar="FOLDER")
    ] = Path("outputs/ceiling")
    subset: Annotated[
        str | None, flag("Fixed subset, such as mini. Default: all prompts.", metavar="NAME")
    ] = None
    limit: Annotated[int | None, flag("Only so many prompts.", metavar="N")] = None
    side: Annotated[int, flag("Width and height in pixels. Default: 1024.", metavar="N")] = _SIDE


def register(app: typer.Typer) -> None:
    """Add the commands to ``glm-image evaluate``."""
    app.command("score")(with_flags(score))
    app.command("ceiling")(with_flags(ceiling))


def score(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder with pictures.")],
    flags: ScoreFlags,
) -> None:
    """Score the pictures of a run; goes on where it was stopped."""
    from glm_image.evaluation import catalogue
    from glm_image.evaluation.run_folder import RunFolder

    folder = RunFolder.open(run)
    results = {}
    for name in flags.benchmark or sorted(folder.benchmarks):
        benchmark = catalogue.get(name)
        items = catalogue.items(benchmark, flags.data)
        record = folder.benchmarks.get(name)
        subset = _choice(None if record is None else record.subset)
        chosen = catalogue.subset(benchmark, items, subset)
        results[name] = _score(folder, benchmark, chosen, flags, fresh=flags.fresh)
    _report(results, flags)


def ceiling(
    benchmark: Annotated[str, typer.Argument(metavar="BENCHMARK", help="A benchmark of texts.")],
    flags: CeilingFlags,
) -> None:
    """Draw wanted texts with ordinary fonts and score them: what the reader can read at all."""
    from glm_image.evaluation import catalogue
    from glm_image.evaluation.ceiling import draw_run, record_of

    # Pictures of one prompt would all be the same.
    wanted = replace(catalogue.get(benchmark), samples=1)
    subset = catalogue.choice(flags.subset, flags.limit)
    items = catalogue.subset(wanted, catalogue.items(wanted, flags.data), subset)
    record = record_of(wanted, flags.data, catalogue.subset_name(subset))
    with _progress(f"{benchmark}: drawing", flags) as show:
        run = draw_run(flags.output, wanted, items, side=flags.side, record=record, on_item=show)
    found = _score(run, wanted, items, flags, fresh=False)
    if not flags.json:
        _show_figures(run, wanted)
    _report({benchmark: found}, flags)


def _show_figures(run: "RunFolder", benchmark: "Benchmark") -> None:
    """Print every metric with its interval, a line each."""
    from glm_image.evaluation import sample_file, statistics
    from glm_image.evaluation.scorers.registry import scorer_of

    path = sample_file.samples_path(run.path, benchmark.name)
    samples = list(sample_file.read_samples(path).values())
    card = scorer_of(benchmark).scorecard(benchmark)
    for name, figure in statistics.evaluate(card, samples).items():
        ends = "" if figure.low is None else f" ({figure.low:.4f} to {figure.high:.4f})"
        typer.echo(f"{name}: {figure.value:.4f}{ends}")


def _score(
    run: "RunFolder",
    benchmark: "Benchmark",
    items: "tuple[Item, ...]",
    flags: ToolFlags,
    *,
    fresh: bool,
) -> "Scored":
    from glm_image.evaluation.scoring import score_run

    with _progress(f"{benchmark.name}: scoring", flags) as show:
        return score_run(
            run,
            benchmark,
            items,
            _tools(run, flags),
            workers=flags.workers or os.cpu_count() or 1,
            fresh=fresh,
            on_picture=show,
        )


def _tools(run: "RunFolder", flags: ToolFlags) -> "ToolChoice":
    from glm_image.evaluation.judges.openai import Endpoint
    from glm_image.evaluation.tools import ToolChoice

    if (flags.judge_url is None) != (flags.judge_model is None):
        raise InputError(
            "needs both its address and its model",
            field="judge",
            hint="give --judge-url and --judge-model",
        )
    judge = None
    if flags.judge_url is not None and flags.judge_model is not None:
        judge = Endpoint(url=flags.judge_url, model=flags.judge_model, key_variable=flags.judge_key)
    return ToolChoice(
        reader=flags.reader,
        judge=judge,
        clip=flags.clip,
        measured=flags.measured,
        cache=flags.answers or run.path / _ANSWERS,
    )


def _report(results: "dict[str, Scored]", flags: ReportFlags) -> None:
    """Say what was scored, and leave with the code that says whether it was everything."""
    if flags.json:
        print_json({name: _plain(found) for name, found in results.items()})
    for name, found in results.items():
        if not flags.json:
            typer.echo(
                f"{name}: {found.new} scored, {found.kept} kept, {found.absent} absent, "
                f"{len(found.unscored)} not scored"
            )
        for one in found.unscored:
            typer.echo(f"{name} {one.item} {one.sample}: {one.problem}", err=True)
    if not all(found.complete for found in results.values()):
        raise typer.Exit(EXIT_INCOMPLETE)


def _plain(found: "Scored") -> dict[str, object]:
    return {
        "new": found.new,
        "kept": found.kept,
        "absent": found.absent,
        "unscored": [vars(one) for one in found.unscored],
        "complete": found.complete,
    }


def _choice(subset: str | None) -> str | int | None:
    """A subset as a run folder writes it down: its name, or ``limit:`` and a number."""
    if subset is not None and subset.startswith("limit:"):
        return int(subset.removeprefix("limit:"))
    return subset


def _progress(
    description: str, flags: ReportFlags
) -> "AbstractContextManager[Callable[[int, int], None]]":
    return contextmanager(_bar)(description, quiet=flags.quiet)


def _bar(description: str, *, quiet: bool) -> "Iterator[Callable[[int, int], None]]":
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True, disable=quiet) as progress:
        bar = progress.add_task(description, total=None)
        yield lambda done, total: progress.update(bar, completed=done, total=total)
