"""``glm-image bench``: work is counted right, times are set beside it, and the table says so."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from rich.console import Console

import tiny
from glm_image.cli.main import main
from glm_image.device import resolve
from glm_image.evaluation.speed import counting, machine
from glm_image.evaluation.speed.counting import Work
from glm_image.evaluation.speed.machine import Ceilings
from glm_image.evaluation.speed.stages import Report, Setting, Stage, measure
from glm_image.evaluation.speed.table import to_table
from glm_image.execution.plan import ExecutionPlan
from glm_image.pipeline.api import GlmImagePipeline
from glm_image.types import Size

CEILINGS = Ceilings(flops=1e9, bytes=1e6)


@pytest.fixture(autouse=True)
def _known_ceilings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "ceilings", lambda device: CEILINGS)


# ------------------------------------------------------------------------- counting


def test_a_token_reads_every_weight_once() -> None:
    config = tiny.generator_config()
    generator = tiny.components().generator
    read = [*generator.language_model.layers.parameters(), generator.lm_head.weight]
    assert counting.of_token(config, 0, 4).bytes == sum(weight.nbytes for weight in read)


def test_the_cache_is_read_too() -> None:
    config = tiny.generator_config()
    none, some = (counting.of_token(config, context, 2) for context in (0, 10))
    text = config.text
    keys = 10 * text.num_hidden_layers * text.num_key_value_heads * text.head_dim
    assert some.bytes - none.bytes == 2 * keys * 2
    products = 10 * text.num_hidden_layers * text.num_attention_heads * text.head_dim
    assert some.flops - none.flops == 2 * products * 2


def test_a_pass_grows_with_the_picture() -> None:
    config = tiny.dit_config()
    small, large = (counting.of_pass(config, Size(64, side), 3, 4) for side in (64, 128))
    assert small.bytes == large.bytes
    # Products grow with the tokens, attention with their square.
    assert 1.5 * small.flops < large.flops < 4 * small.flops
    dim, tokens = config.width, 16 + 3
    blocks = config.num_layers * tokens * 2 * (4 * dim**2 + 8 * dim**2)
    assert blocks < small.flops < 2 * blocks


def test_a_picture_is_mostly_convolutions() -> None:
    small, large = (counting.of_picture(tiny.vae_config(), Size(64, side), 4) for side in (64, 128))
    assert large.flops == pytest.approx(2 * small.flops, rel=0.05)


# ------------------------------------------------------------------------- stages


def stage(**values: object) -> Stage:
    usual = Stage(name="generator", seconds=(2.0, 4.0, 3.0), units=10, unit="token")
    return replace(usual, **values)  # type: ignore[arg-type]


def test_a_stage_is_bound_by_what_takes_longer() -> None:
    reading = stage(work=Work(flops=1, bytes=150_000))
    assert reading.is_bound_by_reading(CEILINGS)
    assert reading.share(CEILINGS) == pytest.approx(0.15 * 10 / 3)
    assert reading.bytes == pytest.approx(500_000)
    counted = stage(work=Work(flops=150_000_000, bytes=1))
    assert not counted.is_bound_by_reading(CEILINGS)
    assert counted.share(CEILINGS) == pytest.approx(0.15 * 10 / 3)
    assert stage().share(CEILINGS) is None


def report(*stages: Stage) -> Report:
    return Report(
        model="a [model]",
        size=Size(64, 96),
        setting=Setting(steps=5, rounds=3),
        plan=ExecutionPlan(),
        machine=machine.describe(resolve("cpu")),
        ceilings=CEILINGS,
        stages=(*stages, stage(name="total", units=1, unit="")),
        peak_bytes=1_500_000_000,
    )


def test_the_table_fits_a_terminal() -> None:
    stages = [
        stage(work=Work(flops=1, bytes=150_000), units=1280),
        stage(name="conditioning", units=1, unit=""),
        stage(name="decoder", work=Work(flops=150_000_000, bytes=1), units=100, unit="pass"),
    ]
    console = Console(width=80, record=True, force_terminal=True)
    console.print(to_table(report(*stages)))
    text = console.export_text()
    assert "a [model], 96x64, 5 steps" in text
    assert re.search(r"generator +3\.000 +33% +1,280 tokens +2\.3 ms +0\.1 GB/s +6400%", text)
    assert re.search(r"decoder .* 100 passes +30\.0 ms +5\.0 GFLOP/s +500%", text)
    assert re.search(r"total +3\.000 +33%\s*\n", text)
    assert "peak memory 1.50 GB" in text
    assert "…" not in text


def test_every_stage_is_timed(tiny_pipeline: GlmImagePipeline) -> None:
    told: list[None] = []
    setting = Setting(size=Size(64, 96), steps=2, rounds=2)
    found = measure(tiny_pipeline, setting, lambda: told.append(None))
    assert len(told) == 3
    names = [one.name for one in found.stages]
    assert names[-1] == "total" and {"generator", "decoder", "image"} < set(names)
    by_name = {one.name: one for one in found.stages}
    assert by_name["decoder"].units == 4
    assert by_name["generator"].units > 6, "the raster and its preview"
    assert all(len(one.seconds) == 2 and min(one.seconds) > 0 for one in found.stages)
    assert sum(one.median for one in found.stages[:-1]) < 1.5 * found.stages[-1].median


def test_without_guidance_there_is_one_pass_per_step() -> None:
    assert Setting(steps=7, guidance=1.0).passes == 7


# ------------------------------------------------------------------------- command


def test_the_command_prints_json(tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["bench", "--model", str(tiny_checkpoint), "--device", "cpu", "--steps", "1"]
    assert main([*words, "--rounds", "1", "--size", "96x64", "--json", "--quiet"]) == 0
    printed = capsys.readouterr()
    record = json.loads(printed.out)
    assert (record["height"], record["width"]) == (64, 96)
    assert record["ceilings"] == {"flops": 1e9, "bytes": 1e6}
    assert record["stages"]["decoder"]["unit"] == "pass"
    assert record["plan"]["offload"] == "none"
    assert record["peak_bytes"] > 0
    assert printed.err == ""


def test_the_command_prints_a_table(
    tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["bench", "--model", str(tiny_checkpoint), "--device", "cpu", "--steps", "1"]
    assert main([*words, "--rounds", "1"]) == 0
    assert "tokens" in capsys.readouterr().out


@pytest.mark.parametrize(("flag", "value"), [("--rounds", "0"), ("--steps", "0"), ("--size", "7y")])
def test_bad_input_is_refused(
    flag: str, value: str, tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "--model", str(tiny_checkpoint), "-q", flag, value]) == 2
    assert f"{flag}: got" in capsys.readouterr().err


def test_ceilings_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(machine, "_SECONDS", 0.0)
    monkeypatch.setattr(machine, "_CPU_SIDE", 64)
    monkeypatch.setattr(machine, "_CPU_BYTES", 2**20)
    found = machine.ceilings(resolve("cpu"))
    assert found.flops > 0 and found.bytes > 0


def test_the_machine_is_described() -> None:
    facts = machine.describe(resolve("cpu", "bfloat16"))
    assert facts["dtype"] == "bfloat16"
    assert facts["torch"] == str(torch.__version__)
    assert facts["device"]
