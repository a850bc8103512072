"""Every benchmark runs, on the smallest networks and for one round."""

import json
from pathlib import Path

import pytest

from benchmarks import gpu
from benchmarks.__main__ import BENCHMARKS, main

pytestmark = pytest.mark.parity

TINY = ["--tiny", "--rounds", "1", "--steps", "1", "--requests", "2"]

MEASURED = {
    "midsize": {"generator, per token", "decoder, per pass", "autoencoder", "words to picture"},
    "bundled": {"words to picture", "processor time of all of it"},
    "cold_start": {"shell to picture file", "glm-image --help"},
    "reading": {"reading", "peak memory over that before"},
    "serving": {"one picture"},
    "engine": {"one picture", "until the first picture"},
    "cogview4": {"words to picture", "processor time of all of it"},
    "parallel": {"generator", "decoder", "words to picture"},
}


def test_every_benchmark_is_tried() -> None:
    assert MEASURED.keys() == BENCHMARKS.keys()


@pytest.mark.parametrize("name", MEASURED)
def test_a_benchmark_runs(name: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"<!-- begin {name} --><!-- end {name} -->", encoding="utf-8")
    output = tmp_path / "out"
    assert main([name, *TINY, "--output", str(output), "--page", str(page)]) == 0
    record = json.loads((output / f"{name}.json").read_text(encoding="utf-8"))
    assert {line["what"] for line in record["lines"]} >= MEASURED[name]
    for line in record["lines"]:
        assert all(value >= 0 for values in line["values"].values() for value in values)
        # Codes are equal, pictures within one level.
        assert line["error"] is None or line["error"] <= 1
    assert (output / "speed.png").stat().st_size > 10_000
    assert "**" in page.read_text(encoding="utf-8")


def test_the_suite_for_accelerators_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "_FULL_STEPS", 2)
    monkeypatch.setattr(gpu, "_FEW_STEPS", 1)
    monkeypatch.setattr(gpu, "_ROUNDS", 1)
    assert gpu.main(["--tiny", "--output", str(tmp_path)]) == 0
    record = json.loads((tmp_path / "gpu.json").read_text(encoding="utf-8"))
    names = [line["what"] for line in record["lines"]]
    assert "64x64: words to picture, 2 steps" in names
    assert "96x96: generator, per token" in names
    errors = [line["error"] for line in record["lines"] if line["error"] is not None]
    assert len(errors) == 2 and max(errors) <= 1


def test_a_missed_limit_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "GATES", (gpu.Gate(what="64x64: autoencoder", limit=0.0),))
    monkeypatch.setattr(gpu, "_FEW_STEPS", 1)
    monkeypatch.setattr(gpu, "_ROUNDS", 1)
    # Time for the first stage alone.
    assert gpu.main(["--tiny", "--output", str(tmp_path), "--seconds", "150"]) == 1
    notes = json.loads((tmp_path / "gpu.json").read_text(encoding="utf-8"))["notes"]
    assert "missed: 64x64: autoencoder above 0" in notes
    assert "left out for want of time: ours at 96" in notes or len(notes) > 3


def test_an_unknown_benchmark_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        main(["none"])
    assert leaving.value.code == 2
    assert "unknown: none" in capsys.readouterr().err
