"""The autoencoder against diffusers' AutoencoderKL on tiny visible weights."""

import dataclasses

import pytest
import torch
from diffusers import AutoencoderKL
from visible_weights import make_visible

from glm_image.models.vae import Vae, VaeConfig

pytestmark = pytest.mark.parity

LIMIT = 1e-5

BASE = VaeConfig(
    in_channels=3,
    out_channels=3,
    latent_channels=4,
    block_out_channels=(8, 16, 16, 16),
    layers_per_block=1,
    norm_num_groups=4,
    sample_size=64,
    latents_mean=(0.5, -1.0, 0.25, 2.0),
    latents_std=(1.0, 2.0, 0.5, 3.0),
    scaling_factor=0.18215,
    force_upcast=True,
)
SHAPES = {
    "as published, small": BASE,
    "deep levels, every width its own": dataclasses.replace(
        BASE, block_out_channels=(6, 12, 18, 24), layers_per_block=3, norm_num_groups=3
    ),
    "two levels, other channels": dataclasses.replace(
        BASE,
        in_channels=4,
        out_channels=2,
        latent_channels=2,
        block_out_channels=(8, 4),
        layers_per_block=2,
        norm_num_groups=2,
        latents_mean=(0.5, -1.0),
        latents_std=(1.0, 2.0),
    ),
}


def networks(config: VaeConfig, seed: int) -> tuple[Vae, AutoencoderKL]:
    levels = len(config.block_out_channels)
    reference = AutoencoderKL(
        in_channels=config.in_channels,
        out_channels=config.out_channels,
        latent_channels=config.latent_channels,
        block_out_channels=config.block_out_channels,
        layers_per_block=config.layers_per_block,
        norm_num_groups=config.norm_num_groups,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        mid_block_add_attention=False,
        use_quant_conv=False,
        use_post_quant_conv=False,
    ).eval()
    make_visible(reference, seed)
    ours = Vae(config)
    ours.load_state_dict(reference.state_dict(), strict=True)
    return ours, reference


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("size", [(32, 32), (48, 32), (24, 56)])
@pytest.mark.parametrize("shape", SHAPES)
@torch.no_grad()
def test_encoding_and_decoding(shape: str, size: tuple[int, int], seed: int) -> None:
    config = SHAPES[shape]
    ours, reference = networks(config, seed)
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(2, config.in_channels, *size, generator=generator) * 2 - 1
    expected = reference.encode(images).latent_dist
    mean, logvar = ours.encode_moments(images)
    assert expected.mean.std() > 0.1
    torch.testing.assert_close(mean, expected.mean, atol=LIMIT, rtol=0)
    torch.testing.assert_close(logvar, expected.logvar, atol=LIMIT, rtol=0)
    torch.testing.assert_close(ours.encode(images), expected.mode(), atol=LIMIT, rtol=0)

    latents = torch.randn(2, config.latent_channels, 4, 3, generator=generator)
    drawn = reference.decode(latents).sample
    assert drawn.std() > 0.1
    torch.testing.assert_close(ours.decode(latents), drawn, atol=LIMIT, rtol=0)


def test_gradients() -> None:
    ours, reference = networks(BASE, 3)
    images = torch.rand(1, 3, 16, 24, generator=torch.Generator().manual_seed(3)) * 2 - 1
    for network, decoded in (
        (ours, ours.decode(ours.encode(images))),
        (reference, reference.decode(reference.encode(images).latent_dist.mode()).sample),
    ):
        network.zero_grad()
        (decoded - images).square().mean().backward()
    expected = dict(reference.named_parameters())
    for name, parameter in ours.named_parameters():
        torch.testing.assert_close(parameter.grad, expected[name].grad, atol=1e-5, rtol=1e-4)
