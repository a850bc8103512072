"""Key/value storage for attention."""

from torch import Tensor


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
