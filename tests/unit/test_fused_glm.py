"""The generator with joined products says what the plain one says."""

import copy

import pytest
import torch
from torch import Tensor

from glm_image.checkpoint.published import Components
from glm_image.execution.fused_glm import FusedAttention, FusedNorm, attend_in_groups, fuse
from glm_image.layers.attention import attend
from glm_image.layers.norm import RMSNorm
from glm_image.models.generator import Generator
from glm_image.models.positions import prompt_positions, raster_positions
from glm_image.pipeline.sampling import Sampler
from glm_image.pipeline.writing import Writing
from glm_image.types import GeneratorInput

PROMPT, RASTERS = 11, ((3, 4), (5, 6))


def random(seed: int, *shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def plain(tiny_components: Components) -> Generator:
    return tiny_components.generator


@pytest.fixture(scope="module")
def fused(plain: Generator) -> Generator:
    generator = copy.deepcopy(plain)
    fuse(generator)
    return generator


def request() -> GeneratorInput:
    ids = torch.randint(80, 300, (PROMPT,), generator=torch.Generator().manual_seed(4))
    return GeneratorInput(ids_l=ids, sources=(), rasters=RASTERS)


def logits(generator: Generator) -> Tensor:
    prompt, after = prompt_positions(PROMPT)
    positions = torch.cat((prompt, raster_positions(after, RASTERS)), dim=1)[:, None]
    codes = torch.randint(
        0, 64, (1, positions.shape[-1] - PROMPT), generator=torch.Generator().manual_seed(5)
    )
    return generator.logits(generator(torch.cat((request().ids_l[None], codes), dim=1), positions))


def codes(generator: Generator, temperature: float, rows: int = 3) -> list[Tensor]:
    one = request()
    writing = Writing(generator, rows=rows, tokens=PROMPT + one.new_tokens)
    uniforms = torch.rand((rows, one.new_tokens), generator=torch.Generator().manual_seed(6))
    sampler = Sampler(temperature=temperature, top_p=0.9)
    written: dict[int, Tensor] = {}
    for row in range(rows):
        writing.admit(one, (), sampler, uniforms[row : row + 1])
        writing.step()
    while writing.busy:
        written |= {done.row: done.written.prior.ids_n for done in writing.step()}
    return [written[row] for row in range(rows)]


@torch.inference_mode()
def test_scores_are_equal_but_for_rounding(plain: Generator, fused: Generator) -> None:
    expected = logits(plain)
    assert expected.std() > 0.1
    torch.testing.assert_close(logits(fused), expected, rtol=1e-5, atol=1e-5)


@torch.inference_mode()
def test_bf16_loses_no_more_than_the_plain_path(plain: Generator) -> None:
    exact = logits(plain)
    rounded = copy.deepcopy(plain).bfloat16()
    by_plain = (logits(rounded) - exact).square().mean().sqrt()
    fuse(rounded)
    by_fused = (logits(rounded) - exact).square().mean().sqrt()
    assert 0 < by_fused < 1.3 * by_plain


@pytest.mark.parametrize("temperature", [0.0, 0.9])
def test_the_same_codes_are_written(plain: Generator, fused: Generator, temperature: float) -> None:
    """Rows one step apart, so that masks, shared steps and single rows all occur."""
    for got, expected in zip(codes(fused, temperature), codes(plain, temperature), strict=True):
        assert torch.equal(got, expected)
    assert len(torch.stack(codes(fused, 0.9)).unique()) > 3


@pytest.mark.parametrize("tokens", [1, 4])
@pytest.mark.parametrize("masked", [False, True])
@torch.inference_mode()
def test_attention_in_groups(tokens: int, masked: bool) -> None:
    q, k, v = random(1, 3, 6, tokens, 8), random(2, 3, 2, 9, 8), random(3, 3, 2, 9, 8)
    mask = None
    if masked:
        mask = random(4, 3, 1, tokens, 9) > 0
        mask[..., 0] = True
    expected = attend(q, k, v, mask=mask)
    torch.testing.assert_close(attend_in_groups(q, k, v, mask), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@torch.inference_mode()
def test_norm(dtype: torch.dtype) -> None:
    norm = RMSNorm(48, 1e-5)
    norm.weight.copy_(random(1, 48))
    x = random(2, 3, 4, 48).mul(random(3, 3, 4, 1).exp()).to(dtype)
    x[0, 0] = 0
    exact = norm(x.float())
    fused = FusedNorm(norm.to(dtype))(x)
    error, usual = ((one.float() - exact).abs().max() for one in (fused, norm(x)))
    assert fused.dtype == dtype
    assert error <= max(usual, exact.abs().max() * 1e-6)


def test_one_layer_takes_the_place_of_three(plain: Generator, fused: Generator) -> None:
    counts = [sum(one.numel() for one in generator.parameters()) for generator in (plain, fused)]
    assert counts[0] == counts[1]
    names = [name for name, _ in fused.named_parameters()]
    assert not any("q_proj" in name for name in names)
    layers = [one for one in fused.modules() if isinstance(one, FusedAttention)]
    assert len(layers) == plain.config.text.num_hidden_layers
    fuse(fused)
    assert [one for one in fused.modules() if isinstance(one, FusedAttention)] == layers
