"""What every decoder of the family learns: the velocity from data to noise, at all noise levels.

Source: Lipman et al. 2023, equation 23; the resolution shift of Esser et al. 2024, section 5.3.2,
in the form of :mod:`glm_image.pipeline.schedule`.
"""

import torch
from torch import Tensor

from glm_image.models.schedule_config import ScheduleConfig
from glm_image.pipeline.schedule import shift_of
from glm_image.types import PIXELS_PER_LATENT


def stratified(rng: torch.Generator, count: int) -> Tensor:
    """Numbers in [0, 1), one from each of ``count`` equal parts, in random order."""
    return (torch.rand(count, generator=rng) + torch.randperm(count, generator=rng)) / count


def shifted(level_b: Tensor, latents_bchw: Tensor, config: ScheduleConfig) -> Tensor:
    """Noise levels in (0, 1] as they are at the size of the latents.

    Args:
        level_b: Unshifted levels in (0, 1].
        latents_bchw: Latents ``[b, c, h, w]``, for their size.
        config: Numbers of the checkpoint.
    """
    height, width = (PIXELS_PER_LATENT * side for side in latents_bchw.shape[-2:])
    mu = shift_of(height, width, config)
    return mu / (mu + 1 / level_b - 1)
