"""Scaled dot-product attention with one calling convention for every network."""

import torch.nn.functional as F
from torch import Tensor


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
    return F.scaled_dot_product_attention(
        q_bhtd,
        k_bhsd,
        v_bhsd,
        attn_mask=mask if bias is None else bias,
        is_causal=causal,
        scale=scale,
        enable_gqa=q_bhtd.shape[1] != k_bhsd.shape[1],
    )
