"""``glm-image train``: one part from nothing, then on."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from drawn import all_fonts
from glm_image.cli.main import main
from glm_image.pipeline.system import find
from glm_image.training.nano import PARTS

Capture = pytest.CaptureFixture[str]


@all_fonts
def test_a_part_is_trained_and_then_complete(tmp_path: Path, capfd: Capture) -> None:
    arguments = ["train", "vae", "--folder", str(tmp_path), "--scale", "0.0003"]
    assert main([*arguments, "--json"]) == 0
    printed = capfd.readouterr()
    record = json.loads(printed.out)
    assert record["part"] == "vae"
    assert record["step"] == 1
    assert record["validation"]["psnr"] > 0
    assert "vae: from nothing, 1 steps" in printed.err
    assert main([*arguments, "--quiet"]) == 0
    assert capfd.readouterr() == (f"{tmp_path / 'vae' / 'last.pt'}\n", "")


def test_every_part_has_a_command(capfd: Capture) -> None:
    for part in PARTS:
        assert main(["train", part, "--help"]) == 0
        assert "--scale" in capfd.readouterr().out


def test_export_needs_trained_parts(tmp_path: Path, capfd: Capture) -> None:
    target = tmp_path / "new"
    assert main(["train", "export", str(target), "--folder", str(tmp_path)]) == 2
    assert "generator" in capfd.readouterr().err
    assert not target.exists()


def test_parts_go_on_from_the_bundled_model(tmp_path: Path, capfd: Capture) -> None:
    target = tmp_path / "same"
    arguments = ["--folder", str(tmp_path / "shop"), "--start", "nano"]
    assert main(["train", "export", str(target), *arguments]) == 0
    capfd.readouterr()
    bundled = find(None)
    for file in bundled.rglob("*.safetensors"):
        mine, theirs = load_file(target / file.relative_to(bundled)), load_file(file)
        assert mine.keys() == theirs.keys()
        for name, value in theirs.items():
            # Sums over attributes round where the shipped rows are nearly zero.
            close = torch.allclose(mine[name].float(), value.float(), rtol=2**-8, atol=1e-6)
            assert close, name
