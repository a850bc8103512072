"""Where a run reports: lines of JSON, pictures, and TensorBoard where it is installed."""

import json
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

FILE = "log.jsonl"


def tensorboard_installed() -> bool:
    """Whether figures also go to TensorBoard; the extra ``train`` installs it."""
    return find_spec("tensorboard") is not None


class Figures:
    """Writes ``log.jsonl``, ``samples-<step>.png`` and the folder ``tensorboard`` of a run.

    Args:
        folder: Of the run.
        step: Step at which this session starts. What TensorBoard has of later steps, from a
            session that was cut off after its last checkpoint, is hidden.
    """

    def __init__(self, folder: Path, step: int) -> None:
        self._folder = folder
        self._board = _board(folder, step) if tensorboard_installed() else None

    def write(self, kind: str, step: int, metrics: Mapping[str, float]) -> None:
        """Record figures.

        Args:
            kind: ``train`` or ``validation``.
            step: Steps taken so far.
            metrics: Figures by name.
        """
        line = json.dumps({"kind": kind, "step": step, **metrics})
        with (self._folder / FILE).open("a", encoding="utf-8") as log:
            log.write(line + "\n")
        if self._board is not None:
            for name, value in metrics.items():
                self._board.add_scalar(f"{kind}/{name}", value, step)

    def picture(self, step: int, image: Image.Image) -> None:
        """Keep the sample grid of a step."""
        image.save(self._folder / f"samples-{step:06d}.png")
        if self._board is not None:
            pixels_hwc = np.asarray(image.convert("RGB"))
            self._board.add_image("samples", pixels_hwc, step, dataformats="HWC")

    def close(self) -> None:
        """Write out what TensorBoard still holds back."""
        if self._board is not None:
            self._board.close()


def _board(folder: Path, step: int) -> "SummaryWriter":
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(folder / "tensorboard"), purge_step=step + 1)
