"""Diffusion decoder of GLM-Image: from latents, semantic codes and glyph states to a velocity.

Shape legend: b batch, c latent channels, h latent rows, w latent columns, n image tokens
(one per patch, row-major), s glyph tokens, r reference tokens, d channels, t conditioning
channels.

Source: GLM-Image, https://z.ai/blog/glm-image (decoder); Peebles & Xie 2023; reference behaviour:
diffusers, GlmImageTransformer2DModel.
"""

from typing import cast

import torch
from torch import Tensor, nn

from glm_image.errors import ShapeError
from glm_image.models.dit_block import Block, KeyValue, TwoLayer
from glm_image.models.dit_config import DiTConfig
from glm_image.models.dit_ends import ImageProjector
from glm_image.models.dit_inputs import DiTInputs, ReferenceCache, TextInputs, key_mask
from glm_image.models.dit_prepared import Modulations, Prepared
from glm_image.models.dit_trunk import Trunk

__all__ = ["DiT", "DiTConfig", "DiTInputs", "Modulations", "Prepared", "ReferenceCache"]

_NUMBERS = 4
"""Top and left of the crop, height and width."""


class DiT(Trunk):
    """The decoder of GLM-Image: glyph states beside the image, semantic codes added to it."""

    config: DiTConfig

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        self.config = config
        dim = config.width
        self.image_projector = ImageProjector(config)
        self.glyph_projector = TwoLayer(config.text_embed_dim, dim, dim, nn.GELU())
        self.prior_token_embedding = nn.Embedding(config.prior_vq_quantizer_codebook_size, dim)
        self.prior_projector = TwoLayer(dim, dim, dim, nn.SiLU())
        self._grow(config, time_features=config.time_embed_dim, numbers=_NUMBERS)

    def prepare(
        self,
        inputs: TextInputs,
        rows: int,
        columns: int,
        *,
        references: ReferenceCache | None = None,
    ) -> Prepared:
        """Project glyph states and codes; see :meth:`Trunk.prepare`."""
        if not isinstance(inputs, DiTInputs):
            raise ShapeError(f"got {type(inputs).__name__}", field="inputs", hint="add codes")
        self._check_references(references, inputs.batch)
        glyph_bsd: Tensor = self.glyph_projector(inputs.glyph_bsd)
        return Prepared(
            prior_bnd=self._project_prior(inputs.prior_ids_bn, inputs.prior_drop_bn),
            glyph_bsd=glyph_bsd,
            rope=self._rope(rows, columns, glyph_bsd.shape[1], glyph_bsd.device),
            mask=key_mask(inputs, references, rows * columns),
            references=references,
            rows=rows,
            columns=columns,
        )

    def encode_reference(
        self, latents_bchw: Tensor, prior_ids_bn: Tensor, target_size_b2: Tensor
    ) -> ReferenceCache:
        """Encode one reference image per sample: clean, without glyphs, at its own size.

        Gradients flow through the result unless they are switched off outside.

        Args:
            latents_bchw: Clean latents of the references in model space ``[b, c, h, w]``.
            prior_ids_bn: Their own semantic codes ``[b, n]``.
            target_size_b2: Their own height and width in pixels ``[b, 2]``.

        Raises:
            ShapeError: Latents and codes do not fit together.
        """
        rows, columns = self._grid(latents_bchw)
        self._check_codes(prior_ids_bn, len(latents_bchw), rows * columns)
        image_bnd = self.image_projector(latents_bchw) + self._project_prior(prior_ids_bn, None)
        condition_bt = self.time_condition_embed(
            target_size_b2.new_zeros(target_size_b2.shape[0]),
            torch.cat((torch.zeros_like(target_size_b2), target_size_b2), dim=1),
            image_bnd.dtype,
        )
        rope = self._rope(rows, columns, 0, latents_bchw.device)
        glyph_bsd = image_bnd[:, :0]
        pairs: list[KeyValue] = []
        *blocks, last = (cast(Block, block) for block in self.transformer_blocks)
        for block in blocks:
            image_bnd, glyph_bsd, pair = block(
                image_bnd, glyph_bsd, block.norm1(condition_bt), rope
            )
            pairs.append(pair)
        # What the last block writes to the stream is never read.
        pairs.append(last.keys_values(image_bnd, glyph_bsd, last.norm1(condition_bt), rope))
        keys, values = zip(*pairs, strict=True)
        return ReferenceCache(keys=keys, values=values)

    def _project_prior(self, prior_ids_bn: Tensor, drop_bn: Tensor | None) -> Tensor:
        """Projected codes; a dropped one keeps the biases."""
        prior_bnd = self.prior_token_embedding(prior_ids_bn)
        if drop_bn is not None:
            prior_bnd = prior_bnd.masked_fill(drop_bn[..., None], 0.0)
        projected_bnd: Tensor = self.prior_projector(prior_bnd)
        return projected_bnd

    def _check_batch(self, inputs: TextInputs, batch: int, tokens: int) -> None:
        """Refuse codes of another number of pictures, or of another size."""
        if isinstance(inputs, DiTInputs):
            self._check_codes(inputs.prior_ids_bn, batch, tokens)

    def _check_codes(self, prior_ids_bn: Tensor, batch: int, tokens: int) -> None:
        """Refuse codes that do not match the latents."""
        expected = [batch, tokens]
        if list(prior_ids_bn.shape) != expected:
            raise ShapeError(
                f"got {list(prior_ids_bn.shape)}, expected {expected}",
                field="prior_ids_bn",
                hint="give one code per patch of the latents",
            )

    def _check_references(self, references: ReferenceCache | None, batch: int) -> None:
        """Refuse references of another batch size or another decoder."""
        if references is None:
            return
        _, heads, _, head_dim = references.keys[0].shape
        got = [len(references.keys), references.batch, heads, head_dim]
        config = self.config
        own_heads = [config.num_attention_heads, config.attention_head_dim]
        expected = [config.num_layers, batch, *own_heads]
        if got != expected:
            raise ShapeError(
                f"[blocks, batch, heads, channels] is {got}, expected {expected}",
                field="references",
                hint="encode with this decoder; ReferenceCache.stack makes a batch",
            )
