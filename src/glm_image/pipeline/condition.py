"""Third stage: all that the decoder is told about a picture.

Legend: b texts, s glyph tokens, d width, c latent channels, h latent rows, w latent columns.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from glm_image.image.size import OutputPlan
from glm_image.models.glyph_encoder import GlyphEncoder
from glm_image.models.vae import Vae
from glm_image.tokenizer.glyph import byt5_batch, quoted_texts
from glm_image.types import Conditioning, PriorTokens, Prompt, Reference, Source


@torch.no_grad()
def build(
    glyph_encoder: GlyphEncoder,
    vae: Vae,
    prompts: Sequence[Prompt],
    rows: Sequence[int],
    priors: Sequence[PriorTokens],
    quotes: str,
) -> list[Conditioning]:
    """Put together what the decoder is told about each picture.

    Texts and sources are encoded once per distinct prompt; pictures of one prompt share the result.

    Args:
        glyph_encoder: Encodes the quoted texts.
        vae: Encodes the sources.
        prompts: Distinct prompts.
        rows: Index of the prompt that each picture belongs to.
        priors: What the generator wrote for each picture.
        quotes: How quoted texts are found, a name in ``POLICIES``.
    """
    glyphs = [encode_texts(glyph_encoder, quoted_texts(p.text, quotes)) for p in prompts]
    shown = {row: prior.sources for row, prior in zip(rows, priors, strict=True)}
    references = {
        row: tuple(
            Reference(latents_chw=_encode(vae, source.pixels_chw), prior_ids_n=codes.upsampled())
            for source, codes in zip(prompts[row].sources, sources, strict=True)
        )
        for row, sources in shown.items()
    }
    return [
        Conditioning(
            glyph_sd=glyphs[row],
            prior_ids_n=prior.upsampled(),
            size=prompts[row].size,
            references=references[row],
        )
        for row, prior in zip(rows, priors, strict=True)
    ]


@torch.no_grad()
def encode_texts(encoder: GlyphEncoder, texts: Sequence[str]) -> Tensor:
    """States ``[S, D]`` of texts, one after another; no text is one empty text."""
    ids_bs, mask_bs = (tensor.to(encoder.embedding.weight.device) for tensor in byt5_batch(texts))
    states_bsd: Tensor = encoder(ids_bs, mask_bs)
    return states_bsd[mask_bs]


@torch.no_grad()
def encode_start(vae: Vae, source: Source, output: OutputPlan) -> Tensor:
    """Latents ``[C, H/8, W/8]`` fp32 that an edit of small strength starts from.

    The source is scaled to the requested size and its border is repeated up to the generated
    size, so that the crop at the end shows it where it was.
    """
    pixels_bchw = source.pixels_chw[None]
    if source.size != output.requested:
        pixels_bchw = F.interpolate(
            pixels_bchw, size=tuple(output.requested), mode="bicubic", antialias=True
        ).clamp(-1, 1)
    top, left = output.crop_offset
    bottom = output.generated.height - output.requested.height - top
    right = output.generated.width - output.requested.width - left
    if top or left or bottom or right:
        pixels_bchw = F.pad(pixels_bchw, (left, right, top, bottom), mode="replicate")
    return _encode(vae, pixels_bchw[0]).float()


def _encode(vae: Vae, pixels_chw: Tensor) -> Tensor:
    """Normalised latents ``[C, H/8, W/8]`` of pixels ``[3, H, W]`` in [-1, 1]."""
    weight = vae.encoder.conv_in.weight
    pixels_bchw = pixels_chw[None].to(weight.device, weight.dtype)
    return vae.normalize(vae.encode(pixels_bchw))[0]
