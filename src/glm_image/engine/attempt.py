"""The border between requests: what goes wrong in one is kept there."""

import traceback
from types import TracebackType
from typing import Self

import torch

from glm_image.errors import GlmImageError


class Attempt:
    """Runs a piece of work and keeps the exception that ends it, whichever it is.

    An engine lives on whatever happens in a request, so this catches what callers and libraries
    raise as well as our own errors. Interrupts of the interpreter pass.

    Attributes:
        error: What was raised; None if nothing was.
    """

    def __init__(self) -> None:
        self.error: Exception | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        # The frames of the failure hold its tensors, and whoever keeps the error would keep them.
        traceback.clear_frames(trace)
        self.error = error
        return True

    @property
    def ran_out_of_memory(self) -> bool:
        """Whether the device had too little memory."""
        return isinstance(self.error, torch.OutOfMemoryError)


def in_words(error: Exception) -> Exception:
    """An error as the user should read it."""
    if not isinstance(error, torch.OutOfMemoryError):
        return error
    return GlmImageError(
        "the device has too little memory for this request, even alone",
        field="device",
        hint="ask for smaller pictures, lower the engine's limits, or use dtype bfloat16",
    )
