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
from numpy.typing import NDArray
from torch import Tensor

from glm_image.errors import InputError
from glm_image.models.schedule_config import ScheduleConfig

PIXELS_PER_DECODER_TOKEN = 16
"""Side in pixels of the square that one decoder token covers: VAE factor 8 times patch 2."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Timesteps and sigmas of one run.

    Args:
        timesteps: ``[n]`` fp32, what the decoder is told at each step.
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
    """Build the schedule of one picture size for GLM-Image.

    Args:
        height: Pixels, a multiple of 32.
        width: Pixels, a multiple of 32.
        steps: Denoising steps, 1 to ``config.num_train_timesteps``.
        config: Numbers of the checkpoint.

    Raises:
        InputError: More steps than integer timesteps, or none.
    """
    grid = _grid(steps + 1, steps, config)
    sigmas = _shift(grid, shift_of(height, width, config), config)
    return Schedule(timesteps=torch.from_numpy(grid - 1), sigmas=sigmas)


def cogview4_schedule(height: int, width: int, steps: int, config: ScheduleConfig) -> Schedule:
    """Build the schedule of one picture size for CogView4; arguments as :func:`schedule`.

    Its grid ends at 1 instead of one step above it, and its decoder is told the timestep itself.
    """
    grid = _grid(steps, steps, config)
    sigmas = _shift(grid, shift_of(height, width, config), config)
    return Schedule(timesteps=torch.from_numpy(grid), sigmas=sigmas)


def _grid(points: int, steps: int, config: ScheduleConfig) -> NDArray[np.float32]:
    """The first ``steps`` of evenly spaced whole timesteps from the highest to 1."""
    highest = config.num_train_timesteps
    if not 1 <= steps <= highest:
        raise InputError(
            f"{steps} steps", field="num_inference_steps", hint=f"choose 1 to {highest}"
        )
    # NumPy, as in the reference: torch's linspace truncates differently for 50 of the step counts
    # up to 1000, and its scalar division multiplies by a rounded reciprocal.
    return np.trunc(np.linspace(highest, 1.0, points)[:steps]).astype(np.float32)


def _shift(grid: NDArray[np.float32], shift: float, config: ScheduleConfig) -> Tensor:
    """Shifted noise levels ``[n + 1]`` of a grid, the last one 0."""
    mu, highest = np.float32(shift), np.float32(config.num_train_timesteps)
    shifted = mu / (mu + (1 / (grid / highest) - 1))
    return torch.from_numpy(np.append(shifted, np.float32(0)))
