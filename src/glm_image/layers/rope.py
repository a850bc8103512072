"""Rotary position embedding: tables from positions, rotation of queries and keys."""

import torch
from torch import Tensor


def inverse_frequencies(rotary_dim: int, theta: float) -> Tensor:
    """Inverse frequencies ``theta ** (-2k / rotary_dim)``, fp32, shape ``[rotary_dim / 2]``.

    Source: Su et al. 2021, RoFormer, section 3.2.2.
    """
    return 1.0 / theta ** (torch.arange(0, rotary_dim, 2, dtype=torch.float32) / rotary_dim)


def rotate(x_bhtd: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate the first ``r`` channels of every head; the rest passes unchanged.

    The pairs are (k, k + r/2), the "rotate half" layout.

    Args:
        x_bhtd: Queries or keys ``[B, H, T, D]``.
        cos: ``[..., T, r]`` broadcastable to ``[B, H, T, r]``, each half equal, fp32.
        sin: Like ``cos``.

    Returns:
        Tensor like ``x_bhtd``, computed in fp32 and returned in its dtype.
    """
    rotary_dim = cos.shape[-1]
    x_rot = x_bhtd[..., :rotary_dim].float()
    first, second = x_rot.chunk(2, dim=-1)
    turned = torch.cat((-second, first), dim=-1)
    out = (x_rot * cos + turned * sin).to(x_bhtd.dtype)
    if rotary_dim == x_bhtd.shape[-1]:
        return out
    return torch.cat((out, x_bhtd[..., rotary_dim:]), dim=-1)


def gather_pairs(x: Tensor, rotary_dim: int) -> Tensor:
    """Put neighbouring channels (2k, 2k + 1) where :func:`rotate` looks for pairs.

    Queries and keys that are both reordered have the same products as before.

    Args:
        x: Queries or keys ``[..., D]``.
        rotary_dim: Channels that are rotated; the rest stays where it is.
    """
    return torch.cat((x[..., :rotary_dim:2], x[..., 1:rotary_dim:2], x[..., rotary_dim:]), dim=-1)
