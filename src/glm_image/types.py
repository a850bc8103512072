"""The records that flow through the pipeline, one picture each, checked once on creation.

``Prompt -> GeneratorInput -> PriorTokens -> Conditioning -> Latents -> Image``

Every stage takes one record and returns the next. A record describes one picture, so a batch is a
list of records and what a stage pads or stacks to run them together never shows.

Legend: l prompt tokens, n tokens of a raster (row-major), p values per patch, s glyph tokens,
d width, c channels, h rows, w columns. Token grids are ``(rows, columns)``: ``th x tw`` counts
tokens of 32 pixels, the decoder's grid has twice as many rows and columns.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from glm_image.errors import ShapeError

PIXELS_PER_TOKEN = 32
"""Side in output pixels of the square that one semantic token describes."""

PIXELS_PER_LATENT = 8
"""Side in pixels of the square that one latent position describes."""

Grid = tuple[int, int]
"""Rows and columns of a raster of tokens."""


class Size(NamedTuple):
    """Height and width of a picture in pixels."""

    height: int
    width: int

    def __str__(self) -> str:
        """Width first, as people write sizes and commands take them."""
        return f"{self.width}x{self.height}"


@dataclass(frozen=True, kw_only=True)
class Source:
    """One picture to be edited, as both encoders see it.

    Args:
        pixels_chw: ``[3, H, W]`` fp32 in [-1, 1] for the autoencoder; sides are multiples of 32.
        patches_np: ``[th*tw, values]`` fp32, the picture at half resolution as flattened patches
            for the image encoder: one patch per 32 pixels.
        grid: ``(th, tw)``, a 32nd of the pixels.
    """

    pixels_chw: Tensor
    patches_np: Tensor
    grid: Grid

    def __post_init__(self) -> None:
        rows, columns = self.grid
        expected = (3, rows * PIXELS_PER_TOKEN, columns * PIXELS_PER_TOKEN)
        _check("pixels_chw", self.pixels_chw.shape, expected)
        _check("patches_np", self.patches_np.shape, (rows * columns, None))

    @property
    def size(self) -> Size:
        """Height and width in pixels."""
        return Size(*self.pixels_chw.shape[1:])


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """What is asked for.

    Args:
        text: The words, as the user typed them.
        size: Size in pixels that is generated; both sides are multiples of 32.
        sources: Pictures to edit, in the order in which the text may speak of them.
    """

    text: str
    size: Size
    sources: tuple[Source, ...] = ()

    def __post_init__(self) -> None:
        if min(self.size) < PIXELS_PER_TOKEN or any(side % PIXELS_PER_TOKEN for side in self.size):
            raise ShapeError(
                f"got {self.size}",
                field="size",
                hint=f"both sides are multiples of {PIXELS_PER_TOKEN} pixels",
            )

    @property
    def grid(self) -> Grid:
        """Rows and columns of semantic tokens."""
        return self.size.height // PIXELS_PER_TOKEN, self.size.width // PIXELS_PER_TOKEN


@dataclass(frozen=True, kw_only=True)
class CogView4Prompt(Prompt):
    """What is asked of CogView4.

    Args:
        negative: Words that guidance leads away from.
        original_size: Size in pixels that the picture is to seem to have been scaled from.
        crop: Top and left of the crop in pixels that it is to seem to be.
        control_chw: ``[3, H, W]`` fp32 in [-1, 1], a control picture of the size of the picture.
        start_chw: ``[3, H, W]`` fp32 in [-1, 1], a picture to start from.
    """

    negative: str = ""
    original_size: Size
    crop: tuple[int, int] = (0, 0)
    control_chw: Tensor | None = None
    start_chw: Tensor | None = None

    def __post_init__(self) -> None:
        step = PIXELS_PER_TOKEN // 2
        if min(self.size) < step or any(side % step for side in self.size):
            raise ShapeError(
                f"got {self.size}", field="size", hint=f"both sides are multiples of {step} pixels"
            )
        for name, pixels_chw in (("control", self.control_chw), ("start", self.start_chw)):
            if pixels_chw is not None:
                _check(f"{name}_chw", pixels_chw.shape, (3, *self.size))


@dataclass(frozen=True, kw_only=True)
class SourceSpan:
    """Where the codes of a source image stand in a prompt.

    Args:
        start_index: Index of its first code, right after the start marker.
        height: Rows of codes.
        width: Columns of codes.
    """

    start_index: int
    height: int
    width: int

    @property
    def stop_index(self) -> int:
        """Index after its last code, where the end marker stands."""
        return self.start_index + self.height * self.width


@dataclass(frozen=True, kw_only=True)
class GeneratorInput:
    """The generator's prompt.

    Args:
        ids_l: ``[L]`` int64 token ids; the last one is the image start marker.
        sources: Places of the source images, left to right; they hold placeholder ids.
        rasters: Grids that the generator writes, in the order of generation: the preview, if
            there is one, before the large raster.
    """

    ids_l: Tensor
    sources: tuple[SourceSpan, ...]
    rasters: tuple[Grid, ...]

    def __post_init__(self) -> None:
        _check("ids_l", self.ids_l.shape, (None,))
        _check_integers("ids_l", self.ids_l)
        end = self.sources[-1].stop_index if self.sources else 0
        if end > len(self.ids_l):
            raise ShapeError(
                f"span ends at {end}, the prompt at {len(self.ids_l)}",
                field="sources",
                hint="every span lies inside ids_l",
            )
        if not self.rasters or any(min(grid) < 1 for grid in self.rasters):
            raise ShapeError(
                f"got {self.rasters}", field="rasters", hint="at least one grid, none of them empty"
            )

    @property
    def new_tokens(self) -> int:
        """Number of codes to be written, without the end marker."""
        return sum(rows * columns for rows, columns in self.rasters)


@dataclass(frozen=True, kw_only=True)
class PriorTokens:
    """A raster of semantic codes: what stands where in the picture.

    Args:
        ids_n: ``[th*tw]`` int64 codes, row-major.
        grid: ``(th, tw)``.
        sources: The rasters of the source images, as far as there are any.
        preview: The small raster that was written before this one, for looking at.
    """

    ids_n: Tensor
    grid: Grid
    sources: tuple["PriorTokens", ...] = ()
    preview: "PriorTokens | None" = None

    def __post_init__(self) -> None:
        _check("ids_n", self.ids_n.shape, (self.grid[0] * self.grid[1],))
        _check_integers("ids_n", self.ids_n)

    def upsampled(self) -> Tensor:
        """``[4*th*tw]`` int64: every code repeated 2x2, which is the decoder's grid."""
        ids_hw = self.ids_n.view(self.grid)
        return ids_hw.repeat_interleave(2, dim=0).repeat_interleave(2, dim=1).flatten()


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A source image as the decoder sees it.

    Args:
        latents_chw: ``[C, H/8, W/8]`` normalised latents.
        prior_ids_n: ``[H/16 * W/16]`` int64 codes on the decoder's grid.
    """

    latents_chw: Tensor
    prior_ids_n: Tensor

    def __post_init__(self) -> None:
        _check("latents_chw", self.latents_chw.shape, (None, None, None))
        _check("prior_ids_n", self.prior_ids_n.shape, (_decoder_tokens(self.size),))
        _check_integers("prior_ids_n", self.prior_ids_n)

    @property
    def size(self) -> Size:
        """Height and width in pixels."""
        _, height, width = self.latents_chw.shape
        return Size(height * PIXELS_PER_LATENT, width * PIXELS_PER_LATENT)


@dataclass(frozen=True, kw_only=True)
class Conditioning:
    """All that the decoder is told about one picture.

    Args:
        glyph_sd: ``[S, D]`` states of the quoted texts.
        prior_ids_n: ``[H/16 * W/16]`` int64 codes on the decoder's grid.
        size: Height and width in pixels.
        references: Source images.
    """

    glyph_sd: Tensor
    prior_ids_n: Tensor
    size: Size
    references: tuple[Reference, ...] = ()

    def __post_init__(self) -> None:
        _check("glyph_sd", self.glyph_sd.shape, (None, None))
        _check("prior_ids_n", self.prior_ids_n.shape, (_decoder_tokens(self.size),))
        _check_integers("prior_ids_n", self.prior_ids_n)


@dataclass(frozen=True, kw_only=True)
class Latents:
    """A picture in the decoder's space.

    Args:
        values_chw: ``[C, H/8, W/8]`` normalised latents.
        size: Height and width in pixels.
    """

    values_chw: Tensor
    size: Size

    def __post_init__(self) -> None:
        rows, columns = (side // PIXELS_PER_LATENT for side in self.size)
        _check("values_chw", self.values_chw.shape, (None, rows, columns))


@dataclass(frozen=True, kw_only=True)
class Image:
    """A finished picture.

    Args:
        pixels: ``[H, W, 3]`` uint8 RGB.
        provenance: How it was made, by name; values that JSON can hold.
    """

    pixels: NDArray[np.uint8]
    provenance: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check("pixels", self.pixels.shape, (None, None, 3))
        if self.pixels.dtype != np.uint8:
            raise ShapeError(
                f"got {self.pixels.dtype}", field="pixels", hint="RGB values are uint8"
            )

    @property
    def size(self) -> Size:
        """Height and width in pixels."""
        return Size(*self.pixels.shape[:2])


def _decoder_tokens(size: Size) -> int:
    side = PIXELS_PER_TOKEN // 2
    return (size.height // side) * (size.width // side)


def _check(name: str, shape: Sequence[int], expected: tuple[int | None, ...]) -> None:
    """Compare a shape with what the field requires; None stands for any size above zero."""
    fits = len(shape) == len(expected) and all(
        got > 0 if want is None else got == want for got, want in zip(shape, expected, strict=True)
    )
    if not fits:
        wanted = ", ".join("any" if want is None else str(want) for want in expected)
        raise ShapeError(f"got {tuple(shape)}, expected ({wanted})", field=name)


def _check_integers(name: str, ids: Tensor) -> None:
    if ids.dtype != torch.int64:
        raise ShapeError(f"got {ids.dtype}, expected torch.int64", field=name)
