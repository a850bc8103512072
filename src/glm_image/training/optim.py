"""Optimisers and learning-rate schedule of every training run."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from glm_image.device import multiplies_bf16
from glm_image.training.muon import PlainMuon


@dataclass(frozen=True, kw_only=True)
class OptimConfig:
    """How parameters are updated.

    Matrices of hidden layers are updated by Muon, everything else (embeddings, norms, biases,
    convolutions, input and output layers) by AdamW.

    Attributes:
        lr: Peak learning rate of AdamW.
        matrix_lr: Peak learning rate of Muon; 0 gives the matrices to AdamW as well.
        weight_decay: Decoupled weight decay of matrices.
        betas: Decay rates of AdamW's moments.
        warmup: Steps over which the rate rises from zero.
        decay: Share of the run, at its end, over which the rate falls to ``floor`` of its peak.
        floor: Final rate as a share of the peak.
        clip: Largest gradient norm.
    """

    lr: float = 1e-3
    matrix_lr: float = 0.02
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.95)
    warmup: int = 50
    decay: float = 0.4
    floor: float = 0.05
    clip: float = 1.0


def rate(config: OptimConfig, step: int, steps: int) -> float:
    """Share of the peak rate at a step: linear warm-up, plateau, cosine fall.

    Args:
        config: Schedule.
        step: Step about to be taken, from 0.
        steps: Steps of the whole run.
    """
    if step < config.warmup:
        return (step + 1) / config.warmup
    start = steps * (1 - config.decay)
    if step < start:
        return 1.0
    progress = min(1.0, (step - start) / max(1.0, steps - start))
    return config.floor + (1 - config.floor) * 0.5 * (1 + math.cos(math.pi * progress))


class Optimisers:
    """Muon for hidden matrices and AdamW for the rest, stepped together.

    Args:
        named: Parameters with their names; those that need no gradient are left out.
        config: Rates and decay.
    """

    def __init__(self, named: Iterable[tuple[str, nn.Parameter]], config: OptimConfig) -> None:
        self.config = config
        matrices: list[Tensor] = []
        others: list[Tensor] = []
        for name, parameter in named:
            if parameter.requires_grad:
                muon = config.matrix_lr > 0 and is_hidden_matrix(name, parameter)
                (matrices if muon else others).append(parameter)
        self.parameters = matrices + others
        self.optimisers: list[tuple[torch.optim.Optimizer, float]] = []
        if matrices:
            quick = multiplies_bf16(matrices[0].device)
            muon_optimiser = (torch.optim.Muon if quick else PlainMuon)(
                matrices,
                lr=config.matrix_lr,
                weight_decay=config.weight_decay,
                adjust_lr_fn="match_rms_adamw",
            )
            self.optimisers.append((muon_optimiser, config.matrix_lr))
        if others:
            adamw = torch.optim.AdamW(others, lr=config.lr, betas=config.betas, weight_decay=0.0)
            self.optimisers.append((adamw, config.lr))

    def step(self, step: int, steps: int) -> float:
        """Clip, update all parameters and clear the gradients.

        Returns:
            Norm of the gradients before clipping.
        """
        norm = nn.utils.clip_grad_norm_(self.parameters, self.config.clip)
        share = rate(self.config, step, steps)
        for optimiser, peak in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = peak * share
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        return float(norm)

    def state_dict(self) -> list[dict[str, object]]:
        """State of every optimiser, in order."""
        return [optimiser.state_dict() for optimiser, _ in self.optimisers]

    def load_state_dict(self, states: list[dict[str, object]]) -> None:
        """Restore what :meth:`state_dict` gave."""
        for (optimiser, _), state in zip(self.optimisers, states, strict=True):
            optimiser.load_state_dict(state)


def is_hidden_matrix(name: str, parameter: Tensor) -> bool:
    """Whether a parameter is a weight matrix between hidden layers.

    Tables, heads and projections from or to data keep their own scale and stay with AdamW.
    """
    edges = ("embed", "head", "proj_out", "image_projector", "relative", "codebook", "factors")
    return parameter.ndim == 2 and min(parameter.shape) > 1 and not any(e in name for e in edges)
