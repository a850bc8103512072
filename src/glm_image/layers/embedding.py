"""Sinusoidal embedding of scalars."""

import math

import torch
from torch import Tensor


def sinusoid(values: Tensor, dim: int) -> Tensor:
    """Embed scalars as cosines (first half) and sines (second half), in fp32.

    Frequencies are ``10000 ** (-k / (dim / 2))``.

    Source: Vaswani et al. 2017, section 3.5; reference behaviour: diffusers, Timesteps with
    flip_sin_to_cos and downscale_freq_shift 0.

    Args:
        values: ``[N]`` timesteps in [0, 1000] or pixel counts.
        dim: Even size of the embedding.

    Returns:
        ``[N, dim]`` fp32.
    """
    half = dim // 2
    exponent = -math.log(10000.0) * torch.arange(half, dtype=torch.float32, device=values.device)
    angles = values.float()[:, None] * torch.exp(exponent / half)[None]
    return torch.cat((angles.cos(), angles.sin()), dim=-1)
