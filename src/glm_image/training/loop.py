"""The one training loop: steps, averages, checkpoints, logs, sample grids.

A :class:`Task` says what is learned. Everything random in a step is derived from the run's seed,
the step and the rank, so a resumed run continues exactly where it was cut off.
"""

import json
import os
import time
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
import torch.distributed as dist
from PIL import Image
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from glm_image.errors import CheckpointError
from glm_image.training.ema import Ema
from glm_image.training.optim import OptimConfig, Optimisers

Metrics = dict[str, float]


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
        autocast: Whether matrix products run in bf16.
    """

    steps: int
    seed: int = 0
    optim: OptimConfig = field(default_factory=OptimConfig)
    ema_decay: float = 0.999
    log_every: int = 20
    save_every: int = 500
    device: str = "cpu"
    autocast: bool = True


class Task(nn.Module):
    """One thing to learn: the networks it trains, its data and its objective."""

    @abstractmethod
    def forward(self, rng: torch.Generator, step: int) -> tuple[Tensor, Metrics]:
        """Draw the batch of a step and return its loss (a scalar) and figures to log."""

    @abstractmethod
    def validate(self) -> Metrics:
        """Figures on fixed held-out data."""

    @abstractmethod
    def samples(self) -> Image.Image | None:
        """A picture with fixed seeds that shows the state of the training."""


def seeded(*numbers: int) -> torch.Generator:
    """A CPU generator whose stream depends on all the numbers."""
    state = 0x9E3779B97F4A7C15
    for number in numbers:
        state = ((state ^ (number + 0x7F4A7C15)) * 0xBF58476D1CE4E5B9) % 2**64
        state ^= state >> 29
    return torch.Generator().manual_seed(state % 2**63)


class Run:
    """A training run in a folder: logs, the last checkpoint, sample grids.

    Under ``torchrun`` every process takes its own part of the data and gradients are averaged
    (DistributedDataParallel); rank 0 writes.

    Args:
        task: What is learned.
        config: How.
        folder: Where logs, samples and the checkpoint go.
    """

    def __init__(self, task: Task, config: RunConfig, folder: Path) -> None:
        self.config = config
        self.folder = folder
        self.rank = int(os.environ.get("RANK", "0"))
        self.world = int(os.environ.get("WORLD_SIZE", "1"))
        self.task = task.to(config.device)
        self.ema = Ema(self.task, config.ema_decay)
        self.optimisers = Optimisers(self.task.named_parameters(), config.optim)
        self.step = 0
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def checkpoint(self) -> Path:
        """File of the last checkpoint."""
        return self.folder / "last.pt"

    def resume(self) -> bool:
        """Continue from the last checkpoint of the folder, if there is one."""
        if not self.checkpoint.exists():
            return False
        state = torch.load(self.checkpoint, map_location="cpu", weights_only=True)
        if state["seed"] != self.config.seed:
            raise CheckpointError(
                f"{self.checkpoint} was made with seed {state['seed']}, not {self.config.seed}",
                field="seed",
                hint="use the same seed or another folder",
            )
        self.task.load_state_dict(state["task"])
        self.ema.load_state_dict(state["ema"])
        self.optimisers.load_state_dict(state["optimisers"])
        self.step = state["step"]
        return True

    def train(self) -> Metrics:
        """Take the remaining steps.

        Returns:
            The last validation figures; empty if no step remained.
        """
        if self.world > 1 and not dist.is_initialized():
            dist.init_process_group()
        model = DistributedDataParallel(self.task) if self.world > 1 else self.task
        started, first = time.monotonic(), self.step
        sums: Metrics = {}
        figures: Metrics = {}
        while self.step < self.config.steps:
            self.task.train()
            metrics = self._one_step(model)
            for name, value in metrics.items():
                sums[name] = sums.get(name, 0.0) + value
            if self.step % self.config.log_every == 0:
                means = {name: value / self.config.log_every for name, value in sums.items()}
                means["steps_per_second"] = (self.step - first) / (time.monotonic() - started)
                self._log("train", means)
                sums = {}
            if self.step % self.config.save_every == 0 or self.step == self.config.steps:
                self.save()
                figures = self.validate()
        return figures

    def _one_step(self, model: nn.Module) -> Metrics:
        rng = seeded(self.config.seed, self.step, self.rank)
        with torch.autocast(self.config.device, torch.bfloat16, enabled=self.config.autocast):
            loss, metrics = model(rng, self.step)
        loss.backward()
        norm = self.optimisers.step(self.step, self.config.steps)
        self.step += 1
        self.ema.update(self.step)
        return {**metrics, "loss": float(loss.detach()), "gradient_norm": norm}

    def validate(self) -> Metrics:
        """Figures of the averaged weights on held-out data, logged."""
        with self.ema.applied(), torch.no_grad():
            self.task.eval()
            metrics = self.task.validate()
            image = self.task.samples()
        self._log("validation", metrics)
        if image is not None and self.rank == 0:
            image.save(self.folder / f"samples-{self.step:06d}.png")
        return metrics

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        if self.rank == 0:
            state = {
                "task": self.task.state_dict(),
                "ema": self.ema.state_dict(),
                "optimisers": self.optimisers.state_dict(),
                "step": self.step,
                "seed": self.config.seed,
            }
            partial = self.checkpoint.with_suffix(".partial")
            torch.save(state, partial)
            partial.replace(self.checkpoint)

    def _log(self, kind: str, metrics: Mapping[str, float]) -> None:
        if self.rank == 0:
            line = {"kind": kind, "step": self.step, **metrics}
            with (self.folder / "log.jsonl").open("a", encoding="utf-8") as log:
                log.write(json.dumps(line) + "\n")
