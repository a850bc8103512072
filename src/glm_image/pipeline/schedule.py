"""The noise schedule: which timesteps the decoder sees and how far each step moves.

Two sequences belong together. The decoder is told ``t - 1`` of an evenly spaced *integer* grid,
whatever the size of the picture; the Euler step moves along *shifted* sigmas, which stay high for
longer the larger the picture is. Feeding the shifted values to the decoder drifts the colours.

Source: Esser et al. 2024, "Scaling Rectified Flow Transformers", section 5.3.2; reference
behaviour: diffusers, FlowMatchEulerDiscreteScheduler with linear dynamic shifting.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from glm_image.errors import InputError
from glm_image.models.schedule_config import ScheduleConfig

PIXELS_PER_DECODER_TOKEN = 16
"""Side in pixels of the square that one decoder token covers: VAE factor 8 times patch 2."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Timesteps and sigmas of one run.

    Args:
        timesteps: ``[n]`` fp32, what the decoder is told at each step: ``t - 1``.
        sigmas: ``[n + 1]`` fp32 shifted noise levels in [0, 1]; the last one is 0.
    """

    timesteps: Tensor
    sigmas: Tensor

    def __len__(self) -> int:
        return self.timesteps.shape[0]

    @property
    def starts_from_noise(self) -> bool:
        """Whether the first noise level is 1, where nothing but noise is left."""
        return float(self.sigmas[0]) == 1.0

    def last(self, strength: float) -> "Schedule":
        """The tail of the schedule that an edit of this strength runs.

        Args:
            strength: In (0, 1]; 1 is the whole schedule, small values keep the source.

        Returns:
            The last ``floor(n * strength)`` steps, at least one. ``n`` steps of strength 0.7 are
            seven tenths of them although 0.7 is not an exact float, hence the small allowance.
        """
        count = min(len(self), max(1, math.floor(len(self) * strength + 1e-6)))
        start = len(self) - count
        return Schedule(timesteps=self.timesteps[start:], sigmas=self.sigmas[start:])


def shift_of(height: int, width: int, config: ScheduleConfig) -> float:
    """The shift ``mu`` for a picture of ``height`` x ``width`` pixels.

    It is never clamped: 2048 x 2048 gives 6.25 with the published numbers.
    """
    tokens = (height // PIXELS_PER_DECODER_TOKEN) * (width // PIXELS_PER_DECODER_TOKEN)
    return config.max_shift * math.sqrt(tokens / config.base_image_seq_len) + config.base_shift


def schedule(height: int, width: int, steps: int, config: ScheduleConfig) -> Schedule:
    """Build the schedule of one picture size.

    Args:
        height: Pixels, a multiple of 32.
        width: Pixels, a multiple of 32.
        steps: Denoising steps, 1 to ``config.num_train_timesteps``.
        config: Numbers of the checkpoint.

    Raises:
        InputError: More steps than integer timesteps, or none.
    """
    highest = config.num_train_timesteps
    if not 1 <= steps <= highest:
        raise InputError(
            f"{steps} steps", field="num_inference_steps", hint=f"choose 1 to {highest}"
        )
    # NumPy, as in the reference: torch's linspace truncates differently for 50 of the step counts
    # up to 1000, and its scalar division multiplies by a rounded reciprocal.
    grid = np.trunc(np.linspace(highest, 1.0, steps + 1)[:-1]).astype(np.float32)
    mu = np.float32(shift_of(height, width, config))
    shifted = mu / (mu + (1 / (grid / np.float32(highest)) - 1))
    sigmas = torch.from_numpy(np.append(shifted, np.float32(0)))
    return Schedule(timesteps=torch.from_numpy(grid - 1), sigmas=sigmas)
