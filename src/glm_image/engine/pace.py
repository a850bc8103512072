"""Keeps the host near the device, so that a step that is reported is about to be done."""

from collections import deque

import torch

from glm_image.device import Device


class Pace:
    """Lets the host queue a few steps on an accelerator and then wait for the first of them.

    Without it all steps of a picture would be queued at once: nothing could be cancelled, and
    neighbours would have to wait behind them. A CPU does what it is told at once.

    Args:
        device: Where the work is queued.
        ahead: Steps that may be queued behind the one that the device works on.
    """

    def __init__(self, device: Device, ahead: int) -> None:
        self._device = device
        self._ahead = ahead
        self._queued: deque[torch.Event] = deque()

    def tick(self) -> None:
        """Mark the end of a step, and wait if too many are queued."""
        if not self._device.is_accelerator:
            return
        stream = torch.accelerator.current_stream(self._device.torch_device)
        self._queued.append(stream.record_event())
        if len(self._queued) > self._ahead:
            self._queued.popleft().synchronize()
