"""Query, key and value of the diffusion decoder in one matrix product (class B).

Legend: l tokens, d channels, h heads, k head channels.
"""

from typing import cast

from torch import Tensor, nn

from glm_image.execution import heap
from glm_image.execution.linear import join
from glm_image.models.dit_block import Block, JointAttention
from glm_image.models.dit_trunk import Trunk


class FusedAttention(JointAttention):
    """A layer whose three projections are one, made from a plain one.

    Takes over the output projection and joins the others, so that the plain layer can be let go.

    Args:
        plain: The layer as it was trained.
    """

    def __init__(self, plain: JointAttention) -> None:
        nn.Module.__init__(self)
        self.heads = plain.heads
        self.to_out = plain.to_out
        self.to_qkv = join([plain.to_q, plain.to_k, plain.to_v])
        self.train(plain.training)

    def heads_of(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Give queries, keys and values ``[..., l, h, k]`` of tokens ``[..., l, d]``."""
        parts: Tensor = self.to_qkv(x)
        query, key, value = parts.view(*x.shape[:-1], 3, self.heads, -1).unbind(-3)
        return query, key, value


def fuse(dit: Trunk) -> None:
    """Put one projection for three into every block; the weights are not trained after that."""
    for block in (cast(Block, block) for block in dit.transformer_blocks):
        if not isinstance(block.attn1, FusedAttention):
            block.attn1 = FusedAttention(block.attn1)
            heap.give_back()
