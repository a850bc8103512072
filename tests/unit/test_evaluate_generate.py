"""The commands that list benchmarks, check data, draw pictures and merge runs."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from glm_image.cli.main import main
from glm_image.evaluation import catalogue, run_description
from glm_image.evaluation.benchmark import Benchmark
from glm_image.evaluation.data_folder import VARIABLE
from glm_image.evaluation.run_folder import RunFolder
from sample_benchmark import BENCHMARK, items

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _frozen_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever edits the package while the tests run does not end up in their runs."""
    monkeypatch.setattr(run_description, "commit", lambda: "")


@pytest.fixture
def sample(monkeypatch: pytest.MonkeyPatch) -> Benchmark:
    """The commands know one benchmark more, of three drawings and no files."""
    benchmark = replace(BENCHMARK, prompts=3, samples=1)
    known, load = catalogue.get, catalogue.load
    monkeypatch.setattr(
        catalogue, "get", lambda name: benchmark if name == "sample" else known(name)
    )
    monkeypatch.setattr(
        catalogue,
        "load",
        lambda own, folder: items()[:3] if own is benchmark else load(own, folder),
    )
    return benchmark


@pytest.fixture
def model(tiny_checkpoint: Path) -> list[str]:
    return ["--model", str(tiny_checkpoint), "--steps", "1", "--device", "cpu", "--size", "64"]


def test_benchmarks_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert main(["evaluate", "list"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in catalogue.names())
    assert "0 of 8 files" in out
    assert main(["evaluate", "list", "--json"]) == 0
    records = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert records["longtext-en"]["pictures"] == 640
    assert records["posters"]["data"] == "needs none"


def test_data_is_checked(tmp_path: Path, capsys: Capture) -> None:
    assert main(["evaluate", "data-check", "posters", "dsg", "--data", str(tmp_path)]) == 3
    out, err = capsys.readouterr()
    assert "posters: complete, 280 prompts" in out
    assert "dsg: " in out
    assert "does not exist" in out
    assert "fix: " in err
    (tmp_path / "dsg-1k").mkdir()
    (tmp_path / "dsg-1k" / "dsg-1k-anns.csv").write_text("item_id", encoding="utf-8")
    assert main(["evaluate", "data-check", "dsg", "--data", str(tmp_path)]) == 3
    assert "7 bytes, expected 1906040" in capsys.readouterr().out
    assert main(["evaluate", "data-check", "posters"]) == 0
    assert main(["evaluate", "data-check", "dgs"]) == 2


@pytest.mark.usefixtures("sample")
def test_shards_are_drawn_and_merged(tmp_path: Path, model: list[str], capsys: Capture) -> None:
    parts = [str(tmp_path / "1"), str(tmp_path / "2")]
    for number, part in enumerate(parts, start=1):
        shard = ["--shard", f"{number}/2", "--quiet"]
        assert main(["evaluate", "generate", "sample", "--run", part, *shard, *model]) == 0
    out, err = capsys.readouterr()
    assert out == "sample: 2 of 2 pictures, 2 new\nsample: 1 of 1 pictures, 1 new\n"
    assert err == ""
    merged = str(tmp_path / "merged")
    assert main(["evaluate", "merge", parts[0], "--run", merged, "--quiet"]) == 3
    assert main(["evaluate", "merge", *parts, "--run", merged, "--quiet"]) == 0
    assert "sample: 3 of 3 pictures" in capsys.readouterr().out
    words = ["evaluate", "generate", "sample", "--run", merged, "--json", "--quiet", *model]
    assert main(words) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["benchmarks"] == {"sample": {"kept": 3, "made": 0, "failed": 0}}
    assert record["settings"] == RunFolder.open(Path(merged)).settings_hash


@pytest.mark.usefixtures("sample")
def test_another_run_of_the_folder_is_refused(
    tmp_path: Path, model: list[str], capsys: Capture
) -> None:
    words = ["evaluate", "generate", "sample", "--run", str(tmp_path), "--limit", "1", *model]
    assert main(words) == 0
    assert "sample: 1 of 1 pictures, 1 new" in capsys.readouterr().out
    assert RunFolder.open(tmp_path).benchmarks["sample"].subset == "limit:1"
    assert main([*words, "--seed", "1"]) == 2
    err = capsys.readouterr().err
    assert "--run: " in err
    assert "base_seed: 0, now 1" in err


def test_pictures_that_fail_make_a_run_incomplete(
    tmp_path: Path, model: list[str], capsys: Capture
) -> None:
    """The tiny checkpoint makes no pictures as large as those that the posters ask for."""
    words = ["evaluate", "generate", "posters", "--run", str(tmp_path), "--limit", "1", *model]
    assert main(words) == 3
    out, err = capsys.readouterr()
    assert out == "posters: 0 of 1 pictures, 0 new\n"
    assert "1 pictures failed" in err


@pytest.mark.usefixtures("sample")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["sampel"], "unknown benchmark"),
        (["sample", "--shard", "3/2"], "--shard: got 3/2"),
        (["sample", "--shard", "half"], "--shard: got 'half'"),
        (["sample", "--subset", "mini"], "--subset: sample has no subset 'mini'"),
        (["sample", "--limit", "0"], "--limit: got 0"),
        (["sample", "--subset", "mini", "--limit", "3"], "both are given"),
        (["sample", "--size", "9000"], "--size: got 9000x9000"),
        (["dsg", "--data", "nowhere"], "--data: nowhere/dsg-1k does not exist"),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    tmp_path: Path, model: list[str], words: list[str], message: str, capsys: Capture
) -> None:
    run = tmp_path / "run"
    assert main(["evaluate", "generate", "--run", str(run), *model, *words]) == 2
    assert message in capsys.readouterr().err
    assert not run.exists()
