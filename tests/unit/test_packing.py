"""Passes without padding give what plain passes give."""

import dataclasses
from dataclasses import replace

import pytest
import torch
from torch import Tensor

import tiny
from drawing import inputs, reference
from glm_image.errors import ShapeError
from glm_image.execution import velocity
from glm_image.execution.fused_dit import FusedAttention, fuse
from glm_image.execution.parallel import Team
from glm_image.execution.plan import DecoderPlan
from glm_image.execution.velocity import Branch, Guidance, Level, Plain, Velocity
from glm_image.models.dit import DiT, DiTInputs, ReferenceCache

SAME = 1e-5
LEVELS = [Level(timestep=timestep) for timestep in (900.0, 500.0, 20.0)]
PLANS = {
    "hoisted": DecoderPlan(hoisted=True),
    "packed": DecoderPlan(packed=True),
    "both": DecoderPlan(hoisted=True, packed=True),
}


def choose(
    dit: DiT,
    branch: Branch,
    guidance: Guidance | None,
    levels: list[Level],
    plan: DecoderPlan,
) -> Velocity:
    return velocity.choose(dit, branch, guidance, levels, plan, Team())


@pytest.fixture
def dit() -> DiT:
    network = DiT(dataclasses.replace(tiny.dit_config(), num_layers=3)).eval()
    tiny.randomise(network, torch.Generator().manual_seed(0))
    return network.requires_grad_(False)


def encode(dit: DiT, seed: int, height: int = 64, width: int = 64) -> ReferenceCache:
    source = reference(seed, height, width)
    return dit.encode_reference(
        source.latents_chw[None], source.prior_ids_n[None], torch.tensor([source.size]).float()
    )


def ragged(dit: DiT, batch: int = 4) -> tuple[Tensor, Branch, Guidance]:
    """Pictures with 0 to 5 glyph tokens, and with one, two or no references."""
    latents, conditions = inputs(batch=batch)
    lengths = torch.tensor([[5], [0], [3], [5]])[:batch]
    mask = torch.arange(5)[None] < lengths
    two = ReferenceCache.concatenate([encode(dit, 1), encode(dit, 2, 96, 32)])
    references = ReferenceCache.stack([encode(dit, 3), two, None, encode(dit, 4)][:batch])
    told = Branch(inputs=replace(conditions, glyph_mask_bs=mask), references=references)
    return latents, told, Guidance(scale=1.5, unconditional=untold(conditions))


def untold(conditions: DiTInputs) -> Branch:
    return Branch(
        inputs=replace(
            conditions,
            glyph_mask_bs=None,
            glyph_bsd=conditions.glyph_bsd[:, :1] * 0.5,
            prior_drop_bn=torch.ones_like(conditions.prior_ids_bn, dtype=torch.bool),
        )
    )


def only(branch: Branch, index: int, caches: list[ReferenceCache | None]) -> Branch:
    """One picture of a branch, without padding."""
    one, given = slice(index, index + 1), branch.inputs
    mask = given.glyph_mask_bs
    glyphs = given.glyph_bsd[one] if mask is None else given.glyph_bsd[one][:, mask[index]]
    single = DiTInputs(
        glyph_bsd=glyphs,
        glyph_mask_bs=None,
        prior_ids_bn=given.prior_ids_bn[one],
        prior_drop_bn=None if given.prior_drop_bn is None else given.prior_drop_bn[one],
        target_size_b2=given.target_size_b2[one],
        crop_b2=given.crop_b2[one],
    )
    return Branch(inputs=single, references=caches[index])


