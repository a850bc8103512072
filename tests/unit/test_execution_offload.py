"""Weights that wait elsewhere give the same bits as weights that are there."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import tiny
from glm_image.checkpoint import published
from glm_image.checkpoint.reader import Target
from glm_image.checkpoint.safetensors_file import MappedFile, read_header, write_file
from glm_image.device import Device, DeviceKind, resolve
from glm_image.errors import CheckpointError, PlanError
from glm_image.execution import offload
from glm_image.execution.fitting import check
from glm_image.execution.loading import load
from glm_image.execution.offload import LayerStream, Residence, Waiting
from glm_image.execution.plan import (
    DecoderPlan,
    ExecutionPlan,
    GeneratorPlan,
    LinearBackend,
    Offload,
    WeightFormat,
)
from glm_image.pipeline.api import GlmImagePipeline

DISK = ExecutionPlan(offload=Offload.DISK)
BF16 = resolve("cpu", "bfloat16")
ELSEWHERE = Device(kind=DeviceKind.CUDA, torch_device=torch.device("meta"), dtype=torch.bfloat16)


def hidden(generator: torch.nn.Module) -> Tensor:
    with torch.inference_mode():
        out: Tensor = generator(torch.arange(4)[None], torch.arange(4).expand(3, 1, 4))
    return out


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_weights_on_disk_draw_the_same_picture(
    dtype: str, tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offload, "LEAST_BYTES", 0)
    first, second = (
        GlmImagePipeline.from_pretrained(tiny_checkpoint, device="cpu", dtype=dtype, plan=plan)(
            "a", seed=1, num_inference_steps=2
        ).images[0]
        for plan in ("plain", DISK)
    )
    assert np.array_equal(np.asarray(first), np.asarray(second))


def test_large_layers_come_and_go(tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    components = published.outline(tiny_checkpoint)
    monkeypatch.setattr(offload, "LEAST_BYTES", 128 * 128 * 4)
    load(components, tiny_checkpoint, DISK, BF16)
    layer = components.generator.language_model.layers[0]
    assert layer.mlp.down_proj.weight.dtype is torch.float32
    assert layer.self_attn.k_proj.weight.dtype is torch.bfloat16
    seen: list[torch.dtype] = []
    layer.mlp.down_proj.register_forward_hook(
        lambda module, inputs, output: seen.append(output.dtype)
    )
    hidden(components.generator)
    assert seen == [torch.bfloat16]
    assert layer.mlp.down_proj.weight.dtype is torch.float32


def test_nothing_streams_that_can_be_used_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offload, "LEAST_BYTES", 0)
    network = tiny.components().generator.requires_grad_(False)
    assert LayerStream(network, resolve("cpu", "float32"), pinned=False).count == 0
    assert LayerStream(network, BF16, pinned=False).count > 0


def test_a_layer_leaves_when_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offload, "LEAST_BYTES", 0)
    network = tiny.components().generator.requires_grad_(False)
    LayerStream(network, BF16, pinned=False)
    layer = network.language_model.layers[0].mlp.down_proj
    with pytest.raises(RuntimeError):
        layer(torch.zeros(1, 3, dtype=torch.bfloat16))
    assert layer.weight.dtype is torch.float32


def test_a_network_is_present_for_its_stage_only() -> None:
    parts = tiny.components()
    networks = {"generator": parts.generator, "decoder": parts.dit}
    expected = hidden(tiny.components().generator.to(torch.bfloat16))
    for network in networks.values():
        network.requires_grad_(False)
    residence = Residence(
        {name: Waiting(one, BF16, recurse=True) for name, one in networks.items()}, BF16
    )
    with residence.at_work("generator"), residence.at_work("generator"):
        assert torch.equal(hidden(parts.generator), expected)
        assert {one.dtype for one in parts.dit.parameters()} == {torch.float32}
    assert {one.dtype for one in parts.generator.parameters()} == {torch.float32}
    with pytest.raises(KeyError), residence.at_work("decoder"):
        raise KeyError
    assert {one.dtype for one in parts.dit.parameters()} == {torch.float32}


def test_quantised_weights_go_with_weights_on_disk(tiny_checkpoint: Path) -> None:
    plan = ExecutionPlan(
        generator=GeneratorPlan(weights=WeightFormat.INT4),
        decoder=DecoderPlan(weights=WeightFormat.INT8),
    )
    first, second = (
        GlmImagePipeline.from_pretrained(tiny_checkpoint, device="cpu", plan=one)(
            "a", seed=1, num_inference_steps=2
        ).images[0]
        for one in (plan, replace(plan, offload=Offload.DISK))
    )
    assert np.array_equal(np.asarray(first), np.asarray(second))


def test_a_mapped_file_is_checked_and_not_changed(tmp_path: Path) -> None:
    parts = tiny.components()
    with torch.no_grad():
        parts.dit.proj_out.weight[0, 0] = torch.nan
    published.save(parts, tmp_path / "bad")
    with pytest.raises(CheckpointError, match="not finite"):
        load(published.outline(tmp_path / "bad"), tmp_path / "bad", DISK, BF16)
    published.save(tiny.components(), tmp_path / "good")
    file = tmp_path / "good" / "transformer" / "diffusion_pytorch_model.safetensors"
    before = file.read_bytes()
    components = published.outline(tmp_path / "good")
    load(components, tmp_path / "good", DISK, resolve("cpu", "float32"))
    components.dit.proj_out.weight.fill_(1.0)
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("plan", "device", "field"),
    [
        (ExecutionPlan(offload=Offload.STAGE), BF16, "offload"),
        (ExecutionPlan(offload=Offload.LAYER), BF16, "offload"),
        (
            ExecutionPlan(
                offload=Offload.DISK, generator=GeneratorPlan(linear=LinearBackend.ONEDNN)
            ),
            BF16,
            "generator.linear",
        ),
        (
            ExecutionPlan(offload=Offload.DISK, decoder=DecoderPlan(fused=True)),
            BF16,
            "decoder.fused",
        ),
        (
            ExecutionPlan(offload=Offload.LAYER, generator=GeneratorPlan(graphs=True)),
            ELSEWHERE,
            "generator.graphs",
        ),
        (
            ExecutionPlan(generator=GeneratorPlan(weights=WeightFormat.FP8)),
            Device(kind=DeviceKind.MPS, torch_device=torch.device("meta"), dtype=torch.float32),
            "generator.weights",
        ),
    ],
)
def test_plans_that_contradict_themselves_are_refused(
    plan: ExecutionPlan, device: Device, field: str
) -> None:
    with pytest.raises(PlanError) as caught:
        check(plan, device)
    assert caught.value.field == field
    assert "take" in str(caught.value.hint)


def test_a_system_on_disk_does_not_move(tiny_checkpoint: Path) -> None:
    pipe = GlmImagePipeline.from_pretrained(tiny_checkpoint, device="cpu", plan=DISK)
    with pytest.raises(PlanError, match="load the model again"):
        pipe.to("cpu")


def test_four_bits_may_wait_beside_an_accelerator() -> None:
    four_bits = GeneratorPlan(weights=WeightFormat.INT4)
    check(ExecutionPlan(offload=Offload.LAYER, generator=four_bits), ELSEWHERE)


def resident_in_files() -> int:
    """Bytes of mapped files that this process has in memory."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split("RssFile:")[1].split()[0]) * 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux counts memory")
def test_what_a_stage_read_is_dropped_when_another_begins(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    write_file(path, {"weight": torch.arange(2.0**23)}, None)
    entry = read_header(path, [])["weight"]
    file = MappedFile(path)
    weight = file.tensor(entry)
    residence = Residence({}, BF16, [file])
    with residence.at_work("generator"):
        expected = weight.sum()
        held = resident_in_files()
    with residence.at_work("generator"):
        assert held - resident_in_files() < entry.stop / 2
    with residence.at_work("decoder"):
        assert held - resident_in_files() > entry.stop / 2
        assert torch.equal(weight.sum(), expected)
    assert torch.equal(weight, torch.arange(2.0**23))


@pytest.mark.parametrize("way", [Offload.NONE, Offload.DISK])
def test_files_are_kept_only_if_weights_stay_in_them(way: Offload, tiny_checkpoint: Path) -> None:
    components = published.outline(tiny_checkpoint)
    mapped = way is Offload.DISK
    target = Target(dtype=torch.float32, device=torch.device("cpu"), mapped=mapped)
    assert bool(published.fill(components, tiny_checkpoint, target)) is mapped
