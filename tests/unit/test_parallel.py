"""Processes that draw one picture together draw what one process draws."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

import drawing_worker
import tiny
from glm_image.checkpoint.published import Components
from glm_image.cli.main import main
from glm_image.engine.engine import Engine
from glm_image.errors import PlanError
from glm_image.execution import memory, parallel
from glm_image.execution.fitting import check_processes
from glm_image.execution.parallel import Division, Group, Team, layout
from glm_image.execution.parallel_dit import Stretch
from glm_image.execution.plan import ExecutionPlan, GeneratorPlan, Offload, ParallelPlan
from glm_image.pipeline.api import GlmImagePipeline
from glm_image.types import Size

TESTS = Path(__file__).resolve().parents[1]
SAME = 2e-5
DIVISIONS = {
    "branches and weights": (2, ParallelPlan(guidance=2, tensor=2)),
    "tokens": (2, ParallelPlan(sequence=2)),
    "everything": (4, ParallelPlan(guidance=2, sequence=2, tensor=2)),
}


def launch(world: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    launcher = ["torch.distributed.run", "--standalone", "--nproc-per-node", str(world)]
    return subprocess.run(
        [sys.executable, "-m", *launcher, *arguments],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def alone(tiny_checkpoint: Path) -> dict[str, Tensor]:
    return drawing_worker.everything(tiny_checkpoint, ParallelPlan())


@pytest.mark.slow
@pytest.mark.parametrize("name", DIVISIONS)
def test_every_process_draws_what_one_alone_draws(
    name: str, alone: dict[str, Tensor], tiny_checkpoint: Path, tmp_path: Path
) -> None:
    world, plan = DIVISIONS[name]
    degrees = [str(degree) for degree in (plan.guidance, plan.sequence, plan.tensor)]
    script = str(TESTS / "drawing_worker.py")
    ended = launch(world, script, str(tiny_checkpoint), str(tmp_path), *degrees)
    assert ended.returncode == 0, ended.stderr
    first, *others = (
        torch.load(tmp_path / f"rank-{rank}.pt", weights_only=True) for rank in range(world)
    )
    for key, value in first.items():
        assert all(torch.equal(value, other[key]) for other in others), key
    for key, expected in alone.items():
        if key.endswith("codes"):
            assert torch.equal(first[key], expected), key
        elif key.endswith("pixels"):
            assert (first[key] - expected).abs().max() <= 1, key
        elif "cached" not in key and "nobody" not in key:
            limit = SAME * float(expected.abs().max())
            torch.testing.assert_close(first[key], expected, atol=limit, rtol=0, msg=key)
    whole = drawing_worker.held(tiny_checkpoint, ParallelPlan())
    assert first["key heads"] * plan.tensor == whole["key heads"]
    assert first["head"] * plan.tensor == whole["head"]
    norms = 3 * 4 * tiny.generator_config().text.hidden_size
    assert (first["layers"] - norms) * plan.tensor == whole["layers"] - norms


@pytest.mark.slow
def test_the_command_writes_one_picture(tiny_checkpoint: Path, tmp_path: Path) -> None:
    words = ["generate", "a", "--model", str(tiny_checkpoint), "--device", "cpu", "--steps", "1"]
    words += ["--temperature", "0", "--size", "64"]
    target = tmp_path / "together.png"
    ended = launch(2, "-m", "glm_image.cli.main", *words, "--output", str(target))
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split() == [str(target)]
    assert ended.stderr.count("seed ") == 1
    refused = launch(2, "-m", "glm_image.cli.main", *words, "--ulysses-degree", "3")
    assert refused.returncode
    assert "--ulysses-degree" in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["together.png"]


def test_one_process_cannot_divide_work(
    tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["generate", "a", "--model", str(tiny_checkpoint), "--device", "cpu"]
    assert main([*words, "--cfg-parallel-size", "2"]) == 2
    error = capsys.readouterr().err
    assert "--cfg-parallel-size" in error
    assert "torchrun --nproc-per-node 2" in error


@pytest.mark.parametrize(
    ("plan", "field"),
    [
        (ParallelPlan(guidance=3), "parallel.guidance"),
        (ParallelPlan(sequence=4), "parallel.sequence"),
        (ParallelPlan(tensor=0), "parallel.tensor"),
        (ParallelPlan(guidance=2, sequence=2), "parallel.guidance, parallel.sequence"),
    ],
)
def test_what_does_not_divide_is_refused(
    plan: ParallelPlan, field: str, tiny_components: Components, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "6")
    with pytest.raises(PlanError) as caught:
        check_processes(ExecutionPlan(parallel=plan), tiny_components)
    assert caught.value.field == field
    assert caught.value.hint


def test_what_cannot_be_shared_is_refused(
    tiny_components: Components, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    shared = ExecutionPlan(parallel=ParallelPlan(tensor=2))
    check_processes(shared, tiny_components)
    for plan in (
        replace(shared, offload=Offload.DISK),
        replace(shared, generator=GeneratorPlan(graphs=True)),
    ):
        with pytest.raises(PlanError):
            check_processes(plan, tiny_components)


def test_the_engine_and_other_devices_are_refused(tiny_pipeline: GlmImagePipeline) -> None:
    shared = replace(
        tiny_pipeline.system,
        team=Team(everyone=Group(size=2)),
        plan=ExecutionPlan(parallel=ParallelPlan(guidance=2)),
    )
    with pytest.raises(PlanError):
        Engine(shared)
    with pytest.raises(PlanError):
        GlmImagePipeline(shared).to("cpu")


@pytest.mark.parametrize(
    ("world", "asked", "expected"),
    [
        (1, Division(), (1, 1, 1)),
        (2, Division(), (2, 1, 2)),
        (4, Division(), (2, 2, 2)),
        (3, Division(), (1, 1, 1)),
        (2, Division(sequence=2), (1, 2, 2)),
        (8, Division(guidance=1, tensor=1), (1, 2, 1)),
    ],
)
def test_the_usual_division_fits(
    world: int,
    asked: Division,
    expected: tuple[int, int, int],
    tiny_components: Components,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parallel, "processes", lambda: world)
    found = layout(tiny_components, world, asked)
    assert (found.guidance, found.sequence, found.tensor) == expected
    assert not list(parallel.misfits(ExecutionPlan(parallel=found), tiny_components, world))


def test_shared_weights_take_less_memory(tiny_components: Components) -> None:
    work = memory.Work(size=Size(64, 64))
    alone, shared = (
        memory.account(tiny_components, plan, work, torch.float32, accelerator=True)
        for plan in (ExecutionPlan(), ExecutionPlan(parallel=ParallelPlan(tensor=2)))
    )
    assert shared.weights["decoder"] == alone.weights["decoder"]
    assert shared.weights["generator"] < 0.7 * alone.weights["generator"]
    assert shared.work["generator"] < alone.work["generator"]


def test_a_process_alone_holds_every_token() -> None:
    stretch = Stretch(Group(), 7)
    tokens = torch.arange(14.0).view(7, 2)
    assert (stretch.start, stretch.count, stretch.is_padded) == (0, 7, False)
    assert stretch.own(tokens) is tokens
    assert stretch.whole(tokens) is tokens
    assert Team().is_alone
    assert Team().agree(2**40 + 1) == 2**40 + 1
