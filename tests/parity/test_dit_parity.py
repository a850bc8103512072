"""The diffusion decoder against diffusers' GLM-Image transformer on tiny visible weights."""

import dataclasses
from collections.abc import Sequence

import pytest
import torch
from diffusers import GlmImageTransformer2DModel
from diffusers.models.transformers.transformer_glm_image import GlmImageKVCache
from torch import Tensor
from visible_weights import make_visible

from glm_image.models.dit import DiT, DiTConfig, DiTInputs, ReferenceCache

pytestmark = pytest.mark.parity

LIMIT = 1e-4

BASE = DiTConfig(
    patch_size=2,
    in_channels=4,
    out_channels=4,
    num_layers=2,
    attention_head_dim=16,
    num_attention_heads=2,
    text_embed_dim=32,
    time_embed_dim=16,
    condition_dim=8,
    prior_vq_quantizer_codebook_size=64,
)
SHAPES = {
    "as published, small": BASE,
    "every size its own": DiTConfig(
        patch_size=2,
        in_channels=6,
        out_channels=3,
        num_layers=3,
        attention_head_dim=12,
        num_attention_heads=5,
        text_embed_dim=20,
        time_embed_dim=34,
        condition_dim=10,
        prior_vq_quantizer_codebook_size=17,
    ),
    "large patches, one head, one block": dataclasses.replace(
        BASE, patch_size=3, num_layers=1, num_attention_heads=1, attention_head_dim=32
    ),
}
GRIDS = [(4, 4), (3, 5), (6, 2)]
Grid = tuple[int, int]
Reference = tuple[Tensor, Tensor, Tensor]


def networks(config: DiTConfig, seed: int) -> tuple[DiT, GlmImageTransformer2DModel]:
    reference = GlmImageTransformer2DModel(**dataclasses.asdict(config)).eval()
    make_visible(reference, seed)
    ours = DiT(config)
    ours.load_state_dict(reference.state_dict(), strict=True)
    return ours, reference


def picture(config: DiTConfig, grid: Grid, batch: int, seed: int) -> Reference:
    """Latents, codes and size in pixels."""
    generator = torch.Generator().manual_seed(seed)
    rows, columns = grid
    p = config.patch_size
    latents = torch.randn(batch, config.in_channels, rows * p, columns * p, generator=generator)
    codes = torch.randint(
        config.prior_vq_quantizer_codebook_size, (batch, rows * columns), generator=generator
    )
    return latents, codes, torch.tensor([[rows * 16.0, columns * 16.0]]).repeat(batch, 1)


def sample(
    config: DiTConfig, grid: Grid, *, glyphs: int, batch: int, seed: int
) -> tuple[Tensor, DiTInputs, Tensor]:
    """Latents, conditions and timesteps; crop and size differ between samples."""
    generator = torch.Generator().manual_seed(seed + 100)
    latents, codes, size = picture(config, grid, batch, seed)
    inputs = DiTInputs(
        glyph_bsd=torch.randn(batch, glyphs, config.text_embed_dim, generator=generator),
        glyph_mask_bs=None,
        prior_ids_bn=codes,
        prior_drop_bn=None,
        target_size_b2=size + 32 * torch.arange(batch)[:, None],
        crop_b2=torch.randint(0, 64, (batch, 2), generator=generator).float(),
    )
    return latents, inputs, torch.randint(0, 1000, (batch,), generator=generator)


def run(
    network: GlmImageTransformer2DModel,
    latents: Tensor,
    inputs: DiTInputs,
    timestep: Tensor,
    cache: GlmImageKVCache | None = None,
) -> Tensor:
    drop = inputs.prior_drop_bn
    return network(
        latents,
        inputs.glyph_bsd,
        inputs.prior_ids_bn,
        torch.zeros_like(inputs.prior_ids_bn, dtype=torch.bool) if drop is None else drop,
        timestep,
        inputs.target_size_b2,
        inputs.crop_b2,
        return_dict=False,
        kv_caches=cache,
    )[0]


def write(
    network: GlmImageTransformer2DModel, samples: Sequence[Sequence[Reference]]
) -> GlmImageKVCache:
    """The reference's cache of several pictures for each of several samples."""
    cache = GlmImageKVCache(network.config.num_layers)
    cache.set_mode("write")
    for references in samples:
        for latents, codes, size in references:
            inputs = DiTInputs(
                glyph_bsd=torch.zeros(1, 0, network.config.text_embed_dim),
                glyph_mask_bs=None,
                prior_ids_bn=codes,
                prior_drop_bn=None,
                target_size_b2=size,
                crop_b2=torch.zeros(1, 2),
            )
            run(network, latents, inputs, torch.zeros(1), cache)
        cache.next_sample()
    return cache


def encode(network: DiT, samples: Sequence[Sequence[Reference]]) -> ReferenceCache:
    return ReferenceCache.stack(
        [
            ReferenceCache.concatenate([network.encode_reference(*one) for one in references])
            for references in samples
        ]
    )


def check(got: Tensor, expected: Tensor) -> None:
    assert expected.std() > 0.1
    torch.testing.assert_close(got, expected, atol=LIMIT, rtol=0)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("glyphs", [1, 7])
