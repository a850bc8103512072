"""The flags that say how a model runs, and what doctor tells about it."""

import json
from pathlib import Path

import pytest

from glm_image.cli.main import main
from glm_image.execution import memory
from glm_image.execution.plan import Offload, WeightFormat
from glm_image.pipeline.api import GlmImagePipeline

Capture = pytest.CaptureFixture[str]


def doctor(checkpoint: Path, *flags: str) -> int:
    return main(["doctor", "--model", str(checkpoint), "--device", "cpu", *flags])


def test_doctor_says_what_is_on_and_why(tiny_checkpoint: Path, capsys: Capture) -> None:
    assert doctor(tiny_checkpoint, "--json", "--weights", "int8") == 0
    plan = json.loads(capsys.readouterr().out)["plan"]
    assert plan["generator.weights"] == "int8 (as asked for)"
    assert "once" in plan["decoder.hoisted"]
    assert "oneDNN" in plan["decoder.linear"] or "packed" in plan["decoder.linear"]
    taken = plan["gigabytes for 1 of 64x64"]
    assert taken["peak"] > 0


def test_doctor_plans_for_a_memory(
    tiny_checkpoint: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "LEAST_BYTES", 1024)
    assert doctor(tiny_checkpoint, "--json", "--memory", "12MB") == 0
    assert json.loads(capsys.readouterr().out)["plan"]["offload"].startswith("disk")
    assert doctor(tiny_checkpoint, "--memory", "1KB") == 2
    error = capsys.readouterr().err
    assert "--memory" in error
    assert "the smallest plan takes" in error


@pytest.mark.parametrize("quick", [True, False])
def test_doctor_says_where_bf16_is_slow(
    quick: bool, tiny_checkpoint: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cpu.get_capabilities", lambda: {"avx512_bf16": quick})
    assert doctor(tiny_checkpoint) == 0
    assert ("bf16: slower than fp32" in capsys.readouterr().out) is not quick


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--weights", "int5"], ["--weights", "did you mean"]),
        (["--offload", "disc"], ["--offload", "'disk'"]),
        (["--plan", "fast"], ["--plan", "auto, plain"]),
        (["--offload", "stage"], ["--offload", "'disk'"]),
        (["--memory", "much"], ["--memory", "5GB"]),
        (["--batch", "0"], ["--batch", "from 1"]),
    ],
)
def test_what_cannot_be_is_refused(
    flags: list[str], message: list[str], tiny_checkpoint: Path, capsys: Capture
) -> None:
    assert doctor(tiny_checkpoint, *flags) == 2
    error = capsys.readouterr().err
    assert not [part for part in message if part not in error], error


def test_the_flags_reach_the_pipeline(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    made: list[GlmImagePipeline] = []
    load = GlmImagePipeline.from_pretrained

    def spy(*arguments: object, **options: object) -> GlmImagePipeline:
        made.append(load(*arguments, **options))  # type: ignore[arg-type]
        return made[-1]

    monkeypatch.setattr(GlmImagePipeline, "from_pretrained", spy)
    words = ["generate", "a", "--model", str(tiny_checkpoint), "--device", "cpu", "--steps", "1"]
    flags = ["--weights", "int4", "--offload", "disk", "--plan", "plain", "-q"]
    assert main([*words, *flags, "--output", str(tmp_path / "a.png")]) == 0
    assert made[0].plan.generator.weights is WeightFormat.INT4
    assert made[0].plan.offload is Offload.DISK
    assert not made[0].plan.decoder.hoisted
