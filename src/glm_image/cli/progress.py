"""Progress of a request as bars on the terminal's error stream."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from glm_image.pipeline.progress import Progress

TITLES = {"generator": "writing tokens", "decoder": "painting"}
"""Stages that get a bar; the others are over in a moment."""


class Bars:
    """One bar per long stage, on stderr; to be used as a context and as ``on_progress``.

    Args:
        quiet: Show nothing.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._display = None if quiet else _display()
        self._tasks: dict[tuple[str, int], TaskID] = {}

    def __enter__(self) -> "Bars":
        if self._display is not None:
            self._display.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._display is not None:
            # Without a bar there is nothing to leave on the screen but an empty line.
            self._display.live.transient = not self._tasks
            self._display.stop()

    def __call__(self, progress: "Progress") -> None:
        """Show one step."""
        if self._display is None or progress.stage not in TITLES:
            return
        key = (progress.stage, progress.batch)
        if key not in self._tasks:
            title = TITLES[progress.stage]
            if progress.batches > 1:
                title = f"{title} {progress.batch} of {progress.batches}"
            self._tasks[key] = self._display.add_task(title, total=progress.total)
        self._display.update(self._tasks[key], completed=progress.index)

    @contextmanager
    def waiting(self, title: str) -> Iterator[None]:
        """Show that something of unknown length goes on."""
        if self._display is None:
            yield
            return
        task = self._display.add_task(title, total=None)
        try:
            yield
        finally:
            self._display.remove_task(task)


def _display() -> "RichProgress":
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
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(file=sys.stderr),
    )
