"""Scaled dot-product attention with one calling convention for every network."""

import torch
import torch.nn.functional as F
from torch import Tensor

_BLOCK = 64
_LONGEST = 2048
"""Keys up to which training on a CPU keeps the attention weights in memory."""


def attend(
    q_bhtd: Tensor,
    k_bhsd: Tensor,
    v_bhsd: Tensor,
    *,
    mask: Tensor | None = None,
    bias: Tensor | None = None,
    causal: bool = False,
    scale: float | None = None,
) -> Tensor:
    """Attend from every query to the allowed keys.

    Args:
        q_bhtd: Queries ``[B, H, T, D]``.
        k_bhsd: Keys ``[B, K, S, D]``; ``H`` is a multiple of ``K`` (grouped-query attention).
        v_bhsd: Values, like the keys.
        mask: Boolean, True where attention is allowed, broadcastable to ``[B, H, T, S]``.
            Every query must keep at least one key.
        bias: Additive, like the queries' dtype, broadcastable to ``[B, H, T, S]``. Not together
            with ``mask``; the caller folds the mask into the bias.
        causal: Query ``t`` sees keys ``s <= t``; only for ``T == S`` and no mask.
        scale: Factor on the logits; ``D ** -0.5`` by default.

    Returns:
        ``[B, H, T, D]``.
    """
    if _learns_on_cpu(q_bhtd, k_bhsd):
        factor = q_bhtd.shape[-1] ** -0.5 if scale is None else scale
        return attend_in_blocks(
            q_bhtd, k_bhsd, v_bhsd, mask=mask, bias=bias, causal=causal, scale=factor
        )
    return F.scaled_dot_product_attention(
        q_bhtd,
        k_bhsd,
        v_bhsd,
        attn_mask=mask if bias is None else bias,
        is_causal=causal,
        scale=scale,
        enable_gqa=q_bhtd.shape[1] != k_bhsd.shape[1],
    )


def _learns_on_cpu(q_bhtd: Tensor, k_bhsd: Tensor) -> bool:
    """Whether gradients will flow through attention that torch's CPU kernel computes slowly."""
    learns = torch.is_grad_enabled() and (q_bhtd.requires_grad or k_bhsd.requires_grad)
    return learns and q_bhtd.device.type == "cpu" and k_bhsd.shape[2] <= _LONGEST


def attend_in_blocks(
    q_bhtd: Tensor,
    k_bhsd: Tensor,
    v_bhsd: Tensor,
    *,
    mask: Tensor | None,
    bias: Tensor | None,
    causal: bool,
    scale: float,
) -> Tensor:
    """Attention from matrix products over blocks of queries; the arguments of :func:`attend`.

    Its backward pass takes about half the time of that of torch's CPU kernel. Grouped queries
    meet their keys in one product, and causal blocks skip the keys that they may not see.
    """
    b, h, t, d = q_bhtd.shape
    groups = k_bhsd.shape[1]
    if torch.is_autocast_enabled("cpu"):
        dtype = torch.get_autocast_dtype("cpu")
        q_bhtd, k_bhsd, v_bhsd = q_bhtd.to(dtype), k_bhsd.to(dtype), v_bhsd.to(dtype)
    q_bkgtd = (q_bhtd * scale).view(b, groups, h // groups, t, d)
    kt_bkds = k_bhsd.transpose(-1, -2)
    extra = mask if bias is None else bias
    size = _BLOCK if causal else t
    outputs: list[Tensor] = []
    for start in range(0, t, size):
        stop = min(start + size, t)
        rows = stop - start
        seen = stop if causal else k_bhsd.shape[2]
        block = q_bkgtd[:, :, :, start:stop].reshape(b, groups, -1, d)
        scores = (block @ kt_bkds[..., :seen]).view(b, h, rows, seen)
        if causal:
            future = torch.ones(rows, rows, dtype=torch.bool).triu(1)
            scores[..., start:].masked_fill_(future, -torch.inf)
        elif extra is not None and extra.dtype == torch.bool:
            scores = scores.masked_fill(~extra, -torch.inf)
        elif extra is not None:
            scores = scores + extra
        weights = scores.softmax(dim=-1).view(b, groups, -1, seen)
        outputs.append((weights @ v_bhsd[:, :, :seen]).view(b, h, rows, d))
    return torch.cat(outputs, dim=2)
