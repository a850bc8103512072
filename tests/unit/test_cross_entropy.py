"""The chunked loss of a head equals torch's cross-entropy."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from glm_image.training.cross_entropy import head_loss


def problem(count: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    rng = torch.Generator().manual_seed(count)
    hidden = torch.randn(count, 12, generator=rng, requires_grad=True)
    head = torch.randn(40, 12, generator=rng, requires_grad=True)
    targets = torch.randint(40, (count,), generator=rng)
    weights = torch.rand(count, generator=rng) + 0.1
    return hidden, head, targets, weights


@pytest.mark.parametrize("count", [1, 255, 256, 257, 700])
def test_the_loss_and_its_gradients_are_those_of_torch(count: int) -> None:
    hidden, head, targets, weights = problem(count)
    result = head_loss(hidden, head, targets, weights)
    scores = hidden @ head.T
    losses = F.cross_entropy(scores, targets, reduction="none")
    loss = (losses * weights).sum() / weights.sum()
    torch.testing.assert_close(result.loss, loss, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(result.losses_n, losses, atol=1e-5, rtol=1e-5)
    assert torch.equal(result.right_n, scores.argmax(-1) == targets)
    own = torch.autograd.grad(3 * result.loss, (hidden, head))
    other = torch.autograd.grad(3 * loss, (hidden, head))
    for a, b in zip(own, other, strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-4)


def test_large_scores_do_not_overflow() -> None:
    hidden, head, targets, weights = problem(8)
    result = head_loss(1000 * hidden, head, targets, weights)
    assert result.losses_n.isfinite().all()
    result.loss.backward()
    assert hidden.grad is not None
    assert hidden.grad.isfinite().all()


def test_products_follow_autocast() -> None:
    hidden, head, targets, weights = problem(300)
    exact = head_loss(hidden, head, targets, weights)
    with torch.autocast("cpu", torch.bfloat16):
        fast = head_loss(hidden, head, targets, weights)
    assert fast.loss.dtype == torch.float32
    assert fast.loss != exact.loss
    torch.testing.assert_close(fast.loss, exact.loss, atol=0.05, rtol=0.02)


def test_without_gradients_the_losses_are_the_same() -> None:
    inputs = problem(300)
    with torch.no_grad():
        alone = head_loss(*inputs)
    assert torch.equal(alone.losses_n, head_loss(*inputs).losses_n)
