"""Fifth stage: the autoencoder draws latents as pixels."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image as PilImage

from glm_image.errors import GlmImageError
from glm_image.execution.autoencoder import draw
from glm_image.execution.plan import AutoencoderPlan
from glm_image.image.size import OutputPlan
from glm_image.image.transforms import to_array
from glm_image.models.vae import Vae
from glm_image.types import Latents

_PLAIN = AutoencoderPlan()


@torch.no_grad()
def to_pixels(
    vae: Vae,
    outputs: Sequence[OutputPlan],
    latents: Sequence[Latents],
    plan: AutoencoderPlan = _PLAIN,
) -> list[NDArray[np.uint8]]:
    """Draw pictures and crop them to their requested sizes.

    They are drawn one by one: the autoencoder's activations are the largest tensors of all, and a
    batch would multiply them.

    Args:
        vae: The autoencoder.
        outputs: Generated and requested size of each picture.
        latents: Normalised latents of each picture.
        plan: How the autoencoder runs.

    Returns:
        ``[H, W, 3]`` uint8 RGB each.

    Raises:
        GlmImageError: A picture holds values that are no numbers.
    """
    weight = vae.decoder.conv_norm_out.weight
    pictures = []
    for output, one in zip(outputs, latents, strict=True):
        raw_bchw = vae.denormalize(one.values_chw[None].to(weight.device))
        pixels_chw = draw(vae, raw_bchw.to(weight.dtype), plan)[0]
        if not bool(pixels_chw.isfinite().all()):
            raise GlmImageError(
                "the picture holds values that are no numbers",
                field="image",
                hint="use float32; if it happens again the weights are damaged",
            )
        pictures.append(to_array(pixels_chw, output))
    return pictures


def to_pil(
    vae: Vae,
    outputs: Sequence[OutputPlan],
    latents: Sequence[Latents],
    plan: AutoencoderPlan = _PLAIN,
) -> list[PilImage.Image]:
    """Like :func:`to_pixels`, as Pillow images."""
    return [PilImage.fromarray(pixels) for pixels in to_pixels(vae, outputs, latents, plan)]
