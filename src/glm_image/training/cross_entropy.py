"""Cross-entropy of a wide head without ever holding all its scores.

Legend: n positions, d width, v output ids.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

_CHUNK = 256
"""Positions whose scores are in memory at once: few enough for a processor's cache."""


@dataclass(frozen=True, kw_only=True)
class HeadLoss:
    """What a head's predictions are worth.

    Attributes:
        loss: Weighted mean of the losses, the only value with a gradient.
        losses_n: Cross-entropy of every position, in nats.
        right_n: Whether the most probable id is the target.
    """

    loss: Tensor
    losses_n: Tensor
    right_n: Tensor


def head_loss(hidden_nd: Tensor, head_vd: Tensor, targets_n: Tensor, weights_n: Tensor) -> HeadLoss:
    """Weighted cross-entropy of ``hidden @ head.T``.

    Scores and their gradients are computed together, a chunk of positions at a time. Products run
    in autocast's type where autocast is on, sums in fp32.

    Args:
        hidden_nd: Hidden states.
        head_vd: One row per output id.
        targets_n: Right ids.
        weights_n: Weights of the positions, not all zero.
    """
    kind = hidden_nd.device.type
    if torch.is_autocast_enabled(kind):
        dtype = torch.get_autocast_dtype(kind)
        hidden_nd, head_vd = hidden_nd.to(dtype), head_vd.to(dtype)
    shares = weights_n / weights_n.sum()
    loss, losses, right = _HeadLoss.apply(  # type: ignore[no-untyped-call]
        hidden_nd, head_vd, targets_n, shares
    )
    return HeadLoss(loss=loss, losses_n=losses, right_n=right)


class _HeadLoss(torch.autograd.Function):
    """Keeps the gradients of hidden states and head instead of the scores."""

    @staticmethod
    def forward(
        ctx: Any, hidden_nd: Tensor, head_vd: Tensor, targets_n: Tensor, shares_n: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        learns = any(ctx.needs_input_grad[:2])
        losses = torch.empty(len(targets_n), device=hidden_nd.device)
        right = torch.empty(len(targets_n), dtype=torch.bool, device=hidden_nd.device)
        hidden_gradient = torch.empty_like(hidden_nd)
        head_gradient = torch.zeros_like(head_vd, dtype=torch.float32)
        for start in range(0, len(targets_n), _CHUNK):
            rows = slice(start, start + _CHUNK)
            hidden, targets = hidden_nd[rows], targets_n[rows, None]
            scores = (hidden @ head_vd.T).float()
            peak, best = scores.max(dim=-1, keepdim=True)
            right[rows] = (best == targets)[:, 0]
            scores -= peak
            of_target = scores.gather(1, targets)
            total = scores.exp_().sum(dim=-1, keepdim=True)
            losses[rows] = (total.log() - of_target)[:, 0]
            if learns:
                share = shares_n[rows, None]
                scores *= share / total
                scores.scatter_add_(1, targets, -share)
                gradient = scores.to(hidden.dtype)
                hidden_gradient[rows] = gradient @ head_vd
                head_gradient += gradient.T @ hidden
        ctx.save_for_backward(hidden_gradient, head_gradient.to(head_vd.dtype))
        ctx.mark_non_differentiable(losses, right)
        return (losses * shares_n).sum(), losses, right

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, loss: Tensor, *_: Tensor) -> tuple[Tensor, Tensor, None, None]:
        hidden_gradient, head_gradient = ctx.saved_tensors
        return loss * hidden_gradient, loss * head_gradient, None, None
