"""Processes share the decoder of CogView4 as they share that of GLM-Image."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tiny_cogview4
from glm_image.checkpoint import cogview4
from glm_image.cli.main import main
from glm_image.errors import PlanError
from glm_image.execution import parallel
from glm_image.execution.fitting import check_processes
from glm_image.execution.parallel import Division, layout
from glm_image.execution.plan import ExecutionPlan, ParallelPlan


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_cogview4.build(tmp_path_factory.mktemp("cogview4"))


def test_a_text_encoder_is_not_shared(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    parts = cogview4.outline(folder)
    with pytest.raises(PlanError) as caught:
        check_processes(ExecutionPlan(parallel=ParallelPlan(tensor=2)), parts)
    assert caught.value.field == "parallel.tensor"
    assert caught.value.hint


def test_the_usual_division_leaves_the_text_encoder_whole(folder: Path) -> None:
    parts = cogview4.outline(folder)
    found = layout(parts, 4, Division())
    assert found == ParallelPlan(guidance=2, sequence=2, tensor=1)
    assert not list(parallel.misfits(ExecutionPlan(parallel=found), parts, 4))


@pytest.mark.slow
@pytest.mark.parametrize("degrees", [(2, 1), (1, 2)])
def test_processes_draw_what_one_draws(
    degrees: tuple[int, int], folder: Path, tmp_path: Path
) -> None:
    words = ["generate", "a", "--model", str(folder), "--device", "cpu", "--dtype", "float32"]
    words += ["--steps", "2", "--size", "64", "--seed", "3", "--any-size", "--output"]
    alone, together = tmp_path / "alone.png", tmp_path / "together.png"
    assert main([*words, str(alone)]) == 0
    guidance, sequence = (str(degree) for degree in degrees)
    shared = ["--cfg-parallel-size", guidance, "--ulysses-degree", sequence]
    launcher = ["torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = ["-m", "glm_image.cli.main", *words, str(together), *shared]
    ended = subprocess.run(
        [sys.executable, "-m", *launcher, *command],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    expected, found = (np.asarray(Image.open(path)).astype(int) for path in (alone, together))
    assert abs(found - expected).max() <= 1
