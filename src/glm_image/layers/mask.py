"""Boolean attention masks: True where a query may look at a key."""

import torch
from torch import Tensor


def causal_mask(queries: int, keys: int, device: torch.device) -> Tensor:
    """Mask for the last ``queries`` positions of a sequence of ``keys`` positions.

    Returns:
        ``[1, 1, queries, keys]``; query ``t`` sees the keys up to its own position.
    """
    query_at = torch.arange(keys - queries, keys, device=device)
    key_at = torch.arange(keys, device=device)
    return (key_at[None, :] <= query_at[:, None])[None, None]


def padded_causal_mask(valid_bs: Tensor, queries: int) -> Tensor:
    """Causal mask for sequences padded on the left.

    A padding query still sees itself: a row without any allowed key makes softmax undefined, and
    some fused kernels then spoil other rows too.

    Args:
        valid_bs: Boolean ``[B, S]``, True for real tokens, over all keys so far.
        queries: Number of newest positions that act as queries.

    Returns:
        ``[B, 1, queries, S]``.
    """
    keys = valid_bs.shape[1]
    own = torch.eye(keys, dtype=torch.bool, device=valid_bs.device)[None, None, keys - queries :]
    return causal_mask(queries, keys, valid_bs.device) & valid_bs[:, None, None, :] | own
