"""Muon for devices that are slow at bf16."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

_RMS_OF_ADAMW = 0.2


class PlainMuon(torch.optim.Muon):
    """torch's Muon with its products in the dtype of the gradients.

    torch makes gradients orthogonal in bf16, which takes a CPU without instructions for it most of
    a training step. Without momentum yet, both have the same state.

    Source: Jordan et al. 2024, Muon; Liu et al. 2025, Muon is Scalable for LLM Training, section
    2.2 (rates that match AdamW's); reference behaviour: ``torch.optim.Muon``.
    """

    @torch.no_grad()
    def step(  # type: ignore[override]
        self, closure: Callable[[], float] | None = None
    ) -> float | None:
        """Update all matrices that have a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for matrix in group["params"]:
                if matrix.grad is not None:
                    self._update(matrix, matrix.grad, group)
        return loss

    def _update(self, matrix: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        momentum = self.state[matrix].setdefault("momentum_buffer", torch.zeros_like(gradient))
        momentum.lerp_(gradient, 1 - group["momentum"])
        ahead = gradient.lerp(momentum, group["momentum"])
        direction = orthogonal(
            ahead, group["ns_coefficients"], steps=group["ns_steps"], eps=group["eps"]
        )
        matrix.mul_(1 - group["lr"] * group["weight_decay"])
        matrix.add_(direction, alpha=-group["lr"] * _RMS_OF_ADAMW * max(matrix.shape) ** 0.5)


def orthogonal(
    matrix: Tensor, coefficients: tuple[float, float, float], *, steps: int, eps: float
) -> Tensor:
    """Bring the singular values of a matrix near 1 by a Newton-Schulz iteration.

    Args:
        matrix: ``[m, n]``.
        coefficients: Of the quintic polynomial, lowest power first.
        steps: Iterations.
        eps: Least norm that the matrix is divided by.
    """
    first, third, fifth = coefficients
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / x.norm().clamp(min=eps)
    for _ in range(steps):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=third, alpha=fifth), x, beta=first)
    return x.T if tall else x
