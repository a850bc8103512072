"""The decoder's tokens shared out among processes (class B).

Each process holds a stretch of the tokens that a pass lays end to end, whatever branch, picture or
stream they belong to, and takes it through every matrix. To attend, processes exchange tokens for
heads: then each holds some heads of all tokens, and segments and references are what they are for
one process alone. Behind it they exchange back.

Legend: l all tokens, t own tokens, a heads, o own heads, k head channels, d channels, s senders and
receivers.

Source: Jacobs et al. 2023, DeepSpeed Ulysses, section 3.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from glm_image.execution.parallel import Group

Heads = tuple[Tensor, Tensor, Tensor]
"""Queries, keys and values."""


class Stretch:
    """The tokens of a pass that this process holds; alone it is all of them.

    Stretches are of one length: behind the last token stand some that nobody looks at.

    Args:
        group: The processes that share the tokens.
        length: All tokens.

    Attributes:
        start: First token.
        count: Number of tokens.
    """

    def __init__(self, group: Group, length: int) -> None:
        self._group = group
        self._length = length
        self.count = -(-length // group.size)
        self.start = group.rank * self.count

    @property
    def is_padded(self) -> bool:
        """Whether there are tokens that nobody looks at."""
        return self.count * self._group.size > self._length

    def own(self, x: Tensor) -> Tensor:
        """The own tokens ``[t, ...]`` of all ``[l, ...]``."""
        if self._group.size == 1:
            return x
        missing = self.count * self._group.size - self._length
        padded = F.pad(x, (0, 0) * (x.ndim - 1) + (0, missing)) if missing else x
        return padded[self.start : self.start + self.count].contiguous()

    def whole(self, x_td: Tensor) -> Tensor:
        """All tokens ``[l, d]`` of the own ones of every process."""
        if self._group.size == 1:
            return x_td
        return self._group.gather(x_td).flatten(0, 1)[: self._length]

    def to_heads(self, query_tak: Tensor, key_tak: Tensor, value_tak: Tensor) -> Heads:
        """Some heads of all tokens, of all heads of the own tokens."""
        size = self._group.size
        if size == 1:
            return query_tak, key_tak, value_tak
        parts = torch.stack(
            [x.reshape(len(x), size, -1, x.shape[-1]) for x in (query_tak, key_tak, value_tak)]
        )
        # Queries, keys and values travel together: [3, t, s, o, k] to [s, 3, t, o, k].
        received = self._group.exchange(parts.permute(2, 0, 1, 3, 4))
        query_lok, key_lok, value_lok = received.transpose(0, 1).flatten(1, 2).unbind(0)
        return query_lok, key_lok, value_lok

    def to_tokens(self, out_ld: Tensor) -> Tensor:
        """All channels of the own tokens ``[t, d]``, of the own heads' channels of all tokens."""
        if self._group.size == 1:
            return out_ld
        received = self._group.exchange(out_ld.view(self._group.size, self.count, -1))
        return received.transpose(0, 1).flatten(1)


def own_heads(x_mrak: Tensor, group: Group) -> Tensor:
    """The heads of this process, of all heads ``[m, r, a, k]``."""
    return x_mrak if group.size == 1 else x_mrak.chunk(group.size, dim=2)[group.rank].contiguous()
