"""``glm-image evaluate``: measure what a model draws, and show it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glm_image.cli import evaluate_generate, evaluate_report, evaluate_score

if TYPE_CHECKING:
    from glm_image.evaluation.posters.grid import Entry
    from glm_image.evaluation.posters.held_out import Case
    from glm_image.evaluation.posters.painter import PipelinePainter

app = typer.Typer(help="Measure what a model draws.", no_args_is_help=True)
evaluate_generate.register(app)
evaluate_score.register(app)
evaluate_report.register(app)

Model = Annotated[
    str | None,
    typer.Option("--model", "-m", help="Folder of a model. Default: the bundled one."),
]
Steps = Annotated[int, typer.Option(min=1, help="Denoising steps.")]
Output = Annotated[Path, typer.Option("--output", "-o", help="Folder of what is written.")]

_OUTPUT = Path("outputs/evaluation")
_STEPS = 25
_ALL_ROWS = "truth,vae,true-tokens,tokens-only,system"
_COLUMNS = {"drawings": 6, "edits": 4}


@app.command()
def nano(
    model: Model = None,
    count: Annotated[int, typer.Option(min=0, help="Number of prompts, up to 100.")] = 100,
    edits: Annotated[int, typer.Option(min=0, help="Number of edits, up to 40.")] = 40,
    steps: Steps = _STEPS,
    rows: Annotated[str, typer.Option(help="What is measured, with commas between.")] = _ALL_ROWS,
    output: Output = _OUTPUT,
) -> None:
    """Mark a model on prompts and edits that training cannot have seen."""
    from rich.console import Console
    from rich.progress import Progress

    from glm_image.evaluation.posters import held_out, report, suite
    from glm_image.evaluation.readers.ocr import OcrReader

    cases = (*held_out.drawings(count), *held_out.edits(edits))
    wanted = suite.check_rows([row.strip() for row in rows.split(",")])
    reader = OcrReader()
    painter = _painter(model, steps)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("loading", total=len(cases) * len(wanted))

        def show(row: str, case: "Case") -> None:
            progress.update(bar, advance=1, description=f"{row} {case.name}")

        result = suite.run(painter, reader, cases, wanted, show)
    settings: dict[str, object] = {
        "model": model or "bundled",
        "prompts": count,
        "edits": edits,
        "steps": steps,
    }
    Console(stderr=True).print(report.to_table(result))
    for path in report.save(result, settings, output):
        typer.echo(path)


@app.command()
def sheet(
    model: Model = None,
    count: Annotated[int, typer.Option(min=0, help="Number of prompts, up to 100.")] = 24,
    edits: Annotated[int, typer.Option(min=0, help="Number of edits, up to 40.")] = 8,
    steps: Steps = _STEPS,
    output: Output = _OUTPUT,
) -> None:
    """Draw held-out prompts and edits onto two contact sheets."""
    from rich.console import Console
    from rich.progress import track

    from glm_image.evaluation.posters import held_out
    from glm_image.evaluation.posters.grid import sheet as contact_sheet

    sheets = {"drawings": held_out.drawings(count), "edits": held_out.edits(edits)}
    painter = _painter(model, steps)
    output.mkdir(parents=True, exist_ok=True)
    for name, cases in sheets.items():
        if not cases:
            continue
        console = Console(stderr=True)
        entries = [
            _entry(painter, case)
            for case in track(cases, description=name, console=console, transient=True)
        ]
        path = output / f"{name}.png"
        contact_sheet(entries, _COLUMNS[name]).save(path)
        typer.echo(path)


def _painter(model: str | None, steps: int) -> "PipelinePainter":
    from glm_image.evaluation.posters.painter import PipelinePainter
    from glm_image.pipeline.api import GlmImagePipeline

    return PipelinePainter(GlmImagePipeline.from_pretrained(model), steps=steps)


def _entry(painter: "PipelinePainter", case: "Case") -> "Entry":
    """A drawing with its prompt, or before and after with the instruction."""
    from PIL import Image

    from glm_image.evaluation.posters.grid import Entry
    from glm_image.evaluation.posters.painter import source_image

    drawn = Image.fromarray(painter.draw(case, None).pixels)
    source = source_image(case)
    images = (drawn,) if source is None else (source, drawn)
    return Entry(images=images, caption=case.prompt)
