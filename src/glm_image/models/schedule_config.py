"""The numbers of the noise schedule that belong to a checkpoint."""

from dataclasses import dataclass

from glm_image.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class ScheduleConfig:
    """How far the noise levels of a picture are shifted towards noise.

    A picture of ``n`` decoder tokens gets ``mu = max_shift * sqrt(n / base_image_seq_len) +
    base_shift``.

    Source: zai-org/GLM-Image, ``scheduler/scheduler_config.json``.

    Args:
        num_train_timesteps: Timesteps of training; the grid counts down from here.
        base_image_seq_len: Decoder tokens at which ``mu`` is ``max_shift + base_shift``.
        base_shift: Constant part of ``mu``.
        max_shift: Part of ``mu`` that grows with the side of the picture.
    """

    num_train_timesteps: int = 1000
    base_image_seq_len: int = 256
    base_shift: float = 0.25
    max_shift: float = 0.75

    def __post_init__(self) -> None:
        if self.num_train_timesteps < 1 or self.base_image_seq_len < 1:
            raise ConfigError(
                f"counts must be positive, got num_train_timesteps={self.num_train_timesteps}, "
                f"base_image_seq_len={self.base_image_seq_len}",
                field="scheduler",
            )
