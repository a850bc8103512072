"""Exponential moving average of trained weights."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Ema:
    """Averaged copy of the parameters that are trained.

    The decay rises with the number of updates, ``min(decay, (1 + n) / (10 + n))``, so that early
    averages forget the initial weights.

    Args:
        module: Module whose parameters are averaged.
        decay: Final decay, in [0, 1).
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self._live = {n: p for n, p in module.named_parameters() if p.requires_grad}
        self._average = {n: p.detach().clone() for n, p in self._live.items()}
        self._decay = decay

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Move the averages towards the live parameters after optimiser step ``step``."""
        decay = min(self._decay, (1 + step) / (10 + step))
        averages = list(self._average.values())
        torch._foreach_lerp_(averages, list(self._live.values()), 1 - decay)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Swap the averages into the module for the duration of the block."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    @torch.no_grad()
    def _swap(self) -> None:
        for name, live in self._live.items():
            kept = live.detach().clone()
            live.copy_(self._average[name])
            self._average[name].copy_(kept)

    def state_dict(self) -> dict[str, Tensor]:
        """Averages by parameter name."""
        return dict(self._average)

    @torch.no_grad()
    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Restore averages.

        Raises:
            ValueError: They belong to other parameters.
        """
        if {n: a.shape for n, a in self._average.items()} != {n: a.shape for n, a in state.items()}:
            raise ValueError("the averages are of other parameters")
        for name, average in self._average.items():
            average.copy_(state[name])
