"""Attention from blocks of matrix products equals torch's own, forward and backward."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from glm_image.layers import attention
from glm_image.layers.attention import attend

FORMS = ["causal", "all", "mask", "bias"]
SHAPES = [(2, 4, 4, 5, 5, 8), (2, 8, 2, 64, 64, 16), (1, 6, 3, 150, 150, 8), (2, 4, 2, 9, 70, 8)]


def tensors(shape: tuple[int, ...]) -> tuple[Tensor, Tensor, Tensor]:
    b, h, k, t, s, d = shape
    rng = torch.Generator().manual_seed(0)
    q = torch.randn(b, h, t, d, generator=rng, requires_grad=True)
    key = torch.randn(b, k, s, d, generator=rng, requires_grad=True)
    value = torch.randn(b, k, s, d, generator=rng, requires_grad=True)
    return q, key, value


def extras(form: str, shape: tuple[int, ...]) -> dict[str, Tensor]:
    b, h, _, t, s, _ = shape
    rng = torch.Generator().manual_seed(1)
    if form == "mask":
        mask = torch.rand(b, 1, 1, s, generator=rng) < 0.6
        mask[..., 0] = True
        return {"mask": mask}
    if form == "bias":
        return {"bias": torch.randn(1, h, t, s, generator=rng)}
    return {}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("scale", [None, 1.0])
def test_blocks_equal_the_kernel(form: str, shape: tuple[int, ...], scale: float | None) -> None:
    if form == "causal" and shape[3] != shape[4]:
        pytest.skip("causal attention has as many queries as keys")
    inputs = tensors(shape)
    extra = extras(form, shape)
    ours = attend(*inputs, **extra, causal=form == "causal", scale=scale)
    theirs = F.scaled_dot_product_attention(
        *inputs,
        attn_mask=next(iter(extra.values()), None),
        is_causal=form == "causal",
        scale=scale,
        enable_gqa=True,
    )
    torch.testing.assert_close(ours, theirs, atol=2e-6, rtol=1e-5)
    weight = torch.linspace(-1, 1, ours.numel()).view_as(ours)
    own = torch.autograd.grad((ours * weight).sum(), inputs)
    other = torch.autograd.grad((theirs * weight).sum(), inputs)
    for a, b in zip(own, other, strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-4)


def test_only_training_on_a_cpu_uses_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[int] = []
    blocks = attention.attend_in_blocks

    def counted(q_bhtd: Tensor, *others: Tensor, **options: object) -> Tensor:
        used.append(q_bhtd.shape[2])
        return blocks(q_bhtd, *others, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(attention, "attend_in_blocks", counted)
    monkeypatch.setattr(attention, "_LONGEST", 64)
    with torch.no_grad():
        attend(*tensors(SHAPES[0]), causal=True)
    attend(*[t.detach() for t in tensors(SHAPES[0])], causal=True)
    attend(*tensors(SHAPES[2]), causal=True)
    assert used == []
    attend(*tensors(SHAPES[1]), causal=True)
    assert used == [64]


def test_blocks_follow_autocast() -> None:
    inputs = tensors(SHAPES[1])
    with torch.autocast("cpu", torch.bfloat16):
        out = attend(*inputs, causal=True)
    assert out.dtype == torch.bfloat16
    torch.testing.assert_close(out.float(), attend(*inputs, causal=True), atol=0.03, rtol=0.03)
