"""Pictures drawn in bands of rows are those of the plain decoder, for less memory."""

import weakref
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import tiny
from glm_image.execution.autoencoder import draw, prepare
from glm_image.execution.plan import AutoencoderPlan
from glm_image.models.vae import Vae

PLAIN = AutoencoderPlan()
WIDTH = 40
"""Pixels, so that ``rows * WIDTH`` pixels make bands of ``rows``."""


class Live(TorchDispatchMode):
    """Counts the bytes of tensors that are alive."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = self.peak = 0
        self._seen: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(out):
            if isinstance(tensor, Tensor):
                self._count(tensor.untyped_storage())
        return out

    def _count(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key in self._seen:
            return
        size = storage.nbytes()
        self._seen.add(key)
        self.bytes += size
        self.peak = max(self.peak, self.bytes)
        weakref.finalize(storage, self._release, key, size)

    def _release(self, key: int, size: int) -> None:
        self._seen.discard(key)
        self.bytes -= size


@pytest.fixture
def vae() -> Vae:
    network = Vae(tiny.vae_config()).eval().requires_grad_(False)
    tiny.randomise(network, torch.Generator().manual_seed(0))
    return network


def latents(batch: int = 1, height: int = 7) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return 3 * torch.randn(batch, 4, height, WIDTH // 8, generator=generator) + 1


@pytest.mark.parametrize("rows", [1, 3, 16, 55])
@pytest.mark.parametrize("last", [False, True])
def test_bands_show_no_seams(vae: Vae, rows: int, last: bool) -> None:
    plan = AutoencoderPlan(channels_last=last, tile_pixels=rows * WIDTH)
    expected = vae.decode(latents(2))
    prepare(vae, plan)
    got = draw(vae, latents(2), plan)
    torch.testing.assert_close(got, expected, atol=2e-5, rtol=0)


def test_a_small_picture_is_drawn_whole(vae: Vae) -> None:
    for pixels in (0, 56 * WIDTH):
        plan = AutoencoderPlan(tile_pixels=pixels)
        assert torch.equal(draw(vae, latents(), plan), vae.decode(latents()))


def test_channels_last_gives_the_same_picture(vae: Vae) -> None:
    expected = vae.decode(latents())
    plan = AutoencoderPlan(channels_last=True)
    prepare(vae, plan)
    assert vae.decoder.conv_in.weight.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(draw(vae, latents(), plan), expected, atol=2e-5, rtol=0)
    prepare(vae, PLAIN)
    assert torch.equal(draw(vae, latents(), PLAIN), expected)


def test_half_precision_is_no_further_off_than_the_plain_decoder(vae: Vae) -> None:
    exact = vae.decode(latents())
    low = vae.bfloat16()
    plain = low.decode(latents().bfloat16()).float()
    banded = draw(low, latents().bfloat16(), AutoencoderPlan(tile_pixels=8 * WIDTH)).float()
    assert (banded - exact).norm() < 1.5 * (plain - exact).norm()


def test_bands_need_less_memory(vae: Vae) -> None:
    peaks = []
    for pixels in (0, 8 * WIDTH):
        with Live() as live:
            draw(vae, latents(height=40), AutoencoderPlan(tile_pixels=pixels))
        peaks.append(live.peak)
    assert peaks[1] < 0.75 * peaks[0]
