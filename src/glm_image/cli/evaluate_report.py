"""``glm-image evaluate report``, ``compare`` and ``grid``: what a scored run says."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glm_image.cli.output import print_json

if TYPE_CHECKING:
    from rich.console import Console

    from glm_image.evaluation.benchmark import Benchmark
    from glm_image.evaluation.scored import ScoredRun
    from glm_image.evaluation.scores import Scorecard

EXIT_INCOMPLETE = 3

_WIDTH = 150
_MARKDOWN = "report.md"
_HTML = "report.html"

Run = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run that was scored.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def register(app: typer.Typer) -> None:
    """Add the commands to ``glm-image evaluate``."""
    app.command("report")(report)
    app.command("compare")(compare)
    app.command("grid")(grid)


def report(
    run: Run,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder of the report. Default: the run.")
    ] = None,
    json: Json = False,
) -> None:
    """Make numbers of scores: a table here, and results.json, report.md and report.html."""
    from glm_image.config import to_mapping
    from glm_image.evaluation import results, scored
    from glm_image.evaluation.report import html, markdown, terminal

    found = scored.read(run)
    benchmarks, cards = _described(found)
    numbers = results.build(found, benchmarks, cards)
    folder = output or run
    folder.mkdir(parents=True, exist_ok=True)
    paths = [results.write(numbers, folder)]
    pages = {_MARKDOWN: markdown.to_markdown(numbers), _HTML: html.to_html(numbers, found, cards)}
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")
        paths.append(folder / name)
    if json:
        print_json(to_mapping(numbers))
    else:
        _console(stderr=True).print(terminal.to_table(numbers))
        for path in paths:
            typer.echo(path)
    if not numbers.complete:
        raise typer.Exit(EXIT_INCOMPLETE)


def compare(
    first: Annotated[Path, typer.Argument(metavar="FIRST", help="The run to compare with.")],
    second: Annotated[Path, typer.Argument(metavar="SECOND", help="The run that may be better.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Markdown file to write as well.")
    ] = None,
    json: Json = False,
) -> None:
    """Compare two runs prompt by prompt."""
    from glm_image.evaluation import comparing, scored

    runs = [scored.read(path) for path in (first, second)]
    benchmarks, cards = _described(runs[0])
    found = comparing.compare(runs[0], runs[1], benchmarks, cards)
    if output is not None:
        output.write_text(comparing.to_markdown(found), encoding="utf-8")
    if json:
        changes = {
            one.benchmark.name: {
                change.metric.name: {**vars(change.difference), "verdict": change.verdict}
                for change in one.changes
            }
            for one in found.benchmarks
        }
        print_json({"settings": found.settings, "benchmarks": changes})
        return
    _console(stderr=False).print(comparing.to_table(found))
    for one in found.benchmarks:
        if one.left_out:
            typer.echo(f"note: {one.left_out} prompts are in one run only", err=True)
    for name, before, after in found.settings:
        typer.echo(f"{name}: {before} -> {after}")


def grid(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run with pictures.")],
    benchmark: Annotated[str, typer.Argument(metavar="BENCHMARK", help="oneig-* or dpg.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the grids.")],
    model: Annotated[
        str, typer.Option("--model", "-m", help="Name of the model in the paths.")
    ] = "glm-image",
) -> None:
    """Write the pictures of each prompt as one file of 2 x 2 tiles, for the authors' tools."""
    from rich.console import Console
    from rich.progress import Progress

    from glm_image.evaluation import catalogue, tiling
    from glm_image.evaluation.run_folder import RunFolder

    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task(benchmark, total=None)
        made = tiling.export(
            RunFolder.open(run),
            catalogue.get(benchmark),
            output,
            model,
            lambda _: progress.update(bar, advance=1),
        )
    typer.echo(f"{len(made.grids)} grids in {output}, {made.black} black tiles")
    if made.black:
        raise typer.Exit(EXIT_INCOMPLETE)


def _described(run: "ScoredRun") -> "tuple[dict[str, Benchmark], dict[str, Scorecard]]":
    """Descriptions and scorecards of what a run was scored on."""
    from glm_image.evaluation import catalogue
    from glm_image.evaluation.scorers import registry

    benchmarks = {name: catalogue.get(name) for name in run.benchmarks}
    cards = {
        name: registry.scorer_of(benchmark).scorecard(benchmark)
        for name, benchmark in benchmarks.items()
    }
    return benchmarks, cards


def _console(*, stderr: bool) -> "Console":
    """A console that is wide enough for the tables where nobody watches."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _WIDTH
    return Console(stderr=stderr, width=width, highlight=False)
