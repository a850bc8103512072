"""The script for the published size, on the smallest networks."""

import json
from pathlib import Path

import pytest
import torch

from benchmarks import full_size_cpu, systems

Capture = pytest.CaptureFixture[str]


def test_a_checkpoint_is_written_and_drawn_from(tmp_path: Path, capsys: Capture) -> None:
    folder = tmp_path / "model"
    assert full_size_cpu.main([str(folder), "--tiny", "--only", "write"]) == 0
    words = ["--tiny", "--only", "draw", "--size", "64", "--steps", "1"]
    assert full_size_cpu.main([str(folder), *words]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["plan"]["generator"]["weights"] == "int4"
    assert found["plan"]["offload"] == "disk"
    assert found["seconds"]["generator"] > 0
    assert found["peak_bytes"] > 10**6
    assert found["steps"] == 1


def test_weights_are_pieces_of_one_pool() -> None:
    pool = full_size_cpu.Pool()
    first, second = (pool.piece(torch.Size((64, 32)), 0.5) for _ in range(2))
    assert first.untyped_storage().data_ptr() == second.untyped_storage().data_ptr()
    assert not torch.equal(first, second)
    assert float(first.float().std()) == pytest.approx(0.5, rel=0.1)


def test_a_full_disk_is_refused_before_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(full_size_cpu.shutil, "disk_usage", lambda path: Room())
    with pytest.raises(SystemExit):
        full_size_cpu.main([str(tmp_path / "model"), "--tiny"])
    assert "needs" in capsys.readouterr().err
    assert not (tmp_path / "model").exists()


class Room:
    free = 1000


def test_the_published_size_is_that_of_the_script() -> None:
    made = systems.outline(systems.full())
    counts = [sum(p.numel() for p in one.parameters()) for one in (made.generator, made.dit)]
    assert counts == [pytest.approx(10.114e9, rel=1e-3), pytest.approx(6.927e9, rel=1e-3)]
