"""What a request tells about itself while it runs: how far it is, and how long each stage took."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from PIL import Image as PilImage

from glm_image.device import Device
from glm_image.types import Grid

Preview = Callable[[], list[PilImage.Image]]
"""Draws what can be seen so far, one picture per picture of the batch, when it is called."""


@dataclass(frozen=True, kw_only=True)
class Raster:
    """What the generator has written so far of the raster of one picture that it is writing.

    Args:
        number: Place of the picture in the request.
        left: Rasters that follow: 0 for the large one, 1 for a preview before it.
        grid: Rows and columns of the raster.
        codes: The first codes of it, row by row.
    """

    number: int
    left: int
    grid: Grid
    codes: tuple[int, ...]


Rasters = Callable[[], list[Raster]]
"""Reads what is written so far, of every picture that is being written."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """One step of one stage.

    Args:
        stage: ``"prompt"``, ``"generator"``, ``"conditioning"``, ``"decoder"`` or ``"image"``.
        index: Steps done, from 0 (the stage has started) to ``total``.
        total: Steps of the stage: tokens of the generator, denoising steps of the decoder.
        batch: Number of the batch, from 1; pictures of unlike size run one after another.
        batches: Number of batches of the request.
        preview: Draws what the decoder sees so far; None in other stages. It costs a pass of the
            autoencoder for every picture, so call it only for pictures that are shown.
        rasters: Reads what an engine's generator has written so far; None elsewhere. It waits for
            the device, so call it now and then, and in the thread that reports.
    """

    stage: str
    index: int
    total: int
    batch: int = 1
    batches: int = 1
    preview: Preview | None = None
    rasters: Rasters | None = None


OnProgress = Callable[[Progress], None]
"""Called in the thread of the request; what it raises ends the request."""


class Tick(Protocol):
    """To be called after each step of a stage."""

    def __call__(self, preview: Preview | None = None) -> None:
        """Report one more step."""


class Watch:
    """Times the stages of a request and reports its progress.

    Args:
        device: Where the work is queued.
        on_progress: Called for every step, if there is someone to tell.

    Attributes:
        timings: Seconds per stage, summed over batches.
    """

    def __init__(self, device: Device, on_progress: OnProgress | None = None) -> None:
        self.timings: dict[str, float] = {}
        self._device = device
        self._on_progress = on_progress
        self._batch = self._batches = 1

    def enter_batch(self, number: int, of: int) -> None:
        """Say which batch the following stages belong to, counted from 1."""
        self._batch, self._batches = number, of

    @contextmanager
    def stage(self, name: str, total: int = 1) -> Iterator[Tick]:
        """Time a stage; the value is to be called after each of its ``total`` steps."""
        index = 0

        def report(preview: Preview | None = None) -> None:
            if self._on_progress is not None:
                self._on_progress(
                    Progress(
                        stage=name,
                        index=index,
                        total=total,
                        batch=self._batch,
                        batches=self._batches,
                        preview=preview,
                    )
                )

        def tick(preview: Preview | None = None) -> None:
            nonlocal index
            index += 1
            report(preview)

        start = time.perf_counter()
        report()
        yield tick
        if index < total:
            index = total - 1
            tick()
        self._device.synchronize()
        seconds = time.perf_counter() - start
        self.timings[name] = self.timings.get(name, 0.0) + seconds
