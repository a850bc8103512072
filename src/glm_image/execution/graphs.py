"""Recorded work: a device replays in one go what the host would otherwise queue kernel by kernel.

A recording holds addresses and shapes. So the work may only read and write tensors that stay where
they are, and there is one recording per bucket of shapes.
"""

from collections.abc import Callable, Hashable

import torch

from glm_image.device import resolve
from glm_image.errors import PlanError


class Graphs:
    """Recordings of some work, all in one pool of memory.

    Args:
        like: A tensor on the device that the work runs on.

    Raises:
        PlanError: The device records nothing.
    """

    def __init__(self, like: torch.Tensor) -> None:
        device = resolve(str(like.device), like.dtype)
        if not device.supports_graphs:
            raise PlanError(
                f"{device.kind} records no graphs",
                field="generator.graphs",
                hint="leave graphs off; on the CPU there is nothing to be gained by them",
            )
        self._stream = torch.Stream(like.device)
        self._pool: tuple[int, int] | None = None
        self._seen: set[Hashable] = set()
        self._recorded: dict[Hashable, torch.accelerator.Graph] = {}

    def run(self, bucket: Hashable, work: Callable[[], None]) -> None:
        """Do the work: plainly at first, which readies libraries, then from its recording.

        Args:
            bucket: What distinguishes this work; the same for the same shapes.
            work: Must not wait for the device, and leaves its results in tensors that stay.
        """
        if bucket not in self._seen:
            self._seen.add(bucket)
            work()
            return
        if bucket not in self._recorded:
            self._recorded[bucket] = self._record(work)
        self._recorded[bucket].replay()

    def _record(self, work: Callable[[], None]) -> torch.accelerator.Graph:
        graph = torch.accelerator.Graph(pool=self._pool)
        # Entering waits for all queued work, so the other stream sees its results.
        with self._stream, graph:
            work()
        self._pool = graph.pool()
        return graph
