"""``glm-image evaluate``: measure what a model draws, and show it."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Measure what the bundled model draws.", no_args_is_help=True)

Model = Annotated[str | None, typer.Option(help="Folder of a model; the bundled one if left out.")]
Steps = Annotated[int, typer.Option(min=1, help="Denoising steps.")]
Output = Annotated[Path, typer.Option(help="Folder for reports and sheets.")]

_OUTPUT = Path("outputs/evaluation")


@app.command()
def nano(
    model: Model = None,
    count: Annotated[int, typer.Option(min=0, max=100, help="Prompts.")] = 100,
    edits: Annotated[int, typer.Option(min=0, max=40, help="Edits.")] = 40,
    steps: Steps = 25,
    rows: Annotated[
        str, typer.Option(help="Rows out of: truth, vae, true tokens, tokens only, system.")
    ] = "truth,vae,true tokens,tokens only,system",
    output: Output = _OUTPUT,
) -> None:
    """Score a model on prompts and edits that training cannot have seen."""
    from rich.console import Console
    from rich.progress import Progress

    from glm_image.errors import InputError
    from glm_image.evaluation import held_out, report, suite
    from glm_image.evaluation.painter import PipelinePainter
    from glm_image.evaluation.reading import OcrReader
    from glm_image.pipeline.api import GlmImagePipeline

    wanted = [row.strip() for row in rows.split(",")]
    unknown = [row for row in wanted if row not in suite.ROWS]
    if unknown:
        raise InputError(
            f"no row {', '.join(unknown)}", field="rows", hint=f"out of {', '.join(suite.ROWS)}"
        )
    painter = PipelinePainter(GlmImagePipeline.from_pretrained(model), steps=steps)
    reader = OcrReader()
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("cases", total=(count + edits) * len(wanted))
        result = suite.run(
            painter,
            reader,
            held_out.drawings(count),
            held_out.edits(edits),
            wanted,
            lambda row, case: progress.update(bar, advance=1, description=f"{row} {case.name}"),
        )
    settings = {"model": model or "bundled", "count": count, "edits": edits, "steps": steps}
    report.save(result, settings, output)
    Console().print(report.to_table(result))
    typer.echo(output / "report.md")


@app.command()
def grid(
    model: Model = None,
    count: Annotated[int, typer.Option(min=1, max=100, help="Prompts.")] = 24,
    edits: Annotated[int, typer.Option(min=1, max=40, help="Edits.")] = 8,
    steps: Steps = 25,
    output: Output = _OUTPUT,
) -> None:
    """Draw held-out prompts and edits onto two contact sheets."""
    from PIL import Image

    from glm_image.evaluation import held_out
    from glm_image.evaluation.grid import Entry, sheet
    from glm_image.evaluation.painter import PipelinePainter
    from glm_image.evaluation.suite import source_image
    from glm_image.pipeline.api import GlmImagePipeline

    painter = PipelinePainter(GlmImagePipeline.from_pretrained(model), steps=steps)
    output.mkdir(parents=True, exist_ok=True)
    sheets = {
        "drawings.png": (held_out.drawings(count), 6),
        "edits.png": (held_out.edits(edits), 4),
    }
    for name, (cases, columns) in sheets.items():
        entries = []
        for case in cases:
            drawn = Image.fromarray(painter.draw(case, None).pixels)
            source = source_image(case)
            images = (drawn,) if source is None else (source, drawn)
            entries.append(Entry(images=images, caption=case.prompt))
        sheet(entries, columns).save(output / name)
        typer.echo(output / name)
