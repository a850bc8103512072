"""Two processes train one task: they see different data and keep equal weights."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import parallel_worker
import tiny_training
from drawn import all_fonts
from glm_image.device import DeviceKind
from glm_image.training.parallel import Ranks
from glm_image.training.seeds import seeded
from glm_image.training.supply import Supply

TESTS = Path(__file__).resolve().parents[1]


def launch(task: str, folder: Path) -> list[dict[str, Any]]:
    """Train a task in two processes; what each of them left behind."""
    launcher = ["torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    ended = subprocess.run(
        [sys.executable, "-m", *launcher, str(TESTS / "parallel_worker.py"), task, str(folder)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    files = [folder / f"rank-{rank}.pt" for rank in range(2)]
    return [torch.load(file, weights_only=True) for file in files]


@pytest.mark.slow
def test_gradients_are_averaged_also_where_some_are_missing(tmp_path: Path) -> None:
    first, second = launch("fork", tmp_path)
    assert not set(first["losses"]) & set(second["losses"])
    expected = one_process_for_two(tmp_path / "expected")
    for name, weight in expected.items():
        assert torch.equal(first["weights"][name], second["weights"][name])
        assert torch.allclose(first["weights"][name], weight, atol=1e-6), name
    # Rank 0 alone reports and writes, and its losses are averages over both.
    assert second["figures"] == {} != first["figures"]
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["kind"] for line in lines] == ["train"] * 3 + ["validation"]
    for line, index in zip(lines, (0, 2, 4), strict=False):
        both = [*first["losses"][index : index + 2], *second["losses"][index : index + 2]]
        assert line["loss"] == pytest.approx(sum(both) / 4)
    assert (tmp_path / "last.pt").exists()


def one_process_for_two(folder: Path) -> dict[str, torch.Tensor]:
    """The weights that averaging the gradients of both parts by hand gives."""
    run = tiny_training.run(parallel_worker.Fork(), folder, parallel_worker.STEPS)
    drawn = []
    for step in range(parallel_worker.STEPS):
        for rank in range(2):
            with torch.autocast("cpu", torch.bfloat16, enabled=run.autocast):
                batch = Supply(run.task, seed=0, rank=rank, folder=folder)[step]
                loss, metrics = run.task(batch, seeded(0, step, rank, 1))
            (loss / 2).backward()
            drawn.append((step, metrics["branch"]))
        run.optimisers.step(step, parallel_worker.STEPS)
    # Both, one and none of the processes used a layer; in step 1 none did.
    assert (1, 2.0) in drawn
    assert len(set(drawn)) > parallel_worker.STEPS
    return run.task.state_dict()


@pytest.mark.slow
@all_fonts
def test_the_decoder_trains_in_two_processes(tmp_path: Path) -> None:
    first, second = launch("decoder", tmp_path)
    assert not set(first["losses"]) & set(second["losses"])
    for name, weight in first["weights"].items():
        assert torch.equal(weight, second["weights"][name]), name
    start = tiny_training.decoder_task().state_dict()
    trained = [name for name in start if not torch.equal(start[name], first["weights"][name])]
    assert any(name.startswith("dit.") for name in trained)
    assert any(name.startswith("glyph_encoder.") for name in trained)
    assert not any(name.startswith("vae.") for name in trained)
    assert first["figures"]["error"] > 0


def test_an_ordinary_process_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    ranks = Ranks.from_environment()
    assert (ranks.rank, ranks.local, ranks.world) == (0, 0, 1)
    assert ranks.writes
    device = ranks.device("cpu")
    ranks.join(device)
    task = parallel_worker.Fork()
    assert ranks.wrap(task) is task
    assert ranks.mean({"a": 0.1}, device) == {"a": 0.1}
    ranks.wait()
    ranks.leave()
    assert not torch.distributed.is_initialized()


def test_the_launcher_says_who_is_who(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("RANK", "5"), ("LOCAL_RANK", "1"), ("WORLD_SIZE", "8")):
        monkeypatch.setenv(name, value)
    ranks = Ranks.from_environment()
    assert (ranks.rank, ranks.local, ranks.world) == (5, 1, 8)
    assert not ranks.writes


def test_processes_of_a_machine_share_its_accelerators(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every process has an accelerator of its own; they share the one CPU."""
    counts = {kind: (lambda: 4) for kind in DeviceKind}
    monkeypatch.setattr("glm_image.device._COUNT", counts)
    ranks = Ranks(rank=6, local=2, world=8)
    assert ranks.device("cuda") == torch.device("cuda", 2)
    assert Ranks().device("cuda") == torch.device("cuda", 0)
    assert ranks.device("cpu") == torch.device("cpu")
