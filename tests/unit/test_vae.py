"""Behaviour of the autoencoder on a tiny configuration."""

import copy
import dataclasses

import pytest
import torch
from torch import Tensor

from glm_image.errors import ConfigError, ShapeError
from glm_image.models.presets import full_vae
from glm_image.models.vae import Vae, VaeConfig

CONFIG = VaeConfig(
    in_channels=3,
    out_channels=3,
    latent_channels=4,
    block_out_channels=(8, 12, 16, 16),
    layers_per_block=1,
    norm_num_groups=4,
    sample_size=64,
    latents_mean=(0.5, -1.0, 0.25, 2.0),
    latents_std=(1.0, 2.0, 0.5, 3.0),
    scaling_factor=0.18215,
    force_upcast=True,
)


@pytest.fixture
def vae() -> Vae:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Vae(CONFIG)


def images(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def test_sides_shrink_and_grow_by_eight(vae: Vae) -> None:
    mean, logvar = vae.encode_moments(images(2, 3, 32, 48))
    assert mean.shape == logvar.shape == (2, 4, 4, 6)
    assert vae.decode(mean).shape == (2, 3, 32, 48)
    assert CONFIG.downscale == 8


def test_every_parameter_gets_a_gradient(vae: Vae) -> None:
    mean, logvar = vae.encode_moments(images(2, 3, 16, 24))
    noise = torch.randn(mean.shape, generator=torch.Generator().manual_seed(1))
    vae.decode(mean + torch.exp(0.5 * logvar) * noise).square().mean().backward()
    for name, parameter in vae.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_mode_is_the_mean(vae: Vae) -> None:
    pixels = images(1, 3, 16, 16)
    assert torch.equal(vae.encode(pixels), vae.encode_moments(pixels)[0])


def test_log_variance_stays_finite(vae: Vae) -> None:
    with torch.no_grad():
        vae.encoder.conv_out.bias[4:] = torch.tensor([1e4, -1e4, 0.0, 0.0])
    _, logvar = vae.encode_moments(images(1, 3, 16, 16))
    assert logvar[:, 0].unique().tolist() == [20.0]
    assert logvar[:, 1].unique().tolist() == [-30.0]


def test_normalisation_is_the_documented_one_and_invertible(vae: Vae) -> None:
    raw = torch.randn(2, 4, 3, 5, generator=torch.Generator().manual_seed(2))
    model = vae.normalize(raw)
    for channel, (mean, std) in enumerate(
        zip(CONFIG.latents_mean, CONFIG.latents_std, strict=True)
    ):
        torch.testing.assert_close(model[:, channel], (raw[:, channel] - mean) / std)
    torch.testing.assert_close(vae.denormalize(model), raw)


def test_batch_equals_single(vae: Vae) -> None:
    pixels = images(3, 3, 16, 24)
    together = vae.decode(vae.encode(pixels))
    for index in range(3):
        alone = vae.decode(vae.encode(pixels[index : index + 1]))
        torch.testing.assert_close(together[index : index + 1], alone, atol=1e-5, rtol=0)


def test_channels_last_runs_through(vae: Vae) -> None:
    pixels = images(2, 3, 16, 24)
    expected = vae.decode(vae.encode(pixels))
    last = copy.deepcopy(vae).to(memory_format=torch.channels_last)
    drawn = last.decode(last.encode(pixels.to(memory_format=torch.channels_last)))
    assert drawn.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(drawn, expected, atol=1e-5, rtol=0)


def test_bf16_weights_and_autocast(vae: Vae) -> None:
    pixels = images(1, 3, 16, 16)
    expected = vae.decode(vae.encode(pixels))
    with torch.autocast("cpu", torch.bfloat16):
        mixed = vae.decode(vae.encode(pixels))
    half = copy.deepcopy(vae).to(torch.bfloat16)
    low = half.decode(half.denormalize(half.normalize(half.encode(pixels.bfloat16()))))
    assert mixed.dtype is low.dtype is torch.bfloat16
    for drawn in (mixed, low):
        assert (drawn.float() - expected).norm() < 0.08 * expected.norm()


def test_published_size_builds_without_memory() -> None:
    with torch.device("meta"):
        vae = Vae(full_vae())
    assert sum(parameter.numel() for parameter in vae.parameters()) == 406_100_643
    assert vae.encode(torch.empty(1, 3, 64, 32, device="meta")).shape == (1, 16, 8, 4)


def test_sides_that_do_not_divide_are_refused(vae: Vae) -> None:
    with pytest.raises(ShapeError, match="16x20") as caught:
        vae.encode(images(1, 3, 20, 16))
    assert caught.value.hint is not None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"block_out_channels": (8, 10)}, "block_out_channels"),
        ({"latents_mean": (0.0,)}, "latents_mean"),
        ({"latents_std": (1.0,) * 5}, "latents_std"),
        ({"latents_std": (1.0, 1.0, 0.0, 1.0)}, "latents_std"),
    ],
)
def test_contradictions_are_refused(change: dict[str, tuple[float, ...]], field: str) -> None:
    with pytest.raises(ConfigError) as caught:
        dataclasses.replace(CONFIG, **change)  # type: ignore[arg-type]
    assert caught.value.field == field
