"""Between pictures and tensors.

Legend: h rows, w columns, c channels, n patches (row-major), p values per patch.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image as PilImage
from PIL.Image import Resampling
from torch import Tensor

from glm_image.errors import ShapeError
from glm_image.image.size import OutputPlan, SourceLimits, source_size
from glm_image.types import Size, Source


def prepare_source(image: PilImage.Image, limits: SourceLimits) -> Source:
    """Scale a source image once and give it to both encoders.

    Args:
        image: An RGB picture of any size.
        limits: How the checkpoint wants its sources.

    Returns:
        The pixels for the autoencoder and, from the very same pixels, the patches at half
        resolution for the image encoder.

    Raises:
        InputError: The picture is too small or too narrow.
    """
    size = source_size(Size(image.height, image.width), limits)
    scaled = resize(image, size)
    half = scaled.resize((size.width // 2, size.height // 2), Resampling.BICUBIC)
    normalised_chw = _normalise(_to_chw(half), limits)
    return Source(
        pixels_chw=to_pixels(scaled),
        patches_np=to_patches(normalised_chw, limits.patch_size),
        grid=(half.height // limits.patch_size, half.width // limits.patch_size),
    )


def resize(image: PilImage.Image, size: Size) -> PilImage.Image:
    """Scale to ``size`` pixels with the Lanczos filter; the right size is left untouched."""
    if (image.height, image.width) == size:
        return image
    return image.resize((size.width, size.height), Resampling.LANCZOS)


def to_pixels(image: PilImage.Image) -> Tensor:
    """An RGB picture as ``[3, H, W]`` fp32 in [-1, 1]."""
    return 2.0 * (_to_chw(image) / 255.0) - 1.0


def to_patches(values_chw: Tensor, patch_size: int) -> Tensor:
    """Cut ``[C, H, W]`` into flattened patches ``[N, C*p*p]``.

    Patches are row-major, the values of each in (channel, row, column) order.

    Raises:
        ShapeError: The patches do not tile the picture.
    """
    channels, height, width = values_chw.shape
    if height % patch_size or width % patch_size:
        raise ShapeError(
            f"patches of {patch_size} do not tile {width}x{height}", field="values_chw"
        )
    grid = (channels, height // patch_size, patch_size, width // patch_size, patch_size)
    patches_yxcij = values_chw.reshape(grid).permute(1, 3, 0, 2, 4)
    return patches_yxcij.reshape(-1, channels * patch_size**2)


def to_array(pixels_chw: Tensor, plan: OutputPlan) -> NDArray[np.uint8]:
    """Turn decoded values into RGB and crop them to the requested size.

    Args:
        pixels_chw: ``[3, H, W]``, [-1, 1] up to overshoot, which is clipped.
        plan: Generated and requested size.

    Returns:
        ``[h, w, 3]`` uint8 of the requested size.

    Raises:
        ShapeError: The values do not have the generated size.
    """
    if tuple(pixels_chw.shape) != (3, *plan.generated):
        raise ShapeError(
            f"got {tuple(pixels_chw.shape)}, expected {(3, *plan.generated)}", field="pixels_chw"
        )
    top, left = plan.crop_offset
    height, width = plan.requested
    cropped_chw = pixels_chw.float()[:, top : top + height, left : left + width]
    unit_chw = (cropped_chw / 2 + 0.5).clamp(0, 1)
    pixels: NDArray[np.uint8] = (
        (unit_chw * 255).round().to(torch.uint8).permute(1, 2, 0).contiguous().cpu().numpy()
    )
    return pixels


def _to_chw(image: PilImage.Image) -> Tensor:
    """Values ``[3, H, W]`` fp32 in [0, 255]."""
    array = np.asarray(image.convert("RGB"), dtype=np.float32)
    return torch.from_numpy(array.copy()).permute(2, 0, 1).contiguous()


def _normalise(values_chw: Tensor, limits: SourceLimits) -> Tensor:
    mean_c11 = torch.tensor(limits.mean)[:, None, None]
    std_c11 = torch.tensor(limits.std)[:, None, None]
    return (values_chw * (1 / 255) - mean_c11) / std_c11
