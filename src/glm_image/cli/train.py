"""``glm-image train``: train parts of the bundled model, or all of it.

On several devices or machines, torchrun starts one process for each:
``torchrun --nproc-per-node 8 --no-python glm-image train nano --device cuda``.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from glm_image.training.loop import OnStep, Progress, Run
    from glm_image.training.parallel import Ranks

app = typer.Typer(help="Train the bundled model from nothing.", no_args_is_help=True)

Folder = Annotated[Path, typer.Option(help="Workshop; existing runs in it are continued.")]
Scale = Annotated[float, typer.Option(min=0.0001, help="Factor on the steps of every part.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, npu or mps.")]
Threads = Annotated[int, typer.Option(min=0, help="CPU threads; 0 takes all cores.")]

_FOLDER = Path("runs/nano")
_SECONDS_BETWEEN_LINES = 60.0


@app.command()
def vae(
    folder: Folder = _FOLDER, scale: Scale = 1.0, device: Device = "cpu", threads: Threads = 0
) -> None:
    """Train the autoencoder."""
    with processes() as ranks:
        _train("vae", folder, scale, device, threads, ranks)


@app.command("vae-decoder")
def vae_decoder(
    folder: Folder = _FOLDER, scale: Scale = 1.0, device: Device = "cpu", threads: Threads = 0
) -> None:
    """Train the autoencoder's decoder on, with its latents fixed; needs the autoencoder."""
    with processes() as ranks:
        _train("vae-decoder", folder, scale, device, threads, ranks)


@app.command()
def tokenizer(
    folder: Folder = _FOLDER, scale: Scale = 1.0, device: Device = "cpu", threads: Threads = 0
) -> None:
    """Train the semantic tokenizer: image encoder and codebook."""
    with processes() as ranks:
        _train("tokenizer", folder, scale, device, threads, ranks)


@app.command()
def generator(
    folder: Folder = _FOLDER, scale: Scale = 1.0, device: Device = "cpu", threads: Threads = 0
) -> None:
    """Train the autoregressive generator."""
    with processes() as ranks:
        _train("generator", folder, scale, device, threads, ranks)


@app.command()
def decoder(
    folder: Folder = _FOLDER, scale: Scale = 1.0, device: Device = "cpu", threads: Threads = 0
) -> None:
    """Train the diffusion decoder and its glyph encoder; needs the autoencoder."""
    with processes() as ranks:
        _train("decoder", folder, scale, device, threads, ranks)


@app.command()
def nano(
    folder: Folder = _FOLDER, scale: Scale = 1.0, device: Device = "cpu", threads: Threads = 0
) -> None:
    """Train every part, one after the other, and export the model."""
    from glm_image.training.nano import PARTS

    with processes() as ranks:
        for part in PARTS:
            _train(part, folder, scale, device, threads, ranks)
        if ranks.writes:
            export(folder / "checkpoint", folder)


@app.command()
def export(
    target: Annotated[Path, typer.Argument(help="Folder of the new checkpoint.")],
    folder: Folder = _FOLDER,
) -> None:
    """Put the trained parts together into a checkpoint in the published layout."""
    from glm_image.training.nano import workshop

    workshop(folder).export(target)
    typer.echo(target)


@contextmanager
def processes() -> Iterator["Ranks"]:
    """Tell this process from the others of a run. Where there are others, it ends with the block.

    An interpreter that shuts down while threads of the collective library are alive can abort
    after all work is done, so those processes leave without shutting it down.
    """
    from glm_image.training.figures import tensorboard_installed
    from glm_image.training.parallel import Ranks

    ranks = Ranks.from_environment()
    if ranks.writes and not tensorboard_installed():
        typer.echo("TensorBoard is not installed: figures go to log.jsonl only", err=True)
    yield ranks
    if ranks.world > 1:
        ranks.leave()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def _train(
    part: str, folder: Path, scale: float, device: str, threads: int, ranks: "Ranks"
) -> None:
    """Run or continue one part."""
    import torch

    from glm_image.training.nano import PARTS, workshop

    if threads:
        torch.set_num_threads(threads)
    run = PARTS[part](workshop(folder, scale=scale, device=device))
    continued = run.resume()
    if not ranks.writes:
        run.train()
        return
    state = f"continued at step {run.step}" if continued else "from nothing"
    typer.echo(f"{part}: {state}, {run.config.steps} steps, logs in {run.folder}", err=True)
    with _progress(part, run) as on_step:
        run.train(on_step)
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
