"""The autoencoder's decoder with less memory: every layer drawn in bands of rows.

Tiles that are decoded apart show seams, because each has group statistics of its own. Here one
layer after another runs over the whole picture: statistics are taken of all of it, and only what
follows them, normalisation, activation and convolution, goes band by band with one more row on
each side for the convolution. So the result is that of the plain decoder; only the large
intermediate tensors never exist as a whole.

Legend: b pictures, c channels, h rows, w columns, g groups.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from glm_image.execution import convolution
from glm_image.execution.plan import AutoencoderPlan, LinearBackend
from glm_image.models.vae import Decoder, ResidualBlock, UpLevel, Upsample, Vae

_HALO = 1
"""Rows beyond a band that a 3x3 convolution sees."""


def prepare(vae: Vae, plan: AutoencoderPlan) -> None:
    """Put the weights into the memory format of the plan, then rebuild what it wants rebuilt."""
    layout = torch.channels_last if plan.channels_last else torch.contiguous_format
    for layer in vae.modules():
        if isinstance(layer, nn.Conv2d):
            layer.weight.data = layer.weight.data.contiguous(memory_format=layout)
    if plan.phased:
        convolution.phase(vae)
    if plan.linear is LinearBackend.ONEDNN:
        convolution.pack(vae)


@torch.no_grad()
def draw(vae: Vae, z_bchw: Tensor, plan: AutoencoderPlan) -> Tensor:
    """Draw images ``[b, 3, 8 h, 8 w]`` from raw latents as :meth:`Vae.decode` does.

    Args:
        vae: The autoencoder, see :func:`prepare`.
        z_bchw: Raw latents in the dtype of the weights.
        plan: Memory format, and the pixels of a picture above which it is drawn in bands.
    """
    if plan.channels_last:
        z_bchw = z_bchw.contiguous(memory_format=torch.channels_last)
    height, width = (side * vae.config.downscale for side in z_bchw.shape[2:])
    if 0 < plan.tile_pixels < height * width:
        return _Bands(max(1, plan.tile_pixels // width)).decode(vae.decoder, z_bchw)
    return vae.decode(z_bchw)


class _Bands:
    """A decoder that is run in bands.

    Args:
        rows: Rows of a band.
    """

    def __init__(self, rows: int) -> None:
        self._rows = rows

    def decode(self, decoder: Decoder, z_bchw: Tensor) -> Tensor:
        """What the decoder gives for raw latents; its coarsest layers run whole."""
        x_bchw: Tensor = decoder.mid_block(decoder.conv_in(z_bchw))
        for level in (cast(UpLevel, level) for level in decoder.up_blocks):
            for block in level.resnets:
                x_bchw = self._residual(cast(ResidualBlock, block), x_bchw)
            for upsample in level.upsamplers:
                x_bchw = self._upsample(cast(Upsample, upsample).conv, x_bchw)
        return self._convolve(decoder.conv_out, self._activated(decoder.conv_norm_out, x_bchw))

    def _residual(self, block: ResidualBlock, x_bchw: Tensor) -> Tensor:
        hidden_bchw = self._convolve(block.conv1, self._activated(block.norm1, x_bchw))
        out_bchw = self._convolve(block.conv2, self._activated(block.norm2, hidden_bchw))
        del hidden_bchw
        for start, stop in self._spans(x_bchw):
            rows_bchw = x_bchw[:, :, start:stop]
            if block.conv_shortcut is not None:
                rows_bchw = block.conv_shortcut(rows_bchw)
            out_bchw[:, :, start:stop] += rows_bchw
        return out_bchw

    def _upsample(self, conv: nn.Conv2d, x_bchw: Tensor) -> Tensor:
        """Double the sides by repetition, then convolve."""
        height = 2 * x_bchw.shape[2]

        def repeated(start: int, stop: int) -> Tensor:
            first = start // 2
            rows_bchw = x_bchw[:, :, first : (stop + 1) // 2]
            rows_bchw = F.interpolate(rows_bchw, scale_factor=2.0, mode="nearest")
            return rows_bchw[:, :, start - 2 * first : stop - 2 * first]

        return self._convolve(conv, _Rows(like=x_bchw, height=height, read=repeated))

    def _activated(self, norm: nn.GroupNorm, x_bchw: Tensor) -> "_Rows":
        """Rows of a map after group normalisation and SiLU."""
        mean_bg, variance_bg = _statistics(x_bchw, norm.num_groups, self._spans(x_bchw))
        scale_bg = (variance_bg + norm.eps).rsqrt()
        group = x_bchw.shape[1] // norm.num_groups
        scale_bc = scale_bg.repeat_interleave(group, 1) * norm.weight.float()
        shift_bc = norm.bias.float() - mean_bg.repeat_interleave(group, 1) * scale_bc
        scale_bc11 = scale_bc[:, :, None, None].to(x_bchw.dtype)
        shift_bc11 = shift_bc[:, :, None, None].to(x_bchw.dtype)

        def activated(start: int, stop: int) -> Tensor:
            rows_bchw = torch.addcmul(shift_bc11, x_bchw[:, :, start:stop], scale_bc11)
            return F.silu(rows_bchw, inplace=True)

        return _Rows(like=x_bchw, height=x_bchw.shape[2], read=activated)

    def _convolve(self, conv: nn.Conv2d, rows: "_Rows") -> Tensor:
        """A 3x3 convolution of rows that exist a band at a time."""
        batch, _, _, width = rows.like.shape
        last = rows.like.is_contiguous(memory_format=torch.channels_last)
        out_bchw = torch.empty(
            (batch, conv.out_channels, rows.height, width * rows.height // rows.like.shape[2]),
            dtype=rows.like.dtype,
            device=rows.like.device,
            memory_format=torch.channels_last if last else torch.contiguous_format,
        )
        for start, stop in self._spans(out_bchw):
            low, high = max(start - _HALO, 0), min(stop + _HALO, rows.height)
            band_bchw = rows.read(low, high)
            edges = (0, 0, low - start + _HALO, stop + _HALO - high)
            band_bchw = F.pad(band_bchw, edges) if any(edges) else band_bchw
            out_bchw[:, :, start:stop] = F.conv2d(
                band_bchw, conv.weight, conv.bias, padding=(0, _HALO)
            )
        return out_bchw

    def _spans(self, x_bchw: Tensor) -> list[tuple[int, int]]:
        """First row and one past the last row of each band."""
        height = x_bchw.shape[2]
        return [(row, min(row + self._rows, height)) for row in range(0, height, self._rows)]


@dataclass(frozen=True, kw_only=True)
class _Rows:
    """A map that is made a few rows at a time.

    Attributes:
        like: The map that it is made of.
        height: Rows of the map.
        read: Makes the rows from the first number to one before the second.
    """

    like: Tensor
    height: int
    read: Callable[[int, int], Tensor]


def _statistics(
    x_bchw: Tensor, groups: int, spans: Sequence[tuple[int, int]]
) -> tuple[Tensor, Tensor]:
    """Mean and variance of every group ``[b, g]`` in fp32, put together from channels and bands.

    Source: Chan, Golub & LeVeque 1979, Updating formulae for computing sample variances.
    """
    parts = []
    for start, stop in spans:
        rows_bchw = x_bchw[:, :, start:stop].float()
        mean_bc11 = rows_bchw.mean((2, 3), keepdim=True)
        spread_bc = (rows_bchw - mean_bc11).square_().mean((2, 3))
        parts.append((mean_bc11[:, :, 0, 0], spread_bc))
    sizes = torch.tensor([stop - start for start, stop in spans], device=x_bchw.device)
    weight_n111 = (sizes / x_bchw.shape[2])[:, None, None, None]
    # Channels of a group are parts of equal size, bands are parts of their own size.
    mean_nbgc, spread_nbgc = (
        torch.stack(part).view(len(spans), len(x_bchw), groups, -1)
        for part in zip(*parts, strict=True)
    )
    mean_bg = (weight_n111 * mean_nbgc).sum(0).mean(-1)
    spread_nbgc = spread_nbgc + (mean_nbgc - mean_bg[..., None]).square()
    return mean_bg, (weight_n111 * spread_nbgc).sum(0).mean(-1)
