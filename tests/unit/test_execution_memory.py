"""What plans take, against what tensors hold, and which plan is found for how much memory."""

from pathlib import Path

import pytest
import torch
from torch import nn

import tiny
from glm_image.checkpoint import published
from glm_image.checkpoint.published import Components
from glm_image.device import resolve
from glm_image.errors import InputError, PlanError
from glm_image.execution import memory
from glm_image.execution.loading import load
from glm_image.execution.memory import RESERVE, Work, account, fit
from glm_image.execution.plan import (
    DecoderPlan,
    ExecutionPlan,
    GeneratorPlan,
    Offload,
    WeightFormat,
)
from glm_image.models import presets
from glm_image.models.dit import DiT
from glm_image.models.generator import Generator
from glm_image.models.glyph_encoder import GlyphEncoder
from glm_image.models.vae import Vae
from glm_image.types import Size

GB = 10**9
LARGE = Work(size=Size(1024, 1024))
SMALL = Work(size=Size(64, 64))


def plan_of(weights: WeightFormat, offload: Offload = Offload.NONE) -> ExecutionPlan:
    return ExecutionPlan(
        generator=GeneratorPlan(weights=weights),
        decoder=DecoderPlan(weights=weights),
        offload=offload,
    )


def held(network: nn.Module) -> int:
    return sum(one.nbytes for one in (*network.parameters(), *network.buffers()))


@pytest.fixture(scope="module")
def full() -> Components:
    """The published networks without memory, and the small parts of the tiny ones."""
    sizes, small = presets.full(), tiny.components()
    with torch.device("meta"):
        made = object.__new__(Components)
        for name, value in {
            **vars(small),
            "generator": Generator(sizes.generator),
            "dit": DiT(sizes.dit),
            "vae": Vae(sizes.vae),
            "glyph_encoder": GlyphEncoder(sizes.glyph_encoder),
        }.items():
            object.__setattr__(made, name, value)
    return made


@pytest.mark.parametrize("weights", list(WeightFormat))
def test_weights_are_counted_as_they_are_held(weights: WeightFormat, tiny_checkpoint: Path) -> None:
    components = published.outline(tiny_checkpoint)
    plan = plan_of(weights)
    counted = account(components, plan, SMALL, torch.bfloat16, accelerator=False).weights
    load(components, tiny_checkpoint, plan, resolve("cpu", "bfloat16"))
    for name, network in components.networks.items():
        assert counted[name] == pytest.approx(held(network), rel=0.01), name


def test_the_published_size_takes_what_is_known_of_it(full: Components) -> None:
    taken = account(full, ExecutionPlan(), LARGE, torch.bfloat16, accelerator=True)
    assert sum(taken.weights.values()) == pytest.approx(35.3 * GB, rel=0.01)
    tokens = 1024 + 1024 + 256
    assert taken.work["generator"] > tokens * 40 * 1024
    assert 35.3 * GB < taken.peak < 45 * GB
    four_bits = account(full, plan_of(WeightFormat.INT4), LARGE, torch.bfloat16, accelerator=True)
    assert four_bits.peak < 0.45 * taken.peak


@pytest.mark.parametrize(
    ("gigabytes", "offload"),
    [(80, Offload.NONE), (24, Offload.STAGE), (12, Offload.LAYER)],
)
def test_less_memory_means_more_offloading(
    full: Components, gigabytes: int, offload: Offload
) -> None:
    plan = fit(
        full, ExecutionPlan(), LARGE, torch.bfloat16, accelerator=True, memory=gigabytes * GB
    )
    assert plan.offload is offload
    taken = account(full, plan, LARGE, torch.bfloat16, accelerator=True)
    assert taken.peak <= gigabytes * GB * (1 - RESERVE)


def test_on_a_cpu_weights_wait_on_disk(full: Components) -> None:
    fused = ExecutionPlan(generator=GeneratorPlan(fused=True, graphs=True))
    plan = fit(full, fused, LARGE, torch.bfloat16, accelerator=False, memory=20 * GB)
    assert plan.offload is Offload.DISK
    assert not plan.generator.fused
    assert not plan.generator.graphs


def test_what_does_not_fit_is_refused_with_what_does(full: Components) -> None:
    stage = plan_of(WeightFormat.STORED, Offload.STAGE)
    with pytest.raises(PlanError) as caught:
        fit(full, stage, LARGE, torch.bfloat16, accelerator=True, memory=19 * GB)
    assert caught.value.field == "memory"
    assert "weights int8 with offload stage" in str(caught.value.hint)
    with pytest.raises(PlanError, match="the smallest plan takes"):
        fit(full, ExecutionPlan(), LARGE, torch.bfloat16, accelerator=True, memory=GB)


def test_larger_work_takes_more(full: Components) -> None:
    def peak(size: int, batch: int) -> int:
        work = Work(size=Size(size, size), batch=batch)
        return account(full, ExecutionPlan(), work, torch.bfloat16, accelerator=True).peak

    assert peak(1024, 1) <= peak(1024, 16) < peak(2048, 16)
    with pytest.raises(InputError, match="batch"):
        Work(size=Size(64, 64), batch=0)


def test_tiles_bound_the_autoencoder(full: Components) -> None:
    plans = list(memory._variants(ExecutionPlan(), accelerator=True))
    plain, tiled = (
        account(full, plan, LARGE, torch.bfloat16, accelerator=True).work["autoencoder"]
        for plan in plans[:2]
    )
    assert tiled < 0.8 * plain
