"""What each process does in the tests of parallel training; started by torchrun.

Usage: parallel_worker.py TASK FOLDER. Every process trains the task in FOLDER and leaves its
weights and losses in FOLDER/rank-N.pt.
"""

import random
import sys
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor, nn

import tiny_training
from glm_image.cli.training_runs import processes
from glm_image.training.loop import Metrics, Progress, Task

STEPS = 6


class Fork(Task[tuple[Tensor, int]]):
    """Fits one of two layers, or neither, as the batch decides."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.stem, self.left, self.right = (nn.Linear(4, 4) for _ in range(3))

    @property
    def drawn_from(self) -> str:
        return "nothing but numbers"

    def draw(self, rng: random.Random, step: int) -> tuple[Tensor, int]:
        x_bd = torch.tensor([[rng.gauss() for _ in range(4)] for _ in range(2)])
        return x_bd, 2 if step == 1 else rng.randrange(3)

    def forward(self, batch: tuple[Tensor, int], rng: torch.Generator) -> tuple[Tensor, Metrics]:
        x_bd, branch = batch
        y_bd = [self.left, self.right, nn.Identity()][branch](self.stem(x_bd))
        loss = (y_bd - x_bd.flip(1)).square().mean()
        return loss, {"branch": float(branch)}

    def validate(self) -> Metrics:
        return {"norm": float(self.stem.weight.norm())}

    def samples(self) -> Image.Image | None:
        return None


TASKS = {**tiny_training.TASKS, "fork": Fork}


def main(name: str, folder: Path) -> None:
    losses: list[float] = []

    def on_step(progress: Progress) -> None:
        losses.append(progress.loss)

    torch.set_num_threads(1)
    with processes(quiet=True) as ranks:
        run = tiny_training.run(TASKS[name](), folder, STEPS)
        run.resume()
        figures = run.train(on_step)
        weights = {key: value.clone() for key, value in run.task.state_dict().items()}
        record = {"losses": losses, "figures": figures, "weights": weights}
        torch.save(record, folder / f"rank-{ranks.rank}.pt")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
