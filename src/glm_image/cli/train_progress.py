"""Progress of a training on the error stream: a bar on a terminal, lines in a log file."""

import sys
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

    from glm_image.training.loop import Progress


class TrainingBar:
    """Shows step, loss, speed and time left; give it to ``Run.train`` as ``on_step``.

    Args:
        part: Name of what is trained.
        first: Step that the run starts from.
        steps: Steps in all.
        every: Steps between two lines where stderr is no terminal.
    """

    def __init__(self, part: str, *, first: int, steps: int, every: int) -> None:
        self._part, self._every = part, every
        self._bar = _bar() if sys.stderr.isatty() else None
        if self._bar is not None:
            self._task = self._bar.add_task(part, total=steps, completed=first, loss="", speed="")

    def shown(self) -> "AbstractContextManager[RichProgress | None]":
        """The bar is on the screen inside this context."""
        return nullcontext() if self._bar is None else self._bar

    def __call__(self, progress: "Progress") -> None:
        """Show one step."""
        loss, speed = f"{progress.loss:.4f}", f"{progress.steps_per_second:.2f}"
        if self._bar is not None:
            self._bar.update(self._task, completed=progress.step, loss=loss, speed=speed)
        elif progress.step % self._every == 0 or progress.step == progress.steps:
            left = (progress.steps - progress.step) / progress.steps_per_second
            typer.echo(
                f"{self._part}: step {progress.step}/{progress.steps}, loss {loss}, "
                f"{speed} steps/s, {_clock(left)} left",
                err=True,
            )


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def _bar() -> "RichProgress":
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]}"),
        TextColumn("{task.fields[speed]} steps/s"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(file=sys.stderr),
    )
