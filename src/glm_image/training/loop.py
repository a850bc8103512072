"""The one training loop: steps, averages, checkpoints, figures, sample grids.

A :class:`Task` says what is learned. Everything random in a step is derived from the run's seed,
the step and the rank, so a resumed run continues exactly where it was cut off.
"""

import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from PIL import Image
from torch import Tensor, nn

from glm_image.device import multiplies_bf16
from glm_image.errors import CheckpointError
from glm_image.training import resume
from glm_image.training.ema import Ema
from glm_image.training.figures import Figures
from glm_image.training.optim import OptimConfig, Optimisers
from glm_image.training.parallel import Ranks
from glm_image.training.seeds import seeded
from glm_image.training.supply import Supply

Metrics = dict[str, float]

Batch = TypeVar("Batch")

_NOISE = 1
"""Stream of a step's noise; that of its batch has no such number."""


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """How long and how a task is trained.

    Attributes:
        steps: Optimiser steps in all.
        seed: Seed of the data and of all noise.
        optim: Optimiser settings.
        ema_decay: Decay of the averaged weights.
        log_every: Steps between log lines.
        save_every: Steps between checkpoints; samples and validation are made with them.
        device: Kind of device, see :mod:`glm_image.device`.
        drawers: Processes that draw batches beside the training; 0 draws in its own.
        autocast: Whether matrix products run in bf16; None where the device is quick at them.
    """

    steps: int
    seed: int = 0
    optim: OptimConfig = field(default_factory=OptimConfig)
    ema_decay: float = 0.999
    log_every: int = 20
    save_every: int = 500
    device: str = "cpu"
    drawers: int = 0
    autocast: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a run is, after a step.

    Attributes:
        step: Steps taken.
        steps: Steps in all.
        loss: Loss of this step, of this process.
        steps_per_second: Speed of this session, checkpoints and validation included.
    """

    step: int
    steps: int
    loss: float
    steps_per_second: float

    @property
    def seconds_left(self) -> float:
        """Time that the remaining steps take at this speed."""
        return (self.steps - self.step) / self.steps_per_second


OnStep = Callable[[Progress], None]


class Task(nn.Module, ABC, Generic[Batch]):
    """One thing to learn: the networks it trains, its data and its objective."""

    @property
    @abstractmethod
    def drawn_from(self) -> str:
        """All that its batches depend on beside seed, step and rank, in words."""

    @property
    def records(self) -> Mapping[str, type]:
        """Dataclasses that its batches are made of, by name."""
        return {}

    @abstractmethod
    def draw(self, rng: random.Random, step: int) -> Batch:
        """Draw the batch of a step, on the CPU. Other processes do it: no weight is touched."""

    @abstractmethod
    def forward(self, batch: Batch, rng: torch.Generator) -> tuple[Tensor, Metrics]:
        """Loss of a batch (a scalar) and figures to log; noise comes from ``rng``."""

    @abstractmethod
    def validate(self) -> Metrics:
        """Figures on fixed held-out data."""

    @abstractmethod
    def samples(self) -> Image.Image | None:
        """A picture with fixed seeds that shows the state of the training."""


class Run:
    """A training run in a folder: figures, the last checkpoint, sample grids.

    Under ``torchrun`` every process takes its own part of the data and gradients are averaged, see
    :mod:`glm_image.training.parallel`; rank 0 writes.

    Args:
        task: What is learned.
        config: How.
        folder: Where figures, samples and the checkpoint go; batches drawn ahead lie in ``shards``.
    """

    def __init__(self, task: Task[Any], config: RunConfig, folder: Path) -> None:
        self.config = config
        self.folder = folder
        self.ranks = Ranks.from_environment()
        self.device = self.ranks.device(config.device)
        asked = config.autocast
        self.autocast = multiplies_bf16(self.device) if asked is None else asked
        self.task = task.to(self.device)
        self.ema = Ema(self.task, config.ema_decay)
        self.optimisers = Optimisers(self.task.named_parameters(), config.optim)
        self.step = 0
        self.supply = Supply(task, seed=config.seed, rank=self.ranks.rank, folder=folder / "shards")
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def checkpoint(self) -> Path:
        """File of the last checkpoint."""
        return self.folder / "last.pt"

    def resume(self) -> bool:
        """Continue from the last checkpoint of the folder, if there is one.

        Raises:
            CheckpointError: It is damaged, or belongs to another seed, task or optimiser.
        """
        if not self.checkpoint.exists():
            return False
        state = resume.read(self.checkpoint)
        if state["seed"] != self.config.seed:
            raise CheckpointError(
                f"{self.checkpoint} was made with seed {state['seed']}, not {self.config.seed}",
                field="seed",
                hint="use the same seed or another folder",
            )
        resume.fit(self.task, state["task"], self.checkpoint)
        try:
            self.ema.load_state_dict(state["ema"])
            self.optimisers.load_state_dict(state["optimisers"])
        except (KeyError, ValueError) as error:
            raise resume.misfit(self.checkpoint, error) from error
        self.step = state["step"]
        return True

    def train(self, on_step: OnStep | None = None) -> Metrics:
        """Take the remaining steps.

        Args:
            on_step: Called after every step.

        Returns:
            The last validation figures; empty if no step remained, and in all processes but
            rank 0.
        """
        self.ranks.join(self.device)
        model = self.ranks.wrap(self.task)
        figures = Figures(self.folder, self.step) if self.ranks.writes else None
        try:
            return self._steps(model, figures, on_step)
        finally:
            if figures is not None:
                figures.close()

    def _steps(self, model: nn.Module, figures: Figures | None, on_step: OnStep | None) -> Metrics:
        started, first = time.monotonic(), self.step
        recent: list[Metrics] = []
        validation: Metrics = {}
        batches = self.supply.batches(first, self.config.steps, self.config.drawers)
        while self.step < self.config.steps:
            self.task.train()
            recent.append(self._one_step(model, next(batches)))
            loss = recent[-1]["loss"]
            speed = (self.step - first) / (time.monotonic() - started)
            last = self.step == self.config.steps
            if last or self.step % self.config.log_every == 0:
                means = self.ranks.mean(_means(recent), self.device)
                recent = []
                if figures is not None:
                    figures.write("train", self.step, {**means, "steps_per_second": speed})
            if last or self.step % self.config.save_every == 0:
                if figures is not None:
                    self.save()
                    validation = self._validate(figures)
                self.ranks.wait()
            if on_step is not None:
                done = Progress(
                    step=self.step, steps=self.config.steps, loss=loss, steps_per_second=speed
                )
                on_step(done)
        return validation

    def _one_step(self, model: nn.Module, batch: object) -> Metrics:
        rng = seeded(self.config.seed, self.step, self.ranks.rank, _NOISE)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.autocast):
            loss, metrics = model(batch, rng)
        loss.backward()
        norm = self.optimisers.step(self.step, self.config.steps)
        self.step += 1
        self.ema.update(self.step)
        return {**metrics, "loss": float(loss.detach()), "gradient_norm": norm}

    def _validate(self, figures: Figures) -> Metrics:
        """Report what the averaged weights do on held-out data."""
        with self.ema.applied(), torch.no_grad():
            self.task.eval()
            metrics = self.task.validate()
            image = self.task.samples()
        figures.write("validation", self.step, metrics)
        if image is not None:
            figures.picture(self.step, image)
        return metrics

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        state = {
            "task": self.task.state_dict(),
            "ema": self.ema.state_dict(),
            "optimisers": self.optimisers.state_dict(),
            "step": self.step,
            "seed": self.config.seed,
        }
        resume.write(state, self.checkpoint)


def _means(records: Sequence[Metrics]) -> Metrics:
    """Average of every figure over some steps."""
    return {name: sum(r[name] for r in records) / len(records) for name in records[0]}
