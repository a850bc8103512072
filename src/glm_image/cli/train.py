"""``glm-image train``: train parts of the bundled model, or all of it.

On several devices or machines, torchrun starts one process for each:
``torchrun --nproc-per-node 8 --no-python glm-image train nano --device cuda``.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glm_image.cli.flags import ReportFlags, flag, with_flags
from glm_image.cli.output import print_json
from glm_image.cli.processes import leaving

if TYPE_CHECKING:
    from glm_image.training.loop import OnStep, Progress, Run
    from glm_image.training.nano import Workshop
    from glm_image.training.parallel import Ranks

app = typer.Typer(help="Train the bundled model from nothing.", no_args_is_help=True)

_SECONDS_BETWEEN_LINES = 60.0

_HELP = {
    "vae": "Train the autoencoder.",
    "vae-decoder": "Train the autoencoder's decoder on, with its latents fixed.",
    "tokenizer": "Train the semantic tokenizer: image encoder and codebook.",
    "generator": "Train the autoregressive generator.",
    "decoder": "Train the diffusion decoder and its glyph encoder; needs the autoencoder.",
}
"""Parts with a command of their own."""


@dataclass(frozen=True, kw_only=True)
class WorkshopFlags(ReportFlags):
    """Where the parts are."""

    folder: Annotated[
        Path, flag("Workshop; existing runs in it go on. Default: runs/nano.", metavar="FOLDER")
    ] = Path("runs/nano")


@dataclass(frozen=True, kw_only=True)
class TrainFlags(WorkshopFlags):
    """How parts are trained."""

    scale: Annotated[float, typer.Option(min=0.0001, help="Factor on the steps of every part.")] = (
        1.0
    )
    device: Annotated[str, flag("auto, cpu, cuda, npu or mps. Default: cpu.", metavar="NAME")] = (
        "cpu"
    )
    threads: Annotated[int, typer.Option(min=0, help="CPU threads; 0 takes all cores.")] = 0


def _command(part: str) -> Callable[..., None]:
    def train(flags: TrainFlags) -> None:
        with processes(quiet=flags.quiet) as ranks:
            _train(part, flags, ranks)

    return train


for _part, _help in _HELP.items():
    app.command(_part, help=_help)(with_flags(_command(_part)))


def nano(flags: TrainFlags) -> None:
    """Train every part, one after the other, and export the model."""
    from glm_image.training.nano import PARTS, workshop

    with processes(quiet=flags.quiet) as ranks:
        for part in PARTS:
            _train(part, flags, ranks)
        if ranks.writes:
            _export(workshop(flags.folder), flags.folder / "checkpoint", flags)


def export(
    target: Annotated[Path, typer.Argument(help="Folder of the new checkpoint.")],
    flags: WorkshopFlags,
) -> None:
    """Put the trained parts together into a checkpoint in the published layout."""
    from glm_image.training.nano import workshop

    _export(workshop(flags.folder), target, flags)


app.command("nano")(with_flags(nano))
app.command("export")(with_flags(export))


def _export(shop: "Workshop", target: Path, flags: ReportFlags) -> None:
    shop.export(target)
    if flags.json:
        print_json({"path": str(target)})
    else:
        typer.echo(target)


@contextmanager
def processes(*, quiet: bool) -> Iterator["Ranks"]:
    """Tell this process from the others of a run; where there are any, it ends with the block."""
    from glm_image.training.figures import tensorboard_installed
    from glm_image.training.parallel import Ranks

    ranks = Ranks.from_environment()
    if ranks.writes and not quiet and not tensorboard_installed():
        typer.echo("TensorBoard is not installed: figures go to log.jsonl only", err=True)
    with leaving(ranks):
        yield ranks


def _train(part: str, flags: TrainFlags, ranks: "Ranks") -> None:
    """Run or continue one part."""
    import torch

    from glm_image.training.nano import PARTS, workshop

    if flags.threads:
        torch.set_num_threads(flags.threads)
    run = PARTS[part](workshop(flags.folder, scale=flags.scale, device=flags.device))
    continued = run.resume()
    if not ranks.writes:
        run.train()
        return
    if flags.quiet:
        figures = run.train()
    else:
        state = f"continued at step {run.step}" if continued else "from nothing"
        typer.echo(f"{part}: {state}, {run.config.steps} steps, logs in {run.folder}", err=True)
        with _progress(part, run) as on_step:
            figures = run.train(on_step)
    if flags.json:
        path = str(run.checkpoint)
        print_json({"part": part, "path": path, "step": run.step, "validation": figures})
    else:
        typer.echo(run.checkpoint)


@contextmanager
def _progress(part: str, run: "Run") -> Iterator["OnStep"]:
    """Show progress on stderr: a live line on a terminal, else a line every minute."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Display

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(part)
        return
    text = TextColumn("{task.fields[text]}")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), text)
    with Display(*columns, console=console, refresh_per_second=2) as display:
        task = display.add_task(part, total=run.config.steps, completed=run.step, text="")

        def on_step(progress: "Progress") -> None:
            display.update(task, completed=progress.step, text=_figures(progress))

        yield on_step


def _lines(part: str) -> "OnStep":
    """Print progress as lines, for a file or a pipe."""
    last = time.monotonic()

    def on_step(progress: "Progress") -> None:
        nonlocal last
        if time.monotonic() - last >= _SECONDS_BETWEEN_LINES or progress.step == progress.steps:
            last = time.monotonic()
            state = f"{part}: step {progress.step} of {progress.steps}"
            typer.echo(f"{state}, {_figures(progress)}", err=True)

    return on_step


def _figures(progress: "Progress") -> str:
    left = timedelta(seconds=round(progress.seconds_left))
    return f"loss {progress.loss:.4f}, {progress.steps_per_second:.2f} steps/s, {left} left"
