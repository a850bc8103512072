"""Skipping most of a pass where little has changed since the step before (class E).

What the first block adds to the tokens tells how much the whole pass would change. If it is close
to what it added before, what all other blocks added before is added again.

Source: the first-block cache of ParaAttention, https://github.com/chengzeyi/ParaAttention; Liu et
al. 2025, Timestep Embedding Tells, section 3.

Legend: l tokens of all pictures, d channels.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from glm_image.execution.parallel import Group


class StepCache:
    """Remembers one pass. A batch is decided by the mean over its pictures.

    Args:
        threshold: Relative change, mean absolute difference over mean absolute value, below
            which the remembered pass is used; 0 never uses it.
        group: Processes that share the tokens; they decide alike.

    Attributes:
        skipped: Passes that were skipped so far.
    """

    def __init__(self, threshold: float, group: Group) -> None:
        self.skipped = 0
        self._threshold = threshold
        self._group = group
        self._first: Tensor | None = None
        self._others: Tensor | None = None

    def run(
        self, x_ld: Tensor, first: Callable[[Tensor], Tensor], others: Callable[[Tensor], Tensor]
    ) -> Tensor:
        """Run all blocks over tokens, or only the first one.

        Args:
            x_ld: Tokens; their memory may be used for the result.
            first: The first block; may work in place.
            others: All other blocks; may work in place.
        """
        if not self._threshold:
            return others(first(x_ld))
        before_ld = x_ld.clone()
        x_ld = first(x_ld)
        added_ld = x_ld - before_ld
        if self._first is not None and self._others is not None and self._is_close(added_ld):
            self.skipped += 1
            return x_ld.add_(self._others)
        before_ld.copy_(x_ld)
        x_ld = others(x_ld)
        self._first, self._others = added_ld, x_ld - before_ld
        return x_ld

    def _is_close(self, added_ld: Tensor) -> bool:
        """Whether the first block added nearly what it added when all blocks ran."""
        if self._first is None or self._first.shape != added_ld.shape:
            return False
        means = torch.stack([(added_ld - self._first).abs().mean(), self._first.abs().mean()])
        change, size = self._group.add(means).tolist()
        return bool(change < self._threshold * size)
