"""The batches of a run: drawn in the training process, by processes beside it, or ahead.

The batch of a step follows from the run's seed, the step and the rank alone, so that it is the same
wherever and whenever it is drawn: drawing ahead changes the speed of a training, never its result.
"""

import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import torch
from torch.utils.data import DataLoader, Dataset

from glm_image.data import shards
from glm_image.errors import ConfigError
from glm_image.training.seeds import seeded

SHARD = 64
"""Steps in a shard."""

_ABOUT = "about.txt"

_AHEAD = 8
"""Batches that every drawing process keeps ready."""


class Draws(Protocol):
    """What a task offers a supply; no weight is touched by it."""

    @property
    def drawn_from(self) -> str:
        """All that its batches depend on beside seed, step and rank."""

    @property
    def records(self) -> Mapping[str, type]:
        """Dataclasses that its batches are made of, by name."""

    def draw(self, rng: random.Random, step: int) -> Any:
        """Draw the batch of a step, on the CPU."""


class Supply(Dataset[Any]):
    """The batch of every step for one process.

    Args:
        draws: The task.
        seed: Seed of the run.
        rank: Number of the process.
        folder: Holds a folder of shards for every rank that has some.

    Attributes:
        folder: Shards of this rank.

    Raises:
        ConfigError: The shards were drawn for another task or seed.
    """

    def __init__(self, draws: Draws, *, seed: int, rank: int, folder: Path) -> None:
        self._draws, self._seed, self._rank = draws, seed, rank
        self.folder = folder / f"rank-{rank}"
        about = self.folder / _ABOUT
        self._about = f"seed {seed}\n{draws.drawn_from}\n"
        if about.exists() and about.read_text(encoding="utf-8") != self._about:
            raise ConfigError(
                f"the shards in {self.folder} were drawn for another recipe or seed",
                field="shards",
                hint="delete them, or train with the recipe that they were drawn for",
            )

    def __getitem__(self, step: int) -> Any:
        """The batch of a step: read if it was drawn ahead, else drawn."""
        shard = self._shard(step)
        if shard.exists():
            return shards.read(shard, step, self._draws.records)
        number = int(torch.randint(2**62, (1,), generator=seeded(self._seed, step, self._rank)))
        return self._draws.draw(random.Random(number), step)

    def batches(self, first: int, stop: int, drawers: int) -> Iterator[Any]:
        """The batches of steps ``first`` to ``stop`` in order.

        Args:
            first: First step.
            stop: Step after the last.
            drawers: Processes that draw ahead of the training; 0 draws when a batch is needed.
        """
        return _loaded(self, range(first, stop), drawers)

    def draw_ahead(self, steps: int, drawers: int) -> Iterator[int]:
        """Write the shards of a run that are not there yet.

        Args:
            steps: Steps of the run.
            drawers: Processes that draw, each a shard at a time; 0 draws in this one.

        Yields:
            The first step of every shard, when it is there.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / _ABOUT).write_text(self._about, encoding="utf-8")
        yield from _loaded(_Shards(self, steps), range(0, steps, SHARD), drawers)

    def write_shard(self, first: int, steps: int) -> None:
        """Draw the shard that begins with a step, unless it is there."""
        file = self._shard(first)
        if not file.exists():
            its = range(first, min(first + SHARD, steps))
            shards.write(file, ((step, self[step]) for step in its))

    def _shard(self, step: int) -> Path:
        return self.folder / f"{step // SHARD:06d}.zip"


class _Shards(Dataset[int]):
    """Shards of a run by their first step; asking for one writes it."""

    def __init__(self, supply: Supply, steps: int) -> None:
        self._supply, self._steps = supply, steps

    def __getitem__(self, first: int) -> int:
        self._supply.write_shard(first, self._steps)
        return first


def _loaded(dataset: Dataset[Any], items: range, processes: int) -> Iterator[Any]:
    """Items of a dataset in order, made by so many processes beside this one."""
    loader = DataLoader(
        dataset,
        batch_size=None,
        sampler=items,
        num_workers=processes,
        prefetch_factor=_AHEAD if processes else None,
        collate_fn=_as_it_is,
        worker_init_fn=_begin,
        # Without one of its own the loader would take a number from the global stream.
        generator=torch.Generator(),
    )
    return iter(loader)


def _as_it_is(batch: Any) -> Any:
    return batch


def _begin(_: int) -> None:
    # The drawing processes share the cores between them.
    torch.set_num_threads(1)
