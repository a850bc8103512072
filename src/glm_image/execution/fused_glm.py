"""The generator with fewer and larger operations (class B).

Query, key and value come from one product, and both rotations are one. A new token meets the
cache with all query heads of a key/value head at once, so every stored key is read once. One token
is so little work that the number of operations counts, in norms and rotation most of all.

Legend: b rows, t new tokens, s stored positions, d head channels, h query heads, k key/value heads,
g query heads per key/value head, x width.

Source: Ainslie et al. 2023, GQA, section 2.2 (query heads that share keys are one matrix).
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from glm_image.execution.linear import join, replace
from glm_image.layers.attention import attend
from glm_image.layers.norm import RMSNorm
from glm_image.models.generator import Generator
from glm_image.models.glm import Attention, Context


class FusedNorm(nn.Module):
    """Takes the place of :class:`RMSNorm`; all of it is computed in fp32 and rounded once.

    Args:
        plain: The norm whose weight is taken over.
    """

    def __init__(self, plain: RMSNorm) -> None:
        super().__init__()
        root = math.sqrt(plain.weight.numel())
        self.weight = plain.weight
        self.eps = plain.eps
        self.scale: Tensor
        self.floor: Tensor
        self.twice: Tensor
        # Tensors, because torch takes twice as long to combine a tensor with a number.
        self.register_buffer("scale", plain.weight.detach().float() * root, persistent=False)
        floor = torch.tensor(root * math.sqrt(plain.eps), device=plain.weight.device)
        self.register_buffer("floor", floor, persistent=False)
        twice = torch.cat((plain.weight.detach(), plain.weight.detach()))
        self.register_buffer("twice", twice, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise the last axis of ``x`` (any shape ending in the weight's)."""
        if x.device.type != "cpu":
            normed: Tensor = F.rms_norm(x, self.weight.shape, self.weight, self.eps)
            return normed
        channels = x.shape[-1]
        if x.numel() == channels:
            # Beside its negative a token has no mean, so that layer normalisation, which is one
            # operation on a CPU, divides by the root of its mean square.
            both = F.layer_norm(
                torch.cat((x, -x), -1), self.twice.shape, self.twice, None, self.eps
            )
            return both.narrow(-1, 0, channels)
        # The root of the sum of squares and the number of channels times epsilon.
        length = torch.linalg.vector_norm(x, dim=-1, keepdim=True, dtype=torch.float32)
        return (x / torch.hypot(length, self.floor)).mul_(self.scale).to(x.dtype)


class FusedAttention(nn.Module):
    """Takes the place of :class:`Attention` and gives the same in another order of summation.

    Args:
        plain: The attention whose layers are taken over.
    """

    def __init__(self, plain: Attention) -> None:
        super().__init__()
        self.layer = plain.layer
        self.head_dim = plain.head_dim
        self.heads = plain.q_proj.out_features // plain.head_dim
        self.groups = plain.k_proj.out_features // plain.head_dim
        self.qkv_proj = join([plain.q_proj, plain.k_proj, plain.v_proj])
        self.o_proj = plain.o_proj

    def forward(self, x_btx: Tensor, context: Context) -> Tensor:
        """Attend within the sequence and, if there is a cache, to everything before it."""
        heads = (*x_btx.shape[:2], -1, self.head_dim)
        qkv_bptd = self.qkv_proj(x_btx).view(heads).transpose(1, 2)
        turned = self.heads + self.groups
        qk_bptd = qkv_bptd[:, :turned]
        _turn(qk_bptd, context.cos_b1tr, context.signed_sin_b1tr)
        q_bhtd, k_bksd = qk_bptd[:, : self.heads], qk_bptd[:, self.heads :]
        v_bksd = qkv_bptd[:, turned:]
        if context.cache is not None:
            k_bksd, v_bksd = context.cache.write(self.layer, k_bksd, v_bksd)
        if context.causal:
            out_bhtd = attend(q_bhtd, k_bksd, v_bksd, causal=True)
        else:
            out_bhtd = attend_in_groups(q_bhtd, k_bksd, v_bksd, context.mask)
        out_btx: Tensor = self.o_proj(out_bhtd.transpose(1, 2).flatten(2))
        return out_btx


def _turn(x_bptd: Tensor, cos_b1tr: Tensor, signed_sin_b1tr: Tensor) -> None:
    """Rotate in place as :func:`glm_image.layers.rope.rotate` does, with fewer operations."""
    rotary_dim = cos_b1tr.shape[-1]
    x_bptr = x_bptd.narrow(-1, 0, rotary_dim)
    swapped_bptr = x_bptr.roll(rotary_dim // 2, -1)
    torch.addcmul(x_bptr * cos_b1tr, swapped_bptr, signed_sin_b1tr, out=x_bptr)


def attend_in_groups(q_bhtd: Tensor, k_bksd: Tensor, v_bksd: Tensor, mask: Tensor | None) -> Tensor:
    """Attention of a few queries to many keys, two products for all heads.

    The weights are normalised in fp32 whatever the dtype.

    Args:
        q_bhtd: Queries ``[B, H, T, D]``.
        k_bksd: Keys ``[B, K, S, D]``; ``H`` is a multiple of ``K``.
        v_bksd: Values, like the keys.
        mask: Boolean ``[B, 1, T, S]``, True where attention is allowed; None allows everything.

    Returns:
        ``[B, H, T, D]``.
    """
    b, h, t, d = q_bhtd.shape
    groups, stored = k_bksd.shape[1:3]
    keys, values = k_bksd.flatten(0, 1), v_bksd.flatten(0, 1)
    queries = q_bhtd.reshape(b * groups, -1, d)
    # What is added counts nothing; so the scale needs no operation of its own.
    scores = torch.baddbmm(
        queries.new_empty((1, 1, 1)), queries, keys.transpose(1, 2), beta=0, alpha=d**-0.5
    )
    if mask is not None:
        seen = scores.view(b, groups, -1, t, stored)
        scores = torch.where(mask[:, :, None], seen, -torch.inf).view_as(scores)
    weights = scores.softmax(-1, dtype=torch.float32).to(values.dtype)
    return torch.bmm(weights, values).view(b, h, t, d)


def fuse(generator: Generator) -> None:
    """Replace attention and norms in place; the plain layers are let go one by one.

    For inference only: nothing is saved from a fused network.
    """
    model = generator.language_model
    for name, part in list(model.named_modules()):
        if isinstance(part, Attention):
            replace(model, name, FusedAttention(part))
        elif isinstance(part, RMSNorm):
            replace(model, name, FusedNorm(part))
