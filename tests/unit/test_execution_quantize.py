"""Quantised layers stay near the plain ones, and are made while weights are read."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import tiny
from glm_image.checkpoint import published
from glm_image.checkpoint.reader import Target
from glm_image.device import resolve
from glm_image.errors import CheckpointError, ConfigError, PlanError
from glm_image.execution import loading
from glm_image.execution.linear import join
from glm_image.execution.plan import DecoderPlan, ExecutionPlan, GeneratorPlan, WeightFormat
from glm_image.execution.quantize import STACKS, Quantizer, quantize
from glm_image.execution.quantized import (
    DynamicInt8Linear,
    Fp8Linear,
    Int4Linear,
    Int8Linear,
    QuantizedLinear,
)
from glm_image.pipeline.api import GlmImagePipeline

KINDS = (Int8Linear, DynamicInt8Linear, Fp8Linear, Int4Linear)
FURTHEST = {Int8Linear: 0.015, DynamicInt8Linear: 0.02, Fp8Linear: 0.04, Int4Linear: 0.13}
"""Relative distance from the plain result for weights and inputs of a normal distribution."""
ROWS = ((1,), (2, 3), (70,), (2, 0))


def seeded(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def bias(outputs: int) -> nn.Parameter:
    return nn.Parameter(seeded(outputs, seed=9), requires_grad=False)


def distance(got: Tensor, expected: Tensor) -> float:
    return float((got.float() - expected.float()).norm() / expected.float().norm())


def plan_of(weights: WeightFormat) -> ExecutionPlan:
    return ExecutionPlan(
        generator=GeneratorPlan(weights=weights), decoder=DecoderPlan(weights=weights)
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_results_are_near(
    kind: type[QuantizedLinear], rows: tuple[int, ...], dtype: torch.dtype
) -> None:
    weight_oi, x = seeded(48, 256) / 16, seeded(*rows, 256, seed=1)
    expected = x @ weight_oi.t() + bias(48)
    offset = nn.Parameter(bias(48).to(dtype), requires_grad=False)
    got = kind.of(weight_oi.to(dtype), offset)(x.to(dtype))
    assert got.dtype is dtype
    assert got.shape == (*rows, 48)
    if x.numel():
        assert distance(got, expected) < FURTHEST[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_extreme_and_empty_rows_survive(kind: type[QuantizedLinear]) -> None:
    weight_oi = seeded(32, 128) * 1e-3
    weight_oi[0], weight_oi[1, 5] = 0.0, 300.0
    x = torch.zeros(3, 128)
    x[1], x[2] = 1e4, seeded(128)
    got = kind.of(weight_oi, None)(x)
    assert got.isfinite().all()
    assert got[:, 0].abs().max() <= 1e-3
    assert torch.equal(got[0], torch.zeros(32))
    assert abs(float(got[1, 1]) / 3e6 - 1) < 0.05


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("biased", [True, False])
def test_joined_layers_are_not_rounded_again(kind: type[QuantizedLinear], biased: bool) -> None:
    sizes = (32, 16, 16)
    layers = [
        kind.of(seeded(size, 128, seed=size + n), bias(size) if biased else None)
        for n, size in enumerate(sizes)
    ]
    x = seeded(4, 128)
    assert torch.equal(join(layers)(x), torch.cat([layer(x) for layer in layers], dim=-1))


def test_other_kinds_are_not_joined() -> None:
    with pytest.raises(ConfigError, match="cannot join"):
        join([Int8Linear.of(seeded(16, 128), None), Fp8Linear.of(seeded(16, 128), None)])


@pytest.mark.parametrize("weights", [one for one in WeightFormat if one != WeightFormat.STORED])
def test_weights_are_quantised_as_they_are_read(
    weights: WeightFormat, tiny_checkpoint: Path
) -> None:
    components = published.outline(tiny_checkpoint)
    loading.load(components, tiny_checkpoint, plan_of(weights), resolve("cpu", "float32"))
    for network in (components.generator, components.dit):
        assert not [name for name, one in network.named_parameters() if one.is_meta]
        for name, layer in network.named_modules():
            inside = name.startswith(STACKS)
            assert isinstance(layer, QuantizedLinear) or not (
                inside and isinstance(layer, nn.Linear)
            ), name
            assert inside or not isinstance(layer, QuantizedLinear), name
    kinds = {type(one) for one in components.dit.modules() if isinstance(one, QuantizedLinear)}
    assert Int8Linear in kinds
    eager = tiny.components()
    for network in (eager.generator, eager.dit):
        quantize(network.requires_grad_(False), weights)
    hidden = [
        one.generator(torch.arange(4)[None], torch.arange(4).expand(3, 1, 4))
        for one in (components, eager)
    ]
    assert torch.equal(*hidden)


def test_only_one_weight_is_held_in_full(tiny_checkpoint: Path) -> None:
    """The peak of loading is the quantised network and one tensor."""
    held: list[bool] = []

    class Counting(Quantizer):
        def __call__(self, name: str, weight: Tensor) -> Tensor | None:
            kept = super().__call__(name, weight)
            assert kept is not None or not [
                one
                for one in components.generator.parameters()
                if not one.is_meta and one.data_ptr() == weight.data_ptr()
            ]
            held.append(kept is None)
            return kept

    components = published.outline(tiny_checkpoint)
    published.fill(
        components,
        tiny_checkpoint,
        Target(dtype=torch.float32, device=torch.device("cpu")),
        {published.GENERATOR_FOLDER: Counting(components.generator, WeightFormat.INT4)},
    )
    assert any(held)


def test_a_quantised_system_draws_and_neither_moves_nor_is_saved(
    tiny_checkpoint: Path, tmp_path: Path
) -> None:
    pipe = GlmImagePipeline.from_pretrained(
        tiny_checkpoint, device="cpu", plan=plan_of(WeightFormat.INT8)
    )
    picture = pipe("a", seed=1, num_inference_steps=2).images[0]
    assert picture.size == (64, 64)
    with pytest.raises(PlanError, match="load the model again"):
        pipe.to("cpu")
    with pytest.raises(CheckpointError, match="not saved"):
        published.save(pipe.system, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
