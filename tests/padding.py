"""Masks of sequences that are padded on the left, as the reference library pads prompts."""

import torch
from torch import Tensor

from glm_image.layers.mask import causal_mask


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
