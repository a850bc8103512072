"""A batch under way: taken step by step, guided where it should be, skipping where it may."""

import pytest
import torch
from torch import Tensor

import tiny
from drawing import inputs
from glm_image.errors import PlanError
from glm_image.execution.attention import kernels
from glm_image.execution.parallel import Group
from glm_image.execution.plan import Attention, DecoderPlan
from glm_image.execution.step_cache import StepCache
from glm_image.execution.velocity import Branch, Guidance, Level, Packed, Plain
from glm_image.models.dit import DiT
from glm_image.models.schedule_config import ScheduleConfig
from glm_image.pipeline.denoise import Denoising, Step, sample
from glm_image.pipeline.schedule import Schedule, schedule

PLAIN = DecoderPlan()
FAST = DecoderPlan(hoisted=True, packed=True)
STEPS = schedule(64, 64, 6, ScheduleConfig())


@pytest.fixture
def dit() -> DiT:
    network = DiT(tiny.dit_config()).eval().requires_grad_(False)
    tiny.randomise(network, torch.Generator().manual_seed(0))
    return network


def begin(
    dit: DiT, plan: DecoderPlan = PLAIN, *, seed: int = 0, steps: Schedule = STEPS
) -> Denoising:
    latents, told = inputs(seed)
    _, untold = inputs(seed + 50, glyphs=1)
    guidance = Guidance(scale=1.5, unconditional=Branch(inputs=untold))
    return Denoising(dit, Branch(inputs=told), guidance, steps, latents, plan)


def finish(denoising: Denoising) -> Tensor:
    steps: list[Step] = []
    latents = sample(denoising, steps.append)
    assert torch.equal(latents[0].values_chw, steps[-1].latents_bchw[0])
    return steps[-1].latents_bchw


def test_steps_end_where_the_schedule_ends(dit: DiT) -> None:
    denoising = begin(dit)
    taken = 0
    while (step := denoising.step()) is not None:
        taken += 1
        assert denoising.done == taken
        assert torch.equal(step.latents_bchw, denoising.latents_bchw)
    assert taken == len(STEPS)
    assert torch.equal(finish(begin(dit)), denoising.latents_bchw)
    assert denoising.step() is None


@pytest.mark.parametrize("plan", [PLAIN, FAST], ids=["plain", "fast"])
def test_two_batches_taking_turns_do_not_touch_each_other(dit: DiT, plan: DecoderPlan) -> None:
    alone = [finish(begin(dit, plan, seed=seed)) for seed in (0, 1)]
    both = [begin(dit, plan, seed=seed) for seed in (0, 1)]
    for _ in range(len(STEPS)):
        for one in both:
            one.step()
    for one, expected in zip(both, alone, strict=True):
        assert torch.equal(one.latents_bchw, expected)


def test_fast_steps_end_near_plain_ones(dit: DiT) -> None:
    torch.testing.assert_close(finish(begin(dit, FAST)), finish(begin(dit)), atol=1e-4, rtol=0)


@pytest.mark.parametrize("packed", [False, True])
@torch.inference_mode()
def test_guidance_acts_inside_its_interval_alone(dit: DiT, packed: bool) -> None:
    plan = DecoderPlan(packed=packed, guidance_low=0.5, guidance_high=0.9)
    denoising = begin(dit, plan)
    velocities = {
        scale: Plain(dit, *parts, [Level(timestep=float(t)) for t in STEPS.timesteps])
        for scale, parts in branches().items()
    }
    guided = []
    for index in range(len(STEPS)):
        before = denoising.latents_bchw
        step = denoising.step()
        assert step is not None
        taken = (step.latents_bchw - before) / STEPS.sigmas.diff()[index]
        near = {name: (taken - v(before, index)).abs().max() for name, v in velocities.items()}
        guided.append(near["guided"] < near["unguided"])
        assert min(near.values()) < 1e-3
    inside = [0.5 <= sigma <= 0.9 for sigma in STEPS.sigmas[:-1].tolist()]
    assert guided == inside
    assert True in inside
    assert False in inside


def branches() -> dict[str, tuple[Branch, Guidance | None]]:
    _, told = inputs(0)
    _, untold = inputs(50, glyphs=1)
    guidance = Guidance(scale=1.5, unconditional=Branch(inputs=untold))
    return {"guided": (Branch(inputs=told), guidance), "unguided": (Branch(inputs=told), None)}


# ------------------------------------------------------------------------------- step cache


def blocks(calls: list[str]) -> tuple[object, object]:
    def first(x_ld: Tensor) -> Tensor:
        calls.append("first")
        return x_ld.mul_(2.0)

    def others(x_ld: Tensor) -> Tensor:
        calls.append("others")
        return x_ld.add_(3.0)

    return first, others


def test_a_pass_that_hardly_changes_is_skipped() -> None:
    calls: list[str] = []
    cache = StepCache(0.1, Group())
    results = [cache.run(torch.full((4, 2), x), *blocks(calls)) for x in (1.0, 1.05, 1.2, 1.25)]  # type: ignore[arg-type]
    assert calls == ["first", "others", "first", "first", "others", "first"]
    assert cache.skipped == 2
    for got, expected in zip(results, (5.0, 5.1, 5.4, 5.5), strict=True):
        torch.testing.assert_close(got, torch.full((4, 2), expected))


def test_other_tokens_are_not_compared() -> None:
    calls: list[str] = []
    cache = StepCache(10.0, Group())
    for rows in (4, 6, 6):
        cache.run(torch.ones(rows, 2), *blocks(calls))  # type: ignore[arg-type]
    assert calls == ["first", "others"] * 2 + ["first"]


@torch.inference_mode()
def test_skipped_passes_keep_the_picture_near(dit: DiT) -> None:
    long = schedule(64, 64, 40, ScheduleConfig())
    exact = finish(begin(dit, steps=long))
    for packed in (False, True):
        plan = DecoderPlan(hoisted=True, packed=packed, step_cache=0.4)
        denoising = begin(dit, plan, steps=long)
        near = finish(denoising)
        velocity = denoising._velocity
        assert isinstance(velocity, Packed)
        assert velocity.skipped > 0
        assert 0 < (near - exact).norm() < 0.2 * exact.norm()


# -------------------------------------------------------------------------------- attention


def test_a_kernel_that_is_not_there_is_refused() -> None:
    cpu = torch.device("cpu")
    for attention in (Attention.CUDNN, Attention.EFFICIENT):
        with pytest.raises(PlanError) as caught:
            kernels(attention, cpu)
        assert caught.value.field == "decoder.attention"
        assert "flash" in str(caught.value.hint)


def test_every_kernel_gives_the_same_picture(dit: DiT) -> None:
    expected = finish(begin(dit))
    for attention in (Attention.FLASH, Attention.MATH):
        got = finish(begin(dit, DecoderPlan(attention=attention)))
        torch.testing.assert_close(got, expected, atol=1e-4, rtol=0)
