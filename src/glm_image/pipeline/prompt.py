"""First stage: the generator's input from what was asked for, and codes from the sources.

Legend: b batch, n tokens of a raster (row-major), p values per patch.
"""

import torch

from glm_image.errors import InputError
from glm_image.image.size import preview_grid
from glm_image.models.generator import Generator
from glm_image.tokenizer import chat
from glm_image.tokenizer.text import TextTokenizer
from glm_image.types import GeneratorInput, PriorTokens, Prompt


def encode(tokenizer: TextTokenizer, prompt: Prompt, max_tokens: int) -> GeneratorInput:
    """Turn a prompt into ids and the rasters to be written.

    From words alone a small preview is written before the large raster; an edit has its sources
    to go by and writes the large raster only.

    Args:
        tokenizer: The checkpoint's tokenizer.
        prompt: What is asked for.
        max_tokens: Positions that the generator was trained for.

    Raises:
        InputError: Prompt and picture together are longer than ``max_tokens``.
    """
    if prompt.sources:
        request = chat.image_to_image(
            tokenizer,
            prompt.text,
            target=prompt.grid,
            sources=[source.grid for source in prompt.sources],
        )
    else:
        request = chat.text_to_image(
            tokenizer, prompt.text, target=prompt.grid, preview=preview_grid(prompt.grid)
        )
    needed = len(request.ids_l) + request.new_tokens
    if needed > max_tokens:
        raise InputError(
            f"prompt and picture take {needed} tokens, the model holds {max_tokens}",
            field="prompt",
            hint="shorten the prompt, ask for a smaller picture or give fewer sources",
        )
    return request


@torch.no_grad()
def read_sources(generator: Generator, prompt: Prompt) -> tuple[PriorTokens, ...]:
    """Write every source of a prompt as semantic codes.

    Args:
        generator: Holds the image encoder and the quantizer.
        prompt: What is asked for.

    Returns:
        One raster per source, in order, on the generator's device.
    """
    # Of the layers that read pictures: who only paints has no others.
    weight = generator.vqmodel.quant_conv.weight
    rasters = []
    for source in prompt.sources:
        patches_bnp = source.patches_np[None].to(weight.device, weight.dtype)
        ids_bn = generator.tokenize_image(patches_bnp, source.grid)
        rasters.append(PriorTokens(ids_n=ids_bn[0], grid=source.grid))
    return tuple(rasters)
