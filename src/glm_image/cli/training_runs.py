"""What commands that train have in common: many processes, and progress on stderr."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import typer

from glm_image.cli.processes import leaving

if TYPE_CHECKING:
    from glm_image.training.loop import Metrics, OnStep, Progress, Run
    from glm_image.training.parallel import Ranks

_SECONDS_BETWEEN_LINES = 60.0


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


def trained(part: str, run: "Run", ranks: "Ranks", start: str, *, quiet: bool) -> "Metrics | None":
    """Run or continue a training, and show how far it is.

    Args:
        part: What is trained.
        run: The training.
        ranks: Only the first process shows anything.
        start: What a new run begins with, such as ``"nothing"``.
        quiet: Whether nothing is shown.

    Returns:
        Figures of the validation; None in the other processes.
    """
    continued = run.resume()
    if not ranks.writes:
        run.train()
        return None
    if quiet:
        return run.train()
    state = f"continued at step {run.step}" if continued else f"from {start}"
    typer.echo(f"{part}: {state}, {run.config.steps} steps, logs in {run.folder}", err=True)
    with progress(part, run) as on_step:
        return run.train(on_step)


@contextmanager
def progress(part: str, run: "Run") -> Iterator["OnStep"]:
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
