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