def assert_same(got: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(got, expected, atol=SAME * float(expected.abs().max()), rtol=0)


@pytest.mark.parametrize("name", PLANS)
@torch.inference_mode()
def test_every_plan_gives_the_plain_velocity(dit: DiT, name: str) -> None:
    latents, branch, guidance = ragged(dit)
    plain = Plain(dit, branch, guidance, LEVELS)
    fast = choose(dit, branch, guidance, LEVELS, PLANS[name])
    for step in range(len(LEVELS)):
        got = fast(latents, step)
        assert got.dtype is torch.float32
        assert_same(got, plain(latents, step))
        latents = latents - 0.3 * got


@torch.inference_mode()
def test_a_batch_gives_what_single_pictures_give(dit: DiT) -> None:
    latents, branch, guidance = ragged(dit)
    two = ReferenceCache.concatenate([encode(dit, 1), encode(dit, 2, 96, 32)])
    caches: list[ReferenceCache | None] = [encode(dit, 3), two, None, encode(dit, 4)]
    together = choose(dit, branch, guidance, LEVELS, PLANS["both"])(latents, 1)
    for index in range(len(caches)):
        comparison = only(guidance.unconditional, index, [None] * len(caches))
        alone = choose(
            dit,
            only(branch, index, caches),
            Guidance(scale=1.5, unconditional=comparison),
            LEVELS,
            PLANS["both"],
        )
        one = slice(index, index + 1)
        assert_same(together[one], alone(latents[one], 1))


@torch.inference_mode()
def test_without_guidance_one_branch_runs(dit: DiT) -> None:
    latents, branch, _ = ragged(dit, 2)
    expected = Plain(dit, branch, None, LEVELS)(latents, 0)
    for plan in PLANS.values():
        assert_same(choose(dit, branch, None, LEVELS, plan)(latents, 0), expected)


@torch.inference_mode()
def test_a_fused_decoder_gives_the_same(dit: DiT) -> None:
    latents, branch, guidance = ragged(dit, 2)
    expected = Plain(dit, branch, guidance, LEVELS)(latents, 0)
    before = sum(parameter.numel() for parameter in dit.parameters())
    fuse(dit)
    fuse(dit)
    assert sum(parameter.numel() for parameter in dit.parameters()) == before
    assert all(isinstance(block.attn1, FusedAttention) for block in dit.transformer_blocks)
    assert not any(name.endswith("to_q.weight") for name, _ in dit.named_parameters())
    for plan in (DecoderPlan(), PLANS["both"]):
        assert_same(choose(dit, branch, guidance, LEVELS, plan)(latents, 0), expected)
    fresh = encode(dit, 3)
    assert branch.references is not None
    assert_same(fresh.keys[2], branch.references.keys[2][:1, :, : fresh.length])


@torch.inference_mode()
def test_half_precision_is_no_further_off_than_the_plain_pass(dit: DiT) -> None:
    latents, branch, guidance = ragged(dit, 2)
    exact = Plain(dit, branch, guidance, LEVELS)(latents, 0)
    dit.bfloat16()
    branch, comparison = halve(branch), halve(guidance.unconditional)
    guidance = Guidance(scale=1.5, unconditional=comparison)
    plain = Plain(dit, branch, guidance, LEVELS)(latents, 0)
    packed = choose(dit, branch, guidance, LEVELS, PLANS["both"])(latents, 0)
    assert packed.dtype is torch.float32
    assert (packed - exact).norm() < 1.25 * (plain - exact).norm()


def halve(branch: Branch) -> Branch:
    inputs = replace(branch.inputs, glyph_bsd=branch.inputs.glyph_bsd.bfloat16())
    cache = branch.references
    if cache is None:
        return Branch(inputs=inputs)
    keys = tuple(key.bfloat16() for key in cache.keys)
    values = tuple(value.bfloat16() for value in cache.values)
    return Branch(inputs=inputs, references=replace(cache, keys=keys, values=values))


@torch.inference_mode()
def test_nothing_is_prepared_twice(dit: DiT, monkeypatch: pytest.MonkeyPatch) -> None:
    latents, branch, guidance = ragged(dit, 2)
    calls = {"prepare": 0, "modulations": 0, "step": 0}
    for name in calls:
        function = getattr(DiT, name)

        def counting(*args: object, _name: str = name, _call: object = function, **kw: object):  # type: ignore[no-untyped-def]
            calls[_name] += 1
            return _call(*args, **kw)  # type: ignore[operator]

        monkeypatch.setattr(DiT, name, counting)
    velocity = choose(dit, branch, guidance, LEVELS, PLANS["both"])
    for step in range(len(LEVELS)):
        velocity(latents, step)
    assert calls == {"prepare": 2, "modulations": 1, "step": 0}


def test_pictures_of_two_sizes_are_refused(dit: DiT) -> None:
    latents, conditions = inputs(batch=2)
    mixed = replace(conditions, target_size_b2=torch.tensor([[64.0, 64.0], [64.0, 96.0]]))
    with pytest.raises(ShapeError) as caught:
        choose(dit, Branch(inputs=mixed), None, LEVELS, PLANS["packed"])(latents, 0)
    assert caught.value.field == "target_size_b2"
