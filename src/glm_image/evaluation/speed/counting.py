"""How much work the stages of a request are, counted from the configurations alone.

The networks are built without memory and run once over tensors that have shapes only; torch counts
the operations. Weights are counted as the checkpoint stores them, in the dtype of the device.

Legend: b pictures, c latent channels, h latent rows, w latent columns, s glyph tokens, n image
tokens, d width.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from glm_image.models.dit import DiT, DiTConfig, DiTInputs
from glm_image.models.generator import Generator, GeneratorConfig
from glm_image.models.vae import Vae, VaeConfig
from glm_image.types import PIXELS_PER_LATENT, Size


@dataclass(frozen=True, kw_only=True)
class Work:
    """Work of one unit of a stage.

    Args:
        flops: Floating-point operations, two per multiplication with addition.
        bytes: Bytes of weights, and of keys and values, that have to be read at least once.
    """

    flops: int
    bytes: int


def of_token(config: GeneratorConfig, context: int, itemsize: int) -> Work:
    """One code written for one picture: every weight is read, and the cache up to here.

    Args:
        config: The generator.
        context: Tokens in the cache.
        itemsize: Bytes per value.
    """
    with torch.device("meta"):
        generator = Generator(config)
    weights = _values(generator.language_model.layers) + _values(generator.lm_head)
    text = config.text
    cached = 2 * text.num_hidden_layers * text.num_key_value_heads * text.head_dim * context
    attended = 4 * text.num_hidden_layers * text.num_attention_heads * text.head_dim * context
    return Work(flops=2 * weights + attended, bytes=(weights + cached) * itemsize)


def of_pass(config: DiTConfig, size: Size, glyphs: int, itemsize: int) -> Work:
    """One pass of the decoder over one picture.

    Args:
        config: The decoder.
        size: Of the picture.
        glyphs: Glyph tokens.
        itemsize: Bytes per value.
    """
    rows, columns = (side // PIXELS_PER_LATENT for side in size)
    tokens = (rows // config.patch_size) * (columns // config.patch_size)
    with torch.device("meta"):
        dit = DiT(config)
        inputs = DiTInputs(
            glyph_bsd=torch.empty(1, glyphs, config.text_embed_dim),
            glyph_mask_bs=None,
            prior_ids_bn=torch.empty(1, tokens, dtype=torch.int64),
            prior_drop_bn=None,
            target_size_b2=torch.empty(1, 2),
            crop_b2=torch.empty(1, 2),
        )
        latents_bchw = torch.empty(1, config.in_channels, rows, columns)
        flops = _count(lambda: dit(latents_bchw, inputs, timestep_b=torch.empty(1)))
    table = _values(dit.prior_token_embedding)
    return Work(flops=flops, bytes=(_values(dit) - table) * itemsize)


def of_picture(config: VaeConfig, size: Size, itemsize: int) -> Work:
    """One picture drawn by the autoencoder."""
    rows, columns = (side // PIXELS_PER_LATENT for side in size)
    with torch.device("meta"):
        vae = Vae(config)
        raw_bchw = torch.empty(1, config.latent_channels, rows, columns)
        flops = _count(lambda: vae.decode(raw_bchw))
    return Work(flops=flops, bytes=_values(vae.decoder) * itemsize)


def _count(run: Callable[[], Tensor]) -> int:
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        run()
    return int(counter.get_total_flops())


def _values(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())
