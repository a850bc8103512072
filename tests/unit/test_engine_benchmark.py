"""The benchmark of the engine runs, and what it compares is alike."""

from pathlib import Path

from benchmarks import systems
from benchmarks.engine import engine
from benchmarks.outcome import Scale


def test_the_benchmark_of_the_engine_runs(tiny_checkpoint: Path, tmp_path: Path) -> None:
    scale = Scale(
        work=tmp_path,
        presets=systems.tiny(),
        model=tiny_checkpoint,
        rounds=1,
        steps=1,
        requests=2,
    )
    outcome = engine(scale)
    assert [line.what for line in outcome.lines] == [
        "one picture",
        "until the first picture",
        "processor time of all of it",
    ]
    assert outcome.lines[0].error is not None
    assert outcome.lines[0].error <= 1
    assert "times as long" in outcome.notes[0]
