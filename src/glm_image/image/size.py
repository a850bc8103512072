"""Sizes: what is generated for a requested size, token grids, and how sources are scaled.

One semantic token covers 32 x 32 pixels, so every generated picture and every source has sides
that are multiples of 32. Odd requests are rounded up and cropped back; sources are scaled once.
"""

import math
from dataclasses import dataclass

from glm_image.errors import ConfigError, InputError
from glm_image.types import PIXELS_PER_TOKEN, Grid, Size

PREVIEW_SIDE = 16
"""Rows and columns of the preview of a square picture."""

MAX_SOURCE_ASPECT = 4
"""A source may be this many times longer than wide, the range of the image encoder's training."""

MIN_SOURCE_SIDE = 16
"""Smallest side of a source in pixels, one patch."""


@dataclass(frozen=True, kw_only=True)
class SourceLimits:
    """How a checkpoint wants its source images.

    Source: zai-org/GLM-Image, ``processor/preprocessor_config.json``.

    Args:
        min_pixels: Square of the least short side in pixels.
        max_pixels: Square of the greatest long side in pixels.
        patch_size: Side of an image encoder patch in pixels at half resolution.
        mean: Mean of each channel of values in [0, 1].
        std: Standard deviation of each channel.
    """

    min_pixels: int
    max_pixels: int
    patch_size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def __post_init__(self) -> None:
        if 2 * self.patch_size != PIXELS_PER_TOKEN:
            raise ConfigError(
                f"got {self.patch_size}",
                field="patch_size",
                hint=f"a patch at half resolution is one token of {PIXELS_PER_TOKEN} pixels",
            )
        if not PIXELS_PER_TOKEN**2 <= self.min_pixels <= self.max_pixels:
            raise ConfigError(
                f"got {self.min_pixels} and {self.max_pixels}",
                field="min_pixels, max_pixels",
                hint=f"{PIXELS_PER_TOKEN**2} <= min_pixels <= max_pixels",
            )
        if min(self.std) <= 0:
            raise ConfigError(f"got {self.std}", field="std", hint="deviations are positive")

    @property
    def min_side(self) -> int:
        """Least short side in pixels."""
        return round(math.sqrt(self.min_pixels))

    @property
    def max_side(self) -> int:
        """Greatest long side in pixels."""
        return round(math.sqrt(self.max_pixels))


@dataclass(frozen=True, kw_only=True)
class OutputPlan:
    """How a requested size is made.

    Args:
        requested: What was asked for, in pixels.
        generated: What is generated: both sides rounded up to multiples of 32.
    """

    requested: Size
    generated: Size

    @property
    def crop_offset(self) -> tuple[int, int]:
        """First row and column that are kept; the crop is centred."""
        return (
            (self.generated.height - self.requested.height) // 2,
            (self.generated.width - self.requested.width) // 2,
        )


def plan_output(height: int, width: int) -> OutputPlan:
    """Round a requested size up to what can be generated.

    Raises:
        InputError: A side is not positive, or the picture is too narrow for a preview.
    """
    if min(height, width) < 1:
        raise InputError(
            f"got {width}x{height}", field="height, width", hint="sides are positive pixel counts"
        )
    generated = Size(_round_up(height), _round_up(width))
    preview_grid(token_grid(generated))
    return OutputPlan(requested=Size(height, width), generated=generated)


def token_grid(size: Size) -> Grid:
    """Rows and columns of semantic tokens of a size whose sides are multiples of 32.

    Raises:
        InputError: A side is not a positive multiple of 32.
    """
    if min(size) < PIXELS_PER_TOKEN or any(side % PIXELS_PER_TOKEN for side in size):
        raise InputError(
            f"got {size}", field="size", hint=f"sides are multiples of {PIXELS_PER_TOKEN} pixels"
        )
    return size.height // PIXELS_PER_TOKEN, size.width // PIXELS_PER_TOKEN


def preview_grid(grid: Grid) -> Grid:
    """Grid of the preview: the same aspect in about 256 tokens.

    Source: reference behaviour: transformers, GlmImageProcessor.

    Raises:
        InputError: The picture is so narrow that the preview would have no tokens.
    """
    ratio = grid[0] / grid[1]
    preview = (int(math.sqrt(ratio) * PREVIEW_SIDE), int(math.sqrt(1 / ratio) * PREVIEW_SIDE))
    if min(preview) < 1:
        raise InputError(
            f"a grid of {grid[0]}x{grid[1]} tokens is too narrow",
            field="height, width",
            hint=f"the longer side may be {PREVIEW_SIDE**2} times the shorter one",
        )
    return preview


def source_size(size: Size, limits: SourceLimits) -> Size:
    """Size to which a source is scaled before both encoders see it.

    The scale brings the short side up to ``limits.min_side``, then the long side down to
    ``limits.max_side``, then both sides go to the nearest multiple of 32. A source within the
    limits whose sides are multiples of 32 keeps its size. The grid is that of the reference for
    the image encoder; the autoencoder gets the same pixels here, so the two always agree.

    Source: reference behaviour: transformers, GlmImageImageProcessor.

    Raises:
        InputError: A side is below 16 pixels or the aspect above 4.
    """
    short, long = sorted(size)
    if short < MIN_SOURCE_SIDE:
        raise InputError(
            f"got {size}", field="image", hint=f"sides of at least {MIN_SOURCE_SIDE} pixels"
        )
    if long > MAX_SOURCE_ASPECT * short:
        raise InputError(
            f"got {size}, an aspect of {long / short:.2f}",
            field="image",
            hint=f"crop it to an aspect of at most {MAX_SOURCE_ASPECT}",
        )
    scale = max(1.0, limits.min_side / short)
    if long * scale > limits.max_side:
        scale = limits.max_side / long
    largest = max(1, limits.max_side // PIXELS_PER_TOKEN)
    # Halved before scaling, as in the reference, so that odd sides give the same grid.
    tokens = (round(side // 2 * scale / limits.patch_size) for side in size)
    height, width = (min(max(1, count), largest) * PIXELS_PER_TOKEN for count in tokens)
    return Size(height, width)


def _round_up(side: int) -> int:
    return -(-side // PIXELS_PER_TOKEN) * PIXELS_PER_TOKEN
