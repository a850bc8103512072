"""The checkpoint of a training run: written whole or not at all, read with every doubt."""

import os
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict

import torch
from torch import Tensor

from glm_image.errors import CheckpointError

_DAMAGE = (
    RuntimeError,
    EOFError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    pickle.UnpicklingError,
)
"""What torch raises on a damaged file, and on a state of another network."""


class State(TypedDict):
    """Everything that a run needs to go on.

    Attributes:
        task: Weights of the task, trained or not.
        ema: Averages of the trained ones.
        optimisers: State of every optimiser, in order.
        step: Steps taken.
        seed: Seed of the run.
    """

    task: dict[str, Tensor]
    ema: dict[str, Tensor]
    optimisers: list[dict[str, object]]
    step: int
    seed: int


def write(state: State, file: Path) -> None:
    """Put a state into a file; a crash leaves the file that was there before."""
    partial = file.with_suffix(".partial")
    with partial.open("wb") as stream:
        torch.save(dict(state), stream)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(file)


def read(file: Path) -> State:
    """Read a state; tensors come to the CPU and nothing in the file is executed.

    Raises:
        CheckpointError: The file is damaged or holds something else.
    """
    with damage_reported(file):
        content = torch.load(file, map_location="cpu", weights_only=True)
        return State(
            task=content["task"],
            ema=content["ema"],
            optimisers=content["optimisers"],
            step=int(content["step"]),
            seed=int(content["seed"]),
        )


@contextmanager
def damage_reported(file: Path) -> Iterator[None]:
    """Turn what torch raises about the content of ``file`` into a :class:`CheckpointError`."""
    try:
        yield
    except _DAMAGE as error:
        lines = str(error).splitlines() or [type(error).__name__]
        raise CheckpointError(
            f"{file} is damaged or belongs to another network",
            lines[:8],
            field="checkpoint",
            hint="delete it to begin anew, or use another folder",
        ) from error
