"""A run that was cut off goes on as if nothing had happened; a damaged one is not begun."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import tiny_training
from drawn import all_fonts
from glm_image.errors import CheckpointError, NotFoundError
from glm_image.models.vae import Vae
from glm_image.training import figures, resume
from glm_image.training.loop import Metrics, Progress, Run, RunConfig, Task
from glm_image.training.nano import workshop
from glm_image.training.seeds import seeded

STEPS, SAVE_EVERY = 6, 3


class Line(Task[Tensor]):
    """Fits a line; nothing is drawn, so this is quick."""

    def __init__(self, width: int = 4) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Linear(width, width)

    @property
    def drawn_from(self) -> str:
        return f"lines of {self.layer.in_features}"

    def draw(self, rng: random.Random, step: int) -> Tensor:
        return torch.randn(8, self.layer.in_features, generator=seeded(rng.randrange(2**32)))

    def forward(self, batch: Tensor, rng: torch.Generator) -> tuple[Tensor, Metrics]:
        x_bd = batch + 0.1 * torch.randn(batch.shape, generator=rng)
        loss = (self.layer(x_bd) - 2 * x_bd).square().mean()
        return loss, {"double": 2 * float(loss.detach())}

    def validate(self) -> Metrics:
        return {"norm": float(self.layer.weight.norm())}

    def samples(self) -> Image.Image | None:
        return Image.new("RGB", (4, 4), (255, 0, 0))


def run(folder: Path, task: Task[Any] | None = None, steps: int = STEPS, seed: int = 0) -> Run:
    return tiny_training.run(task or Line(), folder, steps, seed=seed, save_every=SAVE_EVERY)


def train_in_two_sessions(make: Callable[[], Task[Any]], folder: Path) -> Run:
    """Cut off one step behind the checkpoint, then go on."""

    def cut_off(progress: Progress) -> None:
        if progress.step == SAVE_EVERY + 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(folder, make()).train(cut_off)
    second = run(folder, make())
    assert second.resume()
    assert second.step == SAVE_EVERY
    second.train()
    return second


def tensors(state: object) -> list[Tensor]:
    """Every tensor of a nested state, in order."""
    if isinstance(state, Tensor):
        return [state]
    if isinstance(state, dict):
        return [tensor for value in state.values() for tensor in tensors(value)]
    if isinstance(state, list | tuple):
        return [tensor for value in state for tensor in tensors(value)]
    return []


drawn_tasks = [pytest.param(name, marks=all_fonts) for name in tiny_training.TASKS]


@pytest.mark.parametrize("name", [*drawn_tasks, "line"])
def test_two_sessions_equal_one_bit_by_bit(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make: Callable[[], Task[Any]] = {**tiny_training.TASKS, "line": Line}[name]
    # Held-out figures cost the most and leave no trace.
    monkeypatch.setattr(type(make()), "validate", lambda task: {})
    monkeypatch.setattr(type(make()), "samples", lambda task: None)
    whole = run(tmp_path / "whole", make())
    whole.train()
    parts = train_in_two_sessions(make, tmp_path / "parts")
    assert parts.step == whole.step == STEPS
    first, second = (resume.read(one.checkpoint) for one in (whole, parts))
    assert set(first) == set(resume.FIELDS)
    for field in ("task", "ema", "optimisers"):
        pairs = list(zip(tensors(first[field]), tensors(second[field]), strict=True))
        assert pairs
        assert all(torch.equal(a, b) for a, b in pairs), field
    start = make().state_dict()
    assert not all(torch.equal(start[key], value) for key, value in first["task"].items())


def test_without_a_checkpoint_there_is_nothing_to_resume(tmp_path: Path) -> None:
    begun = run(tmp_path)
    assert not begun.resume()
    assert begun.step == 0


def test_a_finished_run_takes_no_step(tmp_path: Path) -> None:
    run(tmp_path).train()
    again = run(tmp_path)
    assert again.resume()
    before = again.task.state_dict()["layer.weight"].clone()
    assert again.train() == {}
    assert torch.equal(again.task.state_dict()["layer.weight"], before)


def test_another_seed_is_refused(tmp_path: Path) -> None:
    run(tmp_path).train()
    with pytest.raises(CheckpointError, match="made with seed 0, not 1"):
        run(tmp_path, seed=1).resume()


def test_other_networks_are_refused(tmp_path: Path) -> None:
    run(tmp_path).train()
    with pytest.raises(CheckpointError, match="other networks") as caught:
        run(tmp_path, Line(width=5)).resume()
    assert any("layer.weight" in problem for problem in caught.value.problems)


def test_other_optimisers_are_refused(tmp_path: Path) -> None:
    first = run(tmp_path)
    first.train()
    adamw_only = replace(first.config, optim=replace(first.config.optim, matrix_lr=0.0))
    with pytest.raises(CheckpointError, match="optimisers"):
        Run(Line(), adamw_only, tmp_path).resume()


def damaged(content: bytes) -> dict[str, bytes]:
    middle = len(content) // 2
    flipped = bytearray(content)
    flipped[middle] ^= 1
    return {
        "empty": b"",
        "cut short": content[:middle],
        "without its end": content[:-30],
        "text": b"not a checkpoint",
        "one bit flipped": bytes(flipped),
    }


@pytest.mark.parametrize("damage", damaged(b"x" * 100))
def test_a_damaged_checkpoint_is_refused(damage: str, tmp_path: Path) -> None:
    first = run(tmp_path, Line(width=64))
    first.train()
    first.checkpoint.write_bytes(damaged(first.checkpoint.read_bytes())[damage])
    with pytest.raises(CheckpointError, match=r"last\.pt is damaged") as caught:
        run(tmp_path, Line(width=64)).resume()
    assert caught.value.problems
    assert caught.value.hint


def test_another_torch_file_is_refused(tmp_path: Path) -> None:
    for content in ({"step": 1}, [1, 2], {"task": Line}):
        torch.save(content, tmp_path / "last.pt")
        with pytest.raises(CheckpointError, match=r"last\.pt is damaged"):
            run(tmp_path).resume()


def test_a_missing_file_names_what_to_train(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="train the vae first"):
        resume.read(tmp_path / "vae" / "last.pt")


def test_a_failed_save_leaves_the_last_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(tmp_path)
    first.train()
    kept = first.checkpoint.read_bytes()

    def full(state: object, stream: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(OSError, match="No space"):
        first.save()
    assert first.checkpoint.read_bytes() == kept


def test_figures_count_the_steps_of_their_session(tmp_path: Path) -> None:
    """The checkpoint of step 3 lies between the lines of steps 2 and 4."""
    train_in_two_sessions(Line, tmp_path)
    lines = [json.loads(line) for line in (tmp_path / figures.FILE).read_text().splitlines()]
    kinds = [(line["kind"], line["step"]) for line in lines]
    first, second = kinds[:3], kinds[3:]
    assert first == [("train", 2), ("validation", 3), ("train", 4)]
    assert second == [("train", 4), ("train", 6), ("validation", 6)]
    resumed = lines[3]
    assert resumed["double"] == pytest.approx(2 * resumed["loss"])
    # Steps 2 and 3 before, step 3 alone after.
    step = tiny_training.run(Line(), tmp_path / "other", STEPS, save_every=SAVE_EVERY)
    losses: list[float] = []
    step.train(lambda progress: losses.append(progress.loss))
    assert lines[2]["loss"] == pytest.approx((losses[2] + losses[3]) / 2)
    assert resumed["loss"] == pytest.approx(losses[3])


def test_the_last_step_is_logged_too(tmp_path: Path) -> None:
    run(tmp_path, steps=5).train()
    lines = [json.loads(line) for line in (tmp_path / figures.FILE).read_text().splitlines()]
    assert [line["step"] for line in lines if line["kind"] == "train"] == [2, 4, 5]


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("asked", [None, False, True])
def test_products_run_in_bf16_where_that_is_quick(
    asked: bool | None, quick: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("glm_image.training.loop.multiplies_bf16", lambda _: quick)
    seen: list[bool] = []

    class Watched(Line):
        def forward(self, batch: Tensor, rng: torch.Generator) -> tuple[Tensor, Metrics]:
            seen.append(torch.is_autocast_enabled("cpu"))
            return super().forward(batch, rng)

    Run(Watched(), RunConfig(steps=1, autocast=asked), tmp_path).train()
    assert seen == [quick if asked is None else asked]


def test_progress_tells_how_long_it_takes(tmp_path: Path) -> None:
    seen: list[Progress] = []
    run(tmp_path).train(seen.append)
    assert [progress.step for progress in seen] == [1, 2, 3, 4, 5, 6]
    assert all(progress.steps == STEPS for progress in seen)
    assert all(progress.steps_per_second > 0 for progress in seen)
    assert seen[-1].seconds_left == 0
    half = Progress(step=3, steps=6, loss=0.0, steps_per_second=2.0)
    assert half.seconds_left == 1.5


def test_validation_sees_the_averages(tmp_path: Path) -> None:
    trained = run(tmp_path)
    metrics = trained.train()
    average = trained.ema.state_dict()["layer.weight"]
    assert metrics == {"norm": pytest.approx(float(average.norm()))}
    live = trained.task.state_dict()["layer.weight"]
    assert float(live.norm()) != pytest.approx(float(average.norm()))
    assert sorted(path.name for path in tmp_path.glob("*.png")) == [
        "samples-000003.png",
        "samples-000006.png",
    ]


def test_figures_go_to_tensorboard_too(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="the extra 'train' is not installed")
    run(tmp_path).train()
    events = list((tmp_path / "tensorboard").glob("events.*"))
    assert len(events) == 1
    content = events[0].read_bytes()
    assert all(name in content for name in (b"train/loss", b"validation/norm", b"samples"))


def test_without_tensorboard_there_are_the_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "tensorboard_installed", lambda: False)
    run(tmp_path).train()
    assert not (tmp_path / "tensorboard").exists()
    assert len((tmp_path / figures.FILE).read_text().splitlines()) == 5
    assert (tmp_path / "samples-000006.png").exists()


def test_initial_weights_follow_the_seed_of_the_recipe(tmp_path: Path) -> None:
    first = workshop(tmp_path)
    torch.manual_seed(1)
    before = torch.get_rng_state()
    weights = [first.vae().task.state_dict() for _ in range(2)]
    assert torch.equal(torch.get_rng_state(), before)
    name = "vae.decoder.conv_in.weight"
    assert torch.equal(weights[0][name], weights[1][name])
    other = replace(first, recipe=replace(first.recipe, seed=1)).vae().task.state_dict()
    assert not torch.equal(weights[0][name], other[name])


def test_the_decoder_needs_the_autoencoder(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="train the vae first"):
        workshop(tmp_path).decoder()


@all_fonts
def test_the_decoder_of_the_autoencoder_learns_on_for_the_same_latents(tmp_path: Path) -> None:
    shop = workshop(tmp_path, scale=0.0005)
    shop.vae().train()
    torch.save(((0.0,) * 16, (1.0,) * 16), tmp_path / "vae" / "statistics.pt")
    pixels = torch.linspace(-1, 1, 3 * 64 * 64).view(1, 3, 64, 64)

    def latents_and_picture() -> tuple[Tensor, Tensor]:
        vae = shop.decoder().task.get_submodule("vae").eval()
        assert isinstance(vae, Vae)
        with torch.no_grad():
            latents = vae.encode(pixels)
            return latents, vae.decode(latents)

    before = latents_and_picture()
    shop.vae_decoder().train()
    after = latents_and_picture()
    assert torch.equal(before[0], after[0])
    assert not torch.equal(before[1], after[1])


def test_streams_of_random_numbers_differ() -> None:
    drawn = {
        float(torch.rand(1, generator=seeded(seed, step, rank)))
        for seed in range(8)
        for step in range(8)
        for rank in range(8)
    }
    assert len(drawn) == 512
    again, same = (torch.rand(4, generator=seeded(1, 2, 3)) for _ in range(2))
    assert torch.equal(again, same)
