"""How much an engine takes on at once."""

from dataclasses import dataclass, fields

from glm_image.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds of memory and patience. Only their speed depends on them, never what pictures show.

    Args:
        rows: Most pictures that are written side by side.
        tokens: Most ids of all these rows together, prompts included; one id of the published
            model takes 40 KiB in bf16.
        batch: Most pictures that are painted as one batch.
        batch_pixels: Largest picture that is painted in a batch; a larger one fills the device
            by itself and is painted alone.
        pixels: Most pixels that are being painted at once, sources included.
        queue: Most pictures that wait to be begun.

    Raises:
        ConfigError: A limit is not positive.
    """

    rows: int = 16
    tokens: int = 65536
    batch: int = 4
    batch_pixels: int = 768 * 768
    pixels: int = 3 * 2048 * 1024
    queue: int = 256

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) < 1:
                raise ConfigError("it is less than 1", field=field.name, hint="give 1 or more")

    def session(self, need: int) -> tuple[int, int]:
        """Rows of a session and ids of each row, for pictures of up to ``need`` ids."""
        tokens = -(-need // _GRAIN) * _GRAIN
        return max(1, min(self.rows, self.tokens // tokens)), tokens


_GRAIN = 512
"""Ids by which sessions differ in length, so that few sizes of memory are asked for."""
