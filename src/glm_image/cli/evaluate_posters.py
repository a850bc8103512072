"""``glm-image evaluate nano``, ``sheet`` and ``page``: the held-out posters, measured and shown."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glm_image.cli.flags import ModelFlags, flag, with_flags
from glm_image.cli.output import print_json

if TYPE_CHECKING:
    from glm_image.evaluation.posters.grid import Entry
    from glm_image.evaluation.posters.held_out import Case
    from glm_image.evaluation.posters.painter import PipelinePainter

_COLUMNS = {"drawings": 6, "edits": 4}


@dataclass(frozen=True, kw_only=True)
class SheetFlags(ModelFlags):
    """Which held-out cases are drawn, and how."""

    count: Annotated[int, flag("Number of prompts, up to 200. Default: 24.", metavar="N")] = 24
    edits: Annotated[int, flag("Number of edits, up to 80. Default: 8.", metavar="N")] = 8
    steps: Annotated[int, flag("Denoising steps. Default: 25.", metavar="N")] = 25
    output: Annotated[
        Path,
        flag(
            "Folder of what is written. Default: outputs/evaluation.",
            "--output",
            "-o",
            metavar="PATH",
            panel="Output",
        ),
    ] = Path("outputs/evaluation")


@dataclass(frozen=True, kw_only=True)
class NanoFlags(SheetFlags):
    """What is measured of the held-out cases."""

    count: Annotated[int, flag("Number of prompts, up to 200. Default: 200.", metavar="N")] = 200
    edits: Annotated[int, flag("Number of edits, up to 80. Default: 80.", metavar="N")] = 80
    cases: Annotated[
        int | None,
        flag(
            "So many prompts and edits in all instead, for a quick measurement; up to 280.",
            metavar="N",
        ),
    ] = None
    rows: Annotated[
        str, flag("What is measured, with commas between. Default: all rows.", metavar="NAMES")
    ] = "truth,vae,true-tokens,tokens-only,system"


@dataclass(frozen=True, kw_only=True)
class PageFlags(SheetFlags):
    """Which held-out cases the page shows."""

    count: Annotated[int, flag("Number of prompts, up to 200. Default: 100.", metavar="N")] = 100
    edits: Annotated[int, flag("Number of edits, up to 80. Default: 24.", metavar="N")] = 24
    seed: Annotated[int, flag("What the cases are chosen by. Default: 1.", metavar="N")] = 1


def register(app: typer.Typer) -> None:
    """Add the commands of this file to the application."""
    app.command()(with_flags(nano))
    app.command()(with_flags(sheet))
    app.command()(with_flags(page))


def nano(flags: NanoFlags) -> None:
    """Mark a model on prompts and edits that training cannot have seen."""
    from rich.console import Console
    from rich.progress import Progress

    from glm_image.evaluation.posters import held_out, report, suite
    from glm_image.evaluation.readers.ocr import OcrReader

    cases = held_out.subset(flags.cases) if flags.cases is not None else _cases(flags)
    wanted = suite.check_rows([row.strip() for row in flags.rows.split(",")])
    reader = OcrReader()
    painter = _painter(flags)
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=flags.quiet) as progress:
        bar = progress.add_task("loading", total=len(cases) * len(wanted))

        def show(row: str, case: "Case") -> None:
            progress.update(bar, advance=1, description=f"{row} {case.name}")

        result = suite.run(painter, reader, cases, wanted, show)
    settings: dict[str, object] = {
        "model": flags.model or "bundled",
        "prompts": sum(case.task == "draw" for case in cases),
        "edits": sum(case.task == "edit" for case in cases),
        "steps": flags.steps,
    }
    if not flags.quiet:
        console.print(report.to_table(result))
    paths = report.save(result, settings, flags.output)
    if flags.json:
        print_json({"settings": settings, "figures": report.figures_of(result)})
        return
    for path in paths:
        typer.echo(path)


def sheet(flags: SheetFlags) -> None:
    """Draw held-out prompts and edits onto two contact sheets."""
    from rich.console import Console
    from rich.progress import track

    from glm_image.evaluation.posters import held_out
    from glm_image.evaluation.posters.grid import sheet as contact_sheet

    sheets = {"drawings": held_out.drawings(flags.count), "edits": held_out.edits(flags.edits)}
    painter = _painter(flags)
    flags.output.mkdir(parents=True, exist_ok=True)
    console = Console(stderr=True)
    paths: list[str] = []
    for name, cases in sheets.items():
        if not cases:
            continue
        bar = track(cases, description=name, console=console, transient=True, disable=flags.quiet)
        path = flags.output / f"{name}.png"
        contact_sheet([_entry(painter, case) for case in bar], _COLUMNS[name]).save(path)
        paths.append(str(path))
    if flags.json:
        print_json({"sheets": paths})
        return
    for written in paths:
        typer.echo(written)


def page(flags: PageFlags) -> None:
    """Draw held-out cases chosen by a seed onto a page that says what is right."""
    from rich.console import Console
    from rich.progress import track

    from glm_image.evaluation.posters import held_out
    from glm_image.evaluation.posters import page as pages
    from glm_image.evaluation.readers.ocr import OcrReader

    held_out.check(flags.count, flags.edits)
    cases = (
        *pages.choose(held_out.drawings(), flags.count, flags.seed),
        *pages.choose(held_out.edits(), flags.edits, flags.seed),
    )
    reader, painter = OcrReader(), _painter(flags)
    console = Console(stderr=True)
    bar = track(cases, description="page", console=console, transient=True, disable=flags.quiet)
    shown = [pages.show(painter, reader, case) for case in bar]
    paths = [str(path) for path in pages.save(shown, flags.seed, flags.output)]
    if flags.json:
        print_json({"page": paths, "right": sum(not one.missed for one in shown)})
        return
    for path in paths:
        typer.echo(path)


def _cases(flags: SheetFlags) -> tuple["Case", ...]:
    from glm_image.evaluation.posters import held_out

    return (*held_out.drawings(flags.count), *held_out.edits(flags.edits))


def _painter(flags: SheetFlags) -> "PipelinePainter":
    from glm_image.evaluation.posters.painter import PipelinePainter
    from glm_image.pipeline.api import GlmImagePipeline

    pipeline = GlmImagePipeline.from_pretrained(flags.model, device=flags.device, dtype=flags.dtype)
    return PipelinePainter(pipeline, steps=flags.steps)


def _entry(painter: "PipelinePainter", case: "Case") -> "Entry":
    """A drawing with its prompt, or before and after with the instruction."""
    from PIL import Image

    from glm_image.evaluation.posters.grid import Entry
    from glm_image.evaluation.posters.painter import source_images

    drawn = Image.fromarray(painter.draw(case, None).pixels)
    return Entry(images=(*source_images(case), drawn), caption=case.prompt)
