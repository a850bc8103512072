"""Figures of a run: JSON lines, and TensorBoard files beside them."""

import json
import logging
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

_LOG = logging.getLogger(__name__)


class Journal:
    """Writes what a run reports into its folder.

    ``log.jsonl`` gets one line per report, ``samples-<step>.png`` the sample grids. TensorBoard
    files get the same where the package is installed; they are opened by the first report.

    Args:
        folder: Folder of the run.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer: SummaryWriter | None = None

    def figures(self, kind: str, step: int, metrics: Mapping[str, float]) -> None:
        """Write the figures of a step; ``kind`` says of what: ``train`` or ``validation``."""
        line = {"kind": kind, "step": step, **metrics}
        with (self._folder / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
        writer = self._board(step)
        if writer is not None:
            for name, value in metrics.items():
                writer.add_scalar(f"{kind}/{name}", value, step)

    def picture(self, step: int, image: Image.Image) -> None:
        """Write the sample grid of a step."""
        image.save(self._folder / f"samples-{step:06d}.png")
        writer = self._board(step)
        if writer is not None:
            pixels_hwc = np.asarray(image.convert("RGB"))
            writer.add_image("samples", pixels_hwc, step, dataformats="HWC")

    def close(self) -> None:
        """Finish the TensorBoard file; a later report opens another one."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _board(self, step: int) -> "SummaryWriter | None":
        """The open TensorBoard writer; None without the package.

        Reports of a run that was cut off behind its checkpoint are hidden by those that follow.
        """
        if self._writer is None and _has_tensorboard():
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(str(self._folder), purge_step=step)
        return self._writer


@cache
def _has_tensorboard() -> bool:
    """Whether TensorBoard files can be written; said once on stderr if not."""
    try:
        import torch.utils.tensorboard  # noqa: F401
    except ImportError:
        _LOG.warning("tensorboard is not installed, figures go to log.jsonl only")
        return False
    return True
