"""Key/value storage for attention.

Legend: b sequences, k key/value heads, t new tokens, s stored positions, d channels, r rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


class KeyValueStore(Protocol):
    """Where attention leaves new keys and values, and from where it takes all of them."""

    def write(self, layer: int, k_bktd: Tensor, v_bktd: Tensor) -> tuple[Tensor, Tensor]:
        """Store new positions of one layer and return the keys and values to attend to."""


class KVCache:
    """Preallocated keys and values of every layer, filled from left to right.

    Args:
        keys: One ``[B, K, S_max, D]`` tensor per layer.
        values: Like ``keys``.
    """

    def __init__(self, keys: list[Tensor], values: list[Tensor]) -> None:
        self.keys = keys
        self.values = values
        self.length = 0

    @classmethod
    def allocate(
        cls, layers: int, batch: int, kv_heads: int, capacity: int, like: Tensor, head_dim: int
    ) -> "KVCache":
        """Reserve room for ``capacity`` positions with the dtype and device of ``like``."""
        shape = (batch, kv_heads, capacity, head_dim)
        keys = [like.new_zeros(shape) for _ in range(layers)]
        return cls(keys, [like.new_zeros(shape) for _ in range(layers)])

    def write(self, layer: int, k_bktd: Tensor, v_bktd: Tensor) -> tuple[Tensor, Tensor]:
        """Store new positions of one layer and return all keys and values so far.

        The position counter moves by :meth:`advance`, once all layers have written.
        """
        end = self.length + k_bktd.shape[2]
        self.keys[layer][:, :, self.length : end] = k_bktd
        self.values[layer][:, :, self.length : end] = v_bktd
        return self.keys[layer][:, :, :end], self.values[layer][:, :, :end]

    def advance(self, count: int) -> None:
        """Move the position counter after a forward pass over ``count`` tokens."""
        self.length += count


@dataclass(frozen=True, kw_only=True)
class RowCache:
    """Preallocated keys and values of rows that stand at different positions.

    Args:
        keys: One ``[R, K, S_max, D]`` tensor per layer, finite everywhere: attention gives what is
            masked no weight, but no weight times infinity is not a number.
        values: Like ``keys``.
    """

    keys: list[Tensor]
    values: list[Tensor]

    def row(self, index: int) -> KVCache:
        """One row as an empty cache of one sequence, to read a prompt into."""
        rows = slice(index, index + 1)
        return KVCache([keys[rows] for keys in self.keys], [values[rows] for values in self.values])

    def copy(self, source: int, targets: Sequence[int], length: int) -> None:
        """Copy the first ``length`` positions of one row to other rows."""
        for stored in (*self.keys, *self.values):
            for target in targets:
                stored[target, :, :length] = stored[source, :, :length]

    def at(self, index_rt: Tensor, extent: int) -> "RowView":
        """The first rows, ready to take new tokens at positions of their own.

        Args:
            index_rt: ``[R', T]`` int64, where each new token of the first ``R'`` rows is stored.
            extent: Number of positions that attention sees; every index is below it.
        """
        _, heads, _, channels = self.keys[0].shape
        index_rktd = index_rt[:, None, :, None].expand(-1, heads, -1, channels)
        return RowView(cache=self, index_rt=index_rt, index_rktd=index_rktd, extent=extent)


@dataclass(frozen=True, kw_only=True)
class RowView:
    """The first rows of a :class:`RowCache` during one forward pass.

    Args:
        cache: What they are rows of.
        index_rt: ``[R', T]`` int64, where each new token is stored.
        index_rktd: The same for every head and channel, as a view.
        extent: Number of positions that attention sees.
    """

    cache: RowCache
    index_rt: Tensor
    index_rktd: Tensor
    extent: int

    def write(self, layer: int, k_bktd: Tensor, v_bktd: Tensor) -> tuple[Tensor, Tensor]:
        """Store the new positions of one layer and return all that the rows may attend to."""
        keys_rksd, values_rksd = self.cache.keys[layer], self.cache.values[layer]
        rows = len(self.index_rt)
        if rows < len(keys_rksd):
            keys_rksd, values_rksd = keys_rksd.narrow(0, 0, rows), values_rksd.narrow(0, 0, rows)
        keys_rksd.scatter_(2, self.index_rktd, k_bktd)
        values_rksd.scatter_(2, self.index_rktd, v_bktd)
        return keys_rksd.narrow(2, 0, self.extent), values_rksd.narrow(2, 0, self.extent)

    def mask(self) -> Tensor:
        """``[R', 1, T, extent]``: every new token sees the positions up to its own."""
        stored_s = torch.arange(self.extent, device=self.index_rt.device)
        return (stored_s <= self.index_rt[..., None])[:, None]
