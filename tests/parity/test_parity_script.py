"""``make parity`` on the tiny checkpoint."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from PIL import Image

from drawn import all_fonts

pytestmark = pytest.mark.parity

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "parity.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("parity_script", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_table_holds(
    script: ModuleType,
    tiny_checkpoint: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["parity.py", "--model", str(tiny_checkpoint), "--steps", "2"])
    assert script.main() == 0
    printed = capsys.readouterr().out
    for name in script.Table().rows:
        assert name in printed


@all_fonts
def test_pictures_stand_beside_those_of_the_reference(
    script: ModuleType, tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "sheet.png"
    arguments = ["--model", str(tiny_checkpoint), "--steps", "1", "--sheet", str(file)]
    monkeypatch.setattr(sys, "argv", ["parity.py", *arguments])
    assert script.main() == 0
    with Image.open(file) as page:
        ours, theirs = (
            np.asarray(page.crop((left, 16, left + 256, 272)), dtype=int) for left in (16, 276)
        )
    assert len(np.unique(ours)) > 10
    assert abs(ours - theirs).max() <= 1


def test_a_difference_shows(script: ModuleType) -> None:
    table = script.Table()
    assert not table.holds, "nothing was compared"
    same = torch.arange(4.0)
    for row in table.rows.values():
        row.add(same, same)
    assert table.holds
    table.rows["ids of the prompt"].add(same, same + 1)
    assert not table.holds
    table = script.Table()
    for row in table.rows.values():
        row.add(same, same)
    table.rows["weights"].add(same, same[:2])
    assert not table.holds