@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("shape", SHAPES)
@torch.no_grad()
def test_plain(shape: str, grid: Grid, glyphs: int, seed: int) -> None:
    config = SHAPES[shape]
    ours, reference = networks(config, seed)
    latents, inputs, timestep = sample(config, grid, glyphs=glyphs, batch=2, seed=seed)
    check(ours(latents, inputs, timestep_b=timestep), run(reference, latents, inputs, timestep))


@pytest.mark.parametrize("share", [0.5, 1.0])
@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("shape", SHAPES)
@torch.no_grad()
def test_dropped_prior(shape: str, grid: Grid, share: float) -> None:
    config = SHAPES[shape]
    ours, reference = networks(config, 2)
    latents, inputs, timestep = sample(config, grid, glyphs=3, batch=2, seed=2)
    draw = torch.rand(inputs.prior_ids_bn.shape, generator=torch.Generator().manual_seed(2))
    dropped = dataclasses.replace(inputs, prior_drop_bn=draw < share)
    expected = run(reference, latents, dropped, timestep)
    assert (expected - run(reference, latents, inputs, timestep)).abs().max() > 0.1
    check(ours(latents, dropped, timestep_b=timestep), expected)


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("shape", SHAPES)
@torch.no_grad()
def test_writing_references(shape: str, grid: Grid) -> None:
    config = SHAPES[shape]
    ours, reference = networks(config, 3)
    samples = [
        [picture(config, grid, 1, seed), picture(config, (2, 3), 1, seed + 10)] for seed in (3, 4)
    ]
    cache = encode(ours, samples)
    expected = write(reference, samples)
    assert cache.mask_br is None
    for index in range(config.num_layers):
        layer = expected[index]
        for got, stored in zip(cache.block(index), (layer.k_caches, layer.v_caches), strict=True):
            check(got, torch.cat(stored).transpose(1, 2))


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("shape", SHAPES)
@torch.no_grad()
def test_reading_references(shape: str, grid: Grid) -> None:
    config = SHAPES[shape]
    ours, reference = networks(config, 5)
    samples = [
        [picture(config, (2, 3), 1, seed), picture(config, (4, 2), 1, seed + 10)] for seed in (5, 6)
    ]
    latents, inputs, timestep = sample(config, grid, glyphs=4, batch=2, seed=5)
    stored = write(reference, samples)
    stored.set_mode("read")
    expected = run(reference, latents, inputs, timestep, stored)
    plain = run(reference, latents, inputs, timestep)
    assert (expected - plain).abs().max() > 0.1
    got = ours(latents, inputs, timestep_b=timestep, references=encode(ours, samples))
    check(got, expected)

    stored.set_mode("skip")
    check(
        ours(latents, inputs, timestep_b=timestep),
        run(reference, latents, inputs, timestep, stored),
    )


@torch.no_grad()
def test_unequal_references_in_a_batch_equal_the_reference_one_by_one() -> None:
    ours, reference = networks(BASE, 7)
    samples = [
        [picture(BASE, (2, 2), 1, 7)],
        [picture(BASE, (3, 4), 1, 8), picture(BASE, (2, 5), 1, 9)],
    ]
    latents, inputs, timestep = sample(BASE, (4, 3), glyphs=2, batch=2, seed=7)
    got = ours(latents, inputs, timestep_b=timestep, references=encode(ours, samples))
    for index in range(2):
        one = slice(index, index + 1)
        alone = DiTInputs(
            glyph_bsd=inputs.glyph_bsd[one],
            glyph_mask_bs=None,
            prior_ids_bn=inputs.prior_ids_bn[one],
            prior_drop_bn=None,
            target_size_b2=inputs.target_size_b2[one],
            crop_b2=inputs.crop_b2[one],
        )
        stored = write(reference, samples[index : index + 1])
        stored.set_mode("read")
        check(got[one], run(reference, latents[one], alone, timestep[one], stored))


def test_gradients() -> None:
    ours, reference = networks(BASE, 11)
    latents, inputs, timestep = sample(BASE, (3, 4), glyphs=3, batch=2, seed=11)
    for network, velocity in (
        (ours, ours(latents, inputs, timestep_b=timestep)),
        (reference, run(reference, latents, inputs, timestep)),
    ):
        network.zero_grad()
        (velocity - latents).square().mean().backward()
    expected = dict(reference.named_parameters())
    for name, parameter in ours.named_parameters():
        torch.testing.assert_close(parameter.grad, expected[name].grad, atol=1e-4, rtol=1e-3)


@torch.no_grad()
def test_bf16_is_as_close_as_the_reference_in_bf16() -> None:
    ours, reference = networks(BASE, 12)
    latents, inputs, timestep = sample(BASE, (4, 4), glyphs=3, batch=2, seed=12)
    exact = run(reference, latents, inputs, timestep)
    low = dataclasses.replace(inputs, glyph_bsd=inputs.glyph_bsd.bfloat16())
    theirs = run(reference.bfloat16(), latents.bfloat16(), low, timestep)
    got = ours.bfloat16()(latents.bfloat16(), low, timestep_b=timestep)
    assert got.dtype is torch.bfloat16
    error = (got.float() - exact).norm() / exact.norm()
    assert error < 1.5 * (theirs.float() - exact).norm() / exact.norm()
    assert error < 0.03
