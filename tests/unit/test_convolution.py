"""Convolutions with less arithmetic draw the same picture."""

import copy

import pytest
import torch

from glm_image.checkpoint.published import Components
from glm_image.execution import autoencoder, convolution, linear
from glm_image.execution.plan import AutoencoderPlan, LinearBackend
from glm_image.models.vae import Upsample, Vae

PLANS = {
    "phased": AutoencoderPlan(phased=True),
    "innermost": AutoencoderPlan(phased=True, channels_last=True),
    "packed": AutoencoderPlan(channels_last=True, linear=LinearBackend.ONEDNN),
    "everything": AutoencoderPlan(
        phased=True, channels_last=True, linear=LinearBackend.ONEDNN, tile_pixels=1024
    ),
}


@pytest.fixture
def vae(tiny_components: Components) -> Vae:
    return copy.deepcopy(tiny_components.vae).requires_grad_(False)


def latents(height: int = 6, width: int = 9) -> torch.Tensor:
    return torch.randn(2, 4, height, width, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("name", PLANS)
@torch.inference_mode()
def test_every_plan_draws_the_plain_picture(vae: Vae, name: str) -> None:
    plan = PLANS[name]
    if plan.linear is LinearBackend.ONEDNN and not linear.is_available(torch.float32):
        pytest.skip("this torch has no packed weights")
    expected = vae.decode(latents())
    before = vae.state_dict().keys()
    autoencoder.prepare(vae, plan)
    got = autoencoder.draw(vae, latents(), plan)
    limit = 1e-5 * float(expected.abs().max())
    torch.testing.assert_close(got, expected, atol=limit, rtol=0)
    rebuilt = [one for one in vae.modules() if isinstance(one, convolution.PhasedUpsample)]
    assert len(rebuilt) == (3 if plan.phased else 0)
    if plan.linear is LinearBackend.TORCH:
        assert vae.state_dict().keys() == before
    else:
        assert any(isinstance(one, convolution.Pointwise) for one in vae.modules())


@torch.inference_mode()
def test_half_precision_is_no_further_off(vae: Vae) -> None:
    exact = vae.decode(latents())
    vae.bfloat16()
    plain = (vae.decode(latents().bfloat16()) - exact).norm()
    convolution.phase(vae)
    phased = (vae.decode(latents().bfloat16()) - exact).norm()
    assert phased < 1.25 * plain


@torch.inference_mode()
def test_the_four_pixels_stand_in_their_places() -> None:
    plain = Upsample(1)
    plain.conv.weight.copy_(torch.arange(9.0).view(1, 1, 3, 3))
    plain.conv.bias.zero_()  # type: ignore[union-attr]
    picture = torch.tensor([[[[1.0, 0.0], [0.0, 2.0]]]])
    assert torch.equal(convolution.PhasedUpsample(plain)(picture), plain(picture))
