"""Which plan a system gets, and that it then draws what the plain system draws."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from glm_image.checkpoint import published
from glm_image.device import Device, DeviceKind, Memory, resolve
from glm_image.errors import CheckpointError, PlanError
from glm_image.execution import auto, linear, probe
from glm_image.execution.fitting import check
from glm_image.execution.linear import PackedLinear
from glm_image.execution.plan import (
    DecoderPlan,
    ExecutionPlan,
    GeneratorPlan,
    LinearBackend,
    Offload,
    WeightFormat,
)
from glm_image.execution.probe import Verdict
from glm_image.pipeline.api import GlmImagePipeline

ONEDNN = ExecutionPlan(
    generator=GeneratorPlan(linear=LinearBackend.ONEDNN),
    decoder=DecoderPlan(linear=LinearBackend.ONEDNN),
)
CPU = resolve("cpu", "float32")
ELSEWHERE = Device(kind=DeviceKind.CUDA, torch_device=torch.device("meta"), dtype=torch.bfloat16)


@pytest.mark.skipif(not linear.is_available(torch.float32), reason="no packed weights")
def test_packed_layers_draw_the_same_picture(
    tiny_checkpoint: Path, tiny_pipeline: GlmImagePipeline
) -> None:
    plain = GlmImagePipeline.from_pretrained(tiny_checkpoint, device="cpu", plan="plain")
    packed = GlmImagePipeline.from_pretrained(tiny_checkpoint, device="cpu", plan=ONEDNN)
    assert any(isinstance(one, PackedLinear) for one in packed.system.generator.modules())
    assert packed.plan == ONEDNN
    first, second, moved = (
        np.asarray(pipe("a red ball", seed=3, num_inference_steps=2, temperature=0).images[0])
        for pipe in (plain, packed, packed.to("cpu"))
    )
    assert np.abs(first.astype(int) - second.astype(int)).max() <= 1
    assert np.array_equal(second, moved)


def test_plans_have_names(tiny_checkpoint: Path) -> None:
    pipe = GlmImagePipeline.from_pretrained(tiny_checkpoint, device="cpu", plan="plain")
    assert pipe.plan == ExecutionPlan()
    with pytest.raises(PlanError, match="did you mean 'plain'"):
        GlmImagePipeline.from_pretrained(tiny_checkpoint, device="cpu", plan="plane")


def test_the_faster_library_is_taken(
    tiny_pipeline: GlmImagePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows_of: list[int] = []

    def fastest(network: object, rows: int, dtype: torch.dtype) -> Verdict:
        rows_of.append(rows)
        return Verdict(backend=LinearBackend.ONEDNN if rows == 1 else LinearBackend.TORCH, ratio=2)

    monkeypatch.setattr(probe, "fastest", fastest)
    choice = auto.choose(None, tiny_pipeline.system, CPU)
    assert choice.plan.generator.linear is LinearBackend.ONEDNN
    assert choice.plan.decoder.linear is LinearBackend.TORCH
    assert "2.0 times" in choice.reasons["generator.linear"]
    assert sorted(rows_of)[0] == 1


def test_the_probe_measures_once(
    tiny_pipeline: GlmImagePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe._try.cache_clear()
    calls: list[int] = []
    monkeypatch.setattr(probe, "_times", lambda calls_: calls.append(1) or [3.0, 1.0])
    first = probe.fastest(tiny_pipeline.system.generator, 1, torch.float32)
    second = probe.fastest(tiny_pipeline.system.generator, 1, torch.float32)
    probe._try.cache_clear()
    if linear.is_available(torch.float32):
        assert first.backend is LinearBackend.ONEDNN
        assert calls == [1]
    assert first == second


def test_a_missing_library_is_not_chosen(
    tiny_pipeline: GlmImagePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe._try.cache_clear()
    monkeypatch.setattr(linear, "is_available", lambda dtype: False)
    verdict = probe.fastest(tiny_pipeline.system.generator, 1, torch.float32)
    probe._try.cache_clear()
    assert verdict == Verdict(backend=LinearBackend.TORCH, ratio=0)
    assert "packs no weights" in verdict.reason
    with pytest.raises(PlanError, match="take 'torch'"):
        check(ONEDNN, CPU)


def test_graphs_are_refused_before_anything_is_loaded() -> None:
    with pytest.raises(PlanError, match="graphs=False") as caught:
        check(ExecutionPlan(generator=GeneratorPlan(graphs=True)), CPU)
    assert caught.value.field == "generator.graphs"


def test_what_is_for_the_cpu_is_refused_elsewhere(
    tiny_pipeline: GlmImagePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Device, "memory", lambda device: None)
    with pytest.raises(PlanError) as caught:
        auto.choose(ONEDNN, tiny_pipeline.system, ELSEWHERE)
    assert caught.value.field == "generator.linear"
    assert auto.choose(None, tiny_pipeline.system, ELSEWHERE).plan.generator.linear == "torch"


def test_what_is_unasked_draws_the_plain_picture(tiny_checkpoint: Path) -> None:
    plain, chosen = (
        GlmImagePipeline.from_pretrained(tiny_checkpoint, device="cpu", plan=plan)
        for plan in ("plain", "auto")
    )
    assert chosen.plan.decoder.hoisted
    first, second = (
        np.asarray(pipe("a red ball", seed=3, num_inference_steps=2, temperature=0).images[0])
        for pipe in (plain, chosen)
    )
    assert np.abs(first.astype(int) - second.astype(int)).max() <= 1


def test_ids_are_guessed_on_cpus_unless_another_window_is_asked_for(
    tiny_pipeline: GlmImagePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = tiny_pipeline.system
    unasked = auto.choose(None, system, CPU)
    assert unasked.plan.generator.window > 1
    assert "guessed" in unasked.reasons["generator.window"]
    one = auto.choose(auto.Wish(window=1), system, CPU)
    assert one.plan == replace(unasked.plan, generator=replace(unasked.plan.generator, window=1))
    assert "generator.window" not in one.reasons
    plain = auto.choose(auto.Wish(name="plain", window=3), system, CPU).plan
    assert plain == ExecutionPlan(generator=GeneratorPlan(window=3))
    monkeypatch.setattr(Device, "memory", lambda device: None)
    assert auto.choose(None, system, ELSEWHERE).plan.generator.window == 1
    with pytest.raises(PlanError, match="one id at a time") as caught:
        auto.Wish(window=0)
    assert caught.value.field == "window"


def test_a_rebuilt_system_is_not_saved(tiny_checkpoint: Path, tmp_path: Path) -> None:
    pipe = GlmImagePipeline.from_pretrained(tiny_checkpoint, device="cpu")
    with pytest.raises(CheckpointError, match="another form") as caught:
        published.save(pipe.system, tmp_path / "copy")
    assert "plan='plain'" in str(caught.value.hint)
    plain = GlmImagePipeline.from_pretrained(tiny_checkpoint, device="cpu", plan="plain")
    published.save(plain.system, tmp_path / "copy")


@pytest.mark.parametrize("weights", [WeightFormat.STORED, WeightFormat.INT8])
def test_a_wish_is_completed_so_that_it_works(
    weights: WeightFormat, tiny_pipeline: GlmImagePipeline
) -> None:
    wish = auto.Wish(weights=weights, offload=Offload.DISK)
    choice = auto.choose(wish, tiny_pipeline.system, CPU)
    quantised = weights is WeightFormat.INT8
    assert choice.plan.generator.fused is choice.plan.decoder.fused is quantised
    assert choice.plan.offload is Offload.DISK
    assert choice.plan.decoder.weights is weights
    assert ("generator.linear" in choice.reasons) is quantised
    plain = auto.choose(replace(wish, name="plain"), tiny_pipeline.system, CPU)
    assert plain == auto.Choice(
        plan=ExecutionPlan(
            generator=GeneratorPlan(weights=weights),
            decoder=DecoderPlan(weights=weights),
            offload=Offload.DISK,
        )
    )


def test_weights_wait_where_there_is_little_room(
    tiny_pipeline: GlmImagePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = tiny_pipeline.system
    plenty, little = (Memory(free=free, total=10**9) for free in (10**9, 59 * 10**5))
    monkeypatch.setattr(Device, "memory", lambda device: plenty)
    assert auto.choose(None, system, ELSEWHERE).plan.offload is Offload.NONE
    monkeypatch.setattr(Device, "memory", lambda device: little)
    choice = auto.choose(None, system, ELSEWHERE)
    assert choice.plan.offload is Offload.STAGE
    assert choice.plan.autoencoder.channels_last
    assert "free" in choice.reasons["offload"]
    asked = auto.choose(auto.Wish(offload=Offload.NONE), system, ELSEWHERE)
    assert asked.plan.offload is Offload.NONE
