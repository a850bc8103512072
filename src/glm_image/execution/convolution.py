"""Convolutions of the autoencoder's decoder with less arithmetic (class B).

Legend: b pictures, c channels, h rows, w columns, o outputs, i inputs.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from glm_image.execution import linear
from glm_image.models.vae import ResidualBlock, Upsample, Vae


class PhasedUpsample(nn.Module):
    """Takes the place of :class:`Upsample`: four 2x2 convolutions for one 3x3 convolution.

    Of three repeated rows two are always the same, so their weights are added beforehand, and
    columns alike. What is left are four kernels, one for each of the four new pixels that come from
    an old one, with 16 products instead of 36, and no repeated picture is ever written.

    Source: Shi et al. 2016, Is the deconvolution layer the same as a convolutional layer?

    Args:
        plain: The layer whose convolution is taken over.
    """

    def __init__(self, plain: Upsample) -> None:
        super().__init__()
        self.conv = plain.conv
        last = plain.conv.weight.is_contiguous(memory_format=torch.channels_last)
        layout = torch.channels_last if last else torch.contiguous_format
        for index, kernel_oihw in enumerate(_kernels(plain.conv.weight.detach())):
            kernel_oihw = kernel_oihw.contiguous(memory_format=layout)
            self.register_buffer(f"kernel_{index}", kernel_oihw, persistent=False)

    def forward(self, x_bchw: Tensor) -> Tensor:
        """Map ``[b, c, h, w]`` to ``[b, c, 2 h, 2 w]``."""
        batch, _, height, width = x_bchw.shape
        last = x_bchw.is_contiguous(memory_format=torch.channels_last)
        layout = torch.channels_last if last else torch.contiguous_format
        out_bchw = torch.empty(
            (batch, self.conv.out_channels, 2 * height, 2 * width),
            dtype=x_bchw.dtype,
            device=x_bchw.device,
            memory_format=layout,
        )
        for index, kernel_oihw in enumerate(self.buffers()):
            row, column = divmod(index, 2)
            part_bchw = F.conv2d(x_bchw, kernel_oihw, self.conv.bias, padding=1)
            out_bchw[:, :, row::2, column::2] = part_bchw[
                :, :, row : row + height, column : column + width
            ]
        return out_bchw


class Pointwise(nn.Module):
    """A 1x1 convolution as a linear layer over channels; torch has no fast one on a CPU.

    Args:
        plain: The convolution; its weight is packed and let go.
    """

    def __init__(self, plain: nn.Conv2d) -> None:
        super().__init__()
        self.layer = linear.PackedLinear(plain.weight.flatten(1), plain.bias)

    def forward(self, x_bchw: Tensor) -> Tensor:
        """Map ``[b, i, h, w]`` to ``[b, o, h, w]`` with the channels innermost."""
        # Packed layers read rows of channels; anything else is slow beyond measure.
        out_bhwc: Tensor = self.layer(x_bchw.permute(0, 2, 3, 1).contiguous())
        return out_bhwc.permute(0, 3, 1, 2)


def phase(vae: Vae) -> None:
    """Double sides by small convolutions, in place."""
    for name, part in list(vae.decoder.named_modules()):
        if isinstance(part, Upsample):
            linear.replace(vae.decoder, name, PhasedUpsample(part))


def pack(vae: Vae) -> None:
    """Pack the 1x1 convolutions, in place."""
    for name, part in list(vae.decoder.named_modules()):
        if isinstance(part, ResidualBlock) and type(part.conv_shortcut) is nn.Conv2d:
            linear.replace(vae.decoder, f"{name}.conv_shortcut", Pointwise(part.conv_shortcut))


def _kernels(weight_oihw: Tensor) -> list[Tensor]:
    """Kernels ``[o, i, 2, 2]`` of the new pixels top left, top right, bottom left and right."""
    rows = _sums(weight_oihw.float(), 2)
    return [kernel.to(weight_oihw.dtype) for pair in rows for kernel in _sums(pair, 3)]


def _sums(x: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """Of three weights along an axis the two of the first and of the second new pixel."""
    first, middle, last = x.unbind(dim)
    return torch.stack((first, middle + last), dim), torch.stack((first + middle, last), dim)
