"""Normalisation layers."""

import torch
from torch import Tensor, nn


class RMSNorm(nn.Module):
    """Root-mean-square normalisation with a learned scale.

    Statistics are taken in fp32 whatever the input dtype; the result has the input's dtype.

    Source: Zhang & Sennrich 2019; reference behaviour: transformers, GlmImageRMSNorm and
    T5LayerNorm.

    Args:
        dim: Size of the last axis.
        eps: Added to the mean square.
    """

    def __init__(self, dim: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """Normalise the last axis of ``x`` (any shape ending in ``dim``)."""
        x32 = x.float()
        x32 = x32 * torch.rsqrt(x32.square().mean(-1, keepdim=True) + self.eps)
        return self.weight * x32.to(x.dtype)
