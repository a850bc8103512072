"""The file that a run is continued from.

``last.pt`` holds the state of the task, of its averages and of its optimisers, the number of steps
taken and the seed. Nothing else is needed: whatever is random in a step follows from the seed and
the step.
"""

import os
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from glm_image.errors import CheckpointError, NotFoundError

FIELDS = ("task", "ema", "optimisers", "step", "seed")
"""What the file holds."""

_REMEDY = "delete it to train from nothing, or put a copy back"


def write(state: object, file: Path) -> None:
    """Write a file of tensors and numbers, whole or not at all.

    Args:
        state: For a checkpoint, a value for each of :data:`FIELDS`.
        file: Where to.
    """
    partial = file.with_suffix(".partial")
    with partial.open("wb") as stream:
        torch.save(state, stream)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(file)


def read(file: Path) -> dict[str, Any]:
    """Read the file.

    Returns:
        A value for each of :data:`FIELDS`, tensors on the CPU.

    Raises:
        NotFoundError: There is no such file.
        CheckpointError: The file is damaged or is no such file.
    """
    if not file.exists():
        raise NotFoundError(
            f"{file} does not exist", field="checkpoint", hint=f"train the {file.parent.name} first"
        )
    try:
        # Torch reads a damaged tensor without noticing; the archive's checksums tell.
        with zipfile.ZipFile(file) as archive:
            damaged = archive.testzip()
        state = None if damaged else torch.load(file, map_location="cpu", weights_only=True)
    except (zipfile.BadZipFile, pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise _refusal(file, str(error)) from error
    if damaged:
        raise _refusal(file, f"the checksum of {damaged} is wrong")
    if not isinstance(state, dict) or set(FIELDS) - set(state):
        raise _refusal(file, f"it does not hold {', '.join(FIELDS)}")
    return state


def fit(module: nn.Module, weights: Mapping[str, Tensor], file: Path) -> None:
    """Load weights into a module.

    Raises:
        CheckpointError: Names or shapes differ.
    """
    try:
        module.load_state_dict(dict(weights))
    except RuntimeError as error:
        raise misfit(file, error) from error


def misfit(file: Path, error: Exception) -> CheckpointError:
    """The error for a file of other networks or another optimiser than the run has."""
    return CheckpointError(
        f"{file} belongs to other networks or optimisers",
        [line.strip() for line in str(error).splitlines()],
        field="checkpoint",
        hint="train with the configuration that it was made with, or in another folder",
    )


def _refusal(file: Path, reason: str) -> CheckpointError:
    return CheckpointError(
        f"{file} is damaged", [reason.splitlines()[0]], field="checkpoint", hint=_REMEDY
    )
